"""Frozen feature networks of the VGG family: what content and style losses look through.

One class draws every backbone, since they differ only in widths, padding and in how pixels are prepared:

    vgg16, vgg19   ImageNet networks of Simonyan and Zisserman; `keras.applications` downloads them, or a local file
    vgg19_slim     VGG-19 pruned 16 times by Collaborative Distillation (Wang et al. 2020), from a local .npz
    compact        trained by this project and packaged: no download (see `keras_stylegan.networks.backbones`)
"""

import keras
from keras import layers, ops

from keras_stylegan.ops.padding import reflect_pad

STYLE_TAPS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")


@keras.saving.register_keras_serializable(package="keras_stylegan")
class PerceptualNetwork(keras.Model):
    """Stages of 3x3 convolutions and ReLU, halved by 2x2 max pooling, with named outputs.

    The network owns its preprocessing: a 1x1 convolution in float32 that takes RGB in [-1, 1] to whatever the weights
    were trained on (BGR, means subtracted, another scale). It is frozen: gradients reach the images, not the weights.

    Args:
        widths: nested sequence of ints: for each stage the filters of its convolutions. Convolution j of stage i is
            named `convI_J`, both from 1.
        taps: sequence of names `reluI_J`: the features to return. Nothing deeper than the last of them is built.
        padding: `"same"` (zeros, as VGG was trained) or `"reflect"`.
        dtype: dtype policy of the convolutions. Under `"mixed_bfloat16"` preprocessing stays float32 and the features
            are returned as float32.

    Call arguments:
        images: float tensor of shape `(batch, height, width, 3)`, RGB in [-1, 1], each side at least
            `2 ** stages` pixels.
        resume: optional dict of features by tap; what follows a tap is computed from these, not from the network's own.

    Output: dict from tap name to float32 tensor `(batch, height / 2^(I-1), width / 2^(I-1), filters)`, rounded down.

    Raises:
        ValueError: for an unknown padding or tap, and for pictures that are too small.

    Source: Simonyan and Zisserman 2015 (arXiv 1409.1556), table 1.
    """

    def __init__(self, widths, taps=STYLE_TAPS, padding="same", dtype=None, **kwargs):
        # Autocasting would round the pixels to bfloat16 before preprocessing.
        super().__init__(dtype=dtype, autocast=False, **kwargs)
        if padding not in ("same", "reflect"):
            raise ValueError(f'`padding` must be "same" or "reflect". Received: {padding!r}')
        self.widths = tuple(tuple(int(width) for width in stage) for stage in widths)
        self.taps = tuple(taps)
        self.padding = padding
        names = [f"{i}_{j}" for i, stage in enumerate(self.widths, 1) for j in range(1, len(stage) + 1)]
        valid = [f"relu{name}" for name in names]
        unknown = [tap for tap in self.taps if tap not in valid]
        if unknown or not self.taps:
            raise ValueError(f"`taps` must be names among {', '.join(valid)}. Received: {self.taps}")
        depth = 1 + max(valid.index(tap) for tap in self.taps)
        filters = [width for stage in self.widths for width in stage]
        self.preprocess = layers.Conv2D(3, 1, dtype="float32", name="preprocess")
        self.convolutions = [
            layers.Conv2D(
                filters[i],
                3,
                padding="valid" if padding == "reflect" else "same",
                activation="relu",
                dtype=self.dtype_policy,
                name=f"conv{names[i]}",
            )
            for i in range(depth)
        ]
        self.trainable = False

    def build(self, input_shape=None):
        self.preprocess.build((None, None, None, 3))
        channels = 3
        for convolution in self.convolutions:
            convolution.build((None, None, None, channels))
            channels = convolution.filters
        self.built = True

    def call(self, images, resume=None):
        smallest = 2 ** int(self.convolutions[-1].name.removeprefix("conv").split("_")[0])
        if any(side is not None and side < smallest for side in images.shape[1:3]):
            raise ValueError(f"`images` must be at least {smallest} pixels on each side. Received: {images.shape}")
        features, x = {}, ops.cast(self.preprocess(ops.cast(images, "float32")), self.compute_dtype)
        for convolution in self.convolutions:
            name = convolution.name.removeprefix("conv")
            if name.endswith("_1") and name != "1_1":
                x = ops.max_pool(x, 2, strides=2, padding="valid")
            x = convolution(reflect_pad(x, 1) if self.padding == "reflect" else x)
            if f"relu{name}" in self.taps:
                features[f"relu{name}"] = ops.cast(x, "float32")
                x = x if resume is None else ops.cast(resume[f"relu{name}"], self.compute_dtype)
        return features

    def compute_output_shape(self, input_shape):
        batch, height, width = input_shape[:3]
        shapes = {}
        for convolution in self.convolutions:
            name = convolution.name.removeprefix("conv")
            scale = 2 ** (int(name.split("_")[0]) - 1)
            if f"relu{name}" in self.taps:
                sides = (side and side // scale for side in (height, width))
                shapes[f"relu{name}"] = (batch, *sides, convolution.filters)
        return shapes

    def get_config(self):
        config = {"widths": self.widths, "taps": self.taps, "padding": self.padding}
        return {**super().get_config(), **config}

    def assign(self, arrays):
        """Copies convolution weights in.

        Args:
            arrays: dict from `"preprocess"` or `"convI_J"` to a pair of arrays: kernel (height, width, in, out), bias.

        Raises:
            ValueError: where a layer's weights are missing or have another shape.
        """
        if not self.built:
            self.build()
        for layer in (self.preprocess, *self.convolutions):
            if layer.name not in arrays:
                raise ValueError(f"`arrays` must have {layer.name!r}. Received: {', '.join(sorted(arrays))}")
            shapes = [tuple(array.shape) for array in arrays[layer.name]]
            expected = [tuple(weight.shape) for weight in layer.weights]
            if shapes != expected:
                raise ValueError(f"Weights of {layer.name!r} must have the shapes {expected}. Received: {shapes}")
            layer.set_weights([array.astype("float32") for array in arrays[layer.name]])
