"""Scores of generated images: values by hand, by torch-fidelity and prdc, and of sets whose answer is known."""

import json
import math
import warnings

import numpy as np
import pytest
from record_torch_fidelity import RECORDED, features, generate, latents, logits
from test_feature_sets import feature_set

from keras_stylegan import metrics
from keras_stylegan.metrics import FeatureSet, ScoreSettings, score_features
from keras_stylegan.metrics.frechet import frechet_distance_of_vectors

PEERS = json.loads(RECORDED.read_text())
CASES = {"tall": 500, "wide": 100}


@pytest.mark.parametrize("case", CASES)
def test_equal_to_torch_fidelity_and_prdc(case):
    real, fake = (feature_set(array) for array in features(case))
    settings = ScoreSettings(kid_subsets=20, kid_subset_size=CASES[case])
    with pytest.warns(UserWarning, match="at least 2048, or KID"):
        scores = score_features(real, fake, metrics.METRICS[:-1], settings)
    peer = PEERS[case]
    assert scores["fd"] == pytest.approx(peer["frechet_inception_distance"], rel=1e-4)
    assert scores["kid"] == pytest.approx(peer["kernel_inception_distance_mean"], rel=1e-4)
    assert scores["kid_std"] == pytest.approx(peer["kernel_inception_distance_std"], rel=1e-4)
    assert (scores["precision"], scores["recall"]) == pytest.approx((peer["precision"], peer["recall"]), rel=1e-4)
    assert (scores["density"], scores["coverage"]) == pytest.approx(
        (peer["prdc"]["density"], peer["prdc"]["coverage"]), rel=1e-4
    )
    both = metrics.precision_recall(real.features, fake.features, num_neighbors=5)
    assert both == pytest.approx((peer["prdc"]["precision"], peer["prdc"]["recall"]), rel=1e-4)


def test_inception_score_is_torch_fidelitys():
    peer = PEERS["inception_score"]
    expected = peer["inception_score_mean"], peer["inception_score_std"]
    assert metrics.inception_score(logits()) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name, peer", [("linear", "lerp"), ("spherical", "slerp_unit")])
def test_path_length_is_torch_fidelitys(name, peer):
    figures = metrics.perceptual_path_length(
        generate, lambda a, b: np.square(a - b).mean(axis=(1, 2, 3)), latents(), latents()[::-1], interpolation=name
    )
    expected = PEERS["path_length"][peer]
    wanted = expected["perceptual_path_length_mean"], expected["perceptual_path_length_std"]
    assert figures == pytest.approx(wanted, rel=1e-4)


def test_frechet_distance_by_hand():
    """Diagonal covariances: (3 - 1)^2 + (sqrt(4) - sqrt(1))^2 + (sqrt(9) - sqrt(25))^2."""
    distance = metrics.frechet_distance([3.0, 0.0], np.diag([4.0, 9.0]), [1.0, 0.0], np.diag([1.0, 25.0]))
    assert distance == pytest.approx(4 + 1 + 4)
    assert metrics.frechet_distance([1.0], [[0.0]], [1.0], [[0.0]]) == 0.0


def test_frechet_distance_is_symmetric_and_keeps_small_differences_of_large_numbers():
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 5)) + 1e4
    a, b = feature_set(x), feature_set(x + 1e-2)
    forth = metrics.frechet_distance(a.mean, a.covariance, b.mean, b.covariance)
    assert forth == pytest.approx(5e-4, rel=1e-3)
    assert metrics.frechet_distance(b.mean, b.covariance, a.mean, a.covariance) == pytest.approx(forth, rel=1e-6)


@pytest.mark.parametrize("counts", [(40, 9), (9, 40), (7, 6)])
def test_frechet_distance_of_fewer_images_than_features(counts):
    random = np.random.default_rng(1)
    mixing = random.normal(size=(20, 20))
    real, fake = (feature_set(random.normal(size=(count, 20)) @ mixing + shift) for shift, count in enumerate(counts))
    expected = metrics.frechet_distance(real.mean, real.covariance, fake.mean, fake.covariance)
    with pytest.warns(UserWarning, match="biased"):
        assert score_features(real, fake, ["fd"])["fd"] == pytest.approx(expected, rel=1e-6)
    assert frechet_distance_of_vectors(real.features, fake.features) == pytest.approx(expected, rel=1e-6)


