"""The settings that every generator of pictures from noise has."""

from __future__ import annotations

import dataclasses
import typing

from keras_stylegan.presets.base import Preset


@dataclasses.dataclass(frozen=True)
class NoisePreset(Preset):
    """Pictures from noise: the data, the loss, the two optimizers and their schedules, augmentation, the beginning.

    Attributes:
        data: folder, zip or npz of pictures; in folders by class, or with labels, they may be classes.
        size: height and width of the pictures, in pixels.
        channels: 1 (grey), 3 (RGB) or 4 (RGB and alpha).
        scale: pictures are cut from windows of this share (low, high) of the largest that fits.
        flip: 1 mirrors half of the pictures, 0 none.
        classes: folders that are classes, with commas between, `all`, or empty for pictures without classes.
        latent_dim: numbers in a latent.
        loss: `minimax`, `non_saturating`, `least_squares`, `wasserstein`, `hinge`, `relativistic` or
            `relativistic_average`.
        penalty_every: gradient penalties are taken on one critic update in so many.
        updates: `alternating` or `simultaneous`.
        optimizer: `adam` or `rmsprop`.
        learning_rate: of the generator.
        critic_learning_rate: of the critic.
        decay_kimg: learning rates fall to 0 along a line over so many thousands of images, at least `kimg`; 0 keeps
            them.
        beta_1: first decay rate of Adam.
        beta_2: second decay rate of Adam.
        clip_norm: limit of the global norm of a gradient; 0 clips none.
        ema_half_life_kimg: half-life of the averaged generator, in thousands of images.
        ema_ramp_up: the half-life is at most this share of the images seen; 0 sets no such limit.
        schedule_kimg: thousands of images in which settings move to their final values along half a cosine; 0 keeps
            them.
        final_learning_rate: of both players.
        final_beta_2: of Adam.
        final_ema_half_life_kimg: half-life of the averaged generator.
        augment: what is done to everything that the critic sees: `none`, `ada` (with a probability that follows the
            critic's overfitting), `scheduled` (the same and cutout, with one that grows from 0 over `schedule_kimg`) or
            `diffaugment` (always). Pictures of which it guesses rotations or codes are seen as
            they are, since augmentation would change what it is to guess.
        augment_target: mean sign of the critic's outputs on real pictures that `ada` holds.
        augment_kimg: thousands of images in which `ada` may go from probability 0 to 1.
        augment_probability: that to which `scheduled` grows.
        score_kimg: thousands of images between scores of the averaged generator against the pictures that it learns
            from, which are logged under `score/`; the first of `fd` and `kid` marks the best checkpoint, unless
            `monitor` names another value. The end of a run that comes so far is scored too. 0 scores nothing.
        score_pictures: generated pictures of a score.
        score_metrics: `fd`, `kid`, `precision`, `recall`, `density`, `coverage`, `inception_score` (of extractors that
            classify), with commas between.
        score_extractor: whose features they compare, a name of `keras-stylegan evaluate images --extractor`.
        score_weights: its local weight file, where it needs one.
        start_from: run directory, or packaged generator, whose weights to begin with; empty begins anew.
        head_start_kimg: thousands of images in which the critic alone learns. Beside a generator that begins with a
            packaged one's weights, a new critic (most come without) is outplayed before it can tell pictures apart.
        frozen_blocks: blocks of the critic, from the picture inwards, that do not train.
        rotation_weights: of guessing by how many quarter turns a picture was rotated (the self-supervised GAN),
            critic's and generator's; 0,0 leaves it out.
    """

    data: str = ""
    size: tuple[int, int] = (64, 64)
    channels: int = 3
    scale: tuple[float, float] = (1.0, 1.0)
    flip: int = 1
    classes: str = ""
    latent_dim: int = 100
    loss: str = "non_saturating"
    penalty_every: int = 1
    updates: str = "alternating"
    optimizer: str = "adam"
    learning_rate: float = 2e-4
    critic_learning_rate: float = 2e-4
    decay_kimg: float = 0.0
    beta_1: float = 0.5
    beta_2: float = 0.999
    clip_norm: float = 0.0
    ema_half_life_kimg: float = 10.0
    ema_ramp_up: float = 0.05
    schedule_kimg: float = 0.0
    final_learning_rate: float = 5e-5
    final_beta_2: float = 0.99
    final_ema_half_life_kimg: float = 10.0
    augment: str = "none"
    augment_target: float = 0.6
    augment_kimg: float = 500.0
    augment_probability: float = 0.0
    score_kimg: float = 0.0
    score_pictures: int = 2048
    score_metrics: str = "fd"
    score_extractor: str = "compact"
    score_weights: str = ""
    start_from: str = ""
    head_start_kimg: float = 0.0
    frozen_blocks: int = 0
    rotation_weights: tuple[float, float] = (0.0, 0.0)

    sources: typing.ClassVar[tuple[str, ...]] = ("data",)
