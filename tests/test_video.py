"""A video painted from file to file: `stylize` of a video, `Stylizer.stylize_video`, and what is wrong with files."""

import json
import pathlib
import sys

import numpy as np
import pytest
from PIL import Image
from stand_in import STYLES, StandInRuntime, photograph, stand_in, write_assets
from toy_videos import FRAMES, RATE, cut_clip, read_frames, write_clip

from keras_stylegan import cli, pretrained
from keras_stylegan.inference import Stylizer
from keras_stylegan.inference.painted_video import Steadier, _reduced
from keras_stylegan.inference.videos import VIDEO_SUFFIXES, Video, write_video
from keras_stylegan.provenance import SOURCE_TYPES, STYLIZED, read_provenance
from keras_stylegan.xmp_files import read_xmp

cv2 = pytest.importorskip("cv2")
NAMES = [style["name"] for style in STYLES]
STYLIZE = ["stylize", "clip.avi", "-o", "out.avi"]


@pytest.fixture(autouse=True)
def clip(tmp_path, monkeypatch):
    """The frames of `clip.avi`."""
    write_assets(tmp_path / "assets")
    monkeypatch.setattr(pretrained, "assets", lambda: tmp_path / "assets")
    monkeypatch.chdir(tmp_path)
    Image.fromarray(photograph(96, 64)).save("photo.png")
    return write_clip("clip.avi")


@pytest.fixture
def net():
    return Stylizer(StandInRuntime(), NAMES, 512)


def differences(found, expected):
    return [np.abs(after - before).mean() for after, before in zip(found, expected, strict=True)]


def test_every_frame_is_painted_at_its_size_and_speed(clip, capfd):
    assert cli.main([*STYLIZE, "--style", "red_wash=1,inverted=2", "--strength", "0.5"]) == 0
    out, err = capfd.readouterr()
    assert out.startswith("out.avi  96x64  5 frames  ") and out.endswith(" s  (without sound)\n") and err == ""
    expected = [stand_in(frame.astype("uint8"), [2 / 3, 1 / 3, 0], 0.5) for frame in clip]
    assert max(differences(read_frames("out.avi"), expected)) < 6  # up to the video's compression
    with Video("out.avi") as video:
        assert (video.size, video.rate, video.total) == ((96, 64), RATE, FRAMES)
    assert read_provenance(read_xmp("out.avi")).source_type == SOURCE_TYPES[STYLIZED]
    assert {file.name for file in pathlib.Path().iterdir()} == {"assets", "clip.avi", "photo.png", "out.avi"}


def test_size_colours_and_record(clip, capfd):
    call = [*STYLIZE, "--style", "inverted", "--json", "--no-provenance"]
    assert cli.main([*call, "--max-size", "49", "--color", "luma"]) == 0
    record = json.loads(capfd.readouterr().out)
    assert record.pop("seconds") > 0 and record == {
        "input": "clip.avi", "output": "out.avi", "width": 48, "height": 32, "frames": FRAMES,
        "frames_per_second": RATE, "styles": {"inverted": 1.0}, "strength": 1.0,
    }  # fmt: skip
    small = read_frames("out.avi")
    assert small[0].shape == (32, 48, 3) and read_xmp("out.avi") is None
    own, kept = (frame - frame.mean(axis=-1, keepdims=True) for frame in (clip[0][::2, ::2], small[0]))
    assert np.corrcoef(own.ravel(), kept.ravel())[0, 1] > 0.7  # where "style" would turn colours round


def test_regions_stand_still(clip, net):
    mask = np.zeros((64, 96), np.uint8)
    mask[:, :48] = 255
    net.stylize_video("clip.avi", "out.avi", regions=[(mask, "inverted")], feather=0)
    for before, after in zip(clip, read_frames("out.avi"), strict=True):
        assert np.abs(after - before)[:, 56:].mean() < 6 and np.abs(after - (255 - before))[:, :40].mean() < 6


@pytest.mark.parametrize("suffix", VIDEO_SUFFIXES)
def test_formats(clip, net, suffix):
    told = []
    written = net.stylize_video("clip.avi", f"out{suffix}", "inverted", report=lambda *done: told.append(done))
    assert written == (96, 64, FRAMES, RATE) and told == [(count, FRAMES) for count in range(1, FRAMES + 1)]
    assert max(differences(read_frames(f"out{suffix}"), [255 - frame for frame in clip])) < 10


def test_an_odd_side_loses_a_pixel(net):
    pages = [Image.fromarray(photograph(33, 25, seed)) for seed in range(2)]
    pages[0].save("odd.gif", save_all=True, append_images=pages[1:], duration=100)
    assert net.stylize_video("odd.gif", "out.mp4", "night")[:2] == (32, 24)
    assert read_frames("out.mp4")[0].shape == (24, 32, 3)


@pytest.mark.parametrize("size, limit, expected", [
    ((854, 480), 854, None), ((854, 480), 320, (320, 180)), ((480, 854), 427, (240, 426)), ((900, 3), 300, (300, 2)),
])  # fmt: skip
def test_smaller_sizes_are_even_and_within_the_limit(size, limit, expected):
    assert _reduced(size, limit) == expected


def test_a_moving_gif_becomes_a_video(net):
    pages = [Image.fromarray(photograph(64, 48, seed)) for seed in range(3)]
    pages[0].save("moving.gif", save_all=True, append_images=pages[1:], duration=100)
    assert cli.main(["stylize", "moving.gif", "-o", "out.mp4", "--style", "night"]) == 0
    assert len(read_frames("out.mp4")) == 3


