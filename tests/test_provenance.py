"""What pictures say of their making: packets, what of a photograph's is kept, every file format, every command."""

import ast
import io
import json
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from PIL import Image
from stand_in import photograph, write_assets

import keras_stylegan
from keras_stylegan import cli, pretrained
from keras_stylegan.inference import encode_picture, read_picture, saving, write_picture
from keras_stylegan.inference.animations import write_animation
from keras_stylegan.provenance import Provenance, describe, read_provenance
from keras_stylegan.xmp_files import append_xmp, embed_xmp, read_xmp

SCHEME = "http://cv.iptc.org/newscodes/digitalsourcetype/"
SOFTWARE = f"keras_stylegan {keras_stylegan.__version__}"
MADE = Provenance(f"{SCHEME}trainedAlgorithmicMedia", SOFTWARE)
PAINTED = Provenance(f"{SCHEME}compositeWithTrainedAlgorithmicMedia", SOFTWARE)
PICTURE = Image.fromarray(photograph(12, 9))
RDF, DC = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}", "{http://purl.org/dc/elements/1.1/}"
EXT, XMP = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}", "{http://ns.adobe.com/xap/1.0/}"
# As a camera and an editor write it: attributes and elements, in prefixes and descriptions of their own.
CAMERA = b"""<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?>
<x:xmpmeta xmlns:x='adobe:ns:meta/' x:xmptk='Editor'>
 <r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>
  <r:Description r:about='uuid:1' xmlns:d='http://purl.org/dc/elements/1.1/' xmlns:tiff='http://ns.adobe.com/tiff/1.0/'
   xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:CreatorTool='Editor 7' xmp:CreateDate='2024-05-01' tiff:Orientation="6">
   <d:creator><r:Seq><r:li>Zo\xc3\xab &amp; Co</r:li></r:Seq></d:creator>
   <d:format>image/jpeg</d:format>
  </r:Description>
  <r:Description r:about='uuid:1' xmlns:e='http://iptc.org/std/Iptc4xmpExt/2008-02-29/'>
   <e:DigitalSourceType r:resource='http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture'/>
   <e:PersonInImage><r:Bag><r:li>Ada</r:li></r:Bag></e:PersonInImage>
  </r:Description>
 </r:RDF>
</x:xmpmeta>
<?xpacket end='w'?>"""


def properties(xmp):
    """Every property of a packet as {name: text}, read with another parser than the package's."""
    root = ElementTree.fromstring(xmp)
    found = []
    for description in root.iter(f"{RDF}Description"):
        found += [(name, value) for name, value in description.attrib.items() if name != f"{RDF}about"]
        found += [(child.tag, "".join(child.itertext()).strip()) for child in description]
    assert len(found) == len(dict(found)), "a property stands twice"
    return dict(found)


def test_a_packet_states_source_and_software():
    assert properties(describe("generated")) == {
        f"{XMP}CreatorTool": SOFTWARE, f"{EXT}DigitalSourceType": MADE.source_type,
    }  # fmt: skip
    assert properties(describe("stylized"))[f"{EXT}DigitalSourceType"] == PAINTED.source_type
    assert read_provenance(describe("generated")) == MADE and read_provenance(describe("stylized")) == PAINTED
    assert describe(None) is None and describe(None, settings="seed 5") is None
    packet = describe("generated", settings='seed 5, class "sea" & <\x07land>')
    assert read_provenance(packet) == MADE._replace(settings='seed 5, class "sea" & <land>')
    with pytest.raises(ValueError, match="must be generated, stylized, composite or None. Received: drawn"):
        describe("drawn")


def test_what_still_holds_of_a_photograph_is_kept():
    kept = {f"{DC}creator": "Zoë & Co", f"{XMP}CreateDate": "2024-05-01", f"{EXT}PersonInImage": "Ada"}
    assert properties(describe(None, CAMERA)) == kept
    assert properties(describe("stylized", CAMERA)) == kept | {
        f"{XMP}CreatorTool": SOFTWARE, f"{EXT}DigitalSourceType": PAINTED.source_type,
    }  # fmt: skip
    about = {node.get(f"{RDF}about") for node in ElementTree.fromstring(describe("stylized", CAMERA)).iter() if
             node.tag == f"{RDF}Description"}  # fmt: skip
    assert about == {"uuid:1"}
    assert describe("stylized", describe("stylized", CAMERA)) == describe("stylized", CAMERA)
    only_pixels = re.sub(rb"<d:creator>.*</d:creator>|xmp:CreateDate='[^']*'|<e:Pers.*Image>", b"", CAMERA)
    assert describe(None, only_pixels) is None


BOMB = b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>]>"


