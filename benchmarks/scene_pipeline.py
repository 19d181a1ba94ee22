"""What the scene pipeline's parts do: painter alone, generator alone, both without and with joint training.

    python benchmarks/scene_pipeline.py --encoder RUN --joint RUN --photographs DIR --styles DIR --scenes VAL.zip \
        [--network NAME] [--extractor NAME --weights FILE] [--pictures DIR]

The runs are those of `scene_pipeline_encoder` and of `scene_pipeline` begun with it; PHOTOGRAPHS and VAL.zip hold
pictures that neither was trained on. Every photograph is painted in every style that the joint run was trained on and a
picture of which lies in the folder of styles; all rows are compared at the size of scenes.

- `photograph`: as it is. `painter`: painted, made small. `generator`: scenes from noise, which know nothing of the
  photograph they are paired with, so that their content agreement is that of chance; and painted by the painter.
- `encoder`, `joint`: the pipeline without and with joint training; and each by styles alone, without skip features.

Content agreement is the correlation of features with the photograph's at relu3_1 (1 for itself); style distance the
relative distance of Gram matrices from the painting's, and style score the share of the photograph's own distance that
is gone; both over `--network`, which for a judgement should be none that was trained with. PSNR is that of the scene
against the painter's picture: what survives the generator. The Fréchet distance is between all pictures of a row and
the real scenes.
"""

from __future__ import annotations

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from record import RESULTS, record

from keras_stylegan.data import ImageSource, open_source
from keras_stylegan.data.sources import ClassSubset
from keras_stylegan.evaluation.folders import list_pictures
from keras_stylegan.evaluation.style import read_pictures
from keras_stylegan.inference import load, read_picture
from keras_stylegan.inference.generator import open_generator
from keras_stylegan.inference.scenes import middle, open_scenes
from keras_stylegan.losses import content_loss
from keras_stylegan.metrics import TransferDistances, build_extractor, frechet_distance, psnr
from keras_stylegan.metrics.names import label
from keras_stylegan.metrics.transfer import CONTENT_TAP
from keras_stylegan.networks import build_perceptual
from keras_stylegan.run_records import state_of_network

