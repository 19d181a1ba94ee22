"""The adversarial step on a toy game: against a reference written by hand, and each of its guarantees."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from toy_gan import BATCH, LATENT, SIZE, ToyGAN, batches, network

from keras_stylegan.models import AdversarialModel, AveragedNetwork, Player, Regularizer

RATE = 0.2
pytestmark = pytest.mark.optimized_graphs


def compiled(updates="alternating", optimizer=keras.optimizers.SGD, clip_norm=None, max_bad_updates=3, ema=None, **kw):
    gan = ToyGAN(**kw)
    optimizers = {name: optimizer(RATE) for name in ("discriminator", "generator")}
    gan.compile(optimizers, updates=updates, clip_norm=clip_norm, max_bad_updates=max_bad_updates, ema=ema)
    return gan


def weights(*networks):
    return np.concatenate([w.ravel() for net in networks for w in net.get_weights()])


class Reference:
    """The toy game from its formulas: explicit layers, a tape, gradient descent."""

    def __init__(self, gan):
        self.g = [tf.Variable(w) for w in gan.generator.get_weights()]
        self.d = [tf.Variable(w) for w in gan.discriminator.get_weights()]

    @staticmethod
    def forward(w, x):
        return tf.tanh(x @ w[0] + w[1]) @ w[2] + w[3]

    def d_gradient(self, images, latents, r1=1.0):
        with tf.GradientTape() as tape:
            images = tf.constant(images)
            with tf.GradientTape() as inner:
                inner.watch(images)
                real = self.forward(self.d, images)
            slope = inner.gradient(real, images)
            fake = self.forward(self.d, self.forward(self.g, latents))
            loss = tf.reduce_mean(tf.nn.softplus(-real) + tf.nn.softplus(fake))
            loss += r1 * 0.25 * tf.reduce_mean(tf.reduce_sum(slope**2, axis=1))
        return tape.gradient(loss, self.d)

    def g_gradient(self, latents):
        with tf.GradientTape() as tape:
            fake = self.forward(self.d, self.forward(self.g, latents))
            loss = tf.reduce_mean(tf.nn.softplus(-fake))
        return tape.gradient(loss, self.g)

    @staticmethod
    def descend(variables, gradients, clip=None):
        norm = float(tf.linalg.global_norm(gradients))
        scale = 1.0 if clip is None else min(1.0, clip / norm)
        for v, g in zip(variables, gradients, strict=True):
            v.assign_sub(RATE * scale * g)
        return norm

    def weights(self):
        return np.concatenate([v.numpy().ravel() for v in self.d + self.g])


def assert_equal_to(reference, gan):
    np.testing.assert_allclose(weights(gan.discriminator, gan.generator), reference.weights(), atol=2e-6)


def test_alternating_updates_show_the_generator_the_new_discriminator():
    gan = compiled()
    reference, step = Reference(gan), gan.make_step()
    for batch in batches(2):
        step(batch)
        reference.descend(reference.d, reference.d_gradient(**batch))
        reference.descend(reference.g, reference.g_gradient(batch["latents"]))
    assert_equal_to(reference, gan)


def test_simultaneous_updates_take_all_gradients_at_the_same_weights():
    gan, alternating = compiled("simultaneous"), compiled()
    reference, step = Reference(gan), gan.make_step()
    for batch in batches(2):
        step(batch)
        d, g = reference.d_gradient(**batch), reference.g_gradient(batch["latents"])
        reference.descend(reference.d, d)
        reference.descend(reference.g, g)
    assert_equal_to(reference, gan)
    other = alternating.make_step()
    for batch in batches(2):
        other(batch)
    assert np.abs(weights(alternating.generator) - weights(gan.generator)).max() > 1e-4


def test_critic_steps_divide_the_batch():
    gan = compiled(steps=2)
    reference, step = Reference(gan), gan.make_step()
    for batch in batches(2):
        step(batch)
        for part in range(2):
            reference.descend(reference.d, reference.d_gradient(batch["images"][part::2], batch["latents"][part::2]))
        reference.descend(reference.g, reference.g_gradient(batch["latents"]))
    assert_equal_to(reference, gan)
    assert [int(o.iterations.numpy()) for o in gan.optimizers.values()] == [4, 2]
    assert int(gan.images_seen.numpy()) == 2 * BATCH


class CountingGAN(ToyGAN):
    evaluations = 0

    def count(self):
        self.evaluations += 1
        return np.int32(0)

    def r1(self, batch):
        tf.numpy_function(self.count, [], tf.int32, stateful=True)
        return super().r1(batch)


def test_lazy_regularizer_is_evaluated_only_when_due_and_scaled_by_its_period():
    gan = CountingGAN(every=3)
    gan.compile({name: keras.optimizers.SGD(RATE) for name in ("discriminator", "generator")})
    reference, step, logged = Reference(gan), gan.make_step(), []
    for i, batch in enumerate(batches(4)):
        logged.append(step(batch)["discriminator/r1"])
        reference.descend(reference.d, reference.d_gradient(**batch, r1=3.0 if i % 3 == 0 else 0.0))
        reference.descend(reference.g, reference.g_gradient(batch["latents"]))
    assert_equal_to(reference, gan)
    assert gan.evaluations == 2
    # Between evaluations the logs repeat the last value, which is not scaled.
    assert logged[0] == logged[1] == logged[2] != logged[3]
    assert logged[0] == pytest.approx(compiled().make_step()(batches(1)[0])["discriminator/r1"], rel=1e-5)


class TracingGAN(ToyGAN):
    """Its regularizer changes a buffer of the discriminator, as moving statistics would change."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.trace = keras.Variable(0.0, trainable=False)

    def r1(self, batch):
        self.trace.assign(self.trace + 1.0)
        return super().r1(batch)


