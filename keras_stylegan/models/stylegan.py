"""StyleGAN as it trains: style mixing, fresh noise, the mean style, growth."""

import keras

from keras_stylegan.models.players import batch_size
from keras_stylegan.models.progressive import ProgressiveGAN
from keras_stylegan.networks.style_mixing import check_mixing_probability


@keras.saving.register_keras_serializable(package="keras_stylegan")
class StyleGAN(ProgressiveGAN):
    """`ProgressiveGAN` of a `StyleGANGenerator`.

    Args:
        generator: built `StyleGANGenerator`.
        critic: built `ProgressiveCritic` of the same size.
        mixing_probability: float in [0, 1], share of pictures made of two styles.
        **kwargs: as for `ProgressiveGAN`.

    Drawn where missing from a batch: `latents`, `other_latents` `(batch, latent_dim)`; `cutoff` `(batch,)`, the layer
    from which the second style rules, and `noise` `(batch, noise_size)`.

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Karras et al. 2019, "A Style-Based Generator Architecture for Generative Adversarial Networks".
    """

    def __init__(self, generator, critic, mixing_probability=0.9, **kwargs):
        super().__init__(generator, critic, **kwargs)
        check_mixing_probability(mixing_probability)
        self.mixing_probability = mixing_probability

    def draw(self, batch):
        batch, size, seed = super().draw(batch), batch_size(batch), self.seed_generator
        if "other_latents" not in batch:
            batch["other_latents"] = self.draw_latents(size)
        if "cutoff" not in batch:
            batch["cutoff"] = self.generator.draw_cutoffs(size, self.mixing_probability, seed)
        if "noise" not in batch:
            batch["noise"] = keras.random.normal((size, self.generator.noise_size), seed=seed)
        return batch

    def imagine(self, batch):
        labels, generator = self.labels(batch), self.generator
        first, second = (generator.map_latents(batch[name], labels) for name in ("latents", "other_latents"))
        return generator.synthesize(generator.mix(first, second, batch["cutoff"]), batch["noise"])

    def generator_terms(self, batch):
        # Once a step: the critic's updates imagine without moving the mean style.
        self.generator.update_mean_style(self.generator.map_latents(batch["latents"], self.labels(batch)))
        return super().generator_terms(batch)

    def get_config(self):
        return {**super().get_config(), "mixing_probability": self.mixing_probability}
