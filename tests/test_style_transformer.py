"""The stylisation network: sizes, strength, order of the style vector; and its LiteRT twin."""

import collections

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from keras_stylegan.exporters.litert import convert_signatures, stylize_functions
from keras_stylegan.exporters.stylize_graph import painted_colours, stylized_pixels
from keras_stylegan.inference.litert_signatures import single_signature
from keras_stylegan.networks import StyleTransformer
from keras_stylegan.networks.style_maps import StyleMaps

NUM_STYLES = 3


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(5)
    network = StyleTransformer(NUM_STYLES, widths=(8, 12, 16), num_blocks=(1, 2, 1), normalization="branches")
    network.build()
    rng = np.random.default_rng(5)
    network.bank.vectors.assign(network.bank.vectors + rng.normal(0, 0.2, network.bank.vectors.shape))
    return network


def inputs(images, styles=None, strength=1.0):
    styles = np.eye(NUM_STYLES, dtype="float32")[: len(images)] if styles is None else np.array(styles, "float32")
    return {"images": images, "style_weights": styles, "strength": np.full(len(images), strength, "float32")}


def pictures(count, height, width, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (count, height, width, 3)).astype("float32")


@pytest.mark.parametrize("size", [(16, 16), (24, 16), (16, 104)])
def test_output_has_the_size_of_the_input(network, size):
    assert network(inputs(pictures(2, *size))).shape == (2, *size, 3)


def test_each_image_is_painted_in_its_own_style(network):
    images = np.repeat(pictures(1, 32, 32), NUM_STYLES, axis=0)
    together = np.array(network(inputs(images)))
    for i in range(NUM_STYLES):
        alone = network(inputs(images[i : i + 1], np.eye(NUM_STYLES)[i : i + 1]))
        np.testing.assert_allclose(together[i], alone[0], atol=1e-5)
    assert np.abs(together[0] - together[1]).mean() > 0.01


def test_strength_goes_from_the_pixels_themselves_to_the_style(network):
    images = pictures(1, 32, 32)
    np.testing.assert_array_equal(network(inputs(images, strength=0.0)), images)
    distances = [np.abs(network(inputs(images, strength=s)) - images).mean() for s in (0.0, 0.05, 0.1, 0.2)]
    assert all(nearer < farther for nearer, farther in zip(distances, distances[1:], strict=False))


def test_near_the_photograph_its_own_pixels_are_blended_in(network):
    images, styles = pictures(1, 32, 32), np.eye(NUM_STYLES, dtype="float32")[:1]
    painted = network.paint(images, network.bank(styles, np.full(1, 0.05, "float32")))
    expected = 0.75 * images + 0.25 * np.array(painted)
    np.testing.assert_allclose(network(inputs(images, strength=0.05)), expected, atol=1e-5)
    painted = network.paint(images, network.bank(styles, np.full(1, 0.2, "float32")))
    np.testing.assert_allclose(network(inputs(images, strength=0.2)), painted, atol=1e-5)


def vectors_of(network):
    return np.array(network.bank.style_vectors())


def test_a_vector_beside_the_bank_paints_as_the_style_that_it_is(network):
    images, named = pictures(1, 32, 32), inputs(pictures(1, 32, 32), [[0, 0.25, 0.75]], 0.6)
    first, second, third = vectors_of(network)
    for weights, vector in (([0, 0, 0], 0.25 * second + 0.75 * third), ([0, 0.25, 0], 0.75 * third)):
        own = inputs(images, [weights], 0.6) | {"style_vectors": vector[None]}
        np.testing.assert_allclose(network(own), network(named), atol=2e-5)
    moved = inputs(images, [[0, 0.25, 0]], 0.6) | {"style_vectors": 0.75 * first[None]}
    assert np.abs(np.array(network(moved)) - network(named)).mean() > 1e-3


def regions(images, masks, weights, strength=1.0):
    return {**inputs(images, [weights], strength), "masks": np.array(masks, "float32")}


def test_even_masks_paint_as_the_mixture(network):
    images = pictures(1, 32, 48)
    masks = np.ones((1, 32, 48, 2)) * [0.3, 0.7]
    painted = network(regions(images, masks, [[1, 0, 0], [0, 0, 1]], 0.8))
    np.testing.assert_allclose(painted, network(inputs(images, [[0.3, 0, 0.7]], 0.8)), atol=2e-5)


