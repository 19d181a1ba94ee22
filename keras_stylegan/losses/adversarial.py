"""Adversarial objectives as pairs: what the discriminator minimises and what the generator minimises.

Every function takes logits of shape `(batch,)`, `(batch, 1)` or a map such as `(batch, height, width, 1)` and returns
one value per image, shape `(batch,)`, in float32 (float64 logits stay float64).
"""

import collections

import keras
from keras import ops

from keras_stylegan.choices import did_you_mean
from keras_stylegan.ops.gradients import sum_over_replicas

AdversarialPair = collections.namedtuple("AdversarialPair", ["generator", "discriminator", "relativistic"])
AdversarialPair.__doc__ = """An adversarial objective.

Attributes:
    generator: callable `(real_logits, fake_logits)` to the generator's loss, shape `(batch,)`; `real_logits` may be
        None unless `relativistic`.
    discriminator: callable `(real_logits, fake_logits)` to the discriminator's loss, shape `(batch,)`.
    relativistic: bool, whether the generator's loss needs the logits of real images.
"""


def _logits(values):
    """Half precision cannot hold the exponentials below."""
    values = ops.convert_to_tensor(values)
    return values if keras.backend.standardize_dtype(values.dtype) == "float64" else ops.cast(values, "float32")


def _per_image(values):
    return ops.mean(values, axis=tuple(range(1, len(values.shape)))) if len(values.shape) > 1 else values


def _pair(of_real, of_fake, of_generator):
    """A pair whose terms look at one kind of image each; the three functions map logits to losses elementwise."""

    def discriminator(real_logits, fake_logits):
        return _per_image(of_real(_logits(real_logits))) + _per_image(of_fake(_logits(fake_logits)))

    def generator(real_logits, fake_logits):
        return _per_image(of_generator(_logits(fake_logits)))

    return AdversarialPair(generator, discriminator, relativistic=False)


def _require_real(name, real_logits):
    if real_logits is None:
        raise ValueError(f"`real_logits` must be given to the generator's loss of `{name}`. Received: real_logits=None")


def _relativistic_discriminator(real_logits, fake_logits):
    return _per_image(ops.softplus(_logits(fake_logits) - _logits(real_logits)))


def _relativistic_generator(real_logits, fake_logits):
    _require_real("relativistic", real_logits)
    return _relativistic_discriminator(fake_logits, real_logits)


def _global_mean(logits):
    """Mean over the batch of all replicas, so that training does not depend on how the batch is divided."""
    total, count = sum_over_replicas([ops.sum(logits), ops.cast(ops.size(logits), logits.dtype)])
    return total / count


def _average_discriminator(real_logits, fake_logits):
    real, fake = _logits(real_logits), _logits(fake_logits)
    real_mean, fake_mean = _global_mean(real), _global_mean(fake)
    return _per_image(ops.softplus(fake_mean - real)) + _per_image(ops.softplus(fake - real_mean))


def _average_generator(real_logits, fake_logits):
    _require_real("relativistic_average", real_logits)
    return _average_discriminator(fake_logits, real_logits)


ADVERSARIAL_LOSSES = {
    # Goodfellow et al. 2014, equation 1: the generator minimises log(1 - sigmoid(D(G(z)))).
    "minimax": _pair(lambda x: ops.softplus(-x), ops.softplus, lambda x: -ops.softplus(x)),
    # Goodfellow et al. 2014, section 3: the generator maximises log sigmoid(D(G(z))).
    "non_saturating": _pair(lambda x: ops.softplus(-x), ops.softplus, lambda x: ops.softplus(-x)),
    # Mao et al. 2017, equation 9: targets 1, 0 and 1, each term halved.
    "least_squares": _pair(
        lambda x: 0.5 * ops.square(x - 1.0), lambda x: 0.5 * ops.square(x), lambda x: 0.5 * ops.square(x - 1.0)
    ),
    # Arjovsky et al. 2017, algorithm 1. Needs clipped weights or a gradient penalty.
    "wasserstein": _pair(lambda x: -x, lambda x: x, lambda x: -x),
    # Lim and Ye 2017; Miyato et al. 2018, equations 16 and 17.
    "hinge": _pair(lambda x: ops.relu(1.0 - x), lambda x: ops.relu(1.0 + x), lambda x: -x),
    # Jolicoeur-Martineau 2018, section 4.1; Huang et al. 2024 (R3GAN): real and fake are paired by index.
    "relativistic": AdversarialPair(_relativistic_generator, _relativistic_discriminator, relativistic=True),
    # Jolicoeur-Martineau 2018, section 4.2: against the mean logit of the other kind.
    "relativistic_average": AdversarialPair(_average_generator, _average_discriminator, relativistic=True),
}


def adversarial_loss(name):
    """Looks an adversarial objective up by name.

    Args:
        name: one of "minimax", "non_saturating", "least_squares", "wasserstein", "hinge", "relativistic",
            "relativistic_average".

    Returns:
        `AdversarialPair`.

    Raises:
        ValueError: if the name is unknown.
    """
    if name not in ADVERSARIAL_LOSSES:
        raise ValueError(
            f"`name` must be one of {sorted(ADVERSARIAL_LOSSES)}. "
            f"Received: name={name!r}{did_you_mean(name, ADVERSARIAL_LOSSES)}"
        )
    return ADVERSARIAL_LOSSES[name]
