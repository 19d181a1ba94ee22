"""What benchmarks of style quality share: the judge module, painters under judgement, runs that are compared."""

from __future__ import annotations

import importlib.util
import json
import statistics
import subprocess
import sys
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from resumed import check_resumed

from keras_stylegan.files import whole_file
from keras_stylegan.formats import READABLE_SUFFIXES
from keras_stylegan.metrics import blob_outliers
from keras_stylegan.run_records import read_config, state_of_network

# What a judgement says, each as the median over the photographs.
KEYS = ("score", "share", "agreement", "leakage", "style", "reference_style", "reference_agreement")


def load_module(path: Path):
    """Imports the module of a file, such as the judge."""
    spec = importlib.util.spec_from_file_location("judge", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pictures(folder: Path) -> list[Path]:
    """The picture files of a folder, by name."""
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in READABLE_SUFFIXES)
    if not files:
        raise SystemExit(f"{folder} holds no pictures")
    return files


def taken_in_turn(files: Sequence[Path], painting: str, count: int) -> list[Path]:
    """The photographs that a painting is judged on: others for each, for one always the same, so references are shared.

    Args:
        files: photographs.
        painting: its name, which decides where to begin.
        count: how many, at most all.
    """
    first = zlib.crc32(painting.encode())
    return [files[(first + turn) % len(files)] for turn in range(min(count, len(files)))]


def judge_style(
    judge: Any,
    paint: Callable[[Image.Image], Image.Image],
    painting: Path,
    photographs: Sequence[Path],
    references: Path,
    known_only: bool = False,
) -> dict[str, Any] | None:
    """Judges a painter on photographs at a short side of 256 pixels.

    Args:
        judge: module with `load`, `gatys` and `judge`.
        paint: from a photograph to what is judged.
        painting: the picture of the style.
        photographs: what to paint.
        references: folder of the optimised pictures that are the upper end of the scale, made where they are missing.
        known_only: leave photographs out whose reference is missing instead.

    Returns:
        The medians by key, the mean number of `blobs` and `reference_blobs` a picture (`metrics.blob_outliers`), and
        the number of `photographs`; None if none was judged.
    """
    style, results, blobs = judge.load(painting, 256), [], []
    references.mkdir(parents=True, exist_ok=True)
    for file in photographs:
        cached = references / f"{painting.stem}-{file.stem}.png"
        if not cached.exists() and known_only:
            continue
        content = judge.load(file, 256)
        if not cached.exists():
            with whole_file(cached) as partial:
                Image.fromarray(np.uint8(judge.gatys(content, style) * 255)).save(partial, "PNG")
        reference = judge.load(cached, size=(content.shape[1], content.shape[0]))
        photograph = _levels(content)
        painted = np.asarray(paint(Image.fromarray(photograph)))
        results.append(judge.judge(np.float32(painted) / 255, content, style, reference))
        blobs.append([blob_outliers(picture, photograph) for picture in (painted, _levels(reference))])
    if not results:
        return None
    medians = {key: round(float(statistics.median(r[key] for r in results)), 3) for key in KEYS}
    means = dict(zip(("blobs", "reference_blobs"), np.mean(blobs, axis=0).round(3).tolist(), strict=True))
    return medians | means | {"photographs": len(results)}


def _levels(picture):
    return np.uint8(np.rint(picture * 255))


def train(run: Path, preset: str, settings: Sequence[str], sources: Sequence[str]) -> None:
    """Trains a run in a process of its own, or goes on with it; one that is finished stays as it is.

    Raises:
        SystemExit: if a finished run has other settings or sources than these, or began with other weights.
    """
    kimg = next(float(setting.partition("=")[2]) for setting in settings if setting.startswith("kimg="))
    if _images_seen(run) >= 1000 * kimg:
        _check_settings(run, preset, settings, sources)
        return
    check_resumed(run, preset, settings)
    options = [option for setting in settings for option in ("--set", setting)]
    command = [sys.executable, "-m", "keras_stylegan.cli", "train", preset, *sources, "--out", str(run), "--resume"]
    subprocess.run([*command, *options], check=True)


def open_run(run: Path):
    """The `Stylizer` of a multistyle run."""
    from keras_stylegan.inference import KerasRuntime, Stylizer
    from keras_stylegan.keras_files import load_network

    network = load_network(run / "network.keras")
    styles = read_config(run)["facts"]["styles"]
    return Stylizer(KerasRuntime(network, network.stride), styles)


def remembered(file: Path, key: Any, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A result that a file holds under this key, or that is computed and written into it, so that a study goes on."""
    key = json.loads(json.dumps(key))
    if file.exists():
        known = json.loads(file.read_text(encoding="utf-8"))
        if known["key"] == key:
            return known["result"]
    result = compute()
    with whole_file(file) as partial:
        partial.write_text(json.dumps({"key": key, "result": result}))
    return result


def print_table(rows: dict[str, dict[str, Any]]) -> None:
    """Prints the numbers of rows by name as a table in Markdown; every row has the same columns."""
    columns = [name for name, value in next(iter(rows.values())).items() if not isinstance(value, dict)]
    print("| |", " | ".join(columns), "|")
    print("|---" * (len(columns) + 1) + "|")
    for name, row in rows.items():
        print("|", " | ".join([name, *(str(row[column]) for column in columns)]), "|")


def _check_settings(run, preset, settings, sources):
    """A run of other settings would be judged as if it had these; `check_resumed` sees to unfinished ones."""
    from keras_stylegan import pretrained
    from keras_stylegan.presets import as_dict, get_preset, with_settings

    of_sources = dict(zip(sources[::2], sources[1::2], strict=True))
    of_sources = {{"--from": "start_from"}.get(name, name[2:]): value for name, value in of_sources.items()}
    settings = [*settings, *(f"{name}={value}" for name, value in of_sources.items())]
    wanted = as_dict(with_settings(get_preset(preset), settings))
    config = read_config(run)
    names = {setting.partition("=")[0] for setting in settings}
    # Of `auto` the run says what it came to.
    names = {name for name in names if wanted[name] != "auto"}
    differing = sorted(name for name in names if config["settings"].get(name) != wanted[name])
    styles = Path(wanted.get("styles", ""))
    if styles.is_dir() and config["facts"].get("styles") != sorted(file.stem for file in pictures(styles)):
        differing.append("the pictures in styles")
    packaged = wanted.get("start_from")
    if packaged == "multistyle" and config["facts"].get("begun_with") != pretrained.origin(
        pretrained.network_entry(packaged)
    ):
        differing.append("the weights of the packaged network")
    if differing:
        raise SystemExit(f"{run}: finished with other settings: {', '.join(differing)}; name another --out")


def _images_seen(run):
    return state_of_network(run)[0] if (run / "network.keras").exists() else 0
