"""Do rarer options, quotings, dates and shapes of headers say what they mean?"""

import json

import pytest

from diagnostics.capture import Capture, Raw, read_raw
from diagnostics.captures import _draft, curl, log
from diagnostics.captures._objects import decoded, scan
from diagnostics.captures._times import moment
from diagnostics.errors import UsageError
from diagnostics.model import Fault, FaultKind, Response

URL = "https://openapi.akool.com/api/x"


def told(text: str) -> Capture:
    return curl.READER.read(Raw(name="x", data=text.encode()))


@pytest.mark.parametrize(
    ("words", "method", "address", "body"),
    [
        ("curl -d a=1 --next https://x.test/b", "GET", "https://x.test/b", b""),
        ("curl --request=PUT https://x.test/b", "PUT", "https://x.test/b", b""),
        ("curl -T clip.mp4 https://x.test/b", "PUT", "https://x.test/b", b""),
        ("curl --url-query a=1 --url 'https://x.test/b#c'", "GET", "https://x.test/b?a=1#c", b""),
        ("curl --data-urlencode '=a b' x.test/b", "POST", "http://x.test/b", b"=a%20b"),
        ("curl --data-urlencode 'a b' x.test/b", "POST", "http://x.test/b", b"a%20b"),
        ("curl --json @- x.test/b <<E\n{\n}\nE", "POST", "http://x.test/b", b"{\n}\n"),
        ("curl -d x https://x.test/b # why", "POST", "https://x.test/b", b"x"),
        ("curl -v https://x.test/b", "GET", "https://x.test/b", b""),
        ("B=x.test; curl https://x.test/b", "GET", "https://x.test/b", b""),
        ("http x.test/b a=1 -f", "POST", "http://x.test/b", b"a=1"),
        ("https x.test/b --raw '{}'", "POST", "https://x.test/b", b"{}"),
        ("http :8080/b n:=[1] f@clip.mp4 word", "POST", "http://localhost:8080/b", b'{"n": [1]}'),
        ("http x.test/b n:=word", "POST", "http://x.test/b", b'{"n": "word"}'),
        ("xh POST x.test/b -a me:invented-password", "POST", "http://x.test/b", b""),
        ("irm https://x.test/b", "GET", "https://x.test/b", b""),
        ("irm https://x.test/b -InFile clip.mp4", "GET", "https://x.test/b", b""),
        ("irm -Uri 'https://x.test/b' -Body @'\n{}\n'@ -Method Put", "PUT", "https://x.test/b",
         b"{}"),
        ("irm 'https://x.test/b' -Verbose -Body (@{a=$true} | ConvertTo-Json)", "GET",
         "https://x.test/b", b'{"a": true}'),
        ("$b = 'x y'\nirm https://x.test/b -Body \"$b `\"q`\"\"", "GET", "https://x.test/b",
         b'x y "q"'),
    ],
)  # fmt: skip
def test_rarer_options_are_understood(words: str, method: str, address: str, body: bytes) -> None:
    one = told(words).exchanges[-1].request
    assert (one.method, one.url, one.body) == (method, address, body)


def test_headers_are_built_from_whatever_option_gives_them() -> None:
    capture = told(
        "curl https://me:invented-password@x.test/a -A me/1 -b 'a=invented-cookie' -H 'X-Empty;' "
        "-H 'Accept:' -H nothing -U u:invented-proxy-word --proxy '[::1'\n"
    )
    headers = dict(capture.exchanges[0].request.headers)
    assert headers == {
        "User-Agent": "me/1",
        "Cookie": "a=invented-cookie",
        "X-Empty": "",
        "Accept": "",
    }
    assert {"invented-password", "invented-proxy-word", "a=invented-cookie"} <= set(
        dict(capture.secrets)
    )


def test_headers_added_one_by_one_in_powershell_are_known() -> None:
    one = told(
        '$h = New-Object "System.Collections.Generic.Dictionary[[String],[String]]"\n'
        '$h.Add("x-api-key", "invented-akool-key-0001")\n$h["Accept"] = "x"\n'
        "Invoke-RestMethod 'https://x.test/b' -Headers $h\n"
    ).exchanges[0]
    assert dict(one.request.headers) == {"x-api-key": "invented-akool-key-0001", "Accept": "x"}


def test_an_address_that_no_url_can_be_keeps_its_words() -> None:
    (one,) = told("curl 'https://u:p@[x/' -d 1").exchanges
    assert one.request.url == "https://u:p@[x/"


