"""What can be trained: one frozen dataclass per system, one table row per preset, and `key=value` changes to them."""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Iterable

# Numbers that may be 0. No number of a preset may be negative or infinite, and all others are greater than 0.
MAY_BE_ZERO = frozenset(
    (
        "alphas", "beta_1", "cache_megabytes", "clip_norm", "code_weight", "content_weight", "continuous",
        "continuous_weight", "critic_weight", "decay_kimg", "ema_half_life_kimg", "ema_kimg", "ema_ramp_up",
        "final_penalties", "flip", "frozen_blocks", "max_rollbacks", "methods", "mix_probability", "mixing_probability",
        "num_blocks", "penalties", "penalty_weight", "photograph_weight", "rotation_weights", "schedule_kimg", "seed",
        "style_weight", "variation_weight", "weak_probability", "weight_limit",
    )
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Preset:
    """The settings that every system has.

    Attributes:
        kimg: length of the run, in thousands of images.
        batch_size: images in a step, of all replicas together.
        seed: repeats a run.
        precision: Keras dtype policy, `float32` or `mixed_bfloat16`.
        log_images: images between lines of metrics.jsonl and points in TensorBoard.
        grid_images: images between pictures of progress.
        checkpoint_seconds: seconds between checkpoints.
        keep_checkpoints: checkpoints kept, besides the best.
        monitor: logged value whose smallest mean between two checkpoints marks the best; empty for none.
        max_rollbacks: returns to the last good checkpoint when updates keep failing, before the run gives up.
        rollback_factor: by which each of them multiplies the learning rates.
        data_threads: threads that prepare batches.
        cache_megabytes: decoded pictures kept in memory, at most.

    Raises:
        ValueError: for a number that is negative or not finite, or 0 where that means nothing.
    """

    kimg: float = 100.0
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

    @property
    def steps(self) -> int:
        """Training steps of the whole run."""
        return -(-round(self.kimg * 1000) // self.batch_size)


@dataclasses.dataclass(frozen=True)
class MultiStylePreset(Preset):
    """One network for all the styles of a folder (`MultiStyleTransfer` says what the loss terms are).

    Attributes:
        content: folder, zip or npz of photographs.
        styles: folder of style pictures; the files' names become the styles' names.
        crop_size: pixels, height and width of the training crops.
        scale: crops are cut from windows of this share (low, high) of the photograph.
        content_short_side: photographs are reduced to this shorter side.
        style_short_side: style pictures are reduced to this shorter side, which sets the size of strokes.
        mix_probability: share of pictures painted in a mixture of two styles.
        weak_probability: share of pictures painted with a strength below 1.
        widths: channels at 1/2, 1/4 and 1/8 of the size.
        num_blocks: residual blocks at 1/4 (encoder), 1/8 and 1/4 (decoder).
        normalization: `all` or `branches`.
        num_waves: plane waves from which strokes on flat ground grow.
        bank_lr_multiplier: learning rate of the style vectors relative to `learning_rate`.
        perceptual: `compact`, `vgg16`, `vgg19`, or an .npz file.
        methods: style methods and their weights.
        style_weight: weight of the style terms against the content.
        alphas: weights of single styles by name, 1 where none is given.
        content_method: `correlation`, `relative` or `mse`.
        content_weight: weight of the content term.
        variation_weight: weight of the total variation.
        photograph_weight: weight of the distance to the photograph at strength 0.
        critic_weight: lambda of the adversarial term; 0 trains no critic.
        penalty_weight: weight of the critic's gradient penalty.
        critic_steps: critic updates in a step.
        learning_rate: of the network, at the start; decays to 0 along a cosine over the run.
        critic_learning_rate: of the critic, likewise.
        clip_norm: limit of the global norm of a gradient.
        ema_kimg: half-life of the averaged network, which is the one shown and saved, in thousands of images, at most
            1/20 of the images seen; 0 averages nothing.
    """

    content: str = ""
    styles: str = ""
    crop_size: int = 160
    scale: tuple[float, float] = (0.5, 0.9)
    content_short_side: int = 320
    style_short_side: int = 256
    mix_probability: float = 0.2
    weak_probability: float = 0.15
    widths: tuple[int, int, int] = (32, 64, 192)
    num_blocks: tuple[int, int, int] = (1, 5, 3)
    normalization: str = "branches"
    num_waves: int = 16
    bank_lr_multiplier: float = 2.0
    perceptual: str = "compact"
    methods: dict[str, float] = dataclasses.field(default_factory=lambda: {"gram": 1.0})
    style_weight: float = 4.0
    alphas: dict[str, float] = dataclasses.field(default_factory=dict)
    content_method: str = "correlation"
    content_weight: float = 0.6
    variation_weight: float = 0.75
    photograph_weight: float = 2.0
    critic_weight: float = 0.0
    penalty_weight: float = 10.0
    critic_steps: int = 1
    learning_rate: float = 2e-3
    critic_learning_rate: float = 2e-4
    clip_norm: float = 10.0
    ema_kimg: float = 2.0
    monitor: str = "generator/loss"

    system: typing.ClassVar[str] = "multistyle"


@dataclasses.dataclass(frozen=True)
class GANPreset(Preset):
    """A generator of pictures from noise (`NoiseToImage` says what the options of training are).

    Attributes:
        data: folder, zip or npz of pictures; in folders by class, or with labels, they may be classes.
        size: height and width of the pictures, in pixels.
        channels: 1 (grey), 3 (RGB) or 4 (RGB and alpha).
        scale: pictures are cut from windows of this share (low, high) of the largest that fits.
        flip: 1 mirrors half of the pictures, 0 none.
        conditioning: how classes enter the critic: `none`, `projection` or `embedding`.
        network: family of the networks.
        latent_dim: numbers in a latent.
        filters: channels at the full size.
        max_filters: channels at most.
        generator_normalization: of the generator's network, `batch` or `none`.
        critic_normalization: of the critic's network, `batch`, `spectral` or `none`.
        loss: `minimax`, `non_saturating`, `least_squares`, `wasserstein`, `hinge`, `relativistic` or
            `relativistic_average`.
        penalties: penalties of the critic by name and weight: `r1`, `r2`, `gradient_penalty`, `drift`.
        penalty_every: gradient penalties are taken on one critic update in so many.
        critic_steps: critic updates in a step, which share the batch.
        weight_limit: the critic's weights are clipped to it; 0 clips none.
        updates: `alternating` or `simultaneous`.
        rotation_weights: of the self-supervised rotations, critic's and generator's; 0,0 leaves them out.
        optimizer: `adam` or `rmsprop`.
        learning_rate: of the generator.
        critic_learning_rate: of the critic.
        decay_kimg: learning rates fall to 0 along a line over so many thousands of images; 0 keeps them.
        beta_1: first decay rate of Adam.
        beta_2: second decay rate of Adam.
        clip_norm: limit of the global norm of a gradient; 0 clips none.
        ema_half_life_kimg: half-life of the averaged generator, in thousands of images.
        ema_ramp_up: the half-life is at most this share of the images seen; 0 sets no such limit.
        schedule_kimg: thousands of images in which settings move to their final values along half a cosine; 0 keeps
            them.
        final_learning_rate: of both players.
        final_beta_2: of Adam.
        final_penalties: weights of penalties, by name.
        final_ema_half_life_kimg: half-life of the averaged generator.
        start_from: run directory whose weights to begin with; empty begins anew.
        frozen_blocks: blocks of the critic, from the picture inwards, that do not train.
    """

    data: str = ""
    size: tuple[int, int] = (64, 64)
    channels: int = 3
    scale: tuple[float, float] = (1.0, 1.0)
    flip: int = 1
    conditioning: str = "none"
    network: str = "dcgan"
    latent_dim: int = 100
    filters: int = 64
    max_filters: int = 512
    generator_normalization: str = "batch"
    critic_normalization: str = "batch"
    loss: str = "non_saturating"
    penalties: dict[str, float] = dataclasses.field(default_factory=dict)
    penalty_every: int = 1
    critic_steps: int = 1
    weight_limit: float = 0.0
    updates: str = "alternating"
    rotation_weights: tuple[float, float] = (0.0, 0.0)
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
    final_penalties: dict[str, float] = dataclasses.field(default_factory=dict)
    final_ema_half_life_kimg: float = 10.0
    start_from: str = ""
    frozen_blocks: int = 0

    system: typing.ClassVar[str] = "gan"


@dataclasses.dataclass(frozen=True)
class R3GANPreset(GANPreset):
    """R3GAN: the relativistic pair under R1 and R2, bottleneck networks without normalisation.

    Attributes:
        group_width: channels of a group of the grouped convolutions.
    """

    group_width: int = 16

    system: typing.ClassVar[str] = "r3gan"


@dataclasses.dataclass(frozen=True)
class InfoGANPreset(GANPreset):
    """InfoGAN: codes that are to be read back from the pictures.

    Attributes:
        categories: of the categorical code.
        continuous: continuous codes.
        code_weight: lambda of the categorical code.
        continuous_weight: lambda of the continuous codes.
    """

    categories: int = 10
    continuous: int = 2
    code_weight: float = 1.0
    continuous_weight: float = 0.1

    system: typing.ClassVar[str] = "infogan"


@dataclasses.dataclass(frozen=True)
class ProgressivePreset(GANPreset):
    """Progressive growing: sizes take turns.

    Attributes:
        stable_kimg: thousands of images at each size alone.
        fade_kimg: thousands of images of each transition.
    """

    stable_kimg: float = 600.0
    fade_kimg: float = 600.0

    system: typing.ClassVar[str] = "progressive"


@dataclasses.dataclass(frozen=True)
class StyleGANPreset(ProgressivePreset):
    """StyleGAN: a mapping network and AdaIN.

    Attributes:
        style_dim: size of w.
        mapping_layers: of the mapping network.
        mixing_probability: share of pictures made of two styles.
    """

    style_dim: int = 512
    mapping_layers: int = 8
    mixing_probability: float = 0.9

    system: typing.ClassVar[str] = "stylegan"


_GAN = GANPreset(kimg=1000.0, batch_size=64, log_images=6400, grid_images=64_000)
# Clipping and gradient penalties are statements about single pictures: no batch norm in these critics.
_CRITIC = dataclasses.replace(_GAN, batch_size=320, critic_steps=5, critic_normalization="none", loss="wasserstein")


def _r3gan(side, filters, max_filters, gamma, half_life_kimg, **changes):
    """A row of the table of Huang et al. 2024 and its code: gamma falls to a tenth over the schedule."""
    settings = {
        "kimg": 250_000.0, "batch_size": 256, "log_images": 25_600, "grid_images": 256_000, "size": (side, side),
        "network": "r3gan", "latent_dim": 64, "filters": filters, "max_filters": max_filters, "loss": "relativistic",
        "penalties": {"r1": gamma, "r2": gamma}, "final_penalties": {"r1": gamma / 10, "r2": gamma / 10},
        "learning_rate": 2e-4, "critic_learning_rate": 2e-4, "beta_1": 0.0, "beta_2": 0.9, "schedule_kimg": 20_000.0,
        "final_learning_rate": 5e-5, "final_beta_2": 0.99, "ema_half_life_kimg": 0.0, "ema_ramp_up": 0.0,
        "final_ema_half_life_kimg": half_life_kimg,
    }  # fmt: skip
    return R3GANPreset(**{**settings, **changes})


PRESETS: dict[str, Preset] = {
    "multistyle": MultiStylePreset(kimg=300.0, precision="mixed_bfloat16"),
    # A few minutes on two cores: to see that data, loss and files are in order before the long run.
    "multistyle_small": MultiStylePreset(
        kimg=2.0, crop_size=96, content_short_side=160, style_short_side=128, widths=(16, 32, 64), num_blocks=(1, 2, 1),
        log_images=100, grid_images=1000,
    ),
    # One network, the losses of Goodfellow et al. 2014, Radford et al. 2016, Mao et al. 2017, Arjovsky et al. 2017 and
    # Gulrajani et al. 2017. Batches of 320 are five critic updates on 64 pictures.
    "gan": dataclasses.replace(_GAN, loss="minimax"),
    "dcgan": _GAN,
    "lsgan": dataclasses.replace(_GAN, loss="least_squares"),
    "wgan": dataclasses.replace(
        _CRITIC, weight_limit=0.01, optimizer="rmsprop", learning_rate=5e-5, critic_learning_rate=5e-5
    ),
    "wgan_gp": dataclasses.replace(
        _CRITIC, penalties={"gradient_penalty": 10.0}, learning_rate=1e-4, critic_learning_rate=1e-4, beta_1=0.0,
        beta_2=0.9,
    ),
    # Miyato et al. 2018, setting with five critic updates; 100,000 generator updates.
    "sngan": dataclasses.replace(
        _CRITIC, kimg=32_000.0, size=(32, 32), network="resnet", latent_dim=128, filters=256, max_filters=128,
        critic_normalization="spectral", loss="hinge", decay_kimg=32_000.0, beta_1=0.0, beta_2=0.9,
    ),
    # Karras et al. 2018 at 64x64: 5 sizes alone, 4 transitions.
    "progressive": ProgressivePreset(
        kimg=6000.0, batch_size=16, log_images=6400, grid_images=64_000, network="progressive", latent_dim=512,
        filters=64, loss="wasserstein", penalties={"gradient_penalty": 10.0, "drift": 0.001}, learning_rate=1e-3,
        critic_learning_rate=1e-3, beta_1=0.0, beta_2=0.99,
    ),
    # Karras et al. 2019, configuration f of FFHQ: the non-saturating loss with R1.
    "stylegan": StyleGANPreset(
        kimg=6000.0, batch_size=16, log_images=6400, grid_images=64_000, network="stylegan", latent_dim=512,
        filters=256, penalties={"r1": 10.0}, learning_rate=1e-3, critic_learning_rate=1e-3, beta_1=0.0, beta_2=0.99,
    ),
    "infogan": InfoGANPreset(
        kimg=1000.0, batch_size=64, log_images=6400, grid_images=64_000, size=(32, 32), latent_dim=74, network="coded",
        critic_normalization="spectral", learning_rate=1e-3,
    ),
    "r3gan_cifar10": _r3gan(32, 768, 768, 0.05, 5_000.0, batch_size=512),
    "r3gan_ffhq64": _r3gan(64, 384, 768, 2.0, 500.0),
    "r3gan_ffhq256": _r3gan(256, 96, 768, 150.0, 500.0),
    "r3gan_imagenet32": _r3gan(
        32, 1536, 1536, 0.5, 50_000.0, batch_size=4096, schedule_kimg=200_000.0, conditioning="projection",
        group_width=32,
    ),
    "r3gan_imagenet64": _r3gan(
        64, 1536, 1536, 1.0, 50_000.0, batch_size=4096, schedule_kimg=200_000.0, conditioning="projection",
        group_width=32,
    ),
    # The same at the size and cost of two cores.
    "r3gan_small": _r3gan(
        64, 48, 192, 1.0, 50.0, kimg=1000.0, batch_size=16, schedule_kimg=500.0, log_images=1600, grid_images=16_000
    ),
}  # fmt: skip


def get_preset(name: str) -> Preset:
    """The preset of that name, or a ValueError that lists the names."""
    if name not in PRESETS:
        raise ValueError(f"`preset` must be one of {', '.join(sorted(PRESETS))}. Received: {name}")
    return PRESETS[name]


def with_settings(preset: Preset, settings: Iterable[str]) -> Preset:
    """Changes a preset by `key=value` texts.

    Tuples are written `0.5,1`, dicts `gram:1,sorted:0.5`.

    Raises:
        ValueError: for a text without `=`, an unknown key (the message lists all), or a value of the wrong type.
    """
    kinds = typing.get_type_hints(type(preset))
    fields = [field.name for field in dataclasses.fields(preset)]
    changes = {}
    for setting in settings:
        key, separator, text = setting.partition("=")
        if not separator:
            raise ValueError(f"`--set` must be key=value. Received: {setting}")
        if key not in fields:
            raise ValueError(f"`--set` must name one of {', '.join(sorted(fields))}. Received: {key}")
        try:
            changes[key] = _parse(kinds[key], text)
        except ValueError:
            raise ValueError(f"`{key}` must be {_describe(kinds[key])}. Received: {setting}") from None
    return dataclasses.replace(preset, **changes)


def as_dict(preset: Preset) -> dict[str, typing.Any]:
    """The settings as JSON holds them: tuples as lists."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in dataclasses.asdict(preset).items()}


def _parse(kind, text):
    origin = typing.get_origin(kind)
    if origin is tuple:
        kinds, parts = typing.get_args(kind), text.split(",")
        if len(parts) != len(kinds):
            raise ValueError
        return tuple(_parse(part_kind, part) for part_kind, part in zip(kinds, parts, strict=True))
    if origin is dict:
        _, value_kind = typing.get_args(kind)
        pairs = [part.rpartition(":") for part in text.split(",") if part]
        if not all(key and separator for key, separator, _ in pairs):
            raise ValueError
        return {key.strip(): _parse(value_kind, value) for key, _, value in pairs}
    if kind is int:
        return int(text.replace("_", ""))
    return kind(text)


def _describe(kind) -> str:
    origin = typing.get_origin(kind)
    if origin is tuple:
        return " and ".join(_describe(part) for part in typing.get_args(kind)) + ", with commas between"
    if origin is dict:
        return "name:number pairs with commas between"
    return {int: "a whole number", float: "a number", str: "text"}.get(kind, str(kind))
