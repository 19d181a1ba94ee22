"""One row for every public layer, network and loss; tests/test_conformance.py puts each through the same checks.

A row makes its object under NON-DEFAULT arguments (several rows together may cover them) and gives the shapes of its
inputs without the batch axis. To add a name, add a row; the test of the public names tells which is missing.
"""

import collections
from functools import partial

from keras import ops

from keras_stylegan import layers, losses, networks
from keras_stylegan.models import CosineSchedule

# name: public name; make: function without arguments; inputs: tuple of shapes or dict of shapes, without the batch;
# ranges: range of the values fed to all inputs; half: root mean square difference to float32 under a mixed policy, in
# standard deviations of the output, None where half precision is not for this object.
LayerRow = collections.namedtuple("LayerRow", "name make inputs ranges half", defaults=[(-1, 1), 0.05])

# function: what is called on the inputs; output: shape without the batch, () for the one value per image of a loss;
# ranges as above; relative: whether an image's value may depend on the rest of its batch.
LossRow = collections.namedtuple(
    "LossRow", "name function inputs output ranges relative", defaults=[(), (-1, 1), False]
)


def _tiny_features():
    features = networks.PerceptualNetwork([[4], [6]], taps=["relu1_1", "relu2_1"])
    features.build()
    return features


LAYERS = [
    LayerRow("AdaINLayer", lambda: layers.AdaINLayer(5, upsample=True), ((4, 5, 4), (6,), (8, 10, 1)), half=0.1),
    LayerRow("AdaINLayer", lambda: layers.AdaINLayer(4, convolve=False), ((4, 5, 4), (6,), (4, 5, 1)), half=0.1),
    LayerRow("MappingNetwork", lambda: layers.MappingNetwork(5, 2, 0.5, normalize=False), ((4,),)),
    LayerRow(
        "ConvBlock",
        lambda: layers.ConvBlock(5, 4, strides=2, padding="valid", normalization="batch", dropout=0.2, use_bias=True),
        ((9, 12, 4),),
    ),
    LayerRow(
        "ConvBlock",
        lambda: layers.ConvBlock(5, 5, upsample="resize", padding="reflect", normalization="none", activation="linear"),
        ((5, 6, 4),),
    ),
    LayerRow(
        "ConvBlock",
        lambda: layers.ConvBlock(5, upsample="transposed", normalization="affine_instance", activation="leaky_relu"),
        ((5, 6, 4),),
    ),
    LayerRow("ResidualBlock", lambda: layers.ResidualBlock(4, "affine_instance", 0.2), ((5, 6, 4),)),
    LayerRow(
        "UpBlock",
        lambda: layers.UpBlock(4, 3, "resize", normalization="instance", dropout=0.2, use_bias=False),
        ((3, 4, 6), (6, 8, 5)),
    ),
    LayerRow("CodeHead", lambda: layers.CodeHead(5, units=7), ((6,),)),
    LayerRow(
        "AdaptiveAugmentation",
        lambda: layers.AdaptiveAugmentation(
            {"flip": 1.0, "colour": 0.5, "cutout": 1.0}, None, 0.3, 0.9, 100.0, 2, CosineSchedule(0.3, 0.5, 1.0), seed=1
        ),
        ((8, 11, 3),),
    ),
    LayerRow("DiffAugment", lambda: layers.DiffAugment(("colour", "cutout"), seed=1), ((8, 11, 3),), half=None),
    LayerRow(
        "StyledConv2D",
        lambda: layers.StyledConv2D(6, kernel_size=5, separable=True, normalize=False, activation="linear"),
        ((9, 12, 4), (6,), (6,)),
    ),
    LayerRow("StyledConv2D", lambda: layers.StyledConv2D(5, strides=2, epsilon=1e-2), ((8, 11, 4), (5,), (5,))),
    LayerRow(
        "StyleBank", lambda: layers.StyleBank(3, 7, "glorot_normal", learning_rate_multiplier=3), ((3,), ()), (0, 1)
    ),
    *(
        LayerRow("GroupedConv2D", lambda f=form: layers.GroupedConv2D(2, "he_normal", f), ((5, 7, 4),))
        for form in ("grouped", "taps")
    ),
    LayerRow(
        "NormalizedConv2D",
        lambda: layers.NormalizedConv2D(5, 5, 2, activation="leaky_relu", use_bias=True, epsilon=1e-2),
        ((8, 11, 4),),
    ),
    LayerRow("ScoreHead", lambda: layers.ScoreHead(3, use_bias=False, spectral=True), ((6,), (3,)), half=0.1),
    LayerRow(
        "SpectralConv2D",
        lambda: layers.SpectralConv2D(5, 4, strides=2, use_bias=False, kernel_initializer="he_normal"),
        ((8, 11, 4),),
    ),
    LayerRow("SpectralDense", lambda: layers.SpectralDense(5, use_bias=False, kernel_initializer="he_normal"), ((6,),)),
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
    LayerRow("MinibatchStddev", lambda: layers.MinibatchStddev(group_size=1, epsilon=1e-2), ((3, 4, 4),)),
    LayerRow("RegionNormalization", lambda: layers.RegionNormalization(0.1), ((5, 7, 4), (5, 7, 3)), (0, 1)),
    LayerRow("SynthesisLayer", lambda: layers.SynthesisLayer(5, upsample=True), ((3, 4, 4), (6,), (6, 8, 1))),
    LayerRow("SynthesisLayer", lambda: layers.SynthesisLayer(5), ((3, 4, 4), (6,), (3, 4, 1))),
    LayerRow("ToRGB", lambda: layers.ToRGB(4), ((3, 4, 5), (6,))),
    LayerRow("UpsampledRGB", lambda: layers.UpsampledRGB(), ((5, 7, 4), (3,))),
]

