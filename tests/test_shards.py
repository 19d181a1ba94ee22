"""Shards: TFRecord files written without TensorFlow, packing that survives kills, reading by NumPy and by tf.data."""

import io
import json
import os
import signal
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image, ImageOps

from keras_stylegan.cli import main
from keras_stylegan.data import damaged_shards, open_images, open_shards, pack, read_picture, shard_dataset
from keras_stylegan.data import open as data_open
from keras_stylegan.data.checking import check
from keras_stylegan.data.contents import decode
from keras_stylegan.data.examples import decode_example, encode_example
from keras_stylegan.data.records import crc32c, masked_crc32c, read_record, record_offsets, write_record


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), "uint8")


@pytest.fixture
def folder(tmp_path):
    """Seven pictures of two classes and of several sizes and formats."""
    root = tmp_path / "photos"
    names = ["sea/a.png", "sea/b.jpg", "sea/日本 1.png", "wood/a.png", "wood/b.png", "wood/c.webp"]
    for index, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(20 + index, 31 - index, index)).save(root / name)
    Image.fromarray(noise(24, 24, 9)).convert("P").save(root / "wood" / "d.gif")
    return root


# Records and examples


def bitwise_crc32c(data):
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


def test_crc32c_gives_the_vectors_of_rfc_3720():
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E
    assert crc32c(b"123456789") == 0xE3069283


def test_crc32c_equals_its_definition_at_every_length():
    data = np.random.default_rng(0).integers(0, 256, 2000, "uint8").tobytes()
    for length in [*range(9), 511, 512, 513, 516, 1024, 1025, 2000]:
        assert crc32c(data[:length]) == bitwise_crc32c(data[:length]), length


def test_records_are_framed_and_guarded(tmp_path):
    contents = [b"first", b"", noise(30, 30).tobytes()]
    path = tmp_path / "records"
    with path.open("wb") as file:
        for content in contents:
            write_record(file, content)
    assert path.read_bytes()[:12] == struct.pack("<QI", 5, masked_crc32c(struct.pack("<Q", 5)))
    with path.open("rb") as file:
        assert [read_record(file) for _ in range(4)] == [*contents, None]
    assert record_offsets(path) == [0, 21, 37]
    whole = path.read_bytes()
    for place, message in [(3, "checksum of its length"), (14, "its checksum does not match"), (18, "its checksum")]:
        damaged = bytearray(whole)
        damaged[place] ^= 1
        with pytest.raises(ValueError, match=message):
            read_record(io.BytesIO(bytes(damaged)))
    for end in (5, 14, 19):
        with pytest.raises(ValueError, match="truncated record"):
            read_record(io.BytesIO(whole[:end]))
    path.write_bytes(whole[:-1])
    with pytest.raises(ValueError, match="truncated record in .*records"):
        record_offsets(path)


def test_examples_are_those_of_tensorflow():
    import tensorflow as tf

    features = {"image": noise(9, 300).tobytes(), "height": 9, "width": 300, "name": "日本".encode(), "label": 0}
    ours = encode_example(features)
    assert decode_example(ours) == features
    theirs = tf.train.Example()
    for name, value in features.items():
        if isinstance(value, bytes):
            theirs.features.feature[name].bytes_list.value.append(value)
        else:
            theirs.features.feature[name].int64_list.value.append(value)
    assert tf.train.Example.FromString(ours) == theirs
    assert decode_example(theirs.SerializeToString()) == features
    with pytest.raises(ValueError, match="non-negative integers. Received: -1"):
        encode_example({"label": -1})
    for broken in (b"\x0a\x05\x0a", ours[:-3], b"\x0b"):
        with pytest.raises(ValueError, match="not an Example"):
            decode_example(broken)


# Packing and reading


def pixels(folder):
    shards = open_shards(folder)
    return [decode(shards.read(index)[0]) for index in range(len(shards))]


def by_name(folder):
    return dict(zip(open_shards(folder).names, pixels(folder), strict=True))


