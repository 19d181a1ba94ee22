"""From a trained network to one LiteRT (TFLite) file for a phone or a browser, measured before it appears."""

from __future__ import annotations

import argparse
import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from keras_stylegan.choices import did_you_mean

if TYPE_CHECKING:  # a command that only lists its options must not wait for these
    from keras_stylegan.exporters.parity import Bar, Parity
    from keras_stylegan.exporters.tflite_target import Target

SUFFIX = ".tflite"


def add_arguments(group) -> None:
    """Adds the options of this format to a parser or a group of one; imports nothing heavy."""
    sizes = group.add_mutually_exclusive_group()
    sizes.add_argument("--size", metavar="HxW", help="height and width of the pictures, in pixels")
    sizes.add_argument("--dynamic", action="store_true", default=None, help="pictures of every size (default)")
    group.add_argument(
        "--quantize", metavar="HOW", help="none (float32), float16 (default), weights, dynamic or int8 (8 bits)"
    )
    group.add_argument("--representative", metavar="DIR", help="photographs whose ranges int8 takes")
    group.add_argument(
        "--signature", metavar="NAME", help="write this one alone, a smaller file (default: all, which the table names)"
    )


def export_from_arguments(arguments: argparse.Namespace, report: Callable[[str], None] = lambda what: None) -> str:
    """Exports what the parsed arguments name (`source`, `out` and those above); returns the table.

    Args:
        arguments: the parsed arguments.
        report: as of `export_tflite`.
    """
    size = None if arguments.size is None else parse_size(arguments.size)
    quantize = arguments.quantize or "float16"
    parities, bar = export_tflite(
        arguments.source, arguments.out, size, quantize, arguments.representative, report, arguments.signature
    )
    from keras_stylegan.exporters.parity import table

    rows = {f"{signature}, {quantize}": (parity, bar) for signature, parity in parities.items()}
    return f"{arguments.out}\n{table(rows)}"


def parse_size(text: str) -> tuple[int, int]:
    """`HxW` as (height, width); ValueError for other text."""
    try:
        height, width = map(int, text.lower().split("x"))
        if height < 1 or width < 1:
            raise ValueError
    except ValueError:
        raise ValueError(f"`--size` must be HEIGHTxWIDTH in pixels, such as 512x512. Received: {text}") from None
    return height, width


