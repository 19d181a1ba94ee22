"""The client against stand-ins of TensorFlow Serving's two interfaces."""

import contextlib
import io
import pathlib
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import numpy as np
import pytest
import serving_stand_in
from PIL import Image
from serving_stand_in import VERSION, Model, as_strings
from stand_in import photograph
from test_imports import FRAMEWORKS, modules_after
from toy_saved_model import (
    DOMAINS,
    STYLES,
    exported_generator,
    exported_picture,
    exported_stylizer,
    generator_run,
    picture_run,
)

from keras_stylegan.inference import Bank, write_bank
from keras_stylegan.inference.generator import open_generator
from keras_stylegan.inference.translator import open_domain_translator
from keras_stylegan.provenance import SOURCE_TYPES, STYLIZED, read_provenance
from keras_stylegan.serving import Client, check, check_server
from keras_stylegan.serving.transport import refusal
from keras_stylegan.xmp_files import read_xmp

ROOT = pathlib.Path(__file__).parents[1]
SERVE = ROOT / "export" / "serve"


@pytest.fixture(scope="module")
def model():
    return Model(exported_stylizer().path)


@pytest.fixture(scope="module", params=["rest", "grpc"])
def url(request, model):
    if request.param == "grpc":
        pytest.importorskip("tensorflow_serving", reason="needs tensorflow-serving-api")
    with getattr(serving_stand_in, request.param)(model) as address:
        yield address


def test_what_a_server_has(url):
    with Client(url) as client:
        assert client.status() == {VERSION: "AVAILABLE"}
        assert client.styles == STYLES and client.classes == ()
        image = client.signatures["stylize_weights"].inputs["image"]
        assert image.dtype == np.uint8 and image.shape == (None, None, None, 3)
    assert Client(url, version=VERSION).styles == STYLES


def test_a_photograph_is_painted_by_the_server(url, model):
    pixels = photograph(80, 66)
    rows = {"style_weights": np.array([[0.75, 0, 0.25]], "float32"), "strength": np.array([0.5], "float32")}
    expected = model.run("stylize_weights", {"image": pixels[None], **rows})["stylized"][0].astype(int)
    client = Client(url)
    np.testing.assert_allclose(client.run(pixels, rows["style_weights"][0], 0.5), expected, atol=1)
    vector = np.zeros(client.signatures["stylize_vector"].inputs["style_vector"].shape[1])
    np.testing.assert_allclose(client.run(pixels, rows["style_weights"][0], 0.5, vector), expected, atol=1)
    alpha = Image.fromarray(np.dstack([pixels, np.full((66, 80), 99, "uint8")]))
    painted = client.stylize(alpha, {"ink": 3, "chalk é": 1}, strength=0.5)
    assert painted.mode == "RGBA" and painted.getchannel("A").getextrema() == (99, 99)
    np.testing.assert_allclose(np.asarray(painted)[..., :3], expected, atol=1)
    assert client.stylize(pixels, "oil", size=(40, 33)).size == (40, 33)


def test_regions_and_style_pictures_through_the_server(url, model, tmp_path):
    client, pixels = Client(url), photograph(72, 64)
    rng = np.random.default_rng(0)
    weights = np.float32([[1, 0, 0], [0, 0.5, 0]])
    masks = rng.uniform(0, 0.5, (64, 72, 2)).astype("float32")
    vectors = rng.normal(0, 0.3, (2, 159)).astype("float32")
    request = {"image": pixels, "masks": masks, "style_weights": weights, "strength": np.float32(1)}
    for given in (vectors, None):
        own = np.zeros_like(vectors) if given is None else given
        answer = model.run("stylize_regions", {k: v[None] for k, v in {**request, "style_vectors": own}.items()})
        painted = client.run_regions(pixels, masks, weights, 1.0, given)
        np.testing.assert_allclose(painted, answer["stylized"][0].astype(int), atol=1)
    file = tmp_path / "style.png"
    Image.fromarray(photograph(40, 30, 5)).save(file)
    vector = model.run("predict_style", {"picture": photograph(40, 30, 5)[None]})["style_vector"][0]
    expected = client.run(pixels, [0.5, 0, 0], 1.0, vector / 2).astype(int)
    painted = client.stylize(pixels, {str(file): 1, "ink": 1})
    np.testing.assert_allclose(np.asarray(painted), expected, atol=1)
    half = np.zeros((64, 72), "uint8")
    half[:, :36] = 255
    in_regions = np.asarray(client.stylize(pixels, regions=[(half, {str(file): 1, "ink": 1})], feather=0))
    np.testing.assert_array_equal(in_regions[:, 40:], pixels[:, 40:])
    assert np.abs(in_regions[:, :30].astype(int) - pixels[:, :30]).mean() > 3


