"""Networks in every precision of LiteRT files: size, distance from Keras, time, as one table.

    python benchmarks/litert_quantization.py [NAME|RUN ...] [--size 256x256] [--quantize none float16 weights ...]

Without names, all packaged networks. Each file has the first of its network's signatures, so that sizes compare. Times
are the least of five runs on two threads; compare those of one run of this program only. The precisions `dynamic` and
`int8` need `pip install 'keras_stylegan[quantize]'`. A line says which bars were missed, and by what.
"""

import argparse
import dataclasses
import platform
from pathlib import Path

from record import record

from keras_stylegan.exporters.litert_quantization import QUANTIZATIONS
from keras_stylegan.exporters.parity import BARS, measure, table
from keras_stylegan.exporters.sources import open_source, packaged_sources
from keras_stylegan.exporters.tflite import parse_size, to_tflite
from keras_stylegan.exporters.tflite_targets import TARGETS


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="*", metavar="NAME|RUN")
    parser.add_argument("--size", metavar="HxW")
    parser.add_argument("--quantize", nargs="+", default=QUANTIZATIONS, choices=QUANTIZATIONS)
    arguments = parser.parse_args()
    size = arguments.size and parse_size(arguments.size)
    rows = []
    for source in arguments.sources or packaged_sources():
        opened = open_source(source)
        target = dataclasses.replace(TARGETS[opened.kind](opened, size, None), more=())
        expected = [target.expected(inputs) for inputs in target.measured]
        found = {}
        for quantize in arguments.quantize:
            content = to_tflite(target, "network", quantize)
            try:
                found[quantize] = measure(content, target.signature, target.measured, expected), BARS[quantize]
            except ValueError as error:
                rows.append({"source": Path(source).name, "quantize": quantize, "missed": [str(error)]})
                print(f"{source}, {quantize}: {error}", flush=True)
        height, width = target.size
        work = next(iter(found.values()))[0].multiply_adds
        print(f"\n{source} at {height}x{width}, {work / 1e6:.0f} M multiply-adds, {platform.machine()}\n")
        print(table(found), flush=True)
        for quantize, (parity, bar) in found.items():
            named = {"source": Path(source).name, "kind": opened.kind, "pixels": [height, width], "quantize": quantize}
            rows.append({**named, **figures(parity), "bar": str(bar), "missed": parity.misses(bar)})
    record("litert_quantization", {"rows": rows}, ("tensorflow", "ai-edge-litert"))


def figures(parity):
    """What was measured, with the digits that mean something."""
    found = dataclasses.asdict(parity)
    found["bytes"] = found.pop("size")
    return {key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in found.items()}


if __name__ == "__main__":
    main()
