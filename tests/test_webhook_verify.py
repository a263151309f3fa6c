"""Does each thing that can be wrong with a callback become its own finding, and nothing else?"""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.model import Blame, Verdict
from diagnostics.webhooks.delivery import Delivery
from diagnostics.webhooks.judge import Checked, Secrets, check, deciding
from diagnostics.webhooks.session import Session
from diagnostics.webhooks.signing import Signing
from tests.webhook_cases import (
    AKOOL,
    NOW_S,
    PLAIN,
    SECRETS,
    STANDARD,
    codes,
    delivery,
    judged,
    sealed,
    whsec,
)

SCHEMES = [AKOOL, STANDARD, PLAIN]
INFO = {"webhook-untimed", "webhook-variant"}


def worst(checked: Checked) -> tuple[str, Blame]:
    found = deciding(checked.findings)
    assert found is not None, checked.findings
    return found.rule.code, found.blame


def with_header(given: Delivery, name: str, value: str | None) -> Delivery:
    kept = tuple(pair for pair in given.headers if pair[0] != name)
    return replace(given, headers=kept if value is None else (*kept, (name, value)))


@pytest.mark.parametrize("signing", SCHEMES, ids=lambda s: s.scheme)
def test_a_callback_as_it_was_sent_verifies_and_tells_job_and_state(signing: Signing) -> None:
    checked = judged(signing, sealed(signing))
    assert checked.ok
    assert checked.verdict is Verdict.PASS
    assert (checked.job, checked.state) == ("job-1", "3")
    assert set(codes(checked)) <= INFO
    assert checked.signed_s == NOW_S


@pytest.mark.parametrize("signing", SCHEMES, ids=lambda s: s.scheme)
def test_one_signed_with_nobodys_key_is_blamed_on_the_delivery(signing: Signing) -> None:
    checked = judged(signing, sealed(signing, honest=False))
    assert checked.verified is False
    assert worst(checked) == ("webhook-wrong-signature", Blame.DELIVERY)


@pytest.mark.parametrize(
    ("signing", "header"), [(STANDARD, "webhook-signature"), (PLAIN, "X-Signed")]
)
def test_a_lost_signature_is_named(signing: Signing, header: str) -> None:
    checked = judged(signing, with_header(sealed(signing), header, None))
    assert worst(checked) == ("webhook-unsigned", Blame.DELIVERY)
    assert header in checked.findings[0].message("en")
    assert header in checked.findings[0].message("ru")


def test_akools_missing_fields_are_named() -> None:
    body = json.loads(sealed(AKOOL).body)
    for name, code in (("signature", "webhook-unsigned"), ("nonce", "webhook-incomplete")):
        less = {key: value for key, value in body.items() if key != name}
        checked = judged(AKOOL, delivery({}, json.dumps(less).encode()))
        assert worst(checked)[0] == code
        assert name in checked.findings[0].message()


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp"])
def test_a_lost_header_that_is_signed_is_named(header: str) -> None:
    checked = judged(STANDARD, with_header(sealed(STANDARD), header, None))
    assert worst(checked)[0] == "webhook-incomplete"
    assert header in checked.findings[0].message()


def test_a_signature_of_another_version_is_no_signature() -> None:
    checked = judged(STANDARD, with_header(sealed(STANDARD), "webhook-signature", "v1a,AAAA"))
    assert worst(checked)[0] == "webhook-unsigned"


def test_one_of_several_signatures_is_enough() -> None:
    given = sealed(STANDARD)
    signature = given.header("webhook-signature")
    old = f"v1,AAAA v1a,BBBB {signature}"
    assert judged(STANDARD, with_header(given, "webhook-signature", old)).ok


def test_headers_may_come_in_any_case() -> None:
    given = sealed(STANDARD)
    loud = tuple((name.upper(), value) for name, value in given.headers)
    assert judged(STANDARD, replace(given, headers=loud)).ok


# --- secrets ----------------------------------------------------------------------------------


