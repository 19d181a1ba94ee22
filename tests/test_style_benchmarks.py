"""The benchmarks of the adversarial term and of style methods: rows, figures and what a study goes on from, by hand."""

import argparse
import json
import pathlib
import types

import numpy as np
import pytest
from PIL import Image

from keras_stylegan import pretrained
from keras_stylegan.metrics import blob_outliers, checkerboard_energy
from keras_stylegan.presets import as_dict, get_preset, with_settings


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(str(pathlib.Path(__file__).parents[1] / "benchmarks"))


class Judge:
    """A yardstick that gives the mean of a picture, and knows no photograph by heart."""

    @staticmethod
    def load(path, short=None, size=None):
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB"), "float32") / 255

    @staticmethod
    def gatys(content, style):
        return content

    @staticmethod
    def judge(painted, content, style, reference):
        score = round(float(painted.mean()), 3)
        return dict.fromkeys(("score", "share", "agreement", "leakage", "style"), score) | {
            "reference_style": 0.0, "reference_agreement": 0.0,
        }  # fmt: skip


class Network:
    """Paints every photograph in the grey of its style; in `chess` as a checkerboard."""

    GREYS = {"dark": 51, "bright": 204, "chess": 102}

    def stylize(self, photograph, style):
        picture = np.full((*photograph.size[::-1], 3), self.GREYS[style], "uint8")
        if style == "chess":
            picture[::2, ::2] += 60
        return Image.fromarray(picture)


def classifier():
    """Calls what is darker than 100 dark, and everything else bright."""
    distances = types.SimpleNamespace(features=lambda pixels: float(pixels.mean()))
    return types.SimpleNamespace(distances=distances, classify=lambda mean: "dark" if mean < 100 else "bright")


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(0)
    paths = []
    for index in range(2):
        paths.append(tmp_path / f"photo{index}.png")
        Image.fromarray(rng.integers(90, 160, (64, 80, 3)).astype("uint8")).save(paths[-1])
    return paths


def test_a_row_of_the_adversarial_term(files, tmp_path):
    import adversarial_term

    chosen = {name: (files[0], files) for name in Network.GREYS}
    row = adversarial_term.measure(Network(), Judge(), classifier(), chosen, tmp_path / "references", ["chess"])
    blank = Image.new("RGB", (80, 64))
    painted = {name: np.asarray(Network().stylize(blank, name)) for name in Network.GREYS}
    assert row["scores"] == {name: pytest.approx(picture.mean() / 255, abs=1e-3) for name, picture in painted.items()}
    assert (row["score"], row["worst score"]) == (row["scores"]["chess"], row["scores"]["dark"])
    assert row["deception rate"] == 0.667 and row["smoothed deception"] == 0  # chess is taken for bright
    photographs = [np.uint8(np.rint(255 * Judge.load(file))) for file in files]
    blobs = [blob_outliers(picture, photograph) for picture in painted.values() for photograph in photographs]
    assert row["blobs"] == round(np.mean(blobs), 3)
    assert row["checkerboard"] == round(max(checkerboard_energy(picture) for picture in painted.values()), 2) > 2
    assert row["smoothed score"] == row["scores"]["chess"]
    assert row["smoothed edges"] == adversarial_term.edges([painted["chess"]]) > 10
    plain = adversarial_term.measure(Network(), Judge(), classifier(), chosen, tmp_path / "references", [])
    assert not any(name.startswith("smoothed") for name in plain)


def test_edges_are_the_steepest_slopes():
    import adversarial_term

    ramp = np.repeat(np.arange(100)[None, :, None], 50, 0).repeat(3, 2)
    assert adversarial_term.edges([2 * ramp]) == pytest.approx(2, abs=0.01)
    step = np.zeros((50, 60, 3))
    step[:, 30:] = 100  # central differences: two columns of sixty have half of it
    assert adversarial_term.edges([step]) == pytest.approx(50, abs=1)


def test_runs_of_the_adversarial_term(tmp_path):
    import adversarial_term

    def arguments(**changes):
        given = {"balanced": 0.2, "fixed": 0.02, "smoothed": ["ink"], "only": ["ink"], "out": tmp_path}
        return argparse.Namespace(**{**given, "styles": tmp_path / "styles", **changes})

    (tmp_path / "styles").mkdir()
    paintings = {name: tmp_path / "styles" / f"{name}.png" for name in ("ink", "oil")}
    for file in paintings.values():
        Image.new("RGB", (8, 8)).save(file)
    for settings in adversarial_term.variants(arguments()).values():
        with_settings(get_preset("multistyle"), settings)
    assert list(adversarial_term.variants(arguments())) == ["none", "fixed", "balanced", "smoothed"]
    assert "smoothed" not in adversarial_term.variants(arguments(smoothed=[]))
    folder = adversarial_term.choose(arguments(only=["ink", "oil"]), paintings)
    assert len(list(folder.iterdir())) == 2
    folder = adversarial_term.choose(arguments(), paintings)
    assert [file.name for file in folder.iterdir()] == ["ink.png"]  # nothing of the call before
    assert adversarial_term.choose(arguments(only=None), paintings) == tmp_path / "styles"
    for changes, message in (
        ({"only": ["oil"]}, "--smoothed must be among those of --only. Received: ink"),
        ({"only": ["wax"], "smoothed": []}, "Received: none of wax"),
    ):
        with pytest.raises(SystemExit, match=message):
            adversarial_term.choose(arguments(**changes), paintings)


