"""Feature extraction, streaming metrics and artefact probes."""

from keras_stylegan.metrics.artefacts import blob_outliers, border_ratio, checkerboard_energy

__all__ = ["blob_outliers", "border_ratio", "checkerboard_energy"]
