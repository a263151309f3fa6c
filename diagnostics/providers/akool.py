"""How does AKOOL sign and encrypt a callback? What no data can say; bound by name in its contract.

The documents' own text contradicts itself and its printed sample verifies with no variant of it
(facts/akool.md 1.7). This is the recipe that two independent libraries agree on: AES-CBC under the
client secret, the IV being the first 16 bytes of the client id, PKCS#7 by 16; signed with the SHA-1
of client id, timestamp, nonce and cipher text, sorted as text and joined.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from diagnostics.errors import UsageError
from diagnostics.model import Json

if TYPE_CHECKING:  # heavy, loaded only when a callback is made or opened
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.modes import CBC

_BLOCK_BITS = 128
_IV_BYTES = 16
_KEY_BYTES = (16, 24, 32)


def seal(
    payload: Json, *, client_id: str, client_secret: str, timestamp_ms: int, nonce: str
) -> dict[str, Json]:
    """The body of a callback that says `payload`."""
    hidden = encrypt(
        json.dumps(payload, separators=(",", ":")), client_id=client_id, client_secret=client_secret
    )
    return {
        "signature": signature(client_id, timestamp_ms, nonce, hidden),
        "dataEncrypt": hidden,
        "timestamp": timestamp_ms,
        "nonce": nonce,
    }


def signature(client_id: str, timestamp: object, nonce: object, hidden: str) -> str:
    """The four parts in the order of their code units, joined by nothing, as SHA-1."""
    parts = sorted((client_id, str(timestamp), str(nonce), hidden))
    return hashlib.sha1("".join(parts).encode(), usedforsecurity=False).hexdigest()


def verifies(body: Mapping[str, Json], *, client_id: str) -> bool:
    """Whether a callback's signature is that of its contents."""
    given, hidden = body.get("signature"), body.get("dataEncrypt")
    if not isinstance(given, str) or not isinstance(hidden, str):
        return False
    expected = signature(client_id, body.get("timestamp"), body.get("nonce"), hidden)
    return hmac.compare_digest(given.lower().encode("utf-8", "replace"), expected.encode())


def encrypt(plain: str, *, client_id: str, client_secret: str) -> str:
    """`dataEncrypt` for a plain text."""
    from cryptography.hazmat.primitives.padding import PKCS7  # noqa: PLC0415  # heavy

    padder = PKCS7(_BLOCK_BITS).padder()
    padded = padder.update(plain.encode()) + padder.finalize()
    worker = _cipher(client_id, client_secret).encryptor()
    return base64.b64encode(worker.update(padded) + worker.finalize()).decode()


def decrypt(hidden: str, *, client_id: str, client_secret: str) -> str:
    """The plain text of `dataEncrypt`; a `UsageError` says why there is none."""
    from cryptography.hazmat.primitives.padding import PKCS7  # noqa: PLC0415  # heavy

    try:
        worker = _cipher(client_id, client_secret).decryptor()
        padded = worker.update(base64.b64decode(hidden, validate=True)) + worker.finalize()
        unpadder = PKCS7(_BLOCK_BITS).unpadder()
        return (unpadder.update(padded) + unpadder.finalize()).decode()
    except (binascii.Error, ValueError) as error:
        raise UsageError(
            "the callback does not decrypt",
            hint="are client id and secret those of the account that made the job?",
        ) from error


def _cipher(client_id: str, client_secret: str) -> "Cipher[CBC]":
    from cryptography.hazmat.primitives.ciphers import Cipher  # noqa: PLC0415  # heavy
    from cryptography.hazmat.primitives.ciphers.algorithms import AES  # noqa: PLC0415  # heavy
    from cryptography.hazmat.primitives.ciphers.modes import CBC  # noqa: PLC0415  # heavy

    key = client_secret.encode()
    if len(key) not in _KEY_BYTES:
        raise UsageError(
            f"a client secret of {len(key)} bytes is no AES key",
            hint="AKOOL's documents promise 24 characters; 16 and 32 work as well",
        )
    return Cipher(AES(key), CBC(client_id.encode()[:_IV_BYTES].ljust(_IV_BYTES, b"\0")))
