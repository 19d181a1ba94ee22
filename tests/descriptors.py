"""One row for every public layer, network and loss; tests/test_conformance.py puts each through the same checks.

A row makes its object under NON-DEFAULT arguments (several rows together may cover them) and gives the shapes of its
inputs without the batch axis. To add a name, add a row; the test of the public names tells which is missing.
"""

import collections
from functools import partial

from keras_stylegan import layers, losses, networks

# name: public name; make: function without arguments; inputs: tuple of shapes or dict of shapes, without the batch;
# ranges: range of the values fed to all inputs; half: root mean square difference to float32 under a mixed policy, in
# standard deviations of the output, None where half precision is not for this object.
LayerRow = collections.namedtuple("LayerRow", "name make inputs ranges half", defaults=[(-1, 1), 0.05])

# function: what is called on the inputs; output: shape without the batch, () for the one value per image of a loss;
# ranges as above; relative: whether an image's value may depend on the rest of its batch.
LossRow = collections.namedtuple(
    "LossRow", "name function inputs output ranges relative", defaults=[(), (-1, 1), False]
)

LAYERS = [
    LayerRow(
        "StyledConv2D",
        lambda: layers.StyledConv2D(6, kernel_size=5, separable=True, normalize=False, activation="linear"),
        ((9, 12, 4), (6,), (6,)),
    ),
    LayerRow("StyledConv2D", lambda: layers.StyledConv2D(5, strides=2, epsilon=1e-2), ((8, 11, 4), (5,), (5,))),
    LayerRow("StyleBank", lambda: layers.StyleBank(3, 7, initializer="glorot_normal"), ((3,), ()), (0, 1)),
    LayerRow(
        "EqualizedConv2D",
        lambda: layers.EqualizedConv2D(5, activation="leaky_relu", gain=1.4, use_bias=False, resample="down"),
        ((8, 6, 4),),
    ),
    LayerRow("EqualizedConv2D", lambda: layers.EqualizedConv2D(5, kernel_size=1, resample="up"), ((3, 4, 4),)),
    LayerRow(
        "EqualizedDense",
        lambda: layers.EqualizedDense(5, "leaky_relu", 1.4, False, learning_rate_multiplier=0.5, initial_bias=1.0),
        ((4,),),
    ),
    LayerRow("MappingNetwork", lambda: layers.MappingNetwork(5, 2, 0.5, normalize=False), ((4,),)),
    LayerRow("MinibatchStddev", lambda: layers.MinibatchStddev(group_size=1, epsilon=1e-2), ((3, 4, 4),)),
    LayerRow("SynthesisLayer", lambda: layers.SynthesisLayer(5, upsample=True), ((3, 4, 4), (6,), (6, 8, 1))),
    LayerRow("SynthesisLayer", lambda: layers.SynthesisLayer(5), ((3, 4, 4), (6,), (3, 4, 1))),
    LayerRow("ToRGB", lambda: layers.ToRGB(4), ((3, 4, 5), (6,))),
    LayerRow("UpsampledRGB", lambda: layers.UpsampledRGB(), ((5, 7, 4), (3,))),
]

CONTENT = ("correlation", "relative", "mse")

CONSTRAINTS = {"ClipWeights": lambda: layers.ClipWeights(limit=0.5)}

NETWORKS = [
    LayerRow("PatchCritic", lambda: networks.PatchCritic(2, filters=4, num_layers=2), ((16, 24, 3), (2,))),
    LayerRow(
        "PerceptualNetwork",
        lambda: networks.PerceptualNetwork([[4, 4], [6]], taps=["relu1_2", "relu2_1"], padding="reflect"),
        ((12, 17, 3),),
    ),
    *(
        LayerRow(
            "StyleGAN2Critic",
            lambda r=residual: networks.StyleGAN2Critic((8, 12), 1, 24, 5, 3, 1, residual=r, group_size=1),
            ((8, 12, 1), (3,)),
            half=0.15,
        )
        for residual in (False, True)
    ),
    LayerRow(
        "StyleGAN2Generator",
        lambda: networks.StyleGAN2Generator((8, 12), 4, 24, 5, 6, 7, 1, 3),
        ((6,), (3,), (), (24 + 2 * 96,)),
        half=0.15,
    ),
    LayerRow(
        "StyleTransformer",
        lambda: networks.StyleTransformer(3, widths=[4, 6, 8], num_blocks=[1, 2, 1], normalization="all", num_waves=3),
        {"images": (16, 24, 3), "style_weights": (3,), "strength": ()},
        (0, 1),
        0.15,
    ),
]


def _pair_rows(name):
    pair = losses.adversarial_loss(name)
    for role in ("generator", "discriminator"):
        for shape in ((), (1,), (3, 2, 1)):
            relative = name == "relativistic_average"
            yield LossRow("adversarial_loss", getattr(pair, role), (shape, shape), relative=relative)


def _statistics_of_one_tap(method, features):
    return losses.style_statistics({"tap": features}, method)["tap"]


def _style_loss_of_one_tap(distance, statistics, targets):
    return losses.style_loss({"tap": statistics}, {"tap": targets}, distance=distance)


LOSSES = [
    *(row for name in losses.ADVERSARIAL_LOSSES for row in _pair_rows(name)),
    *(LossRow("content_loss", partial(losses.content_loss, method=m), ((4, 5, 3),) * 2) for m in CONTENT),
    LossRow("gradient_penalty", losses.gradient_penalty, ((4, 5, 3),)),
    LossRow("interpolate", losses.interpolate, ((4, 5, 3), (4, 5, 3), (1, 1, 1)), (4, 5, 3)),
    LossRow("path_length_penalty", losses.path_length_penalty, ((), ())),
    LossRow("path_lengths", losses.path_lengths, ((5, 7),)),
    LossRow("r1_penalty", losses.r1_penalty, ((4, 5, 3),)),
    LossRow("r2_penalty", losses.r2_penalty, ((4, 5, 3),)),
    *(
        LossRow("total_variation", partial(losses.total_variation, form=form), ((4, 5, 3),))
        for form in ("squared", "absolute", "sum")
    ),
    *(
        LossRow("style_statistics", partial(_statistics_of_one_tap, method), ((4, 5, 3),), shape)
        for method, shape in (("gram", (3, 3)), ("mean_std", (2, 3)), ("sorted", (20, 3)))
    ),
    *(
        LossRow("style_loss", partial(_style_loss_of_one_tap, distance), ((3, 3), (3, 3)))
        for distance in ("rooted", "relative", "squared")
    ),
]

# Public names without a row of their own, and why.
ELSEWHERE = {
    "LEAKY_GAIN": "the gain that keeps the variance through leaky ReLU",
    "ADVERSARIAL_LOSSES": "the table behind adversarial_loss; each of its pairs has rows",
    "AdversarialPair": "the type of those pairs",
    "Stage": "the type of the rows of stages",
    "stages": "takes sizes: test_stylegan2_networks.py",
    "build_perceptual": "makes a PerceptualNetwork from a file: test_perceptual.py",
}
