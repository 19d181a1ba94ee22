"""Regions, their normalisation, the fusion generator, its critic and its loss."""

import keras
import numpy as np
import pytest
from toy_fusion import batch, build, tiny_generator

from keras_stylegan.inference.blending import grown
from keras_stylegan.layers import RegionNormalization
from keras_stylegan.losses import content_loss
from keras_stylegan.models import Fusion
from keras_stylegan.models.fusion import region_error
from keras_stylegan.networks import FusionCritic, FusionGenerator
from keras_stylegan.networks.fusion import composite_of
from keras_stylegan.ops.colour_fits import fit_colours, fit_curves, fit_ramp, follow_curves, light_ramp
from keras_stylegan.ops.regions import (
    coverage,
    paint_regions,
    region_moments,
    with_background,
)
from keras_stylegan.ops.seams import align, rim_weights, seam_transform, shift_colours, with_rim

RNG = np.random.default_rng(0)


def numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


# Regions


def test_moments_of_regions_by_hand():
    features = RNG.normal(3, 2, (2, 4, 5, 3)).astype("float32")
    masks = np.zeros((2, 4, 5, 2), "float32")
    masks[:, :2, :2, 0], masks[:, 3, :, 1] = 1, 1
    regions = numpy(with_background(masks))
    np.testing.assert_allclose(regions.sum(axis=-1), 1)
    mean, variance = region_moments(features, regions)
    for image in range(2):
        for region in range(3):
            rows = features[image][regions[image, ..., region] > 0]
            np.testing.assert_allclose(mean[image, region], rows.mean(axis=0), atol=2e-3)
            np.testing.assert_allclose(variance[image, region], rows.var(axis=0), atol=5e-3)


def test_moments_of_an_empty_region_are_the_pictures():
    features = RNG.normal(50, 0.5, (1, 6, 7, 2)).astype("float32")
    mean, variance = region_moments(features, np.zeros((1, 6, 7, 1), "float32"))
    np.testing.assert_allclose(mean[0, 0], features.mean(axis=(0, 1, 2)), rtol=1e-5)
    np.testing.assert_allclose(variance[0, 0], features.var(axis=(0, 1, 2)), rtol=1e-3)


def test_values_are_painted_by_weight():
    values = np.array([[[1.0, 2.0], [5.0, -2.0]]], "float32")
    regions = np.array([[[[1, 0], [0.25, 0.75]]]], "float32")
    np.testing.assert_allclose(paint_regions(values, regions), [[[[1, 2], [4, -1]]]])
    np.testing.assert_allclose(coverage([[[[0.5, 0.75]]]]), [[[[1]]]])


def test_regions_get_the_statistics_of_the_background():
    layer = RegionNormalization(epsilon=1e-6)
    x = RNG.normal(0, 1, (1, 12, 12, 3)).astype("float32")
    masks = np.zeros((1, 12, 12, 2), "float32")
    masks[:, :5, :5, 0], masks[:, 7:, :, 1] = 1, 1
    x[:, :5, :5] = 4 + 3 * x[:, :5, :5]
    regions = numpy(with_background(masks))
    y = numpy(layer(x, regions))
    outside = regions[0, ..., 2] > 0
    np.testing.assert_allclose(y[0][outside], x[0][outside], atol=1e-4)  # the background stays
    for region in range(2):
        inside = y[0][masks[0, ..., region] > 0]
        np.testing.assert_allclose(inside.mean(axis=0), x[0][outside].mean(axis=0), atol=1e-2)
        np.testing.assert_allclose(inside.std(axis=0), x[0][outside].std(axis=0), rtol=1e-2)
    layer.scale.assign([[2.0] * 3, [0.5] * 3])
    layer.shift.assign([[1.0] * 3, [-1.0] * 3])
    expected = np.where(outside[..., None], 0.5 * y - 1, 2 * y + 1)
    np.testing.assert_allclose(layer(x, regions), expected, atol=1e-3)
    with pytest.raises(ValueError, match="`epsilon` must be positive. Received: epsilon=0"):
        RegionNormalization(0)


