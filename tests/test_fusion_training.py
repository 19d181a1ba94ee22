"""The recipe of the fusion system: trained, resumed, begun with another run and with the packaged network."""

import io
import json
import pathlib
import runpy
import sys

import numpy as np
import pytest
from PIL import Image
from stand_in import photograph

from keras_stylegan import pretrained
from keras_stylegan.inference.fusion_runtimes import open_fusion
from keras_stylegan.networks import FusionGenerator
from keras_stylegan.systems.fusion import start_from

ROOT = pathlib.Path(__file__).parents[1]


def test_recipe_trains_resumes_and_begins_with_another(tmp_path, monkeypatch, eagerly):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("photos").mkdir()
    for seed in range(3):
        Image.fromarray(photograph(48, 40, seed)).save(f"photos/{seed}.png")
    tiny = ["widths=4,4,8", "num_blocks=0,1,0", "crop_size=16", "batch_size=2", "log_images=2", "perceptual_weight=0"]
    settings = [text for setting in tiny for text in ("--set", setting)]

    def train(*arguments):
        monkeypatch.setattr(sys, "argv", ["fusion.py", "--content", "photos", *settings, *arguments])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(ROOT / "training" / "fusion.py"), run_name="__main__")
        return end.value.code

    assert train("--out", "first", "--set", "kimg=0.004") == 0
    assert train("--out", "first", "--set", "kimg=0.006", "--resume") == 0
    lines = [json.loads(line) for line in pathlib.Path("first/metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["images"] == 6 and {"generator/error", "critic/region"} <= set(lines[-1])
    assert list(pathlib.Path("first/images").glob("*.png"))
    assert train("--out", "second", "--set", "critic_weight=0", "--from", "first", "--dry-run") == 0
    source = photograph(40, 30, 1)
    fused = open_fusion("first").fuse(source, source, np.ones((30, 40, 1), "float32"))
    assert fused.shape == source.shape
    assert train("--out", "third", "--from", "photos") == 2
    assert train("--out", "third", "--set", "crop_size=20") == 2


def test_training_begins_with_the_packaged_network():
    generator, record = FusionGenerator(), pretrained.fusion_entry()["keras"]
    generator.build()
    begun = start_from(pathlib.Path("fusion"), generator)
    assert begun["images_seen"] > 0 and begun["recipe"].startswith("keras-stylegan train fusion")
    with np.load(io.BytesIO(pretrained.read_weights(record))) as weights:
        for weight in generator.weights:
            (path,) = (name for name in weights if name.partition("/")[2] == weight.path.partition("/")[2])
            np.testing.assert_array_equal(weight, weights[path].astype("float32"))