@pytest.mark.parametrize(("every", "expected"), [(1, 2.0), (2, 0.0)])
def test_a_lazy_evaluation_leaves_no_trace(every, expected):
    gan = TracingGAN(every=every)
    gan.compile({name: keras.optimizers.SGD(RATE) for name in ("discriminator", "generator")})
    step = gan.make_step()
    for batch in batches(2):
        step(batch)
    assert float(gan.trace.numpy()) == expected


@pytest.mark.parametrize("clip_norm", [0.3, 100.0, {"discriminator": 0.3}])
def test_clipping_by_the_global_norm(clip_norm):
    gan = compiled(clip_norm=clip_norm)
    limits = clip_norm if isinstance(clip_norm, dict) else dict.fromkeys(("discriminator", "generator"), clip_norm)
    reference, (batch,) = Reference(gan), batches(1)
    logs = gan.make_step()(batch)
    norms = [
        reference.descend(reference.d, reference.d_gradient(**batch), limits["discriminator"]),
        reference.descend(reference.g, reference.g_gradient(batch["latents"]), limits.get("generator")),
    ]
    assert_equal_to(reference, gan)
    assert norms[0] > 0.3 and norms[1] > 0.3
    logged = [logs["discriminator/gradient_norm"], logs["generator/gradient_norm"]]
    np.testing.assert_allclose(logged, norms, rtol=1e-4)


def spoilt(batch):
    return {**batch, "images": np.where(np.arange(BATCH)[:, None] == 2, np.nan, batch["images"]).astype("float32")}


def test_an_update_that_is_not_finite_leaves_the_player_as_it_was():
    gan = compiled(optimizer=keras.optimizers.Adam)
    step, (first, second) = gan.make_step(), batches(2)
    step(first)
    state = [*gan.discriminator.variables, *gan.optimizers["discriminator"].variables]
    before, generator = [v.numpy() for v in state], weights(gan.generator)
    logs = step(spoilt(second))
    for old, variable in zip(before, state, strict=True):
        np.testing.assert_array_equal(variable.numpy(), old)
    assert (logs["discriminator/skipped_updates"], logs["generator/skipped_updates"]) == (1, 0)
    assert np.isnan(logs["discriminator/gradient_norm"])
    # The generator's loss does not see the images.
    assert np.abs(weights(gan.generator) - generator).max() > 1e-3


class NormalizedGAN(ToyGAN):
    """Has moving statistics in the generator."""

    def make_generator(self, dtype):
        layers = [keras.layers.Dense(5, use_bias=False), keras.layers.BatchNormalization(), keras.layers.Dense(SIZE)]
        self.normalization = layers[1]
        return keras.Sequential([keras.Input((LATENT,)), *layers])


def normalized(**kwargs):
    gan = NormalizedGAN()
    gan.compile({name: keras.optimizers.Adam(RATE) for name in ("discriminator", "generator")}, **kwargs)
    return gan


def test_skipped_updates_leave_moving_statistics_as_they_were():
    gan = normalized()
    step, (first, second) = gan.make_step(), batches(2)
    step(first)
    before = gan.normalization.moving_mean.numpy()
    assert np.abs(before).max() > 1e-4
    second["latents"] = second["latents"] * np.nan
    logs = step(second)
    assert logs["discriminator/skipped_updates"] == logs["generator/skipped_updates"] == 1
    np.testing.assert_array_equal(gan.normalization.moving_mean.numpy(), before)


