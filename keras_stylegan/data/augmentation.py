"""Random changes of training pictures, drawn once with NumPy and applied alike to all that belong together.

What stands before a critic and has to be differentiable is in `keras_stylegan.layers`; this changes the data.
"""

from __future__ import annotations

import dataclasses

import numpy as np

# Where a generator of random numbers is made from a seed, this keeps its numbers apart from those of crops and order.
_STREAM = 3
_GREY = np.full((3, 3), 1 / 3)
_TURN = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / 3**0.5


def hue_turn(angle: float) -> np.ndarray:
    """The 3 x 3 matrix that turns colours about the grey axis by an angle in radians (Rodrigues' formula)."""
    return np.cos(angle) * np.eye(3) + (1 - np.cos(angle)) * _GREY + np.sin(angle) * _TURN


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """What may happen to a picture, and how much of it; by default nothing.

    Numbers are drawn in a fixed order and in a fixed count: an added change does not alter what is drawn of the others.

    Args:
        flip: mirror half of the pictures, left to right.
        vertical_flip: mirror half of the pictures, top to bottom.
        rotation: degrees; the angle is uniform in [-rotation, rotation].
        shift: share of the sides; each of two shifts is uniform in [-shift, shift].
        zoom: `(low, high)`, factors of size, above 0; uniform on a logarithmic scale.
        shear: degrees below 90; the slant is uniform in [-shear, shear].
        brightness: share of the range of values; the offset is uniform in [-brightness, brightness].
        contrast: from 0 to 1; the factor about middle grey is uniform in [1 - contrast, 1 + contrast].
        saturation: from 0 to 1; the factor about grey of the same mean is uniform in [1 - saturation, 1 + saturation].
        hue: degrees; colours turn about the grey axis by an angle uniform in [-hue, hue].

    Raises:
        ValueError: if an argument is out of its range.
    """

    flip: bool = False
    vertical_flip: bool = False
    rotation: float = 0.0
    shift: float = 0.0
    zoom: tuple[float, float] = (1.0, 1.0)
    shear: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0

    def __post_init__(self):
        limits = {"shear": 90.0, "contrast": 1.0, "saturation": 1.0}
        for name in ("rotation", "shift", "shear", "brightness", "contrast", "saturation", "hue"):
            value = getattr(self, name)
            if not 0 <= value <= limits.get(name, np.inf) or (name == "shear" and value == 90):
                rule = {"shear": "from 0 to below 90", "contrast": "from 0 to 1", "saturation": "from 0 to 1"}
                raise ValueError(f"`{name}` must be {rule.get(name, 'at least 0')}. Received: {name}={value}")
        low, high = self.zoom
        if not 0 < low <= high:
            raise ValueError(f"`zoom` must be (low, high) with 0 < low <= high. Received: zoom={self.zoom}")

    def draw(self, rng: np.random.Generator) -> Change:
        """Draws one change, from eleven uniform numbers."""
        numbers = rng.random(11)
        around = 2 * numbers - 1  # uniform in [-1, 1)
        low, high = self.zoom
        return Change(
            flip=self.flip and bool(numbers[0] < 0.5),
            vertical_flip=self.vertical_flip and bool(numbers[1] < 0.5),
            rotation=np.radians(self.rotation) * around[2],
            shift=(self.shift * around[3], self.shift * around[4]),
            zoom=low * (high / low) ** numbers[5],
            shear=np.tan(np.radians(self.shear) * around[6]),
            brightness=self.brightness * around[7],
            contrast=1 + self.contrast * around[8],
            saturation=1 + self.saturation * around[9],
            hue=np.radians(self.hue) * around[10],
        )

    def at(self, position: int, seed: int = 0, stream: int = 0) -> Change:
        """The change of the picture at a position in the data (0, 1, ...): a function of these numbers alone."""
        return self.draw(np.random.default_rng((seed, _STREAM, stream, position)))


@dataclasses.dataclass(frozen=True)
class Change:
    """One change, to be applied to a picture and to everything that belongs to it.

    In this order: mirror, zoom, shear (rows move by `shear` times their distance from the middle), rotation (radians,
    clockwise), shift (shares of the sides, to the right and downwards), all about the centre in one bilinear warp with
    reflected borders; then saturation, hue, contrast and brightness. Pictures that are only mirrored are not
    interpolated.
    """

    flip: bool = False
    vertical_flip: bool = False
    rotation: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    zoom: float = 1.0
    shear: float = 0.0
    brightness: float = 0.0
    contrast: float = 1.0
    saturation: float = 1.0
    hue: float = 0.0

    def apply(self, picture: np.ndarray) -> np.ndarray:
        """Changes a picture.

        Args:
            picture: uint8 array of shape `(height, width, 3 * k)`: k pictures that are changed alike.

        Returns:
            uint8 array of the same shape.
        """
        return self._coloured(self._moved(picture, order=1))

    def apply_to_mask(self, mask: np.ndarray) -> np.ndarray:
        """Moves a mask of numbered regions as `apply` moves its picture, without inventing numbers.

        Args:
            mask: array of any type, of shape `(height, width)` or `(height, width, channels)`.

        Returns:
            Array of the same shape and type: each pixel has the value of the nearest one.
        """
        return self._moved(mask, order=0)

    def matrix(self, height: int, width: int) -> np.ndarray:
        """The 3 x 3 matrix from positions `(x, y, 1)` of the result to positions before, in pixels from the centre."""
        cosine, sine = np.cos(self.rotation), np.sin(self.rotation)
        undo_shift = np.array([[1, 0, -self.shift[0] * width], [0, 1, -self.shift[1] * height], [0, 0, 1]])
        undo_rotation = np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]])
        undo_shear = np.array([[1, -self.shear, 0], [0, 1, 0], [0, 0, 1]])
        undo_zoom = np.diag([1 / self.zoom, 1 / self.zoom, 1])
        return undo_zoom @ undo_shear @ undo_rotation @ undo_shift

    def _moved(self, picture, order):
        import scipy.ndimage  # takes longer to load than all the rest of the package's reading of pictures

        if self.flip:
            picture = picture[:, ::-1]
        if self.vertical_flip:
            picture = picture[::-1]
        height, width = picture.shape[:2]
        matrix = self.matrix(height, width)
        if (matrix == np.eye(3)).all():
            return np.ascontiguousarray(picture)
        # SciPy counts rows before columns, from the corner.
        linear = matrix[1::-1, 1::-1]
        centre = (np.array([height, width]) - 1) / 2
        offset = centre - linear @ centre + matrix[1::-1, 2]
        planes = picture.reshape(height, width, -1)
        moved = np.empty_like(planes)
        for channel in range(planes.shape[2]):
            plane = planes[..., channel].astype("float32") if order else planes[..., channel]
            warped = scipy.ndimage.affine_transform(plane, linear, offset, order=order, mode="mirror")
            moved[..., channel] = np.rint(warped) if order else warped
        return moved.reshape(picture.shape)

    def _coloured(self, picture):
        matrix = self.contrast * hue_turn(self.hue) @ (self.saturation * np.eye(3) + (1 - self.saturation) * _GREY)
        offset = 127.5 * (1 - self.contrast) + 255 * self.brightness
        if offset == 0 and (matrix == np.eye(3)).all():
            return picture
        values = picture.reshape(-1, 3).astype("float32") @ matrix.T.astype("float32") + np.float32(offset)
        return np.clip(np.rint(values), 0, 255).astype("uint8").reshape(picture.shape)
