"""Are the bytes of a load those of the live driver, on the way out and on the way in?"""

import asyncio
import errno
import gzip
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.contract import decode, dig, first
from diagnostics.drafts import draft
from diagnostics.drive.authority import Authority
from diagnostics.drive.budget import Budget
from diagnostics.drive.clock import RealClock
from diagnostics.drive.driver import Slot
from diagnostics.drive.live import Bounds, Live
from diagnostics.loading.coding import decoded
from diagnostics.loading.encode import Encoder
from diagnostics.loading.flow import Flow
from diagnostics.loading.hearing import HEADS_MOST, Hearing, Known
from diagnostics.loading.keyring import Keyring, buyer
from diagnostics.loading.line import unconnected
from diagnostics.loading.naming import Names
from diagnostics.loading.origin import Origin
from diagnostics.loading.poll import poller
from diagnostics.loading.pool import Pool
from diagnostics.model import (
    Answer,
    Exchange,
    Fault,
    FaultKind,
    Headers,
    Json,
    Purpose,
    Request,
    Response,
    Target,
    TargetKind,
    Unsent,
)
from diagnostics.promise import Envelope, Reading
from tests.drive_cases import akool
from tests.load_cases import QUICK, Ear, answering, engine, one, run, until
from tests.test_live import KEY, self_signed
from tests.test_retry import Memory
from tests.wire import http

CREDIT = akool().request("getCredit")
CREATE = akool().request("createTalkingPhoto", body={"talking_photo_url": "http://h/ф.jpg"})
GOOD = http(b'{"code":1000,"data":{"credit":5}}')
KEYS: Headers = (("x-api-key", KEY),)


def live(base_url: str, kind: TargetKind, values: dict[str, str]) -> Live:
    contract = akool()
    return Live(
        contract=contract,
        target=Target(kind=kind, provider="akool", base_url=base_url),
        authority=authority(base_url, **values),
        budget=Budget(kind=kind, limit=1000.0),
        clock=RealClock(),
        recorder=Memory(),
        bounds=QUICK,
    )


def authority(base_url: str, **values: str) -> Authority:
    contract = akool()
    return Authority(
        contract=contract,
        values=values,
        register=lambda _value, _kind: None,
        hosts=frozenset({*contract.hosts, httpx.URL(base_url).host}),
    )


def by_live(base_url: str, request: Request, kind: TargetKind, **values: str) -> Answer:
    async def work() -> Answer:
        driver = live(base_url, kind, values)
        exchange = await driver.exchange(request, Slot())
        await driver.aclose()
        return exchange.answer

    return asyncio.run(work())


def by_load(base_url: str, request: Request, kind: TargetKind, **options: Any) -> Answer:
    given = {"headers": lambda _request: KEYS, "budget": Budget(kind=kind, limit=1000.0)}
    (exchange,) = run(engine(base_url, Ear(), **{**given, **options}), one(request))
    answer: Answer = exchange.answer
    return answer


# --- on the way out ---------------------------------------------------------------------------

OTHER = "http://127.0.0.2"
"""Another host that is this machine as well; nobody listens there, or the server itself does."""
REQUESTS = {
    "a read": CREDIT,
    "a create": CREATE,
    "a post of nothing": replace(CREDIT, method="POST"),
    "a put of nothing": replace(CREDIT, method="PUT"),
    "a delete with a body": replace(CREDIT, method="DELETE", body=b"{}"),
    "a head": replace(CREDIT, method="HEAD"),
    "headers of its own": replace(CREATE, headers=(("X-One", "1"), ("x-one", "2"))),
    "a length of its own": replace(CREATE, headers=(("content-length", str(len(CREATE.body))),)),
    "a host of its own": replace(CREDIT, headers=(("HOST", "elsewhere.test"),)),
    "its own agent": replace(CREDIT, headers=(("User-Agent", "somebody"),)),
    "no credentials": replace(CREDIT, authenticated=False),
    "a query": replace(CREDIT, url=CREDIT.url + "?a=b&c=%20d&e=f%2Fg&q=x y"),
    "odd letters": replace(CREDIT, url="https://openapi.akool.com/api/ф/ü%zz/../x;y?ж=1#part"),
    "the bare host": replace(CREDIT, url="https://openapi.akool.com"),
    "a query without a path": replace(CREDIT, url="https://openapi.akool.com?x=1"),
    "a port of its own": replace(CREDIT, url="https://openapi.akool.com:8443/x"),
}


