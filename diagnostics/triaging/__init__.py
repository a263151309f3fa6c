"""What is the room of `diagnostics/triage.py`? From anybody's exchanges to a provider's story."""
