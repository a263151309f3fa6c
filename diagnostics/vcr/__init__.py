"""Of what is reading and writing vcrpy's cassettes made? The door is `diagnostics/cassette.py`."""
