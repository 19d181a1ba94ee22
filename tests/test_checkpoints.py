"""A checkpoint is whole or found out, holds all that decides the rest of a run, and belongs to one kind of run."""

import contextlib
import dataclasses
import errno
import json
import os
import resource
import shutil
import subprocess

import keras
import numpy as np
import pytest
from toy_system import ToyPreset, build_toy

from keras_stylegan import cli, presets, runs
from keras_stylegan.callbacks import (
    Checkpoint,
    Clock,
    DamagedError,
    ImageGrid,
    OtherModelError,
    checkpoints,
    read_record,
    restore,
    restore_newest,
    state_variables,
)
from keras_stylegan.callbacks.state import check_settings, read_state, write_state
from keras_stylegan.data import Feed

pytestmark = pytest.mark.optimized_graphs

TINY = ToyPreset(kimg=0.008, batch_size=4, log_images=4, grid_images=1000, checkpoint_seconds=1e-6)


def toy(**settings):
    keras.utils.set_random_seed(0)
    return build_toy(dataclasses.replace(TINY, **settings))


def state(model):
    return {name: keras.ops.convert_to_numpy(v) for name, v in state_variables(model).items()}


def assert_equal_states(ours, theirs):
    assert ours.keys() == theirs.keys()
    for name in ours:
        np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)


def saved(folder, model, images=4, **options):
    """A `Checkpoint` of a model at a number of images, and the path it saved to."""
    clock = Clock(4)
    clock.restore(images, 1.0)
    checkpoint = Checkpoint(clock, folder, console=options.pop("console", None), **options)
    checkpoint.set_model(model)
    return checkpoint, checkpoint.save()


def test_a_flipped_byte_anywhere_is_found_or_harmless(tmp_path):
    path = tmp_path / "checkpoint-000000000004.npz"
    values = {"a": np.arange(12.0).reshape(3, 4), "b": np.uint32([1, 2])}
    write_state(path, values, {"images_seen": 4})
    whole, found = path.read_bytes(), 0
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x10]) + whole[position + 1 :])
        try:
            read, record = read_state(path)
        except DamagedError as error:
            assert str(path) in str(error)
            found += 1
        else:  # a byte of a date, say
            assert record == {"images_seen": 4}
            assert_equal_states(read, values)
    assert found > 0.6 * len(whole)


def test_the_checksum_finds_what_the_archive_does_not(tmp_path):
    path = tmp_path / "checkpoint-000000000004.npz"
    write_state(path, {"a": np.zeros(3)}, {})
    with np.load(path) as archive:
        entries = {name: archive[name] for name in archive.files}
    np.savez(path, **{**entries, "a": np.ones(3)})
    with pytest.raises(DamagedError, match="checksum"):
        read_state(path)


@contextlib.contextmanager
def small_files(size):
    """No file may grow beyond `size` bytes: what a full disk does, for every user."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextlib.contextmanager
def small_disk(folder):
    """A disk of 64 kB at a folder."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("mounting a file system is not allowed here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("kind", ["limit", "disk"])
def test_a_full_disk_leaves_the_checkpoint_before(tmp_path, kind):
    folder = tmp_path / "checkpoints"
    with contextlib.ExitStack() as stack:
        if kind == "disk":
            stack.enter_context(small_disk(folder))
        folder.mkdir(exist_ok=True)
        clock, first = Clock(4), folder / f"checkpoint-{4:012d}.npz"
        write_state(first, {"a": np.zeros(1000)}, {})
        before = first.read_bytes()
        if kind == "limit":
            stack.enter_context(small_files(20_000))
        with pytest.raises(OSError, match=f"checkpoint-{8:012d}.npz") as caught:
            write_state(folder / f"checkpoint-{8:012d}.npz", {"a": np.zeros(100_000)}, {})
        assert caught.value.errno in (errno.ENOSPC, errno.EFBIG)
        assert first.read_bytes() == before and os.listdir(folder) == [first.name]
        assert clock.images_seen == 0


def test_a_full_disk_is_one_line(tmp_path, capsys):
    presets.PRESETS["toy"] = dataclasses.replace(TINY, kimg=0.1)
    try:
        with small_files(9000):  # smaller than the toy's checkpoint
            assert cli.main(["train", "toy", "--out", str(tmp_path / "run")]) == 2
    finally:
        del presets.PRESETS["toy"]
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("keras-stylegan")]
    assert len(errors) == 1 and "checkpoint-000000000000.npz" in errors[0] and "large" in errors[0].lower()


def test_what_is_not_finite_is_not_saved(tmp_path, capsys):
    model = toy().model
    checkpoint, path = saved(tmp_path, model)
    weight = model.generator.weights[0]
    weight.assign(weight * np.nan)
    checkpoint.clock.images_seen = 8
    assert checkpoint.save() is None
    assert checkpoints(tmp_path) == [path]
    assert "checkpoint-000000000008.npz not saved: 1 variables are not finite" in capsys.readouterr().err