def test_without_a_secret_nothing_is_judged_and_the_variable_is_named() -> None:
    checked = judged(STANDARD, sealed(STANDARD), own=(None,))
    assert checked.verified is None
    assert checked.verdict is Verdict.INCONCLUSIVE
    assert worst(checked) == ("webhook-secret-missing", Blame.CREDENTIALS)
    assert "MADE_UP_WEBHOOK_SECRET" in checked.findings[0].message()
    assert checked.job == "job-1"


def test_akools_secret_alone_missing_leaves_the_signature_checked_and_the_payload_shut() -> None:
    checked = judged(AKOOL, sealed(AKOOL), own=(SECRETS["akool"][0], None))
    assert checked.verified is True
    assert codes(checked) == ["webhook-secret-missing"]
    assert "AKOOL_CLIENT_SECRET" in checked.findings[-1].message()


@pytest.mark.parametrize("secret", ["", "  ", "whsec_not*base64", "whsec_"])
def test_a_secret_that_can_be_none_is_said_without_being_shown(secret: str) -> None:
    checked = judged(STANDARD, sealed(STANDARD), own=(secret,))
    assert worst(checked) == ("webhook-secret-malformed", Blame.CREDENTIALS)
    assert "not*base64" not in "".join(f.message() + f.remedy() for f in checked.findings)


@pytest.mark.parametrize("dirt", ["{}\n", ' "{}" ', "'{}'", "\t{}"])
def test_dirt_around_a_secret_is_told_from_a_wrong_one(dirt: str) -> None:
    for signing in (STANDARD, PLAIN):
        secret = dirt.format(SECRETS[signing.scheme][0])
        checked = judged(signing, sealed(signing), own=(secret,))
        assert worst(checked) == ("webhook-secret-form", Blame.CREDENTIALS)


def test_a_secret_that_lost_its_prefix_is_told_from_a_wrong_one() -> None:
    secret = SECRETS["standard"][0].removeprefix("whsec_")
    checked = judged(STANDARD, sealed(STANDARD), own=(secret,))
    assert worst(checked) == ("webhook-secret-form", Blame.CREDENTIALS)
    assert "whsec_" in checked.findings[0].message()


def test_a_sender_that_left_the_prefix_in_or_did_not_decode_is_told() -> None:
    secret = SECRETS["standard"][0]
    for mistaken in (secret, secret.removeprefix("whsec_")):
        wrongly = replace_key(mistaken)
        checked = judged(STANDARD, wrongly)
        assert worst(checked)[0] == "webhook-secret-form"


def replace_key(text: str) -> Delivery:
    """Signed with the bytes of a text where its base64 should have been decoded."""
    return sealed(STANDARD, secrets=(whsec(text),))


def test_a_raw_secret_is_a_key_as_it_stands() -> None:
    raw = "invented-raw-secret-0001"
    assert judged(STANDARD, sealed(STANDARD, secrets=(raw,)), own=(raw,)).ok


def test_the_accounts_other_secret_is_named() -> None:
    other = whsec("invented-old-secret-0002")
    checked = judged(
        STANDARD, sealed(STANDARD, secrets=(other,)), others={"MADE_UP_API_KEY": other}
    )
    assert worst(checked) == ("webhook-other-secret", Blame.CREDENTIALS)
    assert "MADE_UP_API_KEY" in checked.findings[0].message()


def test_akools_id_and_secret_exchanged_are_told() -> None:
    own = SECRETS["akool"][::-1]
    checked = judged(AKOOL, sealed(AKOOL), own=own, others={"AKOOL_CLIENT_SECRET": own[1]})
    assert worst(checked) == ("webhook-other-secret", Blame.CREDENTIALS)


def test_akools_payload_that_does_not_open_is_told() -> None:
    ident, _ = SECRETS["akool"]
    for other in ("invented-akool-secret-99", "too-short"):
        checked = judged(AKOOL, sealed(AKOOL), own=(ident, other))
        assert checked.verified is True
        assert worst(checked) == ("webhook-undecryptable", Blame.CREDENTIALS)


def test_another_accounts_client_id_garbles_the_first_block() -> None:
    checked = judged(AKOOL, sealed(AKOOL), own=("invented-other-client-9", SECRETS["akool"][1]))
    assert {"webhook-wrong-signature", "webhook-undecryptable"} == set(codes(checked))


# --- the body ---------------------------------------------------------------------------------

