"""Pictures in and out: every kind of file and array, its parts, its limits, and writing whole or not at all."""

import io
import os
import struct

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from keras_stylegan.inference import MAX_PIXELS, Picture, encode_picture, read_picture, saving, write_picture

RGB = np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)
GREY = RGB[..., 0]


def encoded(image, file_format="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, format=file_format, **options)
    return buffer.getvalue()


def pixels(picture):
    assert picture.photo.mode == "RGB"
    return np.asarray(picture.photo)


@pytest.mark.parametrize("file_format", ["PNG", "BMP", "TIFF", "PPM", "WEBP"])
def test_lossless_formats_keep_every_pixel(file_format):
    options = {"lossless": True} if file_format == "WEBP" else {}
    picture = read_picture(encoded(Image.fromarray(RGB), file_format, **options))
    np.testing.assert_array_equal(pixels(picture), RGB)
    assert picture.alpha is None and picture.exif is None and picture.format == file_format


def test_a_path_bytes_an_image_and_an_array_are_the_same_picture(tmp_path):
    content = encoded(Image.fromarray(RGB))
    path = tmp_path / "really_a_png.jpg"
    path.write_bytes(content)
    for source in (path, str(path), content, bytearray(content), Image.open(path), Image.fromarray(RGB), RGB):
        np.testing.assert_array_equal(pixels(read_picture(source)), RGB)


@pytest.mark.parametrize("array", [GREY, GREY[..., None]])
def test_grey_arrays_become_rgb(array):
    np.testing.assert_array_equal(pixels(read_picture(array)), np.stack([GREY] * 3, -1))


def test_modes_become_rgb():
    photo = Image.fromarray(RGB)
    grey = np.stack([GREY] * 3, -1)
    assert (pixels(read_picture(encoded(Image.fromarray(GREY)))) == grey).all()
    one_bit = read_picture(encoded(Image.fromarray(GREY).convert("1")))
    assert set(np.unique(pixels(one_bit))) == {0, 255}
    palette = photo.quantize(16)
    np.testing.assert_array_equal(pixels(read_picture(encoded(palette))), np.asarray(palette.convert("RGB")))
    cmyk = photo.convert("CMYK")
    np.testing.assert_array_equal(pixels(read_picture(encoded(cmyk, "TIFF"))), RGB)
    flat = Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # red; Adobe's JPEG stores it inverted
    assert np.abs(pixels(read_picture(encoded(flat, "JPEG", quality=100))).astype(int) - [255, 0, 0]).max() < 8


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_sixteen_bits_are_rounded(file_format):
    deep = np.array([[0, 128, 129, 257, 32896, 65535]], np.uint16)
    picture = read_picture(encoded(Image.fromarray(deep), file_format))
    np.testing.assert_array_equal(pixels(picture)[0, :, 0], [0, 0, 1, 1, 128, 255])


def test_sixteen_bits_whose_zero_is_white():
    deep = np.array([[0, 257, 65535]], np.uint16)
    tiff = encoded(Image.fromarray(deep), "TIFF", tiffinfo={262: 0})
    np.testing.assert_array_equal(pixels(read_picture(tiff))[0, :, 0], [255, 254, 0])


@pytest.mark.parametrize("level", [-1, 65536])
def test_more_than_sixteen_bits_are_refused(level):
    with pytest.raises(ValueError, match=f"image: grey levels of 32 bits cannot be read. Received: .*{level}"):
        read_picture(Image.fromarray(np.array([[0, level]], np.int32)))


def test_a_file_of_32_bits_is_not_taken_for_one_of_16():
    with pytest.raises(ValueError, match="image data: grey levels of 32 bits"):
        read_picture(encoded(Image.fromarray(GREY.astype(np.int32)), "TIFF"))


def test_a_pgm_of_16_bits():
    picture = read_picture(b"P5 3 1 65535\n" + np.array([0, 257, 65535], ">u2").tobytes())
    np.testing.assert_array_equal(pixels(picture)[0, :, 0], [0, 1, 255])


def test_the_first_frame_of_an_animation():
    frames = [Image.new("RGB", (5, 4), color) for color in ("red", "blue")]
    animation = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)
    assert (pixels(read_picture(animation)) == [255, 0, 0]).all()


def test_floating_point_pixels_are_refused():
    with pytest.raises(ValueError, match="image data: pixels of mode F .* cannot be read"):
        read_picture(encoded(Image.fromarray(GREY.astype(np.float32)), "TIFF"))


ALPHA = np.linspace(0, 255, 54).astype(np.uint8).reshape(6, 9)
RGBA = np.dstack([RGB, ALPHA])


