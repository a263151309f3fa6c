"""Do the official packages accept what we seal, and refuse what we refuse?"""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from openai import InvalidWebhookSignatureError, OpenAI
from replicate.webhook import Webhooks, WebhookSigningSecret, WebhookValidationError

from diagnostics.webhooks.delivery import Delivery
from tests.webhook_cases import SECRETS, STANDARD, judged, sealed, whsec

SECRET = SECRETS["standard"][0]
EVENT = {"id": "evt_1", "object": "event", "type": "response.completed", "data": {"id": "resp_1"}}
Accepts = Callable[[Delivery, str], bool]


def replicate_accepts(given: Delivery, secret: str) -> bool:
    try:
        Webhooks.validate(
            headers=dict(given.headers),
            body=given.body.decode(),
            secret=WebhookSigningSecret(key=secret),
            tolerance=300,
        )
    except WebhookValidationError:
        return False
    return True


def openai_accepts(given: Delivery, secret: str) -> bool:
    client = OpenAI(api_key="invented-openai-key-0001", webhook_secret=secret)
    try:
        client.webhooks.verify_signature(given.body, dict(given.headers))
    except InvalidWebhookSignatureError:
        return False
    return True


def cases() -> dict[str, tuple[Delivery, str]]:
    """The moment is the real one: both packages read the clock themselves."""
    now_s = time.time()
    true = replace(sealed(STANDARD, EVENT, at_s=now_s), received_s=now_s)
    other = whsec("invented-other-secret-0002")
    signature = true.header("webhook-signature") or ""
    several = tuple((n, f"v1,AAAA {v}" if v == signature else v) for n, v in true.headers)
    return {
        "true": (true, SECRET),
        "several signatures": (replace(true, headers=several), SECRET),
        "no character of ASCII": (
            replace(sealed(STANDARD, {"id": "Фильм"}, at_s=now_s), received_s=now_s),
            SECRET,
        ),
        "another secret": (true, other),
        "another body": (replace(true, body=true.body + b" "), SECRET),
        "too old": (sealed(STANDARD, EVENT, at_s=now_s - 400), SECRET),
        "of tomorrow": (sealed(STANDARD, EVENT, at_s=now_s + 400), SECRET),
        "nobody's": (sealed(STANDARD, EVENT, at_s=now_s, honest=False), SECRET),
    }


@pytest.mark.parametrize("accepts", [replicate_accepts, openai_accepts])
@pytest.mark.parametrize("name", cases())
def test_the_official_packages_and_we_agree(accepts: Accepts, name: str) -> None:
    given, secret = cases()[name]
    known = replace(given, received_s=time.time())
    checked = judged(STANDARD, known, own=(secret,))
    assert accepts(given, secret) is checked.ok
    assert checked.ok is (name in {"true", "several signatures", "no character of ASCII"})


def test_the_official_package_opens_our_event() -> None:
    given, secret = cases()["true"]
    client = OpenAI(api_key="invented-openai-key-0001", webhook_secret=secret)
    event = client.webhooks.unwrap(given.body, dict(given.headers))
    assert event.type == "response.completed"
    assert event.data.id == "resp_1"
