"""What the live driver saw on a real socket still stands on the tape when it is read again."""

import asyncio
import gzip
from pathlib import Path

import pytest

from diagnostics import tape as tapes
from diagnostics.drive.driver import Slot
from diagnostics.drive.live import Bounds
from diagnostics.model import Exchange, Fault, FaultKind, Response
from diagnostics.redact import Gate
from tests.drive_cases import akool, case
from tests.test_live import live
from tests.wire import HANG, RESET, Script, http, serving

STREAM = "Transfer-Encoding: chunked\r\nContent-Type: {}\r\n"
EVENTS = [f"data: {n}\n\n".encode() for n in range(10)]


def chunked(parts: list[bytes], content_type: str, extra: str = "") -> list[bytes]:
    head = f"HTTP/1.1 200 OK\r\n{STREAM.format(content_type)}{extra}\r\n".encode()
    return [head, *(b"%x\r\n%b\r\n" % (len(part), part) for part in parts), b"0\r\n\r\n"]


def kept(
    folder: Path, script: Script, count: int = 1, bounds: Bounds | None = None
) -> list[Exchange]:
    """Exchanges with a server that follows the script, written down and read again."""
    file = tapes.TapeFile(folder, Gate())
    file.begin(case())

    async def work() -> None:
        async with serving(script) as wire:
            driver = live(wire.base_url, bounds=bounds)
            for attempt in range(1, count + 1):
                request = akool().request("getCredit")
                seen = await driver.exchange(request, Slot(scenario="x", attempt=attempt))
                assert file.append(seen) == seen
            await driver.aclose()

    asyncio.run(work())
    file.end()
    file.close()
    reading = tapes.read_whole(folder)
    assert (reading.torn, reading.ended) == (0, tapes.Ended())
    return list(reading.tape)


def response(exchange: Exchange) -> Response:
    assert exchange.response is not None, exchange.answer
    return exchange.response


@pytest.mark.parametrize(
    "content_type", ["text/event-stream; charset=utf-8", "application/x-ndjson"]
)
def test_each_part_of_a_stream_is_kept_with_its_time(tmp_path: Path, content_type: str) -> None:
    (exchange,) = kept(tmp_path, lambda _: chunked(EVENTS, content_type))
    answer = response(exchange)
    assert answer.body == b"".join(EVENTS)
    assert [size for _, size in answer.chunks] == [len(event) for event in EVENTS]
    times = [at_s for at_s, _ in answer.chunks]
    assert times == sorted(times)
    assert 0 <= times[0] <= times[-1] <= exchange.duration_s


def test_how_a_plain_answer_was_cut_is_not_kept(tmp_path: Path) -> None:
    (exchange,) = kept(tmp_path, lambda _: chunked([b'{"a":', b"1}"], "application/json"))
    assert response(exchange).body == b'{"a":1}'
    assert response(exchange).chunks == ()


def test_the_parts_of_an_encoded_stream_are_those_of_its_text(tmp_path: Path) -> None:
    packed = gzip.compress(b"".join(EVENTS))
    script = chunked([packed], "text/event-stream", "Content-Encoding: gzip\r\n")
    (exchange,) = kept(tmp_path, lambda _: script)
    answer = response(exchange)
    assert answer.body == b"".join(EVENTS)
    assert sum(size for _, size in answer.chunks) == len(answer.body)


def test_parts_beyond_the_limit_are_not_counted(tmp_path: Path) -> None:
    bounds = Bounds(connect_s=2.0, read_s=2.0, body_bytes=25)
    (exchange,) = kept(tmp_path, lambda _: chunked(EVENTS, "text/event-stream"), bounds=bounds)
    answer = response(exchange)
    assert (len(answer.body), answer.truncated) == (25, True)
    assert [size for _, size in answer.chunks] == [9, 9, 7]


def test_version_reason_case_and_order_of_headers_are_kept(tmp_path: Path) -> None:
    extra = "X-One: 1\r\nx-two: 2\r\nx-ONE: 3\r\n"
    (exchange,) = kept(tmp_path, lambda _: [http(status="200 Quite Fine", extra=extra)])
    answer = response(exchange)
    assert (answer.http_version, answer.reason) == ("HTTP/1.1", "Quite Fine")
    assert answer.headers[1:] == (("X-One", "1"), ("x-two", "2"), ("x-ONE", "3"))
    assert exchange.wire is not None
    assert None not in (exchange.wire.connect_s, exchange.wire.first_byte_s, exchange.wire.body_s)
    assert exchange.started_s > 1e9
    assert exchange.duration_s > 0


def test_an_older_version_is_told_as_such(tmp_path: Path) -> None:
    (exchange,) = kept(tmp_path, lambda _: [b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}"])
    assert response(exchange).http_version == "HTTP/1.0"


HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nX-Case: Kept\r\n\r\nhalf"


@pytest.mark.parametrize(
    ("script", "kind", "body"),
    [
        ([RESET], FaultKind.RESET, b""),
        ([HANG], FaultKind.READ_TIMEOUT, b""),
        ([HALF, RESET], FaultKind.CUT_BODY, b"half"),
        ([HALF, HANG], FaultKind.READ_TIMEOUT, b"half"),
    ],
)
def test_failures_are_kept_with_their_class_and_what_had_come(
    tmp_path: Path, script: list[bytes], kind: FaultKind, body: bytes
) -> None:
    bounds = Bounds(connect_s=0.5, read_s=0.2)
    (exchange,) = kept(tmp_path, lambda _: script, bounds=bounds)
    assert isinstance(exchange.answer, Fault)
    assert (exchange.answer.kind, exchange.answer.body) == (kind, body)
    assert exchange.answer.may_have_arrived
    assert bool(body) is (("X-Case", "Kept") in exchange.answer.headers)


def test_attempts_are_kept_in_order(tmp_path: Path) -> None:
    answers = iter([[RESET], [http(status="503 Busy")], [http(b'{"code":1000}')]])
    story = kept(tmp_path, lambda _: next(answers), count=3)
    assert [exchange.attempt for exchange in story] == [1, 2, 3]
    assert isinstance(story[0].answer, Fault)
    assert [response(exchange).status for exchange in story[1:]] == [503, 200]
