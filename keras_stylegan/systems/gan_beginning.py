"""GANs from noise that begin with earlier weights: of a run, of a packaged generator, of smaller pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from keras_stylegan import pretrained
from keras_stylegan.keras_files import load_network
from keras_stylegan.models.image_gan import ImageGAN
from keras_stylegan.models.progressive import ProgressiveGAN
from keras_stylegan.models.transfer import layer_names, transfer_weights
from keras_stylegan.networks import StyleGAN2Generator
from keras_stylegan.presets import NoisePreset
from keras_stylegan.run_records import read_config
from keras_stylegan.systems.base import begun_with
from keras_stylegan.systems.checks import check_run
from keras_stylegan.systems.gan_parts import CODES_FILE, CRITIC_FILE, GENERATOR_FILE

# What learns in a model, and may begin with an earlier one's weights; of a rotation head no run leaves any.
PARTS = ("generator", "critic", "code_head", "rotation_head")


def start_from(preset: NoisePreset, model: ImageGAN, classes: Sequence[str] = ()) -> dict[str, Any]:
    """Begins with earlier weights, where the preset names some; before the model is compiled, which copies them.

    Networks of another size share the layers of one name and shape. What grows goes on from where the earlier one
    stood. A larger StyleGAN2 begins with the pictures of the smaller one, enlarged (`StyleGAN2Generator.grow_from`);
    its critic has new blocks before the earlier ones.

    Args:
        preset: whose `start_from` is the directory of a GAN's run, or the name of a packaged generator, which may come
            without its critic; empty begins anew.
        model: whose networks take the weights.
        classes: their classes, in order.

    Returns:
        For the run's facts: `weights_taken`, how many fitted; `weights_new`, the layers that had none, or not all; and
        `begun_with`, where they come from. Nothing without `start_from`.

    Raises:
        ValueError: if there is no such run or generator, its networks have nothing in common with these or the same
            classes in another order, or blocks of a critic are to be frozen that begin anew.
    """
    source = preset.start_from
    earlier, origin, known = _open(source) if source else ({}, {}, ())
    _check_classes(classes, known, source)
    parts = {name: part for name in PARTS if (part := getattr(model, name, None)) is not None}
    found = {name: _transfer(earlier[name], part, source) for name, part in parts.items() if name in earlier}
    taken = [weight for transfer in found.values() for weight in transfer.taken]
    _check_frozen(model, taken, source)
    if not found:
        return {}
    if isinstance(model, ProgressiveGAN) and hasattr(earlier["generator"], "progress"):
        model.grow_on_from(earlier["generator"], taken)
    if isinstance(model.generator, StyleGAN2Generator) and isinstance(earlier["generator"], StyleGAN2Generator):
        model.generator.grow_from(earlier["generator"])
    new = [f"{name}/{layer}" for name, transfer in found.items() for layer in layer_names(transfer.new)]
    whole = [name for name in parts if name not in found]
    return {"weights_taken": len(taken), "weights_new": new + whole, "begun_with": origin}


def _open(source):
    """The networks of a run or of a packaged generator, where they come from, and their classes."""
    packaged = pretrained.generators()
    if source in packaged and not Path(source).exists():
        entry = packaged[source]
        records = {"generator": entry["keras"]} | ({"critic": entry["critic"]} if "critic" in entry else {})
        networks = {
            name: pretrained.build_network(record, pretrained.read_weights(record)) for name, record in records.items()
        }
        return networks, pretrained.origin(entry), entry["classes"]
    kinds = f" or a packaged generator ({', '.join(sorted(packaged))})" if packaged else ""
    files = {"generator": GENERATOR_FILE, "critic": CRITIC_FILE}
    check_run(Path(source), f"a GAN's run{kinds}", *files.values(), "config.json")
    networks = {name: load_network(Path(source) / file) for name, file in files.items()}
    if (Path(source) / CODES_FILE).is_file():
        networks["code_head"] = load_network(Path(source) / CODES_FILE).head
    return networks, begun_with(Path(source)), read_config(Path(source))["facts"].get("classes", ())


def _check_classes(classes, known, source):
    """What a network has learnt of a class stands at its place, which another must not take."""
    moved = [name for place, name in enumerate(classes) if name in known and known.index(name) != place]
    if moved and len(classes) == len(known):  # of another number of classes none is taken
        raise ValueError(
            f"`classes` must have those of `start_from` in the same places: {', '.join(known)}. "
            f"Received: {', '.join(classes)}, start_from={source}"
        )


def _transfer(earlier, network, source):
    try:
        return transfer_weights(earlier, network)
    except ValueError as error:
        raise ValueError(
            f"`start_from` must have weights in common with the {type(network).__name__} that trains. "
            f"Received: {source} with {type(earlier).__name__}"
        ) from error


def _check_frozen(model, taken, source):
    """FreezeD keeps what an earlier critic has learnt; a new block would stay as it was drawn."""
    kept = {id(weight) for weight in taken}
    frozen = keras.tree.flatten(model.critic.blocks[: model.frozen_blocks])
    new = [weight for layer in frozen for weight in layer.weights if id(weight) not in kept]
    if new:
        raise ValueError(
            "`frozen_blocks` must count blocks that begin with an earlier critic's weights, 0 where there is none "
            "(some packaged generators come without). Received: "
            f"frozen_blocks={model.frozen_blocks}, start_from={source}; new are {', '.join(layer_names(new))}"
        )
