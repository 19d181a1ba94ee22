"""Constraints on weights."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_stylegan")
class ClipWeights(keras.constraints.Constraint):
    """Clips every weight to `[-limit, limit]` after each update, the original Lipschitz constraint of a critic.

    Example:

    ```python
    keras.layers.Dense(1, kernel_constraint=ClipWeights(0.01), bias_constraint=ClipWeights(0.01))
    ```

    Args:
        limit: float, positive; the paper uses 0.01.

    Raises:
        ValueError: if `limit` is not positive.

    Source: Arjovsky et al. 2017, "Wasserstein GAN", algorithm 1.
    """

    def __init__(self, limit=0.01):
        if not limit > 0:
            raise ValueError(f"`limit` must be positive. Received: limit={limit}")
        self.limit = limit

    def __call__(self, w):
        return ops.clip(w, -self.limit, self.limit)

    def get_config(self):
        return {"limit": self.limit}
