"""Does anything a stranger sends make the emulator raise, hang or stay silent?"""

import asyncio
import json
import socket
import time
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from diagnostics.contract_load import load
from diagnostics.drive.clock import VirtualClock, run
from diagnostics.emulator.app import Emulator
from diagnostics.emulator.faults import load_plan
from diagnostics.emulator.serve import Served
from tests.emulating import BALANCE, CREATE, STATUS, TOKEN

CONTRACT = load("akool")
CLOCK = VirtualClock(1_795_000_000.0)
EMULATOR = Emulator(CONTRACT, clock=CLOCK, credits=1e12, per_minute=1e12)
OPERATIONS = sorted(CONTRACT.operations)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["https://example.com/a", "http://[", "a,b,,", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
header_values = st.binary(max_size=40).filter(lambda value: b"\n" not in value)
headers = st.lists(
    st.tuples(
        st.sampled_from([b"x-api-key", b"authorization", b"range", b"content-type", b"x"]),
        header_values | st.just(EMULATOR.key.encode()) | st.just(b"Bearer invented"),
    ),
    max_size=5,
)


def answered(
    method: str, path: str, query: bytes, given_headers: list[Any], body: bytes
) -> tuple[int, dict[bytes, bytes], bytes]:
    """One request straight at the application; exactly one whole answer must come back."""
    said: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": given_headers,
    }
    run(EMULATOR(scope, receive, send), CLOCK)
    start, *parts = said
    assert start["type"] == "http.response.start"
    assert all(part["type"] == "http.response.body" for part in parts)
    assert not parts[-1].get("more_body")
    whole = b"".join(part.get("body", b"") for part in parts)
    shown = dict(start["headers"])
    if method != "HEAD":
        assert int(shown[b"content-length"]) == len(whole)
    return start["status"], shown, whole


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "X" * 300]),
    st.text(max_size=60)
    | st.sampled_from([BALANCE, CREATE, STATUS, TOKEN, "/_media/", "/_emulator"]),
    st.binary(max_size=60),
    headers,
    st.binary(max_size=80),
)
@example("GET", "/_media/out/\ud800.mp4", b"", [], b"")
@example("GET", BALANCE, b"&" * 5000, [(b"x-api-key", EMULATOR.key.encode())], b"")
def test_any_request_gets_one_whole_answer(
    method: str, path: str, query: bytes, given_headers: list[Any], body: bytes
) -> None:
    status, shown, _ = answered(method, path, query, given_headers, body)
    assert status in {200, 206, 404, 405, 416}
    assert {b"date", b"server", b"x-request-id", b"x-diagnostics-emulator"} <= set(shown)


@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(OPERATIONS), json_values, st.data())
def test_any_json_to_any_operation_gets_a_business_answer(
    name: str, value: Any, data: st.DataObject
) -> None:
    op = CONTRACT.operations[name]
    if isinstance(value, dict) and op.body_schema and op.examples:
        right = next(iter(op.examples.values()))
        places = list(right) or ["x"]
        value = {**right, data.draw(st.sampled_from(places)): value}
    body = json.dumps(value).encode()
    key = [(b"x-api-key", EMULATOR.key.encode())]
    path = op.path.replace("{_id}", "0" * 24)
    status, shown, answer = answered(op.method, path, b"a=1&_ids=,&page=x", key, body)
    assert status == 200
    assert shown[b"content-type"].startswith(b"application/json")
    envelope = CONTRACT.envelopes[op.envelope]
    decoded = json.loads(answer, parse_constant=pytest.fail)
    assert envelope.code in decoded
    assert EMULATOR.account.credits > 0


@pytest.mark.parametrize("depth", [50, 200, 900, 100_000])
def test_deep_json_is_refused_or_answered_and_never_raises(depth: int) -> None:
    body = b'{"talking_photo_url":' + b"[" * depth + b"]" * depth + b"}"
    key = [(b"x-api-key", EMULATOR.key.encode())]
    _, _, answer = answered("POST", CREATE, b"", key, body)
    assert json.loads(answer)["code"] == 1003


def test_jobs_and_records_are_bounded() -> None:
    assert EMULATOR.seen.maxlen
    assert EMULATOR.charged.maxlen


# --- the port ---------------------------------------------------------------------------------


def raw(port: int, data: bytes, *, hang_up: bool = True) -> bytes:
    """Whatever comes back for these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        heard = b""
        try:
            connection.sendall(data)
            if hang_up:
                connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65_536):
                heard += part
        except OSError:
            pass  # the server may hang up at once: that is an answer too
        return heard


def test_bytes_that_are_no_http_do_not_end_the_server() -> None:
    with Served(CONTRACT) as server:
        port = int(server.base_url.rpartition(":")[2])
        for data in (
            b"\x16\x03\x01\x02\x00",
            b"GET\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"GET / HTTP/1.1\r\n" + b"a: " + b"b" * 200_000 + b"\r\n\r\n",
            b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n",
            b"POST " + CREATE.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{",
            b"GET /%ff%00%0a HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        ):
            raw(port, data)
        about = httpx.get(f"{server.base_url}/_emulator", trust_env=False)
        assert about.json()["provider"] == "akool"


def test_endless_headers_and_addresses_end_the_connection() -> None:
    with Served(CONTRACT) as server:
        port = int(server.base_url.rpartition(":")[2])
        assert b" 200 " not in raw(port, b"GET /_emulator HTTP/1.1\r\n" + b"a: b\r\n" * 40_000)
        huge = (
            b"POST " + CREATE.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n"
        )
        assert b" 413 " in raw(port, huge + b" " * 11_000_000)


def test_several_requests_on_one_connection_are_answered_in_order() -> None:
    with Served(CONTRACT) as server:
        port = int(server.base_url.rpartition(":")[2])
        one = b"GET /_emulator HTTP/1.1\r\nHost: x\r\n\r\n"
        last = b"GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        heard = raw(port, one + one + last, hang_up=False)
        assert heard.count(b"HTTP/1.1 200 OK") == 2
        assert heard.index(b"404") > heard.rindex(b"200 OK")


def test_a_caller_who_gives_up_on_a_hung_call_is_forgotten() -> None:
    with Served(CONTRACT, faults=load_plan("hang")) as server:
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{server.base_url}{BALANCE}", timeout=0.2, trust_env=False)
        deadline_s = time.monotonic() + 5
        while not any(one.status == 0 for one in server.emulator.seen):
            assert time.monotonic() < deadline_s
            httpx.get(f"{server.base_url}/_media/none", trust_env=False)


def test_a_reset_is_a_real_one_and_not_a_polite_end() -> None:
    with Served(CONTRACT, faults=load_plan("connection-reset")) as server:
        port = int(server.base_url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(f"GET {BALANCE} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            with pytest.raises(ConnectionResetError):
                connection.recv(100)


def test_two_servers_stand_side_by_side_and_end_at_once() -> None:
    async def ask(url: str) -> int:
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.get(f"{url}/_emulator")).status_code

    with Served(CONTRACT) as first, Served(CONTRACT) as second:
        assert first.base_url != second.base_url
        assert asyncio.run(ask(first.base_url)) == asyncio.run(ask(second.base_url)) == 200
    with pytest.raises(httpx.ConnectError):
        asyncio.run(ask(first.base_url))
