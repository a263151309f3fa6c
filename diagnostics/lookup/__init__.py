"""How is a text found by its meaning? Known complaints and words: parts of `explain.py`."""
