"""Feature networks: the same as their originals, and mistakes about them."""

import json
import sys
import types

import keras
import numpy as np
import pytest
from record_torch_fidelity import RECORDED, inception_state, pictures

from keras_stylegan.metrics import build_extractor, perceptual_distance
from keras_stylegan.metrics.extractors import FeatureExtractor
from keras_stylegan.metrics.inception_2015 import build_inception_2015, read_inception_2015
from keras_stylegan.networks import build_perceptual


@pytest.mark.slow
def test_inception_2015_is_torch_fidelitys():
    peer = json.loads(RECORDED.read_text())["inception"]
    network = build_inception_2015(inception_state(peer["kernels"]))
    extractor = FeatureExtractor("inception-2015", network, 299, "tensorflow1", batch_size=2)
    features, logits = extractor(pictures())
    assert features.shape == (2, 2048) and logits.shape == (2, 1008)
    np.testing.assert_allclose(features[:, ::128], peer["features"], rtol=2e-3, atol=1e-4)
    np.testing.assert_allclose(logits[:, ::63], peer["logits"], rtol=2e-3, atol=2e-4)


def test_inception_2015_takes_its_own_file_alone(tmp_path, monkeypatch):
    from keras_stylegan.metrics import inception_2015

    path = tmp_path / "weights.pth"
    path.write_bytes(b"other weights")
    with pytest.raises(ValueError, match="must be weights-inception-2015-12-05-6726825d.pth: .* is no FID"):
        read_inception_2015(path)
    with pytest.raises(ValueError, match="is no FID"):
        build_extractor("inception-2015", path)
    path.write_bytes(b"weights 251")
    loaded = {"fc.weight": types.SimpleNamespace(numpy=lambda: np.ones(2))}
    torch = types.SimpleNamespace(load=lambda path, map_location, weights_only: loaded if weights_only else None)
    monkeypatch.setattr(inception_2015, "CHECKSUM", inception_2015.hashlib.sha256(b"weights 251").hexdigest()[:8])
    monkeypatch.setitem(sys.modules, "torch", torch)
    assert read_inception_2015(path)["fc.weight"].tolist() == [1, 1]
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ValueError, match="reading this file takes torch"):
        read_inception_2015(path)


def test_compact_features_are_means_of_the_style_taps():
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (3, 48, 48, 3), dtype="uint8")
    extractor = build_extractor("compact", size=48)
    features, logits = extractor(images)
    taps = build_perceptual("compact")(images.astype("float32") / 127.5 - 1)
    expected = np.concatenate([np.mean(keras.ops.convert_to_numpy(taps[tap]), axis=(1, 2)) for tap in taps], axis=-1)
    assert logits is None and features.shape == (3, 240) and not extractor.classifies
    np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-4)
    protocol = extractor.protocol()
    assert (protocol["name"], protocol["size"], protocol["resize"]) == ("compact", 48, "bicubic")
    assert protocol["weights"] == build_extractor("compact").checksum


def test_the_last_batch_is_not_padded_into_the_features():
    inputs = keras.Input((32, 32, 3))
    network = keras.Model(inputs, {"features": keras.layers.GlobalAveragePooling2D()(inputs)})
    extractor = FeatureExtractor("means", network, 32, "box", preprocess=lambda batch: batch / 255, batch_size=4)
    images = np.random.default_rng(1).integers(0, 256, (6, 32, 32, 3), dtype="uint8")
    np.testing.assert_allclose(extractor(images)[0], images.mean(axis=(1, 2)) / 255, rtol=1e-5)
    assert extractor([images[0], images[1][:20]])[0].shape == (2, 3)


