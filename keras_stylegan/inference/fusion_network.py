"""The fusion network behind a runtime: pictures of any size, and what mends the edge of what it makes."""

from __future__ import annotations

import dataclasses

import numpy as np
from PIL import Image

from keras_stylegan.inference import resolution
from keras_stylegan.inference.blending import BLENDS, composite, grown
from keras_stylegan.inference.colour import match_colours
from keras_stylegan.inference.guided import enlarge_change, shrink_parts

# Blends that may follow the network: they mend what is left of a seam.
FINISHES = ("laplacian", "poisson")
# Pixels: a step along an edge is continued to others as the mean about so far around them; farther than that as the
# mean of all, which has this weight.
_CONTINUED, _FAR = 2.0, 1e-3
# Pixels between two pictures that lie beside each other to be merged.
_BRIDGE = 32


@dataclasses.dataclass(frozen=True)
class FusionNetwork:
    """The fusion network behind a runtime.

    Attributes:
        runtime: object with `run(source, target, masks)`: uint8 arrays `(height, width, 3)` and float32 masks
            `(height, width, regions)`, any number of regions, to the uint8 picture that belongs under the masks.
        working_size: short side in pixels above which pictures are fused small and their change is enlarged.
    """

    runtime: object
    working_size: int = 512

    def fuse(self, source: np.ndarray, target: np.ndarray, masks: np.ndarray, finish: str | None = None) -> np.ndarray:
        """Fuses pictures of any size; arguments as for `runtime.run`, and `finish` as for `fuse`.

        The source is read one pixel beyond the masks too. Where no mask is, the target stays to the bit, but for the
        finish `"laplacian"`, which mends both sides of an edge.
        """
        if not masks.any():
            return target.copy()
        # Bands of the pyramid reach far; nothing else leaves the masks, but for the pixel around them.
        part = np.s_[:, :] if finish == "laplacian" else _around(masks.any(axis=-1))
        changed, ground, masks = self._changed(source, target, masks, part), target[part], masks[part]
        covered = np.minimum(masks.sum(axis=-1), 1)
        if finish == "laplacian":
            return _mix_bands(changed, target, covered)
        if finish is not None:
            changed = np.where((covered > 0.5)[..., None], BLENDS[finish](changed, ground, covered), changed)
        result = target.copy()
        result[part] = composite(changed, ground, masks)
        return result

    def _changed(self, source, target, masks, part):
        """A part, two slices, of what belongs under the masks."""
        size = (target.shape[1], target.shape[0])
        small = resolution.working_size(size, self.working_size, None)
        if small == size:
            return self.runtime.run(source, target, masks)[part]
        small_source, small_target, regions = shrink_parts(source, target, masks, small)
        change = np.float32(self.runtime.run(small_source, small_target, regions)) - small_source
        changed, owner = source[part].copy(), np.argmax(masks[part], axis=-1)
        for index in range(masks.shape[-1]):
            values = enlarge_change(change, small_source, regions[..., index] > 0, source, part)
            values += source[part]
            # In place: of a large photograph each copy takes hundreds of megabytes.
            np.clip(np.rint(values, out=values), 0, 255, out=values)
            np.copyto(changed, values, where=(owner == index)[..., None], casting="unsafe")
        return changed

    def merge(self, source: np.ndarray, target: np.ndarray) -> np.ndarray:
        """The target in the source's light and colours, without a mask.

        The target, with the mean and covariance of the source's colours, is one region of a picture whose background is
        the source, beside it. Between them lies a bridge from the colours of one border to those of the other: there
        is no edge for the network to go by.
        """
        height, width = target.shape[:2]
        beside = Image.fromarray(source).resize((width, height), Image.Resampling.LANCZOS)
        matched = np.asarray(match_colours(Image.fromarray(target), beside))
        share = np.linspace(0, 1, _BRIDGE)[None, :, None]
        bridge = np.rint((1 - share) * matched[:, -1:] + share * np.asarray(beside)[:, :1]).astype("uint8")
        both = np.concatenate([matched, bridge, np.asarray(beside)], axis=1)
        masks = np.zeros((*both.shape[:2], 1), "float32")
        masks[:, :width] = 1
        return self.fuse(both, both, masks)[:, :width]


def _around(region):
    """Slices of the rows and columns of a region, and of two pixels around it, of which a blend may know one."""
    lines = [np.flatnonzero(region.any(axis=axis)) for axis in (1, 0)]
    return tuple(slice(max(0, line[0] - 2), line[-1] + 3) for line in lines)


def _mix_bands(changed, target, covered):
    """Blends what the network made by the Laplacian pyramid, whose broad bands reach far over the edge on both sides.

    Neither picture means anything there: of the source the network changed but a pixel beyond the masks, and what the
    target holds under them is to go. So either side is continued by the other, the step between them taken off.
    """
    inside = (covered > 0.5)[..., None]
    rim = grown(inside[..., 0])[..., None] & ~inside
    step = _continue(target.astype("float32") - changed, rim)
    # Not clipped before they are mixed: what is too bright on one side would be another step.
    return BLENDS["laplacian"](
        np.where(inside, changed, target - step), np.where(inside, changed + step, target), covered
    )


def _continue(change, known):
    """A change known of some pixels, continued to the others."""
    from scipy import ndimage

    weight = known.astype("float32")
    spread, reach = (ndimage.gaussian_filter(x, (_CONTINUED, _CONTINUED, 0)) for x in (change * weight, weight))
    mean = (change * weight).sum(axis=(0, 1)) / max(1.0, weight.sum())
    return np.where(known, change, (spread + _FAR * mean) / (reach + _FAR))
