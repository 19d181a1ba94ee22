"""Directions of style: equal to NumPy's SVD of the weights, stronger first; strips, the command, mistakes."""

import numpy as np
import pytest
from PIL import Image

from keras_stylegan import cli
from keras_stylegan.inference.generator import PictureGenerator
from keras_stylegan.inference.projection import write_styles
from keras_stylegan.models import move_styles, render_styles, style_directions
from keras_stylegan.networks import DCGANGenerator, StyleGAN2Generator, StyleGANGenerator


@pytest.fixture(scope="module")
def generator():
    network = StyleGAN2Generator((8, 8), channel_base=128, latent_dim=6, style_dim=6)
    network.build()
    return network


def stacked(layers):
    """The matrices that the layers apply, (rows, style_dim), by their definition: N(0, 1) over the root of the fan."""
    return np.concatenate([np.asarray(layer.affine.kernel).T for layer in layers]) / np.sqrt(6)


def assert_directions(network, layers, matrix):
    directions, gains = style_directions(network, layers)
    _, values, rows = np.linalg.svd(matrix.astype("float64"))
    np.testing.assert_allclose(gains, values**2, rtol=1e-4)
    np.testing.assert_allclose(np.abs(directions @ rows.T), np.eye(6), atol=2e-3)
    assert (directions.max(axis=1) >= -directions.min(axis=1)).all()


def test_directions_equal_the_singular_vectors_of_the_weights(generator):
    (first, rgb_first), (up, last, rgb_last) = generator.blocks
    # A layer that makes colours reads the style of the layer after it.
    assert_directions(generator, None, stacked([first, rgb_first, up, last, rgb_last]))
    assert_directions(generator, (1, 2), stacked([rgb_first, up]))
    assert_directions(generator, (3, 4), np.concatenate([stacked([rgb_last]), np.zeros((3, 6))]))
    network = StyleGANGenerator((8, 8), latent_dim=4, style_dim=6, mapping_layers=1, filters=4)
    network.build()
    assert_directions(network, (1, 3), stacked([network.stages[0][1], network.stages[1][0]]))


def test_the_first_direction_changes_the_picture_more_than_the_last(generator):
    directions, _ = style_directions(generator)
    styles = np.random.default_rng(0).normal(size=(1, 4, 6)).astype("float32")
    before = np.asarray(generator.synthesize(styles))
    moved = move_styles(styles[0], directions[[0, -1]], [-0.05, 0.05], (0, 4))
    changes = [np.square(np.asarray(generator.synthesize(strip)) - before).mean() for strip in moved]
    assert changes[0] > 1.2 * changes[1]


def test_moved_styles():
    styles = np.arange(8, dtype="float32").reshape(4, 2)
    moved = move_styles(styles, np.array([[1.0, 0.0], [0.0, 2.0]]), [0.0, 3.0], (1, 3))
    assert moved.shape == (2, 2, 4, 2) and moved.dtype == np.float32
    np.testing.assert_array_equal(moved[:, 0], [styles, styles])
    np.testing.assert_array_equal(moved[0, 1] - styles, [[0, 0], [3, 0], [3, 0], [0, 0]])
    np.testing.assert_array_equal(moved[1, 1] - styles, [[0, 0], [0, 6], [0, 6], [0, 0]])


def test_strips_lead_through_the_picture(generator):
    pictures = PictureGenerator(generator)
    strips = pictures.directions(3, steps=5, seed=7)
    assert strips.shape == (3, 5, 8, 8, 3) and strips.dtype == np.uint8
    for strip in strips:
        np.testing.assert_array_equal(strip[2], pictures.generate([7])[0])
    assert (strips[0, 0] != strips[0, 4]).any() and (strips[0] != strips[1]).any()
    styles = np.random.default_rng(0).normal(size=(4, 6)).astype("float32")
    strips = pictures.directions(1, steps=3, layers=(2, 4), styles=styles)
    np.testing.assert_array_equal(strips[0, 1], render_styles(generator, styles[None])[0])


def test_directions_command(generator, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    generator.save("generator.keras")
    command = ["directions", "--from", ".", "-o", "strips.png", "--n", "2", "--steps", "3"]
    assert cli.main([*command, "--layers", "1-2", "--seed", "4"]) == 0
    expected = PictureGenerator(generator).directions(2, 3, 0.5, (1, 3), seed=4)
    with Image.open("strips.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture)[:8, :8], expected[0, 0])
        assert picture.size == (24, 16)
    write_styles(np.zeros((1, 4, 6)), "styles.npz")
    assert cli.main([*command, "--styles", "styles.npz"]) == 0
    write_styles(np.zeros((1, 5, 6)), "other.npz")
    dcgan = DCGANGenerator((8, 8), filters=4)
    dcgan.build()
    dcgan.save("dcgan.keras")
    capsys.readouterr()
    for arguments, message in (
        (["--steps", "999999999"], "`--steps` must make at most 10000 pictures at once. Received: 1999999998"),
        (["--layers", "3"], "`--layers` must be A-B, two whole numbers with A at most B. Received: 3"),
        (["--layers", "0-4"], "`layers` must be (first, last) with 0 <= first < last <= 4"),
        (["--styles", "other.npz"], "`styles` must be finite, of shape (count, 4, 6)"),
        (["--styles", "strips.png"], "strips.png: must be an npz file of styles"),
        (["--from", "dcgan.keras"], "`directions` needs a style-based generator"),
        (["-o", "strips.txt"], "strips.txt: the suffix"),
    ):
        assert cli.main([*command, *arguments]) == 2
        told = capsys.readouterr().err
        assert message in told and told.count("\n") == 1


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"count": 0}, "`count` must be from 1 to 6. Received: count=0"),
        ({"count": 7}, "`count` must be from 1 to 6. Received: count=7"),
        ({"steps": 4}, "`steps` must be odd and at least 3. Received: steps=4"),
        ({"strength": np.nan}, "`strength` must be greater than 0 and at most 100. Received: strength=nan"),
        ({"layers": (2, 2)}, "`layers` must be .first, last. with 0 <= first < last <= 4"),
        ({"seed": -1}, "`seeds` must be integers from 0 on"),
        ({"label": "sea"}, "the generator has no classes"),
        ({"truncation": 3.0}, "`truncation` must be from 0 to 2"),
    ],
)
def test_errors_teach(arguments, message, generator):
    with pytest.raises(ValueError, match=message):
        PictureGenerator(generator).directions(**{"count": 2, **arguments})