def test_kernel_distance_by_hand():
    """One feature, kernel (xy + 1)^3: real 0 and 1, generated 1 and 2 (the second pair of each is the same)."""
    real, fake = np.array([[0.0], [1.0]]), np.array([[1.0], [2.0]])
    within = 1.0 + 27.0
    across = (1 + 1 + 8 + 27) / 4
    mean, deviation = metrics.kernel_distance(real, fake, num_subsets=3, subset_size=2)
    assert (mean, deviation) == pytest.approx((within - 2 * across, 0.0))


def test_neighbors_by_hand():
    """On a line; k=1. Real balls: 0±1, 1±1, 5±4; generated balls: 0.5±9.5, 10±9.5."""
    real, fake = np.array([[0.0], [1.0], [5.0]]), np.array([[0.5], [10.0]])
    assert metrics.neighbor_distances(real, 1).tolist() == pytest.approx([1, 1, 4])
    assert metrics.precision_recall(real, fake, num_neighbors=1) == pytest.approx((1 / 2, 1.0))
    # 0.5 lies in the balls of 0 and 1; 10 in none; 0.5 is 4.5 from 5.
    assert metrics.density_coverage(real, fake, num_neighbors=1) == pytest.approx((2 / 2, 2 / 3))


def test_nearest_neighbors_by_hand():
    features, references = np.array([[0.0], [4.0]]), np.array([[9.0], [1.0], [3.0]])
    places, distances = metrics.nearest_neighbors(features, references, 2)
    assert places.tolist() == [[1, 2], [2, 1]] and np.allclose(distances, [[1, 3], [1, 3]])
    for wrong in (0, 4):
        with pytest.raises(
            ValueError, match=f"from 1 to the 3 images of `references`. Received: num_neighbors={wrong}"
        ):
            metrics.nearest_neighbors(features, references, wrong)


def test_sheet_of_nearest_pictures():
    def pictures(greys, side):
        return [np.full((side, side, 3), grey, "uint8") for grey in greys]

    fake, real = [10, 52, 90, 130, 170], [0, 51, 100, 165, 250]
    # The grey is the feature; real pictures are larger.
    features = [np.array(greys, "float64")[:, None] for greys in (fake, real)]
    sheet = metrics.nearest_sheet(pictures(fake, 8), features[0], pictures(real, 16), features[1], 4, 2)
    shown = np.asarray(sheet)
    assert sheet.size == (4 * 8, 3 * 8 + 1) and (shown[8] == 255).all()
    # Both ends of the set, then those nearest to a real one, the nearest last.
    assert shown[4, 4::8, 0].tolist() == [10, 170, 170, 52]
    assert shown[13, 4::8, 0].tolist() == [0, 165, 165, 51] and shown[21, 4::8, 0].tolist() == [51, 100, 100, 100]
    few = metrics.nearest_sheet(pictures(fake[:1], 8), features[0][:1], pictures(real[:1], 16), features[1][:1])
    assert few.size == (8, 17)
    large = [np.zeros((300, 600, 3), "uint8")]
    assert metrics.nearest_sheet(large, np.zeros((1, 1)), large, np.zeros((1, 1))).size == (256, 128 + 16 + 128)
    with pytest.raises(ValueError, match="`real_features` must be those of the 4 pictures. Received: 5"):
        metrics.nearest_sheet(pictures(fake, 8), features[0], pictures(real[:4], 8), features[1])


def test_collapse_costs_recall_and_noise_costs_precision():
    random = np.random.default_rng(1)
    real = random.normal(size=(300, 6))
    collapsed, wide = 0.05 * random.normal(size=(300, 6)), 6.0 * random.normal(size=(300, 6))
    assert metrics.precision_recall(real, collapsed)[0] > 0.95 and metrics.precision_recall(real, collapsed)[1] < 0.05
    assert metrics.precision_recall(real, wide)[0] < 0.1 and metrics.precision_recall(real, wide)[1] > 0.9
    assert metrics.density_coverage(real, wide)[1] < 0.2 < 0.9 < metrics.density_coverage(real, real + 1e-3)[1]


def test_inception_score_by_hand():
    """Certain and evenly spread over 4 classes: 4. Undecided, or of one class: 1."""
    even = 1000.0 * np.eye(4)[np.arange(40) % 4]
    assert metrics.inception_score(even, num_splits=1) == pytest.approx((4.0, 0.0))
    assert metrics.inception_score(np.zeros((40, 4)), num_splits=2) == pytest.approx((1.0, 0.0))
    assert metrics.inception_score(even[:1].repeat(40, 0), num_splits=2) == pytest.approx((1.0, 0.0))
    half = np.log([[0.5, 0.5], [1e-300, 1.0]])
    by_hand = math.exp(0.5 * (0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)) + 0.5 * math.log(1 / 0.75))
    assert metrics.inception_score(half, num_splits=1)[0] == pytest.approx(by_hand)
    whole = score_features(*normal_sets(1, 40), ("inception_score",), ScoreSettings(inception_splits=1))
    logits = normal_sets(1, 40)[1].logits
    assert whole == {"inception_score": metrics.inception_score(logits, num_splits=1)[0], "inception_score_std": 0}


