"""Does a replay fail as the recorded call did: the same exception at the same place, in order?"""

import asyncio
import gzip
import socket
import ssl
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from diagnostics.model import Fault, FaultKind, Response
from diagnostics.recording import Recorder, Replayer, UnrecordedRequestError
from diagnostics.recordings.failures import KINDS, error_of
from diagnostics.tape import read
from tests.wire import CLOSE, HANG, RESET, http, serving

Met = tuple[Any, ...]
LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst bytes"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n"
BROKEN = http(b"no gzip at all", extra="Content-Encoding: gzip\r\n")
BROKEN_LATE = http(gzip.compress(b"x" * 90)[:-20] + bytes(40), extra="Content-Encoding: gzip\r\n")

STORIES: dict[str, tuple[list[bytes], FaultKind, str]] = {
    "reset before the work": ([RESET], FaultKind.RESET, "ReadError"),
    "closed without a word": ([CLOSE], FaultKind.RESET, "RemoteProtocolError"),
    "silence": ([HANG], FaultKind.READ_TIMEOUT, "ReadTimeout"),
    "no HTTP": ([b"220 mail ready\r\n\r\n", CLOSE], FaultKind.PROTOCOL, "RemoteProtocolError"),
    "reset in the body": ([LONG, RESET], FaultKind.CUT_BODY, "ReadError"),
    "body cut": ([LONG, CLOSE], FaultKind.CUT_BODY, "RemoteProtocolError"),
    "chunks cut": ([CHUNKED, CLOSE], FaultKind.CUT_BODY, "RemoteProtocolError"),
    "silence in the body": ([LONG, HANG], FaultKind.READ_TIMEOUT, "ReadTimeout"),
    "encoding broken": ([BROKEN], FaultKind.PROTOCOL, "DecodingError"),
    "encoding broken late": ([BROKEN_LATE], FaultKind.PROTOCOL, "DecodingError"),
}


async def met(client: httpx.AsyncClient, url: str) -> Met:
    """What a caller sees: the answer, or what had come and the exception."""
    got = b""
    try:
        async with client.stream("POST", url, json={"n": 1}) as response:
            async for part in response.aiter_bytes():
                got += part
            return response.status_code, response.http_version, got
    except httpx.HTTPError as error:
        return type(error), str(error), got


def met_waiting(client: httpx.Client, url: str) -> Met:
    got = b""
    try:
        with client.stream("POST", url, json={"n": 1}) as response:
            for part in response.iter_bytes():
                got += part
            return response.status_code, response.http_version, got
    except httpx.HTTPError as error:
        return type(error), str(error), got


async def story(
    tape: Recorder | Replayer, url: str, calls: int = 1, patience_s: float = 5.0
) -> list[Met]:
    patience = httpx.Timeout(5.0, read=patience_s)
    async with httpx.AsyncClient(transport=tape.async_transport(), timeout=patience) as client:
        return [await met(client, url) for _ in range(calls)]


def waiting_story(tape: Recorder | Replayer, url: str, patience_s: float = 5.0) -> list[Met]:
    patience = httpx.Timeout(5.0, read=patience_s)
    with httpx.Client(transport=tape.transport(), timeout=patience) as client:
        return [met_waiting(client, url)]


@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize("waiting", [False, True], ids=["await", "wait"])
def test_a_failure_is_kept_and_played_as_the_same_exception_at_the_same_place(
    name: str,
    waiting: bool,  # noqa: FBT001  # a parameter of the test
    tmp_path: Path,
) -> None:
    parts, kind, raised = STORIES[name]
    patience_s = 0.2 if HANG in parts else 5.0

    async def both() -> tuple[list[Met], list[Met]]:
        async with serving(lambda _: parts) as wire:
            url = f"{wire.base_url}/v1/videos"
            with Recorder(tmp_path / "run") as tape:
                live = await _story(tape, url, patience_s, waiting=waiting)
        with Replayer(tmp_path / "run") as tape:
            played = await _story(tape, url, patience_s, waiting=waiting)
            assert (tape.misses, tape.unplayed()) == ([], [])
        return live, played

    live, played = asyncio.run(both())
    assert played == live
    assert live[0][0].__name__ == raised
    answer = read(tmp_path / "run").exchanges[0].answer
    assert isinstance(answer, Fault)
    assert (answer.kind, answer.may_have_arrived) == (kind, True)
    assert live[0][2].startswith(answer.body)
    assert (answer.status is None) == (not parts[0].startswith(b"HTTP"))


