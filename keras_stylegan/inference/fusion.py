"""Pieces of pictures put into another, by a classical blend or by the fusion network."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from PIL import Image

from keras_stylegan.choices import did_you_mean
from keras_stylegan.inference.blending import BLENDS, grown
from keras_stylegan.inference.fusion_network import FINISHES, FusionNetwork
from keras_stylegan.inference.images import read_picture
from keras_stylegan.inference.placement import Piece, nearest, place

GAN = "gan"
METHODS = (GAN, *BLENDS)


def fuse(
    pieces: Piece | Sequence[Piece],
    target,
    blend: str = "poisson",
    network: FusionNetwork | None = None,
    finish: str | None = "poisson",
) -> Image.Image:
    """Puts pieces into a picture.

    Args:
        pieces: a `Piece`, or several; a later one covers an earlier.
        target: what `read_picture` reads.
        blend: `"gan"`, which fuses all pieces together and needs `network`, or one after the other by `"copy"`,
            `"feather"`, `"laplacian"` or `"poisson"`. For `"gan"` a single piece without mask and transparency merges
            (and lies nowhere, so `at` and `scale` are refused): the target in the source's light and colours.
        network: `FusionNetwork`.
        finish: `"poisson"`, `"laplacian"` or None: how what the network made is blended into the target; other blends
            do without.

    Returns:
        PIL image of the target's size; RGB, or RGBA if the target has transparency, which ends where a piece lies.

    Raises:
        ValueError: if an argument breaks its rule or a picture cannot be read.
        OSError: if a file cannot be opened.
    """
    if blend not in METHODS:
        raise ValueError(
            f"`blend` must be one of {', '.join(METHODS)}. Received: {blend}{did_you_mean(blend, METHODS)}"
        )
    if blend == GAN and network is None:
        raise ValueError('`network` must be given for `blend="gan"`. Received: network=None')
    if finish is not None and finish not in FINISHES:
        raise ValueError(f"`finish` must be None or one of {', '.join(FINISHES)}. Received: finish={finish}")
    pieces = [pieces] if isinstance(pieces, Piece) else list(pieces)
    if not pieces:
        raise ValueError("`pieces` must hold at least one piece. Received: none")
    picture = read_picture(target)
    ground = np.asarray(picture.photo)
    if blend == GAN and len(pieces) == 1 and pieces[0].mask is None:
        source = read_picture(pieces[0].source)
        if source.alpha is None:
            if pieces[0].at is not None or pieces[0].scale != 1:
                raise ValueError(
                    "`at` and `scale` are of a piece with a mask or transparency: without them whole pictures are "
                    f"merged. Received: at={pieces[0].at}, scale={pieces[0].scale}"
                )
            return picture.dress(Image.fromarray(network.merge(np.asarray(source.photo), ground)))
    placed = [_placed(piece, picture.photo.size, number, len(pieces)) for number, piece in enumerate(pieces, 1)]
    if blend == GAN:
        source, masks = _together(placed)
        ground = network.fuse(source, ground, masks, finish)
    else:
        for source, mask in placed:
            ground = BLENDS[blend](source, ground, mask)
    return _shown(picture, placed).dress(Image.fromarray(ground))


def _shown(picture, placed):
    """The target, no longer transparent where pieces lie."""
    if picture.alpha is None:
        return picture
    covered = np.max([mask for _, mask in placed], axis=0)
    return dataclasses.replace(
        picture, alpha=Image.fromarray(np.maximum(picture.alpha, np.uint8(np.rint(255 * covered))))
    )


def _together(placed):
    """One source of all pieces, and their masks: later ones cover earlier ones, and nobody's pixels are the nearest's.

    The network reads the source a pixel beyond the masks, and, where pictures are large, means over several.
    """
    if len(placed) == 1:
        return placed[0][0], placed[0][1][..., None]
    shape = placed[0][1].shape
    masks, owner = np.zeros((*shape, len(placed)), "float32"), np.full(shape, -1)
    for index, (_, mask) in enumerate(placed):
        alone = grown(mask > 0.5) & ~masks.any(axis=-1)
        masks *= 1 - mask[..., None]
        masks[..., index] = mask
        owner[(mask > 0) | alone] = index
    owner = nearest(owner, owner < 0)
    source = placed[0][0].copy()
    for index, (colours, _) in enumerate(placed[1:], 1):
        np.copyto(source, colours, where=(owner == index)[..., None])
    return source, masks


def _placed(piece, size, number, count):
    try:
        return place(piece, size)
    except ValueError as error:
        if count == 1:
            raise
        raise ValueError(f"piece {number} of {count}: {error}") from error