SAID = {"id": "job-1", "status": 3, "note": "Фильм / готов", "b": [1, 2.5], "a": None}
COMPACT = json.dumps(SAID, separators=(",", ":"), ensure_ascii=False).encode()
CHANGES = {
    "pretty": json.dumps(SAID, indent=2, ensure_ascii=False).encode(),
    "spaced": json.dumps(SAID, ensure_ascii=False).encode(),
    "escaped": json.dumps(SAID, separators=(",", ":")).encode(),
    "php": json.dumps(SAID, separators=(",", ":")).replace("/", "\\/").encode(),
    "newline": COMPACT + b"\n",
    "pretty with a newline": json.dumps(SAID, indent=2, ensure_ascii=False).encode() + b"\n",
    "crlf": COMPACT + b"\r\n",
    "bom": b"\xef\xbb\xbf" + COMPACT,
    "padded": b"  " + COMPACT + b" \n",
    "mojibake": COMPACT.decode("latin-1").encode(),
}


@pytest.mark.parametrize("signing", [STANDARD, PLAIN], ids=lambda s: s.scheme)
@pytest.mark.parametrize("change", CHANGES)
def test_each_way_of_writing_a_body_again_is_found(signing: Signing, change: str) -> None:
    for sent, held in ((COMPACT, CHANGES[change]), (CHANGES[change], COMPACT)):
        if change in {"padded", "mojibake"} and held == COMPACT:
            continue  # what was around it, or how it was mangled, cannot be guessed back
        given = replace(sealed(signing, sent), body=held)
        checked = judged(signing, given)
        assert worst(checked) == ("webhook-reserialised", Blame.CLIENT)
        assert checked.verified is False


def test_what_was_done_to_the_body_is_said_in_both_languages() -> None:
    given = replace(sealed(STANDARD, COMPACT), body=COMPACT + b"\n")
    found = judged(STANDARD, given).findings[0]
    assert "a newline was added at the end" in found.message("en")
    assert "в конец добавлен перевод строки" in found.message("ru")
    given = replace(sealed(STANDARD, CHANGES["spaced"]), body=CHANGES["pretty"])
    found = judged(STANDARD, given).findings[0]
    assert "with spaces after , and :" in found.message("en")
    assert "с пробелами после" in found.message("ru")


def test_line_ends_that_were_turned_are_found() -> None:
    sent = CHANGES["pretty"]
    given = replace(sealed(STANDARD, sent), body=sent.replace(b"\n", b"\r\n"))
    assert worst(judged(STANDARD, given))[0] == "webhook-reserialised"
    given = replace(sealed(STANDARD, sent.replace(b"\n", b"\r\n")), body=sent)
    assert worst(judged(STANDARD, given))[0] == "webhook-reserialised"


def test_a_body_that_was_really_changed_is_no_rewriting() -> None:
    other = json.dumps({**SAID, "status": 4}, separators=(",", ":")).encode()
    checked = judged(STANDARD, replace(sealed(STANDARD, COMPACT), body=other))
    assert worst(checked)[0] == "webhook-wrong-signature"


def test_akools_body_may_be_written_anew() -> None:
    given = sealed(AKOOL)
    assert judged(
        AKOOL, replace(given, body=json.dumps(json.loads(given.body), indent=3).encode())
    ).ok


@pytest.mark.parametrize("signing", SCHEMES, ids=lambda s: s.scheme)
def test_an_empty_body_was_read_twice(signing: Signing) -> None:
    checked = judged(signing, replace(sealed(signing), body=b""))
    assert codes(checked)[0] == "webhook-empty-body"
    assert worst(checked) == ("webhook-empty-body", Blame.CLIENT)


def test_a_body_that_was_parsed_before_it_was_saved_is_said() -> None:
    checked = judged(STANDARD, replace(sealed(STANDARD), parsed=True))
    assert codes(checked) == ["webhook-raw-lost"]
    assert checked.verdict is Verdict.WARN


# --- time -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("off_s", "found"),
    [(0, []), (-300, []), (300, []), (-301, ["webhook-late"]), (301, ["webhook-future"])],
)
def test_the_tolerance_holds_both_ways(off_s: int, found: list[str]) -> None:
    assert codes(judged(STANDARD, sealed(STANDARD, at_s=NOW_S + off_s))) == found


