"""How does AKOOL sign and encrypt a callback? What no data can say; bound by name in its contract.

The documents' own text contradicts itself and its printed sample verifies with no variant of it
(facts/akool.md 1.7). This is the recipe that two independent libraries agree on: AES-CBC under the
client secret, the IV being the first 16 bytes of the client id, PKCS#7 by 16; signed with the SHA-1
of client id, timestamp, nonce and cipher text, sorted as text and joined. Nothing stands in a
header, and the bytes of the body are not signed: only its four fields are.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from diagnostics.contract import decode
from diagnostics.model import Headers, Json, Text
from diagnostics.webhooks.delivery import Delivery
from diagnostics.webhooks.scheme import Seal, SecretProblem, Stamp, Unopened
from diagnostics.webhooks.signing import Signing

if TYPE_CHECKING:  # heavy, loaded only when a callback is made or opened
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.modes import CBC

_BLOCK_BITS = 128
_IV_BYTES = 16
_KEY_BYTES = (16, 24, 32)
_FIELDS = ("signature", "dataEncrypt", "timestamp", "nonce")

_NOT_SHUT = Text(
    en="dataEncrypt does not decrypt with this client id and secret (AES-CBC)",
    ru="dataEncrypt не расшифровывается этими client id и client secret (AES-CBC)",
)
_NOT_BASE64 = Text(en="dataEncrypt is not base64", ru="dataEncrypt — не base64")
_NOT_BLOCKS = Text(
    en="dataEncrypt holds no whole number of 16-byte blocks: it was cut",
    ru="в dataEncrypt нецелое число блоков по 16 байт: текст обрезан",
)


class Akool:
    """SHA-1 over four fields, one of which is AES-CBC."""

    over_body = False
    timed = True

    def read(self, signing: Signing, delivery: Delivery) -> Seal:
        """Four fields of the body."""
        del signing
        body = decode(delivery.body)
        given = {name: _text(body.get(name)) for name in _FIELDS} if isinstance(body, dict) else {}
        missing = tuple(name for name in _FIELDS if not given.get(name))
        return Seal(
            signatures=(given["signature"],) if given.get("signature") else (),
            timestamp=given.get("timestamp", ""),
            nonce=given.get("nonce", ""),
            content=given.get("dataEncrypt", ""),
            missing=missing,
            unsigned="signature" in missing,
        )

    def key(self, secret: str) -> bytes:
        """The client id itself stands among what is hashed."""
        return secret.encode("utf-8", "surrogateescape")

    def other_keys(self, secret: str) -> Iterator[tuple[Text, bytes]]:
        """No other reading of a client id was seen."""
        del secret
        return iter(())

    def fits(self, seal: Seal, body: bytes, key: bytes) -> bool:
        """Compared in constant time; the digits in either case."""
        del body
        known = key.decode("utf-8", "replace")
        expected = signature(known, seal.timestamp, seal.nonce, seal.content).encode()
        given = [one.lower().encode("utf-8", "replace") for one in seal.signatures]
        found = [hmac.compare_digest(one, expected) for one in given]
        return any(found)

    def opened(self, seal: Seal, body: bytes, secrets: Sequence[str]) -> bytes:
        """`dataEncrypt` in the clear."""
        del body
        client_id, client_secret = secrets
        return _decrypted(seal.content, client_id, client_secret)

    def seal(
        self, signing: Signing, payload: bytes, secrets: Sequence[str], stamp: Stamp
    ) -> tuple[Headers, bytes]:
        """The body of a callback that says `payload`."""
        client_id, client_secret = secrets
        hidden = encrypt(
            payload.decode("utf-8", "replace"), client_id=client_id, client_secret=client_secret
        )
        at = int(stamp.at_s * (1000 if signing.unit == "ms" else 1))
        signed = signature(client_id if stamp.honest else "not", at, stamp.nonce, hidden)
        body: dict[str, Json] = {
            "signature": signed,
            "dataEncrypt": hidden,
            "timestamp": at,
            "nonce": stamp.nonce,
        }
        return (), json.dumps(body, separators=(",", ":")).encode()


SCHEME = Akool()


# --- the recipe itself ------------------------------------------------------------------------


def signature(client_id: str, timestamp: object, nonce: object, hidden: str) -> str:
    """The four parts in the order of their code units, joined by nothing, as SHA-1."""
    parts = sorted((client_id, str(timestamp), str(nonce), hidden))
    text = "".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha1(text, usedforsecurity=False).hexdigest()


def encrypt(plain: str, *, client_id: str, client_secret: str) -> str:
    """`dataEncrypt` for a plain text."""
    from cryptography.hazmat.primitives.padding import PKCS7  # noqa: PLC0415  # heavy

    padder = PKCS7(_BLOCK_BITS).padder()
    padded = padder.update(plain.encode()) + padder.finalize()
    worker = _cipher(client_id, client_secret).encryptor()
    return base64.b64encode(worker.update(padded) + worker.finalize()).decode()


def _decrypted(hidden: str, client_id: str, client_secret: str) -> bytes:
    from cryptography.hazmat.primitives.padding import PKCS7  # noqa: PLC0415  # heavy

    worker = _cipher(client_id, client_secret).decryptor()
    try:
        shut = base64.b64decode(hidden, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unopened(_NOT_BASE64) from error
    if not shut or len(shut) % _IV_BYTES:
        raise Unopened(_NOT_BLOCKS)
    unpadder = PKCS7(_BLOCK_BITS).unpadder()
    try:
        padded = worker.update(shut) + worker.finalize()
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError as error:
        raise Unopened(_NOT_SHUT) from error


def _cipher(client_id: str, client_secret: str) -> "Cipher[CBC]":
    from cryptography.hazmat.primitives.ciphers import Cipher  # noqa: PLC0415  # heavy
    from cryptography.hazmat.primitives.ciphers.algorithms import AES  # noqa: PLC0415  # heavy
    from cryptography.hazmat.primitives.ciphers.modes import CBC  # noqa: PLC0415  # heavy

    key = client_secret.encode("utf-8", "surrogateescape")
    if len(key) not in _KEY_BYTES:
        raise SecretProblem(
            Text(
                en=f"a client secret of {len(key)} bytes is no AES key (16, 24 or 32 are)",
                ru=f"client secret из {len(key)} байт — не ключ AES (бывает 16, 24 или 32)",
            )
        )
    iv = client_id.encode("utf-8", "surrogateescape")[:_IV_BYTES].ljust(_IV_BYTES, b"\0")
    return Cipher(AES(key), CBC(iv))


def _text(value: Json) -> str:
    """As the sender's JavaScript writes it: 1529, 1529.0 and "1529" are one text."""
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float | str) else ""