def test_own_styles_through_the_server(url, tmp_path):
    pixels, vector = photograph(72, 64), np.random.default_rng(1).normal(0, 0.3, 159).astype("float32")
    space = Client(url).predict("style_names", index=np.zeros(1, int))["space"][0].decode()
    for name, size in (("mine", 159), ("short", 3)):
        write_bank(Bank({name: vector[:size]}, space), tmp_path / name)
    client = Client(url, banks=[tmp_path / "mine"])
    expected = client.run(pixels, [0, 0.25, 0], 1.0, 0.75 * vector).astype(int)
    painted = client.stylize(pixels, {"mine": 3, client.styles[1]: 1})
    np.testing.assert_allclose(np.asarray(painted), expected, atol=1)
    with pytest.raises(ValueError, match="short: the vectors must have 159 numbers.*Received: 3 in short"):
        Client(url, banks=[tmp_path / "short"]).stylize(pixels, "short")
    write_bank(Bank({"other": vector}, "b" * 64), tmp_path / "other")
    with pytest.raises(ValueError, match="other: the styles belong to another network"):
        Client(url, banks=[tmp_path / "mine", tmp_path / "other"]).stylize(pixels, "mine")


@pytest.mark.parametrize("kind", ["translator", "upscaler", "fusion", "scene"])
def test_pictures_through_the_server(kind, monkeypatch):
    monkeypatch.setattr(check, "SIZE", 64)
    model = Model(exported_picture(kind).path, kind)
    with serving_stand_in.rest(model) as url:
        client = Client(url, kind)
        assert all(step.passed for step in check_server(client))
        if kind == "fusion":
            return
        call, output = {
            "translator": ("translate", "translated"), "upscaler": ("upscale", "upscaled"), "scene": ("scene", "scene")
        }[kind]  # fmt: skip
        pixels = photograph(40, 33)
        more = {"detail": np.float32([0.5])} if kind == "scene" else {}
        expected = model.run(call, {"image": pixels[None], **more})[output][0].astype(int)
        options = {"detail": 0.5} if kind == "scene" else {}
        made = getattr(client, call)(Image.fromarray(np.dstack([pixels, np.full((33, 40), 99, "uint8")])), **options)
        if kind != "scene":  # it has a size of its own
            assert made.mode == "RGBA" and made.getchannel("A").getextrema() == (99, 99)
        np.testing.assert_allclose(np.asarray(made)[..., :3], expected, atol=1)
        with pytest.raises(ValueError, match="`signature` must be one of .*Received: style_names"):
            client.stylize(pixels, "ink")


