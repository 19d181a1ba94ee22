"""Networks as LiteRT files: built-in operators, signatures, sizes, metadata, precision; nothing left of a failure."""

import argparse
import json
import sys
import types

import keras
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from PIL import Image
from stand_in import photograph
from test_imports import HEAVY, modules_after

from keras_stylegan import cli
from keras_stylegan.exporters import parity, sources, tflite, tflite_target, tflite_targets
from keras_stylegan.exporters.litert import convert
from keras_stylegan.exporters.litert_graph import operators, unpack, with_default_size
from keras_stylegan.exporters.litert_metadata import read_labels
from keras_stylegan.exporters.litert_quantization import quantized
from keras_stylegan.exporters.parity import measure
from keras_stylegan.exporters.sources import Source
from keras_stylegan.exporters.tflite import add_arguments, export_from_arguments, export_tflite, parse_size, written
from keras_stylegan.exporters.tflite_target import CALIBRATION_RUNS
from keras_stylegan.exporters.tflite_targets import generator_target, stylizer_target
from keras_stylegan.inference import litert_signatures
from keras_stylegan.networks import DCGANGenerator, StyleGAN2Generator, StyleTransformer

STYLES = ("ink", "oil")
# What may stand in a file: operators that LiteRT has built in, on phones and in browsers too.
BUILT_IN = {
    "ABS", "ADD", "AVERAGE_POOL_2D", "BATCH_MATMUL", "BROADCAST_TO", "CAST", "CONCATENATION", "CONV_2D", "COS",
    "CUMSUM", "DEPTHWISE_CONV_2D", "DEPTH_TO_SPACE", "DEQUANTIZE", "DIV", "EQUAL", "EXP", "FILL", "FULLY_CONNECTED",
    "GATHER", "GREATER", "LEAKY_RELU", "LESS", "LESS_EQUAL", "LOGISTIC", "MAXIMUM", "MAX_POOL_2D", "MEAN", "MINIMUM",
    "MIRROR_PAD", "MUL", "NEG", "PACK", "PAD", "PADV2", "POW", "QUANTIZE", "RANGE", "REDUCE_PROD", "RELU",
    "RELU_N1_TO_1", "RESHAPE", "REVERSE_V2", "RSQRT", "SELECT_V2", "SHAPE", "SIN", "SLICE", "SPACE_TO_DEPTH", "SPLIT",
    "SPLIT_V", "SQRT", "SQUARE", "SQUARED_DIFFERENCE", "SQUEEZE", "STRIDED_SLICE", "SUB", "SUM", "TANH", "TILE",
    "TRANSPOSE", "TRANSPOSE_CONV", "UNPACK", "ZEROS_LIKE",
}  # fmt: skip


def stirred(network):
    network.build()
    rng = np.random.default_rng(0)
    for weight in network.weights:
        weight.assign(weight + rng.normal(0, 0.1, weight.shape).astype("float32"))
    return network


