"""Translators that learn with classifiers as encoders and critics, by their settings: a small one stands for each."""

import keras
import numpy as np
import pytest
from PIL import Image
from toy_translation import write_pictures

from keras_stylegan import cli
from keras_stylegan.callbacks import read_metrics
from keras_stylegan.inference.translator import open_translator
from keras_stylegan.models import Pix2Pix
from keras_stylegan.networks import BackboneCritic, BackboneUNet, backbone_trunk
from keras_stylegan.ops.resampling import resize_bilinear
from keras_stylegan.presets import get_preset, with_settings
from keras_stylegan.systems import build
from keras_stylegan.systems.translation_networks import build_critic, build_translator

TINY = {
    "size": "32,40", "filters": 2, "depth": 2, "num_blocks": 1, "receptive_field": 1, "critic_filters": 2,
    "batch_size": 2, "kimg": 0.002, "grid_images": 2, "seed": 1,
}  # fmt: skip


@pytest.fixture(autouse=True)
def small_classifiers(monkeypatch):
    """Five convolutions for whatever classifier; its weights are those of a seed, or `file` names."""

    def build_small(backbone, levels, weights):
        x = inputs = keras.Input((None, None, 3))
        outputs = []
        for level in range(levels):
            start = keras.initializers.GlorotUniform(7 if weights else None)
            x = keras.layers.Conv2D(3, 3, 2, "same", activation="relu", kernel_initializer=start, name=f"c{level}")(x)
            outputs.append(x)
        return keras.Model(inputs, outputs, name=backbone)

    monkeypatch.setattr(backbone_trunk, "_build", build_small)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("data"), size=(48, 32))


def settings(**changes):
    return [f"{key}={value}" for key, value in {**TINY, **changes}.items()]


def train(preset, pairs, out, **changes):
    texts = [text for setting in settings(**changes) for text in ("--set", setting)]
    return cli.main(["train", preset, "--data", str(pairs), "--out", str(out), *texts])


def test_pix2pix_learns_against_a_frozen_classifier_that_sees_results_alone(pairs, tmp_path, eagerly):
    changes = {"critic": "resnet50", "critic_backbone_weights": "file", "network": "mobilenet", "loss": "hinge"}
    assert train("pix2pix", pairs, tmp_path / "run", **changes) == 0
    last = read_metrics(tmp_path / "run" / "metrics.jsonl")[-1]
    assert last["images"] == 2 and np.isfinite([last["critic/loss"], last["generator/loss"]]).all()
    assert last["critic/gradient_norm"] > 0 and "health/real_sign" in last
    photo = np.random.default_rng(0).integers(0, 256, (5, 9, 3), "uint8")
    assert open_translator(tmp_path / "run").translate(photo).size == (9, 5)


def test_a_resumed_run_may_find_its_classifier_elsewhere(pairs, tmp_path, eagerly, capsys):
    """From one file to another, but not from none to one: the checkpoint holds the weights of either."""
    changes = {"network": "mobilenet", "backbone_weights": "file", "adversarial_weight": 0}
    assert train("pix2pix", pairs, tmp_path / "run", **changes) == 0
    longer = {**changes, "kimg": 0.004}
    command = ["train", "pix2pix", "--data", str(pairs), "--out", str(tmp_path / "run"), "--resume"]
    for weights, code in (("elsewhere", 0), ("", 2)):
        texts = [text for one in settings(**{**longer, "backbone_weights": weights}) for text in ("--set", one)]
        assert cli.main([*command, *texts]) == code
    assert "backbone_weights: elsewhere there, " in capsys.readouterr().err


