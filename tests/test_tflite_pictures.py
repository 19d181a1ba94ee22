"""Networks from pictures to pictures as LiteRT files: equal to Keras, taken by XNNPACK, run by the commands."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from PIL import Image
from stand_in import photograph
from test_tflite_export import BUILT_IN
from toy_saved_model import DOMAINS, fusion_file, picture_run, predictor_run

from keras_stylegan import cli
from keras_stylegan.exporters import tflite_target
from keras_stylegan.exporters.litert_graph import operators, unpack
from keras_stylegan.exporters.litert_metadata import read_labels
from keras_stylegan.exporters.litert_transposed import transposed_at_corners
from keras_stylegan.exporters.parity import BARS
from keras_stylegan.exporters.saved_model import export_saved_model
from keras_stylegan.exporters.sources import open_source
from keras_stylegan.exporters.tflite import export_tflite
from keras_stylegan.exporters.tflite_targets import TARGETS
from keras_stylegan.inference.blending import grown
from keras_stylegan.inference.fusion_runtimes import KerasFusion, LiteRTFusion
from keras_stylegan.inference.scenes import open_scenes
from keras_stylegan.inference.translator import open_domain_translator
from keras_stylegan.networks import SuperResolutionNetwork


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(tflite_target, "DEFAULT_SIZE", (64, 96))
    monkeypatch.setattr(tflite_target, "OTHER_SIZE", (75, 64))


@pytest.mark.parametrize("size", [2, 3, 4])
def test_transposed_convolutions_at_corners(size):
    inputs = keras.Input((None, None, 3))
    layer = keras.layers.Conv2DTranspose(5, size, 2, padding="same", activation="tanh", bias_initializer="normal")
    other = keras.layers.Conv2DTranspose(2, size, 1, padding="same")
    network = keras.Model(inputs, other(layer(inputs)))
    x = np.random.default_rng(0).normal(size=(1, 5, 7, 3)).astype("float32")
    expected = network(x)
    with transposed_at_corners(network):
        graph = tf.function(network).get_concrete_function(tf.TensorSpec(x.shape)).graph.as_graph_def()
        assert {node.op for node in graph.node} >= {"DepthToSpace", "Conv2D"}
        assert sum(node.op == "Conv2DBackpropInput" for node in graph.node) == 1  # the other layer
        np.testing.assert_allclose(network(x), expected, atol=1e-5)
    assert "call" not in vars(layer)


@pytest.mark.parametrize("kind", ["translator", "upscaler", "fusion"])
def test_one_file_for_every_size(kind, tmp_path):
    file = tmp_path / f"{kind}.tflite"
    if kind == "fusion":
        file, found = fusion_file()
    else:
        found = export_tflite(picture_run(kind), file, quantize="none")[0]
    (found,) = found.values()
    exact = found.max_error <= 1e-4 or (kind == "fusion" and not found.misses(BARS["float16"]))
    assert exact and found.delegated == 1.0
    assert set(operators(file.read_bytes())) <= BUILT_IN
    facts = set() if kind == "fusion" else {f"{kind}.json"}
    assert {path.name for path in file.parent.iterdir()} == {file.name, *facts}
    runner = Interpreter(model_path=str(file)).get_signature_runner()
    shapes = {name: tensor["shape"].tolist() for name, tensor in runner.get_input_details().items()}
    pictures = {"source", "target"} if kind == "fusion" else {"image"}
    assert {name for name, shape in shapes.items() if shape == [1, 64, 96, 3]} == pictures
    assert b"TFLITE_METADATA" in [entry.name for entry in unpack(file.read_bytes()).metadata]
    run_by_command(kind, file, tmp_path)


def run_by_command(kind, file, folder):
    photo, out = folder / "photo.png", folder / "out.png"
    pixels = photograph(37, 50)
    Image.fromarray(pixels).save(photo)
    if kind == "fusion":
        masks = np.zeros((50, 37, 1), "float32")
        masks[10:30, 10:30] = 1
        runtimes = LiteRTFusion(file.read_bytes(), 8), KerasFusion(open_source(picture_run(kind)).network)
        one, other = (runtime.run(pixels[::-1].copy(), pixels, masks).astype(int) for runtime in runtimes)
        near = grown(masks[..., 0] > 0)  # beyond that they mean nothing
        assert np.abs(one - other)[near].max() <= 1
        return
    command = {"translator": "translate", "upscaler": "upscale"}[kind]
    assert cli.main([command, str(photo), "--model", str(file), "-o", str(out)]) == 0
    with Image.open(out) as picture:
        assert picture.size == ((74, 100) if kind == "upscaler" else (37, 50))


def test_scenes(tmp_path):
    file = tmp_path / "scene.tflite"
    found = export_tflite(picture_run("scene"), file, quantize="none")[0]["scene"]
    assert found.max_error <= 1e-4 and found.delegated >= 0.95
    assert set(operators(file.read_bytes())) <= BUILT_IN
    image, scenes = photograph(32, 32), []
    for detail in (0.0, 0.5, 1.0):
        ours, theirs = (
            open_scenes(source).run(image, detail).astype(int)
            for source in (file, picture_run("scene") / "scene.keras")
        )
        assert np.abs(ours - theirs).max() <= 1 and ours.std() > 3
        scenes.append(ours)
    assert all(np.abs(one - other).max() > 3 for one, other in itertools.combinations(scenes, 2))
    with pytest.raises(
        ValueError, match="`size` must be that of the pictures that scenes are made of, 32x32. Received"
    ):
        TARGETS["scene"](open_source(picture_run("scene")), (16, 16), None)


def test_style_vectors(tmp_path):
    file = tmp_path / "predictor.tflite"
    found = export_tflite(predictor_run(), file, quantize="none")[0]["predict_style"]
    assert 0 < found.max_error <= 1e-4 and found.psnr > 80 and found.delegated >= 0.95
    assert set(operators(file.read_bytes())) <= BUILT_IN
    picture = photograph(70, 90)
    vector = Interpreter(model_path=str(file)).get_signature_runner()(picture=picture[None])["style_vector"]
    expected = open_source(predictor_run()).network(picture[None].astype("float32") / 127.5 - 1)
    np.testing.assert_allclose(vector, expected, atol=1e-4)
    with pytest.raises(ValueError, match="`source` must not be a predictor alone: it is served with its network"):
        export_saved_model(predictor_run(), tmp_path / "served")
    assert not (tmp_path / "served").exists()


def test_domains(tmp_path, capsys):
    file, run = tmp_path / "domains.tflite", picture_run("domains")
    found = export_tflite(run, file, quantize="none")[0]
    assert list(found) == ["translate", "translate_like"]
    assert all(one.max_error <= 1e-4 and one.delegated >= 0.95 for one in found.values())
    assert set(operators(file.read_bytes())) <= BUILT_IN
    assert read_labels(file.read_bytes()) == {"labels": list(DOMAINS)}
    photo, reference, out = (tmp_path / name for name in ("photo.png", "reference.png", "out.png"))
    Image.fromarray(photograph(37, 50)).save(photo)
    Image.fromarray(photograph(30, 70, 2)).save(reference)
    call = ["translate", str(photo), "--model", str(file), "-o", str(out)]
    for options, style in ((["--seed", "4"], {"seed": 4}), (["--reference", str(reference)], {"reference": reference})):
        assert cli.main([*call, "--domain", DOMAINS[1], *options]) == 0
        expected = np.asarray(open_domain_translator(run, DOMAINS[1], **style).translate(photo))
        with Image.open(out) as picture:
            np.testing.assert_allclose(np.asarray(picture), expected, atol=1)
    capsys.readouterr()
    for options, message in (
        ([], "`domain` must be one of day, night é, for "),
        (["--domain", "dayy"], "`domain` must be one of day, night é. Received: domain=dayy. Did you mean day?"),
    ):
        assert cli.main([*call, *options]) == 2
        assert message in capsys.readouterr().err
    file.write_bytes(file.read_bytes()[:200])
    assert cli.main([*call, "--domain", "day"]) == 2
    file.with_suffix(".json").unlink()
    assert cli.main([*call, "--domain", "day"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 2 and "with the .json file of its export beside it" in told


def test_targets_of_one_size():
    for kind, size in (("translator", (16, 24)), ("upscaler", (9, 11)), ("fusion", (64, 72))):
        target = TARGETS[kind](open_source(picture_run(kind)), size, None)
        assert target.function.input_signature[0].shape == (1, *size, 3) and not target.any_size
        assert {one["masks" if kind == "fusion" else "image"].shape[1:3] for one in target.calibration} == {size}
    for kind, size, rule in (
        ("translator", (16, 20), "multiples of 8 from 8. Received: 16x20"),
        ("upscaler", (7, 9), "multiples of 1 from 8. Received: 7x9"),
        ("fusion", (56, 64), "multiples of 8 from 64. Received: 56x64"),
    ):
        with pytest.raises(ValueError, match=f"`size` must be HEIGHTxWIDTH, {rule}"):
            TARGETS[kind](open_source(picture_run(kind)), size, None)


def test_other_networks_are_refused(tmp_path):
    with pytest.raises(
        ValueError,
        match="`source` must be a packaged network .*, b_to_a.keras, translator.keras or predictor.keras, or a",
    ):
        open_source(tmp_path)
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    network.save(tmp_path / "other.keras")
    with pytest.raises(ValueError, match="must hold one of stylizer, .*, generator. Received: a network of class Sequ"):
        open_source(tmp_path / "other.keras")


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    network = SuperResolutionNetwork(2, 4, 1)
    network.build()
    network.weights[-1].assign(np.nan * network.weights[-1])
    network.save(tmp_path / "network.keras")
    with pytest.raises(
        ValueError, match="`source` must have finite weights. Received: .*network.keras, with others in .*bias"
    ):
        export_tflite(tmp_path / "network.keras", tmp_path / "network.tflite", quantize="none")
    assert [path.name for path in tmp_path.iterdir()] == ["network.keras"]
