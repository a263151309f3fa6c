"""How is a call held against its contract? The parts of `diagnostics/check.py`."""
