"""`keras-stylegan fuse`, from the call to the file: placing, blends, the network by Keras and LiteRT, its packaging."""

import json
import pathlib

import numpy as np
import pytest
from PIL import Image
from stand_in import photograph, write_assets
from toy_fusion import stirred
from toy_saved_model import fusion_file, picture_run

from keras_stylegan import cli, exporters, pretrained
from keras_stylegan.evaluation import evaluate_blends, harmonization_cases
from keras_stylegan.exporters.fusion import NUM_REGIONS, package_fusion
from keras_stylegan.exporters.sources import open_source
from keras_stylegan.inference.blending import BLENDS, composite, grown
from keras_stylegan.inference.fusion import fuse
from keras_stylegan.inference.fusion_network import FusionNetwork
from keras_stylegan.inference.fusion_runtimes import KerasFusion, LiteRTFusion
from keras_stylegan.inference.images import read_picture
from keras_stylegan.inference.placement import Piece, place
from keras_stylegan.models import copy_network
from keras_stylegan.presets import as_dict, get_preset
from keras_stylegan.provenance import COMPOSITE, SOURCE_TYPES, read_provenance

ROOT = pathlib.Path(__file__).parents[1]
SOURCE, TARGET = photograph(40, 30, 1), photograph(80, 64, 2)
MASK = np.zeros((30, 40), "uint8")
MASK[5:25, 8:32] = 255


@pytest.fixture(autouse=True)
def packaged(tmp_path, monkeypatch):
    write_assets(tmp_path / "assets")
    monkeypatch.setattr(pretrained, "assets", lambda: tmp_path / "assets")
    monkeypatch.chdir(tmp_path)
    Image.fromarray(SOURCE).save("source.png")
    Image.fromarray(np.dstack([SOURCE, MASK])).save("alpha.png")
    Image.fromarray(TARGET).save("target.png")
    Image.fromarray(MASK).save("mask.png")


@pytest.fixture(scope="module")
def generator():
    return open_source(picture_run("fusion")).network


@pytest.fixture(scope="module")
def litert_file():
    """The generator as a LiteRT file, in half precision as it ships."""
    return fusion_file()[0].read_bytes()


@pytest.fixture
def run_directory(tmp_path, generator):
    """What a fusion run leaves for inference and packaging."""
    run = tmp_path / "run"
    run.mkdir()
    generator.save(run / "network.keras")
    settings = {**as_dict(get_preset("fusion")), "content": "photos", "kimg": 0.5}
    (run / "config.json").write_text(json.dumps({"system": "fusion", "settings": settings, "facts": {}}))
    (run / "metrics.jsonl").write_text('{"images": 400, "generator/error": 0.5, "generator/loss": 0.5}\n')
    return run


def program(capfd, *arguments):
    try:
        code = cli.main(["fuse", *arguments])
    except SystemExit as end:  # argparse
        code = end.code
    return code, *capfd.readouterr()


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


# Placing


def test_a_piece_lies_where_it_is_said():
    colours, mask = place(Piece(SOURCE, MASK, at=(20, 10)), (80, 64))
    expected = np.zeros((64, 80), "float32")
    expected[15:35, 28:52] = 1
    np.testing.assert_array_equal(mask, expected)
    np.testing.assert_array_equal(colours[15:35, 28:52], SOURCE[5:25, 8:32])
    np.testing.assert_array_equal(colours[10:15, 28:52], SOURCE[:5, 8:32])  # beyond the mask it is the source still,
    np.testing.assert_array_equal(colours[3, 28:52], SOURCE[0, 8:32])  # and beyond its border continued
    _, middle = place(Piece(SOURCE, MASK), (80, 64))
    np.testing.assert_array_equal(middle, expected * 0 + np.roll(expected, (7, 0), (0, 1)))
    _, larger = place(Piece(SOURCE, MASK, at=(0, 0), scale=2), (80, 64))
    assert larger.mean() == pytest.approx(4 * expected.mean(), rel=0.05)
    _, cut = place(Piece(SOURCE, MASK, at=(-20, 50)), (80, 64))
    assert cut[55:, :12].all() and cut.sum() == 9 * 12
    colours, alpha = place(Piece(Image.fromarray(np.dstack([SOURCE, MASK])), at=(20, 10)), (80, 64))
    np.testing.assert_array_equal(alpha, expected)
    np.testing.assert_array_equal(colours[10, 28:52], SOURCE[5, 8:32])  # what is transparent does not count


# Classical blends