def test_steady_paint_holds_still_where_the_video_does(clip):
    still, first, second = (np.full((48, 64, 3), grey, np.uint8) for grey in (100, 40, 90))
    moving = still.copy()
    moving[:, :24] += 60
    steadier = Steadier()
    np.testing.assert_array_equal(steadier.hold(still, first), first)
    np.testing.assert_array_equal(steadier.hold(still, second), 50)  # 0.8 x 40 + 0.2 x 90
    np.testing.assert_array_equal(steadier.hold(still, second), 58)
    held = steadier.hold(moving, first)  # 0.8 x 58 + 0.2 x 40 where it is still
    assert (held[:, :24] == 40).all() and (held[:, 32:] == 54).all()
    small = Steadier()
    small.hold(still, first[:24, :32])
    np.testing.assert_array_equal(small.hold(still + 4, second[:24, :32]), round(90 - 50 * 0.8 / np.e))


def test_steady_is_an_option_of_videos(clip, capfd):
    write_clip("still.avi", [photograph(96, 64)] * 3 + [255 - photograph(96, 64)])
    assert cli.main(["stylize", "still.avi", "-o", "out.avi", "--style", "night", "--steady"]) == 0
    assert len(read_frames("out.avi")) == 4
    assert cli.main(["stylize", "photo.png", "-o", "out.png", "--style", "night", "--steady"]) == 2
    assert capfd.readouterr().err == "keras-stylegan: `--steady` is of videos alone. Received: photo.png\n"


@pytest.mark.parametrize(
    "call, message",
    [
        (["missing.mp4", "-o", "out.mp4"], "missing.mp4: No such file or directory"),
        (["text.mp4", "-o", "out.mp4"], "text.mp4: the file is no video that can be read"),
        (["empty.mp4", "-o", "out.mp4"], "empty.mp4: the file is no video that can be read"),
        (["cut.avi", "-o", "out.mp4"], "cut.avi: the video is damaged: "),
        (["clip.avi", "-o", "out.png"], "out.png: the suffix of a video must be one of .mp4, .mov, .mkv, .avi, .webm"),
        (["clip.avi", "-o", "-"], "-: the suffix of a video must be one of"),
        (["clip.avi", "-o", "./clip.avi"], "clip.avi: the output would overwrite its own input"),
        (["clip.avi", "-o", "no/out.mp4"], "no/out.mp4: the output's folder does not exist"),
        (["clip.avi", "photo.png", "-o", "out"], "a call paints one video, and nothing else. Received: 2 inputs"),
        (["assets", "-o", "out.mp4"], "a call paints one video, and nothing else. Received: the folder assets"),
        (["photo.png", "-o", "out.mp4"], "out.mp4: a video is made of a video. Received: photo.png"),
        (["-", "-o", "out.mp4"], "-: No such file or directory"),
        (["clip.avi", "-o", "out.mp4", "--max-size", "1"], "`max_size` must be a whole number from 2. Received"),
        (["clip.avi", "-o", "out.mp4", "--max-pixels", "99"], "clip.avi: a picture may have at most 99 pixels"),
        (["clip.avi", "-o", "out.mp4", "--strength", "2"], "`strength` must be a number from 0 to 1"),
    ],
)
def test_mistakes_are_named_and_leave_nothing(capfd, call, message):
    pathlib.Path("text.mp4").write_text("no video")
    pathlib.Path("empty.mp4").touch()
    cut_clip("clip.avi", "cut.avi")
    assert cli.main(["stylize", *call, "--style", "night"]) == 2
    error = capfd.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not [file for file in pathlib.Path().iterdir() if "out" in file.name]


def test_what_was_there_stays_after_a_mistake(net):
    cut_clip("clip.avi", "cut.avi")
    pathlib.Path("out.avi").write_text("here before")
    with pytest.raises(ValueError, match="damaged"):
        net.stylize_video("cut.avi", "out.avi", "night")
    assert pathlib.Path("out.avi").read_text() == "here before"


def test_a_video_without_frames(monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", EmptyCapture)
    with Video("clip.avi") as video, pytest.raises(ValueError, match=r"^clip.avi: the video gives no frames"):
        list(video.frames())
    with pytest.raises(ValueError, match="a video has at least one frame"), write_video("out.avi", RATE):
        pass


class EmptyCapture:
    """What OpenCV makes of a header with nothing behind it."""

    def __init__(self, source):
        pass

    def isOpened(self):
        return True

    def get(self, what):
        return 0.0

    def read(self):
        return False, None

    def release(self):
        pass


def test_a_video_that_was_not_written_whole_is_a_mistake(net, monkeypatch):
    write = cv2.VideoWriter

    class FullDisk:
        def __init__(self, *arguments):
            self.writer, self.left = write(*arguments), 2

        def isOpened(self):
            return True

        def write(self, frame):
            self.left -= 1
            if self.left >= 0:
                self.writer.write(frame)

        def release(self):
            self.writer.release()

    monkeypatch.setattr(cv2, "VideoWriter", FullDisk)
    with pytest.raises(ValueError, match="out.avi: the video could not be written whole"):
        net.stylize_video("clip.avi", "out.avi", "night")
    assert not list(pathlib.Path().glob("*out*"))


def test_without_opencv_it_says_what_to_install(monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert cli.main([*STYLIZE, "--style", "night"]) == 2
    assert capfd.readouterr().err == (
        "keras-stylegan: videos and cameras need OpenCV: pip install 'keras_stylegan[camera]'\n"
    )
