"""What a server answers with a fusion network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from keras_stylegan.exporters import saved_model_images as pictures
from keras_stylegan.exporters.fusion import NUM_REGIONS
from keras_stylegan.exporters.saved_model_checks import (
    MAX_PIXELS,
    checked_as,
    checked_files,
    checked_images,
    checked_masks,
    when,
)
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
from keras_stylegan.inference.blending import composite
from keras_stylegan.inference.fusion_runtimes import KerasFusion
from keras_stylegan.ops.regions import coverage

_FILES = ("source_bytes", "target_bytes", "mask_bytes")


def fuse_service(source: Source, folder: Path) -> Service:
    """The signatures of a fusion network, with zeros as its noise.

    | signature | inputs | output |
    |---|---|---|
    | `fuse`, `serving_default` | `source`, `target` uint8 (B, H, W, 3), `masks` float (B, H, W, R) | `fused` uint8
      (B, H, W, 3) |
    | `encoded`, `encoded_png` | `source_bytes`, `target_bytes`, `mask_bytes` string (B) | `fused_bytes` string (B) |

    B, H and W are of any size; `source` has what is put in where it is to be in `target`. `masks` say which share each
    of R things, at most `NUM_REGIONS`, has of a pixel; where none is, the target's pixels stay. The files of one fusion
    are JPEG or PNG of one size, the mask white where the source counts.

    Args:
        source: a built float32 `FusionGenerator`.
        folder: not used, as there are no names.
    """
    network = source.network

    @tf.function(autograph=False)
    def fused(source, target, masks):
        # The network wants to know how many there are. Those that are empty change nothing.
        masks = tf.pad(masks, [[0, 0], [0, 0], [0, 0], [0, NUM_REGIONS - tf.shape(masks)[3]]])
        masks.set_shape([None, None, None, NUM_REGIONS])
        inputs = {"masks": masks, "source": source, "target": target}
        padded = {name: pictures.pad_to_stride(value, network.stride) for name, value in inputs.items()}
        place = padded["target"][1]
        images = {name: pictures.to_float(padded[name][0]) for name in ("source", "target")}
        noise = tf.zeros([tf.shape(target)[0], network.latent_dim])
        shares = padded["masks"][0]
        changed = network.change({**images, "masks": shares, "noise": noise})
        # What no pixel can show is cut off before it is mixed in.
        covered = coverage(shares)
        fused = covered * tf.clip_by_value(changed, -1.0, 1.0) + (1.0 - covered) * images["target"]
        return pictures.crop(pictures.to_uint8(fused), place)

    masks_spec = tf.TensorSpec([None, None, None, None], tf.float32, name="masks")

    @tf.function(input_signature=[picture_spec("source"), picture_spec("target"), masks_spec], autograph=False)
    def fuse(source, target, masks):
        target = checked_images(target, "target")
        return {"fused": fused(checked_as("source", source, target), target, checked_masks(masks, target, NUM_REGIONS))}

    def fuse_files(*contents):
        source, target, mask = (
            pictures.decode(content, name, MAX_PIXELS) for content, name in zip(contents, _FILES, strict=True)
        )
        sizes = tf.stack([tf.shape(one)[:2] for one in (source, target, mask)])
        same = tf.reduce_all(tf.equal(sizes, sizes[:1]))
        rule = same, "source, target and mask of a fusion must have one size (height, width).", sizes
        source, target, mask = when([rule], source, target, mask)
        shares = tf.reduce_mean(tf.cast(mask, tf.float32), axis=-1, keepdims=True) / 255.0
        return fused(source[None], target[None], shares[None])[0]

    def checked_request(*contents):
        first = checked_files(contents[0], _FILES[0])
        count = tf.shape(first)[0]
        others = zip(contents[1:], _FILES[1:], strict=True)
        return first, *(checked_files(files, name, count) for files, name in others)

    by_file = encoded_signatures(fuse_files, [files_spec(name) for name in _FILES], "fused_bytes", checked_request)
    requests = _requests()
    source, target, masks = (value[0] for value in requests["fuse"].values())
    expected = composite(KerasFusion(network).run(source, target, masks), target, masks)
    return Service(
        holding(network.variables),
        {"serving_default": fuse, "fuse": fuse, **by_file},
        requests,
        {"fuse": expected[None]},
    )


def _requests():
    """The middle of a packaged photograph, mirrored, put into it."""
    target = sample_pictures()
    source = np.ascontiguousarray(target[:, :, ::-1])
    quarter = target.shape[1] // 4
    mask = np.zeros(target.shape[1:3], np.uint8)
    mask[quarter:-quarter, quarter:-quarter] = 255
    files = {name: sample_file(one) for name, one in zip(_FILES, (source[0], target[0], mask), strict=True)}
    masks = (mask / np.float32(255))[None, :, :, None]
    arrays = {"source": source, "target": target, "masks": masks}
    return {"fuse": arrays, "encoded": files, "encoded_png": files}
