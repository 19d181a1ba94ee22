"""A stylisation network as the graph that its LiteRT file holds: the same pictures in fewer passes over memory.

`StyleTransformer.paint` is the definition. On a processor a quarter of its time goes to passes over features that
compute next to nothing, and XNNPACK fuses none of them into its convolutions here. This graph leaves half of them out:

- Features go without a constant for each channel (`Features`). A ReLU after a shift is then a single maximum, for
  relu(x + s) = max(x, -s) + s, and a shift alone is nothing at all: a normalisation takes the constants away, and
  through any other convolution they go on their own, as a picture of one position.
- Space-to-depth, which XNNPACK does not take, is a convolution, and so comes with the change of range for nothing.
- The features at half the size are padded once for both their uses: what is added to them is upsampled with a border.
- Of the colours, the shift is added to all four of a block at once: rows of three channels are slow to add to.
"""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from keras_stylegan.networks import StyleTransformer
from keras_stylegan.networks.style_transformer import EXACT_BELOW, OUTPUT_RANGE
from keras_stylegan.ops.normalization import instance_affine
from keras_stylegan.ops.padding import reflect_pad
from keras_stylegan.ops.resampling import upsample_nearest
from keras_stylegan.ops.waves import plane_waves


def stylized_pixels(network: StyleTransformer, image: tf.Tensor, vectors: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    """What `network` makes of a picture, from pixels to pixels.

    Args:
        network: built float32 network.
        image: uint8 `(1, height, width, 3)`, multiples of `network.stride`.
        vectors: float `(1, vector_size)`, the style, as the bank gives it at this strength.
        strength: float `(1,)` in [0, 1]; at 0 the result is `image`.

    Returns:
        uint8 tensor of the shape of `image`.
    """
    pixels = tf.cast(image, tf.float32)
    return _blended(pixels, painted_colours(network, pixels, vectors), strength)


def stylized_tile(
    network: StyleTransformer, image: tf.Tensor, frozen: tf.Tensor, origin: tf.Tensor, strength: tf.Tensor
) -> tf.Tensor:
    """What `network.paint_tile` makes of a tile with its margins, from pixels to pixels.

    Args:
        network: built float32 network.
        image: uint8 `(1, height, width, 3)`, multiples of `network.stride` beyond the margins.
        frozen: float `(1, vector_size)`, of `network.freeze`.
        origin: float `(1, 2)`, as of `network.paint`.
        strength: float `(1,)` in [0, 1]; at 0 the result is the middle of `image`.

    Returns:
        uint8 tensor, `network.tile_margin` pixels smaller on each side.
    """
    pixels = tf.cast(image, tf.float32)
    colours = tile_colours(network, pixels, frozen, origin)
    return _blended(_inner(pixels, network.tile_margin), colours, strength)


def _blended(pixels, colours, strength):
    """Pixels of the colours, the last way to strength 0 by the photograph's own."""
    share = tf.minimum(strength / EXACT_BELOW, 1.0)[:, None, None, None]
    blended = colours * (127.5 * OUTPUT_RANGE * share) + pixels * (1.0 - share) + 127.5 * share
    return tf.cast(tf.clip_by_value(tf.round(blended), 0.0, 255.0), tf.uint8)


def painted_colours(network: StyleTransformer, pixels: tf.Tensor, vectors: tf.Tensor) -> tf.Tensor:
    """`network.paint(pixels / 127.5 - 1, vectors) / OUTPUT_RANGE` for a single picture."""
    styles, rgb_shift = _styles(network, vectors)

    def styled(layer, padded):
        return _styled(layer, padded, *styles[layer.name])

    def residual(blocks, features):
        for first, second in blocks:
            inner = _normalized(first, reflect_pad(features.values, 1), *styles[first.name], keep_mean=False)
            branch = _normalized(second, reflect_pad(inner, 1), *styles[second.name])
            features = Features(features.values + branch, features.constant)
        return features

    half = _padded(styled(network.stem, _padded(Features.plain(_halved(pixels)))))
    x = styled(network.to_quarter, half)
    x = x + styled(network.waves, Features.plain(plane_waves(x.values, network.num_waves, 4)))
    quarter = x = residual(network.encoder_blocks, x)
    x = residual(network.middle_blocks, styled(network.to_eighth, _padded(x)))
    x = styled(network.from_eighth, x)
    x = x.doubled() + quarter
    x = styled(network.from_quarter, residual(network.decoder_blocks, x))
    x = styled(network.head, Features(_upsampled_and_padded(x.values), x.constant) + half)
    return _colours(network, reflect_pad(x.values, 1), x.constant, rgb_shift)


def tile_colours(network: StyleTransformer, pixels: tf.Tensor, frozen: tf.Tensor, origin: tf.Tensor) -> tf.Tensor:
    """`network.paint_tile(pixels / 127.5 - 1, frozen, origin) / OUTPUT_RANGE`."""
    styles, rgb_shift = _styles(network, frozen)
    lost = network.lost_at

    def styled(layer, features):
        return _scaled(layer, features, *styles[layer.name])

    def residual(blocks, features):
        for first, second in blocks:
            features = features.inner(2) + styled(second, styled(first, features))
        return features

    half = styled(network.stem, Features.plain(_halved(pixels)))
    x = styled(network.to_quarter, half)
    waves = plane_waves(x.values, network.num_waves, 4, origin + 1.0)
    quarter = x = residual(network.encoder_blocks, x + styled(network.waves, Features.plain(waves)))
    x = styled(network.from_eighth, residual(network.middle_blocks, styled(network.to_eighth, x)))
    x = x.doubled() + quarter.inner(2 * lost["middle"] - lost["encoded"])
    x = styled(network.from_quarter, residual(network.decoder_blocks, x))
    x = styled(network.head, x.doubled() + half.inner(2 * lost["decoded"] - 1))
    return _colours(network, x.values, x.constant, rgb_shift)


def _colours(network, padded, constant, rgb_shift):
    """The colours of the last features, which are padded by one."""
    shift = tf.concat([rgb_shift] * 4, axis=-1) + network.to_rgb.convolve(_spread(constant, 2))
    return network.to_rgb.assemble(tf.tanh(network.to_rgb.convolve(padded) + shift))


@dataclasses.dataclass(frozen=True)
class Features:
    """The sum of `values`, float `(1, height, width, channels)`, and of `constant`, `(1, 1, 1, channels)`."""

    values: tf.Tensor
    constant: tf.Tensor

    @classmethod
    def plain(cls, values: tf.Tensor) -> Features:
        return cls(values, tf.zeros((1, 1, 1, values.shape[-1])))

    def __add__(self, other: Features) -> Features:
        return Features(self.values + other.values, self.constant + other.constant)

    def inner(self, size: int) -> Features:
        """Without so many rows and columns on each side."""
        return Features(_inner(self.values, size), self.constant)

    def doubled(self) -> Features:
        """At twice the size, by repetition."""
        return Features(upsample_nearest(self.values), self.constant)


def _styled(layer, padded, scale, shift):
    """What a `StyledConv2D` returns for features that are padded for it."""
    if layer.normalize:
        return Features.plain(_normalized(layer, padded.values, scale, shift))
    return _scaled(layer, padded, scale, shift)


def _scaled(layer, padded, scale, shift):
    """What a `StyledConv2D` returns that normalises nothing, or with the statistics in its scale and shift."""
    shift = shift + scale * layer.convolve(_spread(padded.constant, layer.kernel_size))
    x = layer.convolve(padded.values) * scale
    return Features(tf.maximum(x, -shift) if _is_relu(layer) else x, shift)


def _normalized(layer, padded, scale, shift, keep_mean=True):
    """What a normalising `StyledConv2D` returns; less a constant per channel where another normalisation follows."""
    x = layer.convolve(padded)
    factor, offset = instance_affine(x, scale, shift, layer.epsilon)
    if not keep_mean and _is_relu(layer):
        return tf.maximum(x * factor, -offset)
    x = x * factor + offset
    return tf.nn.relu(x) if _is_relu(layer) else x


def _inner(images, size):
    return images[:, size:-size, size:-size]


def _is_relu(layer):
    return layer.activation is keras.activations.relu


def _spread(constant, size):
    """A constant as a picture, as large as a kernel."""
    return constant + tf.zeros((1, size, size, 1))


def _padded(features):
    return Features(reflect_pad(features.values, 1), features.constant)


def _upsampled_and_padded(values):
    """`reflect_pad(upsample_nearest(values), 1)`: the small pixels that meet at each corner, their border repeated."""
    rows = tf.concat([values[:, :1], values, values[:, -1:]], axis=1)
    x = tf.concat([rows[:, :, :1], rows, rows[:, :, -1:]], axis=2)
    return tf.nn.depth_to_space(tf.concat([x[:, :-1, :-1], x[:, :-1, 1:], x[:, 1:, :-1], x[:, 1:, 1:]], axis=3), 2)


def _halved(pixels):
    """Space-to-depth of `pixels / 127.5 - 1`."""
    kernel = np.eye(12, dtype="float32").reshape(2, 2, 3, 12) / 127.5
    return tf.nn.conv2d(pixels, kernel, 2, "VALID") - 1.0


def _styles(network, vectors):
    """Scale and shift of each styled layer by its name, and the RGB shift; all `(1, 1, 1, channels)`."""
    layers = network.styled_layers()
    sizes = [size for layer in layers for size in (layer.filters, layer.filters)]
    *parts, rgb_shift = tf.split(vectors[:, None, None], [*sizes, 3], axis=-1)
    return {layer.name: parts[2 * i : 2 * i + 2] for i, layer in enumerate(layers)}, rgb_shift
