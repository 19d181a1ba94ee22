"""What StyleGAN2's speed is compared with: the convolutions of its step, each called alone."""

import argparse
import pathlib
import sys

import numpy as np
import pytest

BENCHMARKS = pathlib.Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import stylegan2_speed

    yield stylegan2_speed
    for name in ("stylegan2_speed", "record"):
        sys.modules.pop(name, None)


def test_convolutions_are_those_of_the_networks(script):
    from keras_stylegan.flops import count_flops
    from keras_stylegan.networks import StyleGAN2Critic, StyleGAN2Generator

    small = argparse.Namespace(size=16, batch=2, channel_base=128, channel_max=16)
    options = {"size": (16, 16), "channel_base": 128, "channel_max": 16}
    generator, critic = StyleGAN2Generator(**options, latent_dim=8, style_dim=8), StyleGAN2Critic(**options)
    inputs = {"generator": np.zeros((1, 8), "float32"), "critic": np.zeros((1, 16, 16, 3), "float32")}
    for network, name in ((generator, "generator"), (critic, "critic")):
        network.build()
        products = sum(count for (owner, *_), count in script.layers(small) if owner == name)
        # Filters and fully connected layers, which the peer has too, are the rest.
        assert 0.75 < 2 * products / count_flops(lambda n=network, x=inputs[name]: n(x)) < 1
    full = argparse.Namespace(size=64, batch=8, channel_base=16384, channel_max=512)
    for name in ("generator", "critic"):
        gflop = 2e-9 * 8 * sum(count for (owner, *_), count in script.layers(full) if owner == name)
        assert gflop == pytest.approx(122, rel=0.03)


def test_bare_calls_are_a_convolution_and_its_gradients(script):
    import tensorflow as tf

    random = np.random.default_rng(0)
    for kind, side, out in (("same", 6, 6), ("down", 7, 3), ("up", 4, 9)):
        x = tf.constant(random.normal(size=(2, side, side, 5)), tf.float32)
        w = tf.constant(random.normal(size=(3, 3, 5, 4)), tf.float32)
        forward, of_input, of_kernel = (function() for function in script.bare_calls(kind, x, w))
        assert forward.shape == (2, out, out, 4) and of_input.shape == x.shape
        assert sorted(of_kernel.shape) == sorted(w.shape)
