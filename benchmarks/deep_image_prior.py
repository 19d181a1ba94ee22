"""The deep image prior on real photographs beside what scikit-image does without learning.

    python benchmarks/deep_image_prior.py --photos KODAK [--task denoise --task inpaint --task upscale] [--steps 1500]

Square crops from the middle of five photographs. `denoise`: Gaussian noise of 25 grey levels, beside non-local means
that knows this number. `inpaint`: a tenth of the pixels under random strokes, beside biharmonic interpolation; scored
inside of the strokes alone. `upscale`: four times, beside the bicubic filter that made the picture small. PSNR in dB.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from record import record
from skimage.restoration import denoise_nl_means, inpaint_biharmonic

from keras_stylegan.inference.restoration import FACTOR, restore_photograph
from keras_stylegan.metrics import psnr

TASKS = ("denoise", "inpaint", "upscale")
SIGMA = 25.0


def crops(folder, size, count):
    """Square crops from the middle, by name."""
    files = sorted(path for path in Path(folder).glob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    if len(files) < count:
        raise ValueError(f"`--photos` must hold at least {count} photographs. Received: {len(files)} in {folder}")
    # Lossless files first: compression would hide noise.
    files.sort(key=lambda path: (path.suffix.lower() != ".png", path.name))
    pictures = {}
    for path in files[:count]:
        image = Image.open(path).convert("RGB")
        left, top = (image.width - size) // 2, (image.height - size) // 2
        pictures[path.stem] = np.asarray(image.crop((left, top, left + size, top + size)))
    return pictures


def strokes(size, seed):
    """White strokes on about a tenth of a black picture."""
    rng = np.random.default_rng(seed)
    mask = Image.new("L", (size, size))
    while np.mean(mask) < 25.5:
        points = [tuple(point) for point in rng.integers(0, size, (3, 2)).tolist()]
        ImageDraw.Draw(mask).line(points, fill=255, width=max(2, size // 40))
    return mask


def denoise(truth, seed, steps):
    noise = np.random.default_rng(seed).normal(0, SIGMA, truth.shape)
    noisy = np.uint8(np.clip(np.rint(truth + noise), 0, 255))
    peer = denoise_nl_means(
        noisy / 255, patch_size=5, patch_distance=6, h=0.6 * SIGMA / 255, sigma=SIGMA / 255, channel_axis=-1
    )
    ours, _ = restore_photograph(Image.fromarray(noisy), "denoise", steps=steps)
    return {"damaged": psnr(noisy, truth), "peer": psnr(255 * peer, truth), "ours": psnr(np.asarray(ours), truth)}


def inpaint(truth, seed, steps):
    mask = strokes(len(truth), seed)
    hole = np.asarray(mask) > 0
    damaged = np.where(hole[..., None], 0, truth).astype("uint8")
    peer = 255 * inpaint_biharmonic(damaged / 255, hole, channel_axis=-1)
    ours, _ = restore_photograph(Image.fromarray(damaged), "inpaint", mask, steps)
    results = {"damaged": damaged, "peer": peer, "ours": np.asarray(ours)}
    return {name: psnr(picture[hole], truth[hole]) for name, picture in results.items()}


def upscale(truth, seed, steps):
    side = len(truth) // FACTOR
    small = Image.fromarray(truth).resize((side, side), Image.Resampling.BICUBIC)
    peer = small.resize(truth.shape[1::-1], Image.Resampling.BICUBIC)
    ours, _ = restore_photograph(small, "upscale", steps=steps)
    return {"peer": psnr(np.asarray(peer), truth), "ours": psnr(np.asarray(ours), truth)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", required=True, metavar="DIR")
    parser.add_argument("--task", action="append", choices=TASKS)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--pictures", type=int, default=5)
    parser.add_argument("--size", type=int, default=256, help="edge of the crops in pixels, a multiple of 4")
    arguments = parser.parse_args()
    pictures = crops(arguments.photos, arguments.size, arguments.pictures)
    peers = {"denoise": "non-local means", "inpaint": "biharmonic", "upscale": "bicubic"}
    for task in arguments.task or TASKS:
        table, start = {}, time.perf_counter()
        for seed, (name, truth) in enumerate(pictures.items()):
            found = globals()[task](truth, seed, arguments.steps)
            table[name] = {key: round(value, 2) for key, value in found.items()}
            print(task, name, table[name], flush=True)
        mean = {key: round(float(np.mean([row[key] for row in table.values()])), 2) for key in table[name]}
        seconds = round((time.perf_counter() - start) / len(table), 1)
        figures = {"task": task, "peer": peers[task], "steps": arguments.steps, "size": arguments.size}
        figures |= {"mean": mean, "pictures": table, "seconds_a_picture": seconds}
        record("deep_image_prior", figures, ("keras", "tensorflow", "scikit-image"))


if __name__ == "__main__":
    main()
