"""Model cards of packaged networks, written from their manifest entries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_SEEN = "Images seen: {images_seen:,} of the {images_scheduled:,} that the recipe's schedule is for."


def model_card(entry: dict[str, Any]) -> str:
    """Returns the model card of the multi-style network's entry in `manifest.json`, as Markdown."""
    probes = sorted((name.replace("_", " "), value) for name, value in entry["artefacts"].items())
    styles = [(f"`{style['name']}`", style["artist"], style["title"]) for style in entry["styles"]]
    return _card(
        "multistyle",
        f"Paints a photograph in any of {len(styles)} styles, in a mixture of them, at any strength and size.",
        f"`StyleTransformer`, {entry['parameters']:,} parameters, bank included; LiteRT file {_size(entry['litert'])}.",
        entry,
        [
            f"Limits: strokes are those of paintings at a short side of {entry['working_size']} pixels and finer when "
            "a picture is\n  larger; faces are painted, not recognised: likeness is not preserved. The bank holds "
            "learned numbers, no painting.",
            "The LiteRT file and the Keras weights, both in half precision, differ by "
            + _difference(entry, "over a mixture of two styles on every photograph of the probes below"),
        ],
        [
            # Sorted, as the manifest is: the card of an entry read from there is the same.
            _losses(dict(sorted(entry["losses"].items()))),
            f"""## Artefact probes

Every style on photographs that were not trained on, short side 256 (`keras_stylegan.metrics`; checkerboard energy and
border ratio read 1 on a clean picture).

{_table(("probe", "value"), probes)}
""",
            f"## Styles\n\n{_table(('name', 'artist', 'work'), styles)}\n",
        ],
    )


def generator_card(name: str, entry: dict[str, Any]) -> str:
    """Returns the model card of a packaged generator, as Markdown.

    Args:
        name: name of the entry in `manifest.json`.
        entry: the entry.
    """
    height, width = entry["size"]
    classes = f" of {', '.join(entry['classes'])}" if entry["classes"] else ""
    files = f"LiteRT file {_size(entry['litert'])}, Keras weights {_size(entry['keras'])}"
    return _card(
        name,
        f"Generates pictures{classes} of {width}x{height} pixels from noise.",
        f"`{entry['keras']['network']}`, {entry['parameters']:,} parameters; {files}.",
        entry,
        [
            "Limits: it knows nothing but pictures like its data, at this size; what it paints shows no place that "
            "exists.",
            "The LiteRT file and the Keras weights, both in half precision, differ by "
            + _difference(entry, f"over {entry['parity']['pictures']} pictures"),
        ],
        [_losses(entry["losses"]), *([_evaluation(entry["scores"])] if entry.get("scores") else ())],
    )


def translator_card(name: str, entry: dict[str, Any]) -> str:
    """Returns the model card of a packaged translator, as Markdown; arguments as of `generator_card`."""
    return _card(
        name,
        entry["purpose"],
        f"`{entry['network']}`, {entry['parameters']:,} parameters; LiteRT file {_size(entry['litert'])}.",
        entry,
        [
            "Limits: it knows nothing but pictures like its data, at their scale; what it adds is invented.",
            "The LiteRT file, in half precision, differs from the trained network by "
            + _difference(entry, "on noise of several sizes"),
        ],
        [_losses(entry["losses"])],
    )


def scene_card(name: str, entry: dict[str, Any]) -> str:
    """Returns the model card of a packaged scene pipeline, as Markdown; arguments as of `generator_card`."""
    height, width = entry["size"]
    trained = "encoder and generator together" if entry["phase"] == "joint" else "the encoder alone"
    scores = entry.get("scores")
    return _card(
        name,
        f"Makes scenes of {width}x{height} pixels of photographs that the packaged multi-style network has painted.",
        f"""`SceneNetwork`, an encoder into W+ with skip features and a StyleGAN2, {entry["parameters"]:,} parameters;
  LiteRT file {_size(entry["litert"])}. Trained: {trained}, on {entry["trained_styles"]} styles.""",
        entry,
        [
            f"Limits: a scene has {width}x{height} pixels and no more, of the middle of a photograph; what it shows "
            "of a place is\n  invented where the generator knows better.",
            "The LiteRT file, in half precision, differs from the trained network by "
            + _difference(entry, f"over {entry['parity']['pictures']} photographs"),
        ],
        [_losses(entry["losses"]), *([f"## Scores\n\n{_values('score', scores)}\n"] if scores else ())],
        seen="Images seen, by all runs of the recipe: {images_seen:,} of {images_scheduled:,}.",
    )


