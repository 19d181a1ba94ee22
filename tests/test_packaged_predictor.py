"""The style predictor that ships: what it makes of pictures that nobody has trained it on."""

import numpy as np
import pytest
from PIL import Image

import keras_stylegan
from keras_stylegan import pretrained
from keras_stylegan.metrics import colour_distance

# Colour of the ground and of the strokes, and how they lie.
PICTURES = {"embers": ((60, 10, 5), (250, 140, 20), 0), "sea": ((8, 30, 90), (120, 200, 240), 90)}


@pytest.fixture(scope="module")
def styles(tmp_path_factory):
    """Files of strokes, drawn here."""
    folder, files = tmp_path_factory.mktemp("styles"), {}
    rows, columns = np.mgrid[:256, :256]
    for name, (ground, stroke, angle) in PICTURES.items():
        along = rows if angle else columns
        across = columns if angle else rows
        share = np.clip(np.sin(across / 5 + 2 * np.sin(along / 23)) * 2 + 0.5, 0, 1)[..., None]
        files[name] = folder / f"{name}.png"
        Image.fromarray(np.uint8((1 - share) * ground + share * np.array(stroke))).save(files[name])
    return files


@pytest.fixture(scope="module")
def network():
    return keras_stylegan.load()


def test_a_picture_takes_on_the_colours_of_its_style_picture(network, styles):
    photograph = Image.open(pretrained.sample_photographs()[0]).convert("RGB").resize((256, 192))
    style_pixels = {name: np.asarray(Image.open(file)) for name, file in styles.items()}
    style_pixels = {name: picture[::4, ::4] for name, picture in style_pixels.items()}
    painted = {name: np.asarray(network.stylize(photograph, str(file)))[::4, ::4] for name, file in styles.items()}
    for name, picture in painted.items():
        (other,) = styles.keys() - {name}
        own = colour_distance(picture, style_pixels[name])
        assert own < colour_distance(picture, style_pixels[other])
        assert own < 0.9 * colour_distance(np.asarray(photograph)[::4, ::4], style_pixels[name])


def test_a_picture_in_memory_is_a_style_as_its_file_is(network, styles):
    photograph = Image.open(pretrained.sample_photographs()[0]).convert("RGB").resize((64, 48))
    expected = np.asarray(network.stylize(photograph, styles["sea"]))
    with Image.open(styles["sea"]) as picture:
        for style in (picture, np.asarray(picture)):
            np.testing.assert_array_equal(np.asarray(network.stylize(photograph, style)), expected)
        floats = np.asarray(picture) / 255
    hint = "Received: float64 of shape \\(256, 256, 3\\); floats x in \\[0, 1\\] are \\(x \\* 255\\).*uint8'\\)$"
    for call in ((photograph, floats), (floats, styles["sea"])):
        with pytest.raises(ValueError, match=hint):
            network.stylize(*call)
    with pytest.raises(ValueError, match="`styles`: a style picture must have at least 16 pixels"):
        network.stylize(photograph, np.zeros((8, 8, 3), "uint8"))
    with pytest.raises(ValueError, match="`styles` must be the name of a style") as caught:
        network.stylize(photograph, [list(range(1000))])
    assert len(str(caught.value)) < 200


def test_every_style_that_begins_with_the_name_is_offered(network):
    with pytest.raises(ValueError) as caught:
        network.check("vangogh")
    begun = [name for name in network.styles if name.startswith("vangogh")]
    assert "vangogh_starry_night" in begun and f"Close to it: {', '.join(begun)}" in str(caught.value)


def test_vectors_are_those_of_their_pictures(network, styles):
    vectors = {name: network.palette.predicted(file) for name, file in styles.items()}
    spread = np.std([network.palette.predicted(file) for file in styles.values()], axis=0).mean()
    assert spread > 0.1 * np.std(vectors["sea"])
    again = network.palette.predicted(styles["sea"])
    np.testing.assert_array_equal(again, vectors["sea"])


def test_network_and_predictor_stay_within_their_size():
    entry = pretrained.network_entry("multistyle")
    sizes = [(pretrained.assets() / record["file"]).stat().st_size for record in (entry["litert"], entry["predictor"])]
    assert sum(sizes) <= 4 * 10**6
