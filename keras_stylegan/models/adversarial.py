"""The alternating training step of every adversarial system, written once."""

import types

import keras
from keras import ops

from keras_stylegan.models.averaging import AveragedNetwork
from keras_stylegan.models.compiling import load_counters, optimizers_for, save_counters
from keras_stylegan.models.picture_batches import first_of
from keras_stylegan.models.players import batch_size, check_players, clip_limits, split_batch
from keras_stylegan.models.rates import PlayerOptimizers
from keras_stylegan.models.updates import PlayerUpdate
from keras_stylegan.ops import gradients as grad
from keras_stylegan.ops.seeds import ReplicaSeedGenerator

_NO_EVALUATION = (
    "A model of several players has no one loss to evaluate: leave `validation_data` out, and score pictures "
    "(`keras_stylegan.metrics`, `keras-stylegan evaluate`)."
)


class _StopOnBadUpdates(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        self.model.check_updates()


def _numbered(groups):
    return {f"{group}/{i:04d}": v for group, variables in groups.items() for i, v in enumerate(variables)}


class AdversarialModel(keras.Model):
    """A model trained by several players, each with networks, a loss and an optimizer of its own.

    A child builds its networks in `__init__` and overrides `players`; usually also `draw`, which adds the random
    numbers of a step to the batch, and `averaged_network`. It trains with `fit` on the TensorFlow and torch backends,
    under `tf.distribute.MirroredStrategy` if made and compiled in its scope, and with `make_step` on every backend.
    Keras' callbacks that read or set `model.optimizer.learning_rate` find the players' there, one by one.
    The data is a dict of tensors with the leading axis `batch`. An update on N replicas equals the update on one
    device with the same global batch, as far as the networks treat the images of a batch independently.

    A file of a compiled model (`.keras`, `.weights.h5`) holds optimizers, counters and the average too: loaded, it
    predicts the same and trains on.

    Logs: each term as `player/term`, their sum `player/loss`, `player/gradient_norm` before clipping (means over the
    player's updates of the step), `player/skipped_updates` since the start, and `images_seen`.

    Args:
        seed: int or None, seed of `self.seed_generator`, the generator for the draws of a step.
    """

    def __init__(self, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = ReplicaSeedGenerator(seed)

    def players(self):
        """Returns the list of `Player`, in the order of their updates. To be overridden."""
        raise NotImplementedError("A child of AdversarialModel must override `players`.")

    def draw(self, batch):
        """Adds the random numbers of a step, drawn with `self.seed_generator`, to the batch. May be overridden.

        A key that is already present is to be kept, so that a caller can feed its own draws.

        Args:
            batch: dict of tensors with the leading axis `batch`.

        Returns:
            Dict of tensors with the leading axis `batch`.
        """
        return batch

    def signals(self):
        """What every step logs beside the players' terms, such as the state of a controller. May be overridden.

        Part of the traced step. For a few figures of this step; what is gathered over many belongs into `report`.

        Returns:
            Dict from log name to scalar tensor, equal on all replicas.
        """
        return {}

    def averaged_network(self):
        """Returns the network of which `compile(ema=...)` keeps an average. May be overridden."""
        return self.generator

    def frozen_networks(self):
        """Returns the networks that the model reads and never changes. May be overridden.

        Checkpoints leave their weights out: they come with the preset, and only their checksum is held.
        """
        return []

    def report(self):
        """Returns figures too many for every step, as a dict from log name to float. May be overridden.

        Called outside of the traced step, once in an interval of the log (`callbacks.ModelReport`): they are means over
        the steps since the last call, which starts them anew. What one step can say of itself is one of its `signals`.
        """
        return {}

    def as_batch(self, x, y=None):
        """Makes a batch of what `fit` was given. May be overridden, to take more than dicts.

        Args:
            x: dict of tensors with the leading axis `batch`.
            y: None.

        Returns:
            Dict of tensors with the leading axis `batch`.

        Raises:
            ValueError: if it is something else.
        """
        if not isinstance(x, dict) or y is not None:
            beside = "" if y is None else ", and targets beside it"
            raise ValueError(f"The data must be a dict of tensors. Received: {type(x).__name__}{beside}")
        return dict(x)

    def check_first(self, batch):
        """Looks at the values of the first batch of a `fit`, which a graph cannot. May be overridden.

        Args:
            batch: what `as_batch` made.

        Raises:
            ValueError: if they are wrong.
        """

    def compile(self, optimizers, updates="alternating", clip_norm=None, max_bad_updates=10, ema=None, **kwargs):
        """Prepares the model for training; the networks must be built.

        Args:
            optimizers: dict from player name to `keras.optimizers.Optimizer` or the name of one; or one of these, of
                which each player gets a copy.
            updates: "alternating", where each player sees the others as already updated in this step, or
                "simultaneous", where all gradients are taken at the same weights.
            clip_norm: None, float, or dict from player name to either: limit of the global norm of the gradient.
            max_bad_updates: int, training stops after so many updates of one player in a row were skipped because
                the gradient was not finite.
            ema: None, or a dict of arguments of `AveragedNetwork`: `half_life_kimg`, `ramp_up`.
            **kwargs: `run_eagerly`, `jit_compile` and `steps_per_execution` of `keras.Model.compile`.

        Raises:
            ValueError: if the optimizers do not match the players, a network is not built, a variable has two owners,
                or an argument is out of range.
        """
        if updates not in ("alternating", "simultaneous"):
            raise ValueError(f'`updates` must be "alternating" or "simultaneous". Received: updates={updates!r}')
        if max_bad_updates < 1:
            raise ValueError(f"`max_bad_updates` must be at least 1. Received: max_bad_updates={max_bad_updates}")
        players = self.players()
        optimizers = optimizers_for(players, optimizers)
        check_players(players, optimizers, updates)
        limits = clip_limits(clip_norm, optimizers)
        # As files hold it; taken before the updates are made, which put a factor before schedules.
        own = {"updates": updates, "clip_norm": clip_norm, "max_bad_updates": max_bad_updates, "ema": ema}
        config = keras.saving.serialize_keras_object({"optimizers": optimizers, **own, **kwargs})
        super().compile(optimizer=None, **kwargs)
        buffers = list({id(v): v for player in players for v in player.buffers}.values())
        # A plain object, into which Keras does not look: `weights` are those of the networks alone.
        self._training = types.SimpleNamespace(
            updates=[PlayerUpdate(player, optimizers[player.name], limits[player.name], buffers) for player in players],
            average=None if ema is None else AveragedNetwork(self.averaged_network(), **ema),
            buffers=buffers,
            images_seen=keras.Variable(0, dtype="int", trainable=False, name="images_seen"),
            simultaneous=updates == "simultaneous",
            max_bad_updates=max_bad_updates,
            config=config,
        )
        self.optimizer = PlayerOptimizers(self._training.updates)
        self.built = True

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Nothing: `compile` demands built networks.

        Under a strategy Keras 3.15 would add up the replicas' parts of a first batch to see its shape, which fails
        where the batch does not divide evenly.
        """

    def get_compile_config(self):
        training = getattr(self, "_training", None)
        return None if training is None else training.config

    def compile_from_config(self, config):
        self.compile(**keras.saving.deserialize_keras_object(config))

    def save_own_variables(self, store):
        super().save_own_variables(store)
        save_counters(store, self._counters())

    def load_own_variables(self, store):
        super().load_own_variables(load_counters(store, self._counters()))

    def _compiled(self):
        if getattr(self, "_training", None) is None:
            raise ValueError("Call `compile(optimizers=...)` before training.")
        return self._training

    @property
    def images_seen(self):
        """Integer variable, images taken from the data so far, over all replicas."""
        return self._compiled().images_seen

    def now(self, value):
        """The value of a number, or of a schedule at the images seen so far."""
        return value(ops.cast(self.images_seen, "float32")) if callable(value) else value

    @property
    def ema(self):
        """The averaged copy of `averaged_network()`, or None without `compile(ema=...)`."""
        average = self._compiled().average
        return None if average is None else average.network

    @property
    def sampler(self):
        """The network to use and to ship: the average where one is kept, otherwise `averaged_network()` itself."""
        training = getattr(self, "_training", None)
        average = None if training is None else training.average
        return self.averaged_network() if average is None else average.network

    @property
    def optimizers(self):
        """Dict from player name to optimizer."""
        return {update.player.name: update.optimizer for update in self._compiled().updates}

    def _frozen(self):
        return {id(v): v for network in self.frozen_networks() for v in network.weights}

    def state_variables(self):
        """All variables that a training step may change: what a checkpoint holds for an exact resume.

        Returns:
            Dict from a name that is the same in every process to `keras.Variable`, in a fixed order.
        """
        training = self._compiled()
        frozen = self._frozen()
        own = [variable for variable in self.variables if id(variable) not in frozen]
        groups = {"model": own, "images_seen": [training.images_seen]}
        groups |= {update.player.name: update.state for update in training.updates}
        if training.average is not None:
            groups["ema"] = training.average.network.variables
        return _numbered(groups)

    def _counters(self):
        """The state variables that are neither weights nor an optimizer's, which Keras itself puts into a file."""
        training = getattr(self, "_training", None)
        if training is None:
            return {}
        weights = {id(variable) for variable in self.weights}
        seeds = [variable for variable in self.variables if id(variable) not in weights]
        groups = {update.player.name: update.counters for update in training.updates}
        return _numbered({"seeds": seeds, "images_seen": [training.images_seen], **groups})

    def update_step(self, batch):
        """Trains every player on a batch, in graph mode or eagerly, on any backend.

        Args:
            batch: dict of tensors with the leading axis `batch` (on several replicas, this replica's part).

        Returns:
            Dict from log name to scalar tensor.
        """
        training = self._compiled()
        batch = self.as_batch(batch)
        with grad.pause_recording():
            batch = self.draw(batch)
            # A list per player with the results of its updates; an update's gradients are let go once applied.
            if training.simultaneous:
                together = [update.gradients(batch) for update in training.updates]
                results = [[update.apply(*r)] for update, r in zip(training.updates, together, strict=True)]
            else:
                results = [
                    [update.apply(*update.gradients(part)) for part in split_batch(batch, update.player.steps)]
                    for update in training.updates
                ]
            logs = {}
            for update, done in zip(training.updates, results, strict=True):
                logs |= update.logs(done)
            count = grad.sum_over_replicas(ops.cast(batch_size(batch), "float32"))
            grad.average_over_replicas(training.buffers)
            if training.average is not None:
                training.average.update(count, training.images_seen)
            training.images_seen.assign(training.images_seen + ops.cast(count, training.images_seen.dtype))
            return logs | self.signals() | {"images_seen": ops.convert_to_tensor(training.images_seen)}

    def train_step(self, data):
        """One step of `fit`."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        if sample_weight is not None:
            raise ValueError("The data must have no sample weights.")
        return self.update_step(x if y is None else self.as_batch(x, y))

    def evaluate(self, *args, **kwargs):
        """Refuses, as the losses of players that move against each other say nothing of the pictures.

        Raises:
            ValueError: always.
        """
        raise ValueError(_NO_EVALUATION)

    def fit(self, x=None, y=None, **kwargs):
        """Trains as `keras.Model.fit`, and stops with an error after `max_bad_updates` bad updates in a row.

        Args:
            x: `tf.data.Dataset` or other source of what `as_batch` takes: dicts of tensors; or such a dict of arrays.
            y: None, or what `as_batch` takes beside it. (Of arrays and `tf.data.Dataset` the first batch is looked at
                before training.)
            **kwargs: keyword arguments of `keras.Model.fit`.

        Returns:
            `keras.callbacks.History`.

        Raises:
            ValueError: as `as_batch` and `check_first`, or for validation data.
            FloatingPointError: after `max_bad_updates` skipped updates of one player in a row.
            NotImplementedError: on the JAX backend, where `make_step` is to be used.
        """
        if keras.backend.backend() == "jax":
            raise NotImplementedError("`fit` does not run adversarial models on the JAX backend: use `make_step()`.")
        if kwargs.get("validation_data") is not None or kwargs.get("validation_split"):
            raise ValueError(_NO_EVALUATION)
        first, beside = first_of(x, y)
        if first is not None:
            self.check_first(self.as_batch(first, beside))
        callbacks = kwargs.pop("callbacks", None) or []
        callbacks = [callbacks] if isinstance(callbacks, keras.callbacks.Callback) else list(callbacks)
        return super().fit(x, y, callbacks=[*callbacks, _StopOnBadUpdates()], **kwargs)

    def make_step(self, check=True):
        """Compiles the training step for a loop of one's own, on any backend.

        Args:
            check: bool, whether to raise FloatingPointError as `fit` does. A loop that rolls back itself calls
                `check_updates` after it has had its chance.

        Returns:
            Callable from a batch (dict of arrays with the leading axis `batch`) to a dict of floats, the logs.
        """
        variables = [*self.state_variables().values(), *self._frozen().values()]
        step = grad.compile_step(self.update_step, variables, jit_compile=self.jit_compile)

        def run(batch):
            logs = step({name: ops.convert_to_tensor(value) for name, value in batch.items()})
            if check:
                self.check_updates()
            return {name: float(ops.convert_to_numpy(value)) for name, value in logs.items()}

        return run

    def failing_player(self):
        """Returns `(name, skipped)` of a player whose last `max_bad_updates` updates were all skipped, or None."""
        training = self._compiled()
        for update in training.updates:
            skipped = int(ops.convert_to_numpy(ops.copy(update.skipped_in_row.value)))
            if skipped >= training.max_bad_updates:
                return update.player.name, skipped
        return None

    def check_updates(self):
        """Raises FloatingPointError if a player's last `max_bad_updates` updates were all skipped."""
        failing = self.failing_player()
        if failing is not None:
            name, skipped = failing
            raise FloatingPointError(
                f"Training stopped: the gradient of `{name}` was not finite in the last {skipped} "
                f"updates (`max_bad_updates`={self._compiled().max_bad_updates}). The weights are those of its last "
                "good update; lower its learning rate or set `clip_norm`."
            )

    def roll_back(self, restore, factor):
        """Returns to an earlier state with lower learning rates; what was counted stays counted.

        Args:
            restore: function that sets the state variables to their earlier values.
            factor: float, by which every learning rate is multiplied. The rates are part of the state, so they are
                those of the earlier state times the factor.
        """
        training = self._compiled()
        counts = [training.images_seen, *(v for u in training.updates for v in (u.updates, u.skipped))]
        kept = [ops.convert_to_numpy(ops.copy(count.value)) for count in counts]
        restore()
        for count, value in zip(counts, kept, strict=True):
            count.assign(value)
        for update, rate in zip(training.updates, self.optimizer.optimizers, strict=True):
            update.skipped_in_row.assign(0)
            rate.scale(factor)