def test_training_stops_after_bad_updates_in_a_row():
    gan = compiled(max_bad_updates=2)
    step, (good, _) = gan.make_step(), batches(2)
    step(spoilt(good))
    step(good)
    step(spoilt(good))
    message = r"gradient of `discriminator` was not finite in the last 2 updates \(`max_bad_updates`=2\)"
    with pytest.raises(FloatingPointError, match=message):
        step(spoilt(good))


def test_fit_stops_after_bad_updates_in_a_row():
    gan, (good,) = compiled(max_bad_updates=2), batches(1)
    data = tf.data.Dataset.from_tensors(spoilt(good)).repeat()
    with pytest.raises(FloatingPointError, match="gradient of `discriminator`"):
        gan.fit(data, steps_per_epoch=9, epochs=1, shuffle=False, verbose=0)
    assert int(gan.images_seen.numpy()) == 2 * BATCH


def test_fit_takes_the_same_steps_as_make_step():
    one, two, data = compiled(), compiled(), batches(3)
    step = one.make_step()
    for batch in data:
        logs = step(batch)
    arrays = {key: np.concatenate([batch[key] for batch in data]) for key in data[0]}
    history = two.fit(arrays, batch_size=BATCH, epochs=1, shuffle=False, verbose=0)
    np.testing.assert_allclose(weights(two.generator), weights(one.generator), atol=1e-6)
    assert {name: values[0] for name, values in history.history.items()} == pytest.approx(logs, rel=1e-4)


def test_log_names_and_totals():
    (batch,) = batches(1)
    logs = compiled().make_step()(batch)
    assert set(logs) == {
        *(f"discriminator/{name}" for name in ("loss", "adversarial", "r1", "gradient_norm", "skipped_updates")),
        *(f"generator/{name}" for name in ("loss", "adversarial", "gradient_norm", "skipped_updates")),
        "images_seen",
    }
    assert logs["discriminator/loss"] == pytest.approx(logs["discriminator/adversarial"] + logs["discriminator/r1"])
    assert logs["images_seen"] == BATCH


def test_average_of_weights_and_copy_of_buffers():
    gan = normalized(ema={"half_life_kimg": 0.016})
    old = gan.ema.get_weights()
    (batch,) = batches(1)
    gan.make_step()(batch)
    # Half the half-life: the old average keeps the share 2 ** -0.5.
    beta = 0.5**0.5
    for average, before, value, variable in zip(
        gan.ema.get_weights(), old, gan.generator.get_weights(), gan.generator.weights, strict=True
    ):
        expected = beta * before + (1 - beta) * value if variable.trainable else value
        np.testing.assert_allclose(average, expected, atol=1e-6)
    assert np.abs(gan.normalization.moving_mean.numpy()).max() > 1e-4
    assert not gan.ema.trainable_variables
    assert len(gan.weights) == len(gan.generator.weights) + len(gan.discriminator.weights)


def test_decay_of_the_average():
    average = AveragedNetwork(network(2, 2, seed=0), half_life_kimg=10, ramp_up=0.05)
    assert float(average.decay(batch=64, images_seen=0)) == 0.0
    assert float(average.decay(batch=64, images_seen=1280)) == pytest.approx(0.5)
    assert float(average.decay(batch=64, images_seen=10**6)) == pytest.approx(0.5 ** (64 / 10_000))


def test_the_same_seed_repeats_a_run_and_state_variables_resume_it():
    data = [{"images": batch["images"]} for batch in batches(4)]
    runs = [compiled(optimizer=keras.optimizers.Adam, every=2, ema={}) for _ in range(2)]
    steps = [gan.make_step() for gan in runs]
    for batch in data:
        steps[0](batch)
    for batch in data[:2]:
        steps[1](batch)
    saved = {name: ops.convert_to_numpy(ops.copy(v.value)) for name, v in runs[1].state_variables().items()}
    resumed = compiled(optimizer=keras.optimizers.Adam, every=2, ema={})
    assert list(resumed.state_variables()) == list(saved)
    for name, variable in resumed.state_variables().items():
        variable.assign(saved[name])
    step = resumed.make_step()
    for batch in data[2:]:
        step(batch)
    expected = runs[0].state_variables()
    for name, variable in resumed.state_variables().items():
        np.testing.assert_array_equal(variable.numpy(), expected[name].numpy(), err_msg=name)


