"""The network as an object: runtimes, mixtures, strength, sheets, and loading from the package."""

import hashlib
import io
import json
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from stand_in import LITERT_FILE, STYLES, StandInRuntime, photograph, stand_in, write_assets

import keras_stylegan
from keras_stylegan import pretrained
from keras_stylegan.inference import KerasRuntime, LiteRTRuntime, Stylizer
from keras_stylegan.inference.litert_signatures import single_signature
from keras_stylegan.inference.mixtures import mixture_weights
from keras_stylegan.inference.runtimes import pad_to_stride

NAMES = [style["name"] for style in STYLES]
HAS_PACKAGED_NETWORK = pretrained.assets().joinpath("manifest.json").is_file()
SIZES = [(1, 1), (3, 2), (16, 2048), (3000, 24), (64, 64), (65, 71), (8, 200)]


@pytest.fixture
def net():
    return Stylizer(StandInRuntime(), NAMES, working_size=64)


@pytest.fixture
def packaged(tmp_path, monkeypatch):
    write_assets(tmp_path / "assets")
    monkeypatch.setattr(pretrained, "assets", lambda: tmp_path / "assets")
    return tmp_path / "assets"


# --- padding and runtimes


@pytest.mark.parametrize("height, width", SIZES)
def test_padding_reflects_to_the_stride_and_is_cropped_back(height, width):
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    padded, crop = pad_to_stride(image, 8, min_side=20)
    assert padded.shape[0] % 8 == 0 and padded.shape[1] % 8 == 0 and min(padded.shape[:2]) >= 24
    assert padded.shape[0] < max(height, 24) + 8 and padded.shape[1] < max(width, 24) + 8
    np.testing.assert_array_equal(padded[crop], image)
    top, left = crop[0].start, crop[1].start
    if top and height > 1:
        np.testing.assert_array_equal(padded[top - 1], padded[top + 1])
    if left and width > 1:
        np.testing.assert_array_equal(padded[:, left - 1], padded[:, left + 1])


def test_padding_keeps_what_needs_none():
    image = np.zeros((64, 72, 3), np.uint8)
    assert pad_to_stride(image, 8)[0] is image


@pytest.mark.parametrize("height, width", SIZES)
def test_litert_runs_every_size(height, width):
    runtime = LiteRTRuntime(LITERT_FILE.read_bytes(), 8)
    image = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    weights = np.array([0.5, 0.25, 0.25], np.float32)
    result = runtime.run(image, weights, 0.75)
    assert result.dtype == np.uint8
    assert np.abs(result.astype(int) - stand_in(image, weights, 0.75)).max() <= 1


def test_litert_uses_all_cores_by_default():
    assert LiteRTRuntime(LITERT_FILE.read_bytes(), 8).num_threads >= 1
    assert LiteRTRuntime(LITERT_FILE.read_bytes(), 8, num_threads=1).num_threads == 1


def test_keras_runtime_converts_at_the_boundary():
    seen = {}

    def network(inputs, training):
        seen.update(inputs, training=training)
        return inputs["images"] * -1.2  # beyond [-1, 1], as the real network's output may be

    image = np.random.default_rng(2).integers(0, 256, (30, 50, 3), dtype=np.uint8)
    result = KerasRuntime(network, 8).run(image, np.array([1, 0, 0], np.float32), 0.5)
    assert seen["images"].shape == (1, 64, 64, 3) and seen["training"] is False
    assert seen["images"].min() >= -1 and seen["images"].max() <= 1
    assert seen["style_weights"].tolist() == [[1, 0, 0]] and seen["strength"].tolist() == [0.5]
    assert np.abs(result - np.clip(127.5 - 1.2 * (image - 127.5), 0, 255)).max() <= 0.501


def test_keras_runtime_loads_weights_by_path(monkeypatch):
    network = small_network()
    weights = {weight.path: np.asarray(weight, np.float16) + np.float16(0.25) for weight in network.weights}
    runtime = KerasRuntime.from_weights(network.get_config() | {"name": "another_name"}, weights, 8)
    for weight, own in zip(network.weights, runtime.network.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(own), weights[weight.path].astype(np.float32))
    image = photograph(20, 30)
    assert runtime.run(image, np.array([1, 0], np.float32), 1.0).shape == (30, 20, 3)
    np.testing.assert_array_equal(runtime.run(image, np.array([1, 0], np.float32), 0.0), image)
    del weights[network.weights[0].path]
    with pytest.raises(ValueError, match="`weights` must hold exactly the weights of the network.*stem/kernel"):
        KerasRuntime.from_weights(network.get_config(), weights, 8)


