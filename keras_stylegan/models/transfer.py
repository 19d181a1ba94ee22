"""Weights of one network as the beginning of another."""


def transfer_weights(source, target):
    """Copies every weight that both networks have, by its place and shape.

    Networks of another size, number of classes or width share part of their weights; the rest of `target` stays.

    Args:
        source: built layer or model.
        target: built layer or model.

    Returns:
        int, number of weights copied.

    Raises:
        ValueError: if no weight fits.
    """
    values = {_place(variable): variable for variable in source.weights}
    copied = 0
    for variable in target.weights:
        value = values.get(_place(variable))
        if value is not None and tuple(value.shape) == tuple(variable.shape):
            variable.assign(value)
            copied += 1
    if not copied:
        raise ValueError(f"`source` must share weights with `target`. Received: {source.name} and {target.name}")
    return copied


def _place(variable):
    """The path below the network, whose own name counts copies."""
    return variable.path.partition("/")[2]
