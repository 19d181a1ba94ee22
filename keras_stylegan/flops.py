"""Floating-point operations of a computation: its convolutions and matrix products, counted in its traced graph."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras


def count_flops(function: Callable[[], Any]) -> int:
    """Floating-point operations of a function without arguments, two for a multiplication with its addition.

    Convolutions and matrix products alone are counted: in networks for images the rest is a few percent. They are
    read off the traced graph, so operations outside of layers count, and those that are never run do not.

    Args:
        function: calls a built network on an example; its shapes must be known.

    Returns:
        The count, the same on every backend up to how it lowers an operation.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        return _tensorflow(function)
    return _jax(function) if backend == "jax" else _torch(function)


def _tensorflow(function):
    import tensorflow as tf

    return _graph(tf.function(function, autograph=False).get_concrete_function().graph)


def _graph(graph):
    total = 0
    for operation in graph.get_operations():
        shapes = [tensor.shape.as_list() if tensor.shape.rank is not None else [] for tensor in operation.inputs]
        outputs = operation.outputs[0].shape.as_list() if operation.outputs else []
        kind = operation.type
        if kind in ("Conv2D", "Conv3D"):
            total += 2 * math.prod(outputs) * math.prod(shapes[1][:-1])
        elif kind == "DepthwiseConv2dNative":
            total += 2 * math.prod(outputs) * math.prod(shapes[1][:2])
        elif kind in ("Conv2DBackpropInput", "Conv3DBackpropInputV2"):  # a transposed convolution
            total += 2 * math.prod(shapes[2]) * math.prod(shapes[1][:-1])
        elif kind == "MatMul":
            total += 2 * math.prod(outputs) * shapes[0][0 if operation.get_attr("transpose_a") else 1]
        elif kind in ("BatchMatMul", "BatchMatMulV2"):
            total += 2 * math.prod(outputs) * shapes[0][-2 if operation.get_attr("adj_x") else -1]
        elif kind == "Einsum":
            terms = operation.get_attr("equation").decode().split("->")[0].split(",")
            axes = [axis for term, shape in zip(terms, shapes, strict=True) for axis in zip(term, shape, strict=True)]
            sizes = dict(axes)
            total += 2 * math.prod(sizes.values())
        elif kind in ("PartitionedCall", "StatefulPartitionedCall"):  # a function inside, such as a grouped convolution
            total += _graph(graph._get_function(operation.get_attr("f").name).graph)
    return total


def _jax(function):
    import jax

    def count(jaxpr):
        total = 0
        for equation in jaxpr.eqns:
            shapes = [variable.aval.shape for variable in equation.invars]
            outputs = math.prod(equation.outvars[0].aval.shape) if equation.outvars else 0
            if equation.primitive.name == "conv_general_dilated":
                out_axis, in_axis = equation.params["dimension_numbers"].rhs_spec[:2]
                if max(equation.params["lhs_dilation"]) > 1:  # transposed: nobody multiplies the zeros between
                    groups = equation.params["feature_group_count"]
                    total += 2 * math.prod(shapes[0]) * math.prod(shapes[1]) // (shapes[1][in_axis] * groups)
                else:
                    total += 2 * outputs * math.prod(shapes[1]) // shapes[1][out_axis]
            elif equation.primitive.name == "dot_general":
                contracted = equation.params["dimension_numbers"][0][0]
                total += 2 * outputs * math.prod(shapes[0][axis] for axis in contracted)
            for parameter in equation.params.values():
                inner = getattr(parameter, "jaxpr", parameter)
                if hasattr(inner, "eqns"):
                    total += count(inner)
        return total

    def pure():
        with keras.StatelessScope():
            return jax.tree.leaves(function())

    return count(jax.make_jaxpr(pure)().jaxpr)


def _torch(function):
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        function()
    return counter.get_total_flops()
