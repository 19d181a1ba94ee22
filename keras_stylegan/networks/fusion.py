"""The fusion generator: puts regions of one picture into another under the other's light and colours."""

import keras
from keras import layers, ops

from keras_stylegan.layers.region_norm import RegionNormalization
from keras_stylegan.ops.colour_fits import TRANSFORM, change_colours, fit_curves, follow_curves
from keras_stylegan.ops.padding import reflect_pad
from keras_stylegan.ops.regions import coverage, paint_regions, region_moments, with_background
from keras_stylegan.ops.resampling import upsample_nearest
from keras_stylegan.ops.seams import align, rim_weights, with_rim


@keras.saving.register_keras_serializable(package="keras_stylegan")
class FusionGenerator(keras.Model):
    """Source, target, masks and noise in, fused picture out.

    What is put in is not drawn anew: every pixel goes through a colour transform of its own, so that its detail stays.
    It begins with one that is computed and not learned: the colour transform and the ramp of light of each region that
    make the two sides of its edge one picture (`ops.seams.align`). What is added to it is learned: from the statistics
    of the region, of the background and the noise, a transform for the whole region, and how far to follow the tone
    curves that its edge suggests and its inside may not bear out; and a transform for each pixel, from an encoder and
    decoder with region-aware normalisation, which sees the steps that are left at the edge. Where no mask is, the
    target's pixels come out to the bit.

    Args:
        widths: three ints, channels at 1/2, 1/4 and 1/8 of the size.
        num_blocks: three ints, residual blocks at 1/4 (encoder), 1/8 and 1/4 (decoder).
        latent_dim: int, numbers in the noise.

    Call arguments:
        inputs: dict of `source` and `target`, float `(batch, height, width, 3)`, RGB in [-1, 1], the source lying where
            it is to be in the target, height and width multiples of `stride` and at least 16; `masks`, float
            `(batch, height, width, regions)` in [0, 1], one channel for each thing put in, not overlapping (channels
            may be empty); `noise`, float `(batch, latent_dim)`, zeros for the mean result. The target is read only
            where masks are below 1, the source where they are above 0 and a pixel around.

    Returns:
        float32 tensor `(batch, height, width, 3)`, about [-1, 1].

    Raises:
        ValueError: if an argument breaks its rule.

    Source: region-aware normalisation: Ling et al. 2021 (arXiv 2106.02853); colour transforms for each pixel: Gharbi et
    al. 2017 (arXiv 1707.02880); their sum is this project's.
    """

    stride = 8

    def __init__(self, widths=(24, 48, 96), num_blocks=(1, 2, 1), latent_dim=8, **kwargs):
        # Autocasting would round the pixels, which are to come out as they are, to half precision.
        super().__init__(autocast=False, **kwargs)
        for name, value in (("widths", widths), ("num_blocks", num_blocks)):
            if len(value) != 3:
                raise ValueError(f"`{name}` must hold three numbers. Received: {name}={value}")
        if latent_dim < 1:
            raise ValueError(f"`latent_dim` must be positive. Received: latent_dim={latent_dim}")
        self.widths = tuple(widths)
        self.num_blocks = tuple(num_blocks)
        self.latent_dim = latent_dim
        half, quarter, eighth = self.widths
        self.stem = _convolution(half, "stem")
        self.to_quarter = _convolution(quarter, "to_quarter", strides=2)
        self.encoder_blocks = [_Block(quarter, name=f"encoder_{i}") for i in range(num_blocks[0])]
        self.to_eighth = _convolution(eighth, "to_eighth", strides=2)
        self.from_noise = layers.Dense(eighth, use_bias=False, name="from_noise")
        self.middle_blocks = [_Block(eighth, name=f"middle_{i}") for i in range(num_blocks[1])]
        self.from_eighth = layers.Conv2D(quarter, 1, name="from_eighth")
        self.decoder_blocks = [_Block(quarter, name=f"decoder_{i}") for i in range(num_blocks[2])]
        self.from_quarter = layers.Conv2D(half, 1, name="from_quarter")
        self.head = _convolution(half, "head")
        # The transforms are float32 under every policy: a grey level is less than bfloat16 resolves.
        zeros = {"kernel_initializer": "zeros", "dtype": "float32"}
        self.pixel_transform = layers.Conv2D(4 * TRANSFORM, 1, name="pixel_transform", **zeros)
        self.region_hidden = layers.Dense(eighth, activation="leaky_relu", dtype="float32", name="region_hidden")
        self.region_transform = layers.Dense(TRANSFORM, name="region_transform", **zeros)
        self.curve_shares = layers.Dense(3, name="curve_shares", **zeros)

    def build(self, input_shape=None):
        half, quarter, eighth = self.widths
        channels = {self.stem: 28, self.to_quarter: half, self.to_eighth: quarter, self.from_eighth: eighth}
        channels |= {self.from_quarter: quarter, self.head: half, self.pixel_transform: half}
        for layer, count in channels.items():
            layer.build((None, None, None, count))
        for block in self.encoder_blocks + self.decoder_blocks:
            block.build((None, None, None, quarter), (None, None, None, 2))
        for block in self.middle_blocks:
            block.build((None, None, None, eighth), (None, None, None, 2))
        self.from_noise.build((None, self.latent_dim))
        # Of the region and of the background: means and deviations of features and colours, and the alignment.
        self.region_hidden.build((None, None, 2 * (2 * (eighth + 3) + TRANSFORM) + self.latent_dim))
        self.region_transform.build((None, None, eighth))
        self.curve_shares.build((None, None, eighth))
        self.built = True

    def call(self, inputs):
        covered = coverage(inputs["masks"])
        return covered * self.change(inputs) + ops.cast(inputs["target"], "float32") * (1.0 - covered)

    def change(self, inputs):
        """The source as it is to be under the masks, and a pixel around them; beyond that it means nothing.

        Args:
            inputs: as for a call.

        Returns:
            float32 tensor `(batch, height, width, 3)`.
        """
        source, target = (ops.cast(inputs[name], "float32") for name in ("source", "target"))
        masks = with_rim(inputs["masks"])
        covered, regions = coverage(masks), with_background(masks)
        shares = masks / ops.maximum(covered, 1e-6)
        aligned, alignment, trust = align(source, target, masks)
        picture, rim = covered * aligned + target * (1.0 - covered), rim_weights(masks)
        steps = ops.sum(rim, axis=-1, keepdims=True) * (target - aligned)
        quarter_regions, eighth_regions = (ops.average_pool(regions, size, strides=size) for size in (4, 8))
        noise = ops.cast(inputs["noise"], "float32")

        x = ops.space_to_depth(ops.cast(ops.concatenate([picture, covered, steps], axis=-1), self.compute_dtype), 2)
        half = x = _bent(self.stem(reflect_pad(x, 1)))
        x = _bent(self.to_quarter(reflect_pad(x, 1)))
        quarter = x = _through(self.encoder_blocks, x, quarter_regions)
        x = _bent(self.to_eighth(reflect_pad(x, 1)) + self.from_noise(noise)[:, None, None])
        eighth = x = _through(self.middle_blocks, x, eighth_regions)
        x = upsample_nearest(self.from_eighth(x)) + quarter
        x = _through(self.decoder_blocks, x, quarter_regions)
        x = upsample_nearest(self.from_quarter(x)) + half
        x = _bent(self.head(reflect_pad(x, 1)))
        of_pixels = ops.depth_to_space(self.pixel_transform(ops.cast(x, "float32")), 2)
        hidden = self._about_regions(eighth, eighth_regions, picture, regions, alignment, noise)
        transforms = of_pixels + paint_regions(self.region_transform(hidden), shares)
        curves = trust * ops.tile(self.curve_shares(hidden), (1, 1, 3)) * fit_curves(aligned, target, rim)
        return aligned + change_colours(aligned, transforms) + follow_curves(aligned, paint_regions(curves, shares))

    def _about_regions(self, features, feature_regions, picture, regions, alignment, noise):
        """What the transform of each region is made of, `(batch, regions, channels)`."""
        statistics = []
        for maps, weights in ((features, feature_regions), (picture, regions)):
            mean, variance = region_moments(maps, weights)
            statistics += [mean, ops.sqrt(variance + 1e-4)]
        statistics = ops.concatenate(statistics, axis=-1)
        aligned = ops.concatenate([alignment, ops.zeros_like(alignment[:, :1])], axis=1)
        own = ops.concatenate([statistics, aligned], axis=-1)
        background, noise = ops.zeros_like(own) + own[:, -1:], ops.zeros_like(own[..., :1]) + noise[:, None]
        return self.region_hidden(ops.concatenate([own, background, noise], axis=-1)[:, :-1])

    def compute_output_shape(self, input_shape):
        return input_shape["target"]

    def get_config(self):
        config = {"widths": self.widths, "num_blocks": self.num_blocks, "latent_dim": self.latent_dim}
        return {**super().get_config(), **config}


