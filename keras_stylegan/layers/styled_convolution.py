"""Convolution whose output statistics are set by a style."""

import keras
from keras import ops

from keras_stylegan.ops.normalization import instance_affine, instance_norm, over_positions
from keras_stylegan.ops.padding import reflect_pad


@keras.saving.register_keras_serializable(package="keras_stylegan")
class StyledConv2D(keras.layers.Layer):
    """Reflection-padded convolution, then conditional instance normalisation, then an activation.

    `y = activation(normalize(conv(x)) * scale + shift)`: every channel gets its mean and spread from the style
    (Dumoulin et al. 2017, A Learned Representation for Artistic Style, equation 5). There is no bias: the shift
    replaces it.

    With `normalize=False` the kernel is normalised instead, to unit gain per output channel, and no statistic of the
    image is used. A residual network that normalises only inside its branches keeps the amplitude of its trunk, so it
    need not smuggle it past the normalisation as the bright blobs known from StyleGAN (Karras et al. 2020, section 2).

    Args:
        filters: int, output channels.
        kernel_size: odd int, edge of the kernel in pixels.
        strides: int, 1 or 2.
        separable: bool, depthwise then pointwise convolution instead of a dense one.
        normalize: bool, normalise each output channel over the image (True) or the kernel (False).
        activation: `"relu"`, `"linear"` or another Keras activation.
        epsilon: float, added to the variance.

    Call arguments:
        inputs: tensor of shape `(batch, height, width, channels)`, height and width greater than `kernel_size // 2`.
        scale: tensor of shape `(batch, filters)`, or a map of the output's shape: a style for each position. The
            statistics are those of the whole picture in both cases.
        shift: tensor of the shape of `scale`.
        frozen: bool, take `scale` and `shift` as `freeze` returned them, with a picture's statistics in them: nothing
            is normalised any more.
        padded: bool, take `inputs` as padded already: the output loses what the kernel sees beyond it.

    Output shape:
        `(batch, ceil(height / strides), ceil(width / strides), filters)`.
    """

    def __init__(
        self,
        filters,
        kernel_size=3,
        strides=1,
        separable=False,
        normalize=True,
        activation="relu",
        epsilon=1e-5,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if filters < 1:
            raise ValueError(f"`filters` must be positive. Received: filters={filters}")
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"`kernel_size` must be odd and positive. Received: kernel_size={kernel_size}")
        if strides not in (1, 2):
            raise ValueError(f"`strides` must be 1 or 2. Received: strides={strides}")
        if separable and strides != 1:
            raise ValueError(f"`strides` must be 1 where `separable` is true. Received: strides={strides}")
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.separable = separable
        self.normalize = normalize
        self.activation = keras.activations.get(activation)
        self.epsilon = epsilon

    def build(self, inputs_shape, scale_shape, shift_shape):
        channels = inputs_shape[-1]
        size = (self.kernel_size, self.kernel_size)
        initializer = keras.initializers.VarianceScaling(1.0, "fan_in", "untruncated_normal")
        if self.separable:
            # Keras counts the fan of a depthwise kernel as if it were dense, so its spread is set by hand.
            self.depthwise_kernel = self.add_weight(
                name="depthwise_kernel",
                shape=(*size, channels, 1),
                initializer=keras.initializers.RandomNormal(stddev=1 / self.kernel_size),
            )
            self.kernel = self.add_weight(name="kernel", shape=(1, 1, channels, self.filters), initializer=initializer)
        else:
            self.kernel = self.add_weight(name="kernel", shape=(*size, channels, self.filters), initializer=initializer)

    def call(self, inputs, scale, shift, frozen=False, padded=False):
        x = self.convolve(inputs if padded else reflect_pad(inputs, self.kernel_size // 2))
        if self.normalize and not frozen:
            return self.activation(instance_norm(x, scale, shift, self.epsilon))
        scale, shift = ops.cast(scale, x.dtype), ops.cast(shift, x.dtype)
        return self.activation(x * over_positions(scale) + over_positions(shift))

    def freeze(self, inputs, scale, shift):
        """The scale and shift that do to other parts of a picture what normalising does to these.

        Args:
            inputs: tensor of shape `(parts, height, width, channels)`, all of one picture.
            scale, shift: tensors of shape `(1, filters)`.

        Returns:
            Scale and shift, float32 tensors of shape `(1, filters)`, for calls with `frozen=True`.
        """
        if not self.normalize:
            return scale, shift
        x = self.convolve(reflect_pad(inputs, self.kernel_size // 2))
        factor, offset = instance_affine(x, scale, shift, self.epsilon, axes=(0, 1, 2))
        return factor[:, 0, 0], offset[:, 0, 0]

    def convolve(self, padded):
        """The convolution alone, of inputs that are padded already."""
        if self.separable:
            padded = ops.depthwise_conv(padded, self._gained(self.depthwise_kernel, (0, 1)))
        return ops.conv(padded, self._gained(self.kernel, (0, 1, 2)), strides=self.strides)

    def _gained(self, kernel, axes):
        """The kernel at unit gain per output channel where the image is not normalised, else as it is."""
        if self.normalize:
            return kernel
        power = ops.sum(ops.square(ops.cast(kernel, "float32")), axis=axes, keepdims=True)
        return kernel * ops.cast(ops.rsqrt(power + 1e-8), kernel.dtype)

    def compute_output_shape(self, inputs_shape, scale_shape=None, shift_shape=None):
        batch, height, width, _ = inputs_shape
        height, width = (None if n is None else -(-n // self.strides) for n in (height, width))
        return batch, height, width, self.filters

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "separable": self.separable,
            "normalize": self.normalize,
            "activation": keras.activations.serialize(self.activation),
            "epsilon": self.epsilon,
        }
