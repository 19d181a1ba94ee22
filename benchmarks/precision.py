"""Errors of statistics under float32, bfloat16 and float16 against float64, with and without the float32 inside.

    python benchmarks/precision.py

The features are given in each type; `error` is the largest error of the package's operation over the largest value,
`error_without` that of the same formula computed in the features' type throughout: what the float32 inside is for.
"""

from __future__ import annotations

import argparse

import numpy as np
from keras import ops
from record import record

from keras_stylegan.ops import modulation, normalization, statistics

SHAPE = (2, 128, 128, 16)
# Of a modulated convolution: styles whose products with the features lie outside of float16.
STYLES = np.random.default_rng(1).normal(500.0, 200.0, (2, 16)).astype("float32")
KERNEL = np.random.default_rng(2).normal(size=(1, 1, 16, 16)).astype("float32")


def moments(x, xp):
    mean = xp.mean(x, axis=(1, 2), keepdims=True)
    return xp.stack([mean[:, 0, 0], xp.sqrt(xp.mean(xp.square(x - mean), axis=(1, 2)))])


def gram(x, xp):
    rows = xp.reshape(x, (x.shape[0], -1, x.shape[-1]))
    return xp.matmul(xp.transpose(rows, (0, 2, 1)), rows) / (rows.shape[1] * rows.shape[2])


def instance_norm(x, xp):
    mean = xp.mean(x, axis=(1, 2), keepdims=True)
    return (x - mean) / xp.sqrt(xp.mean(xp.square(x - mean), axis=(1, 2), keepdims=True) + 1e-5)


def modulated_conv(x, xp):
    styles, kernel = (array.astype(x.dtype) if xp is np else ops.cast(array, x.dtype) for array in (STYLES, KERNEL))
    kernels = styles[:, :, None] * kernel[0, 0]
    x = xp.matmul(xp.reshape(x, (2, -1, 16)), kernels)
    return xp.reshape(x / xp.sqrt(xp.sum(xp.square(kernels), axis=1, keepdims=True)), SHAPE)


# Name: the package's operation, and its formula over numpy or keras.ops. A new operation is a new row.
OPERATIONS = {
    "moments": (lambda x: ops.stack(statistics.moments(x)), moments),
    "gram_matrix": (statistics.gram_matrix, gram),
    "instance_norm": (normalization.instance_norm, instance_norm),
    "modulated_conv": (lambda x: modulation.modulated_conv(x, STYLES, KERNEL), modulated_conv),
}


def error(result, expected):
    result = ops.convert_to_numpy(ops.cast(result, "float32")).astype("float64")
    worst = np.abs(result - expected).max() / np.abs(expected).max()
    return float(f"{worst:.2g}") if np.isfinite(worst) else "not finite"


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    values = np.random.default_rng(0).normal(3.0, 20.0, SHAPE).astype("float32")
    table = []
    for dtype in ("float32", "bfloat16", "float16"):
        given = ops.cast(ops.convert_to_tensor(values), dtype)
        exact = ops.convert_to_numpy(ops.cast(given, "float32")).astype("float64")
        for name, (operation, formula) in OPERATIONS.items():
            expected = formula(exact, np)
            row = {"operation": name, "dtype": dtype, "error": error(operation(given), expected)}
            table.append({**row, "error_without": error(formula(given, ops), expected)})
    record("precision", {"shape": list(SHAPE), "table": table}, ("keras", "tensorflow"))


if __name__ == "__main__":
    main()
