"""The page in headless Chromium: a photograph goes in, the pixels are those of Python's LiteRT, and it says what it is.

Runs where `CHROMIUM` names the browser's program, `LITERT_JS` a folder `node_modules/@litertjs`, and Playwright is
installed: `pip install playwright`, `npm install --prefix export/web`.
"""

import functools
import http.server
import io
import json
import os
import pathlib
import runpy
import threading

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from PIL import Image
from stand_in import photograph

from keras_stylegan import pretrained
from keras_stylegan.inference import LiteRTRuntime
from keras_stylegan.inference.banks import Bank, write_bank
from keras_stylegan.provenance import SOURCE_TYPES, read_provenance

ROOT = pathlib.Path(__file__).parents[1]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def page(tmp_path_factory, browser):
    """The page, open in Chromium; the folder it is served from; what its console said."""
    if not os.environ.get("LITERT_JS"):
        pytest.skip("LITERT_JS is not set")
    folder = tmp_path_factory.mktemp("page")
    built = os.environ.get("WEB_PAGE")  # a folder built before, whose network takes 256x256
    if built:
        folder = pathlib.Path(built)
    else:
        build = runpy.run_path(str(ROOT / "export" / "web" / "build.py"))["build"]
        build(folder, size=(256, 256), runtime=pathlib.Path(os.environ["LITERT_JS"]))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    opened = browser.new_page(viewport={"width": 412, "height": 915})
    said = []
    opened.on("console", lambda message: said.append((message.type, message.text)))
    opened.on("pageerror", lambda error: said.append(("error", str(error))))
    opened.goto(f"http://127.0.0.1:{server.server_port}/")
    loaded(opened)
    yield opened, folder, said
    opened.close()
    server.shutdown()
    server.server_close()


def loaded(opened):
    opened.wait_for_function(
        "document.body.dataset.accelerator || document.getElementById('status').textContent.includes('wrong')",
        timeout=120_000,
    )
    assert opened.evaluate("document.body.dataset.accelerator"), opened.locator("#status").inner_text()


def paint(opened, file, before=0):
    opened.set_input_files("#file", file)
    opened.wait_for_function(f"Number(document.body.dataset.painted) > {before}", timeout=120_000)


def pixels(opened, canvas):
    data = opened.evaluate(
        f"""() => {{ const c = document.getElementById("{canvas}");
        return [c.width, c.height, ...c.getContext("2d").getImageData(0, 0, c.width, c.height).data]; }}"""
    )
    return np.array(data[2:], np.uint8).reshape(data[1], data[0], 4)[..., :3]


def test_the_page_paints_what_python_paints(page, tmp_path):
    opened, folder, said = page
    Image.fromarray(photograph(300, 200)).save(tmp_path / "photo.png")
    paint(opened, tmp_path / "photo.png")
    before, after = pixels(opened, "before"), pixels(opened, "after")
    assert before.shape == after.shape == (171, 256, 3)
    padded = np.pad(before, ((42, 43), (0, 0), (0, 0)), mode="reflect")
    runtime = LiteRTRuntime((folder / "model.tflite").read_bytes(), 8)
    weights = np.eye(opened.locator("#styles button").count())[0]
    expected = runtime.run(padded, weights, 1.0)[42:213].astype(int)
    assert 10 * np.log10(255**2 / np.square(after - expected).mean()) >= 40
    assert np.abs(expected - before).mean() > 5
    assert not [text for kind, text in said if kind == "error"]
    if os.environ.get("WEB_SCREENSHOT"):
        opened.evaluate("document.getElementById('divider').value = 50; document.getElementById('divider').oninput("
                        "{target: document.getElementById('divider')})")  # fmt: skip
        opened.screenshot(path=os.environ["WEB_SCREENSHOT"])


def test_styles_mix_and_strength_counts(page, tmp_path):
    opened, _, said = page
    Image.fromarray(photograph(256, 256, seed=1)).save(tmp_path / "photo.png")
    done = int(opened.evaluate("document.body.dataset.painted ?? 0"))
    paint(opened, tmp_path / "photo.png", done)
    one = pixels(opened, "after").astype(int)
    done = int(opened.evaluate("document.body.dataset.painted"))
    opened.locator("#styles button").nth(3).click()
    opened.wait_for_function(f"Number(document.body.dataset.painted) > {done}", timeout=120_000)
    assert opened.locator("#mixture input").count() == 2
    assert np.abs(pixels(opened, "after") - one).mean() > 2
    done = int(opened.evaluate("document.body.dataset.painted"))
    opened.locator("#strength").fill("0")
    opened.wait_for_function(f"Number(document.body.dataset.painted) > {done}", timeout=120_000)
    assert np.abs(pixels(opened, "after").astype(int) - pixels(opened, "before")).max() <= 1
    assert not [text for kind, text in said if kind == "error"]


