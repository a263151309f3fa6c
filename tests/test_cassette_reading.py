"""Any cassette is read, of any age and make; a hostile one costs an error and nothing else."""

import base64
import gzip
import itertools
import json
import zlib
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import vcr
import vcr.request
import yaml
from hypothesis import given
from hypothesis import strategies as st
from vcr.serializers import yamlserializer

from benchmarks import cassette_reading
from diagnostics.capture import Capture, Raw
from diagnostics.captures.vcr import recognises
from diagnostics.errors import UsageError
from diagnostics.model import Response
from diagnostics.vcr.encoded import TooLargeError, Unpacker
from diagnostics.vcr.events import DEPTH_MOST
from tests.cassette_cases import captured, one, written

PLAIN = b'{"status": "processing", "wait": "\xd0\xb6\xd0\xb4\xd0\xb8\xd1\x82\xd0\xb5"}'
OLD = """\
- request: !!python/object:vcr.request.Request
    body: null
    headers: !!python/object/apply:__builtin__.frozenset
    - - !!python/tuple [Accept, '*/*']
      - !!python/tuple [User-Agent, python-requests]
    host: api.heygen.com
    method: GET
    path: /v1/video_status.get?video_id=7
    port: 443
    protocol: https
  response:
    body: {string: !!python/unicode '{"code": 100}'}
    headers: ["Content-Type: application/json\\r\\n", "Date: Fri, 20 Nov 2026 11:00:00 GMT\\r\\n"]
    status: {code: 200, message: OK}
"""


def only(found: Capture) -> Response:
    """The one answer in it."""
    assert not found.broken
    [exchange] = found.exchanges
    assert isinstance(exchange.answer, Response)
    return exchange.answer


def test_a_cassette_from_before_version_1_is_read() -> None:
    found = captured(OLD)
    answer = only(found)
    request = found.exchanges[0].request
    assert request.url == "https://api.heygen.com/v1/video_status.get?video_id=7"
    assert request.headers == (("Accept", "*/*"), ("User-Agent", "python-requests"))
    assert answer.header("content-type") == "application/json"
    assert answer.body == b'{"code": 100}'
    assert found.recorded_s == found.exchanges[0].started_s == 1795172400.0


def test_a_port_of_its_own_stays_in_the_address() -> None:
    found = captured(OLD.replace("port: 443", "port: 8443"))
    assert found.exchanges[0].request.url.startswith("https://api.heygen.com:8443/v1/")


def test_what_the_httpx_stubs_wrote_until_5_is_read() -> None:
    told = {"status_code": 402, "http_version": "HTTP/2", "headers": {"Server": "nginx"}}
    found = captured(written([{**one(), "response": {**told, "content": '{"detail": "no"}'}}]))
    answer = only(found)
    assert (answer.status, answer.body) == (402, b'{"detail": "no"}')
    assert answer.http_version == "HTTP/2"
    assert answer.header("server") == "nginx"


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(PLAIN, mtime=0)),
        ("gzip", gzip.compress(PLAIN[:9], mtime=0) + gzip.compress(PLAIN[9:], mtime=0)),
        ("deflate", zlib.compress(PLAIN)),
        ("deflate", zlib.compress(PLAIN, wbits=-15)),
        ("gzip", PLAIN),
        ("br", PLAIN),
        ("zstd", PLAIN),
        ("deflate, gzip", gzip.compress(zlib.compress(PLAIN), mtime=0)),
        ("identity", PLAIN),
    ],
)
def test_a_packed_body_is_unpacked_and_its_header_stays(encoding: str, packed: bytes) -> None:
    told = {"headers": {"Content-Encoding": [encoding]}, "body": {"string": packed}}
    answer = only(captured(written([one(response=told)])))
    assert answer.body == PLAIN
    assert answer.header("content-encoding") == encoding
    assert answer.size_bytes == len(packed)


def test_brotli_is_unpacked_as_well() -> None:
    brotli = pytest.importorskip("brotli")
    told = {"headers": {"Content-Encoding": ["br"]}, "body": {"string": brotli.compress(PLAIN)}}
    assert only(captured(written([one(response=told)]))).body == PLAIN


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_a_body_that_unpacks_to_more_than_we_hold_is_named_and_left_out(encoding: str) -> None:
    bomb = bytes(1 << 20)
    brotli = pytest.importorskip("brotli")
    packed = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress}
    with pytest.raises(TooLargeError, match=encoding):
        Unpacker(most=1 << 16).unpacked(packed[encoding](bomb), encoding)