@pytest.mark.parametrize("blend", BLENDS)
def test_blends_are_those_of_the_package(blend, capfd):
    call = ["alpha.png", "target.png", "-o", "out.png", "--at", "20,10", "--blend", blend]
    code, out, err = program(capfd, *call)
    assert (code, err) == (0, "") and out.startswith(f"out.png  80x64  {blend}")
    colours, mask = place(Piece("alpha.png", at=(20, 10)), (80, 64))
    np.testing.assert_array_equal(pixels("out.png"), BLENDS[blend](colours, TARGET, mask))
    by_mask = program(
        capfd, "source.png", "target.png", "--mask", "mask.png", *call[2:4], "--at", "20,10", "--blend", blend
    )
    assert by_mask[0] == 0
    colours, mask = place(Piece(SOURCE, MASK, at=(20, 10)), (80, 64))
    np.testing.assert_array_equal(pixels("out.png"), BLENDS[blend](colours, TARGET, mask))
    # No trained network had a part in it.
    assert read_provenance(read_picture("out.png").xmp).source_type == SOURCE_TYPES[COMPOSITE]


def test_later_pieces_cover_earlier_and_alpha_stays():
    red, blue = (np.full((20, 20, 3), colour, "uint8") for colour in ((255, 0, 0), (0, 0, 255)))
    whole = np.full((20, 20), 255, "uint8")
    target = np.dstack([TARGET, np.full((64, 80), 77, "uint8")])
    result = fuse([Piece(red, whole, (0, 0)), Piece(blue, whole, (10, 10))], target, "copy")
    assert result.mode == "RGBA" and result.getpixel((70, 60))[3] == 77
    assert result.getpixel((5, 5))[:3] == (255, 0, 0) and result.getpixel((15, 15))[:3] == (0, 0, 255)


def test_several_sources_of_a_call_lie_over_each_other_in_their_order(capfd):
    call = ["alpha.png", "source.png", "target.png", "-o", "out.png", "--blend", "copy"]
    code, out, err = program(
        capfd, *call, "--mask", "alpha", "--mask", "mask.png", "--at", "middle", "--at", "-5,10", "--scale", "1.5"
    )
    assert (code, err) == (0, "") and out.startswith("out.png  80x64  copy")
    pieces = [Piece("alpha.png", scale=1.5), Piece("source.png", "mask.png", (-5, 10), 1.5)]
    expected = np.asarray(fuse(pieces, TARGET, "copy"))
    np.testing.assert_array_equal(pixels("out.png"), expected)
    assert (expected != np.asarray(fuse(pieces[::-1], TARGET, "copy"))).any()  # they overlap


def test_a_corner_may_lie_outside(capfd):
    code, _, err = program(capfd, "alpha.png", "target.png", "-o", "out.png", "--at", "-20,10", "--blend", "copy")
    assert (code, err) == (0, "")
    colours, mask = place(Piece("alpha.png", at=(-20, 10)), (80, 64))
    np.testing.assert_array_equal(pixels("out.png"), BLENDS["copy"](colours, TARGET, mask))


def test_what_is_hidden_does_not_show_at_another_size():
    disc = np.hypot(*(np.mgrid[:40, :40] - 20)) < 15
    cut = np.dstack([*[np.where(disc, np.uint8(200), np.uint8(0))] * 3, np.uint8(255) * disc])
    for blend in BLENDS:
        for scale in (0.7, 1, 1.3):
            fused = np.asarray(fuse(Piece(cut, scale=scale), np.full((64, 80, 3), 200, "uint8"), blend))
            assert np.abs(fused.astype(int) - 200).max() <= 1, (blend, scale)


def test_a_piece_shows_where_the_target_is_transparent():
    ground = np.dstack([TARGET, np.where(np.arange(80) < 40, np.uint8(30), np.uint8(255))[None].repeat(64, axis=0)])
    _, mask = place(Piece(SOURCE, MASK, (20, 10)), (80, 64))
    alpha = np.asarray(fuse(Piece(SOURCE, MASK, (20, 10)), ground, "copy"))[..., 3]
    np.testing.assert_array_equal(alpha, np.maximum(ground[..., 3], np.rint(255 * mask)))


def test_style_is_painted_over_the_result(capfd):
    program(capfd, "alpha.png", "target.png", "-o", "plain.png")
    code, _, err = program(capfd, "alpha.png", "target.png", "-o", "night.png", "--style", "inverted")
    assert (code, err) == (0, "")
    assert np.abs(pixels("night.png").astype(int) - (255 - pixels("plain.png"))).max() <= 1


# The network


