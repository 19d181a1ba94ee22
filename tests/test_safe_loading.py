"""Files from strangers: weights load without running code, archives stay inside of their folder."""

import hashlib
import io
import json
import pathlib
import stat
import sys
import zipfile

import keras
import numpy as np
import pytest
from PIL import Image

from keras_stylegan import cli, data, pretrained
from keras_stylegan.archives import check_members
from keras_stylegan.callbacks.state import read_state
from keras_stylegan.inference.generator import open_generator, read_styles
from keras_stylegan.keras_files import load_network
from keras_stylegan.networks import DCGANGenerator
from keras_stylegan.networks.backbones import read_arrays


class Payload:
    """Something that makes a file when it is unpickled."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return pathlib.Path.touch, (self.file,)


@pytest.fixture
def generator(tmp_path):
    network = DCGANGenerator((4, 4), latent_dim=2, filters=2)
    network.build()
    network.save(tmp_path / "generator.keras")
    return tmp_path / "generator.keras"


def rewrite(path, change=None, extra=()):
    """Writes a `.keras` file again with another configuration, and more members."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    if change is not None:
        members["config.json"] = json.dumps(change(json.loads(members["config.json"]))).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        for member in extra:
            archive.writestr(member, b"x")
    return path


def link(name, target="secret"):
    member = zipfile.ZipInfo(name)
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


OUTSIDE = ["/etc/passwd.png", "../up.png", "photos/../../up.png", "C:\\up.png", "..\\up.png", "\\\\host\\up.png"]


@pytest.mark.parametrize("name", OUTSIDE)
def test_members_outside_of_the_archive_are_refused(name, generator, tmp_path):
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("good.png", picture.getvalue())
        member = zipfile.ZipInfo(name)
        member.filename = name  # which ZipInfo has cleaned
        archive.writestr(member, picture.getvalue())
    with pytest.raises(ValueError, match="photos.zip: the archive has a member outside of its folder: "):
        data.open(tmp_path / "photos.zip", size=8, batch_size=1)
    rewrite(generator, extra=[member])
    with pytest.raises(ValueError, match="generator.keras: the archive has a member outside of its folder: "):
        load_network(generator)


def test_links_are_refused(generator, tmp_path):
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr(link("photos/a.png", "/etc/passwd"), "/etc/passwd")
    with pytest.raises(ValueError, match="photos.zip: the archive has a link as member: photos/a.png"):
        data.open(tmp_path / "photos.zip", size=8, batch_size=1)
    with pytest.raises(ValueError, match="generator.keras: the archive has a link as member: model.weights.h5.old"):
        load_network(rewrite(generator, extra=[link("model.weights.h5.old")]))


def test_plain_names_are_not_mistaken():
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        for name in ("a..b.png", "photos/..c/d.png", "photos/C.png", "...png", "folder/"):
            written.writestr(name, b"")
    with zipfile.ZipFile(archive) as opened:
        check_members(opened, "fine.zip")


def test_a_network_cannot_bring_code(generator, tmp_path, monkeypatch):
    canary = tmp_path / "imported"
    (tmp_path / "innocent_module.py").write_text(f"import pathlib\npathlib.Path({str(canary)!r}).touch()\n")
    monkeypatch.syspath_prepend(tmp_path)

    def name_a_module(config):
        config["config"]["normalization"] = {
            "module": "innocent_module", "class_name": "function", "config": "touch", "registered_name": "function",
        }  # fmt: skip
        return config

    with pytest.raises(
        ValueError, match="may name classes of Keras and of this package only. It names innocent_module"
    ):
        load_network(rewrite(generator, name_a_module))
    assert not canary.exists() and "innocent_module" not in sys.modules
    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x)])
    model.save(tmp_path / "lambda.keras")
    with pytest.raises(ValueError, match="lambda.keras: may not hold code. It holds a lambda"):
        load_network(tmp_path / "lambda.keras")


def test_every_command_opens_networks_that_way(generator, capsys):
    rewrite(generator, extra=["../up"])
    with pytest.raises(ValueError, match="outside of its folder"):
        open_generator(generator)
    out = str(generator.parent / "out")
    assert cli.main(["export", str(generator), "--format", "saved_model", "--out", out]) == 2
    assert "outside of its folder" in capsys.readouterr().err and not pathlib.Path(out).exists()


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"no archive"])
def test_damaged_networks(content, tmp_path):
    (tmp_path / "network.keras").write_bytes(content)
    with pytest.raises(ValueError, match="network.keras: must be a whole .keras file"):
        load_network(tmp_path / "network.keras")


@pytest.mark.parametrize(
    "read", [read_styles, read_arrays, read_state, lambda path: data.open(path, size=8, batch_size=1)]
)
def test_pickles_are_not_opened(read, tmp_path):
    canary = tmp_path / "unpickled"
    array = np.empty(1, object)
    array[0] = Payload(canary)
    np.savez(tmp_path / "arrays.npz", styles=array, images=array, kernel=array)
    with pytest.raises(ValueError, match="arrays.npz"):
        read(tmp_path / "arrays.npz")
    assert not canary.exists()


def test_packaged_weights_have_their_checksum():
    record = pretrained.network_entry("multistyle")["litert"]
    assert hashlib.sha256(pretrained.read_weights(record)).hexdigest() == record["sha256"]
    with pytest.raises(ValueError, match="the weight file is damaged"):
        pretrained.read_weights({**record, "sha256": "0" * 64})
