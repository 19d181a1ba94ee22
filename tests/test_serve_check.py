"""`serve-check`, and what lies beside a server."""

import json
import os
import pathlib
import re
import subprocess

import numpy as np
import pytest
import serving_stand_in
from serving_stand_in import VERSION, Model
from toy_saved_model import exported_stylizer

from keras_stylegan import cli, serving
from keras_stylegan.serving import Step, check, check_server

SERVE = pathlib.Path(__file__).parents[1] / "export" / "serve"


@pytest.fixture(scope="module")
def model():
    return Model(exported_stylizer().path)


def test_serve_check(model, capsys, monkeypatch):
    monkeypatch.setattr(check, "SIZE", 64)
    with serving_stand_in.rest(model) as url:
        assert cli.main(["serve-check", url, "--timeout", "30"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 5 and all(line.startswith("ok ") for line in lines)
        assert lines[0].endswith(f"versions: {VERSION} AVAILABLE") and " ms, then " in lines[2]
        assert "`image_bytes` must be JPEG or PNG files" in lines[3]
        assert cli.main(["serve-check", url, "--version", "8", "--json"]) == 1
        (step,) = json.loads(capsys.readouterr().out)
        assert not step["passed"] and "must be AVAILABLE. The server has: 7 AVAILABLE" in step["detail"]
        assert cli.main(["serve-check", url, "--timeout", "0"]) == 2
    assert "`--timeout` must be positive" in capsys.readouterr().err
    assert cli.main(["serve-check", url]) == 1
    assert capsys.readouterr().out.startswith("FAILED  versions: http://127.0.0.1")
    assert cli.main(["serve-check", "localhost"]) == 2


def test_serve_check_keeps_what_libraries_say_to_itself(capfd, monkeypatch):
    def noisy(client):
        os.write(2, b"I0000 no drivers\n")
        yield Step("versions", False, "none")

    monkeypatch.setattr(serving, "check_server", noisy)
    assert cli.main(["serve-check", "http://localhost:1"]) == 1
    assert capfd.readouterr() == ("FAILED  versions: none\n", "")


class Careless:
    """A client of a server that answers everything, and never the same."""

    version, signatures, styles = None, {}, ("ink",)

    def __init__(self, swing):
        self.pictures = (np.full((2, 2, 3), swing * (i % 2), "uint8") for i in range(99))

    def status(self):
        return {1: "AVAILABLE", 2: "LOADING"}

    def run(self, image, weights, strength):
        return next(self.pictures)

    def predict(self, signature, **inputs):
        return {}


class Foreign(Careless):
    """A client of a server of some other model."""

    signatures = {"classify": None}

    @property
    def styles(self):
        raise ValueError("no such signature")


def test_serve_check_finds_what_is_wrong():
    *passed, last = check_server(Careless(swing=50))
    assert len(passed) == 2 and last.name == "answer" and not last.passed and "must have the same answer" in last.detail
    *passed, last = check_server(Careless(swing=1))
    assert len(passed) == 3 and last.name == "refusal" and "must be refused, but was answered" in last.detail
    *passed, last = check_server(Foreign(swing=0))
    assert len(passed) == 2 and last == Step("answer", False, "no such signature")


def test_the_health_check_of_the_image(model):
    compose = (SERVE / "docker-compose.yml").read_text(encoding="utf-8")
    # A folded scalar: lines joined by spaces.
    (check,) = re.findall(r"- >-\n((?: {8}\S.*\n)+)", compose)
    check = " ".join(line.strip() for line in check.splitlines())
    with serving_stand_in.rest(model) as url:
        for command, healthy in ((check, True), (check.replace("multistyle", "other"), False)):
            command = command.replace("8501", url.rpartition(":")[2])
            assert (subprocess.run(["bash", "-c", command], capture_output=True).returncode == 0) == healthy
    assert subprocess.run(["bash", "-c", command], capture_output=True).returncode != 0


def test_configuration_names_what_there_is():
    compose = (SERVE / "docker-compose.yml").read_text(encoding="utf-8")
    mounted = dict(re.findall(r"- \./(\S+):(/config/\S+):ro", compose))
    assert all((SERVE / file).is_file() for file in mounted)
    assert set(re.findall(r"_file=(\S+)", compose)) == set(mounted.values())
    batching = (SERVE / "batching_parameters.config").read_text(encoding="utf-8")
    fields = dict(re.findall(r"^(\w+) { value: (\d+) }$", batching, re.MULTILINE))
    assert fields.keys() == {"max_batch_size", "batch_timeout_micros", "num_batch_threads", "max_enqueued_batches"}


def test_models_config_is_the_servers_message():
    config = pytest.importorskip("tensorflow_serving.config.model_server_config_pb2")
    from google.protobuf import text_format

    parsed = text_format.Parse((SERVE / "models.config").read_text(encoding="utf-8"), config.ModelServerConfig())
    (served,) = parsed.model_config_list.config
    assert (served.name, served.base_path) == ("multistyle", "/models/multistyle")


@pytest.mark.skipif("TF_SERVING_URL" not in os.environ, reason="TF_SERVING_URL names no server")
def test_a_real_server(capsys):
    model = os.environ.get("TF_SERVING_MODEL", "multistyle")
    assert cli.main(["serve-check", os.environ["TF_SERVING_URL"], "--model", model]) == 0, capsys.readouterr().out
