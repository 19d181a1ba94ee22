"""A picture as a style: what is read of it, who says its vector, and how that is refined."""

import os
import sys

import numpy as np
import pytest
from PIL import Image
from stand_in import STYLES, StandInRuntime, photograph

from keras_stylegan import cli, pretrained
from keras_stylegan.inference import Stylizer
from keras_stylegan.inference.style_pictures import choose_backend, read_style_picture


def test_style_pictures_need_a_predictor_or_refinement(tmp_path, monkeypatch, capfd):
    entry = pretrained.network_entry("multistyle")
    without = {key: value for key, value in entry.items() if key != "predictor"}
    monkeypatch.setattr(pretrained, "network_entry", lambda name="multistyle": without)
    monkeypatch.chdir(tmp_path)
    Image.fromarray(photograph(40, 30)).save("photo.png")
    (tmp_path / "text.png").write_text("no picture")
    call = ["stylize", "photo.png", "-o", "out.png"]
    assert cli.main([*call, "--style-image", "photo.png"]) == 2
    assert "photo.png: the network has no predictor of styles" in capfd.readouterr().err
    assert cli.main([*call, "--style-image", "text.png"]) == 2
    assert "text.png: not a picture" in capfd.readouterr().err
    (tmp_path / "style.pdf").write_text("no picture")
    assert cli.main([*call, "--style", "style.pdf"]) == 2
    assert "style.pdf: not a picture" in capfd.readouterr().err
    assert cli.main([*call, "--style", "munch_scream", "--refine"]) == 2
    assert "`--refine` needs a style picture" in capfd.readouterr().err
    assert cli.main([*call, "--style-image", "photo.png", "--refine", "0"]) == 2
    assert "`--refine` must be a finite number of seconds above 0. Received: 0.0" in capfd.readouterr().err


def test_what_is_transparent_is_white(tmp_path):
    """Whatever colours a file holds where nothing is to be seen."""
    shown = photograph(40, 30).copy()
    shown[:, 20:] = 255
    hidden = np.dstack([np.where(np.arange(40)[:, None] < 20, photograph(40, 30), (9, 8, 7)), np.full((30, 40), 255)])
    hidden[:, 20:, 3] = 0
    Image.fromarray(hidden.astype("uint8")).save(tmp_path / "style.png")
    np.testing.assert_array_equal(read_style_picture(tmp_path / "style.png"), shown)


@pytest.mark.parametrize("predicts", [True, False])
def test_refinement_begins_with_what_was_predicted_and_keeps_near_it(predicts, tmp_path, monkeypatch):
    def learn(pictures, photographs, start, steps, seconds, **options):
        called.append((pictures[0].size, start, seconds, options["prior_weight"]))
        return np.float32([4, 5, 6])

    called, path = [], tmp_path / "my.png"
    Image.fromarray(photograph(40, 30)).save(path)
    net = Stylizer(
        StandInRuntime(),
        [style["name"] for style in STYLES],
        predict=(lambda path: np.float32([1, 2, 3])) if predicts else None,
    )
    monkeypatch.setattr("keras_stylegan.inference.own_styles.learn_style", learn)
    net.refine(path, 7.0)
    ((size, start, seconds, prior),) = called
    assert (size, seconds) == ((40, 30), 7.0)
    # A predictor saw more than the packaged perceptual network sees; the nearest style of the bank did not.
    assert (start.tolist(), prior) == ([1, 2, 3], 3.0) if predicts else (start, prior) == (None, 0.0)
    np.testing.assert_array_equal(net.palette.mixture(path).vector, [4, 5, 6])


def test_refinement_says_what_it_needs(monkeypatch):
    monkeypatch.delitem(sys.modules, "keras")
    monkeypatch.setenv("KERAS_BACKEND", "")
    monkeypatch.delenv("KERAS_BACKEND")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match="`--refine` needs Keras with TensorFlow, JAX or torch. Received: none"):
        choose_backend("--refine")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name == "jax")
    choose_backend("--refine")
    assert os.environ["KERAS_BACKEND"] == "jax"