def test_without_a_limit_of_the_provider_old_callbacks_are_welcome() -> None:
    free = replace(STANDARD, tolerance_s=None)
    assert codes(judged(free, sealed(free, at_s=NOW_S - 10**7))) == []
    assert codes(judged(free, sealed(free, at_s=NOW_S - 61), tolerance_s=60)) == ["webhook-late"]
    assert codes(judged(free, sealed(free, at_s=NOW_S + 3600))) == ["webhook-future"]


def test_late_by_todays_clock_is_only_a_warning() -> None:
    old = replace(sealed(STANDARD, at_s=NOW_S - 86_400), received_s=None)
    checked = judged(STANDARD, old)
    assert codes(checked) == ["webhook-late"]
    assert checked.verdict is Verdict.WARN
    assert checked.ok


@pytest.mark.parametrize("signing", [AKOOL, STANDARD], ids=lambda s: s.scheme)
def test_seconds_and_milliseconds_mixed_up_by_the_sender_are_told(signing: Signing) -> None:
    off = NOW_S / 1000 if signing is AKOOL else NOW_S * 1000
    checked = judged(signing, sealed(signing, at_s=off))
    assert checked.verified is True
    assert worst(checked) == ("webhook-timestamp-unit", Blame.CLIENT)


def test_a_header_that_the_receiver_converted_is_told_from_a_wrong_signature() -> None:
    given = with_header(sealed(STANDARD), "webhook-timestamp", f"{int(NOW_S)}000")
    assert worst(judged(STANDARD, given)) == ("webhook-timestamp-unit", Blame.CLIENT)


@pytest.mark.parametrize("timestamp", ["yesterday", "-5", "1.5e9", "१२३", "9" * 30])
def test_a_timestamp_that_is_none_is_said(timestamp: str) -> None:
    given = with_header(sealed(STANDARD), "webhook-timestamp", timestamp)
    assert "webhook-timestamp" in codes(judged(STANDARD, given))


# --- whose is it? -----------------------------------------------------------------------------


def test_each_variant_is_recognised_by_its_header() -> None:
    for name, header in (("variant-1", "X-Signed"), ("variant-2", "X-Old-Signed")):
        checked = judged(PLAIN, sealed(PLAIN, variant=name))
        assert checked.ok
        assert checked.seal.variant == name
        told = next(f for f in checked.findings if f.rule.code == "webhook-variant")
        assert header in told.message()


def test_another_providers_scheme_is_named() -> None:
    checked = judged(PLAIN, sealed(STANDARD), known=[STANDARD, PLAIN])
    assert worst(checked) == ("webhook-other-scheme", Blame.CLIENT)
    assert "made-up" in checked.findings[0].message()


def test_the_documentations_own_sample_is_told_why_it_cannot_verify() -> None:
    sample = {
        "signature": AKOOL.sample,
        "dataEncrypt": "QUFB",
        "timestamp": 1710757981609,
        "nonce": "1529",
    }
    checked = judged(AKOOL, delivery({}, json.dumps(sample).encode()))
    assert codes(checked) == ["webhook-documented-sample"]
    assert worst(checked)[1] is Blame.PROVIDER
    assert "22" in checked.findings[0].message("en")
    assert "22" in checked.findings[0].message("ru")


# --- the payload ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "code", "verdict"),
    [
        (b"hello", "webhook-not-json", Verdict.FAIL),
        (b"[1]", "webhook-not-json", Verdict.FAIL),
        ({"status": 3}, "webhook-no-job", Verdict.WARN),
        ({"id": "job-1", "status": 9}, "webhook-unknown-state", Verdict.WARN),
    ],
)
def test_a_payload_that_says_too_little_is_named(payload: Any, code: str, verdict: Verdict) -> None:
    checked = judged(STANDARD, sealed(STANDARD, payload))
    assert checked.verified is True
    assert codes(checked) == [code]
    assert checked.verdict is verdict


