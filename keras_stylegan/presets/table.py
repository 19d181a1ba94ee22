"""What can be trained: a preset for each name."""

from __future__ import annotations

import dataclasses

from keras_stylegan.choices import did_you_mean
from keras_stylegan.presets.base import Preset
from keras_stylegan.presets.fusion import FusionPreset
from keras_stylegan.presets.gans import (
    GANPreset,
    InfoGANPreset,
    ProgressivePreset,
    R3GANPreset,
    StyleGANPreset,
)
from keras_stylegan.presets.multistyle import JohnsonPreset, MultiStylePreset
from keras_stylegan.presets.scene import ScenePipelinePreset
from keras_stylegan.presets.style_predictor import StylePredictorPreset
from keras_stylegan.presets.stylegan2 import StyleGAN2Preset
from keras_stylegan.presets.super_resolution import SuperResolutionPreset
from keras_stylegan.presets.translation import CycleGANPreset, MultiDomainPreset, Pix2PixPreset

_SUPER_RESOLUTION = SuperResolutionPreset(
    kimg=120.0, batch_size=8, precision="auto", log_images=400, grid_images=10_000, checkpoint_seconds=300.0
)
_GAN = GANPreset(kimg=1000.0, batch_size=64, log_images=6400, grid_images=64_000)
# Clipping and gradient penalties are statements about single pictures: no batch norm in these critics.
_CRITIC = dataclasses.replace(_GAN, batch_size=320, critic_steps=5, critic_normalization="none", loss="wasserstein")
_WGAN_GP = dataclasses.replace(
    _CRITIC, penalties={"gradient_penalty": 10.0}, learning_rate=1e-4, critic_learning_rate=1e-4, beta_1=0.0, beta_2=0.9
)

# Natural scenes by class on two cores, StyleGAN2 with its own loss: 0.14 GFLOPs a picture, beside the 0.21 of DCGAN, to
# which it is compared (benchmarks/scene_table.py). Sixteen channels at the full size fill the vectors of a CPU; half as
# many again make a step 1.7 times as long. No path length penalty, as in the paper of ADA for small pictures.
_SCENES = {"classes": "forest,glacier,mountain,sea", "grid_images": 20_000, "score_kimg": 100.0}
_STYLEGAN2_SCENES = StyleGAN2Preset(
    kimg=1000.0, batch_size=16, log_images=1600, **_SCENES, channel_base=1024, channel_max=256, latent_dim=128,
    style_dim=128, path_length_weight=0.0,
)  # fmt: skip


def _r3gan(side, filters, max_filters, gamma, half_life_kimg, augment_probability, **changes):
    """A row of the table of Huang et al. 2024 and its code: gamma falls to a tenth over the schedule."""
    settings = {
        "kimg": 250_000.0, "batch_size": 256, "log_images": 25_600, "grid_images": 256_000, "size": (side, side),
        "network": "r3gan", "latent_dim": 64, "filters": filters, "max_filters": max_filters, "loss": "relativistic",
        "penalties": {"r1": gamma, "r2": gamma}, "final_penalties": {"r1": gamma / 10, "r2": gamma / 10},
        "learning_rate": 2e-4, "critic_learning_rate": 2e-4, "beta_1": 0.0, "beta_2": 0.9, "schedule_kimg": 20_000.0,
        "final_learning_rate": 5e-5, "final_beta_2": 0.99, "ema_half_life_kimg": 0.0, "ema_ramp_up": 0.0,
        "final_ema_half_life_kimg": half_life_kimg, "augment": "scheduled", "augment_probability": augment_probability,
    }  # fmt: skip
    return R3GANPreset(**{**settings, **changes})


