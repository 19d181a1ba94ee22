"""The predictor of style vectors: its pictures, its loss, a run of two steps, its LiteRT file, and refinement."""

import hashlib
import io
import json

import keras
import numpy as np
import pytest
from PIL import Image
from stand_in import LITERT_FILE, STYLES, photograph

import keras_stylegan
from keras_stylegan import data, pretrained, runs
from keras_stylegan.data.textures import KINDS
from keras_stylegan.exporters import model_card
from keras_stylegan.exporters import predictor as predictor_package
from keras_stylegan.exporters.predictor import package_predictor
from keras_stylegan.exporters.sources import open_source
from keras_stylegan.inference.style_pictures import LiteRTPredictor
from keras_stylegan.models import StylePrediction
from keras_stylegan.networks import PerceptualNetwork, StylePredictor, StyleTransformer
from keras_stylegan.presets import get_preset, with_settings

WIDTHS = ((4, 4), (4, 4), (4,), (4,))


def floats(width, height, seed=0):
    return photograph(width, height, seed).astype("float32") / 127.5 - 1


@pytest.fixture(scope="module")
def parts():
    """(predictor, network, perceptual), small, the bank's styles apart."""
    keras.utils.set_random_seed(2)
    network = StyleTransformer(3, widths=(4, 6, 8), num_blocks=(1, 1, 1), num_waves=3)
    network.build()
    rng = np.random.default_rng(0)
    network.bank.vectors.assign(network.bank.vectors + rng.normal(0, 0.2, network.bank.vectors.shape))
    perceptual = PerceptualNetwork(WIDTHS, name="tiny")
    perceptual.build()
    predictor = StylePredictor(network.vector_size, WIDTHS, num_projections=3, hidden=8)
    predictor.build()
    predictor.calibrate([floats(32, 40, i) for i in range(6)], np.array(network.bank.style_vectors()))
    return predictor, network, perceptual


# --- pictures to learn from


@pytest.mark.parametrize("kind", KINDS)
def test_textures_are_varied_and_repeat(kind):
    pictures = [data.procedural_texture((24, 32), np.random.default_rng(seed), kind) for seed in (0, 0, 1)]
    assert pictures[0].shape == (24, 32, 3) and pictures[0].dtype == np.uint8
    np.testing.assert_array_equal(pictures[0], pictures[1])
    assert np.abs(pictures[0].astype(int) - pictures[2]).mean() > 2
    assert pictures[0].std(axis=(0, 1)).max() > 5


def batches(shares=(1, 0, 0, 0), num_painted=0, numbers=(2, None), batch_size=16):
    crops = data.Crops([photograph(40, 30)], 16, batch_size, seed=1)
    paintings = [np.full((20, 20, 3), value, np.uint8) for value in (50, 200)]
    return data.StylePictureBatches(crops, paintings, numbers, 4, shares, num_painted, seed=1)


def test_a_painting_in_its_own_colours_is_a_known_style():
    batch = batches()[3]
    assert batch["style_pictures"].shape == batch["content"].shape == (16, 16, 16, 3)
    values = np.rint((batch["style_pictures"] + 1) * 127.5)
    # The second painting's style is not in the bank; changed colours are not that style either.
    known = batch["style_weights"][:, 2] == 1
    assert (values[known] == 50).all() and 1 <= sum(known) <= 10
    assert np.unique(batch["style_weights"].sum(-1)).tolist() == [0, 1]
    for name, values in batches()[3].items():
        np.testing.assert_array_equal(values, batch[name])


