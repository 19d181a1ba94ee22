"""`keras-stylegan evaluate style | fusion | video`: tables, JSON and a report that needs no network."""

import base64
import html.parser
import io
import json
import pathlib

import numpy as np
import pytest
from PIL import Image
from stand_in import photograph

from keras_stylegan import cli
from keras_stylegan.evaluation import Evaluation, interval, write_report
from keras_stylegan.evaluation.folders import list_pictures
from keras_stylegan.evaluation.report import as_html
from keras_stylegan.evaluation.video import MOTIONS, make_clip
from keras_stylegan.metrics import boundary_band, psnr, ssim, warping_error

STYLES = ("hokusai_great_wave", "munch_scream")


def run(capfd, *arguments):
    try:
        code = cli.main(["evaluate", *arguments])
    except SystemExit as end:  # argparse
        code = end.code
    return code, *capfd.readouterr()


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("photos", "paintings", "fused", "truth", "masks", "clip", "empty"):
        pathlib.Path(name).mkdir()
    for seed in range(2):
        Image.fromarray(photograph(112, 96, seed)).save(f"photos/{seed}.png")
        Image.fromarray(255 - photograph(100, 96, seed + 5)).save(f"paintings/{STYLES[seed]}.png")
        truth, mask = photograph(40, 30, seed), np.zeros((30, 40), "uint8")
        mask[5:20, 10:30] = 255
        fused = truth.copy()
        fused[mask > 0] //= 2
        for folder, picture in (("fused", fused), ("truth", truth), ("masks", mask)):
            Image.fromarray(picture).save(f"{folder}/{seed}.png")
    for number in range(3):
        Image.fromarray(photograph(112, 96)[:, number : number + 80]).save(f"clip/{number}.png")


class Outside(html.parser.HTMLParser):
    """Collects the pictures of a page, and what it would load from elsewhere."""

    def __init__(self, text):
        super().__init__()
        self.pictures, self.foreign = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("src", "href") and value.startswith("data:image/jpeg;base64,"):
                self.pictures.append(Image.open(io.BytesIO(base64.b64decode(value.partition(",")[2]))))
            elif name in ("src", "href", "data", "poster", "srcset"):
                self.foreign.append(value)
        if tag in ("script", "link", "iframe"):
            self.foreign.append(tag)


def test_report_holds_everything_and_loads_nothing():
    tables = {"A <b>": {"row & more": {"x": 1.25, "y": None, "z": interval([1.0, 3.0])}, "other": {"w": float("inf")}}}
    picture = photograph(30, 20)
    evaluation = Evaluation("T<script>", {"seed": 1}, tables, [("G", [("<i>", picture)])], ["n < 3"])
    text = as_html(evaluation)
    page = Outside(text)
    assert not page.foreign and "http" not in text and "url(" not in text
    assert page.pictures[0].size == (30, 20)
    assert np.abs(np.asarray(page.pictures[0], int) - picture).mean() < 8
    for part in ("A &lt;b&gt;", "row &amp; more", "T&lt;script&gt;", "n &lt; 3", "1.25", "∞"):
        assert part in text
    record = evaluation.record()
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert record["tables"]["A <b>"]["other"]["w"] is None
    rows = [line.split() for line in evaluation.text().splitlines()]
    assert rows[1] == ["x", "y", "z", "w"] and rows[2][:5] == ["row", "&", "more", "1.25", "–"]


def test_wide_tables_are_turned_and_names_say_where_scores_are_good():
    columns = {f"score {number}": float(number) for number in range(8)}
    rows = {"first": {**columns, "score 0": interval([1.0, 3.0])}, "second": columns}
    better = {"table": "→1", "score 1": "↓", "second": "↑"}
    evaluation = Evaluation("Title", {}, {"table": rows, "narrow": {"row": {"score 1": 1}}}, better=better)
    (title, grid), (_, narrow) = evaluation.grids()
    assert title == "table →1" and [name for name, _ in grid[0]] == ["", "first", "second ↑"]
    assert (
        grid[1] == [("score 0", ""), ("2", "[1, 3]"), ("0", "")] and grid[2][0] == ("score 1 ↓", "") and len(grid) == 9
    )
    assert narrow == [[("", ""), ("score 1 ↓", "")], [("row", ""), ("1", "")]]
    lines = evaluation.text().splitlines()
    assert lines[2].split() == ["score", "0", "2", "[1,", "3]", "0"]
    assert lines[-1] == "note: ↑: higher is better; ↓: lower is better; →1: clean at 1."
    assert evaluation.record()["better"] == {
        "table": "clean at 1",
        "score 1": "lower is better",
        "second": "higher is better",
    }