@pytest.mark.parametrize("kind", [TargetKind.EMULATOR, TargetKind.LIVE])
@pytest.mark.parametrize("name", REQUESTS)
def test_the_load_driver_says_the_very_bytes_of_the_live_driver(
    name: str, kind: TargetKind
) -> None:
    with answering(lambda _: [GOOD]) as wire:
        base_url = f"{wire.base_url}/akool/"
        by_live(base_url, REQUESTS[name], kind, AKOOL_API_KEY=KEY)
        by_load(base_url, REQUESTS[name], kind)
        said, again = wire.heard
    assert again == said


@pytest.mark.parametrize("kind", [TargetKind.EMULATOR, TargetKind.LIVE])
@pytest.mark.parametrize("purpose", [Purpose.MEDIA, Purpose.CALL, Purpose.PROBE])
def test_a_request_to_a_host_of_nobody_goes_where_the_live_driver_sends_it_and_without_keys(
    kind: TargetKind, purpose: Purpose
) -> None:
    with answering(lambda _: [GOOD]) as wire:
        foreign = replace(CREDIT, url=f"{wire.base_url}/steal", purpose=purpose)
        for base_url in (f"http://localhost:{httpx.URL(wire.base_url).port}/x", OTHER):
            if base_url is OTHER and kind is TargetKind.EMULATOR:
                continue  # everything but media goes to the target, where nobody listens
            by_live(base_url, foreign, kind, AKOOL_API_KEY=KEY)
            by_load(base_url, foreign, kind)
            said, again = wire.heard[-2:]
            assert again == said
            assert purpose is not Purpose.MEDIA or KEY.encode() not in again


def test_no_key_goes_to_a_host_that_is_neither_the_target_nor_the_providers() -> None:
    with answering(lambda _: [GOOD]) as wire:
        by_load(OTHER, replace(CREDIT, url=f"{wire.base_url}/steal"), TargetKind.LIVE)
        assert KEY.encode() not in wire.heard[0]


def test_keys_are_asked_for_each_request_so_that_a_new_one_is_used_at_once() -> None:
    keys = [(("x-api-key", "invented-key-1"),), (("x-api-key", "invented-key-2"),)]
    encoder = Encoder(base_url="http://127.0.0.1:9", hosts=(), keys=lambda _request: keys.pop(0))
    first_said, then_said = (
        encoder.encode(replace(CREDIT, url="http://127.0.0.1:9/"))[1] for _ in "ab"
    )
    assert b"invented-key-1" in first_said
    assert b"invented-key-2" in then_said


SEGMENT = st.text("abcXYZ019._~-%/:@!$&'()*+,;=?#[]{}|\\^\"<> \té", max_size=12)


@given(parts=st.lists(SEGMENT, max_size=5))
def test_an_address_known_by_its_host_comes_to_what_httpx_makes_of_it(parts: list[str]) -> None:
    url = "http://127.0.0.1:9/" + "/".join(parts)
    encoder = Encoder(base_url="http://127.0.0.1:9", hosts=(), keys=lambda _request: ())
    encoder.encode(Request(method="GET", url="http://127.0.0.1:9/known"))
    try:
        meant = httpx.URL(url).raw_path
    except httpx.InvalidURL:
        return
    said = encoder.encode(Request(method="GET", url=url))[1]
    assert said.startswith(b"GET " + meant + b" HTTP/1.1\r\n")


def test_a_slash_within_a_query_is_not_taken_for_the_path() -> None:
    encoder = Encoder(base_url="http://127.0.0.1:9", hosts=(), keys=lambda _request: ())
    for value in ("/a", "/b"):
        said = encoder.encode(Request(method="GET", url=f"http://127.0.0.1:9?x={value}"))[1]
        assert said.startswith(f"GET /?x={value} HTTP/1.1\r\n".encode())


