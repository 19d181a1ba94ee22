"""The arguments that say in which styles to paint: named, own, of pictures, and where."""

import argparse
import dataclasses


@dataclasses.dataclass(frozen=True)
class Painting:
    """What a call asks to paint: either one mixture for the whole picture, or regions.

    Attributes:
        styles: dict from name, or path of a style picture, to weight; None with regions.
        regions: list of (mask, styles); None without.
    """

    styles: dict[str, float] | None = None
    regions: list[tuple] | None = None

    def mixtures(self) -> list[dict[str, float]]:
        """The mixture of the whole picture, or those of the regions."""
        return [self.styles] if self.regions is None else [styles for _, styles in self.regions]

    def pictures(self) -> list[str]:
        """Paths of the style pictures among the styles."""
        import pathlib

        from keras_stylegan.formats import READABLE_SUFFIXES

        names = dict.fromkeys(name for styles in self.mixtures() for name in styles)
        return [name for name in names if pathlib.PurePath(name).suffix.lower() in READABLE_SUFFIXES]

    def masks(self) -> list[str]:
        """Paths of the masks."""
        masks = [getattr(mask, "mask", mask) for mask, _ in self.regions or []]  # the one that an `Outside` holds
        return [mask for mask in masks if mask != "alpha"]

    def record(self) -> dict:
        """What `--json` says of it."""
        if self.regions is None:
            return {"styles": self.styles}
        return {"regions": [{"mask": str(mask), "styles": styles} for mask, styles in self.regions]}


def add_style_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--style", action="append", default=[], metavar="NAME[=W][,NAME[=W]...]",
        help="style or mixture; may repeat; `keras-stylegan styles` lists the names")  # fmt: skip
    add("--style-image", action="append", default=[], metavar="FILE[=W]",
        help="a picture as style, mixed with the named ones; may repeat")  # fmt: skip
    add("--strength", type=float, default=1.0, metavar="S", help="0 (as it is) to 1 (default)")
    add("--color", default="style", metavar="MODE",
        help="whose colours: style (default), luma or match (the photograph's)")  # fmt: skip
    add_bank_argument(parser)


def add_painting_arguments(parser: argparse.ArgumentParser) -> None:
    add_style_arguments(parser)
    add = parser.add_argument
    add("--refine", type=float, nargs="?", const=60.0, metavar="SECONDS",
        help="optimise each style picture's vector for 60 s, or as long; needs TensorFlow, JAX or torch")  # fmt: skip
    add("--mask", metavar="FILE", help="white where --style-inside goes; `alpha` for the photograph's transparency")
    add("--style-inside", metavar="NAME[=W],...", help="style where the mask is white (default: stays as it is)")
    add("--style-outside", metavar="NAME[=W],...", help="style where the mask is black (default: stays as it is)")
    add("--region", action="append", default=[], metavar="MASK:NAME[=W],...",
        help="a region and its style; may repeat; where no mask is white the photograph stays")  # fmt: skip
    add(
        "--feather",
        type=float,
        metavar="X",
        help="one softness for all edges, share of the shorter side (default: 0.08, less where a region is small, "
        "sharp along edges of the photograph)",
    )


def add_bank_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bank", action="append", default=[], metavar="FILE", help="file of own styles; may repeat")


def parse_painting(arguments: argparse.Namespace) -> Painting:
    """Reads what `add_painting_arguments` added.

    Raises:
        ValueError: if nothing, or more than one way, says where to paint what; or as `parse_styles`.
    """
    masked = bool(arguments.mask or arguments.style_inside or arguments.style_outside)
    ways = [bool(arguments.style or arguments.style_image), masked, bool(arguments.region)]
    if sum(ways) != 1:
        raise ValueError(
            "give one of `--style` (and `--style-image`), `--mask` with `--style-inside` or `--style-outside`, and "
            f"`--region`. Received: {'more than one' if sum(ways) else 'none'} of them"
        )
    if arguments.feather is not None and ways[0]:
        raise ValueError("`--feather` softens the edges of `--mask` and `--region`. Received: neither")
    if ways[0]:
        return Painting(parse_mixture(arguments))
    if arguments.region:
        return Painting(regions=[_region(text) for text in arguments.region])
    if not arguments.mask or not (arguments.style_inside or arguments.style_outside):
        raise ValueError("`--mask` goes with `--style-inside` or `--style-outside`. Received: one without the other")
    from keras_stylegan.inference.regions import Outside

    regions = []
    if arguments.style_inside:
        regions.append((arguments.mask, parse_styles(arguments.style_inside, "--style-inside")))
    if arguments.style_outside:
        regions.append((Outside(arguments.mask), parse_styles(arguments.style_outside, "--style-outside")))
    return Painting(regions=regions)


def parse_mixture(arguments: argparse.Namespace) -> dict[str, float]:
    """Reads the styles that `add_style_arguments` added: a dict from name, or path of a picture, to weight.

    Raises:
        ValueError: if a picture is named twice; or as `parse_styles` and `parse_picture`.
    """
    styles = parse_styles(",".join(arguments.style)) if arguments.style else {}
    for text in arguments.style_image:
        path, weight = parse_picture(text)
        if path in styles:
            raise ValueError(f"`--style-image` must name every picture once. Received: {path} twice")
        styles[path] = weight
    return styles


def parse_styles(text: str, argument: str = "--style") -> dict[str, float]:
    """Parses `NAME[=W][,NAME[=W]...]` to a dict from name to weight; a name alone has weight 1.

    Raises:
        ValueError: if a name is missing or named twice, or a weight is no number.
    """
    styles = {}
    for part in text.split(","):
        name, equals, weight = (piece.strip() for piece in part.partition("="))
        if not name or name in styles:
            raise ValueError(f"`{argument}` must name every style once, as NAME or NAME=WEIGHT. Received: {text}")
        try:
            styles[name] = float(weight) if equals else 1.0
        except ValueError:
            raise ValueError(f"`{argument}` must have numbers as weights. Received: {part}") from None
    return styles


def parse_picture(text: str) -> tuple[str, float]:
    """Parses `FILE[=W]` of `--style-image`; the name of an existing file may have `=` in it.

    Raises:
        ValueError: if the suffix is not that of a picture, or the weight is no number.
    """
    import os
    import pathlib

    from keras_stylegan.formats import READABLE_SUFFIXES

    path, equals, weight = text.rpartition("=")
    if not equals or os.path.exists(text):
        path, weight = text, "1"
    if pathlib.PurePath(path).suffix.lower() not in READABLE_SUFFIXES:
        raise ValueError(
            f"`--style-image` must be a picture ({', '.join(sorted(READABLE_SUFFIXES))}). Received: {text}"
        )
    try:
        return path, float(weight)
    except ValueError:
        raise ValueError(f"`--style-image` must be FILE or FILE=W with a number as weight. Received: {text}") from None


def _region(text):
    mask, colon, styles = text.rpartition(":")
    if not colon or not mask:
        raise ValueError(f"`--region` must be MASK:NAME[=W],.... Received: {text}")
    return mask, parse_styles(styles, "--region")
