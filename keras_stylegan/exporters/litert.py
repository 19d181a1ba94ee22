"""LiteRT (TFLite) files that run every picture size with built-in operators only."""

import tempfile

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from keras_stylegan.exporters.litert_pixels import quantize_pixels
from keras_stylegan.exporters.stylize_graph import stylized_pixels


def convert(function, signature: str, float16: bool = False) -> bytes:
    """Converts a traced function to a LiteRT flatbuffer with its weights as constants.

    Args:
        function: `tf.function` with an `input_signature` of named specs, returning a dict of named tensors. Height
            and width may be unknown.
        signature: name under which the runner finds inputs and outputs by name.
        float16: store the weights in half precision. Arithmetic stays float32: XNNPACK widens them once, on loading.

    Returns:
        The file's bytes.
    """
    concrete = function.get_concrete_function()
    # Variables would stay variables: the converter keeps them mutable, and XNNPACK then refuses every convolution.
    frozen = convert_variables_to_constants_v2(concrete)
    names = sorted(concrete.structured_outputs)  # A frozen function returns a list, in the order of the sorted keys.

    def call(*tensors):
        return dict(zip(names, tf.nest.flatten(frozen(*tensors)), strict=True))

    module = tf.Module()
    module.call = tf.function(call, input_signature=[_named(t) for t in frozen.inputs])
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures={signature: module.call})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[signature])
        if float16:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
        return quantize_pixels(converter.convert())


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

    @tf.function(
        input_signature=[
            tf.TensorSpec([1, None, None, 3], tf.uint8, name="image"),
            tf.TensorSpec([1, network.num_styles], tf.float32, name="style_weights"),
            tf.TensorSpec([1], tf.float32, name="strength"),
        ]
    )
    def stylize(image, style_weights, strength):
        vectors = network.bank(style_weights, strength)
        return {"stylized": stylized_pixels(network, image, vectors, strength)}

    return stylize
