"""Is a secret planted anywhere, in any wrapping, gone from every output byte after unpacking?"""

import base64
import gzip
import io
import json
import random
from collections.abc import Callable
from urllib.parse import quote

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.model import Case, Exchange, Json, Request, Response, Target, TargetKind
from diagnostics.redact import Gate
from diagnostics.tape import TapeFile
from tests.redaction_lookalikes import looks
from tests.unpacking import holds

NOBODY = ("inventeduser", "invented-host-01")
ALNUM = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"


def drawn(seed: int, length: int = 28) -> str:
    """An invented key."""
    return "".join(random.Random(seed).choices(ALNUM, k=length))


NAMED: list[Callable[[str], str]] = [
    lambda key: f"x-api-key: {key}",
    lambda key: f"Authorization: Bearer {key}",
    lambda key: json.dumps({"data": [{"client_secret": key, "n": 1}]}),
    lambda key: f"https://api.lumen.io/v1/jobs?page=2&api_key={key}",
    lambda key: f"https://cdn.lumen.io/v.mp4?Expires=1763650067&Signature={key}",
    lambda key: f"curl -H 'x-api-key: {key}' https://api.lumen.io",
    lambda key: f"client_secret={key}&grant_type=client_credentials",
    lambda key: f'--b\r\nContent-Disposition: form-data; name="api_key"\r\n\r\n{key}\r\n--b--',
    lambda key: f"LUMEN_API_KEY={key}\nDEBUG=1",
    lambda key: f'data: {{"access_token": "{key}"}}\n\n',
    lambda key: f"Traceback (most recent call last):\n  api_key = '{key}'\nKeyError: 1",
    lambda key: f"api_key: {key}\nregion: eu\n",
    lambda key: f"see sk-proj-{key} there",
]
"""Places that give a secret away by themselves."""
KNOWN: list[Callable[[str], str]] = [
    lambda key: f"it was {key} in the end",
    lambda key: key,
    lambda key: json.dumps({"note": f"a{key}b"}),
    lambda key: f"/v1/{key}/things",
    lambda key: f"{key[:9]}\n    {key[9:]}",
    lambda key: f"'{key[:9]}' + '{key[9:]}'",
    lambda key: f"\x1b[31m{key[:7]}\x1b[0m{key[7:]}",
    lambda key: key.encode().hex(),
    lambda key: "".join(f"\\u{ord(c):04x}" for c in key),
]
"""Places where only a secret that the gate was told of can be recognised."""


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


WRAPPED: list[Callable[[str], str]] = [
    lambda text: json.dumps({"body": text, "n": 1}),
    lambda text: f'{{"log": {json.dumps(json.dumps(text))}}}',
    lambda text: f"https://proxy.lumen.io/f?u={quote(text, safe='')}&w=2",
    lambda text: f"note={quote(text, safe='')}&page=1",
    lambda text: f"event: m\ndata: {json.dumps({'held': text})}\n\n",
    lambda text: yaml.safe_dump({"interactions": [{"body": {"string": text}}]}),
    lambda text: f'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n{text}\r\n--b--',
    lambda text: f"2026-11-20 12:01:07 ERROR [worker] {text}",
    lambda text: f"Traceback (most recent call last):\n    body = {text!r}\nValueError: no",
    lambda text: json.dumps({"content": {"encoding": "base64", "text": b64(text)}}),
    lambda text: f"got {b64(text)} back",
    lambda text: f"curl https://api.lumen.io -d {text!r}",
]


def planted(seed: int, depth: int, *, known: bool) -> tuple[str, str]:
    """A secret, and a text in which it stands at the bottom of some wrappings."""
    draw = random.Random(f"{seed} {depth}")
    key = drawn(seed)
    text = draw.choice(KNOWN if known else NAMED)(key)
    for _ in range(depth):
        text = draw.choice(WRAPPED)(text)
    return key, text


def gate_for(key: str, *, known: bool) -> Gate:
    """A gate that was told of the key, or not."""
    gate = Gate(NOBODY)
    if known:
        gate.register(key, "invented-key")
    return gate


SEEDS = st.integers(min_value=0, max_value=10**9)
DEPTHS = st.integers(min_value=0, max_value=3)


@settings(max_examples=70, deadline=None, derandomize=True)
@given(seed=SEEDS, depth=DEPTHS, known=st.booleans())
def test_a_secret_planted_in_a_log_is_gone(seed: int, depth: int, known: bool) -> None:  # noqa: FBT001  # drawn
    key, text = planted(seed, depth, known=known)
    log = f"2026-11-20 12:00:00 INFO begun\n{text}\n2026-11-20 12:00:09 INFO done 1763640067\n"
    shown = gate_for(key, known=known).text(log)
    assert not holds(shown.encode("utf-8", "surrogateescape"), key), text
    assert "INFO begun" in shown


