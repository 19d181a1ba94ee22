"""SavedModels from pictures to pictures: translation, enlarging and fusion as Keras does them, at every size."""

import io

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps
from serving_stand_in import as_strings, header_of_a_huge_png
from stand_in import photograph
from toy_saved_model import ask, encoded, picture_run, served_generator, served_picture

from keras_stylegan import __version__
from keras_stylegan.exporters import saved_model_images
from keras_stylegan.exporters.sources import open_source
from keras_stylegan.inference.blending import composite
from keras_stylegan.inference.fusion_runtimes import KerasFusion
from keras_stylegan.inference.scenes import KerasScenes
from keras_stylegan.inference.translator import KerasTranslator, Translator
from keras_stylegan.provenance import GENERATED, SOURCE_TYPES, STYLIZED, read_provenance
from keras_stylegan.xmp_files import read_xmp


def pixels(content):
    return np.asarray(Image.open(io.BytesIO(content))).astype(int)


def png(array):
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


def by_keras(kind, image):
    """What the network of a kind makes of a picture, by the code that runs it here."""
    network = open_source(picture_run(kind)).network
    if kind == "translator":
        return np.asarray(Translator(KerasTranslator(network)).translate(image), int)
    images = keras.ops.convert_to_numpy(network(image[None].astype("float32") / 127.5 - 1))
    return np.clip(np.rint((images[0] + 1) * 127.5), 0, 255).astype(int)


@pytest.mark.parametrize(
    "kind, signature, output, factor",
    [("translator", "translate", "translated", 1), ("upscaler", "upscale", "upscaled", 2)],
)
def test_every_size_is_as_by_keras(kind, signature, output, factor):
    served = served_picture(kind)
    for height, width in ((64, 72), (37, 100), (9, 8)):
        image = np.stack([photograph(width, height, seed) for seed in (1, 2)])
        made = ask(served, signature, image=image)[output]
        assert made.dtype == np.uint8 and made.shape == (2, factor * height, factor * width, 3)
        for one, result in zip(image, made, strict=True):
            assert np.abs(result - by_keras(kind, one)).max() <= 1
    assert ask(served, signature, image=image[:, :1, :2])[output].shape == (2, factor, 2 * factor, 3)
    files = as_strings(encoded("RGB", (30, 20), "PNG"), encoded("L", (40, 66), "JPEG"))
    pngs = ask(served, "encoded_png", image_bytes=files)[f"{output}_bytes"]
    expected = ask(served, signature, image=np.asarray(Image.open(io.BytesIO(files[0])))[None])[output][0]
    assert np.abs(pixels(pngs[0]) - expected).max() <= 1
    assert pixels(pngs[1]).shape == (factor * 66, factor * 40, 3)
    jpegs = ask(served, "encoded", image_bytes=files)[f"{output}_bytes"]
    assert jpegs[0].startswith(b"\xff\xd8") and np.abs(pixels(jpegs[1]) - pixels(pngs[1])).mean() < 8


def test_scenes_are_as_by_keras():
    served, by_keras = served_picture("scene"), KerasScenes(open_source(picture_run("scene")).network)
    image, detail = np.stack([photograph(32, 32, seed) for seed in (1, 2)]), np.float32([1, 0.25])
    made = ask(served, "scene", image=image, detail=detail)["scene"]
    for result, *call in zip(made, image, detail, strict=True):
        assert np.abs(result - by_keras.run(*call).astype(int)).max() <= 1
    assert np.abs(made[1] - by_keras.run(image[1]).astype(int)).max() > 3
    file = ask(served, "encoded_png", image_bytes=as_strings(png(image[1])), detail=detail[1:])["scene_bytes"][0]
    assert np.abs(pixels(file) - made[1]).max() <= 1
    for size in ((40, 90), (7, 5), (200, 64)):
        image = photograph(*size)
        expected = ImageOps.fit(Image.fromarray(image), (48, 32), Image.Resampling.BICUBIC)
        middle = saved_model_images.middle(tf.constant(image[None]), (32, 48))[0].numpy()
        assert np.abs(middle - np.asarray(expected, int)).max() <= 1  # Pillow rounds twice
        assert ask(served, "scene", image=image[None], detail=detail[:1])["scene"].shape == (1, 16, 16, 3)