@pytest.fixture(scope="module", autouse=True)
def small():
    """Sizes at which Keras, without a graph, does not take its time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tflite_target, "DEFAULT_SIZE", (64, 96))
        patch.setattr(tflite_target, "OTHER_SIZE", (72, 64))
        yield


@pytest.fixture(scope="module")
def stylizer():
    keras.utils.set_random_seed(0)  # of what 8 bits leave of it there is a bound
    network = StyleTransformer(2, widths=(4, 6, 8), num_blocks=(1, 1, 1), num_waves=3)
    return Source("stylizer", stirred(network), STYLES)


@pytest.fixture(scope="module")
def run(stylizer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    stylizer.network.save(folder / "network.keras")
    (folder / "config.json").write_text(json.dumps({"facts": {"styles": STYLES}}))
    return folder


@pytest.fixture(scope="module")
def every_size(run, tmp_path_factory):
    """A float32 file for every size, as the function writes it, and what was measured."""
    file = tmp_path_factory.mktemp("out") / "painter.tflite"
    found, bar = export_tflite(run, file, quantize="none")
    return file.read_bytes(), found, bar


def test_a_stylizer_for_every_size(stylizer, every_size):
    content, found, bar = every_size
    assert bar == parity.BARS["none"]
    assert list(found) == ["stylize_weights", "stylize_vector", "stylize_regions"]
    assert all(one.max_error <= 1e-4 and one.delegated >= 0.95 for one in found.values())
    assert set(operators(content)) <= BUILT_IN
    assert read_labels(content) == {"style_weights": list(STYLES)}
    first = [one.signatureKey for one in unpack(content).signatureDefs if one.subgraphIndex == 0]
    assert first == [b"stylize_weights"]
    runner = Interpreter(model_content=content).get_signature_runner("stylize_weights")
    details = {name: tensor["shape_signature"].tolist() for name, tensor in runner.get_input_details().items()}
    assert details == {"image": [1, -1, -1, 3], "style_weights": [1, 2], "strength": [1]}
    assert set(runner.get_output_details()) == {"stylized"}
    image = photograph(72, 64)[None]
    painted = runner(image=image, style_weights=np.float32([[0, 1]]), strength=np.ones(1, "float32"))["stylized"]
    expected = stylizer_target(stylizer, None, None).expected(
        {"image": image, "style_weights": np.float32([[0, 1]]), "strength": np.ones(1, "float32")}
    )
    assert np.abs(painted - np.clip((expected + 1) * 127.5, 0, 255)).max() < 0.51
    assert np.abs(painted.astype(int) - image).mean() > 5


def test_a_stylizer_for_one_size(run, tmp_path):
    parser = argparse.ArgumentParser()
    parser.add_argument("source")
    parser.add_argument("out")
    add_arguments(parser)
    file = tmp_path / "small.tflite"
    phases = []
    out = export_from_arguments(parser.parse_args([str(run), str(file), "--size", "64x72"]), phases.append).splitlines()
    comparing = [f"comparing stylize_{name} with Keras" for name in ("weights", "vector")]
    assert phases == ["loading", "converting", *comparing]
    assert out[0] == str(file) and len(out) == 5
    assert out[3].startswith("| stylize_weights, float16 |") and out[3].endswith("| PSNR >= 45 dB |")
    runner = Interpreter(model_content=file.read_bytes()).get_signature_runner("stylize_weights")
    assert runner.get_input_details()["image"]["shape_signature"].tolist() == [1, 64, 72, 3]
    assert set(operators(file.read_bytes())) <= BUILT_IN and "SHAPE" not in operators(file.read_bytes())
    assert [path.name for path in tmp_path.iterdir()] == ["small.tflite"]


def test_one_signature_alone(run, tmp_path, every_size):
    file = tmp_path / "own.tflite"
    found, _ = export_tflite(run, file, quantize="weights", signature="stylize_vector")
    assert list(found) == ["stylize_vector"] == list(Interpreter(str(file)).get_signature_list())
    assert file.stat().st_size < len(every_size[0]) / 2


def test_calibration_and_measurement_share_nothing(stylizer, tmp_path):
    target = stylizer_target(stylizer, (64, 72), None)
    assert target.function.input_signature[0].shape == (1, 64, 72, 3) and not target.any_size
    measured = {one["image"].tobytes() for one in target.measured}
    assert len(target.calibration) == CALIBRATION_RUNS
    assert not measured & {one["image"].tobytes() for one in target.calibration}
    assert {one["image"].shape for one in target.calibration} == {(1, 64, 72, 3)}
    np.testing.assert_allclose([one["style_weights"].sum() for one in target.calibration], 1)
    Image.fromarray(photograph(100, 80)).save(tmp_path / "own.png")
    own = stylizer_target(stylizer, (64, 72), tmp_path)
    assert len({one["image"].tobytes() for one in own.calibration}) == 1
    assert {one["image"].tobytes() for one in own.measured} == measured


@pytest.fixture(scope="module")
def unquantized(stylizer):
    target = stylizer_target(stylizer, None, None)
    return target, with_default_size(convert(target.function, target.signature), target.size)


@pytest.mark.parametrize("quantize", ["dynamic", "int8"])
def test_eight_bits(unquantized, quantize):
    pytest.importorskip("ai_edge_quantizer")
    target, content = unquantized
    content = quantized(content, quantize, target.signature, target.calibration[:3])
    found = measure(content, target.signature, target.measured, [target.expected(one) for one in target.measured])
    assert 0.002 < found.max_error and found.psnr > 20  # no network was trained to bear it
    assert schema.TensorType.INT8 in {tensor.type for tensor in unpack(content).subgraphs[0].tensors}
    names = operators(content)
    assert set(names) <= BUILT_IN and (names["QUANTIZE"] > 1) == (quantize == "int8")  # one makes the pixels


def test_eight_bits_need_their_tool_and_examples(monkeypatch, run, tmp_path):
    monkeypatch.setitem(sys.modules, "ai_edge_quantizer", None)
    with pytest.raises(ValueError, match=r"ai-edge-quantizer: pip install 'keras_stylegan\[quantize\]'"):
        export_tflite(run, tmp_path / "x.tflite", quantize="int8")
    with pytest.raises(ValueError, match="`examples` must hold at least one for int8"):
        quantized(b"", "int8", "stylize_weights")
    with pytest.raises(ValueError, match="`quantize` must be dynamic or int8. Received: quantize=float16"):
        quantized(b"", "float16", "stylize_weights")


@pytest.mark.parametrize("kind", ["stylegan2", "dcgan"])
def test_generators(kind, tmp_path, monkeypatch):
    if kind == "stylegan2":
        network = StyleGAN2Generator((8, 12), channel_base=32, channel_max=6, latent_dim=5, style_dim=6, num_classes=2)
    else:
        network = DCGANGenerator((8, 8), latent_dim=5, filters=4)
    stirred(network).save(tmp_path / "generator.keras")
    classes = ["forest", "sea"] if kind == "stylegan2" else []
    (tmp_path / "config.json").write_text(json.dumps({"facts": {"classes": classes}}))
    file = tmp_path / "out" / "scenes.tflite"
    file.parent.mkdir()
    found, _ = export_tflite(tmp_path, file, quantize="none")
    assert found["generate"].max_error <= 1e-4 and set(operators(file.read_bytes())) <= BUILT_IN
    assert read_labels(file.read_bytes()) == ({"labels": classes} if classes else {})
    out = tmp_path / "pictures"
    assert (
        cli.main(["generate", "--from", str(file), "-o", str(out), "--n", "2", *(["--class", "sea"] * bool(classes))])
        == 0
    )
    assert len(list(out.iterdir())) == 2


def test_a_missed_bar_leaves_nothing(run, every_size, tmp_path, monkeypatch):
    monkeypatch.setattr(tflite, "to_tflite", lambda *arguments: every_size[0])
    monkeypatch.setitem(parity.BARS, "none", parity.Bar(psnr=80.0))
    with pytest.raises(ValueError, match="x.tflite: not written, as `stylize_weights` falls short .* PSNR .* least 80"):
        export_tflite(run, tmp_path / "x.tflite", quantize="none")
    assert not list(tmp_path.iterdir())


def test_every_signature_is_held_to_the_bar(tmp_path, monkeypatch):
    """A file may leave only if the later ones are good too."""
    first, *more = (types.SimpleNamespace(signature=name, measured=[], facts={}) for name in ("one", "two", "three"))
    first.more = more
    monkeypatch.setattr(sources, "open_source", lambda source: types.SimpleNamespace(kind="stylizer"))
    monkeypatch.setitem(tflite_targets.TARGETS, "stylizer", lambda *arguments: first)
    monkeypatch.setattr(tflite, "to_tflite", lambda *arguments: b"")
    monkeypatch.setattr(litert_signatures, "single_signature", lambda content, signature: content)
    found = [parity.Parity(1000, 0.0, 0.01, psnr, 1.0, 100, 1.0) for psnr in (58.0, 31.5, 58.0)]
    monkeypatch.setattr(parity, "measure", lambda *arguments: found.pop(0))
    with pytest.raises(ValueError, match="not written, as `two` falls short of Keras: PSNR 31.5 dB, .* least 45"):
        export_tflite("run", tmp_path / "x.tflite", quantize="float16")
    assert len(found) == 1 and not list(tmp_path.iterdir())


def test_options_load_nothing_heavy():
    lines = ("import argparse", "from keras_stylegan.exporters import tflite")
    code = "\n".join([*lines, "tflite.add_arguments(argparse.ArgumentParser())"])
    assert not modules_after(code) & HEAVY


def test_mistakes(stylizer, run, tmp_path):
    for text in ("512", "ax4", "0x8", "8x8x8"):
        with pytest.raises(ValueError, match=f"`--size` must be HEIGHTxWIDTH .* Received: {text}"):
            parse_size(text)
    assert parse_size("64X72") == (64, 72)
    for file in (tmp_path / "x.lite", tmp_path / "missing" / "x.tflite"):
        with pytest.raises(
            ValueError, match="`file` must end in .tflite and lie in an existing folder. Received: .*lite"
        ):
            export_tflite(run, file)
    with pytest.raises(ValueError, match="must be none, float16, weights, dynamic, int8. Received: quantize=int4"):
        export_tflite(run, tmp_path / "x.tflite", quantize="int4")
    with pytest.raises(ValueError, match=r"`signature` must be one of stylize_weights, stylize_vector, .*stylise_ve"):
        export_tflite(run, tmp_path / "x.tflite", signature="stylise_vector")
    with pytest.raises(ValueError, match="`signature` must be one of stylize_weights. Received: stylize_vector"):
        written(stylizer_target(stylizer, None, None), "int8", "stylize_vector")
    with pytest.raises(ValueError, match="`representative` is for int8 alone. Received: quantize=float16"):
        export_tflite(run, tmp_path / "x.tflite", representative=tmp_path)
    for size in ((60, 64), (64, 68), (0, 64)):
        with pytest.raises(
            ValueError, match=rf"`size` must be .* multiples of 8 from 64. Received: {size[0]}x{size[1]}"
        ):
            stylizer_target(stylizer, size, None)
    with pytest.raises(ValueError, match="`representative` must be a folder of pictures"):
        stylizer_target(stylizer, None, tmp_path)
    generator = Source("generator", stirred(DCGANGenerator((8, 8), latent_dim=5, filters=4)), ())
    with pytest.raises(ValueError, match="`size` must be that of the generator, 8x8. Received: 8x16"):
        generator_target(generator, (8, 16), None)
    with pytest.raises(ValueError, match="`representative` must be None: a generator takes no pictures"):
        generator_target(generator, None, tmp_path)
