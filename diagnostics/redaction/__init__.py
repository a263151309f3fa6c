"""How is a secret found and hidden? The parts of the gate, `diagnostics/redact.py`."""
