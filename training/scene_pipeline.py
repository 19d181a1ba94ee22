"""The scene pipeline: photographs painted in a style, as a generator of natural scenes makes them.

    python training/scene_pipeline.py --content PHOTOGRAPHS --styles PAINTINGS --data SCENES --from ENCODER --out RUN

is `keras-stylegan train scene_pipeline` with the same arguments: encoder and generator together, by the sum of the
style transfer's and the adversarial loss. It begins with a generator (`stylegan2_scenes_projected`, or a packaged one),
or better with the run of an encoder that has learnt to make paintings again by it:

    keras-stylegan train scene_pipeline_encoder --content PHOTOGRAPHS --styles PAINTINGS --from GENERATOR --out ENCODER

PAINTINGS holds pictures named after packaged styles. `benchmarks/scene_pipeline.py` compares both runs with the
painter alone and the generator alone; `keras-stylegan scene PHOTO --style NAME --model RUN -o OUT` uses them.
"""

import sys

from keras_stylegan.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", "scene_pipeline", *sys.argv[1:]]))
