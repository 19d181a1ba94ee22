"""A network in every precision of LiteRT files: size, distance from Keras, time, as one table.

    python benchmarks/litert_quantization.py multistyle [--size 256x256] [--quantize none float16 dynamic int8]

Times are the least of five runs on two threads; compare those of one run of this program only.
"""

import argparse
import platform

from keras_stylegan.exporters.litert_quantization import QUANTIZATIONS
from keras_stylegan.exporters.parity import BARS, measure, table
from keras_stylegan.exporters.sources import open_source
from keras_stylegan.exporters.tflite import parse_size, to_tflite
from keras_stylegan.exporters.tflite_targets import TARGETS
from keras_stylegan.inference.litert_signatures import single_signature


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", metavar="NAME|RUN")
    parser.add_argument("--size", metavar="HxW")
    parser.add_argument("--quantize", nargs="+", default=QUANTIZATIONS, choices=QUANTIZATIONS)
    arguments = parser.parse_args()
    opened = open_source(arguments.source)
    target = TARGETS[opened.kind](opened, arguments.size and parse_size(arguments.size), None)
    expected = [target.expected(inputs) for inputs in target.measured]
    rows = {}
    for quantize in arguments.quantize:
        content = to_tflite(target, "network", quantize)
        alone = single_signature(content, target.signature)  # of the same size
        rows[quantize] = measure(alone, target.signature, target.measured, expected), BARS[quantize]
    height, width = target.size
    work = next(iter(rows.values()))[0].multiply_adds
    print(f"{arguments.source} at {height}x{width}, {work / 1e6:.0f} M multiply-adds, {platform.machine()}\n")
    print(table(rows))


if __name__ == "__main__":
    main()
