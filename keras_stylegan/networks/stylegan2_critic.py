"""StyleGAN2's critic: residual blocks with filtered downsampling."""

import math

import keras
from keras import ops

from keras_stylegan.layers.equalized import LEAKY_GAIN, EqualizedConv2D, EqualizedDense
from keras_stylegan.layers.mapping import MappingNetwork
from keras_stylegan.layers.minibatch_stddev import MinibatchStddev
from keras_stylegan.networks.stages import check_sizes, stages


@keras.saving.register_keras_serializable(package="keras_stylegan")
class StyleGAN2Critic(keras.Model):
    """Pictures in, one logit each out, high for pictures that it takes for real.

    A 1x1 convolution from the colours, one block per stage, each of two 3x3 convolutions of which the second halves
    the size, beside a 1x1 convolution; both ways are scaled by sqrt(1/2), so that their sum keeps the variance. At
    the smallest size the deviation in the minibatch joins as a map, then one more convolution and two fully connected
    layers, in float32 under mixed policies. With classes the last layer gives a vector whose product with the mapped
    class is the logit.

    Args:
        size: `(height, width)` of the pictures, as for `StyleGAN2Generator`.
        channels: int, of the pictures.
        channel_base: int, as for `StyleGAN2Generator`.
        channel_max: int, as for `StyleGAN2Generator`.
        num_classes: int, 0 without classes.
        mapping_layers: int, of the class's mapping network.
        residual: bool; False leaves the 1x1 ways out (the plain critic that small pictures such as CIFAR-10's prefer).
        group_size: int, images in a group of the minibatch deviation; 0 leaves it out.

    Call arguments:
        images: tensor of shape `(batch, height, width, channels)` in [-1, 1].
        labels: tensor of shape `(batch, num_classes)`, rows that sum to 1; None without classes.

    Output shape:
        `(batch, 1)`, float32.

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", figure 7 c; classes: Miyato and
    Koyama 2018, "cGANs with Projection Discriminator", in the form of Karras et al. 2020, "Training Generative
    Adversarial Networks with Limited Data", appendix C.
    """

    def __init__(
        self,
        size=(64, 64),
        channels=3,
        channel_base=16384,
        channel_max=512,
        num_classes=0,
        mapping_layers=2,
        residual=True,
        group_size=4,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_sizes(num_classes)
        if group_size < 0:
            raise ValueError(f"`group_size` must not be negative. Received: group_size={group_size}")
        self.size = tuple(size)
        self.channels = channels
        self.channel_base = channel_base
        self.channel_max = channel_max
        self.num_classes = num_classes
        self.mapping_layers = mapping_layers
        self.residual = residual
        self.group_size = group_size
        self.stages = stages(self.size, channel_base, channel_max)

        exact, policy = {"dtype": self.variable_dtype}, {"dtype": self.dtype_policy}
        activated = {"activation": "leaky_relu", "gain": LEAKY_GAIN}
        last = self.stages[0].channels
        from_rgb = EqualizedConv2D(self.stages[-1].channels, 1, **activated, name="from_rgb", **policy)
        pairs = zip(self.stages[:0:-1], self.stages[-2::-1], strict=True)
        #: From the picture inwards, the order in which FreezeD freezes them.
        self.blocks = [(from_rgb,), *(self._block(here, below, policy) for here, below in pairs)]
        self.deviation = MinibatchStddev(group_size, name="deviation", **exact) if group_size else None
        self.conv = EqualizedConv2D(last, **activated, name="conv", **exact)
        self.dense = EqualizedDense(last, **activated, name="dense", **exact)
        self.score = EqualizedDense(last if num_classes else 1, name="score", **exact)
        self.embedding = EqualizedDense(last, name="embedding", **exact) if num_classes else None
        self.mapping = MappingNetwork(last, mapping_layers, name="mapping", **exact) if num_classes else None

    def _block(self, here, below, policy):
        # The ways are halved in power; on the activated one sqrt(1/2) and the activation's sqrt(2) leave 1.
        gain = math.sqrt(0.5) if self.residual else 1.0
        name = f"{here.height}x{here.width}"
        first = EqualizedConv2D(here.channels, activation="leaky_relu", gain=LEAKY_GAIN, name=f"conv_{name}", **policy)
        second = EqualizedConv2D(
            below.channels,
            activation="leaky_relu",
            gain=LEAKY_GAIN * gain,
            resample="down",
            name=f"down_{name}",
            **policy,
        )
        if not self.residual:
            return first, second
        skip = EqualizedConv2D(
            below.channels, 1, gain=gain, use_bias=False, resample="down", name=f"skip_{name}", **policy
        )
        return first, second, skip

    def build(self, images_shape=None, labels_shape=None):
        base, entering = self.stages[0], self.channels
        for first, *others in self.blocks:
            first.build((None, None, None, entering))
            for layer, channels in zip(others, (first.filters, entering), strict=False):
                layer.build((None, None, None, channels))
            entering = others[0].filters if others else first.filters
        self.conv.build((None, None, None, base.channels + (1 if self.group_size else 0)))
        self.dense.build((None, math.prod(base)))
        self.score.build((None, base.channels))
        if self.num_classes:
            self.embedding.build((None, self.num_classes))
            self.mapping.build((None, base.channels))
        self.built = True

    @property
    def feature_size(self):
        """Numbers before the score."""
        return self.stages[0].channels

    def features(self, images, labels=None, training=False):
        """The vector before the score, of shape `(batch, feature_size)`; arguments as for the call."""
        x = ops.cast(images, self.compute_dtype)
        for block in self.blocks:
            x = self._run(block, x)
        x = ops.cast(x, self.variable_dtype)
        x = self.conv(x if self.deviation is None else self.deviation(x))
        return self.dense(ops.reshape(x, (-1, math.prod(self.stages[0]))))

    def call(self, images, labels=None):
        x = self.score(self.features(images))
        if self.num_classes:
            classes = self.mapping(self.embedding(ops.cast(labels, x.dtype)))
            x = ops.sum(x * classes, axis=-1, keepdims=True) / math.sqrt(x.shape[-1])
        return x

    @staticmethod
    def _run(block, x):
        first, *others = block
        if not others:
            return first(x)
        second, *skip = others
        down = second(first(x))
        return down + skip[0](x) if skip else down

    def compute_output_shape(self, images_shape, labels_shape=None):
        return images_shape[0], 1

    def get_config(self):
        names = ("size", "channels", "channel_base", "channel_max", "num_classes", "mapping_layers", "residual")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}, "group_size": self.group_size}