def test_changed_colours_are_another_painting_s_or_chance_s():
    paintings = [photograph(60, 50, seed) for seed in (1, 2)]
    paintings[1] = (40 + paintings[1] // 8).astype("uint8")  # dark, hardly any contrast
    crops = data.Crops([photograph(40, 30)], 32, 64, seed=1)
    pictures = data.StylePictureBatches(crops, paintings, (0, 1), 2, (1, 0, 0, 0), seed=1, style_scale=(1, 1))[0]
    known = pictures["style_weights"].any(axis=1)
    deviations = pictures["style_pictures"].std(axis=(1, 2)).mean(axis=-1)
    flat = pictures["style_weights"][:, 1] == 1
    assert deviations[flat].max() < 0.5 * deviations[pictures["style_weights"][:, 0] == 1].min()
    # Of the others some have the contrast of the flat painting, some that of the other, some one of their own.
    assert 20 < known.sum() < 44
    assert (deviations[~known] < 1.2 * deviations[flat].max()).sum() > 5
    assert (deviations[~known] > 2 * deviations[flat].max()).sum() > 5


def test_other_pictures_are_unknown_and_painted_ones_are_mixtures():
    # Of the styles whose paintings are given; of all where none is.
    for numbers, mixed in (((2, None), {2}), ((0, 3), {0, 3}), ((None, None), {0, 1, 2, 3})):
        drawn = [batches(num_painted=8, numbers=numbers)[index]["style_weights"][:8] for index in range(4)]
        assert set(np.flatnonzero(np.concatenate(drawn).any(axis=0))) == mixed
    for shares in ((0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)):
        batch = batches(shares, num_painted=8, numbers=(None, None))[0]
        weights = batch["style_weights"]
        np.testing.assert_allclose(weights[:8].sum(-1), 1, rtol=1e-6)
        assert not weights[8:].any() and weights.min() >= 0
        assert {np.count_nonzero(row) for row in weights[:8]} <= {1, 2, 3}


def test_style_pictures_are_what_their_share_says():
    """One painting varies down, the other across; crops, colours, blends and photographs are told apart by that."""
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    down, across = (np.repeat(grid[..., None], 3, 2) for grid in np.meshgrid(ramp, ramp, indexing="ij"))
    noise = np.random.default_rng(0).integers(0, 255, (40, 40, 3)).astype(np.uint8)
    crops = data.Crops([noise], 16, 64, (0.5, 1.0), seed=1)

    def slopes(shares):
        pictures = data.StylePictureBatches(crops, [down, across], (0, 1), 2, shares, seed=1)[0]["style_pictures"]
        rows, columns = (np.abs(np.diff(pictures, axis=axis)).mean((1, 2, 3)) for axis in (1, 2))
        return rows, columns, pictures

    rows, columns, pictures = slopes((1, 0, 0, 0))
    assert (np.minimum(rows, columns) < 0.01).all() and 10 < (rows > columns).sum() < 54
    steep = np.maximum(rows, columns)[(pictures.std(axis=-1) < 1e-6).all((1, 2))]  # in the painting's own colours
    assert len(steep) > 10 and steep.max() > 1.5 * steep.min()  # crops of several scales
    rows, columns, pictures = slopes((0, 1, 0, 0))
    assert (np.minimum(rows, columns) > 0.02).sum() > 16  # half of the blends are of two different paintings
    assert min(slopes((0, 0, 0, 1))[0]) > 0.1  # the photograph is nothing but noise
    assert np.median(slopes((0, 0, 1, 0))[2].std(axis=(1, 2)).max(axis=-1)) > 0.2


@pytest.mark.parametrize(
    "options, message",
    [
        ({"numbers": (1,)}, "`paintings` must hold pictures, and `numbers`"),
        ({"shares": (0, 0, 0, 0)}, "`shares` must be four numbers"),
        ({"num_painted": 17}, "`num_painted` must be from 0 to the batch size 16. Received: 17"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        batches(**options)
    with pytest.raises(ValueError, match="`style_scale` must be .low, high. with 0 < low <= high <= 1. Received"):
        data.StylePictureBatches(batches().crops, [photograph(40, 30)], [None], 4, style_scale=(0.5, 1.5))
    with pytest.raises(ValueError, match="`hidden` must be positive. Received: hidden=0"):
        StylePredictor(5, hidden=0)


# --- the network and its loss


def test_an_untrained_predictor_gives_the_mean_of_the_bank(parts):
    predictor, network, _ = parts
    mean = np.array(network.bank.style_vectors()).mean(axis=0)
    for size in ((16, 16), (40, 24)):
        np.testing.assert_allclose(predictor(floats(*size)[None])[0], mean, rtol=1e-5, atol=1e-6)


def test_calibrated_statistics_are_standard(parts):
    predictor, _, _ = parts
    rows = np.concatenate(
        [np.array(predictor._statistics(predictor.perceptual(floats(32, 40, i)[None]))) for i in range(6)]
    )
    standard = (rows - np.array(predictor.statistics_mean)) * np.array(predictor.statistics_scale)
    np.testing.assert_allclose(standard.mean(axis=0), 0, atol=1e-3)
    assert standard.std(axis=0).max() < 1.001 and np.median(standard.std(axis=0)) > 0.99
    # Means and deviations of 4 channels at each of 4 depths, and 6 products of 3 projections.
    assert rows.shape[1] == 4 * (2 * 4 + 6)


def test_terms_by_hand(parts):
    predictor, network, perceptual = parts
    model = StylePrediction(predictor, network, perceptual, distillation_weight=0.25, prior_weight=3)
    batch = {
        "content": np.stack([floats(16, 16, i) for i in range(3)]),
        "style_pictures": np.stack([floats(16, 16, i + 5) for i in range(3)]),
        "style_weights": np.array([[1, 0, 0], [0, 0.5, 0.5], [0, 0, 0]], "float32"),
    }
    terms = {name: np.array(values) for name, values in model.terms(batch).items()}
    vectors, mean, spread = np.array(network.bank.style_vectors()), *map(np.array, (predictor.center, predictor.spread))
    known = [vectors[0], (vectors[1] + vectors[2]) / 2]
    expected = [0.25 * np.square((mean - vector) / spread).mean() for vector in known]
    np.testing.assert_allclose(terms["distillation"], [*expected, 0], rtol=1e-4)
    np.testing.assert_allclose(terms["prior"], 0, atol=1e-6)  # an untrained predictor gives the middle itself
    predictor.last.bias.assign(predictor.last.bias + 0.5)  # of the spread, everywhere
    np.testing.assert_allclose(model.terms(batch)["prior"], [0, 0, 3 * 0.25], atol=1e-4)
    predictor.last.bias.assign(predictor.last.bias - 0.5)
    assert all(values.shape == (3,) for values in terms.values()) and terms["style"].min() > 0
    same = {**batch, "style_pictures": np.clip(network.paint(batch["content"], np.stack([mean] * 3)), -1, 1)}
    # The picture that is painted anyway shows the style asked for, up to what was clipped.
    assert np.array(model.terms(same)["style"]).mean() < 0.3 * terms["style"].mean()


def test_features_that_are_shared_change_nothing(parts):
    predictor, network, _ = parts
    batch = {
        "content": np.stack([floats(16, 16, i) for i in range(2)]),
        "style_pictures": np.stack([floats(16, 16, i + 5) for i in range(2)]),
        "style_weights": np.array([[1, 0, 0], [0, 0, 0]], "float32"),
    }
    one, other = (
        StylePrediction(predictor, network, predictor.perceptual, num_painted=1, shared_features=shared).terms(batch)
        for shared in (False, True)
    )
    for name, values in one.items():
        np.testing.assert_allclose(other[name], values, rtol=1e-5)


def test_the_first_pictures_are_the_next_photographs_painted(parts):
    predictor, network, perceptual = parts
    model = StylePrediction(predictor, network, perceptual, num_painted=2)
    content = np.stack([floats(16, 16, i) for i in range(3)])
    known = np.array(network.bank.style_vectors())
    pictures = np.array(model.style_pictures({"content": content, "style_pictures": content * 0}, known))
    painted = np.clip(network.paint(content[[1, 2]], known[:2]), -1, 1)
    np.testing.assert_allclose(pictures[:2], painted, atol=1e-5)
    assert not pictures[2].any()


# --- a run, its file, the command


@pytest.fixture(scope="module")
def packaged(parts, tmp_path_factory):
    """The small network as the packaged one, paintings and photographs."""
    network = parts[1]
    folder, content = tmp_path_factory.mktemp("assets"), io.BytesIO()
    arrays = {weight.path: np.array(weight).astype("float16") for weight in network.weights}
    np.savez(content, **arrays)
    records = {}
    for kind, contents in (("litert", LITERT_FILE.read_bytes()), ("keras", content.getvalue())):
        (folder / kind).write_bytes(contents)
        digest = hashlib.sha256(contents).hexdigest()
        records[kind] = {"file": kind, "sha256": digest, "bytes": len(contents)}
    records["keras"]["config"] = {name: network.get_config()[name] for name in ("widths", "num_blocks", "num_waves")}
    entry = {**records, "styles": STYLES, "stride": 8, "working_size": 64}
    manifest = {
        "multistyle": {**entry, "style_space": pretrained.style_space(arrays), "vector_size": network.vector_size}
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    for group, names in (("samples", ("hill", "lake")), ("paintings", (STYLES[0]["name"], "unknown"))):
        (folder / group).mkdir()
        for seed, name in enumerate(names):
            Image.fromarray(photograph(60, 50, seed + len(group))).save(folder / group / f"{name}.png")
    return folder


@pytest.fixture
def assets(packaged, monkeypatch):
    monkeypatch.setattr(pretrained, "assets", lambda: packaged)
    return packaged


@pytest.mark.slow
def test_from_a_run_to_a_picture_in_the_style_of_another(assets, tmp_path, monkeypatch, eagerly):
    settings = [
        f"content={assets / 'samples'}", f"styles={assets / 'paintings'}", "kimg=0.004", "batch_size=2", "crop_size=32",
        "painted_share=0.5", "hidden=4", "num_projections=2", "log_images=2", "grid_images=4",
    ]  # fmt: skip
    run = runs.train(with_settings(get_preset("style_predictor"), settings), tmp_path / "run")
    facts = json.loads((run / "config.json").read_text())["facts"]
    assert facts["known"] == [STYLES[0]["name"]] and len(facts["paintings"]) == 2
    line = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
    assert {"predictor/style", "predictor/content", "predictor/variation", "predictor/distillation"} <= set(line)
    assert list((run / "images").iterdir())

    packaged = [*settings, "start_from=style_predictor", "learning_rate=1e-9"]
    with pytest.raises(ValueError, match="no predictor is packaged. Received: style_predictor"):
        runs.train(with_settings(get_preset("style_predictor"), packaged), tmp_path / "none")
    # The small network's entry has nothing to say of itself.
    monkeypatch.setattr(predictor_package, "model_card", lambda entry: model_card._predictor(entry["predictor"]))
    record = package_predictor(run, assets, "two pictures", "nobody's")
    assert record["images_seen"] == 4
    card = (assets / "weights" / "multistyle.md").read_text()
    assert "## Style predictor" in card and "two pictures" in card and record["recipe"] in card
    assert record["parity"] < 0.05 and "train style_predictor" in record["recipe"]
    assert {"style", "content", "variation", "distillation", "prior"} <= set(record["losses"])
    assert sorted(record["paintings"]) == sorted([STYLES[0]["name"], "unknown"])
    entry = pretrained.network_entry("multistyle")
    vector = LiteRTPredictor(pretrained.read_weights(entry["predictor"]))(assets / "samples" / "hill.png")
    saved = keras.models.load_model(run / "predictor.keras", compile=False)
    picture = np.asarray(Image.open(assets / "samples" / "hill.png"))[None].astype("float32") / 127.5 - 1
    np.testing.assert_allclose(vector, np.array(saved(picture))[0], atol=2e-2)
    np.testing.assert_allclose(open_source("multistyle").predictor(picture)[0], np.array(saved(picture))[0], atol=2e-2)

    net = keras_stylegan.load(runtime="keras")
    photo, style = photograph(64, 64), str(assets / "paintings" / "unknown.png")
    named = STYLES[0]["name"]
    painted = [np.asarray(net.stylize(photo, styles), int) for styles in (style, named, {style: 1, named: 1})]
    assert np.abs(painted[0] - painted[1]).mean() > 0.5
    assert np.abs(painted[2] - painted[0]).mean() < np.abs(painted[1] - painted[0]).mean()
    before = net.palette.mixture(style).vector
    net.refine(style, seconds=0.5)
    after = net.palette.mixture(style).vector
    assert np.abs(after - before).max() > 0

    more = [*settings, f"start_from={run}", "learning_rate=1e-9"]
    second = runs.train(with_settings(get_preset("style_predictor"), more), tmp_path / "second")
    first, after = (keras.models.load_model(folder / "predictor.keras", compile=False) for folder in (run, second))
    for earlier, later in zip(first.weights, after.weights, strict=True):
        np.testing.assert_allclose(later, earlier, atol=1e-6)
    config = json.loads((second / "config.json").read_text())["facts"]
    assert config["trainable_parameters"] == facts["trainable_parameters"]
    assert config["begun_with"]["images_seen"] == 4
    recipe = package_predictor(second, assets, "two pictures", "nobody's")["recipe"]
    assert "--out RUN_1" in recipe and "--from RUN_1 --out RUN" in recipe
    with pytest.raises(ValueError, match="`start_from` must hold a predictor of .*'hidden': 5.*with .*'hidden': 4"):
        runs.train(with_settings(get_preset("style_predictor"), [*more, "hidden=5"]), tmp_path / "third")
    fourth = runs.train(with_settings(get_preset("style_predictor"), packaged), tmp_path / "fourth")
    last = keras.models.load_model(fourth / "predictor.keras", compile=False)
    for earlier, later in zip(after.weights, last.weights, strict=True):
        np.testing.assert_allclose(later, earlier, rtol=1e-3, atol=1e-3)  # packaged in half precision
    begun = json.loads((fourth / "config.json").read_text())["facts"]["begun_with"]
    assert begun == {"recipe": recipe, "images_seen": 8}

    monkeypatch.setattr(predictor_package, "MAX_DIFFERENCE", -1)
    with pytest.raises(ValueError, match="both runtimes must agree to -1 spreads. Received: a difference of 0"):
        package_predictor(run, assets, "", "")
    monkeypatch.setattr(predictor_package, "convert", lambda *_, **options: bytes(4 * 10**6))
    with pytest.raises(ValueError, match="network and predictor must have at most 4,000,000 bytes"):
        package_predictor(run, assets, "", "")
    config = run / "config.json"
    config.write_text(config.read_text().replace(facts["network"]["style_space"], "other"))
    with pytest.raises(ValueError, match="`run` must be for the packaged network"):
        package_predictor(run, assets, "", "")


@pytest.mark.parametrize(
    "settings, message",
    [
        ([], "`content` must name the pictures"),
        (["crop_size=20"], "`crop_size` must be a multiple of 8"),
        (["painted_share=2"], "`painted_share` must be at most 1"),
        (["painter=nowhere"], "`painter` must be the directory of a multistyle run, with network.keras"),
        (["start_from=nowhere"], "`start_from` must be the directory of a style_predictor run, with predictor.keras"),
    ],
)
def test_wrong_settings_are_named(assets, tmp_path, settings, message):
    sources = [f"content={assets / 'samples'}", f"styles={assets / 'paintings'}"] if settings else []
    with pytest.raises(ValueError, match=message):
        runs.train(with_settings(get_preset("style_predictor"), [*sources, *settings]), tmp_path / "run")
