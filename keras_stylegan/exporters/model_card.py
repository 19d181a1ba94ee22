"""Model cards of packaged networks, written from their manifest entries."""

from __future__ import annotations

from typing import Any


def model_card(entry: dict[str, Any]) -> str:
    """Returns the model card of an entry of `manifest.json`, as Markdown."""
    size = entry["litert"]["bytes"] / 1e6
    parity = entry["parity"]
    # Sorted, as the manifest is: the card of an entry read from there is the same.
    losses = _table(("term", "value"), ((name, f"{value:.4g}") for name, value in sorted(entry["losses"].items())))
    probes = sorted((name.replace("_", " "), value) for name, value in entry["artefacts"].items())
    probes = _table(("probe", "value"), probes)
    rows = ((f"`{style['name']}`", style["artist"], style["title"]) for style in entry["styles"])
    return f"""# Model card: multistyle

Paints a photograph in any of {len(entry["styles"])} styles, in a mixture of them, at any strength and size.

- Network: `StyleTransformer`, {entry["parameters"]:,} parameters, bank included; LiteRT file {size:.2f} MB.
- Recipe: `{entry["recipe"]}`
- Data: {entry["data"]}
- Images seen: {entry["images_seen"]:,} of the {entry["images_scheduled"]:,} that the recipe's schedule is for.
- Licence: {entry["licence"]}
- Limits: strokes are those of paintings at a short side of {entry["working_size"]} pixels and finer when a picture is
  larger; faces are painted, not recognised: likeness is not preserved. The bank holds learned numbers, no painting.
- The LiteRT file and the Keras weights, both in half precision, differ by {parity["mean"]} grey levels in the mean and
  {parity["greatest"]} at most, over a mixture of two styles on every photograph of the probes below.

## Last losses

{losses}

## Artefact probes

Every style on photographs that were not trained on, short side 256 (`keras_stylegan.metrics`; checkerboard energy and
border ratio read 1 on a clean picture).

{probes}

## Styles

{_table(("name", "artist", "work"), rows)}
"""


def generator_card(name: str, entry: dict[str, Any]) -> str:
    """Returns the model card of a packaged generator, as Markdown.

    Args:
        name: name of the entry in `manifest.json`.
        entry: the entry.
    """
    parity, (height, width) = entry["parity"], entry["size"]
    classes = f" of {', '.join(entry['classes'])}" if entry["classes"] else ""
    sizes = f"LiteRT file {entry['litert']['bytes'] / 1e6:.2f} MB, Keras weights {entry['keras']['bytes'] / 1e6:.2f} MB"
    losses = _table(("term", "value"), ((term, f"{value:.4g}") for term, value in entry["losses"].items()))
    return f"""# Model card: {name}

Generates pictures{classes} of {width}x{height} pixels from noise.

- Network: `{entry["keras"]["network"]}`, {entry["parameters"]:,} parameters; {sizes}.
- Recipe: `{entry["recipe"]}`
- Data: {entry["data"]}
- Images seen: {entry["images_seen"]:,} of the {entry["images_scheduled"]:,} that the recipe's schedule is for.
- Licence: {entry["licence"]}
- Limits: it knows nothing but pictures like its data, at this size; what it paints shows no place that exists.
- The LiteRT file and the Keras weights, both in half precision, differ by {parity["mean"]} grey levels in the mean and
  {parity["greatest"]} at most, over {parity["pictures"]} pictures.

## Last losses

{losses}
{_scores(entry.get("scores"))}"""


