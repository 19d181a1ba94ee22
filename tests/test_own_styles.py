"""Own styles: learning a vector, the command, and painting in what it learnt."""

import hashlib
import io
import itertools
import json
import pathlib

import numpy as np
import pytest
from PIL import Image
from stand_in import LITERT_FILE, STYLES, StandInRuntime, photograph, stand_in

import keras_stylegan
from keras_stylegan import cli, pretrained
from keras_stylegan.inference import Bank, Stylizer, read_bank, write_bank
from keras_stylegan.inference.palette import Palette

NAMES = [style["name"] for style in STYLES]


# --- the packaged network


def test_a_bank_on_the_packaged_network(tmp_path):
    """On LiteRT: the vector of a named style paints as its name does, alone and in a region."""
    entry = pretrained.network_entry("multistyle")
    named, place = entry["styles"][3]["name"], tmp_path / "bank"
    vector = np.array(pretrained.packaged_transformer(entry).bank.style_vectors())[3]
    write_bank(Bank({"mine": vector}, entry["style_space"]), place)
    net, photo = keras_stylegan.load(banks=[place]), photograph(80, 64)
    half = np.zeros((64, 80), np.uint8)
    half[:, :40] = 255
    for given in (lambda style: {"styles": style}, lambda style: {"regions": [(half, style)]}):
        own, same = (np.asarray(net.stylize(photo, **given(style)), int) for style in ("mine", named))
        assert np.abs(own - same).max() <= 1 and np.abs(own - photo).mean() > 3
    write_bank(Bank({"mine": vector[:-1]}, entry["style_space"]), place)
    with pytest.raises(ValueError, match=f"bank: the vectors must have {len(vector)} numbers.*in mine"):
        keras_stylegan.load(banks=[place])


def test_a_style_picture_that_changes_is_looked_at_again(tmp_path):
    picture, palette = tmp_path / "my.png", Palette(NAMES, predict=lambda path: np.float32([0, 0, seen[0]]))
    for seen in ([1], [2]):
        Image.fromarray(photograph(40, 30, seen[0])).save(picture)
        assert palette.mixture(picture).vector[2] == seen[0] == palette.mixture(str(picture)).vector[2]
    picture.unlink()
    assert palette.mixture(picture).vector[2] == 2  # what was seen of it is not forgotten


def test_the_mark_of_a_space_is_of_all_weights_but_the_named_styles():
    arrays = {"net/bank/vectors": np.zeros((2, 3)), "net/stem/kernel": np.ones(4), "net/bank/photograph": np.ones(3)}
    mark = pretrained.style_space(arrays)
    renamed = {path.replace("net", "other"): array for path, array in reversed(arrays.items())}
    assert pretrained.style_space(renamed | {"other/bank/vectors": np.ones((9, 3))}) == mark
    assert pretrained.style_space(arrays | {"net/stem/kernel": np.zeros(4)}) != mark
    assert pretrained.style_space(arrays | {"net/bank/photograph": np.zeros(3)}) != mark


# --- painting in own styles and pictures; of the stand-in a style's vector is its three weights


def test_own_styles_and_pictures_are_mixed_with_named_ones(tmp_path):
    picture, calls = tmp_path / "my.png", []

    def predict(path):
        calls.append(path)
        return np.array([1, 0, 0], np.float32)

    net = Stylizer(StandInRuntime(), NAMES, 64, {"mine": np.array([0, 1, 0], np.float32)}, predict)
    assert net.styles == (*NAMES, "mine")
    photo = photograph(40, 30)
    for styles, weights in (
        ("mine", [0, 1, 0]),
        (picture, [1, 0, 0]),
        ({"mine": 1, "night": 3}, [0, 0.25, 0.75]),
        ({str(picture): 2, "mine": 1, "night": 1}, [0.5, 0.25, 0.25]),
        ({picture: 0, "night": 1}, [0, 0, 1]),
    ):
        assert np.abs(np.asarray(net.stylize(photo, styles), int) - stand_in(photo, weights, 1)).max() <= 1
    assert calls == [str(picture)]