def test_litert_fuses_as_keras_at_every_size(generator, litert_file):
    litert, by_keras = LiteRTFusion(litert_file, 8), KerasFusion(generator)
    assert litert.num_regions == NUM_REGIONS
    for height, width, regions in ((64, 80, 2), (70, 65, 1), (64, 64, NUM_REGIONS + 1)):
        source, target = photograph(width, height, 1), photograph(width, height, 2)
        masks = np.zeros((height, width, regions), "float32")
        for region in range(regions):
            masks[8 * region + 2 : 8 * region + 8, 10:50, region] = 1
        expected = by_keras.run(source, target, masks[..., :NUM_REGIONS])
        if regions > NUM_REGIONS:
            first = composite(expected, target, masks[..., :NUM_REGIONS])
            last = by_keras.run(source, first, masks[..., NUM_REGIONS:])
            expected = np.where(masks[..., NUM_REGIONS:] > 0, last, expected)
        changed, inside = litert.run(source, target, masks), masks.max(axis=-1) > 0
        assert np.abs(changed[inside].astype(int) - expected[inside]).max() <= 3
        assert np.abs(changed[inside].astype(int) - source[inside]).mean() > 2


def fused_by(runtime):
    """alpha.png in the middle of the target, by a runtime, which is shown a pixel around the hard edge."""
    colours, mask = place(Piece("alpha.png"), (80, 64))
    colours = np.where(grown(mask > 0.5)[..., None], colours, 0)
    return composite(runtime.run(colours, TARGET, mask[..., None]), TARGET, mask[..., None])


def test_gan_of_a_run(run_directory, generator, capfd):
    code, out, err = program(
        capfd, "alpha.png", "target.png", "-o", "out.png", "--blend", "gan", "--from", "run", "--finish", "none"
    )
    assert (code, err) == (0, "") and "80x64  gan" in out
    np.testing.assert_array_equal(pixels("out.png"), fused_by(KerasFusion(generator)))


def test_packaged_network(run_directory, generator, litert_file, tmp_path, capfd, monkeypatch):
    def converted(function, signature, float16):  # converting takes its time
        assert signature == "fuse" and float16
        return litert_file

    monkeypatch.setattr(exporters.fusion, "convert", converted)
    pairs = [(TARGET[::-1].copy(), TARGET, np.ones((64, 80, 1), "float32"))]
    scores = {"colour": {"copy": 20.0, "gan": 23.456}}
    entry = package_fusion(run_directory, tmp_path / "assets", "Photographs.", "Free.", pairs, scores)
    assert pretrained.fusion_entry() == json.loads(json.dumps(entry))
    assert entry["parity"]["greatest"] <= 3 and entry["images_seen"] == 400 and entry["losses"] == {"error": 0.5}
    assert entry["recipe"] == "keras-stylegan train fusion --content PHOTOGRAPHS --out RUN --set kimg=0.5"
    assert entry["litert"]["bytes"] < 400_000 and entry["parameters"] == generator.count_params()
    card = (tmp_path / "assets" / "weights" / "fusion.md").read_text()
    assert "| colour | 20.00 | 23.46 |" in card and "Free." in card
    rebuilt = type(generator)(**entry["keras"]["config"])
    rebuilt.build()
    with np.load(tmp_path / "assets" / entry["keras"]["file"]) as arrays:
        assert len(arrays.files) == len(rebuilt.weights)
    capfd.readouterr()  # what LiteRT says when it is first used
    code, out, err = program(capfd, "alpha.png", "target.png", "-o", "out.png", "--blend", "gan", "--finish", "none")
    assert (code, err) == (0, "")
    assert np.abs(pixels("out.png").astype(int) - fused_by(KerasFusion(copy_network(generator)))).max() <= 3
    (run_directory / "config.json").write_text('{"system": "multistyle"}')
    with pytest.raises(
        ValueError, match="`run` must be the run directory of a fusion network. Received: .*of multistyle"
    ):
        package_fusion(run_directory, tmp_path / "assets", "", "", pairs)


# Evaluation of blends


def test_blends_are_scored_without_the_truth(generator):
    cases = harmonization_cases({"one": photograph(80, 64), "two": photograph(64, 80, 1)}, ("colour", "haze"))
    assert [(case.name, case.family) for case in cases[:3]] == [("one", "colour"), ("one", "haze"), ("two", "colour")]
    again = harmonization_cases({"two": photograph(64, 80, 1)}, ("colour",))
    np.testing.assert_array_equal(again[0].source, cases[2].source)  # whatever else is asked for

    def look(source, target, mask):
        inside = mask > 0.5
        np.testing.assert_array_equal(target[inside], source[inside])
        known = np.where(inside, 0, mask)
        (truth,) = (case.target for case in cases if np.array_equal(np.where(case.mask > 0.5, 0, case.mask), known))
        np.testing.assert_array_equal(target[~inside], truth[~inside])
        return target

    network, told = FusionNetwork(KerasFusion(generator)), []
    evaluation = evaluate_blends(cases, network, {"look": look}, report=lambda *counts: told.append(counts))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    families = evaluation.tables["Masked PSNR by family"]
    assert set(families) == {*BLENDS, "look", "gan", "gan, laplacian", "gan, poisson"}
    assert set(families["gan"]) == {"colour", "haze"}
    for family, score in families["copy"].items():
        assert families["look"][family]["mean"] <= score["mean"]
        assert families["poisson"][family]["mean"] > score["mean"]
    assert evaluation.protocol["held_out"] == ["haze"] and len(evaluation.tables) == 3
    untrained = stirred(type(generator)((4, 6, 8), (0, 1, 0), latent_dim=3), spread=0.0)
    same = evaluate_blends(cases[::2], FusionNetwork(KerasFusion(untrained))).tables["Masked PSNR by family"]
    # Already the alignment at edges, before anything is learnt, is worth decibels.
    assert same["gan"]["colour"]["mean"] > same["copy"]["colour"]["mean"] + 3


