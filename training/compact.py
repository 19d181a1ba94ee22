"""Trains `compact`, the packaged perceptual network, by distillation from the slim VGG-19.

    python training/compact.py --teacher vgg19_16x_wct.npz --content PHOTOS --styles PAINTINGS --out RUN

Writes RUN/compact.npz (float16), RUN/compact.json (recipe, images seen, losses, rank correlation, sha256) and the model
card RUN/compact.md after every epoch, so a run may be stopped at any time. `--judge` names photographs that are not
trained on, for the rank correlation. About 20 minutes on one CPU core; what it reached stands in
assets/weights/compact.md.
"""

import argparse
import hashlib
import json
import pathlib
import time

import keras
import numpy as np
from PIL import Image, ImageEnhance

from keras_stylegan.exporters.model_card import perceptual_card
from keras_stylegan.models.distillation import FeatureDistillation, gram_rank_correlation, save_arrays
from keras_stylegan.networks import PerceptualNetwork, build_perceptual

WIDTHS = ((16, 16), (32, 32), (64, 64, 64), (128,))
# What the shared folders hold; another run states its own.
DATA = (
    "photographs: 316 of BSDS500, 20 of Wikimedia Commons (attribution on their Commons pages); 38 public-domain "
    "paintings and prints; two frames of Big Buck Bunny, (c) Blender Foundation, www.bigbuckbunny.org, CC BY 3.0"
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
    """Writes the network and its record after each epoch."""

    def __init__(self, arguments, teacher, pictures, styles):
        super().__init__()
        self.arguments, self.teacher, self.pictures, self.styles = arguments, teacher, pictures, styles
        self.start = time.time()

    def on_epoch_end(self, epoch, logs=None):
        path = pathlib.Path(self.arguments.out) / "compact.npz"
        save_arrays(self.model.folded(), path)
        images = (epoch + 1) * self.arguments.batches * self.arguments.batch
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
            "images_seen": images,
            "minutes": round((time.time() - self.start) / 60, 1),
            "losses": {key: round(float(value), 4) for key, value in (logs or {}).items()},
            "licence": "Trained on research data (BSDS500 photographs); no warranty of commercial use",
        }
        if self.pictures and (epoch + 1) % self.arguments.judge_every == 0:
            packed = build_perceptual(path)
            correlation = gram_rank_correlation(packed, self.teacher, self.pictures, self.styles)
            record["rank_correlation"] = {key: round(value, 4) for key, value in correlation.items()}
            record["rank_pairs"] = len(self.pictures) * len(self.styles)
        path.with_suffix(".json").write_text(json.dumps(record, indent=2) + "\n")
        path.with_suffix(".md").write_text(perceptual_card(record))
        with open(path.with_name("metrics.jsonl"), "a") as log:
            log.write(
                json.dumps({k: record.get(k) for k in ("images_seen", "minutes", "losses", "rank_correlation")}) + "\n"
            )


OPTIONS = {
    "epochs": 25,
    "batches": 200,
    "batch": 8,
    "size": 96,
    "short": 256,
    "rate": 3e-3,
    "gram_weight": 1.0,
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

    data = Crops(read(a.content, a.short), read([a.styles], a.short, a.skip), a.batches, a.batch, a.size, a.seed)
    teacher = build_perceptual(a.teacher)
    student = PerceptualNetwork(WIDTHS, padding="reflect")
    student.build()
    student.preprocess.set_weights([np.eye(3, dtype="float32").reshape(1, 1, 3, 3), np.zeros(3, "float32")])
    model = FeatureDistillation(student, teacher, a.gram_weight)
    model.calibrate(data[i][0] for i in range(20))
    steps = a.epochs * a.batches
    rate = keras.optimizers.schedules.CosineDecay(a.rate, steps)
    model.compile(keras.optimizers.Adam(rate, global_clipnorm=5.0), jit_compile=False)
    as_array = [np.asarray(image, "float32") / 127.5 - 1 for image in read([a.judge], a.judge_short)] if a.judge else []
    styles = [np.asarray(image, "float32") / 127.5 - 1 for image in read([a.styles], a.judge_short)]
    model.fit(data, epochs=a.epochs, callbacks=[Keep(a, teacher, as_array, styles)], verbose=2)


if __name__ == "__main__":
    main()