# The generator


def test_alignment_undoes_what_was_done_to_a_region():
    rows, columns = np.mgrid[:48, :64]
    photograph = np.stack([np.sin(rows / 5 + columns / 7 + c) + 0.2 * c for c in range(3)], axis=-1)[None] / 2
    masks = np.zeros((1, 48, 64, 3), "float32")
    masks[0, 10:30, 8:26, 0], masks[0, 20:40, 36:60, 1] = 1, 1
    gains, offsets = np.array([[0.5, 1.5, 1.2], [1.1, 0.7, 0.9]]), np.array([[0.1, -0.2, 0], [0.3, 0, -0.1]])
    source = photograph.copy()
    for region in range(2):
        inside = grown(masks[0, ..., region] > 0)[None]
        source[inside] = (photograph[inside] - offsets[region]) / gains[region]
    transform = numpy(seam_transform(source, photograph, with_rim(masks)))
    for region in range(2):
        inside, matrix = masks[..., region] > 0, transform[0, region, :9].reshape(3, 3) + np.eye(3)
        aligned = source[inside] @ matrix.T + transform[0, region, 9:]
        assert np.abs(aligned - photograph[inside]).mean() < 0.2 * np.abs(source - photograph)[inside].mean()
    np.testing.assert_array_equal(transform[0, 2], np.zeros(12))  # no region, no edge
    generator = FusionGenerator((4, 6, 8), (1, 1, 1), latent_dim=3)
    generator.build()
    inputs = {"source": source, "target": photograph, "masks": masks, "noise": np.zeros((1, 3))}
    inputs = {name: value.astype("float32") for name, value in inputs.items()}
    error = np.abs(numpy(generator(inputs)) - photograph).mean()
    assert error < 0.25 * np.abs(source - photograph).mean()


def test_hard_edges_get_a_rim():
    masks = np.zeros((1, 8, 9, 2), "float32")
    masks[0, 2:5, 2:6, 0], masks[0, 3:6, 6:8, 1], masks[0, 5, 2, 0] = 1, 0.9, 0.1
    rim = numpy(with_rim(masks)) - masks
    assert rim[0, 1, 1:7, 0].tolist() == [0.25] * 6 and rim[0, 5, 3:6, 0].tolist() == [0.25] * 3
    assert not rim[..., 0][masks.sum(-1) > 0].any() and rim[0, 2, 6:9, 1].tolist() == [0.25] * 3
    assert rim[..., 0].sum() == 0.25 * 14 and set(np.unique(rim)) == {0, np.float32(0.25)}


def test_transforms_of_soft_edges_are_regressions_of_their_rims():
    source, target = RNG.uniform(-1, 1, (2, 2, 20, 24, 3))
    masks = np.zeros((2, 20, 24, 2), "float32")
    for column, value in enumerate((0.1, 0.4, 0.5, 0.7, 1, 0.3)):
        masks[:, 2:12, 4 + column, 0] = value
    masks[:, 13:19, :, 1] = np.minimum(RNG.uniform(size=(2, 6, 24)), 0.6)
    weights = numpy(rim_weights(masks))
    np.testing.assert_allclose(weights[0, 5, 4:10, 0], [0.2, 0.8, 1, 0, 0, 0.6], rtol=1e-6)
    transform, explained = (numpy(part) for part in fit_colours(source, target, weights, epsilon=0.01))
    for image in range(2):
        for region in range(2):
            w = weights[image, ..., region].reshape(-1).astype("float64")
            w, x, y = w / w.sum(), source[image].reshape(-1, 3), target[image].reshape(-1, 3)
            x0, y0 = x - w @ x, y - w @ y
            # The minimum of the weighted squares plus epsilon times the distance of the matrix from the identity.
            rows = np.concatenate([x0 * np.sqrt(w)[:, None], 0.1 * np.eye(3)])
            wanted = np.linalg.lstsq(rows, np.concatenate([y0 * np.sqrt(w)[:, None], 0.1 * np.eye(3)]), rcond=None)[0].T
            np.testing.assert_allclose(transform[image, region, :9].reshape(3, 3) + np.eye(3), wanted, atol=2e-5)
            np.testing.assert_allclose(transform[image, region, 9:], w @ y - wanted @ (w @ x), atol=2e-5)
            error = (w @ (y0 - x0 @ wanted.T) ** 2).sum()
            expected = 1 - error / ((w @ y0**2).sum() + 0.01)
            np.testing.assert_allclose(explained[image, region, 0], expected, atol=1e-4)


