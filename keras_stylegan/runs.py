"""A training run in a directory: configuration, loop, checkpoints, logs, pictures, the trained network."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
from rich.console import Console

import keras_stylegan
from keras_stylegan import callbacks as run_callbacks
from keras_stylegan.best_runs import is_best_of_run, keep_best
from keras_stylegan.callbacks.state import HISTORY, check_settings
from keras_stylegan.data import EndlessBatches, Feed
from keras_stylegan.devices import device_names, fast_precision, make_deterministic, open_strategy, scope
from keras_stylegan.files import whole_file
from keras_stylegan.flops import count_flops
from keras_stylegan.presets import Preset, as_dict
from keras_stylegan.run_records import read_config, record_stop, running
from keras_stylegan.systems import Probe, System, build
from keras_stylegan.systems.picture_notes import picture_notes

# A resumed run may differ from the checkpoint's in these settings: they say how long, how often and from where.
MAY_CHANGE = frozenset(
    (
        "cache_megabytes", "checkpoint_seconds", "content", "data", "data_b", "data_threads", "grid_images", "hours",
        "keep_checkpoints", "kimg", "log_images", "max_rollbacks", "monitor", "perceptual", "rollback_factor",
        "score_extractor", "score_kimg", "score_metrics", "score_pictures", "score_weights", "styles", "targets",
    )
)  # fmt: skip
# Losses are not scaled, as float16 would need.
PRECISIONS = ("float32", "mixed_bfloat16")


def train(
    preset: Preset,
    out: str | Path,
    resume: bool = False,
    dry_run: bool = False,
    console: Console | None = None,
    strategy: str | None = None,
    devices: Sequence[str] | None = None,
    deterministic: bool = False,
) -> Path:
    """Trains a preset on the current Keras backend, through `fit` on TensorFlow and `make_step()` elsewhere.

    The run directory holds `config.json` (everything that decides the run), `state.json`, `checkpoints/`,
    `metrics.jsonl`, `images/`, `tensorboard/`, the system's trained network, as new as the newest checkpoint, and,
    where something is monitored, `best/`: a run directory that ends with the best checkpoint. It may be copied, moved
    between processes, and read while it trains. SIGTERM and Ctrl-C end the step, save and leave.

    Args:
        preset: the settings, data sources among them.
        out: the run directory.
        resume: continue from the newest whole checkpoint in `out`.
        dry_run: build everything, print configuration and header, write nothing and take no step.
        console: where to print, by default the standard output.
        strategy: None, or "mirrored" for several devices on TensorFlow.
        devices: the strategy's devices, such as `GPU:0` and `GPU:1`; by default all GPUs.
        deterministic: use only operations that repeat bit for bit.

    Returns:
        The run directory.

    Raises:
        ValueError: if `out` already holds a run and `resume` is false, holds a run of other settings, is the best of a
            run (which would replace it), or is being trained by another process, or if its `config.json` is damaged or
            not that of a run; and what reading the data raises, after saving, when too many pictures are unreadable.
        OSError: with the file's name, where one cannot be written; earlier checkpoints stand.
        FloatingPointError: if the gradients stay non-finite after all rollbacks.
        KeyboardInterrupt, SystemExit: after saving, for Ctrl-C and SIGTERM (code 143).
    """
    out, console = Path(out), console or Console(soft_wrap=True, highlight=False)
    if out.exists() and not out.is_dir():
        raise ValueError(f"`out` must be a folder, new or of a run. Received the file {out}")
    if is_best_of_run(out):
        raise ValueError(f"`out` must not be the best of a run, which would replace it: copy it. Received: {out}")
    earlier = read_config(out) if (out / "config.json").exists() else None
    if earlier is not None and not resume:
        raise ValueError(f"`out` already holds a run: give another folder, or `resume` it. Received: {out}")
    if deterministic:
        make_deterministic()
    if preset.precision == "auto":  # a run goes on as it began, on any machine
        precision = fast_precision() if earlier is None else earlier["settings"].get("precision", "float32")
        preset = dataclasses.replace(preset, precision=precision)
    strategy = open_strategy(strategy, devices)
    keras.utils.set_random_seed(preset.seed)
    with _dtype_policy(preset.precision), scope(strategy):
        system = build(preset)
        scoring, facts = system.scoring, None if system.scoring is None else system.scoring.prepare()
        monitor = preset.monitor or (scoring.monitor if scoring else "") or system.monitor
        preset = dataclasses.replace(preset, monitor="" if monitor == "none" else monitor)
        config = _resolve(preset, system, device_names(strategy))
        if earlier is not None:
            check_settings(out, _decisive(earlier), _decisive(config))
        clock = run_callbacks.Clock(preset.batch_size)
        checkpoint = run_callbacks.Checkpoint(
            clock,
            out / "checkpoints",
            preset.checkpoint_seconds,
            # What is scored is what is saved, so that the best is what was scored.
            every_images=None if scoring is None else scoring.every_images,
            keep=preset.keep_checkpoints,
            on_save=lambda: system.save(out),
            on_best=lambda path: keep_best(system, out, path, checkpoint.console),
            monitor=preset.monitor or None,
            monitor_facts=facts if preset.monitor.startswith("score/") else None,
            settings=_decisive(config),
            parts=system.parts,
        )
        checkpoint.set_model(system.model)
        # Made before anything is restored: its history is a part of a checkpoint.
        rollback = run_callbacks.Rollback(checkpoint, preset.rollback_factor, preset.max_rollbacks)
        probes = [] if system.probe is None else [system.probe] if isinstance(system.probe, Probe) else system.probe
        health = [_health(probe, clock, preset.grid_images) for probe in probes]
        restored = checkpoint.restore_newest() if resume else None
        if restored is not None and earlier is not None:
            config["facts"] |= {name: earlier["facts"][name] for name in HISTORY & earlier["facts"].keys()}
        console.print_json(json.dumps(config), indent=2)
        notes = [*picture_notes(preset, system.batches), *system.notes()]
        console.print("\n".join([_header(config, preset, clock, restored), *notes]), markup=False)
        if not dry_run:
            with running(out):
                with whole_file(out / "config.json") as partial:
                    partial.write_text(json.dumps(config, indent=2) + "\n")
                if restored is not None:
                    checkpoint.save_again(restored)
                _loop(preset, system, checkpoint, rollback, health, out)
    return out


def _loop(
    preset: Preset,
    system: System,
    checkpoint: run_callbacks.Checkpoint,
    rollback: run_callbacks.Rollback,
    health: Sequence[run_callbacks.Health],
    out: Path,
) -> None:
    clock = checkpoint.clock
    steps = preset.steps - clock.images_seen // preset.batch_size
    limit, scoring = preset.hours * 3600 or None, system.scoring
    if steps <= 0 or (limit and clock.seconds >= limit):
        return
    # The position in the data is the number of batches seen: the feed continues exactly there.
    feed = clock.feed = Feed(system.batches, clock.images_seen // preset.batch_size, preset.data_threads)
    events = run_callbacks.EventFile(out / "tensorboard")
    stop = run_callbacks.StopOnSignal(on_exit=lambda number: record_stop(out, number))
    images = preset.steps * preset.batch_size
    scores = []
    if scoring is not None:
        scores = [run_callbacks.Scores(clock, scoring.score, scoring.every_images, images, stop)]
    progress = run_callbacks.Progress(clock, images, limit)
    listed = [
        clock,
        stop,
        *([run_callbacks.TimeLimit(clock, limit)] if limit else []),
        *health,
        *scores,
        *([run_callbacks.SkippedPictures(system.batches)] if isinstance(system.batches, EndlessBatches) else []),
        run_callbacks.ModelReport(clock, preset.log_images),
        run_callbacks.MetricsLog(clock, out / "metrics.jsonl", preset.log_images),
        run_callbacks.TensorBoardScalars(clock, events, preset.log_images),
        rollback,
        checkpoint,
        run_callbacks.ImageGrid(clock, system.preview, out / "images", preset.grid_images, events, stop),
        progress,
    ]
    try:
        if keras.backend.backend() == "tensorflow":
            system.model.fit(feed, steps_per_epoch=steps, shuffle=False, verbose=0, callbacks=listed)
        else:
            _drive(system.model, feed, steps, listed)
    except Exception as error:
        failed = next((part.error for part in (feed, *scores) if part.error is not None), None)
        if failed is not None:
            checkpoint.on_train_end()  # the updates so far are good, the data have ended or could not be scored
            raise failed from error
        if isinstance(error, OSError) and error.filename is None:
            raise OSError(error.errno, error.strerror or str(error), str(out)) from error
        raise
    finally:
        stop.close()
        progress.close()
        feed.close()
    stop.exit()


def _health(probe: Probe, clock: run_callbacks.Clock, every_images: int) -> run_callbacks.Health:
    try:
        return run_callbacks.Health(
            clock, probe.generate, probe.real, probe.critic, every_images, inputs=probe.inputs, name=probe.name
        )
    except ValueError as error:
        raise ValueError(
            f"the data must hold different pictures. Received: the first {len(probe.real)} are all the same"
        ) from error


def _drive(model: keras.Model, feed: Feed, steps: int, listed: list[keras.callbacks.Callback]) -> None:
    """`fit` for the backends whose `fit` cannot run adversarial models: the same callbacks in the same order."""
    step = model.make_step(check=False)
    callback = keras.callbacks.CallbackList(listed, model=model)
    model.stop_training = False
    callback.on_train_begin()
    for index in range(steps):
        callback.on_train_batch_begin(index)
        callback.on_train_batch_end(index, step(feed[index]))
        model.check_updates()
        if model.stop_training:
            break
    callback.on_train_end()


def _resolve(preset: Preset, system: System, devices: list[str]) -> dict[str, Any]:
    parameters = sum(math.prod(variable.shape) for variable in system.model.trainable_variables)
    rates = {rate.name: float(f"{rate.learning_rate:.7g}") for rate in system.model.optimizer.optimizers}
    flops = {} if system.forward is None else {"flops_an_image": count_flops(system.forward)}
    return {
        "system": preset.system,
        "settings": as_dict(preset),
        "facts": {**system.facts, "trainable_parameters": parameters},
        "resolved": {
            "learning_rates": rates,
            **flops,
            "devices": devices,
        },
        "backend": keras.backend.backend(),
        "versions": {"keras_stylegan": keras_stylegan.__version__, "keras": keras.__version__},
    }


def _decisive(config: dict[str, Any]) -> dict[str, Any]:
    """What must be equal for a run to be resumed."""
    settings = {k: v for k, v in config["settings"].items() if k not in MAY_CHANGE}
    facts = {f"facts/{k}": v for k, v in config["facts"].items()}
    return json.loads(json.dumps({"system": config["system"], **settings, **facts}))


def _header(config: dict[str, Any], preset: Preset, clock: run_callbacks.Clock, restored: Path | None) -> str:
    facts = "  ".join(
        f"{len(value) if isinstance(value, list) else value:,} {name.replace('_', ' ')}"
        for name, value in config["facts"].items()
        # What an earlier run was is for config.json; what began with its weights has a line of its own.
        if not isinstance(value, dict) and not name.startswith("weights_")
    )
    resolved = config["resolved"]
    rates = "  ".join(f"{name} {rate:g}" for name, rate in resolved["learning_rates"].items())
    flops = f"{resolved['flops_an_image'] / 1e9:.3g} GFLOPs an image  " if "flops_an_image" in resolved else ""
    # Of a gamma, 0 stands for a rule, whose result is among the facts.
    weights = {"gamma": getattr(preset, "gamma", 0), **getattr(preset, "penalties", {})}
    penalties = "".join(f"{name} {weight:g}  " for name, weight in weights.items() if weight)
    start = f"from {restored.name} at {clock.kimg:g} kimg" if restored else "from the start"
    limit = f", at most {preset.hours:g} hours" if preset.hours else ""
    taken = ""
    if "weights_taken" in config["facts"] and not restored:
        new = ", ".join(config["facts"]["weights_new"]) or "none"
        taken = f"{config['facts']['weights_taken']} arrays begin with the weights of {preset.start_from}; new: {new}\n"
        if "critic" in config["facts"]["weights_new"] and getattr(preset, "head_start_kimg", 1) == 0:
            taken += "The critic begins anew: without a head start (`head_start_kimg`) it may never catch up\n"
    return (
        f"{config['system']}: {facts}\n{taken}"
        f"{flops}{penalties}learning rates: {rates}\n"
        f"{preset.steps:,} steps of {preset.batch_size} ({preset.kimg:g} kimg{limit}) {start}, "
        f"backend {config['backend']} on {', '.join(resolved['devices'])}, {preset.precision}, seed {preset.seed}"
    )


@contextlib.contextmanager
def _dtype_policy(name: str):
    if name not in PRECISIONS:
        raise ValueError(f"`precision` must be auto, {' or '.join(PRECISIONS)}. Received: precision={name}")
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
