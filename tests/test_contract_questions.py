"""What can be asked of a contract, and does any answer of a stranger upset it?"""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.contract import decode, dig, first
from diagnostics.document import line_of, position_of, read_yaml
from diagnostics.errors import ContractError, UsageError
from diagnostics.model import Json, Response
from diagnostics.promise import Price
from tests.contract_cases import AKOOL, OPERATIONS

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


# --- which operation --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wanted",
    [
        "createTalkingPhoto",
        "createtalkingphoto",
        "createbytalkingphoto",
        "/api/open/v3/content/video/createbytalkingphoto",
        "POST /api/open/v3/content/video/createbytalkingphoto",
        "post https://openapi.akool.com/api/open/v3/content/video/createbytalkingphoto?x=1",
    ],
)
def test_a_call_is_found_by_its_name_or_its_address(wanted: str) -> None:
    assert AKOOL.operation(wanted).id == "createTalkingPhoto"


def test_a_path_with_a_parameter_in_it_is_found() -> None:
    found = AKOOL.match("GET", "https://openapi.akool.com/api/open/v4/voice/detail/6882")
    assert found is AKOOL.operations["getVoice"]
    assert AKOOL.match("GET", "/api/open/v4/voice/detail/6882/more") is None
    assert AKOOL.match("DELETE", "/api/open/v4/voice/detail/6882") is None


def test_an_unknown_call_names_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        AKOOL.operation("createTalkingFoto")
    assert "createTalkingPhoto" in (caught.value.hint or "")


@pytest.mark.parametrize("wanted", ["create", "list", "detail", "§§§§", "", "GET /nowhere"])
def test_a_name_that_fits_several_calls_or_none_is_an_error(wanted: str) -> None:
    with pytest.raises(UsageError) as caught:
        AKOOL.operation(wanted)
    assert caught.value.hint


def test_every_address_ever_seen_is_one_list() -> None:
    assert len(AKOOL.aliases) == sum(len(op.aliases) for op in OPERATIONS)


# --- requests ---------------------------------------------------------------------------------


def test_a_request_carries_body_price_and_no_key() -> None:
    body = {"image": "https://a.test/a.png", "duration": 12, "prompt": "жест"}
    made = AKOOL.request("createCharacterSwap", body=body)
    assert (made.method, made.spends, made.credits, made.authenticated) == ("POST", True, 30, True)
    assert json.loads(made.body) == body
    assert made.headers == (("Content-Type", "application/json"),)


def test_queries_and_paths_are_escaped() -> None:
    asked = AKOOL.request("listVoices", query={"type": "1", "name": "a b&c", "page": 2, "x": True})
    assert asked.url.endswith("?type=1&name=a+b%26c&page=2&x=true")
    read = AKOOL.request("getVoice", path={"_id": "../x"})
    assert read.url.endswith("/voice/detail/..%2Fx")
    assert (read.body, read.headers, read.spends) == (b"", (), False)


def test_half_a_character_travels_as_its_escape() -> None:
    body = {"prompt": "\ud83d"}
    made = AKOOL.request(
        "createTalkingPhoto", body=body, path={"_id": "\ud83d"}, query={"q": "\ud83d"}
    )
    assert json.loads(made.body) == body
    assert AKOOL.request("getVoice", path={"_id": "\ud83d"}).url.endswith("%3F")
    assert made.url.endswith("?q=%3F")


@given(url=st.one_of(st.text(), st.text().map("http://[".__add__), st.text().map("POST ".__add__)))
def test_no_address_upsets_the_search(url: str) -> None:
    assert AKOOL.match("POST", url) is None or url.strip()


# --- answers ----------------------------------------------------------------------------------


@given(body=st.one_of(st.binary(), ANY_JSON.map(lambda v: json.dumps(v).encode())))
def test_no_body_upsets_the_reading(body: bytes) -> None:
    for call in ("createTalkingPhoto", "detectFaces", "analyzeFrames", None, "nothing"):
        reading = AKOOL.read(Response(status=200, body=body), call)
        assert reading.code is None or isinstance(reading.code, str)


def test_a_body_without_a_code_is_no_success() -> None:
    for body in (b"", b"<html>", b"[]", b'{"code": [1000]}', b'{"data": {}}', b'{"code": "1000"}'):
        assert not AKOOL.read(Response(status=200, body=body), "getCredit").ok


def test_json_too_deep_to_read_counts_as_none() -> None:
    assert decode(b"[" * 200_000) is None


@given(value=ANY_JSON, path=st.text(alphabet="ab.[]", max_size=8))
def test_digging_never_fails(value: Json, path: str) -> None:
    assert isinstance(dig(value, path), list)


def test_the_first_value_that_says_anything_wins() -> None:
    answer = {"data": {"result": [{"url": ""}, {"url": "u"}], "video": None}}
    assert first(answer, ("data.video", "data.result[].url")) == "u"
    assert dig(answer, "data.result[]") == answer["data"]["result"]
    assert first(answer, ("nothing", "data.video")) is None


# --- prices -----------------------------------------------------------------------------------


def test_a_price_can_be_fixed_or_by_the_length_of_a_text() -> None:
    assert Price(amount=4).of(None) == 4
    spoken = Price(by=("plan",), values={"Pro": 4.4}, defaults={"plan": "Pro"}, per_chars=1000)
    assert Price.of(spoken, {}) is None
    worded = Price(
        by=("plan",),
        values={"Pro": 4.4},
        defaults={"plan": "Pro"},
        per_chars=1000,
        text_field="text",
    )
    assert worded.of({"text": "x" * 500}) == pytest.approx(2.2)
    assert worded.of({"text": 5}) is None
    assert worded.of("no body") is None


# --- documents --------------------------------------------------------------------------------


def test_a_place_in_a_document_is_found_or_its_nearest_parent(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("one:\n  - two: 2\n    three: 3\n")
    assert position_of(path, ("one", 0, "three")) == (3, 12)
    assert line_of(path, ("one", 0, "gone", "deeper")) == 2
    assert line_of(path, ("one", 7)) == 2
    assert line_of(tmp_path / "gone.yaml", ()) is None


def test_a_document_that_is_not_there_or_no_text_says_so(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="cannot read"):
        read_yaml(tmp_path / "gone.yaml", hint="look again")
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(ContractError, match="not valid YAML"):
        read_yaml(path)
    assert line_of(path, ("one",)) is None
