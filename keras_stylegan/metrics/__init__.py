"""Scores of generated images, and probes of painted pictures: figures that judge and that no loss uses.

What needs Keras loads when it is first named.
"""

import importlib

from keras_stylegan.metrics.artefacts import blob_outliers, border_ratio, checkerboard_energy, tile_seams
from keras_stylegan.metrics.bootstrap import bootstrap_interval
from keras_stylegan.metrics.colours import colour_distance, rgb_uv_histogram
from keras_stylegan.metrics.feature_sets import FeatureSet
from keras_stylegan.metrics.fidelity import boundary_band, luma_ssim, psnr, ssim, ycbcr_luma
from keras_stylegan.metrics.frechet import frechet_distance
from keras_stylegan.metrics.image_scores import ImageScores, ScoreSettings, score_features
from keras_stylegan.metrics.inception_score import inception_score
from keras_stylegan.metrics.kernel import kernel_distance
from keras_stylegan.metrics.light import colour_inversion, light_correlation
from keras_stylegan.metrics.names import EXTRACTORS, METRICS, PAIRED_METRICS
from keras_stylegan.metrics.neighbors import density_coverage, nearest_neighbors, neighbor_distances, precision_recall
from keras_stylegan.metrics.path_length import perceptual_path_length
from keras_stylegan.metrics.resizing import RESIZE_FILTERS, resize
from keras_stylegan.metrics.score_intervals import score_intervals
from keras_stylegan.metrics.stability import instability, shift_instability
from keras_stylegan.metrics.warping import warping_error

_LAZY = {
    "FeatureExtractor": "extractors",
    "StyleClassifier": "deception",
    "TransferDistances": "transfer",
    "build_extractor": "extractors",
    "cached_features": "reference",
    "content_hash": "reference",
    "evaluate_images": "evaluation",
    "evaluate_pairs": "paired",
    "nearest_sheet": "nearest",
    "perceptual_distance": "perceptual",
    "single_image_frechet": "transfer",
}

__all__ = [
    "EXTRACTORS", "FeatureExtractor", "FeatureSet", "ImageScores", "METRICS", "PAIRED_METRICS", "RESIZE_FILTERS",
    "ScoreSettings", "StyleClassifier", "TransferDistances", "blob_outliers", "bootstrap_interval", "border_ratio",
    "boundary_band", "build_extractor", "cached_features", "checkerboard_energy", "colour_distance",
    "colour_inversion", "content_hash", "density_coverage", "evaluate_images", "evaluate_pairs", "frechet_distance",
    "inception_score", "instability", "kernel_distance", "light_correlation", "luma_ssim", "nearest_neighbors",
    "nearest_sheet", "neighbor_distances", "perceptual_distance", "perceptual_path_length", "precision_recall", "psnr",
    "resize", "rgb_uv_histogram", "score_features", "score_intervals", "shift_instability", "single_image_frechet",
    "ssim", "tile_seams", "warping_error", "ycbcr_luma",
]  # fmt: skip


def __getattr__(name):
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)
