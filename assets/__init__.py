"""Packaged weights, sample pictures and their manifest."""
