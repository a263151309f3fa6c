"""Does the load driver tell of every failure what the live driver tells of it?"""

import gzip
import zlib
from dataclasses import replace
from typing import Any

import pytest

from diagnostics.drive.live import Bounds
from diagnostics.model import Answer, Exchange, Fault, FaultKind, Purpose, Request, Response
from tests.drive_cases import akool
from tests.load_cases import Ear, answering, engine, one, run
from tests.test_live import asked
from tests.wire import CLOSE, HANG, RESET, http

CREDIT = akool().request("getCredit")
BOUNDS = Bounds(connect_s=2.0, read_s=0.3, body_bytes=100_000)
GZIP = "Content-Encoding: gzip\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
JSON = b'{"code":1000,"data":{"credit":1000}}'

ANSWERS: dict[str, list[bytes]] = {
    "whole": [http(JSON, extra="X-One: 1\r\nx-two: 2\r\nX-One: 3\r\n")],
    "in two pieces": [http(JSON)[:30], http(JSON)[30:]],
    "without a body": [http(b"", status="204 No Content")],
    "not modified, with a length": [b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"],
    "an error in HTML": [http(b"<html>", status="503 Service Unavailable")],
    "a redirect": [http(b"", status="302 Found", extra="Location: http://127.0.0.1:1/\r\n")],
    "chunked": [CHUNKED + b"5\r\nabcde\r\n3\r\nfgh\r\n0\r\n\r\n"],
    "chunked, with trailers": [CHUNKED + b"2\r\n{}\r\n0\r\nX-Late: 1\r\n\r\n"],
    "interim first": [b"HTTP/1.1 100 Continue\r\n\r\n" + http(JSON)],
    "hints first": [b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", http(JSON)],
    "no reason": [b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\n{}"],
    "1.0, until close": [b"HTTP/1.0 200 OK\r\n\r\n{}", CLOSE],
    "1.1, until close": [b"HTTP/1.1 200 OK\r\n\r\n", b"{}", CLOSE],
    "until close, then a reset": [b"HTTP/1.1 200 OK\r\n\r\n", b"{}", RESET],
    "said to close": [http(JSON, extra="Connection: close\r\n"), CLOSE],
    "closed at once": [CLOSE],
    "half a head, then closed": [b"HTTP/1.1 200 OK\r\nContent-", CLOSE],
    "half a head, then a reset": [b"HTTP/1.1 200 OK\r\nContent-", RESET],
    "a head, then closed": [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", CLOSE],
    "cut by closing": [http(b"x" * 50)[:-20], CLOSE],
    "cut by closing, chunked": [CHUNKED + b"5\r\nabcde\r\n", CLOSE],
    "cut, compressed, closed": [
        http(gzip.compress(bytes(range(256)) * 40), extra=GZIP)[:-9],
        CLOSE,
    ],
    "upgraded": [
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        CLOSE,
    ],
    "trailing bytes": [http(JSON) + b"more"],
    "two answers": [http(JSON) + http(b"{}")],
    "gzip": [http(gzip.compress(JSON), extra=GZIP)],
    "deflate": [http(zlib.compress(JSON), extra="Content-Encoding: deflate\r\n")],
    "raw deflate": [http(zlib.compress(JSON)[2:-4], extra="content-encoding: deflate\r\n")],
    "an unknown encoding": [http(JSON, extra="Content-Encoding: rot13\r\n")],
    "not gzip": [http(b"not gzip at all", extra=GZIP)],
    "a bomb": [http(gzip.compress(b"0" * 5_000_000), extra=GZIP)],
    "too long": [http(b"x" * 300_000)],
    "too long, chunked": [CHUNKED + b"30d40\r\n" + b"x" * 200_000 + b"\r\n", HANG],
    "reset at once": [RESET],
    "silence": [HANG],
    "cut by a reset": [http(b"x" * 50)[:-20], RESET],
    "cut, then silence": [http(b"x" * 50)[:-20], HANG],
    "cut, chunked": [CHUNKED + b"5\r\nabc", RESET],
    "cut, compressed": [http(gzip.compress(bytes(range(256)) * 40), extra=GZIP)[:-9], RESET],
    "half a head, then silence": [b"HTTP/1.1 200 OK\r\nContent-", HANG],
    "another protocol": [b"SSH-2.0-OpenSSH_9.2\r\n\r\n"],
    "two lengths": [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"],
    "a length that is none": [b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n{}"],
    "a chunk without a size": [CHUNKED + b"zz\r\nabc\r\n"],
    "a head without end": [b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 20_000, HANG],
}


def loaded(script: list[bytes], request: Request = CREDIT, **options: Any) -> Exchange:
    """The same exchange, by the load driver."""
    ear = Ear()
    with answering(lambda _: script) as wire:
        (exchange,) = run(engine(wire.base_url, ear, **{"bounds": BOUNDS, **options}), one(request))
    assert [each.exchange for each in ear.heard] == [exchange]
    assert isinstance(exchange, Exchange)
    return exchange


def comparable(answer: Answer) -> Answer:
    """Without the words of a parser, which are its own."""
    if isinstance(answer, Fault) and answer.kind is FaultKind.PROTOCOL:
        return replace(answer, message="")
    return answer


@pytest.mark.parametrize("name", ANSWERS)
def test_both_drivers_make_the_same_of_an_answer(name: str) -> None:
    live = asked(lambda _: ANSWERS[name], bounds=BOUNDS)
    assert comparable(loaded(ANSWERS[name]).answer) == comparable(live.answer)


@pytest.mark.parametrize("name", ["whole", "chunked", "cut by a reset", "reset at once"])
def test_both_drivers_make_the_same_of_an_answer_to_a_head(name: str) -> None:
    head = replace(CREDIT, method="HEAD", operation=None, purpose=Purpose.PROBE)
    script = ANSWERS[name]
    live = asked(lambda _: script, head, bounds=BOUNDS)
    assert comparable(loaded(script, head).answer) == comparable(live.answer)


def test_another_protocol_is_known_by_its_first_line_though_the_live_driver_waits_for_a_head() -> (
    None
):
    answer = loaded([b"SSH-2.0-OpenSSH_9.2\r\n", HANG]).answer
    assert isinstance(answer, Fault)
    assert (answer.kind, answer.may_have_arrived) == (FaultKind.PROTOCOL, True)


def test_a_file_becomes_facts_and_its_bytes_are_not_kept() -> None:
    wanted = replace(CREDIT, purpose=Purpose.MEDIA, operation=None, authenticated=False)
    script = [http(b"\x89PNG\r\n\x1a\n" + b"\0" * 40)]
    answer = loaded(script, wanted).answer
    assert answer == asked(lambda _: script, wanted).answer
    assert isinstance(answer, Response)
    assert answer.media is not None
    assert answer.body == b""
