"""The styles at hand: those of a network's bank, own ones from bank files, and any picture through the predictor."""

import dataclasses
import os
import pathlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from PIL import Image

from keras_stylegan.formats import READABLE_SUFFIXES
from keras_stylegan.inference.mixtures import mixture_weights
from keras_stylegan.inference.style_pictures import read_style_picture


@dataclasses.dataclass(frozen=True)
class Mixture:
    """What a picture, or a region of it, is painted in.

    Attributes:
        weights: float32 of shape `(styles of the bank,)`; the sum is 1, or less by the share of the other styles.
        vector: float32 of shape `(vector_size,)`, the other styles' vectors times their shares; None without any.
    """

    weights: np.ndarray
    vector: np.ndarray | None = None


class Palette:
    """Names, and what stands behind them.

    Args:
        styles: names of the styles in the network's bank, in its order.
        own: mapping from further names to style vectors.
        predict: function from a picture, as `read_style_picture` takes it, to its style vector, or None where the
            network has no predictor.

    Raises:
        ValueError: if an own style has the name of another.
    """

    def __init__(
        self,
        styles: Sequence[str],
        own: Mapping[str, np.ndarray] | None = None,
        predict: Callable[..., np.ndarray] | None = None,
    ):
        self.bank = tuple(styles)
        self.own = dict(own or {})
        self._predict = predict
        # By path: what the file was, and its vector. A file that changes is another picture.
        self._pictures: dict[str, tuple[tuple | None, np.ndarray]] = {}
        repeated = sorted(set(self.bank) & set(self.own))
        if repeated:
            raise ValueError(f"own styles must have names of their own. Received: {', '.join(repeated)}")

    @property
    def names(self) -> tuple[str, ...]:
        """All names: the bank's, then the own ones'."""
        return (*self.bank, *self.own)

    def mixture(self, styles: str | os.PathLike | Image.Image | np.ndarray | Mapping[str, float]) -> Mixture:
        """Checks and normalises a mixture.

        Args:
            styles: a name or the path of a style picture, or a mapping from such to weights that are not negative;
                only their ratios matter. Or a style picture itself, a PIL image or a uint8 array.

        Raises:
            ValueError: as `mixture_weights`; if a picture cannot be read, or there is no predictor for it.
            OSError: if a picture cannot be opened.
        """
        if isinstance(styles, (Image.Image, np.ndarray)):
            return Mixture(np.zeros(len(self.bank), np.float32), np.float32(self._learnt(styles, "`styles`")))
        weights, pictures = self.weights(styles)
        others = {**self.own, **{name: self._vector(name) for name in pictures}}
        shares = weights[len(self.bank) :]
        if not shares.any():
            return Mixture(weights[: len(self.bank)])
        return Mixture(weights[: len(self.bank)], np.float32(shares @ np.stack(list(others.values()))))

    def weights(self, styles: str | os.PathLike | Mapping[str, float]) -> tuple[np.ndarray, list[str]]:
        """Checks and normalises a mixture whose pictures are not looked at.

        Args:
            styles: as of `mixture`.

        Returns:
            float32 weights of `names` and then of the pictures, which sum to 1; and the pictures' paths.

        Raises:
            ValueError: as `mixture_weights`.
        """
        if isinstance(styles, os.PathLike):
            styles = os.fspath(styles)
        if isinstance(styles, Mapping):
            styles = {os.fspath(key) if isinstance(key, os.PathLike) else key: styles[key] for key in styles}
        named = [styles] if isinstance(styles, str) else list(styles) if isinstance(styles, Mapping) else []
        pictures = [name for name in named if self._is_picture(name)]
        return mixture_weights(styles, (*self.names, *pictures)), pictures

    def remember(self, path: str | os.PathLike, vector: np.ndarray) -> None:
        """Lets the picture at `path` stand for a style vector that was found for it by other means."""
        self._pictures[os.fspath(path)] = _mark(path), vector

    def predicted(self, path: str | os.PathLike) -> np.ndarray | None:
        """The predictor's style vector of a picture, None without a predictor; raises as `mixture`."""
        return None if self._predict is None else self._predict(os.fspath(path))

    def _is_picture(self, name) -> bool:
        known = not isinstance(name, str) or name in self.names
        # Of a file that is none of a picture, reading says more than that no style has its name.
        return not known and (pathlib.Path(name).suffix.lower() in READABLE_SUFFIXES or os.path.isfile(name))

    def _vector(self, name: str) -> np.ndarray:
        mark, (known, vector) = _mark(name), self._pictures.get(name, (None, None))
        if vector is None or (mark is not None and known != mark):
            vector = self._learnt(name, name)
            self._pictures[name] = mark, vector
        return vector

    def _learnt(self, picture, name: str) -> np.ndarray:
        """The predictor's style vector of a picture, which messages call `name`."""
        if self._predict is None:
            read_style_picture(picture)  # what is no picture is the first mistake to tell of
            raise ValueError(
                f"{name}: the network has no predictor of styles, so a picture's is learnt first: "
                "`keras-stylegan add-style`, or `--refine` (`Stylizer.refine`)"
            )
        return self._predict(picture)


def _mark(path) -> tuple | None:
    """What tells a file from the one that was in its place; None where there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
