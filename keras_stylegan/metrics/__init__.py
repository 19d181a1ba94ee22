"""Scores of generated images, and probes of painted pictures: figures that judge and that no loss uses.

What needs Keras loads when it is first named.
"""

import importlib

from keras_stylegan.metrics.artefacts import blob_outliers, border_ratio, checkerboard_energy
from keras_stylegan.metrics.feature_sets import FeatureSet
from keras_stylegan.metrics.fidelity import luma, psnr, ssim
from keras_stylegan.metrics.frechet import frechet_distance
from keras_stylegan.metrics.image_scores import ImageScores, ScoreSettings, score_features
from keras_stylegan.metrics.inception_score import inception_score
from keras_stylegan.metrics.kernel import kernel_distance
from keras_stylegan.metrics.names import EXTRACTORS, METRICS
from keras_stylegan.metrics.neighbors import density_coverage, neighbor_distances, precision_recall
from keras_stylegan.metrics.path_length import perceptual_path_length
from keras_stylegan.metrics.resizing import RESIZE_FILTERS, resize

_LAZY = {
    "FeatureExtractor": "extractors",
    "build_extractor": "extractors",
    "cached_features": "reference",
    "content_hash": "reference",
    "evaluate_images": "evaluation",
    "perceptual_distance": "perceptual",
}

__all__ = [
    "EXTRACTORS", "FeatureExtractor", "FeatureSet", "ImageScores", "METRICS", "RESIZE_FILTERS", "ScoreSettings",
    "blob_outliers", "border_ratio", "build_extractor", "cached_features", "checkerboard_energy", "content_hash",
    "density_coverage", "evaluate_images", "frechet_distance", "inception_score", "kernel_distance", "luma",
    "neighbor_distances", "perceptual_distance", "perceptual_path_length", "precision_recall", "psnr", "resize",
    "score_features", "ssim",
]  # fmt: skip


def __getattr__(name):
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)
