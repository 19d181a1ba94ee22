"""Regions: masks of every kind, what stays, overlaps, seams; and the command's arguments for them."""

import argparse
import io
import json

import numpy as np
import pytest
from PIL import Image
from stand_in import STYLES, StandInRuntime, photograph, stand_in

import keras_stylegan
from keras_stylegan import cli, pretrained
from keras_stylegan.commands.painting import add_painting_arguments, parse_painting, parse_picture
from keras_stylegan.inference import Stylizer
from keras_stylegan.inference.regions import Outside

NAMES = [style["name"] for style in STYLES]
PHOTO = photograph(60, 48)
LEFT = np.zeros((48, 60), np.uint8)
LEFT[:, :30] = 255


@pytest.fixture
def net():
    return Stylizer(StandInRuntime(), NAMES, working_size=64)


def painted(net, regions, photo=PHOTO, **options):
    return np.asarray(net.stylize(photo, regions=regions, **options), int)


def mask_forms(tmp_path):
    path = tmp_path / "mask.png"
    Image.fromarray(LEFT).save(path)
    transparent = np.dstack([np.full((48, 60, 3), 99, np.uint8), LEFT])
    return [path, str(path), path.read_bytes(), Image.fromarray(LEFT), LEFT, LEFT > 0, LEFT / 255, transparent]


def test_every_form_of_a_mask_paints_the_same(net, tmp_path):
    night = stand_in(PHOTO, [0, 0, 1], 1)
    results = [painted(net, [(mask, "night")]) for mask in mask_forms(tmp_path)]
    for result in results:
        np.testing.assert_array_equal(result, results[0])
    assert np.abs(results[0][:, :20] - night[:, :20]).max() <= 2
    np.testing.assert_array_equal(results[0][:, 44:], PHOTO[:, 44:])


def test_inside_and_outside_fill_the_picture(net):
    result = painted(net, [(LEFT, {"night": 1}), (Outside(LEFT), {"red_wash": 1, "night": 1})], feather=0)
    assert np.abs(result[:, :30] - stand_in(PHOTO, [0, 0, 1], 1)[:, :30]).max() <= 1
    assert np.abs(result[:, 30:] - stand_in(PHOTO, [0, 0.5, 0.5], 1)[:, 30:]).max() <= 1


def test_edges_are_soft_and_their_width_is_the_feather(net):
    white = np.full((200, 200, 3), 255, np.uint8)
    half = np.zeros((200, 200), np.uint8)
    half[:, :100] = 255
    for feather, tall in ((0.02, 4), (0.1, 20)):
        row = painted(net, [(half, "inverted")], white, feather=feather, stroke_size=0.32)[100, :, 0]
        steps = np.diff(row)
        assert steps.min() >= 0 and steps.max() < 255 / tall and np.count_nonzero(steps) > 2 * tall
        assert row[0] == 0 and row[-1] == 255


def test_the_alpha_of_the_photograph_is_a_mask(net):
    photo = np.dstack([PHOTO, LEFT])
    result = painted(net, [("alpha", "night")], photo)
    np.testing.assert_array_equal(result[..., 3], LEFT)
    np.testing.assert_array_equal(result[:, 44:, :3], PHOTO[:, 44:])
    assert np.abs(result[:, :20, :3] - stand_in(PHOTO, [0, 0, 1], 1)[:, :20]).max() <= 2


def test_large_photographs_keep_their_pixels_where_nothing_is_painted(net):
    large = photograph(400, 320)
    mask = np.zeros((320, 400), np.uint8)
    mask[:, :160] = 255
    for color in ("style", "luma", "match"):
        result = painted(net, [(mask, "night")], large, color=color)
        np.testing.assert_array_equal(result[:, 240:], large[:, 240:])
    assert net.runtime.sizes[-1] == (64, 80)
    assert painted(net, [(mask, "night")], large, size=(100, 80)).shape == (80, 100, 3)


def test_a_small_region_is_softened_less():
    """A fortieth of the picture: in its middle it is painted at four fifths of what it would be as all of it."""
    net, photo = Stylizer(StandInRuntime(), NAMES, working_size=64), photograph(96, 96)
    mask = np.zeros((96, 96), np.uint8)
    mask[40:56, 40:56] = 255
    result = painted(net, [(mask, "night")], photo)
    whole = np.asarray(net.stylize(photo, "night"), int)
    left = [np.abs(picture[46:50, 46:50] - photo[46:50, 46:50]).mean() for picture in (result, whole)]
    assert 0.75 * left[1] < left[0] < 0.9 * left[1]


@pytest.mark.parametrize("brightest, said", [(1, "refused"), (31, "refused"), (60, "faint"), (255, "")])
def test_masks_that_are_black_by_mistake(net, brightest, said, recwarn):
    mask = np.where(LEFT > 0, brightest, 0).astype(np.uint8)
    if said == "refused":
        with pytest.raises(ValueError, match=f"255 is white.*mask 1, whose brightest pixel is {brightest}"):
            painted(net, [(mask, "night")])
        return
    painted(net, [(mask, "night")])
    assert [f"brightest pixel is {brightest} of 255" in str(w.message) for w in recwarn] == [True] * (said == "faint")