@pytest.mark.parametrize("source", [RGBA, Image.fromarray(RGBA), encoded(Image.fromarray(RGBA))])
def test_alpha_is_split_off_and_put_back(source):
    picture = read_picture(source)
    np.testing.assert_array_equal(pixels(picture), RGB)
    np.testing.assert_array_equal(np.asarray(picture.alpha), ALPHA)
    dressed = picture.dress(Image.fromarray(255 - RGB))
    assert dressed.mode == "RGBA"
    np.testing.assert_array_equal(np.asarray(dressed), np.dstack([255 - RGB, ALPHA]))
    assert picture.dress(Image.new("RGB", (18, 12))).getchannel("A").size == (18, 12)


def test_one_transparent_colour_is_in_the_alpha_alone():
    source = Image.fromarray(RGB)
    source.info["transparency"] = source.getpixel((0, 0))
    picture = read_picture(source)
    assert picture.alpha.getpixel((0, 0)) == 0 and read_picture(picture.photo).alpha is None
    assert "transparency" in source.info  # which is not ours


def test_other_kinds_of_alpha():
    grey = Image.merge("LA", (Image.fromarray(GREY), Image.fromarray(ALPHA)))
    picture = read_picture(encoded(grey))
    np.testing.assert_array_equal(np.asarray(picture.alpha), ALPHA)
    np.testing.assert_array_equal(pixels(picture)[..., 1], GREY)
    palette = Image.new("P", (2, 1))
    palette.putpalette([255, 0, 0, 0, 0, 255])
    palette.putpixel((1, 0), 1)
    picture = read_picture(encoded(palette, transparency=1))
    assert np.asarray(picture.alpha).tolist() == [[255, 0]]
    # Several transparent colours of a palette are bytes, of which Pillow warns when their colours are asked for.
    half = Image.new("P", (2, 1))
    half.putpalette([255, 0, 0, 0, 0, 255])
    half.putpixel((1, 0), 1)
    picture = read_picture(encoded(half, transparency=bytes([200, 100])))
    assert np.asarray(picture.alpha).tolist() == [[200, 100]]
    assert pixels(picture).tolist() == [[[255, 0, 0], [0, 0, 255]]]
    premultiplied = read_picture(
        Image.merge("LA", (Image.new("L", (1, 1), 80), Image.new("L", (1, 1), 255))).convert("La")
    )
    assert premultiplied.alpha.getpixel((0, 0)) == 255 and pixels(premultiplied).tolist() == [[[80, 80, 80]]]
    keyed = read_picture(encoded(Image.fromarray(RGB), transparency=tuple(int(v) for v in RGB[2, 3])))
    assert np.argwhere(np.asarray(keyed.alpha) == 0).tolist() == [[2, 3]]
    deep = read_picture(encoded(Image.fromarray(np.array([[7, 700]], np.uint16)), transparency=700))
    assert np.asarray(deep.alpha).tolist() == [[255, 0]]


UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_orientation_is_applied(orientation, file_format):
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = read_picture(encoded(Image.fromarray(RGB), file_format, exif=exif))
    np.testing.assert_array_equal(pixels(picture), UPRIGHT[orientation](RGB))
    again = read_picture(encode_picture(picture.dress(picture.photo), "PNG"))
    np.testing.assert_array_equal(pixels(again), UPRIGHT[orientation](RGB))


def camera_jpeg():
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Camera"
    exif.get_ifd(0x8769).update({0x9003: "2024:05:01 10:00:00", 0xA001: 65535, 0xA002: 9, 0xA003: 6})
    exif.get_ifd(0x8825)[1] = "N"
    block = exif.tobytes()
    thumbnail = encoded(Image.new("RGB", (8, 8), "red"), "JPEG")
    # Pillow writes no thumbnail, so the directory that holds one is chained behind the first by hand (big-endian).
    first = 6 + int.from_bytes(block[10:14], "big")
    link = first + 2 + 12 * int.from_bytes(block[first : first + 2], "big")
    start = len(block) - 6
    entries = struct.pack(">HHHIIHHII", 2, 0x0201, 4, 1, start + 30, 0x0202, 4, 1, len(thumbnail))
    block = block[:link] + struct.pack(">I", start) + block[link + 4 :] + entries + bytes(4) + thumbnail
    return encoded(Image.fromarray(RGB), "JPEG", exif=block), thumbnail


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_exif_is_carried_without_orientation_thumbnail_and_dimensions(file_format):
    content, thumbnail = camera_jpeg()
    assert Image.open(io.BytesIO(content)).getexif().get_ifd(ExifTags.IFD.IFD1)  # it does have a thumbnail
    picture = read_picture(content)
    assert picture.photo.size == (6, 9)
    written = encode_picture(picture.dress(picture.photo), file_format)
    assert thumbnail[:20] not in picture.exif
    exif = Image.open(io.BytesIO(written)).getexif()
    assert exif[0x010F] == "Camera" and 0x0112 not in exif and not exif.get_ifd(ExifTags.IFD.IFD1)
    assert exif.get_ifd(0x8769) == {0x9003: "2024:05:01 10:00:00", 0xA001: 1}
    assert exif.get_ifd(0x8825)[1] == "N"


