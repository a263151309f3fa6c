"""Which small real media files does the emulator serve? Drawn and sung by `tests/test_samples.py`.

They lie ready beside this module: making them anew would cost every emulator run an encoder.
"""

from functools import cache
from pathlib import Path

CONTENT_TYPES = {
    "face.jpg": "image/jpeg",
    "face.png": "image/png",
    "face.webp": "image/webp",
    "speech.mp3": "audio/mpeg",
    "speech.wav": "audio/wav",
    "speech.m4a": "audio/mp4",
    "clip.mp4": "video/mp4",
    "silent.mp4": "video/mp4",
}
NAMES = tuple(CONTENT_TYPES)
FOLDER = Path(__file__).with_name("sample_files")


@cache
def sample(name: str) -> bytes:
    """The bytes of one of `NAMES`; a `KeyError` for any other name, so that none leaves FOLDER."""
    if name not in CONTENT_TYPES:
        raise KeyError(name)
    return (FOLDER / name).read_bytes()
