"""The feed-forward stylisation network: every style of the bank, any mixture, any strength, any size."""

import functools

import keras
from keras import ops

from keras_stylegan.layers.style_bank import StyleBank
from keras_stylegan.layers.styled_convolution import StyledConv2D
from keras_stylegan.layers.upsampled_rgb import UpsampledRGB
from keras_stylegan.networks.style_maps import StyleMaps
from keras_stylegan.ops.resampling import upsample_nearest
from keras_stylegan.ops.waves import plane_waves

# The output is this times tanh, so that full black and white lie inside the range where tanh still has a gradient.
OUTPUT_RANGE = 1.1
# Below this strength the painted picture is blended with the photograph's own pixels.
EXACT_BELOW = 0.2


@keras.saving.register_keras_serializable(package="keras_stylegan")
class StyleTransformer(keras.Model):
    """Photograph and style in, painted photograph out.

    An encoder to 1/8 of the size (the first halving is space-to-depth), residual blocks of separable convolutions at
    1/4, 1/8 and 1/4, nearest-neighbour resize + convolution back, the encoder's maps added on the way. At 1/4 a
    mixture of plane waves is added, as strong as the style wants: strokes for flat skies grow from it. Every
    convolution but the last is a `StyledConv2D`: scales and shifts of all of them, one after the other in the order
    of `styled_layers()`, are the style vector.

    Args:
        num_styles: int, styles in the bank.
        widths: three ints, channels at 1/2, 1/4 and 1/8 of the size.
        num_blocks: three ints, residual blocks at 1/4 (encoder), 1/8 and 1/4 (decoder).
        normalization: `"all"` normalises after every styled convolution, `"branches"` only inside residual blocks.
        num_waves: int, plane waves offered (`keras_stylegan.ops.waves`).
        bank_lr_multiplier: float, relative learning rate of the style vectors (`StyleBank`).

    Call arguments:
        inputs: dict of `images`, float `(batch, height, width, 3)`, RGB in [-1, 1], height and width multiples of
            `stride` and at least 16; `style_weights`, float `(batch, num_styles)`, rows that sum to 1; `strength`,
            float `(batch,)` in [0, 1]. Optional: `style_vectors`, float `(batch, vector_size)`: styles that are not in
            the bank, times their shares, which the rows of `style_weights` then lack; `masks`, float `(batch, height,
            width, regions)` in [0, 1], sums at most 1: `style_weights` and `style_vectors` then have an axis of regions
            after that of the batch, and what no mask covers stays the photograph; `origin`, `(batch, 2)`, where the
            waves begin (`plane_waves`); `frozen_vectors`, `(batch, vector_size)`, what `freeze` returned: they take the
            place of bank, style vectors and the picture's own statistics, and the images are those of `paint_tile`.

    Returns:
        float32 tensor of the images' shape (of tiles without their margins), values within [-1.1, 1.1]; at strength 0
        the images themselves.

    Raises:
        ValueError: if an argument breaks its rule.

    Source: layout after Johnson et al. 2016 (Perceptual Losses for Real-Time Style Transfer) with separable
    convolutions and a bank after Dumoulin et al. 2017; skips and the strength vector are this project's.
    """

    stride = 8

    def __init__(
        self,
        num_styles,
        widths=(32, 64, 192),
        num_blocks=(1, 5, 3),
        normalization="branches",
        num_waves=16,
        bank_lr_multiplier=1.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        for name, value in (("widths", widths), ("num_blocks", num_blocks)):
            if len(value) != 3:
                raise ValueError(f"`{name}` must hold three numbers. Received: {name}={value}")
        if normalization not in ("all", "branches"):
            raise ValueError(f'`normalization` must be "all" or "branches". Received: normalization={normalization!r}')
        if num_waves < 1:
            raise ValueError(f"`num_waves` must be positive. Received: num_waves={num_waves}")
        self.num_styles = num_styles
        self.num_waves = num_waves
        self.widths = tuple(widths)
        self.num_blocks = tuple(num_blocks)
        self.normalization = normalization

        half, quarter, eighth = widths
        trunk = {"normalize": normalization == "all"}
        self.stem = StyledConv2D(half, name="stem", **trunk)
        self.to_quarter = StyledConv2D(quarter, strides=2, name="to_quarter", **trunk)
        self.waves = StyledConv2D(quarter, kernel_size=1, normalize=False, activation="linear", name="waves")
        self.encoder_blocks = [_residual_block(quarter, f"encoder_{i}") for i in range(num_blocks[0])]
        self.to_eighth = StyledConv2D(eighth, strides=2, name="to_eighth", **trunk)
        self.middle_blocks = [_residual_block(eighth, f"middle_{i}") for i in range(num_blocks[1])]
        self.from_eighth = StyledConv2D(quarter, kernel_size=1, activation="linear", name="from_eighth", **trunk)
        self.decoder_blocks = [_residual_block(quarter, f"decoder_{i}") for i in range(num_blocks[2])]
        self.from_quarter = StyledConv2D(half, kernel_size=1, activation="linear", name="from_quarter", **trunk)
        self.head = StyledConv2D(half, separable=True, name="head", **trunk)
        self.to_rgb = UpsampledRGB(name="to_rgb")
        neutral = NeutralStyle(self._layout())
        self.bank = StyleBank(num_styles, self.vector_size, neutral, bank_lr_multiplier, name="bank")

    def styled_layers(self):
        """The layers that a style vector sets, in the order of its parts (the RGB shift comes last)."""
        flat = [[layer for block in blocks for layer in block] for blocks in self._blocks()]
        return [
            *(self.stem, self.to_quarter, self.waves, *flat[0]),
            *(self.to_eighth, *flat[1]),
            *(self.from_eighth, *flat[2]),
            *(self.from_quarter, self.head),
        ]

    @property
    def vector_size(self):
        """Numbers that describe a style: a scale and a shift per channel of each styled layer, and an RGB shift."""
        return sum(size for size, _ in self._layout())

    def call(self, inputs):
        images, masks, origin = inputs["images"], inputs.get("masks"), inputs.get("origin")
        if "frozen_vectors" in inputs:
            painted = self.paint_tile(images, inputs["frozen_vectors"], origin)
            images = _inner(images, self.tile_margin)
        else:
            vectors = self.bank(inputs["style_weights"], inputs["strength"], inputs.get("style_vectors"))
            painted = self.paint(images, vectors, origin, masks)
        strength = ops.cast(inputs["strength"], "float32")[:, None, None, None]
        if masks is not None:
            strength = strength * ops.sum(ops.cast(masks, "float32"), axis=-1, keepdims=True)
        # The last fifth of the way to the photograph is walked by its own pixels, so that strength 0 is exact.
        share = ops.minimum(strength / EXACT_BELOW, 1.0)
        images = ops.cast(images, "float32")
        return images + share * (painted - images)

    def paint(self, images, vectors, origin=None, masks=None, frozen=False):
        """Paints `images` in the styles of `vectors`, float `(batch, vector_size)`; returns float32 images.

        With `masks`, float `(batch, height, width, regions)`, of `vectors`, `(batch, regions, vector_size)`, each
        position has the mean weighted by its masks, filled up to 1 by the photograph's vector. `frozen` vectors are
        those of `freeze`.
        """
        split = self._split(vectors)
        if masks is not None:
            split = StyleMaps(split, self._split(self.bank.photograph_vector()[None, None]), masks, self._strides())
        return self._walk(images, origin, lambda x, layer: layer(x, *split[layer.name], frozen=frozen), split)

    def paint_tile(self, images, frozen_vectors, origin=None):
        """Paints the middle of images that bring all that the network sees of it, so that tiles fit together.

        No layer pads: what lies beyond the middle is computed no further than something in the middle depends on it.

        Args:
            images: float tensor `(batch, height, width, 3)`, sides multiples of `stride` beyond `2 * tile_margin`.
            frozen_vectors: float tensor `(batch, vector_size)`, of `freeze`.
            origin: optional float tensor `(batch, 2)`, as of `paint`, of the images with their margins.

        Returns:
            float32 tensor `(batch, height - 2 * tile_margin, width - 2 * tile_margin, 3)`.
        """
        split = self._split(frozen_vectors)
        style = functools.partial(_frozen_style, split)
        return self._walk(images, origin, style, split, padded=True)

    @property
    def lost_at(self):
        """Positions that features without padding have lost on each side, by the place in the network.

        Those of `encoded` and `decoded` are at 1/4 of the size, of `middle` at 1/8, of `head` at 1/2.
        """
        encoder, middle, decoder = self.num_blocks  # two kernels of 3x3 each
        encoded = 1 + 2 * encoder
        smallest = (encoded + 1) // 2 + 2 * middle
        decoded = 2 * smallest + 2 * decoder
        return {"encoded": encoded, "middle": smallest, "decoded": decoded, "head": 2 * decoded + 1}

    @property
    def tile_margin(self):
        """Pixels that the network sees beyond a tile on each side."""
        return 2 * self.lost_at["head"] + 2

    def freeze(self, parts, vectors, origin=None):
        """Puts the statistics of a picture into a style vector, which then paints any part of it alike.

        Normalising with known statistics is a scale and a shift, as a style is; so one vector holds both. It paints
        without looking at the picture as a whole: in tiles, or from a few parts that stand for all.

        Args:
            parts: float tensor `(parts, height, width, 3)`, RGB in [-1, 1], parts of one picture, or all of it.
            vectors: float tensor `(1, vector_size)`.
            origin: optional float tensor `(parts, 2)`, as of `paint`.

        Returns:
            float32 tensor `(1, vector_size)`, for `paint` with `frozen=True`.
        """
        split, frozen = self._split(vectors), {}

        def style(x, layer):
            frozen[layer.name] = layer.freeze(x, *split[layer.name])
            return layer(x, *frozen[layer.name], frozen=True)

        self._walk(parts, origin, style, split)
        scales_and_shifts = [part for layer in self.styled_layers() for part in frozen[layer.name]]
        return ops.concatenate([*scales_and_shifts, split[self.to_rgb.name]], axis=-1)

    def _walk(self, images, origin, style, split, padded=False):
        """Takes images through the network; `style(x, layer)` is a styled layer's output, of `padded` images a part."""
        lost = self.lost_at if padded else dict.fromkeys(self.lost_at, 0)
        begin = 1 if padded else 0  # lost by the first convolution, at 1/2 of the size, and by the second, at 1/4
        if padded:
            origin = begin + (ops.zeros((1, 2)) if origin is None else origin)
        x = ops.space_to_depth(ops.cast(images, self.compute_dtype), 2)
        half = x = style(x, self.stem)
        x = style(x, self.to_quarter)
        x = x + style(ops.cast(plane_waves(x, self.num_waves, 4, origin), x.dtype), self.waves)
        quarter = x = _residual(self.encoder_blocks, x, style, 2 * begin)
        x = style(x, self.to_eighth)
        x = _residual(self.middle_blocks, x, style, 2 * begin)
        x = upsample_nearest(style(x, self.from_eighth)) + _inner(quarter, 2 * lost["middle"] - lost["encoded"])
        x = _residual(self.decoder_blocks, x, style, 2 * begin)
        x = upsample_nearest(style(x, self.from_quarter)) + _inner(half, 2 * lost["decoded"] - begin)
        x = style(x, self.head)
        return OUTPUT_RANGE * ops.tanh(self.to_rgb(x, split[self.to_rgb.name], padded=padded))

    def build(self, input_shape=None):
        half, quarter, eighth = self.widths
        channels = {self.stem: 12, self.to_quarter: half, self.waves: self.num_waves, self.to_eighth: quarter}
        channels |= {self.from_eighth: eighth, self.from_quarter: quarter, self.head: half}
        for layer in self.styled_layers():
            style = (None, layer.filters)
            layer.build((None, None, None, channels.get(layer, layer.filters)), style, style)
        self.to_rgb.build((None, None, None, half), (None, 3))
        self.bank.build((None, self.num_styles), (None,))
        self.built = True

    def compute_output_shape(self, input_shape):
        return input_shape["images"]

    def get_config(self):
        return {
            **super().get_config(),
            "num_styles": self.num_styles,
            "widths": self.widths,
            "num_blocks": self.num_blocks,
            "normalization": self.normalization,
            "num_waves": self.num_waves,
            "bank_lr_multiplier": self.bank.learning_rate_multiplier,
        }

    def _blocks(self):
        return self.encoder_blocks, self.middle_blocks, self.decoder_blocks

    def _layout(self):
        """(size, neutral value) of each part of a style vector, in order."""
        # Branches start at half their gain, so that an untrained residual stack does not grow with its depth.
        gains = {block[1]: 0.5 for blocks in self._blocks() for block in blocks} | {self.waves: 0.25}
        parts = []
        for layer in self.styled_layers():
            parts += [(layer.filters, gains.get(layer, 1.0)), (layer.filters, 0.0)]
        return [*parts, (3, 0.0)]

    def _split(self, vectors):
        """Scale and shift of each styled layer and the RGB shift, by layer name."""
        sizes = [size for size, _ in self._layout()]
        starts = [sum(sizes[:i]) for i in range(1, len(sizes))]
        parts = ops.split(vectors, starts, axis=-1)
        split = {layer.name: parts[2 * i : 2 * i + 2] for i, layer in enumerate(self.styled_layers())}
        return {**split, self.to_rgb.name: parts[-1]}

    def _strides(self):
        """Pixels of the picture per step of what each styled layer returns, by layer name."""
        encoder, middle, decoder = ([layer for block in blocks for layer in block] for blocks in self._blocks())
        levels = {
            1: [self.to_rgb],
            2: [self.stem, self.head],
            4: [self.to_quarter, self.waves, *encoder, *decoder, self.from_quarter],
            8: [self.to_eighth, *middle, self.from_eighth],
        }
        return {layer.name: stride for stride, layers in levels.items() for layer in layers}


@keras.saving.register_keras_serializable(package="keras_stylegan")
class NeutralStyle(keras.initializers.Initializer):
    """Scales at their neutral gain and shifts at zero, for every style alike.

    Args:
        layout: list of (size, value) pairs, the parts of a style vector in order.
    """

    def __init__(self, layout):
        self.layout = layout

    def __call__(self, shape, dtype=None):
        row = [value for size, value in self.layout for _ in range(size)]
        # Added to zeros, not broadcast: torch's optimizers refuse weights that are views with shared memory.
        return ops.zeros(shape, dtype) + ops.convert_to_tensor(row, dtype=dtype)

    def get_config(self):
        return {"layout": self.layout}


def _residual(blocks, x, style, lost):
    for first, second in blocks:
        x = _inner(x, lost) + style(style(x, first), second)
    return x


def _frozen_style(split, x, layer):
    return layer(x, *split[layer.name], frozen=True, padded=True)


def _inner(images, size):
    """Images without so many rows and columns on each side."""
    return images[:, size:-size, size:-size] if size else images


def _residual_block(filters, name):
    return (
        StyledConv2D(filters, separable=True, name=f"{name}_a"),
        StyledConv2D(filters, separable=True, activation="linear", name=f"{name}_b"),
    )