def test_a_file_is_asked_for_as_such_though_a_probe_went_the_same_way_before() -> None:
    with answering(lambda _: [GOOD]) as wire:
        url = f"{wire.base_url}/f"
        probe = Request(method="GET", url=url, purpose=Purpose.PROBE, authenticated=False)
        file = replace(probe, purpose=Purpose.MEDIA)
        run(engine(wire.base_url, Ear()), one(probe), one(file), one(probe))
        encoded = sorted(b"Accept-Encoding" in raw for raw in wire.heard)
    assert encoded == [False, True, True]


@pytest.mark.parametrize(
    "wrong",
    [
        replace(CREDIT, url="http://h:port/x", purpose=Purpose.MEDIA),
        replace(CREDIT, url="ftp://127.0.0.1/x", purpose=Purpose.MEDIA),
        replace(CREDIT, headers=(("X-A", "b\r\nX-Evil: 1"),)),
        replace(CREDIT, headers=(("X A", "b"),)),
        replace(CREDIT, headers=(("X-A", "ключ"),)),
    ],
)
def test_what_cannot_be_put_on_the_wire_is_told_as_the_live_driver_tells_it(
    wrong: Request,
) -> None:
    with answering(lambda _: [GOOD]) as wire:
        told = by_live(wire.base_url, wrong, TargetKind.LIVE, AKOOL_API_KEY=KEY)
        found = by_load(wire.base_url, wrong, TargetKind.LIVE)
        assert wire.heard == []
    assert isinstance(told, Fault)
    assert isinstance(found, Fault)
    assert (found.kind, found.may_have_arrived) == (told.kind, told.may_have_arrived)
    assert found.kind is FaultKind.BAD_REQUEST


def test_a_second_request_cannot_be_smuggled_in_a_method() -> None:
    wrong = replace(CREDIT, method="GET /x HTTP/1.1\r\nX-Evil: 1\r\n\r\nGET")
    with answering(lambda _: [GOOD]) as wire:
        found = by_load(wire.base_url, wrong, TargetKind.LIVE)
        assert wire.heard == []
    assert isinstance(found, Fault)
    assert found.kind is FaultKind.BAD_REQUEST


def test_a_key_that_is_no_header_value_is_not_quoted() -> None:
    wrong = {"headers": lambda _request: (("x-api-key", f"{KEY}\n"),)}
    found = by_load("http://127.0.0.1:9", CREDIT, TargetKind.LIVE, **wrong)
    assert isinstance(found, Fault)
    assert found.kind is FaultKind.BAD_REQUEST
    assert KEY not in found.message


# --- no connection ----------------------------------------------------------------------------


def test_nothing_listening_and_no_such_name_are_told_as_the_live_driver_tells_them() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = f"http://127.0.0.1:{closed.getsockname()[1]}"
    for base_url in (dead, "http://no-such-host.invalid"):
        told = by_live(base_url, CREDIT, TargetKind.LIVE, AKOOL_API_KEY=KEY)
        found = by_load(base_url, CREDIT, TargetKind.LIVE)
        assert isinstance(told, Fault)
        assert isinstance(found, Fault)
        assert (found.kind, found.may_have_arrived) == (told.kind, False)


def test_a_name_that_does_not_resolve_is_not_asked_for_every_time() -> None:
    nowhere = engine("http://no-such-host.invalid", Ear(), now=lambda: 100.0)
    found = run(nowhere, one(CREDIT), one(CREDIT))
    assert [exchange.answer.kind for exchange in found] == [FaultKind.DNS] * 2


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ECONNREFUSED, FaultKind.REFUSED),
        (errno.EMFILE, FaultKind.LOCAL),
        (errno.EADDRNOTAVAIL, FaultKind.LOCAL),
        (errno.ENETUNREACH, FaultKind.CONNECT),
    ],
)
def test_why_no_connection_came_about_is_told_apart(number: int, kind: FaultKind) -> None:
    found = unconnected(OSError(number, "x"))
    assert (found.kind, found.may_have_arrived) == (kind, False)


