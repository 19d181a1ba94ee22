"""Trains `compact`, the packaged perceptual network, by distillation from the slim VGG-19.

    python training/compact.py --teacher vgg19_16x_wct.npz --content PHOTOS --styles PAINTINGS --out RUN

Its stages are trained side by side first, each from the teacher's features before it, then together. Among its
photographs are some that the packaged multi-style network has painted, for such pictures are what it will look at.
Writes RUN/compact.npz (float16), RUN/compact.json (recipe, images seen, losses, agreement with the teacher, sha256) and
the model card RUN/compact.md after every epoch, so a run may be stopped at any time. `--judge` names photographs that
are not trained on, for the agreement. What it reached, and in how long, stands in assets/weights/compact.md.
"""

import argparse
import hashlib
import json
import pathlib
import time

import keras
import numpy as np
from PIL import Image, ImageEnhance, ImageOps

import keras_stylegan
from keras_stylegan import pretrained
from keras_stylegan.exporters.model_card import perceptual_card
from keras_stylegan.models.distillation import (
    FeatureDistillation,
    gradient_agreement,
    gram_rank_correlation,
    save_arrays,
)
from keras_stylegan.networks import PerceptualNetwork, build_perceptual

# Those of the teacher at its taps; wider between them, where a student of the teacher's own width gets stuck.
WIDTHS = ((16, 16), (32, 64), (64, 80, 80, 80), (128,))
# What the shared folders hold; another run states its own.
DATA = (
    "photographs: 316 of BSDS500, 20 of Wikimedia Commons (attribution on their Commons pages); 38 public-domain "
    "paintings and prints; two frames of Big Buck Bunny, (c) Blender Foundation, www.bigbuckbunny.org, CC BY 3.0; "
    "photographs painted by the packaged multi-style network"
)
SUFFIXES = {".jpg", ".jpeg", ".png"}


def read(folders, short, skip=()):
    """All pictures of folders, short side at `short` pixels, in the order of their names."""
    pictures = []
    for folder in folders:
        for path in sorted(pathlib.Path(folder).iterdir()):
            if path.suffix.lower() in SUFFIXES and not path.stem.startswith(tuple(skip)):
                image = Image.open(path).convert("RGB")
                scale = short / min(image.size)
                pictures.append(image.resize((round(image.width * scale), round(image.height * scale)), Image.LANCZOS))
    if not pictures:
        raise ValueError(f"No pictures found. Received: {[str(folder) for folder in folders]}")
    return pictures


def paint(photographs, count, seed):
    """Photographs as the packaged network paints them: in a style or a mixture of two, some at less strength."""
    network, random, pictures = keras_stylegan.load(), np.random.default_rng(seed), []
    for number in range(count):
        (first, second), share = random.choice(network.styles, 2, replace=False), random.uniform()
        styles = {first: share, second: 1 - share} if number % 2 else first
        photograph = photographs[random.integers(len(photographs))]
        pictures.append(network.stylize(photograph, styles, strength=(1.0, 1.0, 0.6)[number % 3]))
    return pictures


class Crops(keras.utils.PyDataset):
    """Batches of augmented crops, half photographs and half paintings; every index has its own seed."""

    def __init__(self, photographs, paintings, batches, batch, size, seed):
        super().__init__()
        self.groups = (photographs, paintings)
        self.batches = batches
        self.batch = batch
        self.size = size
        self.seed = seed
        self.epoch = 0

    def __len__(self):
        return self.batches

    def on_epoch_end(self):
        self.epoch += 1

    def __getitem__(self, index):
        random = np.random.default_rng((self.seed, self.epoch, index))
        return (np.stack([self.example(random, self.groups[i % 2]) for i in range(self.batch)]),)

    def example(self, random, group):
        image = self.crop(random, group)
        if random.random() < 0.25:  # pictures between two others, such as an optimisation passes through
            image = Image.blend(image, self.crop(random, self.groups[random.integers(2)]), random.uniform(0.2, 0.8))
        for enhance in (ImageEnhance.Color, ImageEnhance.Brightness, ImageEnhance.Contrast):
            if random.random() < 0.5:
                image = enhance(image).enhance(random.uniform(0.5, 1.6))
        if random.random() < 0.15:
            dark, light = random.integers([[0] * 3, [128] * 3], [[128] * 3, [256] * 3])
            image = ImageOps.colorize(image.convert("L"), dark, light)
        pixels = np.asarray(image, "float32") / 127.5 - 1
        if random.random() < 0.3:
            pixels = pixels * random.uniform(0.7, 1.1, (1, 1, 3)) + random.uniform(-0.2, 0.2, (1, 1, 3))
        if random.random() < 0.3:
            pixels = pixels + random.normal(0, random.uniform(0.02, 0.3), pixels.shape)
        return np.clip(pixels, -1, 1).astype("float32")

    def crop(self, random, group):
        image = group[random.integers(len(group))]
        side = int(random.uniform(min(self.size, min(image.size)), min(image.size)))
        left, top = random.integers(image.width - side + 1), random.integers(image.height - side + 1)
        resized = image.resize((self.size, self.size), Image.BILINEAR, (left, top, left + side, top + side))
        return resized.transpose(Image.FLIP_LEFT_RIGHT) if random.random() < 0.5 else resized


