"""Stylisation of arrays and files with packaged networks."""

from keras_stylegan.inference.images import MAX_PIXELS, Picture, read_picture
from keras_stylegan.inference.runtimes import KerasRuntime, LiteRTRuntime
from keras_stylegan.inference.saving import encode_picture, write_picture
from keras_stylegan.inference.stylizer import Stylizer

__all__ = [
    "MAX_PIXELS",
    "KerasRuntime",
    "LiteRTRuntime",
    "Picture",
    "Stylizer",
    "encode_picture",
    "load",
    "read_picture",
    "write_picture",
]


def load(name: str = "multistyle", runtime: str = "litert") -> Stylizer:
    """Loads a packaged stylisation network.

    Args:
        name: name of the network in the package's manifest.
        runtime: `"litert"`, which loads in a moment and imports neither TensorFlow nor Keras, or `"keras"`.

    Returns:
        A `Stylizer`.

    Raises:
        ValueError: if the name or the runtime is unknown, or the weight file is damaged.
    """
    import io

    import numpy as np

    from keras_stylegan import pretrained

    if runtime not in ("litert", "keras"):
        raise ValueError(f'`runtime` must be "litert" or "keras". Received: runtime={runtime!r}')
    entry = pretrained.network_entry(name)
    styles = [style["name"] for style in entry["styles"]]
    content = pretrained.read_weights(entry[runtime])
    if runtime == "litert":
        network = LiteRTRuntime(content, entry["stride"])
    else:
        with np.load(io.BytesIO(content), allow_pickle=False) as weights:
            config = {"num_styles": len(styles), **entry["keras"].get("config", {})}
            network = KerasRuntime.from_weights(config, dict(weights), entry["stride"])
    return Stylizer(network, styles, entry["working_size"])
