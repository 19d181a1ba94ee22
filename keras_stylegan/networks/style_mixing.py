"""One style for a whole picture, or two."""

import keras
from keras import ops


class StyleMixing:
    """What generators with a style a layer, `num_styles` of them, do with the styles of whole pictures."""

    def broadcast(self, w):
        """One style for all layers: `(batch, style_dim)` to `(batch, num_styles, style_dim)`."""
        return ops.repeat(w[:, None], self.num_styles, axis=1)

    def mix(self, first, second, cutoff):
        """Style mixing: the layers before `cutoff` get the first style, the others the second.

        Args:
            first, second: tensors of shape `(batch, style_dim)`.
            cutoff: integer tensor of shape `(batch,)`, 0 to `num_styles`.

        Returns:
            Tensor of shape `(batch, num_styles, style_dim)`.

        Source: Karras et al. 2019, "A Style-Based Generator Architecture for Generative Adversarial Networks", 3.1.
        """
        before = ops.arange(self.num_styles)[None, :, None] < cutoff[:, None, None]
        return ops.where(before, first[:, None], second[:, None])

    def draw_cutoffs(self, count, probability, seed):
        """Random cutoffs, integers `(count,)`: a picture mixes two styles with this probability, or has one alone."""
        cutoff = keras.random.randint((count,), 1, self.num_styles, seed=seed)
        mixed = keras.random.uniform((count,), seed=seed) < probability
        return ops.where(mixed, cutoff, self.num_styles)


def check_mixing_probability(probability):
    """ValueError unless it is in [0, 1]."""
    if not 0 <= probability <= 1:
        raise ValueError(f"`mixing_probability` must be in [0, 1]. Received: mixing_probability={probability}")
