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
    read_run,
    write_package,
)
from keras_stylegan.inference.upscaler import MARGIN, SIGNATURE, Upscaler
from keras_stylegan.keras_files import in_float32, load_network
from keras_stylegan.metrics.fidelity import psnr, ssim, ycbcr_luma
from keras_stylegan.networks import SuperResolutionNetwork
from keras_stylegan.systems.super_resolution import NETWORK_FILE

MAX_BYTES = 4_000_000


def upscale_function(network: SuperResolutionNetwork):
    """The boundary of a built float32 super-resolution network: `litert.picture_function` for every size."""
    return picture_function(network, "upscaled")


def package_upscaler(
    run: Path, assets: Path, data: str, licence: str, photographs: Path, share: float = 1.0
) -> dict[str, Any]:
    """Writes `weights/super_resolution.{tflite,md}` of a run and its entry in the manifest.

    Args:
        run, assets, data, licence: as of `generators.package_generator`; the run of a super-resolution preset.
        photographs: folder of photographs not trained on, for the scores.
        share: of the way from the weights that the run began with to its own, in (0, 1]. Between a network of pixels
            and one of a critic lie less sharp pictures with fewer faults (Wang et al. 2018, "ESRGAN", section 3.4).

    Returns:
        The manifest entry.

    Raises:
        ValueError: if `run` holds no such network, it is too large for the package or sees further than tiles overlap,
            the run that it began with is not there though `share` is below 1, or `photographs` holds no picture.
    """
    config = read_run(run, "a super-resolution network", NETWORK_FILE, "super_resolution")
    network = in_float32(load_network(run / NETWORK_FILE))
    if share != 1:
        _approach(network, config["settings"]["start_from"], share)
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
        "share": share,
        **common_facts(run, config, network, data, licence, score_upscaler(upscaler, pictures)),
        "parity": parity_figures(upscaler, network, pictures),
    }
    write_package(assets, "super_resolution", entry, {file: content}, upscaler_card(entry))
    return entry


def _approach(network: SuperResolutionNetwork, start: str, share: float) -> None:
    """Gives a network the weights at a share of the way to its own from those that its run began with."""
    if not 0 < share <= 1:
        raise ValueError(f"`share` must be above 0 and at most 1. Received: share={share}")
    file = Path(start) / NETWORK_FILE
    if not start or not file.is_file():
        raise ValueError(f"`share` below 1 needs the run that `run` began with. Received: start_from={start!r}")
    pairs = zip(load_network(file).get_weights(), network.get_weights(), strict=True)
    network.set_weights([first + share * (last - first) for first, last in pairs])


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
