"""Numbers that go wrong: skipped, counted, rolled back at lower rates, and told when nothing helps."""

import dataclasses
import json

import keras
import numpy as np
import pytest
from toy_gan import ToyGAN, batches
from toy_system import ToyPreset, build_toy

from keras_stylegan import runs, systems
from keras_stylegan.callbacks import Checkpoint, Clock, Rollback, checkpoints, read_metrics, read_record
from keras_stylegan.callbacks.state import not_finite, read_state
from keras_stylegan.data import Feed
from keras_stylegan.models.rates import PlayerOptimizers, ScaledSchedule

TINY = ToyPreset(kimg=0.04, batch_size=4, log_images=4, grid_images=1000, checkpoint_seconds=1e-6)


def compiled(rate=0.1, max_bad_updates=2):
    gan = ToyGAN()
    rates = {name: keras.optimizers.Adam(rate) for name in ("discriminator", "generator")}
    gan.compile(rates, max_bad_updates=max_bad_updates)
    return gan


def drive(gan, folder, data, before_step=None, **options):
    """The runner's loop over batches; `before_step(index)` may break something."""
    clock = Clock(8)
    checkpoint = Checkpoint(clock, folder, None, every_images=8)
    rollback = Rollback(checkpoint, **options)
    listed = keras.callbacks.CallbackList([clock, rollback, checkpoint], model=gan)
    step, logs = gan.make_step(check=False), []
    listed.on_train_begin()
    for index, batch in enumerate(data):
        if before_step is not None:
            before_step(index)
        logs.append(step(batch))
        listed.on_train_batch_end(index, logs[-1])
        gan.check_updates()
    listed.on_train_end()
    return rollback, logs


def test_a_bad_batch_is_skipped_and_counted(tmp_path):
    gan, data = compiled(), batches(4)
    data[1]["images"][0, 0] = np.inf
    rollback, logs = drive(gan, tmp_path, data)
    assert [log["discriminator/skipped_updates"] for log in logs] == [0, 1, 1, 1]
    assert not rollback.history
    assert not not_finite(read_state(checkpoints(tmp_path)[-1])[0])


