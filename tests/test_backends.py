"""The same step on JAX and torch, each in a process of its own that cannot import TensorFlow."""

import importlib.util
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import toy_gan
import toy_noise
import toy_projection
import toy_styles

TESTS = pathlib.Path(__file__).parent
# A module of None makes `import tensorflow` raise ModuleNotFoundError, as if it were not installed.
BLOCKED = """
import runpy, sys
sys.modules["tensorflow"] = None
import keras_stylegan.layers, keras_stylegan.losses, keras_stylegan.models, keras_stylegan.networks, keras_stylegan.ops
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
MISPLACED = """
import keras
from keras_stylegan.ops.gradients import compile_step
known, forgotten = keras.Variable(1.0), keras.Variable(1.0)
step = compile_step(lambda x: forgotten.assign(known + x), [known])
try:
    step(1.0)
except ValueError as error:
    print(error)
"""


def load(path):
    with np.load(path) as arrays:
        return dict(arrays)


def run(backend, code, *arguments):
    path = os.pathsep.join([str(TESTS.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": path, "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    result = subprocess.run(command, cwd=TESTS, env=environment, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    return result.stdout


def require(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed; it comes with the extra `backends`")


def on_both(module, backend, folder):
    """What `module.main` saves here, on TensorFlow, and in a process without it."""
    pytest.importorskip("tensorflow")
    require(backend)
    module.main(folder / "here.npz")
    run(backend, BLOCKED, f"{module.__name__}.py", folder / "there.npz")
    return load(folder / "here.npz"), load(folder / "there.npz")


def assert_same_training(here, there):
    np.testing.assert_allclose(there["fed"], here["fed"], rtol=0, atol=1e-4)
    np.testing.assert_array_equal(there["log_names"], here["log_names"])
    np.testing.assert_allclose(there["log_values"], here["log_values"], rtol=1e-4, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_three_multi_style_steps_equal_those_of_tensorflow(backend, tmp_path):
    assert_same_training(*on_both(toy_styles, backend, tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_three_steps_of_gans_from_noise_equal_those_of_tensorflow(backend, tmp_path):
    assert_same_training(*on_both(toy_noise, backend, tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_a_projection_equals_that_of_tensorflow(backend, tmp_path):
    here, there = on_both(toy_projection, backend, tmp_path)
    for name in ("styles", "losses", "gains"):
        np.testing.assert_allclose(there[name], here[name], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_three_steps_equal_those_of_tensorflow(backend, tmp_path):
    here, there = on_both(toy_gan, backend, tmp_path)
    assert_same_training(here, there)
    # With draws of its own it trains too, and the guard holds.
    assert np.isfinite(there["drawn"]).all() and np.isfinite(there["losses"]).all()
    assert len(set(there["losses"].tolist())) == 40
    assert "gradient of `discriminator` was not finite in the last 2 updates" in str(there["stopped"])


def test_jax_refuses_a_step_that_changes_an_unlisted_variable():
    require("jax")
    assert "`variables` must list every variable that the step assigns. Received: without" in run("jax", MISPLACED)
