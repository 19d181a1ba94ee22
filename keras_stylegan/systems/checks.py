"""Rules of settings that several systems have."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from keras_stylegan.choices import did_you_mean
from keras_stylegan.keras_files import foreign_hint
from keras_stylegan.networks import TRUNKS


def check_choice(name: str, value: Any, valid: Iterable[str]) -> None:
    """Raises a ValueError, with the names and the closest of them, where a setting is none of them."""
    if value not in valid:
        hint = did_you_mean(value, valid)
        raise ValueError(f"`{name}` must be one of {', '.join(valid)}. Received: {name}={value}{hint}")


def check_backbone(preset: Any, network: str, prefix: str) -> None:
    """Raises a ValueError for weights of a classifier that there is not, or a frozen one without weights.

    Args:
        preset: the settings.
        network: name of the one that may name a classifier.
        prefix: of the names of its `_weights` and `_frozen`.
    """
    name, weights = getattr(preset, network), getattr(preset, f"{prefix}_weights")
    if weights and name not in TRUNKS:
        raise ValueError(
            f"`{prefix}_weights` are those of a classifier, but `{network}` is none of {', '.join(TRUNKS)}. "
            f"Received: {network}={name}, {prefix}_weights={weights}"
        )
    if name in TRUNKS and getattr(preset, f"{prefix}_frozen") and not weights:
        raise ValueError(
            f"`{prefix}_frozen` must be 0 for random weights: `{prefix}_weights` names a local file, or imagenet, "
            f"which may be downloaded. Received: {network}={name}, {prefix}_frozen=1"
        )


def check_critic_steps(preset: Any) -> None:
    """Raises a ValueError where the critic's updates cannot share a batch evenly."""
    if preset.batch_size % preset.critic_steps:
        raise ValueError(
            "`batch_size` must be a multiple of `critic_steps`, which share a batch. "
            f"Received: batch_size={preset.batch_size}, critic_steps={preset.critic_steps}"
        )


def check_run(run: Path, kind: str, *files: str, setting: str = "start_from") -> None:
    """Raises a ValueError where the directory that a setting names has not what a run of that kind leaves."""
    for file in files:
        if not (run / file).is_file():
            raise ValueError(
                f"`{setting}` must be the directory of {kind}, with {file}. Received: {run}{foreign_hint(run)}"
            )
