"""Turns a finished run of the scene pipeline into the files that the package ships.

    python export/package_scenes.py RUN --data SENTENCE --licence SENTENCE [--scores SCORES.json]

writes `assets/weights/scene_pipeline.{tflite,md}` and the entry `scene_pipeline` of `assets/manifest.json`, after which
`keras-stylegan scene PHOTO --style STYLE -o OUT` needs no `--model`. SCORES.json is a row of the table that
`benchmarks/scene_pipeline.py` records.
"""

import argparse
import json
from pathlib import Path

from keras_stylegan.exporters.scenes import package_scenes

ROOT = Path(__file__).resolve().parents[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--name", default="scene_pipeline")
    parser.add_argument("--data", required=True, metavar="SENTENCE", help="what it was trained on")
    parser.add_argument("--licence", required=True, metavar="SENTENCE", help="licence and notices of the weights")
    parser.add_argument("--scores", type=Path, metavar="SCORES.json")
    parser.add_argument("--assets", type=Path, default=ROOT / "assets", metavar="DIR")
    arguments = parser.parse_args()
    scores = json.loads(arguments.scores.read_text(encoding="utf-8")) if arguments.scores else None
    entry = package_scenes(arguments.run, arguments.assets, arguments.name, arguments.data, arguments.licence, scores)
    print(json.dumps({key: entry[key] for key in ("litert", "recipe", "images_seen", "losses", "parity")}, indent=2))


if __name__ == "__main__":
    main()
