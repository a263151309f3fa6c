"""Does a placeholder tell the useful half of a secret, and nothing that opens anything?"""

import base64
import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.drive.key import tolerant_key
from diagnostics.redact import Gate
from diagnostics.redaction.details import details
from diagnostics.redaction.values import PLACEHOLDER

NOBODY = ("invented-user", "invented-host-01")
KEY = "Qz7Invent3dKey9xWv2LpQz7Invent3dKey9xWvq4"


def jwt(**claims: object) -> str:
    """An invented token that says this of itself."""
    parts = ({"alg": "HS256"}, claims)
    packed = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts]
    return ".".join([*packed, "aW52ZW50ZWQtc2lnbmF0dXJl"])


def test_a_key_keeps_its_length_and_its_last_four_characters() -> None:
    assert Gate(NOBODY).json({"api_key": KEY}) == {"api_key": "<secret:api-key#1 len=41 ends=Wvq4>"}


@pytest.mark.parametrize(("length", "told"), [(19, 0), (20, 2), (29, 2), (30, 3), (40, 4), (41, 4)])
def test_never_more_than_a_tenth_of_a_key_is_told(length: int, told: int) -> None:
    shown = details(KEY[:length], "api-key", bool)
    end = shown.partition(" ends=")[2]
    assert len(end) == told
    assert KEY[:length].endswith(end)


@pytest.mark.parametrize(
    "kind", ["password", "secret", "private-key", "cookie", "signature", "csrf-token", "userinfo"]
)
def test_of_what_nobody_has_to_recognise_nothing_is_told(kind: str) -> None:
    made = Gate(NOBODY)
    made.register(KEY, kind)
    assert made.text(KEY) == f"<secret:{kind}#1>"


@pytest.mark.parametrize("value", ["a" * 40, "short-key-1", "some long words of one pass phrase 1"])
def test_the_end_of_a_value_that_could_be_guessed_is_not_told(value: str) -> None:
    assert "ends=" not in details(value, "api-key", bool)


def test_of_what_signs_other_things_only_the_length_is_told() -> None:
    assert Gate(NOBODY).json({"a": 1, "client_secret": KEY})["client_secret"] == "<secret:secret#1>"
    assert details(KEY, "akool-client-secret", bool) == "len=41"


def test_the_end_of_a_password_in_basic_is_not_told() -> None:
    login = base64.b64encode(b"invented-user:invented-pass-0001").decode()
    shown = Gate(NOBODY).headers((("Authorization", f"Basic {login}"),))
    assert shown == (("Authorization", "Basic <secret:authorization#1>"),)


def test_a_token_keeps_when_it_was_made_when_it_ends_and_who_made_it() -> None:
    token = jwt(exp=1795248000, iat=1795244400, iss="https://auth.akool.com/", sub="anna")
    shown = Gate(NOBODY).json({"token": token})["token"]
    told = "exp=2026-11-21T08:00:00Z iat=2026-11-21T07:00:00Z iss=auth.akool.com"
    assert shown == f"<secret:token#1 len={len(token)} {told}>"


@pytest.mark.parametrize(
    "issuer",
    ["anna@studio-lumen.ru", "65a0b1c2d3e4f5a6b7c8d9e0", "http://10.1.2.3", KEY, 7, "nas.home.lan",
     "https://auth.akool.com/t/invented", "build-host-01.studio.com", "x" * 200, ["akool"]],
)  # fmt: skip
def test_an_issuer_that_may_tell_more_is_left_out(issuer: object) -> None:
    made = Gate(("", "build-host-01"))
    assert made.text(jwt(iss=issuer)).endswith(f"len={len(jwt(iss=issuer))}>")


def test_an_issuer_that_is_a_secret_of_ours_is_left_out() -> None:
    made = Gate(NOBODY)
    made.register("inventedsecret", "password")
    assert "inventedsecret" not in made.text(jwt(iss="inventedsecret.com"))


@pytest.mark.parametrize("exp", [True, -5, 1 << 62, "1795248000", 1795248000000, None, 1e300])
def test_a_time_that_is_none_is_left_out(exp: object) -> None:
    assert "exp=" not in Gate(NOBODY).text(jwt(exp=exp))


@pytest.mark.parametrize("middle", ["!!!!", "W10", "bm90IGpzb24", "eyJhIjp7", "A"])
def test_a_token_whose_claims_cannot_be_read_keeps_its_length(middle: str) -> None:
    token = f"eyJhbGciOiJIUzI1NiJ9.{middle}.aW52ZW50ZWQtc2lnbmF0dXJlaW52ZW50ZWQ"
    assert details(token, "jwt", bool) in {f"len={len(token)}", ""}


TOLD = (
    "<secret:api-key#1 len=41 ends=Wvq4>",
    "<secret:jwt#2 len=212 exp=2026-11-21T08:00:00Z iat=2026-11-21T07:00:00Z iss=auth.akool.com>",
    "<id:client-id#1 starts=AKte>",
)


@pytest.mark.parametrize("told", TOLD)
@pytest.mark.parametrize(
    "around",
    ["{}", "x-api-key: {}", "Cookie: {}; a={}", "Authorization: Bearer {}", "api_key={}",
     "?token={}",
     "https://h.test/a?token={}&b=1", "https://{}@h.test/", "t=1,v1={}", "v1,{}",
     '{{"token": "{}"}}',
     "Signature={}, Credential={}/x", "curl -H 'Authorization: {}'", "-u {}", "<a>{}</a>", "{} {}",
     "https://h.test/hooks/{}", "https://h.test/x?next=https%3A%2F%2Fi.test%2F%3Ftoken%3D{}"],
)  # fmt: skip
def test_a_placeholder_that_tells_is_left_alone(around: str, told: str) -> None:
    made = Gate(NOBODY)
    once = made.text(around.replace("{}", told).replace("{{", "{").replace("}}", "}"))
    assert made.text(once) == once
    assert made.url(made.url(once)) == made.url(once)
    assert not made.removed
    for name in ("Cookie", "Authorization", "X-Signature", "Set-Cookie", "X-Api-Key"):
        value = around.replace("{}", told)
        assert made.headers(made.headers(((name, value),))) == made.headers(((name, value),))
    form = made.body(f"a={told}&b=2".encode(), "application/x-www-form-urlencoded")
    assert made.body(form, "application/x-www-form-urlencoded") == form


@given(
    st.text("ABCdef0123456789-_+/=.", min_size=12, max_size=90), st.sampled_from(["jwt", "token"])
)
def test_whatever_is_told_is_part_of_a_placeholder(value: str, kind: str) -> None:
    shown = details(value, kind, bool)
    assert PLACEHOLDER.fullmatch(f"<secret:{kind}#1{' ' if shown else ''}{shown}>")


def test_a_placeholder_may_stand_in_a_header() -> None:
    made = Gate(NOBODY)
    made.register("ABcdInventedOther001", "client-id", keep=True)
    shown = made.headers((("x-id", "ABcdInventedOther001"), ("x-api-key", KEY)))
    assert httpx.Headers(shown)["x-id"] == "<id:client-id#1 starts=ABcd>"


def test_another_key_asks_for_the_same_recording() -> None:
    keys = {
        tolerant_key("POST", "/v1/x", f'{{"k":"{told}"}}'.encode())
        for told in ("<secret:jwt#1>", TOLD[1], "<secret:jwt#9 len=60 exp=2027-01-01T00:00:00Z>")
    }
    assert len(keys) == 1
