"""Probes of painted pictures: figures that judge and that no loss uses."""

from keras_stylegan.metrics.artefacts import blob_outliers, border_ratio, checkerboard_energy

__all__ = ["blob_outliers", "border_ratio", "checkerboard_energy"]
