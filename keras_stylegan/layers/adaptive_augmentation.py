"""Augmentation of everything a critic sees, with a probability that follows its overfitting (StyleGAN2-ADA)."""

import math

import keras
from keras import ops

from keras_stylegan.ops import colour_transforms as colour
from keras_stylegan.ops import warping
from keras_stylegan.ops.cutout import cut_out
from keras_stylegan.ops.gradients import sum_over_replicas
from keras_stylegan.ops.seeds import ReplicaSeedGenerator

GROUPS = {
    "blit": ("flip", "quarter_turn", "translate"),
    "geometry": ("scale", "rotate", "stretch", "shift"),
    "colour": ("brightness", "contrast", "luma_flip", "hue", "saturation"),
    "corruption": ("cutout",),
}
OPERATIONS = tuple(name for group in GROUPS.values() for name in group)


@keras.saving.register_keras_serializable(package="keras_stylegan")
class AdaptiveAugmentation(keras.layers.Layer):
    """Randomly transforms images, each operation with probability p, and adapts p to the critic.

    Real and generated images pass through it before the critic, in the updates of both players, so that the critic
    never sees an unchanged picture for sure and the generator never learns the changes: as long as p stays below about
    0.85, the distribution behind the augmentation remains identifiable.

    `observe(real_logits)`, called once in each of the critic's updates, measures overfitting as `r = E[sign(D(real))]`
    and moves p up where r exceeds the target and down where it does not. That happens inside of the training step, in
    a few scalars: unlike a callback it needs no round trip to the host, works the same in `fit` and `make_step`, on
    every backend and with several steps per execution, and its state is in the layer's weights, so that checkpoints
    hold it and a resumed run goes on with the same p.

    Operations and their ranges, in this order; a side is the image's width or height:

    - blit: `flip` left to right (half of the time); `quarter_turn` by 0 to 3 quarters (0 or 2 unless the image is
      square); `translate` by whole pixels, uniform up to 1/8 of a side;
    - geometry: `scale` by 2^N(0, 0.2); `rotate` by a uniform angle, before and after `stretch` by 2^N(0, 0.2) in
      width and its inverse in height; `shift` by N(0, 1/8) of a side;
    - colour: `brightness` +N(0, 0.2); `contrast` times 2^N(0, 0.5); `luma_flip` (half of the time); `hue` turned by a
      uniform angle; `saturation` times 2^N(0, 1);
    - corruption: `cutout` of a rectangle of half the sides, its centre anywhere, which becomes 0.

    All geometry is one affine warp, all colour one 4 x 4 matrix; both have exact adjoints and gradients of every order.

    Args:
        operations: sequence of operations or groups (`"blit"`, `"geometry"`, `"colour"`, `"corruption"`), or a dict
            from them to floats in (0, 1], by which p is multiplied for each.
        target: float in (-1, 1), the r to hold, or None for a constant p. r = 0.6 means that the critic calls 80 % of
            the real images real.
        initial: float in [0, limit], p at the start.
        limit: float in (0, 1], upper bound of p.
        speed_kimg: float, thousands of images in which p goes from 0 to 1.
        interval: int, critic updates between two changes of p.
        schedule: None, or what p is instead, as a function of the images seen in training (`CosineSchedule`).
        seed: int or None, of the random numbers.

    Call arguments:
        images: tensor of shape `(batch, height, width, 3)` or with 1 channel, in [-1, 1].
        training: bool; images pass unchanged unless true.

    Output shape:
        As the input's. Values may leave [-1, 1].

    Attributes:
        probability: float variable, p.
        sign_rate: float variable, r as last measured.

    Raises:
        ValueError: if an argument breaks its rule, or for another number of channels.

    Source: Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data", section 3 and appendix B.
    Deviations: p is bounded above; the warp interpolates bilinearly at the image's own resolution instead of between
    two wavelet filters at twice of it; the filters and the noise, which the paper found to harm, are left out.
    Schedule: Huang et al. 2024 (R3GAN), which also cuts out, and halves p for colours.
    """

    def __init__(
        self,
        operations=("blit", "geometry", "colour"),
        target=0.6,
        initial=0.0,
        limit=0.85,
        speed_kimg=500.0,
        interval=4,
        schedule=None,
        seed=None,
        **kwargs,
    ):
        # Images are to keep their own precision, whatever the policy.
        super().__init__(autocast=False, **kwargs)
        unknown = [name for name in operations if name not in OPERATIONS and name not in GROUPS]
        if unknown or isinstance(operations, str):
            raise ValueError(
                f"`operations` must be a sequence of names among {', '.join((*GROUPS, *OPERATIONS))}. "
                f"Received: operations={operations!r}"
            )
        shares = dict(operations) if isinstance(operations, dict) else dict.fromkeys(operations, 1.0)
        if not all(0 < share <= 1 for share in shares.values()):
            raise ValueError(f"`operations` must have shares above 0, at most 1. Received: operations={operations}")
        if target is not None and not -1 < target < 1:
            raise ValueError(f"`target` must be None or between -1 and 1. Received: target={target}")
        if not 0 < limit <= 1:
            raise ValueError(f"`limit` must be above 0 and at most 1. Received: limit={limit}")
        if not 0 <= initial <= limit:
            raise ValueError(f"`initial` must be from 0 to `limit`={limit}. Received: initial={initial}")
        if not speed_kimg > 0:
            raise ValueError(f"`speed_kimg` must be positive. Received: speed_kimg={speed_kimg}")
        if interval < 1:
            raise ValueError(f"`interval` must be at least 1. Received: interval={interval}")
        self.operations = dict(operations) if isinstance(operations, dict) else list(operations)
        self.target = target
        self.initial = initial
        self.limit = limit
        self.speed_kimg = speed_kimg
        self.interval = interval
        self.schedule = schedule
        self.seed = seed
        self.seed_generator = ReplicaSeedGenerator(seed)
        self._shares = {member: share for name, share in shares.items() for member in GROUPS.get(name, (name,))}
        # Here and not in `build`: no shape depends on the input, and a compiled step must find them before its trace.
        self.probability, self.sign_rate, self._signs, self._images, self._updates = (
            self.add_weight(name=name, shape=(), dtype="float32", initializer=initializer, trainable=False)
            for name, initializer in (
                ("probability", keras.initializers.Constant(initial)),
                ("sign_rate", "zeros"),
                ("signs", "zeros"),
                ("images", "zeros"),
                ("updates", "zeros"),
            )
        )
        self.built = True

    def call(self, images, training=None):
        if not training:
            return images
        if images.shape[-1] not in (1, 3):
            raise ValueError(f"`images` must have 1 or 3 channels. Received: shape={tuple(images.shape)}")
        draw = _Draws(ops.shape(images)[0], self.probability, self.seed_generator)
        moves = _matrices(_geometry(draw, images), draw, self._shares)
        if moves:
            images = warping.affine_warp(images, warping.compose(*moves))
        maps = _matrices(_colours(draw), draw, self._shares)
        if maps:
            images = colour.transform_colours(images, warping.compose(*maps))
        if "cutout" in self._shares:
            draw.share = self._shares["cutout"]
            struck = draw.strike(False, True)[:, None, None, None]
            images = ops.where(struck, cut_out(images, draw.places()), images)
        return images

    def observe(self, real_logits, images_seen=None):
        """Once in each critic update: follows the schedule, or measures overfitting and moves p every `interval` calls.

        Args:
            real_logits: tensor with the leading axis `batch`, of one or more logits an image, positive for "real". A
                relativistic critic's logits mean something only beside those of generated images: give the difference.
            images_seen: images of training before this update; needed for a schedule.
        """
        if self.schedule is not None:
            self.probability.assign(ops.clip(self.schedule(images_seen), 0.0, self.limit))
            return
        if self.target is None:
            return
        logits = ops.stop_gradient(ops.cast(real_logits, "float32"))
        # A logit that is not a number says nothing, and must not make p one.
        signs = ops.where(ops.isnan(logits), 0.0, ops.sign(logits))
        rates = ops.mean(ops.reshape(signs, (ops.shape(signs)[0], -1)), axis=1)
        total, count = sum_over_replicas([ops.sum(rates), ops.sum(ops.ones_like(rates))])
        total, count, updates = self._signs + total, self._images + count, self._updates + 1.0
        due = updates >= self.interval
        rate = total / count
        moved = self.probability + ops.sign(rate - self.target) * count / (1000.0 * self.speed_kimg)
        self.probability.assign(ops.where(due, ops.clip(moved, 0.0, self.limit), self.probability.value))
        self.sign_rate.assign(ops.where(due, rate, self.sign_rate.value))
        for variable, value in ((self._signs, total), (self._images, count), (self._updates, updates)):
            variable.assign(ops.where(due, 0.0, value))

    def signals(self):
        """What to log: `augment/probability`, and where it follows r `augment/sign_rate`, r as last measured."""
        follows = self.target is not None and self.schedule is None
        names = ("probability", "sign_rate") if follows else ("probability",)
        return {f"augment/{name}": ops.convert_to_tensor(getattr(self, name)) for name in names}

    def compute_output_shape(self, images_shape):
        return images_shape

    def get_config(self):
        names = ("operations", "target", "initial", "limit", "speed_kimg", "interval", "seed")
        schedule = keras.saving.serialize_keras_object(self.schedule)
        return {**super().get_config(), **{name: getattr(self, name) for name in names}, "schedule": schedule}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "schedule": keras.saving.deserialize_keras_object(config.get("schedule"))})


