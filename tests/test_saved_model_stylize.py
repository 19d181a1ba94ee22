"""A SavedModel paints what Keras paints, and refuses what it should."""

import numpy as np
import pytest
import tensorflow as tf
from serving_stand_in import as_strings, header_of_a_huge_png
from stand_in import photograph
from toy_saved_model import REST, ask, encoded, predictor_run, rows, stylizer_run

from keras_stylegan import pretrained
from keras_stylegan.exporters import saved_model_checks
from keras_stylegan.exporters.package_files import half_precision
from keras_stylegan.exporters.saved_model_images import pad_to_stride
from keras_stylegan.exporters.sources import open_source
from keras_stylegan.inference import KerasRuntime, runtimes
from keras_stylegan.keras_files import load_network
from keras_stylegan.serving import Client

VECTOR = 159  # numbers of the tiny network's style
IMAGE = np.zeros((2, 64, 64, 3), "uint8")


@pytest.fixture(scope="module")
def network():
    return open_source(stylizer_run()).network


def test_every_size_is_painted_as_keras_paints_it(served, network):
    mixed, runtime = rows([[0, 1, 3], [1, 0, 0]], 1.0, 0.5), KerasRuntime(network, 8)
    for height, width in ((64, 72), (37, 100), (1, 1), (2, 70)):
        image = np.stack([photograph(width, height, seed) for seed in (1, 2)])
        painted = ask(served, "stylize_weights", image=image, **mixed)["stylized"]
        assert painted.shape == image.shape and painted.dtype == np.uint8
        mixtures = ([0, 0.25, 0.75], [1, 0, 0])
        for one, result, weights, strength in zip(image, painted, mixtures, [1.0, 0.5], strict=True):
            expected = runtime.run(one, np.array(weights), strength).astype(int)
            assert np.abs(result - expected).max() <= 1
            assert height < 3 or np.abs(expected - one).mean() > 3


def test_the_client_asks_for_no_more_than_a_server_takes():
    assert Client.max_pixels == saved_model_checks.MAX_PIXELS


def test_padding_is_that_of_the_other_runtimes():
    for size in ((64, 64), (1, 5), (3, 67), (90, 129)):
        image = photograph(size[1], size[0])
        expected, crop = runtimes.pad_to_stride(image, 8)
        padded, (top, left, height, width) = pad_to_stride(image[None], 8)
        np.testing.assert_array_equal(padded[0], expected)
        assert crop == (slice(top, top + height), slice(left, left + width))


def test_strength_0_is_the_photograph(served):
    image = photograph(70, 66)[None]
    for signature in ("stylize_weights", "serving_default"):
        np.testing.assert_array_equal(ask(served, signature, image=image, **rows([[0, 1, 0]], 0))["stylized"], image)


def test_a_style_vector_paints_as_the_style_does(served, network):
    image = photograph(64, 64)[None]
    vectors = 0.5 * np.asarray(network.bank.vectors)
    for strength in (0.1, 1.0):
        by_weights = ask(served, "stylize_weights", image=image, **rows([[0, 1, 1]], strength))["stylized"]
        for shares, own in ([0, 0, 0], vectors[1] + vectors[2]), ([0, 0.5, 0], vectors[2]):
            mixture = {**rows([shares], strength), "style_vector": own[None] / 2}
            by_vector = ask(served, "stylize_vector", image=image, **mixture)["stylized"].astype(int)
            assert np.abs(by_vector - by_weights).max() <= 1


