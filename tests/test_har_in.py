"""Is every tool's HAR read, whatever is odd, broken, torn or left out in it?"""

import base64
import json
import zlib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from diagnostics import capture
from diagnostics.capture import Capture, Raw
from diagnostics.captures.har import READER
from diagnostics.errors import UsageError
from diagnostics.model import Fault, FaultKind, Response, Unsent, UnsentReason
from tests import har_cases as cases

NAME = "capture.har"


def read(data: bytes, path: Path | None = None) -> Capture:
    raw = Raw(name=NAME, data=data, path=path)
    assert READER.recognises(raw)
    return READER.read(raw)


def entry(**changed: Any) -> dict[str, Any]:
    """A create that was refused, with other fields."""
    made = cases.plain(cases.refused()[-1])
    for name, value in changed.items():
        part, _, key = name.partition("__")
        if key:
            made[part][key] = value
        else:
            made[part] = value
    return made


def of_entries(*entries: Any, **log: Any) -> bytes:
    return json.dumps(
        {"log": {"version": "1.2", "creator": {}, "entries": entries, **log}}
    ).encode()


def one(**changed: Any) -> Any:
    found = read(of_entries(entry(**changed)))
    assert not found.broken, found.broken
    return found.exchanges[0]


# --- the tools ----------------------------------------------------------------------------------


@pytest.mark.parametrize("tool", cases.TOOLS)
def test_every_tool_tells_the_same_story(tool: str) -> None:
    found = read(cases.bytes_of(cases.healthy(), tool))
    assert [e.request.url for e in found.exchanges] == [c.url for c in cases.healthy()[5:]]
    assert [e.source for e in found.exchanges] == [f"{NAME}: entry {n}" for n in range(6, 13)]
    create, film = found.exchanges[2], found.exchanges[6]
    assert json.loads(create.request.body) == cases.BODY
    assert json.loads(create.response.body)["data"]["_id"] == cases.JOB if create.response else 0
    assert film.response is not None
    assert film.response.body == (cases.SAMPLES / "clip.mp4").read_bytes()
    assert create.started_s == cases.BEGAN_S + 10
    assert found.elsewhere == {"www.invented-shop.example": 5}
    assert found.creator.startswith(cases.TOOLS[tool][1])
    assert not found.broken


@pytest.mark.parametrize("tool", cases.TOOLS)
@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("net::ERR_CONNECTION_REFUSED", FaultKind.REFUSED),
        ("net::ERR_NAME_NOT_RESOLVED", FaultKind.DNS),
        ("net::ERR_CERT_AUTHORITY_INVALID", FaultKind.TLS),
        ("net::ERR_CONNECTION_RESET", FaultKind.RESET),
        ("read timed out", FaultKind.READ_TIMEOUT),
    ],
)
def test_a_failure_is_known_by_the_tools_words(tool: str, words: str, kind: FaultKind) -> None:
    call = cases.Call(url=cases.CREATE, method="POST", body=cases.BODY, failure=words)
    answer = read(cases.bytes_of([call], tool)).exchanges[0].answer
    assert isinstance(answer, Fault)
    assert answer.kind is kind
    assert words in answer.message


@pytest.mark.parametrize(
    "words", ["net::ERR_ABORTED", "cancelled", "", "net::ERR_BLOCKED_BY_CLIENT"]
)
def test_of_a_call_that_was_given_up_nothing_is_claimed(words: str) -> None:
    answer = one(response={"status": 0, "_error": words}).answer
    assert isinstance(answer, Unsent)
    assert answer.reason is UnsentReason.NOT_RECORDED


def test_a_body_that_was_cut_is_a_failure_with_what_had_come() -> None:
    answer = one(response__status=200, response___error="net::ERR_CONTENT_LENGTH_MISMATCH").answer
    assert isinstance(answer, Fault)
    assert answer.kind is FaultKind.CUT_BODY
    assert answer.status == 200
    assert b"1015" in answer.body


# --- what is odd --------------------------------------------------------------------------------


