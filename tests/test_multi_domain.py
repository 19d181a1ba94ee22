"""One translator for several domains: its batches, its loss terms by the formulas, recipe and command."""

import json
import pathlib
import runpy
import sys

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image
from toy_multi_domain import batch, compiled

from keras_stylegan import cli, pretrained
from keras_stylegan.callbacks import checkpoints, read_metrics
from keras_stylegan.data import DomainBatches
from keras_stylegan.exporters.translators import package_translator
from keras_stylegan.inference.translator import open_domain_translator
from keras_stylegan.latents import seeded_latents
from keras_stylegan.models import LinearDecay, MultiDomainTranslation
from keras_stylegan.networks import DomainEncoder, DomainTranslator
from keras_stylegan.ops.gradients import input_gradient, value_and_gradients
from keras_stylegan.presets import get_preset

REFERENCES = ("references", "references_2")
TRAINING = pathlib.Path(__file__).parents[1] / "training"
TINY = {
    "size": "16,16", "filters": 2, "critic_filters": 2, "max_filters": 4, "depth": 1, "num_blocks": 1, "style_dim": 3,
    "latent_dim": 2, "mapping_layers": 1, "batch_size": 2, "kimg": 0.004,
}  # fmt: skip


@pytest.fixture(scope="module")
def domains(tmp_path_factory):
    """Dark, bright and grey in the middle."""
    folder, rng = tmp_path_factory.mktemp("domains"), np.random.default_rng(0)
    for name, low in (("bright", 180), ("dark", 0), ("middle", 100)):
        (folder / name).mkdir()
        for i in range(4):
            Image.fromarray(rng.integers(low, low + 70, (20, 24, 3)).astype("uint8")).save(folder / name / f"{i}.png")
    return folder


def mean(values):
    values = np.abs(np.array(values, "float64"))
    return values.mean(axis=tuple(range(1, values.ndim)))


def softplus(values):
    return np.log1p(np.exp(np.array(values, "float64")))[:, 0]


def test_batches_hold_what_their_labels_say(domains):
    batches = DomainBatches(domains, (16, 16), 30, seed=1)
    assert batches.domains == ("bright", "dark", "middle") and batches.counts == [4, 4, 4]
    made = batches[2]
    levels = {0: (0.4, 1.0), 1: (-1.0, -0.4), 2: (-0.3, 0.4)}
    for key, labels in (("images", "labels"), ("references", "targets"), ("references_2", "targets")):
        assert made[key].shape == (30, 16, 16, 3) and set(made[labels]) == {0, 1, 2}
        for picture, label in zip(made[key], made[labels], strict=True):
            low, high = levels[int(label)]
            assert low < picture.mean() < high
    assert (made["labels"] != made["targets"]).any()
    assert np.abs(made["references"] - made["references_2"]).max() > 0
    again = DomainBatches(domains, (16, 16), 15, seed=1)
    for key, value in made.items():
        np.testing.assert_array_equal(np.concatenate([again[4][key], again[5][key]]), value)
    with pytest.raises(ValueError, match="`source` must have a folder for each of two or more domains. Received: "):
        DomainBatches(domains / "dark", (16, 16), 2)


def test_a_domain_has_a_head_of_its_own():
    translator = compiled().translator
    latents = np.ones((2, 2), "float32")
    labels = np.eye(3, dtype="float32")[[2, 0]]
    hidden = translator.heads(translator.mapping(latents))
    expected = np.array(hidden).reshape(2, 3, 3)[[0, 1], [2, 0]]
    np.testing.assert_allclose(translator.styles_of_noise(latents, labels), expected, atol=1e-6)
    pictures = batch(2)["images"]
    styles = np.array(translator(pictures, expected)), np.array(translator(pictures, expected[::-1].copy()))
    assert np.abs(styles[0] - styles[1]).max() > 1e-4


