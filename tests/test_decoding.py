"""Files to pixels: both engines as Pillow, windows of pictures, and what is damaged or hostile."""

import zipfile

import numpy as np
import pytest
from PIL import Image
from toy_files import BAD, PHOTO, WHOLE, encoded, flipped, noise, orientation, reference, smooth, write_classes

from keras_stylegan import data
from keras_stylegan.data.decoding import decode_with_pillow, plain_jpeg_size, tensorflow_decoder
from keras_stylegan.data.front import get_decoder
from keras_stylegan.data.order import ShuffledOrder


@pytest.fixture
def folder(tmp_path):
    return write_classes(tmp_path / "my photos")


def test_tensorflow_and_numpy_decode_alike_and_as_pillow():
    contents = [*WHOLE.values(), noise(9, 9)]
    ours, theirs = decode_with_pillow(contents), tensorflow_decoder()(contents)
    for name, a, b in zip([*WHOLE, "array"], ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=name)
    for (name, content), picture in zip(WHOLE.items(), ours, strict=False):
        np.testing.assert_array_equal(picture, reference(content), err_msg=name)
    assert [name for name, content in WHOLE.items() if plain_jpeg_size(content)] == [
        "plain.jpg", "full chroma.jpg", "odd size.jpg", "half chroma.jpg", "grey.jpg", "rgb.jpg", "restarts.jpg",
        "really a jpeg.png",
    ]  # fmt: skip


def test_windows_of_pictures_are_those_of_the_whole():
    """For every chroma subsampling and file kind; a window's edge columns need chroma from outside of it."""
    rng = np.random.default_rng(0)
    picture = smooth(70, 90, 3)
    contents = [encoded(picture, "JPEG", subsampling=kind, quality=80) for kind in ("4:4:4", "4:2:2", "4:2:0", "4:1:1")]
    contents += [WHOLE["grey.jpg"], WHOLE["restarts.jpg"], WHOLE["progressive.jpg"], encoded(picture), picture]
    wholes = decode_with_pillow(contents)
    for _ in range(20):
        windows = []
        for whole in wholes:
            (top, bottom), (left, right) = (np.sort(rng.choice(side + 1, 2, replace=False)) for side in whole.shape[:2])
            windows.append((int(top), int(left), int(bottom), int(right)))
        places = [lambda height, width, window=window: window for window in windows]
        for decode in (decode_with_pillow, tensorflow_decoder()):
            for whole, (top, left, bottom, right), part in zip(wholes, windows, decode(contents, places), strict=True):
                np.testing.assert_array_equal(part, whole[top:bottom, left:right])


