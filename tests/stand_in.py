"""A package of assets small enough to compute by hand: three styles that are plain functions of a pixel.

`stand_in(image, weights, strength)` is the definition in NumPy; `write_assets` converts the same function to the LiteRT
file of the packaged contract (one signature, every height and width) and writes it with a manifest and two samples.
"""

import hashlib
import json
import pathlib

import numpy as np
from PIL import Image

LITERT_FILE = pathlib.Path(__file__).parent / "data" / "stand_in.tflite"  # python tests/stand_in.py writes it again
STYLES = [
    {"name": "inverted", "title": "Negative", "artist": "Nobody"},
    {"name": "red_wash", "title": "Red wash", "artist": "Nobody"},
    {"name": "night", "title": "Night", "artist": "Nobody"},
]
GAIN = np.array([[-1, -1, -1], [0.5, 0.2, 0.2], [0.3, 0.3, 0.6]], "float32")
OFFSET = np.array([[255, 255, 255], [120, 20, 20], [0, 0, 40]], "float32")


def stand_in(image, weights, strength):
    """What the stand-in network computes; image uint8 `(height, width, 3)`, weights `(3,)`, strength a number."""
    pixels = np.asarray(image, "float32")
    styled = pixels * (np.asarray(weights, "float32") @ GAIN) + np.asarray(weights, "float32") @ OFFSET
    return np.clip(np.round((1 - strength) * pixels + strength * styled), 0, 255).astype("uint8")


class StandInRuntime:
    """The function above as a runtime; it keeps the sizes it was given in `sizes`.

    An own style is a vector of three weights, a region a blend of what the function gives.
    """

    def __init__(self):
        self.sizes = []

    def run(self, image, weights, strength, vector=0.0):
        self.sizes.append(image.shape[:2])
        return stand_in(image, np.asarray(weights) + vector, strength)

    def run_regions(self, image, masks, weights, strength, vectors=None):
        self.sizes.append(image.shape[:2])
        vectors = np.zeros_like(weights) if vectors is None else vectors
        painted = [stand_in(image, row + own, strength) for row, own in zip(weights, vectors, strict=True)]
        rest = 1 - masks.sum(-1, keepdims=True)
        return np.uint8(rest * image + sum(masks[..., [k]] * picture for k, picture in enumerate(painted)))


def convert():
    """The function above as the bytes of a LiteRT file."""
    import tempfile

    import tensorflow as tf

    signature = [
        tf.TensorSpec([1, None, None, 3], tf.uint8, name="image"),
        tf.TensorSpec([1, len(STYLES)], tf.float32, name="style_weights"),
        tf.TensorSpec([1], tf.float32, name="strength"),
    ]

    class Module(tf.Module):
        @tf.function(input_signature=signature)
        def stylize(self, image, style_weights, strength):
            pixels = tf.cast(image, tf.float32)
            gain, offset = tf.matmul(style_weights, GAIN), tf.matmul(style_weights, OFFSET)
            styled = pixels * gain[:, None, None] + offset[:, None, None]
            mixed = (1 - strength) * pixels + strength * styled
            return {"stylized": tf.cast(tf.round(tf.clip_by_value(mixed, 0, 255)), tf.uint8)}

    module = Module()
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures={"stylize_weights": module.stylize})
        return tf.lite.TFLiteConverter.from_saved_model(folder).convert()


def write_assets(folder):
    """Writes a manifest, the LiteRT file and two sample photographs to `folder`, laid out as the packaged assets."""
    data = LITERT_FILE.read_bytes()
    (folder / "weights").mkdir(parents=True)
    (folder / "samples").mkdir()
    (folder / "weights" / "stand_in.tflite").write_bytes(data)
    file = {"file": "weights/stand_in.tflite", "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    entry = {"litert": file, "styles": STYLES, "stride": 8, "working_size": 64}
    (folder / "manifest.json").write_text(json.dumps({"multistyle": entry}))
    for name, size in (("hill", (60, 40)), ("face", (40, 50))):
        Image.fromarray(photograph(*size)).save(folder / "samples" / f"{name}.png")


def photograph(width, height, seed=0):
    """A picture with the smooth spectrum of a photograph, the same one at every size; uint8 `(height, width, 3)`."""
    coarse = np.random.default_rng(seed).integers(30, 226, (9, 12, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


if __name__ == "__main__":
    LITERT_FILE.write_bytes(convert())