def test_a_bad_gradient_is_skipped_and_counted(tmp_path, monkeypatch):
    gan = compiled()
    update = gan._training.updates[1]
    gradients = update.gradients

    def poisoned(batch):
        values, norm, terms = gradients(batch)
        return [values[0] * np.nan, *values[1:]], norm * np.nan, terms

    monkeypatch.setattr(update, "gradients", poisoned)
    before = gan.generator.get_weights()
    _, logs = drive(gan, tmp_path, batches(1))
    assert logs[0]["generator/skipped_updates"] == 1 and logs[0]["discriminator/skipped_updates"] == 0
    for ours, theirs in zip(gan.generator.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_bad_weight_rolls_back_at_lower_rates(tmp_path, capsys):
    gan, kept = compiled(keras.optimizers.schedules.CosineDecay(0.1, 1000)), {}

    def break_weight(index):
        if index == 3:
            kept.update({w.path: w.numpy() for w in gan.discriminator.weights})
            weight = gan.discriminator.weights[0]
            values = weight.numpy()
            values[0, 0] = np.nan
            weight.assign(values)

    rollback, logs = drive(gan, tmp_path, batches(6), break_weight)
    assert rollback.history == [{"kimg": 0.04, "player": "discriminator", "to": "checkpoint-000000000024.npz"}]
    assert "Back to checkpoint-000000000024.npz, learning rates times 0.5 (rollback 1 of at most 3)" in (
        capsys.readouterr().err
    )
    assert logs[-1]["discriminator/skipped_updates"] == 2 and logs[-1]["images_seen"] == 48  # counted on
    for rate in gan.optimizer.optimizers:
        assert rate.learning_rate == pytest.approx(0.05, rel=1e-2)
    assert all(np.isfinite(weight).all() for weight in gan.discriminator.get_weights())
    # From the weights before the damage, one step on.
    for weight in gan.discriminator.weights:
        assert np.abs(weight.numpy() - kept[weight.path]).max() < 0.06
    assert read_record(checkpoints(tmp_path)[-1])["parts"]["rollback"]["history"] == rollback.history


def test_after_the_last_rollback_there_is_a_report(tmp_path):
    gan, data = compiled(), batches(8)
    for batch in data[1:]:
        batch["images"] = batch["images"] * np.nan
    with pytest.raises(FloatingPointError) as caught:
        drive(gan, tmp_path, data, max_rollbacks=2)
    report = str(caught.value)
    assert "the gradient of `discriminator` was not finite in the last 2 updates" in report
    assert "at 0.024 kimg to checkpoint-000000000016.npz, at 0.04 kimg to checkpoint-000000000032.npz" in report
    assert "discriminator 0.025, generator 0.025" in report and "generator/gradient_norm" in report


def test_weights_that_were_never_good_are_reported(tmp_path):
    """A state that is not finite is not saved, so there is nothing to go back to."""
    gan = compiled()
    weight = gan.discriminator.weights[0]
    weight.assign(weight.numpy() * np.nan)
    with pytest.raises(FloatingPointError, match="discriminator.*Rolled back: never"):
        drive(gan, tmp_path, batches(3))
    assert not checkpoints(tmp_path)


def test_a_run_goes_on_after_bad_data(tmp_path):
    """Four bad batches, three in a row rolling back; the run ends, and says what happened."""
    out = runs.train(dataclasses.replace(TINY, poisoned_from=3, poisoned_to=7), tmp_path / "run")
    last = read_metrics(out / "metrics.jsonl")[-1]
    assert last["images"] == 40 and last["critic/skipped_updates"] == 4
    assert json.loads((out / "state.json").read_text()) == {"state": "finished"}
    assert len(read_record(checkpoints(out / "checkpoints")[-1])["parts"]["rollback"]["history"]) == 1


def test_a_run_that_cannot_go_on_fails_with_the_report(tmp_path):
    settings = dataclasses.replace(TINY, kimg=0.1, poisoned_from=2, max_rollbacks=1)
    with pytest.raises(FloatingPointError, match="Rolled back: at 0.02 kimg to checkpoint"):
        runs.train(settings, tmp_path / "run")
    record = json.loads((tmp_path / "run" / "state.json").read_text())
    assert record["state"] == "failed" and "not finite in the last 3 updates" in record["reason"]


def test_schedules_are_scaled():
    schedule = ScaledSchedule(keras.optimizers.schedules.CosineDecay(1.0, 10), 0.5)
    assert float(schedule(0)) == 0.5 and float(schedule(5)) == pytest.approx(0.25)
    again = ScaledSchedule.from_config({**schedule.get_config(), "schedule": schedule.schedule})
    assert float(again(5)) == pytest.approx(0.25)


@pytest.mark.parametrize("arguments, message", [({"factor": 0}, "`factor`"), ({"max_rollbacks": -1}, "`max_roll")])
def test_arguments_are_checked(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        Rollback(Checkpoint(Clock(1), tmp_path), **arguments)


def test_callbacks_of_keras_find_what_they_watch(tmp_path):
    """EarlyStopping, ReduceLROnPlateau and TensorBoard in `fit`, beside ours."""
    seen = []

    class Spy(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(dict(logs))

    system = build_toy(dataclasses.replace(TINY, learning_rate=0.01))
    clock = Clock(4)
    feed = Feed(system.batches, threads=1)
    early = keras.callbacks.EarlyStopping(monitor="generator/loss", mode="min", patience=2, min_delta=100.0)
    plateau = keras.callbacks.ReduceLROnPlateau(
        monitor="critic/loss", mode="min", factor=0.1, patience=1, min_delta=100.0
    )
    board = keras.callbacks.TensorBoard(str(tmp_path / "logs"), write_graph=False)
    checkpoint = Checkpoint(clock, tmp_path / "checkpoints")
    listed = [clock, Rollback(checkpoint), checkpoint, plateau, early, board, Spy()]
    history = system.model.fit(feed, steps_per_epoch=2, epochs=9, shuffle=False, verbose=0, callbacks=listed)
    feed.close()
    assert {"generator/loss", "critic/loss", "learning_rate_critic", "learning_rate_generator"} <= set(seen[0])
    assert len(history.history["generator/loss"]) == 3  # stopped early
    rates = [logs["learning_rate_generator"] for logs in seen]
    np.testing.assert_allclose(rates, [0.01, 0.01, 0.001], rtol=1e-5)
    assert [rate.learning_rate for rate in system.model.optimizer.optimizers] == pytest.approx([1e-4, 1e-4])
    assert list((tmp_path / "logs").rglob("events*"))
    assert isinstance(system.model.optimizer, PlayerOptimizers) and "toy" in systems.SYSTEMS