def test_skips_join_the_sizes_between():
    """They carry what a picture shows past a bottleneck that lets nothing through; the paper's network has none."""
    pictures, styles = np.random.default_rng(0).uniform(-1, 1, (2, 16, 16, 3)).astype("float32"), np.ones((2, 3), "f")
    for skips in (False, True):
        network = DomainTranslator(3, 4, 8, depth=2, num_blocks=1, style_dim=3, latent_dim=2, skips=skips)
        network.build()
        for block in network.up[:1]:  # all that came through the smallest size
            for layer in (*block.convolutions, block.skip):
                layer.kernel.assign(np.zeros(layer.kernel.shape))
        one, other = np.array(network(pictures, styles))
        assert (np.abs(one - other).max() > 1e-3) == skips
        assert DomainTranslator.from_config(network.get_config()).skips == skips
    with pytest.raises(ValueError, match="`depth` must be at most 5. Received: depth=6"):
        DomainTranslator(3, depth=6)


def test_terms_are_those_of_the_paper():
    made = compiled(style_weight=2.0, diversity_weight=LinearDecay(3.0, 0, 1), cycle_weight=5.0, penalty_weight=4.0)
    given, translator, critic = batch(), made.translator, made.critic
    x, y, t = given["images"], np.eye(3, dtype="float32")[given["labels"]], np.eye(3, dtype="float32")[given["targets"]]
    noise = [translator.styles_of_noise(given[name], t) for name in ("latents", "latents_2")]
    taken = [translator.styles_of_pictures(given[name], t) for name in ("references", "references_2")]
    expected = dict.fromkeys(("adversarial", "style", "diversity", "cycle", "critic"), 0.0)
    for one, other in (noise, taken):
        fake = translator(x, one)
        expected["critic"] += 0.5 * (softplus(-np.array(critic(x, y))) + softplus(critic(fake, t)))
        expected["adversarial"] += 0.5 * softplus(-np.array(critic(fake, t)))
        expected["style"] += 0.5 * 2 * mean(translator.styles_of_pictures(fake, t) - one)
        expected["diversity"] -= 0.5 * 3 * mean(fake - translator(x, other))
        expected["cycle"] += 0.5 * 5 * mean(translator(fake, translator.styles_of_pictures(x, y)) - x)
    terms = made.generator_terms(given)
    for name, value in terms.items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-4, atol=1e-5, err_msg=name)
    terms = made.critic_terms(given)
    np.testing.assert_allclose(terms["adversarial"], expected["critic"], rtol=1e-4)
    _, gradients = input_gradient(lambda images: critic(images, y), x)
    np.testing.assert_allclose(terms["r1"], 4 / 2 * np.square(gradients).sum((1, 2, 3)), rtol=1e-4)


def test_the_style_encoder_learns_from_styles_of_noise_alone():
    """The gradient of all terms, at the weights, is that of the way of noise; at the translator's that of both."""
    made = compiled(style_weight=2.0, cycle_weight=5.0)
    given, translator, critic = batch(), made.translator, made.critic
    x, y, t = given["images"], np.eye(3, dtype="float32")[given["labels"]], np.eye(3, dtype="float32")[given["targets"]]

    def ways(kinds):
        total = 0.0
        for kind in kinds:
            if kind == "noise":
                one, other = (translator.styles_of_noise(given[name], t) for name in ("latents", "latents_2"))
            else:
                one, other = (np.array(translator.styles_of_pictures(given[name], t)) for name in REFERENCES)
            fake = translator(x, one)
            total += ops.sum(ops.softplus(-critic(fake, t))) / 2
            total += ops.sum(ops.mean(ops.abs(translator.styles_of_pictures(fake, t) - one), axis=1))
            total -= ops.sum(ops.mean(ops.abs(fake - ops.stop_gradient(translator(x, other))), axis=(1, 2, 3))) / 2
            back = translator(fake, translator.styles_of_pictures(x, y))
            total += 2.5 * ops.sum(ops.mean(ops.abs(back - x), axis=(1, 2, 3)))
        return total, {}

    def gradients(loss, layer):
        return value_and_gradients(loss, layer.trainable_weights)[2]

    def terms():
        return sum(ops.sum(value) for value in made.generator_terms(given).values()), {}

    for layer, kinds in ((translator.style_encoder, ["noise"]), (translator.to_image, ["noise", "references"])):
        for ours, expected in zip(
            gradients(terms, layer), gradients(lambda kinds=kinds: ways(kinds), layer), strict=True
        ):
            np.testing.assert_allclose(ours, expected, rtol=1e-3, atol=1e-5)


