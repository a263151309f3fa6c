"""Is this a cassette of betamax, or of Ruby's VCR, whose format it took? What does it hold?"""

import re

from diagnostics.capture import Capture, Raw, Reader
from diagnostics.model import Text
from diagnostics.vcr.reading import read_cassette

_SEEN_BYTES = 1 << 20
_LIST = re.compile(rb'^http_interactions:|(?<!\\)"http_interactions"\s*:\s*\[', re.MULTILINE)


def recognises(raw: Raw) -> bool:
    """By its list of interactions, which has a name of its own."""
    return bool(_LIST.search(raw.data[:_SEEN_BYTES]))


def read(raw: Raw) -> Capture:
    """Every interaction of it."""
    return read_cassette(raw, "betamax")


READER = Reader(
    format="betamax",
    title=Text(en="betamax or Ruby VCR cassette", ru="кассета betamax или VCR для Ruby"),
    order=40,
    recognises=recognises,
    read=read,
)
