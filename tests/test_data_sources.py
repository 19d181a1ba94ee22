"""Where pictures come from: folders, zips, npz files, TFDS sets; what is wrong with a source is said by name."""

import argparse
import io
import json
import os
import zipfile

import numpy as np
import pytest
from PIL import Image

from keras_stylegan import cli, data
from keras_stylegan.callbacks import read_metrics
from keras_stylegan.commands.sources import add_data_argument
from keras_stylegan.data.checking import check
from keras_stylegan.data.pairs import PairedSource, open_domains


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), "uint8")


def write(root, names, height=12, width=16):
    for seed, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(height, width, seed)).save(root / name)
    return root


def labels(source):
    return [source.read(index)[1] for index in range(len(source))]


# Classes


def test_class_folders_label_their_pictures(tmp_path):
    source = data.open_source(write(tmp_path, ["sea/1.png", "sea/deep/2.png", "forêt noire/3.png"]))
    assert source.classes == ("forêt noire", "sea")
    assert source.names == ["forêt noire/3.png", "sea/1.png", "sea/deep/2.png"] and labels(source) == [0, 1, 1]
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name in source.names:
            archive.write(tmp_path / name, name)
    zipped = data.open_source(tmp_path / "all.zip")
    assert zipped.classes == source.classes and labels(zipped) == [0, 1, 1]
    assert zipped.read(2) == source.read(2)


@pytest.mark.parametrize("names", [["1.png", "a/2.png", "b/3.png"], ["a/1.png", "a/2.png"]])
def test_no_classes_without_folders_that_part_all_pictures(names, tmp_path):
    source = data.open_source(write(tmp_path, names))
    assert source.classes is None and labels(source) == [None] * len(names)


def test_an_empty_class_folder_is_named(tmp_path):
    write(tmp_path, ["a/1.png", "b/2.png"])
    (tmp_path / "empty" / "deep").mkdir(parents=True)
    with pytest.raises(ValueError, match="every class folder.*nothing in empty"):
        data.open(tmp_path, engine="numpy")
    assert data.open(tmp_path, engine="numpy", labels=False).classes is None
    assert data.open(tmp_path, engine="numpy", classes=["b", "a"]).classes == ("b", "a")  # it was not asked for
    with pytest.raises(ValueError, match="nothing in empty; take the empty folders away, leave these classes out"):
        data.open(tmp_path, engine="numpy", classes=["a", "empty"])


def test_an_empty_class_of_a_zip_or_an_array_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("a/1.png", "b/2.png"):
            file = io.BytesIO()
            Image.fromarray(noise(9, 9)).save(file, "PNG")
            archive.writestr(name, file.getvalue())
        for folder in ("empty/", "__MACOSX/", ".hidden/", "a/deep/"):
            archive.mkdir(folder)
    images = np.stack([noise(9, 9, seed) for seed in range(3)])
    np.savez(tmp_path / "a.npz", images=images, labels=np.array([1, 0, 1]), classes=["a", "b", "empty"])
    for name in ("a.zip", "a.npz"):
        assert data.open_source(tmp_path / name).empty_classes == ["empty"]
        with pytest.raises(ValueError, match="every class folder.*nothing in empty"):
            data.open(tmp_path / name, engine="numpy")
        assert data.open(tmp_path / name, engine="numpy", classes=["b", "a"]).classes == ("b", "a")


def test_npz_labels(tmp_path):
    images = np.stack([noise(9, 9, seed) for seed in range(3)])
    np.savez(tmp_path / "a.npz", images=images, labels=np.array([1, 0, 1]), classes=["sea", "wood"])
    source = data.open_source(tmp_path / "a.npz")
    assert source.classes == ("sea", "wood") and labels(source) == [1, 0, 1]
    np.savez(tmp_path / "b.npz", images=images, labels=np.array([2, 0, 1], "uint8"))
    assert data.open_source(tmp_path / "b.npz").classes == ("0", "1", "2")
    for wrong, message in (
        ({"labels": np.array([1, 0])}, "`labels` must be 3 integers"),
        ({"labels": np.array([1.0, 0.0, 1.0])}, "`labels` must be 3 integers.*float64"),
        ({"labels": np.array([0, -1, 1])}, "`labels` must be 3 integers"),
        ({"labels": np.array([0, 1, 2]), "classes": ["a", "b"]}, "`classes` must name all 3"),
    ):
        np.savez(tmp_path / "wrong.npz", images=images, **wrong)
        with pytest.raises(ValueError, match=message + ".*wrong.npz"):
            data.open_source(tmp_path / "wrong.npz")


