"""Whether a translator for several domains arrives there, and how differently its styles paint.

    python benchmarks/domain_quality.py RUN --data DIR [--teach DIR]

DIR holds pictures that were not trained on, in a folder for each domain of the run. Every picture is brought into every
other domain under `--styles` styles of noise. `--teach` names more real pictures of the domains, of which the judge
learns them, such as those of the training; without, half of those of `--data` do, and the other half is translated.

- domain accuracy: share of the results that the judge puts into the domain they were to reach: the nearest mean, in
  features of `--extractor` that are whitened by the spread within domains. No run trains against this judge or its
  features. Beside it, its accuracy on real pictures that did not teach it, and on the inputs as they are (`before`):
  the share that it takes for the other domain from the start.
- diversity: root mean squared difference of two results of one picture in one domain, over that of two real pictures
  of the domain. 0 is one result whatever the style. Of pixels, and (`perceptual_diversity`) as the mean distance of the
  packaged perceptual network's features, in which noise counts little.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from record import record
from translation_quality import add_extractor, open_extractor

from keras_stylegan.callbacks.health import pairwise_distance
from keras_stylegan.data.pictures import to_rgb
from keras_stylegan.inference.translator import open_domain_translator
from keras_stylegan.metrics import perceptual_distance
from keras_stylegan.networks import build_perceptual
from keras_stylegan.run_records import state_of_network

STYLES = 4  # of noise, for each picture and domain


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--teach", type=Path, metavar="DIR", help="real pictures of which the judge learns the domains")
    parser.add_argument("--styles", type=int, default=STYLES)
    add_extractor(parser)
    parser.add_argument("--results", type=Path, metavar="DIR", help="where to append the line, instead of results/")
    arguments = parser.parse_args()
    if arguments.styles < 2:
        parser.error("--styles must be at least 2, which can differ")
    extractor = open_extractor(arguments)
    figures = score(arguments.run, arguments.data, extractor, arguments.teach, arguments.styles)
    record("domain_quality", figures, **({"folder": arguments.results} if arguments.results else {}))


def score(run, data, extractor, teach=None, styles=STYLES):
    """The figures of a run's translator; folders as on the command line."""
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    domains, size = config["facts"]["domains"], tuple(reversed(config["settings"]["size"]))
    pictures = {name: read(data / name, size) for name in domains}
    teaching = {name: found[::2] for name, found in pictures.items()}
    tested = {name: found[1::2] for name, found in pictures.items()}
    if teach:
        teaching, tested = {name: read(teach / name, size) for name in domains}, pictures
    seen_distance = perceptual_distance(build_perceptual("compact"))
    judge = Judge([extractor(teaching[name])[0] for name in domains])
    verdicts = [judge(extractor(tested[name])[0]) for name in domains]
    real = [np.mean(found == i) for i, found in enumerate(verdicts)]
    before = [np.mean(np.concatenate(verdicts[:i] + verdicts[i + 1 :]) == i) for i in range(len(domains))]
    accuracies, diversities, seen_diversities = [], [], []
    for target, name in enumerate(domains):
        others = [picture for other in domains if other != name for picture in tested[other]]
        translators = [open_domain_translator(run, name, seed) for seed in range(styles)]
        made = np.stack([[np.asarray(t.translate(picture)) for t in translators] for picture in others])
        accuracies.append(np.mean(judge(extractor(list(made.reshape(-1, *made.shape[2:])))[0]) == target))
        within = np.sqrt(np.mean([pairwise_distance(results) ** 2 for results in made]))
        diversities.append(within / pairwise_distance(np.stack(pictures[name])))
        seen = np.mean([mean_distance(seen_distance, results) for results in made])
        seen_diversities.append(seen / mean_distance(seen_distance, np.stack(pictures[name])))
    return {
        "run": run.name,
        "kimg": state_of_network(run)[0] / 1000,
        "extractor": extractor.protocol(),
        "domains": domains,
        "styles": styles,
        "taught": sum(map(len, teaching.values())),
        "judge_accuracy": rounded(real),
        "before": rounded(before),
        "domain_accuracy": rounded(accuracies),
        "diversity": rounded(diversities),
        "perceptual_diversity": rounded(seen_diversities),
    }


class Judge:
    """Nearest mean under the common covariance within the classes.

    Args:
        features: list of float arrays `(pictures, features)`, one a class.
    """

    def __init__(self, features):
        centred = np.concatenate([rows - rows.mean(axis=0) for rows in features])
        covariance = centred.T @ centred / len(centred)
        # Fewer pictures than features: shrunk towards a multiple of the identity.
        covariance += 0.1 * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
        self._whiten = np.linalg.inv(np.linalg.cholesky(covariance)).T
        self._means = np.stack([rows.mean(axis=0) for rows in features]) @ self._whiten

    def __call__(self, features):
        """The number of the class of each row."""
        rows = features @ self._whiten
        return np.argmin(((rows[:, None] - self._means) ** 2).sum(-1), axis=1)


def read(folder, size):
    """The pictures of a folder as arrays, cut and brought to (width, height)."""
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    if len(files) < 4:
        raise ValueError(f"{folder}: must hold four pictures or more. It holds {len(files)}")
    images = (ImageOps.fit(to_rgb(Image.open(file)), size, Image.Resampling.BICUBIC) for file in files)
    return [np.asarray(image) for image in images]


def mean_distance(distance, pictures):
    """Mean of a distance over all pairs of uint8 pictures, those of one offset at a time."""
    images = pictures.astype("float32") / 127.5 - 1
    return np.mean(np.concatenate([distance(images[i:], images[:-i]) for i in range(1, len(images))]))


def rounded(values):
    return [round(float(value), 3) for value in values]


if __name__ == "__main__":
    main()