CONTENT = ("correlation", "relative", "mse")

CONSTRAINTS = {"ClipWeights": lambda: layers.ClipWeights(limit=0.5)}

NETWORKS = [
    LayerRow(
        "DCGANGenerator",
        lambda: networks.DCGANGenerator((16, 24), 4, 6, filters=4, max_filters=6, normalization="none", num_classes=3),
        ((6,), (3,)),
    ),
    *(
        LayerRow(
            "DCGANCritic",
            lambda n=normalization, c=conditioning: networks.DCGANCritic((16, 24), 1, 4, 6, n, 3, c),
            ((16, 24, 1), (3,)),
            half=0.2,
        )
        for normalization, conditioning in (("spectral", "embedding"), ("batch", "projection"))
    ),
    LayerRow(
        "CodedGenerator",
        lambda: networks.CodedGenerator(networks.DCGANGenerator((8, 12), latent_dim=8, filters=4), (3, 2), 1),
        ((8,),),
        half=0.2,
    ),
    LayerRow(
        "CodeReader",
        lambda: networks.CodeReader(
            networks.DCGANCritic((8, 12), 1, filters=4, normalization="none"), layers.CodeHead(5)
        ),
        ((8, 12, 1),),
    ),
    LayerRow(
        "ProgressiveGenerator",
        lambda: networks.ProgressiveGenerator((16, 24), 1, 6, filters=4, max_filters=6, num_classes=3),
        ((6,), (3,)),
        half=0.1,
    ),
    LayerRow(
        "ProgressiveCritic",
        lambda: networks.ProgressiveCritic((16, 24), 1, 4, 6, group_size=1, num_classes=3),
        ((16, 24, 1), (3,)),
        half=0.1,
    ),
    LayerRow(
        "R3GANGenerator",
        lambda: networks.R3GANGenerator((16, 24), 1, 6, 4, 8, group_width=4, num_classes=3),
        ((6,), (3,)),
        half=0.1,
    ),
    LayerRow(
        "R3GANCritic",
        lambda: networks.R3GANCritic((16, 24), 1, 4, 8, group_width=4, num_classes=3),
        ((16, 24, 1), (3,)),
        half=0.1,
    ),
    LayerRow(
        "ResNetGenerator",
        lambda: networks.ResNetGenerator((8, 12), 4, 6, filters=4, normalization="none", num_classes=3),
        ((6,), (3,)),
    ),
    LayerRow(
        "ResNetCritic",
        lambda: networks.ResNetCritic((16, 24), 1, filters=4, normalization="none", num_classes=3),
        ((16, 24, 1), (3,)),
    ),
    LayerRow(
        "StyleGANGenerator",
        lambda: networks.StyleGANGenerator((16, 24), 1, 6, 5, 2, filters=4, max_filters=6, num_classes=3),
        ((6,), (3,)),
        half=0.2,
    ),
    LayerRow("DomainEncoder", lambda: networks.DomainEncoder(3, 2, 4, 6, 2, 4), ((8, 12, 4), (3,)), half=0.1),
    LayerRow(
        "DomainTranslator",
        lambda: networks.DomainTranslator(3, 4, 6, 2, 1, 5, 6, 2, True),
        ((8, 12, 3), (5,)),
        half=0.25,
    ),
    LayerRow("HourglassNetwork", lambda: networks.HourglassNetwork([4, 6], 2, 4), ((12, 16, 3),), half=0.2),
    LayerRow(
        "JohnsonTransformer",
        lambda: networks.JohnsonTransformer(3, num_blocks=2),
        {"images": (16, 24, 3), "style_weights": (1,), "strength": ()},
        (0, 1),
        0.15,
    ),
    LayerRow(
        "FusionGenerator",
        lambda: networks.FusionGenerator([4, 6, 8], [1, 1, 2], latent_dim=5),
        {"source": (16, 24, 3), "target": (16, 24, 3), "masks": (16, 24, 2), "noise": (5,)},
        (0, 1),
        0.15,
    ),
    LayerRow(
        "FusionCritic", lambda: networks.FusionCritic(4, num_halvings=2), ((16, 24, 3), (16, 24, 2)), (0, 1), half=0.1
    ),
    LayerRow("PatchCritic", lambda: networks.PatchCritic(2, filters=4, num_layers=2), ((16, 24, 3), (2,))),
    *(
        LayerRow(
            "PatchGANCritic",
            lambda field=field: networks.PatchGANCritic(field, 4, 4, 3, normalization="instance"),
            ((17, 20, 4), (17, 20, 3)),
            half=0.1,
        )
        for field in (1, 16)
    ),
    LayerRow(
        "UNetTranslator",
        lambda: networks.UNetTranslator(3, 4, 6, 4, 2, normalization="batch", dropout=0.2, upsample="resize"),
        ((16, 24, 4),),
        half=0.1,
    ),
    LayerRow(
        "VNetTranslator",
        lambda: networks.VNetTranslator((1, 2), 4, 6, 3, 4, 2, normalization="instance"),
        ((8, 12, 4),),
        half=0.15,
    ),
    LayerRow(
        "ResNetTranslator",
        lambda: networks.ResNetTranslator(2, 4, 4, 2, "affine_instance", "transposed"),
        ((8, 12, 4),),
        half=0.15,
    ),
    LayerRow(
        "DenseNetTranslator",
        lambda: networks.DenseNetTranslator(1, 2, 3, 4, 4, 2, "affine_instance", "transposed"),
        ((8, 12, 4),),
        half=0.15,
    ),
    LayerRow(
        "PerceptualNetwork",
        lambda: networks.PerceptualNetwork([[4, 4], [6]], taps=["relu1_2", "relu2_1"], padding="reflect"),
        ((12, 17, 3),),
    ),
    LayerRow(
        "ProjectedCritic",
        lambda: networks.ProjectedCritic(_tiny_features(), (16, 16), filters=5, num_classes=3),
        ((16, 16, 3), (3,)),
        half=0.15,
    ),
    LayerRow("TextureCritic", lambda: networks.TextureCritic(filters=4, num_halvings=2), ((16, 24, 3),)),
    LayerRow(
        "SuperResolutionNetwork",
        lambda: networks.SuperResolutionNetwork(3, filters=4, num_blocks=2),
        ((5, 7, 3),),
    ),
    *(
        LayerRow("SceneEncoder", lambda s=skips: networks.SceneEncoder((16, 24), 96, 6, 5, s), ((16, 24, 3),), half=0.1)
        for skips in (True, False)
    ),
    LayerRow(
        "SceneNetwork",
        lambda: networks.SceneNetwork(
            networks.SceneEncoder((16, 24), 96, 6, 5, False),
            networks.StyleGAN2Generator((16, 24), 3, 96, 6, 4, 5, 1, 2),
            factor=3,
        ),
        ((48, 72, 3),),
        half=0.1,
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
        lambda: networks.StyleTransformer(
            3, [4, 6, 8], [1, 2, 1], normalization="all", num_waves=3, bank_lr_multiplier=2
        ),
        {"images": (16, 24, 3), "style_weights": (3,), "strength": ()},
        (0, 1),
        0.15,
    ),
    LayerRow(
        "StylePredictor",
        lambda: networks.StylePredictor(7, ((4, 5), (6, 4), (3,), (5,)), num_projections=3, hidden=6),
        ((16, 24, 3),),
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


def _rotation_loss(logits):
    return losses.rotation_loss(logits, ops.cast(logits[:, 0] > 0, "int32"))


def _style_loss_of_one_tap(distance, statistics, targets):
    return losses.style_loss({"tap": statistics}, {"tap": targets}, distance=distance)


def _patch_loss_of_one_tap(statistics, targets):
    return losses.style_loss({"tap": statistics}, {"tap": targets}, method="patch")


LOSSES = [
    *(row for name in losses.ADVERSARIAL_LOSSES for row in _pair_rows(name)),
    *(LossRow("content_loss", partial(losses.content_loss, method=m), ((4, 5, 3),) * 2) for m in CONTENT),
    LossRow("categorical_code_loss", losses.categorical_code_loss, ((4,), (4,))),
    LossRow("continuous_code_loss", partial(losses.continuous_code_loss, deviation=0.3), ((4,), (4,))),
    LossRow("absolute_error", losses.absolute_error, ((4, 5, 3), (4, 5, 3))),
    LossRow("squared_error", losses.squared_error, ((4, 5, 3), (4, 5, 3))),
    LossRow("gradient_penalty", losses.gradient_penalty, ((4, 5, 3),)),
    LossRow("grid_loss", losses.grid_loss, ((40, 33, 3),)),
    LossRow("light_loss", losses.light_loss, ((40, 33, 3), (40, 33, 3))),
    LossRow("interpolate", losses.interpolate, ((4, 5, 3), (4, 5, 3), (1, 1, 1)), (4, 5, 3)),
    LossRow("rotation_loss", _rotation_loss, ((4,),)),
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
        for method, shape in (("gram", (3, 3)), ("mean_std", (2, 3)), ("sorted", (20, 3)), ("patch", (6, 27)))
    ),
    *(
        LossRow("style_loss", partial(_style_loss_of_one_tap, distance), ((3, 3), (3, 3)))
        for distance in ("rooted", "relative", "squared")
    ),
    LossRow("style_loss", _patch_loss_of_one_tap, ((7, 27), (5, 27))),
]

# Public names without a row of their own, and why.
ELSEWHERE = {
    "RECEPTIVE_FIELDS": "the table behind PatchGANCritic: test_translators.py",
    **dict.fromkeys(
        ("BackboneCritic", "BackboneTrunk", "BackboneUNet"),
        "seconds to build: test_backbones.py saves, loads and trains them",
    ),
    "TRUNKS": "the names of BackboneTrunk's networks",
    "resolutions": "a function of sizes: test_dcgan.py",
    "rotate": "takes integers: test_noise_to_image.py",
    "LEAKY_GAIN": "the gain that keeps the variance through leaky ReLU",
    "ADVERSARIAL_LOSSES": "the table behind adversarial_loss; each of its pairs has rows",
    "AdversarialPair": "the type of those pairs",
    "Stage": "the type of the rows of stages",
    "stages": "takes sizes: test_stylegan2_networks.py",
    "build_perceptual": "makes a PerceptualNetwork from a file: test_perceptual.py",
}
