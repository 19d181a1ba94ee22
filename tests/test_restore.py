"""The deep image prior: restored pictures are nearer to the truth, holes alone are filled, the command."""

import os

import keras
import numpy as np
import pytest
from PIL import Image

from keras_stylegan import cli
from keras_stylegan.inference import restoration
from keras_stylegan.models import DeepImagePrior
from keras_stylegan.networks import HourglassNetwork
from keras_stylegan.ops.bicubic import resize_bicubic, upsample_bicubic

SIZE = (36, 44)


def truth():
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype("float32") / 44
    disc = ((y - 0.4) ** 2 + (x - 0.5) ** 2 < 0.06).astype("float32")
    return np.stack([x - 0.5, disc - 0.5, 0.6 - y], -1)


def noisy():
    noise = np.random.default_rng(0).normal(0, 0.3, (*SIZE, 3))
    return np.clip(truth() + noise, -1, 1).astype("float32")


def hole():
    mask = np.zeros(SIZE, "float32")
    mask[10:16, 20:30] = 1
    return mask


def error(picture):
    return float(np.square(picture - truth()).mean())


def prior(observed, task="denoise", **options):
    keras.utils.set_random_seed(0)
    return DeepImagePrior(HourglassNetwork((8, 16), skip_filters=2), observed, task, code_channels=8, **options)


def test_noise_is_removed():
    losses = []
    picture = prior(noisy(), decay=0.95).restore(80, callback=lambda step, loss: losses.append((step, loss)))
    assert picture.shape == (*SIZE, 3) and picture.dtype == np.float32 and np.abs(picture).max() <= 1
    assert error(picture) < 0.4 * error(noisy())
    assert [step for step, _ in losses] == list(range(1, 81))
    assert losses[-1][1] < 0.5 * losses[0][1]


def test_the_result_is_the_running_average_of_shaken_outputs():
    model = prior(noisy(), decay=0.5, jitter=0.3)
    first, second = (np.asarray(model(None, training=True)) for _ in range(2))
    assert np.abs(first - second).max() > 1e-3
    average = np.asarray(model.total) / np.asarray(model.share)
    np.testing.assert_allclose(average, (0.25 * first + 0.5 * second) / 0.75, atol=1e-6)
    np.testing.assert_array_equal(model(None), model(None))


def test_only_the_hole_is_filled_and_what_stands_in_it_does_not_matter():
    mask = hole()[..., None]
    models = [
        prior((truth() * (1 - mask) + colour * mask).astype("float32"), "inpaint", mask=hole()) for colour in (-1, 1)
    ]
    losses = [float(model.compute_loss(y_pred=noisy()[None])) for model in models]
    wanted = np.square(noisy() - truth())[hole() == 0].mean()
    np.testing.assert_allclose(losses, [wanted, wanted], rtol=1e-4)
    picture = models[0].restore(60)
    np.testing.assert_allclose(picture * (1 - mask), truth() * (1 - mask), atol=1e-6)
    assert np.abs(picture - truth())[10:16, 20:30].mean() < 0.25


def test_a_small_picture_becomes_a_large_one_that_shrinks_to_it():
    small = np.asarray(resize_bicubic(truth()[None], (9, 11)))[0]
    model = prior(small, "upscale", decay=0.95)
    large = model.restore(60)
    assert large.shape == (36, 44, 3)
    assert np.abs(np.asarray(resize_bicubic(large[None], (9, 11)))[0] - small).mean() < 0.1
    assert error(large) < 0.05


def test_a_seed_repeats_a_result():
    first, again, other = (prior(noisy(), seed=seed).code.numpy() for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01


def test_bicubic_is_pillows():
    # Far from black and white, where Pillow clips between its two passes.
    pixels = np.random.default_rng(0).integers(80, 176, (12, 17, 3), dtype="uint8")
    ours = np.asarray(resize_bicubic(pixels[None].astype("float32"), (4, 5)))[0]
    pillows = np.asarray(Image.fromarray(pixels).resize((5, 4), Image.Resampling.BICUBIC), "float32")
    np.testing.assert_allclose(ours, pillows, atol=1.05)
    ours = np.asarray(upsample_bicubic(pixels[None].astype("float32"), 4))[0]
    pillows = np.asarray(Image.fromarray(pixels).resize((68, 48), Image.Resampling.BICUBIC), "float32")
    np.testing.assert_allclose(ours[8:-8, 8:-8], pillows[8:-8, 8:-8], atol=1.05)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"observed": noisy()[..., 0]}, "`observed` must have the shape"),
        ({"observed": noisy() * 9}, "`observed` must be in"),
        ({"task": "sharpen"}, "`task` must be one of denoise, inpaint, upscale. Received: 'sharpen'"),
        ({"task": "inpaint"}, "`mask` must be given for inpaint"),
        ({"mask": hole()}, "`mask` must be given for inpaint"),
        ({"task": "inpaint", "mask": hole()[1:]}, "`mask` must have the picture's height and width"),
        ({"task": "inpaint", "mask": hole() * 2}, "`mask` must be from 0 to 1"),
        ({"task": "inpaint", "mask": hole() * 0}, "`mask` must have missing and known pixels"),
        ({"decay": 1.0}, "`decay` must be from 0 to below 1"),
        ({"factor": 0}, "`factor` and `code_channels` must be positive"),
    ],
)
def test_errors_teach(options, message):
    with pytest.raises(ValueError, match=message):
        DeepImagePrior(HourglassNetwork((4,)), **{"observed": noisy(), **options})