PRESETS: dict[str, Preset] = {
    "multistyle": MultiStylePreset(kimg=300.0, batch_size=2, precision="auto"),
    # A few minutes on two cores: to see that data, loss and files are in order before the long run.
    "multistyle_small": MultiStylePreset(
        kimg=2.0, crop_size=96, content_short_side=160, style_short_side=128, widths=(16, 32, 64), num_blocks=(1, 2, 1),
        log_images=100, grid_images=1000,
    ),
    # Johnson et al. 2016: two passes over COCO in batches of four.
    "johnson": JohnsonPreset(kimg=160.0, crop_size=256, content_short_side=384),
    # Wang et al. 2018 at the size and cost of two cores: first pixels alone, then with a critic, `--from` that run.
    "super_resolution": dataclasses.replace(_SUPER_RESOLUTION, kimg=24.0, learning_rate=1e-4),
    "super_resolution_pixels": dataclasses.replace(_SUPER_RESOLUTION, critic_weight=0.0),
    "fusion": FusionPreset(kimg=600.0, batch_size=8, crop_size=96, log_images=800, grid_images=8000),
    "fusion_small": FusionPreset(
        kimg=2.0, crop_size=48, content_short_side=96, widths=(8, 16, 32), num_blocks=(0, 1, 0), log_images=100,
        grid_images=1000,
    ),
    "style_predictor": StylePredictorPreset(
        kimg=200.0, batch_size=8, precision="auto", log_images=800, grid_images=20_000
    ),
    # One network, the losses of Goodfellow et al. 2014, Radford et al. 2016, Mao et al. 2017, Arjovsky et al. 2017 and
    # Gulrajani et al. 2017. Batches of 320 are five critic updates on 64 pictures.
    "gan": dataclasses.replace(_GAN, loss="minimax"),
    "dcgan": _GAN,
    "lsgan": dataclasses.replace(_GAN, loss="least_squares"),
    "wgan": dataclasses.replace(
        _CRITIC, weight_limit=0.01, optimizer="rmsprop", learning_rate=5e-5, critic_learning_rate=5e-5
    ),
    "wgan_gp": _WGAN_GP,
    # What SNGAN is compared to on CIFAR-10 (benchmarks/cifar_curves.py).
    "dcgan_cifar10": dataclasses.replace(_GAN, size=(32, 32)),
    "wgan_gp_cifar10": dataclasses.replace(_WGAN_GP, size=(32, 32)),
    # Miyato et al. 2018, setting with five critic updates; 100,000 generator updates.
    "sngan": dataclasses.replace(
        _CRITIC, kimg=32_000.0, size=(32, 32), network="resnet", latent_dim=128, filters=256, max_filters=128,
        critic_normalization="spectral", loss="hinge", decay_kimg=32_000.0, beta_1=0.0, beta_2=0.9,
    ),
    # Karras et al. 2018 at 64x64: 5 sizes alone, 4 transitions.
    "progressive": ProgressivePreset(
        kimg=6000.0, batch_size=16, log_images=6400, grid_images=64_000, network="progressive", latent_dim=512,
        filters=256, loss="wasserstein", penalties={"gradient_penalty": 10.0, "drift": 0.001}, learning_rate=1e-3,
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
    "r3gan_cifar10": _r3gan(32, 768, 768, 0.05, 5_000.0, 0.55, batch_size=512),
    "r3gan_ffhq64": _r3gan(64, 384, 768, 2.0, 500.0, 0.3),
    "r3gan_ffhq256": _r3gan(256, 96, 768, 150.0, 500.0, 0.3),
    "r3gan_imagenet32": _r3gan(
        32, 1536, 1536, 0.5, 50_000.0, 0.5, batch_size=4096, schedule_kimg=200_000.0, classes="all",
        group_width=32,
    ),
    "r3gan_imagenet64": _r3gan(
        64, 1536, 1536, 1.0, 50_000.0, 0.4, batch_size=4096, schedule_kimg=200_000.0, classes="all",
        group_width=32,
    ),
    # The same at the size and cost of two cores.
    "r3gan_small": _r3gan(
        64, 48, 192, 1.0, 50.0, 0.3, kimg=1000.0, batch_size=16, schedule_kimg=500.0, log_images=1600,
        grid_images=16_000,
    ),
    # The networks of 22.2 and 23.4 million parameters at 64x64.
    "stylegan2": StyleGAN2Preset(
        kimg=25_000.0, batch_size=32, log_images=3200, grid_images=100_000, checkpoint_seconds=1800.0
    ),
    # Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data": configuration paper256 of its
    # code for FFHQ and LSUN, and cifar.
    "stylegan2_ada": StyleGAN2Preset(
        kimg=25_000.0, batch_size=64, log_images=6400, grid_images=200_000, checkpoint_seconds=1800.0, size=(256, 256),
        mapping_layers=8, group_size=8, gamma=1.0, ema_half_life_kimg=20.0, ema_ramp_up=0.0, augment="ada",
    ),
    "stylegan2_ada_cifar10": StyleGAN2Preset(
        kimg=100_000.0, batch_size=64, log_images=6400, grid_images=200_000, checkpoint_seconds=1800.0, size=(32, 32),
        classes="all", flip=0, channel_base=32768, residual=0, group_size=32, gamma=0.01, path_length_weight=0.0,
        mixing_probability=0.0, ema_half_life_kimg=500.0, augment="ada",
    ),
    "stylegan2_scenes": _STYLEGAN2_SCENES,
    # The relativistic loss needs R1 and R2 together, and more of them than R1 alone (Huang et al. 2024, FFHQ-64: gamma
    # from 2 to 0.2 at every update); every fourth update is what two cores can pay for.
    "stylegan2_scenes_relativistic": dataclasses.replace(
        _STYLEGAN2_SCENES, loss="relativistic", gamma=1.0, penalty_every=4
    ),
    # Against a critic that looks through the packaged perceptual network.
    "stylegan2_scenes_projected": dataclasses.replace(
        _STYLEGAN2_SCENES, critic="projected", loss="hinge", augment="diffaugment",
        critic_learning_rate=2e-4,
    ),
    # The classic recipes on the same pictures and classes.
    "dcgan_scenes": dataclasses.replace(_GAN, **_SCENES),
    "wgan_gp_scenes": dataclasses.replace(_WGAN_GP, **_SCENES),
    # From a generator of natural scenes (`--from`): first the encoder alone, then from its run both together. An image
    # costs 0.1 seconds of a core in the first and 0.2 in the second: about half an hour of two cores. With 1e-3 and
    # DiffAugment in the second, scenes by styles alone came to share one composition, in a dark frame.
    "scene_pipeline": ScenePipelinePreset(
        kimg=10.0, batch_size=8, log_images=800, grid_images=8000, classes="forest,glacier,mountain,sea",
        learning_rate=2e-4,
    ),
    "scene_pipeline_encoder": ScenePipelinePreset(
        kimg=16.0, batch_size=8, log_images=800, grid_images=8000, phase="encoder",
    ),
    # Isola et al. 2017, facades: 400 pairs for 200 epochs, batches of one, U-Net-256 against a patch of 70 pixels.
    "pix2pix": Pix2PixPreset(
        kimg=80.0, batch_size=1, log_images=400, grid_images=4000, decay_share=0.5
    ),
    # At the size and cost of two cores.
    "pix2pix_small": Pix2PixPreset(
        kimg=40.0, batch_size=4, size=(96, 128), scale=(0.85, 1.0), filters=32, depth=5, upsample="resize",
        receptive_field=34, critic_filters=32, decay_share=0.5, ema_half_life_kimg=0.5,
    ),
    # Zhu et al. 2017: about 1000 pictures a set for 200 epochs, batches of one.
    "cyclegan": CycleGANPreset(
        kimg=200.0, batch_size=1, log_images=400, grid_images=4000, decay_share=0.5
    ),
    "cyclegan_small": CycleGANPreset(
        kimg=20.0, batch_size=2, size=(96, 96), scale=(0.75, 1.0), filters=16, num_blocks=4, receptive_field=34,
        critic_filters=32, log_images=200, grid_images=2000, decay_share=0.5,
    ),
    # Choi et al. 2020, 100,000 steps.
    "multidomain": MultiDomainPreset(kimg=800.0, batch_size=8, log_images=800, grid_images=8000),
    "multidomain_small": MultiDomainPreset(
        kimg=40.0, batch_size=4, size=(64, 64), filters=16, critic_filters=16, max_filters=64, depth=2, style_dim=16,
        num_blocks=1, mapping_layers=2, skips=1, diversity_kimg=40.0, ema_half_life_kimg=0.5, log_images=200,
        grid_images=2000, learning_rate=2e-4, critic_learning_rate=2e-4, cycle_weight=2.0,
    ),
}  # fmt: skip


def get_preset(name: str) -> Preset:
    """The preset of that name, or a ValueError that lists the names and the closest."""
    if name not in PRESETS:
        names = ", ".join(sorted(PRESETS))
        raise ValueError(f"`preset` must be one of {names}. Received: {name}{did_you_mean(name, PRESETS)}")
    return PRESETS[name]
