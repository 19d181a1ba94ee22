"""LiteRT (TFLite) files that run every picture size with built-in operators only."""

import tempfile
from collections.abc import Callable, Mapping

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from keras_stylegan.exporters.litert_pixels import quantize_pixels
from keras_stylegan.exporters.saved_model_images import to_float, to_uint8
from keras_stylegan.exporters.stylize_graph import stylized_pixels, stylized_tile


def convert(function, signature: str, float16: bool = False) -> bytes:
    """Converts one traced function; as `convert_signatures` of `{signature: function}`."""
    return convert_signatures({signature: function}, float16)


def convert_signatures(functions: Mapping, float16: bool = False) -> bytes:
    """Converts traced functions to a LiteRT flatbuffer with their weights as constants, which they share.

    Args:
        functions: mapping from the name of a signature, under which the runner finds inputs and outputs by name, to a
            `tf.function` with an `input_signature` of named specs, returning a dict of named tensors. Height and width
            may be unknown.
        float16: store the weights in half precision. Arithmetic stays float32: XNNPACK widens them once, on loading.

    Returns:
        The file's bytes.
    """
    module = tf.Module()
    module.calls = {signature: _frozen(function) for signature, function in functions.items()}
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures=dict(module.calls))
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=list(functions))
        if float16:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
        return quantize_pixels(converter.convert())


def picture_function(change: Callable, output: str, size: tuple[int | None, int | None] = (None, None)):
    """The boundary of a network from a picture to a picture: uint8 in, uint8 out.

    Args:
        change: float pictures in [-1, 1], `(1, height, width, 3)`, to such of any size.
        output: name of the result.
        size: `(height, width)` of the input; None for sides of any length.

    Returns:
        `tf.function` of `image` uint8 `(1, height, width, 3)`; returns `{output: uint8 picture}`.
    """

    @tf.function(input_signature=[tf.TensorSpec([1, *size, 3], tf.uint8, name="image")], autograph=False)
    def changed(image):
        return {output: to_uint8(change(to_float(image)))}

    return changed


def _frozen(function):
    """The function with its weights as constants.

    Variables would stay variables: the converter keeps them mutable, and XNNPACK then refuses every convolution.
    """
    concrete = function.get_concrete_function()
    frozen = convert_variables_to_constants_v2(concrete)
    names = sorted(concrete.structured_outputs)  # A frozen function returns a list, in the order of the sorted keys.

    def call(*tensors):
        return dict(zip(names, tf.nest.flatten(frozen(*tensors)), strict=True))

    return tf.function(call, input_signature=[_named(t) for t in frozen.inputs], autograph=False)


def _named(tensor):
    return tf.TensorSpec(tensor.shape, tensor.dtype, name=tensor.name.split(":")[0])


def stylize_function(network):
    """The boundary of a stylisation network: uint8 in, uint8 out.

    Args:
        network: `StyleTransformer`.

    Returns:
        `tf.function` of `image` uint8 `(1, height, width, 3)` (multiples of `network.stride`), `style_weights` float
        `(1, num_styles)` that sum to 1, and `strength` float `(1,)`; returns `{"stylized": uint8 image}`.
    """

    @tf.function(input_signature=[_IMAGE, _weights(network), _STRENGTH], autograph=False)
    def stylize(image, style_weights, strength):
        vectors = network.bank(style_weights, strength)
        return {"stylized": stylized_pixels(network, image, vectors, strength)}

    return stylize


def stylize_functions(network) -> dict:
    """The signatures of a stylisation network's file: for the named styles, for own styles, for regions, for tiles.

    What goes beyond named styles has signatures of its own, so that the common path neither reads nor computes anything
    for it. They share its weights: each adds some 5 % to the file.

    Args:
        network: `StyleTransformer`.

    Returns:
        Dict from name to `tf.function`:

        - `stylize_weights`: `stylize_function`;
        - `stylize_vector`: beside its inputs `style_vector` float `(1, vector_size)`, what own styles add to the
          mixture: their vectors times their shares, which `style_weights` then lack;
        - `stylize_regions`: `image`; `masks` float `(1, height, width, regions)` in [0, 1], sums at most 1;
          `style_weights` `(1, regions, num_styles)` and `style_vectors` `(1, regions, vector_size)`, a mixture for each
          region; `strength`. What no mask covers stays the photograph;
        - `freeze_style`: inputs of `stylize_vector`, but `parts` uint8 `(parts, height, width, 3)` of one picture and
          `origin` float `(parts, 2)`, their upper left corners in steps of four pixels; returns `frozen_vector` float
          `(1, vector_size)`, the style with the picture's statistics in it;
        - `stylize_tile`: `image`, a tile with margins of `network.tile_margin` pixels (124 in the packaged network);
          `frozen_vector`; `origin` `(1, 2)`, of the upper left corner of the margins; `strength`. The result is the
          tile without its margins.
    """

    @tf.function(
        input_signature=[_IMAGE, _weights(network), _spec("style_vector", 1, network.vector_size), _STRENGTH],
        autograph=False,
    )
    def stylize_vector(image, style_weights, style_vector, strength):
        vectors = network.bank(style_weights, strength, style_vector)
        return {"stylized": stylized_pixels(network, image, vectors, strength)}

    @tf.function(
        autograph=False,
        input_signature=[
            _IMAGE,
            _spec("masks", 1, None, None, None),
            _spec("style_weights", 1, None, network.num_styles),
            _spec("style_vectors", 1, None, network.vector_size),
            _STRENGTH,
        ],
    )
    def stylize_regions(image, masks, style_weights, style_vectors, strength):
        styles = {"style_weights": style_weights, "style_vectors": style_vectors, "strength": strength}
        return _paint(network, image, masks=masks, **styles)

    @tf.function(
        autograph=False,
        input_signature=[
            tf.TensorSpec([None, None, None, 3], tf.uint8, name="parts"),
            _spec("origin", None, 2),
            _weights(network),
            _spec("style_vector", 1, network.vector_size),
            _STRENGTH,
        ],
    )
    def freeze_style(parts, origin, style_weights, style_vector, strength):
        vectors = network.bank(style_weights, strength, style_vector)
        return {"frozen_vector": network.freeze(to_float(parts), vectors, origin)}

    @tf.function(
        autograph=False,
        input_signature=[_IMAGE, _spec("frozen_vector", 1, network.vector_size), _spec("origin", 1, 2), _STRENGTH],
    )
    def stylize_tile(image, frozen_vector, origin, strength):
        return {"stylized": stylized_tile(network, image, frozen_vector, origin, strength)}

    return {
        "stylize_weights": stylize_function(network),
        "stylize_vector": stylize_vector,
        "stylize_regions": stylize_regions,
        "freeze_style": freeze_style,
        "stylize_tile": stylize_tile,
    }


def _spec(name, *shape):
    return tf.TensorSpec(shape, tf.float32, name=name)


def _weights(network):
    return _spec("style_weights", 1, network.num_styles)


_IMAGE = tf.TensorSpec([1, None, None, 3], tf.uint8, name="image")
_STRENGTH = _spec("strength", 1)


def _paint(network, image, **styles):
    painted = network({"images": to_float(image), **styles}, training=False)
    return {"stylized": tf.cast(tf.clip_by_value(tf.round((painted + 1.0) * 127.5), 0.0, 255.0), tf.uint8)}