def test_evaluate_fusion_on_photographs(run_directory, capfd):
    pathlib.Path("photos").mkdir()
    Image.fromarray(photograph(80, 64)).save("photos/one.png")
    call = ["evaluate", "fusion", "--content", "photos", "--families", "light,sepia", "--size", "64", "--from", "run"]
    assert cli.main([*call, "--json"]) == 0
    record = json.loads(capfd.readouterr().out)
    assert record["protocol"]["families"] == ["light", "sepia"] and "gan" in record["tables"]["Masked PSNR by family"]
    for wrong, rule in (
        (["--families", "fog"], "`--families` must be among colour"),
        (["--fused", "photos"], "`--content` must stand alone"),
        (["--from", "photos"], "`run` must be the directory of a fusion run, with network.keras"),
    ):
        assert cli.main([*call, *wrong]) == 2
        err = capfd.readouterr().err
        assert rule in err and err.count("\n") == 1


# Mistakes


CALL = ["alpha.png", "target.png", "-o", "out.png"]
MISTAKES = {
    "no mask": (["source.png", "target.png", "-o", "out.png"], "`mask` must be given for a source without"),
    "mask size": ([*CALL, "--mask", "target.png"], "`mask` must have the source's size, 40x30. Received: 80x64"),
    "blend": ([*CALL, "--blend", "poison"], "`blend` must be one of gan, copy, feather, laplacian, poisson"),
    "no weights": ([*CALL, "--blend", "gan"], "the fusion network is not packaged in this version"),
    "no run": ([*CALL, "--blend", "gan", "--from", "assets"], "`run` must be the directory of a fusion run"),
    "finish": ([*CALL, "--finish", "poisson"], "`--finish` must be given with `--blend gan` alone"),
    "run without gan": ([*CALL, "--from", "assets"], "`--from` must be given with `--blend gan` alone"),
    "at": ([*CALL, "--at", "1"], "`--at` must be two numbers, X,Y, or middle. Received: 1"),
    "of each": (
        ["alpha.png", "source.png", "alpha.png", *CALL[1:], "--at", "1,1", "--at", "2,2"],
        "2 times, and 3 SOUR",
    ),
    "no alpha": (["source.png", *CALL[1:], "--mask", "alpha"], "the mask `alpha` needs a photograph with transparency"),
    "second piece": (["alpha.png", "source.png", *CALL[1:]], "piece 2 of 2: `mask` must be given for a source without"),
    "second missing": (["alpha.png", "missing.png", *CALL[1:]], "missing.png: No such file"),
    "no target": (["alpha.png", "-o", "out.png"], "the following arguments are required: TARGET"),
    "overwrites second": (
        ["source.png", "alpha.png", "target.png", "-o", "alpha.png"],
        "would overwrite its own input",
    ),
    "infinite": ([*CALL, "--at", "inf,0"], "`at` must be two finite numbers"),
    "outside": ([*CALL, "--at", "80,0"], "`at` must place the source inside of the target of 80x64"),
    "nothing": ([*CALL, "--at", "73,0"], "`mask` must show a part of the source, by more than half, inside"),
    "scale": ([*CALL, "--scale", "0"], "`scale` must be a finite number greater than 0. Received: scale=0.0"),
    "huge": ([*CALL, "--scale", "1000"], "`scale` must make the source at most"),
    "huger": ([*CALL, "--scale", "1e308"], "`scale` must make the source at most"),
    "style": ([*CALL, "--style", "nobody"], "nobody"),
    "missing": (["missing.png", *CALL[1:]], "missing.png: No such file"),
    "no picture": (["assets/manifest.json", *CALL[1:]], "not a picture"),
    "overwrites": ([*CALL[:2], "-o", "target.png"], "would overwrite its own input"),
    "suffix": ([*CALL[:2], "-o", "out.gif"], "the suffix of an output must be one of"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes(mistake, capfd):
    call, rule = MISTAKES[mistake]
    code, out, err = program(capfd, *call)
    assert (code, out) == (2, ""), (out, err)
    assert err.startswith("keras-stylegan: ") and err.count("\n") == 1 and rule in err
    assert not pathlib.Path("out.png").exists()
