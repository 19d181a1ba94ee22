"""What a system declares: who plays, what each player loses, and how often."""

from keras import ops


class Regularizer:
    """A loss term that may be evaluated lazily.

    With `every=k` the term's gradient is computed on one update in k and multiplied by k, so that its strength does
    not depend on k. It joins the gradient of that update. (StyleGAN2 gives it an update of its own and corrects the
    optimizer's rates for the extra update; joined, no correction is needed.) A lazy evaluation leaves no trace in
    moving statistics or seeds, but for the variables in `state`.

    Args:
        name: string, the term's name in the logs.
        loss: callable `(batch)` to a tensor of shape `(batch,)`, already weighted.
        every: int, period in updates; 1 makes it an ordinary term.
        state: list of variables of the regularizer's own, which `loss` may assign (a running mean): the replicas' mean
            is kept, unless the gradient is not finite.

    Raises:
        ValueError: if `every` is less than 1.

    Source: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", appendix B.
    """

    def __init__(self, name, loss, every=1, state=()):
        if every < 1:
            raise ValueError(f"`every` must be at least 1. Received: every={every}")
        self.name = name
        self.loss = loss
        self.every = every
        self.state = list(state)


class Player:
    """A side of the game: networks, an optimizer of its own, and a loss.

    A player with `steps=k` (a critic) takes its batch in k disjoint parts, one update each, while a player with
    `steps=1` takes it whole. So every player sees each image once per step, no image is repeated within a step, and a
    step costs the same for every k. For critic updates on m images, as WGAN's algorithm 1 has them, feed batches of
    k * m (the generator then has k * m images per update instead of m, which only lessens the noise of its gradient).

    Args:
        name: string, the key of the optimizer and the prefix of the logs.
        networks: list of built layers or models whose `trainable_variables` the player owns.
        loss: callable `(batch)` to a dict from term name to a tensor of shape `(batch,)`, already weighted. The batch
            is a dict of tensors with the leading axis `batch`. The objective is the sum of the terms' means over the
            global batch.
        steps: int, updates per training step.
        regularizers: list of `Regularizer`.

    Raises:
        ValueError: if `steps` is less than 1, or two regularizers share a name.
    """

    def __init__(self, name, networks, loss, steps=1, regularizers=()):
        if steps < 1:
            raise ValueError(f"`steps` must be at least 1. Received: steps={steps}")
        names = [regularizer.name for regularizer in regularizers]
        if len(set(names)) < len(names):
            raise ValueError(f"`regularizers` must have different names. Received: {names}")
        self.name = name
        self.networks = list(networks)
        self.loss = loss
        self.steps = steps
        self.regularizers = tuple(regularizers)

    @property
    def variables(self):
        """The trainable variables of the networks, each once."""
        variables = {id(v): v for network in self.networks for v in network.trainable_variables}
        return list(variables.values())

    @property
    def buffers(self):
        """What a forward pass may change, such as moving statistics; neither seeds nor weights that are only frozen."""
        layers = [layer for network in self.networks for layer in network._flatten_layers()]
        # Of a frozen layer `non_trainable_weights` would hold the kernels too, to be saved and averaged every step.
        buffers = {id(v): v for layer in layers for v in layer._non_trainable_variables}
        return list(buffers.values())


def batch_size(batch):
    """Size of the leading axis of a batch, a dict of tensors: an int, or a scalar tensor where it is unknown."""
    return ops.shape(next(iter(batch.values())))[0]


def split_batch(batch, steps):
    """Divides a batch into equal parts.

    Part i holds the images i, i + steps, i + 2 * steps, ...: with strides, the parts of the replicas' batches make up
    the parts of the global batch.

    Args:
        batch: dict of tensors with the leading axis `batch`.
        steps: int, number of parts.

    Returns:
        List of `steps` dicts.

    Raises:
        ValueError: if the batch size is known and not divisible by `steps`.
    """
    if steps == 1:
        return [batch]
    size = batch_size(batch)
    if isinstance(size, int) and size % steps:
        raise ValueError(f"The batch size must be divisible by the player's `steps`={steps}. Received: {size}")
    return [{name: tensor[i::steps] for name, tensor in batch.items()} for i in range(steps)]


def check_players(players, optimizers, updates):
    """Checks that players and the arguments of `AdversarialModel.compile` fit together.

    Args:
        players: list of `Player`.
        optimizers: dict from player name to `keras.optimizers.Optimizer`.
        updates: "alternating" or "simultaneous".

    Raises:
        ValueError: if the optimizers do not match the players or clip gradients themselves, a network is not built, a
            variable has two owners, or a player with several updates a step is to play simultaneously.
    """
    names = [player.name for player in players]
    if sorted(names) != sorted(optimizers):
        raise ValueError(f"`optimizers` must have the keys {sorted(names)}. Received: {sorted(optimizers)}")
    owners = {}
    for player in players:
        unbuilt = [network.name for network in player.networks if not network.built]
        if unbuilt or not player.variables:
            raise ValueError(
                f"The networks of player `{player.name}` must be built and have trainable variables before `compile`. "
                f"Received: networks not built={unbuilt}"
            )
        for variable in player.variables:
            if owners.setdefault(id(variable), player.name) != player.name:
                raise ValueError(
                    f"A variable must belong to one player. Received: {variable.path} of `{owners[id(variable)]}` and "
                    f"`{player.name}`"
                )
        if updates == "simultaneous" and player.steps > 1:
            raise ValueError(
                f'`updates="simultaneous"` needs `steps=1` of every player. Received: steps={player.steps} of '
                f"`{player.name}`"
            )
        optimizer = optimizers[player.name]
        if optimizer.clipnorm or optimizer.clipvalue or optimizer.global_clipnorm:
            raise ValueError(
                f"`clip_norm` of `compile` must be used instead of the optimizer's own clipping, which would clip "
                f"each replica's share. Received: optimizer={optimizer.name} of `{player.name}`"
            )


def clip_limits(clip_norm, names):
    """The limit of the gradient's norm for each player.

    Args:
        clip_norm: None, float, or dict from player name to either.
        names: names of all players.

    Returns:
        Dict from player name to None or float.

    Raises:
        ValueError: if a limit is not positive or a name unknown.
    """
    limits = clip_norm if isinstance(clip_norm, dict) else dict.fromkeys(names, clip_norm)
    if not set(limits) <= set(names) or any(limit is not None and not limit > 0 for limit in limits.values()):
        raise ValueError(
            f"`clip_norm` must be None, positive, or a dict of such with keys among {sorted(names)}. "
            f"Received: clip_norm={clip_norm}"
        )
    return {name: limits.get(name) for name in names}
