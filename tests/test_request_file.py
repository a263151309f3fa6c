"""Does a request file that cannot be read say where it breaks, and how that is mended?"""

import json
import os
import socket
import sys
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics import request_file
from diagnostics.errors import UsageError
from diagnostics.model import Json
from diagnostics.request_file import RequestFile
from diagnostics.request_files.bytes import SIZE_BYTES_MAX
from diagnostics.request_files.mistakes import excerpt

KEY = "invented-akool-key-0001"


def piped(data: bytes | str) -> RequestFile:
    """What is read from standard input."""
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    return request_file.read("-", stdin=BytesIO(raw))


def refused(data: bytes | str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        piped(data)
    return caught.value


def either(data: bytes | str) -> RequestFile | UsageError:
    """What is read, or our own error: any other exception comes through."""
    try:
        return piped(data)
    except UsageError as error:
        return error


def place(error: UsageError) -> str:
    return (error.place or "").removeprefix("standard input:")


# --- what is right ----------------------------------------------------------------------------


def test_a_body_is_read_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "call.json"
    path.write_text('{"prompt": "Привет", "n": [1, 2.5, null, true]}', "utf-8")
    read = request_file.read(str(path))
    assert read == RequestFile(body={"prompt": "Привет", "n": [1, 2.5, None, True]})


def test_standard_input_is_read_for_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path(os.devnull).open("rb") as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        nothing_buffer = BytesIO(b'{"a": 1}')
        assert request_file.read("-", stdin=nothing_buffer).body == {"a": 1}


def test_a_byte_order_mark_is_skipped_with_a_note() -> None:
    read = piped(b'\xef\xbb\xbf{"a": 1}')
    assert read.body == {"a": 1}
    assert "BOM" in read.notes[0].en
    assert "BOM" in read.notes[0].ru


def test_a_name_given_twice_is_a_warning_and_the_last_counts() -> None:
    read = piped('{"a": 1, "b": {"c": 1, "c": 2}, "a": 3}')
    assert read.body == {"a": 3, "b": {"c": 2}}
    assert [note.en.partition(" stands")[0] for note in read.notes] == [
        'warning: "c"',
        'warning: "a"',
    ]


def test_a_hundred_doubled_names_are_told_a_few_times() -> None:
    pairs = ", ".join(f'"n{i}": 1, "n{i}": 2' for i in range(100))
    assert len(piped(f"{{{pairs}}}").notes) == 5


# --- the very mistake -------------------------------------------------------------------------

MISTAKES = [
    ('{\n  "a": 1,\n  // why\n  "b": 2\n}', "3:3", "comment", "take the comment out"),
    ('{"a": 1 /* why */}', "1:9", "comment", "take the comment out"),
    ('{"a": 1} # why', "1:10", "comment", "take the comment out"),
    ("// first\n{}", "1:1", "comment", "take the comment out"),
    ('{"a": 1,\n}', "1:8", "comma stands after the last", "take the comma out"),
    ('{"a": [1, 2, ]}', "1:12", "comma stands after the last", "take the comma out"),
    ('{"a": 1,, "b": 2}', "1:9", "one comma too many", "take the comma out"),
    ('{, "a": 1}', "1:2", "one comma too many", "take the comma out"),
    ("{'a': 1}", "1:2", "single quote", '"…"'),
    ("{\"a\": 'x'}", "1:7", "single quote", '"…"'),
    ('{"a": “x”}', "1:7", "typographic quote", '"…"'),
    ("{«a»: 1}", "1:2", "typographic quote", '"…"'),
    ("{a: 1}", "1:2", "name stands here without quotes", 'write "a":'),
    ('{"a": 1, resolution: "720"}', "1:10", "without quotes", 'write "resolution":'),
    ('{"a": True}', "1:7", "Python's True", "write true"),
    ('{"a": False}', "1:7", "Python's False", "write false"),
    ('{"a": None}', "1:7", "Python's None", "write null"),
    ('{"a": NULL}', "1:7", "NULL in small letters", "write null"),
    ('{"a": undefined}', "1:7", "no undefined", "null"),
    ('{"a": NaN}', "1:7", "no NaN", "number or null"),
    ('{"NaN": 1, "a": -Infinity}', "1:17", "no -Infinity", "number or null"),
    ('{"a": nan}', "1:7", "no nan", "number or null"),
    ('{"a": 1e999}', "1:7", "too great", "smaller"),
    (f'{{"a": {"9" * 5000}}}', "1:7", "too great", "smaller"),
    ('{"a": 007}', "1:8", "no number", "leading zeros"),
    ('{"a": 0x1F}', "1:8", "no number", "0x"),
    ('{"a": .5}', "1:7", "no number", "0.5"),
    ('{"a": +5}', "1:7", "no number", "without +"),
    ('{"a": 1_000}', "1:8", "no number", "underscores"),
    ('{"a": 5.}', "1:8", "no number", "after the point"),
    ('{"a": 1\n "b": 2}', "2:2", "comma is missing", "add a comma"),
    ('{"a": "say "hi" now"}', "1:13", "quote ended the text", '\\"'),
    ('{"a": "x\ny"}', "1:9", "line break", "\\n"),
    ('{"a": "x\ty"}', "1:9", "tab", "\\t"),
    ('{"a": "x\x01y"}', "1:9", "U+0001", "take it out"),
    ('{"a": "C:\\photo.jpg"}', "1:10", "no escape", "\\\\"),
    ('{"a": "\\u12"}', "1:8", "escape", "\\\\"),
    ('{"a": "x}', "1:7", "never closed", "double quote"),
    ('{"a": {{prompt}}}', "1:8", "place to be filled", "value"),
    ('{"a": <your id>}', "1:7", "place to be filled", "value"),
    ('{"a": $ID}', "1:7", "place to be filled", "value"),
    ('{"a": 1, ...}', "1:10", "ellipsis", "take it out"),
    ('{"a" = 1}', "1:6", "= stands where a colon", "colon"),
    ('{"a" 1}', "1:6", "colon is missing", '"name": value'),
    ('{"a", "b"}', "1:5", "name without a value", '"name": value'),
    ('{"a": }', "1:7", "value is missing", "write the value"),
    ('{"a": abc}', "1:7", "word stands here without quotes", '"…"'),
    ('{"a": {"b": [1, 2', "1:18", "ends too early: [ of line 1 is still open", "cut off"),
    ('{"a": 1', "1:8", "ends too early: { of line 1", "cut off"),
    ('{"a": 1,', "1:8", "comma stands after the last", "take the comma out"),
    ('{\n"a": [1}', "2:8", "wrong bracket closes here: [ of line 2", "own kind"),
    ('{"a": 1}}', "1:9", "closing bracket too many", "take it out"),
    ('{"a": 1}\n{"a": 2}', "2:1", "second JSON value", "one request a file"),
    ('{"a": 1};', "1:9", "semicolon", "take it out"),
    ('{"a": 1} and more', "1:10", "follows the end", "take it out"),
    ('{"a":\u00a01}', "1:6", "U+00A0", "web page"),
    ('{"a": 1\u200b}', "1:8", "U+200B", "take it out"),
    ('{"a": @}', "1:7", "this is not JSON", "double quotes only"),
]


@pytest.mark.parametrize(("text", "spot", "says", "remedy"), MISTAKES)
def test_the_very_mistake_is_named_with_its_place_and_remedy(
    text: str, spot: str, says: str, remedy: str
) -> None:
    error = refused(text)
    assert place(error) == spot
    assert says in error.message
    assert error.hint
    assert remedy in error.hint


@pytest.mark.parametrize(("text", "spot"), [(m[0], m[1]) for m in MISTAKES if len(m[0]) < 100])
def test_the_line_is_quoted_and_its_place_marked(text: str, spot: str) -> None:
    _, line, marker = refused(text).message.rsplit("\n", 2)
    row, column = map(int, spot.split(":"))
    assert marker.strip() == "^"
    assert len(marker) == 4 + column
    there = text.split("\n")[row - 1].replace("\t", " ").replace("\x01", " ")
    assert line[4:] == there.replace("\u00a0", " ").replace("\u200b", " ").rstrip()


DOCUMENTS = [
    ("<!DOCTYPE html><title>502</title>", "a web page"),
    ("<?xml version='1.0'?><a/>", "HTML or XML"),
    ("curl -X POST https://openapi.akool.com -d '{}'", "a curl command"),
    ("$ curl https://openapi.akool.com", "a curl command"),
    ("POST /api/open/v3 HTTP/1.1\nHost: x\n\n{}", "a raw HTTP message"),
    ("HTTP/1.1 200 OK\n\n{}", "a raw HTTP message"),
    ("```json\n{}\n```", "Markdown"),
    ("const body = {a: 1};", "program code"),
    ("import requests", "program code"),
    ("interactions:\n- request: x", "a vcrpy cassette"),
    ("prompt: hello\nresolution: 720p\n", "YAML"),
    ("---\nprompt: hello", "YAML"),
    ("from: 2\nid: x", "YAML"),
    ("- a\n- b", "YAML"),
    ("prompt=hello&resolution=720", "a form"),
]


@pytest.mark.parametrize(("text", "what"), DOCUMENTS)
def test_another_kind_of_document_is_called_by_its_name(text: str, what: str) -> None:
    error = refused(text)
    assert f"holds {what}" in error.message
    assert error.hint


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ({"log": {"version": "1.2", "entries": []}}, "HAR capture"),
        ({"info": {"name": "x"}, "item": []}, "Postman collection"),
    ],
)
def test_a_capture_or_collection_is_no_body(value: Json, what: str) -> None:
    assert what in refused(json.dumps(value)).message


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[1, 2]", "an array"),
        ('"text"', "a string"),
        ("5", "a number"),
        ("1.5", "a number"),
        ("null", "only null"),
        ("true", "only true"),
    ],
)
def test_a_body_that_is_no_object_is_refused(text: str, what: str) -> None:
    error = refused(text)
    assert "a request body is an object" in error.message
    assert error.message.endswith(what)


