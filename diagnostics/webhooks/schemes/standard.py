"""How do Replicate and OpenAI sign? As standardwebhooks.com says: HMAC-SHA256 over id, time, body.

`webhook-signature` lists entries `v1,<base64>` with spaces between them; one that fits is enough
(a secret is being changed). The key is the base64 behind `whsec_`, or a secret's own bytes.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Sequence

from diagnostics.model import Headers, Text
from diagnostics.webhooks.delivery import Delivery, raw
from diagnostics.webhooks.scheme import Seal, SecretProblem, Stamp
from diagnostics.webhooks.signing import Signing

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
PREFIX = "whsec_"
_VERSION = "v1,"
_ENTRIES_MAX = 100

_NOT_BASE64 = Text(
    en="what follows whsec_ is not base64: it was cut, or something was added",
    ru="то, что стоит после whsec_, — не base64: секрет обрезан или к нему что-то приписано",
)
_WHOLE = Text(
    en="the whole text, whsec_ included, was used as the key",
    ru="ключом взят весь текст вместе с whsec_",
)
_UNDECODED = Text(
    en="what follows whsec_ was used as the key without decoding its base64",
    ru="ключом взято то, что после whsec_, но base64 не раскодирован",
)
_BARE = Text(
    en="the secret lost its whsec_ on the way into the variable",
    ru="по дороге в переменную секрет потерял своё whsec_",
)


class Standard:
    """The scheme of Standard Webhooks."""

    over_body = True
    timed = True

    def read(self, signing: Signing, delivery: Delivery) -> Seal:
        """Three headers, in any case."""
        del signing
        values = {name: delivery.header(name) or "" for name in (ID, TIMESTAMP, SIGNATURE)}
        entries = values[SIGNATURE].replace(",v1,", " v1,").split()[:_ENTRIES_MAX]
        signed = tuple(e[len(_VERSION) :] for e in entries if e.startswith(_VERSION))
        missing = [name for name, value in values.items() if not value]
        if values[SIGNATURE] and not signed:
            missing.append(f"{SIGNATURE}: v1,…")
        return Seal(
            signatures=signed,
            id=values[ID],
            timestamp=values[TIMESTAMP],
            missing=tuple(missing),
            unsigned=not signed,
        )

    def key(self, secret: str) -> bytes:
        """The bytes behind `whsec_`; a secret without it is taken as it stands."""
        if not secret.startswith(PREFIX):
            return secret.encode("utf-8", "surrogateescape")
        try:
            return _decoded(secret.removeprefix(PREFIX))
        except ValueError as error:
            raise SecretProblem(_NOT_BASE64) from error

    def other_keys(self, secret: str) -> Iterator[tuple[Text, bytes]]:
        """Not decoded, decoded with the prefix, or without the prefix that says it is base64."""
        text = secret.encode("utf-8", "surrogateescape")
        if secret.startswith(PREFIX):
            yield _WHOLE, text
            yield _UNDECODED, text.removeprefix(PREFIX.encode())
            return
        try:
            yield _BARE, _decoded(secret)
        except ValueError:
            return

    def fits(self, seal: Seal, body: bytes, key: bytes) -> bool:
        """Compared in constant time, with every entry."""
        expected = _signed(seal.id, seal.timestamp, body, key)
        found = [hmac.compare_digest(raw(one), expected) for one in seal.signatures]
        return any(found)

    def opened(self, seal: Seal, body: bytes, secrets: Sequence[str]) -> bytes:
        """Nothing is encrypted."""
        del seal, secrets
        return body

    def seal(
        self, signing: Signing, payload: bytes, secrets: Sequence[str], stamp: Stamp
    ) -> tuple[Headers, bytes]:
        """The payload as it is, with three headers."""
        key = self.key(secrets[0]) + (b"" if stamp.honest else b"-not")
        at = str(int(stamp.at_s * (1000 if signing.unit == "ms" else 1)))
        signature = _signed(stamp.id, at, payload, key).decode()
        return ((ID, stamp.id), (TIMESTAMP, at), (SIGNATURE, _VERSION + signature)), payload


def _signed(named: str, at: str, body: bytes, key: bytes) -> bytes:
    content = b".".join((raw(named), raw(at), body))
    return base64.b64encode(hmac.new(key, content, hashlib.sha256).digest())


def _decoded(text: str) -> bytes:
    """Base64 of either alphabet; a missing `=` at its end does no harm to the bytes."""
    plain = text.translate({ord("-"): "+", ord("_"): "/"}).rstrip("=")
    try:
        found = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64") from error
    if not found:
        raise ValueError("nothing there")
    return found


SCHEME = Standard()
