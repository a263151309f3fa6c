"""The parts of recording and replaying under an `httpx` client; `recording.py` is the door."""
