"""What a server answers with the network of the scene pipeline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from keras_stylegan.exporters import saved_model_images as pictures
from keras_stylegan.exporters.saved_model_checks import checked_files, checked_images, checked_vector
from keras_stylegan.exporters.saved_model_service import (
    Service,
    encoded_signatures,
    files_spec,
    holding,
    picture_spec,
    sample_file,
    sample_pictures,
)
from keras_stylegan.exporters.sources import Source
from keras_stylegan.inference.scenes import SIGNATURE, KerasScenes


def scene_service(source: Source, folder: Path) -> Service:
    """The signatures of a scene network.

    | signature | inputs | output |
    |---|---|---|
    | `scene`, `serving_default` | `image` uint8 (B, H, W, 3), `detail` float (B) | `scene` uint8 (B, height, width,
      3) |
    | `encoded`, `encoded_png` | `image_bytes` string (B), `detail` float (B) | `scene_bytes` string (B) |

    Pictures are paintings of any size, such as a stylisation network makes them; the middle of each becomes a scene of
    the generator's size, with a share of its `detail` from 0 (the generator by styles alone) to 1.

    Args:
        source: a built float32 `SceneNetwork`.
        folder: not used, as there are no names.
    """
    network = source.network
    # However small a picture is, as much is computed as for one of the network's size.
    least = max(network.input_size)
    shares = tf.TensorSpec([None], tf.float32, name="detail")

    @tf.function(reduce_retracing=True, autograph=False)
    def change(image, detail):
        middle = pictures.middle(image, network.input_size)
        return pictures.to_uint8(network(pictures.to_float(middle), detail=detail))

    @tf.function(input_signature=[picture_spec(), shares], autograph=False)
    def arrays(image, detail):
        image = checked_images(image, padded=least)
        return {"scene": change(image, checked_vector("detail", detail, tf.shape(image)[0], 0, 1))}

    def change_file(content, detail):
        return change(pictures.decode(content, padded=least)[None], detail[None])[0]

    def rules(files, detail):
        files = checked_files(files)
        return files, checked_vector("detail", detail, tf.shape(files)[0], 0, 1)

    image, detail = sample_pictures(network.input_size), np.ones(1, np.float32)
    request = {"image_bytes": sample_file(image[0]), "detail": detail}
    return Service(
        holding(network.variables),
        {
            "serving_default": arrays,
            SIGNATURE: arrays,
            **encoded_signatures(change_file, [files_spec(), shares], "scene_bytes", rules),
        },
        {SIGNATURE: {"image": image, "detail": detail}, "encoded": request, "encoded_png": request},
        {SIGNATURE: KerasScenes(network).run(image[0])[None]},
    )
