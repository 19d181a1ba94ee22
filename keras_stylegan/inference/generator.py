"""Pictures of a trained generator, by seeds."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from keras_stylegan import pretrained
from keras_stylegan.choices import did_you_mean
from keras_stylegan.inference.litert_generator import LiteRTGenerator
from keras_stylegan.inference.scenes import FILE as SCENE_FILE
from keras_stylegan.keras_files import foreign_hint, load_network
from keras_stylegan.latents import interpolate_latents, seeded_latents
from keras_stylegan.pretrained import build_network

FILE = "generator.keras"
_LARGEST_STRENGTH = 100.0  # of directions: far beyond anything that still shows a picture


class PictureGenerator:
    """A generator and the names of its classes.

    Args:
        network: built generator: called with latents and one-hot labels, with `latent_dim`, `num_classes` and `size`;
            or a `LiteRTGenerator`.
        classes: names of the classes, in order; by default their numbers.

    Raises:
        ValueError: if the names are not one for each class.
    """

    def __init__(self, network, classes: Sequence[str] = ()):
        self.network = network
        self.classes = list(classes) or [str(index) for index in range(network.num_classes)]
        if len(self.classes) != network.num_classes:
            raise ValueError(
                f"`classes` must name the generator's {network.num_classes} classes. Received: {list(classes)}"
            )
        self._truncates = network.truncates if isinstance(network, LiteRTGenerator) else truncates(network)

    def generate(
        self,
        seeds: Sequence[int],
        label: str | None = None,
        truncation: float = 1.0,
        report: Callable[[int], None] = lambda done: None,
        codes: Sequence[float | None] = (),
    ) -> np.ndarray:
        """A picture for each seed; which, does not depend on the others.

        Args:
            seeds: integers from 0 on.
            label: name of a class; None with classes takes each seed's own, that of its number (`class_numbers`).
            truncation: psi of a style-based generator, 0 (the mean picture) to 2; 1 leaves the latents as they are.
            report: called with the number of pictures made.
            codes: of InfoGAN's generator, what to make of all pictures (`CodedGenerator.latents_with`).

        Returns:
            uint8 array of shape `(seeds, height, width, channels)`.

        Raises:
            ValueError: for a seed or truncation out of range, an unknown class or code, or truncation or codes where
                there are none.
        """
        latents = seeded_latents(seeds, self.network.latent_dim)
        if codes:
            if not hasattr(self.network, "latents_with"):
                raise ValueError(f"`codes` need a generator of InfoGAN. Received: {self.network.name}")
            latents = self.network.latents_with(latents, codes)
        return self._render(latents, self.class_numbers(seeds, label), truncation, report)

    def interpolate(
        self,
        seeds: Sequence[int],
        steps: int,
        label: str | None = None,
        truncation: float = 1.0,
        loop: bool = True,
        report: Callable[[int], None] = lambda done: None,
    ) -> np.ndarray:
        """Pictures on the way from each seed to the next, `steps` each; other arguments and result as of `generate`.

        Without `label` a generator with classes stays with the first.
        """
        latents = interpolate_latents(seeded_latents(seeds, self.network.latent_dim), steps, loop)
        label = label or (self.classes[0] if self.classes else None)
        return self._render(latents, self.class_numbers(range(len(latents)), label), truncation, report)

    def mix(
        self,
        rows: Sequence[int],
        columns: Sequence[int],
        layers: tuple[int, int],
        label: str | None = None,
        truncation: float = 1.0,
    ) -> np.ndarray:
        """Pictures of the seeds `rows`, with the layers `layers[0]` to `layers[1] - 1` styled by the seeds `columns`.

        Returns:
            uint8 array of shape `(rows + 1, columns + 1, height, width, channels)`: the first row and column hold the
            pictures that are mixed.

        Raises:
            ValueError: as `generate`; if the generator has no styles, or the layers are not a range of its.
        """
        from keras_stylegan.models.sampling import mix_styles

        self.check_styles("mix")
        self._check_truncation(truncation)
        latents = [seeded_latents(seeds, self.network.latent_dim) for seeds in (rows, columns)]
        label = label or (self.classes[0] if self.classes else None)
        labels = self.class_numbers([0], label)
        return mix_styles(self.network, *latents, layers, None if labels is None else labels[0], truncation)

    def directions(
        self,
        count: int = 8,
        steps: int = 7,
        strength: float = 0.5,
        layers: tuple[int, int] | None = None,
        seed: int = 0,
        label: str | None = None,
        truncation: float = 1.0,
        styles: np.ndarray | None = None,
    ) -> np.ndarray:
        """Strips of pictures along the directions of style that change pictures most.

        Args:
            count: directions, the strongest first.
            steps: pictures of a strip, odd: the one in the middle is not moved.
            strength: how far the ends are moved, in units of the usual distance of a style from the mean style.
            layers: `(first, last)`: styles first, ..., last - 1 choose the directions and are moved; None for all.
            seed, label, truncation: the picture in the middle, as of `generate`; a generator with classes takes the
                first.
            styles: instead of them, the picture's styles, float array of shape `(num_styles, style_dim)`.

        Returns:
            uint8 array of shape `(count, steps, height, width, channels)`.

        Raises:
            ValueError: as `generate`; if the generator has no styles, or a number breaks its rule.
        """
        from keras_stylegan.models.directions import check_layers, move_styles, style_directions
        from keras_stylegan.models.sampling import seeded_styles, style_moments

        self.check_styles("directions")
        self._check_truncation(truncation)
        network = self.network
        if not 1 <= count <= network.style_dim:
            raise ValueError(f"`count` must be from 1 to {network.style_dim}. Received: count={count}")
        if steps < 3 or steps % 2 == 0:
            raise ValueError(f"`steps` must be odd and at least 3. Received: steps={steps}")
        if not 0 < strength <= _LARGEST_STRENGTH:
            raise ValueError(
                f"`strength` must be greater than 0 and at most {_LARGEST_STRENGTH:g}. Received: strength={strength}"
            )
        layers = check_layers(network, layers)
        label = label or (self.classes[0] if self.classes else None)
        number = None if label is None else self.class_number(label)
        if styles is not None:
            self._check_shape(np.asarray(styles)[None])
        else:
            styles = seeded_styles(network, [seed], None if number is None else [number], truncation)[0]
        found, _ = style_directions(network, layers)
        _, spread = style_moments(network, number)
        ends = strength * spread * np.sqrt(network.style_dim)
        moved = move_styles(styles, found[:count], np.linspace(-ends, ends, steps), layers)
        pictures = self.render_styles(moved.reshape(-1, *moved.shape[2:]))
        return pictures.reshape(count, steps, *pictures.shape[1:])

    def render_styles(self, styles: np.ndarray, report: Callable[[int], None] = lambda done: None) -> np.ndarray:
        """Pictures of styles, such as those of a projected photograph.

        Args:
            styles: float array of shape `(count, num_styles, style_dim)`.
            report: called with the number of pictures made.

        Returns:
            uint8 array of shape `(count, height, width, channels)`.

        Raises:
            ValueError: if the generator has no styles, or others.
        """
        from keras_stylegan.models.sampling import render_styles

        self.check_styles("render_styles")
        self._check_shape(np.asarray(styles))
        return render_styles(self.network, np.asarray(styles, "float32"), report=report)

    def _check_shape(self, styles):
        expected = (self.network.num_styles, self.network.style_dim)
        if styles.ndim != 3 or not len(styles) or styles.shape[1:] != expected or not np.isfinite(styles).all():
            raise ValueError(
                f"`styles` must be finite, of shape (count, {expected[0]}, {expected[1]}), as the generator's. "
                f"Received: shape {styles.shape}"
            )

    def check_styles(self, name: str) -> None:
        """ValueError, about what is called `name`, unless the generator has styles."""
        if not hasattr(self.network, "num_styles"):
            raise ValueError(f"`{name}` needs a style-based generator of Keras. Received: {self.network.name}")

    def class_number(self, label: str) -> int:
        """Number of a class by its name; ValueError if there is none of it."""
        return self.class_numbers([0], label)[0]

    def class_numbers(self, seeds: Sequence[int], label: str | None = None) -> list[int] | None:
        """Number of the class of each seed's picture; None if the generator has no classes.

        Args:
            seeds: integers from 0 on.
            label: name of the class of all; without it seed s is of class s modulo the number of classes.

        Raises:
            ValueError: if there is no such class.
        """
        if not self.classes:
            if label is not None:
                raise ValueError(f"`label` must be None: the generator has no classes. Received: label={label}")
            return None
        if label is None:
            return [seed % len(self.classes) for seed in seeds]
        if label not in self.classes:
            raise ValueError(
                f"`label` must be one of {', '.join(self.classes)}. "
                f"Received: label={label}{did_you_mean(label, self.classes)}"
            )
        return [self.classes.index(label)] * len(seeds)

    def settings(self, seed: int, label: str | None = None, truncation: float = 1.0) -> str:
        """What makes the picture of a seed, as its metadata say it: `seed 5, class sea, truncation 0.7`."""
        parts = [f"seed {seed}"]
        if self.classes:
            parts.append(f"class {self.classes[self.class_numbers([seed], label)[0]]}")
        return ", ".join([*parts, f"truncation {truncation:g}"] if self._truncates else parts)

    def _render(self, latents, labels, truncation, report):
        self._check_truncation(truncation)
        if isinstance(self.network, LiteRTGenerator):
            return self.network.render(latents, labels, truncation, report)
        from keras_stylegan.models.sampling import render

        options = {"truncation": np.float32(truncation)} if self._truncates else {}
        return render(self.network, latents, labels, report=report, **options)

    def _check_truncation(self, truncation):
        if not 0 <= truncation <= 2:
            raise ValueError(f"`truncation` must be from 0 to 2. Received: truncation={truncation}")
        if truncation != 1 and not self._truncates:
            raise ValueError(
                f"`truncation` must be 1: {self.network.name} has no style to truncate. "
                f"Received: truncation={truncation}"
            )


def read_styles(path: str | Path) -> np.ndarray:
    """Styles of an npz file that `keras-stylegan project` wrote: float array `(count, num_styles, style_dim)`.

    Raises:
        ValueError: if it is no such file.
        OSError: if it cannot be opened.
    """
    with open(path, "rb") as file:
        try:
            with np.load(file, allow_pickle=False) as arrays:
                styles = arrays["styles"]
        except MemoryError:
            raise
        except Exception as error:  # numpy, zipfile and zlib each raise their own for a damaged file
            raise ValueError(f"{path}: must be an npz file of styles, as `project` writes it") from error
    if styles.ndim != 3 or not len(styles) or styles.dtype.kind != "f":
        raise ValueError(
            f"{path}: must hold styles, as `project` writes them. Received: {styles.dtype} of shape {styles.shape}"
        )
    return styles


def truncates(network) -> bool:
    """Whether a Keras generator takes a truncation."""
    return "truncation" in inspect.signature(network.call).parameters


def open_generator(source: str | Path, runtime: str = "litert") -> PictureGenerator:
    """Opens a generator. `.tflite` files and packaged generators load in a moment, without TensorFlow and Keras.

    Args:
        source: run directory of a GAN, or of the scene pipeline; a `.keras` file of a generator; a `.tflite` file,
            whose classes are named by a `.json` file beside it, as its export writes it; or the name of a packaged
            generator.
        runtime: of a packaged generator, `"litert"` or `"keras"`, which also mixes, moves and finds styles.

    Raises:
        ValueError: if there is no generator, or the runtime is unknown.
    """
    if runtime not in ("litert", "keras"):
        raise ValueError(f'`runtime` must be "litert" or "keras". Received: runtime={runtime!r}')
    path = Path(source)
    file = next((path / name for name in (FILE, SCENE_FILE) if (path / name).is_file()), path)
    if file.is_file() and file.suffix == ".keras":
        return _open_keras(file)
    if file.is_file() and file.suffix == ".tflite":
        return PictureGenerator(LiteRTGenerator(file.read_bytes(), str(file)), _classes_in(file.with_suffix(".json")))
    packaged = pretrained.generators()
    if str(source) not in packaged:
        raise ValueError(
            f"`source` must be the run directory of a GAN, with {FILE}, or such a file, a .tflite file of a generator, "
            f"or a packaged one ({', '.join(sorted(packaged)) or 'there are none'}). "
            f"Received: {source}{did_you_mean(str(source), packaged)}{pretrained.generator_hint()}{foreign_hint(path)}"
        )
    entry = packaged[str(source)]
    content = pretrained.read_weights(entry[runtime])
    if runtime == "litert":
        return PictureGenerator(LiteRTGenerator(content, str(source)), entry["classes"])
    return PictureGenerator(build_network(entry["keras"], content), entry["classes"])


def _open_keras(file):
    network = load_network(file)
    if file.name == SCENE_FILE:
        network = network.generator
    if not hasattr(network, "latent_dim"):
        raise ValueError(f"`source` must hold a generator. Received: {file} with {type(network).__name__}")
    return PictureGenerator(network, _classes_in(file.parent / "config.json", "facts"))


def _classes_in(record, *keys):
    """Names of classes in a JSON file, below some keys; none where it has none, or is not there."""
    if not record.is_file():
        return ()
    try:
        content = json.loads(record.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(
            f"{record}: not a JSON file, though the names of the classes were to be there ({error})"
        ) from error
    for key in (*keys, "classes"):
        content = content.get(key) if isinstance(content, dict) else None
    return [str(name) for name in content] if isinstance(content, list) else ()
