"""The devices that train: a TensorFlow strategy by name, and operations that repeat bit for bit."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

STRATEGIES = ("mirrored",)


def open_strategy(strategy: str | None, devices: Sequence[str] | None = None) -> Any:
    """The `tf.distribute` strategy of a name, or None for one device.

    Args:
        strategy: None or "mirrored": the model on every device, each with its part of the batch, gradients summed.
        devices: names such as `GPU:0` and `GPU:1`; by default all GPUs. `CPU:0` and `CPU:1` split the CPU in two, to
            try a strategy without GPUs. Devices without a strategy mean "mirrored".

    Raises:
        ValueError: for an unknown strategy, another backend than TensorFlow, or devices that are not there.
    """
    if strategy is None and not devices:
        return None
    if strategy not in (None, *STRATEGIES):
        raise ValueError(f"`strategy` must be one of {', '.join(STRATEGIES)}. Received: {strategy}")
    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            f"`strategy` and `devices` need the backend tensorflow. Received: backend {keras.backend.backend()}"
        )
    import tensorflow as tf

    if not devices:
        return _mirrored(None)
    devices = [device.upper() for device in devices]
    split = [device for device in devices if device.startswith("CPU:")]
    if len(split) > 1:
        # Fails where TensorFlow has already started; then the devices must be there already, which is checked below.
        with contextlib.suppress(RuntimeError):
            cpu = tf.config.list_physical_devices("CPU")[0]
            tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * len(split))
    present = [device.name.removeprefix("/device:") for device in tf.config.list_logical_devices()]
    missing = [device for device in devices if device not in present]
    if missing:
        raise ValueError(f"`devices` must be among {', '.join(present)}. Received: {', '.join(missing)}")
    return _mirrored(tuple(devices))


@functools.cache
def _mirrored(devices):
    """One strategy for the same devices in a process: a second one would use the keys of the first's collectives."""
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(None if devices is None else list(devices))


def scope(strategy: Any) -> contextlib.AbstractContextManager:
    """The scope of a strategy, or one that does nothing for None."""
    return contextlib.nullcontext() if strategy is None else strategy.scope()


def device_names(strategy: Any) -> list[str]:
    """The devices that train, in the backend's words."""
    if strategy is not None:
        return [name.rpartition("device:")[2].lower() for name in strategy.extended.worker_devices]
    try:
        return list(keras.distribution.list_devices())[:1]
    except (AttributeError, NotImplementedError, RuntimeError):  # a backend that lists none
        return ["cpu:0"]


def fast_precision() -> str:
    """`"mixed_bfloat16"` where the device that trains multiplies bfloat16 in hardware, otherwise `"float32"`.

    Elsewhere bfloat16 is converted back and forth: on a CPU without such instructions training takes twice as long.
    """
    return "mixed_bfloat16" if _DEVICES.get(keras.backend.backend(), _cpu)() else "float32"


def _tensorflow_multiplies_bfloat16():
    import tensorflow as tf

    details = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    return all(each.get("compute_capability", (0, 0)) >= (8, 0) for each in details) if details else _cpu()


def _jax_multiplies_bfloat16():
    import jax

    device = jax.devices()[0]
    if device.platform == "cpu":
        return _cpu()
    return device.platform == "tpu" or float(getattr(device, "compute_capability", 0)) >= 8


def _torch_multiplies_bfloat16():
    import torch

    return torch.cuda.get_device_capability() >= (8, 0) if torch.cuda.is_available() else _cpu()


def _cpu():
    """What Linux says of the processor; of other systems nothing is known."""
    try:
        features = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return bool({"amx_bf16", "avx512_bf16"} & set(features.split()))


_DEVICES = {
    "tensorflow": _tensorflow_multiplies_bfloat16,
    "jax": _jax_multiplies_bfloat16,
    "torch": _torch_multiplies_bfloat16,
}


def make_deterministic() -> None:
    """Makes every operation of this process repeat bit for bit; slower on GPUs, and not to be undone.

    On JAX the flags of XLA decide that, before it starts: `XLA_FLAGS=--xla_gpu_deterministic_ops=true`. On CPU it
    repeats as it is.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    elif keras.backend.backend() == "torch":
        import torch

        torch.use_deterministic_algorithms(True)
