"""Pictures and animations of a run's generator, from Python and from the command line."""

import json
import sys

import keras
import numpy as np
import pytest
from PIL import Image

from keras_stylegan import cli
from keras_stylegan.inference import animations
from keras_stylegan.inference.animations import check_animation, formats, write_animation
from keras_stylegan.inference.generator import PictureGenerator, open_generator
from keras_stylegan.latents import interpolate_latents, seeded_latents, spherical
from keras_stylegan.networks import DCGANGenerator, StyleGANGenerator
from keras_stylegan.provenance import read_provenance
from keras_stylegan.systems.checks import check_run
from keras_stylegan.xmp_files import read_xmp


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run directory as far as generating goes."""
    folder = tmp_path_factory.mktemp("run")
    generator = DCGANGenerator((8, 12), latent_dim=4, filters=4, num_classes=2)
    generator.build()
    # Untrained pictures are grey; these are not.
    for variable in generator.trainable_variables:
        variable.assign(np.random.default_rng(0).normal(size=variable.shape))
    generator.save(folder / "generator.keras")
    (folder / "config.json").write_text(json.dumps({"facts": {"classes": ["mountain", "sea"]}}))
    return folder


def test_latents_by_seed_do_not_depend_on_each_other():
    latents = seeded_latents([3, 0, 3], 5)
    np.testing.assert_array_equal(latents[0], latents[2])
    np.testing.assert_array_equal(seeded_latents([0], 5)[0], latents[1])
    assert latents.dtype == np.float32
    with pytest.raises(ValueError, match="`seeds` must be integers from 0 on, at least one. Received: seeds=\\[-1\\]"):
        seeded_latents([-1], 5)


def test_great_circles():
    one, other = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    np.testing.assert_allclose(spherical(one, other, 1 / 3), [np.cos(np.pi / 6), np.sin(np.pi / 6)], atol=1e-7)
    np.testing.assert_allclose(spherical(one, 3 * one, 0.5), [2.0, 0.0])
    stops = seeded_latents([0, 1, 2], 6)
    looped, straight = interpolate_latents(stops, 4), interpolate_latents(stops, 4, loop=False)
    assert len(looped) == 12 and len(straight) == 9
    np.testing.assert_allclose(looped[::4], stops, atol=1e-6)
    np.testing.assert_allclose(straight[-1], stops[-1], atol=1e-6)
    for wrong in (stops[:1], 4), (stops, 0):
        with pytest.raises(ValueError, match="`latents` must be at least two and `steps` at least 1. Received"):
            interpolate_latents(*wrong)


def test_classes_by_name(run):
    generator = open_generator(run)
    assert generator.classes == ["mountain", "sea"]
    made = generator.generate([4, 7, 5])
    for seed, picture, label in ((4, made[0], "mountain"), (7, made[1], "sea"), (5, made[2], "sea")):
        np.testing.assert_array_equal(picture, generator.generate([seed])[0])
        np.testing.assert_array_equal(picture, generator.generate([seed], label)[0])
    assert (generator.generate([5], "mountain")[0] != made[2]).any()
    with pytest.raises(
        ValueError, match="`label` must be one of mountain, sea. Received: label=montain. Did you mean m"
    ):
        generator.generate([0], "montain")
    with pytest.raises(
        ValueError, match="`truncation` must be 1: .* has no style to truncate. Received: truncation=0.7"
    ):
        generator.generate([0], truncation=0.7)
    with pytest.raises(ValueError, match="`mix` needs a style-based generator"):
        generator.mix([0], [1], (0, 1))
    with pytest.raises(ValueError, match="`classes` must name the generator's 2 classes. Received"):
        PictureGenerator(generator.network, ["one"])


def test_names_of_classes_are_not_believed_blindly(run, tmp_path):
    (tmp_path / "mine.keras").write_bytes((run / "generator.keras").read_bytes())
    config = tmp_path / "config.json"
    for foreign in ('{"facts": []}', '["classes"]', '{"facts": {"classes": "abc"}}'):
        config.write_text(foreign)
        assert open_generator(tmp_path / "mine.keras").classes == ["0", "1"]
    config.write_text('{"facts"')
    with pytest.raises(ValueError, match="config.json: not a JSON file, though the names"):
        open_generator(tmp_path / "mine.keras")


def test_truncation_of_a_style_based_generator():
    network = StyleGANGenerator((4, 4), latent_dim=4, style_dim=4, mapping_layers=1, filters=4)
    network.build()
    generator = PictureGenerator(network)
    mean = generator.generate([0, 1], truncation=0)
    np.testing.assert_array_equal(mean[0], mean[1])
    with pytest.raises(ValueError, match="`truncation` must be from 0 to 2. Received: truncation=2.5"):
        generator.generate([0], truncation=2.5)
    with pytest.raises(ValueError, match="`label` must be None: the generator has no classes"):
        generator.generate([0], "sea")


def test_mixed_styles(tmp_path, capsys):
    network = StyleGANGenerator((8, 8), latent_dim=4, style_dim=4, mapping_layers=1, filters=4)
    network.build()
    rng = np.random.default_rng(0)
    for layer in (layer for stage in network.stages for layer in stage):
        layer.noise_strength.assign(rng.normal(size=layer.noise_strength.shape))
    network.save(tmp_path / "generator.keras")
    generator = PictureGenerator(network)
    grid = generator.mix([0, 1], [2, 3, 4], (1, 4))
    assert grid.shape == (3, 4, 8, 8, 3) and (grid[0, 0] == 255).all()
    np.testing.assert_array_equal(grid[0, 1:], generator.generate([2, 3, 4]))
    np.testing.assert_array_equal(grid[1:, 0], generator.generate([0, 1]))
    assert (grid[1, 1] != grid[1, 2]).any() and (grid[1, 1] != grid[2, 1]).any()
    # With all layers of the column, the row has no say.
    whole = generator.mix([0, 1], [2, 3], (0, 4))
    np.testing.assert_array_equal(whole[1], [generator.generate([0])[0], *whole[0, 1:]])
    command = ["mix", "--from", str(tmp_path), "--rows", "0", "--columns", "1-2", "-o", str(tmp_path / "grid.png")]
    assert cli.main(command) == 0
    with Image.open(tmp_path / "grid.png") as picture:
        assert picture.size == (24, 16)
    for layers, message in (
        ("0-8", "0 <= first < last <= 4"),
        ("1", "`--layers` must be A-B, two whole numbers"),
        ("a-b", "two whole numbers with A at most B. Received: a-b"),
        ("3-1", "two whole numbers with A at most B. Received: 3-1"),
    ):
        assert cli.main([*command, "--layers", layers]) == 2
        assert message in capsys.readouterr().err


def test_generate_command(run, tmp_path, capsys):
    out = tmp_path / "pictures"
    arguments = ["generate", "--from", str(run), "--class", "sea", "--seed", "7", "--n", "2"]
    assert cli.main([*arguments, "-o", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["seed0007.png", "seed0008.png"]
    expected = open_generator(run).generate([7, 8], "sea")
    with Image.open(out / "seed0008.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), expected[1])
    assert cli.main([*arguments, "-o", str(tmp_path / "grid.png")]) == 0
    (tmp_path / "v1.0").mkdir()
    assert cli.main([*arguments, "-o", str(tmp_path / "v1.0")]) == 0
    assert {file.name for file in (tmp_path / "v1.0").iterdir()} == {file.name for file in out.iterdir()}
    with Image.open(tmp_path / "grid.png") as grid:
        assert grid.size == (24, 8)
    assert read_provenance(read_xmp(out / "seed0008.png")).settings == "seed 8, class sea"
    assert cli.main(["generate", "--from", str(run), "--n", "2", "--seed", "7", "-o", str(tmp_path / "own")]) == 0
    assert (tmp_path / "own" / "seed0007.png").read_bytes() == (out / "seed0007.png").read_bytes()
    assert cli.main(["generate", "--from", str(run), "--seeds", "2,7-8,0", "-o", str(tmp_path / "own")]) == 0
    assert [path.name for path in sorted((tmp_path / "own").iterdir())] == [
        f"seed000{seed}.png" for seed in (0, 2, 7, 8)
    ]
    assert cli.main(["generate", "--from", str(run), "--n", "6", "--seed", "1", "-o", str(tmp_path / "grid.png")]) == 0
    with Image.open(tmp_path / "grid.png") as grid:  # a class a row
        rows = np.asarray(grid).reshape(2, 8, 3, 12, 3).swapaxes(1, 2)
    pictures = open_generator(run).generate(range(1, 7))
    np.testing.assert_array_equal(rows, [pictures[1::2], pictures[::2]])
    capsys.readouterr()


def test_many_pictures_say_how_they_go(run, tmp_path, capfd, all_lines_of_progress):
    assert cli.main(["generate", "--from", str(run), "--n", "18", "-o", str(tmp_path / "grid.png")]) == 0
    lines = [line.partition("  ")[0] for line in capfd.readouterr().err.splitlines()]
    made = ["generating: 16 of 18", "generating: 18 of 18"]
    assert lines == [*made, *(f"painting: {number} of 18" for number in range(1, 19))]


def test_more_pictures_than_are_in_memory_at_once(run, tmp_path, monkeypatch, capsys):
    from keras_stylegan.commands import generate, seeds

    expected = open_generator(run).generate(range(5))
    monkeypatch.setattr(seeds, "MOST", 4)
    monkeypatch.setattr(generate, "_AT_ONCE", 2)
    assert cli.main(["generate", "--from", str(run), "--n", "5", "-o", str(tmp_path / "out")]) == 0
    files = sorted((tmp_path / "out").iterdir())
    assert capsys.readouterr().out.splitlines() == [str(file) for file in files]
    np.testing.assert_array_equal([np.asarray(Image.open(file)) for file in files], expected)


def test_interpolate_command(run, tmp_path, capsys):
    for name in ("walk.gif", "walk.webp"):
        command = ["interpolate", "--from", str(run), "--seeds", "1,2", "--frames", "3", "--class", "sea"]
        assert cli.main([*command, "-o", str(tmp_path / name)]) == 0
        with Image.open(tmp_path / name) as animation:
            assert animation.n_frames == 6 and animation.size == (12, 8)
    assert cli.main([*command, "--no-loop", "-o", str(tmp_path / "way.gif")]) == 0
    with Image.open(tmp_path / "way.gif") as animation:
        assert animation.n_frames == 4
    expected = open_generator(run).generate([1, 2], "sea")
    with Image.open(tmp_path / "walk.webp") as animation:  # lossless
        for frame, picture in ((0, expected[0]), (3, expected[1])):
            animation.seek(frame)
            np.testing.assert_array_equal(np.asarray(animation.convert("RGB")), picture)
    capsys.readouterr()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["generate", "--styles", "s", "--truncation", "9", "-o", "x"], "`--truncation` is for pictures of seeds, not"),
        (["generate", "--styles", "s", "--class", "x", "-o", "x"], "`--class` is for pictures of seeds, not of"),
        (["directions", "--styles", "s", "--seed", "3", "-o", "x.png"], "`--seed` is for pictures of seeds, not of"),
        (["mix", "--rows", "1" + ",1" * 200, "--columns", "1" + ",1" * 200, "-o", "x.png"], "at most 10000 pictures"),
        (["generate", "--n", "0", "-o", "x"], "`--n` must be positive. Received: 0"),
        (["generate", "--n", "100000000000", "-o", "x.png"], "`--n` must make at most 10000 pictures at once"),
        (["interpolate", "--frames", "9999999999", "-o", "x.gif"], "`--frames` must make at most 10000 pictures"),
        (["generate", "--seed", "-3", "-o", "x"], "`--seed` must not be negative. Received: -3"),
        (["generate", "--class", "see", "-o", "x"], "Did you mean sea?"),
        (["generate", "--truncation", "0.5", "-o", "x"], "`truncation` must be 1"),
        (["generate", "-o", "x.tga"], "x.tga"),
        (["interpolate", "-o", "x.avi"], "x.avi: an animation must be one of .gif, .webp"),
        (["interpolate", "--seeds", "1,b", "-o", "x.gif"], "`--seeds` must be whole numbers and ranges of them with"),
        (["generate", "--seeds", "3-1", "-o", "x"], "such as 0-3,85. Received: 3-1"),
        (["generate", "--seeds", "-3", "-o", "x"], "such as 0-3,85. Received: -3"),
        (
            ["generate", "--seeds", "0-" + "9" * 30, "-o", "x"],
            "`--seeds` must name at most 1000000 seeds. Received: 0-9",
        ),
        (["generate", "--seeds", "0-3", "--n", "16", "-o", "x"], "`--seeds` takes the place of `--n`. Received: both"),
        (
            ["generate", "--seeds", "0-3", "--seed", "0", "-o", "x"],
            "`--seeds` takes the place of `--seed`. Received: b",
        ),
        (["generate", "--styles", "s", "--seeds", "3", "-o", "x"], "`--seeds` is for pictures of seeds, not of"),
        (["interpolate", "--seeds", "1", "-o", "x.gif"], "`--seeds` must be at least two"),
        (["interpolate", "--fps", "0", "-o", "x.gif"], "`frames_per_second` must be from 0.1 to 50. Received"),
        (["interpolate", "--fps", "inf", "-o", "x.webp"], "`frames_per_second` must be from 0.1 to 50. Received"),
        (["interpolate", "-o", "nowhere/x.gif"], "the output's folder does not exist"),
    ],
)
def test_mistakes_are_one_line(arguments, message, run, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main([arguments[0], "--from", str(run), *arguments[1:]]) == 2
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_no_run_no_pictures(tmp_path, capsys):
    with pytest.raises(ValueError, match="`source` must be the run directory of a GAN, .*, or a packaged one"):
        open_generator(tmp_path)
    other = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    other.save(tmp_path / "generator.keras")
    with pytest.raises(ValueError, match="`source` must hold a generator. Received: .* with Sequential"):
        open_generator(tmp_path)


def test_weights_of_other_projects_are_named_as_such(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for file in ("ffhq.pkl", "net.PTH", "net.pt"):
        (tmp_path / file).write_bytes(b"weights")
        for call in (
            ["generate", "--from", file, "-o", "x"],
            ["export", file, "--format", "tflite", "--out", "x.tflite"],
        ):
            assert cli.main(call) == 2
            said = capsys.readouterr().err
            assert f"Received: {file}; weights of other projects (NVIDIA's pickles, PyTorch's" in said, said
        with pytest.raises(ValueError, match="Received: .*; weights of other projects"):
            check_run(tmp_path / file, "a run", "generator.keras")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the reader leaves its pipes open
def test_movies_show_every_picture_and_say_what_they_are(tmp_path):
    reader = pytest.importorskip("imageio_ffmpeg", reason="comes with the extra `movies`")
    greys = np.array([20, 120, 220, 60, 160], "uint8")
    frames = np.broadcast_to(greys[:, None, None, None], (5, 49, 63, 3))
    write_animation(frames, tmp_path / "walk.mp4", 10.0, "generated")
    assert b"trainedAlgorithmicMedia" in read_xmp(tmp_path / "walk.mp4")
    facts, *shown = reader.read_frames(tmp_path / "walk.mp4")
    assert facts["size"] == (64, 50) and facts["fps"] == pytest.approx(10)  # of even sides
    means = [np.frombuffer(frame, "uint8").mean() for frame in shown]
    np.testing.assert_allclose(means, greys, atol=6)


def test_movies_need_their_extra(monkeypatch):
    monkeypatch.setattr(animations.importlib.util, "find_spec", lambda name: None)
    assert formats() == (".gif", ".webp")
    with pytest.raises(ValueError, match="walk.mp4: an animation must be .* .MP4 comes with the extra `movies`"):
        check_animation("walk.mp4")


def test_works_without_the_package_that_draws_bars(monkeypatch, capsys):
    from keras_stylegan.commands import progress

    monkeypatch.setattr(progress, "LINE_SECONDS", 1e-9)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    with progress.progress_bar("generating", 2) as report:
        report(1)
        report(2)
    assert capsys.readouterr() == ("", "")