def small_network():
    style_transformer = pytest.importorskip("keras_stylegan.networks.style_transformer")
    network = style_transformer.StyleTransformer(num_styles=2, widths=(4, 4, 4), num_blocks=(1, 1, 1))
    network.build(None)
    return network


# --- mixtures


def test_mixtures_are_normalised():
    assert mixture_weights("night", NAMES).tolist() == [0, 0, 1]
    assert mixture_weights({"night": 3, "inverted": 1}, NAMES).tolist() == [0.25, 0, 0.75]
    np.testing.assert_array_equal(mixture_weights({"night": 1e308, "inverted": 1e308}, NAMES), [0.5, 0, 0.5])
    assert mixture_weights({"night": 1e-300}, NAMES).tolist() == [0, 0, 1]
    assert mixture_weights({"night": 1, "inverted": 0}, NAMES).dtype == np.float32
    assert mixture_weights({"night": np.float32(3), "inverted": np.int8(1)}, NAMES).tolist() == [0.25, 0, 0.75]
    for weight in (np.float32("inf"), np.float16("nan"), "1"):
        with pytest.raises(ValueError, match=f"`styles` must have finite weights .*: night={re.escape(repr(weight))}"):
            mixture_weights({"night": weight}, NAMES)
    with pytest.raises(ValueError, match="`styles` must have finite weights"):
        mixture_weights({"night": 10**400}, NAMES)  # finite, but greater than every float


def test_mixtures_paint_in_the_order_of_the_styles(net):
    photo = photograph(40, 30)
    for styles, weights in (("red_wash", [0, 1, 0]), ({"night": 3, "inverted": 1}, [0.25, 0, 0.75])):
        np.testing.assert_array_equal(np.asarray(net.stylize(photo, styles)), stand_in(photo, weights, 1))


# --- stylize


def test_strength_zero_gives_the_pixels_of_the_photograph():
    runtime = StandInRuntime()
    net = Stylizer(runtime, NAMES, working_size=16)
    photo = np.dstack([photograph(90, 70), np.full((70, 90), 77, np.uint8)])
    for color in ("style", "luma", "match"):
        np.testing.assert_array_equal(np.asarray(net.stylize(photo, "night", 0, color)), photo)
    assert runtime.sizes == []


def test_strength_moves_from_the_photograph_to_the_painting(net):
    photo = photograph(40, 30)
    distances = [
        np.abs(np.asarray(net.stylize(photo, "night", s), float) - photo).mean() for s in (0, 0.25, 0.5, 0.75, 1)
    ]
    assert distances == sorted(distances) and distances[0] == 0 and distances[-1] > 10


def test_size_sets_the_size_of_the_result(net):
    result = net.stylize(photograph(80, 60), "night", size=(200, 31))
    assert result.size == (200, 31) and result.mode == "RGB"
    photo = Image.fromarray(np.dstack([photograph(80, 60), np.full((60, 80), 9, np.uint8)]))
    assert net.stylize(photo, "night", size=(20, 15)).getchannel("A").getextrema() == (9, 9)
    assert net.stylize(photo, "night", 0, size=(20, 15)).size == (20, 15)


@pytest.mark.parametrize("size", [(0, 5), (5,), (5, 5.5), "ab", 7, (100_000, 100_000)])
def test_sizes_that_are_refused(net, size):
    with pytest.raises(ValueError, match=r"`size` must be \(width, height\).*Received: size="):
        net.stylize(photograph(8, 8), "night", size=size)


def test_color_modes_reach_the_result(net):
    photo = photograph(60, 40)
    grey_photo = np.repeat(photo[..., :1], 3, axis=-1)
    for color in ("luma", "match"):  # the colours of a grey photograph are greys
        assert np.ptp(np.asarray(net.stylize(grey_photo, "red_wash", color=color), int), axis=-1).max() <= 1
    matched = np.asarray(net.stylize(photo, "red_wash", color="match"), float)
    np.testing.assert_allclose(matched.mean((0, 1)), photo.mean((0, 1)), atol=4)  # up to clipping
    painted = Image.fromarray(stand_in(photo, [0, 1, 0], 1)).convert("L")
    luma = np.asarray(net.stylize(photo, "red_wash", color="luma").convert("L"), int)
    assert np.median(np.abs(luma - np.asarray(painted))) <= 1


