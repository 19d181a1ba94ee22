"""One update of one player: gradients, clipping, the guard against non-finite values, and the optimizer."""

import keras
from keras import ops

from keras_stylegan.models.players import batch_size
from keras_stylegan.models.rates import scale_schedule
from keras_stylegan.ops import gradients as grad


def _restore_unless(condition, variables, saved):
    """Puts saved values back where `condition` is false.

    A select and not a branch: an optimizer may not run inside of a branch under MirroredStrategy.
    """
    for variable, value in zip(variables, saved, strict=True):
        variable.assign(ops.where(condition, variable.value, value))


def _save(variables):
    return [ops.copy(variable.value) for variable in variables]


class PlayerUpdate:
    """The update rule of a player and its counters.

    Args:
        player: `Player` with built networks.
        optimizer: `keras.optimizers.Optimizer`; built here.
        clip_norm: None or float, limit of the global norm of the gradient.
        buffers: list of variables that a forward pass of any player's loss may change besides seeds; put back when
            the update is skipped.

    Attributes:
        updates: int variable, updates tried.
        skipped: int variable, updates skipped because the gradient was not finite.
        skipped_in_row: int variable, updates skipped since the last one that was applied.
        rate_factor: None, or the float variable that multiplies the optimizer's schedule.
        lazy_values: dict from the name of a lazy regularizer to the variable with its last value.
    """

    def __init__(self, player, optimizer, clip_norm=None, buffers=()):
        self.player = player
        self.variables = player.variables
        self.optimizer = optimizer
        self.clip_norm = clip_norm
        self.buffers = list(buffers)
        self.rate_factor = scale_schedule(optimizer, f"{player.name}_rate_factor")
        if not optimizer.built:
            optimizer.build(self.variables)
        self.dtype = self.variables[0].dtype
        self.updates, self.skipped, self.skipped_in_row = (
            keras.Variable(0, dtype="int", trainable=False, name=f"{player.name}_{name}")
            for name in ("updates", "skipped", "skipped_in_row")
        )
        self.lazy = [r for r in player.regularizers if r.every > 1]
        self.lazy_values = {
            r.name: keras.Variable(0.0, dtype=self.dtype, trainable=False, name=f"{player.name}_{r.name}")
            for r in self.lazy
        }

    @property
    def state(self):
        """Variables that belong to this update rule and to no network."""
        return [*self.optimizer.variables, *self.counters]

    @property
    def counters(self):
        """Those that are not the optimizer's."""
        factor = [] if self.rate_factor is None else [self.rate_factor]
        return [self.updates, self.skipped, self.skipped_in_row, *factor, *self.lazy_values.values()]

    def _mean(self, name, term, count):
        """This replica's share of the term's mean over the global batch."""
        if len(term.shape) != 1:
            raise ValueError(
                f"The loss term `{self.player.name}/{name}` must have one value per image, shape (batch,). "
                f"Received: shape={tuple(term.shape)}"
            )
        return ops.sum(ops.cast(term, self.dtype)) / count

    def gradients(self, batch):
        """Evaluates the player's loss.

        Args:
            batch: dict of tensors with the leading axis `batch`.

        Returns:
            `(gradients, norm, terms)`: this replica's share of the gradient of the global objective, one tensor for
            each variable; the norm of the whole gradient; the terms' means over the global batch by name.
        """
        count = grad.sum_over_replicas(ops.cast(batch_size(batch), self.dtype))
        states = [variable for regularizer in self.player.regularizers for variable in regularizer.state]
        changed = [*self.buffers, *states]
        saved = _save(changed)

        def objective():
            terms = dict(self.player.loss(batch))
            for regularizer in self.player.regularizers:
                if regularizer.every == 1:
                    terms[regularizer.name] = regularizer.loss(batch)
            means = {name: self._mean(name, term, count) for name, term in terms.items()}
            return sum(means.values()), means

        _, terms, gradients = grad.value_and_gradients(objective, self.variables)
        for regularizer in self.lazy:
            terms[regularizer.name], shares = self._lazy(regularizer, batch, count)
            gradients = [a + b for a, b in zip(gradients, shares, strict=True)]

        norm = ops.sqrt(sum(ops.sum(ops.square(g)) for g in grad.sum_over_replicas(gradients)))
        grad.average_over_replicas(states)
        _restore_unless(ops.isfinite(norm), changed, saved)
        means = ops.unstack(grad.sum_over_replicas(ops.stack(list(terms.values()))), len(terms))
        return gradients, norm, self._remember(dict(zip(terms, means, strict=True)))

    def _is_due(self, regularizer):
        return ops.equal(self.updates % regularizer.every, 0)

    def _lazy(self, regularizer, batch, count):
        """Value of a lazy regularizer, and the gradient it adds: zeros unless it is due. Its state moves on."""

        def objective():
            return self._mean(regularizer.name, regularizer.loss(batch), count), ()

        def evaluate():
            with grad.discard_updates():
                value, _, gradients = grad.value_and_gradients(objective, self.variables)
                state = _save(regularizer.state)
            return value, [g * regularizer.every for g in gradients], state

        def skip():
            zeros = [ops.zeros(v.shape, v.dtype) for v in self.variables]
            return ops.zeros((), self.dtype), zeros, _save(regularizer.state)

        value, gradients, state = ops.cond(self._is_due(regularizer), evaluate, skip)
        for variable, new in zip(regularizer.state, state, strict=True):
            variable.assign(new)
        return value, gradients

    def _remember(self, terms):
        """Between evaluations the logs show a lazy regularizer's last finite value."""
        for regularizer in self.lazy:
            last, due = self.lazy_values[regularizer.name], self._is_due(regularizer)
            term = terms[regularizer.name]
            terms[regularizer.name] = ops.where(due, term, last.value)
            last.assign(ops.where(ops.logical_and(due, ops.isfinite(term)), term, last.value))
        return terms

    def apply(self, gradients, norm, terms):
        """Updates the variables, or leaves them and the optimizer as they are if the gradient is not finite.

        Args:
            gradients, norm, terms: as returned by `gradients`.

        Returns:
            `(norm, terms)`, what `logs` needs of this update.
        """
        finite = ops.isfinite(norm)
        changed = [*self.variables, *self.optimizer.variables]
        saved = _save(changed)
        if self.clip_norm is not None:
            scale = self.clip_norm / ops.maximum(norm, self.clip_norm)
            gradients = [g * ops.cast(scale, g.dtype) for g in gradients]
        # Keras adds up the replicas' shares here; `gradients` did so for the norm alone.
        self.optimizer.apply(gradients, self.variables)
        _restore_unless(finite, changed, saved)
        skipped = ops.cast(ops.logical_not(finite), self.skipped.dtype)
        self.skipped.assign(self.skipped + skipped)
        self.skipped_in_row.assign((self.skipped_in_row + skipped) * skipped)
        self.updates.assign(self.updates + 1)
        return norm, terms

    def logs(self, results):
        """What a step logs of the player.

        Args:
            results: list with the `(norm, terms)` of each of its updates.

        Returns:
            Dict from log name to scalar tensor: means over the updates, and the updates skipped so far.
        """
        name, count = self.player.name, len(results)
        terms = {term: sum(terms[term] for _, terms in results) / count for term in results[0][1]}
        return {
            f"{name}/loss": sum(terms.values()),
            **{f"{name}/{term}": value for term, value in terms.items()},
            f"{name}/gradient_norm": sum(norm for norm, _ in results) / count,
            f"{name}/skipped_updates": ops.convert_to_tensor(self.skipped),
        }