def test_regions_are_painted_as_keras_paints_them(served, network):
    rng, runtime = np.random.default_rng(0), KerasRuntime(network, 8)
    weights = np.float32([[[0.5, 0.5, 0], [0, 0, 0.5]], [[1, 0, 0], [0, 0, 0]]])
    vectors = rng.normal(0, 0.3, (2, 2, VECTOR)).astype("float32") * np.float32([[[0], [0.5]], [[0], [1]]])
    styles = {"style_weights": weights, "style_vectors": vectors, "strength": np.float32([1, 0.6])}
    for height, width in ((64, 72), (30, 50)):
        image = np.stack([photograph(width, height, seed) for seed in (1, 2)])
        masks = rng.uniform(0, 0.5, (2, height, width, 2)).astype("float32")
        masks[:, : height // 2] = [1, 0]
        masks[:, :, : width // 4] = 0
        painted = ask(served, "stylize_regions", image=image, masks=masks, **styles)["stylized"]
        for i, result in enumerate(painted):
            expected = runtime.run_regions(image[i], masks[i], weights[i], styles["strength"][i], vectors[i])
            assert np.abs(result - expected.astype(int)).max() <= 1
            assert np.abs(expected.astype(int) - image[i])[:, width // 4 :].mean() > 3
        np.testing.assert_array_equal(painted[:, :, : width // 4], image[:, :, : width // 4])


def test_a_picture_has_the_style_that_the_predictor_says(served):
    pictures = np.stack([photograph(40, 24, seed) for seed in (3, 4)])
    vectors = ask(served, "predict_style", picture=pictures)["style_vector"]
    predictor = load_network(predictor_run() / "predictor.keras")
    np.testing.assert_allclose(vectors, predictor(pictures.astype("float32") / 127.5 - 1), rtol=1e-3, atol=1e-4)
    assert np.abs(vectors[0] - vectors[1]).max() > 0.01


def test_names_travel(served, network):
    answer = ask(served, "style_names", index=np.array([2, 0], "int32"))
    assert [name.decode() for name in answer["name"]] == ["chalk é", "ink"] and list(answer["total"]) == [3, 3]
    assert {space.decode() for space in answer["space"]} == {pretrained.style_space(half_precision(network)[0])}


IMAGE = np.zeros((2, 64, 64, 3), "uint8")

VECTOR = 159  # numbers of the tiny network's style

JPEG = encoded("RGB", (64, 64), "JPEG")


def regions(**changes):
    """A right request with one region, but for the changes."""
    styles = {"style_weights": np.float32([[[1, 0, 0]]]), "style_vectors": np.zeros((1, 1, VECTOR), "float32")}
    masks = np.ones((1, 64, 64, 1), "float32")
    return {"image": IMAGE[:1], "masks": masks, **styles, "strength": REST["strength"], **changes}


BAD = {
    "no style": ("stylize_weights", {"image": IMAGE, **rows([[0, 0, 0], [1, 0, 0]], 1, 1)}, "a weight above 0"),
    "negative": ("stylize_weights", {"image": IMAGE, **rows([[1, -1, 1], [1, 0, 0]], 1, 1)}, "must not be negative"),
    "not finite": ("stylize_weights", {"image": IMAGE, **rows([[1, np.nan, 1], [1, 0, 0]], 1, 1)}, "must be finite"),
    "few rows": ("stylize_weights", {"image": IMAGE, **REST}, r"`style_weights` must have shape \(batch, 3\), a"),
    "strength": ("stylize_weights", {"image": IMAGE[:1], **rows([[1, 0, 0]], 1.5)}, "`strength` must be from 0 to 1"),
    "no number": ("stylize_weights", {"image": IMAGE[:1], **rows([[1, 0, 0]], np.nan)}, "`strength` must be from 0"),
    "strengths": ("stylize_weights", {"image": IMAGE[:1], **rows([[1, 0, 0]], 1, 1)}, "one for each of the batch"),
    "sum": (
        "stylize_vector",
        {"image": IMAGE[:1], **rows([[1, 0.5, 0]], 1), "style_vector": np.zeros((1, VECTOR), "float32")},
        "sums of at most 1",
    ),
    "regions": ("stylize_regions", regions(masks=np.ones((1, 64, 64, 2), "float32")), "at most 1 at each pixel"),
    "no region": ("stylize_regions", regions(masks=np.ones((1, 64, 64, 0), "float32")), "of 1 to 16 regions"),
    "small mask": ("stylize_regions", regions(masks=np.ones((1, 64, 60, 1), "float32")), "a share for each pixel"),
    "no share": ("stylize_regions", regions(masks=np.full((1, 64, 64, 1), np.nan, "float32")), "be numbers from 0 on"),
    "few vectors": (
        "stylize_regions",
        regions(style_vectors=np.zeros((1, 2, VECTOR), "float32")),
        r"`style_vectors` must have shape \(batch, regions, 159\), a row for each of the regions of each picture",
    ),
    "huge regions": (
        "stylize_regions",
        regions(image=np.zeros((1, 1024, 1025, 3), "uint8")),
        "at most 1048576 pixels in all",
    ),
    "tiny picture": ("predict_style", {"picture": IMAGE[:, :15]}, "at least 16 pixels on each side"),
    "empty batch": ("stylize_weights", {"image": IMAGE[:0], **rows(np.zeros((0, 3)))}, "at least one picture"),
    "no pixels": ("stylize_weights", {"image": IMAGE[:1, :0], **REST}, "at least one picture of at least one pixel"),
    "huge": ("stylize_weights", {"image": np.zeros((1, 1024, 4097, 3), "uint8"), **REST}, "at most 4194304 pixels"),
    "no file": ("encoded", {"image_bytes": as_strings(), **rows(np.zeros((0, 3)))}, "at least one file"),
    "text": ("encoded", {"image_bytes": as_strings(b"text"), **REST}, "must be JPEG or PNG files"),
    "empty": ("encoded_png", {"image_bytes": as_strings(b""), **REST}, "must be JPEG or PNG files"),
    "GIF": ("encoded", {"image_bytes": as_strings(encoded("P", (9, 9), "GIF")), **REST}, "must be JPEG or PNG files"),
    "huge PNG": (
        "encoded", {"image_bytes": as_strings(header_of_a_huge_png()), **REST}, r"4194304 pixels each.*\[30000 30000\]",
    ),
    "negative PNG": ("encoded", {"image_bytes": as_strings(header_of_a_huge_png(2**32 - 1)), **REST}, "one pixel"),
    "cut off": ("encoded", {"image_bytes": as_strings(JPEG[:400]), **REST}, "JPEG"),
    "one of two": ("encoded", {"image_bytes": as_strings(JPEG, b"x"), **rows(np.eye(3)[:2], 1, 1)}, "must be JPEG or"),
    "name": ("style_names", {"index": np.array([0, 3], "int32")}, "`index` must be from 0 to 2"),
}  # fmt: skip


# Together, as the seeds that are set before each test make TensorFlow prepare its functions again.
@pytest.mark.parametrize("signature", sorted({signature for signature, *_ in BAD.values()}))
def test_mistakes_are_told_and_the_next_request_is_answered(served, signature):
    for mistake, (asked, inputs, sentence) in BAD.items():
        if asked == signature:
            with pytest.raises(tf.errors.InvalidArgumentError, match=sentence):
                pytest.fail(f"{mistake}: {ask(served, signature, **inputs)}")
            assert ask(served, "style_names", index=np.zeros(1, "int32"))["name"][0] == b"ink"