def test_domains_through_the_server(monkeypatch, tmp_path):
    monkeypatch.setattr(check, "SIZE", 64)
    for way in (serving_stand_in.rest, serving_stand_in.grpc):
        with way(Model(exported_picture("domains").path, "domains")) as url, Client(url, "domains") as client:
            assert all(step.passed for step in check_server(client))
            assert client.domains == DOMAINS
            pixels, reference = photograph(40, 33), photograph(60, 30, 2)
            by_noise = open_domain_translator(picture_run("domains"), DOMAINS[1], seed=3)
            made = client.translate(pixels, domain=DOMAINS[1], seed=3)
            np.testing.assert_allclose(np.asarray(made), np.asarray(by_noise.translate(pixels)), atol=1)
            like = open_domain_translator(picture_run("domains"), DOMAINS[0], reference=reference)
            made = client.translate(pixels, domain=DOMAINS[0], reference=reference)
            np.testing.assert_allclose(np.asarray(made), np.asarray(like.translate(pixels)), atol=1)
            for domain in (None, "nigth é"):
                with pytest.raises(ValueError, match="`domain` must be one of day, night é. Received: domain="):
                    client.translate(pixels, domain=domain)
    with serving_stand_in.rest(Model(exported_picture("translator").path, "frost")) as url:
        with pytest.raises(ValueError, match="`domain` must be None: the translator has none. Received: domain=day"):
            Client(url, "frost").translate(pixels, domain="day")
        with pytest.raises(ValueError, match="`reference` needs `domain`, the domain of its style"):
            Client(url, "frost").translate(pixels, reference=reference)


def test_what_the_client_writes_says_what_it_is(url, tmp_path):
    client = Client(url)
    painted = client.stylize(photograph(64, 64), "ink")
    client.write(painted, tmp_path / "painted.jpg")
    client.write(painted, tmp_path / "plain.png", provenance=False)
    assert read_provenance(read_xmp(tmp_path / "painted.jpg")).source_type == SOURCE_TYPES[STYLIZED]
    assert read_xmp(tmp_path / "plain.png") is None
    with pytest.raises(ValueError, match="the suffix of an output must be one of"):
        client.write(painted, tmp_path / "painted.txt")


def test_arrays_of_a_batch(url, model):
    images = np.stack([photograph(64, 64, seed) for seed in range(2)])
    rows = {"style_weights": np.eye(2, 3), "strength": [1, 0.5]}
    answer = Client(url).predict("stylize_weights", image=images, **rows)["stylized"]
    assert answer.dtype == np.uint8 and answer.shape == images.shape
    assert (answer[0] != images[0]).any() and (answer[0] != answer[1]).any()


def test_refusals_are_sentences_and_the_next_request_is_answered(url):
    client = Client(url)
    rows = {"style_weights": np.eye(1, 3), "strength": np.ones(1)}
    bombs = as_strings(serving_stand_in.header_of_a_huge_png())
    with pytest.raises(ValueError) as refused:
        client.predict("encoded", image_bytes=bombs, **rows)
    assert str(refused.value) == (
        f"{url}: the server refuses the request: `image_bytes` must have at most 4194304 pixels each, with sides "
        "counted as 64 at least (height, width). Received: [30000 30000]"
    )
    file = io.BytesIO()
    Image.fromarray(photograph(64, 64)).save(file, "PNG")
    answer = client.predict("encoded", image_bytes=as_strings(file.getvalue()), **rows)["stylized_bytes"]
    assert Image.open(io.BytesIO(answer[0])).size == (64, 64)
    with pytest.raises(
        ValueError, match="`signature` must be one of encoded, .*Received: encode. Did you mean encoded"
    ):
        client.predict("encode")
    with pytest.raises(ValueError, match="`encoded` takes image_bytes, strength, style_weights. Received: image"):
        client.predict("encoded", image=np.zeros(1))
    with pytest.raises(ValueError, match="`image` must be uint8. Received: an array of float64"):
        client.predict("stylize_weights", image=np.zeros((1, 64, 64, 3)), **rows)
    with pytest.raises(ValueError, match="`image` must be uint8, at most 255. Received: 256"):
        client.predict("stylize_weights", image=np.full((1, 64, 64, 3), 256, "uint16"), **rows)
    with pytest.raises(ValueError, match="`image_bytes` must be bytes objects. Received: an array of object"):
        client.predict("encoded", image_bytes=["photo.jpg"], **rows)
    with pytest.raises(ValueError, match="the server refuses the request: .*other"):
        Client(url, model="other").predict("encoded")
    with pytest.raises(ValueError, match="`styles` names an unknown style"):
        client.stylize(photograph(64, 64), "water")


