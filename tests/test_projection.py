"""Projection: a generator's own picture comes back, each term does what it says, files, the command, mistakes."""

import json

import numpy as np
import pytest
from PIL import Image

from keras_stylegan import cli
from keras_stylegan.inference.generator import PictureGenerator, read_styles
from keras_stylegan.inference.projection import fit_photo, project_photo, write_styles
from keras_stylegan.models import StyleProjection, render_styles, style_moments
from keras_stylegan.models.projection import ramp
from keras_stylegan.networks import DCGANGenerator, StyleGAN2Generator, StyleGANGenerator, build_perceptual


def lively(network, seed=0):
    """Built, with the weights that begin as zeros drawn at random."""
    network.build()
    random = np.random.default_rng(seed)
    for weight in network.trainable_variables:
        if weight.name in ("bias", "noise_strength"):
            weight.assign(random.normal(0, 0.1, weight.shape))
    return network


def style_based(kind="stylegan2", size=(16, 24), **options):
    if kind == "stylegan":
        return lively(StyleGANGenerator(size, latent_dim=8, style_dim=8, mapping_layers=2, filters=8, **options))
    return lively(StyleGAN2Generator(size, channel_base=256, latent_dim=8, style_dim=8, **options))


def picture_of(generator, seed=1):
    """One of its own pictures, uint8."""
    w = generator.map_latents(np.random.default_rng(seed).standard_normal((1, generator.latent_dim), "float32"))
    return render_styles(generator, np.asarray(generator.broadcast(w)))[0]


@pytest.fixture(scope="module")
def generator():
    return style_based()


@pytest.fixture(scope="module")
def network():
    return build_perceptual("compact", ("relu1_1", "relu2_1"))


@pytest.mark.parametrize("kind, space", [("stylegan2", "w+"), ("stylegan2", "w"), ("stylegan", "w+")])
def test_a_generators_own_picture_comes_back(kind, space, network, generator):
    generator = generator if kind == "stylegan2" else style_based(kind)
    target, logs = picture_of(generator), []
    before = [np.array(weight) for weight in generator.variables]
    projection = StyleProjection(generator, target / 127.5 - 1, network, space)
    mean = render_styles(generator, projection.styles[None])[0]
    styles = projection.optimize(60, callback=lambda step, values: logs.append(values))
    assert styles.shape == (generator.num_styles, 8) and styles.dtype == np.float32
    assert np.abs(styles[1:] - styles[:1]).max() > 0 if space == "w+" else (styles == styles[:1]).all()
    assert logs[-1]["loss"] < logs[0]["loss"] / 3
    made = render_styles(generator, styles[None])[0]
    errors = [np.square(picture.astype("float64") - target).mean() for picture in (made, mean)]
    assert errors[0] < errors[1] / 3
    for weight, value in zip(generator.variables, before, strict=True):
        np.testing.assert_array_equal(np.array(weight), value)


def test_the_loss_is_the_weighted_sum_and_starts_at_the_mean_style(generator, network):
    logs, target = [], picture_of(generator) / 127.5 - 1
    weights = {"pixel_weight": 2.0, "perceptual_weight": 0.5, "style_weight": 0.25}
    projection = StyleProjection(generator, target, network, **weights)
    mean, spread = style_moments(generator)
    np.testing.assert_allclose(projection.styles, np.tile(mean, (generator.num_styles, 1)), rtol=1e-6)
    # The second step is the first whose styles are not the mean.
    projection.optimize(2, callback=lambda step, values: logs.append(values))
    assert logs[0]["style"] == 0 and logs[1]["style"] > 0
    for values in logs:
        expected = 2.0 * values["pixel"] + 0.5 * values["perceptual"] + 0.25 * values["style"]
        np.testing.assert_allclose(values["loss"], expected, rtol=1e-5)
    made = np.asarray(generator.synthesize(np.tile(mean, (1, generator.num_styles, 1))))[0]
    np.testing.assert_allclose(logs[0]["pixel"], np.square(made - target).mean(), rtol=1e-4)


def test_a_heavy_regulariser_keeps_to_the_mean_style(generator, network):
    target = picture_of(generator) / 127.5 - 1
    found = [
        StyleProjection(generator, target, network, style_weight=weight).optimize(20) - style_moments(generator)[0]
        for weight in (0.0, 100.0)
    ]
    assert np.square(found[1]).mean() < 0.2 * np.square(found[0]).mean()


def test_moments_of_styles():
    network = style_based(num_classes=2)
    latents = np.random.default_rng(0).standard_normal((100, 8), "float32")
    for label, rows in ((1, np.tile([0.0, 1.0], (100, 1))), (None, np.tile(np.eye(2), (50, 1)))):
        w = np.asarray(network.map_latents(latents, rows.astype("float32")))
        mean, spread = style_moments(network, label, 100)
        np.testing.assert_allclose(mean, w.mean(0), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(spread, np.sqrt(w.var(0).mean()), rtol=1e-4)


def test_the_rate_ramps_up_and_down():
    assert [ramp(0.0), ramp(0.05), ramp(0.75)] == [0.0, 1.0, 1.0]
    np.testing.assert_allclose([ramp(0.025), ramp(0.875), ramp(1.0)], [0.5, 0.5, 0.0], atol=1e-12)


@pytest.mark.parametrize("channels", [1, 4])
def test_grey_and_transparent_pictures(channels):
    generator = PictureGenerator(style_based(size=(8, 8), channels=channels))
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 40, 3), "uint8"))
    target = fit_photo(photo, (8, 8), channels)
    assert target.shape == (8, 8, channels) and (channels == 1 or (target[..., 3] == 255).all())
    losses = []
    styles = project_photo(generator, target, steps=8, report=lambda step, logs: losses.append(logs["loss"]))
    assert losses[-1] < losses[0]
    assert generator.render_styles(styles[None]).shape == (1, 8, 8, channels)


