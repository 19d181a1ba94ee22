"""Which styles to paint in: one name, or names with weights, checked and normalised."""

import difflib
import math
import numbers
import reprlib
from collections.abc import Mapping, Sequence

import numpy as np


def mixture_weights(styles: str | Mapping[str, float], names: Sequence[str]) -> np.ndarray:
    """Turns a style or a mixture into the weights of all styles of a network.

    Args:
        styles: a name, or a mapping from names to weights that are not negative.
        names: the names of the network's styles, in its order.

    Returns:
        Array float32 of shape `(len(names),)` that sums to 1.

    Raises:
        ValueError: if a name is unknown, or the weights are negative, not finite or all 0.
    """
    if isinstance(styles, str):
        styles = {styles: 1.0}
    if not isinstance(styles, Mapping) or not styles:
        raise ValueError(
            "`styles` must be the name of a style or a mapping from names to weights. "
            f"Received: styles={reprlib.repr(styles)}"
        )  # fmt: skip
    weights = np.zeros(len(names), np.float64)
    for name, weight in styles.items():
        if name not in names:
            raise ValueError(f"`styles` names an unknown style. {_suggestion(name, names)} Received: {name!r}")
        if not _is_weight(weight):
            raise ValueError(f"`styles` must have finite weights that are not negative. Received: {name}={weight!r}")
        weights[list(names).index(name)] = weight
    if not weights.any():
        raise ValueError(f"`styles` must have a weight greater than 0. Received: styles={dict(styles)}")
    weights /= weights.max()  # first, so that the sum of very large weights stays finite
    return (weights / weights.sum()).astype(np.float32)


def _is_weight(weight):
    try:
        return isinstance(weight, numbers.Real) and 0 <= float(weight) < math.inf
    except OverflowError:  # a whole number that is larger than every float
        return False


def _suggestion(name, names):
    text = str(name).lower()
    begun = [known for known in names if text and known.lower().startswith(text)]
    close = difflib.get_close_matches(text, names, n=3, cutoff=0.5)
    close += [known for known in names if len(text) > 2 and text in known.lower()]
    close = list(dict.fromkeys(begun + close))[: max(5, len(begun))]
    if close:
        return f"Close to it: {', '.join(close)}."
    return f"There are: {', '.join(names)}."
