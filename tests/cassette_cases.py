"""Of what are the tapes made that the tests of cassettes write, and how is one played?"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import vcr
import yaml
from hypothesis import strategies as st

from diagnostics.capture import Capture, Raw, read_raw
from diagnostics.model import (
    Answer,
    Case,
    Exchange,
    Fault,
    FaultKind,
    MediaFacts,
    Origin,
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
from diagnostics.vcr.interaction import interaction

BEGAN_S = 1_795_000_000.0
HOST = "http://akool.emulator.test"
CASE = Case(
    run_id="20261120T120000Z-0000",
    target=Target(
        kind=TargetKind.EMULATOR,
        provider="akool",
        base_url=HOST,
        origin=Origin.EMULATED,
        version="2026-01-27",
    ),
    started_s=BEGAN_S,
    scenarios=("job",),
)
JSON = (("content-type", "application/json"),)


def asked(path: str = "/", body: bytes = b"", method: str = "GET", **more: Any) -> Request:
    """A request to the emulator."""
    return Request(method=method, url=f"{HOST}{path}", body=body, **more)


def answered(body: bytes = b"{}", status: int = 200, **more: Any) -> Response:
    """A whole answer."""
    more = {"reason": "OK", "headers": JSON, "size_bytes": len(body), **more}
    return Response(status=status, body=body, **more)


def tape(*pairs: tuple[Request, Answer], case: Case = CASE) -> Tape:
    """Those exchanges, one after another."""
    return Tape(
        case=case,
        exchanges=[
            Exchange(request=request, answer=answer, started_s=BEGAN_S + n, position=n)
            for n, (request, answer) in enumerate(pairs)
        ],
    )


def without_sources(exchanges: Iterable[Exchange]) -> list[Exchange]:
    """As they were before they stood in a file."""
    return [replace(one, source="") for one in exchanges]


def captured(data: str | bytes, name: str = "cassette.yaml") -> Capture:
    """What the readers make of it."""
    return read_raw(Raw(name=name, data=data.encode() if isinstance(data, str) else data))


def written(interactions: Any, **more: Any) -> str:
    """A cassette as vcrpy writes it."""
    return yaml.dump({"interactions": interactions, "version": 1, **more})


def one(request: Any = None, response: Any = None) -> dict[str, Any]:
    """An interaction with those parts changed."""
    asked: dict[str, Any] = {"method": "GET", "uri": f"{HOST}/v1", "body": None, "headers": {}}
    told: dict[str, Any] = {
        "status": {"code": 200, "message": "OK"},
        "headers": {},
        "body": {"string": "{}"},
    }
    return {"request": asked | (request or {}), "response": told | (response or {})}


ALL = ("method", "uri", "raw_body")


def play(
    path: Path,
    send: Callable[[Request], tuple[int, bytes]],
    exchanges: Iterable[Any],
    match_on: tuple[str, ...] = ALL,
) -> int:
    """Ask stock vcrpy for everything on the tape that it can hold; gives how often it played."""
    with vcr.use_cassette(str(path), record_mode="none", match_on=match_on) as cassette:
        for exchange in exchanges:
            if interaction(exchange, binary=True) is not None:
                assert send(exchange.request) == (exchange.answer.status, exchange.answer.body)
        assert cassette.all_played
        return int(cassette.play_count)


def over_httpx(request: Request) -> tuple[int, bytes]:
    """One call of a real client."""
    with httpx.Client(trust_env=False) as client:
        answer = client.request(request.method, request.url, content=request.body)
    return answer.status_code, answer.content


# --- any tape ---------------------------------------------------------------------------------

text = st.text(max_size=30) | st.just("half a character: \udc80")
names = st.text(alphabet="abcXYZ-", min_size=1, max_size=8)
bodies = st.one_of(
    st.binary(max_size=80),
    st.text(max_size=80).map(lambda said: said.encode("utf-8", "surrogatepass")),
    st.text(alphabet="a \n\r\t:#-'\"{}[]\\", max_size=60).map(str.encode),
)
headers = st.lists(st.tuples(names | st.just("Content-Length"), text), max_size=4).map(tuple)
media = st.builds(MediaFacts, container=text, size_bytes=st.integers(0), width=st.none())
answers: st.SearchStrategy[Answer] = st.one_of(
    st.builds(
        Response,
        status=st.integers(100, 599),
        headers=headers,
        body=bodies,
        reason=text,
        http_version=st.sampled_from(["HTTP/1.1", "HTTP/2"]),
        media=st.none() | media,
        size_bytes=st.integers(0, 10**9),
        truncated=st.booleans(),
        chunks=st.lists(st.tuples(st.floats(0, 9), st.integers(1, 9)), max_size=2).map(tuple),
    ),
    st.builds(
        Fault,
        kind=st.sampled_from(FaultKind),
        message=text,
        may_have_arrived=st.booleans(),
        status=st.none() | st.integers(100, 599),
        headers=headers,
        body=bodies,
    ),
    st.builds(Unsent, reason=st.sampled_from(UnsentReason), message=text),
)
addresses = st.one_of(
    st.just(f"{HOST}/v1/jobs?id=1"), text, st.text(max_size=9).map(lambda end: f"{HOST}/{end}")
)
requests = st.builds(
    Request,
    method=st.sampled_from(["GET", "POST", "JOIN", "get"]),
    url=addresses,
    headers=headers,
    body=bodies,
    operation=st.none() | text,
    purpose=st.sampled_from(Purpose),
    authenticated=st.booleans(),
    spends=st.booleans(),
    credits=st.none() | st.floats(0.1, 100),
    wait_s=st.floats(0, 9),
    label=text,
    provider=text,
)
exchanges = st.builds(
    Exchange,
    request=requests,
    answer=answers,
    started_s=st.floats(0, 2e9),
    duration_s=st.floats(0, 100),
    attempt=st.integers(1, 9),
    conversation=st.integers(0, 9),
    scenario=text,
    flow=text,
    wire=st.none() | st.builds(Wire, dns_s=st.floats(0, 1), reused=st.booleans()),
)
tapes = st.lists(exchanges, max_size=4).map(
    lambda found: Tape(case=CASE, exchanges=[replace(e, position=n) for n, e in enumerate(found)])
)