# Links, permissions, damage


def test_linked_folders_are_entered_once(tmp_path):
    write(tmp_path / "set", ["a/1.png"])
    write(tmp_path / "elsewhere", ["2.png"])
    (tmp_path / "set" / "b").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "set" / "a" / "circle").symlink_to(tmp_path / "set")
    (tmp_path / "set" / "b2").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "set" / "a" / "gone.png").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "set" / "a" / "pipe.png")
    source = data.open_source(tmp_path / "set")
    assert source.names == ["a/1.png", "b/2.png"]
    assert sorted(source.unreadable) == ["a/gone.png", "a/pipe.png"]


def test_links_that_lead_nowhere_are_named(tmp_path):
    write(tmp_path, ["1.png", "2.png"])
    (tmp_path / "circle.png").symlink_to("circle.png")
    (tmp_path / "there").symlink_to("back")
    (tmp_path / "back").symlink_to("there")
    source = data.open_source(tmp_path)
    assert source.names == ["1.png", "2.png"] and sorted(source.unreadable) == ["back", "circle.png", "there"]
    with pytest.raises(ValueError, match="3 of 2 pictures.*unreadable"):  # packed, they would be missed by nobody
        data.pack(tmp_path, tmp_path / "shards")


def test_pictures_of_other_formats_are_named(tmp_path):
    write(tmp_path / "photos", ["a/1.png", "b/3.png"])
    for name in ("a/2.HEIC", "b/.4.avif", "b/5.txt"):
        (tmp_path / "photos" / name).touch()
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for file in sorted((tmp_path / "photos").rglob("*.*")):
            archive.write(file, file.relative_to(tmp_path / "photos"))
    for source in map(data.open_source, (tmp_path / "photos", tmp_path / "photos.zip")):
        assert source.names == ["a/1.png", "b/3.png"]
        assert source.unreadable == {"a/2.HEIC": "a format that cannot be read"}
    with pytest.raises(ValueError, match="1 of 2 pictures in .* are unreadable(.|\\n)*a/2.HEIC: a format"):
        data.open(tmp_path / "photos", size=8, engine="numpy")


def test_an_empty_name_is_not_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(write(tmp_path, ["1.png", "2.png"]))
    with pytest.raises(ValueError, match="`source` must be an existing folder"):
        data.open_source("")