def test_a_report_in_a_browser(tmp_path, browser):
    """On a telephone's screen and a wide one: nothing is asked for, nothing lies beyond the edge, all pictures show."""
    pictures = [(f"picture {number}", photograph(700, 500, number)) for number in range(3)]
    rows = {"a row": {f"a long name of a column {number}": interval([1.0, 2.0]) for number in range(6)}}
    path = tmp_path / "report.html"
    write_report(Evaluation("T", {"seed": 1}, {"A table": rows}, [("G", pictures)]), path)
    asked = []
    for width in (360, 1280):
        opened = browser.new_page(viewport={"width": width, "height": 800})
        opened.on("request", lambda request: asked.append(request.url))
        opened.on("console", lambda message: asked.append(message.text))
        opened.goto(path.as_uri())
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        shown = opened.evaluate("[...document.images].map(i => [i.complete, i.naturalWidth, i.naturalHeight, i.width])")
        assert [row[:3] for row in shown] == [[True, 512, 366]] * 3 and all(128 <= row[3] <= 320 for row in shown)
        assert opened.locator("tbody tr").count() == 1 and opened.locator("td small").count() == 6
        opened.close()
    assert all(url.startswith(("file:", "data:")) for url in asked), asked


def test_fusion_against_the_truth(capfd):
    call = ["fusion", "--fused", "fused", "--truth", "truth", "--masks", "masks"]
    code, out, err = run(capfd, *call, "--band", "3", "--json", "--html", "report.html")
    assert (code, err) == (0, "")
    row = json.loads(out)["tables"]["Fused pictures against the truth"]["fused"]
    expected = {"PSNR": [], "SSIM": [], "masked PSNR": [], "boundary PSNR": []}
    for seed in range(2):
        fused, truth, mask = (np.asarray(Image.open(f"{folder}/{seed}.png")) for folder in ("fused", "truth", "masks"))
        band = boundary_band(mask > 0, 3)
        values = (psnr(fused, truth), ssim(fused, truth), psnr(fused, truth, mask > 0), psnr(fused, truth, band))
        for key, value in zip(expected, values, strict=True):
            expected[key].append(value)
    for key, values in expected.items():
        assert row[key]["mean"] == pytest.approx(np.mean(values)) and row[key]["count"] == 2
        assert row[key]["low"] == pytest.approx(min(values)) and row[key]["high"] == pytest.approx(max(values))
    assert len(Outside(pathlib.Path("report.html").read_text()).pictures) == 6
    code, out, _ = run(capfd, *call)
    assert code == 0 and out.splitlines()[1].split() == "PSNR ↑ SSIM ↑ masked PSNR ↑ boundary PSNR ↑".split()


def test_masks_are_read_as_fuse_reads_them(capfd):
    pathlib.Path("alphas").mkdir()
    for seed in range(2):
        mask = np.asarray(Image.open(f"masks/{seed}.png"))
        Image.fromarray(np.dstack([np.full((30, 40, 3), 255, "uint8"), mask])).save(f"alphas/{seed}.png")
    call = ["fusion", "--fused", "fused", "--truth", "truth", "--json", "--masks"]
    assert json.loads(run(capfd, *call, "alphas")[1])["tables"] == json.loads(run(capfd, *call, "masks")[1])["tables"]


def test_intervals_are_of_photographs_and_no_family_counts_twice(capfd):
    call = ["fusion", "--content", "photos", "--size", "48", "--json", "--families"]
    first, second = (json.loads(run(capfd, *call, names)[1]) for names in ("colour,light", "colour,light,colour"))
    assert first == second and first["protocol"]["families"] == ["colour", "light"]
    copied = {title: table["copy"] for title, table in first["tables"].items()}
    cell, families = copied["All scores, families of training"]["masked PSNR"], copied["Masked PSNR by family"]
    assert cell["count"] == 2
    assert cell["mean"] == pytest.approx(np.mean([families[family]["mean"] for family in ("colour", "light")]))


