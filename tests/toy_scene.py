"""The scene pipeline small enough to be trained in a test, and data for its commands."""

import json

import keras
import numpy as np
from PIL import Image
from toy_fusion import stirred
from toy_styles import NUM_STYLES

from keras_stylegan.models import ScenePipeline
from keras_stylegan.networks import (
    PerceptualNetwork,
    SceneEncoder,
    SceneNetwork,
    StyleGAN2Critic,
    StyleGAN2Generator,
    StyleTransformer,
)

SHAPE = {"size": (16, 16), "channel_base": 64, "channel_max": 6, "style_dim": 5}


def numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


def tiny_generator(**options):
    return stirred(StyleGAN2Generator(**{**SHAPE, **options}, latent_dim=4, mapping_layers=1), 1)


def tiny_network(encoder=None, factor=2):
    """Weights drawn at random: a new encoder, which is 0, would hide what it does."""
    network = SceneNetwork(encoder or stirred(SceneEncoder(**SHAPE), 2, 0.1), tiny_generator(), factor)
    network.build()
    return network


def tiny_painter(num_styles=NUM_STYLES):
    return stirred(StyleTransformer(num_styles, (4, 4, 4), (0, 1, 0), num_waves=2), 3, 0.1)


def build(phase="joint", network=None, **options):
    rng = np.random.default_rng(2)
    perceptual = stirred(PerceptualNetwork(((4,), (4,), (4,), (4,)), name="tiny"), 4)
    critic = stirred(StyleGAN2Critic((16, 16), channel_base=64, channel_max=6), 5)
    pictures = [rng.uniform(-1, 1, (16, 16, 3)).astype("float32") for _ in range(NUM_STYLES)]
    options = {"critic": critic, **options} if phase == "joint" else options
    return ScenePipeline(tiny_painter(), network or tiny_network(), perceptual, pictures, phase=phase, **options)


def batch(count=2, seed=0):
    rng, odd = np.random.default_rng(seed), np.arange(count) % 2
    return {
        "content": rng.uniform(-1, 1, (count, 32, 32, 3)).astype("float32"),
        "style_weights": np.array([[1, 0, 0], [0, 0.25, 0.75]], "float32")[odd],
        "strength": np.array([1, 0.5], "float32")[odd],
        "images": rng.uniform(-1, 1, (count, 16, 16, 3)).astype("float32"),
    }


def compiled(run_eagerly=False):
    """On SGD, with a critic that looks at each picture alone: groups would differ with the replicas' shares."""
    keras.utils.set_random_seed(0)
    critic = stirred(StyleGAN2Critic((16, 16), channel_base=64, channel_max=6, group_size=0), 5, 0.05)
    made = build(critic=critic, seed=3)
    optimizers = {player.name: keras.optimizers.SGD(0.01) for player in made.players()}
    made.compile(optimizers, clip_norm=1.0, run_eagerly=run_eagerly)
    return made


def write_pictures(folder, names, size):
    """PNG files of waves, each its own."""
    folder.mkdir()
    rows, columns = np.mgrid[: size[0], : size[1]]
    for number, name in enumerate(names):
        waves = np.sin(np.stack([rows / 3 + number, columns / (4 + number), (rows + columns) / 5], -1)) * 90 + 128
        Image.fromarray(np.uint8(waves)).save(folder / f"{name}.png")
    return folder


def write_generator_run(folder, size=(16, 16)):
    """A run directory as far as beginning with its generator goes."""
    folder.mkdir()
    tiny_generator(num_classes=2, size=size).save(folder / "generator.keras")
    config = {"system": "stylegan2", "settings": {}, "facts": {"classes": ["forest", "mountain"]}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "metrics.jsonl").write_text(json.dumps({"images": 4000, "generator/adversarial": 1.0}) + "\n")
    return folder
