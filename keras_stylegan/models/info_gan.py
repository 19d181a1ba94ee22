"""InfoGAN: part of the latent is to be read back from the picture."""

import keras

from keras_stylegan.layers.code_head import CodeHead
from keras_stylegan.losses.information import categorical_code_loss, continuous_code_loss
from keras_stylegan.models.noise_to_image import NoiseToImage
from keras_stylegan.models.players import Player
from keras_stylegan.networks.coded import CodedGenerator, CodeReader


@keras.saving.register_keras_serializable(package="keras_stylegan")
class InfoGAN(NoiseToImage):
    """`NoiseToImage` whose generator and critic also maximise the information that pictures carry about codes.

    Both players get the term `code_weight * (-log Q(codes | picture))`, in which Q is a head on the critic's body; the
    critic's player trains it.

    Args:
        generator: built `CodedGenerator`.
        critic: built critic with `features` and `feature_size`.
        code_weight: float, lambda of the categorical codes.
        continuous_weight: float, lambda of the continuous codes.
        **kwargs: as for `NoiseToImage`.

    Raises:
        ValueError: if the generator has no codes, or an argument breaks its rule.

    Source: Chen et al. 2016, "InfoGAN", equation 6.
    """

    def __init__(self, generator, critic, code_weight=1.0, continuous_weight=0.1, **kwargs):
        super().__init__(generator, critic, **kwargs)
        if not isinstance(generator, CodedGenerator):
            raise ValueError(f"`generator` must be a CodedGenerator. Received: {type(generator).__name__}")
        self.code_weight = code_weight
        self.continuous_weight = continuous_weight
        self.code_head = CodeHead(generator.code_size, name="code_head")
        self.code_head.build((None, critic.feature_size))

    def players(self):
        critic, generator = super().players()
        networks = [*critic.networks, self.code_head]
        return [Player("critic", networks, critic.loss, critic.steps, critic.regularizers), generator]

    def more_critic_terms(self, real, fake, batch):
        return {**super().more_critic_terms(real, fake, batch), "code": self.code_term(fake, batch)}

    def more_generator_terms(self, fake, batch):
        return {**super().more_generator_terms(fake, batch), "code": self.code_term(fake, batch)}

    @property
    def code_reader(self):
        """The critic's body and the head as a network of their own: what reads codes from pictures."""
        return CodeReader(self.critic, self.code_head, name="code_reader")

    def code_term(self, images, batch):
        """Weighted negative log-likelihood of a batch's codes, of shape `(batch,)`."""
        codes = self.generator.codes(batch["latents"])
        read = self.code_head(self.critic.features(images, None, training=True))
        total, start = 0.0, 0
        for count in self.generator.categorical:
            part = slice(start, start + count)
            total = total + self.code_weight * categorical_code_loss(read[:, part], codes[:, part])
            start += count
        if self.generator.continuous:
            total = total + self.continuous_weight * continuous_code_loss(read[:, start:], codes[:, start:])
        return total

    def get_config(self):
        weights = {"code_weight": self.code_weight, "continuous_weight": self.continuous_weight}
        return {**super().get_config(), **weights}
