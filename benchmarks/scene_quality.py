"""Quality of scenes from noise: Fréchet distance, KID, precision, recall, and whether a class looks like its name.

    python benchmarks/scene_quality.py RUN... --real VAL.zip --train TRAIN.zip --weights MOBILENET.npz [--sheet DIR]

Each RUN is a run directory of a class-conditional GAN; its averaged generator makes `--n` pictures, the classes in
turns, without truncation. They are compared with the pictures of the same classes in VAL.zip, which nothing was trained
on, over MobileNet's features, which no loss looks at. A ridge classifier on those features, fitted to real pictures of
TRAIN.zip, says which class a picture shows: its accuracy on VAL.zip is what a perfect generator could reach. The first
row, real pictures of TRAIN.zip in place of generated ones, is where the scale ends. `--sheet` writes, for each run, a
grid by classes and a sheet of generated pictures beside their nearest neighbours in TRAIN.zip.

Bars: Fréchet distance at most 0.6 of DCGAN's at equal time, agreement with the class at least 0.8 of that on real
pictures, recall at least 0.2.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np
from PIL import Image
from record import record

from keras_stylegan.data import ImageSource, open_source
from keras_stylegan.data.sources import ClassSubset
from keras_stylegan.inference.generator import open_generator
from keras_stylegan.metrics import FeatureSet, ScoreSettings, build_extractor, score_features
from keras_stylegan.run_records import state_of_network

METRICS = ("fd", "kid", "precision", "recall")
# Regularisation of the classifier, on features scaled to unit variance.
RIDGE = 100.0
NEIGHBOURS, SHOWN = 4, 12


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    for name in ("--real", "--train", "--weights"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--n", type=int, default=2000, help="pictures of each run (default: %(default)s)")
    parser.add_argument("--sheet", type=Path, metavar="DIR")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", message=".*2,?048.*")

    generators = {run: open_generator(run) for run in arguments.runs}
    classes = next(iter(generators.values())).classes
    for run, generator in generators.items():
        if generator.classes != classes:
            raise SystemExit(f"{run}: has the classes {generator.classes}, the first run {classes}")
    extractor = build_extractor("mobilenet", arguments.weights)
    real, train = (labelled(path, classes) for path in (arguments.real, arguments.train))
    real_features, train_features = (extractor(pictures)[0] for pictures, _ in (real, train))
    classify = ridge_classifier(train_features, train[1], len(classes))
    accuracy = float(np.mean(classify(real_features) == real[1]))

    def scores(features):
        settings = ScoreSettings(kid_subset_size=min(1000, len(real_features), len(features)))
        found = score_features(feature_set(real_features), feature_set(features), METRICS, settings)
        return {name: round(float(score), 5) for name, score in found.items()}

    spread = np.random.default_rng(0).permutation(len(train_features))[: arguments.n]
    rows = {"real": {**scores(train_features[spread]), "class_accuracy": round(accuracy, 3)}}
    for run, generator in generators.items():
        pictures = generator.generate(range(arguments.n))
        labels = np.arange(arguments.n) % len(classes)
        features = extractor(pictures)[0]
        right = classify(features) == labels
        images_seen, last = state_of_network(run)
        rows[run.name] = {
            **scores(features),
            "class_agreement": round(float(right.mean()) / accuracy, 3),
            "by_class": {name: round(float(right[labels == i].mean()), 3) for i, name in enumerate(classes)},
            "kimg": images_seen / 1000,
            "hours": round(last["seconds"] / 3600, 2),
        }
        print(run.name, rows[run.name], flush=True)
        if arguments.sheet:
            arguments.sheet.mkdir(parents=True, exist_ok=True)
            grid(pictures, labels, len(classes)).save(arguments.sheet / f"{run.name}.png")
            nearest(pictures, features, train[0], train_features).save(arguments.sheet / f"{run.name}_nearest.png")
    protocol = {"extractor": extractor.protocol(), "real": len(real[1]), "generated": arguments.n, "classes": classes}
    record("scene_quality", {**protocol, "rows": rows})


def labelled(path, classes):
    """All pictures of the classes, uint8, and their labels."""
    source = ClassSubset(open_source(path), classes)
    pictures, labels = ImageSource(source).take(range(len(source)))
    return np.stack(pictures), np.array(labels)


def feature_set(features):
    gathered = FeatureSet(max_features=len(features))
    gathered.update(features)
    return gathered


def ridge_classifier(features, labels, num_classes):
    """Function from features to the most likely class, by linear regression on one-hot labels."""
    mean, deviation = features.mean(0), features.std(0) + 1e-6

    def prepared(features):
        return np.concatenate([(features - mean) / deviation, np.ones((len(features), 1))], axis=1)

    inputs = prepared(features).astype("float64")
    penalty = RIDGE * np.eye(inputs.shape[1])
    penalty[-1, -1] = 0.0
    weights = np.linalg.solve(inputs.T @ inputs + penalty, inputs.T @ np.eye(num_classes)[labels])
    return lambda features: (prepared(features) @ weights).argmax(axis=1)


def grid(pictures, labels, num_classes):
    """A row for each class."""
    rows = [np.concatenate(pictures[labels == number][:SHOWN], axis=1) for number in range(num_classes)]
    return Image.fromarray(np.concatenate(rows))


def nearest(pictures, features, train, train_features):
    """Generated pictures, each with its nearest neighbours among those trained on, in a column."""
    rows = []
    for picture, feature in zip(pictures[:SHOWN], features[:SHOWN], strict=True):
        order = np.argsort(np.square(train_features - feature).sum(axis=1))[:NEIGHBOURS]
        rows.append(np.concatenate([picture, *train[order]]))
    return Image.fromarray(np.concatenate(rows, axis=1))


if __name__ == "__main__":
    main()