def test_half_covered_is_half_the_strength(network):
    images = pictures(1, 32, 32)
    for cover in (0.1, 0.5):
        painted = network(regions(images, np.full((1, 32, 32, 1), cover), [[0, 1, 0]]))
        np.testing.assert_allclose(painted, network(inputs(images, [[0, 1, 0]], cover)), atol=2e-5)


def test_where_no_mask_covers_the_photograph_stays(network):
    images, masks = pictures(1, 32, 32), np.zeros((1, 32, 32, 2))
    masks[:, :20, :16, 0] = masks[:, :20, 16:, 1] = 1
    painted = np.array(network(regions(images, masks, [[1, 0, 0], [0, 1, 0]])))
    np.testing.assert_array_equal(painted[:, 20:], images[:, 20:])
    assert np.abs(painted[:, :20] - images[:, :20]).mean() > 0.05


def test_maps_blend_the_regions_layer_by_layer():
    """By hand: two regions over 8x8 pixels, at the sizes of layers of stride 1 and 4."""
    masks = np.zeros((1, 8, 8, 2), "float32")
    masks[:, :, :2, 0], masks[:, :, 2:, 1] = 1, 0.5
    styles = {"coarse": [np.array([[[2.0], [6.0]]], "float32")] * 2, "colour": np.array([[[2.0], [6.0]]], "float32")}
    photograph = {"coarse": [np.array([[[4.0]]], "float32")] * 2, "colour": np.array([[[4.0]]], "float32")}
    maps = StyleMaps(styles, photograph, masks, {"coarse": 4, "colour": 1})
    # Blocks of four columns: (2 of the first, 2 of the second) and (4 of the second).
    expected = [4 + 0.5 * -2 + 0.25 * 2, 4 + 0.5 * 2]
    for part in maps["coarse"]:
        np.testing.assert_allclose(np.array(part)[0, :, :, 0], [expected] * 2)
    np.testing.assert_allclose(np.array(maps["colour"])[0, 3, :, 0], [2, 2, 5, 5, 5, 5, 5, 5])


def neutral_parts(network):
    """{layer name: [scale, shift]} of an untrained style, to be changed and painted with `paint_parts`."""
    vector = neutral_vector(network)
    return {name: [np.array(part) for part in parts] for name, parts in network._split(vector).items()}


def neutral_vector(network):
    return np.concatenate([np.full(size, value, "float32") for size, value in network._layout()])[None]


def paint_parts(network, images, parts):
    vector = np.concatenate([np.ravel(part) for layer in parts.values() for part in layer])[None]
    return np.array(network.paint(images, np.repeat(vector, len(images), axis=0)))


def test_untrained_styles_are_neutral():
    network = StyleTransformer(2, widths=(4, 4, 4), num_blocks=(1, 1, 1), num_waves=2)
    network.build()
    parts = neutral_parts(network)
    for vector in [*np.array(network.bank.vectors), np.array(network.bank.photograph)]:
        np.testing.assert_array_equal(vector, np.concatenate([np.ravel(p) for layer in parts.values() for p in layer]))
    gains = {name: layer[0].ravel()[0] for name, layer in parts.items() if name != "to_rgb"}
    # The last convolution of each residual branch starts at half its gain, the waves at a quarter.
    assert {name: gain for name, gain in gains.items() if gain != 1} == {
        "waves": 0.25, "encoder_0_b": 0.5, "middle_0_b": 0.5, "decoder_0_b": 0.5,
    }  # fmt: skip
    assert not any(layer[1].any() for layer in parts.values() if len(layer) == 2)


def test_each_path_reaches_the_output(network):
    """With all paths cut but one, the output still follows what enters it, and with all cut it does not."""
    images = pictures(2, 32, 32)

    def spread(*open_paths):
        parts = neutral_parts(network)
        # The decoder's branches normalise, and so would amplify what a cut path leaves behind.
        for name in {"from_quarter", "from_eighth", "waves", "encoder_0_b", "decoder_0_b"} - set(open_paths):
            parts[name][0][:] = 0
        if "half" not in open_paths:
            parts["stem"][0][:] = 0
            parts["stem"][1][:] = 0.5
        painted = paint_parts(network, images, parts)
        return painted.std(axis=(1, 2)).max()

    assert spread() < 1e-4
    assert spread("half") > 1e-2
    assert spread("from_quarter", "waves") > 1e-3


