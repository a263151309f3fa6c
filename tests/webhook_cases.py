"""What do the tests of callbacks have in common? Secrets that look invented, and deliveries."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from diagnostics.contract_load import load
from diagnostics.webhooks.delivery import Delivery
from diagnostics.webhooks.judge import Checked, Secrets, check
from diagnostics.webhooks.scheme import Stamp
from diagnostics.webhooks.signing import Signing, Variant, scheme, signing

NOW_S = 1_795_000_000.0


def whsec(plain: str) -> str:
    """A secret of the real shape, made at run time."""
    return "whsec_" + base64.b64encode(plain.encode()).decode()


def told(provider: str) -> Signing:
    found = signing(load(provider))
    assert found is not None
    return found


AKOOL = told("akool")
STANDARD = Signing(
    provider="made-up",
    title="Made Up",
    scheme="standard",
    variables=("MADE_UP_WEBHOOK_SECRET",),
    tolerance_s=300,
    job=("id",),
    state=("status",),
    states=AKOOL.states,
)
PLAIN = Signing(
    provider="made-up-too",
    title="Made Up Too",
    scheme="body-hmac",
    variables=("MADE_UP_TOO_WEBHOOK_SECRET",),
    variants=(
        Variant(name="variant-1", signature="X-Signed", timestamp="X-Time", id="X-Id"),
        Variant(name="variant-2", signature="X-Old-Signed"),
    ),
    job=("id",),
    state=("status",),
    states=AKOOL.states,
)
SECRETS = {
    "akool": ("invented-akool-client-01", "invented-akool-secret-01"),
    "standard": (whsec("invented-webhook-secret-0001"),),
    "body-hmac": ("invented-webhook-secret-0001",),
}


def delivery(headers: Mapping[str, str], body: bytes, **more: Any) -> Delivery:
    return Delivery(headers=tuple(headers.items()), body=body, place="callback.http", **more)


def sealed(signing: Signing, payload: Any = None, *, at_s: float = NOW_S, **given: Any) -> Delivery:
    """A callback as the provider sends it; `payload` may be bytes."""
    secrets = given.pop("secrets", SECRETS[signing.scheme])
    shown = {"id": "job-1", "_id": "job-1", "status": 3} if payload is None else payload
    plain = shown if isinstance(shown, bytes) else json.dumps(shown, separators=(",", ":")).encode()
    stamp = Stamp(id=given.pop("id", "msg-1"), at_s=at_s, **given)
    headers, body = scheme(signing.scheme).seal(signing, plain, secrets, stamp)
    return Delivery(headers=headers, body=body, place="callback.http", received_s=NOW_S)


def judged(signing: Signing, given: Delivery, **more: Any) -> Checked:
    own = more.pop("own", SECRETS[signing.scheme])
    secrets = Secrets(own=own, others=more.pop("others", {}))
    return check(signing, given, secrets, now_s=NOW_S, **more)


def codes(checked: Checked) -> list[str]:
    """What was found, beside the good news."""
    return [f.rule.code for f in checked.findings if f.rule.code != "webhook-verified"]
