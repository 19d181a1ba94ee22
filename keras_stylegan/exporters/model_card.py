"""The model card of a packaged multi-style network, written from its manifest entry."""

from __future__ import annotations

from typing import Any


def model_card(entry: dict[str, Any]) -> str:
    """Returns the model card of an entry of `manifest.json`, as Markdown."""
    size = entry["litert"]["bytes"] / 1e6
    parity = entry["parity"]
    losses = _table(("term", "value"), ((name, f"{value:.4g}") for name, value in entry["losses"].items()))
    probes = _table(("probe", "value"), ((name.replace("_", " "), value) for name, value in entry["artefacts"].items()))
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


def _table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
