"""DCGAN's networks: published parameter counts, sizes, and how a class enters."""

import numpy as np
import pytest

from keras_stylegan.networks import DCGANCritic, DCGANGenerator, resolutions


def built(network):
    network.build()
    return network


def trained(network):
    return sum(int(np.prod(v.shape)) for v in network.trainable_variables)


def test_parameter_counts_of_the_reference_example():
    # pytorch/examples dcgan, ngf = ndf = 64, nz = 100: 3,576,704 and 2,765,568.
    assert trained(built(DCGANGenerator())) == 3_576_704
    assert trained(built(DCGANCritic())) == 2_765_568


@pytest.mark.parametrize(
    "size, first, count",
    [((64, 64), (4, 4), 5), ((48, 80), (6, 10), 4), ((90, 60), (45, 30), 2), ((5, 7), (5, 7), 1)],
)
def test_every_size_has_a_network(size, first, count):
    sizes = resolutions(size)
    assert sizes[0] == first and sizes[-1] == size and len(sizes) == count
    generator = built(DCGANGenerator(size, 1, 3, filters=2, max_filters=4))
    pictures = generator(np.ones((2, 3), "float32"))
    assert pictures.shape == (2, *size, 1)
    assert built(DCGANCritic(size, 1, filters=2, max_filters=4))(pictures).shape == (2, 1)


def test_wrong_sizes_are_told():
    with pytest.raises(ValueError, match=r"`size` must be \(height, width\), both positive. Received: size=\(0, 4\)"):
        resolutions((0, 4))
    with pytest.raises(ValueError, match="`filters` must be positive. Received: filters=0"):
        DCGANGenerator(filters=0)
    with pytest.raises(ValueError, match="`num_classes` must be 0 or at least 2. Received: num_classes=1"):
        DCGANCritic(num_classes=1)
    with pytest.raises(ValueError, match='`normalization` must be "batch", "spectral" or "none". Received: norm'):
        DCGANCritic(normalization="layer")
    with pytest.raises(ValueError, match="`conditioning` must be one of projection, embedding. Received: cond"):
        DCGANCritic(conditioning="sum")


def test_projection_adds_the_product_of_features_and_the_class_embedding():
    critic = built(DCGANCritic((8, 8), 3, filters=4, normalization="none", num_classes=2))
    images, labels = np.random.default_rng(0).uniform(-1, 1, (2, 8, 8, 3)).astype("float32"), np.eye(2, dtype="float32")
    features = np.array(critic.features(images))
    plain = features @ np.array(critic.head.score.kernel)
    projected = np.array(critic(images, labels)) - plain
    np.testing.assert_allclose(projected[:, 0], (features * np.array(critic.head.embedding.kernel)).sum(1), atol=1e-5)
    assert np.abs(projected).min() > 1e-6


def test_a_class_changes_the_picture_and_the_embedding_critic_sees_it():
    generator = built(DCGANGenerator((8, 8), latent_dim=3, filters=4, num_classes=2))
    critic = built(DCGANCritic((8, 8), filters=4, num_classes=2, conditioning="embedding"))
    one, other = np.eye(2, dtype="float32")[[0, 0]], np.eye(2, dtype="float32")[[1, 1]]
    latents = np.ones((2, 3), "float32")
    assert np.abs(np.array(generator(latents, one) - generator(latents, other))).max() > 1e-4
    pictures = generator(latents, one)
    assert np.abs(np.array(critic(pictures, one) - critic(pictures, other))).max() > 1e-7