def test_own_styles_of_a_bank_file(page, tmp_path):
    opened, folder, said = page
    facts = json.loads((folder / "model.json").read_text())
    assert facts["space"] == pretrained.network_entry("multistyle")["style_space"]
    vectors = np.random.default_rng(0).normal(size=(3, facts["vector_size"])).astype("float32")
    # Names whose order, or whose text in the checksum, JavaScript and Python see differently.
    bank = Bank(dict(zip(("mine", "Zürich", "7"), vectors, strict=True)), facts["space"])
    write_bank(bank, tmp_path / "own.safetensors")
    write_bank(Bank({"other": vectors[0]}, "0" * 64), tmp_path / "foreign.safetensors")
    content = bytearray((tmp_path / "own.safetensors").read_bytes())
    content[-1] ^= 1
    (tmp_path / "damaged.safetensors").write_bytes(content)
    for name, told in (("foreign", "belong to another network"), ("damaged", "no bank of styles, or a damaged one")):
        opened.set_input_files("#bank", tmp_path / f"{name}.safetensors")
        opened.wait_for_function(f"document.getElementById('status').textContent.includes('{told}')")
    Image.fromarray(photograph(256, 256, seed=2)).save(tmp_path / "photo.png")
    opened.locator("#strength").fill("100")
    done = int(opened.evaluate("document.body.dataset.painted ?? 0"))
    paint(opened, tmp_path / "photo.png", done)
    done = int(opened.evaluate("document.body.dataset.painted"))
    opened.set_input_files("#bank", tmp_path / "own.safetensors")
    opened.wait_for_function(f"Number(document.body.dataset.painted) > {done}", timeout=120_000)
    pressed = "[...document.querySelectorAll('#styles button[aria-pressed=true]')].map(b => b.textContent)"
    assert opened.evaluate(pressed) == ["mine"] and opened.locator("#styles button").count() == len(facts["styles"]) + 3
    model = Interpreter(model_path=str(folder / "model.tflite")).get_signature_runner("stylize_vector")
    (expected,) = model(
        image=pixels(opened, "before")[None],
        style_weights=np.zeros((1, len(facts["styles"])), "float32"),
        style_vector=vectors[:1],
        strength=np.ones(1, "float32"),
    ).values()
    difference = pixels(opened, "after").astype(int) - expected[0]
    assert 10 * np.log10(255**2 / np.square(difference).mean()) >= 40
    assert not [text for kind, text in said if kind == "error"]


def test_a_download_says_what_it_is(page, tmp_path):
    opened, _, _ = page
    if opened.locator("#download").is_disabled():
        Image.fromarray(photograph(64, 64)).save(tmp_path / "photo.png")
        paint(opened, tmp_path / "photo.png")
    with opened.expect_download() as waiting:
        opened.locator("#download").click()
    content = pathlib.Path(waiting.value.path()).read_bytes()
    with Image.open(io.BytesIO(content)) as picture:
        picture.load()
        assert picture.format == "JPEG"
        found = read_provenance(picture.info["xmp"])
    assert found.source_type == SOURCE_TYPES["stylized"] and found.software.startswith("keras_stylegan ")


def test_it_works_offline_once_loaded(page):
    opened, _, _ = page
    opened.wait_for_function("navigator.serviceWorker.controller")
    opened.reload()  # what was loaded before the service worker goes through it once
    loaded(opened)
    opened.context.set_offline(True)
    opened.reload()
    loaded(opened)
    opened.context.set_offline(False)


def test_a_file_that_is_no_picture(page, tmp_path):
    opened, _, _ = page
    (tmp_path / "text.png").write_text("no picture")
    opened.set_input_files("#file", tmp_path / "text.png")
    opened.wait_for_function("document.getElementById('status').textContent.includes('no picture')")
