"""The NumPy data path: decoding, sources, crops, batches, and the feed that prepares them in the background."""

import io
import itertools
import time
import zipfile

import numpy as np
import pytest
from PIL import Image

from keras_stylegan.data import (
    Crops,
    Feed,
    ImageSource,
    StyleBatches,
    open_images,
    open_source,
    open_styles,
    pack,
    read_picture,
    to_float,
    to_uint8,
)  # fmt: skip


def noise(height, width, channels=3, seed=0):
    shape = (height, width, channels) if channels > 1 else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape, "uint8")


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "some photos"
    for index, name in enumerate(["b/2.png", "a/1.png", "c.png", "b/deep/日本.png"]):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(30, 40 + index, seed=index)).save(root / name)
    (root / "README.txt").write_text("not a picture")
    (root / ".hidden.png").write_bytes(b"")
    return root


# Decoding


def test_float_and_uint8_are_inverse():
    values = np.arange(256, dtype="uint8")
    floats = to_float(values)
    assert floats.dtype == np.float32 and floats[0] == -1 and abs(floats[255] - 1) < 1e-6
    np.testing.assert_array_equal(to_uint8(floats), values)
    np.testing.assert_array_equal(to_uint8([-3.0, 3.0]), [0, 255])


def test_modes_become_rgb():
    def decoded(image, **options):
        file = io.BytesIO()
        image.save(file, **{"format": "PNG", **options})
        file.seek(0)
        return read_picture(file)

    grey = noise(5, 7, 1)
    np.testing.assert_array_equal(decoded(Image.fromarray(grey)), np.repeat(grey[..., None], 3, 2))
    sixteen_bit = decoded(Image.fromarray(grey.astype("uint16") * 257))
    np.testing.assert_array_equal(sixteen_bit, np.repeat(grey[..., None], 3, 2))
    clear = np.concatenate([noise(4, 4), np.zeros((4, 4, 1), "uint8")], 2)
    assert (decoded(Image.fromarray(clear)) == 255).all()
    palette = Image.fromarray(noise(6, 6)).convert("P")
    np.testing.assert_array_equal(decoded(palette), np.asarray(palette.convert("RGB")))
    cmyk = Image.fromarray(noise(8, 8)).convert("CMYK")
    assert decoded(cmyk, format="TIFF").shape == (8, 8, 3)
    # The levels of the last would fit into 8 bits, but nothing says that they are meant so.
    for deep in (grey.astype("int32") * 65537, grey.astype("int32") - 256, grey.astype("int32")):
        with pytest.raises(ValueError, match="^image data: grey levels of 32 bits, or with a sign, cannot be read$"):
            decoded(Image.fromarray(deep), format="TIFF")
    with pytest.raises(ValueError, match=r"^image data: pixels of mode F \(floating point or .*\) cannot be read$"):
        decoded(Image.fromarray(grey.astype("float32")), format="TIFF")


def test_exif_orientation_is_applied():
    image = Image.fromarray(noise(4, 6))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees clockwise
    file = io.BytesIO()
    image.save(file, "PNG", exif=exif)
    file.seek(0)
    np.testing.assert_array_equal(read_picture(file), np.rot90(np.asarray(image), -1))


# Sources


