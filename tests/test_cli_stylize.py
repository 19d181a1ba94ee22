"""The commands stylize, sheet, styles and demo, from the call to the files."""

import functools
import io
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image
from stand_in import STYLES, photograph, stand_in, write_assets

import keras_stylegan
from keras_stylegan import cli, inference, pretrained
from keras_stylegan.commands.painting import parse_styles
from keras_stylegan.provenance import SOURCE_TYPES, STYLIZED, read_provenance
from keras_stylegan.xmp_files import read_xmp

PHOTO = photograph(40, 30)


@pytest.fixture(autouse=True)
def packaged(tmp_path, monkeypatch):
    write_assets(tmp_path / "assets")
    monkeypatch.setattr(pretrained, "assets", lambda: tmp_path / "assets")
    monkeypatch.chdir(tmp_path)
    Image.fromarray(PHOTO).save("photo.png")


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image, int)


def painted(weights, strength=1.0):
    return stand_in(PHOTO, weights, strength)


def names(folder):
    return sorted(file.name for file in pathlib.Path(folder).iterdir())


def test_a_file_to_a_file(capfd):
    assert (
        cli.main(["stylize", "photo.png", "-o", "out.png", "--style", "red_wash=3,night=1", "--strength", "0.5"]) == 0
    )
    assert np.abs(pixels("out.png") - painted([0, 0.75, 0.25], 0.5)).max() <= 1
    assert cli.main(["stylize", "photo.png", "-o", "two.png", "--style", "red_wash=3", "--style", "night"]) == 0
    assert np.abs(pixels("two.png") - painted([0, 0.75, 0.25])).max() <= 1
    out, err = capfd.readouterr()
    assert out.startswith("out.png  40x30  ") and "\ntwo.png  40x30  " in out and err == ""


def test_options_reach_the_network():
    call = ["stylize", "photo.png", "-o", "out.png", "--style", "night"]
    assert cli.main([*call, "--max-size", "20"]) == 0
    assert pixels("out.png").shape == (15, 20, 3)
    assert cli.main([*call, "--max-size", "41"]) == 0
    assert pixels("out.png").shape == (30, 40, 3)
    assert cli.main([*call, "--color", "match", "--stroke-size", "2"]) == 0
    np.testing.assert_allclose(pixels("out.png").mean((0, 1)), PHOTO.mean((0, 1)), atol=6)


def test_pictures_say_that_a_network_changed_them_if_one_did():
    for strength, source_type in (("0.1", SOURCE_TYPES[STYLIZED]), ("0", None)):
        assert cli.main(["stylize", "photo.png", "-o", "out.png", "--style", "night", "--strength", strength]) == 0
        assert read_provenance(read_xmp(pathlib.Path("out.png"))).source_type == source_type
    np.testing.assert_array_equal(pixels("out.png"), PHOTO)