class _Draws:
    """Random numbers of one call, one for each image."""

    def __init__(self, batch, probability, seed_generator):
        self.batch = batch
        self.probability = ops.convert_to_tensor(probability)
        self.share = 1.0
        self.seed_generator = seed_generator

    def uniform(self, low=0.0, high=1.0):
        return keras.random.uniform((self.batch,), low, high, seed=self.seed_generator)

    def normal(self, deviation):
        return keras.random.normal((self.batch,), stddev=deviation, seed=self.seed_generator)

    @property
    def chance(self):
        """Probability of the operation whose numbers are drawn."""
        return self.share * self.probability

    def places(self):
        """Two numbers in [0, 1] for each image."""
        return ops.stack([self.uniform(), self.uniform()], axis=1)

    def strike(self, neutral, *values, probability=None):
        """The values where an image's coin falls with the probability, `neutral` elsewhere."""
        struck = self.uniform() < (self.chance if probability is None else probability)
        struck_values = [ops.where(struck, value, neutral) for value in values]
        return struck_values if len(values) > 1 else struck_values[0]


def _matrices(table, draw, shares):
    """What the operations of a table make, of those that are asked for."""
    made = []
    for name, make in table:
        if name in shares:
            draw.share = shares[name]
            made.append(make())
    return made


