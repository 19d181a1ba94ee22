"""Imports go one way, stay lazy, and need no TensorFlow where none is used."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

import keras_stylegan
from keras_stylegan import cli

ROOT = pathlib.Path(__file__).parents[1]
FRAMEWORKS = {"tensorflow", "keras", "jax", "torch"}
HEAVY = FRAMEWORKS | {"PIL", "ai_edge_litert", "numpy", "rich", "scipy", "tensorboard", "tensorflow_datasets"}
# Start-up time is a matter of what is imported; a count is the same on every machine, seconds are not.
MAX_HELP_MODULES = 200


def modules_after(code, **environment):
    """The modules loaded in a fresh process after running `code`, whose output is discarded."""
    program = (
        "import contextlib, io, json, sys\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    try:\n"
        + "".join(f"        {line}\n" for line in code.splitlines())
        + "    except SystemExit:\n        pass\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **environment}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_the_package_loads_nothing_heavy():
    loaded = modules_after("import keras_stylegan, keras_stylegan.cli, keras_stylegan.presets\ndir(keras_stylegan)")
    assert not loaded & HEAVY


def test_help_loads_nothing_heavy():
    """All of them in forks of one process, which has imported nothing but the command line itself."""
    calls = [["--help"], ["--version"], *([name, "--help"] for name in cli.COMMANDS)]
    program = (
        "import contextlib, io, json, os, sys\n"
        "from keras_stylegan.cli import main\n"
        "for arguments in json.loads(sys.argv[1]):\n"
        "    if not os.fork():\n"
        "        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "            main(arguments)\n"
        "        print(json.dumps([arguments, sorted(sys.modules)]), flush=True)\n"
        "        os._exit(0)\n"
        "    os.wait()\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program, json.dumps(calls)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    loaded = [json.loads(line) for line in done.stdout.splitlines()]
    assert [arguments for arguments, _ in loaded] == calls, done.stderr
    for arguments, modules in loaded:
        assert not set(modules) & HEAVY and len(modules) < MAX_HELP_MODULES, arguments


def test_listing_presets_loads_nothing_heavy():
    assert not modules_after("from keras_stylegan.cli import main\nmain(['presets'])") & HEAVY


def test_names_resolve_on_first_use():
    assert set(keras_stylegan.__all__) <= set(dir(keras_stylegan))
    for name in keras_stylegan.__all__:
        assert getattr(keras_stylegan, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = keras_stylegan.nothing


@pytest.mark.slow
def test_training_code_imports_without_tensorflow():
    pytest.importorskip("jax")
    names = ("ops.gradients", "layers", "losses", "networks", "models", "data", "callbacks", "systems", "runs")
    code = "sys.modules['tensorflow'] = None\n" + "\n".join(f"import keras_stylegan.{name}" for name in names)
    loaded = modules_after(code, KERAS_BACKEND="jax", CUDA_VISIBLE_DEVICES="")
    assert "jax" in loaded and not [name for name in loaded if name.startswith("tensorflow.")]


def test_import_contracts():
    pytest.importorskip("importlinter")
    program = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