def test_named_styles_alone_need_no_vector():
    palette = Palette(NAMES, {"mine": np.zeros(3, np.float32)})
    assert palette.mixture({"night": 1, "mine": 0}).vector is None
    assert palette.mixture("mine").weights.sum() == 0


def test_mistakes_in_own_styles(tmp_path):
    with pytest.raises(ValueError, match="own styles must have names of their own. Received: night"):
        Palette(NAMES, {"night": np.zeros(3)})
    palette = Palette(NAMES, {"mine": np.zeros(3)})
    Image.fromarray(photograph(40, 30)).save(tmp_path / "my.png")
    with pytest.raises(ValueError, match="my.png: the network has no predictor"):
        palette.mixture({str(tmp_path / "my.png"): 1})
    with pytest.raises(FileNotFoundError):
        palette.mixture({str(tmp_path / "yours.png"): 1})
    with pytest.raises(ValueError, match="`styles` names an unknown style.*mine"):
        palette.mixture("minne")


# --- learning


@pytest.fixture(scope="module")
def toy():
    """A network with two styles and its perceptual network, too small to be good at anything."""
    import keras

    from keras_stylegan.networks import PerceptualNetwork, StyleTransformer

    keras.utils.set_random_seed(3)
    network = StyleTransformer(2, widths=(4, 6, 8), num_blocks=(1, 1, 1), num_waves=3, bank_lr_multiplier=2.0)
    network.build()
    perceptual = PerceptualNetwork(((4, 4), (4, 4), (4,), (4,)), name="tiny")
    perceptual.build()
    rng = np.random.default_rng(0)
    network.bank.vectors.assign(network.bank.vectors + rng.normal(0, 0.2, network.bank.vectors.shape))
    return network, perceptual


PHOTOGRAPHS = [photograph(32, 32, seed)[None] / np.float32(127.5) - 1 for seed in range(3)]
PHOTOGRAPHS = [batch.astype("float32") for batch in PHOTOGRAPHS] * 20


def test_learning_lowers_the_loss_and_changes_nothing_else(toy):
    from keras_stylegan.models import StyleLearning

    network, perceptual = toy
    before = [np.array(weight) for weight in (*network.variables, *perceptual.variables)]
    painting, logs = photograph(32, 40, 9).astype("float32") / 127.5 - 1, []
    learning = StyleLearning(network, perceptual, [painting, painting[:, ::-1]], light_weight=0.5)
    start = np.array(network.bank.style_vectors())[1]
    learning.begin_at(start)
    np.testing.assert_allclose(learning.vector, start, rtol=1e-6)
    vector = learning.optimize(PHOTOGRAPHS, steps=60, callback=lambda step, terms: logs.append(terms))
    assert vector.shape == (network.vector_size,) and vector.dtype == np.float32
    assert np.mean([log["loss"] for log in logs[-3:]]) < 0.9 * np.mean([log["loss"] for log in logs[:3]])
    for log in logs[:2]:
        expected = 4 * log["style"] + 0.6 * log["content"] + 0.75 * log["variation"] + 0.5 * log["light"]
        np.testing.assert_allclose(log["loss"], expected, rtol=1e-5)
    for weight, value in zip((*network.variables, *perceptual.variables), before, strict=True):
        np.testing.assert_array_equal(np.array(weight), value)


