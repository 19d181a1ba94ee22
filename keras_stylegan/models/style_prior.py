"""How far styles are from those that a generator was trained with."""

import numpy as np
from keras import ops

SAMPLES = 10_000
# Of the mean variance: directions in which the mapping network says nothing cost a finite amount.
RIDGE = 0.01


class StylePrior:
    """A normal distribution of styles, that of a generator's mapping network about the mean of its mean styles.

    Pictures can be made again better by styles which no latent has; what the generator makes of those is grain rather
    than a scene.

    Args:
        generator: built `StyleGAN2Generator`.

    Call arguments:
        offsets: float tensor `(batch, num_styles, style_dim)`, styles less the mean of the mean styles.

    Returns:
        Tensor `(batch,)`: mean over styles and directions of the squared offset in standard deviations; near 1 for the
        generator's own styles.

    Source: Mahalanobis distance; Zhu et al. 2020, "Improved StyleGAN Embedding" (arXiv 2012.09036).
    """

    def __init__(self, generator):
        rng = np.random.default_rng(0)
        latents = rng.normal(size=(SAMPLES, generator.latent_dim)).astype("float32")
        classes = generator.num_classes
        labels = np.eye(classes, dtype="float32")[rng.integers(classes, size=SAMPLES)] if classes else None
        styles = ops.convert_to_numpy(generator.map_latents(latents, labels)).astype("float64")
        mean = ops.convert_to_numpy(generator.mean_styles).mean(axis=0)
        values, vectors = np.linalg.eigh((styles - mean).T @ (styles - mean) / SAMPLES)
        self.whitening = (vectors / np.sqrt(values + RIDGE * values.mean())).astype("float32")

    def __call__(self, offsets):
        return ops.mean(ops.square(ops.matmul(offsets, ops.convert_to_tensor(self.whitening))), axis=(1, 2))
