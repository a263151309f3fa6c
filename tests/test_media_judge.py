"""Is each input judged for what came of it, and never blamed for what it did not do?"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from diagnostics.contract import Contract
from diagnostics.contract_load import load
from diagnostics.emulator.samples import sample
from diagnostics.finding import Finding
from diagnostics.inspection.judge import judge
from diagnostics.media import inspect
from diagnostics.model import (
    Answer,
    Blame,
    Case,
    Exchange,
    Fault,
    FaultKind,
    Plan,
    Purpose,
    Request,
    Response,
    Severity,
    Tape,
    Target,
    TargetKind,
    Unsent,
    UnsentReason,
)

NOW_S = 1_763_683_200.0  # 2025-11-21T00:00:00Z
PHOTO = "https://cdn.somewhere.org/face.jpg"
SPEECH = "https://cdn.somewhere.org/speech.mp3"
HTML = b"<!DOCTYPE html><html><body>Sign in</body></html>"


def case(
    photo: str = PHOTO,
    speech: str = SPEECH,
    *,
    kind: TargetKind = TargetKind.LIVE,
    operation: str = "createTalkingPhoto",
    **body: Any,
) -> Case:
    body = body or {"talking_photo_url": photo, "audio_url": speech}
    target = Target(kind=kind, provider="akool", base_url="https://openapi.akool.com")
    return Case(run_id="test", target=target, plan=Plan(operation=operation, body=body))


def got(data: bytes = b"", status: int = 200, **headers: str) -> Response:
    named = {"content_length": str(len(data)), **headers}
    fields = tuple((name.replace("_", "-"), value) for name, value in named.items() if value)
    facts = inspect(data) if status == 200 else None
    return Response(status=status, headers=fields, media=facts, size_bytes=len(data))


def exchange(
    answer: Answer,
    label: str = "talking_photo_url",
    url: str = PHOTO,
    position: int = 0,
    **facts: Any,
) -> Exchange:
    request = Request(
        method="GET", url=url, purpose=Purpose.MEDIA, authenticated=False, label=label
    )
    known = {"started_s": NOW_S, "scenario": "media", "position": position, **facts}
    return Exchange(request=request, answer=answer, **known)


def judged(
    *exchanges: Exchange, about: Case | None = None, contract: Contract | None = None
) -> list[Finding]:
    tape = Tape(case=about or case(speech=""), exchanges=exchanges)
    return list(judge(contract or load("akool"), tape))


def one(*exchanges: Exchange, about: Case | None = None) -> Finding:
    """The only finding that is more than the file's own facts."""
    (found,) = [f for f in judged(*exchanges, about=about) if f.severity is not Severity.INFO]
    return found


def changed(operation: str, parameter: str, **limits: Any) -> Contract:
    """The contract with other limits for one parameter."""
    contract = load("akool")
    known = contract.operations[operation]
    media = {**known.media, parameter: replace(known.media[parameter], **limits)}
    operations = {**contract.operations, operation: replace(known, media=media)}
    return replace(contract, operations=operations)


def codes(findings: Sequence[Finding]) -> list[str]:
    return [finding.rule.code for finding in findings]


# --- a healthy input --------------------------------------------------------------------------


def test_a_healthy_file_is_told_with_its_facts_and_blames_nobody() -> None:
    (found,) = judged(exchange(got(sample("face.jpg"), content_type="image/jpeg")))
    assert (found.rule.code, found.severity, found.blame) == ("media-fine", "info", Blame.NONE)
    assert found.message("en") == "talking_photo_url: jpeg 512×512, 8.9 kB"
    assert found.evidence == (0,)
    assert found.explains == frozenset()


def test_an_input_that_nobody_fetched_is_not_called_healthy() -> None:
    (found,) = judged()
    assert (found.rule.code, found.blame) == ("media-not-fetched", Blame.UNDECIDED)
    unsent = Unsent(reason=UnsentReason.OVER_BUDGET)
    assert codes(judged(exchange(unsent))) == ["media-not-fetched"]


# --- an address nobody can fetch --------------------------------------------------------------


@pytest.mark.parametrize("status", [404, 410, 500, 503, 429, 418])
def test_an_http_error_makes_the_input_unreachable_and_explains_1015(status: int) -> None:
    found = one(exchange(got(status=status)))
    assert (found.rule.code, found.blame) == ("media-unreachable", Blame.MEDIA)
    assert found.code == "1015"
    assert {"1015", "4"} <= found.explains
    assert found.message("ru").endswith(f"HTTP {status} вместо файла → 1015")


@pytest.mark.parametrize("status", [401, 403, 451])
def test_a_file_that_strangers_may_not_fetch_is_told_apart(status: int) -> None:
    assert one(exchange(got(status=status))).rule.code == "media-forbidden"


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        (FaultKind.DNS, "media-host-unknown"),
        (FaultKind.REFUSED, "media-no-connection"),
        (FaultKind.CONNECT, "media-no-connection"),
        (FaultKind.CONNECT_TIMEOUT, "media-no-connection"),
        (FaultKind.TLS, "media-certificate"),
        (FaultKind.READ_TIMEOUT, "media-no-answer"),
        (FaultKind.RESET, "media-no-answer"),
        (FaultKind.PROTOCOL, "media-no-answer"),
        (FaultKind.WRITE, "media-no-answer"),
        (FaultKind.CUT_BODY, "media-cut-short"),
        (FaultKind.BAD_REQUEST, "media-not-an-address"),
        (FaultKind.REDIRECTS, "media-redirects-nowhere"),
    ],
)
def test_each_kind_of_fault_has_its_own_words_and_blames_the_media(
    kind: FaultKind, rule: str
) -> None:
    found = one(exchange(Fault(kind=kind, message="why")))
    assert (found.rule.code, found.blame, found.severity) == (rule, Blame.MEDIA, Severity.FAIL)
    assert "1015" in found.explains
    assert "?" not in found.message("en") + found.message("ru")


