"""Stylisation of arrays and files with packaged networks."""