@pytest.mark.parametrize("data", [b"", b" \n\t", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_an_empty_file_is_called_empty(data: bytes) -> None:
    assert "is empty" in refused(data).message


def test_absurd_depth_is_told_with_its_place() -> None:
    error = refused('{"a":' + "[" * 100_000)
    assert "more than 100 deep" in error.message
    assert place(error) == "1:105"


def test_brackets_in_texts_do_not_count_as_depth() -> None:
    assert piped(json.dumps({"a": "[" * 1000, 'b\\"': '{"' * 1000})).body["a"] == "[" * 1000


# --- bytes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"),
        ("utf-32-le", "UTF-32"),
        ("utf-32-be", "UTF-32"),
    ],
)
def test_other_unicodes_are_named(encoding: str, named: str) -> None:
    error = refused('{"a": 1}'.encode(encoding))
    assert f"is written in {named};" in error.message
    assert f"iconv -f {named}" in (error.hint or "")


@pytest.mark.parametrize(
    ("text", "encoding", "spot", "byte", "guess"),
    [
        ('{\n  "prompt": "Привет, мир"\n}', "cp1251", "2:14", "0xcf", "Windows-1251"),
        ('{"prompt": "café, señor, über"}', "latin-1", "1:16", "0xe9", "Latin-1"),
    ],
)
def test_an_old_encoding_is_told_by_byte_and_guessed(
    text: str, encoding: str, spot: str, byte: str, guess: str
) -> None:
    error = refused(text.encode(encoding))
    assert place(error) == spot
    assert byte in error.message
    assert guess in error.message
    assert "iconv" in (error.hint or "")


