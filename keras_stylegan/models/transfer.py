"""Weights of one network as the beginning of another."""

import collections

Transfer = collections.namedtuple("Transfer", ["taken", "new"])
Transfer.__doc__ = "Variables of a network, in its order: `taken` begin with another's values, `new` with their own."


def transfer_weights(source, target):
    """Copies every weight that both networks have, by its place and shape.

    Networks of another size, number of classes or width share part of their weights; the rest of `target` stays.

    Args:
        source: built layer or model.
        target: built layer or model.

    Returns:
        `Transfer` of the variables of `target`.

    Raises:
        ValueError: if no weight fits.
    """
    values = {_place(variable): variable for variable in source.weights}
    found = Transfer([], [])
    for variable in target.weights:
        value = values.get(_place(variable))
        fits = value is not None and tuple(value.shape) == tuple(variable.shape)
        if fits:
            variable.assign(value)
        (found.taken if fits else found.new).append(variable)
    if not found.taken:
        raise ValueError(f"`source` must share weights with `target`. Received: {source.name} and {target.name}")
    return found


def layer_names(variables):
    """The outermost layers that variables of a network belong to, each once: `up_64x64` of `.../up_64x64/affine/bias`.

    A variable that the network itself holds is named instead.
    """
    return list(dict.fromkeys(_place(variable).partition("/")[0] for variable in variables))


def _place(variable):
    """The path below the network, whose own name counts copies."""
    return variable.path.partition("/")[2]
