"""Frames of a camera painted one after the other, and the keys that change how."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from keras_stylegan.inference.stylizer import Styles, Stylizer

KEYS = "n and p: next and previous style; + and -: strength; q or Esc: leave"
_STEP = 0.1
_QUIT = {ord("q"), 27}


class LivePainter:
    """What is painted at the moment; keys change it between frames.

    Args:
        network: `Stylizer`.
        style: the first style, by default the network's first: a name, the path of a style picture, or a mixture as
            of `Stylizer.stylize`.
        strength: float in [0, 1].
        color: whose colours, as of `Stylizer.stylize`.

    Raises:
        ValueError: if a style is unknown, or another argument breaks its rule.
    """

    def __init__(self, network: Stylizer, style: Styles | None = None, strength: float = 1.0, color: str = "style"):
        self.network = network
        self.style = network.styles[0] if style is None else style
        self.strength = strength
        self.color = color
        network.check(self.style, strength, color)
        if isinstance(style, Mapping) and len(style) == 1:
            (self.style,) = style
        # A picture or mixture stands before the named styles, so that keys come back to it.
        self._styles = network.styles if self.style in network.styles else (self.style, *network.styles)

    @property
    def title(self) -> str:
        """What is painted in, and how strongly."""
        mixture = self.style if isinstance(self.style, Mapping) else {self.style: None}
        names = (name if weight is None else f"{name}={weight:g}" for name, weight in mixture.items())
        return f"{','.join(map(str, names))}  {self.strength:.1f}"

    def paint(self, frame: np.ndarray) -> np.ndarray:
        """Paints a frame, uint8 of shape `(height, width, 3)`, RGB."""
        return np.asarray(self.network.stylize(frame, self.style, self.strength, self.color))

    def press(self, key: int) -> bool:
        """Does what a key stands for; returns whether to go on.

        Args:
            key: code of the character; others than those of `KEYS` do nothing.
        """
        if key in (ord("n"), ord("p")):
            step = 1 if key == ord("n") else -1
            self.style = self._styles[(self._styles.index(self.style) + step) % len(self._styles)]
        elif key in (ord("+"), ord("="), ord("-")):
            step = -_STEP if key == ord("-") else _STEP
            self.strength = round(min(1.0, max(0.0, self.strength + step)), 6)
        return key not in _QUIT
