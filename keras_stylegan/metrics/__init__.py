"""Feature extraction and streaming metrics."""