def har_of(text: str, seed: int) -> dict[str, object]:
    """A HAR of one entry with the text somewhere in it."""
    draw = random.Random(seed)
    raw = text.encode()
    packed = base64.b64encode(gzip.compress(raw, mtime=0)).decode()
    content = draw.choice(
        [
            {"mimeType": "application/json", "text": text},
            {"mimeType": "text/plain", "text": b64(text), "encoding": "base64"},
            {"mimeType": "application/json", "text": packed, "encoding": "base64"},
        ]
    )
    entry: Json = {
        "request": {"method": "POST", "url": "https://api.lumen.io/v1/jobs", "headers": []},
        "response": {"status": 200, "headers": [{"name": "etag", "value": '"a"'}]},
    }
    part = draw.choice(["content", "postData", "comment"])
    if part == "postData":
        entry["request"]["postData"] = {"mimeType": "text/plain", "text": text}
    elif part == "comment":
        entry["comment"] = text
    else:
        entry["response"]["content"] = content
    return {"log": {"version": "1.2", "entries": [entry]}}


@settings(max_examples=70, deadline=None, derandomize=True)
@given(seed=SEEDS, depth=DEPTHS, known=st.booleans())
def test_a_secret_planted_in_a_har_is_gone(seed: int, depth: int, known: bool) -> None:  # noqa: FBT001  # drawn
    key, text = planted(seed, depth, known=known)
    har = har_of(text, seed)
    gate = gate_for(key, known=known)
    assert not holds(json.dumps(gate.json(har)).encode(), key), text
    again = gate_for(key, known=known).text(json.dumps(har, indent=1))
    assert not holds(again.encode(), key), text
    assert json.loads(again)["log"]["version"] == "1.2"


def exchange_of(text: str, seed: int) -> Exchange:
    """An exchange with the text in its request, its answer, or both."""
    draw = random.Random(seed)
    raw = text.encode()
    body = draw.choice([raw, gzip.compress(raw, mtime=0)])
    kind = draw.choice(["application/json", "text/plain; charset=utf-8", "text/event-stream"])
    request = Request(
        method="POST",
        url="https://api.lumen.io/v1/jobs",
        headers=(("content-type", kind), ("x-note", quote(text))),
        body=body,
    )
    return Exchange(
        request=request,
        answer=Response(status=200, headers=(("content-type", kind),), body=body),
        started_s=1763640067.0,
    )


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=SEEDS, depth=DEPTHS, known=st.booleans())
def test_a_secret_planted_in_an_exchange_is_gone(seed: int, depth: int, known: bool) -> None:  # noqa: FBT001  # drawn
    key, text = planted(seed, depth, known=known)
    shown = gate_for(key, known=known).exchange(exchange_of(text, seed))
    assert isinstance(shown.answer, Response)
    for part in (shown.request.body, shown.answer.body, repr(shown.request.headers).encode()):
        assert not holds(part, key), text


@pytest.mark.parametrize("known", [True, False])
def test_a_secret_planted_in_a_tape_is_in_no_file_of_it(tmp_path_factory, known: bool) -> None:  # type: ignore[no-untyped-def]  # noqa: FBT001, ANN001  # a fixture
    for seed in range(12):
        key, text = planted(seed, seed % 4, known=known)
        folder = tmp_path_factory.mktemp("run")
        case = Case(
            run_id="r1",
            target=Target(kind=TargetKind.LIVE, provider="akool", base_url="https://api.lumen.io"),
        )
        tape = TapeFile(folder, gate_for(key, known=known))
        tape.begin(case)
        tape.append(exchange_of(text, seed))
        tape.close()
        for file in folder.rglob("*"):
            if file.is_file():
                assert not holds(file.read_bytes(), key), (file.name, text)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seed=SEEDS, depth=DEPTHS)
def test_hiding_twice_changes_nothing(seed: int, depth: int) -> None:
    key, text = planted(seed, depth, known=True)
    gate = gate_for(key, known=True)
    once = gate.text(text)
    assert gate.text(once) == once
    assert gate_for(key, known=True).text(once) == once


LOOKS = [(text, value) for _, text, value in looks()]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=SEEDS)
def test_look_alikes_survive_at_random_positions(seed: int) -> None:
    draw = random.Random(seed)
    key, text = planted(seed, 1, known=True)
    chosen = draw.sample(LOOKS, 6)
    lines = [text, *(one for one, _ in chosen)]
    draw.shuffle(lines)
    shown = gate_for(key, known=True).text(io.StringIO("\n".join(lines)).read())
    for one, value in chosen:
        plain = value.strip('"')
        assert plain in shown or json.dumps(plain)[1:-1] in shown, one