def test_what_a_run_began_with_may_move_and_train_on(tmp_path):
    model = toy().model
    before = {"start_from": "here", "seed": 0, "facts/begun_with": {"images_seen": 4}, "facts/pictures": 9}
    _, path = saved(tmp_path, model, settings=before)
    restore(path, model, settings={**before, "start_from": "there", "facts/begun_with": {"images_seen": 8}})
    for changes in ({"start_from": ""}, {"facts/pictures": 8}):
        with pytest.raises(OtherModelError, match=next(iter(changes))):
            restore(path, model, settings={**before, **changes})


def test_what_an_earlier_version_had_not_is_left_out(tmp_path):
    before = {"gamma": 1.0, "facts/pictures": 3}
    for nothing in (0, 0.0, "", "none", [], [0.0, 0.0], {}):
        check_settings(tmp_path, before, {**before, "rotation_weights": nothing})
    for something in (1, 0.5, "ada", [0.0, 1.0], {"r1": 1.0}):
        with pytest.raises(OtherModelError, match="rotation_weights: None there, "):
            check_settings(tmp_path, before, {**before, "rotation_weights": something})
    with pytest.raises(OtherModelError, match="gamma: 1.0 there, 0.0 now"):
        check_settings(tmp_path, before, {**before, "gamma": 0.0})
    with pytest.raises(OtherModelError, match="gamma: 1.0 there, None now"):
        check_settings(tmp_path, before, {"facts/pictures": 3})


def test_other_settings_are_refused_with_the_keys(tmp_path):
    model = toy().model
    _, path = saved(tmp_path, model, settings={"seed": 0, "rate": 0.1, "gone": 1})
    before = state(model)
    with pytest.raises(OtherModelError) as caught:
        restore(path, model, settings={"seed": 0, "rate": 0.2, "new": 2})
    lines = str(caught.value).splitlines()[1:]
    assert lines == ["  gone: 1 there, None now", "  new: None there, 2 now", "  rate: 0.1 there, 0.2 now"]
    assert_equal_states(state(model), before)
    restore(path, model, settings={"seed": 0, "rate": 0.1, "gone": 1})


def test_frozen_weights_are_checked_and_not_stored(tmp_path):
    model = toy().model
    _, path = saved(tmp_path, model)
    names = {id(v): name for name, v in state_variables(model).items()}
    assert not any(id(weight) in names for weight in model.frozen.weights)
    assert id(model.pool) in names and id(model.seed_generator.state) in names
    restore(path, model)
    model.frozen.weights[0].assign(model.frozen.weights[0] + 1)
    with pytest.raises(OtherModelError, match="other weights of the networks that training does not change"):
        restore(path, model)


def test_parts_that_are_no_variables(tmp_path):
    class Controller:
        level = 0.25

        def get_state(self):
            return {"level": self.level}

        def set_state(self, state):
            self.level = state["level"]

    model, generator, controller = toy().model, np.random.default_rng(3), Controller()
    parts = {"generator": generator, "controller": controller}
    saved(tmp_path, model, parts=parts)
    drawn, controller.level = generator.random(5), 0.75
    restore_newest(tmp_path, model, parts=parts)
    np.testing.assert_array_equal(generator.random(5), drawn)
    assert controller.level == 0.25


def test_the_best_is_kept(tmp_path):
    model, clock = toy().model, Clock(4)
    checkpoint = Checkpoint(clock, tmp_path, None, every_images=8, keep=1, monitor="score")
    listed = keras.callbacks.CallbackList([clock, checkpoint], model=model)
    listed.on_train_begin()
    for step, score in enumerate([5.0, 3.0, 1.0, 2.0, 0.5, np.nan, 9.0, 9.0]):
        listed.on_train_batch_end(step, {"score": score})
    listed.on_train_end()
    assert [path.name for path in checkpoints(tmp_path)] == ["checkpoint-000000000032.npz"]
    record = read_record(tmp_path / "best.npz")
    assert (record["images_seen"], record["monitored"]) == (16, 1.5)  # 4, 1.5, NaN, 9
    restore(tmp_path / "best.npz", model)
    # A run that is resumed knows what was best.
    again = Checkpoint(clock, tmp_path, monitor="score")
    again.set_model(model)
    again.on_train_begin()
    again.on_train_batch_end(0, {"score": 4.0})
    again.save()
    assert read_record(tmp_path / "best.npz")["monitored"] == 1.5


