"""Writes a trained network as a SavedModel for TensorFlow Serving.

    python export/to_saved_model.py multistyle --out models/multistyle [--version N]

is `keras-stylegan export multistyle --format saved_model --out models/multistyle`; a run directory or a `.keras` file
works as well. `export/serve/` has what a server needs beside it.
"""

import sys

from keras_stylegan.cli import main

if __name__ == "__main__":
    sys.exit(main(["export", *sys.argv[1:], "--format", "saved_model"]))