def test_alignment_believes_a_rim_that_is_explained_only():
    """Another matrix of colours is recovered where the scene is the same; of another scene the mean moves a little."""
    rows, columns = np.mgrid[:40, :60]
    photograph = np.stack([np.sin(rows / (3 + c) + columns / (7 - 2 * c)) for c in range(3)], axis=-1)[None] / 2
    masks = np.zeros((1, 40, 60, 1))
    masks[0, 10:30, 15:45], masks[0, 12:28, 17:43] = 0.4, 1
    matrix, offset = np.array([[0.8, 0.1, -0.1], [0.2, 1.1, 0], [0, -0.2, 0.7]]), np.array([0.1, -0.1, 0.2])
    source = (photograph - offset) @ np.linalg.inv(matrix).T
    transform = numpy(seam_transform(source, photograph, masks))[0, 0]
    np.testing.assert_allclose(transform[:9].reshape(3, 3) + np.eye(3), matrix, atol=0.05)
    foreign = RNG.uniform(-1, 1, source.shape)
    transform = numpy(seam_transform(foreign, photograph, masks))
    np.testing.assert_allclose(transform, shift_colours(foreign, photograph, masks > 0.5), atol=1e-6)
    assert not transform[..., :9].any()
    flat = np.where(masks > 0.5, 0.5, np.array([-0.2, 0, 1])) + np.zeros(source.shape)
    transform = numpy(shift_colours(flat, flat, masks > 0.5))[0, 0]
    np.testing.assert_allclose(transform[9:], 0.3 * np.array([-0.7, -0.5, 0.5]), atol=0.02)


def scene(height=48, width=64):
    """A smooth picture in [-1, 1] with all colours along every edge, and a mask with a soft edge."""
    rows, columns = np.mgrid[:height, :width]
    waves = [np.sin(rows / (3 + c) + columns / (7 - 2 * c)) for c in range(3)]
    mask = np.zeros((1, height, width, 1), "float32")
    mask[0, 8:-8, 12:-12], mask[0, 10:-10, 14:-14] = 0.4, 1
    return (np.stack(waves, axis=-1)[None] * 0.8).astype("float32"), mask


def test_alignment_undoes_a_ramp_of_light():
    photograph, mask = scene()
    down, across = np.mgrid[-1:1:49j, -1:1:65j][:, 1:, 1:] - np.array([1 / 48, 1 / 64])[:, None, None]
    gain = np.exp(0.3 * down - 0.2 * across)[None, ..., None]
    slopes = np.zeros((1, 48, 64, 2), "float32") + np.float32([0.3, -0.2])
    np.testing.assert_allclose(light_ramp(photograph, slopes), (photograph + 1) * gain - 1, atol=1e-5)
    assert (
        np.abs(
            numpy(fit_ramp(photograph, numpy(light_ramp(photograph, slopes / 10)), mask)) * 10 - slopes[0, :1, 0]
        ).max()
        < 0.02
    )
    # Another gain of each channel on top; by colours alone most of the ramp stays.
    source = ((photograph + 1) / gain * np.array([0.8, 1.1, 0.9]) - 1).astype("float32")
    inside = mask[..., 0] == 1
    error = np.abs(numpy(align(source, photograph, mask)[0]) - photograph)[inside].mean()
    transform = numpy(seam_transform(source, photograph, mask))[0, 0]
    by_colours = source @ (transform[:9].reshape(3, 3) + np.eye(3)).T + transform[9:]
    assert error < 0.01 and error < np.abs(by_colours - photograph)[inside].mean() / 5
    # What a ramp explains little of, such as grain, does not tilt a region.
    grain = photograph + RNG.normal(0, 0.3, photograph.shape).astype("float32")
    np.testing.assert_array_equal(fit_ramp(photograph, grain, mask), np.zeros((1, 1, 2)))
    # A thing from another scene gets no light of its own.
    foreign = RNG.uniform(-1, 1, source.shape).astype("float32")
    moved = foreign + numpy(shift_colours(foreign, photograph, mask > 0.5))[0, 0, 9:]
    np.testing.assert_allclose(numpy(align(foreign, photograph, mask)[0])[inside], moved[inside], atol=1e-5)