def normal_sets(seed, count, shift=0.0):
    random = np.random.default_rng(seed)
    real, fake = random.normal(size=(2, count, 4))
    return feature_set(real, count), feature_set(1.2 * fake + shift, count, 2 * random.normal(size=(count, 5)))


def test_intervals_are_as_wide_as_fresh_samples_spread():
    """Of sets drawn anew and scored, the deviation; the halves of one pair of sets must tell it."""
    settings = ScoreSettings(kid_subsets=1, kid_subset_size=80, inception_splits=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        fresh = [score_features(*normal_sets(seed, 80, 0.4), metrics.METRICS, settings) for seed in range(100, 160)]
    told = [metrics.score_intervals(*normal_sets(seed, 80, 0.4), metrics.METRICS, settings, 40) for seed in range(6)]
    for name in metrics.METRICS:
        spread = np.std([scores[name] for scores in fresh])
        width = np.mean([intervals[name]["high"] - intervals[name]["low"] for intervals in told]) / (2 * 1.96)
        assert 0.7 < width / spread < 1.5, name
    # A bias that falls as 1/n: the score exceeds its limit by as much as that of halves exceeds it. KID has none.
    limit = 4 * (0.4**2 + 0.2**2)
    assert np.mean([scores["fd"] for scores in fresh]) - limit == pytest.approx(
        np.mean([intervals["fd"]["half"] for intervals in told]) - np.mean([scores["fd"] for scores in fresh]), abs=0.2
    )


def test_intervals_of_halves():
    real, fake = normal_sets(1, 21, 5.0)
    intervals = metrics.score_intervals(real, fake, ("kid", "precision", "coverage", "inception_score"), seed=3)
    assert intervals["precision"]["high"] <= 1 and intervals["precision"]["low"] >= 0
    assert intervals["coverage"] is not None and intervals["inception_score"] is not None
    assert intervals == metrics.score_intervals(real, fake, ("kid", "precision", "coverage", "inception_score"), seed=3)
    few = metrics.score_intervals(*normal_sets(1, 8), ("precision", "coverage", "kid"))
    assert few["coverage"] is None and few["precision"] is not None and few["kid"] is not None
    assert metrics.score_intervals(*normal_sets(1, 3), ("fd", "recall")) == {"fd": None, "recall": None}
    narrow, wide = (metrics.score_intervals(real, fake, ("kid",), confidence=share)["kid"] for share in (0.5, 0.95))
    assert wide["low"] < narrow["low"] < narrow["high"] < wide["high"] and wide["half"] == narrow["half"]
    for arguments, rule in (({"resamples": 1}, "`resamples` must be at least 2"), ({"confidence": 1}, "`confidence`")):
        with pytest.raises(ValueError, match=rule):
            metrics.score_intervals(real, fake, ("fd",), **arguments)


def test_path_length_of_a_line():
    """A picture that moves by 3 per unit of latent has d / epsilon^2 = 9 everywhere, at any t."""

    def distance(a, b):
        return np.square(a - b).sum(axis=(1, 2, 3))

    starts, ends = np.zeros((10, 1)), np.ones((10, 1))
    for sampling in ("end", "full"):
        mean, deviation = metrics.perceptual_path_length(
            lambda z: 3 * z.reshape(-1, 1, 1, 1), distance, starts, ends, sampling=sampling, batch_size=4
        )
        assert (mean, deviation) == pytest.approx((9.0, 0.0), rel=1e-6, abs=1e-6)


def test_path_length_of_a_parabola():
    """It moves by 2t per unit of latent: nothing at the start, 4 t^2 squared, 4/3 in the mean of all t."""
    zeros, means = np.zeros((4000, 1)), {}
    for sampling in ("end", "full"):
        means[sampling], _ = metrics.perceptual_path_length(
            lambda z: z**2, lambda a, b: np.square(a - b)[:, 0], zeros, zeros + 1, sampling=sampling,
            batch_size=4000, discard=(0, 100),
        )  # fmt: skip
    assert means == pytest.approx({"end": 0, "full": 4 / 3}, abs=0.06)


@pytest.mark.parametrize(
    "arguments, rule",
    [
        ({"interpolation": "bent"}, '`interpolation` must be "linear" or "spherical"'),
        ({"sampling": "some"}, '`sampling` must be "end" or "full"'),
        ({"epsilon": 0.0}, "`epsilon` must be positive"),
        ({"ends": np.zeros((3, 2))}, "`starts` and `ends` must have one shape"),
    ],
)
def test_path_length_refuses(arguments, rule):
    given = {"starts": np.zeros((4, 2)), "ends": np.ones((4, 2)), **arguments}
    with pytest.raises(ValueError, match=rule):
        metrics.perceptual_path_length(lambda z: z, lambda a, b: a, **given)


@pytest.mark.parametrize(
    "call, rule",
    [
        (lambda s: s.update(np.zeros(3)), r"`features` must have the shape \(batch, 2\). Received: \(3,\)"),
        (lambda s: s.update(np.zeros((1, 3))), r"`features` must have the shape \(batch, 2\). Received: \(1, 3\)"),
        (lambda s: s.update(np.full((1, 2), np.nan)), "`features` must be finite"),
        (lambda s: FeatureSet(1), "`max_features` must be at least 2. Received: max_features=1"),
        (lambda s: score_features(s, s, ["fdd"]), "Close to it: fd. Received: 'fdd'"),
        (lambda s: score_features(s, s, ["zzzz"]), "There are: fd, kid, precision, recall"),
        (lambda s: score_features(s, s, []), "`metrics` must name each metric once, and at least one"),
        (lambda s: score_features(s, s, ["fd", "fd"]), "`metrics` must name each metric once"),
        (lambda s: score_features(s, FeatureSet()), "`fake` must have at least 2 images. Received: 0"),
        (lambda s: score_features(s, s, ["inception_score"]), "only with an extractor that classifies"),
        (lambda s: score_features(s, s, ["recall"]), "`num_neighbors` must be at least 1 and less than the 3 images"),
        (lambda s: metrics.density_coverage(s.features, s.features[:1], 1), "the 1 images of `fake`"),
        (lambda s: metrics.kernel_distance(s.features, s.features, 1, 4), "from 2 to the number of images, 3"),
        (lambda s: metrics.inception_score(np.zeros((3, 2)), 4), "from 1 to the number of images, 3"),
        (lambda s: metrics.resize(np.zeros((2, 2, 3), "uint8"), 4, "cubic"), "`resize` must be one of box"),
        (lambda s: metrics.resize(np.zeros((2, 2, 3)), 4, "box"), r"`picture` must be uint8 of shape"),
    ],
)
def test_mistakes(call, rule):
    with pytest.raises(ValueError, match=rule):
        call(feature_set(np.random.default_rng(4).normal(size=(3, 2))))


def test_resize_filters():
    random = np.random.default_rng(5)
    picture = random.integers(0, 256, (64, 48, 3), dtype="uint8")
    np.testing.assert_array_equal(metrics.resize(picture[:48], 48, "lanczos"), picture[:48])
    np.testing.assert_allclose(metrics.resize(picture, 16, "box")[0, 0], picture[:4, :3].mean(axis=(0, 1)), rtol=1e-5)
    # TensorFlow 1 takes pixel (4i, 3j) and no other.
    np.testing.assert_allclose(metrics.resize(picture, 16, "tensorflow1"), picture[::4, ::3], rtol=1e-6)
    ramp = np.arange(0, 250, 10, dtype="uint8")[None, :, None].repeat(25, 0).repeat(3, 2)
    # Twice as large: every other pixel lies half way to the next, and the last has no next.
    assert metrics.resize(ramp, 50, "tensorflow1")[0, :4, 0].tolist() == [0, 5, 10, 15]
    assert metrics.resize(ramp, 50, "tensorflow1")[0, -1, 0] == 240
    assert len({metrics.resize(picture, 20, name).tobytes() for name in metrics.RESIZE_FILTERS}) == 5


def test_only_the_network_of_2015_has_an_fid():
    from keras_stylegan.metrics.names import label

    assert [label(name, "inception-2015") for name in ("fd", "kid_std", "recall")] == [
        "FID", "KID_std", "recall-inception-2015"
    ]  # fmt: skip
    assert label("fd", "inception_v3") == "FD-inception_v3" and label("kid", "compact") == "KID-compact"
