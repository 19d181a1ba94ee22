"""Layouts of data sets that others' tools write."""

import json
import zipfile

import numpy as np
import pytest
from toy_files import encoded, noise

from keras_stylegan import data
from keras_stylegan.data.checking import check
from keras_stylegan.data.pairs import open_domains

NAMES = [f"{index // 3:05d}/img{index:08d}.png" for index in range(6)]


def write(root, names):
    for seed, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(encoded(noise(12, 16, seed)))
    return root


def zipped(root):
    path = root.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(path for path in root.rglob("*") if path.is_file()):
            archive.write(file, file.relative_to(root).as_posix())
    return path


def listed(root, content):
    """A folder and a zip with that `dataset.json`."""
    text = content if isinstance(content, str) else json.dumps(content)
    (write(root, NAMES) / "dataset.json").write_text(text)
    return root, zipped(root)


def opened(source, **options):
    return data.open(source, size=8, batch_size=6, engine="numpy", **options)


# Labels in a dataset.json


def test_labels_of_a_listing_are_the_classes(tmp_path):
    labels = [[name.replace("/", "\\") if index else name, (4, 0, 2)[index % 3]] for index, name in enumerate(NAMES)]
    for path in listed(tmp_path / "set", {"labels": labels[::-1]}):
        source = data.open_source(path)
        assert source.classes == tuple("01234") and source.empty_classes == []
        assert [source.read(index)[1] for index in range(6)] == [4, 0, 2] * 2
        assert sorted(opened(path)[0]["labels"]) == [0, 0, 2, 2, 4, 4]
        chosen = opened(path, classes=["4", "2"])
        assert chosen.num_images == 4 and sorted(chosen[0]["labels"])[:2] == [0, 0]
        assert not [finding for finding in check(path, min_side=1)[1] if finding.kind != "duplicate"]
    data.pack(path, tmp_path / "shards")
    assert data.open_source(tmp_path / "shards").classes == tuple("01234")


@pytest.mark.parametrize("content, classes", [({"labels": None}, None), ({"images": []}, ("00000", "00001"))])
def test_a_listing_without_labels_or_of_somebody_else(content, classes, tmp_path):
    for path in listed(tmp_path / "set", content):
        assert data.open_source(path).classes == classes == opened(path).classes


@pytest.mark.parametrize(
    "content, problem",
    [
        ({"labels": [[name, [0.5, 1]] for name in NAMES]}, "has vectors of 2 numbers for 00000/img00000000.png"),
        ({"labels": [[name, -1] for name in NAMES]}, "integers from 0 as labels, and has -1 for"),
        ({"labels": [[name, 10**12] for name in NAMES]}, "integers from 0 as labels, and has 10+ for"),
        ({"labels": [[name, 1] for name in NAMES[1:]]}, "has no label for 00000/img00000000.png"),
        ({"labels": NAMES}, "does not list pairs"),
        ({"labels": 5}, "does not list pairs"),
        ('{"labels": [', "cannot be read: Expecting value"),
    ],
)
def test_labels_that_are_no_classes_are_told_where_classes_are_wanted(content, problem, tmp_path):
    for path in listed(tmp_path / "set", content):
        for options in ({}, {"classes": ["1"]}):
            with pytest.raises(ValueError, match=rf"labels that are classes. Received: .*dataset.json .*{problem}"):
                opened(path, **options)
        with pytest.raises(ValueError, match=problem):
            data.DomainBatches(path, (8, 8), 2, engine="numpy")
        assert np.shape(opened(path, labels=False)[0]["images"]) == (6, 8, 8, 3)
        assert [finding.name for finding in check(path, min_side=1)[1]] == ["dataset.json"]


# Arrays


def test_labels_may_be_one_hot(tmp_path):
    images, numbers = np.zeros((3, 9, 9, 3), "uint8"), [2, 0, 3]
    for dtype in ("uint8", "float32", "bool"):
        np.savez(tmp_path / "a.npz", images=images, labels=np.eye(4, dtype=dtype)[numbers])
        source = data.open_source(tmp_path / "a.npz")
        assert source.classes == tuple("0123") and source.labels.tolist() == numbers and source.empty_classes == []
    for wrong in (np.ones((3, 4)), np.full((3, 2), 0.5), np.zeros((3, 2)), np.eye(4)):
        np.savez(tmp_path / "wrong.npz", images=images, labels=wrong)
        with pytest.raises(ValueError, match=r"`labels` must be 3 integers .* one-hot rows, as by `np.savez\("):
            data.open_source(tmp_path / "wrong.npz")


