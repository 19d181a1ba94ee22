"""A generator's SavedModel: the pictures of Keras, the same for a seed on every server, mistakes told."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from toy_saved_model import ask, generator_run

from keras_stylegan.inference.generator import open_generator
from keras_stylegan.latents import seeded_latents


def options(count, number=1, truncation=0.5):
    return {"class_number": np.full(count, number, "int32"), "truncation": np.full(count, truncation, "float32")}


def test_a_generator_makes_what_keras_makes(generated):
    expected = open_generator(generator_run()).generate([3, 8], "wood", 0.5).astype(int)
    made = ask(generated, "generate_z", z=seeded_latents([3, 8], 4), **options(2))["pictures"]
    assert made.shape == (2, 4, 8, 3) and np.abs(made - expected).max() <= 1 and expected.std() > 10
    for other in (options(2, number=0), options(2, truncation=1.5)):
        assert (ask(generated, "generate_z", z=seeded_latents([3, 8], 4), **other)["pictures"] != made).any()
    names = ask(generated, "class_names", index=np.array([1], "int32"))
    assert names["name"][0] == b"wood" and names["total"][0] == 2


def test_a_seed_makes_its_picture_in_every_batch(generated):
    seeds = np.array([5, 2**40, 5], "int64")
    made = ask(generated, "generate", seed=seeds, **options(3))["pictures"]
    np.testing.assert_array_equal(made[0], made[2])
    assert (made[0] != made[1]).any()
    alone = ask(generated, "serving_default", seed=seeds[1:2], **options(1))["pictures"].astype(int)
    assert np.abs(alone - made[1:2]).max() <= 1
    # The random numbers are specified, so that every server draws the same.
    z = tf.random.stateless_normal([1, 4], tf.constant([5, 0], tf.int64), alg="philox")
    by_z = ask(generated, "generate_z", z=z, **options(1))["pictures"].astype(int)
    assert np.abs(by_z - made[:1]).max() <= 1
    files = ask(generated, "encoded", seed=seeds[:1], **options(1))["pictures_bytes"]
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(files[0]))), made[0])


BAD_SEEDS = {
    "negative": ({"seed": np.array([-1], "int64"), **options(1)}, "`seed` must be from 0 on"),
    "none": ({"seed": np.zeros(0, "int64"), **options(0)}, "at least one"),
    "many": ({"seed": np.zeros(65, "int64"), **options(65)}, "at most 64 pictures"),
    "class": ({"seed": np.zeros(1, "int64"), **options(1, number=2)}, "`class_number` must be from 0 to 1"),
    "classes": ({"seed": np.zeros(2, "int64"), **options(1)}, "`class_number` must have .* one for each"),
    "truncation": ({"seed": np.zeros(1, "int64"), **options(1, truncation=2.5)}, "`truncation` must be from 0 to 2"),
}


def test_mistakes_of_a_generators_requests(generated):
    for mistake, (inputs, sentence) in BAD_SEEDS.items():
        with pytest.raises(tf.errors.InvalidArgumentError, match=sentence):
            pytest.fail(f"{mistake}: {ask(generated, 'generate', **inputs)}")
