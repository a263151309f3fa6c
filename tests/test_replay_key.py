"""A recorded request is found again by what it asks, not by how its bytes happen to stand."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.drive.key import address, canonical, host, request_key, streamed_key, tolerant_key

URL = "https://api.example.test/v1/videos?b=2&a=1"


def test_the_host_is_no_part_of_the_key() -> None:
    here = request_key("POST", "http://127.0.0.1:9999/v1/videos?b=2&a=1", b"{}")
    assert here == request_key("POST", URL, b"{}")


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [("GET", URL, b"{}"), ("POST", URL + "0", b"{}"), ("POST", URL, b"{ }")],
)
def test_method_address_and_body_each_count(method: str, url: str, body: bytes) -> None:
    assert request_key(method, url, body) != request_key("POST", URL, b"{}")


@given(method=st.text(max_size=9), url=st.text(max_size=60), body=st.binary(max_size=200))
def test_any_request_has_both_keys(method: str, url: str, body: bytes) -> None:
    assert len(request_key(method, url, body)) == 16
    assert len(tolerant_key(method, url, body)) == 16


@given(body=st.binary(max_size=200), cut=st.integers(0, 200))
def test_a_streamed_body_has_the_key_of_the_whole_one(body: bytes, cut: int) -> None:
    parts = [body[:cut], body[cut:]]
    assert streamed_key("PUT", URL, parts) == request_key("PUT", URL, body)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(value=st.dictionaries(st.text(max_size=5), json_values))
def test_json_may_stand_in_any_order_and_with_any_spaces(value: dict[str, object]) -> None:
    turned = dict(reversed(value.items()))
    loose = json.dumps(turned, indent=2, ensure_ascii=False).encode("utf-8", "surrogatepass")
    tight = json.dumps(value, separators=(",", ":")).encode()
    assert tolerant_key("POST", URL, loose) == tolerant_key("POST", URL, tight)


@given(value=st.dictionaries(st.text(max_size=5), json_values))
def test_json_that_says_something_else_has_another_key(value: dict[str, object]) -> None:
    other = {**value, "prompt": "another"}
    if other == value:
        return
    keys = {tolerant_key("POST", URL, json.dumps(v).encode()) for v in (value, other)}
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"b=2&a=1&a=0", b"a=1&a=0&b=2"),
        (
            b'--aaa\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--aaa--\r\n',
            b'--bbbb\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--bbbb--\r\n',
        ),
        (b'{"k":"<secret:akool-api-key#1>"}', b'{"k":"<secret:akool-api-key#7>"}'),
    ],
)
def test_what_varies_without_meaning_is_left_out(one: bytes, other: bytes) -> None:
    assert tolerant_key("POST", URL, one) == tolerant_key("POST", URL, other)
    assert request_key("POST", URL, one) != request_key("POST", URL, other)


def test_the_order_of_names_in_a_query_is_left_out_but_not_that_of_one_names_values() -> None:
    assert tolerant_key("GET", "http://a/x?b=2&a=1", b"") == tolerant_key("GET", "/x?a=1&b=2", b"")
    assert tolerant_key("GET", "/x?a=1&a=2", b"") != tolerant_key("GET", "/x?a=2&a=1", b"")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://h/p?q=http://x/y#f", "/p?q=http://x/y"),
        ("https://h", "/"),
        ("https://h?a=1", "/?a=1"),
        ("/only/path", "/only/path"),
        ("", "/"),
    ],
)
def test_the_address_is_path_and_query(url: str, expected: str) -> None:
    assert address(url) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [("https://user:pw@API.Example.test:8443/p", "api.example.test:8443"), ("/p", "")],
)
def test_the_host_is_told_apart(url: str, expected: str) -> None:
    assert host(url) == expected


@given(body=st.binary(max_size=300))
def test_what_is_canonical_stays_so(body: bytes) -> None:
    assert canonical(canonical(body)) == canonical(body)


def test_a_body_too_deep_to_read_counts_as_it_stands() -> None:
    deep = b"[" * 100_000
    assert canonical(deep) == deep