@pytest.mark.parametrize(
    "xmp",
    [b"", b"no packet", CAMERA[:400], CAMERA.replace(b"Ada", b"\xff"), CAMERA.replace(b"<x:xmp", BOMB + b"<x:xmp"),
     b"<a/>"],
)  # fmt: skip
def test_damaged_packets_are_dropped(xmp):
    assert describe(None, xmp) is None
    assert describe("generated", xmp) == describe("generated")


def test_elements_deeper_than_python_goes_are_dropped():
    depth = 2 * sys.getrecursionlimit()
    deep = b"<d:title>" * depth + b"</d:title>" * depth
    xmp = CAMERA.replace(b"<d:format>", deep + b"<d:format>")
    assert describe("generated", xmp) == describe("generated")


def test_foreign_packets_are_read():
    assert read_provenance(CAMERA) == Provenance(f"{SCHEME}digitalCapture", "Editor 7")
    element = CAMERA.replace(b" r:resource='", b">").replace(b"Capture'/>", b"Capture</e:DigitalSourceType>")
    assert read_provenance(element) == Provenance(f"{SCHEME}digitalCapture", "Editor 7")
    assert read_provenance(None) == read_provenance(b"<a/>") == Provenance()


@pytest.mark.parametrize("suffix", [suffix for suffix in saving.FORMATS if suffix != ".bmp"])
def test_every_format_of_pictures(suffix, tmp_path):
    path = tmp_path / f"out{suffix}"
    for source, name in ((None, None), ("generated", MADE), ("stylized", PAINTED)):
        write_picture(PICTURE, path, source)
        assert read_provenance(read_xmp(path)) == (name or Provenance())
        with Image.open(path) as image:
            image.load()
            stated = image.info.get("xmp")
        assert (stated and ElementTree.fromstring(stated).tag) == (name and "{adobe:ns:meta/}xmpmeta")
        decoded = np.asarray(read_picture(path).photo)
        plain = np.asarray(read_picture(encode_picture(PICTURE, saving.FORMATS[suffix])).photo)
        np.testing.assert_array_equal(decoded, plain)


def test_bmp_has_no_place(tmp_path):
    write_picture(PICTURE, tmp_path / "out.bmp", "generated")
    assert read_xmp(tmp_path / "out.bmp") is None