def test_the_preset_has_the_papers_numbers():
    numbers = {
        "size": (256, 256), "batch_size": 8, "kimg": 800.0, "style_dim": 64, "latent_dim": 16, "learning_rate": 1e-4,
        "critic_learning_rate": 1e-4, "beta_1": 0.0, "beta_2": 0.99, "penalty_weight": 1.0, "style_weight": 1.0,
        "diversity_weight": 1.0, "diversity_kimg": 800.0, "cycle_weight": 1.0, "loss": "non_saturating",
    }  # fmt: skip
    assert {key: getattr(get_preset("multidomain"), key) for key in numbers} == numbers
    # An average of 0.999 an update of eight pictures.
    assert 0.5 ** (8 / (1000 * get_preset("multidomain").ema_half_life_kimg)) == pytest.approx(0.999, abs=1e-5)


def test_whole_model_saves_and_loads(tmp_path):
    made = compiled(diversity_weight=LinearDecay(3.0, 0, 1), loss="hinge")
    made.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.get_config() == made.get_config() and loaded.diversity_weight.value == 3.0
    inputs = {"images": batch()["images"], "styles": np.ones((3, 3), "float32")}
    np.testing.assert_allclose(loaded(inputs), made(inputs), atol=1e-6)
    with pytest.raises(ValueError, match="`critic` must have one unit and the translator's 3 domains. Received"):
        MultiDomainTranslation(made.translator, DomainEncoder(3, 2, 2, 4, 2))


@pytest.fixture(scope="module")
def run(domains, tmp_path_factory):
    """Two steps of the recipe, eagerly: less than a graph costs to compile."""
    from keras_stylegan.models import AdversarialModel

    out = tmp_path_factory.mktemp("runs") / "run"
    settings = [text for key, value in TINY.items() for text in ("--set", f"{key}={value}")]
    original = AdversarialModel.compile
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["multidomain.py", "--data", str(domains), "--out", str(out), *settings])
        patch.setattr(
            AdversarialModel,
            "compile",
            lambda self, *a, **k: original(self, *a, **{**k, "jit_compile": False, "run_eagerly": True}),
        )
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(TRAINING / "multidomain.py"), run_name="__main__")
    assert ended.value.code == 0
    return out


def test_a_run_stopped_half_way_ends_as_one_that_was_not(run, domains, tmp_path, eagerly):
    for kimg, arguments in ((0.002, []), (0.004, ["--resume"])):
        settings = [text for key, value in {**TINY, "kimg": kimg}.items() for text in ("--set", f"{key}={value}")]
        call = ["train", "multidomain", "--data", str(domains), "--out", str(tmp_path / "run"), *settings, *arguments]
        assert cli.main(call) == 0
    with (
        np.load(checkpoints(run / "checkpoints")[-1]) as whole,
        np.load(checkpoints(tmp_path / "run" / "checkpoints")[-1]) as parts,
    ):
        names = set(whole.files) - {"run", "sha256"}
        assert names == set(parts.files) - {"run", "sha256"} and len(names) > 50
        for name in names:
            np.testing.assert_array_equal(parts[name], whole[name], err_msg=name)


def test_recipe_takes_two_steps(run):
    last = read_metrics(run / "metrics.jsonl")[-1]
    assert last["images"] == 4 and last["generator/diversity"] < 0 < last["critic/r1"]
    facts = json.loads((run / "config.json").read_text())["facts"]
    assert facts["domains"] == ["bright", "dark", "middle"] and facts["pictures"] == 12
    with Image.open(run / "images" / "000000000004.png") as grid:
        assert grid.size == (7 * 16, 4 * 16)


def test_command_brings_a_photograph_into_a_domain(run, domains, tmp_path):
    photo = str(domains / "dark" / "0.png")
    call = ["translate", photo, "--model", str(run), "--domain", "bright", "-o", str(tmp_path / "out.png")]
    assert cli.main([*call, "--seed", "7"]) == 0
    network = keras.models.load_model(run / "translator.keras")
    label = np.eye(3, dtype="float32")[[0]]
    padded = np.pad(np.asarray(Image.open(photo)), ((22, 22), (20, 20), (0, 0)), mode="reflect")
    images = padded[None].astype("float32") / 127.5 - 1
    expected = network(images, network.styles_of_noise(seeded_latents([7], 2), label))
    expected = np.rint((np.array(expected)[0, 22:42, 20:44] + 1) * 127.5)
    with Image.open(tmp_path / "out.png") as result:
        np.testing.assert_allclose(np.asarray(result), expected, atol=1)
    reference = domains / "bright" / "1.png"
    assert cli.main([*call, "--reference", str(reference)]) == 0
    expected = open_domain_translator(run, "bright", reference=reference).translate(photo)
    with Image.open(tmp_path / "out.png") as result:
        np.testing.assert_array_equal(np.asarray(result), np.asarray(expected))


