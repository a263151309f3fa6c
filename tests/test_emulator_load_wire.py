"""Is what is answered at once the same as what goes uvicorn's way, and nothing lost on the wire?"""

import asyncio
import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.contract_load import load
from diagnostics.drive.clock import VirtualClock
from diagnostics.drive.inprocess import AsgiTransport
from diagnostics.emulator.app import Emulator
from diagnostics.emulator.call import Prompt
from diagnostics.emulator.overload import pressure
from diagnostics.emulator.serve import Served
from diagnostics.emulator.town import Town
from tests.emulating import BALANCE, CREATE, STATUS, TOKEN, plan_of

AKOOL = load("akool")
WAIT_S = 10.0


@contextmanager
def connected(served: Served) -> Iterator[socket.socket]:
    port = int(served.base_url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT_S) as sock:
        yield sock


def request(served: Served, method: str, path: str, *fields: str, body: bytes = b"") -> bytes:
    more = [f"content-length: {len(body)}"] if body else []
    head = [f"{method} {path} HTTP/1.1", "host: here", f"x-api-key: {served.emulator.key}"]
    return "\r\n".join([*head, *more, *fields, "", ""]).encode() + body


def create_body(served: Served, **changed: Any) -> bytes:
    base = served.emulator.media_base
    right = {"talking_photo_url": f"{base}/face.jpg", "audio_url": f"{base}/speech.mp3"}
    return json.dumps({**right, "resolution": "720", **changed}).encode()


def answers(sock: socket.socket, count: int) -> list[tuple[int, bytes]]:
    """That many whole answers, or as many as come before the end."""
    held, found = b"", list[tuple[int, bytes]]()
    while len(found) < count:
        head, end, rest = held.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        if end and length and len(rest) >= int(length[1]):
            found.append((int(head.split()[1]), rest[: int(length[1])]))
            held = rest[int(length[1]) :]
            continue
        part = sock.recv(65_536)
        if not part:
            break
        held += part
    return found


@pytest.fixture
def served() -> Iterator[Served]:
    with Served(AKOOL, credits=1e6) as one:
        yield one


def test_requests_that_come_together_are_answered_in_their_order(served: Served) -> None:
    create = request(served, "POST", CREATE, body=create_body(served))
    media = request(served, "GET", "/_media/face.jpg")
    balance = request(served, "GET", BALANCE)
    with connected(served) as sock:
        sock.sendall(create + media + balance + create + balance)
        found = answers(sock, 5)
    assert [status for status, _ in found] == [200] * 5
    assert found[1][1][:2] == b"\xff\xd8"
    shown = [json.loads(found[index][1])["data"] for index in (0, 2, 3, 4)]
    assert ["_id" in one for one in shown] == [True, False, True, False]
    assert (
        shown[1]["credit"] - shown[3]["credit"]
        == AKOOL.operations["createTalkingPhoto"].price.emulated
    )
    assert served.emulator.answered == 5


def test_a_request_that_comes_byte_by_byte_is_one_request(served: Served) -> None:
    with connected(served) as sock:
        for byte in request(served, "POST", CREATE, body=create_body(served)):
            sock.sendall(bytes([byte]))
        found = answers(sock, 1)
    assert json.loads(found[0][1])["code"] == 1000
    assert len(served.emulator.charged) == 1


def test_a_chunked_body_is_read_like_any_other(served: Served) -> None:
    body = create_body(served)
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    with connected(served) as sock:
        sock.sendall(request(served, "POST", CREATE, "transfer-encoding: chunked") + chunks)
        found = answers(sock, 1)
    assert json.loads(found[0][1])["code"] == 1000


def test_a_field_after_the_body_changes_nothing(served: Served) -> None:
    body = create_body(served)
    chunks = b"%x\r\n%b\r\n0\r\nexpect: 100-continue\r\n\r\n" % (len(body), body)
    with connected(served) as sock:
        sock.sendall(request(served, "POST", CREATE, "transfer-encoding: chunked") + chunks)
        assert json.loads(answers(sock, 1)[0][1])["code"] == 1000


