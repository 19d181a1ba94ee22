"""Turns a finished run of the scene pipeline into the files that the package ships.

    python export/package_scenes.py RUN --data SENTENCE --licence SENTENCE [--scores SCORES.json]

writes `assets/weights/scene_pipeline.{tflite,md}` and the entry `scene_pipeline` of `assets/manifest.json`, after which
`keras-stylegan scene PHOTO --style STYLE -o OUT` needs no `--model`. SCORES.json is a row of the table that
`benchmarks/scene_pipeline.py` records.
"""

from keras_stylegan.exporters.package_arguments import package_arguments, show
from keras_stylegan.exporters.scenes import package_scenes


def main():
    given = package_arguments(__file__, __doc__, "data", "licence", "scores", name="scene_pipeline")
    show(package_scenes(given.run, given.assets, given.name, given.data, given.licence, given.scores))


if __name__ == "__main__":
    main()
