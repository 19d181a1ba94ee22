"""From a finished super-resolution run to what the package ships: LiteRT file, manifest entry, model card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from keras_stylegan.exporters.litert import convert, picture_function
from keras_stylegan.exporters.model_card import upscaler_card
from keras_stylegan.exporters.package_files import (
    common_facts,
    fingerprint,
    grey_levels,
    in_float32,
    read_run,
    write_package,
)
from keras_stylegan.inference.upscaler import MARGIN, SIGNATURE, Upscaler
from keras_stylegan.keras_files import load_network
from keras_stylegan.metrics.fidelity import psnr, ssim, ycbcr_luma
from keras_stylegan.networks import SuperResolutionNetwork
from keras_stylegan.systems.super_resolution import NETWORK_FILE

MAX_BYTES = 4_000_000


def upscale_function(network: SuperResolutionNetwork):
    """The boundary of a built float32 super-resolution network: `litert.picture_function` for every size."""
    return picture_function(network, "upscaled")


def package_upscaler(run: Path, assets: Path, data: str, licence: str, photographs: Path) -> dict[str, Any]:
    """Writes `weights/super_resolution.{tflite,md}` of a run and its entry in the manifest.

    Args:
        run, assets, data, licence: as of `generators.package_generator`; the run of a super-resolution preset.
        photographs: folder of photographs not trained on, for the scores.

    Returns:
        The manifest entry.

    Raises:
        ValueError: if `run` holds no such network, it is too large for the package or sees further than tiles overlap,
            or `photographs` holds no picture.
    """
    config = read_run(run, "a super-resolution network", NETWORK_FILE, "super_resolution")
    network = in_float32(load_network(run / NETWORK_FILE))
    if network.reach > MARGIN:
        raise ValueError(f"`run` must have a network that sees at most {MARGIN} pixels. Received: {network.reach}")
    content = convert(upscale_function(network), SIGNATURE, float16=True)
    if len(content) > MAX_BYTES:
        raise ValueError(f"`run` must have a network of at most {MAX_BYTES} bytes. Received: {len(content)}")
    upscaler, pictures = Upscaler(content), read_photographs(photographs)
    file = "weights/super_resolution.tflite"
    entry = {
        "litert": fingerprint(file, content),
        "factor": network.factor,
        **common_facts(run, config, network, data, licence, score_upscaler(upscaler, pictures)),
        "parity": parity_figures(upscaler, network, pictures),
    }
    write_package(assets, "super_resolution", entry, {file: content}, upscaler_card(entry))
    return entry


def read_photographs(folder: Path) -> dict[str, np.ndarray]:
    """The photographs of a folder by name, uint8 `(height, width, 3)`.

    Raises:
        ValueError: if there are none.
    """
    files = sorted(path for path in folder.glob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    if not files:
        raise ValueError(f"`photographs` must be a folder of JPEG or PNG files. Received: {folder}")
    return {path.stem: np.asarray(Image.open(path).convert("RGB")) for path in files}


def score_upscaler(upscaler: Upscaler, photographs: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """Mean PSNR and SSIM on RGB and on luma, of the network and of bicubic interpolation.

    Each photograph is made small by the bicubic filter and enlarged again; `factor` pixels at its border do not count.
    """
    rows: dict[str, list] = {"bicubic": [], "network": []}
    for truth in photographs.values():
        truth, small = shrink(truth, upscaler.factor)
        bicubic = np.asarray(Image.fromarray(small).resize(truth.shape[1::-1], Image.Resampling.BICUBIC))
        for name, picture in (("bicubic", bicubic), ("network", upscaler.run(small))):
            rows[name].append(fidelity(picture, truth, upscaler.factor))
    return {
        name: {key: round(float(np.mean([row[key] for row in found])), 4) for key in found[0]}
        for name, found in rows.items()
    }


def parity_figures(
    upscaler: Upscaler, network: SuperResolutionNetwork, photographs: dict[str, np.ndarray]
) -> dict[str, float]:
    """Mean and greatest difference of a LiteRT file and its network, in grey levels, on photographs made small."""
    smalls = [shrink(photograph, upscaler.factor)[1] for photograph in photographs.values()]
    runtimes = (upscaler, Upscaler(network))
    figures = grey_levels([one.run(small) for one in runtimes] for small in smalls)
    return {"pictures": len(smalls), **figures}


def shrink(photograph: np.ndarray, factor: int) -> tuple[np.ndarray, np.ndarray]:
    """A photograph, cropped to multiples of the factor, and its small version by the bicubic filter."""
    height, width = (side // factor * factor for side in photograph.shape[:2])
    truth = photograph[:height, :width]
    small = Image.fromarray(truth).resize((width // factor, height // factor), Image.Resampling.BICUBIC)
    return truth, np.asarray(small)


def fidelity(picture: np.ndarray, truth: np.ndarray, border: int) -> dict[str, float]:
    """PSNR and SSIM of two uint8 pictures, on RGB and on luma, without the border."""
    picture, truth = (p[border:-border, border:-border] for p in (picture, truth))
    grey, true_grey = ycbcr_luma(picture), ycbcr_luma(truth)
    return {
        "psnr": psnr(picture, truth),
        "ssim": ssim(picture, truth),
        "psnr_luma": psnr(grey, true_grey),
        "ssim_luma": ssim(grey, true_grey),
    }
