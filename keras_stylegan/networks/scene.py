"""The network of the scene pipeline: from a painted picture to the scene that a generator makes of it."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_stylegan")
class SceneNetwork(keras.Model):
    """Pictures in, a StyleGAN2's pictures of them out.

        picture --mean of factor x factor pixels--> small picture --encoder--> styles and skips --synthesis--> scene

    The styles are the encoder's about the mean of the generator's mean styles; its noise is its constant one, so that a
    picture gives one scene. What no style can say of the small picture comes through the skips, as much of it as is
    asked for: with no detail the scene is the generator's own. What is lost between the picture and the small one is
    lost: the generator's size is the scene's.

    Args:
        encoder: `SceneEncoder` with size and styles of the generator.
        generator: `StyleGAN2Generator` with three channels.
        factor: int, how many times larger than scenes the pictures are: strokes are painted at that size.

    Call arguments:
        images: float tensor `(batch, factor * height, factor * width, 3)`, RGB in [-1, 1].
        detail: float, or tensor `(batch,)`, from 0 to 1: share of the skip features that is added; 0 is the scene that
            the styles alone say.

    Output shape:
        `(batch, height, width, 3)`, float32; trained to lie in [-1, 1], which it may exceed a little.

    Raises:
        ValueError: if an argument breaks its rule, or the networks do not fit together.

    Source: this project's founding idea; W+ encoders: Richardson et al. 2021, "Encoding in Style" (arXiv 2008.00951).
    """

    def __init__(self, encoder, generator, factor=2, **kwargs):
        super().__init__(**kwargs)
        if factor < 1:
            raise ValueError(f"`factor` must be at least 1. Received: factor={factor}")
        for name in ("size", "style_dim", "num_styles"):
            ours, theirs = getattr(encoder, name), getattr(generator, name)
            if ours != theirs:
                raise ValueError(f"`encoder` must have the generator's `{name}`, {theirs}. Received: {name}={ours}")
        if generator.channels != 3:
            raise ValueError(f"`generator` must have 3 channels. Received: channels={generator.channels}")
        self.encoder = encoder
        self.generator = generator
        self.factor = factor

    @property
    def size(self):
        """`(height, width)` of scenes."""
        return self.generator.size

    @property
    def input_size(self):
        """`(height, width)` of the pictures that scenes are made of."""
        return tuple(self.factor * side for side in self.size)

    def build(self, images_shape=None):
        for network in (self.encoder, self.generator):
            if not network.built:
                network.build()
        self.built = True

    def call(self, images, detail=1.0):
        return self.render(self.reduce(images), detail)

    def reduce(self, images):
        """Pictures at the size of scenes, each pixel the mean of what it covers."""
        return images if self.factor == 1 else ops.average_pool(images, self.factor, strides=self.factor)

    def render(self, images, detail=1.0):
        """Scenes of pictures of their size, `(batch, height, width, 3)`; arguments and result as of the call."""
        return self.decode(self.encoder(images), detail)

    def decode(self, encoded, detail=1.0):
        """Scenes of what the encoder says; `detail` and result as of the call."""
        styles = encoded["styles"] + ops.mean(ops.convert_to_tensor(self.generator.mean_styles), axis=0)
        skips = None
        if self.encoder.skips:
            share = ops.reshape(ops.cast(detail, "float32"), (-1, 1, 1, 1))
            skips = [share * encoded[f"skip_{i}"] for i in range(len(self.generator.stages))]
        return self.generator.synthesize(styles, skips=skips)

    def compute_output_shape(self, images_shape):
        return images_shape[0], *self.size, 3

    def get_config(self):
        return {
            **super().get_config(),
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "generator": keras.saving.serialize_keras_object(self.generator),
            "factor": self.factor,
        }

    @classmethod
    def from_config(cls, config):
        networks = {name: keras.saving.deserialize_keras_object(config[name]) for name in ("encoder", "generator")}
        network = cls(**{**config, **networks})
        network.build()
        return network
