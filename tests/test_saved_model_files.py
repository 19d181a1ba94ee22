"""Files that a SavedModel takes and answers: decoded as Pillow does, turned as EXIF says, painted one by one."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps
from serving_stand_in import as_strings
from stand_in import photograph
from toy_saved_model import ask, encoded, rows

from keras_stylegan.exporters.saved_model_images import decode
from keras_stylegan.inference import encode_picture

FILES = {
    "JPEG": ("RGB", (70, 50), "JPEG", {"quality": 80}),
    "progressive grey JPEG": ("L", (40, 66), "JPEG", {"progressive": True}),
    "PNG": ("RGB", (65, 64), "PNG", {}),
    "grey PNG with alpha": ("LA", (30, 20), "PNG", {}),
    "palette PNG": ("P", (64, 90), "PNG", {}),
}


def test_files_are_decoded_as_pillow_does_and_painted_one_by_one(served):
    files = [encoded(mode, size, kind, **options) for mode, size, kind, options in FILES.values()]
    inputs = rows(np.eye(3)[[0, 1, 2, 0, 1]], 1, 1, 1, 0.5, 0)
    pngs = ask(served, "encoded_png", image_bytes=as_strings(*files), **inputs)["stylized_bytes"]
    jpegs = ask(served, "encoded", image_bytes=as_strings(*files), **inputs)["stylized_bytes"]
    for i, file in enumerate(files):
        pixels = np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))
        one = {key: value[i : i + 1] for key, value in inputs.items()}
        expected = ask(served, "stylize_weights", image=pixels[None], **one)["stylized"][0]
        painted = Image.open(io.BytesIO(pngs[i]))
        assert painted.format == "PNG" and np.abs(np.asarray(painted).astype(int) - expected).max() <= 1
        written = Image.open(io.BytesIO(jpegs[i]))
        again = Image.open(io.BytesIO(encode_picture(painted, "JPEG")))
        assert written.format == "JPEG" and written.layer == again.layer and written.quantization == again.quantization
        assert np.abs(np.asarray(written).astype(int) - np.asarray(again)).max() <= 2


@pytest.mark.parametrize("turned", [*range(1, 9), None, 9])
def test_photographs_are_turned_as_their_exif_says(turned):
    image = Image.fromarray(photograph(24, 16))
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    if turned:
        exif[0x0112] = turned
    for byte_order in ("<", ">"):
        exif.endian = byte_order
        file = io.BytesIO()
        image.save(file, "JPEG", exif=exif.tobytes())
        with Image.open(file) as written:
            expected = np.asarray(ImageOps.exif_transpose(written))
        np.testing.assert_array_equal(decode(tf.constant(file.getvalue())), expected)
    damaged = file.getvalue().replace(b"Exif\0\0MM\0*\0\0\0\x08", b"Exif\0\0MM\0*\x7f\xff\xff\xff")
    assert damaged != file.getvalue() and decode(tf.constant(damaged)).shape == (16, 24, 3)
