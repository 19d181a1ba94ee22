"""Pictures of any size: peak memory and time per pixel of 8192x8192 in tiles, tiles against whole, the change at N.

    python benchmarks/tiling.py

Each size runs in a process of its own, from a JPEG file to a JPEG file through `Stylizer.stylize(tile=True)`. Bars: at
most 1.5 GiB at 8192x8192; time per pixel at most 1.3 times that of 1024x1024 painted whole; tiles equal the whole in
the same mode to 2 grey levels; the mode changes the picture by at most 4 grey levels on average, of square pictures
and of strips. The whole command is measured too, by format, and with two styles in regions.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from record import RESULTS, record

import keras_stylegan
from keras_stylegan import pretrained
from keras_stylegan.inference import write_picture
from keras_stylegan.inference.tiling import TILE_ABOVE, paint_in_tiles

STYLE, OTHER_STYLE = "hokusai_great_wave", "munch_scream"
FORMATS = ("jpg", "png", "tiff", "webp")
SMALL = 1024  # pixels a side of the picture that is painted whole


def paint(source: str, target: str) -> None:
    """Paints a file and prints its seconds, those of the cores together, and the peak of this process."""
    network = keras_stylegan.load()
    # Warm as in a batch; in the process whose peak counts, with a picture that hardly adds to it.
    side = SMALL if Image.open(source).width <= SMALL else 256
    network.stylize(Image.new("RGB", (side, side)), STYLE, tile=True)
    start, cpu = time.perf_counter(), time.process_time()
    painted = network.stylize(source, STYLE, tile=True, max_pixels=2**31)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    write_picture(painted, target)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "peak_gib": peak}))


def photograph(width: int, height: int) -> Image.Image:
    """The packaged photographs, enlarged and side by side: detail at every scale, other things in every part."""
    samples = [Image.open(sample.open("rb")).convert("RGB") for sample in pretrained.sample_photographs()]
    picture = Image.new("RGB", (width, height))
    half, squares = min(width, height) // 2, []
    for sample in samples[:4]:
        short = min(sample.size)
        squares.append(sample.crop((0, 0, short, short)).resize((half, half), Image.Resampling.BICUBIC))
    for row, column in np.ndindex(-(-height // half), -(-width // half)):
        picture.paste(squares[(2 * row + column) % 4], (column * half, row * half))
    return picture


def differences(aspect: int) -> dict[str, float]:
    """Tiles against the whole in one mode, and the mode against the picture's own statistics, just above N pixels."""
    network = keras_stylegan.load()
    height = (int((TILE_ABOVE / aspect) ** 0.5) // 8 + 1) * 8
    photo, mixture = photograph(height * aspect, height), network.check(STYLE)[0]
    whole = np.asarray(paint_in_tiles(network.runtime, photo, [mixture], 1.0, tile=max(photo.size)), int)
    tiled = np.asarray(paint_in_tiles(network.runtime, photo, [mixture], 1.0, tile=512), int)
    usual = network.runtime.run(np.asarray(photo), mixture.weights, 1.0).astype(int)
    return {
        "size": photo.size,
        "tiles_greatest": int(np.abs(tiled - whole).max()),
        "mode_mean": round(float(np.abs(whole - usual).mean()), 2),
    }


def disc(side: int, file: Path) -> Path:
    """Writes a mask of a disc in the middle of a square picture."""
    y, x = np.ogrid[:side, :side]
    Image.fromarray((np.hypot(y - side / 2, x - side / 2) < side / 3).astype("uint8") * 255).save(file)
    return file


def peak_of_command(source: Path, target: Path, styles: list[str]) -> float:
    """GiB of memory at most of the whole command from file to file, in the styles that its arguments name."""
    arguments = ["stylize", str(source), "-o", str(target), *styles, "--tile", "--max-pixels", str(2**31)]
    process = subprocess.Popen([sys.executable, "-m", "keras_stylegan.cli", *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"stylize failed for {target.name}")
    target.unlink()
    return round(usage.ru_maxrss / 2**20, 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=8192)
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR", help="where to append the line")
    parser.add_argument("--one", nargs=2, metavar=("IN", "OUT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        paint(*arguments.one)
        return
    figures = {"side": arguments.side}
    with tempfile.TemporaryDirectory() as folder:
        for name, side in (("small", SMALL), ("large", arguments.side)):
            source = Path(folder) / f"{name}.jpg"
            photograph(side, side).save(source, quality=90)
            command = [sys.executable, __file__, "--one", str(source), f"{folder}/out.jpg"]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            result = json.loads(done.stdout.splitlines()[-1])
            for kind in ("seconds", "cpu_seconds"):
                figures[f"{name}_micro{kind}_a_pixel"] = round(result[kind] / side**2 * 1e6, 3)
            figures[f"{name}_peak_gib"] = round(result["peak_gib"], 2)
        one = ["--style", STYLE]
        peaks = {kind: peak_of_command(source, Path(folder, f"command.{kind}"), one) for kind in FORMATS}
        figures["command_peak_gib"] = peaks
        mask = str(disc(arguments.side, Path(folder, "mask.png")))
        two = ["--mask", mask, "--style-inside", STYLE, "--style-outside", OTHER_STYLE]
        figures["regions_peak_gib"] = peak_of_command(source, Path(folder, "regions.jpg"), two)
    for kind in ("seconds", "cpu_seconds"):  # the second hardly depends on what else the machine does
        ratio = figures[f"large_micro{kind}_a_pixel"] / figures[f"small_micro{kind}_a_pixel"]
        figures[f"ratio_{kind}"] = round(ratio, 2)
        figures["differences"] = {f"{aspect}:1": differences(aspect) for aspect in (1, 4, 30)}
    record("tiling", figures, ("ai-edge-litert", "pillow"), folder=arguments.results)


if __name__ == "__main__":
    main()
