"""Features of sets of pictures: streams in bounded memory, what is kept on disk, pictures that cannot be read."""

import numpy as np
import pytest
from PIL import Image

from keras_stylegan import metrics
from keras_stylegan.data import pack
from keras_stylegan.metrics import FeatureSet, ImageScores, cached_features, content_hash
from keras_stylegan.metrics.evaluation import evaluate_images


def feature_set(array, batch=64, logits=None, **arguments):
    kept = FeatureSet(**arguments)
    for start in range(0, len(array), batch):
        part = slice(start, start + batch)
        kept.update(array[part], None if logits is None else logits[part])
    return kept


def test_streaming_equals_one_batch():
    random = np.random.default_rng(2)
    array = random.normal(size=(500, 4)) @ random.normal(size=(4, 4)) + 100.0
    whole = feature_set(array, batch=500)
    for batch in (1, 7, 128):
        parts = feature_set(array, batch)
        np.testing.assert_allclose(parts.mean, array.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(parts.covariance, np.cov(array, rowvar=False), rtol=1e-10)
        np.testing.assert_array_equal(parts.features, whole.features)
        assert len(parts) == 500


def test_memory_is_bounded_and_the_sample_is_even():
    hits = np.zeros(1000)
    for seed in range(60):
        kept = feature_set(np.arange(1000.0)[:, None], max_features=100, seed=seed)
        assert kept.features.shape == (100, 1) and kept.count == 1000
        assert len(set(kept.features.ravel())) == 100
        hits[kept.features.astype(int).ravel()] += 1
    # 6 hits are expected of each; over 250 neighbours their mean has a deviation of about 0.15.
    assert hits.reshape(4, 250).mean(axis=1) == pytest.approx(6.0, abs=0.6)
    same = [feature_set(np.arange(1000.0)[:, None], max_features=100, seed=3).features for _ in range(2)]
    np.testing.assert_array_equal(*same)


def test_feature_sets_come_back_from_disk(tmp_path):
    random = np.random.default_rng(3)
    kept = feature_set(random.normal(size=(50, 3)), logits=random.normal(size=(50, 2)), max_features=20)
    kept.save(tmp_path / "set.npz")
    loaded = FeatureSet.load(tmp_path / "set.npz")
    assert (loaded.count, loaded.max_features) == (50, 20)
    for name in ("mean", "covariance", "features", "logits"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(kept, name))


def write_pictures(folder, count):
    """Noise, as 000.png and so on."""
    random = np.random.default_rng(7)
    folder.mkdir()
    for index in range(count):
        Image.fromarray(random.integers(0, 256, (6, 5, 3), dtype="uint8")).save(folder / f"{index:03d}.png")


class Colours:
    """Stands for a feature extractor: mean colours, and the colours again as logits."""

    name, classifies, batch_size = "colours", True, 8

    def __init__(self):
        self.calls = 0

    def prepare(self, picture):
        return metrics.resize(picture, 8, "box")

    def extract(self, prepared):
        self.calls += 1
        means = np.stack([picture.mean(axis=(0, 1)) for picture in prepared])
        return means, means

    def __call__(self, images):
        return self.extract([self.prepare(image) for image in images])

    def protocol(self):
        return {"name": self.name, "weights": "none", "size": 8, "resize": "box"}


def test_image_scores_stream():
    random = np.random.default_rng(6)
    real, fake = random.integers(0, 256, (2, 24, 9, 7, 3), dtype="uint8")
    scores = ImageScores(Colours(), ("kid", "recall", "inception_score"))
    scores.update_state(real=real)
    results = []
    for batches in ([fake], [fake[:5], list(fake[5:]), fake[:0]]):
        scores.reset_state()
        for batch in batches:
            scores.update_state(batch)
        results.append(scores.result())
    assert results[0] == pytest.approx(results[1])
    names = ["KID-colours", "KID-colours_std", "recall-colours", "IS-colours", "IS-colours_std"]
    assert list(results[0]) == names and scores.real.count == 24
    scores.reset_state()
    with pytest.raises(ValueError, match="`fake` must have at least 2 images. Received: 0"):
        scores.result()


def test_pictures_that_cannot_be_read_are_left_out_and_named_again_from_the_cache(tmp_path):
    folder, cache = tmp_path / "pictures", tmp_path / "cache"
    write_pictures(folder, 200)
    whole, _ = cached_features(folder, Colours())
    for index in (3, 8):
        (folder / f"{index:03d}.png").write_bytes(b"broken")
    for _ in range(2):
        with pytest.warns(UserWarning, match="cannot be read are left out: 003.png, 008.png"):
            found, _ = cached_features(folder, Colours(), folder=cache)
        assert found.count == 198
        np.testing.assert_array_equal(found.features, np.delete(whole.features, (3, 8), axis=0))


def test_nearest_pictures_are_shown_of_those_that_can_be_read(tmp_path, monkeypatch):
    for name in ("real", "fake"):
        write_pictures(tmp_path / name, 120)
    (tmp_path / "fake" / "000.png").write_bytes(b"broken")
    given = []
    monkeypatch.setattr("keras_stylegan.metrics.evaluation.nearest_sheet", lambda *sets: given.extend(sets))
    with pytest.warns(UserWarning, match="left out: 000.png"):
        folders = tmp_path / "real", tmp_path / "fake"
        record = evaluate_images(*folders, Colours(), ("recall",), nearest=lambda sheet: None, resamples=0)
    assert record["fake"]["images"] == 119
    for pictures, features, count in ((*given[:2], 119), (*given[2:], 120)):
        assert len(pictures) == len(features) == count
        np.testing.assert_array_equal(Colours()(list(pictures))[0], features)


def test_room_for_features_is_taken_as_they_come():
    random = np.random.default_rng(3)
    batches = [random.normal(size=(count, 4)) for count in (3, 50, 1, 200)]
    for most, kept in ((10**12, 254), (100, 100), (53, 53)):
        features = FeatureSet(most)
        for batch in batches:
            features.update(batch)
        assert features.features.shape == (kept, 4) and features.count == 254
        together = np.concatenate(batches)
        rows = {row.tobytes() for row in together}
        assert all(row.tobytes() in rows for row in features.features)
        if most > 254:
            np.testing.assert_array_equal(features.features, together)


def test_a_reference_is_extracted_once(tmp_path):
    folder, cache = tmp_path / "pictures", tmp_path / "cache"
    write_pictures(folder, 11)
    extractor = Colours()
    first, content = cached_features(folder, extractor, folder=cache)
    assert extractor.calls == 2 and content == content_hash(folder)
    second, _ = cached_features(folder, extractor, folder=cache)
    assert extractor.calls == 2
    np.testing.assert_array_equal(first.features, second.features)
    file = next(cache.iterdir())
    file.write_bytes(b"damaged")
    cached_features(folder, extractor, folder=cache)
    assert extractor.calls == 4 and FeatureSet.load(file).count == 11
    Image.fromarray(np.zeros((6, 5, 3), "uint8")).save(folder / "000.png")
    changed, other = cached_features(folder, extractor, folder=cache)
    assert extractor.calls == 6 and other != content and not np.array_equal(changed.features, first.features)
    cached_features(folder, extractor, max_features=5, folder=cache)
    assert extractor.calls == 8
    # Shards, which are no files by the names of their pictures, are sources too.
    for store in ("bytes", "pixels"):
        pack(folder, tmp_path / store, store=store)
        assert len(content_hash(tmp_path / store)) == 64
    assert content_hash(tmp_path / "bytes") != content_hash(tmp_path / "pixels")
