"""`data.open`: kinds, engines with equal results, position in the data, files that cannot be trusted."""

import itertools

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngImageFile
from toy_files import noise, smooth, write_classes

from keras_stylegan import data
from keras_stylegan.data.order import ShuffledOrder, draws
from keras_stylegan.data.pictures import to_grey


@pytest.fixture
def folder(tmp_path):
    return write_classes(tmp_path / "my photos")


def equal(batch, other):
    assert batch.keys() == other.keys()
    for key in batch:
        np.testing.assert_array_equal(np.asarray(batch[key]), np.asarray(other[key]))


# Batches


def test_engines_and_ways_give_equal_batches(folder):
    options = {"size": 16, "batch_size": 4, "seed": 3, "scale": (0.5, 1.0)}
    numpy, tensorflow = (data.open(folder, engine=engine, **options) for engine in ("numpy", "tensorflow"))
    expected = [numpy[index] for index in range(7)]
    assert expected[0]["images"].dtype == np.float32 and expected[0]["images"].shape == (4, 16, 16, 3)
    assert expected[0]["labels"].dtype == np.int32 and numpy.classes == ("a", "b")
    assert -1 <= min(b["images"].min() for b in expected) < -0.3 < 0.3 < max(b["images"].max() for b in expected) <= 1
    for ours, theirs in zip(expected, tensorflow, strict=False):
        equal(ours, theirs)
    for ours, theirs in zip(expected, numpy, strict=False):
        equal(ours, theirs)
    for ours, theirs in zip(expected[2:], tensorflow.dataset(images_seen=8).take(5), strict=True):
        equal(ours, theirs)
    assert not np.array_equal(data.open(folder, **{**options, "seed": 4})[0]["images"], expected[0]["images"])


def test_position_is_saved_and_restored(folder):
    options = {"size": 16, "seed": 5, "engine": "numpy"}
    first = data.open(folder, batch_size=4, **options)
    seen = list(itertools.islice(first, 3))
    state = first.state()
    assert state == {"seed": 5, "images_seen": 12}
    expected = [first[index] for index in range(3, 5)]
    resumed = data.open(folder, batch_size=4, **options)
    resumed.restore(state)
    for ours, theirs in zip(expected, resumed, strict=False):
        equal(ours, theirs)
    other_size = data.open(folder, batch_size=6, **options)  # the same pictures and crops, cut into other batches
    np.testing.assert_array_equal(
        np.concatenate([batch["images"] for batch in seen]), np.concatenate([other_size[i]["images"] for i in range(2)])
    )
    other_size.restore({"seed": 5, "images_seen": 4})
    np.testing.assert_array_equal(next(iter(other_size))["images"][:4], seen[1]["images"])
    with pytest.raises(ValueError, match="`state` must be of seed 5.*seed=6"):
        resumed.restore({"seed": 6, "images_seen": 0})


