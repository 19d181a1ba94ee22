"""A run that is killed, told to stop, or copied while it trains loses nothing."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from toy_system import TOY_FLOPS

from keras_stylegan.run_records import read_run

TESTS = pathlib.Path(__file__).parent
IMAGES = 120
# Seconds from a signal to the end, times how much more this machine has to do than it can at once.
LEAVE = 10 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
WAIT = 400  # seconds until a process that hangs is given up, on a machine with much else to do


def start(out, undisturbed=None, ignore_interrupts=False, **environment):
    """A process that trains; `ignore_interrupts` as a shell starts its background jobs."""
    paths = [str(TESTS), str(TESTS.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "JAX_PLATFORMS": "cpu", **environment}
    command = [sys.executable, str(TESTS / "toy_process.py"), str(out), str(IMAGES)]
    command += [str(undisturbed)] if undisturbed else []
    before = (lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)) if ignore_interrupts else None
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=before
    )


def interrupt(out, number, at, **kwargs):
    """Trains until batch `at`, sends a signal, and returns the exit code and the seconds until then."""
    process = start(out, TOY_MARK=str(at), **kwargs)
    mark = pathlib.Path(f"{out}.mark")
    while not mark.exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    assert read_run(out).state == "running"
    process.send_signal(number)
    begin = time.perf_counter()
    process.communicate(timeout=WAIT)
    mark.unlink()
    return process.returncode, time.perf_counter() - begin


def state(out):
    """Everything in the last checkpoint that a run changes, the seconds it took left out."""
    with np.load(out / "checkpoints" / f"checkpoint-{IMAGES:012d}.npz") as archive:
        return {name: archive[name] for name in archive.files if name not in ("run", "sha256")}


@pytest.mark.slow
def test_three_kills_change_nothing(tmp_path):
    pytest.importorskip("jax")
    out = tmp_path / "run"
    assert interrupt(out, signal.SIGKILL, at=12)[0] == -signal.SIGKILL
    record = read_run(out)
    assert (record.state, record.reason) == ("stopped", "killed") and 0 < record.kimg < IMAGES / 1000
    saving = start(out, TOY_KILL_SAVE="3")
    saving.communicate(timeout=WAIT)
    assert saving.returncode == -signal.SIGKILL
    assert list(out.rglob(".partial.checkpoint-*"))  # it was in the middle of it
    assert interrupt(out, signal.SIGKILL, at=26)[0] == -signal.SIGKILL
    last = start(out, tmp_path / "undisturbed")
    _, errors = last.communicate(timeout=WAIT)
    assert last.returncode == 0, errors
    assert "resumed from checkpoint-" in errors
    ours, theirs = state(out), state(tmp_path / "undisturbed")
    assert ours.keys() == theirs.keys() and len(ours) > 20
    for name in ours:
        np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)
    assert read_run(out).state == "finished"
    config = json.loads((out / "config.json").read_text())
    assert config["backend"] == "jax" and config["resolved"]["flops_an_image"] == TOY_FLOPS
    assert not list(out.rglob(".partial*"))


@pytest.mark.slow
def test_signals_save_and_leave_soon(tmp_path):
    pytest.importorskip("jax")
    out = tmp_path / "run"
    code, seconds = interrupt(out, signal.SIGTERM, at=12)
    assert code == 128 + signal.SIGTERM and seconds < LEAVE
    first = read_run(out)
    assert (first.state, first.reason) == ("stopped", "terminated")
    code, seconds = interrupt(out, signal.SIGINT, at=26, ignore_interrupts=True)
    assert code == 128 + signal.SIGINT and seconds < LEAVE
    second = read_run(out)
    assert (second.state, second.reason) == ("stopped", "interrupted") and second.kimg > first.kimg


def test_a_step_that_takes_too_long_is_not_waited_for(tmp_path):
    """The callback alone, on a stand-in for Keras, in a process whose main thread does not come back."""
    path = TESTS.parent / "keras_stylegan" / "callbacks" / "stop_on_signal.py"
    code = f"""
import os, pathlib, signal, sys, time, types
keras = types.SimpleNamespace(callbacks=types.SimpleNamespace(Callback=object))
sys.modules["keras"] = keras
namespace = {{}}
exec(open({str(path)!r}).read(), namespace)
from keras_stylegan.run_records import record_stop, running
out = pathlib.Path({str(tmp_path)!r})
stop = namespace["StopOnSignal"](grace=0.2, on_exit=lambda number: record_stop(out, number))
with running(out):
    stop.on_train_begin()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(20)
"""
    begin = time.perf_counter()
    assert subprocess.run([sys.executable, "-c", code], timeout=30, cwd=TESTS.parent).returncode == 128 + signal.SIGTERM
    assert time.perf_counter() - begin < 10
    state = json.loads((tmp_path / "state.json").read_text())
    assert state == {"state": "stopped", "reason": "terminated within a step too long to be waited for"}
