"""What all kinds of batches share: by number, by iteration, as a `tf.data.Dataset`, and from any position on."""

import itertools

import numpy as np
import pytest
from stand_in import photograph

from keras_stylegan import data

PHOTOGRAPHS = [photograph(30, 26, seed) for seed in range(5)]


def crops(batch_size=3, seed=2):
    return data.Crops(PHOTOGRAPHS, 16, batch_size, seed=seed)


KINDS = {
    "crops": lambda **options: crops(**options),
    "images": lambda **options: data.Batches([crops(**options)]),
    "degraded": lambda **options: data.DegradedBatches(crops(**options), data.Degradation()),
    "harmonization": lambda **options: data.HarmonizationPairs(crops(**options), {"light": 1.0}, seed=2),
    "styles": lambda **options: data.StyleBatches(crops(**options), 3, seed=2),
    "style_pictures": lambda **options: data.StylePictureBatches(
        crops(**options), PHOTOGRAPHS[:2], [0, None], 3, seed=2
    ),
}


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


def parts(batch):
    return batch if isinstance(batch, dict) else {"images": batch}


def assert_equal(ours, theirs):
    assert parts(ours).keys() == parts(theirs).keys()
    for name, array in parts(ours).items():
        np.testing.assert_array_equal(array, parts(theirs)[name])


def test_a_stop_changes_nothing(kind):
    expected, stopped = [kind()[index] for index in range(5)], kind()
    for ours, theirs in zip(itertools.islice(stopped, 2), expected, strict=False):
        assert_equal(ours, theirs)
    assert stopped.state() == {"seed": 2, "images_seen": 6}
    resumed = kind()
    resumed.restore(stopped.state())
    for ours, theirs in zip(itertools.islice(resumed, 3), expected[2:], strict=True):
        assert_equal(ours, theirs)
    assert resumed.images_seen == 15
    with pytest.raises(ValueError, match="`state` must be of seed 2. Received: seed=7"):
        resumed.restore({"seed": 7, "images_seen": 0})
    with pytest.raises(IndexError, match="`index` must not be negative. Received: index=-1"):
        resumed[-1]


def test_pictures_do_not_depend_on_the_batch_size(kind):
    small, large = kind(), kind(batch_size=6)
    name = next(iter(parts(large[0])))
    joined = np.concatenate([parts(small[index])[name] for index in (0, 1)])
    np.testing.assert_array_equal(joined, parts(large[0])[name])
    np.testing.assert_array_equal(joined[1:4], parts(small.at(1))[name])


@pytest.mark.parametrize("name", ["crops", "degraded"])
def test_datasets_hold_the_same(name):
    pytest.importorskip("tensorflow")
    batches = KINDS[name]()
    for index, batch in enumerate(batches.dataset(images_seen=3).take(2)):
        assert_equal({k: np.array(v) for k, v in parts(batch).items()}, batches[index + 1])


def test_all_know_what_they_skip(kind):
    (source,) = kind().sources()
    assert len(source) == 5


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="`batch_size` must be positive. Received: batch_size=0"):
        crops(batch_size=0)
    with pytest.raises(ValueError, match="`threads` must be positive. Received: threads=0"):
        data.Batches([crops()], threads=0)