def test_a_prior_holds_the_vector_to_its_start(toy):
    from keras_stylegan.models import StyleLearning

    network, perceptual = toy
    painting, moved = photograph(32, 40, 9).astype("float32") / 127.5 - 1, []
    start = np.array(network.bank.style_vectors())[0]
    for weight in (0.0, 100.0):
        learning, logs = StyleLearning(network, perceptual, [painting], start, prior_weight=weight), []
        vector = learning.optimize(PHOTOGRAPHS, steps=20, callback=lambda step, terms: logs.append(terms))  # noqa: B023
        moved.append(np.square((vector - start) / learning.spread).mean())
    assert moved[1] < 0.3 * moved[0]
    terms = logs[1]
    expected = 4 * terms["style"] + 0.6 * terms["content"] + 0.75 * terms["variation"] + 100 * terms["prior"]
    np.testing.assert_allclose(terms["loss"], expected, rtol=1e-5)


@pytest.mark.parametrize("share, low, high", [(None, 20, 20), (0.5, 5, 15), (2.0, 25, 80)])
def test_the_weight_of_style_follows_the_content_that_is_asked_for(toy, share, low, high):
    from keras_stylegan.models import StyleLearning

    network, perceptual = toy
    painting, logs = photograph(32, 40, 9).astype("float32") / 127.5 - 1, []
    start = np.array(network.bank.style_vectors())[0]
    learning = StyleLearning(network, perceptual, [painting], start, style_weight=20.0)
    content = None if share is None else share * learning.bank_losses(PHOTOGRAPHS[0])["content"][0]
    learning.optimize(PHOTOGRAPHS, 60, callback=lambda step, terms: logs.append(terms), content=content)
    weights = [(log["loss"] - 0.6 * log["content"] - 0.75 * log["variation"]) / log["style"] for log in logs]
    assert weights[0] == pytest.approx(20, rel=1e-4) and low - 1e-2 < weights[-1] < high + 1e-2


def test_the_weight_of_style_stays_within_its_range(toy):
    from keras_stylegan.models import StyleLearning

    network, perceptual = toy
    painting = photograph(32, 40, 9).astype("float32") / 127.5 - 1
    start = np.array(network.bank.style_vectors())[0]
    for content, weight in ((1e-3, 1), (1e6, 16)):
        learning, logs = StyleLearning(network, perceptual, [painting], start, content_weight=0, variation_weight=0), []
        learning.optimize(PHOTOGRAPHS, 60, callback=lambda step, terms: logs.append(terms), content=content)  # noqa: B023
        assert logs[-1]["loss"] / logs[-1]["style"] == pytest.approx(weight, rel=1e-3)
    for content in (0, -1, float("nan")):
        with pytest.raises(ValueError, match="`content` must be greater than 0. Received: content="):
            learning.optimize(PHOTOGRAPHS, 2, content=content)


def test_a_style_begins_at_the_nearest_and_aims_at_the_content_that_is_usual(toy, packaged, monkeypatch):
    from keras_stylegan.inference import own_styles
    from keras_stylegan.models import StyleLearning

    network, perceptual = toy
    monkeypatch.setattr(own_styles, "build_perceptual", lambda name: perceptual)
    losses = {"style": np.float32([3, 1]), "content": np.float32([0.2, 0.6])}
    monkeypatch.setattr(StyleLearning, "bank_losses", lambda self, photographs: losses)
    told = []
    monkeypatch.setattr(StyleLearning, "optimize", lambda self, *a, **k: told.append((self.vector, k["content"])))
    picture = Image.open("painting.png")
    own_styles.learn_style([picture], transformer=network)
    given = np.full(network.vector_size, 0.5, "float32")
    own_styles.learn_style([picture], transformer=network, start=given)
    np.testing.assert_allclose(told[0][0], np.array(network.bank.style_vectors())[1], rtol=1e-6)
    assert told[0][1] == pytest.approx(0.4)
    np.testing.assert_allclose(told[1][0], given)
    assert told[1][1] is None


