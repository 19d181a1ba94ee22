"""Progressive growing: pictures gain detail as training goes on."""

import keras
from keras import ops

from keras_stylegan.models.noise_to_image import NoiseToImage
from keras_stylegan.networks.progressive import blend


def _number(variable):
    """The value of a scalar variable, also of one that is mirrored over replicas."""
    return float(ops.convert_to_numpy(ops.copy(variable.value)))


@keras.saving.register_keras_serializable(package="keras_stylegan")
class ProgressiveGAN(NoiseToImage):
    """`NoiseToImage` whose networks grow by the images seen.

    Sizes take turns: each is trained alone for `stable_kimg`, then the next fades in over `fade_kimg`. Real pictures
    are blended between the sizes with the same share as generated ones, so that the critic cannot tell them apart by
    sharpness. The graph is that of the full size from the start: an early step costs as much as a late one, and
    nothing is ever rebuilt, on any number of replicas.

    Args:
        generator: built `ProgressiveGenerator`.
        critic: built `ProgressiveCritic` of the same size.
        stable_kimg: float, thousands of images at each size alone.
        fade_kimg: float, thousands of images of each transition.
        **kwargs: as for `NoiseToImage`.

    Raises:
        ValueError: if the networks' sizes differ, or a duration is not positive.

    Source: Karras et al. 2018, "Progressive Growing of GANs for Improved Quality, Stability, and Variation".
    """

    def __init__(self, generator, critic, stable_kimg=600.0, fade_kimg=600.0, **kwargs):
        super().__init__(generator, critic, **kwargs)
        if generator.sizes != critic.sizes:
            raise ValueError(f"`critic` must be of the generator's size {generator.size}. Received: {critic.size}")
        for name, value in (("stable_kimg", stable_kimg), ("fade_kimg", fade_kimg)):
            if not value > 0:
                raise ValueError(f"`{name}` must be positive. Received: {name}={value}")
        self.stable_kimg = stable_kimg
        self.fade_kimg = fade_kimg
        # A weight, so that checkpoints keep it: images of growth that lie before those that this model has seen.
        self.grown_kimg = self.add_weight(
            name="grown_kimg", shape=(), initializer="zeros", trainable=False, autocast=False
        )

    @property
    def growth_kimg(self):
        """Thousands of images after which the full size is there, not to be blended any more."""
        sizes = len(self.generator.sizes)
        return max(0.0, (sizes - 1) * (self.stable_kimg + self.fade_kimg) - _number(self.grown_kimg))

    def grow_on_from(self, generator, taken):
        """Begins where an earlier generator stopped: what it had grown to is not trained alone again.

        Args:
            generator: built `ProgressiveGenerator` or `StyleGANGenerator`.
            taken: the weights of this model's generator that begin with its values. Sizes count, from the smallest on,
                all of whose weights do.
        """
        known, ours, common = {id(weight) for weight in taken}, self.generator, 0
        for old, new, stage, to_image in zip(generator.sizes, ours.sizes, ours.stages, ours.to_images, strict=False):
            weights = [weight for layer in (*stage, to_image) for weight in layer.weights]
            if old != new or not all(id(weight) in known for weight in weights):
                break
            common += 1
        if common:
            stage, faded = divmod(min(_number(generator.progress), common - 1.0), 1.0)
            period = self.stable_kimg + self.fade_kimg
            self.grown_kimg.assign(stage * period + self.stable_kimg + faded * self.fade_kimg)

    def progress_at(self, images_seen):
        """P after so many images: a whole number while a size is stable, between two while the next fades in."""
        period = (self.stable_kimg + self.fade_kimg) * 1000.0
        images = ops.cast(images_seen, "float32") + ops.convert_to_tensor(self.grown_kimg) * 1000.0
        stage = ops.floor(images / period)
        faded = ops.maximum(images - stage * period - self.stable_kimg * 1000.0, 0.0) / (self.fade_kimg * 1000.0)
        return ops.minimum(stage + faded, len(self.generator.sizes) - 1.0)

    def size_at(self, images_seen):
        """`(height, width)` of the largest size that has faded in after so many images."""
        return self.generator.sizes[int(ops.convert_to_numpy(self.progress_at(images_seen)))]

    def draw(self, batch):
        progress = self.progress_at(self.images_seen)
        self.generator.progress.assign(progress)
        self.critic.progress.assign(progress)
        return super().draw(batch)

    def reals(self, batch):
        return blend(batch["images"], ops.convert_to_tensor(self.critic.progress), len(self.critic.sizes))

    def get_config(self):
        return {**super().get_config(), "stable_kimg": self.stable_kimg, "fade_kimg": self.fade_kimg}
