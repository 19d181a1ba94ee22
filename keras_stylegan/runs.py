"""A training run in a directory: configuration, loop, checkpoints, logs, pictures, the trained network."""

from __future__ import annotations

import contextlib
import json
import math
from pathlib import Path
from typing import Any

import keras
from rich.console import Console

import keras_stylegan
from keras_stylegan import callbacks as run_callbacks
from keras_stylegan.data import Feed
from keras_stylegan.files import whole_file
from keras_stylegan.presets import Preset, as_dict
from keras_stylegan.systems import System, build

# A resumed run may differ from the checkpoint's in these settings: they say how long, how often and from where.
MAY_CHANGE = frozenset(
    (
        "cache_megabytes", "checkpoint_seconds", "content", "data", "data_threads", "grid_images", "keep_checkpoints",
        "kimg", "log_images", "perceptual", "styles",
    )
)  # fmt: skip


def train(
    preset: Preset,
    out: str | Path,
    resume: bool = False,
    dry_run: bool = False,
    console: Console | None = None,
) -> Path:
    """Trains a preset on the current Keras backend, through `fit` on TensorFlow and `make_step()` elsewhere.

    The run directory holds `config.json` (everything that decides the run), `checkpoints/`, `metrics.jsonl`,
    `images/`, `tensorboard/`, and the system's trained network, as new as the newest checkpoint.

    Args:
        preset: the settings, data sources among them.
        out: the run directory.
        resume: continue from the newest checkpoint in `out`.
        dry_run: build everything, print configuration and header, write nothing and take no step.
        console: where to print, by default the standard output.

    Returns:
        The run directory.

    Raises:
        ValueError: if `out` already holds a run and `resume` is false, or holds a run of other settings.
        FloatingPointError: if the gradients stay non-finite.
    """
    out, console = Path(out), console or Console(soft_wrap=True, highlight=False)
    earlier = _read_config(out)
    if earlier is not None and not resume:
        raise ValueError(f"`out` already holds a run: give another folder, or `resume` it. Received: {out}")
    keras.utils.set_random_seed(preset.seed)
    with _dtype_policy(preset.precision):
        system = build(preset)
        config = _resolve(preset, system)
        if earlier is not None:
            _check_same_run(earlier, config, out)
        clock = run_callbacks.Clock(preset.batch_size)
        restored = run_callbacks.restore_newest(out / "checkpoints", system.model, clock) if resume else None
        console.print_json(json.dumps(config), indent=2)
        console.print(_header(config, preset, clock, restored), markup=False)
        if not dry_run:
            out.mkdir(parents=True, exist_ok=True)
            with whole_file(out / "config.json") as partial:
                partial.write_text(json.dumps(config, indent=2) + "\n")
            _loop(preset, system, clock, out)
    return out


def _loop(preset: Preset, system: System, clock: run_callbacks.Clock, out: Path) -> None:
    steps = preset.steps - clock.images_seen // preset.batch_size
    if steps <= 0:
        return
    # The position in the data is the number of batches seen: the feed continues exactly there.
    feed = clock.feed = Feed(system.batches, clock.images_seen // preset.batch_size, preset.data_threads)
    events = run_callbacks.EventFile(out / "tensorboard")
    progress = run_callbacks.Progress(clock, preset.steps * preset.batch_size)
    listed = [
        clock,
        run_callbacks.MetricsLog(clock, out / "metrics.jsonl", preset.log_images),
        run_callbacks.TensorBoardScalars(clock, events, preset.log_images),
        run_callbacks.ImageGrid(clock, system.preview, out / "images", preset.grid_images, events),
        run_callbacks.Checkpoint(
            clock,
            out / "checkpoints",
            preset.checkpoint_seconds,
            keep=preset.keep_checkpoints,
            on_save=lambda: system.save(out),
        ),
        progress,
    ]
    try:
        if keras.backend.backend() == "tensorflow":
            system.model.fit(feed, steps_per_epoch=steps, shuffle=False, verbose=0, callbacks=listed)
        else:
            _drive(system.model, feed, steps, listed)
    finally:
        progress.close()
        feed.close()


def _drive(model: keras.Model, feed: Feed, steps: int, listed: list[keras.callbacks.Callback]) -> None:
    """`fit` for the backends whose `fit` cannot run adversarial models: the same callbacks in the same order."""
    step = model.make_step()
    callback = keras.callbacks.CallbackList(listed, model=model)
    model.stop_training = False
    callback.on_train_begin()
    for index in range(steps):
        callback.on_train_batch_begin(index)
        callback.on_train_batch_end(index, step(feed[index]))
        if model.stop_training:
            break
    callback.on_train_end()


def _resolve(preset: Preset, system: System) -> dict[str, Any]:
    parameters = sum(math.prod(variable.shape) for variable in system.model.trainable_variables)
    return {
        "system": preset.system,
        "settings": as_dict(preset),
        "facts": {**system.facts, "trainable_parameters": parameters},
        "backend": keras.backend.backend(),
        "versions": {"keras_stylegan": keras_stylegan.__version__, "keras": keras.__version__},
    }


def _read_config(out: Path) -> dict[str, Any] | None:
    path = out / "config.json"
    return json.loads(path.read_text()) if path.exists() else None


def _check_same_run(earlier: dict[str, Any], config: dict[str, Any], out: Path) -> None:
    def decisive(record):
        settings = {k: v for k, v in record["settings"].items() if k not in MAY_CHANGE}
        return {"system": record["system"], **settings, **{f"facts/{k}": v for k, v in record["facts"].items()}}

    before, now = decisive(earlier), decisive(config)
    differing = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
    if differing:
        lines = "".join(f"\n  {key}: {before.get(key)} there, {now.get(key)} now" for key in differing)
        raise ValueError(f"the run in {out} has other settings:{lines}")


def _header(config: dict[str, Any], preset: Preset, clock: run_callbacks.Clock, restored: Path | None) -> str:
    facts = "  ".join(
        f"{len(value) if isinstance(value, list) else value:,} {name.replace('_', ' ')}"
        for name, value in config["facts"].items()
    )
    start = f"from {restored.name} at {clock.kimg:g} kimg" if restored else "from the start"
    return (
        f"{config['system']}: {facts}\n"
        f"{preset.steps:,} steps of {preset.batch_size} ({preset.kimg:g} kimg) {start}, "
        f"backend {config['backend']}, {preset.precision}, seed {preset.seed}"
    )


@contextlib.contextmanager
def _dtype_policy(name: str):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
