"""What `AdversarialModel.compile` makes of its arguments, and what of a compiled model goes into its files."""

import keras

_PREFIX = "training."


def optimizers_for(players, given):
    """An optimizer for each player.

    Args:
        players: list of `Player`.
        given: a name ("adam") or a new `keras.optimizers.Optimizer`, of which each player gets a copy; or a dict from
            player name to either.

    Returns:
        What was given, with optimizers instead of names, as a dict from player name.

    Raises:
        ValueError: if it is none of these, or a name is unknown.
    """
    if isinstance(given, str | keras.optimizers.Optimizer):
        config = keras.optimizers.serialize(keras.optimizers.get(given))
        return {player.name: keras.optimizers.deserialize(config) for player in players}
    if not isinstance(given, dict):
        raise ValueError(
            "`optimizers` must be an optimizer, its name, or a dict of either by player. "
            f"Received: optimizers={given!r}"
        )
    return {name: keras.optimizers.get(optimizer) for name, optimizer in given.items()}


def save_counters(store, variables):
    """Puts variables of the training itself into a file of weights.

    Args:
        store: the part of the file that Keras gives to the model.
        variables: dict from name to `keras.Variable`.
    """
    for name, variable in variables.items():
        store[_key(name)] = variable


def load_counters(store, variables):
    """Sets variables to what `save_counters` kept; leaves them where that was nothing, or of another training.

    Args:
        store: the part of the file that Keras gives to the model.
        variables: dict from name to `keras.Variable`.

    Returns:
        Dict from key to array of what else is there.
    """
    kept = {key: store[key] for key in store.keys()}  # noqa: SIM118 - it is no dict
    counters = {key: kept.pop(key) for key in list(kept) if key.startswith(_PREFIX)}
    if sorted(counters) == sorted(map(_key, variables)):
        for name, variable in variables.items():
            variable.assign(counters[_key(name)])
    return kept


def _key(name):
    return _PREFIX + name.replace("/", ".")