def test_json_describes_each_file(capsys):
    begun = time.perf_counter()
    assert cli.main(["stylize", "photo.png", "-o", "out.png", "--style", "night=2", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert 0 < record.pop("seconds") <= time.perf_counter() - begun + 0.001
    assert record == {"input": "photo.png", "output": "out.png", "width": 40, "height": 30,
                      "styles": {"night": 2.0}, "strength": 1.0}  # fmt: skip


def test_folders_keep_names():
    folder = pathlib.Path("photos")
    folder.mkdir()
    for name in ("a.png", "b.JPG", "c.gif", "a.gif"):  # the last would become the first
        Image.fromarray(PHOTO).save(folder / name)
    (folder / "notes.txt").write_text("no picture")
    (folder / ".hidden.png").write_text("no picture either")
    (folder / "folder.png").mkdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.png")
    assert cli.main(["stylize", "photos", "photo.png", "-o", "new/out", "--style", "night"]) == 0
    assert names("new/out") == ["a.gif.png", "a.png", "b.JPG", "c.png", "photo.png"]
    assert cli.main(["stylize", "photo.png", "-o", "other/", "--style", "night"]) == 0
    assert names("other") == ["photo.png"]


def test_a_batch_does_the_good_files_and_lists_the_bad_ones(capsys):
    folder = pathlib.Path("photos")
    folder.mkdir()
    Image.fromarray(PHOTO).save(folder / "b_good.png")
    (folder / "a_empty.png").write_bytes(b"")
    (folder / "c_text.jpg").write_text("no picture")
    (folder / "d_phone.heic").write_bytes(b"    ftypheic")
    assert cli.main(["stylize", "photos", "missing.png", "-o", "out", "--style", "night", "--json"]) == 1
    assert names("out") == ["b_good.png"]
    out, err = capsys.readouterr()
    records = [json.loads(line) for line in out.splitlines()]
    assert ["error" in record for record in records] == [True, False, True, True, True]
    lines = err.splitlines()
    assert lines[0] == "keras-stylegan: 4 of 5 pictures failed:"
    assert [line.split(":")[0].strip() for line in lines[1:]] == [
        "photos/a_empty.png",
        "photos/c_text.jpg",
        "photos/d_phone.heic",
        "missing.png",
    ]


def test_what_a_runtime_refuses_loses_no_other_picture(capsys, monkeypatch):
    for name in ("a.png", "b.png"):
        Image.fromarray(PHOTO).save(name)
    write, refused = inference.write_picture, iter([True, False])

    def refuse_once(*arguments):
        if next(refused):
            raise RuntimeError("the delegate refused")
        write(*arguments)

    monkeypatch.setattr(inference, "write_picture", refuse_once)
    assert cli.main(["stylize", "a.png", "b.png", "-o", "out", "--style", "night"]) == 1
    assert names("out") == ["b.png"] and "the delegate refused" in capsys.readouterr().err


def test_sheet(capsys):
    assert cli.main(["sheet", "photo.png", "-o", "sheet.jpg", "--columns", "2", "--tile", "64"]) == 0
    assert pixels("sheet.jpg").shape[1] == 2 * 64 + 3 * 8
    assert capsys.readouterr().out == "sheet.jpg\n"


def test_styles(capsys):
    assert cli.main(["styles", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == STYLES
    assert cli.main(["styles"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "red_wash  Red wash, Nobody"


def test_demo(capsys):
    assert cli.main(["demo"]) == 0
    assert names("demo") == ["contact_sheet.jpg"]
    out = capsys.readouterr().out
    assert "3 styles on 2 photographs" in out and "demo/contact_sheet.jpg" in out and out.rstrip().endswith(" s")
    # Two blocks of four tiles (the photograph and three styles), one below the other.
    assert pixels("demo/contact_sheet.jpg").shape[1] == 4 * 256 + 5 * 8


def test_parse_styles():
    assert parse_styles("a") == {"a": 1.0}
    assert parse_styles(" a = 2 , b=.5,c") == {"a": 2.0, "b": 0.5, "c": 1.0}


# --- as a program: its own process, real pipes


def program(*arguments):
    """Starts the program on the assets of the test."""
    code = (
        "import pathlib, sys; from keras_stylegan import cli, pretrained;"
        "pretrained.assets = lambda: pathlib.Path('assets').resolve(); sys.exit(cli.main())"
    )
    environment = {"PYTHONPATH": str(pathlib.Path(keras_stylegan.__file__).parents[1])}
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    # Tests that run in the background are started with Ctrl-C ignored, and what they start would ignore it too.
    heed = functools.partial(signal.signal, signal.SIGINT, signal.default_int_handler)
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(command, env=environment, preexec_fn=heed, **pipes)


@pytest.mark.parametrize("file_format", ["PNG", "JPEG"])
def test_standard_input_to_standard_output_keeps_the_format(file_format):
    buffer = io.BytesIO()
    Image.fromarray(PHOTO).save(buffer, file_format)
    with program("stylize", "-", "-o", "-", "--style", "night") as process:
        out, err = process.communicate(buffer.getvalue())
    with Image.open(io.BytesIO(out)) as image:
        assert image.format == file_format
        assert np.abs(np.asarray(image, int) - painted([0, 0, 1])).mean() < 8
    assert err == b""


def test_a_reader_that_has_gone_is_no_traceback():
    with program("stylize", "photo.png", "-o", "-", "--style", "night") as process:
        process.stdout.close()
        assert process.wait(timeout=60) == 141
        assert process.stderr.read() == b""


def test_control_c_is_no_traceback():
    with program("stylize", "-", "-o", "out.png", "--style", "night") as process:
        process.stdin.write(bytes(2**20))  # more than a pipe holds: this returns when the program is reading
        time.sleep(0.5)  # it takes the rest, and waits for more
        for _ in range(60):  # between two reads Python notices the signal only after the next: people press again
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=1)
                break
            except subprocess.TimeoutExpired:
                continue
        assert process.returncode == 130
        assert process.stderr.read() == b""
    assert not pathlib.Path("out.png").exists()


def test_help_and_styles_load_nothing_heavy():
    code = (
        "import sys; from keras_stylegan import cli\n"
        "try: cli.main(['stylize', '--help'])\n"
        "except SystemExit as end: print(end.code, *[m for m in ('numpy', 'PIL', 'keras') if m in sys.modules])"
    )
    environment = {"PYTHONPATH": str(pathlib.Path(keras_stylegan.__file__).parents[1])}
    start = time.perf_counter()
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    seconds = time.perf_counter() - start
    assert result.stdout.splitlines()[-1] == "0"
    assert seconds < 5  # 0.1 s on a machine with nothing else to do; the modules above are the real check


@pytest.mark.parametrize("error", [MemoryError("of 7 GiB"), RuntimeError("RESOURCE_EXHAUSTED: of 7 GiB\nand more")])
def test_too_little_memory_is_one_line(error, monkeypatch, capsys):
    def run(arguments):
        raise error

    monkeypatch.setattr("keras_stylegan.commands.styles.run", run)
    assert cli.main(["styles"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("keras-stylegan: `styles` needs more memory than there is: ") and told.count("\n") == 1
