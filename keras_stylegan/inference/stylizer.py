"""The stylisation network as a Python object: photographs in, painted pictures out."""

import numbers
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from keras_stylegan.inference import colour, resolution
from keras_stylegan.inference.images import MAX_PIXELS, read_picture
from keras_stylegan.inference.mixtures import mixture_weights


class Stylizer:
    """Paints photographs in the styles of one network. `keras_stylegan.load` makes one of a packaged network.

    Args:
        runtime: object with `run(image, weights, strength)`, such as `LiteRTRuntime`.
        styles: names of the network's styles, in its order.
        working_size: int, the short side of a picture at which strokes have their natural size.

    Example:

    >>> net = keras_stylegan.load()
    >>> net.stylize("street.jpg", {"seurat_pointillism": 2, "hokusai_great_wave": 1}, strength=0.8).save("out.png")
    """

    def __init__(self, runtime, styles: Sequence[str], working_size: int = 512):
        self.runtime = runtime
        self.styles = tuple(styles)
        self.working_size = working_size

    def check(
        self,
        styles: str | Mapping[str, float],
        strength: float = 1.0,
        color: str = "style",
        stroke_size: float | None = None,
    ) -> np.ndarray:
        """Checks the arguments of `stylize` that do not depend on the picture; returns the weights of all styles.

        Raises:
            ValueError: as `stylize`.
        """
        weights = mixture_weights(styles, self.styles)
        if not isinstance(strength, numbers.Real) or not 0 <= strength <= 1:
            raise ValueError(f"`strength` must be a number from 0 to 1. Received: strength={strength}")
        if color not in colour.COLOR_MODES:
            raise ValueError(f"`color` must be one of {', '.join(colour.COLOR_MODES)}. Received: color={color!r}")
        resolution.check_stroke_size(stroke_size)
        return weights

    def stylize(
        self,
        image,
        styles: str | Mapping[str, float],
        strength: float = 1.0,
        color: str = "style",
        stroke_size: float | None = None,
        size: tuple[int, int] | None = None,
        max_pixels: int = MAX_PIXELS,
    ) -> Image.Image:
        """Paints a photograph.

        Args:
            image: path, bytes of a file, PIL image, or array uint8 of shape `(height, width)` or
                `(height, width, 1 | 3 | 4)`. `inference.images` says what becomes of alpha, EXIF and profiles.
            styles: name of a style, or a mapping from names to weights; only the ratios of the weights matter.
            strength: float in [0, 1], how far to go from the photograph (0, its own pixels) to the painting (1).
            color: `"style"`, the style's colours; `"luma"`, the photograph's colours under the painting's light and
                dark; `"match"`, the painting with the mean and covariance of the photograph's colours.
            stroke_size: float > 0, relative size of the strokes: the network paints at a short side of
                `working_size / stroke_size`. None stands for 1, but smaller pictures are painted as they are.
            size: (width, height) of the result, or None for the photograph's own.
            max_pixels: int > 0, the greatest number of pixels of the photograph and of the result.

        Returns:
            PIL image of mode RGB, or RGBA if the photograph has transparency, upright.

        Raises:
            ValueError: if an argument breaks its rule, or the picture cannot be read.
            OSError: if the file cannot be opened.
        """
        weights = self.check(styles, strength, color, stroke_size)
        picture = read_picture(image, max_pixels)
        if size is not None:
            _check_size(size, max_pixels)
        photo = picture.photo if size is None else resolution.resize(picture.photo, tuple(size))
        return picture.dress(self._paint(photo, weights, strength, color, stroke_size))

    def _paint(self, photo, weights, strength, color, stroke_size):
        if strength == 0:
            return photo
        small = resolution.resize(photo, resolution.working_size(photo.size, self.working_size, stroke_size))
        stylised = Image.fromarray(self.runtime.run(np.asarray(small), weights, float(strength)))
        if color == "match":
            stylised = colour.match_colours(stylised, small)
        result = resolution.upsample(stylised, small, photo, strength)
        return colour.keep_chroma(result, photo) if color == "luma" else result

    def sheet(self, image, columns: int = 5, tile: int = 320) -> Image.Image:
        """Paints one photograph in every style, at full strength, and lays the pictures out with their names.

        Args:
            image: as for `stylize`.
            columns: int >= 1, tiles beside each other. The first tile is the photograph.
            tile: int from 16 to 1024, width of a tile in pixels.

        Returns:
            PIL image of mode RGB.

        Raises:
            ValueError: if an argument breaks its rule, or the picture cannot be read.
        """
        from keras_stylegan.inference.contact_sheet import check_layout, contact_sheet

        check_layout(columns, tile)  # before forty pictures are painted
        # What is larger than the working size only adds detail that a tile does not show.
        photo = read_picture(image).photo
        photo = resolution.resize(photo, resolution.working_size(photo.size, self.working_size, None))
        pictures = [(photo, "photograph")]
        pictures += [(self.stylize(photo, style), style) for style in self.styles]
        return contact_sheet(pictures, columns, tile)


def _check_size(size, max_pixels):
    is_pair = isinstance(size, Sequence) and len(size) == 2 and all(isinstance(s, numbers.Integral) for s in size)
    if not is_pair or min(size) < 1 or size[0] * size[1] > max_pixels:
        raise ValueError(
            f"`size` must be (width, height), two whole numbers from 1, of at most {max_pixels} pixels (`max_pixels`). "
            f"Received: size={size}"
        )
