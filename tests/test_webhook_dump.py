"""Is a saved callback read byte for byte, in each shape it is saved in?"""

import base64
import json
import re
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.errors import UsageError
from diagnostics.webhooks.delivery import HEADERS_MAX, of_server
from diagnostics.webhooks.dump import parse, read

BODY = '{"id":"job-1", "note":"Фильм\\r\\n"}\r\n\n'.encode()


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
@pytest.mark.parametrize("first", [b"POST /hook?x=1 HTTP/1.1", b""])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_header_lines_are_read_and_no_byte_of_the_body_is_touched(
    end: bytes, first: bytes, bom: bytes
) -> None:
    lines = [*([first] if first else []), b"Host: here", b"Webhook-Id:  msg-1 ", b"X-Empty:"]
    found = parse(bom + end.join(lines) + end + end + BODY, "a.http")
    assert found.headers == (("Host", "here"), ("Webhook-Id", "msg-1"), ("X-Empty", ""))
    assert found.body == BODY
    assert found.path == ("/hook?x=1" if first else "")
    assert found.header("WEBHOOK-ID") == "msg-1"


def test_a_dump_without_a_body_has_none() -> None:
    assert parse(b"POST / HTTP/1.1\r\nHost: x\r\n", "a").body == b""
    assert parse(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", "a").body == b""


def test_chunks_are_joined_unless_a_tool_has_joined_them() -> None:
    head = b"Transfer-Encoding: chunked\r\n\r\n"
    assert parse(head + b'4\r\n{"a"\r\n3;x=y\r\n:1}\r\n0\r\n\r\n', "a").body == b'{"a":1}'
    assert parse(head + b'{"a":1}', "a").body == b'{"a":1}'
    assert parse(head + b'4\r\n{"a"\r\nzz', "a").body == b'4\r\n{"a"\r\nzz'


def test_a_line_that_is_no_header_is_named_with_its_number() -> None:
    with pytest.raises(UsageError) as caught:
        parse(b"POST / HTTP/1.1\r\nHost: x\r\nwhat is this\r\n\r\n{}", "a.http")
    assert caught.value.place == "a.http:3"
    assert caught.value.hint


@pytest.mark.parametrize(
    "written",
    [
        {"body": BODY.decode()},
        {"rawBody": BODY.decode()},
        {"body": base64.b64encode(BODY).decode()},
        {"body": base64.b64encode(BODY).decode(), "encoding": "base64"},
        {"body": base64.b64encode(BODY).decode(), "isBase64Encoded": True},
        {"body_base64": base64.b64encode(BODY).decode()},
    ],
)
def test_json_keeps_every_byte_as_text_or_base64(written: dict[str, object]) -> None:
    headers = {"webhook-id": "msg-1", "X-Many": ["a", "b"]}
    saved = json.dumps({"headers": headers, "received_at": 5, **written}, indent=1)
    found = parse(saved.encode(), "a.json")
    assert found.body == BODY
    assert found.header("Webhook-ID") == "msg-1"
    assert found.header("x-many") == "a, b"
    assert found.received_s == 5
    assert not found.parsed


def test_headers_may_be_pairs() -> None:
    saved = {"headers": [["A", "1"], ["a", "2"]], "body": "x"}
    assert parse(json.dumps(saved).encode(), "a").header("A") == "1, 2"


def test_a_body_that_was_parsed_is_known_for_what_it_is() -> None:
    found = parse(json.dumps({"headers": {}, "body": {"id": "job-1"}}).encode(), "a")
    assert found.parsed
    assert found.body == b'{"id":"job-1"}'


def test_a_bare_body_is_a_body() -> None:
    bare = b'{"signature": "x"}\n'
    assert parse(bare, "a").body == bare


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b" \r\n ", "empty"),
        (b'{"headers": {}}', "no body"),
        (b'{"headers": 5, "body": ""}', "neither"),
        (b'{"headers": [5], "body": ""}', "pair"),
        (b'{"body_base64": "*"}', "base64"),
        (b'{"body_base64": 5}', "base64"),
        (b"a: b\n" * (HEADERS_MAX + 1), "more than"),
        (b"\xff\xfe\x00\x01", "not `Name: value`"),
    ],
)
def test_what_is_no_callback_is_refused_with_a_place(data: bytes, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        parse(data, "a.http")
    assert (caught.value.place or "").startswith("a.http")


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda t: f'{{"body":{t}'.encode()))
def test_any_bytes_are_a_callback_or_a_clear_error(data: bytes) -> None:
    with suppress(UsageError):
        parse(data, "a.http")


@given(st.binary(max_size=300))
def test_any_body_comes_back_whole(body: bytes) -> None:
    assert parse(b"A: b\r\n\r\n" + body, "a").body == body
    saved = {"headers": {"A": "b"}, "body_base64": base64.b64encode(body).decode()}
    assert parse(json.dumps(saved).encode(), "a").body == body


def test_a_file_and_standard_input_are_read_alike(tmp_path: Path) -> None:
    path = tmp_path / "a.http"
    path.write_bytes(b"A: b\n\n" + BODY)
    assert read(str(path)).body == BODY == read("-", BytesIO(path.read_bytes())).body


@pytest.mark.parametrize("name", ["no-such-file", "."])
def test_what_cannot_be_read_is_our_error(name: str) -> None:
    with pytest.raises(UsageError, match=re.escape(name)):
        read(name)


def test_a_server_hands_over_bytes_of_any_kind_and_nothing_that_was_parsed() -> None:
    for body in (BODY, bytearray(BODY), memoryview(BODY), BODY.decode()):
        assert of_server([(b"A", b"b"), ("C", "d")], body).body == BODY  # type: ignore[list-item]  # frameworks do
    with pytest.raises(UsageError, match="dict"):
        of_server({}, {"id": "job-1"})