def export_tflite(
    source: str | Path,
    file: str | Path,
    size: tuple[int, int] | None = None,
    quantize: str = "float16",
    representative: str | Path | None = None,
    report: Callable[[str], None] = lambda what: None,
    signature: str | None = None,
) -> tuple[dict[str, Parity], Bar]:
    """Writes a network as one LiteRT file of built-in operators, with its signatures, and with metadata.

    The file is run by a bare interpreter and compared with Keras before it appears. Beside the file of a generator or a
    translator stands a `.json` file, for `keras-stylegan generate --from FILE` and `translate --model FILE`.

    Of a stylisation network a file that computes in floating point has a signature for own styles too, and one for
    every size another for regions.

    Args:
        source: name of a packaged network, run directory, or `.keras` file.
        file: path that ends in `.tflite`; its folder must exist.
        size: `(height, width)` of pictures; None for a file that takes every size, where the network does.
        quantize: `"none"`, `"float16"` (half-precision weights), `"weights"` (8-bit weights, computed in float32),
            `"dynamic"` (8-bit weights, to which dense convolutions round what they take) or `"int8"` (8-bit weights,
            and pictures of features in 8 bits between them).
        representative: folder of photographs whose ranges `"int8"` takes; None for packaged samples, or seeds.
        report: called with what begins now, in a few words.
        signature: the one signature to write, such as `"stylize_weights"`; None for all.

    Returns:
        What was measured of each signature, by its name, and the bar that all were held to.

    Raises:
        ValueError: if an argument breaks its rule, or the file misses its bar; then it is not written.
        OSError: if it cannot be written.
    """
    from keras_stylegan.exporters.litert_quantization import QUANTIZATIONS, load_quantizer

    file = Path(file)
    if file.suffix != SUFFIX or not file.absolute().parent.is_dir():
        raise ValueError(f"`file` must end in {SUFFIX} and lie in an existing folder. Received: {file}")
    if quantize not in QUANTIZATIONS:
        raise ValueError(f"`quantize` must be {', '.join(QUANTIZATIONS)}. Received: quantize={quantize}")
    if representative is not None and quantize != "int8":
        raise ValueError(f"`representative` is for int8 alone. Received: quantize={quantize}")
    if quantize in ("dynamic", "int8"):
        load_quantizer()  # before minutes of work
    # What is heavy, once a mistake in what was asked for has been told.
    from keras_stylegan.exporters.parity import BARS, measure
    from keras_stylegan.exporters.sources import open_source
    from keras_stylegan.exporters.tflite_targets import TARGETS
    from keras_stylegan.files import whole_file
    from keras_stylegan.inference.litert_signatures import single_signature

    report("loading")
    opened = open_source(source)
    target = TARGETS[opened.kind](opened, size, representative)
    chosen = written(target, quantize, signature)
    report("converting")
    content = to_tflite(target, file.stem, quantize, signature)
    bar, parities = BARS[quantize], {}
    for one in chosen:
        report(f"comparing {one.signature} with Keras")
        alone = single_signature(content, one.signature)
        parity = measure(alone, one.signature, one.measured, [one.expected(inputs) for inputs in one.measured])
        if missed := parity.misses(bar):
            raise ValueError(f"{file}: not written, as `{one.signature}` falls short of Keras: {'; '.join(missed)}")
        parities[one.signature] = parity
    files = {file: content}
    if target.facts is not None:
        files = {file.with_suffix(".json"): json.dumps(target.facts, indent=2).encode(), **files}
    with contextlib.ExitStack() as whole:
        for path, data in files.items():
            whole.enter_context(whole_file(path)).write_bytes(data)
    return parities, bar


def written(target: Target, quantize: str, signature: str | None = None) -> list[Target]:
    """The signatures that a file has: where pictures decide how features are rounded, the first, which has them.

    Raises:
        ValueError: if the one that is asked for is not among them.
    """
    found = [target, *(() if quantize in ("dynamic", "int8") else target.more)]
    if signature is None:
        return found
    names = [one.signature for one in found]
    if signature not in names:
        raise ValueError(
            f"`signature` must be one of {', '.join(names)}. Received: {signature}{did_you_mean(signature, names)}"
        )
    return [found[names.index(signature)]]


def to_tflite(target: Target, name: str, quantize: str = "float16", signature: str | None = None) -> bytes:
    """A network as the bytes of a LiteRT file.

    Args:
        target: the network.
        name: what the file calls the network.
        quantize, signature: as of `export_tflite`.
    """
    from keras_stylegan.exporters.litert import convert_signatures
    from keras_stylegan.exporters.litert_graph import with_default_size, with_first
    from keras_stylegan.exporters.litert_metadata import add_metadata
    from keras_stylegan.exporters.litert_quantization import quantized
    from keras_stylegan.exporters.litert_size import slimmed
    from keras_stylegan.exporters.litert_weights import int8_weights

    functions = {one.signature: one.function for one in written(target, quantize, signature)}
    content = convert_signatures(functions, float16=quantize == "float16")
    if target.any_size:
        content = with_default_size(content, target.size)
    if quantize == "weights":
        content = int8_weights(content)
    elif quantize in ("dynamic", "int8"):
        content = quantized(content, quantize, target.signature, target.calibration)
    content = slimmed(content)  # not before: the quantizer goes by names of tensors
    if len(functions) > 1:
        content = with_first(content, target.signature)
    return add_metadata(content, name, target.description, target.notes, target.size)