def test_a_report_that_fails_loses_no_figures(capfd, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "report.html")

    monkeypatch.setattr("keras_stylegan.evaluation.write_report", full)
    code, out, err = run(capfd, *FUSION, "--html", "report.html", "--json")
    assert code == 2 and "report.html: No space left on device" in err and "tables" in json.loads(out)


def test_names_that_are_no_text_are_reported(tmp_path):
    evaluation = Evaluation("Title", {"pictures": ["\udce4.png"]}, {}, [("\udce4.png", [])], (), {})
    write_report(evaluation, tmp_path / "report.html")
    assert "\\udce4.png" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_clips_of_known_motion():
    for motion in MOTIONS.values():
        clip = make_clip(photograph(112, 96), motion, 4)
        assert len({frame.shape for frame in clip}) == 1 and min(clip[0].shape[:2]) >= 80
        still = warping_error([clip[0]] * 4, motion)
        assert warping_error(clip, motion) < still / 20


def test_video_painted_elsewhere(capfd):
    code, out, err = run(capfd, "video", "--clip", "clip", "--motion", "-1,0", "--json")
    assert (code, err) == (0, "")
    still = {"mean": 0.0, "low": 0.0, "high": 0.0, "count": 2}
    assert json.loads(out)["tables"]["Warping error"] == {"clip": {"warping error": still}}
    code, out, _ = run(capfd, "video", "--clip", "clip", "--motion=1,0", "--json")
    assert json.loads(out)["tables"]["Warping error"]["clip"]["warping error"]["mean"] > 1e-5


def test_frames_are_in_the_order_of_their_numbers():
    pathlib.Path("counted").mkdir()
    for name in ("frame10", "frame9", "frame1", "2a", "frame09b"):
        Image.new("RGB", (8, 8)).save(f"counted/{name}.png")
    assert list(list_pictures("counted", "--clip")) == ["2a", "frame1", "frame9", "frame09b", "frame10"]


def test_video_of_the_packaged_network(capfd, all_lines_of_progress):
    call = ["video", "--content", "photos", "--style", STYLES[0], "--frames", "2", "--size", "96"]
    code, out, err = run(capfd, *call, "--json", "--html", "report.html")
    assert code == 0 and err.splitlines()[-1] == "painting: 6 of 6  ETA 00:00:00"
    table = json.loads(out)["tables"]["Warping error"]
    assert set(table) == set(MOTIONS)
    for name, row in table.items():
        assert row["photograph"]["mean"] == 0 or "zoom" in name
        assert row["painter"]["mean"] > row["photograph"]["mean"]
    # Two frames of each motion, and where they flicker.
    assert len(Outside(pathlib.Path("report.html").read_text()).pictures) == 3 * 3


def test_style_of_the_packaged_network(capfd, all_lines_of_progress):
    call = ["style", "--content", "photos", "--styles", "paintings", "--photos", "1", "--size", "96"]
    code, out, err = run(capfd, *call, "--gatys-steps", "2", "--json", "--html", "report.html")
    # Two paintings, one by optimisation, and two whose stability is measured.
    assert code == 0 and len(err.splitlines()) == 5 and err.endswith("judging: 5 of 5  ETA 00:00:00\n")
    record = json.loads(out)
    scores, unpainted, spread, stability = record["tables"].values()
    assert list(scores) == ["identity", "painter", "painter, pairs of optimisation", "optimisation"]
    assert scores["identity"]["content-compact"]["mean"] < scores["painter"]["content-compact"]["mean"]
    assert scores["identity"]["PSNR"]["mean"] is None and scores["identity"]["SSIM"]["mean"] == pytest.approx(1)
    assert scores["identity"]["seams"]["mean"] == scores["identity"]["border"]["mean"] == 1
    assert scores["identity"]["inversion"]["mean"] == pytest.approx(1)
    assert scores["identity"]["light"]["mean"] == pytest.approx(1)
    assert scores["painter"]["style-compact"]["count"] == 2 and scores["optimisation"]["colour"]["count"] == 1
    first, second = (f"{kind} of" for kind in ("least", "greatest"))
    cell, whole = spread["style-compact"], scores["painter"]["style-compact"]
    assert {cell[first], cell[second]} == set(STYLES) and cell["least"] + cell["greatest"] == pytest.approx(
        2 * whole["mean"]
    )
    assert cell["deviation"] == pytest.approx((cell["greatest"] - cell["least"]) / 2)
    # The pair of the optimisation is the first style's.
    alone = scores["painter, pairs of optimisation"]["style-compact"]["mean"]
    assert alone == pytest.approx(cell["least" if cell["least of"] == STYLES[0] else "greatest"])
    assert unpainted["SSIM"]["deviation"] == pytest.approx(0) and "PSNR" in spread and "PSNR" not in unpainted
    assert set(stability["painter"]) == {"noise", "jpeg", "fgsm", "shift"}
    assert all(cell["mean"] > 0 for cell in stability["painter"].values())
    assert record["protocol"]["network"] == "compact" and record["protocol"]["optimisation_pairs"]
    # The styles, a photograph with its two paintings, and the pair by optimisation with what it compares with.
    assert len(Outside(pathlib.Path("report.html").read_text()).pictures) == 2 + 3 + 4


