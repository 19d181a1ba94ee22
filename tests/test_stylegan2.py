"""StyleGAN2's training: its penalties by finite differences, its state, its step."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_stylegan.layers import SynthesisLayer
from keras_stylegan.losses import path_length_penalty, path_lengths, rotate, rotation_loss
from keras_stylegan.models import StyleGAN2, generate, r1_gamma
from keras_stylegan.networks import StyleGAN2Critic, StyleGAN2Generator
from keras_stylegan.ops.gradients import input_gradient, value_and_gradients

BATCH = 4


def numpy(x):
    return ops.convert_to_numpy(ops.copy(x.value) if isinstance(x, keras.Variable) else x)


def made(dtype="float32", num_classes=0, compiled=True, ema=None, **kwargs):
    keras.utils.set_random_seed(4)
    rng = np.random.default_rng(8)
    shared = {"size": (8, 8), "channel_base": 32, "channel_max": 6, "num_classes": num_classes, "dtype": dtype}
    generator = StyleGAN2Generator(**shared, latent_dim=5, style_dim=6)
    critic = StyleGAN2Critic(**shared, group_size=2)
    for network in (generator, critic):
        network.build()
        for variable in network.trainable_variables:
            variable.assign(variable + rng.normal(0, 0.1, variable.shape))
    model = StyleGAN2(generator, critic, **{"gamma": 2.0, "seed": 3, **kwargs})
    if compiled:
        optimizers = {name: keras.optimizers.SGD(0.05) for name in ("critic", "generator")}
        model.compile(optimizers, ema=ema)
    return model


def batch_of(dtype="float32", num_classes=0, size=BATCH):
    rng = np.random.default_rng(9)
    batch = {"images": rng.uniform(-1, 1, (size, 8, 8, 3)).astype(dtype)}
    return {**batch, "labels": rng.integers(0, num_classes, size).astype("int32")} if num_classes else batch


def along(variables, loss, step=1e-6):
    """Central difference of `loss()` along a random direction of the variables, and the gradient's share of it."""
    rng = np.random.default_rng(7)
    directions = [rng.normal(size=v.shape) for v in variables]
    _, _, gradients = value_and_gradients(lambda: (loss(), ()), variables)
    analytic = sum(float(np.sum(numpy(g) * d)) for g, d in zip(gradients, directions, strict=True))
    start, ends = [numpy(v) for v in variables], []
    for sign in (1, -1):
        for variable, value, direction in zip(variables, start, directions, strict=True):
            variable.assign(value + sign * step * direction)
        ends.append(float(loss()))
    for variable, value in zip(variables, start, strict=True):
        variable.assign(value)
    return analytic, (ends[0] - ends[1]) / (2 * step)


def generator_draws(model, dtype="float32"):
    """What a generator's path lengths depend on, the same on every backend."""
    rng = np.random.default_rng(6)
    shapes = {"generator/latents": (BATCH, 2, 5), "generator/noise": (BATCH, model.generator.noise_size)}
    draws = {name: rng.normal(size=shape) for name, shape in (shapes | {"path_picture": (BATCH, 8, 8, 3)}).items()}
    cutoffs = np.array([2, 1, 1, 3], "int32")
    return {name: value.astype(dtype) for name, value in draws.items()} | {"generator/cutoff": cutoffs}


# The penalties


def test_r1_and_r2_gradients_by_finite_differences():
    model = made("float64", num_classes=3, compiled=False, penalize_fakes=True)
    batch = model.draw(batch_of("float64", num_classes=3))
    for penalty in (model.r1, model.r2):
        variables = model.critic.trainable_variables
        analytic, numeric = along(variables, lambda penalty=penalty: ops.mean(penalty(batch)))
        assert analytic == pytest.approx(numeric, rel=1e-5) and abs(analytic) > 1e-6


