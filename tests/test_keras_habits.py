"""What users of Keras are used to: `compile` and `fit` in their usual forms, files that predict and train on."""

import subprocess
import sys

import keras
import numpy as np
import pytest

import keras_stylegan
from keras_stylegan import from_preset, load_model
from keras_stylegan.inference.generator import open_generator

SIZES = {"size": (8, 12), "filters": 4, "max_filters": 8, "latent_dim": 5}
PICTURES = np.random.default_rng(0).integers(0, 256, (8, 8, 12, 3), "uint8")
FLOATS = PICTURES.astype("float32") / 127.5 - 1


def small(**changes):
    keras.utils.set_random_seed(0)
    return from_preset("dcgan", **SIZES, **changes)


def fitted(model, *data, **options):
    history = model.fit(*data, batch_size=4, epochs=1, shuffle=False, verbose=0, **options).history
    return [values[-1] for name, values in sorted(history.items())]


def test_a_preset_trains_at_once_as_the_preset_says():
    model = small(beta_1=0.25, ema_half_life_kimg=3.0, learning_rate=0.003)
    assert model.optimizers["generator"].beta_1 == 0.25 and model.ema is not None
    assert float(model.optimizers["generator"].learning_rate) == pytest.approx(0.003)
    assert np.isfinite(fitted(model, PICTURES)).all() and int(model.images_seen) == 8


@pytest.mark.parametrize("form", ["floats", "dict", "dataset", "pairs"])
def test_the_same_pictures_in_every_form_train_alike(form):
    import tensorflow as tf

    dataset = tf.data.Dataset.from_tensor_slices(FLOATS)
    forms = {
        "floats": (FLOATS,),
        "dict": ({"images": PICTURES},),
        "dataset": (dataset.batch(4),),
        "pairs": (tf.data.Dataset.zip(dataset, tf.data.Dataset.from_tensor_slices(np.arange(8) % 3)).batch(4),),
    }
    if form == "pairs":
        expected = fitted(small(num_classes=3), PICTURES, np.arange(8) % 3)
        model = small(num_classes=3)
    else:
        expected, model = fitted(small(), PICTURES), small()
    options = {} if isinstance(forms[form][0], tf.data.Dataset) else {"batch_size": 4}
    history = model.fit(*forms[form], epochs=1, shuffle=False, verbose=0, **options).history
    np.testing.assert_allclose([values[-1] for _, values in sorted(history.items())], expected, rtol=2e-5)


def test_labels_as_numbers_a_column_and_one_hot():
    labels = np.arange(8) % 3
    forms = (labels, labels[:, None], np.eye(3, dtype="float32")[labels])
    first, *others = (fitted(small(num_classes=3), FLOATS, form) for form in forms)
    for other in others:
        np.testing.assert_allclose(other, first, rtol=1e-6)


@pytest.mark.parametrize(
    "data, message",
    [
        (({"image": FLOATS},), "must have `images`, or be pictures. Received: image"),
        ((FLOATS[:, :6],), r"`images` must have the shape \(batch, 8, 12, 3\). Received: shape=\(8, 6, 12, 3\)"),
        ((FLOATS[..., :1],), r"Received: shape=\(8, 8, 12, 1\)"),
        ((PICTURES.astype("int32"),), "`images` must be float in .-1, 1., or uint8. Received: dtype=int32"),
        ((PICTURES.astype("float32"),), "`images` must be in .-1, 1. .x / 127.5 - 1., or uint8. .*float32 from"),
        ((FLOATS, np.arange(8)), "Labels beside the pictures need a generator of classes"),
    ],
)
def test_pictures_that_are_none(data, message):
    with pytest.raises(ValueError, match=message):
        small().fit(*data, verbose=0)


def test_pictures_from_zero_to_one_are_told():
    with pytest.warns(UserWarning, match="look as if in .0, 1."):
        fitted(small(), (FLOATS + 1) / 2)


@pytest.mark.parametrize(
    "labels, message",
    [
        (None, "must have `labels`, for num_classes=3. Received: images"),
        (np.arange(8), "`labels` must be from 0 to 2. Received: 0 to 7"),
        (np.zeros((8, 4)), r"`labels` must be \(batch,\), or one-hot \(batch, 3\). Received: shape=\(8, 4\)"),
    ],
)
def test_labels_that_are_none(labels, message):
    with pytest.raises(ValueError, match=message):
        small(num_classes=3).fit(FLOATS, labels, verbose=0)


