"""Losses and penalties; every one returns one value per image."""
