"""What does a status answer say, and is it news? The parts of `diagnostics/jobs.py`."""
