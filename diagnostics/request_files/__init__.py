"""What is wrong with a request file? The parts of `diagnostics/request_file.py`."""
