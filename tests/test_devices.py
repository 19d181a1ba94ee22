"""What the machine that trains can do."""

import pytest

from keras_stylegan import devices


@pytest.mark.parametrize(
    ("flags", "gpus", "expected"),
    [
        ("fma avx2 amx_bf16 amx_tile", (), "mixed_bfloat16"),
        ("fma avx512_bf16", (), "mixed_bfloat16"),
        ("fma avx2 avx512f", (), "float32"),
        (None, (), "float32"),
        ("fma", ((8, 0), (9, 0)), "mixed_bfloat16"),
        ("amx_bf16", ((8, 0), (7, 5)), "float32"),
    ],
)
def test_bfloat16_where_it_is_fast(flags, gpus, expected, monkeypatch):
    def read(path, **_):
        if flags is None:
            raise FileNotFoundError(path)
        return f"flags\t\t: {flags}\n"

    tensorflow = pytest.importorskip("tensorflow")
    monkeypatch.setattr(devices.Path, "read_text", read)
    monkeypatch.setattr(tensorflow.config, "list_physical_devices", lambda kind: list(gpus))
    details = tensorflow.config.experimental
    monkeypatch.setattr(details, "get_device_details", lambda gpu: {"compute_capability": gpu})
    assert devices.fast_precision() == expected
