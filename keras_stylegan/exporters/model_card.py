"""Model cards of packaged networks, as Markdown: of their entries in `manifest.json`, and of their names there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def model_card(entry: dict[str, Any]) -> str:
    """Returns the model card of the multi-style network."""
    # Sorted, as the manifest is: the card of an entry read from there is the same.
    losses = dict(sorted(entry["losses"].items()))
    probes = sorted((name.replace("_", " "), value) for name, value in entry["artefacts"].items())
    rows = ((f"`{style['name']}`", style["artist"], style["title"]) for style in entry["styles"])
    return f"""# Model card: multistyle

Paints a photograph in any of {len(entry["styles"])} styles, in a mixture of them, at any strength and size.

- Network: `StyleTransformer`, {entry["parameters"]:,} parameters, bank included; LiteRT file {_size(entry["litert"])}.
{_origin(entry)}
- Limits: strokes are those of paintings at a short side of {entry["working_size"]} pixels and finer when a picture is
  larger; faces are painted, not recognised: likeness is not preserved. The bank holds learned numbers, no painting.
{_tempered(entry["styles"])}\
- The LiteRT file and the Keras weights, both in half precision, differ by {_difference(entry)}, over a mixture of \
two styles on every photograph of the probes below.
{_predictor(entry.get("predictor"))}
{_values("Last losses", "term", losses)}
## Artefact probes

Every style on photographs that were not trained on, short side 256 (`keras_stylegan.metrics`; checkerboard energy and
border ratio read 1 on a clean picture).

{_table(("probe", "value"), probes)}

## Styles

{_table(("name", "artist", "work"), rows)}
"""


def _tempered(styles: Sequence[Mapping[str, Any]]) -> str:
    """Which styles' full strength is less than what was learnt."""
    shares = [f"{style['name']} {style['strength']:g}" for style in styles if style.get("strength", 1) != 1]
    if not shares:
        return ""
    return f"""\
- Full strength is a share of what was learnt where all of it left less of the photograph than other styles do:
  {", ".join(shares)}.
"""


def _predictor(entry: dict[str, Any] | None) -> str:
    """What makes any picture a style, where the network has it."""
    if entry is None:
        return ""
    return f"""
## Style predictor

From any picture to a style vector: `StylePredictor`, {entry["parameters"]:,} parameters; LiteRT file {_size(entry)},
Keras weights {_size(entry["keras"])}. It looks at pictures at a short side of 256 pixels, and knows no more of them
than the statistics of their features: what they show does not matter.

{_origin(entry)}
- LiteRT file and Keras weights differ by {entry["parity"]} of the styles' spread at most, on a packaged photograph.
"""


def generator_card(name: str, entry: dict[str, Any]) -> str:
    """Returns the model card of a packaged generator."""
    height, width = entry["size"]
    classes = f" of {', '.join(entry['classes'])}" if entry["classes"] else ""
    files = f"LiteRT file {_size(entry['litert'])}, Keras weights {_size(entry['keras'])}"
    if "critic" in entry:
        files += f", critic to train on with {_size(entry['critic'])}"
    return f"""# Model card: {name}

Generates pictures{classes} of {width}x{height} pixels from noise.

- Network: `{entry["keras"]["network"]}`, {entry["parameters"]:,} parameters; {files}.
{_origin(entry)}
- Limits: it knows nothing but pictures like its data, at this size; what it paints shows no place that exists.
- The LiteRT file and the Keras weights, both in half precision, differ by {_difference(entry)}, over \
{entry["parity"]["pictures"]} pictures.

{_values("Last losses", "term", entry["losses"])}{_evaluation(entry.get("scores"))}"""


def translator_card(name: str, entry: dict[str, Any]) -> str:
    """Returns the model card of a packaged translator, or of one for several domains."""
    domains = f"- Domains: {', '.join(entry['domains'])}.\n" if "domains" in entry else ""
    return f"""# Model card: {name}

{entry["purpose"]}

- Network: `{entry["network"]}`, {entry["parameters"]:,} parameters; LiteRT file {_size(entry["litert"])}.
{domains}{_origin(entry)}
- Limits: it knows nothing but pictures like its data, at their scale; what it adds is invented.
- The LiteRT file, in half precision, differs from the trained network by {_difference(entry)}, on noise \
of several sizes.

{_values("Last losses", "term", entry["losses"])}"""


def scene_card(name: str, entry: dict[str, Any]) -> str:
    """Returns the model card of a packaged scene pipeline."""
    height, width = entry["size"]
    trained = "encoder and generator together" if entry["phase"] == "joint" else "the encoder alone"
    scores = "\n" + _values("Scores", "score", entry["scores"]) if entry.get("scores") else ""
    seen = "Images seen, by all runs of the recipe: {images_seen:,} of {images_scheduled:,}."
    return f"""# Model card: {name}

Makes scenes of {width}x{height} pixels of photographs that the packaged multi-style network has painted.

- Network: `SceneNetwork`, an encoder into W+ with skip features and a StyleGAN2, {entry["parameters"]:,} parameters;
  LiteRT file {_size(entry["litert"])}. Trained: {trained}, on {entry["trained_styles"]} styles.
{_origin(entry, seen)}
- Limits: a scene has {width}x{height} pixels and no more, of the middle of a photograph; what it shows of a place is
  invented where the generator knows better.
- The LiteRT file, in 8 and 16 bits, differs from the trained network by {_difference(entry)}, over \
{entry["parity"]["pictures"]} scenes of photographs.

{_values("Last losses", "term", entry["losses"])}{scores}"""