def test_heads_alone_learn_unless_the_classifier_does(pairs):
    before = {"critic": "mobilenet", "critic_backbone_weights": "file"}
    for frozen in (1, 0):
        changes = {**before, "critic_backbone_frozen": frozen, "history_size": 0, "adversarial_weight": 1.0}
        preset = with_settings(get_preset("cyclegan"), settings(data=pairs, **changes))
        system = build(preset)
        model = system.model
        trunk = [variable.numpy() for variable in model.critic_b.trunk.weights]
        head = model.critic_b.heads[0][0].kernel.numpy()
        model.run_eagerly = True
        model.update_step(system.batches[0])
        assert np.abs(model.critic_b.heads[0][0].kernel.numpy() - head).max() > 0
        same = [np.array_equal(old, new) for old, new in zip(trunk, model.critic_b.trunk.weights, strict=True)]
        assert all(same) == bool(frozen)


def test_a_gradient_penalty_takes_the_mean_over_heads(pairs):
    """Of a critic whose heads are linear in the mean picture the gradient is known."""

    class Heads(keras.Model):
        def call(self, images, labels=None, training=False):
            mean = keras.ops.mean(images, axis=(1, 2, 3))[:, None]
            return keras.ops.concatenate([8.0 * mean, 4.0 * mean], axis=1)

    model = build(with_settings(get_preset("cyclegan"), settings(data=pairs, penalty_weight=10.0))).model
    real, fake = np.zeros((2, 2, 3, 3), "float32"), np.ones((2, 2, 3, 3), "float32")
    terms = model.critic_losses(Heads(), real, fake, {"mix": np.full((2, 1, 1, 1), 0.5, "float32")})
    # The mean of the heads has the gradient 6 / 18 in each of 18 places: a norm of 6 / sqrt(18).
    np.testing.assert_allclose(terms["penalty"], 10 * (6 / np.sqrt(18) - 1) ** 2, rtol=1e-4)


@pytest.mark.parametrize("levels, side", [(5, 96), (4, 64)])
def test_a_small_picture_is_continued_to_what_the_encoder_takes(levels, side, tmp_path, monkeypatch):
    network = BackboneUNet("inception_v3", levels, filters=2, max_filters=2)
    network.build()
    seen = []
    monkeypatch.setattr(BackboneUNet, "call", lambda self, images, training=False: seen.append(images.shape) or images)
    from keras_stylegan.inference.translator import KerasTranslator, Translator

    photo = np.random.default_rng(0).integers(0, 256, (20, 31, 3), "uint8")
    np.testing.assert_array_equal(Translator(KerasTranslator(network)).translate(photo), photo)
    assert seen == [(1, side, side, 3)]


def test_small_pictures_are_continued_by_files_too(tmp_path, monkeypatch):
    """A file says how small a picture its network takes; what it is given is at least that, and of the stride."""
    pytest.importorskip("tensorflow")
    from keras_stylegan.exporters.sources import Source
    from keras_stylegan.exporters.tflite_targets import TARGETS
    from keras_stylegan.inference import translator

    network, target = BackboneUNet("inception_v3", 5, filters=2, max_filters=2), TARGETS["translator"]
    network.build()
    assert target(Source("translator", network), (96, 96), None).facts["min_side"] == 75
    with pytest.raises(ValueError, match="`size` must be HEIGHTxWIDTH, multiples of 32 from 75. Received: 64x96"):
        target(Source("translator", network), (64, 96), None)
    seen = []

    class Given:
        def __init__(self, model, stride, min_side):
            self.stride, self.min_side = stride, min_side

        def run(self, image):
            seen.append(image.shape)
            return image

    monkeypatch.setattr(translator, "LiteRTTranslator", Given)
    (tmp_path / "network.tflite").write_bytes(b"")
    (tmp_path / "network.json").write_text('{"stride": 32, "min_side": 75}')
    photo = np.random.default_rng(0).integers(0, 256, (20, 31, 3), "uint8")
    np.testing.assert_array_equal(open_translator(tmp_path / "network.tflite").translate(photo), photo)
    (tmp_path / "network.json").write_text('{"stride": 32}')  # of earlier versions
    open_translator(tmp_path / "network.tflite").translate(photo)
    assert seen == [(96, 96, 3), (64, 64, 3)]


