"""A SavedModel paints what Keras paints, for programs that know nothing of Keras, and refuses what it should."""

import io
import os
import pathlib
import re
import shutil
import subprocess
import sys
import types

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps
from serving_stand_in import as_strings, header_of_a_huge_png
from stand_in import photograph
from toy_saved_model import STYLES, exported_generator, exported_stylizer, generator_run, stylizer_run

from keras_stylegan import cli
from keras_stylegan.commands import export
from keras_stylegan.exporters import saved_model
from keras_stylegan.exporters.saved_model import export_saved_model, free_version
from keras_stylegan.exporters.saved_model_images import decode, pad_to_stride
from keras_stylegan.exporters.saved_model_warmup import FILE, read_warmup
from keras_stylegan.exporters.sources import open_source
from keras_stylegan.inference import KerasRuntime, encode_picture, runtimes

ROOT = pathlib.Path(__file__).parents[1]
REST = {"style_weights": np.eye(1, 3, dtype="float32"), "strength": np.ones(1, "float32")}


@pytest.fixture(scope="module")
def run():
    return stylizer_run()


@pytest.fixture(scope="module")
def exported():
    return exported_stylizer().path


@pytest.fixture(scope="module")
def served(exported):
    return tf.saved_model.load(str(exported))


@pytest.fixture(scope="module")
def network(run):
    return open_source(run).network


def ask(served, signature, **inputs):
    return {
        k: v.numpy() for k, v in served.signatures[signature](**{k: tf.constant(v) for k, v in inputs.items()}).items()
    }


def rows(weights, *strengths):
    return {"style_weights": np.array(weights, "float32"), "strength": np.array(strengths, "float32")}


def test_a_version_is_what_a_server_looks_for(exported):
    files = {path.relative_to(exported).as_posix() for path in exported.rglob("*") if path.is_file()}
    assert exported.name == "1"
    assert {"saved_model.pb", "assets/styles.txt", str(FILE), "variables/variables.index"} <= files
    assert (exported / "assets/styles.txt").read_text(encoding="utf-8") == "\n".join(STYLES)
    graph = (exported / "saved_model.pb").read_bytes()
    assert str(exported.parents[2]).encode() not in graph and str(ROOT).encode() not in graph


def test_signatures_are_those_of_the_table(served, generated):
    table = (ROOT / "export/serve/README.md").read_text(encoding="utf-8")
    sizes = {"V": served.signatures["stylize_vector"].structured_input_signature[1]["style_vector"].shape[1], "N": 3}
    sizes |= {"3": 3, "latent_dim": 4, "height": 4, "width": 8, "channels": 3, "B": None, "H": None, "W": None}
    for kind, model in (("stylisation", served), ("generator", generated)):
        told = {}
        for names, inputs, outputs in re.findall(rf"\| {kind} \| (.*) \| (.*) \| (.*) \|", table):
            for name in re.findall("`(.*?)`", names):
                told[name] = tuple(
                    {key: (dtype, [sizes[n] for n in shape.split(", ")]) for key, dtype, shape in described(side)}
                    for side in (inputs, outputs)
                )
        # A painted picture has its input's size, which the graph does not state.
        assert told.keys() == model.signatures.keys()
        for name, function in model.signatures.items():
            sides = function.structured_input_signature[1], function.structured_outputs
            for expected, specs in zip(told[name], sides, strict=True):
                assert expected == {key: (spec.dtype.name, list(spec.shape)) for key, spec in specs.items()}, name


def described(text):
    return re.findall(r"`(\w+)` (\w+) \[(.*?)\]", text)


@pytest.mark.parametrize("height, width", [(64, 72), (37, 100), (1, 1), (2, 70)])
def test_every_size_is_painted_as_keras_paints_it(served, network, height, width):
    image = np.stack([photograph(width, height, seed) for seed in (1, 2)])
    mixed = rows([[0, 1, 3], [1, 0, 0]], 1.0, 0.5)
    painted = ask(served, "stylize_weights", image=image, **mixed)["stylized"]
    assert painted.shape == image.shape and painted.dtype == np.uint8
    runtime = KerasRuntime(network, 8)
    for one, result, weights, strength in zip(image, painted, [[0, 0.25, 0.75], [1, 0, 0]], [1.0, 0.5], strict=True):
        expected = runtime.run(one, np.array(weights), strength).astype(int)
        assert np.abs(result - expected).max() <= 1
        assert height < 3 or np.abs(expected - one).mean() > 3


