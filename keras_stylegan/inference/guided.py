"""What a network did to a small picture, done to the large one: by local changes of colour, which keep all detail.

Enlarging the pixels of a change would soften it at every edge, where neighbouring colours change differently. As a
function of the colours, the change is nearly the same from pixel to pixel.

Source: He and Sun 2015, "Fast Guided Filter" (arXiv 1505.00996), with the source's three colours as the guide and
windows that weigh by where the change is known; what the fit leaves over is enlarged as it is.
"""

import numpy as np
from PIL import Image

# Standard deviation, in pixels of the small picture, of the windows in which a change is a function of colour.
_WINDOW = 4.0
# Added to the variance of colours: what differs by less than a grey level is flat.
_NOISE = 1.0
# Weight of the mean over all that is known: far from it, this is what holds.
_FAR = 1e-3


def shrink_parts(source, target, masks, size):
    """A source, a target and their regions made smaller, without a pixel of one in another.

    Args:
        source, target: uint8 arrays `(height, width, 3)`.
        masks: float32 array `(height, width, regions)`, values in [0, 1].
        size: (width, height), both at most the pictures'.

    Returns:
        The two pictures, and masks of 0 and 1: a pixel of which a region has any part is that region's, or the
        region's that has most of it. So pixels without a mask are made of the target alone.
    """
    pictures = [np.asarray(Image.fromarray(x).resize(size, Image.Resampling.BOX)) for x in (source, target)]
    shares = [
        np.asarray(Image.fromarray(np.float32(masks[..., index] > 0)).resize(size, Image.Resampling.BOX))
        for index in range(masks.shape[-1])
    ]
    share = np.stack(shares, axis=-1)
    first = np.argmax(share, axis=-1)[..., None] == np.arange(share.shape[-1])
    return *pictures, np.float32(first & (share > 0))


def enlarge_change(change, small, known, picture, part=np.s_[:, :]):
    """Makes the change of a small picture one of the large picture, or of a part of it.

    Args:
        change: float32 array `(small height, small width, 3)`, what was added to the small picture.
        small: uint8 array of its shape, the small picture.
        known: bool array `(small height, small width)`, where the change means something.
        picture: uint8 array `(height, width, 3)`, the large picture.
        part: slices of rows and columns of the large picture.

    Returns:
        Float32 array `(height, width, 3)` of the part, what is to be added to the large picture; where nothing is
        known, as in the nearest places where it is.
    """
    weight = np.float32(known)[..., None]
    centre = (small * weight).sum(axis=(0, 1)) / max(1.0, weight.sum())
    guide = small - centre
    mean_guide, mean_change = _local(guide, weight), _local(change, weight)
    covariance = _covariances(guide, guide, mean_guide, mean_guide, weight) + _NOISE * np.eye(3, dtype="float32")
    slopes = np.linalg.solve(covariance, _covariances(guide, change, mean_guide, mean_change, weight))
    offsets = mean_change - _times(mean_guide, slopes)
    left = change - offsets - _times(guide, slopes)
    offsets = offsets + np.where(known[..., None], left, _local(left, weight))
    colours = picture[part]
    (top, bottom, _), (left, right, _) = (
        lines.indices(side) for lines, side in zip(part, picture.shape[:2], strict=True)
    )
    down, across = (side / whole for side, whole in zip(small.shape[:2], picture.shape[:2], strict=True))
    box, size = (left * across, top * down, right * across, bottom * down), (right - left, bottom - top)

    def enlarged(plane):
        return np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR, box))

    result = np.empty(colours.shape, "float32")
    for channel in range(3):  # plane by plane: a large photograph has room for few
        result[..., channel] = enlarged(np.float32(offsets[..., channel]))
        for by in range(3):
            factor = enlarged(np.float32(slopes[..., by, channel]))
            result[..., channel] += factor * (colours[..., by] - np.float32(centre[by]))
    return result


def _local(values, weight):
    """The mean of values `(height, width, channels)` around every pixel."""
    from scipy import ndimage

    spread, reach = (ndimage.gaussian_filter(x, (_WINDOW, _WINDOW, 0)) for x in (values * weight, weight))
    mean = (values * weight).sum(axis=(0, 1)) / max(1.0, weight.sum())
    return (spread + _FAR * mean) / (reach + _FAR)


def _covariances(one, other, mean_one, mean_other, weight):
    """The covariances `(height, width, 3, 3)` of two pictures' colours around every pixel."""
    rows = [_local(one[..., i : i + 1] * other, weight) for i in range(3)]
    return np.stack(rows, axis=-2) - mean_one[..., :, None] * mean_other[..., None, :]


def _times(colours, slopes):
    return np.einsum("hwi,hwio->hwo", colours, slopes)
