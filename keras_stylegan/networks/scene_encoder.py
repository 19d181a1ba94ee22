"""From a picture to what a StyleGAN2 needs to make it again: a style for every layer, and features that skip them."""

import math

import keras
from keras import layers, ops

from keras_stylegan.networks.stages import stages
from keras_stylegan.ops.padding import reflect_pad


@keras.saving.register_keras_serializable(package="keras_stylegan")
class SceneEncoder(keras.Model):
    """Encodes pictures into W+ of a `StyleGAN2Generator` of the same size, with skip features for each stage.

    A strided convolutional encoder with the generator's stages in reverse. The last features, of a few pixels, give
    one style a layer, as an offset from the generator's mean style, through as many numbers as a style has: straight
    from features to all styles, one matrix would be four fifths of the network. The features on the way, through 1x1
    convolutions, are added to the generator's at the end of the stage of their size, so that detail survives which no
    style can say. Both begin at zero: a new encoder makes the mean picture. Their learning rate is equalised: Adam's
    first steps move all of the thousands of weights behind a style alike, and would throw it out of the generator's
    range.

    Args:
        size: `(height, width)` of the pictures, the generator's.
        channel_base, channel_max, style_dim: ints, the generator's.
        skips: bool, whether there are skip features.

    Call arguments:
        images: float tensor `(batch, height, width, 3)`, RGB in [-1, 1].

    Returns:
        Dict of float32 tensors: `styles`, `(batch, num_styles, style_dim)`; with skips `skip_0`, `skip_1`, ... from the
        smallest stage on, each `(batch, height, width, channels)` of its stage.

    Raises:
        ValueError: if `size` is none of StyleGAN2's.

    Source: Richardson et al. 2021, "Encoding in Style" (arXiv 2008.00951), section 3 (W+ about the mean style); skip
    features: Wang et al. 2021, "GFP-GAN" (arXiv 2101.04061), section 3.3; equalised learning rate: Karras et al. 2018,
    "Progressive Growing of GANs", section 4.1.
    """

    def __init__(self, size=(64, 64), channel_base=16384, channel_max=512, style_dim=512, skips=True, **kwargs):
        super().__init__(**kwargs)
        self.size = tuple(size)
        self.channel_base = channel_base
        self.channel_max = channel_max
        self.style_dim = style_dim
        self.skips = skips
        self.stages = stages(self.size, channel_base, channel_max)
        self.num_styles = 2 * len(self.stages)
        zeros = {"kernel_initializer": "zeros", "dtype": "float32"}
        self.convolutions, self.to_skips = [], []
        for stage in self.stages:
            name = f"{stage.height}x{stage.width}"
            strides = 1 if stage is self.stages[-1] else 2
            self.convolutions.append(
                layers.Conv2D(stage.channels, 3, strides=strides, kernel_initializer="he_normal", name=f"conv_{name}")
            )
            if skips:
                self.to_skips.append(layers.Conv2D(stage.channels, 1, name=f"skip_{name}", **zeros))
        normal = keras.initializers.RandomNormal(stddev=1.0)
        self.to_code = layers.Dense(style_dim, kernel_initializer=normal, dtype="float32", name="code")
        self.to_styles = layers.Dense(self.num_styles * style_dim, name="styles", **zeros)

    def build(self, images_shape=None):
        channels = 3
        for i in reversed(range(len(self.stages))):
            self.convolutions[i].build((None, None, None, channels))
            channels = self.stages[i].channels
            if self.skips:
                self.to_skips[i].build((None, None, None, channels))
        first = self.stages[0]
        self.to_code.build((None, first.height * first.width * channels))
        self.to_styles.build((None, self.style_dim))
        self.built = True

    def call(self, images):
        x, encoded = ops.cast(images, self.compute_dtype), {}
        for i in reversed(range(len(self.stages))):
            x = ops.leaky_relu(self.convolutions[i](reflect_pad(x, 1)), 0.2)
            if self.skips:
                encoded[f"skip_{i}"] = self.to_skips[i](ops.cast(x, "float32") / math.sqrt(x.shape[-1]))
        first = self.stages[0]
        flat = ops.reshape(ops.cast(x, "float32"), (-1, first.height * first.width * first.channels))
        code = self.to_code(flat / math.sqrt(flat.shape[-1]))
        styles = self.to_styles(code / math.sqrt(self.style_dim))
        encoded["styles"] = ops.reshape(styles, (-1, self.num_styles, self.style_dim))
        return encoded

    def get_config(self):
        names = ("size", "channel_base", "channel_max", "style_dim", "skips")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
