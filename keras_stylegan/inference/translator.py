"""Translators as Python objects: photographs in, translated pictures out, at any size."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from keras_stylegan.choices import did_you_mean
from keras_stylegan.inference.images import MAX_PIXELS, read_picture
from keras_stylegan.inference.litert_domains import litert_domains, one_hot, open_litert_domains
from keras_stylegan.inference.resolution import resize
from keras_stylegan.inference.runtimes import MIN_SIDE, available_cores, pad_to_stride, smallest_side
from keras_stylegan.keras_files import load_network
from keras_stylegan.latents import seeded_latents

DIRECTIONS = ("a_to_b", "b_to_a")
SIGNATURE = "translate"
# What a run for several domains leaves, and one of the baseline for one style.
DOMAINS_FILE, ONE_STYLE_FILE = "translator.keras", "network.keras"


class KerasTranslator:
    """Runs a translator on the backend that Keras is set to.

    Args:
        network: Keras model with `stride`, and with `min_side` where it takes no small pictures, called on float32
            `(batch, height, width, 3)` in [-1, 1].
    """

    def __init__(self, network):
        self.network = network
        self.stride = network.stride
        self.min_side = smallest_side(network)

    def run(self, image: np.ndarray) -> np.ndarray:
        """Translates one picture, uint8 of shape `(height, width, 3)`, height and width multiples of `stride`."""
        from keras import ops

        from keras_stylegan.data import to_float, to_uint8

        return to_uint8(ops.convert_to_numpy(self.network(to_float(image[None]), training=False)))[0]


class LiteRTTranslator:
    """Runs a LiteRT file with the signature `translate`; needs neither TensorFlow nor Keras.

    Args:
        model: bytes of the file.
        stride: int, what height and width are to be multiples of.
        num_threads: int, or None for all cores of this process.
        min_side: int, the smallest height and width that it is given.
    """

    def __init__(self, model: bytes, stride: int, num_threads: int | None = None, min_side: int = MIN_SIDE):
        from ai_edge_litert.interpreter import Interpreter

        self.stride = stride
        self.min_side = min_side
        interpreter = Interpreter(model_content=model, num_threads=num_threads or available_cores())
        self._signature = interpreter.get_signature_runner(SIGNATURE)
        self._lock = threading.Lock()  # an interpreter holds one picture at a time

    def run(self, image: np.ndarray) -> np.ndarray:
        """Translates one picture; arguments and result as `KerasTranslator.run`."""
        with self._lock:
            return self._signature(image=image[None])["translated"][0]


class Translator:
    """Translates pictures of any size: they are continued by reflection to the network's stride and cropped back.

    Args:
        runtime: object with `run(image)`, `stride` and `min_side`, such as `LiteRTTranslator`.
    """

    def __init__(self, runtime):
        self.runtime = runtime

    def translate(self, image, max_size: int | None = None, max_pixels: int = MAX_PIXELS) -> Image.Image:
        """Translates a picture.

        Args:
            image: path, bytes of a file, PIL image, or array uint8 of shape `(height, width)` or
                `(height, width, 1 | 3 | 4)`. `inference.images` says what becomes of alpha, EXIF and profiles.
            max_size: int >= 1, the longest side of the result; None for the picture's own.
            max_pixels: int > 0, the greatest number of pixels of the picture.

        Returns:
            PIL image of mode RGB, or RGBA if the picture has transparency, upright.

        Raises:
            ValueError: if an argument breaks its rule, or the picture cannot be read.
            OSError: if the file cannot be opened.
        """
        if max_size is not None and max_size < 1:
            raise ValueError(f"`max_size` must be at least 1. Received: max_size={max_size}")
        picture = read_picture(image, max_pixels)
        photo = picture.photo
        if max_size is not None and max_size < max(photo.size):
            factor = max_size / max(photo.size)
            photo = resize(photo, tuple(max(1, round(side * factor)) for side in photo.size))
        padded, crop = pad_to_stride(np.asarray(photo), self.runtime.stride, self.runtime.min_side)
        return picture.dress(Image.fromarray(np.ascontiguousarray(self.runtime.run(padded)[crop])))


class StyledTranslator:
    """A translator for several domains under one style: a translator like the others.

    Args:
        network: built `DomainTranslator`.
        styles: float tensor of shape `(1, style_dim)`.
    """

    def __init__(self, network, styles):
        self.stride = network.stride
        self._network = network
        self._styles = styles

    def __call__(self, images, training=False):
        return self._network(images, self._styles, training=training)


def open_translator(source: str | Path, direction: str | None = None) -> Translator:
    """Opens a translator.

    Args:
        source: run directory of a translator, or of a baseline of one style, a `.keras` or `.tflite` file of one (the
            latter beside the `.json` file that its export wrote), or the name of a packaged one.
        direction: of a run that learnt both ways, `a_to_b` (taken where there is a choice and None) or `b_to_a`.

    Raises:
        ValueError: if there is no such translator, or not in this direction.
    """
    path = Path(source)
    if path.is_dir():
        return Translator(_open_keras(translator_file(path, direction)))
    if direction is not None:
        _check_direction(direction)
        raise ValueError(f"`direction` is for the run directory of a translator. Received: direction={direction}")
    if path.suffix == ".keras" and path.is_file():
        return Translator(_open_keras(path))
    if path.suffix == ".tflite" and path.is_file():
        return Translator(_open_litert(path))
    return Translator(_open_packaged(str(source)))


def translator_file(run: Path, direction: str | None = None) -> Path:
    """The file of a run directory that holds its translator; arguments as of `open_translator`.

    Raises:
        ValueError: if the run left none, one for several domains, or none in this direction.
    """
    if direction is not None:
        _check_direction(direction)
    if (run / DOMAINS_FILE).is_file():
        raise ValueError(f"`domain` must say where pictures are to go, for {run}. Received nothing")
    found = [name for name in DIRECTIONS if (run / f"{name}.keras").is_file()]
    if not found and direction is None and (run / ONE_STYLE_FILE).is_file():
        return run / ONE_STYLE_FILE
    if not found:
        files = " or ".join(f"{name}.keras" for name in DIRECTIONS)
        raise ValueError(f"`model` must be the run directory of a translator, with {files}. Received: {run}")
    if direction is not None and direction not in found:
        raise ValueError(f"`direction` must be {found[0]} for {run}. Received: direction={direction}")
    return run / f"{direction or found[0]}.keras"


def _check_direction(direction):
    if direction not in DIRECTIONS:
        raise ValueError(
            f"`direction` must be {' or '.join(DIRECTIONS)}. "
            f"Received: direction={direction}{did_you_mean(direction, DIRECTIONS)}"
        )


def open_domain_translator(source: str | Path, domain: str, seed: int = 0, reference=None) -> Translator:
    """Opens a translator for several domains, under one style of one of them.

    Args:
        source: run directory of such a translator, a `.tflite` file of one beside the `.json` of its export, or the
            name of a packaged one.
        domain: name of the domain that pictures are brought into.
        seed: int >= 0, chooses a style by noise.
        reference: picture of the domain whose style is taken instead, as of `Translator.translate`; it is seen at the
            size of the training pictures.

    Raises:
        ValueError: if the run holds no such translator or domain, or `reference` cannot be read.
        OSError: if `reference` cannot be opened.
    """
    import json

    path = Path(source)
    if path.suffix == ".tflite" and path.is_file():
        return Translator(open_litert_domains(path, domain, seed, reference))
    if not path.exists():
        entry, content = _packaged(str(source))
        if "domains" not in entry:
            raise ValueError(f"`domain` is for several domains, and {source} knows none. Received: domain={domain}")
        return Translator(litert_domains(content, entry, domain, seed, reference))
    try:
        config = json.loads((path / "config.json").read_text(encoding="utf-8"))
        domains, size = config["facts"]["domains"], config["settings"]["size"]
    except (OSError, ValueError, KeyError, TypeError):
        raise ValueError(
            f"`model` must be the run directory of a translator for several domains. Received: {source}"
        ) from None
    label = one_hot(domain, domains)
    network = _load(path / DOMAINS_FILE)
    if reference is None:
        styles = network.styles_of_noise(seeded_latents([seed], network.latent_dim), label)
    else:
        pixels = ImageOps.fit(read_picture(reference).photo, tuple(reversed(size)), Image.Resampling.BICUBIC)
        styles = network.styles_of_pictures(np.asarray(pixels, "float32")[None] / 127.5 - 1, label)
    return Translator(KerasTranslator(StyledTranslator(network, styles)))


def _open_keras(file: Path) -> KerasTranslator:
    network = _load(file)
    from keras_stylegan.networks.johnson import JohnsonTransformer, OneStyle

    if isinstance(network, JohnsonTransformer):
        network = OneStyle(network)
    # What tells a translator from other networks that make pictures of pictures.
    if not (hasattr(network, "stride") and hasattr(network, "out_channels")):
        raise ValueError(f"`model` must hold a translator. Received: {file} with {type(network).__name__}")
    return KerasTranslator(network)


def _load(file: Path):
    import keras_stylegan.models
    import keras_stylegan.networks  # noqa: F401 - registers the classes that the file names

    try:
        return load_network(file)
    except (ValueError, OSError, TypeError, KeyError) as error:
        raise ValueError(f"{file}: the file cannot be read ({type(error).__name__})") from error


def _open_litert(file: Path) -> LiteRTTranslator:
    import json

    facts = file.with_suffix(".json")
    try:
        known = json.loads(facts.read_text(encoding="utf-8"))
        smallest = int(known.get("min_side", MIN_SIDE))
        translator = LiteRTTranslator(file.read_bytes(), int(known["stride"]), min_side=smallest)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{file}: must be a LiteRT file with the .json file of its export beside it") from error
    if "domains" in known:
        raise ValueError(f"`domain` must be one of {', '.join(known['domains'])}, for {file}. Received nothing")
    return translator


def _open_packaged(name: str) -> LiteRTTranslator:
    entry, content = _packaged(name)
    if "domains" in entry:
        raise ValueError(f"`domain` must be one of {', '.join(entry['domains'])}, for {name}. Received nothing")
    return LiteRTTranslator(content, entry["stride"], min_side=entry.get("min_side", MIN_SIDE))


def _packaged(name):
    """Entry and LiteRT file of a packaged translator."""
    from keras_stylegan import pretrained

    entry = pretrained.translator_entry(name)
    return entry, pretrained.read_weights(entry["litert"])
