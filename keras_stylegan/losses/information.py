"""How well codes can be read back from the pictures that were made with them."""

import math

from keras import ops


def categorical_code_loss(logits, codes):
    """Negative log-likelihood of a categorical code, in nats.

    Args:
        logits: tensor of shape `(batch, categories)`.
        codes: tensor of the same shape, one-hot rows.

    Returns:
        Tensor of shape `(batch,)`, float32. The entropy of the code minus its mean bounds the mutual information of
        code and picture from below.

    Source: Chen et al. 2016, "InfoGAN", equation 4.
    """
    return -ops.sum(ops.cast(codes, "float32") * ops.log_softmax(ops.cast(logits, "float32")), axis=-1)


def continuous_code_loss(means, codes, deviation=0.5):
    """Negative log-likelihood of continuous codes under normal distributions of fixed width, in nats.

    Args:
        means: tensor of shape `(batch, codes)`.
        codes: tensor of the same shape, in [-1, 1].
        deviation: float, standard deviation. (The paper lets it be learnt; where a code is read back exactly, it then
            shrinks and the term falls without bound.)

    Returns:
        Tensor of shape `(batch,)`, float32, summed over the codes.

    Source: Chen et al. 2016, section 6.
    """
    squares = ops.square((ops.cast(codes, "float32") - ops.cast(means, "float32")) / deviation)
    return ops.sum(0.5 * squares + math.log(deviation * math.sqrt(2.0 * math.pi)), axis=-1)
