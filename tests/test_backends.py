"""The same step on JAX and torch, in a process that cannot import TensorFlow."""

import importlib
import importlib.util
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from toy_warping import assert_exact

TESTS = pathlib.Path(__file__).parent
# Modules whose `main(path)` saves what it computes on the backend that Keras runs on.
TOYS = ("toy_gan", "toy_styles", "toy_noise", "toy_projection", "toy_super_resolution", "toy_misplaced", "toy_warping")
FUSION = pytest.param("toy_fusion", marks=pytest.mark.soak)
# A module of None makes `import tensorflow` raise ModuleNotFoundError, as if it were not installed.
BLOCKED = """
import importlib, pathlib, sys, traceback
sys.modules["tensorflow"] = None
import keras_stylegan.layers, keras_stylegan.losses, keras_stylegan.models, keras_stylegan.networks, keras_stylegan.ops
for name in sys.argv[2:]:
    path = pathlib.Path(sys.argv[1], name)
    try:
        importlib.import_module(name).main(path.with_suffix(".npz"))
    except Exception:
        path.with_suffix(".txt").write_text(traceback.format_exc())
"""


@pytest.fixture(scope="module", params=["jax", "torch"])
def elsewhere(request, tmp_path_factory):
    """What all toys save on a backend, in one process, as a function of their names."""
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed; it comes with the extra `backends`")
    folder = tmp_path_factory.mktemp(request.param)
    path = os.pathsep.join([str(TESTS.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "KERAS_BACKEND": request.param, "PYTHONPATH": path, "JAX_PLATFORMS": "cpu"}
    asked = {item.callspec.params.get("toy") for item in request.session.items if hasattr(item, "callspec")}
    command = [sys.executable, "-c", BLOCKED, str(folder), *TOYS, *asked & set(FUSION.values)]
    result = subprocess.run(command, cwd=TESTS, env=environment, capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stderr

    def load(name):
        error = folder / f"{name}.txt"
        assert not error.exists(), error.read_text()
        return arrays(folder / f"{name}.npz")

    return load


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """The same on TensorFlow, in this process, each toy when it is asked for."""
    pytest.importorskip("tensorflow")
    folder = tmp_path_factory.mktemp("tensorflow")

    def load(name):
        path = folder / f"{name}.npz"
        if not path.exists():
            importlib.import_module(name).main(path)
        return arrays(path)

    return load


def arrays(path):
    with np.load(path) as file:
        return dict(file)


@pytest.mark.slow
@pytest.mark.parametrize("toy", ["toy_gan", "toy_styles", "toy_noise", "toy_super_resolution", FUSION])
def test_three_steps_equal_those_of_tensorflow(here, elsewhere, toy):
    ours, theirs = here(toy), elsewhere(toy)
    np.testing.assert_allclose(theirs["fed"], ours["fed"], rtol=0, atol=1e-4)
    np.testing.assert_array_equal(theirs["log_names"], ours["log_names"])
    np.testing.assert_allclose(theirs["log_values"], ours["log_values"], rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_a_projection_and_an_own_style_equal_those_of_tensorflow(here, elsewhere):
    ours, theirs = here("toy_projection"), elsewhere("toy_projection")
    assert theirs["agreement"] == pytest.approx(1, abs=1e-4)
    for name in ("styles", "losses", "gains", "bank_content", "vector"):
        np.testing.assert_allclose(theirs[name], ours[name], rtol=1e-3, atol=1e-3)


def test_a_gan_trains_on_draws_of_its_own_and_its_guard_holds(elsewhere):
    there = elsewhere("toy_gan")
    assert np.isfinite(there["drawn"]).all() and np.isfinite(there["losses"]).all()
    assert len(set(there["losses"].tolist())) == 40
    assert "gradient of `discriminator` was not finite in the last 2 updates" in str(there["stopped"])


def test_warps_have_exact_adjoints_and_second_derivatives(elsewhere):
    assert_exact(elsewhere("toy_warping"))


@pytest.mark.parametrize("elsewhere", ["jax"], indirect=True)
def test_jax_refuses_a_step_that_changes_an_unlisted_variable(elsewhere):
    message = str(elsewhere("toy_misplaced")["message"])
    assert "`variables` must list every variable that the step assigns. Received: without" in message
