"""What the systems of GANs add to their models: augmentation by name, signs of collapse, operations, presets."""

import json

import keras
import numpy as np
import pytest

from keras_stylegan import cli, from_preset, pretrained, systems
from keras_stylegan.callbacks import checkpoints, read_metrics, restore_newest
from keras_stylegan.exporters import generators
from keras_stylegan.exporters.package_files import fingerprint, half_precision
from keras_stylegan.latents import seeded_latents
from keras_stylegan.layers import AdaptiveAugmentation, DiffAugment
from keras_stylegan.models import NoiseToImage, StyleGAN2
from keras_stylegan.ops.fir import fir_upsample
from keras_stylegan.presets import get_preset, with_settings

SMALL = ["size=8,8", "channel_base=32", "channel_max=6", "latent_dim=5", "style_dim=6", "mapping_layers=2"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    path, rng = tmp_path_factory.mktemp("data") / "pictures.npz", np.random.default_rng(0)
    images = rng.integers(0, 256, (6, 10, 12, 3)).astype("uint8")
    np.savez(path, images=images, labels=np.repeat([0, 1], 3), classes=["forest", "sea"])
    return path


def test_a_run_logs_and_keeps_the_probability_and_the_signs_of_collapse(pictures, tmp_path, eagerly, capsys):
    # The critic stays as it begins, which calls most real pictures real.
    settings = ["size=8,8", "latent_dim=4", "filters=4", "max_filters=4", "batch_size=4", "kimg=0.02", "log_images=4"]
    settings += ["grid_images=8", "classes=all", "augment=ada", "augment_kimg=0.1", "monitor=critic/los"]
    settings += ["augment_target=0.1", "critic_learning_rate=1e-9", "seed=5"]
    options = [text for setting in settings for text in ("--set", setting)]
    assert cli.main(["train", "dcgan", "--data", str(pictures), "--out", str(tmp_path), *options]) == 0
    told = capsys.readouterr()
    assert "GFLOPs an image" in told.out
    assert told.err.count("no best is kept: critic/los is not among what is logged, augment/probability") == 1
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["resolved"]["flops_an_image"] > 8 * 8 * 3 * 9
    lines = read_metrics(tmp_path / "metrics.jsonl")
    assert [line["augment/probability"] for line in lines] == pytest.approx([0, 0, 0, 0.16, 0.16])
    assert lines[-1]["augment/sign_rate"] > 0.1
    looked = [line for line in lines if "health/diversity" in line]
    assert looked and {"health/real_sign", "health/fake_sign", "health/critic_gradient"} <= set(looked[-1])
    # The newest checkpoint gives a new process the same p.
    system = systems.build(with_settings(get_preset("dcgan"), [f"data={pictures}", *settings]))
    assert float(system.model.augment.probability) == 0
    assert restore_newest(tmp_path / "checkpoints", system.model) == checkpoints(tmp_path / "checkpoints")[-1]
    assert float(system.model.augment.probability) == pytest.approx(0.16)


def test_a_run_begins_with_a_packaged_generator(pictures, tmp_path, monkeypatch, capsys):
    chosen = [f"data={pictures}", "batch_size=3", "classes=all", *SMALL]
    first = systems.build(with_settings(get_preset("stylegan2_scenes"), [*chosen, "seed=7"])).model.generator
    content = half_precision(first)[1]
    config = {k: v for k, v in first.get_config().items() if k not in ("dtype", "name", "trainable")}
    record = {**fingerprint("weights/lakes.npz", content), "network": "StyleGAN2Generator", "config": config}
    entry = {
        "litert": {},
        "keras": record,
        "classes": ["forest", "sea"],
        "latent_dim": 5,
        "recipe": "train it",
        "images_seen": 9,
    }
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "lakes.npz").write_bytes(content)
    monkeypatch.setattr(pretrained, "assets", lambda: tmp_path)
    monkeypatch.setattr(pretrained, "manifest", lambda: {"lakes": entry})
    begun = systems.build(with_settings(get_preset("stylegan2_scenes"), [*chosen, "start_from=lakes"]))
    assert begun.facts["weights_taken"] == len(first.weights) and begun.facts["weights_new"] == ["critic"]
    assert begun.facts["begun_with"] == {"recipe": "train it", "images_seen": 9}
    for ours, theirs in zip(begun.model.generator.trainable_weights, first.trainable_weights, strict=True):
        np.testing.assert_allclose(np.array(ours), np.array(theirs), rtol=1e-3, atol=1e-6)
    for head_start, told in ((0, True), (0.01, False)):
        options = [*chosen, "start_from=lakes", f"head_start_kimg={head_start}"]
        call = ["train", "stylegan2_scenes", "--dry-run", "--out", str(tmp_path / "run")]
        assert cli.main([*call, *(text for option in options for text in ("--set", option))]) == 0
        assert ("The critic begins anew: without a head start" in capsys.readouterr().out) == told
    for more, message in (
        (["start_from=lakes", "frozen_blocks=1"], "`frozen_blocks` must .*=1, start_from=lakes; new are from_rgb"),
        (["frozen_blocks=1"], "`frozen_blocks` must count blocks that .*=1, start_from=; new are from_rgb"),
        (["start_from=lake"], "a GAN's run or a packaged generator .lakes., with generator.keras. Received: lake"),
    ):
        with pytest.raises(ValueError, match=message):
            systems.build(with_settings(get_preset("stylegan2_scenes"), [*chosen, *more]))
    small = [f"data={pictures}", "size=8,8", "latent_dim=4", "filters=4", "max_filters=8", "start_from=lakes"]
    message = "weights in common with the DCGANGenerator that trains. Received: lakes with StyleGAN2Generator"
    with pytest.raises(ValueError, match=message):
        systems.build(with_settings(get_preset("dcgan"), small))