def fusion(height, width):
    """Two pictures and the shares of two things in them."""
    source, target = photograph(width, height, 1), photograph(width, height, 2)
    masks = np.zeros((height, width, 2), "float32")
    masks[height // 4 : height // 2, 2:-8, 0] = 1
    masks[height // 2 : -4, 2:-8, 1] = 0.5
    return source, target, masks


def test_fusion_is_as_by_keras():
    served, by_keras = served_picture("fusion"), KerasFusion(open_source(picture_run("fusion")).network)
    for size in ((64, 72), (37, 50)):
        source, target, masks = fusion(*size)
        request = {"source": source[None], "target": target[None], "masks": masks[None]}
        fused = ask(served, "fuse", **{name: np.repeat(value, 2, axis=0) for name, value in request.items()})["fused"]
        np.testing.assert_array_equal(fused[0], fused[1])
        expected = composite(by_keras.run(source, target, masks), target, masks)
        assert np.abs(fused[0] - expected.astype(int)).max() <= 1
        outside = masks.sum(axis=-1) == 0
        np.testing.assert_array_equal(fused[0][outside], target[outside])
        assert np.abs(fused[0].astype(int) - target)[~outside].mean() > 3


def test_files_are_fused_by_a_white_mask():
    served = served_picture("fusion")
    source, target, _ = fusion(40, 48)
    mask = np.zeros((40, 48), "uint8")
    mask[10:30, 8:40] = 255
    arrays = zip(("source_bytes", "target_bytes", "mask_bytes"), (source, target, mask), strict=True)
    files = {name: as_strings(png(array)) for name, array in arrays}
    request = {"source": source[None], "target": target[None], "masks": (mask / np.float32(255))[None, ..., None]}
    expected = ask(served, "fuse", **request)["fused"][0]
    fused = ask(served, "encoded_png", **files)["fused_bytes"][0]
    assert np.abs(pixels(fused) - expected).max() <= 1
    for wrong, sentence in (
        ((png(mask[1:]),), "must have one size"),
        ((b"x",), "`mask_bytes` must be JPEG or PNG files"),
        ((b"x", b"y"), "`mask_bytes` must have shape .* one file for each of the batch"),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=sentence):
            ask(served, "encoded", **{**files, "mask_bytes": as_strings(*wrong)})
    assert ask(served, "encoded", **files)["fused_bytes"][0].startswith(b"\xff\xd8")


ONE = np.zeros((1, 64, 64, 3), "uint8")
Z = np.zeros((1, 5), "float32")
CHOICE = {"class_number": np.zeros(1, "int32"), "truncation": np.ones(1, "float32")}
MASKS = np.ones((1, 64, 64, 1), "float32")
BAD = {
    "empty": ("translator", "translate", {"image": ONE[:0]}, "at least one picture"),
    "huge": ("translator", "translate", {"image": np.zeros((1, 2048, 2049, 3), "uint8")}, "at most 4194304 pixels"),
    "huge result": ("upscaler", "upscale", {"image": np.zeros((1, 1024, 1025, 3), "uint8")}, "at most 1048576 pixels"),
    "huge PNG": (
        "upscaler", "encoded", {"image_bytes": as_strings(header_of_a_huge_png())}, r"1048576 pixels.*\[30000 30000\]",
    ),
    # Each is continued to 64 pixels, so that three megabytes would become gigabytes.
    "many tiny": ("translator", "translate", {"image": np.zeros((1025, 1, 1, 3), "uint8")}, "sides counted as 64"),
    "thin": (
        "scene", "scene", {"image": np.zeros((1, 1, 131073, 3), "uint8"), "detail": np.ones(1, "float32")},
        "sides counted as 32 at least",
    ),
    "detail": ("scene", "scene", {"image": ONE, "detail": np.float32([1.5])}, "`detail` must be from 0 to 1"),
    "details": (
        "scene", "encoded", {"image_bytes": as_strings(png(ONE[0])), "detail": np.ones(2, "float32")},
        "one for each of the batch",
    ),
    "thin PNG": ("translator", "encoded", {"image_bytes": as_strings(png(np.zeros((1, 65537), "uint8")))}, "as 64"),
    "domain": ("domains", "translate", {"image": ONE, "z": Z, "domain_number": np.int32([2])}, "from 0 to 1"),
    "latent": ("domains", "translate", {"image": ONE, "z": Z * np.nan, "domain_number": np.int32([0])}, "be finite"),
    "references": (
        "domains", "translate_like", {"image": ONE, "reference": ONE[[0, 0]], "domain_number": np.int32([0])},
        "`reference` must hold a picture for each of the batch",
    ),
    "small reference": (
        "domains", "translate_like", {"image": ONE, "reference": ONE[:, :3], "domain_number": np.int32([0])},
        "`reference` must have at least 4 pixels on each side",
    ),
    "text": ("translator", "encoded", {"image_bytes": as_strings(b"text")}, "must be JPEG or PNG files"),
    "sizes": ("fusion", "fuse", {"source": ONE[:, 1:], "target": ONE, "masks": MASKS}, "`source` must have the shape"),
    "masks": ("fusion", "fuse", {"source": ONE, "target": ONE, "masks": MASKS[:, 1:]}, "a share for each pixel"),
    "sum": ("fusion", "fuse", {"source": ONE, "target": ONE, "masks": 2 * MASKS}, "at most 1 at each pixel"),
}  # fmt: skip


def test_files_say_what_they_are(tmp_path):
    path = tmp_path / "made"
    content = as_strings(encoded("RGB", (30, 20), "PNG"))
    for signature in ("encoded", "encoded_png"):
        path.write_bytes(ask(served_picture("translator"), signature, image_bytes=content)["translated_bytes"][0])
        assert read_provenance(read_xmp(path))[:2] == (SOURCE_TYPES[STYLIZED], f"keras_stylegan {__version__}")
    path.write_bytes(ask(served_generator(), "encoded", seed=np.zeros(1, "int64"), **CHOICE)["pictures_bytes"][0])
    assert read_provenance(read_xmp(path)).source_type == SOURCE_TYPES[GENERATED]


@pytest.mark.parametrize("kind", ["translator", "upscaler", "fusion", "scene", "domains"])
def test_mistakes_are_told(kind):
    for mistake, (asked, signature, inputs, sentence) in BAD.items():
        if asked == kind:
            with pytest.raises(tf.errors.InvalidArgumentError, match=sentence):
                pytest.fail(f"{mistake}: {ask(served_picture(kind), signature, **inputs)}")
