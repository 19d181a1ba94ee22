"""`keras-stylegan evaluate path-length`: spaces, classes, and the lengths of a generator that is known."""

import json

import numpy as np
import pytest
from keras import ops

from keras_stylegan import cli
from keras_stylegan.evaluation import evaluate_path_length, path_length
from keras_stylegan.inference.generator import PictureGenerator


class Ramp:
    """Pictures whose one grey is the sum of the latent times a slope, which w doubles; of two classes, if asked for."""

    latent_dim, size, channels, name, compute_dtype = 4, (8, 8), 1, "ramp", "float32"

    def __init__(self, slope, num_classes=0):
        self.slope, self.num_classes = slope, num_classes

    def call(self, latents, labels=None):
        grey = self.slope * ops.sum(latents, axis=-1)[:, None, None, None]
        return grey * np.ones((1, *self.size, 1), "float32")

    __call__ = call


class StyledRamp(Ramp):
    num_styles, style_dim = 2, 4

    def map_latents(self, latents, labels=None):
        return (
            2 * latents if labels is None else latents * ops.cast(1 + ops.argmax(labels, axis=-1)[:, None], "float32")
        )

    def broadcast(self, styles):
        return ops.repeat(styles[:, None], 2, axis=1)

    def synthesize(self, styles):
        return Ramp.call(self, styles[:, 0])


@pytest.fixture
def squares(monkeypatch):
    """The squared difference of the greys as the distance."""
    monkeypatch.setattr(path_length, "build_perceptual", lambda name: None)

    def distance(network):
        return lambda one, other: ((one - other) ** 2).mean(axis=(1, 2, 3))

    monkeypatch.setattr(path_length, "perceptual_distance", distance)


def score(network, **options):
    evaluation = evaluate_path_length(PictureGenerator(network), paths=400, **options)
    (row,) = evaluation.tables["Scores"].values()
    return row["score"]


def test_lengths_of_lines_and_circles(squares):
    # Along a line the grey moves by slope * (sum of the end - sum of the start): its square has the mean 8 slope^2 in
    # four numbers; w is twice as long. The percentiles take off the tail.
    one = score(StyledRamp(0.01), space="w")
    assert one == pytest.approx(4 * 8e-4, rel=0.15)
    assert score(StyledRamp(0.02)) == pytest.approx(4 * one, rel=1e-2)  # w where there is one
    # Along a great circle of the radius 2, that of latents of four numbers, by the angle, about a quarter turn: the
    # squared sum of a unit vector's numbers has the mean 1.
    circle = score(Ramp(0.01))
    assert circle == pytest.approx((0.01 * 2 * np.pi / 2) ** 2, rel=0.2)
    assert score(Ramp(0.01), sampling="full") == pytest.approx(circle, rel=0.2)
    classes = PictureGenerator(StyledRamp(0.01, 2), ["slow", "fast"])
    slow, fast, both = (
        evaluate_path_length(classes, 400, label=label).tables["Scores"]["PPL-compact (w, end)"]["score"]
        for label in ("slow", "fast", None)
    )
    assert fast == pytest.approx(4 * slow, rel=1e-2) and slow < both < fast


@pytest.mark.parametrize(
    "options, message",
    [
        ({"space": "x"}, "`space` must be one of w, z. Received: x"),
        ({"sampling": "half"}, "`sampling` must be one of end, full. Received: half"),
        ({"paths": 1}, "`paths` must be at least 2. Received: 1"),
        ({"space": "w"}, "`space=w` needs a style-based generator"),
        ({"label": "sea"}, "`label` must be None: the generator has no classes. Received: label=sea"),
    ],
)
def test_wrong_arguments_are_told(options, message, squares):
    with pytest.raises(ValueError, match=message):
        evaluate_path_length(PictureGenerator(Ramp(1.0)), **{"paths": 4, **options})
    with pytest.raises(ValueError, match="`label` must name a class, in z: 0, 1. Received nothing"):
        evaluate_path_length(PictureGenerator(Ramp(1.0, 2)), 4, "z")


def test_the_command_scores_the_packaged_generator(capfd):
    assert cli.main(["evaluate", "path-length", "--class", "sea", "--paths", "3", "--json"]) == 0
    record = json.loads(capfd.readouterr().out)
    assert record["protocol"]["class"] == "sea" and record["protocol"]["paths"] == 3
    assert record["tables"]["Scores"]["PPL-compact (w, end)"]["score"] > 0
    assert cli.main(["evaluate", "path-length", "--class", "desert"]) == 2
    assert "`label` must be one of" in capfd.readouterr().err