@pytest.mark.parametrize("brightness", [128, 192])
def test_a_grey_mask_is_as_much_of_the_painting(net, brightness):
    mask = np.full((48, 60), brightness, np.uint8)
    whole, result = np.asarray(net.stylize(PHOTO, "night"), float), painted(net, [(mask, "night")])
    expected = PHOTO + (whole - PHOTO) * brightness / 255
    assert np.abs(result - expected).max() <= 2


def test_a_mask_that_vanishes_when_it_is_resized_is_empty(net):
    mask = np.zeros((480, 600), np.uint8)
    mask[100, 100] = 255
    with pytest.raises(ValueError, match="mask 1 at 60x48, whose brightest pixel is"):
        painted(net, [(mask, "night")])


def test_own_styles_in_regions():
    net = Stylizer(StandInRuntime(), NAMES, 64, {"mine": np.array([0, 1, 0], np.float32)})
    result = painted(net, [(LEFT, {"mine": 1, "night": 3}), (Outside(LEFT), "inverted")], feather=0)
    assert np.abs(result[:, :30] - stand_in(PHOTO, [0, 0.25, 0.75], 1)[:, :30]).max() <= 1
    assert np.abs(result[:, 30:] - stand_in(PHOTO, [1, 0, 0], 1)[:, 30:]).max() <= 1


def test_masks_of_another_size_are_resized_and_that_is_said(net):
    with pytest.warns(UserWarning, match="resized to the photograph's 60x48. Received: 600x480"):
        result = painted(net, [(np.kron(LEFT, np.ones((10, 10), np.uint8)), "night")])
    assert np.abs(result - painted(net, [(LEFT, "night")])).max() <= 6


def test_overlaps_are_mixed_and_that_is_said(net):
    everywhere = np.full((48, 60), 255, np.uint8)
    with pytest.warns(UserWarning, match="the masks overlap on 50.0% of the picture"):
        result = painted(net, [(LEFT, "night"), (everywhere, "inverted")], feather=0)
    mixed = (stand_in(PHOTO, [0, 0, 1], 1).astype(int) + stand_in(PHOTO, [1, 0, 0], 1)) / 2
    assert np.abs(result[:, :30] - mixed[:, :30]).max() <= 2
    assert np.abs(result[:, 30:] - stand_in(PHOTO, [1, 0, 0], 1)[:, 30:]).max() <= 1


@pytest.mark.parametrize(
    "options, message",
    [
        ({}, "give either `styles`.* or `regions`. Received: neither"),
        ({"styles": "night", "regions": [(LEFT, "night")]}, "Received: both"),
        ({"regions": []}, "`regions` must be pairs of a mask and its styles"),
        ({"regions": [LEFT]}, "`regions` must be pairs"),
        ({"regions": 5}, "`regions` must be pairs"),
        (
            {"regions": [(LEFT * 0, "night")]},
            "`regions` must have masks that mark at least one pixel.*mask 1, whose brightest pixel is 0",
        ),
        ({"regions": [(LEFT, "nihgt")]}, "unknown style.*night"),
        ({"regions": [("alpha", "night")]}, "the mask `alpha` needs a photograph with transparency"),
        ({"regions": [(LEFT * 2.0, "night")]}, "a mask as an array must .* float in"),
        ({"regions": [(LEFT, "night")], "feather": -1}, "`feather` must be a number from 0 to 1"),
    ],
)
def test_mistakes_are_named(net, options, message):
    with pytest.raises(ValueError, match=message):
        net.stylize(PHOTO, **options)


PAIRS = [("vangogh_starry_night", "chinese_landscape_ink_1"), ("hokusai_great_wave", "munch_scream")]


@pytest.mark.parametrize("pair", [*PAIRS, ("cartoon_big_buck_bunny_2", None), ("turner_venice_from_the_porch", None)])
def test_no_seam_shows_between_the_packaged_styles(pair):
    """Along a hard mask's border the picture is no rougher than the same place on either side alone."""
    real, sample = keras_stylegan.load(), pretrained.sample_photographs()[0].read_bytes()
    photo = np.asarray(Image.open(io.BytesIO(sample)).convert("RGB").resize((256, 192)))
    half = np.zeros((192, 256), np.uint8)
    half[:, :128] = 255
    sides = zip((half, Outside(half)), pair, strict=True)
    both = painted(real, [(mask, style) for mask, style in sides if style], photo)
    alone = [np.asarray(real.stylize(photo, style) if style else photo, int) for style in pair]

    def roughness(picture):
        return np.abs(np.diff(picture[:, 120:137].astype(float), axis=1)).mean()

    assert roughness(both) <= 1.2 * max(roughness(picture) for picture in alone)
    assert np.abs(both[:, :96] - alone[0][:, :96]).mean() < np.abs(both[:, :96] - alone[1][:, :96]).mean()
    assert np.abs(both[:, 160:] - alone[1][:, 160:]).mean() < np.abs(both[:, 160:] - alone[0][:, 160:]).mean()