def test_a_run_begins_with_a_packaged_generator_and_its_critic(pictures, tmp_path, monkeypatch):
    chosen = [f"data={pictures}", "batch_size=3", "classes=all", *SMALL]
    first = systems.build(with_settings(get_preset("stylegan2_scenes"), [*chosen, "seed=7"]))
    (tmp_path / "run").mkdir()
    first.save(tmp_path / "run")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "manifest.json").write_text("{}")
    settings = {"system": "stylegan2", "settings": {}, "facts": {"classes": ["forest", "sea"]}}
    (tmp_path / "run" / "config.json").write_text(json.dumps(settings))
    monkeypatch.setattr(generators, "common_facts", lambda *_: {"recipe": "train it", "images_seen": 9})
    monkeypatch.setattr(generators, "generator_card", lambda *_: "")
    generators.package_generator(tmp_path / "run", tmp_path / "assets", "lakes", "", "")
    monkeypatch.setattr(pretrained, "assets", lambda: tmp_path / "assets")
    frozen = [*chosen, "start_from=lakes", "frozen_blocks=1"]
    begun = systems.build(with_settings(get_preset("stylegan2_scenes"), frozen))
    assert begun.facts["weights_new"] == []
    for name in ("generator", "critic"):
        ours, theirs = getattr(begun.model, name).weights, getattr(first.model, name).weights
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(np.array(one), np.array(other), rtol=1e-3, atol=1e-6)


def test_a_stylegan2_begins_with_one_of_smaller_pictures(pictures, tmp_path, eagerly):
    chosen = [f"data={pictures}", "batch_size=4", "classes=all", *SMALL]
    small = systems.build(with_settings(get_preset("stylegan2_scenes"), [*chosen, "seed=7"]))
    random = np.random.default_rng(0)
    for network in (small.model.ema, small.model.critic):
        for weight in network.weights:
            weight.assign(weight + random.normal(0, 0.3, weight.shape))
    small.save(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"system": "stylegan2", "settings": {}, "facts": {}}))
    chosen += ["size=16,16", f"start_from={tmp_path}"]
    with pytest.raises(ValueError, match="frozen_blocks=1, start_from=.*; new are from_rgb"):
        systems.build(with_settings(get_preset("stylegan2_scenes"), [*chosen, "frozen_blocks=1"]))
    system = systems.build(with_settings(get_preset("stylegan2_scenes"), chosen))
    # What both have, by the names of the layers, is equal; what the larger one alone has, is told.
    model, taken, new = system.model, 0, set()
    for name, earlier in (("generator", small.model.ema), ("critic", small.model.critic)):
        before = {weight.path.partition("/")[2]: np.array(weight) for weight in earlier.weights}
        for weight in getattr(model, name).weights:
            place = weight.path.partition("/")[2]
            if "16x16" in place or place.startswith(("from_rgb", "constant_noise")):
                new.add(f"{name}/{place.partition('/')[0]}")
            else:
                np.testing.assert_array_equal(np.array(weight), before[place])
                taken += 1
    assert system.facts["weights_taken"] == taken and set(system.facts["weights_new"]) == new and len(new) == 8
    # The average starts there too, with the smaller one's pictures, enlarged: the new stage is silent.
    latents, labels = seeded_latents([1, 2], 5), np.eye(2, dtype="float32")
    enlarged = np.array(fir_upsample(small.model.ema(latents, labels)))
    assert enlarged.std() > 0.1
    for network in (model.generator, model.ema):
        np.testing.assert_allclose(np.array(network(latents, labels)), enlarged, atol=1e-5)
    # From there it learns, as any stage does; optimizers and images are counted from the start.
    assert int(model.images_seen) == 0 and not any(int(o.iterations) for o in model.optimizers.values())
    before = [np.array(weight) for weight in model.generator.trainable_variables]
    for index in range(2):
        model.update_step(system.batches[index])
    for weight, value in zip(model.generator.trainable_variables, before, strict=True):
        assert np.abs(np.array(weight) - value).max() > 0, weight.path


