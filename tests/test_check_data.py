"""`check-data`: every kind of picture that would spoil training is found by name, and nothing else is."""

import io
import json
import os

import numpy as np
import pytest
from PIL import Image, ImageFilter

from keras_stylegan.cli import main
from keras_stylegan.data import pack
from keras_stylegan.data.checking import check, near_pairs


def scene(seed, height=90, width=120):
    """A smooth random picture, as photographs are; noise would have no stable hash."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), "uint8"))
    return coarse.resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "some photos"
    root.mkdir()
    for seed in range(20):
        scene(seed).save(root / f"good {seed:02d}.png")
    return root


def kinds(findings):
    return {(finding.kind, finding.name): finding.detail for finding in findings}


def test_a_good_set_has_no_findings(folder):
    assert check(folder) == (20, [])


def test_every_kind_is_named(folder):
    (folder / "empty.png").write_bytes(b"")
    whole = (folder / "good 00.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    scene(100, 63, 200).save(folder / "small.png")
    scene(101).convert("CMYK").save(folder / "print.jpg")
    Image.fromarray(np.asarray(scene(102).convert("L")).astype("uint16") * 257).save(folder / "deep.png")
    scene(103).convert("P").save(folder / "palette.png")
    Image.fromarray(np.asarray(scene(109).convert("L")).astype("int32")).save(folder / "wide.tif")
    scene(104).convert("L").save(folder / "grey.jpg")
    scene(105).convert("RGBA").save(folder / "alpha.png")
    scene(106).save(folder / "moving.webp", save_all=True, append_images=[scene(107)], lossless=True)
    scene(108).save(folder / "lying.jpg", "PNG")
    found = kinds(check(folder)[1])
    assert found.pop(("unreadable", "empty.png")) == "the file is empty"
    assert "32 bits" in found.pop(("unreadable", "wide.tif"))
    assert ("unreadable", "cut.png") in found and found.pop(("unreadable", "cut.png"))
    assert found == {
        ("tiny", "small.png"): "200 x 63 pixels",
        ("odd", "print.jpg"): "CMYK",
        ("odd", "deep.png"): "16 or 32 bits a channel",
        ("odd", "palette.png"): "palette",
        ("odd", "grey.jpg"): "greyscale",
        ("odd", "alpha.png"): "transparency",
        ("odd", "moving.webp"): "2 frames, of which training sees the first",
        ("odd", "lying.jpg"): "named .jpg, but a PNG file",
    }
    assert ("tiny", "small.png") not in kinds(check(folder, min_side=63)[1])


def test_repeated_pictures(folder):
    (folder / "twin.png").write_bytes((folder / "good 03.png").read_bytes())
    scene(4).save(folder / "saved again.jpg", quality=60)
    scene(5).resize((240, 180), Image.Resampling.LANCZOS).save(folder / "twice as large.png")
    scene(6).filter(ImageFilter.GaussianBlur(1)).save(folder / "soft.png")
    scene(7).transpose(Image.Transpose.ROTATE_180).save(folder / "turned.png")
    Image.new("RGB", (90, 90), "white").save(folder / "white.png")
    Image.new("RGB", (90, 90), "black").save(folder / "black.png")
    assert kinds(check(folder)[1]) == {
        ("duplicate", "twin.png"): "the same file as good 03.png",
        ("near duplicate", "saved again.jpg"): "looks like good 04.png",
        ("near duplicate", "twice as large.png"): "looks like good 05.png",
        ("near duplicate", "soft.png"): "looks like good 06.png",
    }


def test_pairs_across_chunks_equal_those_that_were_planted():
    rng = np.random.default_rng(0)
    thumbnails = rng.integers(0, 256, (1300, 16, 17), "uint8")
    copies = {700: 3, 1299: 3, 1100: 600, 513: 512}
    for later, first in copies.items():
        thumbnails[later] = np.clip(thumbnails[first].astype(int) + rng.integers(-3, 4, (16, 17)), 0, 255)
    assert near_pairs(thumbnails) == sorted(copies.items())


def test_the_limit_of_bits():
    ramp = np.tile(np.arange(100, 117, dtype="uint8"), (16, 1))  # every sign says "brighter to the right"
    for bits in (20, 21):
        other = ramp.copy()
        other[:, 16] = other[:, 15]  # turns one sign of each of the 16 rows
        other[: bits - 16, 0] = other[: bits - 16, 1]
        assert near_pairs(np.stack([ramp, other])) == ([(1, 0)] if bits == 20 else [])


def test_bombs_are_unreadable(folder, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 120 * 90 - 1)
    count, findings = check(folder)
    assert count == 20 and {finding.kind for finding in findings} == {"unreadable"}
    assert "decompression bomb" in findings[0].detail


def test_shards_are_checked(folder, tmp_path):
    scene(4).save(folder / "saved again.jpg", quality=60)
    pack(folder, tmp_path / "shards")
    found = kinds(check(tmp_path / "shards")[1])
    ((kind, name),) = found
    assert kind == "near duplicate" and {name, found[kind, name][len("looks like ") :]} == {
        "good 04.png", "saved again.jpg",
    }  # fmt: skip
    (shard,) = (tmp_path / "shards").glob("*.tfrecord")
    content = bytearray(shard.read_bytes())
    content[100] ^= 1
    shard.write_bytes(content)
    first = check(tmp_path / "shards")[1][0]
    assert first.kind == "unreadable" and first.name.startswith("good") and "checksum" in first.detail


def test_command(folder, capsys):
    assert main(["check-data", str(folder)]) == 0
    assert capsys.readouterr().out == f"{folder}: 20 pictures, nothing to remark\n"
    (folder / "empty.png").write_bytes(b"")
    file = io.BytesIO()
    scene(3).save(file, "PNG")
    (folder / "twin\n.png").write_bytes(file.getvalue())
    assert main(["check-data", str(folder)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "unreadable: empty.png: the file is empty"
    assert lines[1:] == [
        "duplicate: twin .png: the same file as good 03.png",
        f"{folder}: 22 pictures, 1 unreadable, 1 duplicate",
    ]
    assert main(["check-data", str(folder), "--json", "--min-side", "91"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["pictures"] == 22 and report["counts"] == {"unreadable": 1, "tiny": 21, "duplicate": 1}
    assert report["findings"][0]["name"] == "empty.png"
    odd = folder.rename(folder.with_name(os.fsdecode(b"latin \xe9")))
    assert main(["check-data", str(odd), "--min-side", "1"]) == 1
    assert r"latin \udce9: 22 pictures" in capsys.readouterr().out
    assert main(["check-data", str(folder / "nowhere")]) == 2
    with pytest.raises(ValueError, match="`min_side` must not be negative. Received: min_side=-1"):
        check(folder, min_side=-1)