def test_a_server_that_takes_nothing_is_given_up_as_the_live_driver_gives_it_up() -> None:
    large = replace(CREDIT, method="POST", body=b"x" * 20_000_000)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        base_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        bounds = Bounds(connect_s=2.0, read_s=0.2)
        found = by_load(base_url, large, TargetKind.LIVE, bounds=bounds)
    assert found == Fault(
        kind=FaultKind.WRITE, message="could not send in time", may_have_arrived=True
    )


def test_a_server_that_hangs_up_amid_a_large_body_breaks_nothing_but_that_call() -> None:
    large = replace(CREDIT, method="POST", body=b"x" * 20_000_000)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def hang_up() -> None:
            talking, _ = listening.accept()
            talking.recv(1000)
            talking.close()  # with bytes unread: a reset

        thread = threading.Thread(target=hang_up)
        thread.start()
        base_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        found = by_load(base_url, large, TargetKind.LIVE)
        thread.join(5.0)
    assert isinstance(found, Fault)
    assert (found.kind, found.may_have_arrived) == (FaultKind.RESET, True)


def test_an_answer_that_comes_before_the_request_is_sent_is_taken_and_its_connection_left() -> None:
    large = replace(CREDIT, method="POST", body=b"x" * 20_000_000)
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer_early() -> None:
            talking, _ = listening.accept()
            with talking:
                talking.recv(1000)
                talking.sendall(GOOD)
                over.wait(5.0)

        thread = threading.Thread(target=answer_early)
        thread.start()
        loop = engine(f"http://127.0.0.1:{listening.getsockname()[1]}", Ear())
        found: list[Exchange] = []
        loop.begin(one(large), due_s=loop.now(), ended=found.append)
        until(loop, lambda: bool(found))
        left = loop.connections
        loop.close()
        over.set()
        thread.join(5.0)
    assert found[0].response is not None
    assert left == 0