def test_probe_and_forward(pictures):
    settings = [f"data={pictures}", "size=8,8", "latent_dim=4", "filters=4", "max_filters=8", "batch_size=3"]
    system = systems.build(with_settings(get_preset("dcgan"), [*settings, "classes=all"]))
    probe = system.probe
    assert probe.real.shape == (16, 8, 8, 3)
    np.testing.assert_array_equal(probe.real[3:6], system.batches[1]["images"])
    fakes = np.array(probe.generate())
    assert fakes.shape == probe.real.shape
    np.testing.assert_array_equal(fakes, np.array(probe.generate()))
    # Real and generated pictures are judged as of the same classes.
    labels = np.eye(2, dtype="float32")[np.concatenate([system.batches[i]["labels"] for i in range(6)])[:16]]
    np.testing.assert_array_equal(np.array(probe.critic(fakes)), np.array(system.model.critic(fakes, labels)))
    assert system.forward().shape == (1, 8, 8, 3)
    # Wasserstein outputs have no origin, relativistic ones mean something only beside each other.
    for loss in ("wasserstein", "relativistic"):
        assert systems.build(with_settings(get_preset("dcgan"), [*settings, f"loss={loss}"])).probe.critic is None


def test_augmentation_by_name():
    for name, small in (("stylegan2", SMALL), ("dcgan", ["size=8,8", "filters=4", "max_filters=4"])):
        assert from_preset(name, *small).augment is None
        augment = from_preset(name, *small, "augment=ada", "augment_target=0.5", "augment_kimg=100", "seed=4").augment
        assert isinstance(augment, AdaptiveAugmentation)
        assert (augment.target, augment.speed_kimg, augment.seed) == (0.5, 100, 5)
        assert isinstance(from_preset(name, *small, "augment=diffaugment").augment, DiffAugment)
    relativistic = from_preset("dcgan", "size=8,8", "filters=4", "loss=relativistic", "augment=ada")
    assert isinstance(relativistic.augment, AdaptiveAugmentation)


def test_diffaugment_changes_what_the_critic_sees_and_nothing_else():
    model = from_preset("stylegan2", *SMALL, "batch_size=4", "augment=diffaugment")
    images = np.random.default_rng(0).uniform(-1, 1, (4, 8, 8, 3)).astype("float32")
    batch = model.draw({"images": images})
    plain = np.array(model.critic(images))
    assert np.abs(np.array(model.score(images, batch)) - plain).max() > 1e-4
    model.augment.policies = []
    np.testing.assert_array_equal(np.array(model.score(images, batch)), plain)


@pytest.mark.parametrize(
    "changes, message",
    [
        (["augment=scheduled"], "augment=scheduled needs a `schedule_kimg` and an `augment_probability` up to 0.85"),
        (["augment=scheduled", "schedule_kimg=9", "augment_probability=0.9"], "Received: schedule_kimg=9.0, augment_p"),
        (["augment=scheduled", "channels=4"], "for pictures with alpha. Received: augment=scheduled"),
        (["augment=flip"], "`augment` must be one of none, ada, scheduled, diffaugment. Received: augment=flip"),
        (["augment=ada", "augment_target=1"], "`augment_target` must be below 1. Received: augment_target=1"),
        (["augment=ada", "channels=4"], "`augment` must be none or diffaugment for pictures with alpha. Received"),
        (["augment=ada", "loss=wasserstein"], "ada needs one of minimax, .* Received: augment=ada, loss=wasserstein"),
    ],
)
def test_augmentations_that_cannot_work_are_told(changes, message):
    for name in ("dcgan", "stylegan2"):
        with pytest.raises(ValueError, match=message):
            from_preset(name, *changes)


def test_stylegan2_from_a_preset():
    model = from_preset("stylegan2_ada", *SMALL, "batch_size=8", num_classes=3)
    assert isinstance(model, StyleGAN2) and not isinstance(model, NoiseToImage)
    assert (model.gamma, model.critic.group_size, model.generator.num_classes) == (1.0, 8, 3)
    assert from_preset("stylegan2", *SMALL, "batch_size=8").gamma == pytest.approx(0.0002 * 64 / 8)
    assert model.generate([0, 1], [0, 2]).shape == (2, 8, 8, 3)
    told = []
    model.summary(print_fn=lambda text, **options: told.append(text))
    assert "StyleGAN2Generator" in "".join(told) and "StyleGAN2Critic" in "".join(told)
    model.compile({name: keras.optimizers.Adam(1e-3) for name in ("critic", "generator")})
    relativistic = from_preset("stylegan2", *SMALL, "loss=relativistic")
    assert relativistic.penalize_fakes and not model.penalize_fakes
    with pytest.raises(ValueError, match="`name` must be .*, stylegan2, stylegan2_ada, .* Received: name=multistyle"):
        from_preset("multistyle")