@pytest.mark.parametrize("store", ["pixels", "bytes"])
def test_shards_hold_the_pictures_of_their_source(folder, tmp_path, store):
    index = pack(folder, tmp_path / "shards", store, shard_images=3)
    photos, shards = open_images(folder), open_shards(tmp_path / "shards")
    pictures = by_name(tmp_path / "shards")
    assert sorted(pictures) == photos.names
    for name, picture in zip(photos.names, photos, strict=True):
        np.testing.assert_array_equal(pictures[name], picture, err_msg=name)
    assert shards.classes == ("sea", "wood")
    assert [shards.classes[shards.read(i)[1]] for i in range(7)] == [name.split("/")[0] for name in shards.names]
    assert [entry["file"] for entry in index["shards"]] == [f"shard-{i:05d}-of-00003.tfrecord" for i in range(3)]
    assert list(pictures) != photos.names  # in a random order
    if store == "bytes":
        assert shards.read(0)[0] == (folder / shards.names[0]).read_bytes()


def test_the_index_has_the_statistics(folder, tmp_path):
    index = pack(folder, tmp_path / "shards", shard_images=2)
    values = np.concatenate([picture.reshape(-1, 3) for picture in open_images(folder)]).astype("float64")
    statistics = index["statistics"]
    np.testing.assert_allclose(statistics["mean"], values.mean(0), atol=1e-4)
    np.testing.assert_allclose(statistics["std"], values.std(0), atol=1e-4)
    assert statistics["height"] == {"min": 20, "max": 25} and statistics["width"] == {"min": 24, "max": 31}
    assert statistics["per_class"] == {"sea": 3, "wood": 4}
    assert index["count"] == 7 and index["format"] == "keras_stylegan_shards" and index["complete"]


@pytest.mark.parametrize("store", ["pixels", "bytes"])
def test_sizes(folder, tmp_path, store):
    pack(folder, tmp_path / "fixed", store, size=(8, 12))
    pack(folder, tmp_path / "short", store, short_side=10)
    fixed, short = by_name(tmp_path / "fixed"), by_name(tmp_path / "short")
    for name, picture in fixed.items():
        image = Image.fromarray(read_picture(folder / name))
        np.testing.assert_array_equal(picture, np.asarray(ImageOps.fit(image, (12, 8), Image.Resampling.LANCZOS)))
        np.testing.assert_array_equal(short[name], read_picture(folder / name, short_side=10))


def test_zip_npz_and_shards_can_be_packed(folder, tmp_path):
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for path in folder.rglob("*.*"):
            archive.write(path, path.relative_to(folder).as_posix())
    np.savez(tmp_path / "photos.npz", images=np.stack([noise(8, 9, seed) for seed in range(3)]))
    first = pack(folder, tmp_path / "first")
    zipped = pack(tmp_path / "photos.zip", tmp_path / "zipped")
    assert zipped["shards"] == first["shards"]
    pack(tmp_path / "photos.npz", tmp_path / "arrays", "bytes")
    assert open_shards(tmp_path / "arrays").classes is None
    arrays = by_name(tmp_path / "arrays")
    np.testing.assert_array_equal(arrays["000002"], noise(8, 9, 2))
    pack(tmp_path / "first", tmp_path / "second", "bytes")
    second = by_name(tmp_path / "second")
    for name, picture in by_name(tmp_path / "first").items():
        np.testing.assert_array_equal(second[name], picture)


def test_tf_data_reads_shards_natively(folder, tmp_path):
    for store, size in [("pixels", None), ("bytes", None), ("pixels", (8, 12)), ("bytes", (8, 12))]:
        out = tmp_path / f"{store}{size}"
        pack(folder, out, store, size, shard_images=3)
        shards = open_shards(out)
        rows = list(shard_dataset(out).as_numpy_iterator())
        assert [row["label"] for row in rows] == [shards.read(i)[1] for i in range(7)]
        for row, picture in zip(rows, pixels(out), strict=True):
            np.testing.assert_array_equal(row["image"], picture)
    dataset = shard_dataset(tmp_path / "pixels(8, 12)", batch_size=4)
    assert dataset.element_spec["image"].shape == (None, 8, 12, 3)
    batches = [batch["image"] for batch in dataset.as_numpy_iterator()]
    assert [len(batch) for batch in batches] == [4, 3]
    np.testing.assert_array_equal(np.concatenate(batches), np.stack(pixels(tmp_path / "pixels(8, 12)")))
    with pytest.raises(ValueError, match="`batch_size` needs shards packed with pixels and a `size`"):
        shard_dataset(tmp_path / "bytes(8, 12)", batch_size=4)