def test_bytes_of_no_encoding_are_not_guessed() -> None:
    error = refused(b'{"a": "\x80\x81\xfe"}')
    assert "0x80" in error.message
    assert "reads as" not in error.message


def test_the_column_counts_characters_not_bytes() -> None:
    assert place(refused('{"я": "'.encode() + b'\xff"}')) == "1:8"


def test_a_nul_byte_is_told_with_its_place() -> None:
    error = refused(b'{"a":\n "x\0y"}')
    assert "NUL" in error.message
    assert place(error) == "2:4"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "jpeg"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "gzip"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0", "mp4"),
        (b"PK\x03\x04\x14\0\0\0", "zip"),
    ],
)
def test_a_binary_file_is_called_by_its_kind(data: bytes, kind: str) -> None:
    assert f"is a {kind} file" in refused(data).message


# --- files ------------------------------------------------------------------------------------


def failing(path: Path | str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        request_file.read(str(path))
    return caught.value


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "call.json").write_text("{}")
    error = failing(tmp_path / "cal.json")
    assert "No such file" in error.message
    assert error.hint == f"nearest: {tmp_path / 'call.json'}"
    assert failing(tmp_path / "CALL.JSON").hint == f"nearest: {tmp_path / 'call.json'}"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert f"no folder {tmp_path / 'gone'}" in (failing(tmp_path / "gone" / "x.json").hint or "")