def test_the_middle_of_a_photograph():
    pixels = np.zeros((8, 24, 3), "uint8")
    pixels[:, 8:16] = 200
    np.testing.assert_array_equal(fit_photo(Image.fromarray(pixels), (8, 8), 3), pixels[:, 8:16])
    with pytest.raises(ValueError, match="`photo` must have at least the generator's 32x8 pixels. Received: 24x8"):
        fit_photo(Image.fromarray(pixels), (8, 32), 3)


def test_errors_teach(generator, network):
    picture = np.zeros((16, 24, 3), "float32")
    for change, message in (
        ({"space": "z"}, "`space` must be one of w, w\\+. Received: space=z"),
        ({"style_weight": -1.0}, "`style_weight` must be finite and at least 0. Received: style_weight=-1.0"),
        ({"picture": picture[:8]}, "`picture` must have the shape \\(16, 24, 3\\)"),
        ({"picture": picture + np.nan}, "`picture` must be in \\[-1, 1\\]"),
        ({"generator": DCGANGenerator((8, 8), filters=4)}, "`generator` must be a style-based generator"),
    ):
        with pytest.raises(ValueError, match=message):
            StyleProjection(**{"generator": generator, "picture": picture, "network": network, **change})
    projection = StyleProjection(generator, picture, network)
    for arguments, message in (((0,), "`steps` must be at least 1"), ((1, 0.0), "`rate` must be finite and positive")):
        with pytest.raises(ValueError, match=message):
            projection.optimize(*arguments)


@pytest.fixture(scope="module")
def run(generator, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    generator.save(folder / "generator.keras")
    (folder / "config.json").write_text(json.dumps({"facts": {}}))
    Image.fromarray(picture_of(generator)).resize((48, 32)).save(folder / "photo.jpg")
    return folder


def test_project_command(run, tmp_path, capsys):
    out = tmp_path / "projected"
    command = ["project", str(run / "photo.jpg"), "--from", str(run), "-o", str(out), "--steps", "3"]
    assert cli.main(command) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[:3] == [str(out / name) for name in ("reconstruction.png", "comparison.png", "styles.npz")]
    assert printed[3].startswith("loss ") and printed[3].endswith(" in 3 steps")
    with Image.open(out / "comparison.png") as pair, Image.open(out / "reconstruction.png") as made:
        assert pair.size == (48, 16)
        np.testing.assert_array_equal(np.asarray(pair)[:, 24:], np.asarray(made))
    # The styles alone make the same picture again.
    again = ["generate", "--from", str(run), "--styles", str(out / "styles.npz"), "-o", str(tmp_path)]
    assert cli.main(again) == 0
    assert (tmp_path / "styles0000.png").is_file()
    with Image.open(tmp_path / "styles0000.png") as one, Image.open(out / "reconstruction.png") as other:
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["text.jpg"], "text.jpg: not a picture"),
        (["missing.jpg"], "missing.jpg: No such file"),
        (["."], ".: must be one photograph, but is a folder"),
        (["small.png"], "`photo` must have at least the generator's 24x16 pixels. Received: 10x10"),
        (["photo.png", "--steps", "0"], "`--steps` must be at least 1. Received: 0"),
        (["photo.png", "--rate", "nan"], "`--rate` must be finite and positive"),
        (["photo.png", "--space", "z"], "`--space` must be w or w+. Received: z"),
        (["photo.png", "--class", "sea"], "the generator has no classes"),
        (["photo.png", "--network", "lenet"], "one of compact, vgg16"),
        (["photo.png", "--from", "dcgan"], "`project` needs a style-based generator"),
        (["photo.png", "--from", "photo.png"], "`source` must be the run directory of a GAN"),
        (["photo.png", "-o", "photo.png"], "a folder"),
        (["out/comparison.png", "-o", "out"], "out/comparison.png: the output would overwrite its own input"),
    ],
)
def test_mistakes_are_one_line(arguments, message, run, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.jpg").write_text("no picture")
    for name, size in (("small.png", 10), ("photo.png", 40)):
        Image.new("RGB", (size, size), "red").save(tmp_path / name)
    (tmp_path / "dcgan").mkdir()
    if "dcgan" in arguments:
        dcgan = DCGANGenerator((16, 24), filters=4)
        dcgan.build()
        dcgan.save(tmp_path / "dcgan" / "generator.keras")
    before = sorted(tmp_path.rglob("*"))
    assert cli.main(["project", "--from", str(run), "-o", "out", *arguments]) == 2
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_files_of_styles(generator, tmp_path):
    styles = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
    write_styles(styles, tmp_path / "styles.npz")
    np.testing.assert_array_equal(read_styles(tmp_path / "styles.npz"), styles)
    with pytest.raises(ValueError, match="`styles` must be finite, of shape .count, 6, 8.* Received: shape .2, 3, 4."):
        PictureGenerator(generator).render_styles(styles)
    (tmp_path / "text.npz").write_text("no npz")
    np.savez(tmp_path / "other.npz", weights=styles)
    np.savez(tmp_path / "flat.npz", styles=styles[0])
    for name, rule in (
        ("text.npz", "must be an npz file of styles, as `project` writes it$"),
        ("other.npz", "must be an npz file of styles"),
        ("flat.npz", r"must hold styles, as `project` writes them. Received: float32 of shape \(3, 4\)"),
    ):
        with pytest.raises(ValueError, match=f"{name}: {rule}"):
            read_styles(tmp_path / name)
