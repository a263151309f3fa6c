"""Does whatever a server says come back to the byte, and whatever holds a key without it?"""

import base64
import gzip
import json
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.recording import Recorder, Replayer
from diagnostics.tape import read_whole

KEY = "invented-heygen-key-0001"
URL = "http://emulator.test/v1/anything"

KINDS = st.sampled_from(
    [
        *("application/json", "text/event-stream", "video/mp4", "text/html; charset=utf-8", ""),
        *("multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "\u00ff"),
    ]
)
HEADS = st.lists(
    st.tuples(
        st.sampled_from(["X-Odd", "x-odd", "Retry-After", "Content-Encoding", "Content-Length"]),
        st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=20),
    ),
    max_size=4,
)
TEXT = st.lists(st.text(max_size=60).map(str.encode), max_size=6)
SAID = st.one_of(
    st.tuples(st.just("video/mp4"), st.lists(st.binary(max_size=200), max_size=6)),
    st.tuples(KINDS, TEXT),
)


def met(client: httpx.Client, **given: Any) -> Any:
    try:
        with client.stream("POST", URL, **given) as response:
            return response.status_code, response.http_version, list(response.iter_bytes())
    except httpx.RequestError as error:
        return type(error), str(error)


def told(
    answer: Callable[[httpx.Request], httpx.Response], folder: Path, **given: Any
) -> tuple[Any, bool]:
    """What the client met, and whether the gate had nothing to hide."""
    with Recorder(folder) as tape:
        client = httpx.Client(transport=tape.transport(httpx.MockTransport(answer)))
        return met(client, **given), not tape.gate.removed


def again(folder: Path, **given: Any) -> Any:
    with Replayer(folder) as tape:
        found = met(httpx.Client(transport=tape.transport()), **given)
        assert (tape.misses, tape.unplayed()) == ([], [])
    return found


def joined(found: Any) -> Any:
    """Whole bodies are compared: decoded parts may be cut elsewhere."""
    return (*found[:2], b"".join(found[2])) if len(found) == 3 else found


@settings(max_examples=150, deadline=None)
@given(st.integers(200, 599), SAID, HEADS, st.binary(max_size=100))
def test_any_answer_comes_back_to_the_byte(
    status: int, said: tuple[str, list[bytes]], heads: list[tuple[str, str]], body: bytes
) -> None:
    kind, parts = said

    def answer(_: httpx.Request) -> httpx.Response:
        raw = [(n.encode(), v.encode("latin-1")) for n, v in [*heads, ("Content-Type", kind)]]
        return httpx.Response(status, headers=raw, content=iter(parts))

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "run"
        live, clean = told(answer, folder, content=body)
        reading = read_whole(folder)
        assert (reading.torn, reading.missing, len(reading.tape)) == (0, 0, 1)
        played = again(folder, content=body)
        assert not clean or joined(played) == joined(live)


PACKING: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "": bytes,
}
SPELLINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "json": lambda key: json.dumps({"error": {"token": key.decode()}}).encode(),
    "base64": base64.b64encode,
    "percent": lambda key: quote(key, safe="").encode(),
    "hex": lambda key: key.hex().encode(),
    "event": lambda key: b'data: {"key": "' + key + b'"}\n\n',
    "film": lambda key: b"\0\0\0\x20ftypisom" + key + bytes(999),
}


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(SPELLINGS)),
    st.sampled_from(sorted(PACKING)),
    KINDS,
    st.binary(max_size=60),
    st.integers(1, 40),
)
def test_no_key_reaches_the_disk_however_it_is_spelled_packed_and_cut(
    spelling: str, encoding: str, kind: str, around: bytes, step: int
) -> None:
    said = around + b" " + SPELLINGS[spelling](KEY.encode()) + b" " + around
    packed = PACKING[encoding](said)
    parts = [packed[at : at + step] for at in range(0, len(packed), step)]
    head = [(b"Content-Encoding", encoding.encode()), (b"Content-Type", kind.encode("latin-1"))]

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=head, content=iter(parts))

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "run"
        live, _ = told(answer, folder, content=said, headers={"x-api-key": KEY})
        assert b"".join(live[2]) == said
        files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
        for written in (KEY.encode(), SPELLINGS[spelling](KEY.encode())):
            assert all(written not in file for file in files)
