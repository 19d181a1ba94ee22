"""Callbacks for training runs: image grids, logs, checkpoints, progress."""
