"""What does an address say before anything is fetched?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.contract_load import load
from diagnostics.inspection.link import (
    INPUTS_MAX,
    ending,
    ends_s,
    fetchable,
    host,
    inputs,
    near,
    onward,
    redirects,
    service,
    trouble,
)
from diagnostics.model import Case, Exchange, Json, Request, Response, Target, TargetKind

SIGNED_S = 1_763_683_200.0  # 2025-11-21T00:00:00Z


def case(kind: TargetKind, base_url: str) -> Case:
    return Case(run_id="test", target=Target(kind=kind, provider="akool", base_url=base_url))


def answered(url: str, status: int, location: str | None = None) -> Exchange:
    headers = () if location is None else (("location", location),)
    request = Request(method="GET", url=url)
    return Exchange(request=request, answer=Response(status=status, headers=headers), started_s=0)


# --- where inputs stand -----------------------------------------------------------------------


def test_inputs_are_found_at_every_dotted_path_with_their_limits() -> None:
    operation = load("akool").operations["createTalkingAvatar"]
    body = {"elements": [{"url": "https://h/a.png"}, {"type": "image"}, {"url": "https://h/b.mp3"}]}
    found = inputs(operation, body)
    assert [(i.parameter, i.url) for i in found] == [
        ("elements[0].url", "https://h/a.png"),
        ("elements[2].url", "https://h/b.mp3"),
    ]
    assert all(i.limits is operation.media["elements[].url"] for i in found)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "text",
        {"elements": {"url": "https://h/a.png"}},
        {"elements": [None, 3, {"url": 7}, {"url": " "}]},
        {"elements": "https://h/a.png"},
    ],
)
def test_a_body_of_another_shape_gives_no_inputs(body: Json) -> None:
    assert inputs(load("akool").operations["createTalkingAvatar"], body) == ()


def test_a_call_with_very_many_inputs_is_judged_by_its_first_ones() -> None:
    body = {"elements": [{"url": "https://h/a.png"}] * 1000}
    assert len(inputs(load("akool").operations["createTalkingAvatar"], body)) == INPUTS_MAX


def test_an_unknown_operation_has_no_inputs() -> None:
    assert inputs(None, {"url": "https://h/a.png"}) == ()


# --- what an address says ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://h.org/a.png", True),
        ("http://127.0.0.1:8000/a", True),
        ("ftp://h.org/a", False),
        ("file:///etc/passwd", False),
        ("/home/me/a.png", False),
        ("https://", False),
        ("http://[::1", False),
        ("http://h:99999/", False),
        ("data:image/png;base64,AAAA", False),
        ("", False),
    ],
)
def test_only_http_addresses_with_a_host_are_fetchable(url: str, *, expected: bool) -> None:
    assert fetchable(url) is expected


@pytest.mark.parametrize(
    ("kind", "base_url", "expected"),
    [
        (TargetKind.EMULATOR, "http://akool.emulator.test", True),
        (TargetKind.LIVE, "https://openapi.akool.com", False),
        (TargetKind.LIVE, "http://127.0.0.1:8080", True),
        (TargetKind.CASSETTE, "https://openapi.akool.com", False),
    ],
)
def test_a_target_on_this_machine_can_reach_private_hosts(
    kind: TargetKind, base_url: str, *, expected: bool
) -> None:
    assert near(case(kind, base_url)) is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://drive.google.com/file/d/1/view", "Google Drive"),
        ("https://www.dropbox.com/s/1/a.mp4?dl=0", "Dropbox"),
        ("https://notdropbox.com/a.mp4", None),
        ("https://h.org/a.mp4", None),
    ],
)
def test_file_sharing_services_are_known_by_host(url: str, expected: str | None) -> None:
    assert service(url) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://h/a.B/photo.JPG?x=1.png#f.gif", "jpg"),
        ("https://h/%D1%84.mp3", "mp3"),
        ("https://h/photo", ""),
        ("http://[::1", ""),
    ],
)
def test_the_ending_is_that_of_the_path(url: str, expected: str) -> None:
    assert ending(url) == expected


def test_what_is_no_address_stands_in_its_hosts_place_shortened() -> None:
    assert host("https://cdn.org:8443/a") == "cdn.org"
    assert host("http://[::1") == "http://[::1"
    assert host("x" * 1000) == "x" * 40


# --- redirects --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "location", "expected"),
    [
        (302, "https://cdn.org/b", "https://cdn.org/b"),
        (301, "/b", "https://h.org/b"),
        (308, "b?x=1", "https://h.org/d/b?x=1"),
        (303, "//cdn.org/b", "https://cdn.org/b"),
        (302, None, None),
        (302, "", None),
        (302, "https://h.org/d/a", None),
        (302, "ftp://h.org/b", None),
        (302, "http://[::1", None),
        (200, "https://cdn.org/b", None),
        (304, "https://cdn.org/b", None),
    ],
)
def test_a_redirect_leads_to_an_address_or_nowhere(
    status: int, location: str | None, expected: str | None
) -> None:
    assert onward(answered("https://h.org/d/a", status, location)) == expected


def test_a_redirect_without_a_place_is_still_a_redirect() -> None:
    assert redirects(answered("https://h.org/a", 302))
    assert not redirects(answered("https://h.org/a", 200))


# --- signed links -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected_s"),
    [
        ("X-Amz-Date=20251121T000000Z&X-Amz-Expires=3600&X-Amz-Signature=0", SIGNED_S + 3600),
        ("x-goog-date=20251121T000000Z&x-goog-expires=60", SIGNED_S + 60),
        ("Expires=1763683200&Signature=0&Key-Pair-Id=K", SIGNED_S),
        ("OSSAccessKeyId=x&Expires=1763683200&Signature=0", SIGNED_S),
        ("sv=2024&se=2025-11-21T00%3A00%3A00Z&sig=0", SIGNED_S),
        ("sv=2024&se=2025-11-21&sig=0", SIGNED_S),
        ("Expires=1763683200", None),
        ("expires=soon&Signature=0", None),
        ("X-Amz-Date=20251121T000000Z", None),
        ("X-Amz-Date=20259921T000000Z&X-Amz-Expires=1", None),
        ("X-Amz-Date=99991231T235959Z&X-Amz-Expires=99999999999", None),
        ("se=never&sig=0", None),
        ("se=2025-11-21", None),
        ("", None),
        ("&".join(f"k{n}=1" for n in range(200)), None),
    ],
)
def test_a_signed_link_tells_when_it_ends(query: str, expected_s: float | None) -> None:
    assert ends_s(f"https://h.org/a.png?{query}") == expected_s


# --- any text at all --------------------------------------------------------------------------

addresses = st.text(max_size=60) | st.text(max_size=60).map(lambda rest: f"https://{rest}")


@given(addresses, addresses, st.integers(100, 599))
def test_no_address_makes_a_question_raise(url: str, location: str, status: int) -> None:
    for question in (fetchable, host, ending, service, ends_s):
        question(url)
    trouble(url, local=False)
    assert near(case(TargetKind.LIVE, url)) in {True, False}
    found = onward(answered(url, status, location))
    assert found is None or fetchable(found)