# --- the command, on the packaged network


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(PHOTO).save("photo.png")
    Image.fromarray(LEFT).save("mask.png")
    Image.fromarray(LEFT[:24, ::2]).save("small.png")
    Image.new("L", (60, 48), 255).save("full.png")


INK, WAVE = "chinese_landscape_ink_1", "hokusai_great_wave"


def test_masks_and_regions_on_the_command_line(files, capsys):
    call = ["stylize", "photo.png", "-o", "out.png"]
    assert cli.main([*call, "--mask", "mask.png", "--style-inside", INK, "--style-outside", WAVE]) == 0
    first = np.asarray(Image.open("out.png"), int)
    assert cli.main([*call, "--region", f"mask.png:{INK}=2", "--json"]) == 0
    record = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert record["regions"] == [{"mask": "mask.png", "styles": {INK: 2.0}}] and "styles" not in record
    second = np.asarray(Image.open("out.png"), int)
    np.testing.assert_array_equal(second[:, 40:], PHOTO[:, 40:])
    assert np.abs(first[:, 40:] - PHOTO[:, 40:]).mean() > 10
    assert cli.main([*call, "--mask", "small.png", "--style-outside", WAVE, "--feather", "0.05"]) == 0
    assert "note: photo.png: masks are resized to the photograph's 60x48" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "give one of `--style`"),
        (["--style", INK, "--region", f"mask.png:{INK}"], "more than one"),
        (["--mask", "mask.png"], "`--mask` goes with `--style-inside`"),
        (["--style", INK, "--feather", "0.1"], "`--feather` softens the edges of `--mask` and `--region`"),
        (["--style-inside", INK], "`--mask` goes with `--style-inside`"),
        (["--region", INK], "`--region` must be MASK:NAME"),
        (["--region", "mask.png:nothing"], "unknown style"),
        (
            ["--mask", "full.png", "--style-inside", INK, "--style-outside", WAVE],
            "Received: the outside of full.png, whose brightest pixel is 0",
        ),
        (["--style", INK, "--stroke-size", "2", "--tile"], "`tile` paints every pixel: give it without `stroke_size`"),
        (["--region", f"missing.png:{INK}"], "missing.png: No such file"),
        (["--style", INK, "--bank", "missing"], "missing: No such file"),
        (["--style", INK, "--bank", "mask.png"], "mask.png: not a bank of styles"),
        (["--style-image", "notes.txt"], "`--style-image` must be a picture"),
        (["--style-image", "mask.png=much"], "with a number as weight"),
    ],
)
def test_mistakes_on_the_command_line(files, capfd, arguments, message):
    assert cli.main(["stylize", "photo.png", "-o", "out.png", *arguments]) == 2
    error = capfd.readouterr().err
    assert message in error and error.count("\n") == 1


def test_a_mistake_in_the_call_is_none_of_a_picture(files, capfd):
    Image.new("L", (60, 48)).save("black.png")
    for region in (f"black.png:{INK}", f"missing.png:{INK}", f"photo.txt:{INK}"):
        assert cli.main(["stylize", "photo.png", "mask.png", "-o", "out/", "--region", region]) == 2
        assert capfd.readouterr().err.count("\n") == 1
    assert (
        cli.main(["stylize", "photo.png", "mask.png", "-o", "out/", "--style", INK, "--stroke-size", "2", "--tile"])
        == 2
    )
    assert capfd.readouterr().err.count("\n") == 1


def test_pictures_are_mixed_with_named_styles():
    parser = argparse.ArgumentParser()
    add_painting_arguments(parser)
    call = ["--style", f"{INK}=.5", "--style-image", "my.jpg=.5", "--style-image", "other.png"]
    painting = parse_painting(parser.parse_args(call))
    assert painting.styles == {INK: 0.5, "my.jpg": 0.5, "other.png": 1.0}
    assert painting.pictures() == ["my.jpg", "other.png"]
    with pytest.raises(ValueError, match="`--style-image` must name every picture once. Received: my.jpg twice"):
        parse_painting(parser.parse_args(["--style-image", "my.jpg", "--style-image", "my.jpg=2"]))


def test_pictures_as_styles_are_parsed(tmp_path):
    odd = tmp_path / "a=b.png"
    odd.touch()
    assert parse_picture("a.jpg") == ("a.jpg", 1.0)
    assert parse_picture("a.jpg=.5") == ("a.jpg", 0.5)
    assert parse_picture(str(odd)) == (str(odd), 1.0)
