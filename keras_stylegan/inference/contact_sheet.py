"""Pictures side by side with their names."""

import numbers
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

_MARGIN = 8  # pixels around every tile
_MIN_TILE, _MAX_TILE = 16, 1024  # pixels; forty tiles of the largest are a picture of 42 million pixels


def contact_sheet(pictures: Sequence[tuple[Image.Image, str]], columns: int, tile: int) -> Image.Image:
    """Lays pictures out in rows, each above its label.

    Args:
        pictures: pairs of a PIL image and its label.
        columns: int >= 1, pictures in a row.
        tile: int from 16 to 1024, width of every picture in pixels; heights follow, up to twice the width.

    Returns:
        PIL image of mode RGB on white.

    Raises:
        ValueError: if `columns` or `tile` breaks its rule.
    """
    check_layout(columns, tile)
    columns = min(columns, len(pictures))
    tiles = [_fit(picture, tile) for picture, _ in pictures]
    font = _font([label for _, label in pictures], tile)
    line = sum(font.getmetrics()) + 4
    rows = [tiles[i : i + columns] for i in range(0, len(tiles), columns)]
    heights = [max(picture.height for picture in row) + line + _MARGIN for row in rows]
    sheet = Image.new("RGB", (columns * (tile + _MARGIN) + _MARGIN, sum(heights) + _MARGIN), "white")
    draw = ImageDraw.Draw(sheet)
    for i, (picture, (_, label)) in enumerate(zip(tiles, pictures, strict=True)):
        left = _MARGIN + (i % columns) * (tile + _MARGIN)
        top = _MARGIN + sum(heights[: i // columns])
        sheet.paste(picture, (left + (tile - picture.width) // 2, top))
        draw.text((left + tile / 2, top + picture.height + 2), label, fill="black", font=font, anchor="ma")
    return sheet


def check_layout(columns: int, tile: int) -> None:
    """ValueError unless `columns` and `tile` keep the rules of `contact_sheet`."""
    if not isinstance(columns, numbers.Integral) or columns < 1:
        raise ValueError(f"`columns` must be a whole number of at least 1. Received: columns={columns!r}")
    if not isinstance(tile, numbers.Integral) or not _MIN_TILE <= tile <= _MAX_TILE:
        raise ValueError(f"`tile` must be a whole number from {_MIN_TILE} to {_MAX_TILE}. Received: tile={tile!r}")


def stack(sheets: Sequence[Image.Image]) -> Image.Image:
    """Puts sheets below each other on white."""
    page = Image.new("RGB", (max(sheet.width for sheet in sheets), sum(sheet.height for sheet in sheets)), "white")
    top = 0
    for sheet in sheets:
        page.paste(sheet, (0, top))
        top += sheet.height
    return page


def _fit(picture, tile):
    scale = min(tile / picture.width, 2 * tile / picture.height)
    size = tuple(max(1, round(side * scale)) for side in picture.size)
    return picture.convert("RGB").resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _font(labels, tile):
    """The largest font, in which every label fits below its tile."""
    for size in range(max(6, min(28, tile // 14)), 5, -1):
        font = ImageFont.load_default(size)
        if all(font.getlength(label) <= tile for label in labels):
            return font
    return font