async def _story(
    tape: Recorder | Replayer, url: str, patience_s: float, *, waiting: bool
) -> list[Met]:
    if waiting:
        return await asyncio.to_thread(waiting_story, tape, url, patience_s)
    return await story(tape, url, patience_s=patience_s)


def test_a_refused_connection_never_arrived(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        with Recorder(tmp_path / "run") as tape:
            live = waiting_story(tape, url)
    with Replayer(tmp_path / "run") as tape:
        assert waiting_story(tape, url) == live
    assert live[0][0] is httpx.ConnectError
    answer = read(tmp_path / "run").exchanges[0].answer
    assert isinstance(answer, Fault)
    assert (answer.kind, answer.may_have_arrived) == (FaultKind.REFUSED, False)


def test_reset_then_503_then_200_come_in_that_order_as_three_attempts(tmp_path: Path) -> None:
    plan = [[RESET], [http(b"{}", status="503 Service Unavailable")], [http(b'{"ok":1}')]]

    async def both() -> tuple[list[Met], list[Met]]:
        said: Iterator[list[bytes]] = iter(plan)
        async with serving(lambda _: next(said)) as wire:
            with Recorder(tmp_path / "run") as tape:
                live = await story(tape, f"{wire.base_url}/v1", 3)
        with Replayer(tmp_path / "run") as tape:
            return live, await story(tape, f"{wire.base_url}/v1", 3)

    live, played = asyncio.run(both())
    assert played == live
    assert [one[0] for one in live] == [httpx.ReadError, 503, 200]
    assert [exchange.attempt for exchange in read(tmp_path / "run")] == [1, 2, 3]


def raising(error: Exception) -> Callable[[httpx.Request], httpx.Response]:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    return fail


def _named(name: str, words: str = "invented words") -> Exception:
    made: Exception = getattr(httpx, name)(words)
    return made


def kinds_of_httpx() -> list[str]:
    found, more = [], [httpx.RequestError]
    while more:
        kind = more.pop()
        more += kind.__subclasses__()
        if kind.__module__ == "httpx":
            found.append(kind.__name__)
    return sorted(found)


def test_every_exception_of_a_request_has_its_kind() -> None:
    assert sorted(KINDS) == kinds_of_httpx()


@pytest.mark.parametrize("name", kinds_of_httpx())
def test_every_exception_of_httpx_comes_back_as_itself(name: str, tmp_path: Path) -> None:
    with Recorder(tmp_path / "run") as tape:
        inner = httpx.MockTransport(raising(_named(name)))
        with (
            httpx.Client(transport=tape.transport(inner)) as client,
            pytest.raises(getattr(httpx, name), match="invented words"),
        ):
            client.get("http://emulator.test/v1")
    with Replayer(tmp_path / "run") as tape:
        with (
            httpx.Client(transport=tape.transport()) as client,
            pytest.raises(httpx.RequestError, match="invented words") as met_again,
        ):
            client.get("http://emulator.test/v1")
        assert type(met_again.value) is getattr(httpx, name)
        assert met_again.value.request.url == "http://emulator.test/v1"


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (caused(_named("ConnectError"), ssl.SSLError("certificate has expired")), FaultKind.TLS),
        (caused(_named("ConnectError"), socket.gaierror(-2, "unknown")), FaultKind.DNS),
        (_named("ConnectError", "[Errno -2] Name or service not known"), FaultKind.DNS),
        (_named("ConnectError", "[Errno 111] Connection refused"), FaultKind.REFUSED),
        (_named("ConnectError", "[Errno 113] No route to host"), FaultKind.CONNECT),
    ],
    ids=["tls", "dns", "dns by words", "refused", "route"],
)
def test_a_failed_connection_says_why(error: Exception, kind: FaultKind, tmp_path: Path) -> None:
    with Recorder(tmp_path / "run") as tape:
        inner = httpx.MockTransport(raising(error))
        with (
            httpx.Client(transport=tape.transport(inner)) as client,
            pytest.raises(httpx.ConnectError),
        ):
            client.get("http://emulator.test/v1")
    answer = read(tmp_path / "run").exchanges[0].answer
    assert isinstance(answer, Fault)
    assert (answer.kind, answer.message) == (kind, str(error))
    assert not answer.may_have_arrived


