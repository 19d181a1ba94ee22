"""`keras-stylegan evaluate images`, as a user calls it."""

import json
import pathlib
import re

import numpy as np
import pytest
from PIL import Image
from stand_in import photograph

from keras_stylegan import cli
from keras_stylegan.metrics import build_extractor, evaluate_images, luma_ssim, psnr, ssim
from keras_stylegan.provenance import SOURCE_TYPES, STYLIZED, read_provenance
from keras_stylegan.xmp_files import read_xmp


def run(capfd, *arguments):
    try:
        code = cli.main(["evaluate", *arguments])
    except SystemExit as end:  # argparse
        code = end.code
    return code, *capfd.readouterr()


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_STYLEGAN_CACHE", str(tmp_path / "kept"))
    random = np.random.default_rng(0)
    for name, count in (("real", 8), ("fake", 7), ("one", 1), ("none", 0)):
        pathlib.Path(name).mkdir()
        for index in range(count):
            side = 40 + index
            pixels = random.integers(0, 256, (side, 48, 3), dtype="uint8")
            Image.fromarray(pixels).save(f"{name}/{index}.png")
    pathlib.Path("notes.txt").write_text("notes")


IMAGES = ["images", "--real", "real", "--fake", "fake"]


def test_scores_and_their_protocol(capfd, all_lines_of_progress):
    call = [*IMAGES, "--metrics", "fd,kid,coverage", "--size", "64", "--resize", "lanczos", "--json"]
    code, out, err = run(capfd, *call)
    said = [re.sub("  .*|00:.. so far", "", line) for line in err.splitlines()]
    assert code == 0 and said == [
        "looking: 8 of 15",
        "looking: 15 of 15",
        "scoring: 00:",
        "scoring halves: 00:",
        *(f"scoring halves: {number} of 100" for number in range(1, 101)),
    ]
    record = json.loads(out)
    assert set(record["scores"]) == {"FD-compact", "KID-compact", "KID-compact_std", "coverage-compact"}
    assert record["scores"]["FD-compact"] > 0 and 0 <= record["scores"]["coverage-compact"] <= 1
    assert record["real"]["images"] == 8 and record["fake"] == {"source": "fake", "images": 7}
    assert record["cropped"] == {"aspect": [6, 5], "real": 7, "fake": 6}
    protocol = record["extractor"]
    assert (protocol["name"], protocol["size"], protocol["resize"]) == ("compact", 64, "lanczos")
    assert len(record["real"]["sha256"]) == 64 and record["settings"]["kid_subset_size"] == 7
    assert record["warnings"] == [
        "A Fréchet distance of 7 images is biased: use at least 2048, or KID",
        "No interval of coverage: it needs at least 12 pictures of a set",
    ]
    assert set(record["intervals"]) == {"FD-compact", "KID-compact", "coverage-compact"}
    assert record["intervals"]["coverage-compact"] is None and record["settings"]["resamples"] == 100
    for name in ("FD-compact", "KID-compact"):
        interval = record["intervals"][name]
        assert interval["low"] < record["scores"][name] < interval["high"]
    assert record["intervals"]["FD-compact"]["half"] > record["scores"]["FD-compact"]
    kept = list(pathlib.Path("kept/features").iterdir())
    assert len(kept) == 1 and kept[0].name.startswith("compact-")
    assert json.loads(run(capfd, *call)[1]) == record
    assert json.loads(run(capfd, *call, "--no-cache")[1]) == record


def test_a_sheet_says_whether_the_generator_copies(capfd):
    call = [*IMAGES, "--metrics", "fd", "--size", "32", "--resamples", "0", "--nearest"]
    assert run(capfd, *call, "sheet.png")[0] == 0
    assert read_provenance(read_xmp("sheet.png")).source_type == SOURCE_TYPES[STYLIZED]
    with Image.open("sheet.png") as sheet:
        assert sheet.size == (7 * 48, 40 * 5 + 5)
    for file, more, rule in (
        ("sheet.xyz", [], "the suffix of an output must be one of"),
        ("nowhere/sheet.png", [], "the output's folder does not exist"),
        ("new.png", ["--max-features", "7"], "`max_features` must be at least the 8 pictures of `real`"),
    ):
        code, out, err = run(capfd, *call, file, *more)
        assert (code, out) == (2, "") and rule in err and err.count("\n") == 1
    assert not pathlib.Path("new.png").exists()


