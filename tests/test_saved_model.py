"""From a run to a SavedModel: what is written, its signatures and versions, the command; nothing of a failure."""

import os
import pathlib
import re
import subprocess
import sys
import types

import numpy as np
import pytest
import tensorflow as tf
from toy_saved_model import (
    STYLES,
    exported_generator,
    exported_picture,
    exported_stylizer,
    picture_run,
    predictor_run,
    served_picture,
    stylizer_run,
)

from keras_stylegan import cli
from keras_stylegan.commands import export
from keras_stylegan.exporters import saved_model
from keras_stylegan.exporters.saved_model import export_saved_model, free_version
from keras_stylegan.exporters.saved_model_warmup import FILE
from keras_stylegan.exporters.sources import open_source

ROOT = pathlib.Path(__file__).parents[1]
PICTURES = ("translator", "upscaler", "fusion", "scene", "domains")


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
    sizes |= dict.fromkeys(("B", "H", "W", "R", "factor H", "factor W"))
    ours = {"generator": (4, 4, 8), "scene": (None, 16, 16), "domains": (5, None, None)}
    pictures = {name: served_picture(name) for name in PICTURES}
    for kind, model in ({"stylisation": served, "generator": generated} | pictures).items():
        sizes |= dict(zip(("latent_dim", "height", "width"), ours.get(kind, ()), strict=False)) | {
            "3": 3,
            "channels": 3,
        }
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


def test_the_difference_from_keras_is_rounding():
    for written in (exported_stylizer(), exported_generator(), *map(exported_picture, PICTURES)):
        assert written.greatest <= 1 and written.mean <= 0.02


def test_a_failed_export_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(tf.saved_model, "save", lambda module, folder, *rest: (pathlib.Path(folder) / "half").touch())

    def fail(folder, service):
        assert (folder / "half").is_file()
        raise ValueError("it differs")

    monkeypatch.setattr(saved_model, "_compare", fail)
    with pytest.raises(ValueError, match="it differs"):
        export_saved_model(stylizer_run(), tmp_path / "models" / "tiny")
    assert not list(tmp_path.iterdir())


def answering(answer):
    return lambda **inputs: {"y": tf.constant(answer)}


def test_a_model_that_differs_from_keras_is_not_written(tmp_path, monkeypatch):
    service = saved_model.SERVICES["stylizer"](open_source(stylizer_run(), predictor_run()), tmp_path)
    for wrong in service.expected:
        answers = {name: service.expected.get(name, np.zeros(1)) for name in service.requests}
        answers[wrong] = answers[wrong].copy()
        if answers[wrong].dtype == np.uint8:
            answers[wrong][0, :20] ^= 16
        else:
            answers[wrong][0, 0] += 0.05 * np.ptp(answers[wrong])
        loaded = types.SimpleNamespace(signatures={name: answering(answer) for name, answer in answers.items()})
        monkeypatch.setattr(tf.saved_model, "load", lambda folder, loaded=loaded: loaded)
        with pytest.raises(ValueError, match=f"must not differ from Keras by more than 0.05 grey .* by `{wrong}`"):
            saved_model._compare(tmp_path, service)


def test_no_pixel_may_differ_from_keras(tmp_path, monkeypatch):
    """However little one of a large picture moves the mean."""
    expected = np.full((1, 64, 64, 3), 100, "uint8")
    service = types.SimpleNamespace(requests={"paint": {}}, expected={"paint": expected})
    answer = expected.copy()
    monkeypatch.setattr(
        tf.saved_model, "load", lambda folder: types.SimpleNamespace(signatures={"paint": answering(answer)})
    )
    answer[0, 5, 7, 1] = 102
    assert saved_model._compare(tmp_path, service) == (pytest.approx(2 / answer.size, abs=5e-5), 2)
    answer[0, 5, 7, 1] = 60
    with pytest.raises(ValueError, match="and 2 anywhere. Received: 0.0033 and 40, by `paint`"):
        saved_model._compare(tmp_path, service)


def test_a_predictor_is_for_its_network(tmp_path):
    with pytest.raises(ValueError, match="`predictor` must be for this stylisation network. Received: .*, for another"):
        open_source("multistyle", predictor_run())
    with pytest.raises(ValueError, match="`predictor` is for a stylisation network alone. Received: a fusion"):
        open_source(picture_run("fusion"), predictor_run())
    with pytest.raises(ValueError, match="`predictor` must be a run of style_predictor, with predictor.keras"):
        open_source(stylizer_run(), tmp_path)


def test_the_command(exported, tmp_path, capsys, monkeypatch):
    call = ["--format", "saved_model", "--out"]
    assert cli.main(["export", str(stylizer_run()), *call, str(exported.parent), "--version", "1"]) == 2
    assert "tiny/1: the version exists; the next one is 2" in capsys.readouterr().err
    assert cli.main(["export", "multystile", *call, "x"]) == 2
    error = capsys.readouterr().err
    assert "a packaged network (" in error and "Did you mean multistyle?" in error
    calls = []
    monkeypatch.setattr(
        saved_model, "export_saved_model", lambda *given: calls.append(given[:4]) or exported_stylizer()
    )
    assert cli.main(["export", "RUN", *call, "models", "--version", "3", "--predictor", "OTHER"]) == 0
    path, signatures, difference = capsys.readouterr().out.splitlines()
    assert calls == [("RUN", "models", 3, "OTHER")] and path == str(exported)
    assert "stylize_weights" in signatures and "grey levels" in difference


def test_the_script_is_the_command():
    script = [sys.executable, str(ROOT / "export/to_saved_model.py"), "--help"]
    done = subprocess.run(script, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0 and "keras-stylegan export" in done.stdout and "--version N" in done.stdout


def test_options_of_another_format_are_refused(capsys, monkeypatch):
    calls = []
    other = export.Format(lambda group: group.add_argument("--side"), lambda arguments, report: calls.append(arguments))
    monkeypatch.setitem(export.FORMATS, "other", other)
    call = ["export", "x", "--format", "other", "--out", "y"]
    assert cli.main([*call, "--version", "1"]) == 2
    assert "`--version` belongs to `--format saved_model`" in capsys.readouterr().err
    assert cli.main([*call, "--side", "3"]) == 0 and calls[0].side == "3"
