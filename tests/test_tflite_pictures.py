"""Networks from pictures to pictures as LiteRT files: equal to Keras, taken by XNNPACK, run by the commands."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from PIL import Image
from stand_in import photograph
from test_tflite_export import BUILT_IN
from toy_saved_model import picture_run

from keras_stylegan import cli
from keras_stylegan.exporters import tflite_target
from keras_stylegan.exporters.litert_graph import operators, unpack
from keras_stylegan.exporters.litert_transposed import transposed_at_corners
from keras_stylegan.exporters.sources import open_source
from keras_stylegan.exporters.tflite import export_tflite
from keras_stylegan.exporters.tflite_targets import TARGETS
from keras_stylegan.inference.blending import grown
from keras_stylegan.inference.fusion_runtimes import KerasFusion, LiteRTFusion


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
    (found,) = export_tflite(picture_run(kind), file, quantize="none")[0].values()
    assert found.max_error <= 1e-4 and found.delegated == 1.0
    assert set(operators(file.read_bytes())) <= BUILT_IN
    facts = {"translator.json"} if kind == "translator" else set()
    assert {path.name for path in tmp_path.iterdir()} == {file.name, *facts}
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
    with pytest.raises(ValueError, match="`source` must be a packaged network .*, a_to_b.keras or b_to_a.keras, or a"):
        open_source(tmp_path)
    (tmp_path / "translator.keras").touch()
    with pytest.raises(ValueError, match="translator.keras: translators for several domains have no export"):
        open_source(tmp_path)
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    network.save(tmp_path / "other.keras")
    with pytest.raises(ValueError, match="must hold one of stylizer, .*, generator. Received: a network of class Sequ"):
        open_source(tmp_path / "other.keras")