def test_colours_reach_beyond_black_and_white(network):
    parts = neutral_parts(network)
    parts["to_rgb"][0][:] = 50.0
    np.testing.assert_allclose(paint_parts(network, pictures(1, 16, 16), parts), 1.1, rtol=1e-5)


def test_style_vector_holds_scale_and_shift_of_each_layer_in_order(network):
    layers = network.styled_layers()
    assert network.vector_size == sum(2 * layer.filters for layer in layers) + 3
    vector = np.arange(network.vector_size, dtype="float32")[None]
    split, start = network._split(vector), 0
    for layer in layers:
        scale, shift = split[layer.name]
        assert scale[0, 0] == start and shift[0, 0] == start + layer.filters
        start += 2 * layer.filters
    assert np.array(split["to_rgb"])[0].tolist() == [start, start + 1, start + 2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"widths": (8, 8)}, "`widths` must hold three numbers"),
        ({"num_blocks": (1,)}, "`num_blocks` must hold three numbers"),
        ({"num_waves": 0}, "`num_waves` must be positive. Received: num_waves=0"),
        ({"normalization": "none"}, '`normalization` must be "all" or "branches". Received: normalization=\'none\''),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        StyleTransformer(2, **options)


@pytest.mark.parametrize("normalization", ["branches", "all"])
def test_exported_graph_paints_what_the_network_paints(normalization):
    network = StyleTransformer(2, widths=(4, 6, 8), num_blocks=(1, 2, 1), num_waves=3, normalization=normalization)
    network.build()
    rng = np.random.default_rng(1)
    vectors = neutral_vector(network) + rng.normal(0, 0.5, (1, network.vector_size)).astype("float32")
    pixels = rng.integers(0, 256, (1, 48, 64, 3)).astype("float32")
    painted = np.array(network.paint(pixels / 127.5 - 1, vectors))
    assert painted.std() > 0.1
    np.testing.assert_allclose(1.1 * painted_colours(network, pixels, vectors), painted, atol=1e-4)


@pytest.mark.parametrize("strength", [0.0, 0.05, 0.2, 1.0])
def test_exported_graph_blends_the_photograph_in(network, strength):
    image = np.random.default_rng(2).integers(0, 256, (1, 32, 40, 3), dtype="uint8")
    arguments = inputs(image.astype("float32") / 127.5 - 1, [[0.3, 0, 0.7]], strength)
    vectors = network.bank(arguments["style_weights"], arguments["strength"])
    result = np.array(stylized_pixels(network, image, vectors, arguments["strength"]))
    expected = np.clip((np.array(network(arguments)) + 1) * 127.5, 0, 255)
    assert np.abs(result - expected).max() < 0.51


@pytest.fixture(scope="module")
def content(network):
    """In half precision, as it ships."""
    return convert_signatures(stylize_functions(network), float16=True)


@pytest.fixture(scope="module")
def litert(content):
    return Interpreter(model_content=content, num_threads=2)


def test_one_litert_file_paints_every_size_as_keras_does(network, litert):
    runner = litert.get_signature_runner("stylize_weights")
    for height, width in ((48, 64), (16, 24), (104, 40)):
        image = np.random.default_rng(1).integers(0, 256, (1, height, width, 3), dtype="uint8")
        arguments = inputs(image.astype("float32") / 127.5 - 1, [[0.3, 0, 0.7]], 0.8)
        expected = np.clip(np.rint((np.array(network(arguments)) + 1) * 127.5), 0, 255)
        painted = runner(image=image, style_weights=arguments["style_weights"], strength=arguments["strength"])
        difference = np.abs(painted["stylized"] - expected)
        assert difference.max() <= 2 and difference.mean() < 0.2