def test_mixed_precision_keeps_weights_and_losses_in_float32():
    gan = compiled(dtype="mixed_bfloat16", ema={})
    logs = gan.make_step()(batches(1)[0])
    assert all(np.isfinite(value) for value in logs.values())
    assert {keras.backend.standardize_dtype(v.dtype) for v in gan.weights} == {"float32"}


# Keras asks NumPy for a copy of a TensorFlow variable.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_weight_file_holds_the_networks_alone(tmp_path):
    gan = compiled(ema={})
    gan.make_step()(batches(1)[0])
    gan.save_weights(tmp_path / "toy.weights.h5")
    fresh = ToyGAN()
    fresh.built = True
    fresh.load_weights(tmp_path / "toy.weights.h5")
    np.testing.assert_array_equal(weights(fresh.generator), weights(gan.generator))


class Declared(AdversarialModel):
    """Plays whatever a test declares."""

    def __init__(self, declare):
        super().__init__()
        self.net = network(2, 1, seed=0)
        self.declare = declare

    def players(self):
        return self.declare(self.net)


def play(net, name="a", **kwargs):
    return Player(name, [net], lambda batch: {"term": net(batch["x"])[:, 0]}, **kwargs)


def unbuilt(net):
    return [Player("a", [keras.layers.Dense(1)], None)]


@pytest.mark.parametrize(
    ("declare", "arguments", "message"),
    [
        (lambda n: [play(n)], {"updates": "both"}, '`updates` must be "alternating" or "simultaneous". Received.*both'),
        (lambda n: [play(n)], {"max_bad_updates": 0}, "`max_bad_updates` must be at least 1. Received.*0"),
        (lambda n: [play(n)], {"clip_norm": 0.0}, "`clip_norm` must be None, positive, .*Received: clip_norm=0.0"),
        (lambda n: [play(n)], {"clip_norm": {"b": 1}}, r"`clip_norm` must .*keys among \['a'\].*Received.*'b'"),
        (lambda n: [play(n, "b")], {}, r"`optimizers` must have the keys \['b'\]. Received: \['a'\]"),
        (lambda n: [play(n), play(n, "b")], {"optimizers": "ab"}, "must belong to one player. Received.*`a` and `b`"),
        (unbuilt, {}, "must be built .*before `compile`. Received: networks not built=.*dense"),
        (lambda n: [play(n, steps=2)], {"updates": "simultaneous"}, "needs `steps=1` .* Received: steps=2 of `a`"),
        (lambda n: [play(n)], {"clipped": True}, "`clip_norm` of `compile` must be used .* Received: optimizer=.*`a`"),
        (lambda n: [play(n)], {"ema": {"half_life_kimg": 0}}, "`half_life_kimg` must be positive. Received.*=0"),
        (lambda n: [play(n)], {"ema": {"ramp_up": 0}}, "`ramp_up` must be None or positive. Received: ramp_up=0"),
    ],
)
def test_compile_refuses(declare, arguments, message):
    model = Declared(declare)
    model.generator = model.net
    clip = {"global_clipnorm": 1.0} if arguments.pop("clipped", False) else {}
    names = arguments.pop("optimizers", "a")
    with pytest.raises(ValueError, match=message):
        model.compile({name: keras.optimizers.SGD(0.1, **clip) for name in names}, **arguments)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Regularizer("r", None, every=0), "`every` must be at least 1. Received: every=0"),
        (lambda: Player("p", [], None, steps=0), "`steps` must be at least 1. Received: steps=0"),
        (lambda: Player("p", [], None, regularizers=[Regularizer("r", None)] * 2), "different names. Received.*'r'"),
    ],
)
def test_declarations_refuse(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_training_refuses():
    model = Declared(lambda net: [Player("a", [net], lambda batch: {"mean": ops.mean(net(batch["x"]))})])
    with pytest.raises(ValueError, match="Call `compile"):
        model.make_step()
    model.compile({"a": keras.optimizers.SGD()})
    x = {"x": np.zeros((3, 2), "float32")}
    with pytest.raises(ValueError, match=r"`a/mean` must have one value per image, shape \(batch,\). Received: shape"):
        model.make_step()(x)
    with pytest.raises(ValueError, match="must be a dict of tensors. Received: .*Tensor"):
        model.update_step(ops.zeros((3, 2)))
    with pytest.raises(ValueError, match="must be a dict of tensors. Received: dict, and targets beside it"):
        model.train_step((x, np.zeros(3)))
    critic = Declared(lambda net: [play(net, steps=2)])
    critic.compile({"a": keras.optimizers.SGD()})
    with pytest.raises(ValueError, match="must be divisible by the player's `steps`=2. Received: 3"):
        critic.make_step()(x)