# Interruptions and damage

KILLED = """
import os, signal, sys
from keras_stylegan.data import packing
left = int(sys.argv[3])
write = packing.write_record
def write_or_die(file, data):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    write(file, data)
packing.write_record = write_or_die
packing.pack(sys.argv[1], sys.argv[2], shard_images=2)
"""


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_packing_survives_kills(folder, tmp_path):
    out = tmp_path / "shards"
    for records in (1, 4, 2):  # within the first shard, the second, and again the second
        done = subprocess.run([sys.executable, "-c", KILLED, folder, out, str(records)], env=os.environ)
        assert done.returncode == -signal.SIGKILL
    with pytest.raises(ValueError, match="incomplete: run the same"):
        open_shards(out)
    steps = []
    pack(folder, out, shard_images=2, report=lambda done, total: steps.append((done, total)))
    assert steps[0][0] > 2 and steps[-1] == (7, 7)  # whole shards were not packed again
    (out / ".partial.shard-00000-of-00004.tfrecord").unlink(missing_ok=True)
    pack(folder, tmp_path / "undisturbed", shard_images=2)
    kept = {name: content for name, content in contents(out).items() if not name.startswith(".")}
    assert kept == contents(tmp_path / "undisturbed")


def test_a_damaged_shard_is_found_and_packed_again(folder, tmp_path):
    out = tmp_path / "shards"
    pack(folder, out, shard_images=3)
    whole = contents(out)
    victim = out / "shard-00001-of-00003.tfrecord"
    damaged = bytearray(whole[victim.name])
    damaged[200] ^= 4
    victim.write_bytes(damaged)
    assert damaged_shards(out) == [victim.name]
    with pytest.raises(ValueError, match="damaged record: its checksum"):
        open_shards(out).read(3)
    pack(folder, out, shard_images=3)
    assert contents(out) == whole and damaged_shards(out) == []
    victim.write_bytes(whole[victim.name][:-4])
    with pytest.raises(ValueError, match=rf"truncated record in .*{victim.name}"):
        open_shards(out)
    victim.write_bytes(whole["shard-00000-of-00003.tfrecord"])
    with pytest.raises(ValueError, match=rf"{victim.name} must have \d+ bytes and 3 records.*Received: \d+ bytes, 3"):
        open_shards(out)


def test_shards_that_change_while_they_are_read(folder, tmp_path):
    pack(folder, tmp_path / "shards")
    source = open_shards(tmp_path / "shards")
    (shard,) = (tmp_path / "shards").glob("*.tfrecord")
    content = bytearray(shard.read_bytes())
    content[100] ^= 1
    shard.write_bytes(content)
    chosen = data_open(tmp_path / "shards", size=8, engine="numpy", classes=["wood"], max_unreadable=0.5)
    assert list(chosen.unreadable) == [source.names[0]] and "checksum" in chosen.unreadable[source.names[0]]
    shard.write_bytes(b"")
    with pytest.raises(ValueError, match="truncated record"):
        source.read(1)


def test_an_empty_class_is_named(folder, tmp_path):
    (folder / "marsh").mkdir()
    pack(folder, tmp_path / "shards")
    for source in (folder, tmp_path / "shards"):
        with pytest.raises(ValueError, match="every class folder.*nothing in marsh"):
            data_open(source, engine="numpy")
        (finding,) = [finding for finding in check(source, 1)[1] if finding.kind == "empty class"]
        assert finding.name == "marsh"


def many(root, damaged):
    root.mkdir()
    for index in range(200):
        Image.fromarray(noise(4, 4, index)).save(root / f"{index:03d}.png")
    for index in damaged:
        (root / f"{index:03d}.png").write_bytes(b"\x89PNG")