def test_steps_must_be_positive():
    with pytest.raises(ValueError, match="`steps` and `rate` must be positive. Received: steps=0"):
        prior(noisy()).restore(0)


@pytest.fixture()
def files(tmp_path):
    pictures = {"photo": (noisy() + 1) * 127.5, "mask": np.repeat(hole()[..., None], 3, -1) * 255, "wide": [[[9] * 3]]}
    pictures["clear"] = np.stack([0 * hole()] * 3 + [hole() * 255], -1)  # black, and the hole in its alpha
    for name, pixels in pictures.items():
        Image.fromarray(np.asarray(pixels, "uint8")).save(tmp_path / f"{name}.png")
    return {name: str(tmp_path / f"{name}.png") for name in (*pictures, "out")}


def stand_still(self, steps, callback):
    """Stands for the fit, which has tests of its own: the network's first picture."""
    for step in range(1, steps + 1):
        callback(step, 0.5)
    return np.asarray(self(None))[0]


@pytest.mark.parametrize("task, scale", [("denoise", 1), ("inpaint", 1), ("upscale", 4)])
def test_command_restores(files, monkeypatch, capsys, task, scale):
    monkeypatch.setattr(restoration, "HourglassNetwork", lambda filters: HourglassNetwork((4,)))
    if task != "denoise":
        monkeypatch.setattr(DeepImagePrior, "restore", stand_still)
    options = ["--mask", files["mask"]] if task == "inpaint" else []
    assert cli.main(["restore", files["photo"], "-o", files["out"], "--task", task, "--steps", "2", *options]) == 0
    assert "2 steps" in capsys.readouterr().out
    with Image.open(files["out"]) as result:
        assert result.size == (44 * scale, 36 * scale)


def test_the_alpha_of_a_mask_counts(files, monkeypatch):
    given = []
    monkeypatch.setattr(
        restoration, "restore_photograph", lambda photo, task, mask, *_, **__: (given.append(mask), photo, [1.0])[1:]
    )
    for name in ("mask", "clear"):
        call = ["restore", files["photo"], "-o", files["out"], "--task", "inpaint", "--mask", files[name]]
        assert cli.main(call) == 0
    np.testing.assert_array_equal(np.asarray(given[0]), np.asarray(given[1]))
    assert np.asarray(given[0]).max() == 255


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["{photo}", "-o", "{out}", "--steps", "0"], "`--steps` must be at least 1"),
        (["{photo}", "-o", "{out}", "--seed", "-1"], "`--seed` must not be negative"),
        (["{photo}", "-o", "{out}", "--task", "inpaint"], "`--mask` must be given with `--task inpaint`"),
        (["{photo}", "-o", "{out}", "--mask", "{mask}"], "`--mask` must be given with `--task inpaint`"),
        (["{photo}", "-o", "{out}", "--task", "inpaint", "--mask", "{wide}"], "must have the photograph's size"),
        (["missing.png", "-o", "{out}"], "missing.png"),
        (["{photo}", "-o", "{photo}"], "would overwrite its own input"),
        (["{photo}", "-o", "nowhere/out.png"], "folder does not exist"),
    ],
)
def test_command_mistakes_are_one_line_and_exit_2(files, capsys, arguments, message):
    assert cli.main(["restore", *(argument.format(**files) for argument in arguments)]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not os.path.exists(files["out"])


def test_a_photograph_too_large_is_refused():
    with pytest.raises(ValueError, match="at most 4194304 pixels.*Received: 600x500, restored 2400x2000"):
        restoration.restore_photograph(Image.new("RGB", (600, 500)), "upscale")