def test_a_packaged_one_goes_by_its_name(run, domains, tmp_path, monkeypatch, capsys):
    entry = package_translator(run, tmp_path, "tones", "Makes dark or bright.", "pictures", "free")
    assert entry["domains"] == ["bright", "dark", "middle"] and entry["reference_size"] == [16, 16]
    assert entry["parity"]["greatest"] <= 1 and entry["recipe"].startswith("keras-stylegan train multidomain --data")
    assert "Makes dark or bright." in (card := (tmp_path / "weights" / "tones.md").read_text())
    assert "- Domains: bright, dark, middle.\n" in card
    monkeypatch.setattr(pretrained, "assets", lambda: tmp_path)
    photo, reference = (str(domains / name / "0.png") for name in ("dark", "bright"))
    call = ["translate", photo, "--model", "tones", "-o", str(tmp_path / "out.png")]
    for options, style in ((["--seed", "7"], {"seed": 7}), (["--reference", reference], {"reference": reference})):
        assert cli.main([*call, "--domain", "bright", *options]) == 0
        expected = open_domain_translator(run, "bright", **style).translate(photo)
        with Image.open(tmp_path / "out.png") as result:
            np.testing.assert_allclose(np.asarray(result, int), np.asarray(expected, int), atol=1)
    capsys.readouterr()
    assert cli.main(call) == 2
    assert "`domain` must be one of bright, dark, middle, for tones. Received nothing" in capsys.readouterr().err


def test_mistakes_are_one_line(run, domains, tmp_path, capsys):
    photo = str(domains / "dark" / "0.png")
    for arguments, message in (
        (["--model", str(run)], "`domain` must say where pictures are to go, for "),
        (["--model", str(run), "--domain", "brigt"], "`domain` must be one of bright, dark, middle. Received: domain="),
        (
            ["--model", str(domains), "--domain", "dark"],
            "`model` must be the run directory of a translator for",
        ),
        (["--model", "tones", "--domain", "dark"], "or a packaged one (there are none). Received: tones; `keras-styl"),
        (["--model", str(run), "--reference", photo], "`--reference` needs `--domain`, the domain of its style"),
        (["--model", str(run), "--seed", "0"], "`--seed` needs `--domain`, the domain of the style that it chooses"),
        (
            ["--model", str(run), "--domain", "dark", "--reference", photo, "--seed", "1"],
            "`--seed` and `--reference` each choose a style: give one",
        ),
        (["--model", str(run), "--domain", "dark", "--direction", "a_to_b"], "`--direction` and `--domain` are for"),
        (["--model", str(run), "--domain", "dark", "--seed", "-1"], "`seeds` must be integers from 0 on"),
    ):
        assert cli.main(["translate", photo, "-o", str(tmp_path / "x.png"), *arguments]) == 2
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1
    assert not (tmp_path / "x.png").exists()
    call = ["train", "multidomain", "--out", str(tmp_path / "x"), "--set", "size=12,16"]
    assert cli.main([*call, "--data", str(domains), "--set", "depth=1"]) == 2
    assert (
        "`size` must be multiples of 8, as the critic's `depth` wants. Received: size=(12, 16)"
        in capsys.readouterr().err
    )
    assert cli.main(call) == 2
    assert "`data` must name the pictures to train on. Received nothing" in capsys.readouterr().err
    for name in ("trainA", "testA"):
        (tmp_path / "set" / name).mkdir(parents=True)
        for index in range(2):
            Image.fromarray(np.full((20, 20, 3), 90 * index, "uint8")).save(tmp_path / "set" / name / f"{index}.png")
    assert cli.main(["train", "multidomain_small", "--out", str(tmp_path / "x"), "--data", str(tmp_path / "set")]) == 2
    assert "without parts for training and tests. Received: " in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