def test_folder_zip_and_npz_agree(folder, tmp_path):
    photos = open_images(folder)
    assert photos.names == ["a/1.png", "b/2.png", "b/deep/日本.png", "c.png"]
    np.testing.assert_array_equal(photos[0], noise(30, 41, seed=1))
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for path in sorted(folder.rglob("*.*"), reverse=True):
            archive.write(path, path.relative_to(folder).as_posix())
    zipped = open_images(tmp_path / "photos.zip")
    assert zipped.names == photos.names
    for ours, theirs in zip(zipped, photos, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    arrays = np.stack([noise(8, 9, seed=s) for s in range(3)])
    np.savez(tmp_path / "photos.npz", images=arrays)
    np.testing.assert_array_equal(np.stack(list(open_images(tmp_path / "photos.npz"))), arrays)


def test_short_side_and_cache(folder):
    photos = open_images(folder, short_side=15, cache_bytes=15 * 21 * 3)
    assert photos[0].shape == (15, 20, 3)  # 30 x 41
    assert photos[0] is photos[0]
    assert photos[1] is not photos[1]  # the cache is full
    assert open_images(folder, short_side=500)[0].shape == (30, 41, 3)


def test_bad_sources_are_named(tmp_path):
    with pytest.raises(ValueError, match="`source` must be an existing.*nowhere"):
        open_images(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="`source` holds no pictures"):
        open_images(tmp_path)
    np.savez(tmp_path / "wrong.npz", pictures=noise(4, 4))
    with pytest.raises(ValueError, match="`images`.*pictures"):
        open_images(tmp_path / "wrong.npz")
    np.savez(tmp_path / "float.npz", images=np.zeros((2, 4, 4, 3)))
    with pytest.raises(ValueError, match="uint8.*float64"):
        open_images(tmp_path / "float.npz")
    (tmp_path / "text.md").write_text("x")
    with pytest.raises(ValueError, match="a folder, a zip, an npz or npy file.*text.md"):
        open_images(tmp_path / "text.md")


def many_with_damage(root, damaged, count=200):
    root.mkdir()
    for index in range(count):
        Image.fromarray(noise(4, 4, seed=index)).save(root / f"{index:03d}.png")
    for index in damaged:
        content = (root / f"{index:03d}.png").read_bytes()
        (root / f"{index:03d}.png").write_bytes(content[: len(content) // 2])


def test_unreadable_files_are_skipped_and_named(tmp_path):
    many_with_damage(tmp_path / "photos", [7, 8])
    photos = open_images(tmp_path / "photos")
    np.testing.assert_array_equal(photos[7], noise(4, 4, seed=9))
    assert len(list(photos)) == 200
    assert sorted(photos.unreadable) == ["007.png", "008.png"]


def test_too_many_unreadable_files_stop(tmp_path):
    many_with_damage(tmp_path / "photos", [7, 8, 150])
    with pytest.raises(ValueError, match=r"(?s)3 of 200 pictures.*007.png.*150.png"):
        list(open_images(tmp_path / "photos"))


def test_one_of_a_few_may_be_unreadable(tmp_path):
    for count in (7, 8):
        many_with_damage(tmp_path / f"{count}", [3], count)
    assert len(list(open_images(tmp_path / "8"))) == 8
    assert pack(tmp_path / "8", tmp_path / "shards")["count"] == 7
    with pytest.raises(ValueError, match=r"1 of 7 pictures in .*7 are unreadable \(at most 1% may be\): 003.png"):
        list(open_images(tmp_path / "7"))
    with pytest.raises(ValueError, match=r"1 of 8 pictures in .*8 are unreadable \(at most 0% may be\): 003.png"):
        list(ImageSource(open_source(tmp_path / "8"), max_unreadable=0))
    (tmp_path / "8" / "000.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"(?s)2 of 8 pictures in .*8 are unreadable \(at most 1 may be\): 000.png"):
        list(open_images(tmp_path / "8"))


def test_open_styles(tmp_path):
    Image.fromarray(noise(20, 30)).save(tmp_path / "van_gogh.png")
    Image.fromarray(noise(40, 30)).save(tmp_path / "hokusai.png")
    names, pictures = open_styles(tmp_path, short_side=10)
    assert names == ["hokusai", "van_gogh"]
    assert [p.shape for p in pictures] == [(13, 10, 3), (10, 15, 3)]
    assert all(p.dtype == np.float32 and p.min() >= -1 and p.max() <= 1 and p.min() < -0.2 for p in pictures)
    assert open_styles([tmp_path / "van_gogh.png"], short_side=10)[0] == ["van_gogh"]
    (tmp_path / "hokusai.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match="different names.*hokusai"):
        open_styles(tmp_path, short_side=10)
    with pytest.raises(ValueError, match="cannot read the style picture.*hokusai.jpg"):
        open_styles([tmp_path / "hokusai.jpg"], short_side=10)
    with pytest.raises(ValueError, match="must be a folder"):
        open_styles(tmp_path / "nowhere", short_side=10)


# Crops and batches


def test_crops_are_a_function_of_seed_and_index():
    pictures = [noise(30, 40 + s, seed=s) for s in range(7)]
    batches = list(itertools.islice(Crops(pictures, 16, 3, seed=1), 6))
    assert batches[0].shape == (3, 16, 16, 3) and batches[0].dtype == np.float32
    assert -1 <= min(b.min() for b in batches) < -0.5 < 0.5 < max(b.max() for b in batches) <= 1
    again = Crops(pictures, 16, 3, seed=1)
    np.testing.assert_array_equal(again[5], batches[5])
    np.testing.assert_array_equal(again[0], batches[0])
    assert not np.array_equal(Crops(pictures, 16, 3, seed=2)[0], batches[0])
    one, other = (Crops(pictures[:1], 16, 3, seed=1, stream=stream)[0] for stream in (0, 1))
    assert not np.array_equal(one, other)  # not in their order alone


def test_every_picture_is_used_once_an_epoch():
    pictures = [np.full((4, 4, 3), 10 * s, "uint8") for s in range(10)]
    crops = Crops(pictures, 4, 5)
    for epoch in range(3):
        values = np.concatenate([to_uint8(crops[2 * epoch + i])[:, 0, 0, 0] for i in range(2)])
        assert sorted(values) == [10 * s for s in range(10)]


def test_crop_geometry():
    ramp = np.zeros((64, 96, 3), "uint8")
    ramp[..., 0] = np.arange(96)
    ramp[..., 1] = np.arange(64)[:, None]
    whole = to_uint8(Crops([ramp], (64, 96), 1, scale=(1, 1), flip=False)[0])[0]
    np.testing.assert_array_equal(whole, ramp)  # the whole picture, unscaled
    crops = Crops([ramp], 32, 1, scale=(0.25, 0.75))
    widths, mirrored, corners = [], 0, []
    for batch in itertools.islice(crops, 200):
        crop = to_uint8(batch)[0].astype("float")
        across, down = crop[:, -1, 0] - crop[:, 0, 0], crop[-1, :, 1] - crop[0, :, 1]
        assert abs(abs(across.mean()) - down.mean()) < 3  # no distortion
        widths.append(down.mean() * 32 / 31)
        mirrored += across.mean() < 0
        corners.append(min(crop[0, 0, 0], crop[0, -1, 0]))
    assert 0.25 * 64 - 2 < min(widths) < 0.3 * 64 and 0.7 * 64 < max(widths) < 0.75 * 64 + 2
    assert 60 < mirrored < 140
    assert min(corners) < 10 and max(corners) > 60  # windows reach both sides


def test_tiny_and_extreme_pictures_crop():
    for shape in [(1, 1), (3, 2), (2, 300)]:
        assert Crops([noise(*shape)], 16, 2)[0].shape == (2, 16, 16, 3)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"crop_size": 0}, "`crop_size` must be positive.*0"),
        ({"batch_size": 0}, "`batch_size` must be positive"),
        ({"scale": (0.0, 1.0)}, "`scale` must be"),
        ({"scale": (0.5, 1.5)}, "`scale` must be"),
    ],
)
def test_crops_check_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        Crops([noise(4, 4)], **{"crop_size": 4, "batch_size": 1, **arguments})


def test_style_batches():
    crops = Crops([noise(20, 20)], 8, 500)
    batches = StyleBatches(crops, num_styles=4, mix_probability=0.3, weak_probability=0.2, seed=3)
    batch = batches[0]
    assert set(batch) == {"content", "style_weights", "strength"}
    assert all(array.dtype == np.float32 for array in batch.values())
    assert batch["content"].shape == (500, 8, 8, 3)
    weights = np.concatenate([batches[i]["style_weights"] for i in range(4)])
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-6)
    used = (weights > 0).sum(1)
    assert set(used) == {1, 2} and 0.26 < (used == 2).mean() < 0.34
    np.testing.assert_allclose(weights.mean(0), 0.25, atol=0.04)
    assert 0.7 < weights[used == 2].max(1).mean() < 0.8  # the larger of (u, 1 - u) is 3/4 on average
    strength = np.concatenate([batches[i]["strength"] for i in range(4)])
    assert 0.16 < (strength < 1).mean() < 0.24 and strength.min() >= 0 and strength.max() == 1
    assert 0.4 < strength[strength < 1].mean() < 0.6
    again = StyleBatches(crops, 4, 0.3, 0.2, seed=3)[7]
    for name, array in batches[7].items():
        np.testing.assert_array_equal(array, again[name])
    assert ((StyleBatches(crops, 4, 0.0)[0]["style_weights"] > 0).sum(1) == 1).all()