def test_curves_are_regressions_on_squares():
    photograph, mask = scene()
    wanted = np.float32([[0.1, -0.1, 0], [0.2, 0, -0.1], [-0.15, 0.1, 0.2]])
    bent = photograph + wanted[0] + wanted[1] * photograph + wanted[2] * photograph**2
    curves = numpy(fit_curves(photograph, bent, mask))
    np.testing.assert_allclose(curves[0, 0].reshape(3, 3), wanted, atol=0.01)
    painted = np.zeros((*photograph.shape[:3], 9), "float32") + wanted.reshape(-1)
    np.testing.assert_allclose(follow_curves(photograph, painted), bent - photograph, atol=1e-6)
    np.testing.assert_array_equal(fit_curves(photograph, bent, 0 * mask), np.zeros((1, 1, 9)))


def test_how_far_curves_are_followed_is_learnt():
    photograph, mask = scene()
    source = 2 * ((photograph + 1) / 2) ** 1.4 - 1
    generator = FusionGenerator((4, 6, 8), (0, 1, 0), latent_dim=3)
    generator.build()
    inputs = {"source": source, "target": photograph, "masks": mask, "noise": np.zeros((1, 3), "float32")}
    inside = mask[..., 0] == 1
    errors = []
    for share in (0, 1):
        generator.curve_shares.bias.assign(np.full(3, share))
        errors.append(np.abs(numpy(generator(inputs)) - photograph)[inside].mean())
    assert errors[1] < 0.4 * errors[0]


def test_a_new_generator_copies_and_pastes_where_there_is_no_edge():
    generator = FusionGenerator((4, 6, 8), (1, 1, 1), latent_dim=3)
    generator.build()
    inputs = batch()
    for masks in (np.ones_like(inputs["masks"][..., :1]), 0 * inputs["masks"]):
        whole = {**inputs, "masks": masks}
        np.testing.assert_allclose(generator(whole), composite_of(whole), atol=1e-6)
    np.testing.assert_array_equal(
        composite_of(inputs), np.where(inputs["masks"].max(-1, keepdims=True) > 0, inputs["source"], inputs["target"])
    )


def test_background_stays_and_hidden_pixels_are_not_read():
    generator, inputs = tiny_generator(), batch()
    fused, covered = numpy(generator(inputs)), inputs["masks"].max(axis=-1, keepdims=True) > 0
    np.testing.assert_array_equal(np.where(covered, 0, fused), np.where(covered, 0, inputs["target"]))
    assert np.abs(fused - numpy(composite_of(inputs)))[np.repeat(covered, 3, -1)].mean() > 0.05
    other = {
        **inputs,
        "target": np.where(covered, 9, inputs["target"]),
        "source": np.where(np.stack([grown(one[..., 0])[..., None] for one in covered]), inputs["source"], 9),
    }
    np.testing.assert_array_equal(generator({k: v.astype("float32") for k, v in other.items()}), fused)