def test_path_length_gradient_by_finite_differences():
    model = made("float64", compiled=False)
    batch = generator_draws(model, "float64")
    half = {name: tensor[::2] for name, tensor in batch.items()}
    mean = 0.01 * float(ops.mean(model.path_lengths(half)))

    def loss():
        # The running mean is a constant to the gradient, so it is held where it will be.
        return ops.mean(path_length_penalty(model.path_lengths(half), mean, model.path_length_weight))

    variables = model.generator.trainable_variables
    analytic, numeric = along(variables, loss)
    assert analytic == pytest.approx(numeric, rel=1e-5) and abs(analytic) > 1e-6
    # As a step takes it: the sum over the half's values, divided by the whole batch.
    _, _, ours = value_and_gradients(lambda: (ops.sum(model.path_length(batch)) / BATCH, ()), variables)
    _, _, expected = value_and_gradients(lambda: (loss(), ()), variables)
    for one, other in zip(ours, expected, strict=True):
        np.testing.assert_allclose(numpy(one), numpy(other), rtol=1e-6, atol=1e-12)
    assert float(numpy(model.mean_path_length)) == pytest.approx(mean)


def test_r2_is_the_gradient_at_generated_pictures_and_sees_no_real_ones():
    model = made(compiled=False, gamma=3.0, penalize_fakes=True)
    batch = model.draw(batch_of())
    _, slopes = input_gradient(lambda images: model.score(images, batch), model.imagine(batch, "critic"))
    found = numpy(model.r2(batch))
    np.testing.assert_allclose(found, 3.0 / 2 * (numpy(slopes) ** 2).sum(axis=(1, 2, 3)), rtol=1e-5)
    np.testing.assert_array_equal(numpy(model.r2({**batch, "images": -0.5 * batch["images"]})), found)


def test_path_lengths_are_of_noise_whose_power_does_not_grow_with_the_picture():
    model = made(compiled=False)
    batch = generator_draws(model)
    direction = batch["path_picture"] / 8.0  # the root of 8 x 8 pixels

    def along_noise(styles):
        return ops.sum(model.generator.synthesize(styles, batch["generator/noise"]) * direction)

    _, gradients = input_gradient(along_noise, model.styles(batch, "generator")[0])
    expected = np.sqrt((numpy(gradients) ** 2).sum(axis=2).mean(axis=1))
    np.testing.assert_allclose(numpy(model.path_lengths(batch)), expected, rtol=1e-5)


def test_path_lengths_of_a_known_gradient():
    gradients = np.zeros((2, 4, 3), "float32")
    gradients[0, 0], gradients[0, 2, 1], gradients[1] = [3, 0, 4], 2, 1
    lengths = numpy(path_lengths(gradients))
    np.testing.assert_allclose(lengths, [np.sqrt(29 / 4), np.sqrt(3)], rtol=1e-6)
    np.testing.assert_allclose(numpy(path_length_penalty(lengths, 1.0, 3.0)), 3 * (lengths - 1) ** 2, rtol=1e-5)


def test_gamma_of_the_papers():
    assert r1_gamma((256, 256), 16) == pytest.approx(0.8192) and r1_gamma((128, 128), 32) == pytest.approx(0.1024)


def test_noise_and_bias_are_added_before_the_activation():
    layer, noise = SynthesisLayer(2), np.random.default_rng(0).normal(size=(1, 3, 4, 1)).astype("float32")
    layer.build((1, 3, 4, 5), (1, 6), noise.shape)
    layer.noise_strength.assign(0.5)
    layer.bias.assign([0.1, -0.2])
    result = numpy(layer(np.zeros((1, 3, 4, 5), "float32"), np.zeros((1, 6), "float32"), noise))
    expected = 0.5 * noise + np.float32([0.1, -0.2])
    np.testing.assert_allclose(result, np.sqrt(2) * np.where(expected > 0, expected, 0.2 * expected), atol=1e-6)


# The step


