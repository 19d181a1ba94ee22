"""Converts the packaged multi-style weights to their LiteRT file again, after a change of the graph or its signatures.

    python export/convert_multistyle.py

Weights and figures stay; manifest and model card get the new file's size, and the manifest its checksum. Whoever
changes what the network computes runs `package_multistyle.py` instead, which measures it anew.
"""

from pathlib import Path

from keras_stylegan.exporters.packaging import convert_again

if __name__ == "__main__":
    print(convert_again(Path(__file__).resolve().parents[1] / "assets")["litert"])
