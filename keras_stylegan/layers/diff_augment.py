"""Augmentation of everything a critic sees, always on (DiffAugment)."""

import keras
from keras import ops

from keras_stylegan.ops.cutout import cut_out, whole_number
from keras_stylegan.ops.seeds import ReplicaSeedGenerator
from keras_stylegan.ops.warping import translate

POLICIES = ("colour", "translation", "cutout")


@keras.saving.register_keras_serializable(package="keras_stylegan")
class DiffAugment(keras.layers.Layer):
    """Randomly transforms every image: for critics that are to learn from a few hundred pictures.

    Policies, in this order:

    - `colour`: brightness +U(-0.5, 0.5); saturation, the distance to the pixel's mean over its channels, times
      U(0, 2); contrast, the distance to the image's mean, times U(0.5, 1.5);
    - `translation`: by whole pixels, up to 1/8 of each side, 0 from outside;
    - `cutout`: a rectangle of half the sides, its centre anywhere, becomes 0.

    Args:
        policies: sequence of the policies to use.
        seed: int or None, of the random numbers.

    Call arguments:
        images: tensor of shape `(batch, height, width, channels)`, in [-1, 1].
        training: bool; images pass unchanged unless true.

    Output shape:
        As the input's. Values may leave [-1, 1].

    Raises:
        ValueError: for an unknown policy.

    Source: Zhao et al. 2020, "Differentiable Augmentation for Data-Efficient GAN Training", section 3.3.
    """

    def __init__(self, policies=POLICIES, seed=None, **kwargs):
        # Images are to keep their own precision, whatever the policy.
        super().__init__(autocast=False, **kwargs)
        if isinstance(policies, str) or not set(policies) <= set(POLICIES):
            raise ValueError(
                f"`policies` must be a sequence of names among {', '.join(POLICIES)}. Received: policies={policies!r}"
            )
        self.policies = list(policies)
        self.seed = seed
        self.seed_generator = ReplicaSeedGenerator(seed)
        self.built = True

    def call(self, images, training=None):
        if not training:
            return images
        if "colour" in self.policies:
            images = self._colour(images)
        if "translation" in self.policies:
            images = self._translation(images)
        return self._cutout(images) if "cutout" in self.policies else images

    def _uniform(self, images, low=0.0, high=1.0):
        return keras.random.uniform((ops.shape(images)[0], 1, 1, 1), low, high, seed=self.seed_generator)

    def _colour(self, images):
        x = ops.cast(images, "float32")
        x = x + self._uniform(x, -0.5, 0.5)
        grey = ops.mean(x, axis=-1, keepdims=True)
        x = grey + (x - grey) * self._uniform(x, 0.0, 2.0)
        mean = ops.mean(x, axis=(1, 2, 3), keepdims=True)
        return ops.cast(mean + (x - mean) * self._uniform(x, 0.5, 1.5), images.dtype)

    def _share(self, images):
        return self._uniform(images)[:, 0, 0, 0]

    def _translation(self, images):
        _, height, width, _ = ops.shape(images)
        across, down = (width + 4) // 8, (height + 4) // 8
        return translate(images, ops.stack([whole_number(self._share(images), -n, n) for n in (across, down)], axis=1))

    def _cutout(self, images):
        return cut_out(images, ops.stack([self._share(images), self._share(images)], axis=1))

    def compute_output_shape(self, images_shape):
        return images_shape

    def get_config(self):
        return {**super().get_config(), "policies": self.policies, "seed": self.seed}
