"""Mistakes and damaged files: one line that names the file or argument and the rule, exit code 2, nothing written."""

import os
import pathlib
import shlex
import subprocess
import sys
import time
import types

import numpy as np
import pytest
from damaged_files import FILES, PHOTO, PNG, encoded, flipped
from PIL import Image
from stand_in import photograph, write_assets

from keras_stylegan import cli, pretrained
from keras_stylegan.inference import saving

ASSETS = pretrained.assets


@pytest.fixture(autouse=True)
def packaged(tmp_path, monkeypatch):
    write_assets(tmp_path / "assets")
    monkeypatch.setattr(pretrained, "assets", lambda: tmp_path / "assets")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)


def run(capfd, *arguments):
    """Runs the program as its entry point does; returns exit code, standard output and standard error."""
    try:
        code = cli.main(list(arguments))
    except SystemExit as end:  # argparse
        code = end.code
    return code, *capfd.readouterr()


def expect_one_line(capfd, call, *parts):
    before = sorted(pathlib.Path().rglob("*"))
    code, out, err = run(capfd, *call)
    assert code == 2 and out == ""
    assert err.startswith("keras-stylegan: ") and err.count("\n") == 1 and err.endswith("\n"), err
    for part in parts:
        assert part in err
    assert sorted(pathlib.Path().rglob("*")) == before  # no partial output


@pytest.mark.parametrize("command, call", [
    ("generate", ["generate", "-o", "x"]), ("evaluate images", ["evaluate", "images", "--real", "a", "--fake", "b"]),
])  # fmt: skip
def test_an_unknown_option_leads_to_the_help_of_its_command(command, call, capfd):
    expect_one_line(capfd, [*call, "--outd", "y"], f"arguments: --outd y (see keras-stylegan {command} --help)")


@pytest.mark.parametrize("name", FILES)
def test_files_that_are_no_picture(name, capfd):
    content, rule = FILES[name]
    pathlib.Path(name).write_bytes(content)
    expect_one_line(capfd, ["stylize", name, "-o", "out.png", "--style", "night"], f"keras-stylegan: {name}: ", rule)
    expect_one_line(capfd, ["sheet", name, "-o", "out.png"], f"keras-stylegan: {name}: ", rule)


def test_max_pixels(capfd):
    PHOTO.save("photo.png")
    call = ["stylize", "photo.png", "-o", "out.png", "--style", "night", "--max-pixels"]
    expect_one_line(capfd, [*call, "6143"], "photo.png: a picture may have at most 6143 pixels", "Received: 96x64")
    assert run(capfd, *call, "6144")[0] == 0