def test_mobilenet_from_a_local_file(tmp_path):
    whole = keras.applications.MobileNet(include_top=False, weights=None, input_shape=(64, 64, 3))
    last = [layer.name for layer in whole.layers].index("conv_pw_12_relu")
    kept = whole.layers[: last + 1]
    stored = {f"{layer.name}/{w.name}": w.numpy() for layer in kept for w in layer.weights}
    for index in range(1, 13):
        stored[f"conv_dw_{index}/depthwise_kernel"] = stored.pop(f"conv_dw_{index}/kernel")
    np.savez(tmp_path / "mobilenet.npz", **stored)
    images = np.random.default_rng(2).integers(0, 256, (2, 64, 64, 3), dtype="uint8")
    features, _ = build_extractor("mobilenet", tmp_path / "mobilenet.npz", size=64)(images)
    trunk = keras.Model(whole.input, whole.get_layer("conv_pw_12_relu").output)
    expected = trunk(images.astype("float32") / 127.5 - 1).numpy().mean(axis=(1, 2))
    np.testing.assert_allclose(features, expected, rtol=1e-3, atol=1e-5)
    np.savez(tmp_path / "other.npz", **{"conv1/kernel": stored["conv1/kernel"]})
    with pytest.raises(ValueError, match="other.npz` is not an .npz file of MobileNet's weights"):
        build_extractor("mobilenet", tmp_path / "other.npz", size=64)


def test_applications_come_from_keras(tmp_path, monkeypatch):
    made = {}

    def small(weights, classifier_activation):
        made.update(weights=weights, classifier_activation=classifier_activation)
        if weights == "imagenet":
            raise Exception("URL fetch failure on https://storage.googleapis.com")
        inputs = keras.Input((299, 299, 3))
        features = keras.layers.GlobalAveragePooling2D()(inputs)
        return keras.Model(inputs, keras.layers.Dense(4)(features))

    monkeypatch.setattr(keras.applications, "InceptionV3", small)
    path = tmp_path / "inception.weights.h5"
    path.write_bytes(b"")
    extractor = build_extractor("inception_v3", path)
    images = np.full((1, 299, 299, 3), 255, "uint8")
    features, logits = extractor(images)
    assert extractor.classifies and logits.shape == (1, 4) and made["classifier_activation"] is None
    # Keras' own preprocessing of this network takes 255 to 1.
    np.testing.assert_allclose(features, [[1.0, 1.0, 1.0]], rtol=1e-6)
    with pytest.raises(ValueError, match="inception_v3 could not be downloaded .*: URL fetch failure"):
        build_extractor("inception_v3")


@pytest.mark.parametrize(
    "arguments, rule",
    [
        ({"name": "compac"}, "`extractor` names an unknown one. Close to it: compact. Received: 'compac'"),
        ({"name": "inception"}, "Close to it: inception_v3, xception, inception-2015"),
        ({"name": "zzzzzz"}, "There are: compact, mobilenet, inception-2015, densenet121"),
        ({"name": "compact", "resize": "bicubi"}, "`resize` names an unknown one. Close to it: bicubic"),
        ({"name": "compact", "size": 31}, "`size` must be from 32 to 1024. Received: size=31"),
        ({"name": "inception_v3", "size": 64}, "`size` must be 299 for inception_v3"),
        ({"name": "mobilenet"}, "`weights` must name the local weight file of mobilenet"),
        ({"name": "inception-2015"}, "`weights` must name the local weight file of inception-2015"),
    ],
)
def test_mistakes(arguments, rule):
    with pytest.raises(ValueError, match=rule):
        build_extractor(**arguments)
    with pytest.raises(FileNotFoundError):
        build_extractor("compact", "missing.npz")


def test_perceptual_distance_is_that_of_unit_features():
    random = np.random.default_rng(3)
    network = build_perceptual("compact", ("relu1_1", "relu2_1"))
    pictures, others = random.uniform(-1, 1, (2, 2, 32, 32, 3)).astype("float32")
    expected = np.zeros(2)
    for tap in ("relu1_1", "relu2_1"):
        x, y = (keras.ops.convert_to_numpy(network(images)[tap]) for images in (pictures, others))
        x, y = (v / np.linalg.norm(v, axis=-1, keepdims=True).clip(1e-5) for v in (x, y))
        expected += np.square(x - y).sum(axis=-1).mean(axis=(1, 2))
    distance = perceptual_distance(network)
    np.testing.assert_allclose(distance(pictures, others), expected, rtol=1e-3)
    assert distance(pictures, pictures).tolist() == [0, 0]
