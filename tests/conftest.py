"""One setting for every test: TensorFlow backend, quiet logs, two logical CPU devices, fixed seeds."""

import os
import random
import sys

from made_once import share
from quick_compiling import known_flags

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("XLA_FLAGS", known_flags())

import numpy as np
import pytest


def _two_logical_devices():
    import tensorflow as tf

    devices = tf.config.list_physical_devices("CPU")
    if len(tf.config.get_logical_device_configuration(devices[0]) or ()) == 2:
        return
    tf.config.set_logical_device_configuration(devices[0], [tf.config.LogicalDeviceConfiguration()] * 2)


class _OnTensorFlowImport:
    """Splits the CPU in two when a test imports TensorFlow: it must happen before the first operation, and a session
    without TensorFlow must not pay its 6 s import."""

    def find_spec(self, name, path=None, target=None):
        if name != "tensorflow":
            return None
        sys.meta_path.remove(self)
        import importlib.util

        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module):
                execute(module)
                _two_logical_devices()

            spec.loader.exec_module = exec_module
        return spec


if "tensorflow" in sys.modules:
    _two_logical_devices()
else:
    sys.meta_path.insert(0, _OnTensorFlowImport())


def pytest_collection_modifyitems(items):
    """First what makes every SavedModel: the other process meanwhile tests what needs none, and waits for none."""
    items.sort(key=lambda item: item.path.name != "test_saved_model.py")


@pytest.fixture(scope="session", autouse=True)
def files_of_this_run(tmp_path_factory):
    """A folder of all processes of this run, and in it what those on JAX compile: most of a short one's time."""
    folder = tmp_path_factory.getbasetemp()
    folder = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "shared"
    share(folder)
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        os.environ["JAX_COMPILATION_CACHE_DIR"] = str(folder / "compiled")
        os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
        os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"


@pytest.fixture(scope="session")
def mirrored():
    """A strategy with a replica on each of the two logical devices."""
    tf = pytest.importorskip("tensorflow")
    if len(tf.config.get_logical_device_configuration(tf.config.list_physical_devices("CPU")[0]) or ()) != 2:
        pytest.skip("TensorFlow was initialised with one logical CPU before this test")
    from keras_stylegan.devices import open_strategy

    return open_strategy("mirrored", ["CPU:0", "CPU:1"])


@pytest.fixture(autouse=True)
def optimized_graphs(request):
    """TensorFlow's graphs as they are traced: to optimise them takes a fifth of the time of tests that compile steps,
    and pays off after many of them. Tests marked `optimized_graphs`, and processes that tests start, have them as users
    do."""
    if "tensorflow" in sys.modules:
        options = {"disable_meta_optimizer": request.node.get_closest_marker("optimized_graphs") is None}
        sys.modules["tensorflow"].config.optimizer.set_experimental_options(options)


@pytest.fixture
def eagerly(monkeypatch):
    """Steps without a graph: a few of them cost less than to compile one (graphs have tests of their own)."""
    from keras_stylegan.models import AdversarialModel

    compiled = AdversarialModel.compile

    def compile_eagerly(self, *arguments, **options):
        compiled(self, *arguments, **{**options, "jit_compile": False, "run_eagerly": True})

    monkeypatch.setattr(AdversarialModel, "compile", compile_eagerly)


def _fix_seeds():
    random.seed(0)  # what Keras draws its own seeds from, when it is imported after this
    np.random.seed(0)
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(0)


def pytest_fixture_setup(fixturedef):
    """The seeds before what several tests share is made: neither chance nor the test before decides what a toy is."""
    if fixturedef.scope != "function":
        _fix_seeds()


@pytest.fixture(autouse=True)
def fixed_seeds():
    """The seeds before every test."""
    _fix_seeds()


@pytest.fixture(autouse=True)
def no_lines_of_progress(monkeypatch):
    """A slow machine is no reason to find more on standard error than a fast one; those of progress set their own."""
    from keras_stylegan.commands import progress

    monkeypatch.setattr(progress, "LINE_SECONDS", 1e9)
    monkeypatch.setattr(progress, "SILENCE_SECONDS", 1e9)


@pytest.fixture
def all_lines_of_progress(no_lines_of_progress, monkeypatch):
    """A line for every step of a long work."""
    from keras_stylegan.commands import progress

    monkeypatch.setattr(progress, "LINE_SECONDS", 1e-9)


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium, where `CHROMIUM` names its program and Playwright is installed."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if not os.environ.get("CHROMIUM"):
        pytest.skip("CHROMIUM is not set")
    flags = ["--no-sandbox", "--disable-gpu", "--headless=new"]
    with playwright.sync_playwright() as tool:
        opened = tool.chromium.launch(executable_path=os.environ["CHROMIUM"], args=flags)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def exported():
    """Folder of a tiny stylisation network's SavedModel."""
    from toy_saved_model import exported_stylizer

    return exported_stylizer().path


@pytest.fixture(scope="session")
def served():
    """The same as a server has it."""
    from toy_saved_model import served_stylizer

    return served_stylizer()


@pytest.fixture(scope="session")
def generated():
    """A tiny generator's SavedModel."""
    from toy_saved_model import served_generator

    return served_generator()