def test_a_caller_that_stops_waiting_is_kept_as_silence(tmp_path: Path) -> None:
    async def impatient() -> None:
        heard = asyncio.Event()

        def hear(_: bytes) -> list[bytes]:
            heard.set()
            return [HANG]

        async with serving(hear) as wire:
            with Recorder(tmp_path / "run") as tape:
                async with httpx.AsyncClient(transport=tape.async_transport()) as client:
                    asking = asyncio.create_task(client.get(f"{wire.base_url}/v1"))
                    await heard.wait()
                    asking.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await asking

    asyncio.run(impatient())
    answer = read(tmp_path / "run").exchanges[0].answer
    assert isinstance(answer, Fault)
    assert (answer.kind, answer.may_have_arrived) == (FaultKind.READ_TIMEOUT, True)
    assert "stopped waiting" in answer.message
    with Replayer(tmp_path / "run") as played, pytest.raises(httpx.ReadTimeout):
        httpx.Client(transport=played.transport()).get("http://127.0.0.1/v1")


def test_a_failure_that_another_run_recorded_is_the_nearest_exception(tmp_path: Path) -> None:

    for kind in FaultKind:
        error = error_of(Fault(kind=kind, message="invented"), {}, httpx)
        assert isinstance(error, httpx.RequestError)
        assert str(error) == "invented"
    hostile: dict[str, Any] = {"raised": ["ReadError"], "said": 7}
    error = error_of(Fault(kind=FaultKind.TLS, message="invented"), hostile, httpx)
    assert (type(error), str(error)) == (httpx.ConnectError, "invented")


def test_a_client_that_has_enough_is_no_failure_and_reading_on_says_so(tmp_path: Path) -> None:
    def half(client: httpx.Client, parts: int) -> list[bytes]:
        with client.stream("GET", "http://emulator.test/v1/events") as response:
            stream = response.iter_raw()
            return [next(stream) for _ in range(parts)]

    events = [b"data: 1\n\n", b"data: 2\n\n", b"data: 3\n\n"]
    inner = httpx.MockTransport(lambda _: httpx.Response(200, content=iter(events)))
    with Recorder(tmp_path / "run") as tape:
        client = httpx.Client(transport=tape.transport(inner))
        assert half(client, 2) == events[:2]
    answer = read(tmp_path / "run").exchanges[0].answer
    assert isinstance(answer, Response)
    assert (answer.truncated, answer.body) == (True, b"".join(events[:2]))
    with Replayer(tmp_path / "run", repeat_last=True) as played:
        client = httpx.Client(transport=played.transport())
        assert half(client, 2) == events[:2]
        with pytest.raises(UnrecordedRequestError, match="ends after 18 bytes"):
            half(client, 3)


def test_of_a_bomb_the_beginning_is_kept(tmp_path: Path) -> None:
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(40)) + bomb.flush()
    parts = [packed[at : at + 1000] for at in range(0, len(packed), 1000)]
    head = {"content-encoding": "gzip", "content-type": "video/mp4"}
    inner = httpx.MockTransport(lambda _: httpx.Response(200, headers=head, content=iter(parts)))
    with Recorder(tmp_path / "run") as tape:
        client = httpx.Client(transport=tape.transport(inner))
        with client.stream("GET", "http://emulator.test/v1") as response:
            assert sum(map(len, response.iter_raw())) == len(packed)
    answer = read(tmp_path / "run").exchanges[0].answer
    assert isinstance(answer, Response)
    assert answer.truncated
    assert 1 << 20 < answer.size_bytes < 1 << 25


def test_what_is_under_way_when_the_recording_ends_is_kept_as_far_as_it_came(
    tmp_path: Path,
) -> None:
    inner = httpx.MockTransport(lambda _: httpx.Response(200, content=iter([b"first", b"more"])))
    tape = Recorder(tmp_path / "run")
    client = httpx.Client(transport=tape.transport(inner))
    with client.stream("GET", "http://emulator.test/v1") as response:
        assert next(response.iter_raw()) == b"first"
        tape.close()
    kept = read(tmp_path / "run").exchanges[0].answer
    assert isinstance(kept, Response)
    assert (kept.body, kept.truncated) == (b"first", True)
    assert client.get("http://emulator.test/v1").content == b"firstmore"
    assert len(read(tmp_path / "run")) == 1


def test_what_nobody_answered_when_the_recording_ends_is_kept_as_silence(tmp_path: Path) -> None:
    tape = Recorder(tmp_path / "run")

    def late(_: httpx.Request) -> httpx.Response:
        tape.close()
        return httpx.Response(200)

    client = httpx.Client(transport=tape.transport(httpx.MockTransport(late)))
    assert client.get("http://emulator.test/v1").status_code == 200
    kept = read(tmp_path / "run").exchanges[0].answer
    assert isinstance(kept, Fault)
    assert kept.kind is FaultKind.READ_TIMEOUT