def test_damaged_exif_and_profiles_are_dropped():
    content = encoded(Image.fromarray(RGB), "PNG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x09broken", icc_profile=b"nonsense")
    picture = read_picture(content)
    np.testing.assert_array_equal(pixels(picture), RGB)
    assert "icc_profile" not in picture.dress(picture.photo).info


def exchanging_profile():
    """An ICC profile like sRGB's whose red and blue columns are exchanged, so that converting must exchange them."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")
    return profile.replace("sRGB".encode("utf-16-be"), "sBGR".encode("utf-16-be"))


def test_colours_are_converted_to_srgb_and_the_profile_dropped():
    picture = read_picture(encoded(Image.fromarray(RGB), icc_profile=exchanging_profile()))
    assert np.abs(pixels(picture).astype(int) - RGB[..., ::-1]).max() <= 1
    assert "icc_profile" not in Image.open(io.BytesIO(encode_picture(picture.dress(picture.photo), "PNG"))).info


def test_srgb_pixels_are_untouched():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    np.testing.assert_array_equal(pixels(read_picture(encoded(Image.fromarray(RGB), icc_profile=srgb))), RGB)
    # A profile for other pixels than these (grey ones under an RGB profile) is ignored.
    np.testing.assert_array_equal(
        pixels(read_picture(encoded(Image.fromarray(GREY), icc_profile=exchanging_profile())))[..., 0], GREY
    )


def test_linear_pixels_are_not_taken_for_srgb():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    curve = profile.index(b"para")  # the one curve that red, green and blue share, here made y = x
    linear = profile[:curve] + b"para" + struct.pack(">IHHi", 0, 0, 0, 65536) + profile[curve + 16 :]
    linear = linear.replace("sRGB built-in".encode("utf-16-be"), "Linear sRGB  ".encode("utf-16-be"))
    picture = read_picture(encoded(Image.new("RGB", (1, 1), (55, 55, 55)), icc_profile=linear))
    assert np.abs(pixels(picture).astype(int) - 128).max() <= 1  # 0.2140 -> 0.5


def test_a_profile_with_a_damaged_header_is_ignored():
    profile = exchanging_profile()
    damaged = profile[:18] + b"\xbd" + profile[19:]  # in the name of its colour space
    np.testing.assert_array_equal(pixels(read_picture(encoded(Image.fromarray(RGB), icc_profile=damaged))), RGB)


def test_a_pipe_is_read():
    reading, writing = os.pipe()
    os.write(writing, encoded(Image.fromarray(RGB)))
    os.close(writing)
    try:
        np.testing.assert_array_equal(pixels(read_picture(f"/dev/fd/{reading}")), RGB)
    finally:
        os.close(reading)


@pytest.mark.parametrize("width, height", [(1, 1), (3, 2), (2048, 16), (24, 3000)])
def test_extreme_sizes_are_read(width, height):
    assert read_picture(encoded(Image.new("RGB", (width, height)))).photo.size == (width, height)


def test_max_pixels_is_inclusive():
    content = encoded(Image.fromarray(RGB))
    assert read_picture(content, max_pixels=54).photo.size == (9, 6)
    for source in (content, RGB, Image.fromarray(RGB)):
        with pytest.raises(ValueError, match=r"at most 53 pixels \(`max_pixels`\). Received: 9x6"):
            read_picture(source, max_pixels=53)
    assert MAX_PIXELS == 178_956_970
    for limit in (0, -1, None, "many", float("nan")):
        with pytest.raises(ValueError, match="`max_pixels` must be a number greater than 0. Received: max_pixels="):
            read_picture(RGB, max_pixels=limit)


@pytest.mark.parametrize(
    "array", [RGB.astype(np.float32), RGB[..., :2], np.zeros((2, 3, 3, 3), np.uint8), np.zeros((0, 3), np.uint8)]
)
def test_other_arrays_are_refused(array):
    with pytest.raises(ValueError, match="`image` as an array must be uint8 of shape"):
        read_picture(array)


def test_other_objects_are_refused():
    with pytest.raises(ValueError, match="`image` must be a path.*type list"):
        read_picture([1, 2, 3])


def test_the_source_image_is_not_changed():
    source = Image.fromarray(RGB)
    picture = read_picture(source)
    result = picture.dress(picture.photo)
    result.paste("black", (0, 0, 9, 6))
    np.testing.assert_array_equal(np.asarray(source), RGB)


@pytest.mark.parametrize("suffix", saving.FORMATS)
def test_every_suffix_writes_its_format(tmp_path, suffix):
    path = tmp_path / f"out{suffix.upper()}"
    write_picture(Image.fromarray(RGB), path)
    with Image.open(path) as written:
        assert written.format == saving.FORMATS[suffix] and written.size == (9, 6)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tiff"])
def test_alpha_is_written(tmp_path, suffix):
    write_picture(Image.fromarray(RGBA), tmp_path / f"out{suffix}")
    np.testing.assert_array_equal(np.asarray(read_picture(tmp_path / f"out{suffix}").alpha), ALPHA)


def test_a_tiff_is_written_in_strips(tmp_path):
    """Of bounded size: none of the whole of a large picture is compressed, or has to be read, at once."""
    write_picture(Image.new("RGB", (400, 400)), tmp_path / "out.tiff")
    with Image.open(tmp_path / "out.tiff") as written:
        rows, strips = written.tag_v2[278], written.tag_v2[273]
    assert rows * 400 * 3 <= 2**16 and len(strips) == -(-400 // rows)


@pytest.mark.parametrize("suffix", [".jpg", ".bmp"])
def test_formats_without_alpha_are_laid_on_white(tmp_path, suffix):
    write_picture(Image.new("RGBA", (16, 16), (0, 0, 0, 51)), tmp_path / f"out{suffix}")
    picture = read_picture(tmp_path / f"out{suffix}")
    assert picture.alpha is None
    assert np.abs(pixels(picture).astype(int) - 204).max() <= 1


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "out.png"
    path.write_bytes(b"old")

    def fail(target, parts):
        with open(target, "wb") as file:
            file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(saving, "write_parts", fail)
    with pytest.raises(OSError, match="No space left") as caught:
        write_picture(Image.fromarray(RGB), path)
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"old" and [file.name for file in tmp_path.iterdir()] == ["out.png"]


def test_an_interrupted_write_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(target, parts):
        with open(target, "wb") as file:
            file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(saving, "write_parts", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_picture(Image.fromarray(RGB), tmp_path / "out.png")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tiff", ".bmp"])
def test_a_file_of_which_the_disk_takes_a_part(tmp_path, suffix):
    resource = pytest.importorskip("resource")
    size = len(encode_picture(Image.fromarray(RGB), saving.FORMATS[suffix]))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size - 1, hard))  # like a disk with one byte less than is needed
        with pytest.raises(OSError, match="File too large"):
            write_picture(Image.fromarray(RGB), tmp_path / f"out{suffix}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.iterdir())


def test_names_as_long_as_can_be(tmp_path):
    path = tmp_path / ("x" * 251 + ".png")
    write_picture(Image.fromarray(RGB), path)
    assert list(tmp_path.iterdir()) == [path]
    longer = tmp_path / ("x" * 252 + ".png")
    with pytest.raises(OSError, match="too long") as caught:
        write_picture(Image.fromarray(RGB), longer)
    assert caught.value.filename == str(longer) and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name, side", [("wide.webp", 16_383), ("wide.jpg", 65_500)])
def test_pictures_that_a_format_cannot_hold(tmp_path, capfd, name, side):
    write_picture(Image.new("RGB", (side, 1)), tmp_path / name)
    (tmp_path / name).unlink()
    rule = f"{name}: the picture does not fit the format .* at most {side} pixels a side. Received: {side + 1}x1"
    with pytest.raises(ValueError, match=rule):
        write_picture(Image.new("RGB", (side + 1, 1)), tmp_path / name)
    assert not list(tmp_path.iterdir()) and capfd.readouterr().err == ""


def test_an_unknown_suffix_lists_the_valid_ones(tmp_path):
    with pytest.raises(ValueError, match=r"out.gif: the suffix .* must be one of .png, .jpg.* Received: .gif"):
        write_picture(Image.fromarray(RGB), tmp_path / "out.gif")
    with pytest.raises(ValueError, match="Received: none"):
        write_picture(Image.fromarray(RGB), tmp_path / "out")


def test_a_picture_is_returned_as_it_is():
    picture = Picture(Image.fromarray(RGB))
    assert read_picture(picture) is picture