def test_stability_is_measured_where_there_is_something_to_disturb(capfd):
    Image.fromarray(np.full((96, 112, 3), 255, "uint8")).save("photos/0.png")
    call = ["style", "--content", "photos", "--styles", "paintings", "--size", "64", "--gatys-pairs", "0", "--json"]
    code, out, _ = run(capfd, *call, "--photos", "2")
    tables = json.loads(out)["tables"]
    assert code == 0 and tables[list(tables)[-1]]["painter"]["jpeg"]["count"] == 2
    assert len(json.loads(run(capfd, *call, "--photos", "1")[1])["tables"]) == len(tables) - 1


def test_style_painted_elsewhere(capfd):
    for style in STYLES:
        pathlib.Path("painted", style).mkdir(parents=True)
        for seed in range(2):
            Image.fromarray(photograph(112, 96, seed)).save(f"painted/{style}/{seed}.png")
    call = ["style", "--content", "photos", "--styles", "paintings", "--painted", "painted", "--photos", "1"]
    call += ["--size", "96"]
    code, out, err = run(capfd, *call, "--gatys-pairs", "0", "--json")
    assert (code, err) == (0, "")
    tables = json.loads(out)["tables"]
    assert tables["Scores"]["painter"] == tables["Scores"]["identity"] and len(tables) == 3
    pathlib.Path("painted", STYLES[0], "0.png").unlink()
    code, _, err = run(capfd, *call)
    assert code == 2 and "`--painted` must hold a picture for each name. Missing: 0" in err


