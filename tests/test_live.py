"""The live command: keys, and a file as camera on a machine without a screen."""

import pathlib
import types

import numpy as np
import pytest
from stand_in import STYLES, StandInRuntime, photograph, stand_in, write_assets
from toy_videos import cut_clip, read_frames, write_clip

from keras_stylegan import cli, pretrained
from keras_stylegan.inference import Stylizer
from keras_stylegan.inference.live import LivePainter

NAMES = [style["name"] for style in STYLES]


def test_keys_change_style_and_strength():
    painter = LivePainter(Stylizer(StandInRuntime(), NAMES, 64))
    frame = photograph(40, 30)
    np.testing.assert_array_equal(painter.paint(frame), stand_in(frame, [1, 0, 0], 1))
    assert painter.press(ord("n")) and painter.style == NAMES[1]
    assert painter.press(ord("p")) and painter.press(ord("p")) and painter.style == NAMES[-1]
    assert painter.press(ord("+")) and painter.strength == 1
    for _ in range(3):
        assert painter.press(ord("-"))
    np.testing.assert_array_equal(painter.paint(frame), stand_in(frame, [0, 0, 1], 0.7))
    for _ in range(9):
        painter.press(ord("-"))
    assert painter.strength == 0 and painter.press(ord("=")) and painter.strength == 0.1
    assert painter.press(-1) and painter.press(ord("x")) and painter.style == NAMES[-1]
    assert not painter.press(ord("q")) and not painter.press(27)
    with pytest.raises(ValueError, match="unknown style"):
        LivePainter(painter.network, "nothing")


def test_a_picture_is_a_style_to_come_back_to():
    net = Stylizer(StandInRuntime(), NAMES, 64, predict=lambda path: np.array([0, 1, 0], np.float32))
    painter, frame = LivePainter(net, "my.png"), photograph(40, 30)
    np.testing.assert_allclose(painter.paint(frame), stand_in(frame, [0, 1, 0], 1), atol=1)
    assert painter.press(ord("n")) and painter.style == NAMES[0]
    assert painter.press(ord("p")) and painter.style == "my.png"
    assert painter.press(ord("p")) and painter.style == NAMES[-1]


@pytest.fixture
def clip(tmp_path, monkeypatch):
    """The frames of `clip.avi`."""
    pytest.importorskip("cv2")
    write_assets(tmp_path / "assets")
    monkeypatch.setattr(pretrained, "assets", lambda: tmp_path / "assets")
    monkeypatch.chdir(tmp_path)
    return write_clip("clip.avi")