def test_where_no_name_is_near_the_hint_says_how_else(tmp_path: Path) -> None:
    hint = failing(tmp_path / "call.json").hint or ""
    assert "check the name" in hint
    assert "nearest" not in hint


def test_a_folder_lists_what_may_be_meant(tmp_path: Path) -> None:
    assert failing(tmp_path).hint is None
    (tmp_path / "call.json").write_text("{}")
    (tmp_path / "notes.txt").write_text("")
    error = failing(tmp_path)
    assert "is a folder" in error.message
    assert error.hint == "in it: call.json"


def test_json_given_instead_of_a_file_is_recognised() -> None:
    assert "looks like the JSON itself" in failing('{"a": 1}').message
    assert "looks like the JSON itself" in failing('{"a": "' + "x" * 5000 + '"}').message


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "", "call.json/x"])
def test_a_name_that_cannot_be_a_file_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("call.json").write_text("{}")
    assert failing(name).message


def test_an_unreadable_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "call.json"
    path.symlink_to(path)  # a loop: not even root, whom no permission stops, can read it
    assert "symbolic links" in failing(path).message


def test_a_pipe_a_socket_and_a_device_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "is a pipe" in failing(tmp_path / "pipe").message
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        assert "is a socket" in failing(tmp_path / "socket").message
    error = failing("/dev/zero")
    assert "is a device" in error.message
    assert "-" in (error.hint or "")


def test_two_hundred_megabytes_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "call.json"
    with path.open("wb") as stream:
        stream.truncate(200_000_000)
    assert "holds 200 MB: that is no request body" in failing(path).message