FUSION = ["fusion", "--fused", "fused", "--truth", "truth", "--masks", "masks"]
STYLE = ["style", "--content", "photos", "--styles", "paintings"]
VIDEO = ["video", "--clip", "clip"]
MISTAKES = {
    "no truth": (["fusion", "--fused", "fused"], "`--truth` must name a folder of pictures"),
    "no folder": ([*FUSION, "--truth", "missing"], "`--truth` must be a folder. Received: missing"),
    "empty": ([*FUSION, "--masks", "empty"], "`--masks` holds no pictures"),
    "other names": ([*FUSION, "--truth", "paintings"], "`--truth` must hold a picture for each name. Missing: 0, 1"),
    "sizes": ([*FUSION, "--truth", "photos"], "0: `picture` and `truth` must have one shape"),
    "band": ([*FUSION, "--band", "0"], "`--band` must be at least 1. Received: 0"),
    "html": ([*FUSION, "--html", "missing/report.html"], "`--html` must be an .html file in an existing folder"),
    "ignored families": ([*FUSION, "--families", "colour"], "`--families` is of `--content`. Received: colour"),
    "ignored network": ([*FUSION, "--gan"], "`--gan` is of `--content`. Received: True"),
    "ignored run": ([*FUSION, "--from", "run"], "`--from` is of `--content`. Received: run"),
    "ignored size": ([*VIDEO, "--motion", "1,0", "--size", "99"], "`--size` is of `--content`. Received: 99"),
    "ignored stability": ([*STYLE, "--painted", "elsewhere", "--stability", "1"], "`--stability` needs the network"),
    "same folder": ([*VIDEO, "--clip", "clip/", "--motion", "1,0"], "`--clip` must name every folder once"),
    "html name": ([*FUSION, "--html", "report.pdf"], "`--html` must be an .html file"),
    "motion": ([*VIDEO, "--motion", "1"], "`--motion` must be two numbers, X,Y. Received: 1"),
    "far motion": ([*VIDEO, "--motion", "999,0"], "`motion` must leave pixels in common"),
    "one frame": (["video", "--clip", "one", "--motion", "1,0"], "one: `frames` must be at least two. Received: 1"),
    "same clip": ([*VIDEO, "--clip", "clip", "--motion", "1,0"], "`--clip` must name every folder once"),
    "motion of content": (
        ["video", "--content", "photos", "--style", STYLES[0], "--motion", "1,0"],
        "`--motion` must be given with `--clip` alone. Received: 1,0",
    ),
    "no name": (["video", "--clip", "", "--motion", "1,0"], "`--clip` must be a folder. Received: ''"),
    "no motion": (VIDEO, "`--motion` must be given with `--clip`"),
    "neither": (["video"], "must be given"),
    "frames": (["video", "--content", "photos", "--frames", "1"], "`--frames` must be at least 2"),
    "room": (
        ["video", "--content", "photos", "--style", STYLES[0], "--size", "96", "--frames", "10"],
        "0: too small for 10 frames of pan 3 px down 2: 64 pixels must be left",
    ),
    "long and narrow": (
        ["video", "--content", "thin", "--style", STYLES[0]],
        "it must have at most 178956970. Received",
    ),
    "equal photographs": ([*STYLE, "--content", "twins", "--painted", "elsewhere"], "must differ. Received: 0 and 1"),
    "style": (
        [*STYLE, "--only", "munch_scream,nobody"],
        "`--styles` must hold a picture for each name. Missing: nobody",
    ),
    "one style": ([*STYLE, "--only", "munch_scream"], "at least two styles to tell apart. Received: 1"),
    "unknown style": (["style", "--content", "photos", "--styles", "fused"], "0"),
    "network": ([*STYLE, "--network", "vgg", "--gatys-pairs", "0"], "compact, vgg16"),
    "size": ([*STYLE, "--size", "32"], "`--size` must be at least 64. Received: 32"),
    "kind": (["pictures"], "invalid choice"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes(mistake, capfd):
    call, rule = MISTAKES[mistake]
    if mistake == "one frame":
        pathlib.Path("one").mkdir()
        Image.fromarray(photograph(112, 96)).save("one/a.png")
    if mistake == "long and narrow":
        pathlib.Path("thin").mkdir()
        Image.new("RGB", (1, 3000)).save("thin/a.png")
    if mistake == "equal photographs":
        for folder in ("twins", *(f"elsewhere/{style}" for style in STYLES)):
            pathlib.Path(folder).mkdir(parents=True)
            for seed in range(2):
                Image.fromarray(photograph(112, 96)).save(f"{folder}/{seed}.png")
    code, out, err = run(capfd, *call)
    assert (code, out) == (2, ""), (out, err)
    assert err.startswith("keras-stylegan: ") and err.count("\n") == 1 and rule in err


def test_fgsm_goes_up_the_distance_from_the_photograph():
    """Along the sign of a gradient g a small step of e changes a function by e times the sum of |g|."""
    from keras_stylegan.evaluation.painters import painting_gradient
    from keras_stylegan.inference import load

    network, picture, step = load(runtime="keras"), photograph(72, 64, 3), 0.001
    gradient = painting_gradient(network)(picture, STYLES[0])
    assert gradient.shape == picture.shape
    images = picture[None].astype("float32") / 127.5 - 1
    weights = network.check(STYLES[0])[0].weights.astype("float32")[None]

    def distance(moved):
        inputs = {"images": moved, "style_weights": weights, "strength": np.ones(1, "float32")}
        return np.square(np.asarray(network.runtime.network(inputs)) - images).mean(dtype="float64")

    change = distance(images + step * np.sign(gradient)) - distance(images - step * np.sign(gradient))
    assert change == pytest.approx(2 * step * np.abs(gradient).sum(), rel=0.05)
