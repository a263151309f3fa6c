"""What does every way of signing offer? One interface for the emulator, the judge and the library.

`seal` is the sender's half, `read`, `key`, `fits` and `opened` are the receiver's. None of them
meets a clock, a random number or the network.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from diagnostics.model import Headers, Text
from diagnostics.webhooks.delivery import Delivery
from diagnostics.webhooks.signing import Signing


class SecretProblem(ValueError):  # noqa: N818  # it says what is wrong with a secret
    """A secret that cannot be a key; `why` says it without showing it."""

    def __init__(self, why: Text) -> None:
        super().__init__(why.en)
        self.why = why


class Unopened(ValueError):  # noqa: N818  # it says why a payload stayed shut
    """An encrypted payload that does not decrypt; `why` says what failed."""

    def __init__(self, why: Text) -> None:
        super().__init__(why.en)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """What a delivery carries beside its payload. `missing` names what should be there."""

    signatures: tuple[str, ...] = ()
    id: str = ""
    timestamp: str = ""
    variant: str = ""
    """Which of several reported header sets it has."""
    nonce: str = ""
    content: str = ""
    """The encrypted payload, where there is one."""
    missing: tuple[str, ...] = ()
    unsigned: bool = False
    """Among what is missing is the signature itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What the sender puts on a callback. `honest` False: signed with no key of anybody's."""

    id: str
    at_s: float
    nonce: str = "1000"
    variant: str = ""
    honest: bool = True


class Scheme(Protocol):
    """Bound as `SCHEME` in each module of `diagnostics/webhooks/schemes/`."""

    @property
    def over_body(self) -> bool:
        """Whether the signature stands on the bytes of the body."""

    @property
    def timed(self) -> bool:
        """Whether the signature covers the timestamp as well."""

    def read(self, signing: Signing, delivery: Delivery) -> Seal:
        """What the delivery carries, whatever its bytes are."""

    def key(self, secret: str) -> bytes:
        """The key that a secret stands for; a `SecretProblem` says why it is none."""

    def other_keys(self, secret: str) -> Iterator[tuple[Text, bytes]]:
        """What a secret is sometimes mistaken for, and how."""

    def fits(self, seal: Seal, body: bytes, key: bytes) -> bool:
        """Whether one of the signatures is that of this body under this key."""

    def opened(self, seal: Seal, body: bytes, secrets: Sequence[str]) -> bytes:
        """The payload in the clear; an `Unopened` or a `SecretProblem` says why not."""

    def seal(
        self, signing: Signing, payload: bytes, secrets: Sequence[str], stamp: Stamp
    ) -> tuple[Headers, bytes]:
        """Headers and body of a callback that says `payload`."""