def test_mean_path_length_survives_a_lazy_evaluation_and_moves_only_then():
    model = made(path_length_every=2, ema={"half_life_kimg": 1.0})
    step, batch = model.make_step(), batch_of()
    means = [float(numpy(model.mean_path_length))]
    for _ in range(3):
        logs = step(batch)
        means.append(float(numpy(model.mean_path_length)))
    assert means[0] == 0 < means[1] == means[2] < means[3]
    assert all(np.isfinite(value) for value in logs.values())
    assert {"critic/adversarial", "critic/r1", "generator/adversarial", "generator/path_length"} <= set(logs)
    # In a checkpoint, but in neither network.
    assert any(v is model.mean_path_length for v in model.state_variables().values())
    # The mean style follows the mapping; the average copies it, and the noise.
    assert np.abs(numpy(model.generator.mean_styles)).max() > 1e-4
    for name in ("mean_styles", "constant_noise"):
        np.testing.assert_array_equal(numpy(getattr(model.ema, name)), numpy(getattr(model.generator, name)))
    # A gradient that is not finite leaves the mean as it was.
    step(batch)
    logs = step({**batch, "path_picture": np.full((BATCH, 8, 8, 3), np.nan, "float32")})
    assert logs["generator/skipped_updates"] == 1 and float(numpy(model.mean_path_length)) == means[3]


def test_draws():
    model = made(mixing_probability=0.5, compiled=False)
    drawn = model.draw(batch_of(size=64))
    for player in ("critic", "generator"):
        cutoff = numpy(drawn[f"{player}/cutoff"])
        assert cutoff.min() >= 1 and cutoff.max() == model.generator.num_styles
        assert 0.3 < np.mean(cutoff < model.generator.num_styles) < 0.7
    assert np.abs(numpy(drawn["critic/latents"]) - numpy(drawn["generator/latents"])).min() > 0
    given = [1] * BATCH
    assert model.draw({**batch_of(), "critic/cutoff": given})["critic/cutoff"] is given
    assert "path_picture" not in made(path_length_weight=0.0, compiled=False).draw(batch_of())


def test_training_paints_mixed_styles_under_noise():
    model = made(compiled=False)
    generator, batch = model.generator, model.draw(batch_of())
    batch["generator/cutoff"] = np.arange(BATCH) % generator.num_styles + 1
    pictures = numpy(model.imagine(batch, "generator"))
    first, second = (numpy(generator.map_latents(batch["generator/latents"][:, i])) for i in (0, 1))
    for row, cutoff in enumerate(batch["generator/cutoff"]):
        styles = np.stack([first[row] if layer < cutoff else second[row] for layer in range(generator.num_styles)])
        alone = generator.synthesize(styles[None], batch["generator/noise"][row : row + 1])
        np.testing.assert_allclose(pictures[row], numpy(alone)[0], atol=1e-5)
    assert np.abs(first - second).max() > 1e-2
    silent = numpy(model.imagine({**batch, "generator/noise": 0 * batch["generator/noise"]}, "generator"))
    assert np.abs(silent - pictures).max() > 1e-3


@pytest.mark.parametrize("loss", ["non_saturating", "relativistic"])
def test_adversarial_terms(loss):
    model = made(num_classes=3, compiled=False, loss=loss, penalize_fakes=loss == "relativistic")
    batch = model.draw(batch_of(num_classes=3))
    labels = np.eye(3, dtype="float32")[batch["labels"]]

    def logits(images):
        return numpy(model.critic(images, labels))[:, 0]

    real = logits(batch["images"])
    fakes = {who: logits(model.imagine(batch, who)) for who in ("critic", "generator")}
    softplus = np.log1p
    if loss == "relativistic":
        critic, generator = softplus(np.exp(fakes["critic"] - real)), softplus(np.exp(real - fakes["generator"]))
    else:
        critic = softplus(np.exp(-real)) + softplus(np.exp(fakes["critic"]))
        generator = softplus(np.exp(-fakes["generator"]))
    np.testing.assert_allclose(numpy(model.critic_terms(batch)["adversarial"]), critic, rtol=1e-4)
    np.testing.assert_allclose(numpy(model.generator_terms(batch)["adversarial"]), generator, rtol=1e-4)
    names = [[r.name for r in player.regularizers] for player in model.players()]
    assert names == [["r1", "r2"] if loss == "relativistic" else ["r1"], ["path_length"]]