def test_every_picture_once_an_epoch_with_its_label(tmp_path):
    images = np.stack([np.full((8, 8, 3), 20 * k, "uint8") for k in range(10)])
    np.savez(tmp_path / "x.npz", images=images, labels=np.arange(10) % 3)
    batches = data.open(tmp_path / "x.npz", size=8, batch_size=3)
    shown, labels = [], []
    for index in range(10):
        shown += [int(v) // 20 for v in data.to_uint8(batches[index]["images"])[:, 0, 0, 0]]
        labels += list(batches[index]["labels"])
    for epoch in range(3):
        assert sorted(shown[10 * epoch : 10 * epoch + 10]) == list(range(10))
    assert shown[:10] != shown[10:20] and labels == [value % 3 for value in shown]


def test_numbers_of_a_position_are_its_own():
    numbers = draws(7, 0, 0, 1000)
    np.testing.assert_array_equal(draws(7, 0, 400, 10), numbers[400:410])
    assert numbers.min() >= 0 and numbers.max() < 1 and abs(numbers.mean() - 0.5) < 0.02
    assert abs(np.corrcoef(numbers, rowvar=False) - np.eye(4)).max() < 0.12
    assert not np.isin(draws(8, 0, 0, 1000), numbers).any() and not np.isin(draws(7, 1, 0, 1000), numbers).any()


def test_cuts_without_scaling_keep_the_pixels(tmp_path):
    ramp = np.zeros((20, 30, 3), "uint8")
    ramp[..., 0], ramp[..., 1] = np.arange(30), np.arange(20)[:, None]
    np.savez(tmp_path / "x.npz", images=np.stack([ramp, ramp]))
    corners = set()
    for batch in itertools.islice(data.open(tmp_path / "x.npz", size=(16, 24), batch_size=8, scale=None), 20):
        for crop in data.to_uint8(batch["images"]):
            mirrored = crop[0, 0, 0] > crop[0, 1, 0]
            crop = crop[:, ::-1] if mirrored else crop
            left, top = crop[0, 0, :2]
            np.testing.assert_array_equal(crop, ramp[top : top + 16, left : left + 24])
            corners.add((int(top), int(left), bool(mirrored)))
    assert {top for top, _, _ in corners} == set(range(5)) and {left for _, left, _ in corners} == set(range(7))
    assert {mirrored for *_, mirrored in corners} == {True, False}
    whole = data.open(tmp_path / "x.npz", size=(20, 30), batch_size=1, flip=False)
    np.testing.assert_array_equal(data.to_uint8(whole[0]["images"])[0], ramp)


def test_whole_pictures_must_have_one_size(folder, tmp_path):
    with pytest.raises(ValueError, match=r"one size, that of the first, 50x43. Received: ./\d.jpg of 50x\d\d in"):
        data.open(folder, size=None, batch_size=6, engine="numpy")[0]
    np.savez(tmp_path / "x.npz", images=np.stack([noise(9, 11)] * 2))
    assert data.open(tmp_path / "x.npz", size=None, batch_size=2)[0]["images"].shape == (2, 9, 11, 3)


def test_an_array_is_a_source():
    pictures = np.random.default_rng(0).integers(0, 256, (6, 12, 10, 3), dtype="uint8")
    batches = data.open(pictures, size=None, batch_size=6, flip=False)
    images = data.to_uint8(next(iter(batches))["images"])
    assert {image.tobytes() for image in images} == {picture.tobytes() for picture in pictures}
    with pytest.raises(ValueError, match="`source` must be uint8 of shape .* Received: float32 of shape \\(6, 12"):
        data.open(pictures.astype("float32"))
    with pytest.raises(ValueError, match="`source` must be a path, uint8 pictures in one array, or a `Source`"):
        data.open(list(pictures))


def test_grey_is_pillows():
    picture = noise(20, 20)
    np.testing.assert_array_equal(to_grey(picture)[..., 0], np.asarray(Image.fromarray(picture).convert("L")))


def test_channels(folder):
    grey = data.open(folder, size=8, batch_size=2, channels=1, engine="numpy")[0]["images"]
    colour = data.open(folder, size=8, batch_size=2, engine="numpy")[0]["images"]
    assert grey.shape == (2, 8, 8, 1)
    np.testing.assert_allclose(grey[..., 0], colour @ [0.299, 0.587, 0.114], atol=0.01)
    opaque = data.open(folder, size=8, batch_size=2, channels=4, engine="numpy")[0]["images"]
    np.testing.assert_array_equal(opaque[..., :3], colour)
    assert (opaque[..., 3] == 1).all()


# Kinds


def test_pairs_are_cropped_and_mirrored_alike(tmp_path):
    for index in range(4):
        for domain, sign in (("A", 1), ("B", -1)):
            (tmp_path / domain).mkdir(exist_ok=True)
            picture = smooth(24, 30, index)
            Image.fromarray(picture if sign > 0 else 255 - picture).save(tmp_path / domain / f"{index}.png")
    options = {"size": 12, "batch_size": 4, "engine": "numpy", "scale": None}
    for batch in itertools.islice(data.open(tmp_path, "paired", **options), 3):
        assert set(batch) == {"images_a", "images_b"}
        np.testing.assert_allclose(batch["images_a"], -batch["images_b"], atol=1e-6)
    scaled = data.open(tmp_path, "paired", **{**options, "scale": (0.3, 0.9)})[0]
    np.testing.assert_allclose(scaled["images_a"], -scaled["images_b"], atol=0.02)
    (tmp_path / "side").mkdir()
    for index in range(4):
        both = np.hstack([smooth(24, 30, index), 255 - smooth(24, 30, index)])
        Image.fromarray(both).save(tmp_path / "side" / f"{index}.png")
    beside = data.open(tmp_path / "side", "paired", **options)
    equal(beside[1], data.open((tmp_path / "A", tmp_path / "B"), "paired", **options)[1])


def test_pairs_of_other_sizes_and_odd_widths_are_skipped(tmp_path):
    for name, picture in {"A/1.png": noise(9, 9), "B/1.png": noise(9, 8), "A/2.png": noise(9, 9)}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(picture).save(tmp_path / name)
    Image.fromarray(noise(9, 9)).save(tmp_path / "B" / "2.png")
    batches = data.open(tmp_path, "paired", size=8, batch_size=2, max_unreadable=0.5, engine="numpy")
    batches[0]
    assert batches.unreadable == {"1": "the pictures of a pair must have one size. Received: 9x9 and 8x9"}
    with pytest.raises(ValueError, match="even width. Received: 9x9"):
        data.open(tmp_path / "A", "paired", size=8, engine="numpy")[0]


def test_pairs_are_checked_without_decoding_them(tmp_path, monkeypatch):
    """One wrong pair of many, which reading would pass over; sizes are of upright pictures."""
    (tmp_path / "A").mkdir()
    (tmp_path / "B").mkdir()
    turned = Image.Exif()
    turned[0x0112] = 6
    for index in range(120):
        Image.fromarray(noise(4, 6)).save(tmp_path / "A" / f"{index:03}.png")
        Image.fromarray(noise(6, 4)).save(tmp_path / "B" / f"{index:03}.png", exif=turned)
    (tmp_path / "B" / "050.png").write_bytes(b"no picture")  # counted and named when it is decoded

    def source(**options):
        return data.open(tmp_path, "paired", size=4, engine="numpy", **options).crops[0].source.source

    with monkeypatch.context() as patch:
        patch.setattr(PngImageFile, "load", lambda self: pytest.fail("decoded"))
        data.check_pairs(source())
    Image.fromarray(noise(6, 4)).save(tmp_path / "B" / "077.png")
    with pytest.raises(ValueError, match=r"must have one size. Received: 077 .6x4 and 4x6. in "):
        data.check_pairs(source())
    data.check_pairs(source(), at_most=2)  # the first and the last
    with pytest.raises(ValueError, match=r"side by side must have even widths. Received: 000.png .9x4. in .*A"):
        Image.fromarray(noise(4, 9)).save(tmp_path / "A" / "000.png")
        data.check_pairs(data.open(tmp_path / "A", "paired", size=4, engine="numpy").crops[0].source.source)


def test_unpaired_domains_have_orders_of_their_own(tmp_path):
    for index in range(8):
        for domain in "AB":
            (tmp_path / domain).mkdir(exist_ok=True)
            Image.new("RGB", (8, 8), (20 * index, 100 * (domain == "B"), 0)).save(tmp_path / domain / f"{index}.png")
    batches = data.open(tmp_path, "unpaired", size=8, batch_size=8, engine="numpy")
    a, b = (data.to_uint8(batches[0][key])[:, 0, 0] for key in ("images_a", "images_b"))
    assert (a[:, 1] == 0).all() and (b[:, 1] == 100).all()
    assert sorted(a[:, 0]) == sorted(b[:, 0]) and list(a[:, 0]) != list(b[:, 0])


def test_what_two_domains_skip_keeps_two_names(tmp_path):
    for domain in "AB":
        (tmp_path / domain).mkdir()
        for index in range(3):
            Image.fromarray(noise(9, 9, index)).save(tmp_path / domain / f"{index}.png")
        (tmp_path / domain / "0.png").write_bytes(b"")
    batches = data.open(tmp_path, "unpaired", size=8, batch_size=3, max_unreadable=0.5, engine="numpy")
    batches[0]
    assert sorted(batches.unreadable) == [f"{tmp_path}/{domain}/0.png" for domain in "AB"]


@pytest.mark.parametrize("store", ["pixels", "bytes"])
def test_shards_are_a_source(store, folder, tmp_path):
    data.pack(folder, tmp_path / "shards", store=store, shard_images=4)
    batches = data.open(tmp_path / "shards", size=16, batch_size=6, engine="numpy")
    assert batches.classes == ("a", "b") and batches.num_images == 6
    equal(batches[0], batches[0])  # read with checksums, then without
    files = data.open(folder, size=16, batch_size=6, engine="numpy")
    shown = {name: k for k, name in enumerate(files.crops[0].source.names)}
    order = ShuffledOrder(6, seed=0).indices(0, 6)
    packed = batches.crops[0].source
    for index in order:
        np.testing.assert_array_equal(packed[index], files.crops[0].source[shown[packed.names[index]]])
    assert batches[0]["labels"].tolist() == ["ab".index(packed.names[index][0]) for index in order]


def test_styles_are_classes_of_their_own(tmp_path):
    for index, name in enumerate(["monet.png", "hokusai.png"]):
        Image.new("RGB", (9, 9), (10 + index, 0, 0)).save(tmp_path / name)
    batches = data.open(tmp_path, "styles", size=8, batch_size=4, engine="numpy")
    assert batches.classes == ("hokusai", "monet")
    np.testing.assert_array_equal(data.to_uint8(batches[0]["images"])[:, 0, 0, 0], 11 - batches[0]["labels"])
    (tmp_path / "hokusai.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match="different names.*hokusai"):
        data.open(tmp_path, "styles", engine="numpy")


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"kind": "pictures"}, "`kind` must be one of images, paired, unpaired, styles.*pictures"),
        ({"engine": "torch"}, "`engine` must be one of auto, tensorflow, numpy.*torch"),
        ({"channels": 2}, "`channels` must be 1, 3 or 4.*2"),
        ({"threads": 0}, "`threads` must be positive.*0"),
        ({"min_side": 0}, "`min_side` must be positive.*0"),
        ({"max_unreadable": 1.5}, r"`max_unreadable` must be in \[0, 1\].*1.5"),
        ({"seed": -1}, "`seed` must not be negative.*-1"),
        ({"resample": "nearest"}, "`resample` must be one of area, bicubic, lanczos.*nearest"),
        ({"size": 0}, "`crop_size` must be positive.*0"),
    ],
)
def test_open_checks_arguments(arguments, message, folder):
    with pytest.raises(ValueError, match=message):
        data.open(folder, **{"engine": "numpy", **arguments})