def test_results_carry_alpha_and_exif(net):
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    buffer = io.BytesIO()
    Image.fromarray(photograph(20, 10)).save(buffer, "PNG", exif=exif)
    assert b"Camera" in net.stylize(buffer.getvalue(), "night").info["exif"]


def test_sheet_shows_every_style_with_its_name(net):
    photo = photograph(200, 100)
    sheet = net.sheet(photo, columns=2, tile=100)
    assert sheet.width == 2 * 100 + 3 * 8
    tiles = np.asarray(sheet)
    np.testing.assert_allclose(tiles[8:58, 8:108].mean((0, 1)), photo.mean((0, 1)), atol=3)
    inverted = stand_in(photo, [1, 0, 0], 1)
    np.testing.assert_allclose(tiles[8:58, 116:216].mean((0, 1)), inverted.mean((0, 1)), atol=3)
    assert tiles[59:70, 8:108].min() < 100 and tiles[59:70, 116:216].min() < 100  # labels
    assert net.sheet(photo, columns=50, tile=16).width == 4 * 16 + 5 * 8


@pytest.mark.parametrize("argument, value", [("columns", 0), ("columns", 2.5), ("tile", 15), ("tile", 1025)])
def test_sheet_arguments_that_are_refused(net, argument, value):
    with pytest.raises(ValueError, match=f"`{argument}` must be a whole number .* Received: {argument}={value}"):
        net.sheet(photograph(20, 10), **{argument: value})


# --- the package


def test_load_reads_the_manifest(packaged):
    net = keras_stylegan.load()
    assert net.styles == tuple(NAMES) and net.working_size == 64
    photo = photograph(30, 20)
    assert np.abs(np.asarray(net.stylize(photo, "night"), int) - stand_in(photo, [0, 0, 1], 1)).max() <= 1


def test_load_of_the_keras_runtime(packaged):
    network = small_network()
    buffer = io.BytesIO()
    np.savez(buffer, **{weight.path: np.asarray(weight, np.float16) for weight in network.weights})
    (packaged / "weights" / "net.weights.npz").write_bytes(buffer.getvalue())
    manifest = json.loads((packaged / "manifest.json").read_text())
    manifest["multistyle"]["keras"] = {
        "file": "weights/net.weights.npz",
        "sha256": hashlib.sha256(buffer.getvalue()).hexdigest(),
        "config": {"widths": [4, 4, 4], "num_blocks": [1, 1, 1]},
    }
    manifest["multistyle"]["styles"] = STYLES[:2]
    (packaged / "manifest.json").write_text(json.dumps(manifest))
    assert keras_stylegan.load(runtime="keras").stylize(photograph(30, 20), "red_wash").size == (30, 20)


def test_load_refuses_unknown_names(packaged):
    with pytest.raises(ValueError, match="`name` must be a packaged network: multistyle. Received: name='other'"):
        keras_stylegan.load("other")
    with pytest.raises(ValueError, match='`runtime` must be "litert" or "keras". Received'):
        keras_stylegan.load(runtime="onnx")
    with pytest.raises(ValueError, match="`banks` must be a sequence of paths. Received: banks='mine.safetensors'"):
        keras_stylegan.load(banks="mine.safetensors")
    with pytest.raises(ValueError, match=r"`banks` must be a sequence of paths. Received: banks=\[3\]"):
        keras_stylegan.load(banks=[3])


def test_load_refuses_networks_that_do_not_stylise(packaged):
    manifest = json.loads((packaged / "manifest.json").read_text())
    manifest["compact"] = {"file": "weights/compact.npz", "sha256": ""}
    (packaged / "manifest.json").write_text(json.dumps(manifest))
    for name in ("compact", ["multistyle"]):
        with pytest.raises(ValueError, match="`name` must be a packaged network: multistyle. Received: name="):
            keras_stylegan.load(name)


def test_damaged_packages_are_recognised(packaged):
    weights = packaged / "weights" / "stand_in.tflite"
    content = bytearray(weights.read_bytes())
    content[100] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ValueError, match="weights/stand_in.tflite: the weight file is damaged.*SHA-256"):
        keras_stylegan.load()
    weights.unlink()
    with pytest.raises(ValueError, match="weights/stand_in.tflite: the packaged weight file cannot be read"):
        keras_stylegan.load()
    (packaged / "manifest.json").write_text("{")
    with pytest.raises(ValueError, match="manifest.json: the manifest is damaged"):
        keras_stylegan.load()
    (packaged / "manifest.json").unlink()
    with pytest.raises(ValueError, match="manifest.json: the package has no manifest"):
        keras_stylegan.load()