class Darken(keras.layers.Layer):
    def call(self, images, training=False):
        return 0.5 * images if training else images


def test_everything_the_critic_sees_is_augmented():
    plain, augmented = made(compiled=False), made(compiled=False, augment=Darken())
    augmented.critic.set_weights(plain.critic.get_weights())
    augmented.generator.set_weights(plain.generator.get_weights())
    batch = plain.draw(batch_of())
    dark = {**batch, "images": 0.5 * batch["images"]}
    np.testing.assert_allclose(
        numpy(augmented.score(batch["images"], batch)), numpy(plain.score(dark["images"], batch)), rtol=1e-5
    )
    fake = numpy(plain.critic(0.5 * plain.imagine(batch, "generator")))[:, 0]
    terms = augmented.generator_terms(batch)["adversarial"]
    np.testing.assert_allclose(numpy(terms), np.log1p(np.exp(-fake)), rtol=1e-4)
    # The gradient is that of the picture before the augmentation: the chain rule brings 0.5, squared 0.25.
    np.testing.assert_allclose(numpy(augmented.r1(batch)), 0.25 * numpy(plain.r1(dark)), rtol=1e-4)


@pytest.mark.parametrize("loss", ["non_saturating", "relativistic"])
def test_an_augmentation_that_follows_the_critic_sees_its_logits(loss):
    class Following(Darken):
        def observe(self, real_logits):
            self.seen = real_logits

        def signals(self):
            return {"augment/seen": ops.mean(self.seen)}

    model = made(compiled=False, augment=Following(), loss=loss)
    batch = model.draw(batch_of())
    real, fake = (numpy(model.critic(0.5 * x)) for x in (batch["images"], model.imagine(batch, "critic")))
    model.generator_terms(batch)
    assert not hasattr(model.augment, "seen")  # once a critic update, and only there
    model.critic_terms(batch)
    np.testing.assert_allclose(numpy(model.augment.seen), real - fake if loss == "relativistic" else real, atol=1e-5)
    assert float(model.signals()["augment/seen"]) == pytest.approx(float(np.mean(numpy(model.augment.seen))))
    assert made(compiled=False).signals() == {}


def test_rotations_need_a_critic_of_features_and_square_pictures():
    generator = StyleGAN2Generator((8, 8), channel_base=32, channel_max=6, latent_dim=5, style_dim=6)
    generator.build()

    class Bare(keras.Model):
        blocks = ("one", "two")

    with pytest.raises(ValueError, match="`rotation_weights` need a critic with `features`, .* Received: Bare"):
        StyleGAN2(generator, Bare(), rotation_weights=(1.0, 0.5))
    with pytest.raises(ValueError, match=r"must be \(critic's, generator's\), for square .* Received: .*\(1.0,\)"):
        made(compiled=False, rotation_weights=(1.0,))
    with pytest.raises(ValueError, match=r"must have one for the critic.* Received: rotation_weights=\(0.0, 0.5\)"):
        made(compiled=False, rotation_weights=(0.0, 0.5))
    model = made(compiled=False, rotation_weights=(3.0, 0.5))
    given = model.draw(batch_of())
    assert given["turns"].shape == (BATCH,) and set(numpy(given["turns"])) <= {0, 1, 2, 3}
    # The critic's guess of real pictures, the generator's of its own.
    fake = model.generator.synthesize(model.styles(given, "generator")[0], given["generator/noise"])
    terms = model.critic_terms(given), model.generator_terms(given)
    for term, weight, images in zip(terms, (3.0, 0.5), (given["images"], fake), strict=True):
        features = model.critic.features(rotate(images, given["turns"]))
        expected = weight * numpy(rotation_loss(model.rotation_head(features), given["turns"]))
        np.testing.assert_allclose(numpy(term["rotation"]), expected, rtol=1e-4)
    # What they guess by is what the score is made of.
    scores = model.critic.score(model.critic.features(given["images"]))
    np.testing.assert_allclose(numpy(scores), numpy(model.critic(given["images"])), rtol=1e-4)


