"""The benchmarks of super-resolution and of the deep image prior: their rows, peers and figures, by hand."""

import pathlib
import sys

import numpy as np
import pytest
from PIL import Image
from toy_super_resolution import photograph

BICUBIC = Image.Resampling.BICUBIC


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(str(pathlib.Path(__file__).parents[1] / "benchmarks"))


def call(monkeypatch, benchmark, *arguments):
    """Runs a benchmark; returns what it would have recorded."""
    recorded = []
    monkeypatch.setattr(benchmark, "record", lambda name, figures, *_: recorded.append(figures))
    monkeypatch.setattr(sys, "argv", ["benchmark", *map(str, arguments)])
    benchmark.main()
    return recorded


def psnr(picture, truth):
    return 10 * np.log10(255**2 / np.mean((picture.astype(float) - truth) ** 2))


class Spread:
    """An extractor of two features."""

    name = "spread"

    def __call__(self, pictures):
        return np.array([[picture.mean(), picture.std()] for picture in pictures]), None


class Repeated:
    """Enlarges by repeating pixels."""

    factor = 4

    @staticmethod
    def run(small):
        return small.repeat(4, axis=0).repeat(4, axis=1)


def test_networks_are_scored_beside_the_bicubic_filter(tmp_path, monkeypatch):
    import super_resolution

    truths = [photograph(100, 202, seed) for seed in (0, 1)]
    for i, truth in enumerate(truths):
        Image.fromarray(truth).save(tmp_path / f"{i}.png")
    monkeypatch.setattr(super_resolution, "open_upscaler", lambda source: {"RUN": Repeated()}[source])
    monkeypatch.setattr(super_resolution, "build_extractor", lambda name, weights: Spread())
    (figures,) = call(monkeypatch, super_resolution, "--photos", tmp_path, "--model", "pixels=RUN")
    assert (figures["photographs"], figures["patches"]) == (2, 4)
    rows = {(row["model"], row["input"]): row for row in figures["table"]}
    assert list(rows) == [(model, kind) for model in ("bicubic", "pixels") for kind in ("clean", "degraded")]
    cut = [truth[:, :200] for truth in truths]
    smalls = [Image.fromarray(truth).resize((50, 25), BICUBIC) for truth in cut]
    enlarged = {
        "bicubic": [np.asarray(small.resize((200, 100), BICUBIC)) for small in smalls],
        "pixels": [Repeated.run(np.asarray(small)) for small in smalls],
    }
    for model, pictures in enlarged.items():
        inner = [(one[4:-4, 4:-4], truth[4:-4, 4:-4]) for one, truth in zip(pictures, cut, strict=True)]
        expected = np.mean([psnr(one, truth) for one, truth in inner])
        assert rows[model, "clean"]["psnr"] == pytest.approx(expected, abs=1e-3)
        assert rows[model, "degraded"]["psnr"] < rows[model, "clean"]["psnr"]
        # Two patches of 96 pixels a picture; the distance between the means is part of Frechet's.
        parts = [
            Spread()([one[:96, x : x + 96] for one in found for x in (0, 96)])[0].mean(axis=0)
            for found in (pictures, cut)
        ]
        assert rows[model, "clean"]["FD-spread"] >= np.square(parts[0] - parts[1]).sum() - 1e-3
    assert all(row["checkerboard"] > 0 for row in figures["table"])


def test_the_picture_shows_the_same_part_by_each_network(tmp_path, monkeypatch):
    import upscale_picture

    Image.fromarray(photograph(82, 95)).save(tmp_path / "a.png")
    monkeypatch.setattr(upscale_picture, "SAMPLES", tmp_path)
    monkeypatch.setattr(upscale_picture, "SIDE", 32)
    monkeypatch.setattr(upscale_picture, "ROWS", (("a.png", 8, 12), ("a.png", 40, 0)))
    monkeypatch.setattr(upscale_picture, "open_upscaler", lambda source: Repeated())
    monkeypatch.setattr(sys, "argv", ["benchmark", "-o", str(tmp_path / "out.png"), "--model", "ONE", "TWO"])
    upscale_picture.main()
    sheet = np.asarray(Image.open(tmp_path / "out.png"))
    assert sheet.shape == (64, 4 * 32, 3)
    np.testing.assert_array_equal(sheet[:32, -32:], photograph(82, 95)[12:44, 8:40])
    np.testing.assert_array_equal(sheet[:, 32:64], sheet[:, 64:96])
    first = sheet[:32, 32:64].astype(int)
    np.testing.assert_array_equal(first[::4], first[3::4])  # a repeated pixel fills a cell


def test_the_prior_is_scored_beside_its_peers(tmp_path, monkeypatch):
    import deep_image_prior

    names = ["b", "c", "d", "e", "f"]
    Image.fromarray(photograph(40, 48)).save(tmp_path / "a.jpg")  # lossless files come first
    for i, name in enumerate(names):
        Image.fromarray(photograph(40, 48, i, noise=0)).save(tmp_path / f"{name}.png")

    def leave(photo, task, mask=None, steps=0):
        assert steps == 7 and (mask is not None) == (task == "inpaint")
        return (photo.resize((32, 32), BICUBIC) if task == "upscale" else photo), []

    monkeypatch.setattr(deep_image_prior, "restore_photograph", leave)
    recorded = call(monkeypatch, deep_image_prior, "--photos", tmp_path, "--size", 32, "--steps", 7)
    tables = {figures["task"]: figures for figures in recorded}
    peers = {"denoise": "non-local means", "inpaint": "biharmonic", "upscale": "bicubic"}
    assert {task: figures["peer"] for task, figures in tables.items()} == peers
    assert all(list(figures["pictures"]) == names for figures in recorded)
    for figures in recorded:
        for key, value in figures["mean"].items():
            assert value == pytest.approx(np.mean([row[key] for row in figures["pictures"].values()]), abs=0.01)
    noise = tables["denoise"]["mean"]
    assert noise["ours"] == noise["damaged"] == pytest.approx(20 * np.log10(255 / 25), abs=0.3)
    assert noise["peer"] > noise["damaged"] + 1
    holes = tables["inpaint"]["mean"]
    assert holes["ours"] == holes["damaged"] < holes["peer"]
    assert tables["upscale"]["mean"]["ours"] == tables["upscale"]["mean"]["peer"]