def test_pictures_are_cut_to_the_aspect_of_the_generated_ones(capfd):
    """Wide photographs against their own middles, of which a squashed picture knows nothing."""
    for name in ("wide", "middle", "tall"):
        pathlib.Path(name).mkdir()
    for index in range(6):
        wide = Image.fromarray(photograph(80, 40, index))
        wide.save(f"wide/{index}.png")
        wide.crop((20, 0, 60, 40)).resize((40, 40)).save(f"middle/{index}.png")
    call = ["images", "--metrics", "fd", "--size", "40", "--resamples", "0", "--real", "wide", "--fake"]
    record = json.loads(run(capfd, *call, "middle", "--json")[1])
    assert record["scores"]["FD-compact"] == pytest.approx(0, abs=1e-6)
    assert record["cropped"] == {"aspect": [1, 1], "real": 6, "fake": 0}
    assert json.loads(run(capfd, *call, "middle", "--json")[1]) == record  # from what is kept
    assert "cut to the middle of 1:1, as training cuts: 6 real, 0 generated" in run(capfd, *call, "middle")[1]
    whole = json.loads(run(capfd, *call, "wide", "--json")[1])
    assert "cropped" not in whole and whole["scores"]["FD-compact"] == pytest.approx(0, abs=1e-6)


def test_pictures_of_a_generator_need_no_folder(capfd):
    call = ["evaluate", "images", "--real", "real", "--metrics", "kid,precision", "--size", "32", "--resamples", "0"]
    call += ["--json", "--fake"]
    assert cli.main(["generate", "--n", "40", "-o", "made"]) == 0 and capfd.readouterr()
    expected = json.loads(run(capfd, *call[1:], "made")[1])
    record = json.loads(run(capfd, *call[1:], "scenes", "--n", "40")[1])
    assert record["scores"] == pytest.approx(expected["scores"])
    assert record["fake"] == {"source": "scenes, seeds 0 to 39", "images": 40}
    made = np.stack([np.asarray(Image.open(file)) for file in sorted(pathlib.Path("made").iterdir())])
    real = np.stack([np.asarray(Image.open(f"real/{index}.png"))[:40, :40] for index in range(8)])
    scores = evaluate_images(real, made, build_extractor("compact", size=32), ("kid",), resamples=0)
    assert scores["fake"] == {"source": "memory", "images": 40} and len(scores["real"]["sha256"]) == 64
    for fake, more, rule in (
        ("made", ["--n", "9"], "`source` must be the run directory of a GAN"),
        ("scenes", ["--n", "1"], "`--n` must be at least 2. Received: 1"),
        ("scene", [], "existing folder, zip, npz or npy file, or tfds:NAME. Received: scene"),
    ):
        code, _, err = run(capfd, *call[1:], fake, *more)
        assert code == 2 and rule in err and err.count("\n") == 1


def test_report_shows_both_sets(capfd):
    call = [*IMAGES, "--metrics", "kid", "--size", "64", "--no-cache", "--html", "report.html"]
    code, out, err = run(capfd, *call)
    assert (code, err) == (0, "")
    page = pathlib.Path("report.html").read_text()
    assert page.count("<img ") == 8 + 7 and page.count("data:image/jpeg;base64,") == 8 + 7 and "http" not in page
    score = next(line for line in out.splitlines() if line.startswith("KID-compact ")).split()
    cells = f"<td>{score[2]}<small>{' '.join(score[3:5])}</small></td><td>{score[5]}</td>"
    assert f'<th scope="row">KID-compact ↓</th>{cells}' in page and "8 real, 7 generated pictures" in page
    assert str(pathlib.Path.cwd()) not in page


def test_a_set_against_itself_for_readers(capfd):
    code, out, err = run(capfd, "images", "--real", "real", "--fake", "real", "--size", "64", "--no-cache")
    assert (code, err) == (0, "") and not pathlib.Path("kept").exists()
    lines = (line.replace("↑", "").replace("↓", "").split() for line in out.splitlines()[2:7])
    rows = {name: score for name, score, *_ in lines}
    assert float(rows["FD-compact"]) == pytest.approx(0.0, abs=1e-6)
    assert rows["precision-compact"] == rows["recall-compact"] == "1"
    assert "8 real, 8 generated pictures, resized to 64x64 (bicubic)" in out and "note: A Fréchet distance" in out