def test_padding_is_that_of_the_other_runtimes():
    for size in ((64, 64), (1, 5), (3, 67), (90, 129)):
        image = photograph(size[1], size[0])
        expected, crop = runtimes.pad_to_stride(image, 8)
        padded, (top, left, height, width) = pad_to_stride(image[None], 8)
        np.testing.assert_array_equal(padded[0], expected)
        assert crop == (slice(top, top + height), slice(left, left + width))


def test_strength_0_is_the_photograph(served):
    image = photograph(70, 66)[None]
    for signature in ("stylize_weights", "serving_default"):
        np.testing.assert_array_equal(ask(served, signature, image=image, **rows([[0, 1, 0]], 0))["stylized"], image)


def test_a_style_vector_paints_as_the_style_does(served, network):
    image = photograph(64, 64)[None]
    vectors = 0.5 * np.asarray(network.bank.vectors)
    for strength in (0.1, 1.0):
        by_weights = ask(served, "stylize_weights", image=image, **rows([[0, 1, 1]], strength))["stylized"]
        for shares, own in ([0, 0, 0], vectors[1] + vectors[2]), ([0, 0.5, 0], vectors[2]):
            mixture = {**rows([shares], strength), "style_vector": own[None] / 2}
            by_vector = ask(served, "stylize_vector", image=image, **mixture)["stylized"].astype(int)
            assert np.abs(by_vector - by_weights).max() <= 1


def encoded(mode, size, file_format, **options):
    file = io.BytesIO()
    Image.fromarray(photograph(*size)).convert(mode).save(file, file_format, **options)
    return file.getvalue()


FILES = {
    "JPEG": ("RGB", (70, 50), "JPEG", {"quality": 80}),
    "progressive grey JPEG": ("L", (40, 66), "JPEG", {"progressive": True}),
    "PNG": ("RGB", (65, 64), "PNG", {}),
    "grey PNG with alpha": ("LA", (30, 20), "PNG", {}),
    "palette PNG": ("P", (64, 90), "PNG", {}),
}


def test_files_are_decoded_as_pillow_does_and_painted_one_by_one(served):
    files = [encoded(mode, size, kind, **options) for mode, size, kind, options in FILES.values()]
    inputs = rows(np.eye(3)[[0, 1, 2, 0, 1]], 1, 1, 1, 0.5, 0)
    pngs = ask(served, "encoded_png", image_bytes=as_strings(*files), **inputs)["stylized_bytes"]
    jpegs = ask(served, "encoded", image_bytes=as_strings(*files), **inputs)["stylized_bytes"]
    for i, file in enumerate(files):
        pixels = np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))
        one = {key: value[i : i + 1] for key, value in inputs.items()}
        expected = ask(served, "stylize_weights", image=pixels[None], **one)["stylized"][0]
        painted = Image.open(io.BytesIO(pngs[i]))
        assert painted.format == "PNG" and np.abs(np.asarray(painted).astype(int) - expected).max() <= 1
        written = Image.open(io.BytesIO(jpegs[i]))
        again = Image.open(io.BytesIO(encode_picture(painted, "JPEG")))
        assert written.format == "JPEG" and written.layer == again.layer and written.quantization == again.quantization
        assert np.abs(np.asarray(written).astype(int) - np.asarray(again)).max() <= 2


@pytest.mark.parametrize("turned", [*range(1, 9), None, 9])
def test_photographs_are_turned_as_their_exif_says(turned):
    image = Image.fromarray(photograph(24, 16))
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    if turned:
        exif[0x0112] = turned
    for byte_order in ("<", ">"):
        exif.endian = byte_order
        file = io.BytesIO()
        image.save(file, "JPEG", exif=exif.tobytes())
        with Image.open(file) as written:
            expected = np.asarray(ImageOps.exif_transpose(written))
        np.testing.assert_array_equal(decode(tf.constant(file.getvalue())), expected)
    damaged = file.getvalue().replace(b"Exif\0\0MM\0*\0\0\0\x08", b"Exif\0\0MM\0*\x7f\xff\xff\xff")
    assert damaged != file.getvalue() and decode(tf.constant(damaged)).shape == (16, 24, 3)