def test_a_long_body_goes_uvicorns_way_and_arrives_whole(served: Served) -> None:
    body = create_body(served, prompt="x" * 300_000)
    with connected(served) as sock:
        sock.sendall(request(served, "POST", CREATE, body=body))
        long = answers(sock, 1)
        sock.sendall(request(served, "GET", BALANCE))
        after = answers(sock, 1)
    assert json.loads(long[0][1])["code"] in {1000, 1003}
    assert after[0][0] == 200


@pytest.mark.parametrize("field", ["connection: close", "Connection: Close"])
def test_who_asks_for_it_is_hung_up_on(served: Served, field: str) -> None:
    with connected(served) as sock:
        sock.sendall(request(served, "GET", BALANCE, field))
        assert len(answers(sock, 2)) == 1
        assert sock.recv(1) == b""


def test_who_waits_for_leave_to_send_a_body_is_given_it(served: Served) -> None:
    whole = request(served, "POST", CREATE, "expect: 100-continue", body=create_body(served))
    head, end, body = whole.partition(b"\r\n\r\n")
    with connected(served) as sock:
        sock.sendall(head + end)
        assert sock.recv(1000).startswith(b"HTTP/1.1 100 ")
        sock.sendall(body)
        assert json.loads(answers(sock, 1)[0][1])["code"] == 1000


@pytest.mark.parametrize(
    "sent",
    [b"GARBAGE\r\n\r\n", b"GET /\xff HTTP/1.1\r\nhost: x\r\n\r\n",
     b"GET //[ HTTP/1.1\r\nhost: x\r\n\r\n",
     b"GET * HTTP/1.1\r\nhost: x\r\n\r\n", b"GET http://[/ HTTP/1.1\r\nhost: x\r\n\r\n",
     b"OPTIONS * HTTP/1.1\r\nhost: x\r\nupgrade: y\r\nconnection: upgrade\r\n\r\n"],
)  # fmt: skip
def test_nonsense_harms_nobody_else(served: Served, sent: bytes) -> None:
    with connected(served) as sock:
        sock.sendall(sent)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65_536):
            pass
    with connected(served) as sock:
        sock.sendall(request(served, "GET", BALANCE))
        assert answers(sock, 1)[0][0] == 200


def test_a_plan_bends_its_share_of_what_is_answered_at_once(tmp_path: Path) -> None:
    plan = plan_of(
        tmp_path,
        {"target": "balance", "calls": 2, "do": {"reset": "before"}},
        {"target": "balance", "calls": 3, "do": {"status": 503, "headers": {"retry-after": "7"}}},
        {"target": "balance", "calls": 4, "do": {"set": {"data.credit": -1}}},
    )
    with Served(AKOOL, faults=plan) as served:
        asked = request(served, "GET", BALANCE)
        with connected(served) as sock:
            sock.sendall(asked)
            assert answers(sock, 1)[0][0] == 200
            sock.sendall(asked)
            with pytest.raises(ConnectionResetError):
                answers(sock, 1)
        with connected(served) as sock:
            sock.sendall(asked * 3)
            bad, set_, good = answers(sock, 3)
    assert bad[0] == 503
    assert [json.loads(body)["data"]["credit"] for _, body in (set_, good)] == [-1, 1000]


def test_a_breakdown_of_ours_is_a_500_and_the_server_goes_on(served: Served) -> None:
    def broken(_asked: Prompt) -> bytes:
        raise ZeroDivisionError

    asked = request(served, "GET", BALANCE)
    with connected(served) as sock:
        sock.sendall(asked)
        assert answers(sock, 1)[0][0] == 200
        served.emulator.prompt = broken  # type: ignore[assignment,method-assign]  # the seam of the protocol
        with connected(served) as third:
            third.sendall(asked)
            assert answers(third, 1)[0][0] == 500
            assert third.recv(1) == b""
        del served.emulator.prompt
        sock.sendall(asked)
        assert answers(sock, 1)[0][0] == 200


# --- the same by both ways --------------------------------------------------------------------

