"""Is this a cassette of vcrpy, of whatever age, and what does it hold?"""

import re

from diagnostics.capture import Capture, Raw, Reader
from diagnostics.model import Text
from diagnostics.vcr.reading import read_cassette

_SEEN_BYTES = 1 << 20
_YAML = re.compile(
    rb"^(?:interactions:[ \t]*(?:[\[&#\r\n]|$)|- *(?:!!\S+ *\n *)?(?:request|response):)",
    re.MULTILINE,
)
_JSON = re.compile(
    rb'(?<!\\)"interactions"\s*:\s*\[\s*(?:\]|\{\s*"(?:request|response|diagnostics)")'
)
_OLD_JSON = re.compile(rb'\[\s*\{\s*"(?:request|response)"\s*:\s*\{')


def recognises(raw: Raw) -> bool:
    """By the list of interactions, which stands first but for what we or others put before it."""
    head = raw.data[:_SEEN_BYTES]
    if raw.head[:1] in {b"{", b"["}:
        return bool(_JSON.search(head) or _OLD_JSON.match(raw.head))
    return bool(_YAML.search(head))


def read(raw: Raw) -> Capture:
    """Every interaction of it."""
    return read_cassette(raw, "vcr")


READER = Reader(
    format="vcr",
    title=Text(en="vcrpy cassette (YAML or JSON)", ru="кассета vcrpy (YAML или JSON)"),
    order=20,
    recognises=recognises,
    read=read,
)