def test_a_mark_and_utf_16_are_no_obstacle() -> None:
    text = json.dumps(cases.har(cases.refused()), ensure_ascii=False)
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"):
        mark = {"utf-16-le": "\ufeff", "utf-16-be": "\ufeff"}.get(encoding, "")
        assert len(read((mark + text).encode(encoding)).exchanges) == 2


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("2026-11-20T10:00:00.000Z", 1795168800.0),
        ("2026-11-20T10:00:00.1234567-07:00", 1795194000.123456),
        ("2026-11-20T13:00:00+0300", 1795168800.0),
        ("2026-11-20 10:00:00", 1795168800.0),
        (1795168800000, 1795168800.0),
        (1795168800.5, 1795168800.5),
        ("1795168800000", 1795168800.0),
        ("yesterday", 0.0),
        ("", 0.0),
        (None, 0.0),
        (-5, 0.0),
        (True, 0.0),
        ("9999999-01-01", 0.0),
        (1e300, 0.0),
    ],
)
def test_a_time_in_any_shape_is_read_or_left_open(given_: Any, expected: float) -> None:
    assert one(startedDateTime=given_).started_s == pytest.approx(expected, abs=0.001)


@pytest.mark.parametrize(
    ("time", "timings", "expected"),
    [
        (250, {}, 0.25),
        (None, {"blocked": 1, "wait": 99, "receive": -1}, 0.1),
        (-1, {"wait": 5}, 0.005),
        ("250", None, 0.25),
        (0, None, 0.0),
        ("soon", "later", 0.0),
        (float("inf"), {"wait": float("nan")}, 0.0),
    ],
)
def test_how_long_it_took_is_told_by_whatever_is_there(
    time: Any, timings: Any, expected: float
) -> None:
    assert one(time=time, timings=timings).duration_s == pytest.approx(expected)


def test_phases_and_peer_are_kept() -> None:
    timings = {"dns": 10, "connect": 50, "ssl": 30, "send": 1, "wait": 400, "receive": 5}
    wire = one(timings=timings, serverIPAddress="[2001:db8::1]").wire
    assert (wire.dns_s, wire.tls_s, wire.first_byte_s) == (0.01, 0.03, 0.4)
    assert wire.connect_s == pytest.approx(0.02)
    assert wire.address == "2001:db8::1"
    assert not wire.reused


@pytest.mark.parametrize(
    ("posted", "body"),
    [
        ({"text": '{"a": 1}'}, b'{"a": 1}'),
        ({"text": base64.b64encode(b"\x00\xff").decode(), "encoding": "base64"}, b"\x00\xff"),
        ({"params": [{"name": "a", "value": "1 2"}, {"name": "b"}]}, b"a=1+2&b="),
        ({"text": {"a": 1}}, b'{"a": 1}'),
        ("bare", b"bare"),
        ({"text": "\ud83d"}, b"\\ud83d"),
        (None, b""),
        ({}, b""),
        (7, b""),
    ],
)
def test_a_body_is_read_from_text_base64_or_fields(posted: Any, body: bytes) -> None:
    assert one(request__postData=posted).request.body == body


@pytest.mark.parametrize(
    ("text", "body"), [("a", b"a"), ("[oops", b""), ('["e30=", 7]', b"{}"), ("e30", b"{}")]
)
def test_base64_in_pieces_cut_or_broken_is_read_as_far_as_it_goes(text: str, body: bytes) -> None:
    assert one(response__content={"text": text, "encoding": "base64"}).response.body == body


def test_words_that_name_no_failure_claim_none() -> None:
    assert isinstance(one(response={"status": 0, "_error": "the moon was full"}).answer, Unsent)


def test_a_redirect_to_nowhere_and_many_mentions_do_no_harm() -> None:
    many = {"code": 1000, "data": [f"https://files.test/{n}" for n in range(21_000)]}
    calls = [
        cases.Call(url=cases.FACE, status=302, extra={"Location": "http://[bad"}, keyed=False),
        *cases.refused()[4:],
        cases.Call(url=cases.CREATE, method="POST", body={}, answer=many),
        cases.Call(url="https://files.test/20999", answer=b"x", keyed=False),
    ]
    found = read(cases.bytes_of(calls))
    assert [e.request.url for e in found.exchanges] == [cases.FACE, *[cases.CREATE] * 3]


def test_headers_may_be_an_object_or_missing() -> None:
    assert one(request__headers={"X-Trace": "7"}).request.headers[0] == ("X-Trace", "7")
    assert one(request__headers=None).request.headers == (("Content-Type", "application/json"),)
    odd = [{"name": "a", "value": 1}, {"name": None}, "x", {"value": "y"}, {"name": ":path"}]
    assert one(request__headers=odd).request.headers[0] == ("a", "1")