def composite_of(inputs):
    """Copy and paste: the source under its masks, the target elsewhere; float32 `(batch, height, width, 3)`.

    Args:
        inputs: dict of `source`, `target` and `masks`, as `FusionGenerator` takes them.
    """
    source, target = ops.cast(inputs["source"], "float32"), ops.cast(inputs["target"], "float32")
    covered = coverage(inputs["masks"])
    return source * covered + target * (1.0 - covered)


def _bent(x):
    """Leaky, for the error in decibels punishes a network that still paints wrongly: units would go out for good."""
    return ops.leaky_relu(x, 0.2)


def _convolution(filters, name, strides=1):
    """On a picture padded by reflection."""
    return layers.Conv2D(filters, 3, strides=strides, kernel_initializer="he_normal", name=name)


def _through(blocks, x, regions):
    for block in blocks:
        x = block(x, regions)
    return x


class _Block(layers.Layer):
    """Residual block: two convolutions, region-aware normalisation after the first."""

    def __init__(self, filters, **kwargs):
        super().__init__(**kwargs)
        self.first = _convolution(filters, "first")
        self.normalization = RegionNormalization(name="normalization")
        # Branches start small, so that an untrained stack does not grow with its depth.
        small = keras.initializers.VarianceScaling(0.1, "fan_in", "untruncated_normal")
        self.second = layers.Conv2D(filters, 3, kernel_initializer=small, name="second")

    def build(self, inputs_shape, regions_shape=None):
        self.first.build(inputs_shape)
        self.normalization.build((*inputs_shape[:-1], self.first.filters), regions_shape)
        self.second.build((*inputs_shape[:-1], self.first.filters))

    def call(self, inputs, regions):
        x = _bent(self.normalization(self.first(reflect_pad(inputs, 1)), regions))
        return inputs + self.second(reflect_pad(x, 1))

    def compute_output_shape(self, inputs_shape, regions_shape=None):
        return inputs_shape
