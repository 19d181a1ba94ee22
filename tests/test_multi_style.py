"""The multi-style loss: one term at a time, mixtures, strength, the critic; and a step of training."""

import keras
import numpy as np
import pytest
from toy_styles import NUM_STYLES, batch, build, tiny_critic

from keras_stylegan.losses import content_loss, style_loss, style_statistics, total_variation
from keras_stylegan.models import MultiStyleTransfer
from keras_stylegan.networks import StyleTransformer


def terms(model, data):
    return {name: keras.ops.convert_to_numpy(value) for name, value in model.generator_terms(data).items()}


@pytest.fixture(scope="module")
def plain():
    return build(methods={"gram": 1.0, "mean_std": 0.5})


def test_an_alpha_changes_its_own_style_term_and_no_other(plain):
    doubled = build(methods={"gram": 1.0, "mean_std": 0.5}, alphas=[2, 1, 1])
    before, after = terms(plain, batch()), terms(doubled, batch())
    for name in before:
        expected = before[name] * ((2, 1) if name.startswith("style_") else (1, 1))
        np.testing.assert_allclose(after[name], expected, rtol=1e-5)


def test_a_method_weight_changes_its_own_term_and_no_other(plain):
    other = build(methods={"gram": 1.0, "mean_std": 1.5})
    before, after = terms(plain, batch()), terms(other, batch())
    for name in before:
        np.testing.assert_allclose(after[name], before[name] * (3 if name == "style_mean_std" else 1), rtol=1e-5)


def test_a_mixture_carries_each_style_by_its_share(plain):
    data = batch(styles=[(0, 0.25, 0.75)], strength=[1])
    features = plain.perceptual(plain.paint(data))
    one, two = (plain.style_terms(features, np.eye(3, dtype="float32")[i : i + 1], "gram") for i in (1, 2))
    mixed = plain.style_terms(features, data["style_weights"], "gram")
    np.testing.assert_allclose(mixed, 0.25 * np.array(one) + 0.75 * np.array(two), rtol=1e-5)
    assert abs(float(one[0] - two[0])) > 1e-4


def test_a_mixture_carries_every_style_by_every_method_at_once():
    weights, methods, alphas = np.array([0.5, 0.2, 0.3]), {"gram": 1.0, "mean_std": 0.5, "sorted": 2.0}, [1, 3, 0.5]
    model = build(methods=methods, alphas=alphas, style_weight=7.0, max_mixed=3)
    data = batch(styles=[weights], strength=[0.6])
    found = terms(model, data)
    features = model.perceptual(model.paint(data))
    for method, weight in methods.items():
        statistics = style_statistics(features, method)
        targets = [{tap: bank[i : i + 1] for tap, bank in model.targets[method].items()} for i in range(NUM_STYLES)]
        distances = [float(style_loss(statistics, target, method)[0]) for target in targets]
        expected = 7.0 * weight * 0.6 * np.sum(weights * alphas * distances)
        np.testing.assert_allclose(found[f"style_{method}"], [expected], rtol=1e-4)
    # As many styles as `max_mixed` count, those with the largest shares.
    fewer = terms(build(methods=methods, alphas=[0, 1, 0]), data)
    assert all(fewer[f"style_{method}"] == 0 for method in methods)


def test_every_style_and_method_is_reported():
    """Distances before any weight, of the pictures that carry the style, by their shares; then from the start."""
    model = build(methods={"gram": 0.5, "mean_std": 0.5}, alphas=[5, 1, 1], style_names=["a", "b", "c"])
    assert model.report() == {}
    data = batch(styles=[(1, 0, 0), (0.25, 0, 0.75)], strength=[1, 0.5])
    model.generator_terms(data)
    painted = np.array(model.paint(data))

    def distances(picture, style):
        features = model.perceptual(painted[picture : picture + 1])
        for method in model.methods:
            statistics = style_statistics(features, method, taps=list(model.targets[method]))
            targets = {tap: bank[style : style + 1] for tap, bank in model.targets[method].items()}
            yield method, float(style_loss(statistics, targets, method)[0])

    expected = {f"style/c/{method}": value for method, value in distances(1, 2)}
    for (method, whole), (_, part) in zip(distances(0, 0), distances(1, 0), strict=True):
        expected[f"style/a/{method}"] = (1.0 * whole + 0.25 * part) / 1.25
    assert model.report() == pytest.approx(expected, rel=1e-4)
    assert model.report() == {}
    model.generator_terms(data | {"content": data["content"] * np.nan})
    assert model.report() == {}  # a bad batch leaves no trace