@pytest.mark.parametrize("source_format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_photographs_packet_travels_with_exif(source_format, file_format):
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    source = io.BytesIO()
    if source_format == "TIFF":
        PICTURE.save(source, source_format, tiffinfo={700: CAMERA})
        content = source.getvalue()
    elif source_format == "WEBP":
        PICTURE.save(source, source_format, exif=exif, xmp=CAMERA)
        content = source.getvalue()
    else:
        PICTURE.save(source, source_format, exif=exif)
        content = embed_xmp(source.getvalue(), CAMERA)
    picture = read_picture(content)
    assert picture.photo.size == PICTURE.size[::-1]  # turned as it says, which then no longer holds
    written = Image.open(io.BytesIO(encode_picture(picture.dress(picture.photo), file_format, "stylized")))
    written.load()
    assert read_provenance(written.info["xmp"]) == PAINTED
    stated = properties(written.info["xmp"])
    assert stated[f"{DC}creator"] == "Zoë & Co" and "{http://ns.adobe.com/tiff/1.0/}Orientation" not in stated
    if "TIFF" not in (source_format, file_format):
        assert written.getexif()[0x010F] == "Camera"


def test_a_packet_too_long_for_jpeg_gives_way_to_ours():
    picture = PICTURE.copy()
    picture.info["xmp"] = CAMERA.replace(b"Ada", b"Ada" * 30_000)
    for source_type, expected in (("stylized", PAINTED), (None, Provenance())):
        written = Image.open(io.BytesIO(encode_picture(picture, "JPEG", source_type)))
        assert read_provenance(written.info.get("xmp")) == expected
    assert len(Image.open(io.BytesIO(encode_picture(picture, "PNG", "stylized"))).info["xmp"]) > 90_000
    with pytest.raises(ValueError, match="`xmp` must have at most 65504 bytes for a JPEG. Received: 65505"):
        embed_xmp(b"\xff\xd8\xff\xd9", bytes(65505))
    longest = embed_xmp(encode_picture(PICTURE, "JPEG"), b" " * 65504)
    assert len(Image.open(io.BytesIO(longest)).info["xmp"]) == 65504


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_animations(suffix, tmp_path):
    frames = np.stack([photograph(12, 9, seed) for seed in range(3)])
    path = tmp_path / f"moving{suffix}"
    write_animation(frames, path)
    assert read_xmp(path) is None
    write_animation(frames, path, source_type="generated")
    assert read_provenance(read_xmp(path)) == MADE
    with Image.open(path) as image:
        assert image.n_frames == 3
        image.seek(2)
        assert np.abs(np.asarray(image.convert("RGB"), int) - frames[2]).mean() < 8


def test_gif_readers_that_know_no_xmp_find_the_end():
    content = encode_gif()
    marked = embed_xmp(content, describe("generated"))
    place = marked.index(b"XMP DataXMP") + 11
    while marked[place]:  # block after block, as by their lengths
        place += 1 + marked[place]
    assert marked[place + 1 :] == b";" and place == len(marked) - 2


def encode_gif():
    buffer = io.BytesIO()
    PICTURE.save(buffer, "GIF")
    return buffer.getvalue()


def test_mp4_boxes(tmp_path):
    def box(kind, body, wide=False):
        size = (1).to_bytes(4, "big") + kind + (16 + len(body)).to_bytes(8, "big")
        return size + body if wide else (8 + len(body)).to_bytes(4, "big") + kind + body

    movie = box(b"ftyp", b"isom" + bytes(8)) + box(b"mdat", bytes(50), wide=True) + box(b"moov", bytes(20))
    path = tmp_path / "film.mp4"
    path.write_bytes(movie)
    assert read_xmp(path) is None
    marked = embed_xmp(movie, describe("generated"))
    path.write_bytes(marked)
    assert marked.startswith(movie) and read_provenance(read_xmp(path)) == MADE
    assert int.from_bytes(marked[len(movie) : len(movie) + 4], "big") == len(marked) - len(movie)
    path.write_bytes(movie + bytes(4) + b"mdat")  # a box to the end of the file
    assert read_xmp(path) is None


def test_videos_are_marked_in_place(tmp_path):
    def chunk(kind, body):
        return kind + len(body).to_bytes(4, "little") + body + bytes(len(body) % 2)

    parts = b"AVI " + chunk(b"LIST", bytes(7)) + chunk(b"idx1", bytes(16))
    video = b"RIFF" + len(parts).to_bytes(4, "little") + parts
    path = tmp_path / "film.avi"
    for packet in (describe("stylized"), describe("stylized") + b" "):  # of an odd length, and of an even one
        path.write_bytes(video)
        assert read_xmp(path) is None
        append_xmp(path, packet)
        content = path.read_bytes()
        assert read_xmp(path) == packet and content[8 : len(video)] == video[8:]
        assert int.from_bytes(content[4:8], "little") == len(content) - 8 and len(content) % 2 == 0
    path.write_bytes(video + video)  # a file of several parts
    append_xmp(path, packet)
    assert path.read_bytes() == video + video
    movie = (8 + 12).to_bytes(4, "big") + b"ftypisom" + bytes(8)
    path.write_bytes(movie)
    append_xmp(path, packet)
    assert read_xmp(path) == packet and path.read_bytes() == embed_xmp(movie, packet)
    path.write_bytes(b"something else")
    append_xmp(path, packet)
    assert path.read_bytes() == b"something else"


def test_a_png_with_its_packet_behind_the_pixels(tmp_path):
    buffer = io.BytesIO()
    PICTURE.save(buffer, "PNG")
    content, marked = buffer.getvalue(), embed_xmp(buffer.getvalue(), describe("generated"))
    chunk = marked[33 : 33 + len(marked) - len(content)]
    (tmp_path / "late.png").write_bytes(content[:-12] + chunk + content[-12:])
    assert read_provenance(read_xmp(tmp_path / "late.png")) == MADE


@pytest.fixture
def packaged(tmp_path, monkeypatch):
    write_assets(tmp_path / "assets")
    monkeypatch.setattr(pretrained, "assets", lambda: tmp_path / "assets")
    monkeypatch.chdir(tmp_path)
    content = encode_picture(Image.fromarray(photograph(40, 30)), "JPEG")
    pathlib.Path("photo.jpg").write_bytes(embed_xmp(content, CAMERA))


def test_commands_mark_their_pictures(packaged, capfd):
    assert cli.main(["stylize", "photo.jpg", "-o", "out.png", "--style", "night"]) == 0
    assert cli.main(["sheet", "photo.jpg", "-o", "sheet.jpg", "--tile", "32"]) == 0
    assert cli.main(["demo", "-o", "demo"]) == 0
    for path in ("out.png", "sheet.jpg", "demo/contact_sheet.jpg"):
        assert read_provenance(read_xmp(path)) == PAINTED
    assert properties(read_xmp("out.png"))[f"{DC}creator"] == "Zoë & Co"
    assert cli.main(["stylize", "photo.jpg", "-o", "out.png", "--style", "night", "--no-provenance"]) == 0
    assert read_provenance(read_xmp("out.png")) == Provenance()
    assert properties(read_xmp("out.png"))[f"{DC}creator"] == "Zoë & Co"


def test_the_command_tells_it(packaged, capfd):
    write_picture(PICTURE, "made.webp", "generated")
    write_picture(PICTURE, "plain.png")
    assert cli.main(["provenance", "made.webp", "plain.png", "photo.jpg"]) == 0
    assert capfd.readouterr().out.splitlines() == [
        f"made.webp  trainedAlgorithmicMedia  {SOFTWARE}",
        "plain.png  says nothing of its source",
        "photo.jpg  digitalCapture  Editor 7",
    ]
    assert cli.main(["provenance", "--json", "made.webp"]) == 0
    record = {"file": "made.webp", "source_type": MADE.source_type, "software": SOFTWARE, "settings": None}
    assert json.loads(capfd.readouterr().out) == record
    pathlib.Path("text.png").write_text("no picture")
    assert cli.main(["provenance", "text.png", "made.webp"]) == 1
    out, err = capfd.readouterr()
    assert out.startswith("made.webp") and err.startswith("keras-stylegan: text.png: not a picture")
    assert cli.main(["provenance", "missing.png"]) == 2


def test_no_command_writes_a_picture_without():
    """Every call of a writer in a command passes on what `--no-provenance` decides."""
    writers = {"write_picture": 3, "encode_picture": 3, "write_animation": 4}
    calls = 0
    for file in sorted((pathlib.Path(cli.__file__).parent / "commands").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            name = getattr(getattr(node, "func", None), "id", None)
            if name in writers:
                given = len(node.args) + any(keyword.arg == "source_type" for keyword in node.keywords)
                assert given >= writers[name], f"{file.name}:{node.lineno}: {name} without a source type"
                calls += 1
        assert ".save(" not in file.read_text(), f"{file.name} writes pictures in a way of its own"
    assert calls >= 11