@pytest.mark.parametrize(
    "body",
    [
        {"string": PLAIN.decode()},
        {"base64_string": base64.b64encode(PLAIN).decode()},
        {"encoding": "UTF-8", "string": PLAIN.decode()},
        PLAIN.decode(),
        PLAIN,
        json.loads(PLAIN),
    ],
)
def test_a_body_is_read_however_it_was_written(body: object) -> None:
    assert only(captured(written([one(response={"body": body})]))).body == PLAIN


def test_bodies_that_were_files_or_iterators_are_read() -> None:
    text = written([one({"body": "FILE"}), one({"body": "PARTS"})])
    file = (
        "!!python/object/new:_io.BytesIO\n      state: !!python/tuple [!!binary aGVsbG8=, 0, null]"
    )
    parts = "!!python/object/apply:builtins.iter\n      args: [[one, !!binary dHdv]]"
    found = captured(text.replace("FILE", file).replace("PARTS", parts))
    assert [e.request.body for e in found.exchanges] == [b"hello", b"onetwo"]


def test_what_vcrpy_itself_writes_is_read_alike() -> None:
    asked = vcr.request.Request("POST", "https://api.heygen.com/v2", PLAIN, {"Accept": "*/*"})
    told = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b"\xff"}}
    data = {"requests": [asked], "responses": [told]}
    found = captured(vcr.serialize.serialize(data, yamlserializer))
    assert found.exchanges[0].request.body == PLAIN
    assert only(found).body == b"\xff"


def test_what_stock_vcrpy_records_is_read_alike(tmp_path: Path) -> None:
    packed = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    answers = {
        "/text": httpx.Response(200, json={"status": "готово"}),
        "/packed": httpx.Response(200, headers=packed, content=gzip.compress(PLAIN)),
        "/bytes": httpx.Response(206, content=b"\xff\xd8\xff"),
        "/none": httpx.Response(204),
        "/twice": httpx.Response(200, headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]),
    }
    transport = httpx.MockTransport(lambda request: answers[request.url.path])
    with vcr.use_cassette(str(tmp_path / "made.yaml")), httpx.Client(transport=transport) as client:
        for path in answers:
            client.post(f"https://api.heygen.com{path}", content=b"asked")
    found = captured((tmp_path / "made.yaml").read_bytes(), "made.yaml")
    told = {urlsplit(e.request.url).path: e.response for e in found.exchanges}
    assert not found.broken
    assert all(e.request.body == b"asked" for e in found.exchanges)
    assert [one.status for one in told.values() if one] == [200, 200, 206, 204, 200]
    assert (json.loads(told["/text"].body), told["/packed"].body) == ({"status": "готово"}, PLAIN)  # type: ignore[union-attr]  # all are answers
    cookies = [pair for pair in told["/twice"].headers if pair[0].lower() == "set-cookie"]  # type: ignore[union-attr]  # as above
    assert [value for _, value in cookies] == ["a=1", "b=2"]


def test_a_body_of_very_many_members_costs_no_time() -> None:
    empty = gzip.compress(b"")
    assert Unpacker().unpacked(gzip.compress(b"x") + empty * 50_000, "gzip") == b"x"


@pytest.mark.parametrize(
    "text",
    [
        "interactions: we had three of them today\n",
        '{"interactions": [{"id": 7}], "code": 1000}',
        '{"log": "\\"interactions\\": [{\\"request\\""}',
    ],
)
def test_what_only_speaks_of_interactions_is_no_cassette(text: str) -> None:
    assert not recognises(Raw(name="note.txt", data=text.encode()))


def test_a_cassette_of_go_is_read() -> None:
    asked = {
        "method": "POST",
        "url": "https://api.heygen.com/v2",
        "body": "{}",
        "proto": "HTTP/1.1",
    }
    told = {"proto": "HTTP/2.0", "status": "402 Payment Required", "code": 402, "body": "no"}
    headers = {"headers": {"Server": ["nginx"]}}
    entry = {"id": 0, "request": asked | headers, "response": told | headers}
    found = captured(yaml.dump({"version": 2, "interactions": [entry]}, indent=4))
    answer = only(found)
    assert (answer.status, answer.reason, answer.body) == (402, "Payment Required", b"no")
    assert answer.http_version == "HTTP/2.0"
    assert found.exchanges[0].request.url == "https://api.heygen.com/v2"


