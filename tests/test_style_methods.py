"""Methods of single styles: patches, targets for pixels, weights by style; what the adversarial term may be."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image
from stand_in import photograph
from toy_styles import NUM_STYLES, build
from toy_styles import batch as arrays

from keras_stylegan import data, pretrained
from keras_stylegan.losses import style_loss, style_statistics
from keras_stylegan.models.style_methods import PATCH_TAPS
from keras_stylegan.networks import StyleTransformer
from keras_stylegan.ops.gradients import input_gradient, value_and_gradients
from keras_stylegan.presets import get_preset, with_settings
from keras_stylegan.systems.multistyle import build_multistyle, method_weights, start_from


def batch(**options):
    return {name: ops.convert_to_tensor(values) for name, values in arrays(**options).items()}


def terms(model, given):
    return {name: ops.convert_to_numpy(value) for name, value in model.generator_terms(given).items()}


# --- weights by style


def test_weights_by_style_take_the_place_of_those_of_all():
    weights = method_weights({"b/gram": 0, "patch": 0.5, "gram": 2, "c/sorted": 3}, ["a", "b", "c"])
    expected = {"gram": [2, 0, 2], "patch": [0.5] * 3, "sorted": [0, 0, 3]}
    assert {name: values.tolist() for name, values in weights.items()} == expected


@pytest.mark.parametrize(
    "methods, message",
    [
        ({"grim": 1}, "`methods` must be one of gram, mean_std, sorted, patch, pixel. Received: methods=grim.*gram"),
        ({"a/grim": 1}, "Received: methods=grim"),
        ({"d/gram": 1}, "`methods` must name styles among a, b, c. Received: d"),
    ],
)
def test_unknown_methods_and_styles_are_named(methods, message):
    with pytest.raises(ValueError, match=message):
        method_weights(methods, ["a", "b", "c"])


def test_a_method_of_one_style_leaves_the_others_alone():
    model = build(methods={"gram": 1.0, "mean_std": [0, 2.0, 0]}, alphas=[1, 3, 1])
    found = terms(model, batch(styles=[(1, 0, 0), (0, 1, 0)]))
    equal = terms(build(methods={"gram": 1.0, "mean_std": 1.0}), batch(styles=[(1, 0, 0), (0, 1, 0)]))
    np.testing.assert_allclose(found["style_mean_std"], equal["style_mean_std"] * (0, 6), rtol=1e-5)
    np.testing.assert_allclose(found["style_gram"], equal["style_gram"] * (1, 3), rtol=1e-5)


# --- patches and pixels


def test_patches_of_a_painting_are_matched_beside_its_gram_matrix():
    model = build(methods={"gram": 1.0, "patch": 0.5}, size=24, style_weight=2.0)
    given = batch(size=24)
    features = model.perceptual(model.paint(given))
    targets = {tap: bank[:1] for tap, bank in model.targets["patch"].items()}
    assert set(targets) == set(PATCH_TAPS) and targets["relu3_1"].shape == (1, 512, 9 * 4)
    loss = style_loss(style_statistics(features, "patch", taps=list(PATCH_TAPS)), targets, "patch")
    found = terms(model, given)
    np.testing.assert_allclose(found["style_patch"][0], 2.0 * 0.5 * ops.convert_to_numpy(loss)[0], rtol=1e-4)
    assert found["style_gram"][0] > 0


def test_pixels_by_hand():
    model = build(methods={"pixel": [1.0, 0.5, 2.0]}, alphas=[1, 1, 3], style_weight=4.0, style_names=["a", "b", "c"])
    given = batch(styles=[(0, 0, 1), (0, 1, 0)], strength=[1, 1])
    given |= {"targets": ops.flip(given["content"], 0), "has_target": ops.convert_to_tensor([1.0, 0.0])}
    squares = ops.convert_to_numpy(model.paint(given) - given["targets"])
    squares = np.square(squares).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(terms(model, given)["style_pixel"], [4 * 3 * 2 * squares[0], 0], rtol=1e-5)
    assert model.report() == pytest.approx({"style/c/pixel": squares[0]}, rel=1e-5)
    del given["targets"]
    with pytest.raises(ValueError, match="The method `pixel` needs batches with `targets`"):
        model.generator_terms(given)


@pytest.fixture
def painted(tmp_path):
    """Photographs, and one of them painted in two styles, in one a little larger."""
    for number in range(2):
        path = tmp_path / "photos" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(photograph(40, 30, number)).save(path)
    for style, size in (("night", (40, 30)), ("ink", (80, 60))):
        (tmp_path / "targets" / style).mkdir(parents=True)
        Image.fromarray(255 - photograph(*size, 1)).save(tmp_path / "targets" / style / "1.png")
    return tmp_path


STYLES = ["day", "ink", "night"]


def test_painted_pairs_are_cropped_alike(painted):
    photographs = data.open_images(painted / "photos")
    pairs = data.open_painted(painted / "targets", STYLES, photographs)
    assert [pair.style for pair in pairs] == [1, 2] and pairs[0].pictures.shape == (30, 40, 6)
    crops = data.Crops(photographs, 16, 40, seed=3)
    plain, with_pairs = data.StyleBatches(crops, 3), data.StyleBatches(crops, 3, painted=pairs, target_probability=0.4)
    before, after = plain[5], with_pairs[5]
    chosen = after["has_target"] == 1
    assert 8 <= chosen.sum() <= 24
    for name, values in before.items():  # the other rows are what they are without
        np.testing.assert_array_equal(after[name][~chosen], values[~chosen])
    np.testing.assert_array_equal(after["targets"][~chosen], after["content"][~chosen])
    # In the toy a painting is the negative of its photograph, so a crop shows whether it is of the same place.
    np.testing.assert_allclose(after["targets"][chosen], -after["content"][chosen], atol=0.1)
    assert set(after["style_weights"][chosen].argmax(1)) == {1, 2} and (after["strength"][chosen] == 1).all()
    for name, values in with_pairs[5].items():
        np.testing.assert_array_equal(values, after[name])


def test_mistakes_in_targets_are_named(painted):
    photographs, targets = data.open_images(painted / "photos"), painted / "targets"
    with pytest.raises(ValueError, match="the folders of `targets` must be named like styles. Received: night"):
        data.open_painted(targets, STYLES[:2], photographs)
    with pytest.raises(ValueError, match="`targets` must be a folder"):
        data.open_painted(painted / "nowhere", STYLES, photographs)
    with pytest.raises(ValueError, match="`targets` must hold pictures STYLE/PHOTOGRAPH.png"):
        data.open_painted(painted / "photos", STYLES, photographs)
    Image.new("RGB", (30, 40)).save(targets / "ink" / "0.png")
    with pytest.raises(ValueError, match="0.png: a target must have its photograph's proportions, 40x30. Rec.*30x40"):
        data.open_painted(targets, STYLES, photographs)
    (targets / "ink" / "0.png").rename(targets / "ink" / "2.png")
    with pytest.raises(ValueError, match="must be named like a photograph of .*photos. Received: 2, and 0 more"):
        data.open_painted(targets, STYLES, photographs)


# --- the adversarial term


def test_a_balanced_term_is_as_strong_as_it_is_to_be():
    """Lengths at every painted picture, and the gradient that reaches the network through what was computed once."""
    plain, balanced = build(with_critic=True), build(with_critic=True, critic_balanced=True)
    given = batch(strength=(1, 0.5))
    painted = plain.paint(given)

    def others(images):
        return sum(plain.perceptual_terms(images, given).values())

    (values, pull), (score, push) = (
        input_gradient(function, ops.stop_gradient(painted))
        for function in (others, lambda images: plain.adversarial_term(images, given))
    )
    lengths = [np.sqrt(np.square(ops.convert_to_numpy(g)).sum((1, 2, 3))) for g in (pull, push)]
    weights = np.array([0.5, 0.25]) * lengths[0] / lengths[1]  # a share of the strength
    assert weights.min() > 0 and abs(weights[0] / weights[1] - 1) > 0.01
    shares = ops.convert_to_tensor(weights, "float32")
    found, score = terms(balanced, given), ops.convert_to_numpy(score)
    np.testing.assert_allclose(found["adversarial"], weights * score, rtol=1e-4)
    np.testing.assert_allclose(sum(found.values()), ops.convert_to_numpy(values) + weights * score, rtol=1e-4)

    def expected():
        images = plain.paint(given)
        return ops.sum(others(images) + shares * plain.adversarial_term(images, given)), ()

    def total():
        return ops.sum(sum(balanced.generator_terms(given).values())), ()

    one = value_and_gradients(expected, plain.network.trainable_variables)[2]
    other = value_and_gradients(total, balanced.network.trainable_variables)[2]
    for a, b in zip(one, other, strict=True):
        a, b = ops.convert_to_numpy(a), ops.convert_to_numpy(b)
        np.testing.assert_allclose(b, a, rtol=1e-3, atol=1e-4 * np.abs(a).max() + 1e-7)


def test_smoothed_paintings_are_refused_where_they_are_to_be():
    model, given = build(with_critic=True, smoothed_weights=[0, 0.5, 0.25]), batch()
    given |= {"smoothed_crops": ops.flip(given["style_crops"], -1)}

    def score(images):
        return ops.convert_to_numpy(model.critic(images, given["style_weights"])).mean(axis=(1, 2, 3))

    expected = score(given["smoothed_crops"]) - score(given["style_crops"])
    found = ops.convert_to_numpy(model.critic_terms(given)["smoothed"])
    np.testing.assert_allclose(found, [0, 0.25 * 0.5 + 0.75 * 0.25] * expected, rtol=1e-4)
    assert "smoothed" not in build(with_critic=True).critic_terms(batch())
    with pytest.raises(ValueError, match="`smoothed_weights` need a `critic`"):
        build(smoothed_weights=[1, 0, 0])
    with pytest.raises(ValueError, match=f"`smoothed_weights` must be {NUM_STYLES} finite numbers"):
        build(with_critic=True, smoothed_weights=[1, 0])


def test_edges_are_smoothed_and_nothing_else():
    picture = np.full((40, 60, 3), 40, np.uint8)
    picture[:, 30:] = 200
    smoothed = data.smooth_edges(picture).astype(int)
    np.testing.assert_array_equal(smoothed[:, :20], 40)
    np.testing.assert_array_equal(smoothed[:, 40:], 200)
    steps = np.diff(smoothed[20, :, 0])
    assert (steps >= 0).all() and steps.max() < 60
    texture = 100 + np.random.default_rng(0).integers(0, 6, (40, 60, 3)).astype("uint8")
    np.testing.assert_array_equal(data.smooth_edges(texture), texture)


def test_smoothed_crops_are_those_of_the_paintings_asked_for():
    pictures = [np.repeat((np.arange(24) // 6 % 2 * 2.0 - 1).astype("float32")[None, :, None], 24, 0)] * 2
    pictures = [np.repeat(picture, 3, axis=2) for picture in pictures]
    crops = data.Crops([photograph(40, 30)], 16, 30, (1.0, 1.0), seed=1)
    one = data.StyleBatches(crops, 2, 0.0, style_pictures=pictures)[2]
    other = data.StyleBatches(crops, 2, 0.0, style_pictures=pictures, smoothed=[1])[2]
    for name, values in one.items():
        np.testing.assert_array_equal(other[name], values)
    difference = np.abs(other["smoothed_crops"] - other["style_crops"]).mean(axis=(1, 2, 3))
    second = other["style_weights"][:, 1] == 1
    assert difference[second].min() > 0.1 and not difference[~second].any()
    with pytest.raises(ValueError, match="`smoothed` needs `style_pictures`"):
        data.StyleBatches(crops, 2, smoothed=[1])


# --- the settings of a run


@pytest.mark.parametrize(
    "settings, message",
    [
        (["methods=pixel:1"], "`targets` and the method `pixel` go together. Received: targets=, methods=pixel"),
        (["targets=somewhere"], "`targets` and the method `pixel` go together. Received: targets=somewhere"),
        (["smoothed=1:1"], "`smoothed` needs a `critic_weight` above 0. Received: smoothed=.'1': 1.0"),
        (["smoothed=oil:1", "critic_weight=1"], "`smoothed` must name styles among 1. Received: oil"),
        (["critic_balanced=2"], "`critic_balanced` must be 0 or 1"),
    ],
)
def test_settings_that_do_not_go_together_are_named(painted, settings, message):
    sources = [f"content={painted / 'photos'}", f"styles={painted / 'targets' / 'ink'}"]
    with pytest.raises(ValueError, match=message):
        build_multistyle(with_settings(get_preset("multistyle"), [*sources, *settings]))


def test_a_run_begins_with_the_packaged_network(monkeypatch):
    sizes = {"widths": (4, 4, 4), "num_blocks": (0, 1, 0), "num_waves": 2}
    packaged, network = StyleTransformer(2, **sizes), StyleTransformer(3, **sizes, bank_lr_multiplier=2.0)
    for each in (packaged, network):
        each.build()
    rng = np.random.default_rng(0)
    packaged.bank.vectors.assign(rng.normal(0, 1, packaged.bank.vectors.shape))
    entry = {"styles": [{"name": "a"}, {"name": "b"}], "recipe": "its recipe", "images_seen": 5, "litert": {}}
    monkeypatch.setattr(pretrained, "network_entry", lambda name: entry)
    monkeypatch.setattr(pretrained, "packaged_transformer", lambda known: packaged)
    fresh = ops.convert_to_numpy(network.bank.style_vectors())
    record = start_from(Path("multistyle"), network, ["b", "c", "a"])
    assert record == {"recipe": "its recipe", "images_seen": 5}
    known, learnt = (ops.convert_to_numpy(each.bank.style_vectors()) for each in (packaged, network))
    np.testing.assert_allclose(learnt[[0, 2]], known[[1, 0]], rtol=1e-5)
    np.testing.assert_allclose(learnt[1], fresh[1], rtol=1e-6)
    for ours, theirs in zip(network.stem.weights, packaged.stem.weights, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(ours), ops.convert_to_numpy(theirs))


def test_a_step_of_training_with_all_of_it():
    """Compiled, as `fit` runs it; the adversarial term carries all of the gradient, by which the others fall."""
    methods = {"gram": 1.0, "patch": [0, 1, 0], "pixel": 1.0}
    options = {"critic_balanced": True, "smoothed_weights": [0, 1, 0], "size": 24, "num_blocks": (0, 1, 0)}
    model = build(with_critic=True, methods=methods, **options)
    rates = {"generator": keras.optimizers.Adam(1e-4), "critic": keras.optimizers.Adam(1e-4)}
    model.compile(rates, clip_norm={"generator": 10.0}, jit_compile=False)
    given = batch(size=24)
    given |= {"smoothed_crops": given["style_crops"], "targets": given["content"]}
    given |= {"has_target": ops.convert_to_tensor([1.0, 0.0])}
    step = model.make_step()
    logs = [step(given) for _ in range(6)]
    assert {"generator/style_patch", "generator/style_pixel", "critic/smoothed"} <= set(logs[0])
    others = [log["generator/loss"] - log["generator/adversarial"] for log in logs]
    assert others[-1] < others[0]
    assert logs[-1]["generator/skipped_updates"] == 0 and logs[0]["generator/gradient_norm"] > 0