def test_an_event_nobody_listed_is_no_fault() -> None:
    many = replace(STANDARD, events=True)
    checked = judged(many, sealed(many, {"id": "job-1", "status": "other.event"}))
    assert codes(checked) == ["webhook-unknown-state"]
    assert checked.verdict is Verdict.PASS


# --- several together -------------------------------------------------------------------------


def taken(*given: Checked) -> list[list[str]]:
    session = Session()
    return [codes(session.take(one)) for one in given]


@pytest.mark.parametrize("signing", SCHEMES, ids=lambda s: s.scheme)
def test_the_second_delivery_of_one_callback_is_a_double(signing: Signing) -> None:
    one = judged(signing, sealed(signing))
    other = judged(signing, sealed(signing, nonce="2000", at_s=NOW_S + 1))
    first, second = taken(one, other)
    assert "webhook-doubled" not in first
    assert "webhook-doubled" in second


def test_an_id_used_for_something_else_is_no_double() -> None:
    one = judged(STANDARD, sealed(STANDARD))
    other = judged(STANDARD, sealed(STANDARD, {"id": "job-2", "status": 3}))
    assert taken(one, other)[1] == ["webhook-id-reused"]


def test_a_forged_callback_does_not_make_the_true_one_a_double() -> None:
    forged = judged(STANDARD, sealed(STANDARD, honest=False))
    true = judged(STANDARD, sealed(STANDARD))
    assert taken(forged, true)[1] == []
    assert taken(true, forged)[1] == ["webhook-wrong-signature"]


def test_a_state_after_the_end_is_out_of_order() -> None:
    ended = judged(STANDARD, sealed(STANDARD))
    running = judged(STANDARD, sealed(STANDARD, {"id": "job-1", "status": 2}, id="msg-2"))
    assert taken(ended, running)[1] == ["webhook-out-of-order"]
    assert taken(running, ended)[1] == []
    again = judged(STANDARD, sealed(STANDARD, {"id": "job-1", "status": 4}, id="msg-3"))
    assert taken(ended, again)[1] == []


# --- any bytes --------------------------------------------------------------------------------

HEADER_VALUES = st.text(max_size=60) | st.sampled_from(
    ["v1,", "v1,AAAA", "1795000000", "1795000000000", "msg-1", "00" * 32]
)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            ["webhook-id", "webhook-timestamp", "webhook-signature", "X-Signed", "X-Time", "X-Id"]
        ),
        HEADER_VALUES,
    ),
    max_size=6,
)
SHUT = st.fixed_dictionaries(
    {},
    optional={
        name: st.none() | st.text(max_size=40) | st.integers() | st.floats() | st.just("QUFBQQ==")
        for name in ("signature", "dataEncrypt", "timestamp", "nonce")
    },
).map(lambda value: json.dumps(value).encode())


@given(
    signing=st.sampled_from(SCHEMES),
    headers=HEADERS,
    body=st.binary(max_size=200) | SHUT,
    secret=st.none() | st.text(max_size=40),
)
def test_no_bytes_make_the_judge_raise(
    signing: Signing, headers: list[tuple[str, str]], body: bytes, secret: str | None
) -> None:
    given = Delivery(headers=tuple(headers), body=body)
    own = tuple(secret for _ in signing.variables)
    checked = check(signing, given, Secrets(own=own), now_s=NOW_S, known=SCHEMES)
    for finding in Session().take(checked).findings:
        assert "?" not in finding.rule.code
        assert finding.message("en")
        assert finding.message("ru")
    assert not checked.ok


@given(
    place=st.sampled_from(["id", "timestamp", "body"]),
    at=st.integers(0, 200),
    to=st.integers(1, 255),
)
def test_any_change_of_one_byte_breaks_the_signature(place: str, at: int, to: int) -> None:
    given_ = sealed(STANDARD)

    def bent(text: bytes) -> bytes:
        where = at % len(text)
        return text[:where] + bytes([text[where] ^ to]) + text[where + 1 :]

    if place == "body":
        changed = replace(given_, body=bent(given_.body))
    else:
        name = f"webhook-{place}"
        value = bent((given_.header(name) or "").encode("latin-1")).decode("latin-1")
        changed = with_header(given_, name, value)
    assert not judged(STANDARD, changed).verified
