"""How much the images of a group differ, as a feature."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_stylegan")
class MinibatchStddev(keras.layers.Layer):
    """Appends a map with the standard deviation over a group of images, averaged over pixels and channels.

    A critic sees by it that generated images lack variety. Groups are strided: with a batch of N and groups of G, a
    group holds the images i, i + N/G, i + 2 N/G, ... Computed in float32. Images of a group depend on one another.

    Args:
        group_size: int, images in a group; a smaller batch is one group, and a batch that is not a multiple of it
            is divided into groups of its largest divisor below. A prime batch has groups of one, which say nothing.
        epsilon: float, added to the variance.

    Call arguments:
        inputs: tensor of shape `(batch, height, width, channels)`.

    Output shape:
        `(batch, height, width, channels + 1)`.

    Raises:
        ValueError: if `group_size` is less than 1.

    Source: Karras et al. 2018, "Progressive Growing of GANs", section 3. Where the batch is no multiple of the group
    the paper's code stops; here a batch that a replica gets uneven still trains.
    """

    def __init__(self, group_size=4, epsilon=1e-8, **kwargs):
        super().__init__(**kwargs)
        if group_size < 1:
            raise ValueError(f"`group_size` must be positive. Received: group_size={group_size}")
        self.group_size = group_size
        self.epsilon = epsilon

    def call(self, inputs):
        batch, height, width, channels = ops.shape(inputs)
        group = self._group(batch)
        exact = self.variable_dtype  # float32, or float64 where everything is
        x = ops.reshape(ops.cast(inputs, exact), (group, -1, height, width, channels))
        variance = ops.mean(ops.square(x - ops.mean(x, axis=0, keepdims=True)), axis=0)
        deviation = ops.mean(ops.sqrt(variance + self.epsilon), axis=(1, 2, 3), keepdims=True)
        deviation = ops.tile(ops.cast(deviation, inputs.dtype), (group, height, width, 1))
        return ops.concatenate([inputs, deviation], axis=-1)

    def _group(self, batch):
        """The largest divisor of the batch that is at most the group size."""
        if isinstance(batch, int):
            return max(g for g in range(1, self.group_size + 1) if batch % g == 0)
        candidates = ops.arange(1, self.group_size + 1)
        return ops.max(ops.where(ops.equal(batch % candidates, 0), candidates, 1))

    def compute_output_shape(self, inputs_shape):
        return *inputs_shape[:-1], inputs_shape[-1] + 1

    def get_config(self):
        return {**super().get_config(), "group_size": self.group_size, "epsilon": self.epsilon}
