"""What a run does when its updates keep failing: back to the last good checkpoint, slower."""

from __future__ import annotations

import math
from typing import Any

import keras

from keras_stylegan.callbacks.checkpoint import Checkpoint, checkpoints, restore_newest


class Rollback(keras.callbacks.Callback):
    """Returns an `AdversarialModel` to its last good checkpoint when a player's updates were skipped too often.

    A single update whose gradient is not finite is skipped by the model. After `compile(max_bad_updates=...)` skipped
    in a row the weights themselves are suspect: state and optimizers return to the newest whole checkpoint (which is
    finite, or it would not have been saved), every learning rate is multiplied by `factor`, and training goes on with
    the data that follow, whose number keeps counting. After `max_rollbacks` of them training stops with a report.

    Goes before `checkpoint` in the list of callbacks; its history is saved with it.

    Args:
        checkpoint: the run's `Checkpoint`.
        factor: float in (0, 1].
        max_rollbacks: int, 0 stops at once.

    Attributes:
        history: list of dicts `{"kimg", "player", "to"}`, one a rollback.

    Raises:
        ValueError: if an argument breaks its rule.
        FloatingPointError: from `fit`, when the rollbacks are used up, or there is no checkpoint to go back to.
    """

    def __init__(self, checkpoint: Checkpoint, factor: float = 0.5, max_rollbacks: int = 3):
        super().__init__()
        if not 0 < factor <= 1:
            raise ValueError(f"`factor` must be greater than 0 and at most 1. Received: factor={factor}")
        if max_rollbacks < 0:
            raise ValueError(f"`max_rollbacks` must not be negative. Received: max_rollbacks={max_rollbacks}")
        self.checkpoint = checkpoint
        self.factor = factor
        self.max_rollbacks = max_rollbacks
        self.history: list[dict[str, Any]] = []
        self._norms: dict[str, float] = {}
        checkpoint.parts["rollback"] = self

    def get_state(self) -> dict[str, Any]:
        return {"history": self.history}

    def set_state(self, state: dict[str, Any]) -> None:
        self.history = list(state["history"])

    def on_train_begin(self, logs=None):
        if not checkpoints(self.checkpoint.folder):
            self.checkpoint.save()  # something to go back to

    def on_train_batch_end(self, batch, logs=None):
        finite = {name: value for name, value in (logs or {}).items() if math.isfinite(value)}
        self._norms |= {name: value for name, value in finite.items() if name.endswith("gradient_norm")}
        failing = self.model.failing_player()
        if failing is None:
            return
        if len(self.history) == self.max_rollbacks or not checkpoints(self.checkpoint.folder):
            raise FloatingPointError(self._report(*failing))
        clock, told = self.checkpoint.clock, []

        def restore():
            told.append(restore_newest(self.checkpoint.folder, self.model))

        self.model.roll_back(restore, self.factor)
        self.history.append({"kimg": clock.kimg, "player": failing[0], "to": told[0].name})
        self.checkpoint.console.print(
            f"{clock.kimg:g} kimg: the gradient of {failing[0]} was not finite {failing[1]} times in a row. Back to "
            f"{told[0].name}, learning rates times {self.factor:g} "
            f"(rollback {len(self.history)} of at most {self.max_rollbacks})",
            markup=False,
        )
        # Now, so that a run that is resumed and one that went on are the same.
        self.checkpoint.save()

    def _report(self, player, skipped):
        norms = ", ".join(f"{name} {value:.3g}" for name, value in sorted(self._norms.items()))
        rates = ", ".join(f"{rate.name} {rate.learning_rate:.3g}" for rate in self.model.optimizer.optimizers)
        back = ", ".join(f"at {past['kimg']:g} kimg to {past['to']}" for past in self.history) or "never"
        return (
            f"Training stopped at {self.checkpoint.clock.kimg:g} kimg: the gradient of `{player}` was not finite in "
            f"the last {skipped} updates. Rolled back: {back}. Last finite values: {norms or 'none'}. Learning rates: "
            f"{rates}. Look at the data of these batches, lower the learning rate of `{player}`, or set `clip_norm`."
        )
