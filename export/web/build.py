"""Builds the page that paints photographs in the browser, as a folder for any server of static files.

    npm install --prefix export/web
    python export/web/build.py OUT [--source multistyle] [--size 512x512]
    python -m http.server --directory OUT

OUT holds the page, the network as a LiteRT file of one size (LiteRT.js takes no other), and the runtime, LiteRT.js
(Apache-2.0). Photographs of every shape are fitted into that size and cut out of it again.
"""

import argparse
import hashlib
import json
import shutil
import tempfile
from pathlib import Path

from keras_stylegan import __version__
from keras_stylegan.exporters.tflite import export_tflite, parse_size

HERE = Path(__file__).parent
PAGE = ("index.html", "page.css", "page.js", "bank.js", "pixels.js", "provenance.js", "worker.js", "service_worker.js")
RUNTIME = HERE / "node_modules" / "@litertjs"
WASM = ("litert_wasm_internal", "litert_wasm_compat_internal")


def build(out: Path, source: str = "multistyle", size: tuple[int, int] = (512, 512), runtime: Path = RUNTIME) -> None:
    """Writes the page to `out`, made where it is missing.

    Args:
        out: folder of the page.
        source: packaged stylisation network, run directory, or `.keras` file.
        size: `(height, width)` of the network's pictures.
        runtime: folder `node_modules/@litertjs`.

    Raises:
        ValueError: if there is no runtime, or as `export_tflite`.
    """
    from keras_stylegan.exporters.litert_metadata import read_labels
    from keras_stylegan.exporters.package_files import half_precision
    from keras_stylegan.exporters.sources import open_source
    from keras_stylegan.pretrained import style_space

    if not (runtime / "core" / "wasm").is_dir():
        raise ValueError(f"{runtime}: LiteRT.js is missing; run npm install --prefix {HERE}")
    with tempfile.TemporaryDirectory() as scratch:  # an export that fails leaves nothing behind
        file = Path(scratch) / "model.tflite"
        export_tflite(source, file, size)
        content = file.read_bytes()
    out.mkdir(parents=True, exist_ok=True)
    (out / "model.tflite").write_bytes(content)
    styles = read_labels(content)["style_weights"]
    network = open_source(source).network
    facts = {
        "styles": styles,
        "height": size[0],
        "width": size[1],
        "vector_size": network.vector_size,
        "space": style_space(half_precision(network)[0]),  # which own styles are its
        "software": f"keras_stylegan {__version__}",
    }
    (out / "model.json").write_text(json.dumps(facts), encoding="utf-8")
    for name in PAGE:
        shutil.copy(HERE / name, out / name)
    (out / "litert" / "wasm").mkdir(parents=True, exist_ok=True)
    for name in WASM:
        for suffix in (".js", ".wasm"):
            shutil.copy(runtime / "core" / "wasm" / (name + suffix), out / "litert" / "wasm" / (name + suffix))
    shutil.copy(runtime / "wasm-utils" / "dist" / "index.js", out / "litert" / "wasm-utils.js")
    # Workers have no import map, by which a name of a package could be found.
    core = (runtime / "core" / "dist" / "index.js").read_text(encoding="utf-8")
    core = core.replace('"@litertjs/wasm-utils"', '"./wasm-utils.js"')
    (out / "litert" / "core.js").write_text(core, encoding="utf-8")
    digest = hashlib.sha256()
    for file in sorted(file for file in out.rglob("*") if file.is_file()):
        digest.update(file.read_bytes())
    worker = out / "service_worker.js"
    worker.write_text(worker.read_text(encoding="utf-8").replace('"BUILD"', f'"{digest.hexdigest()[:16]}"'))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--source", default="multistyle", metavar="NAME|RUN")
    parser.add_argument("--size", default="512x512", metavar="HxW")
    parser.add_argument("--runtime", type=Path, default=RUNTIME, metavar="DIR", help="node_modules/@litertjs")
    arguments = parser.parse_args()
    build(arguments.out, arguments.source, parse_size(arguments.size), arguments.runtime)


if __name__ == "__main__":
    main()