@pytest.mark.parametrize("engine", ["numpy", "tensorflow"])
def test_sources_give_windows_of_sound_files_only(engine, folder):
    """A file whose end is damaged is refused although the window lies before the damage."""
    damaged = folder / "a" / "cut.jpg"
    content = encoded(smooth(64, 64, 1), "JPEG")
    damaged.write_bytes(content[: len(content) // 2])

    def place(height, width):
        return 0, width - 9, 5, width

    for cache_bytes in (0, 4000, 10**6):
        source = data.ImageSource(
            data.open_source(folder), get_decoder(engine), max_unreadable=0.5, cache_bytes=cache_bytes
        )
        for _ in range(3):
            indices = [*range(len(source)), 2]  # one of them twice
            wholes, parts = source.take(indices)[0], source.take(indices, [place] * len(indices))[0]
            for whole, part in zip(wholes, parts, strict=True):
                np.testing.assert_array_equal(part, whole[:5, -9:])
        assert list(source.unreadable) == ["a/cut.jpg"]


def test_only_what_was_once_decoded_whole_is_decoded_in_part(folder):
    asked = []

    def decode(contents, places):
        asked.append([place is not None for place in places])
        return decode_with_pillow(contents, places)

    def place(height, width):
        return 1, 2, 9, 12

    source = data.ImageSource(data.open_source(folder), decode)
    for indices in ([0, 1], [0, 2], [0, 0], [1, 2]):
        source.take(indices, [place] * 2)
    source.take([0])
    assert asked == [[False, False], [True, False], [False], [True, True], [False]]


def test_turned_pictures_stand_upright():
    turned = encoded(PHOTO, "JPEG", exif=orientation(6))
    upright = np.rot90(reference(turned), -1)
    for decode in (decode_with_pillow, tensorflow_decoder()):
        np.testing.assert_array_equal(decode([turned])[0], upright)
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    assert not plain_jpeg_size(encoded(PHOTO, "JPEG", xmp=xmp))
    assert plain_jpeg_size(encoded(PHOTO, "JPEG", xmp=b"<x:xmpmeta/>"))


def test_deep_and_transparent_pictures():
    values = np.arange(0, 65536, 17, dtype="uint16").reshape(16, 241)
    picture = decode_with_pillow([encoded(Image.fromarray(values))])[0]
    np.testing.assert_array_equal(picture[..., 0], np.rint(values / 257))
    clear = np.dstack([noise(9, 9), np.zeros((9, 9), "uint8")])
    assert (decode_with_pillow([encoded(clear)])[0] == 255).all() and (decode_with_pillow([clear])[0] == 255).all()


def test_damaged_jpegs_decode_alike():
    """One byte changed, a piece cut out, the end cut off: both engines give Pillow's pixels or both refuse."""
    rng = np.random.default_rng(5)
    whole = [WHOLE[name] for name in ("plain.jpg", "half chroma.jpg", "progressive.jpg", "restarts.jpg", "grey.jpg")]
    contents = []
    for number in range(150):
        content = whole[number % len(whole)]
        place = int(rng.integers(2, len(content)))
        contents.append((flipped(content, place), content[:place] + b"\xff\xd9")[number // 5 % 2])
    pillow, tensorflow = decode_with_pillow(contents), tensorflow_decoder()(contents)
    refused = 0
    sound = [number for number, picture in enumerate(pillow) if not isinstance(picture, Exception)]
    windows = tensorflow_decoder()(
        [contents[number] for number in sound], [lambda h, w: (h // 3, 5, h - 3, 30)] * len(sound)
    )
    for number, window in zip(sound, windows, strict=True):
        np.testing.assert_array_equal(window, pillow[number][len(pillow[number]) // 3 : -3, 5:30])
    for ours, theirs in zip(pillow, tensorflow, strict=True):
        refused += isinstance(ours, Exception)
        if isinstance(ours, Exception):
            assert isinstance(theirs, Exception)
        else:
            np.testing.assert_array_equal(ours, theirs)
    assert 20 < refused < 130


@pytest.mark.parametrize("engine", ["numpy", "tensorflow"])
def test_bad_files_are_skipped_counted_and_named(engine, tmp_path):
    for name, content in {**WHOLE, **BAD}.items():
        (tmp_path / name).write_bytes(content)
    batches = data.open(tmp_path, size=8, batch_size=4, engine=engine, max_unreadable=0.9)
    for index in range(-(-batches.num_images // 4)):
        assert batches[index]["images"].shape == (4, 8, 8, 3)
    assert sorted(batches.unreadable) == sorted(BAD)
    assert "smaller than 8 pixels" in batches.unreadable["one pixel.png"]
    assert "empty" in batches.unreadable["empty.jpg"] and "at most" in batches.unreadable["bomb.jpg"]
    assert all(not reason.startswith("image data") for reason in batches.unreadable.values())
    strict = data.open(tmp_path, size=8, batch_size=32, engine=engine, max_unreadable=0.1)
    with pytest.raises(ValueError, match=r"(?s)of 32 pictures in .* unreadable \(at most 10% may be\): \w.*; \w"):
        strict[0]


def test_bad_members_of_a_zip_are_skipped(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for name in ("a.png", "b.png", "c.png"):
            archive.writestr(name, encoded(PHOTO))
    content = (tmp_path / "x.zip").read_bytes()
    (tmp_path / "x.zip").write_bytes(flipped(content, 200))  # within a.png
    batches = data.open(tmp_path / "x.zip", size=8, batch_size=3, engine="numpy", max_unreadable=0.5)
    batches[0]
    assert list(batches.unreadable) == ["a.png"] and "CRC" in batches.unreadable["a.png"]


def test_files_that_vanish_or_may_not_be_read(folder, monkeypatch):
    batches = data.open(folder, size=8, batch_size=6, engine="numpy", max_unreadable=0.4)
    before = batches[0]
    (folder / "a" / "1.jpg").unlink()
    (folder / "b" / "2.jpg").unlink()
    (folder / "b" / "2.jpg").mkdir()
    after = batches[0]
    assert batches.unreadable["a/1.jpg"] == "No such file or directory" and "b/2.jpg" in batches.unreadable
    changed = [not np.array_equal(a, b) for a, b in zip(before["images"], after["images"], strict=True)]
    assert sum(changed) == 2
    order = ShuffledOrder(6, seed=0).indices(0, 6)
    names = batches.crops[0].source.names
    assert {names[index] for index, differs in zip(order, changed, strict=True) if differs} == {"a/1.jpg", "b/2.jpg"}