def _geometry(draw, images):
    """Pairs of an operation and what makes its matrices from output to input positions.

    Each matrix undoes its operation, and the first operation, undone last, stands leftmost in the product.
    """
    _, height, width, _ = ops.shape(images)
    width, height = ops.cast(width, "float32"), ops.cast(height, "float32")
    is_square = images.shape[1] is not None and images.shape[1] == images.shape[2]

    def flip():
        sign = draw.strike(1.0, ops.where(draw.uniform() < 0.5, -1.0, 1.0))
        return warping.scaling(sign, ops.ones_like(sign))

    def quarter_turn():
        count = ops.floor(draw.uniform() * 4.0)
        return warping.quarter_turns(-draw.strike(0.0, count if is_square else 2.0 * ops.floor(count / 2.0)))

    def translate():
        shifts = [ops.round(draw.uniform(-1 / 8, 1 / 8) * side) for side in (width, height)]
        return warping.translation(*(-shift for shift in draw.strike(0.0, *shifts)))

    def scale():
        factor = ops.power(2.0, -draw.strike(0.0, draw.normal(0.2)))
        return warping.scaling(factor, factor)

    def rotate():
        # Two rotations, so that the stretch between them has a random direction; p that at least one of them strikes.
        each = 1.0 - ops.sqrt(1.0 - draw.chance)
        return warping.rotation(-draw.strike(0.0, draw.uniform(-math.pi, math.pi), probability=each))

    def stretch():
        factor = ops.power(2.0, draw.strike(0.0, draw.normal(0.2)))
        return warping.scaling(1.0 / factor, factor)

    def shift():
        shifts = [draw.normal(1 / 8) * side for side in (width, height)]
        return warping.translation(*(-shift for shift in draw.strike(0.0, *shifts)))

    return [
        ("flip", flip), ("quarter_turn", quarter_turn), ("translate", translate), ("scale", scale), ("rotate", rotate),
        ("stretch", stretch), ("rotate", rotate), ("shift", shift),
    ]  # fmt: skip


def _colours(draw):
    """Pairs of an operation and what makes its matrices of colour; the last operation's stands leftmost."""
    return [
        ("saturation", lambda: colour.saturation(ops.power(2.0, draw.strike(0.0, draw.normal(1.0))))),
        ("hue", lambda: colour.hue(draw.strike(0.0, draw.uniform(-math.pi, math.pi)))),
        ("luma_flip", lambda: colour.luma_flip(draw.strike(0.0, ops.floor(2.0 * draw.uniform())))),
        ("contrast", lambda: colour.contrast(ops.power(2.0, draw.strike(0.0, draw.normal(0.5))))),
        ("brightness", lambda: colour.brightness(draw.strike(0.0, draw.normal(0.2)))),
    ]
