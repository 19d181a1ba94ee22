"""What a server answers with a translator for several domains."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import tensorflow as tf

from keras_stylegan.exporters import saved_model_images as pictures
from keras_stylegan.exporters.saved_model_checks import (
    checked_count,
    checked_files,
    checked_images,
    checked_rows,
    checked_vector,
)
from keras_stylegan.exporters.saved_model_service import (
    Service,
    encoded_signatures,
    files_spec,
    holding,
    names_signature,
    picture_spec,
    sample_file,
    sample_pictures,
)
from keras_stylegan.exporters.saved_model_translate import by_keras
from keras_stylegan.exporters.sources import Source
from keras_stylegan.inference.runtimes import MIN_SIDE
from keras_stylegan.latents import seeded_latents


def domains_service(source: Source, folder: Path) -> Service:
    """The signatures of a translator for several domains.

    | signature | inputs | output |
    |---|---|---|
    | `translate`, `serving_default` | `image` uint8 (B, H, W, 3), `z` float (B, latent_dim), `domain_number` int (B) |
      `translated` uint8 (B, H, W, 3) |
    | `translate_like` | `image`, `reference` uint8 (B, H, W, 3), `domain_number` | `translated` |
    | `encoded`, `encoded_png` | `image_bytes` string (B), `z`, `domain_number` | `translated_bytes` string (B) |
    | `domain_names` | `index` int (B) | `name` string (B), `total` int (B): how many there are |

    `z`, normally distributed, chooses a style of the domain; `reference` is a picture of the domain whose style is
    taken, of which the middle is seen at the size of the training pictures. It may have another size than `image`.

    Args:
        source: a built float32 `DomainTranslator`, the names of its domains and its `reference_size`.
        folder: where the names are written, from which saving takes them as an asset.
    """
    network = source.network
    module = holding(network.variables)
    padded_to = max(network.stride, MIN_SIDE)
    specs = {
        "image": picture_spec(),
        "image_bytes": files_spec(),
        "reference": picture_spec("reference"),
        "z": tf.TensorSpec([None, network.latent_dim], tf.float32, name="z"),
        "domain_number": tf.TensorSpec([None], tf.int32, name="domain_number"),
    }

    @tf.function(reduce_retracing=True, autograph=False)
    def translated(image, styles):
        return pictures.through(functools.partial(network, styles=styles, training=False), image, network.stride)

    def labels_of(domain_number, count):
        number = checked_vector("domain_number", domain_number, count, 0, network.num_domains - 1)
        return tf.one_hot(number, network.num_domains)

    def styles_of(z, domain_number, count):
        z = checked_rows("z", z, network.latent_dim, count)
        return network.styles_of_noise(z, labels_of(domain_number, count))

    def translate(image, z, domain_number):
        image = checked_images(image, padded=padded_to)
        return {"translated": translated(image, styles_of(z, domain_number, tf.shape(image)[0]))}

    def translate_like(image, reference, domain_number):
        image = checked_images(image, padded=padded_to)
        count = tf.shape(image)[0]
        reference = checked_images(reference, "reference", smallest=network.stride)
        reference = checked_count("reference", reference, count)
        if source.reference_size is not None:
            reference = pictures.middle(reference, source.reference_size)
        styles = network.styles_of_pictures(pictures.to_float(reference), labels_of(domain_number, count))
        return {"translated": translated(image, styles)}

    def translate_file(content, styles):
        return translated(pictures.decode(content, padded=padded_to)[None], styles[None])[0]

    def checked_request(image_bytes, z, domain_number):
        image_bytes = checked_files(image_bytes)
        return image_bytes, styles_of(z, domain_number, tf.shape(image_bytes)[0])

    def signature(call, *inputs):
        return tf.function(call, [specs[name] for name in inputs], autograph=False)

    arrays = signature(translate, "image", "z", "domain_number")
    of_files = [specs[name] for name in ("image_bytes", "z", "domain_number")]
    image = sample_pictures()
    z, number = seeded_latents([0], network.latent_dim), np.zeros(1, np.int32)
    styles = network.styles_of_noise(z, np.eye(1, network.num_domains, dtype="float32"))
    expected = by_keras(functools.partial(network, styles=styles), image[0], network.stride)
    by_file = {"image_bytes": sample_file(image[0]), "z": z, "domain_number": number}
    requests = {
        "translate": {"image": image, "z": z, "domain_number": number},
        "translate_like": {"image": image, "reference": image, "domain_number": number},
        "encoded": by_file,
        "encoded_png": by_file,
        "domain_names": {"index": np.arange(network.num_domains, dtype=np.int32)},
    }
    return Service(
        module,
        {
            "serving_default": arrays,
            "translate": arrays,
            "translate_like": signature(translate_like, "image", "reference", "domain_number"),
            **encoded_signatures(translate_file, of_files, "translated_bytes", checked_request),
            "domain_names": names_signature(module, source.names, folder / "domains.txt"),
        },
        requests,
        {"translate": expected},
    )