def test_unreadable_pictures_are_left_out_and_named(tmp_path):
    many(tmp_path / "photos", [7, 8])
    index = pack(tmp_path / "photos", tmp_path / "shards", shard_images=64)
    assert sorted(index["skipped"]) == ["007.png", "008.png"]
    assert index["skipped"]["007.png"].startswith("not a picture")
    assert index["count"] == 198 == len(open_shards(tmp_path / "shards"))
    (tmp_path / "photos" / "150.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"(?s)3 of 200 pictures in .*photos are unreadable.*007.png.*150.png"):
        pack(tmp_path / "photos", tmp_path / "stopped")


def test_packing_refuses(folder, tmp_path):
    out = tmp_path / "shards"
    pack(folder, out)
    with pytest.raises(ValueError, match="`out` already holds shards with other settings.*Received: .*shards"):
        pack(folder, out, short_side=5)
    with pytest.raises(ValueError, match="`out` must not be the folder of the pictures"):
        pack(folder, folder)
    assert not list(folder.glob("*.json"))
    (folder / "sea" / "a.png").unlink()
    with pytest.raises(ValueError, match="shards with other source:"):
        pack(folder, out)
    for arguments, message in [
        ({"store": "jpeg"}, "`store` must be one of pixels, bytes. Received: store='jpeg'"),
        ({"size": (0, 4)}, r"`size` must be positive. Received: size=\(0, 4\)"),
        ({"short_side": 0}, "`short_side` must be positive. Received: short_side=0"),
        ({"size": (4, 4), "short_side": 4}, "exclude each other"),
        ({"shard_images": 0}, "`shard_images` must be positive. Received: shard_images=0"),
    ]:
        with pytest.raises(ValueError, match=message):
            pack(folder, tmp_path / "other", **arguments)


def test_only_an_index_of_shards_is_taken(folder, tmp_path):
    pack(folder, tmp_path / "shards")
    index = tmp_path / "shards" / "index.json"
    whole = json.loads(index.read_text())

    def changed(**parts):
        return json.dumps({**whole, **parts})

    for content, message in [
        ("{", "is not an index of shards"),
        ("[]", "its `format` must be 'keras_stylegan_shards'"),
        (json.dumps({"format": "keras_stylegan_shards", "version": 2}), "`version` must be at most 1. Received: .*2"),
        (json.dumps({"format": "keras_stylegan_shards"}), "its `version` is missing or of another kind"),
        (changed(classes="sea"), "its `classes` is missing"),
        (changed(settings={}), "its `store` is missing"),
        (changed(shards=[{}]), "its `file` is missing"),
        (changed(shards=[{**whole["shards"][0], "file": "../photos/sea"}]), "files of its folder. Received: ../photos"),
        (changed(shards=[{**whole["shards"][0], "names": [1]}]), "a name is no text"),
    ]:
        index.write_text(content)
        with pytest.raises(ValueError, match=message):
            open_shards(tmp_path / "shards")


# The command


def test_pack_command(folder, tmp_path, capsys):
    out = tmp_path / "shards"
    assert main(["pack", str(folder), "-o", str(out), "--size", "8x12", "--shard-images", "4"]) == 0
    assert capsys.readouterr().out.startswith(f"{out}: 7 pictures, 2 classes, 2 files, 0.0 MB")
    assert open_shards(out).read(0)[0].shape == (8, 12, 3)
    assert main(["pack", str(folder), "-o", str(out), "--size", "8"]) == 2
    assert "already holds shards with other settings" in capsys.readouterr().err
    assert main(["pack", str(folder), "-o", str(out), "--size", "big"]) == 2
    assert "`--size` must be N or HEIGHTxWIDTH. Received: big" in capsys.readouterr().err


def test_packing_needs_neither_keras_nor_tensorflow(folder, tmp_path):
    code = (
        "import sys; from keras_stylegan.cli import main; main(sys.argv[1:]); "
        "sys.exit(any(name in sys.modules for name in ('keras', 'tensorflow')))"
    )
    subprocess.run([sys.executable, "-c", code, "pack", folder, "-o", tmp_path / "shards"], check=True)
    subprocess.run([sys.executable, "-c", code, "check-data", tmp_path / "shards"], check=True)