@pytest.mark.parametrize(
    ("value", "known"),
    [
        ("2025-11-20T10:00:00Z", True),
        ("2025-11-20T12:00:00+02:00", True),
        ("2025-11-20 05:00:00-0500", True),
        ("[20/Nov/2025:10:00:00 +0000]", True),
        ("Thu, 20 Nov 2025 10:00:00 GMT", True),
        ("1763632800", True),
        (1763632800, True),
        (1763632800000.0, True),
        (1763632800000000000, True),
        ("2025-13-40T10:00:00Z", False),
        ("[99/Nov/2025:10:00:00 +0000]", False),
        ("soon", False),
        (True, False),
        (None, False),
        (12, False),
        (float("nan"), False),
    ],
)
def test_moments_are_read_in_every_way_of_writing(value: object, known: bool) -> None:  # noqa: FBT001  # a case of the table
    assert moment(value) == (1763632800.0 if known else None)


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "20"},
        {"Retry-After": ["20"]},
        {"Retry-After": 20},
        [["Retry-After", "20"]],
        [{"name": "Retry-After", "value": "20"}],
        ["Retry-After", "20"],
    ],
)
def test_headers_are_read_in_every_shape(headers: object) -> None:
    row = {
        "method": "GET",
        "url": URL,
        "status": 429,
        "response": {"headers": headers, "status": 429},
    }
    raw = Raw(name="x", data=json.dumps(row).encode())
    (one,) = log.READER.read(raw).exchanges
    assert isinstance(one.answer, Response)
    assert one.answer.header("retry-after") == "20"


def test_headers_as_lines_are_read() -> None:
    assert _draft.header_list("A: b\nnothing\nC:d\n") == (("A", "b"), ("C", "d"))


@pytest.mark.parametrize(
    ("row", "address"),
    [
        ({"method": "GET", "host": "x.test", "path": "/a", "status": 500}, "https://x.test/a"),
        ({"method": "GET", "config": {"url": "a/b", "baseURL": "https://x.test"}, "status": 500},
         "https://x.test/a/b"),
        ({"method": "GET", "url": URL, "query": {"a": 1}, "status": 500}, f"{URL}?a=1"),
        ({"method": "GET", "url": URL, "query": "a=1", "status": 500}, f"{URL}?a=1"),
        ({"method": "GET", "url": URL, "query": ["a"], "status": "500"}, URL),
    ],
)  # fmt: skip
def test_addresses_are_put_together_from_their_parts(row: object, address: str) -> None:
    (one,) = log.READER.read(Raw(name="x", data=json.dumps(row).encode())).exchanges
    assert one.request.url == address


def test_an_answer_that_is_a_list_or_plain_text_is_kept() -> None:
    rows = [
        {"method": "GET", "url": URL, "status": 500, "responseBody": "<html>bad</html>"},
        {"method": "GET", "url": URL, "status": 500, "responseBody": [1]},
        {"method": "GET", "url": URL, "status": 500, "responseBody": "{'code': 1015}"},
    ]
    raw = Raw(name="x", data="\n".join(map(json.dumps, rows)).encode())
    bodies = [
        one.answer.body
        for one in log.READER.read(raw).exchanges
        if isinstance(one.answer, Response)
    ]
    assert bodies == [b"<html>bad</html>", b"[1]", b'{"code": 1015}']


def test_a_text_is_cut_where_it_is_too_long_and_that_is_told() -> None:
    sheet = _draft.Sheet(raw=Raw(name="x", data=b" " * (_draft.TEXT_MOST + 10)), format="text")
    assert len(_draft.text_of(sheet)) == _draft.TEXT_MOST
    assert sheet.broken[0].place.startswith("x: after")


def test_a_failure_that_is_told_twice_keeps_the_sharper_name() -> None:
    text = "httpx.ConnectError: fail\nConnectionRefusedError: [Errno 111] Connection refused\n"
    for lines in (text, "\n".join(reversed(text.splitlines()))):
        (one,) = read_raw(Raw(name="x", data=lines.encode())).exchanges
        assert isinstance(one.answer, Fault)
        assert one.answer.kind is FaultKind.REFUSED


def test_what_is_no_object_stays_what_it_is() -> None:
    assert decoded("{broken") == "{broken"
    assert decoded("plain") == "plain"
    assert decoded("{'a': 1}") == {"a": 1}
    assert decoded("[1]") == [1]
    assert [one.value for one in scan("{'a': 'b' 'c', d: 1e3, e: [1, ], ... 2 more}")] == [
        {"a": "bc", "d": 1000.0, "e": [1]}
    ]


@pytest.mark.parametrize("text", ["# nothing", '{"level": 30, "msg": "x"}', "", "\0\0"])
def test_a_file_without_any_call_is_an_error_with_a_remedy(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_raw(Raw(name="x", data=text.encode()))
    assert caught.value.hint
