"""How does a provider sign that puts a hex HMAC-SHA256 of the raw body into a header?

Which header is data: a contract lists the variants it was seen with, and HeyGen's three reports
disagree (facts/heygen.md 8). A timestamp beside the signature is not covered by it.
"""

import hashlib
import hmac
from collections.abc import Iterator, Sequence

from diagnostics.model import Headers, Text
from diagnostics.webhooks.delivery import Delivery, raw
from diagnostics.webhooks.scheme import Seal, Stamp
from diagnostics.webhooks.signing import Signing, Variant

_PREFIX = "sha256="
_HEX = Text(en="the secret's hex digits were decoded", ru="шестнадцатеричный секрет раскодирован")


class BodyHmac:
    """Hex HMAC-SHA256 over the raw body."""

    over_body = True
    timed = False

    def read(self, signing: Signing, delivery: Delivery) -> Seal:
        """The first variant whose signature header is there."""
        for variant in signing.variants:
            signature = delivery.header(variant.signature)
            if signature:
                return _seal(variant, signature.strip(), delivery)
        names = tuple(variant.signature for variant in signing.variants)
        return Seal(missing=(" / ".join(names),), unsigned=True)

    def key(self, secret: str) -> bytes:
        """The secret's own bytes."""
        return secret.encode("utf-8", "surrogateescape")

    def other_keys(self, secret: str) -> Iterator[tuple[Text, bytes]]:
        """A secret of hex digits that somebody decoded."""
        try:
            yield _HEX, bytes.fromhex(secret)
        except ValueError:
            return

    def fits(self, seal: Seal, body: bytes, key: bytes) -> bool:
        """Compared in constant time; the digits in either case, `sha256=` or not."""
        expected = hmac.new(key, body, hashlib.sha256).hexdigest().encode()
        given = (one.lower().removeprefix(_PREFIX) for one in seal.signatures)
        found = [hmac.compare_digest(raw(one), expected) for one in given]
        return any(found)

    def opened(self, seal: Seal, body: bytes, secrets: Sequence[str]) -> bytes:
        """Nothing is encrypted."""
        del seal, secrets
        return body

    def seal(
        self, signing: Signing, payload: bytes, secrets: Sequence[str], stamp: Stamp
    ) -> tuple[Headers, bytes]:
        """The payload as it is, with the headers of one variant."""
        known = {variant.name: variant for variant in signing.variants}
        variant = known.get(stamp.variant) or signing.variants[0]
        key = self.key(secrets[0]) + (b"" if stamp.honest else b"-not")
        at = str(int(stamp.at_s * (1000 if signing.unit == "ms" else 1)))
        headers = [(variant.signature, hmac.new(key, payload, hashlib.sha256).hexdigest())]
        headers += [(variant.timestamp, at)] if variant.timestamp else []
        headers += [(variant.id, stamp.id)] if variant.id else []
        return tuple(headers), payload


def _seal(variant: Variant, signature: str, delivery: Delivery) -> Seal:
    wanted = {name: delivery.header(name) or "" for name in (variant.timestamp, variant.id) if name}
    return Seal(
        signatures=(signature,),
        id=wanted.get(variant.id, ""),
        timestamp=wanted.get(variant.timestamp, ""),
        variant=variant.name,
        missing=tuple(name for name, value in wanted.items() if not value),
    )


SCHEME = BodyHmac()
