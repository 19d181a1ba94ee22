"""Stylisation of arrays and files with packaged networks."""

import functools
import os
from collections.abc import Callable, Collection, Sequence

from keras_stylegan.inference.banks import Bank, read_bank, read_banks, write_bank
from keras_stylegan.inference.images import MAX_PIXELS, Picture, read_picture
from keras_stylegan.inference.runtimes import KerasRuntime, LiteRTRuntime
from keras_stylegan.inference.saving import encode_picture, write_picture
from keras_stylegan.inference.stylizer import Stylizer

__all__ = [
    "MAX_PIXELS",
    "Bank",
    "KerasRuntime",
    "LiteRTRuntime",
    "Picture",
    "Stylizer",
    "encode_picture",
    "load",
    "open_keras",
    "read_bank",
    "read_picture",
    "write_bank",
    "write_picture",
]


def load(name: str = "multistyle", runtime: str = "litert", banks: Sequence[str | os.PathLike] = ()) -> Stylizer:
    """Loads a packaged stylisation network.

    Args:
        name: name of the network in the package's manifest.
        runtime: `"litert"`, which loads in a moment and imports neither TensorFlow nor Keras, or `"keras"`.
        banks: files of own styles, as `keras-stylegan add-style` writes them.

    Returns:
        A `Stylizer`, whose `styles` are names and whose `stylize` paints:

        >>> net = keras_stylegan.load()
        >>> net.stylize("photo.jpg", "vangogh_starry_night").save("painted.jpg")

    Raises:
        ValueError: if the name or the runtime is unknown, `banks` is no sequence, the weight file is damaged, or a bank
            is damaged, belongs to another network, or names a style that is there already.
        OSError: if a bank cannot be read.
    """
    from keras_stylegan import pretrained

    if runtime not in ("litert", "keras"):
        raise ValueError(f'`runtime` must be "litert" or "keras". Received: runtime={runtime!r}')
    is_collection = isinstance(banks, Collection) and not isinstance(banks, str)
    if not is_collection or not all(isinstance(bank, str | os.PathLike) for bank in banks):
        raise ValueError(f"`banks` must be a sequence of paths. Received: banks={banks!r}")
    entry = pretrained.network_entry(name)
    styles = [style["name"] for style in entry["styles"]]
    own = read_banks(banks, entry)
    if runtime == "litert":
        network = LiteRTRuntime(pretrained.read_weights(entry["litert"]), entry["stride"])
    else:
        network = open_keras(entry)
    return Stylizer(network, styles, entry["working_size"], own, _predictor(entry))


def _predictor(entry: dict) -> Callable | None:
    """The packaged predictor of style vectors, read when the first picture asks for it; None where there is none."""
    if "predictor" not in entry:
        return None

    @functools.cache
    def opened():
        from keras_stylegan import pretrained
        from keras_stylegan.inference.style_pictures import LiteRTPredictor

        return LiteRTPredictor(pretrained.read_weights(entry["predictor"]))

    return lambda path: opened()(path)


def open_keras(entry: dict) -> KerasRuntime:
    """Runs the Keras network of a manifest entry, with its packaged weights."""
    from keras_stylegan import pretrained

    return KerasRuntime(pretrained.packaged_transformer(entry), entry["stride"])
