"""Whether a translator for several domains arrives there, and how differently its styles paint.

    python benchmarks/domain_quality.py RUN --data DIR

DIR holds pictures that were not trained on, in a folder for each domain of the run; half of each teach the judge.
Every picture of the other half is brought into every other domain under `--styles` styles of noise.

- domain accuracy: share of the results that the judge puts into the domain they were to reach: the nearest mean, in
  features of `--extractor` that are whitened by the spread within domains. Beside it, the judge's accuracy on real
  pictures.
- diversity: root mean squared difference of two results of one picture in one domain, over that of two real pictures
  of the domain. 0 is one result whatever the style.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from record import record

from keras_stylegan.callbacks.health import pairwise_distance
from keras_stylegan.data.pictures import to_rgb
from keras_stylegan.inference.translator import open_domain_translator
from keras_stylegan.metrics import build_extractor


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--styles", type=int, default=4)
    parser.add_argument("--extractor", default="compact")
    parser.add_argument("--weights", metavar="FILE", help="local weight file of the extractor")
    parser.add_argument("--results", type=Path, metavar="DIR", help="where to append the line, instead of results/")
    arguments = parser.parse_args()

    config = json.loads((arguments.run / "config.json").read_text(encoding="utf-8"))
    domains, size = config["facts"]["domains"], tuple(reversed(config["settings"]["size"]))
    pictures = {name: read(arguments.data / name, size) for name in domains}
    extractor = build_extractor(arguments.extractor, arguments.weights)
    judge = Judge([extractor(pictures[name][::2])[0] for name in domains])
    real = [np.mean(judge(extractor(pictures[name][1::2])[0]) == i) for i, name in enumerate(domains)]
    accuracies, diversities = [], []
    for target, name in enumerate(domains):
        others = [picture for other in domains if other != name for picture in pictures[other][1::2]]
        translators = [open_domain_translator(arguments.run, name, seed) for seed in range(arguments.styles)]
        made = np.stack([[np.asarray(t.translate(picture)) for t in translators] for picture in others])
        accuracies.append(np.mean(judge(extractor(list(made.reshape(-1, *made.shape[2:])))[0]) == target))
        within = np.sqrt(np.mean([pairwise_distance(results) ** 2 for results in made]))
        diversities.append(within / pairwise_distance(np.stack(pictures[name])))
    figures = {
        "run": arguments.run.name,
        "extractor": extractor.protocol(),
        "domains": domains,
        "styles": arguments.styles,
        "judge_accuracy": rounded(real),
        "domain_accuracy": rounded(accuracies),
        "diversity": rounded(diversities),
    }
    record("domain_quality", figures, **({"folder": arguments.results} if arguments.results else {}))


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
    images = (ImageOps.fit(to_rgb(Image.open(file)), size, Image.Resampling.BICUBIC) for file in files)
    return [np.asarray(image) for image in images]


def rounded(values):
    return [round(float(value), 3) for value in values]


if __name__ == "__main__":
    main()