HEAVY = ("tensorflow", "keras", "jax", "torch", "scipy", "rich", "tensorboard")


def test_stylising_imports_neither_tensorflow_nor_keras(tmp_path):
    write_assets(tmp_path / "assets")
    program = f"""
import pathlib, sys
from keras_stylegan import cli, pretrained
pretrained.assets = lambda: pathlib.Path({str(tmp_path / "assets")!r})
import keras_stylegan
keras_stylegan.load().stylize(pathlib.Path({str(tmp_path / "assets/samples/hill.png")!r}), "night")
photo = {str(tmp_path / "assets/samples/hill.png")!r}
code = cli.main(["stylize", photo, "-o", {str(tmp_path / "out.jpg")!r}, "--style", "night"])
print(code, *[name for name in {HEAVY} if name in sys.modules])
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path,
                            env={"PYTHONPATH": str(pathlib.Path(keras_stylegan.__file__).parents[1])})  # fmt: skip
    assert result.stdout.splitlines()[-1] == "0"


@pytest.fixture(scope="module")
def real():
    return keras_stylegan.load()


@pytest.mark.skipif(not HAS_PACKAGED_NETWORK, reason="the package has no network yet")
class TestPackagedNetwork:
    @pytest.mark.parametrize("width, height", [(1, 1), (3, 2), (2048, 16), (24, 3000), (481, 321)])
    def test_every_size(self, real, width, height):
        assert real.stylize(photograph(width, height), real.styles[0]).size == (width, height)

    def test_styles_differ_and_mixtures_lie_between(self, real):
        photo = photograph(256, 192)
        first, second = real.styles[:2]
        a, b = (np.asarray(real.stylize(photo, style), float) for style in (first, second))
        mixed = np.asarray(real.stylize(photo, {first: 1, second: 1}), float)
        apart = np.abs(a - b).mean()
        assert apart > 5 and np.abs(mixed - a).mean() < apart and np.abs(mixed - b).mean() < apart

    def test_strength_leads_from_the_photograph_to_every_style(self, real):
        photo = photograph(96, 72)
        for style in real.styles:
            painted = [np.asarray(real.stylize(photo, style, strength), float) for strength in (0, 0.25, 0.5, 0.75, 1)]
            distances = [np.abs(picture - photo).mean() for picture in painted]
            assert distances[0] == 0 and all(a < b for a, b in zip(distances, distances[1:], strict=False)), style

    @pytest.mark.slow
    def test_both_runtimes_agree(self, real):
        photo = photograph(200, 152)
        other = keras_stylegan.load(runtime="keras")
        a, b = (np.asarray(net.stylize(photo, real.styles[-1]), float) for net in (real, other))
        assert np.abs(a - b).mean() < 2


@pytest.mark.skipif(not HAS_PACKAGED_NETWORK, reason="the package has no network yet")
def test_a_signature_is_opened_by_itself():
    from ai_edge_litert.interpreter import Interpreter

    model = pretrained.read_weights(pretrained.network_entry("multistyle")["litert"])
    whole = Interpreter(model_content=model)
    names = whole.get_signature_list()
    assert len(names) > 1
    for name, record in names.items():
        alone = Interpreter(model_content=single_signature(model, name))
        assert alone.get_signature_list() == {name: record}
    image = photograph(48, 40)[None]
    weights = np.eye(len(keras_stylegan.load().styles), dtype="float32")[:1]
    inputs = {"image": image, "style_weights": weights, "strength": np.ones(1, "float32")}
    alone = Interpreter(model_content=single_signature(model, "stylize_weights"))
    both = [i.get_signature_runner("stylize_weights")(**inputs)["stylized"] for i in (whole, alone)]
    np.testing.assert_array_equal(*both)
    with pytest.raises(ValueError, match="has no signature paint, only freeze_style, .*stylize_weights"):
        single_signature(model, "paint")
    single = LITERT_FILE.read_bytes()
    assert single_signature(single, "stylize_weights") == single


def test_both_packaged_weight_files_paint_alike():
    photograph = Image.open(io.BytesIO(pretrained.sample_photographs()[0].read_bytes())).convert("RGB").resize((96, 64))
    ours, theirs = (
        np.asarray(keras_stylegan.load(runtime=runtime).stylize(photograph, "hokusai_great_wave"), "int16")
        for runtime in ("litert", "keras")
    )
    assert np.abs(ours - theirs).mean() < 0.5