NIGHT = ["--style", "night"]
CALLS = {
    "missing input": (["missing.png", "-o", "out.png", *NIGHT], ["missing.png: No such file"]),
    "unknown style": (["photo.png", "-o", "out.png", "--style", "red_wish"], ["Close to it: red_wash", "'red_wish'"]),
    "far style": (["photo.png", "-o", "out.png", "--style", "zzz"], ["There are: inverted, red_wash, night"]),
    "negative weight": (["photo.png", "-o", "out.png", "--style", "night=-1,red_wash"], ["not negative", "night=-1.0"]),
    "nan weight": (["photo.png", "-o", "out.png", "--style", "night=nan"], ["finite weights", "night=nan"]),
    "infinite weight": (["photo.png", "-o", "out.png", "--style", "night=inf"], ["finite weights", "night=inf"]),
    "huge weight": (["photo.png", "-o", "out.png", "--style", "night=1e999"], ["finite weights", "night=inf"]),
    "zero weights": (["photo.png", "-o", "out.png", "--style", "night=0,red_wash=0"], ["weight greater than 0"]),
    "no number": (["photo.png", "-o", "out.png", "--style", "night=much"], ["numbers as weights", "night=much"]),
    "no name": (["photo.png", "-o", "out.png", "--style", "night,,"], ["every style once"]),
    "twice": (["photo.png", "-o", "out.png", "--style", "night,night=2"], ["every style once", "night,night=2"]),
    "strength above": (["photo.png", "-o", "out.png", *NIGHT, "--strength", "1.01"], ["from 0 to 1", "strength=1.01"]),
    "strength below": (["photo.png", "-o", "out.png", *NIGHT, "--strength=-0.1"], ["from 0 to 1", "strength=-0.1"]),
    "strength nan": (["photo.png", "-o", "out.png", *NIGHT, "--strength", "nan"], ["from 0 to 1", "strength=nan"]),
    "strength text": (["photo.png", "-o", "out.png", *NIGHT, "--strength", "x"], ["--strength", "'x'"]),
    "color": (["photo.png", "-o", "out.png", *NIGHT, "--color", "blue"], ["style, luma, match", "'blue'"]),
    "stroke size": (["photo.png", "-o", "out.png", *NIGHT, "--stroke-size", "0"], ["greater than 0"]),
    "least stroke size": (["photo.png", "-o", "out.png", *NIGHT, "--stroke-size", "1e-300"], ["at least 0.03"]),
    "no input name": (["", "photo.png", "-o", "folder", *NIGHT], ["a file has no name"]),
    "no output name": (["photo.png", "-o", "", *NIGHT], ["a file has no name"]),
    "lines in a name": (["no\nfile.png", "-o", "out.png", *NIGHT], ["no file.png: No such file"]),
    "tiny stroke size": (["photo.png", "-o", "out.png", *NIGHT, "--stroke-size", "0.001"], ["at least 0.03"]),
    "max size": (["photo.png", "-o", "out.png", *NIGHT, "--max-size", "0"], ["`--max-size` must be at least 1"]),
    "max pixels": (["photo.png", "-o", "out.png", *NIGHT, "--max-pixels", "-5"], ["`--max-pixels` must be at least 1"]),
    "missing input, folder": (["nowhere", "-o", "outdir", *NIGHT], ["nowhere: No such file"]),
    "tile and stroke size": (["photo.png", "-o", "x.png", *NIGHT, "--tile", "--stroke-size", "2"], ["ed: stroke_size"]),
    "suffix": (["photo.png", "-o", "out.gif", *NIGHT], ["out.gif: the suffix", ".png, .jpg", "Received: .gif"]),
    "no suffix": (["photo.png", "-o", "out", *NIGHT], ["out: the suffix", "Received: none"]),
    "no folder": (["photo.png", "-o", "no/such/out.png", *NIGHT], ["no/such/out.png: the output's folder does not"]),
    "file as folder": (["photo.png", "-o", "notes.txt/out.png", *NIGHT], ["notes.txt/out.png: the output's folder"]),
    "itself": (["photo.png", "-o", "./photo.png", *NIGHT], ["photo.png: the output would overwrite its own input"]),
    "itself in a folder": (["photo.png", "-o", ".", *NIGHT], ["photo.png: the output would overwrite its own input"]),
    "its mask": (["photo.png", "-o", "two.png", "--mask", "two.png", "--style-inside", "night"], ["two.png: the outp"]),
    "its region": (["photo.png", "-o", "two.png", "--region", "two.png:night"], ["overwrite"]),
    "itself by link": (["link.png", "-o", "photo.png", *NIGHT], ["the output would overwrite its own input"]),
    "batch to a file": (["photo.png", "two.png", "-o", "notes.txt", *NIGHT], ["notes.txt: several pictures need"]),
    "batch to a picture": (["photo.png", "two.png", "-o", "out.jpg", *NIGHT], ["out.jpg: several pictures"]),
    "folder to a picture": (["folder", "-o", "out.jpg", *NIGHT], ["out.jpg: several pictures"]),
    "batch to stdout": (["photo.png", "two.png", "-o", "-", *NIGHT], ["a single picture"]),
    "stdin to a folder": (["-", "-o", "folder", *NIGHT], ["folder: a picture from standard input has no name"]),
    "same names": (["two.png", "folder/two.png", "-o", "x", *NIGHT], ["two.png: 2 inputs have this output"]),
    "empty folder": (["folder/empty", "-o", "x", *NIGHT], ["folder/empty: the folder has no pictures"]),
    "json to stdout": (["photo.png", "-o", "-", *NIGHT, "--json"], ["`--json` cannot be used"]),
    "no style": (["photo.png", "-o", "out.png"], ["--style"]),
    "lines in an option": (["photo.png", "-o", "out.png", *NIGHT, "--pa\nint"], ["--pa int"]),
    "unknown option": (["photo.png", "-o", "out.png", *NIGHT, "--paint"], ["--paint"]),
}  # fmt: skip


