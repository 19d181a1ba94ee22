"""Pictures from paths, bytes, PIL images and arrays: checked, upright, in sRGB, with alpha and EXIF set apart.

What happens to the parts of a file:

- Orientation: applied, so that the pixels are upright.
- Alpha: split off and put back; the network sees the colours below it (a style picture is seen over white).
- ICC profile: the pixels are converted to sRGB and the result carries no profile, which every reader takes as sRGB. A
  profile that is damaged or does not fit the pixels is ignored, as browsers do.
- EXIF: carried over between JPEG, PNG and WebP, without orientation, thumbnail and pixel dimensions, which no longer
  hold. Damaged EXIF is dropped, and so are the tags of a TIFF.
- XMP: who took the picture, when, where and under which rights is carried over (`keras_stylegan.provenance`).
- 16 bits become 8 (grey by rounding, colour as Pillow reads it, by cutting), grey becomes RGB, of an animation the
  first frame is taken.
"""

import contextlib
import dataclasses
import io
import os

import numpy as np
from PIL import Image, ImageChops

from keras_stylegan.formats import MAX_PIXELS, check_size, damaged, open_picture

_ORIENTATION, _PHOTOMETRIC = 0x0112, 0x0106
_EXIF_IFD, _COLOR_SPACE, _PIXEL_X, _PIXEL_Y = 0x8769, 0xA001, 0xA002, 0xA003


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture ready for a network, with what must be put back afterwards.

    Attributes:
        photo: PIL image of mode RGB, upright, in sRGB.
        alpha: PIL image of mode L and the size of `photo`, or None.
        exif: EXIF block to write with the result, or None.
        xmp: XMP packet of the file as it is, or None; what of it holds for the result is kept on writing.
        format: name of the file format it came from (`"JPEG"`), or None for an array or an image made in memory.
    """

    photo: Image.Image
    alpha: Image.Image | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    format: str | None = None

    def dress(self, result: Image.Image) -> Image.Image:
        """Returns `result`, a PIL image of mode RGB, with alpha (resized where needed), EXIF and XMP put back."""
        if self.alpha is not None:
            alpha = self.alpha
            if alpha.size != result.size:
                alpha = alpha.resize(result.size, Image.Resampling.LANCZOS)
            result = Image.merge("RGBA", (*result.split(), alpha))
        elif result is self.photo:
            result = result.copy()
        parts = {"exif": self.exif, "xmp": self.xmp}
        result.info = {name: part for name, part in parts.items() if part}
        return result


def read_picture(source, max_pixels: int = MAX_PIXELS, name: str = "image data") -> Picture:
    """Reads a picture and brings it to the form a network takes.

    Args:
        source: a path; the bytes of a file; a PIL image; an array uint8 of shape `(height, width)` or
            `(height, width, channels)` with 1 (grey), 3 (RGB) or 4 (RGBA) channels; or a `Picture`, returned as it is.
        max_pixels: int > 0, the greatest width times height, checked before anything is decoded.
        name: what messages call the bytes of a file.

    Returns:
        A `Picture`.

    Raises:
        ValueError: if the file is no picture, is damaged or too large, or the array has another shape or type.
        OSError: if the file cannot be opened.
    """
    if isinstance(source, Picture):
        return source
    if isinstance(source, np.ndarray):
        image = _from_array(source)
        check_size(image.size, max_pixels, "array")
        return _normalise(image, "array")
    if isinstance(source, Image.Image):
        name = getattr(source, "filename", "") or "image"
        check_size(source.size, max_pixels, name)
        return _normalise(source, name)
    if isinstance(source, bytes | bytearray | memoryview):
        return _decode(io.BytesIO(source), name, max_pixels)
    if isinstance(source, str | os.PathLike):
        with open(source, "rb") as stream:
            # A pipe, such as /dev/stdin, can be read only once.
            seekable = stream if stream.seekable() else io.BytesIO(stream.read())
            return _decode(seekable, os.fspath(source), max_pixels)
    raise ValueError(
        "`image` must be a path, the bytes of a file, a PIL image or a uint8 array. "
        f"Received: an object of type {type(source).__name__}"
    )


def _from_array(array: np.ndarray) -> Image.Image:
    shape = array.shape
    right_shape = len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3, 4))
    if array.dtype != np.uint8 or not right_shape or 0 in shape:
        hint = "; floats x in [0, 1] are (x * 255).round().astype('uint8')" if array.dtype.kind == "f" else ""
        raise ValueError(
            "`image` as an array must be uint8 of shape (height, width) or (height, width, 1 | 3 | 4). "
            f"Received: {array.dtype} of shape {shape}{hint}"
        )
    return Image.fromarray(array[..., 0] if len(shape) == 3 and shape[2] == 1 else array)


def _decode(stream, name: str, max_pixels: int) -> Picture:
    return _normalise(open_picture(stream, name, max_pixels), name)


def _normalise(image: Image.Image, name: str) -> Picture:
    """Decodes the pixels of `image` and sorts its parts; only this function reads modes and metadata."""
    try:
        image.load()
    except Exception as error:
        raise damaged(name, error) from error
    if image.mode in ("P", "PA") and image.palette is None:
        raise damaged(name, ValueError("the palette is missing"))
    if image.mode == "I" and image.format == "TIFF":  # whose 16 bits Pillow calls "I;16", other than a PGM's
        raise ValueError(f"{name}: grey levels of 32 bits, or with a sign, cannot be read")
    # Pillow inverts such grey levels of 8 bits only.
    white_is_zero = image.mode.startswith("I;16") and getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == 0
    # Pillow names a phone's JPEG with a second picture behind the first MPO.
    file_format = {"MPO": "JPEG"}.get(image.format, image.format)
    xmp = image.info.get("xmp")
    image, exif = _upright(image, carry=file_format != "TIFF")
    colours = _colours(image, name)
    photo = _to_srgb(ImageChops.invert(colours) if white_is_zero else colours, image.info.get("icc_profile"))
    if "transparency" in photo.info:  # which stands in the alpha: who reads the photo again is not to find it twice
        photo = photo.copy()
        del photo.info["transparency"]
    return Picture(photo, _alpha(image), exif, xmp if isinstance(xmp, bytes) else None, file_format)


def _upright(image: Image.Image, carry: bool) -> tuple[Image.Image, bytes | None]:
    """Returns the image with its EXIF orientation applied, and the EXIF block to carry over."""
    if not {"exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp"} & image.info.keys():
        return image, None
    from PIL import ImageOps

    try:
        exif = image.getexif()
        if exif.get(_ORIENTATION, 1) != 1:
            image = ImageOps.exif_transpose(image)
            exif.pop(_ORIENTATION, None)
        if not carry or not exif:
            return image, None
        details = exif.get_ifd(_EXIF_IFD)
        for tag in (_PIXEL_X, _PIXEL_Y):
            details.pop(tag, None)
        if _COLOR_SPACE in details:
            details[_COLOR_SPACE] = 1  # sRGB, which the pixels are in
        return image, exif.tobytes()  # without the thumbnail, which Pillow leaves behind
    except Exception:  # damaged EXIF is no reason to refuse a picture: it is dropped, as the rule above says
        return image, None


def over_white(picture: Picture) -> Image.Image:
    """The photo of a picture with what is transparent shown as white."""
    if picture.alpha is None:
        return picture.photo
    return Image.composite(picture.photo, Image.new("RGB", picture.photo.size, "white"), picture.alpha)


def _alpha(image: Image.Image) -> Image.Image | None:
    if not image.has_transparency_data:
        return None
    if image.mode.startswith("I"):  # 16-bit grey, one value of which stands for transparent
        return Image.fromarray(np.uint8(255) * (np.asarray(image) != image.info["transparency"]))
    if image.mode == "La":  # premultiplied, which Pillow converts to LA only
        return image.convert("LA").getchannel("A")
    return image.convert("RGBA").getchannel("A")


def _colours(image: Image.Image, name: str) -> Image.Image:
    """Returns the colours in mode RGB, or in L or CMYK for the profile that may describe them."""
    mode = image.mode
    if mode in ("RGB", "L", "CMYK"):
        return image
    if mode.startswith("I"):  # 16 bits, which older versions of Pillow call "I"
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            received = f"{values.min()} to {values.max()}"
            raise ValueError(f"{name}: grey levels of 32 bits cannot be read. Received: {received}")
        return Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8))
    if mode in ("1", "LA"):
        return image.convert("L")
    if mode == "La":  # premultiplied
        return image.convert("LA").convert("L")
    if mode == "RGBa":
        return image.convert("RGBA").convert("RGB")
    if mode == "P" and isinstance(image.info.get("transparency"), bytes):
        return image.convert("RGBA").convert("RGB")  # the same colours; straight to RGB, Pillow warns
    if mode in ("P", "PA", "RGBA", "RGBX", "YCbCr", "HSV"):
        return image.convert("RGB")
    raise ValueError(f"{name}: pixels of mode {mode} (floating point or L*a*b*) cannot be read")


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile:
        from PIL import ImageCms

        # A damaged profile is ignored, as the rule above says.
        with contextlib.suppress(ImageCms.PyCMSError, OSError, UnicodeError):
            described = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            title = described.profile.profile_description or ""
            is_srgb = "sRGB" in title and "linear" not in title.lower()
            fits = described.profile.xcolor_space.strip() == {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}[image.mode]
            if fits and not is_srgb:
                return ImageCms.profileToProfile(image, described, ImageCms.createProfile("sRGB"), outputMode="RGB")
    return image if image.mode == "RGB" else image.convert("RGB")
