"""What the scores of scenes say of generators that are known: of the data itself, of swapped and of missing classes."""

import pathlib
import sys

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import Ridge

from keras_stylegan.metrics import resize

BENCHMARKS = pathlib.Path(__file__).parents[1] / "benchmarks"
CLASSES = ["forest", "sea", "dune"]
# Thousands of pictures would only take longer here.
pytestmark = pytest.mark.filterwarnings("ignore:A Fréchet distance of 60 images is biased:UserWarning")
COLOURS = np.array([(40, 120, 30), (30, 70, 180), (200, 170, 110)])


@pytest.fixture
def module(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import scene_scores

    monkeypatch.setattr(scene_scores, "build_extractor", lambda name, weights: Colours())
    yield scene_scores
    sys.modules.pop("scene_scores", None)


class Colours:
    """Stands for a feature extractor: mean colours of the quarters of a picture."""

    def __call__(self, pictures):
        return np.stack([resize(picture, 2, "box").ravel() for picture in pictures]).astype("float32"), None

    def protocol(self):
        return {"name": "colours"}


def pictures(labels, seed):
    """A flat colour by class, with noise that leaves classes apart."""
    rng = np.random.default_rng(seed)
    tints = COLOURS[labels][:, None, None] + rng.normal(0, 12, (len(labels), 1, 1, 3))
    return np.uint8(np.clip(tints + rng.normal(0, 8, (len(labels), 8, 8, 3)), 0, 255))


def written(path, seed, count=60):
    # The file's order of classes is not that of the scores.
    order = [2, 0, 1]
    labels = np.arange(count) % 3
    images = pictures(np.array(order)[labels], seed)
    np.savez(path, images=images, labels=labels, classes=[CLASSES[i] for i in order])
    return path


class Generator:
    """Makes pictures of class `order[i]` where class i is asked for."""

    classes = CLASSES

    def __init__(self, order, seed=5):
        self.order, self.seed = np.array(order), seed

    def generate(self, seeds):
        assert list(seeds) == list(range(len(seeds)))  # seeds 0, 1, ..., the classes in turns
        return pictures(self.order[np.arange(len(seeds)) % 3], self.seed)


def test_a_classifier_finds_what_was_asked_for(module, tmp_path):
    scores = module.SceneScores(written(tmp_path / "v.npz", 1), written(tmp_path / "t.npz", 2, 90), None, CLASSES)
    assert scores.accuracy == 1.0
    assert scores.protocol(30) == {
        "extractor": {"name": "colours"}, "real": 60, "generated": 30, "classes": CLASSES,
    }  # fmt: skip
    real = scores.of_real(60)
    assert real["class_accuracy"] == 1.0 and real["recall"] > 0.8 and real["precision"] > 0.8
    sheets = tmp_path / "sheets" / "run"
    right = scores.of_generator(Generator([0, 1, 2]), 60, sheets)
    assert right["by_class"] == dict.fromkeys(CLASSES, 1.0) and right["class_agreement"] == 1.0
    assert right["fd"] < 3 * real["fd"] and right["recall"] > 0.7
    grid = np.asarray(Image.open(f"{sheets}.png"), int)
    assert pathlib.Path(f"{sheets}_nearest.png").exists()
    rows = [grid[round((i + 0.5) * len(grid) / 3), :, :] for i in range(3)]  # a class a row
    for row, colour in zip(rows, COLOURS, strict=True):
        assert np.abs(np.median(row, axis=0) - colour).max() < 20
    # The same pictures under each other's names: as good as pictures, and none is what was asked for.
    turned = scores.of_generator(Generator([1, 0, 2]), 60)
    assert turned["by_class"] == {"forest": 0.0, "sea": 0.0, "dune": 1.0}
    assert turned["class_agreement"] == pytest.approx(1 / 3, abs=1e-3) and turned["fd"] == pytest.approx(
        right["fd"], rel=0.3
    )
    # One class under all names: what is seen is real, and two thirds of what is real are not seen.
    collapsed = scores.of_generator(Generator([2, 2, 2]), 60)
    assert collapsed["precision"] > 0.7 and collapsed["recall"] < 0.4 and collapsed["fd"] > 10 * right["fd"]


def test_agreement_is_told_of_the_classifier_s_own_accuracy(module, tmp_path):
    """On real pictures of which a quarter has the wrong label it is right three times in four."""
    real = written(tmp_path / "v.npz", 1)
    with np.load(real) as file:
        labels = file["labels"].copy()
        labels[::4] = (labels[::4] + 1) % 3
        np.savez(real, images=file["images"], labels=labels, classes=file["classes"])
    scores = module.SceneScores(real, written(tmp_path / "t.npz", 2, 90), None, CLASSES)
    assert scores.accuracy == 0.75
    assert scores.of_generator(Generator([0, 1, 2]), 60)["class_agreement"] == pytest.approx(4 / 3, abs=1e-3)


def test_the_classifier_is_ridge_regression(module):
    rng = np.random.default_rng(3)
    features, labels = rng.normal(2, 3, (200, 7)) * np.arange(1, 8), rng.integers(0, 4, 200)
    features[:, :4] += 2 * np.eye(4)[labels]
    others = rng.normal(2, 3, (100, 7)) * np.arange(1, 8)
    classify = module.ridge_classifier(features, labels, 4)
    scaled = (features - features.mean(0)) / features.std(0)
    known = Ridge(alpha=module.RIDGE).fit(scaled, np.eye(4)[labels])
    expected = known.predict((others - features.mean(0)) / features.std(0)).argmax(axis=1)
    np.testing.assert_array_equal(classify(others), expected)
