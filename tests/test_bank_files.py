"""The file of own styles: its layout, its checksum, and what it refuses."""

import json
import struct

import numpy as np
import pytest

from keras_stylegan.inference import Bank, banks, read_bank, write_bank

VECTORS = {"ink": np.arange(5, dtype="float32"), "Öl-1": -np.arange(5, dtype="float32") / 3}
SPACE = "a" * 64


def test_a_bank_comes_back_as_it_was_written(tmp_path):
    write_bank(Bank(VECTORS, SPACE), tmp_path / "bank")
    bank = read_bank(tmp_path / "bank", SPACE)
    assert list(bank.vectors) == list(VECTORS) and bank.space == SPACE
    for name, vector in VECTORS.items():
        np.testing.assert_array_equal(bank.vectors[name], vector)
    assert [file.name for file in tmp_path.iterdir()] == ["bank"]


def test_the_layout_is_that_of_safetensors(tmp_path):
    """Read by hand, as the format's description says."""
    write_bank(Bank(VECTORS, SPACE), tmp_path / "bank")
    content = (tmp_path / "bank").read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + size])
    assert header.pop("__metadata__")["network"] == SPACE and size % 8 == 0
    assert header["ink"] == {"dtype": "F32", "shape": [5], "data_offsets": [0, 20]}
    assert struct.unpack("<5f", content[8 + size : 28 + size]) == (0, 1, 2, 3, 4)


def test_every_flipped_byte_is_found(tmp_path):
    path = tmp_path / "bank"
    write_bank(Bank(VECTORS, SPACE), path)
    content = path.read_bytes()
    text = content.index(b"F32")
    for place in (0, 9, text, content.index(b"sha256") + 12, len(content) - 3):
        damaged = bytearray(content)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="bank: not a bank of styles, or a damaged one"):
            read_bank(path)
    path.write_bytes(content[:7])
    with pytest.raises(ValueError, match=r"a damaged one \(it is too short\)"):
        read_bank(path)
    for end in (0, 7, 40, len(content) - 4):
        path.write_bytes(content[:end])
        with pytest.raises(ValueError, match="not a bank of styles, or a damaged one"):
            read_bank(path)


def test_a_bank_of_another_network_is_refused(tmp_path):
    write_bank(Bank(VECTORS, SPACE), tmp_path / "bank")
    with pytest.raises(ValueError, match="belong to another network.*must be bbbbbbbbbbbb. Received: aaaaaaaaaaaa"):
        read_bank(tmp_path / "bank", "b" * 64)


BAD = (
    {}, {"a": np.zeros(2), "b": np.zeros(3)}, {"a": np.array([1, np.nan])}, {"my.jpg": np.zeros(2)}, {"": np.zeros(2)},
    {"a\n\x1b[31m": np.zeros(2)}, {"__metadata__": np.zeros(2)},
)  # fmt: skip


@pytest.mark.parametrize("vectors", BAD)
def test_banks_that_cannot_be_written_or_read(tmp_path, vectors, monkeypatch):
    with pytest.raises(ValueError, match="`bank` must have names|`bank` must hold"):
        write_bank(Bank(vectors, SPACE), tmp_path / "bank")
    assert not (tmp_path / "bank").exists()
    # Another program may have written it, with the right checksum.
    monkeypatch.setattr(banks, "_check", lambda vectors: None)
    write_bank(Bank({n: np.asarray(v, np.float32) for n, v in vectors.items()}, SPACE), tmp_path / "bank")
    monkeypatch.undo()
    with pytest.raises(ValueError, match="not a bank of styles, or a damaged one"):
        read_bank(tmp_path / "bank")


def test_a_header_without_end_is_a_damaged_bank(tmp_path):
    (tmp_path / "bank").write_bytes(struct.pack("<Q", 50_000) + b"[" * 50_000)
    with pytest.raises(ValueError, match="not a bank of styles, or a damaged one"):
        read_bank(tmp_path / "bank")
