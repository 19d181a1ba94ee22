"""Callbacks leave the right files, in `fit` and in a loop of one's own."""

import io
import json
import types

import keras
import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from keras_stylegan.callbacks import (
    Checkpoint,
    Clock,
    EventFile,
    ImageGrid,
    MetricsLog,
    OtherModelError,
    Progress,
    SkippedPictures,
    TensorBoardScalars,
    TimeLimit,
    checkpoints,
    read_metrics,
    restore_newest,
    tile,
)
from keras_stylegan.intervals import Every, format_seconds


def small_model(units=2, seed=0):
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(units), keras.layers.Dropout(0.5)])
    model.compile(keras.optimizers.Adam(0.1), "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def fit(model, callbacks, steps=6):
    data = np.random.default_rng(0).normal(size=(4 * steps, 3)).astype("float32")
    model.fit(data, data[:, :2], batch_size=4, shuffle=False, verbose=0, callbacks=callbacks)


def values(model):
    return [keras.ops.convert_to_numpy(variable) for variable in model.variables]


def drive(callbacks, logs, model=None):
    """A loop of one's own."""
    listed = keras.callbacks.CallbackList(callbacks, model=model)
    listed.on_train_begin()
    for step, values in enumerate(logs):
        listed.on_train_batch_begin(step)
        listed.on_train_batch_end(step, values)
    listed.on_train_end()


def test_metrics_log_means_over_intervals(tmp_path):
    clock = Clock(batch_size=4)
    log = MetricsLog(clock, tmp_path / "run" / "metrics.jsonl", every_images=8)
    nan = float("nan")
    drive([clock, log], [{"loss": 1.0}, {"loss": 3.0}, {"loss": 5.0, "late": 1.0}, {"loss": nan}, {"loss": 2.0}])
    lines = read_metrics(log.path)
    assert [line["images"] for line in lines] == [8, 16, 20]
    assert [line["kimg"] for line in lines] == [0.008, 0.016, 0.02]
    assert [line["loss"] for line in lines] == [2.0, None, 2.0]
    assert lines[1]["late"] == 1.0
    assert all(json.dumps(line, allow_nan=False) for line in lines)
    assert lines[0]["seconds"] <= lines[2]["seconds"] and lines[0]["data_wait"] == 0


def test_counts_are_not_averaged(tmp_path):
    clock = Clock(batch_size=4)
    steps = [{"g/skipped_updates": float(i), "images_seen": 4.0} for i in range(3)]
    drive([clock, MetricsLog(clock, tmp_path / "m", every_images=100)], steps)
    (line,) = read_metrics(tmp_path / "m")
    assert line["g/skipped_updates"] == 2 and "images_seen" not in line


def test_metrics_log_drops_lines_after_the_checkpoint(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"images": 4}\n{"images": 8}\n{"images": 12}\n{"images": 1')
    clock = Clock(batch_size=4)
    clock.restore(images_seen=8, seconds=3.0)
    drive([clock, MetricsLog(clock, path, every_images=4)], [{"loss": 1.0}])
    assert [line["images"] for line in read_metrics(path)] == [4, 8, 12]
    assert "loss" in read_metrics(path)[2] and read_metrics(path)[2]["seconds"] >= 3


def test_checkpoint_restores_everything(tmp_path):
    model, clock = small_model(), Clock(batch_size=4)
    saves = []
    checkpoint = Checkpoint(clock, tmp_path, None, every_images=8, keep=2, on_save=lambda: saves.append(1))
    fit(model, [clock, checkpoint])
    assert len(saves) == 3  # none twice: the last step is the end
    assert [path.name for path in checkpoints(tmp_path)] == [f"checkpoint-{n:012d}.npz" for n in (16, 24)]
    assert len(list(tmp_path.iterdir())) == 2  # no temporary files
    other, resumed = small_model(seed=1), Clock(batch_size=4)
    assert restore_newest(tmp_path, other, resumed).name == "checkpoint-000000000024.npz"
    assert resumed.images_seen == 24 and resumed.seconds == pytest.approx(clock.seconds)
    # The same steps from here on give the same weights: optimiser moments and the dropout's seed are there too.
    fit(model, [])
    fit(other, [])
    for ours, theirs in zip(values(model), values(other), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_damaged_checkpoints_are_passed_over(tmp_path):
    model, clock = small_model(), Clock(batch_size=4)
    fit(model, [clock, Checkpoint(clock, tmp_path, every_images=8, keep=3)])
    newest = checkpoints(tmp_path)[-1]
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1  # one flipped bit
    newest.write_bytes(content)
    middle = checkpoints(tmp_path)[-2]
    middle.write_bytes(middle.read_bytes()[:100])
    clock = Clock(batch_size=4)
    assert restore_newest(tmp_path, small_model(), clock) == checkpoints(tmp_path)[0]
    assert clock.images_seen == 8
    checkpoints(tmp_path)[0].write_bytes(b"")
    with pytest.raises(ValueError, match="every checkpoint is damaged"):
        restore_newest(tmp_path, small_model(), clock)
    assert restore_newest(tmp_path / "nowhere", small_model(), clock) is None


def test_checkpoint_of_another_model_is_refused(tmp_path):
    model, clock = small_model(), Clock(batch_size=4)
    drive([clock, Checkpoint(clock, tmp_path)], [{}], model)
    other = small_model(units=5)
    before = values(other)
    with pytest.raises(OtherModelError, match=r"(?s)does not belong.*model/0000: \(3, 2\), model \(3, 5\)"):
        restore_newest(tmp_path, other, clock)
    for ours, theirs in zip(before, values(other), strict=True):
        np.testing.assert_array_equal(ours, theirs)  # nothing was half restored


def test_tile():
    pictures = np.arange(5, dtype="uint8")[:, None, None, None] * np.ones((1, 2, 3, 3), "uint8")
    grid = tile(pictures)
    assert grid.shape == (4, 9, 3)
    np.testing.assert_array_equal(grid[::2, ::3, 0], [[0, 1, 2], [3, 4, 255]])
    np.testing.assert_array_equal(tile(pictures[None])[0, ::3, 0], [0, 1, 2, 3, 4])
    with pytest.raises(ValueError, match="`pictures` must be uint8.*float64"):
        tile(np.zeros((2, 2, 2, 3)))


def test_image_grid_writes_files(tmp_path):
    clock, calls = Clock(batch_size=4), []

    def draw():
        calls.append(1)
        return np.full((2, 3, 4, 5, 3), len(calls), "uint8")

    drive([clock, ImageGrid(clock, draw, tmp_path / "images", 8, EventFile(tmp_path / "events"))], [{}] * 5)
    files = sorted((tmp_path / "images").iterdir())
    assert [int(file.stem) for file in files] == [0, 8, 16, 20]
    last = np.asarray(Image.open(files[-1]))
    assert last.shape == (8, 15, 3) and (last == 4).all()


def test_event_files_are_read_by_tensorboard(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    clock = Clock(batch_size=4)
    shared = EventFile(tmp_path)
    grid = ImageGrid(clock, lambda: np.full((1, 6, 7, 3), 9, "uint8"), tmp_path / "images", 8, shared)
    drive([clock, TensorBoardScalars(clock, shared, every_images=8), grid], [{"loss": float(i)} for i in range(5)])
    events = accumulator.EventAccumulator(str(tmp_path))
    events.Reload()
    assert [(e.step, e.value) for e in events.Scalars("loss")] == [(8, 0.5), (16, 2.5), (20, 4.0)]
    assert {"data_wait", "images_per_second"} <= set(events.Tags()["scalars"])
    assert [(e.step, e.width, e.height) for e in events.Images("pictures")] == [(s, 7, 6) for s in (0, 8, 16, 20)]


def test_points_after_the_checkpoint_are_dropped_in_tensorboard(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    for images, losses in ((0, [1.0, 1.0, 2.0, 2.0, 3.0]), (8, [5.0, 5.0])):
        clock = Clock(batch_size=4)
        clock.restore(images, 0.0)
        drive([clock, TensorBoardScalars(clock, EventFile(tmp_path), 8)], [{"loss": loss} for loss in losses])
    events = accumulator.EventAccumulator(str(tmp_path))
    events.Reload()
    assert [(e.step, e.value) for e in events.Scalars("loss")] == [(8, 1.0), (16, 5.0)]


def test_progress_leaves_out_what_is_for_the_files(tmp_path):
    with (tmp_path / "log").open("w") as file:
        clock = Clock(batch_size=500)
        logs = {"g/loss": 1.0, "style/monet/gram": 2.0, "health/diversity": 3.0, "g/skipped_updates": 4.0}
        drive([clock, Progress(clock, 500, console=Console(file=file))], [logs])
    (line,) = (tmp_path / "log").read_text().splitlines()
    assert "g/loss 1" in line and "g/skipped_updates 4" in line and "style" not in line and "health" not in line


def test_skipped_pictures_are_named_once_and_counted(tmp_path):
    batches = types.SimpleNamespace(unreadable={})
    console = Console(file=io.StringIO(), soft_wrap=True)
    clock = Clock(batch_size=4)
    watched = [clock, SkippedPictures(batches, console), MetricsLog(clock, tmp_path / "metrics.jsonl", 8)]
    listed = keras.callbacks.CallbackList(watched)
    listed.on_train_begin()
    for step, names in enumerate(("", "a", "ab", "ab")):
        batches.unreadable |= {f"{name}\n[b].jpg": "cut off" for name in names}
        listed.on_train_batch_end(step, {"loss": 1.0})
    listed.on_train_end()
    assert console.file.getvalue() == "skipped: a [b].jpg: cut off\nskipped: b [b].jpg: cut off\n"
    assert [line.get("data/skipped_pictures") for line in read_metrics(tmp_path / "metrics.jsonl")] == [1, 2]


def test_progress_prints_plain_lines_when_not_a_terminal(tmp_path):
    with (tmp_path / "log").open("w") as file:
        clock = Clock(batch_size=500)
        progress = Progress(clock, 2000, every_seconds=1e-9, console=Console(file=file, width=20))
        drive([clock, progress], [{"loss": 1.0}, {"loss": 2.0}])
    lines = (tmp_path / "log").read_text().splitlines()
    assert len(lines) == 3 and lines[0].startswith("0.5/2.0 kimg  0.0 images/s  ETA -") and "loss 1" in lines[0]
    assert "1.0/2.0 kimg" in lines[1] and "loss 1.05" in lines[1] and "ETA 00:00:0" in lines[1]


def test_progress_counts_down_to_what_comes_first(tmp_path):
    clock = Clock(batch_size=100)
    clock._window.extend([(0.0, 100), (1.0, 200)])
    clock.images_seen, clock.seconds = 200, 60.0
    assert "ETA 00:00:08" in Progress(clock, 1000, total_seconds=3600.0).line()
    assert "ETA 00:00:05" in Progress(clock, 1000, total_seconds=65.0).line()


@pytest.mark.parametrize("seconds", [0.0, float("nan")])
def test_a_time_limit_is_positive(seconds):
    with pytest.raises(ValueError, match="`seconds` must be positive. Received: seconds="):
        TimeLimit(Clock(1), seconds)


def test_progress_draws_a_bar_in_a_terminal(tmp_path):
    with (tmp_path / "log").open("w") as file:
        clock, console = Clock(batch_size=500), Console(file=file, force_terminal=True, width=200)
        drive([clock, Progress(clock, 1000, console=console)], [{"d": 1.0}] * 2)
    assert "━" in (text := (tmp_path / "log").read_text()) and "1.0/1.0 kimg" in text


def test_format_seconds():
    assert format_seconds(3723.4) == "01:02:03" and format_seconds(90061) == "1d 01:01:01"


def test_intervals_end_where_they_would_without_a_stop():
    whole, resumed = Every(10), Every(10)
    resumed.last = 4
    assert [count for count in range(4, 44, 4) if whole.due(count)] == [12, 20, 32, 40]
    assert [count for count in range(8, 44, 4) if resumed.due(count)] == [12, 20, 32, 40]


def test_clock_speed_ignores_the_first_step():
    clock = Clock(batch_size=10)
    assert clock.images_per_second == 0
    clock._window.extend([(0.0, 10), (1.0, 20), (2.0, 30)])
    assert clock.images_per_second == 10


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Clock(0), "`batch_size`"),
        (lambda: MetricsLog(Clock(1), "x", 0), "an interval must be positive"),
        (lambda: Checkpoint(Clock(1), "x", keep=0), "`keep`"),
    ],
)
def test_arguments_are_checked(make, message):
    with pytest.raises(ValueError, match=message):
        make()