class Keep(keras.callbacks.Callback):
    """Writes the network and its record after each epoch, of both phases."""

    def __init__(self, arguments, teacher, pictures, styles):
        super().__init__()
        self.arguments, self.teacher, self.pictures, self.styles = arguments, teacher, pictures, styles
        self.start, self.epochs = time.time(), 0

    def on_epoch_end(self, epoch, logs=None):
        self.epochs += 1
        path = pathlib.Path(self.arguments.out) / "compact.npz"
        save_arrays(self.model.folded(), path)
        record = {
            "name": "compact",
            "file": "weights/compact.npz",
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "bytes": path.stat().st_size,
            "parameters": self.model.student.count_params(),
            "recipe": "training/compact.py",
            "teacher": "vgg19_16x_wct.npz (Collaborative Distillation, MIT): VGG-19 pruned 16 times",
            "arguments": {key: getattr(self.arguments, key) for key in OPTIONS},
            "data": DATA,
            "painter": pretrained.network_entry("multistyle")["litert"]["sha256"],
            "images_seen": self.epochs * self.arguments.batches * self.arguments.batch,
            "minutes": round((time.time() - self.start) / 60, 1),
            "losses": {key: round(float(value), 4) for key, value in (logs or {}).items()},
            "licence": "Trained on research data (BSDS500 photographs); no warranty of commercial use",
        }
        if self.pictures and self.epochs % self.arguments.judge_every == 0:
            record |= self.agreement(build_perceptual(path))
        path.with_suffix(".json").write_text(json.dumps(record, indent=2) + "\n")
        path.with_suffix(".md").write_text(perceptual_card(record))
        kept = ("images_seen", "minutes", "losses", "rank_correlation", "gradient_agreement")
        with open(path.with_name("metrics.jsonl"), "a") as log:
            log.write(json.dumps({key: record.get(key) for key in kept}) + "\n")

    def agreement(self, packed):
        correlation = gram_rank_correlation(packed, self.teacher, self.pictures, self.styles)
        slopes = gradient_agreement(packed, self.teacher, self.pictures[:GRADIENT_PHOTOGRAPHS], self.styles)
        return {
            "rank_correlation": {key: round(value, 4) for key, value in correlation.items()},
            "rank_pairs": len(self.pictures) * len(self.styles),
            "gradient_agreement": round(slopes, 4),
            "gradient_pairs": len(self.pictures[:GRADIENT_PHOTOGRAPHS]) * len(self.styles),
        }


# Photographs of the judge of which gradients are compared.
GRADIENT_PHOTOGRAPHS = 3
OPTIONS = {
    "stage_epochs": 40,
    "epochs": 10,
    "batches": 200,
    "batch": 8,
    "size": 96,
    "short": 256,
    "stage_rate": 3e-3,
    "rate": 1e-3,
    "gram_weight": 0.3,
    "painted": 300,
    "seed": 1,
    "judge_every": 5,
    "judge_short": 192,
}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--teacher", required=True, help=".npz of the slim VGG-19")
    parser.add_argument("--content", required=True, nargs="+", help="folders of photographs")
    parser.add_argument("--styles", required=True, help="folder of paintings")
    parser.add_argument("--out", required=True, help="run directory")
    parser.add_argument("--skip", nargs="*", default=["roman_mosaic", "red_chalk"], help="paintings not to train on")
    parser.add_argument("--judge", help="folder of photographs kept for the rank correlation")
    for name, value in OPTIONS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    a = parser.parse_args(arguments)
    pathlib.Path(a.out).mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(a.seed)

    photographs = read(a.content, a.short)
    photographs += paint(photographs, a.painted, a.seed)
    data = Crops(photographs, read([a.styles], a.short, a.skip), a.batches, a.batch, a.size, a.seed)
    teacher = build_perceptual(a.teacher)
    student = PerceptualNetwork(WIDTHS, padding="reflect")
    student.build()
    student.preprocess.set_weights([np.eye(3, dtype="float32").reshape(1, 1, 3, 3), np.zeros(3, "float32")])
    as_array = [np.asarray(image, "float32") / 127.5 - 1 for image in read([a.judge], a.judge_short)] if a.judge else []
    styles = [np.asarray(image, "float32") / 127.5 - 1 for image in read([a.styles], a.judge_short)]
    keep = Keep(a, teacher, as_array, styles)
    model = FeatureDistillation(student, teacher, a.gram_weight)
    model.calibrate(data[i][0] for i in range(40))
    for by_stages, epochs, start in ((True, a.stage_epochs, a.stage_rate), (False, a.epochs, a.rate)):
        if not epochs:
            continue
        model.by_stages = by_stages
        rate = keras.optimizers.schedules.CosineDecay(start, epochs * a.batches)
        model.compile(keras.optimizers.Adam(rate, beta_2=0.99, global_clipnorm=5.0), jit_compile=False)
        model.fit(data, epochs=epochs, callbacks=[keep], verbose=2)


if __name__ == "__main__":
    main()
