"""Is an upload of fields and files gated part by part, wherever its bytes are cut?"""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.recording import Recorder
from diagnostics.recordings.multipart import Multipart
from diagnostics.redact import Gate

SECRET = "invented-s3cret-0001-zz"
FILM = b"\0\0\0\x20ftypisom" + bytes(range(256)) * 400
HIDDEN = b"<secret:api-key#1 len=23 ends=zz>"


def field(name: str, value: bytes) -> bytes:
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value


def file(kind: str, value: bytes) -> bytes:
    head = 'Content-Disposition: form-data; name="file"; filename="a.bin"\r\n'
    return f"{head}Content-Type: {kind}\r\n\r\n".encode() + value


def body_of(*parts: bytes, end: bytes = b"--\r\n") -> bytes:
    return b"".join(b"--edge\r\n" + part + b"\r\n" for part in parts) + b"--edge" + end


def gated(body: bytes, cuts: int, text_most: int = 200_000) -> bytes:
    way = Multipart(Gate(), text_most)
    parts = [way.feed(body[at : at + cuts]) for at in range(0, len(body), cuts)]
    last = way.finish()
    return way.reason.encode() if way.reason else b"".join(parts) + last


WHOLE = body_of(field("api_key", SECRET.encode()), field("prompt", b"a fox"), file("x/y", FILM))


@given(cuts=st.integers(1, len(WHOLE)), end=st.sampled_from([b"--", b"--\r\n"]))
def test_a_field_is_known_by_its_name_and_the_rest_stays_to_the_byte(cuts: int, end: bytes) -> None:
    body = WHOLE.removesuffix(b"--\r\n") + end
    assert gated(body, max(cuts, 97)) == body.replace(SECRET.encode(), HIDDEN)


@given(st.binary(max_size=400), st.integers(1, 50))
def test_any_bytes_give_bytes(body: bytes, cuts: int) -> None:
    gated(body, cuts)
    gated(b"--edge\r\n" + body, cuts)
    gated(body_of(file("text/plain", body)), cuts)


def test_a_text_file_is_gated_as_what_it_is() -> None:
    told = b'{"api_key": "' + SECRET.encode() + b'"}'
    whole = gated(body_of(file("application/json", told)), 50)
    assert SECRET.encode() not in whole
    lines = gated(body_of(file("application/jsonl", (told + b"\n") * 9000)), 5000)
    assert lines.count(HIDDEN) == 9000
    large = gated(body_of(file("application/json", b"[" + told * 9000 + b"]")), 5000)
    assert b"too large to look into" in large
    assert large.endswith(b"\r\n--edge--\r\n")


def test_a_secret_in_a_film_withholds_its_rest_only() -> None:
    gate = Gate()
    gate.register(SECRET, "api-key")
    way = Multipart(gate)
    body = body_of(file("video/mp4", FILM + SECRET.encode() + FILM), field("prompt", b"a fox"))
    whole = way.feed(body) + way.finish()
    assert SECRET.encode() not in whole
    assert b"<withheld:data" in whole
    assert whole.endswith(b"a fox\r\n--edge--\r\n")


@pytest.mark.parametrize("body", [b"x" * 99_999, b"no edge\r\n\r\n", b"--edge\r\n" + b"x" * 99_999])
def test_what_is_no_multipart_body_is_withheld(body: bytes) -> None:
    assert b"no multipart body" in gated(body, 1000)


def test_an_upload_that_was_cut_is_kept_as_far_as_it_came() -> None:
    cut = WHOLE[: WHOLE.index(b"a fox") + 3]
    assert gated(cut, 10) == cut.replace(SECRET.encode(), HIDDEN)
    assert gated(WHOLE[:40], 10) == WHOLE[:40]


def test_the_field_beside_a_film_does_not_reach_the_tape(tmp_path: Path) -> None:
    def parts() -> Iterator[bytes]:
        yield WHOLE

    contents: list[bytes | Iterator[bytes]] = [WHOLE, parts()]
    for number, content in enumerate(contents):
        inner = httpx.MockTransport(lambda request: httpx.Response(200, content=request.read()[:9]))
        with Recorder(tmp_path / str(number)) as tape:
            head = {"content-type": "multipart/form-data; boundary=edge"}
            client = httpx.Client(transport=tape.transport(inner), headers=head)
            client.post("http://emulator.test/v1", content=content)
        files = [path for path in (tmp_path / str(number)).rglob("*") if path.is_file()]
        kept = b"".join(path.read_bytes() for path in files)
        assert SECRET.encode() not in kept
        assert HIDDEN in kept
        assert FILM in kept