def test_an_address_is_put_together_from_http_2_fields() -> None:
    pseudo = [
        {"name": ":authority", "value": "openapi.akool.com"},
        {"name": ":scheme", "value": "https"},
        {"name": ":path", "value": "/api/open/v3/content/video/createbytalkingphoto"},
    ]
    assert one(request__url="", request__headers=pseudo).request.url == cases.CREATE


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("deflate", zlib.compress),
        ("br", import_module("brotli").compress),
        ("", lambda data: data),
        ("gzip", lambda data: data),
        ("br", lambda data: data),
    ],
)
def test_a_body_left_compressed_is_unpacked_and_a_decoded_one_left_alone(
    encoding: str, packed: Any
) -> None:
    plain = json.dumps({"code": 1015, "msg": "create video error"}).encode()
    content = {"size": 9, "text": base64.b64encode(packed(plain)).decode(), "encoding": "base64"}
    headers = [{"name": "Content-Encoding", "value": encoding}]
    assert one(response__content=content, response__headers=headers).response.body == plain


def test_a_bomb_in_a_body_ends_at_our_bound() -> None:
    machine = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(machine.compress(bytes(2**20)) for _ in range(65)) + machine.flush()
    content = {"text": base64.b64encode(bomb).decode(), "encoding": "base64"}
    response = one(response__content=content).response
    assert response.truncated
    assert response.body == b""


def test_a_body_that_was_not_kept_is_said_to_be_missing() -> None:
    response = one(response__content={"size": 120, "mimeType": "application/json"}).response
    assert response.truncated
    assert response.size_bytes == 120
    empty = one(response__content={"size": 0}, response__headers=[]).response
    assert not empty.truncated
    claimed = one(response__content={"size": 0, "text": ""}).response  # Chromium, of a download
    assert claimed.truncated
    assert claimed.size_bytes == 43


def test_that_a_call_had_a_body_is_known_though_it_was_not_kept() -> None:
    request = one(request__postData={"text": "", "params": []}, request__bodySize=136).request
    assert request.body == b""
    assert ("Content-Length", "136") in request.headers


def test_a_body_may_stand_in_a_file_beside(tmp_path: Path) -> None:
    (tmp_path / "abc.json").write_bytes(b'{"code": 1015}')
    content = {"size": 14, "_file": "abc.json"}
    path = tmp_path / NAME
    found = read(of_entries(entry(response__content=content)), path).exchanges[0]
    assert found.response is not None
    assert found.response.body == b'{"code": 1015}'


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "a/b", "", "..", "a\\b", "x" * 999])
def test_no_file_elsewhere_is_ever_read(name: str, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "secret").write_bytes(b"invented")
    content = {"size": 14, "_file": name}
    found = read(of_entries(entry(response__content=content)), tmp_path / "home" / NAME)
    assert found.exchanges[0].response is not None
    assert found.exchanges[0].response.body == b""


# --- which entries matter -----------------------------------------------------------------------


def test_of_thousands_of_entries_only_those_of_a_provider_are_taken() -> None:
    calls = [*cases.noise(3000), *cases.refused()[4:], *cases.noise(1812)]
    found = read(json.dumps(cases.har(calls)).encode())
    assert [e.source for e in found.exchanges] == [f"{NAME}: entry {n}" for n in (3001, 3002)]
    assert sum(found.elsewhere.values()) == 4812


def test_a_redirect_of_an_input_is_followed() -> None:
    moved = "https://storage.invented-bucket.net/real.jpg"
    calls = [
        cases.Call(url=cases.FACE, status=302, extra={"Location": moved}, keyed=False, answer=b""),
        cases.Call(url=moved, answer=b"\xff\xd8\xff", kind="image/jpeg", keyed=False),
        *cases.refused()[4:],
    ]
    assert moved in [e.request.url for e in read(cases.bytes_of(calls)).exchanges]


@pytest.mark.parametrize(
    "url", ["data:image/png;base64,AAAA", "blob:https://x.test/1", "wss://x.test/s"]
)
def test_what_is_no_call_at_all_is_counted(url: str) -> None:
    found = read(of_entries(entry(request__url=url)))
    assert not found.exchanges
    assert sum(found.elsewhere.values()) == 1


# --- what is broken -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [None, 7, "entry", [], {}, {"request": None}, {"request": {"url": ""}}, {"request": []}],
)
def test_a_broken_entry_is_named_and_the_others_are_read(bad: Any) -> None:
    found = read(of_entries(entry(), bad, entry()))
    assert len(found.exchanges) == 2
    assert [one.place for one in found.broken] == [f"{NAME}: entry 2 (log.entries[1])"]
    assert found.broken[0].why.en != found.broken[0].why.ru
    assert found.exchanges[1].source == f"{NAME}: entry 3"


