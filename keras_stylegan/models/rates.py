"""Learning rates that can be lowered while training, also those that follow a schedule."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_stylegan")
class ScaledSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule times a factor.

    Args:
        schedule: `keras.optimizers.schedules.LearningRateSchedule`.
        factor: float, or a scalar variable that may change while training.
    """

    def __init__(self, schedule, factor=1.0):
        self.schedule = schedule
        self.factor = factor

    def __call__(self, step):
        rate = self.schedule(step)
        return rate * ops.cast(self.factor, rate.dtype)

    def get_config(self):
        return {"schedule": self.schedule, "factor": float(ops.convert_to_numpy(ops.copy(self.factor)))}


def scale_schedule(optimizer, name):
    """Puts a factor, 1 at first, before the schedule of an optimizer.

    Args:
        optimizer: `keras.optimizers.Optimizer`.
        name: string, name of the variable.

    Returns:
        The factor, a scalar variable; None for an optimizer whose rate is a variable itself.
    """
    schedule = getattr(optimizer, "_learning_rate", None)  # the public name gives the present value alone
    if not isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        return None
    factor = keras.Variable(1.0, dtype="float32", trainable=False, name=name)
    optimizer.learning_rate = ScaledSchedule(schedule, factor)
    return factor


class PlayerRate:
    """The learning rate of one player, read and set as an optimizer's.

    Args:
        update: `PlayerUpdate`.
    """

    def __init__(self, update):
        self._update = update
        self.name = update.player.name

    @property
    def learning_rate(self):
        """Float, the rate of the next update."""
        return float(ops.convert_to_numpy(ops.copy(ops.convert_to_tensor(self._update.optimizer.learning_rate))))

    @learning_rate.setter
    def learning_rate(self, value):
        if self._update.rate_factor is None:
            self._update.optimizer.learning_rate = value
        elif self.learning_rate > 0:  # of a schedule that is at 0 nothing else can be made
            self.scale(value / self.learning_rate)

    def scale(self, factor):
        """Multiplies the rate, of a schedule also where it is 0 at the moment."""
        if self._update.rate_factor is None:
            self.learning_rate = self.learning_rate * factor
        else:
            self._update.rate_factor.assign(ops.copy(self._update.rate_factor.value) * factor)


class PlayerOptimizers:
    """What Keras' callbacks see as `model.optimizer`: several optimizers, named after the players.

    `ReduceLROnPlateau` lowers the rate of each; `TensorBoard` and the logs show `learning_rate_PLAYER`.

    Args:
        updates: list of `PlayerUpdate`.
    """

    built = True

    def __init__(self, updates):
        self._updates = list(updates)
        self.optimizers = [PlayerRate(update) for update in self._updates]

    @property
    def iterations(self):
        """Updates of the last player, by custom the generator, one a step."""
        return self._updates[-1].optimizer.iterations

    @property
    def variables(self):
        """The variables of all optimizers."""
        return [variable for update in self._updates for variable in update.optimizer.variables]