def test_a_file_as_camera_without_a_screen(clip, capsys):
    call = ["live", "--camera", "clip.avi", "--no-window", "--style", "inverted"]
    assert cli.main([*call, "-o", "out.avi"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("5 frames, ") and err == ""
    painted = read_frames("out.avi")
    assert len(painted) == 5
    for before, after in zip(clip, painted, strict=True):
        assert np.abs(after - (255 - before)).mean() < 6  # up to the video's compression
    assert cli.main([*call, "-o", "small.avi", "--width", "48", "--frames", "2"]) == 0
    small = read_frames("small.avi")
    assert len(small) == 2 and small[0].shape == (32, 48, 3)


def test_large_frames_are_reduced_where_only_a_window_shows_them(clip, capfd):
    write_clip("large.avi", [photograph(640, 48)])
    call = ["live", "--camera", "large.avi", "--no-window"]
    assert cli.main(call) == 0
    note = "keras-stylegan: note: frames are reduced from 640x48 to 320x24 (`--width`)"
    assert note in capfd.readouterr().err.splitlines()
    assert cli.main([*call, "-o", "out.mp4"]) == 0 and "note" not in capfd.readouterr().err
    assert read_frames("out.mp4")[0].shape == (48, 640, 3)


def test_a_mixture_and_colours(clip):
    call = ["live", "--camera", "clip.avi", "--no-window", "-o", "out.avi", "--style", "inverted=1", "--style", "night"]
    assert cli.main([*call, "--frames", "1"]) == 0
    expected = stand_in(clip[0].astype("uint8"), [0.5, 0, 0.5], 1)
    assert np.abs(read_frames("out.avi")[0] - expected).mean() < 6
    assert cli.main([*call, "--frames", "1", "--color", "luma"]) == 0
    assert np.abs(read_frames("out.avi")[0] - expected).mean() > 12
    painter = LivePainter(Stylizer(StandInRuntime(), NAMES, 64), {"inverted": 1, "night": 2})
    assert painter.title == "inverted=1,night=2  1.0"
    assert painter.press(ord("n")) and painter.style == NAMES[0]
    assert painter.press(ord("p")) and painter.style == {"inverted": 1, "night": 2}


def test_a_clip_that_ends_before_its_end_is_a_mistake(clip, capfd):
    cut_clip("clip.avi", "cut.avi")
    code = cli.main(["live", "--camera", "cut.avi", "--no-window", "-o", "out.avi"])
    told = capfd.readouterr()
    # Above it may stand what OpenCV says, which was imported before `live` could quieten it.
    last = told.err.splitlines()[-1]
    assert code == 2 and "cut.avi: the video is damaged: " in last and last.endswith("of 5 frames could be read")
    assert not list(pathlib.Path().glob("*out*"))
    assert cli.main(["live", "--camera", "clip.avi", "--no-window", "--frames", "2"]) == 0


@pytest.fixture
def window(monkeypatch):
    """OpenCV's window replaced: `shown` frames and titles, the `keys` that are pressed, and whether it is `open`."""
    cv2 = pytest.importorskip("cv2")
    state = types.SimpleNamespace(shown=[], titles=[], keys=[], open=1)
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setattr(cv2, "imshow", lambda name, frame: state.shown.append(frame), raising=False)
    monkeypatch.setattr(cv2, "setWindowTitle", lambda name, title: state.titles.append(title), raising=False)
    monkeypatch.setattr(cv2, "waitKey", lambda delay: state.keys.pop(0) if state.keys else -1, raising=False)
    monkeypatch.setattr(cv2, "getWindowProperty", lambda name, what: state.open, raising=False)
    return state


def test_the_window_shows_frames_and_takes_keys(clip, window, capsys):
    window.keys = [ord("n"), ord("-"), -1, ord("q")]
    assert cli.main(["live", "--camera", "clip.avi", "--style", NAMES[0]]) == 0
    assert window.titles == [f"{NAMES[0]}  1.0", f"{NAMES[1]}  1.0", f"{NAMES[1]}  0.9", f"{NAMES[1]}  0.9"]
    assert "4 frames" in capsys.readouterr().out
    for frame, shown, weights in zip(clip, window.shown, ([1, 0, 0], [0, 1, 0]), strict=False):
        assert np.abs(shown[..., ::-1].astype(int) - stand_in(frame.astype("uint8"), weights, 1)).max() <= 1


def test_closing_the_window_ends_it(clip, window, capsys):
    window.open = 0
    assert cli.main(["live", "--camera", "clip.avi"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("1 frames")


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--camera", "missing.avi"], "`--camera` must be the number of a camera or a video file. Received: missing"),
        (["--camera", "97"], "97: the camera cannot be opened"),
        (["--camera", "99999999999"], "`--camera` must be the number of a camera or a video file"),
        (["--camera", "²"], "`--camera` must be the number of a camera or a video file"),
        (["--camera", "assets/manifest.json"], "assets/manifest.json: the file is no video that can be read"),
        (["--camera", "clip.avi", "--style", "nothing"], "unknown style"),
        (["--camera", "clip.avi", "--strength", "2"], "`strength` must be a number from 0 to 1"),
        (["--width", "0"], "`--width` must be at least 1"),
        (["-o", "out.gif"], "the suffix of a video must be one of .mp4, .mov"),
        (["--camera", "clip.avi", "--color", "no"], "`color` must be one of"),
        (["-o", "no/where.avi"], "the output's folder does not exist"),
        (["--camera", "clip.avi", "-o", "./clip.avi"], "clip.avi: the output would overwrite its own input"),
    ],
)
def test_mistakes_are_named(clip, capfd, arguments, message):
    assert cli.main(["live", "--no-window", *arguments]) == 2
    error = capfd.readouterr().err
    assert message in error and error.count("\n") == 1


def test_without_a_screen_it_says_what_to_give(monkeypatch, capfd):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert cli.main(["live"]) == 2
    assert (
        capfd.readouterr().err == "keras-stylegan: a window cannot be opened here; "
        "give `--no-window` and `--output FILE`\n"
    )


def test_without_opencv_it_says_what_to_install(monkeypatch, capfd):
    import sys

    monkeypatch.setitem(sys.modules, "cv2", None)
    assert cli.main(["live", "--no-window"]) == 2
    assert "videos and cameras need OpenCV: pip install 'keras_stylegan[camera]'" in capfd.readouterr().err