def test_regions_keep_their_order_and_empty_ones_do_nothing():
    generator, inputs = tiny_generator(), batch()
    fused = numpy(generator(inputs))
    swapped = {**inputs, "masks": inputs["masks"][..., ::-1].copy()}
    np.testing.assert_allclose(generator(swapped), fused, rtol=1e-4, atol=1e-3)
    more = {**inputs, "masks": np.pad(inputs["masks"], ((0, 0), (0, 0), (0, 0), (0, 2)))}
    np.testing.assert_allclose(generator(more), fused, rtol=1e-4, atol=1e-3)


def test_each_region_has_a_transform_of_its_own():
    generator, inputs = tiny_generator(), batch()
    generator.pixel_transform.set_weights([np.zeros(w.shape) for w in generator.pixel_transform.weights])
    before = numpy(generator(inputs))
    composite = numpy(composite_of(inputs))
    for image in range(2):
        for region in range(2):
            inside = inputs["masks"][image, ..., region] > 0
            colours = np.column_stack([composite[image][inside], np.ones(inside.sum())])
            _, residual, _, _ = np.linalg.lstsq(colours, before[image][inside], rcond=None)
            np.testing.assert_allclose(residual, 0, atol=1e-6)  # one affine map of the colours fits exactly


def test_noise_and_background_change_the_result():
    generator, inputs = tiny_generator(), batch()
    fused, covered = numpy(generator(inputs)), inputs["masks"].max(axis=-1, keepdims=True) > 0
    for name in ("noise", "target"):
        changed = numpy(generator({**inputs, name: -inputs[name]}))
        assert np.abs((changed - fused) * covered).max() > 1e-3
    with pytest.raises(ValueError, match="`widths` must hold three numbers"):
        FusionGenerator(widths=(4, 4))
    with pytest.raises(ValueError, match="`latent_dim` must be positive"):
        FusionGenerator(latent_dim=0)


def test_half_precision_leaves_the_background_exact():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        generator = FusionGenerator((4, 6, 8), (0, 1, 0), latent_dim=3)
        generator.build()
    finally:
        keras.config.set_dtype_policy("float32")
    inputs = batch()
    outside = inputs["masks"].max(axis=-1) == 0
    np.testing.assert_array_equal(numpy(generator(inputs))[outside], inputs["target"][outside])


# The critic


def test_critic_scores_the_whole_and_the_region():
    critic = FusionCritic(4, 1)
    critic.build()
    images, masks = batch()["target"], batch()["masks"]
    patches, region = (numpy(logits) for logits in critic(images, masks))
    assert patches.shape == (2, 8, 8) and region.shape == (2,)
    # The region's score is a product of embeddings: of opposite sign when one embedding is turned round.
    critic.of_region.set_weights([-critic.of_region.kernel.numpy(), *critic.of_region.get_weights()[1:]])
    same, turned = (numpy(logits) for logits in critic(images, masks))
    np.testing.assert_allclose(same, patches, atol=1e-6)
    np.testing.assert_allclose(turned, -region, atol=1e-6)
    # A patch is scored by what lies about it.
    moved = numpy(critic(np.concatenate([images[:, :8], -images[:, 8:]], axis=1), masks)[0])
    np.testing.assert_allclose(moved[:, 0], patches[:, 0], atol=1e-6)
    assert np.abs(moved[:, 7] - patches[:, 7]).max() > 1e-4
    with pytest.raises(ValueError, match="`num_halvings` must be positive"):
        FusionCritic(num_halvings=0)


# The model


def test_error_counts_the_regions_alone():
    fused, target = np.zeros((2, 4, 4, 3), "float32"), np.zeros((2, 4, 4, 3), "float32")
    masks = np.zeros((2, 4, 4, 2), "float32")
    masks[0, 0, :2, 0], masks[0, 1, 0, 1] = 1, 0.5
    fused[0, 0, 0], fused[0, 1, 0], fused[0, 3] = (0.3, -0.3, 0.6), -1, 7
    mean_square = ((0.09 + 0.09 + 0.36) / 3 + 0.5) / 2.5
    np.testing.assert_allclose(region_error(fused, target, masks), [np.log(1 + mean_square * 127.5**2), 0], rtol=1e-5)