def test_style_crops_are_pixels_of_the_pictures_and_have_their_strokes():
    picture = noise(24, 30)
    crops = Crops([noise(40, 40)], 16, 8, (0.5, 1.0), seed=1)
    windows = np.lib.stride_tricks.sliding_window_view(picture, (16, 16), axis=(0, 1)).transpose(0, 1, 3, 4, 2)
    pixels = np.concatenate([windows.reshape(-1, 16, 16, 3), windows[..., ::-1, :].reshape(-1, 16, 16, 3)])
    for crop in StyleBatches(crops, 1, 0.0, style_pictures=[to_float(picture)])[0]["style_crops"]:
        assert np.abs(to_float(pixels) - crop).max(axis=(1, 2, 3)).min() < 1e-6


def test_style_crops_show_the_styles_of_the_row():
    pictures = [np.full((30, 40, 3), value, "float32") for value in (-1.0, 0.0, 1.0)]
    batch = StyleBatches(Crops([noise(20, 20)], 8, 300), 3, mix_probability=1.0, style_pictures=pictures)[0]
    assert batch["style_crops"].shape == (300, 8, 8, 3) and batch["mix"].shape == (300, 1, 1, 1)
    shown = np.rint(batch["style_crops"].mean((1, 2, 3)) + 1).astype("int")
    weight = np.take_along_axis(batch["style_weights"], shown[:, None], 1)
    assert (weight > 0).all() and 0.6 < weight.mean() < 0.73  # E[u^2 + (1 - u)^2] = 2/3
    assert 0 <= batch["mix"].min() < 0.1 and 0.9 < batch["mix"].max() < 1


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"num_styles": 1}, "`mix_probability` must be 0 when"),
        ({"mix_probability": 1.5}, "`mix_probability` must be in.*1.5"),
        ({"weak_probability": -0.1}, "`weak_probability` must be in.*-0.1"),
        ({"num_styles": 0}, "`num_styles` must be positive.*0"),
        ({"style_pictures": [np.zeros((4, 4, 3))]}, "`style_pictures` must hold 4.*1"),
    ],
)
def test_style_batches_check_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        StyleBatches(Crops([noise(4, 4)], 4, 1), **{"num_styles": 4, **arguments})


