"""StyleGAN2's recipe: a run's files, runs that begin with another, mistakes."""

import json
import re

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image

from keras_stylegan import cli
from keras_stylegan.callbacks import checkpoints, read_metrics
from keras_stylegan.models import generate


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    root, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for name in ("forest", "ocean", "street"):
        (root / name).mkdir()
        for index in range(3):
            Image.fromarray(rng.integers(0, 256, (20, 16, 3), "uint8")).save(root / name / f"{index}.png")
    return root


def command(pictures, out, *more):
    sizes = ["size=8,8", "channel_base=32", "channel_max=6", "latent_dim=5", "style_dim=6", "batch_size=4"]
    settings = [*sizes, "kimg=0.008", "grid_images=4", "log_images=4", "classes=ocean,forest"]
    arguments = ["--data", str(pictures), "--out", str(out), *(f"--set={setting}" for setting in settings)]
    return ["train", "stylegan2", *arguments, *more]


@pytest.mark.slow
def test_recipe_and_a_run_that_begins_with_its_weights(pictures, tmp_path, capsys, eagerly):
    out = tmp_path / "run"
    assert cli.main(command(pictures, out)) == 0, capsys.readouterr().err
    config = json.loads((out / "config.json").read_text())
    assert config["facts"]["classes"] == ["ocean", "forest"] and config["facts"]["pictures"] == 6
    assert config["facts"]["gamma"] == pytest.approx(0.0002 * 64 / 4)
    assert [line["images"] for line in read_metrics(out / "metrics.jsonl")] == [4, 8]
    assert checkpoints(out / "checkpoints")
    # A row for each class, sixteen pictures wide.
    assert np.asarray(Image.open(out / "images" / f"{8:012d}.png")).shape == (2 * 8, 16 * 8, 3)
    generator = keras.models.load_model(out / "generator.keras")
    assert generate(generator, [1, 2], [0, 1]).shape == (2, 8, 8, 3)
    # Other classes, so that the embeddings start anew; nearly no training, so that the rest is what it was.
    more = ["--from", str(out), "--set=classes=all", "--set=frozen_blocks=1", "--set=learning_rate=1e-9"]
    assert cli.main(command(pictures, tmp_path / "next", *more)) == 0, capsys.readouterr().err
    facts = json.loads((tmp_path / "next" / "config.json").read_text())["facts"]
    assert facts["weights_new"] == ["generator/mean_styles", "generator/embedding", "critic/embedding"]
    told = f"{facts['weights_taken']} arrays begin with the weights of {out}; new: generator/mean_styles, generator/emb"
    assert told in capsys.readouterr().out
    names = ("generator.keras", "critic.keras")
    before, after = ([keras.models.load_model(run / name) for name in names] for run in (out, tmp_path / "next"))
    np.testing.assert_allclose(ops.convert_to_numpy(after[0].base), ops.convert_to_numpy(before[0].base), atol=1e-6)
    np.testing.assert_array_equal(
        ops.convert_to_numpy(after[1].blocks[0][0].kernel), ops.convert_to_numpy(before[1].blocks[0][0].kernel)
    )
    assert after[0].embedding.kernel.shape[0] == 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["--set=size=100,100"], r"`size` must be \(height, width\), 4 to 16 pixels .*100"),
        (["--set=classes=forest,desert"], "`classes` must be different names among forest, ocean, str.*desert"),
        (["--set=classes=forest"], "`classes` must be .*Received: classes=forest"),
        (["--set=data="], "`data` must name the pictures"),
        (["--from=nowhere"], "`start_from` must be the directory of a GAN's run .*with generator.keras.*nowhere"),
        (["--set=channels=2"], "`channels` must be 1, 3 or 4. Received: channels=2"),
        (["--set=loss=best"], "`loss` must be one of"),
    ],
)
def test_mistakes_are_one_line(pictures, tmp_path, settings, message, capsys):
    assert cli.main(command(pictures, tmp_path / "run", *settings)) == 2
    error = capsys.readouterr().err.strip()
    assert "\n" not in error and re.search(message, error), error
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("channels", [1, 4])
def test_grids_of_other_channels_are_rgb(pictures, tmp_path, channels):
    from keras_stylegan.presets import get_preset, with_settings
    from keras_stylegan.systems import build

    small = ["size=8,12", "channel_base=32", "channel_max=6", "latent_dim=5", "style_dim=6", f"channels={channels}"]
    system = build(with_settings(get_preset("stylegan2"), [f"data={pictures}", "batch_size=2", *small]))
    assert system.batches[0]["images"].shape == (2, 8, 12, channels) and "labels" not in system.batches[0]
    assert system.preview().shape == (32, 8, 12, 3)
