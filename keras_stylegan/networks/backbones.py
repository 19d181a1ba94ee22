"""Perceptual networks by name or file: where the weights come from and what their pixels look like.

`compact` (316,652 parameters, 0.59 MB in float16) was distilled by `training/compact.py` from the slim VGG-19: the same
taps and tap widths, weights from scratch, 80,000 augmented crops of photographs, paintings and painted photographs, 36
minutes on one CPU core. Over 600 pairs (40 style pictures, 15 photographs that it was not trained on) its Gram
distances have the Spearman rank correlation 0.995 with its teacher's as the mean over taps, and 1.000, 1.000, 0.992,
0.960 at relu1_1 to relu4_1; the gradients of the style loss agree with its teacher's by a cosine of 0.66 over 120
pairs.
assets/weights/compact.json has the record.
"""

import importlib.resources
import pathlib

import keras
import numpy as np

from keras_stylegan.networks.perceptual import STYLE_TAPS, PerceptualNetwork

BACKBONES = ("compact", "vgg16", "vgg19", "vgg19_slim")

_APPLICATIONS = {
    "vgg16": ("VGG16", ((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3)),
    "vgg19": ("VGG19", ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4)),
}
_IMAGENET_BGR_MEANS = np.array([103.939, 116.779, 123.68], "float32")


def build_perceptual(name, taps=STYLE_TAPS, weights=None, dtype="float32"):
    """Builds a frozen perceptual network by name.

    Args:
        name: `"compact"` (packaged), `"vgg16"` or `"vgg19"` (`keras.applications`), `"vgg19_slim"` (needs `weights`),
            or the path of an .npz file of `compact`'s or `vgg19_slim`'s layout.
        taps: names of the features to return, `relu1_1` and so on.
        weights: optional path of a weight file. By default `compact` reads the packaged one, and the VGGs use
            `keras.applications`' cache or download (ImageNet, without the classifier).
        dtype: dtype policy of the convolutions, `"float32"` or `"mixed_bfloat16"`.

    Returns:
        `PerceptualNetwork`, built and frozen, taking RGB in [-1, 1].

    Raises:
        ValueError: for an unknown name or tap, or a file that is not such a weight file.
        FileNotFoundError: for a missing file.
    """
    if str(name).endswith(".npz"):
        return _from_npz(name, taps, dtype)
    if name not in BACKBONES:
        raise ValueError(f"`name` must be an .npz file or one of {', '.join(BACKBONES)}. Received: {name!r}")
    if name in _APPLICATIONS:
        return _from_applications(name, taps, weights or "imagenet", dtype)
    if name == "compact" and weights is None:
        packaged = importlib.resources.files("keras_stylegan.assets") / "weights" / "compact.npz"
        with importlib.resources.as_file(packaged) as path:
            return _from_npz(path, taps, dtype)
    if weights is None:
        raise ValueError(f"`weights` must name the .npz file of {name!r}. Received: None")
    return _from_npz(weights, taps, dtype)


def read_arrays(path):
    """Reads an .npz weight file of either layout.

    `compact`'s layout is `preprocess/kernel`, `preprocess/bias`, `convI_J/kernel`, ...; `vgg19_slim`'s is that of its
    origin: `encoder5/conv0` (a 1x1 convolution of RGB in [0, 1]), `encoder5/convIJ`.

    Args:
        path: path of the file.

    Returns:
        Dict from layer name to a pair of float32 arrays (kernel, bias).

    Raises:
        ValueError: if the file has neither layout.
    """
    try:
        with np.load(path) as file:
            stored = {key: file[key].astype("float32") for key in file.files}
    except FileNotFoundError:
        raise
    except Exception as error:  # numpy, zipfile and zlib each raise their own for a damaged file
        raise ValueError(f"`{path}` is not a readable .npz weight file: {error}") from error
    slim = "encoder5/conv0/kernel" in stored
    arrays = {}
    for key in stored:
        layer, _, kind = key.removeprefix("encoder5/").rpartition("/")
        if kind == "kernel" and f"{key.removesuffix('kernel')}bias" in stored and slim == key.startswith("encoder5/"):
            name = layer if not slim or layer == "conv0" else f"conv{layer[4:5]}_{layer[5:]}"
            arrays[name] = (stored[key], stored[f"{key.removesuffix('kernel')}bias"])
    if slim:
        kernel, bias = arrays.pop("conv0")
        # (x + 1) / 2 takes [-1, 1] to [0, 1]; both maps are linear, so they become one.
        arrays["preprocess"] = (kernel / 2, bias + kernel.sum(axis=(0, 1, 2)) / 2)
    if "preprocess" not in arrays or "conv1_1" not in arrays:
        raise ValueError(
            f"`{path}` must have the arrays preprocess/kernel and conv1_1/kernel. Received: {list(stored)}"
        )
    return arrays


def _from_npz(path, taps, dtype):
    path = pathlib.Path(path)
    arrays = read_arrays(path)
    network = PerceptualNetwork(_widths(arrays), taps, padding="reflect", dtype=dtype, name=path.stem)
    network.assign(arrays)
    return network


def _widths(arrays):
    stages = []
    while f"conv{len(stages) + 1}_1" in arrays:
        stage, filters = len(stages) + 1, []
        while f"conv{stage}_{len(filters) + 1}" in arrays:
            filters.append(arrays[f"conv{stage}_{len(filters) + 1}"][0].shape[-1])
        stages.append(tuple(filters))
    return tuple(stages)


def _from_applications(name, taps, weights, dtype):
    builder, widths = _APPLICATIONS[name]
    if weights != "imagenet" and not pathlib.Path(weights).is_file():
        raise FileNotFoundError(f'`weights` must be an existing file or "imagenet". Received: {str(weights)!r}')
    network = PerceptualNetwork(widths, taps, padding="same", dtype=dtype, name=name)
    source = getattr(keras.applications, builder)(include_top=False, weights=str(weights), input_shape=(32, 32, 3))
    arrays = {
        f"conv{i}_{j}": source.get_layer(f"block{i}_conv{j}").get_weights()
        for i, stage in enumerate(widths, 1)
        for j in range(1, len(stage) + 1)
    }
    # RGB in [-1, 1] to BGR in 0..255 minus the means.
    kernel = 127.5 * np.eye(3, dtype="float32")[::-1].reshape(1, 1, 3, 3)
    network.assign({**arrays, "preprocess": (kernel, 127.5 - _IMAGENET_BGR_MEANS)})
    return network
