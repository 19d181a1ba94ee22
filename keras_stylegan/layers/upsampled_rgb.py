"""The last convolution of a stylisation network: features to colours at twice the size."""

import keras
from keras import ops

from keras_stylegan.ops.normalization import over_positions
from keras_stylegan.ops.padding import reflect_pad


@keras.saving.register_keras_serializable(package="keras_stylegan")
class UpsampledRGB(keras.layers.Layer):
    """Nearest-neighbour resize x2 followed by a 3x3 convolution to three channels, computed at the small size.

    A 3x3 kernel over doubled pixels only ever sees 2x2 different ones, so the four output pixels that see the same
    ones are sums of the 3x3 kernel's taps over them: one 2x2 convolution to 12 channels and depth_to_space, in a
    quarter of the memory and four ninths of the products. Equal to the plain form but at the border, where the small
    picture is reflected and not the large one. The colours are float32 whatever the policy.

    Call arguments:
        inputs: tensor of shape `(batch, height, width, channels)`.
        shift: tensor of shape `(batch, 3)`, added to the colours, or a map of the output's shape.
        padded: bool, take `inputs` as padded already, by one: the output has two pixels less on each side.

    Output shape:
        `(batch, 2 * height, 2 * width, 3)`, float32.
    """

    def build(self, inputs_shape, shift_shape):
        self.kernel = self.add_weight(
            name="kernel",
            shape=(3, 3, inputs_shape[-1], 3),
            initializer=keras.initializers.VarianceScaling(0.25, "fan_in", "untruncated_normal"),
        )

    def call(self, inputs, shift, padded=False):
        x = ops.cast(self.convolve(inputs if padded else reflect_pad(inputs, 1)), "float32")
        return self.assemble(x) + over_positions(ops.cast(shift, "float32"))

    def convolve(self, padded):
        """The four colours that each 2x2 pixels of the padded inputs give, as `(batch, height - 1, width - 1, 12)`."""
        return ops.conv(padded, ops.cast(polyphase_kernel(self.kernel), padded.dtype))

    @staticmethod
    def assemble(phases):
        """The picture of what `convolve` returned: the blocks of four reach over its border by a pixel."""
        return ops.depth_to_space(phases, 2)[:, 1:-1, 1:-1]

    def compute_output_shape(self, inputs_shape, shift_shape=None):
        batch, height, width, _ = inputs_shape
        return batch, *(None if n is None else 2 * n for n in (height, width)), 3


def polyphase_kernel(kernel):
    """The kernel at the small size of a 3x3 convolution after nearest-neighbour doubling.

    Small rows y - 1 and y are all that the large rows 2y - 1 and 2y see of the small picture: the former as y - 1,
    y - 1, y, the latter as y - 1, y, y. `fold[p]` adds the taps up accordingly. Columns alike.

    Args:
        kernel: tensor of shape `(3, 3, channels, filters)`.

    Returns:
        Tensor of shape `(2, 2, channels, 4 * filters)`, for `depth_to_space` with block size 2, which then begins
        with large row and column -1.
    """
    # (phase, small tap, large tap)
    fold = ops.convert_to_tensor([[[1, 1, 0], [0, 0, 1]], [[1, 0, 0], [0, 1, 1]]], dtype=kernel.dtype)
    folded = ops.einsum("pyr,qxs,rsio->yxipqo", fold, fold, ops.convert_to_tensor(kernel))
    return ops.reshape(folded, (2, 2, kernel.shape[2], 4 * kernel.shape[3]))