@pytest.mark.parametrize("mistake", CALLS)
def test_mistakes_in_a_call(mistake, capfd):
    PHOTO.save("photo.png")
    PHOTO.save("two.png")
    pathlib.Path("link.png").symlink_to("photo.png")
    pathlib.Path("notes.txt").write_text("notes")
    pathlib.Path("folder/empty").mkdir(parents=True)
    PHOTO.save("folder/two.png")
    call, parts = CALLS[mistake]
    expect_one_line(capfd, ["stylize", *call], *parts)


@pytest.mark.parametrize(
    "call",
    [
        "paint",
        "",
        "sheet photo.png",
        "sheet photo.png -o x.png --tile 5",
        "sheet photo.png -o x.png --tile 2000",
        "demo -o photo.png",
        "demo -o -",
        "generate -o - --n 1",
    ],
)
def test_mistakes_in_other_commands(call, capfd):
    PHOTO.save("photo.png")
    expect_one_line(capfd, call.split())


def test_a_dependency_that_is_missing(capfd, monkeypatch):
    def run(arguments):
        import no_such_package.part  # noqa: F401

    monkeypatch.setattr("keras_stylegan.commands.styles.run", run)
    expect_one_line(capfd, ["styles"], "`styles` needs the package no_such_package: not installed")


def test_an_unwritable_folder(capfd, monkeypatch):
    PHOTO.save("photo.png")
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may write everywhere, so it is only said here
    expect_one_line(
        capfd, ["stylize", "photo.png", "-o", "out.png", *NIGHT], "out.png: the output's folder is not writable"
    )


