"""A file is written whole or not at all."""

import pytest

from keras_stylegan.files import whole_file


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
