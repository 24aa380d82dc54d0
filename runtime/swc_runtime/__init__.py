"""The runtime of generated families."""