SHOWN = 8


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, text in (("encoder", "run of scene_pipeline_encoder"), ("joint", "run of scene_pipeline")):
        parser.add_argument(f"--{name}", type=Path, required=True, metavar="RUN", help=text)
    for name in ("photographs", "styles"):
        parser.add_argument(f"--{name}", type=Path, required=True, metavar="DIR")
    parser.add_argument("--scenes", required=True, metavar="SOURCE", help="real scenes: a folder, zip or npz")
    parser.add_argument("--network", default="compact", help="judge of content and style (default %(default)s)")
    parser.add_argument("--extractor", default="compact", help="of the Fréchet distance (default %(default)s)")
    parser.add_argument("--weights", metavar="FILE", help="local weight file of the extractor")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="where to draw the rows side by side")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR", help="where to append the line")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", message=".*2,?048.*")

    config = json.loads((arguments.joint / "config.json").read_text(encoding="utf-8"))
    settings, trained = config["settings"], config["facts"]["styles"]
    networks = {name: open_scenes(getattr(arguments, name)).network for name in ("encoder", "joint")}
    size = networks["joint"].size
    files = {name: file for name, file in list_pictures(arguments.styles, "--styles").items() if name in trained}
    paintings = read_pictures(files, settings["style_short_side"])
    pairs = [(p, s) for p in list_pictures(arguments.photographs, "--photographs").items() for s in paintings]
    if not pairs:
        raise SystemExit(f"--styles must hold pictures of the run's styles: {', '.join(trained)}")
    rows = make_rows(pairs, networks, open_generator(arguments.encoder), load())

    distances = TransferDistances(build_perceptual(arguments.network), Path(arguments.network).stem)
    targets = {style: distances.features(picture) for style, picture in paintings.items()}
    extractor = build_extractor(arguments.extractor, arguments.weights)
    real = moments(extractor(real_scenes(arguments.scenes, settings["classes"], size))[0])
    features = {row: [distances.features(picture) for picture in pictures] for row, pictures in rows.items()}
    names = [style for _, style in pairs]
    start = [distances.style(one, targets[name]) for one, name in zip(features["photograph"], names, strict=True)]
    table = {}
    for row, pictures in rows.items():
        content = [agreement(*both) for both in zip(features[row], features["photograph"], strict=True)]
        style = [distances.style(one, targets[name]) for one, name in zip(features[row], names, strict=True)]
        survives = [psnr(*both) for both in zip(pictures, rows["painter"], strict=True)]
        scores = {
            f"content agreement-{distances.name}": np.mean(content),
            f"style distance-{distances.name}": np.mean(style),
            f"style score-{distances.name}": 1 - np.mean(style) / np.mean(start),
            "PSNR to painter": np.mean(survives),
            label("fd", extractor.name): frechet_distance(*moments(extractor(pictures)[0]), *real),
        }
        # A picture against itself has no noise: no number that JSON knows.
        table[row] = {name: round(float(v), 4) if np.isfinite(v) else None for name, v in scores.items()}
    print(markdown(table))
    if arguments.pictures:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
        sheet(rows, len(paintings)).save(arguments.pictures / "scene_pipeline.png")
    kimg = {name: state_of_network(getattr(arguments, name))[0] / 1000 for name in networks}
    protocol = {"photographs": len(pairs) // len(paintings), "styles": list(paintings), "size": list(size)}
    protocol |= {"network": distances.name, "extractor": extractor.protocol(), "kimg": kimg}
    record("scene_pipeline", {**protocol, "rows": table}, folder=arguments.results)


def make_rows(pairs, networks, generator, painter):
    """Dict from row to its pictures, uint8, one a pair ((name, file) of a photograph, style)."""
    reference = networks["joint"]
    height, width = reference.size
    noise = generator.generate(range(len(pairs)))
    rows = {"photograph": [], "painter": [], "generator": list(noise), "generator, painted": []}
    parts = [(f"{name}{by}", network, detail) for name, network in networks.items()
             for by, detail in ((", styles alone", 0.0), ("", 1.0))]  # fmt: skip
    for ((_, file), style), scene in zip(pairs, noise, strict=True):
        photo = middle(read_picture(file), reference.input_size).photo
        painted = np.asarray(painter.stylize(photo, style))
        rows["photograph"].append(np.asarray(photo.resize((width, height), Image.Resampling.BOX)))
        rows["painter"].append(np.asarray(Image.fromarray(painted).resize((width, height), Image.Resampling.BOX)))
        rows["generator, painted"].append(np.asarray(painter.stylize(scene, style)))
        for row, network, detail in parts:
            made = np.asarray(network(painted[None] / np.float32(127.5) - 1, detail=detail))[0]
            rows.setdefault(row, []).append(np.uint8(np.clip(np.rint((made + 1) * 127.5), 0, 255)))
    return rows


def real_scenes(source, classes, size):
    """All real scenes of the classes that the run was trained on, uint8, in the size of scenes."""
    opened, chosen = open_source(source), [name for name in classes.split(",") if name]
    opened = ClassSubset(opened, chosen) if chosen else opened
    pictures, _ = ImageSource(opened).take(range(len(opened)))
    return [np.asarray(ImageOps.fit(Image.fromarray(p), size[::-1], Image.Resampling.BICUBIC)) for p in pictures]


def agreement(features, photograph):
    """Correlation over positions at `relu3_1`, averaged over the channels that are not silent in the photograph."""
    own, other = (
        1 - float(content_loss(taps[CONTENT_TAP], photograph[CONTENT_TAP], "correlation")[0])
        for taps in (photograph, features)
    )
    return other / own


def moments(features):
    """Mean and covariance of feature vectors."""
    features = np.asarray(features, "float64")
    return features.mean(axis=0), np.cov(features, rowvar=False)


def markdown(table):
    """The table as docs/generation.md shows it."""
    names = list(next(iter(table.values())))
    lines = [("", *names), ("---",) * (len(names) + 1)]
    lines += [(row, *("-" if v is None else f"{v:.3g}" for v in scores.values())) for row, scores in table.items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def sheet(rows, num_styles):
    """A line per pair, a column per row of the table: photographs from all over, styles in turns."""
    photographs = len(rows["painter"]) // num_styles
    shown = min(SHOWN, photographs)
    chosen = [i * photographs // shown * num_styles + i % num_styles for i in range(shown)]
    columns = [np.concatenate([pictures[i] for i in chosen]) for pictures in rows.values()]
    return Image.fromarray(np.concatenate(columns, axis=1))


if __name__ == "__main__":
    main()