def test_pictures_against_their_truths(capfd):
    """Pairs by name, whatever the suffix; no feature network is built."""
    random = np.random.default_rng(5)
    for name in ("truth", "made", "short"):
        pathlib.Path(name).mkdir()
    values = {"PSNR": [], "SSIM": [], "luma-SSIM": []}
    for index in range(4):
        truth = random.integers(60, 200, (20, 24, 3), dtype="uint8")
        made = np.uint8(truth + random.integers(0, 9 * index + 2, truth.shape))
        Image.fromarray(truth).save(f"truth/{index}.png")
        Image.fromarray(made).save(f"made/{index}.bmp")
        Image.fromarray(made[:, : 24 - index]).save(f"short/{index}.png")
        for scores, function in zip(values.values(), (psnr, ssim, luma_ssim), strict=True):
            scores.append(function(made, truth))
    call = ["images", "--real", "truth", "--metrics", "psnr,ssim,luma_ssim"]
    code, out, err = run(capfd, *call, "--fake", "made", "--json", "--extractor", "vgg16", "--html", "report.html")
    record = json.loads(out)
    assert (code, err) == (0, "") and "extractor" not in record and record["fake"]["images"] == 4
    for name in ("one_truth", "one_made"):
        pathlib.Path(name).mkdir()
        Image.fromarray(truth if "truth" in name else made).save(f"{name}/3.png")
    one = ["images", "--real", "one_truth", "--fake", "one_made", "--metrics", "psnr", "--json"]
    assert json.loads(run(capfd, *one)[1])["scores"]["PSNR"] == pytest.approx(values["PSNR"][3])
    for label, scores in values.items():
        assert record["scores"][label] == pytest.approx(np.mean(scores))
        interval = record["intervals"][label]
        assert min(scores) <= interval["low"] < np.mean(scores) < interval["high"] <= max(scores)
    assert "4 real, 4 generated pictures</li>" in pathlib.Path("report.html").read_text()
    same = json.loads(run(capfd, *call, "--fake", "truth", "--json")[1])
    assert same["scores"] == {"PSNR": None, "SSIM": pytest.approx(1), "luma-SSIM": pytest.approx(1)}
    code, out, _ = run(capfd, *call, "--fake", "truth")
    assert code == 0 and "∞" in out
    for fake, more, rule in (
        ("short", [], "1: the pictures of a pair must have one size. Received: 24x20 and 23x20"),
        (
            "real",
            [],
            "paired pictures must have equal names in A and B. Received: 4 without a partner in truth and real",
        ),
        ("made", ["--nearest", "sheet.png"], "`--nearest` needs a metric of sets: fd, kid"),
    ):
        code, out, err = run(capfd, *call, "--fake", fake, *more)
        assert (code, out) == (2, "") and rule in err and err.count("\n") == 1, err


MISTAKES = {
    "metric": (["--metrics", "kit"], "Close to it: kid"),
    "no metric": (["--metrics", ","], "at least one"),
    "extractor": (["--extractor", "mobilnet"], "Close to it: mobilenet"),
    "no weights": (["--extractor", "mobilenet"], "`weights` must name the local weight file"),
    "missing weights": (["--weights", "missing.npz"], "missing.npz: No such file"),
    "wrong weights": (["--weights", "notes.txt"], "notes.txt"),
    "no FID": (["--extractor", "inception-2015", "--weights", "notes.txt"], "a score of other weights is no FID"),
    "filter": (["--resize", "bilinea"], "Close to it: bilinear"),
    "size": (["--size", "8"], "`size` must be from 32 to 1024"),
    "resamples": (["--resamples", "1"], "`--resamples` must be 0 or at least 2. Received: 1"),
    "max features": (["--max-features", "1"], "`max_features` must be at least 2"),
    "missing folder": (["--real", "missing"], "existing folder, zip, npz or npy file, or tfds:NAME. Received: missing"),
    "no folder": (["--fake", "notes.txt"], "must be a folder, a zip, an npz or npy file"),
    "empty folder": (["--fake", "none"], "holds no pictures"),
    "one picture": (["--fake", "one"], "`--fake` must hold at least 2 pictures. Received: 1 in one"),
    "one real picture": (["--real", "one"], "`--real` must hold at least 2 pictures. Received: 1 in one"),
    "no classes": (["--metrics", "inception_score"], "only with an extractor that classifies"),
    "report": (["--html", "missing/report.html"], "`--html` must be an .html file in an existing folder"),
    "kind": (None, "evaluate"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes(mistake, capfd):
    call, rule = MISTAKES[mistake]
    code, out, err = run(capfd, *([] if call is None else [*IMAGES, *call]))
    assert (code, out) == (2, ""), (out, err)
    assert err.startswith("keras-stylegan: ") and err.count("\n") == 1 and rule in err


def test_too_few_for_neighbors(capfd):
    pathlib.Path("few").mkdir()
    for index in range(3):
        Image.new("RGB", (40, 40), (80 * index, 0, 0)).save(f"few/{index}.png")
    code, _, err = run(capfd, "images", "--real", "few", "--fake", "few", "--metrics", "recall", "--size", "32")
    assert code == 2 and "`num_neighbors` must be at least 1 and less than the 3 images" in err