def test_every_kind_of_fault_is_judged() -> None:
    for kind in FaultKind:
        assert one(exchange(Fault(kind=kind, message="why"))).severity is Severity.FAIL


def test_a_proxy_that_refuses_is_our_network_and_no_fault_of_the_file() -> None:
    found = one(exchange(Fault(kind=FaultKind.PROXY, message="407")))
    assert (found.blame, found.explains) == (Blame.NETWORK, frozenset())


def test_when_nobody_answers_the_provider_neither_the_media_is_not_blamed() -> None:
    dns = Fault(kind=FaultKind.DNS, message="no such host")
    call = Exchange(
        request=Request(method="GET", url="https://openapi.akool.com/"), answer=dns, started_s=0
    )
    found = one(exchange(dns), call)
    assert (found.blame, found.severity) == (Blame.NETWORK, Severity.WARN)
    assert found.certainty <= 0.5
    assert found.explains == frozenset()


def test_when_the_provider_answers_a_dead_media_host_is_the_medias_fault() -> None:
    dns = Fault(kind=FaultKind.DNS, message="no such host")
    call = Exchange(
        request=Request(method="GET", url="https://openapi.akool.com/"),
        answer=Response(status=404),
        started_s=0,
    )
    found = one(exchange(dns), call)
    assert (found.blame, found.severity) == (Blame.MEDIA, Severity.FAIL)


@pytest.mark.parametrize(
    "url",
    [
        "/home/me/face.jpg",
        "C:\\face.jpg",
        "data:image/png;base64,AAAA",
        "cdn.somewhere.org/face.jpg",
        "ftp://cdn.somewhere.org/face.jpg",
        "https://",
        "https://cdn.somewhere.org/my face.jpg",
    ],
)
def test_what_is_no_absolute_address_fails_whatever_a_driver_made_of_it(url: str) -> None:
    about = case(photo=url, speech="")
    fault = Fault(kind=FaultKind.BAD_REQUEST, message="unsupported scheme")
    assert codes(judged(exchange(fault, url=url), about=about)) == ["media-not-an-address"]
    assert codes(judged(about=about)) == ["media-not-an-address"]


@pytest.mark.parametrize(
    "url", ["http://localhost/a.jpg", "http://192.168.1.5/a.jpg", "http://nas.local/a.jpg"]
)
def test_a_private_host_fails_for_a_provider_far_away(url: str) -> None:
    about = case(photo=url, speech="")
    served = exchange(got(sample("face.jpg"), content_type="image/jpeg"), url=url)
    found = judged(served, about=about)
    assert codes(found) == ["media-private-host", "media-fine"]
    assert "1015" in found[0].explains
    dead = exchange(Fault(kind=FaultKind.REFUSED, message="no"), url=url)
    assert codes(judged(dead, about=about)) == ["media-private-host"]


def test_a_private_host_is_fine_for_an_emulator_on_this_machine() -> None:
    url = "http://127.0.0.1:8000/face.jpg"
    about = case(photo=url, speech="", kind=TargetKind.EMULATOR)
    assert codes(judged(exchange(got(sample("face.jpg")), url=url), about=about)) == ["media-fine"]


def test_a_redirect_into_a_private_network_fails() -> None:
    hop = exchange(got(status=302, location="http://10.0.0.7/face.jpg"))
    assert "media-private-host" in codes(judged(hop))


def test_a_placeholder_warns_and_fails_when_it_serves_no_media() -> None:
    url = "https://example.com/photo.jpg"
    about = case(photo=url, speech="")
    page = judged(exchange(got(HTML, content_type="text/html"), url=url), about=about)
    assert codes(page) == ["media-placeholder", "media-web-page"]
    fine = judged(exchange(got(sample("face.jpg")), url=url), about=about)
    assert codes(fine) == ["media-placeholder", "media-fine"]
    assert fine[0].severity is Severity.WARN


# --- signed links -----------------------------------------------------------------------------


def signed(lives_s: int) -> str:
    return f"{PHOTO}?X-Amz-Date=20251120T230000Z&X-Amz-Expires={lives_s}&X-Amz-Signature=0"


def test_a_dead_signed_link_is_told_as_expired_and_not_merely_forbidden() -> None:
    url = signed(60)
    found = one(exchange(got(status=403), url=url), about=case(photo=url, speech=""))
    assert found.rule.code == "media-link-expired"
    assert "0:59:00 ago" in found.message("en")


def test_a_forbidden_link_that_is_still_alive_is_not_called_expired() -> None:
    url = signed(7200)
    found = one(exchange(got(status=403), url=url), about=case(photo=url, speech=""))
    assert found.rule.code == "media-forbidden"


def test_a_signed_link_about_to_end_warns() -> None:
    url = signed(3600 + 300)
    found = one(exchange(got(sample("face.jpg")), url=url), about=case(photo=url, speech=""))
    assert (found.rule.code, found.severity) == ("media-link-expiring", Severity.WARN)
    assert "0:05:00" in found.message("ru")


def test_a_signed_link_with_a_day_to_live_is_not_mentioned() -> None:
    url = signed(90_000)
    about = case(photo=url, speech="")
    assert codes(judged(exchange(got(sample("face.jpg")), url=url), about=about)) == ["media-fine"]
