"""The averaged copy of a network, which is the one to evaluate and to ship."""

from keras import ops


def copy_network(network):
    """Makes a network of the same configuration with the same values, on variables of its own.

    Args:
        network: built layer or model with a complete `get_config()`.

    Returns:
        A layer or model of the same class, not trainable.

    Raises:
        ValueError: if the copy made from the configuration does not have the same weights.
    """
    copy = type(network).from_config(network.get_config())
    if not copy.built:
        copy.build_from_config(network.get_build_config())
    shapes = [tuple(v.shape) for v in network.weights]
    copied = [tuple(v.shape) for v in copy.weights]
    if shapes != copied:
        raise ValueError(
            f"`network` must be rebuilt by its configuration with the same weights. Received: network={network.name} "
            f"with {len(shapes)} weights, whose copy has {len(copied)} or other shapes"
        )
    copy.set_weights(network.get_weights())
    copy.trainable = False
    return copy


class AveragedNetwork:
    """An exponential moving average of a network over the images seen: weights averaged, buffers copied.

    Per update on a batch, `average <- beta * average + (1 - beta) * weight`, with
    `beta = 0.5 ** (batch / half_life)`: the half-life is counted in images, so the average does not depend on the
    batch size. Variables that no optimizer changes (moving statistics, the mean latent) are copied.

    Args:
        network: built layer or model.
        half_life_kimg: float, half-life in thousands of images; or a schedule of it over the images seen, such as
            `CosineSchedule`.
        ramp_up: None or float; with a number, the half-life is at most `ramp_up * images_seen`, so that the first
            networks are forgotten soon.

    Raises:
        ValueError: if `half_life_kimg` or `ramp_up` is not positive.

    Source: Karras et al. 2018, "Progressive Growing of GANs", section 4 (the average); 2020, "Training Generative
    Adversarial Networks with Limited Data", reference code (half-life in images, ramp-up, copied buffers).
    """

    def __init__(self, network, half_life_kimg=10.0, ramp_up=None):
        if not callable(half_life_kimg) and not half_life_kimg > 0:
            raise ValueError(f"`half_life_kimg` must be positive. Received: half_life_kimg={half_life_kimg}")
        if ramp_up is not None and not ramp_up > 0:
            raise ValueError(f"`ramp_up` must be None or positive. Received: ramp_up={ramp_up}")
        self.half_life_kimg = half_life_kimg
        self.ramp_up = ramp_up
        self.source = network
        self.network = copy_network(network)

    def decay(self, batch, images_seen):
        """The factor `beta` of the old average.

        Args:
            batch: scalar tensor or number, images in this update, over all replicas.
            images_seen: scalar tensor or number, images seen before this update.

        Returns:
            Scalar float32 tensor in [0, 1].
        """
        half_life = self.half_life_kimg(images_seen) if callable(self.half_life_kimg) else self.half_life_kimg
        half_life = ops.convert_to_tensor(half_life * 1000.0, "float32")
        if self.ramp_up is not None:
            half_life = ops.minimum(half_life, self.ramp_up * ops.cast(images_seen, "float32"))
        return ops.power(0.5, ops.cast(batch, "float32") / ops.maximum(half_life, 1e-8))

    def update(self, batch, images_seen):
        """Moves the average towards the network; arguments as for `decay`."""
        decay = self.decay(batch, images_seen)
        for average, value in zip(self.network.weights, self.source.weights, strict=True):
            if value.trainable:
                average.assign(average + (value - average) * ops.cast(1.0 - decay, average.dtype))
            else:
                average.assign(value)
