"""Scores of pictures of scenes by class, over features that no loss looks at, and sheets to look at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from keras_stylegan.data import ImageSource, open_source
from keras_stylegan.data.sources import ClassSubset
from keras_stylegan.data.tiles import tile
from keras_stylegan.inference.generator import PictureGenerator
from keras_stylegan.metrics import (
    FeatureSet,
    ScoreSettings,
    build_extractor,
    nearest_sheet,
    score_features,
)

METRICS = ("fd", "kid", "precision", "recall")
# Regularisation of the classifier, on features scaled to unit variance.
RIDGE = 100.0
SHOWN = 12


class SceneScores:
    """What generated pictures of some classes are compared with.

    Args:
        real: pictures that nothing was trained on, a zip or a folder by classes.
        train: those trained on, likewise.
        weights: file of MobileNet's weights.
        classes: names of the classes.

    Attributes:
        accuracy: of the ridge classifier, fitted to `train`, on `real`: what a perfect generator could reach.
    """

    def __init__(self, real: Path, train: Path, weights: Path, classes: list[str]):
        self.extractor, self.classes = build_extractor("mobilenet", weights), classes
        pictures, labels = labelled(real, classes)
        self._real = self.extractor(pictures)[0]
        self._train, self._train_labels = labelled(train, classes)
        self._train_features = self.extractor(self._train)[0]
        self._classify = ridge_classifier(self._train_features, self._train_labels, len(classes))
        self.accuracy = float(np.mean(self._classify(self._real) == labels))

    def protocol(self, count: int) -> dict:
        """What the scores depend on, `count` generated pictures among that."""
        facts = {"extractor": self.extractor.protocol(), "real": len(self._real), "generated": count}
        return {**facts, "classes": self.classes}

    def of_real(self, count: int) -> dict[str, float]:
        """Scores of `count` pictures trained on in place of generated ones: where the scale ends."""
        spread = np.random.default_rng(0).permutation(len(self._train_features))[:count]
        return {**self._scores(self._train_features[spread]), "class_accuracy": round(self.accuracy, 3)}

    def of_generator(self, generator: PictureGenerator, count: int, sheets: Path | None = None) -> dict:
        """Scores of a generator's pictures of seeds 0, 1, ..., the classes in turns, without truncation.

        Args:
            generator: whose classes are these.
            count: pictures.
            sheets: start of the names of a grid by classes, `....png`, and a sheet of nearest neighbours,
                `..._nearest.png`; None writes none.
        """
        pictures, labels = generator.generate(range(count)), np.arange(count) % len(self.classes)
        features = self.extractor(pictures)[0]
        right = self._classify(features) == labels
        if sheets:
            sheets.parent.mkdir(parents=True, exist_ok=True)
            rows = np.stack([pictures[labels == number][:SHOWN] for number in range(len(self.classes))])
            Image.fromarray(tile(rows)).save(f"{sheets}.png")
            nearest_sheet(pictures, features, self._train, self._train_features).save(f"{sheets}_nearest.png")
        by_class = {name: round(float(right[labels == i].mean()), 3) for i, name in enumerate(self.classes)}
        agreement = round(float(right.mean()) / self.accuracy, 3)
        return {**self._scores(features), "class_agreement": agreement, "by_class": by_class}

    def _scores(self, features):
        return scores_between(self._real, features)


def scores_between(real, fake):
    """Scores of two sets of features, arrays `(pictures, features)`, by name."""
    settings = ScoreSettings(kid_subset_size=min(1000, len(real), len(fake)))
    found = score_features(feature_set(real), feature_set(fake), METRICS, settings)
    return {name: round(float(score), 5) for name, score in found.items()}


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
