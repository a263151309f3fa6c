"""A tape as HAR 1.2: by the specification, by our own reader, and by tools that open HARs."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics import har
from diagnostics.capture import Raw, read_raw
from diagnostics.model import (
    Answer,
    Case,
    Exchange,
    Fault,
    FaultKind,
    MediaFacts,
    Purpose,
    Request,
    Response,
    Tape,
    Target,
    TargetKind,
    Unsent,
    UnsentReason,
    Wire,
)
from diagnostics.redact import Gate
from tests.har_schema import HAR

VALIDATOR = jsonschema_rs.validator_for(HAR)
URL = "https://openapi.akool.com/api/open/v3/faceswap/quota/info?page=1&page=2&empty="
RECORDERS = Path(".venv/recorders")
STARTED_S = 1_795_000_000.25
JSON_TYPE = (("Content-Type", "application/json"),)
CASE = Case(
    run_id="invented-run",
    target=Target(
        kind=TargetKind.LIVE, provider="akool", base_url="https://openapi.akool.com", fault=None
    ),
    started_s=STARTED_S,
)


def tape(*pairs: tuple[Request, Answer], **more: Any) -> Tape:
    made = [
        Exchange(
            request=request,
            answer=answer,
            started_s=STARTED_S + n,
            duration_s=0.5,
            position=n,
            **more,
        )
        for n, (request, answer) in enumerate(pairs)
    ]
    return Tape(case=CASE, exchanges=made)


def document(made: Tape, gate: Gate | None = None) -> dict[str, Any]:
    """Checked against the specification on its way."""
    found = json.loads(har.text_of(made, gate or Gate()))
    VALIDATOR.validate(found)
    return found["log"]  # type: ignore[no-any-return]  # checked the line before


def entry(request: Request, answer: Answer, **more: Any) -> dict[str, Any]:
    entries = document(tape((request, answer), **more))["entries"]
    assert len(entries) == 1
    return entries[0]  # type: ignore[no-any-return]  # checked by the schema


GET = Request(method="GET", url=URL)
OK = Response(status=200, headers=JSON_TYPE, body=b'{"code":1000}', reason="OK")


def test_it_names_itself_and_the_run() -> None:
    log = document(tape((GET, OK)))
    assert log["creator"]["name"] == "genvideo-diagnostics"
    assert log["_diagnostics"]["provider"] == "akool"
    assert log["_diagnostics"]["origin"] == "live"


def test_the_query_stands_apart_repeats_and_blanks_kept() -> None:
    query = entry(GET, OK)["request"]["queryString"]
    assert [(one["name"], one["value"]) for one in query] == [
        ("page", "1"),
        ("page", "2"),
        ("empty", ""),
    ]


def test_phases_add_up_to_the_time() -> None:
    wire = Wire(
        dns_s=0.01, connect_s=0.02, tls_s=0.03, first_byte_s=0.3, body_s=0.14, address="127.0.0.1"
    )
    found = entry(GET, OK, wire=wire)
    assert found["timings"] == {
        "blocked": -1,
        "dns": 10,
        "connect": 50,
        "ssl": 30,
        "send": 0,
        "wait": 300,
        "receive": 140,
    }
    assert found["time"] == 500
    assert found["serverIPAddress"] == "127.0.0.1"


def test_without_phases_all_the_time_was_waiting() -> None:
    found = entry(GET, OK)
    assert (found["time"], found["timings"]["wait"], found["timings"]["dns"]) == (500, 500, -1)


@pytest.mark.parametrize("kind", list(FaultKind))
def test_a_failure_has_status_0_and_says_why_as_chrome_does(kind: FaultKind) -> None:
    found = entry(GET, Fault(kind=kind, message="it broke", may_have_arrived=True))
    assert found["response"]["status"] == 0
    assert found["response"]["_error"].startswith("net::ERR_")
    assert found["_diagnostics"]["fault"] == {
        "kind": kind.value,
        "message": "it broke",
        "may_have_arrived": True,
    }


def test_a_cut_body_keeps_its_status_and_what_had_arrived() -> None:
    cut = Fault(
        kind=FaultKind.CUT_BODY, message="cut", status=200, headers=JSON_TYPE, body=b'{"code"'
    )
    response = entry(GET, cut)["response"]
    assert (response["status"], response["content"]["text"]) == (200, '{"code"')
    assert response["_error"] == "net::ERR_CONTENT_LENGTH_MISMATCH"


def test_what_was_never_sent_is_counted_and_left_out() -> None:
    kept = Unsent(reason=UnsentReason.NO_BUDGET)
    log = document(tape((GET, OK), (GET, kept), (GET, kept)))
    assert len(log["entries"]) == 1
    assert log["_diagnostics"]["unsent"] == {"no-budget": 2}


def test_bytes_are_base64_and_text_is_text() -> None:
    picture = Response(status=200, headers=(("Content-Type", "image/png"),), body=b"\x89PNG\xff")
    assert entry(GET, picture)["response"]["content"] == {
        "size": 5,
        "mimeType": "image/png",
        "text": "iVBOR/8=",
        "encoding": "base64",
    }


def test_a_form_is_taken_apart() -> None:
    form = Request(
        method="POST",
        url="https://openapi.akool.com/x",
        headers=(("content-type", "application/x-www-form-urlencoded"),),
        body=b"a=1&b=two+words",
    )
    posted = entry(form, OK)["request"]["postData"]
    assert posted["text"] == "a=1&b=two+words"
    assert posted["params"] == [{"name": "a", "value": "1"}, {"name": "b", "value": "two words"}]


def test_cookies_lose_no_attribute() -> None:
    jar = (
        ("Set-Cookie", "lang=ru; Path=/; Domain=akool.com; Secure; HttpOnly; SameSite=Lax"),
        ("Set-Cookie", "theme=dark; Expires=Sat, 21 Nov 2026 07:00:00 GMT"),
        ("Set-Cookie", "nonsense"),
    )
    asked = Request(method="GET", url=URL, headers=(("Cookie", "lang=ru; theme=dark; odd"),))
    found = entry(asked, Response(status=200, headers=jar))
    names = [one["name"] for one in found["request"]["cookies"]]
    assert names == ["lang", "theme"]
    first, second = found["response"]["cookies"]
    assert first["path"] == "/"
    assert first["secure"]
    assert first["httpOnly"]
    assert first["sameSite"] == "Lax"
    assert second["expires"] == "2026-11-21T07:00:00+00:00"


def test_a_redirect_names_where_to() -> None:
    moved = Response(status=301, headers=(("location", "https://openapi.akool.com/new"),))
    assert entry(GET, moved)["response"]["redirectURL"] == "https://openapi.akool.com/new"


def test_a_media_file_is_told_by_its_facts() -> None:
    facts = MediaFacts(container="mp4", size_bytes=123_456, width=640, height=360)
    asked = Request(method="GET", url="https://example.com/v.mp4", purpose=Purpose.MEDIA)
    found = entry(asked, Response(status=200, media=facts, size_bytes=123_456))
    assert found["response"]["content"]["size"] == 123_456
    assert found["_diagnostics"]["media"]["width"] == 640


def test_a_body_too_large_is_told_by_its_size() -> None:
    size = har.BODY_BYTES_MOST + 1
    large = Response(status=200, headers=JSON_TYPE, body=b" " * size)
    content = entry(GET, large)["response"]["content"]
    assert "text" not in content
    assert content["size"] == size


@pytest.mark.parametrize("duration_s", [1e306, float("inf"), float("nan"), -1.0])
def test_a_time_that_is_none_is_still_a_number(duration_s: float) -> None:
    made = Exchange(request=GET, answer=OK, started_s=duration_s, duration_s=duration_s)
    document(Tape(case=CASE, exchanges=[made]))


def test_entries_stand_in_the_order_in_which_they_left() -> None:
    late, early = (Exchange(request=GET, answer=OK, started_s=STARTED_S + n) for n in (9, 1))
    log = document(Tape(case=CASE, exchanges=[late, early]))
    starts = [one["startedDateTime"] for one in log["entries"]]
    assert starts == sorted(starts)


def test_no_key_comes_through_whatever_the_tape_holds() -> None:
    key = "invented-akool-key-00000000000001"
    gate = Gate()
    gate.register(key, "akool-api-key")
    asked = Request(method="GET", url=f"{URL}&k={key}", headers=(("x-api-key", key),))
    made = tape((asked, Response(status=200, body=key.encode())), flow=f"flow {key}")
    text = har.text_of(made, gate)
    assert key not in text
    assert "<secret:" in text


def test_the_same_tape_gives_the_same_text() -> None:
    made = tape((GET, OK), (GET, Fault(kind=FaultKind.DNS, message="no such host")))
    assert har.text_of(made, Gate()) == har.text_of(made, Gate())


TEXTS = st.text(st.characters() | st.just("\udcff"), max_size=20)
PAIRS = st.lists(st.tuples(TEXTS, TEXTS), max_size=4).map(tuple)
ANSWERS: st.SearchStrategy[Answer] = st.one_of(
    st.builds(
        Response,
        status=st.integers(-1, 999),
        headers=PAIRS,
        body=st.binary(max_size=60),
        reason=TEXTS,
        http_version=TEXTS,
        chunks=st.lists(st.tuples(st.floats(), st.integers()), max_size=3).map(tuple),
    ),
    st.builds(
        Fault,
        kind=st.sampled_from(FaultKind),
        message=TEXTS,
        headers=PAIRS,
        body=st.binary(max_size=60),
    ),
    st.builds(Unsent, reason=st.sampled_from(UnsentReason), message=TEXTS),
)
REQUESTS = st.builds(
    Request, method=TEXTS, url=TEXTS, headers=PAIRS, body=st.binary(max_size=60), label=TEXTS
)
EXCHANGES = st.builds(
    Exchange,
    request=REQUESTS,
    answer=ANSWERS,
    started_s=st.floats(),
    duration_s=st.floats(),
    wire=st.none() | st.builds(Wire, dns_s=st.none() | st.floats(), body_s=st.floats()),
)


@given(st.lists(EXCHANGES, max_size=4))
def test_any_tape_gives_a_valid_archive(exchanges: list[Exchange]) -> None:
    document(Tape(case=CASE, exchanges=exchanges))


# --- others read it -----------------------------------------------------------------------------


def test_our_own_reader_gets_back_what_was_said() -> None:
    body = Request(method="POST", url=URL, headers=JSON_TYPE, body='{"a": "Ж"}'.encode())
    refused = Fault(kind=FaultKind.REFUSED, message="nobody listens")
    made = tape((GET, OK), (body, Response(status=400, headers=JSON_TYPE, body=b"\xff")))
    made = Tape(case=CASE, exchanges=[*made, *tape((GET, refused))])
    text = har.text_of(made, Gate()).encode()
    capture = read_raw(Raw(name="capture.har", data=text))
    first, third, second = capture.exchanges  # in order of start
    assert first.request.url == second.request.url == URL
    assert first.response
    assert first.response.body == b'{"code":1000}'
    assert second.request.body == body.body
    assert second.response
    assert second.response.body == b"\xff"
    assert isinstance(third.answer, Fault)
    assert third.answer.kind is FaultKind.REFUSED
    assert capture.creator.startswith("genvideo-diagnostics")


MITMPROXY = """
import json, sys
from mitmproxy.io.har import request_to_flow
for entry in json.load(open(sys.argv[1]))["log"]["entries"]:
    flow = request_to_flow(entry)
    print(flow.request.method, flow.request.pretty_url, flow.response.status_code)