def test_damaged_archives_are_mistakes_not_errors(tmp_path):
    """Lists of members and headers of arrays with any of their bytes changed: opened, or refused by name."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for index in range(3):
            archive.writestr(f"é{index}.png", b"picture")
    np.savez(tmp_path / "a.npz", images=np.zeros((2, 8, 8, 3), "uint8"), labels=np.arange(2))
    rng, refused = np.random.default_rng(0), 0
    for suffix in (".zip", ".npz"):
        whole = (tmp_path / f"a{suffix}").read_bytes()
        start = whole.index(b"PK\x01\x02") if suffix == ".zip" else 0
        path = tmp_path / f"b{suffix}"
        for _ in range(60):
            content = bytearray(whole)
            place = rng.integers(start, len(whole) if suffix == ".zip" else 200)
            content[place] ^= 1 << rng.integers(8)
            path.write_bytes(content)
            try:
                data.open_source(path)
            except ValueError as error:
                assert str(path) in str(error)
                refused += 1
    assert refused > 40


def test_arrays_too_large_for_memory_and_labels_without_end(tmp_path):
    header = io.BytesIO()
    shape = {"descr": "|u1", "fortran_order": False, "shape": (10**9, 1000, 1000, 3)}
    np.lib.format.write_array_header_1_0(header, shape)
    with zipfile.ZipFile(tmp_path / "huge.npz", "w") as archive:
        archive.writestr("images.npy", header.getvalue())
    with pytest.raises(ValueError, match="`source` must fit into memory.*huge.npz"):
        data.open_source(tmp_path / "huge.npz")
    images = np.zeros((2, 8, 8, 3), "uint8")
    for name, arrays, message in (
        ("labels", {"images": images, "labels": np.array([0, 10**12])}, "`labels` must be below.*1000000000000"),
        ("flat", {"images": images[:, :0]}, r"not empty, .* Received: uint8 of shape \(2, 0, 8, 3\)"),
    ):
        np.savez(tmp_path / f"{name}.npz", **arrays)
        with pytest.raises(ValueError, match=message):
            data.open_source(tmp_path / f"{name}.npz")
    (tmp_path / "text.npz").write_bytes(b"text")
    with pytest.raises(ValueError, match="`source` must be a whole npz file. Received"):
        data.open_source(tmp_path / "text.npz")


def test_folders_that_may_not_be_listed_are_named(tmp_path, monkeypatch):
    write(tmp_path, ["a/1.png", "b/2.png"])
    scandir = os.scandir

    def refuse(path):  # root may list everything, so it is only said here
        if str(path).endswith("b"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert data.open_source(tmp_path).unreadable == {"b/": "Permission denied"}


def test_damaged_containers_are_named(tmp_path):
    for name in ("x.zip", "x.npz"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 cut off")
        with pytest.raises(ValueError, match=f"`source` must be a whole.*{name}"):
            data.open_source(tmp_path / name)
    np.savez(tmp_path / "pickle.npz", images=np.array([{}], object))
    with pytest.raises(ValueError, match="without pickles.*pickle.npz"):
        data.open_source(tmp_path / "pickle.npz")


def test_too_few_pictures(tmp_path):
    with pytest.raises(ValueError, match="`source` holds no pictures"):
        data.open(tmp_path)
    write(tmp_path, ["one.png"])
    with pytest.raises(ValueError, match="at least 2 pictures.*with 1"):
        data.open(tmp_path, engine="numpy")
    with pytest.raises(ValueError, match="`source` must be an existing"):
        data.open(tmp_path / "nowhere")


# Two domains


def test_domains_by_folder_and_by_two_sources(tmp_path):
    write(tmp_path / "set", ["trainA/1.png", "trainA/deep/2.png", "trainB/3.png", "testA/4.png", "testB/5.png"])
    a, b = open_domains(tmp_path / "set")
    assert (a.names, b.names) == (["1.png", "deep/2.png"], ["3.png"])
    assert open_domains(tmp_path / "set", "test")[1].names == ["5.png"]
    assert open_domains(tmp_path / "set" / "trainA") is None
    assert open_domains((tmp_path / "set" / "trainB", tmp_path / "set" / "testB"))[1].names == ["5.png"]
    with pytest.raises(ValueError, match="one source or two.*3"):
        open_domains((tmp_path,) * 3)
    with pytest.raises(ValueError, match="pictures in A/ and B/.*trainA"):
        data.open(tmp_path / "set" / "trainA", "unpaired", engine="numpy")


@pytest.mark.parametrize("kind", ["paired", "unpaired"])
def test_a_domain_without_pictures_is_no_pair_side_by_side(kind, tmp_path):
    write(tmp_path, ["A/1.png", "A/2.png"])
    (tmp_path / "B").mkdir()
    (tmp_path / "B" / "1.txt").touch()
    with pytest.raises(ValueError, match="pictures in A/ and B/. Received: .* with 2 in A/ and none in B/"):
        data.open(tmp_path, kind, size=8, engine="numpy")


def test_pairs_in_folders_of_other_names_are_not_cut_into_halves(tmp_path):
    write(tmp_path, ["train/label/1.png", "train/label/2.png", "train/photo/1.jpg", "train/photo/2.jpg"])
    with pytest.raises(ValueError, match="equal names in train/label/ and train/photo/"):
        data.open(tmp_path, "paired", size=8, engine="numpy")
    sides = write(tmp_path / "sides", ["train/1.png", "train/2.png", "val/1.png"])
    assert open_domains(sides) is None


def test_pairs_need_equal_names(tmp_path):
    a, b = open_domains(write(tmp_path, ["A/1.png", "A/2.png", "B/1.png", "B/2.jpg"]))
    paired = PairedSource(a, b)
    assert paired.names == ["1", "2"] and paired.read(1)[0] == (a.read(1)[0], b.read(1)[0])
    write(tmp_path, ["A/alone.png"])
    with pytest.raises(ValueError, match="equal names.*1 without a partner.*alone"):
        PairedSource(*open_domains(tmp_path))
    write(tmp_path, ["B/1.jpg"])
    with pytest.raises(ValueError, match="different names.*B.*1.jpg|different names.*1.jpg and 1.png"):
        PairedSource(*open_domains(tmp_path))


# TFDS


@pytest.fixture(scope="module")
def tfds_folder(tmp_path_factory):
    tfds = pytest.importorskip("tensorflow_datasets")
    root = tmp_path_factory.mktemp("tfds")
    pictures = [noise(10, 12, seed) for seed in range(5)]
    features = tfds.features.FeaturesDict(
        {
            "image": tfds.features.Image(shape=(None, None, 3), encoding_format="png"),
            "label": tfds.features.ClassLabel(names=["sea", "wood"]),
            "objects": tfds.features.Sequence({"area": np.int64}),
        }
    )

    def examples(first, last):
        return [(i, {"image": pictures[i], "label": i % 2, "objects": [{"area": i}] * i}) for i in range(first, last)]

    tfds.dataset_builders.store_as_tfds_dataset(
        "little_scenes",
        version="1.0.0",
        features=features,
        split_datasets={"trainA": examples(0, 3), "trainB": examples(3, 5)},
        data_dir=root,
        disable_shuffling=True,
    )
    return root, pictures


@pytest.mark.slow
def test_a_gan_trains_on_a_set_of_tfds(tfds_folder, tmp_path, eagerly, monkeypatch):
    import tensorflow_datasets as tfds

    builder = tfds.builder
    monkeypatch.setattr(tfds, "builder", lambda name: builder(name, data_dir=tfds_folder[0]))
    settings = ["size=8,8", "latent_dim=4", "filters=4", "batch_size=2", "kimg=0.004", "classes=all", "log_images=2"]
    options = [text for setting in settings for text in ("--set", setting)]
    call = ["train", "dcgan_cifar10", "--data", "tfds:little_scenes@trainA", "--out", str(tmp_path / "run")]
    assert cli.main([*call, *options]) == 0
    facts = json.loads((tmp_path / "run" / "config.json").read_text())["facts"]
    assert facts["classes"] == ["sea", "wood"] and facts["pictures"] == 3
    assert read_metrics(tmp_path / "run" / "metrics.jsonl")[-1]["images"] == 4


@pytest.mark.slow
def test_tfds_sets_by_folder_and_name(tfds_folder, monkeypatch):
    import tensorflow_datasets as tfds

    root, pictures = tfds_folder
    folder = root / "little_scenes" / "1.0.0"
    source = data.open_source(folder, "trainA")
    assert source.classes == ("sea", "wood") and labels(source) == [0, 1, 0]
    for ours, theirs in zip(data.ImageSource(source), pictures, strict=False):
        np.testing.assert_array_equal(ours, theirs)
    part = data.open_source(folder, "trainA[1:]")
    assert part.read(0) == source.read(1) and len(part) == 2
    whole = next(folder.glob("*trainB*")).read_bytes()
    next(folder.glob("*trainB*")).write_bytes(whole[:-1])
    with pytest.raises(ValueError, match="truncated record in .*trainB"):
        data.open_source(folder, "trainB")
    next(folder.glob("*trainB*")).write_bytes(whole)
    with pytest.raises(ValueError, match="`split` must be one of trainA, trainB.*test"):
        data.open_source(folder, "test")
    builder = tfds.builder
    monkeypatch.setattr(tfds, "builder", lambda name: builder(name, data_dir=root))
    assert data.open_source("tfds:little_scenes@trainB").read(0) == data.open_source(folder, "trainB").read(0)
    batches = data.open("tfds:little_scenes:1.0.0", "unpaired", size=8, batch_size=2, engine="numpy")
    assert [len(crops.source) for crops in batches.crops] == [3, 2]
    with pytest.raises(ValueError, match="`source` must name a set of TFDS.*tfds:no_such_set"):
        data.open_source("tfds:no_such_set")
    for name in ("no such set", "../elsewhere", ""):
        with pytest.raises(ValueError, match="`source` must be tfds:NAME"):
            data.open_source(f"tfds:{name}")
    remarks = check(source, min_side=1)[1]
    assert not [remark for remark in remarks if remark.kind == "odd"]  # a record's name has no suffix of a picture
    (folder / "label.labels.txt").write_text("sea\n")
    images = data.ImageSource(data.open_source(folder, "trainA"), max_unreadable=0.5)
    images.take([0, 1, 2])
    assert list(images.unreadable.values()) == ["label 1 is of none of the 1 classes"]
    features = folder / "features.json"
    whole = features.read_text()
    features.write_text(whole.replace("tensorflow_datasets.core.features.image_feature", "keras_stylegan.cli"))
    with pytest.raises(ValueError, match="TFDS cannot open .*classes of TFDS only, not keras_stylegan.cli.Image"):
        data.open_source(folder)
    features.write_text(whole[:50])
    with pytest.raises(ValueError, match="TFDS cannot open .*1.0.0: "):
        data.open_source(folder)


def test_data_argument():
    parser = argparse.ArgumentParser()
    add_data_argument(parser)
    assert parser.parse_args(["--data", "tfds:cifar10"]).data == "tfds:cifar10"