def test_shares_of_the_methods_are_equal():
    import style_methods

    runs = style_methods.variants(pairs=True)
    assert list(runs)[:5] == list(style_methods.METHODS) and list(runs)[-1] == "together"
    assert all(sum(methods.values()) == pytest.approx(1) for methods in runs.values())
    for methods in runs.values():
        settings = style_methods.settings_of(methods, pathlib.Path("/targets"))
        preset = with_settings(get_preset("multistyle"), settings)
        pictures = dict.fromkeys(methods, 1.0) | {"pixel": preset.target_probability}
        for method, weight in methods.items():
            assert preset.methods[method] * pictures[method] == pytest.approx(weight)
        assert bool(preset.targets) == ("pixel" in methods)


def test_a_finished_run_is_one_of_the_same_settings_sources_and_beginning(tmp_path):
    import judging

    begun = pretrained.origin(pretrained.network_entry("multistyle"))
    preset = with_settings(get_preset("multistyle"), ["kimg=1", "content=a", "styles=b", "precision=float32"])
    settings = as_dict(preset) | {"start_from": "multistyle"}

    def check(begun=begun, sources=("--content", "a", "--styles", "b", "--from", "multistyle"), kimg=1):
        config = {"system": "multistyle", "settings": settings, "facts": {"begun_with": begun}}
        (tmp_path / "config.json").write_text(json.dumps(config))
        judging._check_settings(tmp_path, "multistyle", [f"kimg={kimg}", "precision=auto"], sources)

    check()
    for changes, message in (
        ({"kimg": 2}, "finished with other settings: kimg;"),
        ({"sources": ("--content", "other", "--styles", "b")}, "finished with other settings: content;"),
        ({"begun": {**begun, "images_seen": 1}}, "finished with other settings: the weights of the packaged network;"),
    ):
        with pytest.raises(SystemExit, match=message):
            check(**changes)


def test_spots_are_counted_in_the_painting_and_in_the_reference(tmp_path):
    """The painter leaves one droplet, the optimisation two."""
    import judging

    def with_droplets(count):
        rows, columns = np.mgrid[:96, :96]
        values = 100.0 + np.random.default_rng(0).normal(0, 2, (96, 96))
        for place in ((24, 24), (70, 60))[:count]:
            values += 90 * np.exp(-((rows - place[0]) ** 2 + (columns - place[1]) ** 2) / 32)
        return Image.fromarray(np.uint8(np.clip(values, 0, 255))).convert("RGB")

    files = {"photo": with_droplets(0), "painting": with_droplets(0), "painting-photo": with_droplets(2)}
    for name, picture in files.items():
        picture.save(tmp_path / f"{name}.png")
    row = judging.judge_style(
        Judge, lambda photograph: with_droplets(1), tmp_path / "painting.png", [tmp_path / "photo.png"], tmp_path
    )
    assert (row["blobs"], row["reference_blobs"], row["photographs"]) == (1.0, 2.0, 1)


@pytest.mark.parametrize("side, count", [(None, 1), (0.25, 4)])
def test_steps_across_a_border_are_those_of_its_mask(side, count):
    import region_borders

    mask, borders = region_borders.masked((80, 60), side)
    assert len(borders) == count and mask.shape == (60, 80)
    hard, flat = np.repeat(mask[..., None], 3, axis=2), np.zeros((60, 80, 3))
    # Of the 15 steps within reach of a border one is the border's own, of 255.
    assert region_borders.steps(hard, borders) == pytest.approx(255 / 15)
    assert region_borders.steps(flat, borders) == 0

    class Painter:
        """`loud` has steps of 10 everywhere, `calm` none; regions are put side by side as the masks say."""

        def stylize(self, photograph, style=None, regions=None, feather=None):
            if regions is None:
                rows, columns = np.mgrid[:60, :80]
                return np.repeat(10.0 * ((rows + columns) % 2)[..., None], 3, axis=2) * (style == "loud")
            return hard

    # The greater of the two that meet counts.
    for pair in (("loud", "calm"), ("calm", "loud")):
        ratio = region_borders.border_ratio(Painter(), Image.new("RGB", (80, 60)), pair, side, None)
        assert ratio == pytest.approx(255 / 15 / 10)