@contextmanager
def deaf() -> Iterator[str]:
    """A port whose queue is full: whoever connects hears nothing."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        held = [socket.socket() for _ in range(4)]
        for one_of in held:
            one_of.settimeout(0.0)
            one_of.connect_ex(listening.getsockname())
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            for one_of in held:
                one_of.close()


def test_a_connection_that_never_comes_about_is_given_up_in_time() -> None:
    bounds = Bounds(connect_s=0.2, read_s=5.0)
    with deaf() as base_url:
        found = by_load(base_url, CREDIT, TargetKind.LIVE, bounds=bounds)
    assert isinstance(found, Fault)
    assert (found.kind, found.may_have_arrived) == (FaultKind.CONNECT_TIMEOUT, False)


def test_over_tls_an_untrusted_certificate_is_refused_and_a_trusted_one_carries_answers(
    tmp_path: Path,
) -> None:
    trusting = ssl.create_default_context()
    with answering(lambda _: [GOOD], self_signed(tmp_path)) as wire:
        base_url = wire.base_url
        told = by_live(base_url, CREDIT, TargetKind.LIVE, AKOOL_API_KEY=KEY)
        assert by_load(base_url, CREDIT, TargetKind.LIVE) == told
        assert isinstance(told, Fault)
        assert told.kind is FaultKind.TLS
        trusting.load_verify_locations(tmp_path / "cert.pem")
        trusting.check_hostname = False  # the certificate names no address
        loop = engine(base_url, Ear(), context=trusting)
        large = replace(CREDIT, method="POST", body=b"x" * 16_000_000)

        def asking() -> Any:
            return [(yield CREDIT), (yield large), (yield CREDIT)]

        (found,) = run(loop, asking())
        assert [exchange.answer.status for exchange in found] == [200, 200, 200]
        assert wire.heard[-2].endswith(large.body)


def test_the_next_address_of_a_name_is_tried_when_one_is_dead() -> None:
    heard: list[Answer] = []
    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = (int(socket.AF_INET), closed.getsockname())
    with answering(lambda _: [GOOD]) as wire:
        url = httpx.URL(wire.base_url)
        there = Origin(scheme="http", host="two.test", port=url.port or 0)
        there.addresses = [dead, (int(socket.AF_INET), ("127.0.0.1", url.port))]
        pool = Pool(
            poll=poller(),
            bounds=QUICK,
            context=None,
            now=RealClock().monotonic,
            answered=lambda _flow, answer, _at_s: heard.append(answer),
        )
        flow = Flow(one(CREDIT), "", 0, None)
        flow.sent_s = RealClock().monotonic()
        pool.send(flow, CREDIT, there, b"GET / HTTP/1.1\r\nHost: two.test\r\n\r\n")
        for _ in range(100):
            pool.round(0.1)
            if heard:
                break
        assert list(pool.close()) == []
    (answer,) = heard
    assert isinstance(answer, Response)
    assert there.addresses[1] == dead


# --- on the way in ----------------------------------------------------------------------------

BODIES = st.binary(max_size=40) | st.just(b"\r\n\r\n") | st.just(b'{"code":1000}')
HEADS = st.sampled_from(["", "X-Id: 1\r\n", "x-id: 2\r\n", "Content-Type: application/json\r\n"])


@st.composite
def said(draw: st.DrawFn) -> bytes:
    """One whole answer that leaves its connection open."""
    body, extra = draw(BODIES), draw(HEADS)
    status = draw(st.sampled_from(["200 OK", "200 ", "404 Not Found", "204 No Content"]))
    way = draw(st.sampled_from(["length", "chunks", "gzip", "after a hint"]))
    if status.startswith("204"):
        return f"HTTP/1.1 {status}\r\n{extra}\r\n".encode()
    if way == "chunks":
        head = f"HTTP/1.1 {status}\r\nTransfer-Encoding: chunked\r\n{extra}\r\n".encode()
        return head + b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in (body, b"") if c or c == b"")
    if way == "gzip":
        return http(gzip.compress(body), status=status, extra=f"Content-Encoding: gzip\r\n{extra}")
    hint = b"HTTP/1.1 103 Early Hints\r\n\r\n" if way == "after a hint" else b""
    return hint + http(body, status=status, extra=extra)


def hearing(heads: dict[bytes, Known] | None = None) -> Hearing:
    made = Hearing({} if heads is None else heads)
    made.limit = 10_000
    return made


def alone(answer: bytes) -> Answer:
    """What a parser that has never heard anything makes of it, byte by byte."""
    new = hearing()
    for at in range(len(answer)):
        found = new.feed(answer[at : at + 1])
        if found is not None:
            assert at == len(answer) - 1
            return found
    raise AssertionError(answer)


def empty_chunk_ends(answer: bytes) -> bool:
    """A chunk of no bytes ends a body, so that the generator's own end would be one too many."""
    return answer.count(b"0\r\n\r\n") > 1


@given(
    answers=st.lists(said().filter(lambda a: not empty_chunk_ends(a)), min_size=1, max_size=8),
    data=st.data(),
)
@settings(max_examples=200)
def test_a_head_that_was_heard_before_changes_nothing_and_pieces_neither(
    answers: list[bytes], data: st.DataObject
) -> None:
    one_line = hearing()
    for answer in answers:
        cut = data.draw(st.integers(0, len(answer)) | st.just(0))
        found = None
        for piece in (answer[:cut], answer[cut:]):
            assert found is None or not piece
            found = one_line.feed(piece) if piece else found
        assert found == alone(answer)
        assert one_line.keeps


@given(
    noise=st.lists(
        st.binary(min_size=1, max_size=60)
        | st.sampled_from([b"HTTP/1.1 200 OK\r\n", b"\r\n", b"Content-Length: 3\r\n", b"abc"]),
        max_size=12,
    )
)
def test_no_bytes_make_the_ear_raise_and_the_end_always_comes_to_something(
    noise: list[bytes],
) -> None:
    ear = hearing()
    for piece in noise:
        if ear.feed(piece) is not None:
            return
    assert ear.feed(b"") is not None