def test_a_status_that_is_no_number_breaks_its_entry_only() -> None:
    found = read(of_entries(entry(response__status="fine"), entry()))
    assert len(found.exchanges) == len(found.broken) == 1


def test_an_entry_that_is_no_json_costs_only_itself() -> None:
    whole = json.dumps(entry())
    for bad in (
        '{"request": {"url": "x" ',
        '{"request": "x, "time": 1}',
        '{"time": 1,, }',
        "{nan}",
    ):
        text = f'{{"log": {{"version": "1.2", "entries": [{whole}, {bad}, {whole}]}}}}'
        found = read(text.encode())
        assert len(found.exchanges) == 2, bad
        assert found.broken, bad


def test_a_torn_file_gives_the_entries_before_the_cut() -> None:
    data = cases.bytes_of(cases.healthy()[5:])
    found = read(data[: len(data) - 3000])
    assert len(found.exchanges) == 6
    assert found.broken[-1].why.en == "the file ends in the middle of it"


SMALL = cases.bytes_of(cases.refused()[2:])


@given(st.integers(min_value=0, max_value=len(SMALL)))
@settings(max_examples=200, deadline=None)
def test_a_file_cut_anywhere_never_raises(cut: int) -> None:
    raw = Raw(name=NAME, data=SMALL[:cut])
    if not READER.recognises(raw):
        return
    try:
        found = READER.read(raw)
    except UsageError:
        assert b'"entries": [' not in SMALL[:cut]
        return
    whole = READER.read(Raw(name=NAME, data=SMALL))
    assert list(found.exchanges) == list(whole.exchanges)[: len(found.exchanges)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
PLACES = [
    ("request",), ("request", "url"), ("request", "method"), ("request", "headers"),
    ("request", "postData"), ("request", "postData", "text"), ("request", "queryString"),
    ("response",), ("response", "status"), ("response", "headers"), ("response", "content"),
    ("response", "content", "text"), ("response", "content", "encoding"),
    ("response", "content", "size"), ("response", "_error"), ("response", "statusText"),
    ("response", "httpVersion"), ("startedDateTime",), ("time",), ("timings",),
    ("timings", "wait"), ("serverIPAddress",), ("comment",), ("_error",),
]  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(PLACES), JSON), min_size=1, max_size=4))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example([(("startedDateTime",), "1e309")])
@example([(("response", "status"), float("nan"))])
def test_no_json_in_any_place_makes_the_reader_raise(changes: list[tuple[Any, Any]]) -> None:
    bad = entry()
    for path, value in changes:
        held: Any = bad
        for step in path[:-1]:
            held = held.get(step) if isinstance(held, dict) else None
        if isinstance(held, dict):
            held[path[-1]] = value
    found = read(of_entries(bad, entry()))
    counted = len(found.exchanges) + len(found.broken) + sum(found.elsewhere.values())
    assert counted == 2
    assert any(e.source.endswith("entry 2") for e in found.exchanges)


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_no_bytes_within_the_entries_make_the_reader_raise(junk: bytes) -> None:
    data = b'{"log": {"version": "1.2", "entries": [' + junk + b"]}}"
    found = READER.read(Raw(name=NAME, data=data))
    assert all(isinstance(e.answer, Response | Fault | Unsent) for e in found.exchanges)


def test_deep_nesting_and_open_quotes_take_no_time() -> None:
    """Counted in work: a quadratic reader would not end within the test's patience."""
    for junk in (b"[" * 99_000, b'{"a":' * 50_000, b'"\\"' * 99_000, b'{"x":"\\"' * 50_000):
        data = b'{"log": {"version": "1.2", "entries": [' + junk
        assert not READER.read(Raw(name=NAME, data=data)).exchanges


def test_a_har_without_entries_is_told_with_a_remedy() -> None:
    with pytest.raises(UsageError) as error:
        read(b'{"log": {"version": "1.2", "creator": {"name": "x"}, "pages": []')
    assert error.value.place == NAME
    assert error.value.hint


def test_the_door_finds_the_reader(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(cases.bytes_of(cases.refused()))
    found = capture.read(path)
    assert found.format == "har"
    assert found.recorded_s == cases.BEGAN_S + 10


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b'{"code": 1015}', b"[1]", b"\x00\xff", b'{"log": 1}', b'{"log": "entries"}'],
)
def test_what_is_no_har_is_left_to_others(data: bytes) -> None:
    assert not READER.recognises(Raw(name="x", data=data))
