"""Pictures of earlier generators, shown to a critic again."""

import keras
from keras import ops

from keras_stylegan.ops.gradients import gather_over_replicas


class HistoryBuffer:
    """Holds generated pictures; of a batch that passes through, some are exchanged for older ones.

    While the buffer fills, pictures are stored and passed on. Then each is, with probability 1/2, exchanged for the one
    in a random place, which takes it in. All replicas hold the same buffer: what each of them passes is joined in the
    order of the global batch.

    Args:
        capacity: int, pictures held.
        shape: `(height, width, channels)` of a picture.
        name: string, of the variables.

    Attributes:
        variables: list of the two that are its state: the pictures, and how many of them are filled.

    Raises:
        ValueError: if `capacity` is not positive.

    Source: Shrivastava et al. 2017, "Learning from Simulated and Unsupervised Images through Adversarial Training",
    section 2.3; exchange by halves: Zhu et al. 2017 (CycleGAN), section 4 and its code. Where two pictures of a batch
    are exchanged for the same place, both get the older one and the later stays.
    """

    def __init__(self, capacity, shape, name="history"):
        if capacity < 1:
            raise ValueError(f"`capacity` must be positive. Received: capacity={capacity}")
        self.capacity = capacity
        self.pictures = keras.Variable(
            ops.zeros((capacity, *shape)), dtype="float32", trainable=False, name=f"{name}_pictures"
        )
        self.count = keras.Variable(0, dtype="int", trainable=False, name=f"{name}_count")

    @property
    def variables(self):
        return [self.pictures, self.count]

    def exchange(self, images, draws):
        """Passes a batch through; nothing changes for a batch that is not finite.

        Args:
            images: tensor of shape `(batch, height, width, channels)`.
            draws: tensor of shape `(batch, 2)`, uniform in [0, 1): below 1/2 the first exchanges, the second chooses
                the place.

        Returns:
            Tensor of the shape of `images`.
        """
        images = ops.cast(images, "float32")
        together, first = gather_over_replicas(images)
        draws, _ = gather_over_replicas(draws)
        total = ops.shape(together)[0]
        order = ops.cast(self.count, "int32") + ops.arange(total, dtype="int32")
        filling = order < self.capacity
        places = ops.cast(draws[:, 1] * self.capacity, "int32")
        exchanging = ops.logical_and(ops.logical_not(filling), draws[:, 0] < 0.5)
        held = self._put(self.pictures.value, together, order, filling)
        older = ops.take(held, places, axis=0)
        passed = ops.where(exchanging[:, None, None, None], older, together)
        held = self._put(held, together, places, exchanging)
        finite = ops.all(ops.isfinite(together))
        self.pictures.assign(ops.where(finite, held, self.pictures.value))
        count = ops.minimum(ops.cast(self.count, "int32") + total, self.capacity)
        self.count.assign(ops.cast(ops.where(finite, count, ops.cast(self.count, "int32")), self.count.dtype))
        return ops.slice(passed, (first, 0, 0, 0), ops.shape(images))

    def _put(self, held, images, places, chosen):
        """`held` with the chosen images in their places; of several for one place the last."""
        total = ops.shape(images)[0]
        here = ops.logical_and(places[None] == ops.arange(self.capacity, dtype="int32")[:, None], chosen[None])
        last = ops.max(ops.where(here, ops.arange(total, dtype="int32")[None], -1), axis=1)
        return ops.where((last >= 0)[:, None, None, None], ops.take(images, ops.maximum(last, 0), axis=0), held)