def test_bytes_beyond_an_answer_whose_head_is_known_end_its_connection() -> None:
    line = hearing()
    for _ in range(2):
        assert line.feed(GOOD) == alone(GOOD)
        assert line.keeps
    line.keeps = False
    assert line.feed(GOOD + b"more") == alone(GOOD)
    assert not line.keeps


def test_of_a_compressed_bomb_no_more_is_unpacked_than_is_asked_for() -> None:
    bomb = gzip.compress(b"0" * 200_000_000)
    found = decoded((("Content-Encoding", "gzip"),), bomb, 1000)
    assert 1000 < len(found) < 20_000_000


def test_heads_that_never_come_again_are_not_kept_for_ever() -> None:
    heads: dict[bytes, Known] = {}
    line = hearing(heads)
    for number in range(3 * HEADS_MOST):
        assert isinstance(line.feed(http(b"{}", extra=f"X-Id: {number}\r\n")), Response)
    assert 0 < len(heads) <= HEADS_MOST


def test_a_head_is_not_taken_at_its_word_for_a_request_that_allows_less() -> None:
    line = hearing()
    for limit, kept in ((10_000, 50), (10_000, 50), (20, 20)):
        line.limit = limit
        answer = line.feed(http(b"x" * 50))
        assert isinstance(answer, Response)
        assert (len(answer.body), answer.truncated) == (kept, kept < 50)


# --- values -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Response, Exchange, Reading])
def test_a_draft_has_the_fields_of_its_value_and_becomes_one(kind: type[Any]) -> None:
    made = draft(kind)()
    for name in kind.__slots__:
        setattr(made, name, name)
    made.__class__ = kind
    assert made == kind(**{name: name for name in kind.__slots__})
    with pytest.raises(AttributeError):
        setattr(made, kind.__slots__[0], "frozen again")