def test_content_and_variation_by_their_own_formulas():
    model = build(content_method="mse", content_weight=3.0, variation_weight=0.25)
    data = batch()
    painted, found = model.paint(data), terms(model, data)
    ours, theirs = model.perceptual(painted), model.perceptual(data["content"])
    expected = 3.0 * np.array(content_loss(ours["relu3_1"], theirs["relu3_1"], "mse"))
    np.testing.assert_allclose(found["content"], expected, rtol=1e-5)
    np.testing.assert_allclose(found["variation"], 0.25 * np.array(total_variation(painted)), rtol=1e-5)


def test_strength_trades_style_for_the_photograph(plain):
    full, half = terms(plain, batch()), terms(plain, batch(strength=(1, 0.5)))
    assert full["photograph"].tolist() == [0, 0]
    assert half["photograph"][0] == 0 and half["photograph"][1] > 0
    painted = np.array(plain.paint(batch(strength=(1, 0.5))))
    error = np.abs(painted - batch()["content"]).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(half["photograph"], [0, plain.photograph_weight * 0.5 * error[1]], rtol=1e-5)


def test_strength_zero_paints_the_photograph_itself(plain):
    data = batch(strength=(0, 0))
    np.testing.assert_array_equal(plain.paint(data), data["content"])


def test_critic_prefers_paintings_and_the_generator_opposes_it():
    model = build(with_critic=True)
    data = batch(strength=(1, 0.25)) | {"mix": np.full((2, 1, 1, 1), 0.25, "float32")}

    def score(images):
        return np.array(model.critic(images, data["style_weights"])).mean(axis=(1, 2, 3))

    fake = np.array(model.paint(data))
    losses = model.critic_terms(data)
    np.testing.assert_allclose(losses["wasserstein"], [1, 0.25] * (score(fake) - score(data["style_crops"])), rtol=1e-4)
    np.testing.assert_allclose(terms(model, data)["adversarial"], [-0.5, -0.125] * score(fake), rtol=1e-4)
    # A finite difference of the critic along its own gradient measures that gradient's norm.
    point = 0.25 * data["style_crops"] + 0.75 * fake
    gradients = np.stack([_numeric_gradient(model, *pair) for pair in zip(point, data["style_weights"], strict=True)])
    norms = np.sqrt((gradients**2).sum(axis=1))
    np.testing.assert_allclose(losses["penalty"], 10 * (norms - 1) ** 2, rtol=2e-2)


def _numeric_gradient(model, point, weights, epsilon=1e-2):
    """Central differences of one picture's score for every pixel, all of them in two batches."""
    moves = epsilon * np.eye(point.size, dtype="float32").reshape(-1, *point.shape)
    rows = np.repeat(weights[None], point.size, axis=0)
    ahead, behind = (np.array(model.critic(point + s * moves, rows)).mean(axis=(1, 2, 3)) for s in (1, -1))
    return (ahead - behind) / (2 * epsilon)


def test_training_lowers_the_loss_and_logs_every_term():
    model = build(with_critic=True, methods={"gram": 1.0}, critic_steps=2)
    model.compile(
        {"generator": keras.optimizers.Adam(1e-3), "critic": keras.optimizers.Adam(1e-4)},
        clip_norm={"generator": 10.0},
        ema={"half_life_kimg": 0.01},
    )
    step = model.make_step()
    data = {name: value for name, value in batch().items() if name not in ("strength", "mix")}
    logs = [step(data) for _ in range(8)]
    expected = {f"generator/{t}" for t in ("content", "style_gram", "variation", "photograph", "adversarial", "loss")}
    expected |= {"critic/wasserstein", "critic/penalty", "images_seen", "generator/gradient_norm"}
    assert expected <= set(logs[0])
    assert logs[-1]["generator/style_gram"] < logs[0]["generator/style_gram"]
    assert logs[-1]["images_seen"] == 16
    assert model.ema is not model.network


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alphas": [1, 2]}, "`alphas` must be 3 finite numbers"),
        ({"alphas": [1, 2, -1]}, "none negative"),
        ({"critic_weight": 0.5}, "go together"),
        ({"critic": tiny_critic()}, "go together"),
        ({"methods": {}}, "`methods` must have names among gram, mean_std, sorted, patch, pixel. Received: methods={}"),
        ({"methods": {"grim": 1.0}}, "`methods` must have names among gram, .*. Received: methods={'grim': 1.0}"),
        ({"methods": {"gram": [1, 2]}}, "`methods` must be 3 finite numbers, none negative. Received: .1, 2."),
        ({"content_method": "l3"}, "`content_method` must be one of correlation, relative, mse. Received: 'l3'"),
        ({"max_mixed": 0}, "`max_mixed` must be positive. Received: max_mixed=0"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)


def test_number_of_pictures_must_equal_number_of_styles():
    network = StyleTransformer(2, widths=(4, 4, 4), num_blocks=(1, 1, 1))
    with pytest.raises(ValueError, match="`style_pictures` must hold 2 pictures"):
        MultiStyleTransfer(network, None, [np.zeros((16, 16, 3), "float32")])
