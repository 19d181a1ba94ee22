"""The settings that every system has, and their rules."""

from __future__ import annotations

import dataclasses
import math
import typing

# Numbers that may be 0. No number of a preset may be negative or infinite, and all others are greater than 0.
MAY_BE_ZERO = frozenset(
    (
        "adversarial_weight", "alphas", "augment_probability", "augment_target", "backbone_frozen", "beta_1", "blur",
        "cache_megabytes", "clean_share", "clip_norm", "code_weight", "content_weight", "continuous",
        "continuous_weight", "critic_backbone_frozen", "critic_balanced", "critic_kimg", "critic_weight",
        "cycle_weight", "decay_kimg", "decay_share", "distillation_weight", "diversity_weight", "dropout",
        "ema_half_life_kimg", "ema_kimg", "ema_ramp_up", "final_gamma", "final_penalties", "flip", "frozen_blocks",
        "gamma", "grid_weight", "group_size", "head_start_kimg", "history_size", "hours", "identity_weight",
        "light_weight", "many_probability", "max_rollbacks", "methods", "mix_probability", "mixing_probability",
        "noise", "num_blocks", "painted_share", "path_length_weight", "penalties", "penalty_weight",
        "perceptual_weight", "photograph_weight", "pixel_weight", "prior_weight", "reconstruction_weight", "residual",
        "rotation_weights", "schedule_kimg", "score_kimg", "seed", "shifts", "skips", "smoothed", "source_shares",
        "style_weight", "twice_probability", "unchanged_probability", "variation_weight", "weak_probability",
        "weight_limit",
    )
)  # fmt: skip
# 1 for yes, 0 for no.
SWITCHES = frozenset(("backbone_frozen", "critic_backbone_frozen", "critic_balanced", "flip", "residual", "skips"))
# Of an optimizer's moving averages, which 1 would never move.
DECAY_RATES = frozenset(("beta_1", "beta_2", "final_beta_2"))
SHARES = frozenset(("decay_share", "painted_share"))


@dataclasses.dataclass(frozen=True)
class Preset:
    """The settings that every system has.

    Attributes:
        kimg: length of the run, in thousands of images.
        hours: length of the run in hours of training, those before a resumption included, if that comes first; 0 sets
            no such limit. What follows a schedule follows the images all the same.
        batch_size: images in a step, of all replicas together.
        seed: repeats a run.
        precision: Keras dtype policy, `float32` or `mixed_bfloat16`; or `auto`, the second where the machine that
            begins the run multiplies bfloat16 in hardware.
        log_images: images between lines of metrics.jsonl and points in TensorBoard.
        grid_images: images between pictures of progress.
        checkpoint_seconds: seconds between checkpoints.
        keep_checkpoints: checkpoints kept, besides the best.
        monitor: logged value whose smallest mean between two checkpoints marks the best, which the run also keeps as a
            run directory of its own, `best`; `none` for none; empty lets the system choose, which chooses none where a
            critic plays and nothing is scored: such losses do not say how good the pictures are.
        max_rollbacks: returns to the last good checkpoint when updates keep failing, before the run gives up.
        rollback_factor: by which each of them multiplies the learning rates.
        data_threads: threads that prepare batches.
        cache_megabytes: decoded pictures kept in memory, at most.

    Raises:
        ValueError: for a number that is negative or not finite, 0 where that means nothing, or greater than a switch,
            a share or a decay rate can be.
    """

    kimg: float = 100.0
    hours: float = 0.0
    batch_size: int = 4
    seed: int = 0
    precision: str = "float32"
    log_images: int = 400
    grid_images: int = 10_000
    checkpoint_seconds: float = 600.0
    keep_checkpoints: int = 3
    monitor: str = ""
    max_rollbacks: int = 3
    rollback_factor: float = 0.5
    data_threads: int = 2
    cache_megabytes: int = 1024

    system: typing.ClassVar[str]
    # The settings that name the pictures to train on.
    sources: typing.ClassVar[tuple[str, ...]] = ()

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            numbers = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else (value,)
            may_be_zero = field.name in MAY_BE_ZERO
            for number in numbers:
                if isinstance(number, str) or 0 < number < math.inf or (number == 0 and may_be_zero):
                    continue
                rule = "finite and not negative" if may_be_zero else "finite and greater than 0"
                raise ValueError(f"`{field.name}` must be {rule}. Received: {field.name}={value}")
            if field.name in SWITCHES and value > 1:
                raise ValueError(f"`{field.name}` must be 0 or 1. Received: {field.name}={value}")
            if field.name in SHARES and value > 1:
                raise ValueError(f"`{field.name}` must be at most 1. Received: {field.name}={value}")
            if field.name in DECAY_RATES and value >= 1:
                raise ValueError(f"`{field.name}` must be below 1. Received: {field.name}={value}")

    def check_sources(self) -> None:
        """Raises a ValueError where a setting that names pictures is empty."""
        for name in self.sources:
            if not getattr(self, name):
                raise ValueError(f"`{name}` must name the pictures to train on. Received nothing")

    @property
    def steps(self) -> int:
        """Training steps of the whole run."""
        return -(-round(self.kimg * 1000) // self.batch_size)
