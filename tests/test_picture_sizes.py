"""What runs and `check-data` say of pictures that are not of the size of training."""

import types

import pytest
from toy_files import encoded, noise, orientation, smooth

from keras_stylegan import cli, data
from keras_stylegan.data.checking import check
from keras_stylegan.data.sizes import is_enlarged, picture_sizes, share_seen
from keras_stylegan.systems.picture_notes import picture_notes

MIRRORED = "note: half of the pictures are mirrored, left to right; `--set flip=0` mirrors none"


def write(root, sizes):
    root.mkdir(exist_ok=True)
    for index, (height, width) in enumerate(sizes):
        (root / f"{index:03}.png").write_bytes(encoded(smooth(height, width, index)))
    return root


def told(source, flip=0, **options):
    batches = data.open(source, engine="numpy", **{"size": (16, 24), **options})
    return picture_notes(types.SimpleNamespace(flip=flip), batches)


def test_how_pictures_fit_into_a_size():
    assert is_enlarged((15, 100), (16, 24)) and is_enlarged((100, 23), (16, 24)) and not is_enlarged((16, 24), (16, 24))
    assert share_seen((32, 48), (16, 24)) == 1 and share_seen((10, 20), (16, 16)) == 0.5
    assert share_seen((40, 10), (16, 16)) == 0.25
    lying = encoded(noise(4, 6), exif=orientation(6))
    assert picture_sizes(lying) == [(6, 4)] and picture_sizes((noise(5, 7), lying)) == [(5, 7), (6, 4)]


def test_notes_of_a_set_that_does_not_fit(tmp_path):
    small, cropped = "smaller than 16x24 and are enlarged", "not of the shape of 16x24 and are cropped to it"
    folder = write(tmp_path / "set", [(8, 12), (32, 48), (40, 48), (32, 20)])
    (folder / "bad.png").write_bytes(b"")  # named where it is decoded
    assert told(folder) == [f"note: 2 of 4 pictures looked at (of 5) are {what}" for what in (small, cropped)]
    (folder / "bad.png").unlink()
    assert told(folder, flip=1) == [*(f"note: 2 of 4 pictures are {what}" for what in (small, cropped)), MIRRORED]
    assert told(folder, scale=(0.5, 1.0)) == [f"note: 2 of 4 pictures are {small}"]  # of which all are cropped
    assert told(write(tmp_path / "fitting", [(16, 24), (32, 48), (65, 97)])) == []
    two = (folder, tmp_path / "fitting")
    assert told(two, kind="unpaired")[0] == f"note: 2 of 7 pictures are {small}"
    assert told(folder, kind="paired") == []


def test_of_many_pictures_some_are_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr("keras_stylegan.systems.picture_notes.LOOKED_AT", 3)
    folder = write(tmp_path / "set", [(8, 12), (8, 12), (16, 24), (16, 24), (16, 24)])
    assert told(folder) == ["note: 1 of 3 pictures looked at (of 5) are smaller than 16x24 and are enlarged"]


def test_a_run_says_so_before_it_begins(tmp_path, capsys):
    folder = write(tmp_path / "set", [(8, 8), (16, 16), (16, 32)])
    settings = ["size=16", "latent_dim=4", "filters=4", "max_filters=8", "batch_size=2"]
    call = ["train", "dcgan", "--data", str(folder), "--out", str(tmp_path / "run"), "--dry-run"]
    call += [text for setting in settings for text in ("--set", setting)]
    assert cli.main(call) == 0
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "note: 1 of 3 pictures are smaller than 16x16 and are enlarged",
        "note: 1 of 3 pictures are not of the shape of 16x16 and are cropped to it",
        MIRRORED,
    ]
    assert cli.main([*call, "--set", "flip=no"]) == 0
    assert "mirror" not in capsys.readouterr().out


def test_check_data_beside_the_size_of_training(tmp_path, capsys):
    folder = write(tmp_path / "set", [(60, 90), (100, 150), (64, 200)])
    call = ["check-data", str(folder), "--min-side", "1"]
    assert cli.main(call) == 0
    assert cli.main([*call, "--size", "64"]) == 1
    assert capsys.readouterr().out.splitlines()[1:] == [
        "small: 000.png: 90 x 60 pixels, which training enlarges",
        "cropped: 002.png: 200 x 64 pixels, of which training sees 32%",
        f"{folder}: 3 pictures, 1 small, 1 cropped",
    ]
    for text in ("60x90", "60,90"):
        assert cli.main([*call, "--size", text]) == 1
        assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()[:-1]] == ["cropped"]
    assert cli.main([*call, "--size", "big"]) == 2
    assert "`--size` must be N or HEIGHTxWIDTH. Received: big" in capsys.readouterr().err
    with pytest.raises(ValueError, match=r"`size` must be positive. Received: size=\(0, 8\)"):
        check(folder, size=(0, 8))
