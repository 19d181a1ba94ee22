"""The boundary of a translator for several domains in a LiteRT file: under a style of noise, or of a picture."""

from __future__ import annotations

import tensorflow as tf

from keras_stylegan.exporters.saved_model_images import to_float, to_uint8
from keras_stylegan.inference.litert_domains import BY_NOISE, BY_REFERENCE
from keras_stylegan.networks import DomainTranslator


def domain_functions(network: DomainTranslator, reference_size: tuple[int, int] | None = None) -> dict:
    """The signatures of a LiteRT file of a translator for several domains.

    Args:
        network: built float32 network.
        reference_size: `(height, width)` of reference pictures; None for every size.

    Returns:
        Dict from name to `tf.function` of `image` uint8 `(1, height, width, 3)`, multiples of `network.stride`, and
        `labels` float `(1, num_domains)`, one-hot, that returns `{"translated": uint8 image}`:

        - `translate` takes `latents` float `(1, latent_dim)`, normally distributed, which choose a style;
        - `translate_like` takes `reference` uint8 `(1, *reference_size, 3)`, a picture of the domain with the style.
    """
    image = tf.TensorSpec([1, None, None, 3], tf.uint8, name="image")
    labels = tf.TensorSpec([1, network.num_domains], tf.float32, name="labels")
    latents = tf.TensorSpec([1, network.latent_dim], tf.float32, name="latents")
    reference = tf.TensorSpec([1, *(reference_size or (None, None)), 3], tf.uint8, name="reference")

    def translated(image, styles):
        return {"translated": to_uint8(network(to_float(image), styles, training=False))}

    @tf.function(input_signature=[image, latents, labels], autograph=False)
    def translate(image, latents, labels):
        return translated(image, network.styles_of_noise(latents, labels))

    @tf.function(input_signature=[image, reference, labels], autograph=False)
    def translate_like(image, reference, labels):
        return translated(image, network.styles_of_pictures(to_float(reference), labels))

    return {BY_NOISE: translate, BY_REFERENCE: translate_like}