def test_optimizers_by_name_one_for_all_and_in_a_dict():
    model = small()
    model.compile("rmsprop")
    critic, generator = model.optimizers["critic"], model.optimizers["generator"]
    assert isinstance(critic, keras.optimizers.RMSprop) and critic is not generator
    model.compile(keras.optimizers.Adam(0.5, beta_1=0.1))
    assert float(model.optimizers["critic"].learning_rate) == 0.5 and model.optimizers["generator"].beta_1 == 0.1
    model.compile({"critic": "adam", "generator": keras.optimizers.SGD(0.25)})
    assert isinstance(model.optimizers["critic"], keras.optimizers.Adam)
    with pytest.raises(ValueError, match="`optimizers` must be an optimizer, its name, or a dict"):
        model.compile(3)
    for refused in (lambda: fitted(model, FLOATS, validation_data=(FLOATS,)), lambda: model.evaluate(FLOATS)):
        with pytest.raises(ValueError, match="leave `validation_data` out"):
            refused()
    assert int(model.images_seen) == 0  # nothing was trained first


@pytest.mark.parametrize("schedule", [0.0, 1.0])
def test_a_file_predicts_the_same_and_trains_on(tmp_path, schedule):
    model = small(schedule_kimg=schedule, final_learning_rate=1e-5)
    fitted(model, FLOATS)
    latents = np.random.default_rng(1).normal(size=(3, 5)).astype("float32")
    assert not np.array_equal(model.generator(latents), model.ema(latents))
    model.save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(latents, verbose=0), model.predict(latents, verbose=0))
    np.testing.assert_array_equal(fitted(loaded, FLOATS), fitted(model, FLOATS))
    for name, variable in model.state_variables().items():
        np.testing.assert_array_equal(loaded.state_variables()[name], variable, err_msg=name)
    networks = load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(networks.predict(latents, verbose=0), networks.generator(latents))


def test_weights_of_another_training_leave_the_optimizers_as_they_are(tmp_path):
    model, other = small(), small(optimizer="rmsprop", schedule_kimg=1.0, final_learning_rate=1e-5)
    fitted(model, FLOATS)
    model.save_weights(tmp_path / "some.weights.h5")
    with pytest.warns(UserWarning, match="Skipping variable loading for optimizer"):
        other.load_weights(tmp_path / "some.weights.h5")
    assert int(other.images_seen) == 0
    for first, second in zip(model.weights, other.weights, strict=True):
        np.testing.assert_array_equal(first, second)


def test_a_file_opens_in_a_new_process(tmp_path):
    small().save(tmp_path / "model.keras")
    code = "import keras_stylegan, sys; print(type(keras_stylegan.load_model(sys.argv[1])).__name__)"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "model.keras")], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "NoiseToImage" and "load_model" in keras_stylegan.__all__


@pytest.mark.parametrize("name", ["pix2pix", pytest.param("cyclegan", marks=pytest.mark.soak)])
def test_translators_fit_pictures_and_their_counterparts(name):
    settings = {
        "size": 32,
        "network": "resnet",
        "num_blocks": 1,
        "filters": 4,
        "critic_filters": 4,
        "receptive_field": 16,
    }
    model = from_preset(name, **settings)
    pictures = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), "uint8")
    history = model.fit(pictures, pictures[::-1], batch_size=2, epochs=1, verbose=0).history
    assert np.isfinite([values[-1] for values in history.values()]).all()
    with pytest.raises(ValueError, match="The data must have `images_b`. Received: images_a"):
        model.fit(pictures, verbose=0)
    with pytest.raises(ValueError, match="`images_b` must be in .-1, 1."):
        model.fit(pictures, pictures.astype("float32"), verbose=0)
    with pytest.raises(ValueError, match="`num_classes` must be 0 for a translator"):
        from_preset(name, **settings, num_classes=2)


def test_a_whole_model_generates_by_its_average(tmp_path):
    model = small()
    fitted(model, FLOATS)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(open_generator(tmp_path / "model.keras").generate([3]), model.generate([3]))