def fusion_card(entry: dict[str, Any]) -> str:
    """Returns the model card of the packaged fusion network."""
    scores = entry.get("scores", {})
    blends = list(next(iter(scores.values()), {}))
    rows = [(family, *(f"{values[blend]:.2f}" for blend in blends)) for family, values in scores.items()]
    table = (
        f"\n## Masked PSNR in decibels, by family of changes\n\n{_table(('family', *blends), rows)}\n" if rows else ""
    )
    return f"""# Model card: fusion

Puts regions of one picture into another under its light and colours.

- Network: `FusionGenerator`, {entry["parameters"]:,} parameters; LiteRT file {_size(entry["litert"])}.
{_origin(entry)}
- Limits: it changes light and colour and, a little, sharpness and grain; it draws no shadows and no new shapes.
- The LiteRT file, in half precision, and the Keras network differ by {_difference(entry)}, over \
{entry["parity"]["pictures"]} pictures.

{_values("Last losses", "term", entry["losses"])}{table}"""


def perceptual_card(entry: dict[str, Any]) -> str:
    """Returns the model card of the packaged perceptual network, as Markdown, of its entry in `manifest.json`."""
    # Sorted, as the manifest is: the card of an entry read from there is the same.
    losses = _table(("term", "value"), ((term, f"{value:.4g}") for term, value in sorted(entry["losses"].items())))
    ranks = sorted(entry.get("rank_correlation", {}).items())
    table = _table(("Gram distances at", "rank correlation"), ranks)
    pairs = f"""
## Agreement with the teacher

Spearman rank correlation over {entry["rank_pairs"]:,} pairs of a style picture and a photograph not
trained on.

{table}

The gradients of the style loss with respect to a picture agree by a cosine of {entry["gradient_agreement"]:.3f} with
the teacher's, over {entry["gradient_pairs"]:,} such pairs.
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


def upscaler_card(entry: dict[str, Any]) -> str:
    """Returns the model card of the packaged super-resolution network."""
    digits = {"psnr": 2, "ssim": 4, "psnr_luma": 2, "ssim_luma": 4}
    rows = [(name, *(f"{found[key]:.{n}f}" for key, n in digits.items())) for name, found in entry["scores"].items()]
    between = ""
    if entry["share"] != 1:
        between = (
            f"\n- Between two networks: {entry['share']:.0%} of the way from the weights that the last run began with "
            "to its own: a little less sharp, with fewer faults."
        )
    return f"""# Model card: super_resolution

Enlarges a picture to {entry["factor"]} times its height and width, at any size, and removes some noise and JPEG blocks.

- Network: `SuperResolutionNetwork`, {entry["parameters"]:,} parameters; LiteRT file {_size(entry["litert"])}.
{_origin(entry)}{between}
- Limits: detail is invented, not recovered: text, faces and number plates must not be read from its results.
- The LiteRT file, in half precision, differs from the trained network by {_difference(entry)}, over \
{entry["parity"]["pictures"]} photographs.

## Scores

Means over photographs that were not trained on, made small by the bicubic filter; PSNR in dB and SSIM as scikit-image
computes them, {entry["factor"]} pixels at the border left out; luma is BT.601.

{_table(("", "PSNR", "SSIM", "PSNR luma", "SSIM luma"), rows)}
"""


def _size(file: Mapping[str, Any]) -> str:
    return f"{file['bytes'] / 1e6:.2f} MB"


def _origin(
    entry: dict[str, Any],
    seen: str = "Images seen: {images_seen:,} of the {images_scheduled:,} that the recipe's schedule is for.",
) -> str:
    """Where the weights come from."""
    facts = (
        f"Recipe: `{entry['recipe']}`",
        f"Data: {entry['data']}",
        seen.format(**entry),
        f"Licence: {entry['licence']}",
    )
    return "\n".join(f"- {fact}" for fact in facts)


def _difference(entry: dict[str, Any]) -> str:
    parity = entry["parity"]
    return f"{parity['mean']} grey levels in the mean and\n  {parity['greatest']} at most"


def _evaluation(record: dict[str, Any] | None) -> str:
    """What `evaluate images --json` printed."""
    if not record:
        return ""
    extractor, fake, real = (record[key] for key in ("extractor", "fake", "real"))
    return f"""
## Scores

{fake["images"]:,} generated against {real["images"]:,} real pictures; features of `{extractor["name"]}`, to which
pictures are resized as {extractor["size"]}x{extractor["size"]} ({extractor["resize"]}).

{_table(("metric", "value"), ((metric, f"{value:.4g}") for metric, value in record["scores"].items()))}
"""


def _values(title: str, what: str, values: Mapping[str, float]) -> str:
    """A section of numbers by their names."""
    return f"## {title}\n\n{_table((what, 'value'), ((name, f'{value:.4g}') for name, value in values.items()))}\n"


def _table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
