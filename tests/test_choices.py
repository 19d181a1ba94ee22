"""Unknown names: every message offers the closest of the known."""

import pytest

from keras_stylegan.choices import did_you_mean
from keras_stylegan.data.sources import ClassSubset
from keras_stylegan.presets import get_preset, with_settings


class Sources:
    classes = ("mountain", "Sea")

    def __len__(self):
        return 0


def test_the_closest_name():
    assert did_you_mean("montain", Sources.classes) == ". Did you mean mountain?"
    assert did_you_mean("SEA", Sources.classes) == ". Did you mean Sea?"
    assert did_you_mean("x", Sources.classes) == "" == did_you_mean("sea", [])


def test_messages_offer_it():
    with pytest.raises(ValueError, match="Received: dcgann. Did you mean dcgan\\?"):
        get_preset("dcgann")
    with pytest.raises(ValueError, match="Received: learning_rat. Did you mean learning_rate\\?"):
        with_settings(get_preset("dcgan"), ["learning_rat=1"])
    with pytest.raises(ValueError, match="Received: mountain, see. Did you mean Sea\\?"):
        ClassSubset(Sources(), ["mountain", "see"])


def test_losses_offer_it():
    from keras_stylegan.losses import adversarial_loss

    with pytest.raises(ValueError, match="Received: name='hing'. Did you mean hinge\\?"):
        adversarial_loss("hing")


@pytest.mark.parametrize(
    "preset, setting, message",
    [
        ("dcgan", "flip=7", "`flip` must be 0 or 1. Received: flip=7"),
        ("stylegan2", "residual=2", "`residual` must be 0 or 1. Received: residual=2"),
        ("dcgan", "beta_1=1", "`beta_1` must be below 1. Received: beta_1=1.0"),
    ],
)
def test_numbers_that_are_too_great(preset, setting, message):
    with pytest.raises(ValueError, match=message):
        with_settings(get_preset(preset), [setting])
