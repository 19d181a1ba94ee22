"""Numbers that change over a run, as data: functions of the images seen."""

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_stylegan")
class CosineSchedule:
    """Goes from a first value to a last along half a cosine, then stays.

    `v(t) = end + (start - end) * (1 + cos(pi * t / T)) / 2` for t < T, and `end` from then on.

    Args:
        start: float, value before the first image.
        end: float, value after the last.
        kimg: float, T in thousands of images.

    Call arguments:
        images_seen: number or scalar tensor.

    Returns:
        Scalar float32 tensor.

    Raises:
        ValueError: if `kimg` is not positive.

    Source: Huang et al. 2024, "The GAN is dead; long live the GAN!" (R3GAN), section 4 and appendix on training.
    """

    def __init__(self, start, end, kimg):
        if not kimg > 0:
            raise ValueError(f"`kimg` must be positive. Received: kimg={kimg}")
        self.start = start
        self.end = end
        self.kimg = kimg

    def __call__(self, images_seen):
        share = ops.minimum(ops.cast(images_seen, "float32") / (self.kimg * 1000.0), 1.0)
        return self.end + (self.start - self.end) * 0.5 * (1.0 + ops.cos(math.pi * share))

    def get_config(self):
        return {"start": self.start, "end": self.end, "kimg": self.kimg}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


@keras.saving.register_keras_serializable(package="keras_stylegan")
class LinearDecay:
    """Holds a value, then lets it fall to 0 along a line.

    Args:
        value: float.
        constant_kimg: float, thousands of images before it begins to fall.
        decay_kimg: float, thousands of images until it is 0.

    Call arguments:
        images_seen: number or scalar tensor.

    Returns:
        Scalar float32 tensor.

    Raises:
        ValueError: if `constant_kimg` is negative or `decay_kimg` not positive.

    Source: Zhu et al. 2017 (CycleGAN), section 4: as many epochs at the rate as on the way down.
    """

    def __init__(self, value, constant_kimg, decay_kimg):
        if constant_kimg < 0 or not decay_kimg > 0:
            raise ValueError(
                "`constant_kimg` must not be negative and `decay_kimg` must be positive. "
                f"Received: constant_kimg={constant_kimg}, decay_kimg={decay_kimg}"
            )
        self.value = value
        self.constant_kimg = constant_kimg
        self.decay_kimg = decay_kimg

    def __call__(self, images_seen):
        kimg = ops.cast(images_seen, "float32") / 1000.0
        return self.value * ops.clip(1.0 - (kimg - self.constant_kimg) / self.decay_kimg, 0.0, 1.0)

    def get_config(self):
        return {"value": self.value, "constant_kimg": self.constant_kimg, "decay_kimg": self.decay_kimg}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


@keras.saving.register_keras_serializable(package="keras_stylegan")
class HeadStart:
    """0 while another player is ahead, then a value.

    Args:
        value: float, or a schedule of the images seen.
        kimg: float, thousands of images before.

    Call arguments:
        images_seen: number or scalar tensor.

    Returns:
        Scalar float32 tensor.

    Raises:
        ValueError: if `kimg` is not positive.
    """

    def __init__(self, value, kimg):
        if not kimg > 0:
            raise ValueError(f"`kimg` must be positive. Received: kimg={kimg}")
        self.value = value
        self.kimg = kimg

    def __call__(self, images_seen):
        images_seen = ops.cast(images_seen, "float32")
        value = self.value(images_seen) if callable(self.value) else self.value
        return ops.where(images_seen < self.kimg * 1000.0, 0.0, value)

    def get_config(self):
        return {"value": keras.saving.serialize_keras_object(self.value), "kimg": self.kimg}

    @classmethod
    def from_config(cls, config):
        return cls(keras.saving.deserialize_keras_object(config["value"]), config["kimg"])


@keras.saving.register_keras_serializable(package="keras_stylegan")
class PerUpdate(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule over images as Keras' optimizers take it, over updates.

    Args:
        schedule: callable from images seen to a value.
        images: float, images of one update.
    """

    def __init__(self, schedule, images):
        self.schedule = schedule
        self.images = images

    def __call__(self, step):
        return self.schedule(ops.cast(step, "float32") * self.images)

    def get_config(self):
        return {"schedule": keras.saving.serialize_keras_object(self.schedule), "images": self.images}

    @classmethod
    def from_config(cls, config):
        return cls(keras.saving.deserialize_keras_object(config["schedule"]), config["images"])


@keras.saving.register_keras_serializable(package="keras_stylegan")
class ScheduledAdam(keras.optimizers.Adam):
    """Adam whose second decay rate follows a schedule; its bias correction uses the rate of the moment.

    Args:
        beta_2: `PerUpdate`, or other callable from the number of updates to a value; or a float.
        **kwargs: as for `keras.optimizers.Adam`.

    Source: R3GAN, where beta 2 goes from 0.9 to 0.99.
    """

    def __init__(self, beta_2=0.999, **kwargs):
        if isinstance(beta_2, dict):
            beta_2 = keras.saving.deserialize_keras_object(beta_2)
        super().__init__(beta_2=beta_2, **kwargs)

    @property
    def beta_2(self):
        return self._beta_2(self.iterations) if callable(self._beta_2) else self._beta_2

    @beta_2.setter
    def beta_2(self, value):
        self._beta_2 = value

    def get_config(self):
        # Adam's own entry would be the value of the moment.
        scheduled = keras.saving.serialize_keras_object(self._beta_2) if callable(self._beta_2) else self._beta_2
        return {**super().get_config(), "beta_2": scheduled}
