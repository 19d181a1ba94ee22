"""SavedModels run by programs that know nothing of Keras: by hand, by the command line tool, by C."""

import io
import os
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from serving_stand_in import as_strings, header_of_a_huge_png
from stand_in import photograph
from toy_saved_model import REST, ask, encoded

from keras_stylegan.exporters.saved_model_warmup import FILE, read_warmup

ROOT = pathlib.Path(__file__).parents[1]
JPEG = encoded("RGB", (64, 64), "JPEG")

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