def test_the_bank_is_compared_style_by_style(toy):
    from keras_stylegan.models import StyleLearning

    network, perceptual = toy
    vectors = np.array(network.bank.style_vectors())
    for style in range(2):
        painting = np.array(network.paint(PHOTOGRAPHS[0], vectors[style : style + 1]))[0]
        learning = StyleLearning(network, perceptual, [np.clip(painting, -1, 1)])
        terms = learning.bank_losses(PHOTOGRAPHS[0])
        assert terms["style"].shape == (2,) and np.argmin(terms["style"]) == style
        learning.begin_at(vectors[style])
        rows = []
        learning.optimize(PHOTOGRAPHS, 1, callback=lambda step, row: rows.append(row))  # noqa: B023
        for name in ("style", "content", "variation"):
            np.testing.assert_allclose(terms[name][style], rows[0][name], rtol=1e-4)


def test_time_ends_the_learning(toy):
    from keras_stylegan.models import StyleLearning

    network, perceptual = toy
    painting, steps = photograph(32, 32, 9).astype("float32") / 127.5 - 1, []
    start = np.full(network.vector_size, 0.5, "float32")
    learning = StyleLearning(network, perceptual, [painting], start)
    learning.optimize(PHOTOGRAPHS, steps=60, seconds=1e-9, callback=lambda step, terms: steps.append(step))
    assert steps == [1]
    for options, message in (
        ({"pictures": []}, "`pictures` must hold at least one"),
        ({"start": start[:3]}, "`start` must have the shape"),
        ({"style_weight": -1}, "`style_weight` must be finite"),
    ):
        with pytest.raises(ValueError, match=message):
            StyleLearning(**{"network": network, "perceptual": perceptual, "pictures": [painting], **options})
    with pytest.raises(ValueError, match="`steps` must be greater than 0. Received: steps=0"):
        learning.optimize(PHOTOGRAPHS, steps=0)


# --- the command


@pytest.fixture
def packaged(toy, tmp_path, monkeypatch):
    """The toy as the packaged network; photographs of the size that the recipe wants."""
    network, size = toy[0], toy[0].vector_size
    weights = io.BytesIO()
    arrays = {weight.path: np.array(weight).astype("float16") for weight in network.weights}
    np.savez(weights, **arrays)
    config = {name: network.get_config()[name] for name in ("widths", "num_blocks", "num_waves", "bank_lr_multiplier")}
    records = {}
    for kind, content in (("litert", LITERT_FILE.read_bytes()), ("keras", weights.getvalue())):
        (tmp_path / kind).write_bytes(content)
        records[kind] = {"file": kind, "sha256": hashlib.sha256(content).hexdigest()}
    records["keras"]["config"] = config
    entry = {**records, "styles": STYLES[:2], "stride": 8, "working_size": 64}
    manifest = {"multistyle": {**entry, "style_space": pretrained.style_space(arrays), "vector_size": size}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "samples").mkdir()
    Image.fromarray(photograph(80, 64)).save(tmp_path / "samples" / "hill.png")
    monkeypatch.setattr(pretrained, "assets", lambda: tmp_path)
    monkeypatch.chdir(tmp_path)
    Image.fromarray(photograph(90, 70, 5)).save("painting.png")
    return tmp_path