# Keras asks NumPy for a copy of a TensorFlow variable.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_whole_model_saves_and_loads(tmp_path):
    model = made(num_classes=3, compiled=False, gamma=0.5, loss="relativistic", augment=Darken(), frozen_blocks=1)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", custom_objects={"Darken": Darken})
    assert loaded.get_config() == model.get_config() and loaded.gamma == 0.5
    inputs = {"latents": np.ones((1, 5), "float32"), "labels": np.float32([[0, 1, 0]])}
    np.testing.assert_array_equal(loaded.predict(inputs, verbose=0), model.predict(inputs, verbose=0))
    images = batch_of()["images"]
    labels = np.float32([[0, 1, 0]] * BATCH)
    np.testing.assert_array_equal(numpy(loaded.critic(images, labels)), numpy(model.critic(images, labels)))


def test_half_precision_step_is_finite_and_keeps_float32_weights():
    model = made("mixed_bfloat16")
    logs = model.update_step({name: ops.convert_to_tensor(value) for name, value in batch_of().items()})
    assert all(np.isfinite(float(value)) for value in logs.values())
    assert {keras.backend.standardize_dtype(v.dtype) for v in model.weights} == {"float32"}
    pictures = model.generator(np.zeros((1, 5), "float32"))
    assert keras.backend.standardize_dtype(pictures.dtype) == "float32"


def test_generate():
    model = made(num_classes=3, compiled=False)
    pictures = model.generate([5, 6, 7], [0, 1, 2], batch_size=2, truncation=0.7)
    assert pictures.shape == (3, 8, 8, 3) and pictures.dtype == "uint8"
    alone = generate(model.generator, [6], [1], truncation=0.7)[0].astype("int")
    assert np.abs(alone - pictures[1]).max() <= 1
    for arguments, message in [
        (([1], [3]), "`labels` must be 1 classes from 0 to 2. Received: labels=.3."),
        (([1],), "`labels` must be 1 classes from 0 to 2. Received: labels=None"),
        (([-1], [0]), "`seeds` must be integers from 0 on"),
        (([1], [0], 1, 3.0), "`truncation` must be from 0 to 2. Received: truncation=3.0"),
    ]:
        with pytest.raises(ValueError, match=message):
            model.generate(*arguments)
    with pytest.raises(ValueError, match="`labels` must be None: the generator has no classes"):
        generate(StyleGAN2Generator(), [1], [0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gamma": -1.0}, "`gamma` must not be negative. Received: gamma=-1.0"),
        ({"path_length_weight": -1}, "`path_length_weight` must not be negative. Received: path_length_weight=-1"),
        ({"mixing_probability": 2}, r"`mixing_probability` must be in \[0, 1\]. Received: mixing_probability=2"),
        ({"frozen_blocks": 2}, "`frozen_blocks` must leave one of the critic's 2 blocks .* Received: frozen_blocks=2"),
        ({"loss": "nothing"}, "`name` must be one of .* Received: name='nothing'"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        made(compiled=False, **arguments)


def test_networks_must_fit():
    generator, critic = StyleGAN2Generator(size=(8, 8)), StyleGAN2Critic(size=(16, 16))
    with pytest.raises(ValueError, match="must have the same `size`. Received: .8, 8. and .16, 16."):
        StyleGAN2(generator, critic)
