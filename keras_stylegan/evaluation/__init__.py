"""Whole evaluations: pictures in, tables with intervals and a report with the pictures out."""

import importlib

from keras_stylegan.evaluation.results import Evaluation, interval

_LAZY = {
    "evaluate_blends": "fusion",
    "evaluate_clips": "video",
    "evaluate_fused": "fusion",
    "evaluate_motion": "video",
    "evaluate_path_length": "path_length",
    "evaluate_styles": "style",
    "harmonization_cases": "fusion",
    "images_evaluation": "images",
    "write_report": "report",
}

__all__ = [
    "Evaluation", "evaluate_blends", "evaluate_clips", "evaluate_fused", "evaluate_motion", "evaluate_path_length",
    "evaluate_styles", "harmonization_cases", "images_evaluation", "interval", "write_report",
]  # fmt: skip


def __getattr__(name):
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)