def test_a_style_is_added_and_painted_in(packaged, capsys):
    call = ["add-style", "painting.png", "--steps", "2", "--bank", "mine.safetensors", "--name"]
    assert cli.main([*call, "waves"]) == 0
    assert capsys.readouterr().out.startswith("mine.safetensors: waves, style loss ")
    assert cli.main([*call, "again"]) == 0
    first = read_bank("mine.safetensors").vectors
    np.testing.assert_array_equal(first["waves"], first["again"])  # the seed repeats a result
    assert cli.main([*call, "waves", "--seed", "1", "--replace"]) == 0
    second = read_bank("mine.safetensors").vectors
    assert list(second) == ["waves", "again"] and np.abs(second["waves"] - first["waves"]).max() > 0
    # Of several pictures, practised on photographs of one's own.
    Image.fromarray(photograph(90, 70, 6)).save("second.png")
    (packaged / "practice").mkdir()
    Image.fromarray(photograph(70, 90, 7)).save("practice/valley.png")
    learnt = {"waves": first["waves"]}
    for name, more in (("two", ["second.png"]), ("practised", ["--content", "practice"])):
        call = ["add-style", "painting.png", *more, "--steps", "2", "--bank", "other.safetensors", "--name", name]
        assert cli.main(call) == 0
        learnt[name] = read_bank("other.safetensors").vectors[name]
    for one, another in itertools.combinations(learnt.values(), 2):
        assert np.abs(one - another).max() > 1e-6
    capsys.readouterr()
    assert cli.main(["styles", "--bank", "mine.safetensors"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [*NAMES[:2], "waves", "again"]
    net = keras_stylegan.load(runtime="keras", banks=["mine.safetensors"])
    photo = photograph(64, 64)
    mixed = [np.asarray(net.stylize(photo, styles), int) for styles in ("waves", NAMES[0], {"waves": 1, NAMES[0]: 1})]
    assert np.abs(mixed[0] - mixed[1]).mean() > 0.1
    assert np.abs(mixed[2] - mixed[0]).mean() < np.abs(mixed[1] - mixed[0]).mean()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["missing.png", "--name", "a"], "missing.png: No such file"),
        (["manifest.json", "--name", "a"], "manifest.json: not a picture"),
        (
            ["flat.png", "--name", "a"],
            "flat.png: a style picture, seen at a shorter side of 256 pixels, must not be of one colour",
        ),
        (["dot.png", "--name", "a"], "dot.png: a style picture must have at least 16 pixels on each side"),
        (["painting.png", "--name", "a b"], "`--name` must have letters"),
        (["painting.png", "--name", NAMES[0]], "`--name` must be new"),
        (["painting.png", "--name", "a", "--bank", "painting.png"], "painting.png: not a bank of styles"),
        (["painting.png", "--name", "a", "--bank", "no/where"], "`--bank` must lie in an existing"),
        (["painting.png", "--name", "a", "--steps", "0"], "`--steps` must be at least 1"),
        (["painting.png", "--name", "a", "--backend", "jax"], "`--backend` must be that of the Keras"),
    ],
)
def test_mistakes_on_the_command_line(packaged, capfd, arguments, message):
    Image.new("RGB", (40, 40), "red").save("flat.png")
    Image.new("RGB", (1, 1)).save("dot.png")
    assert cli.main(["add-style", *arguments]) == 2
    error = capfd.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not pathlib.Path("own_styles.safetensors").exists()


def test_an_interruption_leaves_the_bank_as_it_was(packaged, monkeypatch, capfd):
    def interrupt(*_, **options):
        options["report"](1, {"style": 1.0})
        raise KeyboardInterrupt

    monkeypatch.setattr("keras_stylegan.inference.own_styles.learn_style", interrupt)
    space = pretrained.network_entry("multistyle")["style_space"]
    size = pretrained.network_entry("multistyle")["vector_size"]
    write_bank(Bank({"old": np.zeros(size)}, space), "mine.safetensors")
    before, files = pathlib.Path("mine.safetensors").read_bytes(), sorted(packaged.iterdir())
    assert cli.main(["add-style", "painting.png", "--name", "new", "--bank", "mine.safetensors"]) == 130
    assert pathlib.Path("mine.safetensors").read_bytes() == before and sorted(packaged.iterdir()) == files
    assert capfd.readouterr() == ("", "")


def test_a_file_for_named_styles_alone_says_so(packaged):
    entry = pretrained.network_entry("multistyle")
    write_bank(Bank({"mine": np.zeros(entry["vector_size"])}, entry["style_space"]), "bank")
    with pytest.raises(ValueError, match="has no signature stylize_vector, only stylize_weights"):
        keras_stylegan.load(banks=["bank"]).stylize(photograph(20, 20), "mine")
    with pytest.raises(ValueError, match="bank: there is a style of this name already. Received: mine"):
        keras_stylegan.load(banks=["bank", "bank"])
