"""What a server answers with the network of the scene pipeline."""

from __future__ import annotations

from pathlib import Path

from keras_stylegan.exporters import saved_model_images as pictures
from keras_stylegan.exporters.saved_model_service import Service, sample_pictures
from keras_stylegan.exporters.saved_model_translate import picture_service
from keras_stylegan.exporters.sources import Source
from keras_stylegan.inference.scenes import SIGNATURE, KerasScenes


def scene_service(source: Source, folder: Path) -> Service:
    """The signatures of a scene network.

    | signature | inputs | output |
    |---|---|---|
    | `scene`, `serving_default` | `image` uint8 (B, H, W, 3) | `scene` uint8 (B, height, width, 3) |
    | `encoded`, `encoded_png` | `image_bytes` string (B) | `scene_bytes` string (B) |

    Pictures are paintings of any size, such as a stylisation network makes them; the middle of each becomes a scene of
    the generator's size.

    Args:
        source: a built float32 `SceneNetwork`.
        folder: not used, as there are no names.
    """
    network = source.network

    def scene(image):
        return pictures.to_uint8(network(pictures.to_float(pictures.middle(image, network.input_size))))

    image = sample_pictures(network.input_size)
    expected = KerasScenes(network).run(image[0])[None]
    # However small a picture is, as much is computed as for one of the network's size.
    least = max(network.input_size)
    return picture_service(network, SIGNATURE, "scene", scene, image, expected, padded=least)
