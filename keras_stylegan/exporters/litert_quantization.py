"""LiteRT files in fewer bits, by ai-edge-quantizer.

Measured on earlier weights of the multi-style network at 256x256, PSNR of the worst of four pictures against Keras:

- all weights in 8 bits, with inputs in 8 bits whose range each run finds: 38.3 dB, and XNNPACK leaves depthwise
  convolutions to slower code. So `dynamic` does this to dense convolutions alone: 43.0 dB (41.8 by today's weights).
- everything in 8 bits, with ranges from examples: 14.7 dB, for statistics and modulation have a range of their own in
  every style. So `int8` does this to convolutions alone: 21.9 dB. Those from and to pixels cost most, and have few
  weights; without them it is 32.6 dB (29.9). Depthwise convolutions have few weights, too: without them it is 31.0 dB
  by today's weights, and 34.2 instead of 32.0 for the generator of scenes, whose upsampling filters they are.

Of products with styles or latents, which are quick but hold many weights, the weights alone have 8 bits in both.
"""

from __future__ import annotations

import contextlib
import os
import re
import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from keras_stylegan.exporters.litert_graph import convolutions_of_pixels, products_of_constants

QUANTIZATIONS = ("none", "float16", "weights", "dynamic", "int8")


def load_quantizer():
    """The package ai_edge_quantizer, with the modules that are used here loaded.

    Raises:
        ValueError: if it is not installed.
    """
    try:
        import ai_edge_quantizer
        import ai_edge_quantizer.calibrator
        import ai_edge_quantizer.quantizer
        import ai_edge_quantizer.recipe_manager
        import ai_edge_quantizer.utils.qsv_utils
    except ImportError as error:
        raise ValueError(
            "`quantize` as dynamic or int8 needs ai-edge-quantizer: pip install 'keras_stylegan[quantize]'"
        ) from error
    return ai_edge_quantizer


def quantized(
    content: bytes, quantize: str, signature: str, examples: Sequence[Mapping[str, np.ndarray]] = ()
) -> bytes:
    """A file with 8 bits where they do.

    Args:
        content: bytes of a float32 file.
        quantize: `"dynamic"` or `"int8"`, as above.
        signature: name of the file's signature.
        examples: inputs of that signature, by name, whose ranges `"int8"` takes; of the size that the file has by
            default.

    Returns:
        The bytes of the new file, with the same inputs and outputs.

    Raises:
        ValueError: if `quantize` is another, needs examples and has none, or ai-edge-quantizer is not installed.
    """
    if quantize not in ("dynamic", "int8"):
        raise ValueError(f"`quantize` must be dynamic or int8. Received: quantize={quantize}")
    if quantize == "int8" and not examples:
        raise ValueError("`examples` must hold at least one for int8. Received: none")
    tool = load_quantizer()
    names = tool.qtyping.TFLOperationName
    recipe = tool.recipe_manager.RecipeManager()
    if quantize == "dynamic":
        recipe.add_dynamic_config(regex=".*", operation_name=names.CONV_2D, num_bits=8)
    else:
        recipe.add_static_config(regex=".*", operation_name=names.CONV_2D, activation_num_bits=8, weight_num_bits=8)
    recipe.add_weight_only_config(regex=".*", operation_name=names.FULLY_CONNECTED, num_bits=8)
    kept = products_of_constants(content)  # both sides would be taken for weights
    if quantize == "int8":
        kept += convolutions_of_pixels(content)
    for name in kept:
        recipe.add_quantization_config(
            regex=f"{re.escape(name)}(;|$)",
            operation_name=names.ALL_SUPPORTED,
            algorithm_key=tool.algorithm_manager.AlgorithmName.NO_QUANTIZE,
        )
    with _silence():
        ranges = _ranges(tool, content, recipe, {signature: list(examples)}) if quantize == "int8" else None
        made = tool.quantizer.Quantizer(content, recipe.get_quantization_recipe())
        result = made.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
    return bytes(result.quantized_model)


def _ranges(tool, content, recipe, examples):
    """Least and greatest value of each tensor over all examples.

    The quantizer's own choice, a moving average over examples, cuts off the styles with the strongest features (3 dB).
    """
    calibrator = tool.calibrator.Calibrator(content, qsv_update_func=tool.utils.qsv_utils.min_max_update)
    calibrator.calibrate(examples, recipe)
    return calibrator.get_model_qsvs()


@contextlib.contextmanager
def _silence():
    """Without progress bars and remarks on memory of the quantizer, which no argument turns off."""
    with contextlib.ExitStack() as stack:
        nowhere = stack.enter_context(open(os.devnull, "w"))
        stack.enter_context(contextlib.redirect_stderr(nowhere))
        stack.enter_context(contextlib.redirect_stdout(nowhere))
        stack.enter_context(warnings.catch_warnings(action="ignore"))
        yield
