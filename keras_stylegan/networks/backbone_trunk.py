"""Classifiers of `keras.applications` as trunks: the features of a picture at 1/2, 1/4, 1/8, 1/16 and 1/32 of its size.

| level | `densenet121` | `inception_v3` | `mobilenet` | `resnet50` |
|---|---|---|---|---|
| 1 | `conv1_relu` 64 | before pool 1: 64 | `conv_pw_1_relu` 64 | `conv1_relu` 64 |
| 2 | `pool2_relu` 256 | before pool 2: 192 | `conv_pw_3_relu` 128 | `conv2_block3_out` 256 |
| 3 | `pool3_relu` 512 | `mixed2` 288 | `conv_pw_5_relu` 256 | `conv3_block4_out` 512 |
| 4 | `pool4_relu` 1024 | `mixed7` 768 | `conv_pw_11_relu` 512 | `conv4_block6_out` 1024 |
| 5 | `relu` 1024 | `mixed10` 2048 | `conv_pw_13_relu` 1024 | `conv5_block3_out` 2048 |

The numbers are channels. InceptionV3 pads nothing at its beginning, so its features are a few pixels smaller.
"""

import pathlib

import keras
import numpy as np
from keras import layers, ops

from keras_stylegan.choices import did_you_mean

# Of ImageNet, RGB in 0..255.
_MEANS, _DEVIATIONS = np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375])
_CAFFE_MEANS = np.array([123.68, 116.779, 103.939])
# Name: the class of keras.applications, its layers at each level (an int: the input of that pooling layer), scale and
# offset that take RGB in [-1, 1] to what it was trained on, and whether its channels are BGR.
_BACKBONES = {
    "densenet121": (
        "DenseNet121", ("conv1_relu", "pool2_relu", "pool3_relu", "pool4_relu", "relu"),
        127.5 / _DEVIATIONS, (127.5 - _MEANS) / _DEVIATIONS, False,
    ),
    "inception_v3": ("InceptionV3", (0, 1, "mixed2", "mixed7", "mixed10"), np.ones(3), np.zeros(3), False),
    "mobilenet": (
        "MobileNet",
        ("conv_pw_1_relu", "conv_pw_3_relu", "conv_pw_5_relu", "conv_pw_11_relu", "conv_pw_13_relu"),
        np.ones(3), np.zeros(3), False,
    ),
    "resnet50": (
        "ResNet50",
        ("conv1_relu", "conv2_block3_out", "conv3_block4_out", "conv4_block6_out", "conv5_block3_out"),
        np.full(3, 127.5), 127.5 - _CAFFE_MEANS, True,
    ),
}  # fmt: skip
TRUNKS = tuple(_BACKBONES)
LEVELS = 5
# The smallest side of a picture; what InceptionV3's unpadded convolutions need for its deeper levels.
_SMALLEST = 32
_SMALLEST_INCEPTION = {4: 43, 5: 75}


