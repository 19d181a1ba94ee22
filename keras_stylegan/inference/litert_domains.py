"""Translators for several domains as LiteRT files: into one domain, under a style of noise or of a picture."""

from __future__ import annotations

import json
import struct
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from keras_stylegan.choices import did_you_mean
from keras_stylegan.inference.images import read_picture
from keras_stylegan.inference.litert_signatures import single_signature
from keras_stylegan.inference.runtimes import MIN_SIDE, available_cores
from keras_stylegan.latents import seeded_latents

# The signatures of a file.
BY_NOISE, BY_REFERENCE = "translate", "translate_like"


class LiteRTDomainTranslator:
    """Runs one signature of a LiteRT file under one style; needs neither TensorFlow nor Keras.

    Args:
        model: bytes of the file.
        stride: int, what height and width are to be multiples of.
        signature: `BY_NOISE` or `BY_REFERENCE`.
        style: its inputs beside the picture, by name.
        num_threads: int, or None for all cores of this process.

    Raises:
        ValueError: if the file is damaged or has no such signature: one in 8 bits has `BY_NOISE` alone.
    """

    min_side = MIN_SIDE

    def __init__(
        self,
        model: bytes,
        stride: int,
        signature: str,
        style: Mapping[str, np.ndarray],
        num_threads: int | None = None,
    ):
        from ai_edge_litert.interpreter import Interpreter

        self.stride = stride
        self._style = dict(style)
        try:
            alone = single_signature(model, signature)
            interpreter = Interpreter(model_content=alone, num_threads=num_threads or available_cores())
        except (struct.error, IndexError, UnicodeDecodeError) as error:
            raise ValueError("`model` must be the bytes of a LiteRT file. Received: others") from error
        self._signature = interpreter.get_signature_runner(signature)
        self._lock = threading.Lock()  # an interpreter holds one picture at a time

    def run(self, image: np.ndarray) -> np.ndarray:
        """Translates one picture, uint8 of shape `(height, width, 3)`, height and width multiples of `stride`."""
        with self._lock:
            return self._signature(image=image[None], **self._style)["translated"][0]


def open_litert_domains(file: Path, domain: str, seed: int = 0, reference=None) -> LiteRTDomainTranslator:
    """Opens such a file, beside which lies the `.json` file that its export wrote.

    Args:
        file: path of the `.tflite` file.
        domain, seed, reference: as of `inference.translator.open_domain_translator`.

    Raises:
        ValueError: if it is no such file, has no such domain, or `reference` cannot be read.
        OSError: if `reference` cannot be opened.
    """
    try:
        facts = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        _numbers(facts)
        content = file.read_bytes()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{file}: must be a LiteRT file of a translator for several domains, with the .json file of its export "
            "beside it"
        ) from error
    return litert_domains(content, facts, domain, seed, reference)


def litert_domains(
    content: bytes, facts: Mapping[str, Any], domain: str, seed: int = 0, reference=None
) -> LiteRTDomainTranslator:
    """A translator of the bytes of such a file.

    Args:
        content: bytes of the LiteRT file.
        facts: mapping with its `stride`, `domains`, `latent_dim` and `reference_size`.
        domain, seed, reference: as of `inference.translator.open_domain_translator`.

    Raises:
        ValueError: if it has no such domain, or `reference` cannot be read.
        OSError: if `reference` cannot be opened.
    """
    domains, size, stride, latent_dim = _numbers(facts)
    labels = one_hot(domain, domains)
    if reference is None:
        style = {"latents": seeded_latents([seed], latent_dim), "labels": labels}
        return LiteRTDomainTranslator(content, stride, BY_NOISE, style)
    photo = read_picture(reference).photo
    if size is not None:
        photo = ImageOps.fit(photo, (size[1], size[0]), Image.Resampling.BICUBIC)
    style = {"reference": np.asarray(photo)[None], "labels": labels}
    return LiteRTDomainTranslator(content, stride, BY_REFERENCE, style)


def _numbers(facts):
    return list(facts["domains"]), facts["reference_size"], int(facts["stride"]), int(facts["latent_dim"])


def one_hot(domain: str, domains: list[str]) -> np.ndarray:
    """float32 `(1, domains)`, 1 at the one of that name; ValueError if there is none."""
    if domain not in domains:
        raise ValueError(
            f"`domain` must be one of {', '.join(domains)}. Received: domain={domain}{did_you_mean(domain, domains)}"
        )
    return np.eye(len(domains), dtype="float32")[[domains.index(domain)]]