ASKED = [
    ("GET", BALANCE, b"", True),
    ("GET", BALANCE, b"", False),
    ("GET", f"{STATUS}?video_model_id=nobody", b"", True),
    ("GET", f"{STATUS}?video_model_id=%D1%8F&x[]=1", b"", True),
    ("POST", CREATE, b'{"resolution": "720"}', True),
    ("POST", CREATE, b"not json", True),
    ("POST", CREATE, b"", True),
    ("POST", CREATE, b"MEDIA", True),
    ("POST", TOKEN, b'{"clientId": "x", "clientSecret": "y"}', True),
    ("POST", BALANCE, b"", True),
    ("GET", "/nowhere", b"", True),
    ("HEAD", BALANCE, b"", True),
    ("GET", "/_media/face.jpg", b"", True),
]


@pytest.mark.parametrize(("method", "target", "body", "known"), ASKED)
def test_both_ways_say_the_same(method: str, target: str, body: bytes, known: bool) -> None:  # noqa: FBT001  # a case
    one, other = (Emulator(AKOOL, clock=VirtualClock(1_795_000_000.0)) for _ in range(2))
    if body == b"MEDIA":
        base = one.media_base
        body = json.dumps(
            {
                "talking_photo_url": f"{base}/face.jpg",
                "audio_url": f"{base}/speech.mp3",
                "resolution": "720",
            }
        ).encode()
    headers = {"x-api-key": one.key} if known else {}

    async def slowly() -> httpx.Response:
        async with httpx.AsyncClient(transport=AsgiTransport(one), base_url=one.base_url) as client:
            return await client.request(method, target, content=body, headers=headers)

    expected = asyncio.run(slowly())
    fields = [(name.encode(), value.encode()) for name, value in headers.items()]
    path, _, query = target.partition("?")
    told = other.prompt(Prompt(method, path, query.encode(), fields, body, None))
    if told is None:
        assert method == "HEAD" or other.contract.match(method, target) is None
        return
    assert isinstance(told, bytes)
    head, _, said = told.partition(b"\r\n\r\n")
    status, *shown = head.decode().split("\r\n")
    assert status.split()[1] == str(expected.status_code)
    assert [tuple(line.split(": ", 1)) for line in shown] == [*expected.headers.items()]
    assert said == expected.content
    assert one.seen == other.seen


FIELD = st.tuples(st.sampled_from([b"x-api-key", b"authorization", b"host", b"x"]), st.binary())
HOSTILE = Town([Emulator(load(name), clock=VirtualClock()) for name in ("akool", "heygen")])
ADDRESSES = [
    f"/{name}{op.path}"
    for name, one in HOSTILE.emulators.items()
    for op in one.contract.operations.values()
]


KEYS = [(b"x-api-key", one.key.encode()) for one in HOSTILE.emulators.values()]
ASKS = st.builds(
    Prompt,
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "TRACE"]),
    path=st.sampled_from(ADDRESSES) | st.text(),
    query_string=st.binary() | st.just(b"video_model_id=x"),
    headers=st.lists(FIELD, max_size=4) | st.sampled_from([KEYS[:1], KEYS[1:]]),
    body=st.binary() | st.from_type(dict).map(lambda one: json.dumps(one, default=str).encode()),
    port=st.just(80),
)


@given(ASKS)
def test_whatever_comes_is_answered_at_once_or_left_to_the_slow_way(asked: Prompt) -> None:
    told = HOSTILE.prompt(asked)
    assert told is None or (isinstance(told, bytes) and told.startswith(b"HTTP/1.1 "))


def test_an_input_on_this_machine_is_not_looked_at_at_once() -> None:
    emulator = Emulator(AKOOL, clock=VirtualClock())
    body = b'{"talking_photo_url": "http://127.0.0.1:1/a.jpg", "audio_url": "http://127.0.0.1:1/b.mp3"}'
    key = [(b"x-api-key", emulator.key.encode())]
    assert emulator.prompt(Prompt("POST", CREATE, b"", key, body, None)) is None
    assert not emulator.answered


def test_an_emulator_that_takes_its_time_answers_nothing_at_once() -> None:
    emulator = Emulator(AKOOL, clock=VirtualClock(), pressure=pressure({"answer_s": 0.1}))
    key = [(b"x-api-key", emulator.key.encode())]
    assert emulator.prompt(Prompt("GET", BALANCE, b"", key, b"", None)) is None