def test_a_size_that_only_the_graph_knows():
    tf = pytest.importorskip("tensorflow")
    x = np.random.default_rng(0).uniform(-1, 1, (2, 5, 3, 4)).astype("float32")
    resize = tf.function(
        lambda x, size: resize_bilinear(x, (size[0], size[1])),
        [tf.TensorSpec([None, None, None, 4]), tf.TensorSpec([2], tf.int32)],
    )
    for size in ((10, 6), (4, 7), (1, 1), (5, 3)):
        np.testing.assert_allclose(resize(x, size), resize_bilinear(x, size), atol=1e-5)


def test_one_litert_file_takes_every_size(tmp_path, monkeypatch):
    tflite_target = pytest.importorskip("keras_stylegan.exporters.tflite_target")
    from keras_stylegan.exporters.tflite import export_tflite

    network = BackboneUNet("mobilenet", 2, filters=2, max_filters=2)
    network.build()
    network.save(tmp_path / "network.keras")
    monkeypatch.setattr(tflite_target, "DEFAULT_SIZE", (64, 96))
    monkeypatch.setattr(tflite_target, "OTHER_SIZE", (96, 64))
    found, _ = export_tflite(tmp_path / "network.keras", tmp_path / "network.tflite", quantize="none")
    assert found["translate"].max_error <= 1e-4
    photo = np.random.default_rng(0).integers(0, 256, (71, 90, 3), "uint8")
    ours, theirs = (open_translator(tmp_path / f"network.{kind}").translate(photo) for kind in ("tflite", "keras"))
    assert np.abs(np.asarray(ours, int) - np.asarray(theirs, int)).max() <= 1


def test_a_local_file_is_read_once_asked_for(monkeypatch):
    asked = []
    make = backbone_trunk._build
    monkeypatch.setattr(backbone_trunk, "_build", lambda *given: asked.append(given) or make(*given))
    changes = {"network": "densenet121", "backbone_weights": "a.h5", "critic": "mobilenet", "depth": 3, "size": "64,64"}
    preset = with_settings(get_preset("pix2pix"), settings(**changes, critic_backbone_frozen=0))
    build_translator(preset)
    assert build_critic(preset, condition_channels=3).num_classes == 0
    assert asked == [("densenet121", 3, "a.h5"), ("mobilenet", 4, None)]


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"critic": "resnet"}, "`critic` must be one of patch, densenet121, inception_v3, mobilenet, resnet50. Rec"),
        ({"critic": "resnet50"}, "`critic_backbone_frozen` must be 0 for random weights: `critic_backbone_weights`"),
        ({"network": "mobilenet", "backbone_frozen": 1}, "`backbone_frozen` must be 0 for random weights: `backbone_"),
        ({"backbone_weights": "imagenet"}, "`backbone_weights` are those of a classifier, but `network` is none of"),
        ({"critic_backbone_weights": "x.h5"}, "`critic_backbone_weights` are those of a classifier, but `critic` is"),
        (
            {"critic": "mobilenet", "critic_backbone_frozen": 0, "penalty_weight": 10},
            "`critic_backbone_frozen` must be 1 with a `penalty_weight`",
        ),
        (
            {"network": "inception_v3", "depth": 5, "size": "64,96"},
            "`size` must be at least 75 for a `network` of inception_v3. Received: size=(64, 96)",
        ),
        (
            {"critic": "inception_v3", "critic_backbone_frozen": 0, "size": "40,96"},
            "`size` must be at least 43 for a `critic` of inception_v3. Received: size=(40, 96)",
        ),
    ],
)
def test_wrong_settings_are_one_line(changes, message, pairs, tmp_path, capsys):
    assert train("pix2pix", pairs, tmp_path / "x", **changes) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (tmp_path / "x").exists()


# --- with classes