def test_the_litert_file_takes_own_styles_and_regions_as_keras_does(network, litert):
    image = np.random.default_rng(2).integers(0, 256, (1, 40, 56, 3), dtype="uint8")
    images = image.astype("float32") / 127.5 - 1
    own = 0.4 * vectors_of(network)[1]
    masks = np.zeros((1, 40, 56, 3), "float32")
    masks[:, :16, :, 0], masks[:, 16:30, :, 1], masks[:, 16:30, :30, 2] = 1, 0.5, 0.5
    weights = np.array([[[1, 0, 0], [0, 0.6, 0], [0, 0, 1]]], "float32")
    vectors = np.stack([0 * own, own, 0 * own])[None]
    calls = {
        "stylize_vector": {"style_weights": np.array([[0, 0, 0.6]], "float32"), "style_vector": own[None]},
        "stylize_regions": {"style_weights": weights, "style_vectors": vectors, "masks": masks},
    }
    for signature, arguments in calls.items():
        arguments["strength"] = np.array([0.9], "float32")
        painted = litert.get_signature_runner(signature)(image=image, **arguments)["stylized"].astype(int)
        if "style_vector" in arguments:
            arguments["style_vectors"] = arguments.pop("style_vector")
        expected = np.clip(np.array(network({"images": images, **arguments})) * 127.5 + 128, 0, 255).astype("uint8")
        assert np.abs(painted - expected).max() <= 2 and np.abs(painted - expected).mean() < 0.2


def test_the_litert_file_paints_tiles_as_keras_does(network, litert):
    image = np.random.default_rng(3).integers(0, 256, (1, 136, 320, 3), dtype="uint8")
    parts, origin = np.concatenate([image[:, :, :160], image[:, :, 160:]]), np.array([[0, 0], [0, 40]], "float32")
    strength, weights = np.array([0.9], "float32"), np.array([[0.5, 0, 0.5]], "float32")
    zero = np.zeros((1, network.vector_size), "float32")
    runner = litert.get_signature_runner("freeze_style")
    style = {"style_weights": weights, "style_vector": zero, "strength": strength}
    frozen = runner(parts=parts, origin=origin, **style)["frozen_vector"]
    floats = parts.astype("float32") / 127.5 - 1
    expected = np.array(network.freeze(floats, network.bank(weights, strength), origin))
    np.testing.assert_allclose(frozen, expected, rtol=0.02, atol=0.02)
    tile = litert.get_signature_runner("stylize_tile")
    painted = tile(image=parts[1:], frozen_vector=expected, origin=origin[1:], strength=strength)["stylized"]
    arguments = {"images": floats[1:], "frozen_vectors": expected, "origin": origin[1:], "strength": strength}
    wanted = np.clip(np.array(network(arguments)) * 127.5 + 128, 0, 255).astype(int)
    lost = 2 * network.tile_margin
    assert painted.shape == wanted.shape == (1, 136 - lost, 160 - lost, 3)
    assert np.abs(painted - wanted).max() <= 2
    middle = tile(image=parts[1:], frozen_vector=expected, origin=origin[1:], strength=0 * strength)["stylized"]
    np.testing.assert_array_equal(middle, parts[1:, lost // 2 : -lost // 2, lost // 2 : -lost // 2])


def test_litert_file_gives_back_the_photograph_at_strength_zero(litert):
    image = np.arange(256, dtype="uint8").reshape(1, 16, 16, 1).repeat(3, axis=3)
    runner = litert.get_signature_runner("stylize_weights")
    weights = np.array([[1, 0, 0]], "float32")
    painted = runner(image=image, style_weights=weights, strength=np.zeros(1, "float32"))
    np.testing.assert_array_equal(painted["stylized"], image)


def test_litert_file_has_built_in_operators_and_few_partitions(content):
    interpreter = Interpreter(model_content=single_signature(content, "stylize_weights"))
    operators = collections.Counter(operator["op_name"] for operator in interpreter._get_ops_details())
    assert not [name for name in operators if name.startswith(("Flex", "CUSTOM", "VAR_HANDLE", "READ_VARIABLE"))]
    not_by_xnnpack = ("CAST", "MIRROR_PAD", "RESIZE_NEAREST_NEIGHBOR", "SPACE_TO_DEPTH", "TILE")
    assert not [name for name in not_by_xnnpack if operators[name]]
    assert operators["DELEGATE"] <= 3