# Feed


class Numbers:
    def __init__(self, seconds=0.0):
        self.seconds = seconds

    def __getitem__(self, index):
        if index == 13:
            raise ValueError("unlucky batch")
        time.sleep(self.seconds)
        return {"content": np.full((2, 1), index, "float32")}


def test_feed_keeps_order_and_starts_anywhere():
    feed = Feed(Numbers(), start=5, threads=3, ahead=3)
    assert [feed[i]["content"][0, 0] for i in range(6)] == [5, 6, 7, 8, 9, 10]
    assert feed[0]["content"][0, 0] == 5  # and back
    with pytest.raises(ValueError, match="unlucky batch"):
        feed[8]
    feed.close()


def test_feed_counts_seconds_waited():
    fast = Feed(Numbers(0.002), ahead=2)
    for index in range(5):
        fast[index]
        time.sleep(0.03)
        fast.step_done()
    slow = Feed(Numbers(0.05), threads=1, ahead=2)
    for index in range(5):
        slow[index]
        slow.step_done()
    assert fast.seconds_waited < 0.1 and slow.seconds_waited > 0.2
    fast.close()
    slow.close()


def test_batches_asked_for_early_are_not_waited_for():
    feed = Feed(Numbers(0.05), threads=1, ahead=0)
    feed[0], feed[1]  # a consumer that runs ahead of training, as in `fit` on TensorFlow
    waited = []
    for _ in range(2):
        feed.step_done()
        waited.append(feed.seconds_waited)
    assert waited[0] > 0.04 and waited[1] == pytest.approx(waited[0], abs=1e-3)
    feed.close()


def test_a_feed_does_not_grow_where_nobody_counts_steps(monkeypatch):
    monkeypatch.setattr("keras_stylegan.data.feed._TIMES_KEPT", 5)
    feed = Feed(range(100), ahead=2)
    assert [feed[index] for index in range(40)] == list(range(40))
    feed.close()
    assert len(feed._times) == 5


def test_feed_in_fit_goes_on_over_epochs():
    import keras

    class Seen(keras.Model):
        def __init__(self):
            super().__init__()
            self.total = self.add_weight(shape=(), initializer="zeros")
            self.built = True

        def train_step(self, data):
            self.total.assign_add(data["content"][0, 0])
            return {"total": self.total.value}

    model = Seen()
    model.compile()
    feed = Feed(Numbers(), start=2)
    model.fit(feed, steps_per_epoch=2, epochs=3, verbose=0, shuffle=False)
    assert float(model.total) == 2 + 3 + 4 + 5 + 6 + 7
    feed.close()
