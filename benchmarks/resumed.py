"""A benchmark's run goes on only with the settings of the call: `--resume` alone would take those that the run has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from keras_stylegan.presets import as_dict, get_preset, with_settings
from keras_stylegan.run_records import read_config


def check_resumed(run: Path, preset: str, settings: Sequence[str]) -> None:
    """Says where a run differs from a preset with these settings, but for what may change as a run goes on.

    Raises:
        SystemExit: with the names of the settings that differ.
    """
    from keras_stylegan.runs import MAY_CHANGE

    if not (run / "config.json").exists():
        return
    before, now = read_config(run)["settings"], as_dict(with_settings(get_preset(preset), settings))
    # Of `auto` the run says what it came to; `start_from` comes with the sources.
    names = {name for name in now.keys() - MAY_CHANGE - {"start_from"} if now[name] != "auto"}
    if differing := sorted(name for name in names if before.get(name) != now[name]):
        raise SystemExit(f"{run}: begun with other settings: {', '.join(differing)}; name another --out")