def test_betamax_is_read_with_its_packed_bodies_and_dates() -> None:
    body = {"encoding": None, "base64_string": base64.b64encode(gzip.compress(PLAIN)).decode()}
    entry = one({"body": {"encoding": "utf-8", "string": ""}})
    entry["response"] |= {"body": body, "headers": {"Content-Encoding": ["gzip"]}}
    entry["recorded_at"] = "2026-11-20T11:00:00"
    text = json.dumps({"http_interactions": [entry], "recorded_with": "betamax/0.9.0"})
    found = captured(text, "recorded.json")
    assert (found.format, found.creator) == ("betamax", "betamax/0.9.0")
    assert only(found).body == PLAIN
    assert found.recorded_s == 1795172400.0


def test_a_cassette_of_ruby_is_read() -> None:
    entry = {**one(), "recorded_at": "Fri, 20 Nov 2026 11:00:00 GMT"}
    entry["request"]["method"] = "get"
    text = yaml.dump({"http_interactions": [entry], "recorded_with": "VCR 6.3.1"})
    found = captured(text)
    assert (found.format, found.creator) == ("betamax", "VCR 6.3.1")
    assert found.exchanges[0].request.method == "GET"
    assert found.recorded_s == 1795172400.0


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (None, "the interaction is missing"),
        ([], "the interaction is no map"),
        ({"request": {}}, "its response is missing"),
        ({"response": {}}, "its request is missing"),
        (one({"method": None}), "it has no method"),
        (one({"uri": ["a"]}), "a list or map stands where a word belongs"),
        (one(response={"status": "many"}), "it has no status"),
        (one(response={"headers": [1]}), "its headers are no headers"),
        (one(response={"headers": {"a": [[1]]}}), "a list or map stands where a word belongs"),
        (one(response={"body": {"base64_string": "%"}}), "its body is no base64"),
    ],
)
def test_an_interaction_that_is_none_is_named_and_the_others_are_read(
    wrong: object, why: str
) -> None:
    found = captured(written([one(), wrong, one()]))
    assert len(found.exchanges) == 2
    [broken] = found.broken
    assert broken.place.startswith("cassette.yaml: interaction 2, line ")
    assert broken.why.en == why
    assert broken.why.ru != why


def test_extras_that_somebody_broke_cost_their_interaction_only() -> None:
    bad = {**one(), "diagnostics": {"started_s": "noon"}}
    found = captured(written([one(), bad], diagnostics={"schema": "diagnostics.cassette/1"}))
    assert len(found.exchanges) == 1
    assert "diagnostics had added" in found.broken[0].why.en


def test_lines_are_those_of_the_file() -> None:
    text = "# by hand\nversion: 1\ninteractions:\n\n" + "".join(
        f"  - {json.dumps(one())}\n" for _ in range(3)
    )
    found = captured(text)
    assert [e.source.rpartition(" ")[2] for e in found.exchanges] == ["5", "6", "7"]