def test_what_a_killed_process_left_undone_is_done(tmp_path):
    model, clock, done = toy().model, Clock(4), []
    checkpoint = Checkpoint(clock, tmp_path, None, every_images=4, monitor="score")
    listed = keras.callbacks.CallbackList([clock, checkpoint], model=model)
    listed.on_train_begin()
    for step, score in enumerate([3.0, 1.0]):
        listed.on_train_batch_end(step, {"score": score})
    newest = tmp_path / "checkpoint-000000000008.npz"
    # Killed after the second file was written, before anything else was.
    (tmp_path / "best.npz").unlink()
    (tmp_path / "best.npz").hardlink_to(tmp_path / "checkpoint-000000000004.npz")
    options = {"on_save": lambda: done.append("networks"), "on_best": lambda path: done.append(path)}
    again = Checkpoint(Clock(4), tmp_path, monitor="score", **options)
    again.set_model(model)
    assert again.restore_newest() == newest
    again.save_again(newest)
    assert done == ["networks", newest] and read_record(tmp_path / "best.npz")["monitored"] == 1.0
    again.save_again(newest)  # nothing was left undone: no new best
    assert done == ["networks", newest, "networks"]


def test_damaged_files_do_not_stand_in_for_good_ones(tmp_path, capsys):
    model = toy().model
    _, good = saved(tmp_path, model, 4)
    for images in (8, 12):
        (tmp_path / f"checkpoint-{images:012d}.npz").write_bytes(good.read_bytes()[:-50])
    clock = Clock(4)
    checkpoint = Checkpoint(clock, tmp_path, keep=2)
    checkpoint.set_model(model)
    assert checkpoint.restore_newest() == good
    said = capsys.readouterr().err
    assert "passed over" in said and "checkpoint-000000000012.npz" in said and "resumed from" in said
    clock.images_seen = 6
    assert checkpoints(tmp_path)[-1].name == "checkpoint-000000000012.npz"  # looking changes nothing
    new = checkpoint.save()
    assert checkpoints(tmp_path) == [good, new]


def test_bfloat16_is_kept_exactly(tmp_path):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, dtype="bfloat16")])
    _, path = saved(tmp_path, model)
    before = model.layers[0].kernel.numpy().copy()
    model.layers[0].kernel.assign(before * 0)
    restore(path, model)
    assert model.layers[0].kernel.dtype == "bfloat16"
    np.testing.assert_array_equal(model.layers[0].kernel.numpy().astype("float32"), before.astype("float32"))


def fit(model, batches, folder, steps):
    clock = Clock(4)
    feed = clock.feed = Feed(batches, threads=1)
    checkpoint = Checkpoint(clock, folder, None, every_images=8, resume=True)
    model.fit(feed, steps_per_epoch=steps, shuffle=False, verbose=0, callbacks=[clock, checkpoint])
    feed.close()
    return state(model)


def test_fit_continues_bit_for_bit(tmp_path, capsys):
    """N + M steps equal N steps, a new process's model, and M steps: weights, optimizers, seeds, pool, data."""
    whole = toy()
    expected = fit(whole.model, whole.batches, tmp_path / "whole", 5)
    first, second = toy(), toy()
    fit(first.model, first.batches, tmp_path / "parts", 2)
    assert "resumed" not in capsys.readouterr().err
    second.model.generator.weights[0].assign(np.zeros((3, 3, 3, 3)))  # overwritten by the checkpoint
    ours = fit(second.model, second.batches, tmp_path / "parts", 3)
    assert "resumed from checkpoint-000000000008.npz at 0.008 kimg" in capsys.readouterr().err
    assert_equal_states(ours, expected)
    assert np.abs(expected["model/0001" if expected["model/0000"].size == 2 else "model/0000"]).max() > 0


def test_a_copy_taken_while_running_goes_on_elsewhere(tmp_path, monkeypatch):
    """And looking at a run while it trains does not disturb it."""
    whole = runs.train(dataclasses.replace(TINY, kimg=0.024), tmp_path / "whole")
    save, copies = Checkpoint.save, []

    def save_and_copy(checkpoint):
        path = save(checkpoint)
        if checkpoint.clock.images_seen == 12:
            copies.append(shutil.copytree(tmp_path / "run", tmp_path / "far" / "copy"))
            restore_newest(copies[0] / "checkpoints", toy().model)  # evaluated while training
        return path

    monkeypatch.setattr(Checkpoint, "save", save_and_copy)
    undisturbed = runs.train(dataclasses.replace(TINY, kimg=0.024), tmp_path / "run")
    monkeypatch.undo()
    (copy,) = copies
    assert json.loads((copy / "state.json").read_text()) == {"state": "running"}
    runs.train(dataclasses.replace(TINY, kimg=0.024), copy, resume=True)
    moved = (tmp_path / "run").rename(tmp_path / "moved")
    assert undisturbed == tmp_path / "run"
    states = [read_state(checkpoints(out / "checkpoints")[-1])[0] for out in (whole, moved, copy)]
    assert_equal_states(states[1], states[0])
    assert_equal_states(states[2], states[0])


def test_pictures_drawn_on_the_way_change_nothing(tmp_path):
    system = toy()

    def preview():
        system.model.seed_generator.next()
        return system.preview()

    before = state(system.model)
    grid = ImageGrid(Clock(4), preview, tmp_path, 1)
    grid.on_train_begin()
    assert_equal_states(state(system.model), before)