def test_a_gan_with_classes_learns_against_a_classifier(tmp_path):
    """The heads learn and the frozen trunk does not; the class of a picture changes its score."""
    rng = np.random.default_rng(0)
    for name in ("dark", "light"):
        (tmp_path / name).mkdir()
        for index in range(2):
            picture = rng.integers(0, 128, (32, 32, 3), "uint8") + (128 if name == "light" else 0)
            Image.fromarray(picture.astype("uint8")).save(tmp_path / name / f"{index}.png")
    texts = [
        f"data={tmp_path}", "size=32,32", "classes=all", "critic=mobilenet", "critic_backbone_weights=file",
        "channel_base=64", "latent_dim=4", "style_dim=4", "batch_size=2", "critic_filters=2", "loss=hinge",
    ]  # fmt: skip
    system = build(with_settings(get_preset("stylegan2_scenes"), texts))
    model, critic = system.model, system.model.critic
    assert critic.num_classes == 2 and not critic.trunk.trainable_weights and model.gamma == 0
    trunk, head = [variable.numpy() for variable in critic.trunk.weights], critic.heads[0][0].kernel.numpy()
    model.run_eagerly = True
    for number in range(2):
        model.update_step(system.batches[number])
    assert np.abs(critic.heads[0][0].kernel.numpy() - head).max() > 0
    assert all(np.array_equal(old, new) for old, new in zip(trunk, critic.trunk.weights, strict=True))
    pictures = system.batches[0]["images"]
    one, other = (np.array(critic(pictures, np.eye(2, dtype="float32")[[label] * 2])) for label in (0, 1))
    assert np.abs(one - other).max() > 1e-6
    for text, message in (
        ("critic_backbone_weights=", "`critic_backbone_frozen` must be 0 for random weights"),
        ("critic=stylegan2", "`critic_backbone_weights` are those of a classifier, but `critic` is none of"),
        ("gamma=1", "`gamma` must be 0 for a critic of mobilenet, without R1. Received: 1"),
        ("loss=relativistic", "`loss` must not be relativistic, which needs R1 and R2, for a critic of mobilenet"),
        ("size=16,16", "`size` must be at least 32 for a critic of mobilenet"),
    ):
        with pytest.raises(ValueError, match=message):
            build(with_settings(get_preset("stylegan2_scenes"), [*texts, text]))


def test_pix2pix_hands_on_the_classes_of_its_pictures():
    rng = np.random.default_rng(0)
    critic = BackboneCritic("mobilenet", weights="file", filters=2, num_classes=2)
    generator = BackboneUNet("mobilenet", 2, "file", False, 2, num_classes=2)
    for network in (critic, generator):
        network.build()
    for score in (head[2] for head in critic.heads):
        score.embedding.kernel.assign(rng.normal(size=score.embedding.kernel.shape))
    model = Pix2Pix(generator, critic, "hinge", reconstruction_weight=10.0)
    images = rng.uniform(-1, 1, (2, 2, 32, 32, 3)).astype("float32")
    batch = {"images_a": images[0], "images_b": images[1], "labels": np.eye(2, dtype="float32")}
    fake = generator(images[0], batch["labels"], training=True)
    expected = 10 * np.abs(fake - images[1]).mean((1, 2, 3))
    np.testing.assert_allclose(model.generator_terms(batch)["reconstruction"], expected, rtol=1e-4)
    wanted = -np.array(critic(fake, batch["labels"], training=True)).mean(1)
    # Spectral norms are a little nearer with each call.
    np.testing.assert_allclose(model.generator_terms(batch)["adversarial"], wanted, rtol=0.05)
    exchanged = {**batch, "labels": batch["labels"][::-1]}
    for terms in (model.generator_terms, model.critic_terms):
        assert np.abs(np.array(terms(batch)["adversarial"]) - terms(exchanged)["adversarial"]).max() > 1e-6
    model.compile({name: keras.optimizers.Adam(1e-3) for name in ("critic", "generator")}, run_eagerly=True)
    model.built = True
    model.update_step(batch)
    painted = np.array(model(images[0], labels=batch["labels"]))
    assert painted.shape == images[0].shape and np.isfinite(painted).all()