def test_names_travel(served):
    answer = ask(served, "style_names", index=np.array([2, 0], "int32"))
    assert [name.decode() for name in answer["name"]] == ["chalk é", "ink"] and list(answer["total"]) == [3, 3]


IMAGE = np.zeros((2, 64, 64, 3), "uint8")
VECTOR = 159  # numbers of the tiny network's style
JPEG = encoded("RGB", (64, 64), "JPEG")
BAD = {
    "no style": ("stylize_weights", {"image": IMAGE, **rows([[0, 0, 0], [1, 0, 0]], 1, 1)}, "a weight above 0"),
    "negative": ("stylize_weights", {"image": IMAGE, **rows([[1, -1, 1], [1, 0, 0]], 1, 1)}, "must not be negative"),
    "not finite": ("stylize_weights", {"image": IMAGE, **rows([[1, np.nan, 1], [1, 0, 0]], 1, 1)}, "must be finite"),
    "few rows": ("stylize_weights", {"image": IMAGE, **REST}, r"`style_weights` must have shape \(batch, 3\), a"),
    "strength": ("stylize_weights", {"image": IMAGE[:1], **rows([[1, 0, 0]], 1.5)}, "`strength` must be from 0 to 1"),
    "no number": ("stylize_weights", {"image": IMAGE[:1], **rows([[1, 0, 0]], np.nan)}, "`strength` must be from 0"),
    "strengths": ("stylize_weights", {"image": IMAGE[:1], **rows([[1, 0, 0]], 1, 1)}, "one for each of the batch"),
    "sum": (
        "stylize_vector",
        {"image": IMAGE[:1], **rows([[1, 0.5, 0]], 1), "style_vector": np.zeros((1, VECTOR), "float32")},
        "sums of at most 1",
    ),
    "empty batch": ("stylize_weights", {"image": IMAGE[:0], **rows(np.zeros((0, 3)))}, "at least one picture"),
    "no pixels": ("stylize_weights", {"image": IMAGE[:1, :0], **REST}, "at least one picture of at least one pixel"),
    "huge": ("stylize_weights", {"image": np.zeros((1, 1024, 4097, 3), "uint8"), **REST}, "at most 4194304 pixels"),
    "no file": ("encoded", {"image_bytes": as_strings(), **rows(np.zeros((0, 3)))}, "at least one file"),
    "text": ("encoded", {"image_bytes": as_strings(b"text"), **REST}, "must be JPEG or PNG files"),
    "empty": ("encoded_png", {"image_bytes": as_strings(b""), **REST}, "must be JPEG or PNG files"),
    "GIF": ("encoded", {"image_bytes": as_strings(encoded("P", (9, 9), "GIF")), **REST}, "must be JPEG or PNG files"),
    "huge PNG": (
        "encoded", {"image_bytes": as_strings(header_of_a_huge_png()), **REST}, r"4194304 pixels each.*\[30000 30000\]",
    ),
    "negative PNG": ("encoded", {"image_bytes": as_strings(header_of_a_huge_png(2**32 - 1)), **REST}, "one pixel"),
    "cut off": ("encoded", {"image_bytes": as_strings(JPEG[:400]), **REST}, "JPEG"),
    "one of two": ("encoded", {"image_bytes": as_strings(JPEG, b"x"), **rows(np.eye(3)[:2], 1, 1)}, "must be JPEG or"),
    "name": ("style_names", {"index": np.array([0, 3], "int32")}, "`index` must be from 0 to 2"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", BAD)
def test_mistakes_are_told_and_the_next_request_is_answered(served, mistake):
    signature, inputs, sentence = BAD[mistake]
    with pytest.raises(tf.errors.InvalidArgumentError, match=sentence):
        ask(served, signature, **inputs)
    assert ask(served, "style_names", index=np.zeros(1, "int32"))["name"][0] == b"ink"


BARE = """
import sys
sys.modules["keras"] = None  # TensorFlow would import it
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

saved_model, warmup, out = sys.argv[1:]
signatures = tf.saved_model.load(saved_model).signatures
answers = {}
for record in tf.data.TFRecordDataset(warmup).as_numpy_iterator():
    request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
    inputs = {name: tf.constant(tf.make_ndarray(value)) for name, value in request.inputs.items()}
    for value in signatures[request.model_spec.signature_name](**inputs).values():
        answers[request.model_spec.signature_name] = value.numpy()[0]
assert not [name for name in sys.modules if name.split(".")[0] in ("keras_stylegan", "tf_keras")]
np.savez(out, **answers)
"""


def test_the_warm_up_requests_run_without_keras(exported, served, tmp_path):
    pytest.importorskip("tensorflow_serving", reason="needs tensorflow-serving-api")
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, "-c", BARE, str(exported), str(exported / FILE), str(tmp_path / "answers.npz")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    requests = dict(read_warmup(exported))
    with np.load(tmp_path / "answers.npz", allow_pickle=False) as answers:
        assert set(answers.files) == requests.keys() == served.signatures.keys() - {"serving_default"}
        painted = ask(served, "stylize_weights", **requests["stylize_weights"])["stylized"][0].astype(int)
        for signature in ("stylize_weights", "stylize_vector"):  # the same style in both
            assert np.abs(answers[signature] - painted).max() <= 1
        assert Image.open(io.BytesIO(answers["encoded"].item())).size == painted.shape[1::-1]


def test_saved_model_cli_shows_and_runs_it(exported, served, tmp_path, monkeypatch, capsys):
    from tensorflow.python.tools import saved_model_cli

    image = photograph(64, 72)[None]
    np.savez(tmp_path / "inputs.npz", image=image, **REST)
    model = ["--dir", str(exported), "--tag_set", "serve", "--signature_def"]
    given = ";".join(f"{name}={tmp_path}/inputs.npz[{name}]" for name in ("image", "style_weights", "strength"))
    calls = (
        ["show", *model, "encoded"],
        ["run", *model, "stylize_weights", "--inputs", given, "--outdir", str(tmp_path)],
    )
    for call in calls:
        monkeypatch.setattr(sys, "argv", ["saved_model_cli", *call])
        with pytest.raises(SystemExit) as ended:
            saved_model_cli.main()
        assert not ended.value.code
    shown = capsys.readouterr().out
    assert "inputs['image_bytes'] tensor_info:\n      dtype: DT_STRING\n      shape: (-1)" in shown
    expected = ask(served, "stylize_weights", image=image, **REST)["stylized"].astype(int)
    assert np.abs(np.load(tmp_path / "stylized.npy") - expected).max() <= 1


@pytest.fixture(scope="session")
def c_client(tmp_path_factory):
    """The C program, built against the installed wheel."""
    compiler = shutil.which("gcc")
    wheel = pathlib.Path(tf.__file__).parent
    if compiler is None or not (wheel / "include/tensorflow/c/c_api.h").is_file():
        pytest.skip("needs gcc and the headers of TensorFlow's C API")
    if not (wheel / "libtensorflow_cc.so.2").is_file():
        pytest.skip("needs libtensorflow_cc.so.2, which only wheels for Linux hold")
    folder = tmp_path_factory.mktemp("c_client")
    source = ROOT / "tests/c_api_client.c"
    # Linked with a library of that name that is quickly read: the real one, found at run time, has a gigabyte.
    names = sorted(set(re.findall(r"\b(TF_\w+)\(", source.read_text())))
    (folder / "stub.c").write_text("".join(f"void {name}(void) {{}}\n" for name in names))
    stub, program = folder / "libtensorflow_cc.so.2", folder / "client"
    subprocess.run(
        [compiler, "-shared", "-fPIC", f"-Wl,-soname,{stub.name}", folder / "stub.c", "-o", stub], check=True
    )
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{wheel / 'include'}", f"-Wl,-rpath,{wheel}"]
    subprocess.run([compiler, *flags, source, stub, "-o", program], check=True)
    return program


def test_a_c_program_sends_files(c_client, exported, served, tmp_path):
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    graph = SavedModel.FromString((exported / "saved_model.pb").read_bytes()).meta_graphs[0]
    signature = graph.signature_def["encoded"]
    inputs = [signature.inputs[name].name.partition(":")[0] for name in ("image_bytes", "style_weights", "strength")]
    contents = {"text": b"text", "bomb": header_of_a_huge_png(), "photo": JPEG}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    out = tmp_path / "out.jpg"
    output = signature.outputs["stylized_bytes"].name.split(":")
    requests = [tmp_path / "text", tmp_path / "bomb", "--flat", tmp_path / "photo", tmp_path / "photo"]
    command = [c_client, exported, "3", *inputs, *output, out, *requests]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    text, bomb, flat, answered = done.stdout.splitlines()
    assert text.startswith("error 3 ") and "must be JPEG or PNG files" in text
    assert bomb.startswith("error 3 ") and "[30000 30000]" in bomb
    assert flat.startswith("error 3 ") and "`style_weights` must have shape (batch, 3). Received:] [3]" in flat
    assert answered == f"ok {out.stat().st_size}"
    expected = ask(served, "encoded", image_bytes=as_strings(JPEG), **REST)["stylized_bytes"][0]
    difference = np.asarray(Image.open(out)).astype(int) - np.asarray(Image.open(io.BytesIO(expected)))
    assert np.abs(difference).mean() < 0.1


def test_versions_follow_each_other(exported, tmp_path):
    assert free_version(exported.parent) == 2 and free_version(exported.parent, 5) == 5
    assert free_version(tmp_path / "new") == 1
    with pytest.raises(ValueError, match="tiny/1: the version exists; the next one is 2"):
        free_version(exported.parent, 1)
    with pytest.raises(ValueError, match="`version` must be positive. Received: version=0"):
        free_version(exported.parent, 0)
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="file: must be a folder"):
        free_version(tmp_path / "file")


def test_a_failed_export_leaves_nothing(run, tmp_path, monkeypatch):
    monkeypatch.setattr(tf.saved_model, "save", lambda module, folder, *rest: (pathlib.Path(folder) / "half").touch())

    def fail(folder, service):
        assert (folder / "half").is_file()
        raise ValueError("it differs")

    monkeypatch.setattr(saved_model, "_compare", fail)
    with pytest.raises(ValueError, match="it differs"):
        export_saved_model(run, tmp_path / "models" / "tiny")
    assert not list(tmp_path.iterdir())


def test_a_model_that_differs_from_keras_is_not_written(run, tmp_path, monkeypatch):
    service = saved_model.SERVICES["stylizer"](open_source(run), tmp_path)
    answer = service.expected.copy()
    answer[0, :20] ^= 16
    signature = lambda **inputs: {"stylized": tf.constant(answer)}  # noqa: E731
    loaded = types.SimpleNamespace(signatures=dict.fromkeys(service.requests, signature))
    monkeypatch.setattr(tf.saved_model, "load", lambda folder: loaded)
    with pytest.raises(ValueError, match="the SavedModel must not differ from Keras by more than 0.05 grey levels"):
        saved_model._compare(tmp_path, service)


@pytest.fixture(scope="module")
def generated():
    written = exported_generator()
    assert written.greatest <= 1
    return tf.saved_model.load(str(written.path))


def options(count, number=1, truncation=0.5):
    return {"class_number": np.full(count, number, "int32"), "truncation": np.full(count, truncation, "float32")}


def test_a_generator_makes_what_keras_makes(generated):
    from keras_stylegan.inference.generator import open_generator
    from keras_stylegan.latents import seeded_latents

    expected = open_generator(generator_run()).generate([3, 8], "wood", 0.5).astype(int)
    made = ask(generated, "generate_z", z=seeded_latents([3, 8], 4), **options(2))["pictures"]
    assert made.shape == (2, 4, 8, 3) and np.abs(made - expected).max() <= 1 and expected.std() > 10
    for other in (options(2, number=0), options(2, truncation=1.5)):
        assert (ask(generated, "generate_z", z=seeded_latents([3, 8], 4), **other)["pictures"] != made).any()
    names = ask(generated, "class_names", index=np.array([1], "int32"))
    assert names["name"][0] == b"wood" and names["total"][0] == 2


def test_a_seed_makes_its_picture_in_every_batch(generated):
    seeds = np.array([5, 2**40, 5], "int64")
    made = ask(generated, "generate", seed=seeds, **options(3))["pictures"]
    np.testing.assert_array_equal(made[0], made[2])
    assert (made[0] != made[1]).any()
    alone = ask(generated, "serving_default", seed=seeds[1:2], **options(1))["pictures"].astype(int)
    assert np.abs(alone - made[1:2]).max() <= 1
    # The random numbers are specified, so that every server draws the same.
    z = tf.random.stateless_normal([1, 4], tf.constant([5, 0], tf.int64), alg="philox")
    by_z = ask(generated, "generate_z", z=z, **options(1))["pictures"].astype(int)
    assert np.abs(by_z - made[:1]).max() <= 1
    files = ask(generated, "encoded", seed=seeds[:1], **options(1))["pictures_bytes"]
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(files[0]))), made[0])