def write_half(path, content):
    with open(path, "wb") as file:
        file.write(content[: len(content) // 2])
    raise OSError(28, "No space left on device")


def test_a_full_disk(capfd, monkeypatch):
    PHOTO.save("photo.png")

    monkeypatch.setattr(saving, "write_parts", lambda path, parts: write_half(path, b"".join(parts)))
    expect_one_line(capfd, ["stylize", "photo.png", "-o", "out.png", *NIGHT], "out.png: No space left on device")


def test_a_damaged_weight_file(capfd, tmp_path):
    PHOTO.save("photo.png")
    weights = tmp_path / "assets" / "weights" / "stand_in.tflite"
    weights.write_bytes(flipped(weights.read_bytes(), 1000))
    expect_one_line(capfd, STYLIZE, "stand_in.tflite: the weight file is damaged")
    expect_one_line(capfd, ["demo"], "stand_in.tflite: the weight file is damaged")


STYLIZE = ["stylize", "photo.png", "-o", "out.png", *NIGHT]


@pytest.mark.parametrize("content", ["", "null", "[]", '{"multistyle": null}', '{"multistyle": {}}', '{"multi'])
def test_a_damaged_manifest(content, capfd, tmp_path):
    PHOTO.save("photo.png")
    (tmp_path / "assets" / "manifest.json").write_text(content)
    expect_one_line(capfd, STYLIZE, "manifest.json: the manifest")
    expect_one_line(capfd, ["styles"], "manifest.json: the manifest")


@pytest.mark.parametrize("before, after, calls", [
    ('"styles": [', '"styles": ["night", ', [STYLIZE, ["styles"]]),
    ('"name"', '"nabe"', [STYLIZE, ["styles"]]),
    ('"stride": 8', '"stride": -8', [STYLIZE]),
    ('"sha256"', '"sha257"', [STYLIZE]),
    ('"file"', '"fine"', [STYLIZE]),
    ('"litert": {', '"litert": "", "keras": {', [STYLIZE]),
])  # fmt: skip
def test_a_manifest_of_other_types(before, after, calls, capfd, tmp_path):
    PHOTO.save("photo.png")
    manifest = tmp_path / "assets" / "manifest.json"
    content = manifest.read_text()
    assert before in content
    manifest.write_text(content.replace(before, after))
    for call in calls:
        expect_one_line(capfd, call, "manifest.json: the manifest is damaged")


def test_a_damaged_sample_photograph(capfd, tmp_path):
    (tmp_path / "assets" / "samples" / "face.png").write_bytes(PNG[:100])
    assert run(capfd, "demo")[2].startswith(f"keras-stylegan: {tmp_path / 'assets' / 'samples' / 'face.png'}: ")


@pytest.mark.skipif(not pathlib.Path("/proc/self/mem").exists(), reason="needs a file that opens and cannot be read")
def test_a_file_that_cannot_be_read(capfd):
    expect_one_line(capfd, ["stylize", "/proc/self/mem", "-o", "out.png", *NIGHT], "/proc/self/mem: Input/output error")


def program(arguments, redirections):
    """Runs the program in a shell, which alone can close its streams or lead them to a full disk."""
    call = shlex.join([sys.executable, "-m", "keras_stylegan.cli", *arguments])
    return subprocess.run(["sh", "-c", f"{call} {redirections}"], capture_output=True, text=True)


@pytest.mark.skipif(not pathlib.Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_standard_output():
    ended = program(["presets"], "> /dev/full")
    assert ended.returncode == 2
    assert ended.stderr == "keras-stylegan: standard output: No space left on device\n"


def test_closed_streams():
    ended = program(["presets"], ">&-")
    assert (ended.returncode, ended.stderr) == (0, "")
    ended = program(["stylize", "-", "-o", "out.png", "--style", "munch_scream"], "<&-")
    assert (ended.returncode, ended.stderr) == (2, "keras-stylegan: standard input: the file is empty\n")
    assert program(["stylize", "none.png", "-o", "out.png", "--style", "munch_scream"], "2>&- >&-").returncode == 2


def test_gatys_reads_its_files_before_a_backend_speaks():
    pathlib.Path("text.png").write_text("no picture")
    PHOTO.save("photo.png")
    for photo, painting in (("text.png", "photo.png"), ("photo.png", "text.png")):
        ended = program(["gatys", photo, "-o", "out.png", "--style", painting], "")
        assert ended.returncode == 2 and ended.stderr.count("\n") == 1
        assert ended.stderr.startswith("keras-stylegan: text.png: not a picture")


def test_gatys_takes_no_name_of_a_packaged_style(capfd):
    PHOTO.save("photo.png")
    call = ["gatys", "photo.png", "-o", "out.png", "--style", "night"]
    expect_one_line(capfd, call, "`--style` must be a picture file", "Received: night")


@pytest.mark.parametrize("call", [
    "gatys photo.png -o out.png --style photo.png",
    "add-style photo.png --name mine --bank bank",
    "restore photo.png -o out.png --task denoise",
    "stylize photo.png -o out.png --style-image photo.png --refine",
])  # fmt: skip
def test_what_needs_keras_starts_it_in_silence(call, capfd, monkeypatch):
    def start():
        raise ValueError("started")

    monkeypatch.setattr(pretrained, "assets", ASSETS)
    monkeypatch.setattr("keras_stylegan.commands.silence.start_keras", start)
    PHOTO.save("photo.png")
    expect_one_line(capfd, call.split(), "keras-stylegan: started")


@pytest.mark.parametrize(
    "mistake",
    [
        "-o no/out.png --style-image photo.png",
        "-o out.png --strength 2 --style-image photo.png",
        "-o out.png --color blue --style-image photo.png",
        "-o out.png --style-image photo.png=-1",
        "-o out.png --style-image photo.png --style munch_screem",
        "-o out.png --region photo.png:photo.png --tile --stroke-size 2",
        "-o out.png --region missing.png:photo.png",
        "-o out.png --style-image photo.png --refine inf",
    ],
)
def test_mistakes_are_told_before_a_style_is_refined(mistake, capfd, monkeypatch):
    monkeypatch.setattr("keras_stylegan.commands.silence.start_keras", lambda: pytest.fail("Keras was started"))
    PHOTO.save("photo.png")
    expect_one_line(capfd, f"stylize photo.png --refine {mistake}".split())


def test_short_work_leaves_nothing_in_a_file(capfd):
    from keras_stylegan.commands.progress import progress_bar

    with progress_bar("painting", 2) as report:
        report(1)
        report(2)
    assert capfd.readouterr() == ("", "")


def test_long_work_says_how_it_goes_in_a_file(capfd, monkeypatch):
    """At 0 s the work begins; the first of 100 steps is done at 14 s, and then one every 4 s."""
    from keras_stylegan.commands import progress

    times = iter([0.0, *(10 + 4 * step for step in range(1, 101))])
    monkeypatch.setattr(progress, "LINE_SECONDS", 10.0)
    monkeypatch.setattr(progress, "time", types.SimpleNamespace(monotonic=lambda: next(times)))
    with progress.progress_bar("painting", 100) as report:
        for step in range(1, 6):
            report(step)
    lines = ["painting: 1 of 100  ETA -", "painting: 3 of 100  ETA 00:06:28", "painting: 5 of 100  ETA 00:06:20"]
    assert capfd.readouterr() == ("", "".join(f"{line}\n" for line in lines))
    times = iter([0.0, 12.0])
    with progress.progress_bar("painting") as report:
        report(7)
    assert capfd.readouterr().err == "painting: 7\n"
    times = iter([0.0, 12.0, 23.0, 27.0, 35.0])
    with progress.progress_bar("exporting") as report:
        report(what="converting")
        for done in (20, 24, 28):  # four seconds for four of them
            report(done, 40, "comparing")
    lines = ["converting: 00:00:12 so far", "comparing: 20 of 40  ETA -", "comparing: 28 of 40  ETA 00:00:18"]
    assert capfd.readouterr().err.splitlines() == lines


def test_a_silent_work_is_heard_of(capfd, monkeypatch):
    """Also what began before the standard error was led nowhere."""
    from keras_stylegan.commands import progress, silence

    monkeypatch.setattr(progress, "LINE_SECONDS", 1e-9)
    monkeypatch.setattr(progress, "SILENCE_SECONDS", 0.02)
    with silence.standard_error() as heard, progress.progress_bar("painting", 9, heard), silence.silence():
        time.sleep(0.3)
        os.write(2, b"noise")
    lines = capfd.readouterr().err.splitlines()
    assert lines and set(lines) == {"painting: 00:00:00 so far"}


def test_warnings_of_decoders_are_not_shown():
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x09broken"
    pathlib.Path("photo.jpg").write_bytes(encoded("JPEG", exif=exif))
    ended = program(["stylize", "photo.jpg", "-o", "out.png", "--style", "munch_scream"], "")
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("width, height", [(1, 1), (3, 2), (2048, 16), (24, 3000)])
def test_legal_sizes_come_out_in_their_own_size(width, height, capfd):
    Image.fromarray(photograph(width, height)).save("photo.jpg", format="PNG")  # a PNG named .jpg is legal too
    assert run(capfd, "stylize", "photo.jpg", "-o", "out.png", *NIGHT)[0] == 0
    with Image.open("out.png") as result:
        assert result.size == (width, height)
        assert np.asarray(result).any()