def translator_card(name: str, entry: dict[str, Any]) -> str:
    """Returns the model card of a packaged translator, as Markdown.

    Args:
        name: name of the entry in `manifest.json`.
        entry: the entry.
    """
    parity, size = entry["parity"], entry["litert"]["bytes"] / 1e6
    losses = _table(("term", "value"), ((term, f"{value:.4g}") for term, value in entry["losses"].items()))
    return f"""# Model card: {name}

{entry["purpose"]}

- Network: `{entry["network"]}`, {entry["parameters"]:,} parameters; LiteRT file {size:.2f} MB.
- Recipe: `{entry["recipe"]}`
- Data: {entry["data"]}
- Images seen: {entry["images_seen"]:,} of the {entry["images_scheduled"]:,} that the recipe's schedule is for.
- Licence: {entry["licence"]}
- Limits: it knows nothing but pictures like its data, at their scale; what it adds is invented.
- The LiteRT file, in half precision, differs from the trained network by {parity["mean"]} grey levels in the mean and
  {parity["greatest"]} at most, on noise of several sizes.

## Last losses

{losses}
"""


def fusion_card(entry: dict[str, Any]) -> str:
    """Returns the model card of the packaged fusion network, as Markdown, of its entry in `manifest.json`."""
    parity = entry["parity"]
    losses = _table(("term", "value"), ((term, f"{value:.4g}") for term, value in entry["losses"].items()))
    scores = entry.get("scores", {})
    blends = list(next(iter(scores.values()), {}))
    rows = [(family, *(f"{values[blend]:.2f}" for blend in blends)) for family, values in scores.items()]
    table = (
        f"\n## Masked PSNR in decibels, by family of changes\n\n{_table(('family', *blends), rows)}\n" if rows else ""
    )
    return f"""# Model card: fusion

Puts regions of one picture into another under its light and colours.

- Network: `FusionGenerator`, {entry["parameters"]:,} parameters; LiteRT file {entry["litert"]["bytes"] / 1e6:.2f} MB.
- Recipe: `{entry["recipe"]}`
- Data: {entry["data"]}
- Images seen: {entry["images_seen"]:,} of the {entry["images_scheduled"]:,} that the recipe's schedule is for.
- Licence: {entry["licence"]}
- Limits: it changes light and colour and, a little, sharpness and grain; it draws no shadows and no new shapes.
- The LiteRT file, in half precision, and the Keras network differ by {parity["mean"]} grey levels in the mean and
  {parity["greatest"]} at most, over {parity["pictures"]} pictures.

## Last losses

{losses}
{table}"""


def perceptual_card(entry: dict[str, Any]) -> str:
    """Returns the model card of the packaged perceptual network, as Markdown, of its entry in `manifest.json`."""
    # Sorted, as the manifest is: the card of an entry read from there is the same.
    losses = _table(("term", "value"), ((term, f"{value:.4g}") for term, value in sorted(entry["losses"].items())))
    ranks = sorted(entry.get("rank_correlation", {}).items())
    table = _table(("Gram distances at", "rank correlation"), ranks)
    pairs = f"""
## Rank correlation with the teacher

Spearman's, over {entry["rank_pairs"]:,} pairs of a style picture and a photograph that was not trained on.

{table}
""" if ranks else ""  # fmt: skip
    settings = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in sorted(entry["arguments"].items()))
    return f"""# Model card: compact

The perceptual network: content and style losses look through it, so that training a style needs no download.

- Network: `PerceptualNetwork`, {entry["parameters"]:,} parameters; weights {entry["bytes"] / 1e6:.2f} MB.
- Recipe: `python {entry["recipe"]} {settings}`
- Teacher: {entry["teacher"]}
- Data: {entry["data"]}
- Images seen: {entry["images_seen"]:,}, in {entry["minutes"]} minutes.
- Licence: {entry["licence"]}. See assets/weights/LICENSE.
- Limits: it compares pictures as its teacher does, least well at the taps with the lowest correlation; it names nothing
  that they show.

## Last losses

{losses}
{pairs}"""


def _scores(record):
    if not record:
        return ""
    extractor, fake, real = (record[key] for key in ("extractor", "fake", "real"))
    rows = ((metric, f"{value:.4g}") for metric, value in record["scores"].items())
    return f"""
## Scores

{fake["images"]:,} generated against {real["images"]:,} real pictures; features of `{extractor["name"]}`, to which
pictures are resized as {extractor["size"]}x{extractor["size"]} ({extractor["resize"]}).

{_table(("metric", "value"), rows)}
"""


def _table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