BAD_SEEDS = {
    "negative": ({"seed": np.array([-1], "int64"), **options(1)}, "`seed` must be from 0 on"),
    "none": ({"seed": np.zeros(0, "int64"), **options(0)}, "at least one"),
    "many": ({"seed": np.zeros(65, "int64"), **options(65)}, "at most 64 pictures"),
    "class": ({"seed": np.zeros(1, "int64"), **options(1, number=2)}, "`class_number` must be from 0 to 1"),
    "classes": ({"seed": np.zeros(2, "int64"), **options(1)}, "`class_number` must have .* one for each"),
    "truncation": ({"seed": np.zeros(1, "int64"), **options(1, truncation=2.5)}, "`truncation` must be from 0 to 2"),
}


@pytest.mark.parametrize("mistake", BAD_SEEDS)
def test_mistakes_of_a_generators_requests(generated, mistake):
    inputs, sentence = BAD_SEEDS[mistake]
    with pytest.raises(tf.errors.InvalidArgumentError, match=sentence):
        ask(generated, "generate", **inputs)


def test_the_command(exported, tmp_path, capsys, monkeypatch):
    call = ["--format", "saved_model", "--out"]
    assert cli.main(["export", str(stylizer_run()), *call, str(exported.parent), "--version", "1"]) == 2
    assert "tiny/1: the version exists; the next one is 2" in capsys.readouterr().err
    assert cli.main(["export", "multystile", *call, "x"]) == 2
    error = capsys.readouterr().err
    assert "a packaged network (multistyle" in error and "Did you mean multistyle?" in error
    calls = []
    monkeypatch.setattr(saved_model, "export_saved_model", lambda *given: calls.append(given) or exported_stylizer())
    assert cli.main(["export", "RUN", *call, "models", "--version", "3"]) == 0
    path, signatures, difference = capsys.readouterr().out.splitlines()
    assert calls == [("RUN", "models", 3)] and path == str(exported)
    assert "stylize_weights" in signatures and "grey levels" in difference


def test_the_script_is_the_command():
    script = [sys.executable, str(ROOT / "export/to_saved_model.py"), "--help"]
    done = subprocess.run(script, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0 and "keras-stylegan export" in done.stdout and "--version N" in done.stdout


def test_options_of_another_format_are_refused(capsys, monkeypatch):
    calls = []
    other = export.Format(lambda group: group.add_argument("--side"), calls.append)
    monkeypatch.setitem(export.FORMATS, "other", other)
    call = ["export", "x", "--format", "other", "--out", "y"]
    assert cli.main([*call, "--version", "1"]) == 2
    assert "`--version` belongs to `--format saved_model`" in capsys.readouterr().err
    assert cli.main([*call, "--side", "3"]) == 0 and calls[0].side == "3"
