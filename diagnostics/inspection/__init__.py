"""What is a media file, and which limit does it break? The parts of `diagnostics/media.py`."""