@keras.saving.register_keras_serializable(package="keras_stylegan")
class BackboneTrunk(layers.Layer):
    """The features of a classifier at each halving of the size, with its own preparation of the pixels.

    Args:
        backbone: `"densenet121"`, `"inception_v3"`, `"mobilenet"` or `"resnet50"`.
        levels: int from 1 to 5; nothing deeper than `1 / 2**levels` is built.
        weights: None for random ones; `"imagenet"`, the one value for which `keras.applications` looks into its cache
            and downloads what is missing; or the path of a local file, in Keras' own format (of the classifier without
            its top) or an `.npz` by the layers' names. A saved trunk brings its weights along: its config says None.
        frozen: bool, whether the trunk stays as it is: not trained, its batch norms as in use. Gradients reach the
            pictures all the same.

    Call arguments:
        images: float tensor of shape `(batch, height, width, 3)`, RGB in [-1, 1], both sides at least `smallest`.
        training: bool.

    Returns:
        Dict of `levels` float32 tensors, `level_1` and on, `(batch, about height / 2**level, about width / 2**level,
        channels)`: what `ProjectedCritic` takes its maps from, too.

    Raises:
        ValueError: for an unknown backbone, levels out of range, pictures that are too small, or a file that does not
            fit.
        FileNotFoundError: for a missing file.
    """

    def __init__(self, backbone, levels=LEVELS, weights=None, frozen=True, **kwargs):
        # Autocasting would round the pixels to bfloat16 before they are prepared.
        super().__init__(autocast=False, **kwargs)
        if backbone not in TRUNKS:
            raise ValueError(
                f"`backbone` must be one of {', '.join(TRUNKS)}. "
                f"Received: backbone={backbone!r}{did_you_mean(backbone, TRUNKS)}"
            )
        if not 1 <= levels <= LEVELS:
            raise ValueError(f"`levels` must be from 1 to {LEVELS}. Received: levels={levels}")
        self.backbone = backbone
        self.levels = levels
        self.frozen = frozen
        _, _, self._scale, self._offset, self._bgr = _BACKBONES[backbone]
        self.network = _build(backbone, levels, weights)
        self.network.trainable = not frozen

    @property
    def channels(self):
        """Tuple of ints, channels of the features of each level."""
        return tuple(output.shape[-1] for output in self.network.outputs)

    @property
    def smallest(self):
        """Int, the smallest height and width of a picture."""
        return _SMALLEST_INCEPTION.get(self.levels, _SMALLEST) if self.backbone == "inception_v3" else _SMALLEST

    def build(self, images_shape=None):
        self.built = True

    def call(self, images, training=False):
        if any(side is not None and side < self.smallest for side in images.shape[1:3]):
            raise ValueError(f"`images` must be at least {self.smallest} pixels on each side. Received: {images.shape}")
        x = ops.cast(images, "float32") * ops.cast(self._scale, "float32") + ops.cast(self._offset, "float32")
        x = ops.flip(x, axis=-1) if self._bgr else x
        return self._by_level(self.network(x, training=training and not self.frozen))

    def compute_output_shape(self, images_shape):
        return self._by_level(self.network.compute_output_shape(images_shape))

    def _by_level(self, values):
        return {f"level_{level}": value for level, value in enumerate(values, 1)}

    def get_config(self):
        config = {"backbone": self.backbone, "levels": self.levels, "weights": None, "frozen": self.frozen}
        return {**super().get_config(), **config}


def _build(backbone, levels, weights):
    builder, taps = _BACKBONES[backbone][:2]
    local = weights is not None and weights != "imagenet"
    if local and not pathlib.Path(weights).is_file():
        raise FileNotFoundError(f'`weights` must be None, "imagenet" or an existing file. Received: {str(weights)!r}')
    is_npz = local and str(weights).endswith(".npz")
    policy = keras.config.dtype_policy()
    # Batch norms of a trained trunk do not bear rounded statistics.
    keras.config.set_dtype_policy("float32")
    try:
        whole = getattr(keras.applications, builder)(
            include_top=False,
            weights=None if is_npz or weights is None else str(weights),
            input_shape=(None, None, 3),
        )
    except Exception as error:  # urllib's, h5py's and Keras' own
        kind = f"`{weights}` is not a weight file of {backbone}" if local else f"{backbone} could not be downloaded"
        raise ValueError(f"{kind} (`weights` names a local file): {error}") from error
    finally:
        keras.config.set_dtype_policy(policy)
    pools = [layer for layer in whole.layers if isinstance(layer, layers.MaxPooling2D)]
    outputs = [pools[tap].input if isinstance(tap, int) else whole.get_layer(tap).output for tap in taps[:levels]]
    network = keras.Model(whole.input, outputs, name=backbone)
    if is_npz:
        load_arrays(network, weights)
    return network


def load_arrays(network, path):
    """Sets the weights of a network of `keras.applications` from an .npz file with `LAYER/WEIGHT` by Keras 2's names.

    Args:
        network: model; every one of its weights must be in the file.
        path: path of the file.

    Raises:
        ValueError: if a weight is missing or has another shape, or the file is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            for layer in network.layers:
                # Keras 3 calls the kernels of both kinds of convolution `kernel`, the files of Keras 2 do not.
                prefix = "depthwise_" if isinstance(layer, layers.DepthwiseConv2D) else ""
                layer.set_weights([file[f"{layer.name}/{prefix}{weight.name}"] for weight in layer.weights])
    except Exception as error:  # numpy, zipfile, zlib and Keras each raise their own for a file that does not fit
        raise ValueError(f"`{path}` is not an .npz file of {network.name}'s weights: {error}") from error