def test_terms_are_their_definitions():
    model, data = build(error_weight=3.0, perceptual_weight=2.0), batch()
    terms = {name: numpy(value) for name, value in model.generator_terms(data).items()}
    fused = model.generator(data)
    expected = 3 * numpy(region_error(fused, data["target"], data["masks"]))
    np.testing.assert_allclose(terms["error"], expected, rtol=1e-5)
    one, other = model.perceptual(fused), model.perceptual(data["target"])
    expected = 2 * np.mean([numpy(content_loss(one[tap], other[tap])) for tap in one], axis=0)
    np.testing.assert_allclose(terms["perceptual"], expected, rtol=1e-4)
    fakes, reals = (model.critic(images, data["masks"]) for images in (fused, data["target"]))
    losses = model.critic_terms(data)
    for name, fake, real in zip(("patches", "region"), fakes, reals, strict=True):
        lead = (numpy(real) - numpy(fake)).reshape(2, -1).astype("float64")
        np.testing.assert_allclose(terms[name], 0.5 * np.log1p(np.exp(lead)).mean(axis=1), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(numpy(losses[name]), np.log1p(np.exp(-lead)).mean(axis=1), rtol=1e-4, atol=1e-6)
    assert set(terms) == {"error", "perceptual", "patches", "region"} and set(losses) == {"patches", "region"}
    assert set(build(False, perceptual_weight=0.0).generator_terms(data)) == {"error"}
    with pytest.raises(ValueError, match="`critic` and a `critic_weight` above 0 go together"):
        Fusion(model.generator, model.perceptual, critic_weight=1.0)


def test_r1_is_the_squared_slope_of_both_scores():
    model, data = build(penalty_weight=3.0), batch(count=1)
    picture, step = data["target"], 1e-3
    nudges = step * np.eye(picture.size, dtype="float32").reshape(picture.size, *picture.shape[1:])

    def score(pictures):
        patches, region = model.critic(pictures, np.repeat(data["masks"], len(pictures), axis=0))
        return numpy(patches).mean(axis=(1, 2), dtype="float64") + numpy(region)

    slope = (score(picture + nudges) - score(picture - nudges)) / (2 * step)
    np.testing.assert_allclose(numpy(model.r1(data)), 1.5 * np.sum(slope**2), rtol=0.01)
    (regularizer,) = model.players()[0].regularizers
    assert regularizer.every == 8 and not build(penalty_weight=0.0).players()[0].regularizers


def test_training_learns_one_pair():
    model = build(with_critic=False)
    model.compile({"generator": keras.optimizers.Adam(0.02)}, jit_compile=False, run_eagerly=True)
    data = batch(count=1)
    data["source"] = np.clip(0.6 * data["target"] + 0.3, -1, 1).astype("float32")
    losses = [float(model.update_step(data)["generator/error"]) for _ in range(6)]
    assert losses[-1] < 0.9 * losses[0]


def test_both_players_move_and_the_perceptual_network_does_not():
    model = build()
    networks = {"generator": model.generator, "critic": model.critic, "perceptual": model.perceptual}
    before = {name: [numpy(w).copy() for w in network.weights] for name, network in networks.items()}
    optimizers = {name: keras.optimizers.SGD(1e-4) for name in ("critic", "generator")}
    model.compile(optimizers, jit_compile=False, run_eagerly=True)
    data = batch()
    del data["noise"]
    logs = model.update_step(data)
    assert {"critic/patches", "critic/region", "generator/error", "generator/region"} <= set(logs)
    for name, network in networks.items():
        moved = [not np.array_equal(old, numpy(new)) for old, new in zip(before[name], network.weights, strict=True)]
        assert any(moved) != (name == "perceptual")