def test_of_a_value_with_other_slots_there_is_no_draft() -> None:
    class Odd:
        __slots__ = ("hidden",)

    with pytest.raises(TypeError):
        draft(Odd)


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["code", "msg", "data", "error", "message"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


def plainly(contract: Any, body: Json, status: int, operation: str) -> tuple[bool, str | None]:
    """What `Contract.read` says, spelled out without any haste."""
    known = contract.operations[operation]
    for envelope in (contract.envelopes[known.envelope], *contract.envelopes.values()):
        found = _by(envelope, body, status)
        if found is not None:
            exact = f"{status}/{found[1]}"
            return (found[0], exact) if exact in contract.errors else found
    return False, None


def _by(envelope: Envelope, body: Json, status: int) -> tuple[bool, str | None] | None:
    failed = first(body, envelope.failure) is not None
    if not envelope.success:
        return None
    codes = dig(body, envelope.code) if isinstance(body, dict) else []
    if not codes:
        return None
    code = codes[0]
    good = any(type(code) is type(word) and code == word for word in envelope.success)
    plain = None if code is None or isinstance(code, dict | list) else str(code)
    return (good and not failed, plain)


@given(body=JSONS, status=st.sampled_from([200, 401, 500]))
def test_an_answer_is_read_as_it_would_be_without_any_haste(body: Json, status: int) -> None:
    response = Response(status=status, body=json.dumps(body).encode())
    found = akool().read(response, "getCredit")
    assert (found.ok, found.code) == plainly(akool(), decode(response.body), status, "getCredit")
    assert akool().read(response, "getCredit") is found


@given(
    text=st.binary(max_size=30)
    | JSONS.map(lambda v: json.dumps(v, ensure_ascii=False).encode("utf-8", "surrogatepass")),
    around=st.sampled_from([b"", b" ", b"\n", b"\xef\xbb\xbf", b"x"]),
)
def test_json_is_decoded_as_the_standard_library_decodes_it(text: bytes, around: bytes) -> None:
    for body in (text, around + text, text + around, text.decode("latin-1").encode("utf-16")):
        try:
            meant = json.loads(body)
        except ValueError:
            meant = None
        assert repr(decode(body)) == repr(meant)


# --- credentials ------------------------------------------------------------------------------

TOKENS = {"AKOOL_CLIENT_ID": "invented-client-id-01", "AKOOL_CLIENT_SECRET": KEY}


def ring(base_url: str, memory: Memory, **values: str) -> Keyring:
    return Keyring(
        authority(base_url, **values), buyer(lambda: engine(base_url, Ear()), memory.record)
    )


def test_a_token_is_bought_before_the_first_call_that_needs_it_and_its_secret_is_not_recorded() -> (
    None
):
    memory = Memory()

    def script(raw: bytes) -> list[bytes]:
        return [
            http(b'{"code":1000,"token":"invented.token.0001"}') if b"getToken" in raw else GOOD
        ]

    with answering(script) as wire:
        keys = ring(wire.base_url, memory, **TOKENS)
        loop = engine(wire.base_url, Ear(), headers=keys.headers, renews=keys.renews)
        run(loop, *(one(CREDIT) for _ in range(3)))
        assert sum(b"getToken" in raw for raw in wire.heard) == 1
        assert sum(b"Bearer invented.token.0001" in raw for raw in wire.heard) == 3
        assert any(KEY.encode() in raw for raw in wire.heard)
    assert [told.request.operation for told in memory.kept] == ["getToken"]
    assert KEY not in repr(memory.kept)


def test_a_worn_token_is_bought_anew_and_the_call_sent_again_at_once() -> None:
    tokens = ["invented.token.0001", "invented.token.0002"]
    ear, memory = Ear(), Memory()

    def script(raw: bytes) -> list[bytes]:
        if b"getToken" in raw:
            return [http(json.dumps({"code": 1000, "token": tokens.pop(0)}).encode())]
        worn = b"0001" in raw and len(wire.heard) > 2
        return (
            [http(b'{"code":1101,"msg":"expired"}', status="401 Unauthorized")] if worn else [GOOD]
        )

    with answering(script) as wire:
        keys = ring(wire.base_url, memory, **TOKENS)
        loop = engine(wire.base_url, ear, headers=keys.headers, renews=keys.renews)

        def asking() -> Any:
            yield CREDIT
            return (yield CREDIT)

        (last,) = run(loop, asking())
    assert [told.ok for told in ear.heard] == [True, False, True]
    assert last.attempt == 2
    assert tokens == []


def test_when_no_token_can_be_had_the_call_stays_here() -> None:
    with answering(lambda _: [http(b'{"code":1101,"msg":"no"}')]) as wire:
        keys = ring(wire.base_url, Memory(), **TOKENS)
        found = by_load(wire.base_url, CREDIT, TargetKind.LIVE, headers=keys.headers)
        assert isinstance(found, Unsent)
        assert all(b"getToken" in raw for raw in wire.heard)


def test_a_plain_key_is_looked_up_once_and_no_token_is_ever_renewed() -> None:
    keys = ring("http://127.0.0.1:9", Memory(), AKOOL_API_KEY=KEY)
    assert keys.headers(CREDIT) == KEYS
    assert keys.headers(CREDIT) is keys.headers(CREATE)
    assert keys.headers(replace(CREDIT, authenticated=False)) == ()
    assert keys.renews is None


# --- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://cdn.test/a/65f0c0ffee0000000007/out.mp4", "GET cdn.test/a/*/out.mp4"),
        ("https://cdn.test/0a1b2c3d.mp4?sig=secret", "GET cdn.test/*.mp4"),
        ("https://cdn.test/v1/video", "GET cdn.test/v1/video"),
        (
            "https://openapi.akool.com/api/open/v3/nothing",
            "GET openapi.akool.com/api/open/v3/nothing",
        ),
        (CREDIT.url, "getCredit"),
        ("http://[half", "GET no address"),
    ],
)
def test_a_request_is_counted_under_a_name_that_holds_no_id(url: str, name: str) -> None:
    assert Names(akool()).of(Request(method="GET", url=url)) == name


def test_there_is_an_end_of_names() -> None:
    names = Names(akool())
    words = [f"{a}{b}" for a in "abcdefghijklmnopqrstuvwxyz" for b in "abcdefghijklmnop"]
    told = {names.of(Request(method="GET", url=f"http://{word}.test/")) for word in words}
    assert len(told) == 201
    assert "GET elsewhere" in told