class Endless(BytesIO):
    """Standard input that never ends, and counts what was taken."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert size >= 0
        self.taken += size
        return b" " * size


def test_an_endless_pipe_is_read_to_the_limit_only() -> None:
    stream = Endless()
    with pytest.raises(UsageError, match="more than 10 MB"):
        request_file.read("-", stdin=stream)
    assert stream.taken == SIZE_BYTES_MAX + 1


class Torn(BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        raise OSError(5, "Input/output error")


def test_a_pipe_that_breaks_is_told() -> None:
    with pytest.raises(UsageError, match="cannot read standard input: Input/output error"):
        request_file.read("-", stdin=Torn())


# --- envelopes --------------------------------------------------------------------------------


def test_an_envelope_gives_operation_query_body_and_credentials() -> None:
    read = piped(
        json.dumps(
            {
                "method": "post",
                "url": "https://openapi.akool.com/api/open/v3/x?page=2&t=a&t=b#top",
                "headers": {
                    "Authorization": f"Bearer {KEY}",
                    "Content-Type": "application/json",
                    "X-Weird": "short",
                    "x-number": 5,
                },
                "query": {"size": 10},
                "body": {"a": 1},
            }
        )
    )
    assert read.operation == "POST https://openapi.akool.com/api/open/v3/x"
    assert read.query == {"page": "2", "t": ["a", "b"], "size": 10}
    assert read.body == {"a": 1}
    assert read.headers == (("Authorization", KEY),)
    assert read.header_names == ("Authorization", "Content-Type", "X-Weird")
    assert "never sent" in read.notes[0].en


@pytest.mark.parametrize(
    ("given", "operation"),
    [
        ({"path": "/api/x", "body": {"a": 1}}, "POST /api/x"),
        ({"path": "/api/x", "body": None}, "GET /api/x"),
        ({"path": "/api/x", "body": " "}, "GET /api/x"),
        ({"path": "/api/x", "method": "DELETE"}, "DELETE /api/x"),
        ({"url": "/api/x", "method": "get", "path": {"_id": "1"}}, "GET /api/x"),
    ],
)
def test_the_method_may_be_left_out(given: Json, operation: str) -> None:
    read = piped(json.dumps(given))
    assert read.operation == operation
    assert read.path == (given["path"] if isinstance(given["path"], dict) else {})


@pytest.mark.parametrize(
    "body",
    [{"url": "https://a.com/x"}, {"url": "https://a.com/x", "method": "fast"}, {"path": 1}],
)
def test_a_body_with_an_address_is_no_envelope(body: Json) -> None:
    assert piped(json.dumps(body)) == RequestFile(body=body)


def test_a_body_inside_a_string_is_read_with_its_own_places() -> None:
    assert piped(json.dumps({"path": "/x", "body": '{"a": 1}'})).body == {"a": 1}
    error = refused(json.dumps({"path": "/x", "body": '{"a": 1,}'}))
    assert error.place == "standard input (in `body`):1:8"


@pytest.mark.parametrize(
    "pairs",
    [[["x-api-key", KEY]], [{"name": "x-api-key", "value": KEY}], {"x-api-key": KEY}],
)
def test_headers_are_read_in_each_usual_shape(pairs: Json) -> None:
    read = piped(json.dumps({"path": "/x", "body": {}, "headers": pairs}))
    assert read.headers == (("x-api-key", KEY),)


@pytest.mark.parametrize("query", ["?a=1&b=", "a=1&b=", [["a", "1"], ["b", ""]]])
def test_a_query_is_read_in_each_usual_shape(query: Json) -> None:
    read = piped(json.dumps({"path": "/x", "body": {}, "query": query}))
    assert read.query == {"a": "1", "b": ""}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"path": "/x", "body": [1]}, "`body` holds an array"),
        ({"path": "/x", "body": "[1]"}, "`body` holds an array"),
        ({"path": "/x", "body": {}, "method": "SEND"}, "no HTTP method"),
        ({"url": "http://[x", "body": {}}, "not a URL"),
        ({"path": "/x", "body": {}, "headers": "x"}, "`headers` is no object"),
        ({"path": "/x", "body": {}, "headers": [1]}, "`headers` is no object"),
        ({"path": "/x", "body": {}, "query": 5}, "`query` is no object"),
        ({"path": "/x", "body": {}, "query": [["a"]]}, "`query` is no object"),
    ],
)
def test_a_broken_envelope_says_which_part(given: Json, words: str) -> None:
    assert words in refused(json.dumps(given)).message


# --- nothing leaks, nothing escapes -----------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f'{{"clientSecret": "{KEY}",}}',
        f'{{"x-api-key": "{KEY}" "a": 1}}',
        f"{{'Authorization': 'Bearer {KEY}'}}",
        f'{{"token": "{"x" * 150}{KEY}", a: 1}}',
        f'{{"token": "{KEY}{"x" * 190}", a: 1}}',
        f'{{"a": 1 {"x" * 40}{KEY}{"x" * 300}',
        f'{{"a": "{"x" * 150}{KEY}{"x" * 30}" "b"',
    ],
)
def test_no_secret_stands_in_the_quoted_line(text: str) -> None:
    error = refused(text)
    shown = f"{error.message}{error.hint}"
    assert KEY not in shown
    assert KEY[:12] not in shown
    assert KEY[-12:] not in shown


@given(st.text(alphabet=st.sampled_from('ab "\\\n\t{}—'), max_size=900), st.integers(0, 900))
def test_a_quoted_line_is_short_and_its_mark_stands_under_the_place(text: str, at: int) -> None:
    at = min(at, len(text))
    line, caret = excerpt(text, at)
    assert len(line) <= 140
    assert "\n" not in line
    if at < len(text) and not text[at].isspace():
        assert line[caret] == text[at]


JSONISH = st.text(
    alphabet=st.sampled_from("{}[]\",:'/#\\ntrue0123456789.-+eE \n\t\0\u00a0“TFNaI<$=;"),
    max_size=40,
)


@given(st.one_of(st.binary(max_size=60), JSONISH.map(str.encode)))
def test_no_bytes_raise_anything_but_our_own_error(data: bytes) -> None:
    read = either(data)
    told = (
        read.message and read.place if isinstance(read, UsageError) else isinstance(read.body, dict)
    )
    assert told


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {"url": st.text(max_size=20)},
        optional=dict.fromkeys(("method", "path", "headers", "query", "body"), VALUES),
    )
)
def test_no_envelope_raises_anything_but_our_own_error(value: Json) -> None:
    read = either(json.dumps(value))
    assert isinstance(read, UsageError) or read.operation or read.body == value


@given(st.dictionaries(st.text(max_size=9).filter(lambda k: k != "log"), VALUES, max_size=4))
def test_what_json_writes_is_read_back(body: dict[str, Json]) -> None:
    read = piped(json.dumps(body, ensure_ascii=False))
    assert read.operation is not None or read.body == body