"""

PLAYWRIGHT = """
import sys
from playwright.sync_api import sync_playwright
with sync_playwright() as tool:
    browser = tool.chromium.launch(
        executable_path=sys.argv[3], args=["--no-sandbox", "--disable-gpu"]
    )
    page = browser.new_context().new_page()
    page.route_from_har(sys.argv[1], not_found="abort")
    page.goto(sys.argv[2])
    print(page.inner_text("body"))
    browser.close()
"""


def _child(script: str, *arguments: str) -> str:
    if not (RECORDERS / "ready").exists():
        pytest.skip("other tools are not beside the environment: make install brings them")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, *arguments],
        env={**os.environ, "PYTHONPATH": str(RECORDERS.resolve())},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_mitmproxy_opens_it(tmp_path: Path) -> None:
    path = tmp_path / "capture.har"
    post = Request(method="POST", url=URL, headers=JSON_TYPE, body=b'{"a":1}')
    path.write_text(har.text_of(tape((GET, OK), (post, OK)), Gate()), "utf-8")
    assert _child(MITMPROXY, str(path)).split("\n")[:2] == [f"GET {URL} 200", f"POST {URL} 200"]


@pytest.mark.browser
def test_playwright_serves_a_browser_from_it(tmp_path: Path, chromium: str) -> None:
    path = tmp_path / "capture.har"
    page = Response(status=200, headers=(("Content-Type", "text/plain"),), body=b"as recorded")
    path.write_text(har.text_of(tape((GET, page)), Gate()), "utf-8")
    assert _child(PLAYWRIGHT, str(path), URL, chromium).strip() == "as recorded"