def fusion_card(entry: dict[str, Any]) -> str:
    """Returns the model card of the packaged fusion network, as Markdown, of its entry in `manifest.json`."""
    scores = entry.get("scores", {})
    blends = list(next(iter(scores.values()), {}))
    rows = [(family, *(f"{values[blend]:.2f}" for blend in blends)) for family, values in scores.items()]
    table = f"## Masked PSNR in decibels, by family of changes\n\n{_table(('family', *blends), rows)}\n"
    return _card(
        "fusion",
        "Puts regions of one picture into another under its light and colours.",
        f"`FusionGenerator`, {entry['parameters']:,} parameters; LiteRT file {_size(entry['litert'])}.",
        entry,
        [
            "Limits: it changes light and colour and, a little, sharpness and grain; it draws no shadows and no new "
            "shapes.",
            "The LiteRT file, in half precision, and the Keras network differ by "
            + _difference(entry, f"over {entry['parity']['pictures']} pictures"),
        ],
        [_losses(entry["losses"]), *([table] if scores else ())],
    )


def upscaler_card(entry: dict[str, Any]) -> str:
    """Returns the model card of the packaged super-resolution network, as Markdown, of its entry in `manifest.json`."""
    factor, scores = entry["factor"], entry["scores"]
    digits = {"psnr": 2, "ssim": 4, "psnr_luma": 2, "ssim_luma": 4}
    rows = [(name, *(f"{found[key]:.{n}f}" for key, n in digits.items())) for name, found in scores.items()]
    return _card(
        "super_resolution",
        f"Enlarges a picture to {factor} times its height and width, at any size, and removes some noise and JPEG "
        "blocks.",
        f"`SuperResolutionNetwork`, {entry['parameters']:,} parameters; LiteRT file {_size(entry['litert'])}.",
        entry,
        ["Limits: detail is invented, not recovered: text, faces and number plates must not be read from its results."],
        [
            f"""## Scores

Means over photographs that were not trained on, made small by the bicubic filter; PSNR in dB and SSIM as scikit-image
computes them, {factor} pixels at the border left out; luma is BT.601.

{_table(("", "PSNR", "SSIM", "PSNR luma", "SSIM luma"), rows)}
"""
        ],
    )


def _card(
    name: str,
    purpose: str,
    network: str,
    entry: dict[str, Any],
    notes: Sequence[str],
    sections: Sequence[str],
    seen: str = _SEEN,
) -> str:
    """What all cards have in common.

    Args:
        name: of the network.
        purpose: what it does, in a sentence.
        network: what it is.
        entry: its entry in the manifest.
        notes: what is to be said of it beside where it comes from.
        sections: with their headings and a newline at the end.
        seen: how many images it saw, to be filled in.
    """
    facts = (
        f"Network: {network}",
        f"Recipe: `{entry['recipe']}`",
        f"Data: {entry['data']}",
        seen.format(**entry),
        f"Licence: {entry['licence']}",
        *notes,
    )
    listed = "".join(f"- {fact}\n" for fact in facts)
    return "\n".join([f"# Model card: {name}\n\n{purpose}\n\n{listed}", *sections])


def _size(file: Mapping[str, Any]) -> str:
    return f"{file['bytes'] / 1e6:.2f} MB"


def _difference(entry: dict[str, Any], over: str) -> str:
    parity = entry["parity"]
    return f"{parity['mean']} grey levels in the mean and\n  {parity['greatest']} at most, {over}."


def _losses(losses: Mapping[str, float]) -> str:
    return f"## Last losses\n\n{_values('term', losses)}\n"


def _evaluation(record: dict[str, Any]) -> str:
    """What `evaluate images --json` printed."""
    extractor, fake, real = (record[key] for key in ("extractor", "fake", "real"))
    return f"""## Scores

{fake["images"]:,} generated against {real["images"]:,} real pictures; features of `{extractor["name"]}`, to which
pictures are resized as {extractor["size"]}x{extractor["size"]} ({extractor["resize"]}).

{_values("metric", record["scores"])}
"""


def _values(what: str, values: Mapping[str, float]) -> str:
    return _table((what, "value"), ((name, f"{value:.4g}") for name, value in values.items()))


def _table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
