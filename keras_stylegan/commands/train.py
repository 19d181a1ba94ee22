"""keras-stylegan train: trains a preset into a run directory."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from keras_stylegan.commands.silence import start_keras
from keras_stylegan.commands.sources import add_data_argument
from keras_stylegan.presets import PRESETS, as_dict, from_dict, get_preset, with_settings
from keras_stylegan.run_records import read_config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("preset", help=f"what to train: {', '.join(PRESETS)}")
    parser.add_argument("--content", metavar="SOURCE", help="photographs of a system that paints, a source as --data")
    parser.add_argument("--styles", metavar="DIR", help="style pictures, named after their files")
    add_data_argument(parser, required=False)
    parser.add_argument("--data-b", metavar="SOURCE", help="of a translator: pictures of B, where --data holds A alone")
    parser.add_argument(
        "--from", dest="start_from", metavar="RUN", help="begin with the weights of this run, or of a packaged network"
    )
    parser.add_argument("--out", metavar="RUN", required=True, help="run directory")
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="change a setting; repeatable")
    parser.add_argument("--resume", action="store_true", help="go on from the newest checkpoint in RUN, as it began")
    parser.add_argument("--dry-run", action="store_true", help="build and check everything, then stop")
    parser.add_argument("--strategy", choices=("mirrored",), help="train on several devices (TensorFlow)")
    parser.add_argument(
        "--devices", metavar="LIST", help="the strategy's devices with commas between, such as GPU:0,GPU:1 (all GPUs)"
    )
    parser.add_argument("--deterministic", action="store_true", help="only operations that repeat bit for bit")
    parser.add_argument(
        "--backend",
        choices=("tensorflow", "jax", "torch"),
        default=os.environ.get("KERAS_BACKEND", "tensorflow"),
        help="Keras backend (default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    preset, goes_on = get_preset(arguments.preset), arguments.resume and (Path(arguments.out) / "config.json").exists()
    if goes_on:
        preset = _as_it_began(preset, arguments)
    preset = with_settings(preset, [*_sources(arguments, preset), *arguments.set])
    try:
        preset.check_sources()
    except ValueError as error:
        if arguments.resume and not goes_on:
            raise ValueError(f"{error}, and {arguments.out} holds no run to resume") from None
        raise
    keras = sys.modules.get("keras")
    if keras is not None and keras.backend.backend() != arguments.backend:
        raise ValueError(
            "`--backend` must be that of the Keras already imported in this process. "
            f"Received: {arguments.backend}, imported with {keras.backend.backend()}"
        )
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # So a shell starts background jobs; a run is to hear Ctrl-C, or a kill -INT, there too.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ["KERAS_BACKEND"] = arguments.backend
    start_keras()
    from keras_stylegan.runs import train

    try:
        train(
            preset,
            arguments.out,
            arguments.resume,
            arguments.dry_run,
            strategy=arguments.strategy,
            devices=arguments.devices.split(",") if arguments.devices else None,
            deterministic=arguments.deterministic,
        )
    except FloatingPointError as error:
        print(f"keras-stylegan: {error}", file=sys.stderr)
        return 1
    return 0


def _as_it_began(preset, arguments):
    """The preset with the settings of the run that `--out` holds, and a line on standard error that tells them."""
    config = read_config(Path(arguments.out))
    if config["system"] != preset.system:
        raise ValueError(f"{arguments.out} holds a run of the system {config['system']}. Received: {arguments.preset}")
    # There an empty one says that nothing is monitored, in a preset that the system is to choose; as it must, where
    # something else is to be scored.
    monitor = config["settings"].get("monitor") or "none"
    if any(setting.startswith("score_") for setting in arguments.set):
        monitor = preset.monitor
    begun = from_dict(preset, {**config["settings"], "monitor": monitor})
    before, now = as_dict(preset), as_dict(begun)
    changed = [f"{key}={now[key]}" for key in sorted(now.keys() - {"monitor"}) if now[key] != before[key]]
    print(f"{arguments.out} goes on as {arguments.preset} with {', '.join(changed) or 'its settings'}", file=sys.stderr)
    return begun


def _sources(arguments, preset):
    """The settings that `--content`, `--styles`, `--data`, `--data-b` and `--from` make."""
    options = {name: f"--{name.replace('_', '-')}" for name in ("content", "styles", "data", "data_b")}
    options["start_from"] = "--from"
    given = {name: getattr(arguments, name) for name in options if getattr(arguments, name)}
    for name in given:
        if not hasattr(preset, name):
            known = ", ".join(option for name, option in options.items() if hasattr(preset, name))
            raise ValueError(f"`{options[name]}` is not for {arguments.preset}, which takes {known}")
    return [f"{name}={value}" for name, value in given.items()]
