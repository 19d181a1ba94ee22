"""A file is written whole or not at all."""

import errno
import os
import stat

import pytest

from keras_stylegan.files import whole_file, whole_folder


def test_the_file_appears_whole(tmp_path):
    path = tmp_path / "weights.keras"
    path.write_text("old")
    with whole_file(path) as partial:
        partial.write_text("new")
        assert path.read_text() == "old" and partial.suffix == ".keras" and partial.name.startswith(".")
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_the_old_file(tmp_path):
    path = tmp_path / "weights.keras"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="half way"), whole_file(path) as partial:
        partial.write_text("ne")
        raise RuntimeError("half way")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_full_disk_has_the_name_of_the_file(tmp_path):
    path = tmp_path / "state.json"
    with pytest.raises(OSError, match="No space left on device: .*state.json") as caught, whole_file(path):
        raise OSError(28, "No space left on device")
    assert caught.value.filename == str(path)
    with pytest.raises(OSError, match="^encoder error -2$"), whole_file(path):
        raise OSError("encoder error -2")  # what Pillow says of its own troubles


def test_folders_that_cannot_be_flushed(tmp_path, monkeypatch):
    flush = os.fsync

    def refuse(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", refuse)
    with whole_file(tmp_path / "checkpoint.npz", durable=True) as partial:
        partial.write_text("whole")
    assert (tmp_path / "checkpoint.npz").read_text() == "whole"


def test_a_folder_is_whole_or_not_there(tmp_path):
    target = tmp_path / "made" / "for" / "it"
    (tmp_path / "made").mkdir()
    with pytest.raises(RuntimeError), whole_folder(target) as partial:
        (partial / "half").write_text("a")
        raise RuntimeError
    assert not list((tmp_path / "made").iterdir())
    (tmp_path / "made" / ".partial.left").mkdir()
    (tmp_path / "made" / ".partial.left" / "by a killed process").touch()
    for folder in (target, tmp_path / "made" / "left"):
        with whole_folder(folder) as partial:
            assert not folder.exists() and not list(partial.iterdir())
            (partial / "file").write_text("b")
        assert [path.name for path in folder.iterdir()] == ["file"]
        assert not list(folder.parent.glob(".*"))
    with pytest.raises(OSError), whole_folder(target) as partial:
        (partial / "other").touch()
    assert [path.name for path in target.parent.iterdir()] == ["it"] and not (target / "other").exists()