def test_a_generator_makes_the_pictures_of_the_command():
    expected = open_generator(generator_run())
    with serving_stand_in.rest(Model(exported_generator().path, "tiny_gan")) as url:
        client = Client(url, "tiny_gan")
        assert client.classes == ("sea", "wood")
        seeds = range(3, 21)  # more than in one request
        np.testing.assert_allclose(client.generate(seeds), expected.generate(seeds).astype(int), atol=1)
        made = client.generate([4], "wood", 0.3)
        np.testing.assert_allclose(made, expected.generate([4], "wood", 0.3).astype(int), atol=1)
        with pytest.raises(
            ValueError, match="`label` must be one of sea, wood. Received: label=woods. Did you mean wood"
        ):
            client.generate([0], "woods")
        with pytest.raises(ValueError, match="`truncation` must be from 0 to 2. Received: \\[3\\]"):
            client.generate([0], "sea", 3)
        with pytest.raises(ValueError, match="`signature` must be one of .*Received: style_names"):
            client.stylize(photograph(64, 64), "ink")
        steps = list(check_server(client))
    assert [step.name for step in steps] == ["versions", "signatures", "answer", "refusal", "answer after it"]
    assert all(step.passed for step in steps) and "`z` must be finite" in steps[3].detail


@contextlib.contextmanager
def answering(code, body):
    """An HTTP server that has one answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

        def do_GET(self):
            self.send_response(code)
            self.end_headers()
            self.wfile.write(body)

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_what_is_no_server():
    with answering(200, b"<html>") as url:
        pass
    for dead in (url, url.replace("http", "grpc")):
        with pytest.raises(ConnectionError, match=f"{dead}: no answer from a server"):
            Client(dead, timeout=2).status()
    for code, body, message in (
        (200, b"<html>", "the answer is not that of TensorFlow Serving"),
        (200, b"[]", "the answer is not that of TensorFlow Serving"),
        (200, b"{}", "the answer is not that of TensorFlow Serving"),
        (503, b'{"error": "busy"}', r"the server failed \(503: busy\)"),
    ):
        with answering(code, body) as url, pytest.raises(ConnectionError, match=message):
            Client(url).status()
    double = '{"metadata": {"signature_def": {"signature_def": {"f": {"outputs": {"y": {"dtype": "DT_DOUBLE"}}}}}}}'
    for body, message in (
        (double, "tensors must be of DT_UINT8, .* Received: DT_DOUBLE"),
        ('{"metadata": 1}', "not that"),
    ):
        with answering(200, body.encode()) as url, pytest.raises(ConnectionError, match=message):
            Client(url).signatures  # noqa: B018
    for wrong in ("localhost:8501", "ftp://localhost", "http://"):
        with pytest.raises(
            ValueError, match=f"`url` must begin with http://, https:// or grpc://. Received: url={wrong}"
        ):
            Client(wrong)


def test_refusals_without_a_sentence_of_ours():
    message = 'JSON Value: "a" Type: String is not of expected type: uint8\n\t [[node x]]'
    assert str(refusal("u", message)) == (
        'u: the server refuses the request: JSON Value: "a" Type: String is not of expected type: uint8'
    )
    assert str(refusal("u", "assertion failed: [`a` must be b. Received:] [[1 2][3 4]]\n\t [[{{node y}}]]")) == (
        "u: the server refuses the request: `a` must be b. Received: [[1 2][3 4]]"
    )


def test_the_rest_client_needs_no_framework():
    loaded = modules_after("from keras_stylegan.serving import Client\nClient('http://localhost:8501')")
    assert not loaded & FRAMEWORKS
