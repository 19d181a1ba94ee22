"""From a fusion network to one LiteRT file, and from a finished run to what the package ships of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from keras_stylegan.exporters.litert import convert
from keras_stylegan.exporters.model_card import fusion_card
from keras_stylegan.exporters.package_files import (
    architecture,
    common_facts,
    fingerprint,
    grey_levels,
    half_precision,
    read_run,
    write_package,
)
from keras_stylegan.exporters.saved_model_images import to_float, to_uint8
from keras_stylegan.inference.fusion_runtimes import NETWORK_FILE, SIGNATURE, KerasFusion, LiteRTFusion
from keras_stylegan.keras_files import in_float32, load_network
from keras_stylegan.networks import FusionGenerator
from keras_stylegan.pretrained import FUSION

# Regions that the file fuses together; more go in turns.
NUM_REGIONS = 4
# The short side above which a picture's change is made small and enlarged.
WORKING_SIZE = 512


def fuse_function(network: FusionGenerator):
    """The boundary of a fusion network: uint8 in, uint8 out, zeros as noise.

    Args:
        network: built float32 `FusionGenerator`.

    Returns:
        `tf.function` of `source` and `target` uint8 `(1, height, width, 3)` (multiples of `network.stride`) and `masks`
        float `(1, height, width, NUM_REGIONS)`; returns `{"changed": uint8 picture}`, which belongs under the masks.
    """
    picture = [1, None, None, 3]

    @tf.function(
        autograph=False,
        input_signature=[
            tf.TensorSpec(picture, tf.uint8, name="source"),
            tf.TensorSpec(picture, tf.uint8, name="target"),
            tf.TensorSpec([1, None, None, NUM_REGIONS], tf.float32, name="masks"),
        ],
    )
    def fuse(source, target, masks):
        noise = tf.zeros([1, network.latent_dim])
        pictures = {"source": to_float(source), "target": to_float(target)}
        return {"changed": to_uint8(network.change({**pictures, "masks": masks, "noise": noise}))}

    return fuse


def to_litert(network: FusionGenerator, float16: bool = True) -> bytes:
    """A fusion network as the bytes of a LiteRT file with the signature `fuse` (`fuse_function` says of what).

    Args:
        network: built `FusionGenerator` of any precision.
        float16: store the weights in half precision.
    """
    return convert(fuse_function(in_float32(network)), SIGNATURE, float16)


def package_fusion(
    run: Path,
    assets: Path,
    data: str,
    licence: str,
    pairs: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
    scores: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Writes `weights/fusion.{tflite,npz,md}` of a run and its entry in the manifest.

    Args:
        run, assets, data, licence: as of `generators.package_generator`; the run of a fusion preset.
        pairs: triples of uint8 source and target and float32 masks `(height, width, regions)`, for the parity.
        scores: masked PSNR by shift family and blend, as `benchmarks/fusion.py` records them.

    Returns:
        The manifest entry.

    Raises:
        ValueError: if `run` holds no fusion network.
    """
    config = read_run(run, "a fusion network", NETWORK_FILE, "fusion")
    network = in_float32(load_network(run / NETWORK_FILE))
    files = {"weights/fusion.tflite": to_litert(network), "weights/fusion.npz": half_precision(network)[1]}
    litert, weights = (fingerprint(file, content) for file, content in files.items())
    ours, theirs = LiteRTFusion(files[litert["file"]], network.stride), KerasFusion(network)
    entry = {
        "litert": litert,
        "keras": {**weights, "config": architecture(network, ("widths", "num_blocks", "latent_dim"))},
        "stride": network.stride,
        "working_size": WORKING_SIZE,
        **common_facts(run, config, network, data, licence, scores),
        "parity": {"pictures": len(pairs), **grey_levels((ours.run(*one), theirs.run(*one)) for one in pairs)},
    }
    write_package(assets, FUSION, entry, files, fusion_card(entry))
    return entry
