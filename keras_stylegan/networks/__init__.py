"""Generators, critics and perceptual networks: graphs without training logic."""