def test_a_torn_cassette_gives_what_stands_before_the_tear() -> None:
    text = written([one() for _ in range(20)])
    found = captured(text[: len(text) // 2] + "\n  : [}")
    assert 8 <= len(found.exchanges) <= 11
    assert "to the end" in found.broken[0].place


def test_torn_json_gives_what_stands_before_the_tear() -> None:
    text = json.dumps({"version": 1, "interactions": [one() for _ in range(20)]})
    found = captured(text[: len(text) // 2], "torn.json")
    assert 8 <= len(found.exchanges) <= 10
    assert found.broken


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("interactions: [\n" + "[" * 100_000, "cassette.yaml:2"),
        ("interactions:\n" + "- " * 50_000, "cassette.yaml:2"),
        ("version: 9\ninteractions: []\n", "cassette.yaml:1"),
        ("interactions:\n  a: [}\n", "cassette.yaml:2"),
        ("interactions: []\nversion: 1\n", "cassette.yaml"),
        ('{"interactions": [{"request": "' + "[" * 100_000, "cassette.yaml:1"),
        ('{"interactions": [{"request": ' + "[" * 100_000, "cassette.yaml:1"),
    ],
)
def test_what_cannot_be_read_is_an_error_that_names_the_line(text: str, place: str) -> None:
    with pytest.raises(UsageError) as caught:
        captured(text)
    assert caught.value.place == place
    assert caught.value.hint


def test_aliases_cannot_multiply() -> None:
    bomb = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    names = "abcdefghij"
    for before, name in itertools.pairwise(names):
        bomb.append(f"{name}: &{name} [{', '.join(['*' + before] * 10)}]")
    with pytest.raises(UsageError, match="aliases"):
        captured("\n".join(bomb) + "\ninteractions: [*j]\n")


def test_honest_aliases_and_defaults_are_followed() -> None:
    told = json.dumps(one()["response"])
    text = f"""\
interactions:
- request: &first
    method: GET
    uri: http://akool.emulator.test/v1
    headers: {{}}
    body: null
  response: &told {told}
- request:
    <<: *first
    method: POST
  response: *told
"""
    found = captured(text)
    assert [e.request.method for e in found.exchanges] == ["GET", "POST"]
    assert [e.request.url for e in found.exchanges] == ["http://akool.emulator.test/v1"] * 2


def test_no_tag_makes_an_object() -> None:
    made = "!!python/object/apply:os.system ['exit 7']"
    text = written([one({"body": "BODY"})]).replace("BODY", made)
    found = captured(text)
    assert found.exchanges[0].request.body == b'["exit 7"]'


@pytest.mark.parametrize(
    ("date", "started_s"),
    [
        ("Fri, 20 Nov 2026 11:00:00 GMT", 1795172400.0),
        ("Fri, 20 Nov 2026 11:00:00 -0000", 1795172400.0),
        ("Fri, 20 Nov 2026 14:00:00 +0300", 1795172400.0),
        ("yesterday", 0.0),
        ("Fri, 99 Nov 99999999999 11:00:00 GMT", 0.0),
    ],
)
def test_the_date_of_an_answer_is_when_it_was_made(date: str, started_s: float) -> None:
    found = captured(written([one(response={"headers": {"date": [date]}})]))
    assert found.exchanges[0].started_s == started_s


@pytest.mark.parametrize("status", [200, "200", {"code": 200}, {"code": "200", "message": None}])
def test_a_status_is_read_however_it_was_written(status: object) -> None:
    assert only(captured(written([one(response={"status": status})]))).status == 200


def test_odd_words_are_read_as_words() -> None:
    text = """\
interactions:
- request:
    method: get
    uri: http://akool.emulator.test/v1
    headers: {x-length: 12, x-flag: true, x-float: 1.5, x-none: ~, x-date: 2026-11-20, 7: [a],
      !!binary eC1ieXRlcw==: [!!binary /w==], [a]: b}
  response: {status: {code: 200}, body: {string: !!binary "%%%"}}
- request: {method: GET, uri: http://akool.emulator.test/v1, headers: {? [a, b] : c}}
  response: {status: {code: 200}}
- request: {method: GET, uri: http://akool.emulator.test/v1, body: !!binary aGVsbG8=, headers: {
      x-length: 12, x-flag: true, x-none: ~, x-date: 2026-11-20, 7: [a], !!binary eA==: [b]}}
  response: {status: {code: 200}, body: ~}
"""
    found = captured(text)
    assert [broken.place for broken in found.broken] == [
        "cassette.yaml: interaction 1, line 2",
        "cassette.yaml: interaction 2, line 8",
    ]
    assert found.exchanges[0].request.headers == (
        ("x-length", "12"),
        ("x-flag", "true"),
        ("x-none", ""),
        ("x-date", "2026-11-20"),
        ("7", "a"),
        ("x", "b"),
    )


def test_depth_that_is_no_attack_is_read() -> None:
    deep: object = "end"
    for _ in range(DEPTH_MOST - 10):
        deep = [deep]
    found = captured(f"interactions:\n- {json.dumps(one({'body': deep}))}\n")
    assert b"end" in found.exchanges[0].request.body


@given(data=st.binary(max_size=200) | st.text(max_size=200).map(lambda s: s.encode("utf-8")))
def test_no_bytes_make_the_reader_raise_anything_but_its_error(data: bytes) -> None:
    for start in (b"interactions:\n- ", b'{"interactions": [', b"- request: "):
        assert hinted(start + data)


def test_reading_is_measured_beside_vcrpy() -> None:
    [row] = cassette_reading.rows(interactions=20, rounds=1)
    assert row.reach == "≤ 1.2 ×"
    assert row.baseline.startswith("vcrpy ")
    assert row.ratio.endswith(" ×")


def hinted(data: bytes) -> bool:
    """Read, or refused with a place and a remedy."""
    try:
        captured(data)
    except UsageError as error:
        return bool(error.place and error.hint)
    return True


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


@given(asked=values, told=values, ours=values)
def test_no_value_in_any_place_makes_the_reader_raise(
    asked: object, told: object, ours: object
) -> None:
    wrong = [
        {"request": asked, "response": told, "diagnostics": ours},
        one({"headers": asked, "body": told}, {"status": ours}),
        one({"uri": asked, "method": told}, {"headers": told, "body": asked}),
        one(),
    ]
    head = {"schema": "diagnostics.cassette/1", "case": asked, "exchanges": [told, ours]}
    found = captured(written(wrong, diagnostics=head, recorded_with=ours))
    assert len(found.exchanges) + len(found.broken) >= len(wrong)
