"""What can be trained: one frozen dataclass per system, one table row per preset, and `key=value` changes to them."""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Iterable

# Numbers that may be 0. No number of a preset may be negative or infinite, and all others are greater than 0.
MAY_BE_ZERO = frozenset(
    (
        "alphas", "cache_megabytes", "content_weight", "critic_weight", "ema_ramp_up", "frozen_blocks", "gamma",
        "group_size", "methods", "mirror_probability", "mix_probability", "mixing_probability", "num_blocks",
        "path_length_weight", "penalty_weight", "photograph_weight", "residual", "seed", "style_weight",
        "variation_weight", "weak_probability",
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
        keep_checkpoints: checkpoints kept.
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
    """

    content: str = ""
    styles: str = ""
    crop_size: int = 192
    scale: tuple[float, float] = (0.5, 0.9)
    content_short_side: int = 320
    style_short_side: int = 256
    mix_probability: float = 0.2
    weak_probability: float = 0.15
    widths: tuple[int, int, int] = (32, 64, 160)
    num_blocks: tuple[int, int, int] = (1, 5, 3)
    normalization: str = "branches"
    num_waves: int = 8
    perceptual: str = "compact"
    methods: dict[str, float] = dataclasses.field(default_factory=lambda: {"gram": 1.0})
    style_weight: float = 4.0
    alphas: dict[str, float] = dataclasses.field(default_factory=dict)
    content_method: str = "correlation"
    content_weight: float = 1.5
    variation_weight: float = 0.75
    photograph_weight: float = 2.0
    critic_weight: float = 0.0
    penalty_weight: float = 10.0
    critic_steps: int = 1
    learning_rate: float = 1e-3
    critic_learning_rate: float = 2e-4
    clip_norm: float = 10.0

    system: typing.ClassVar[str] = "multistyle"


@dataclasses.dataclass(frozen=True)
class StyleGAN2Preset(Preset):
    """Pictures from noise by StyleGAN2 (`StyleGAN2` says what the options of training are).

    Attributes:
        data: folder, zip or npz of pictures.
        size: height and width of the pictures, in pixels.
        channels: 1 (grey), 3 (RGB) or 4 (RGB and alpha).
        classes: folders that are classes, with commas between, `all`, or empty for pictures without classes.
        scale: pictures are cut from windows of this share (low, high) of the largest that fits.
        mirror_probability: share of pictures that are mirrored.
        channel_base: channels times resolution, at most.
        channel_max: channels at most.
        latent_dim: numbers in a latent.
        style_dim: numbers in a style.
        mapping_layers: fully connected layers from latent to style.
        residual: 1 for the residual critic, 0 for the plain one.
        group_size: pictures whose deviation the critic sees; 0 for none.
        loss: `non_saturating`, `relativistic` (with R2 beside R1), or another adversarial loss.
        gamma: weight of R1; 0 stands for 0.0002 * height * width / batch_size.
        penalty_every: R1 and R2 are taken on one critic update in so many.
        path_length_weight: weight of the path length penalty; 0 for none.
        path_length_every: it is taken on one generator update in so many.
        mixing_probability: share of pictures made of two styles.
        learning_rate: of both players.
        ema_half_life_kimg: half-life of the averaged generator, in thousands of images.
        ema_ramp_up: the half-life is at most this share of the images seen; 0 sets no such limit.
        start_from: run directory whose weights to begin with; empty begins anew.
        frozen_blocks: blocks of the critic, from the picture inwards, that do not train.
    """

    data: str = ""
    size: tuple[int, int] = (64, 64)
    channels: int = 3
    classes: str = ""
    scale: tuple[float, float] = (1.0, 1.0)
    mirror_probability: float = 0.5
    channel_base: int = 16384
    channel_max: int = 512
    latent_dim: int = 512
    style_dim: int = 512
    mapping_layers: int = 2
    residual: int = 1
    group_size: int = 4
    loss: str = "non_saturating"
    gamma: float = 0.0
    penalty_every: int = 16
    path_length_weight: float = 2.0
    path_length_every: int = 4
    mixing_probability: float = 0.9
    learning_rate: float = 2.5e-3
    ema_half_life_kimg: float = 10.0
    ema_ramp_up: float = 0.05
    start_from: str = ""
    frozen_blocks: int = 0

    system: typing.ClassVar[str] = "stylegan2"


PRESETS: dict[str, Preset] = {
    "multistyle": MultiStylePreset(kimg=400.0, precision="mixed_bfloat16"),
    # A few minutes on two cores: to see that data, loss and files are in order before the long run.
    "multistyle_small": MultiStylePreset(
        kimg=2.0, crop_size=96, content_short_side=160, style_short_side=128, widths=(16, 32, 64), num_blocks=(1, 2, 1),
        log_images=100, grid_images=1000,
    ),
    # The networks of 22.2 and 23.4 million parameters at 64x64.
    "stylegan2": StyleGAN2Preset(
        kimg=25_000.0, batch_size=32, log_images=3200, grid_images=100_000, checkpoint_seconds=1800.0
    ),
    # Natural scenes by class on two cores.
    "stylegan2_scenes": StyleGAN2Preset(
        kimg=1000.0, batch_size=16, log_images=1600, grid_images=20_000, classes="forest,glacier,mountain,sea",
        channel_base=1536, channel_max=256, latent_dim=128, style_dim=128, path_length_every=8,
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
