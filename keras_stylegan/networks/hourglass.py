"""The untrained network of a deep image prior."""

import keras
from keras import layers, ops

from keras_stylegan.layers.normalized_convolution import NormalizedConv2D


@keras.saving.register_keras_serializable(package="keras_stylegan")
class HourglassNetwork(keras.Model):
    """Down by strided convolutions and up again, with a narrow path across at every size.

    Its structure alone is a prior of photographs: fitted to a damaged one, it reproduces the picture long before the
    damage. The paths across are narrow, so that detail must come through the depth that suppresses noise.

    Args:
        filters: sequence of ints, channels from the full size downwards; each halves the size of the one before.
        skip_filters: int, channels of the paths across; 0 for none.
        channels: int, channels of the result.

    Call arguments:
        inputs: tensor of shape `(batch, height, width, code_channels)`, height and width multiples of `stride` and at
            least twice as large.

    Returns:
        float32 tensor of shape `(batch, height, width, channels)` in [-1, 1].

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Ulyanov et al. 2018, "Deep Image Prior" (arXiv 1711.10925), architectures of the supplement, with the
    widths of its smallest. Deviations: instance norm stands for batch norm, which on the one picture of a batch is the
    same; none after joining the paths.
    """

    def __init__(self, filters=(16, 32, 64, 128, 128), skip_filters=4, channels=3, **kwargs):
        super().__init__(**kwargs)
        if not filters or min(filters) < 1:
            raise ValueError(f"`filters` must be positive, one for each size. Received: filters={filters}")
        if skip_filters < 0 or channels < 1:
            raise ValueError(
                "`skip_filters` must not be negative and `channels` must be positive. "
                f"Received: skip_filters={skip_filters}, channels={channels}"
            )
        self.filters = tuple(filters)
        self.skip_filters = skip_filters
        self.channels = channels
        self.across, self.down, self.up = [], [], []
        for level, width in enumerate(self.filters):
            if skip_filters:
                self.across.append(_convolution(skip_filters, f"across_{level}", kernel_size=1))
            self.down.append((_convolution(width, f"down_{level}", strides=2), _convolution(width, f"deep_{level}")))
            self.up.append((_convolution(width, f"up_{level}"), _convolution(width, f"out_{level}", kernel_size=1)))
        self.enlarge = layers.UpSampling2D(interpolation="bilinear", name="enlarge")
        self.to_picture = layers.Conv2D(channels, 1, dtype="float32", name="to_picture")

    @property
    def stride(self):
        """What height and width must be multiples of."""
        return 2 ** len(self.filters)

    def build(self, input_shape):
        size, channels, skip = (None, None, None), input_shape[-1], self.skip_filters
        for level, width in enumerate(self.filters):
            if skip:
                self.across[level].build((*size, channels))
            first, second = self.down[level]
            first.build((*size, channels))
            second.build((*size, width))
            channels = width
        for level in reversed(range(len(self.filters))):
            first, second = self.up[level]
            first.build((*size, channels + skip))
            second.build((*size, self.filters[level]))
            channels = self.filters[level]
        self.to_picture.build((*size, channels))
        self.built = True

    def call(self, inputs):
        x, across = inputs, []
        for level, (first, second) in enumerate(self.down):
            across.append(self.across[level](x) if self.skip_filters else None)
            x = second(first(x))
        for level in reversed(range(len(self.filters))):
            x = self.enlarge(x)
            x = x if across[level] is None else ops.concatenate([across[level], x], axis=-1)
            first, second = self.up[level]
            x = second(first(x))
        return ops.tanh(self.to_picture(x))

    def compute_output_shape(self, input_shape):
        return *input_shape[:-1], self.channels

    def get_config(self):
        config = {"filters": self.filters, "skip_filters": self.skip_filters, "channels": self.channels}
        return {**super().get_config(), **config}


def _convolution(filters, name, **options):
    return NormalizedConv2D(filters, activation="leaky_relu", name=name, **options)
