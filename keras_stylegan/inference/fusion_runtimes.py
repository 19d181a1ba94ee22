"""The two ways to run the fusion network: a LiteRT file, and Keras. Both take every picture size."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

from keras_stylegan.inference.blending import composite, grown
from keras_stylegan.inference.fusion_network import FusionNetwork
from keras_stylegan.inference.runtimes import available_cores, pad_to_stride
from keras_stylegan.keras_files import load_network

SIGNATURE = "fuse"
NETWORK_FILE = "network.keras"


class LiteRTFusion:
    """Runs a LiteRT file with the signature `fuse` (`keras_stylegan.exporters.fusion` writes them).

    Args:
        model: bytes of the file.
        stride: int, what the network wants height and width to be multiples of.
        num_threads: int, or None for all cores of this process.

    Raises:
        ValueError: if the file holds no fusion network.
    """

    def __init__(self, model: bytes, stride: int, num_threads: int | None = None):
        from ai_edge_litert.interpreter import Interpreter

        self.stride = stride
        try:
            interpreter = Interpreter(model_content=model, num_threads=num_threads or available_cores())
            self._signature = interpreter.get_signature_runner(SIGNATURE)
        except (ValueError, RuntimeError) as error:
            raise ValueError(f"not a LiteRT file of a fusion network ({error})") from error
        self.num_regions = int(self._signature.get_input_details()["masks"]["shape"][-1])
        self._lock = threading.Lock()  # an interpreter holds one picture at a time

    def run(self, source: np.ndarray, target: np.ndarray, masks: np.ndarray) -> np.ndarray:
        """Fits the source into the target.

        Args:
            source, target: uint8 arrays `(height, width, 3)`.
            masks: float32 array `(height, width, regions)` in [0, 1]; more regions than the file has go in turns.

        Returns:
            uint8 array `(height, width, 3)`, what belongs under the masks and a pixel around them; beyond that it means
            nothing.
        """
        changed = source
        for first in range(0, masks.shape[-1], self.num_regions):
            part = masks[..., first : first + self.num_regions]
            part = np.pad(part, ((0, 0), (0, 0), (0, self.num_regions - part.shape[-1])))
            fitted = self._run(source, target, part)
            changed = np.where(grown(part.max(axis=-1) > 0)[..., None], fitted, changed)
            target = composite(fitted, target, part)
        return changed

    def _run(self, source, target, masks):
        arrays = {"source": source, "target": target, "masks": masks.astype("float32")}
        padded, crop = _padded(arrays, self.stride)
        with self._lock:
            (changed,) = self._signature(**padded).values()
        return changed[0][crop]


class KerasFusion:
    """Runs a `FusionGenerator` on the backend that Keras is set to, with zeros as noise.

    Args:
        network: `FusionGenerator`.
    """

    def __init__(self, network):
        self.network = network

    def run(self, source: np.ndarray, target: np.ndarray, masks: np.ndarray) -> np.ndarray:
        """Fits the source into the target; arguments and result as for `LiteRTFusion.run`."""
        from keras import ops

        padded, crop = _padded({"source": source, "target": target, "masks": masks}, self.network.stride)
        inputs = {name: padded[name].astype("float32") / 127.5 - 1 for name in ("source", "target")}
        noise = np.zeros((1, self.network.latent_dim), "float32")
        changed = self.network.change({**inputs, "masks": padded["masks"], "noise": noise})
        pixels = (ops.convert_to_numpy(changed)[0][crop] + 1) * 127.5
        return np.clip(np.rint(pixels), 0, 255).astype("uint8")


def open_fusion(run: str | Path | None = None):
    """The fusion network of a run, by Keras, or the packaged one, by LiteRT.

    Args:
        run: run directory of a fusion preset; None for the packaged network.

    Returns:
        `FusionNetwork`.

    Raises:
        ValueError: if there is none.
    """
    from keras_stylegan import pretrained

    if run is None:
        entry = pretrained.fusion_entry()
        content = pretrained.read_weights(entry["litert"])
        return FusionNetwork(LiteRTFusion(content, entry["stride"]), entry["working_size"])
    path = Path(run) / NETWORK_FILE
    if not path.is_file():
        raise ValueError(f"`run` must be the directory of a fusion run, with {NETWORK_FILE}. Received: {run}")

    from keras_stylegan.networks import FusionGenerator

    try:
        network = load_network(path)
    except (ValueError, TypeError, OSError) as error:
        raise ValueError(f"{path}: not a network that Keras can load ({error})") from error
    if not isinstance(network, FusionGenerator):
        raise ValueError(
            f"`run` must be the directory of a fusion run. Received: {run}, with a {type(network).__name__}"
        )
    return FusionNetwork(KerasFusion(network))


def _padded(arrays, stride):
    padded, crop = {}, None
    for name, array in arrays.items():
        continued, crop = pad_to_stride(array, stride)
        padded[name] = continued[None]
    return padded, crop