def test_arrays_by_keras_names_and_without_any(tmp_path):
    images = np.stack([noise(9, 9, seed)[..., 0] for seed in range(3)])
    sets = {"x_train": images, "y_train": np.array([[1], [0], [1]], "uint8"), "x_test": images[:1], "y_test": [[0]]}
    np.savez(tmp_path / "keras.npz", **sets)
    np.savez(tmp_path / "alone.npz", images)
    np.save(tmp_path / "a.npy", images)
    for name in ("keras.npz", "alone.npz", "a.npy"):
        source = data.open_source(tmp_path / name)
        np.testing.assert_array_equal(np.stack([source.read(index)[0] for index in range(3)]), images)
        labels = [source.read(index)[1] for index in range(3)]
        assert (source.classes, labels) == ((("0", "1"), [1, 0, 1]) if name == "keras.npz" else (None, [None] * 3))
        assert set(opened(tmp_path / name)[0]) == ({"images", "labels"} if name == "keras.npz" else {"images"})


def test_other_arrays_are_told_how_to_write_them(tmp_path):
    images, how = np.zeros((3, 9, 9, 3), "uint8"), r'as by `np.savez\("pictures.npz", images=x, labels=y\)`. Received: '
    np.savez(tmp_path / "two.npz", images, images)
    np.savez(tmp_path / "floats.npz", x_train=images / 255)
    np.save(tmp_path / "floats.npy", images / 255)
    (tmp_path / "text.npy").write_text("text")
    for name, message in (
        ("two.npz", rf"an array `images`, {how}.*two.npz with \['arr_0', 'arr_1'\]"),
        ("floats.npz", f"must be uint8 .* not empty, {how}float64 of shape"),
        ("floats.npy", f"must be uint8 .* not empty, {how}float64 of shape"),
        ("text.npy", "a whole npy file without pickles .*text.npy"),
    ):
        with pytest.raises(ValueError, match=message):
            data.open_source(tmp_path / name)


# Parts for training and tests


def test_pictures_side_by_side_train_without_those_of_the_tests(tmp_path):
    write(
        tmp_path / "set", ["train/1.png", "train/2.png", "test/1.png", "test/2.png", "val/3.png", "val/4.png", "0.png"]
    )
    for path in (tmp_path / "set", zipped(tmp_path / "set")):
        for split, names in (("train", ["1.png", "2.png"]), ("test", ["1.png", "2.png"]), ("val", ["3.png", "4.png"])):
            pairs = opened(path, kind="paired", split=split).crops[0].source
            assert pairs.names == names and pairs.location == f"{path}/{split}"
        with pytest.raises(ValueError, match="`split` must be one of train, val, test. Received: split=tests of .*set"):
            opened(path, kind="paired", split="tests")
    alone = write(tmp_path / "alone", ["train/1.png", "train/2.png", "more/3.png"])
    assert opened(alone, kind="paired").num_images == 3


@pytest.mark.parametrize("kind", ["paired", "unpaired"])
@pytest.mark.parametrize("layout", ["{domain}/{split}/", "{split}/{domain}/", "{split}{domain}/"])
def test_domains_train_without_those_of_the_tests(layout, kind, tmp_path):
    held = {"train": "123", "test": "45"}
    for split, numbers in held.items():
        for folder in (layout.format(domain=domain, split=split) for domain in "AB"):
            write(tmp_path / folder, [f"{number}.png" for number in numbers])
    for split, numbers in held.items():
        for domain in open_domains(tmp_path, split):
            assert domain.names == [f"{number}.png" for number in numbers]
        assert opened(tmp_path, kind=kind, split=split).num_images == len(numbers)
    if layout.startswith("{domain}"):
        assert [len(domain) for domain in open_domains((tmp_path / "A", tmp_path / "B"))] == [3, 3]


def test_parts_of_a_set_that_is_no_pairs_are_remarked(tmp_path):
    write(tmp_path, ["train/1.png", "train/2.png", "test/3.png"])
    (finding,) = check(tmp_path, min_side=1)[1]
    assert (finding.kind, finding.name) == ("odd", "train/, test/") and "name the folder of one" in finding.detail
    write(tmp_path, ["sea/1.png"])
    assert not [finding for finding in check(tmp_path, min_side=1)[1] if finding.kind == "odd"]
