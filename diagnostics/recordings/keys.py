"""Which keys does the caller's own client send? The gate must know them before anything is kept."""

from collections.abc import Iterable

from diagnostics.model import Headers
from diagnostics.redact import Gate
from diagnostics.redaction.values import PLACEHOLDER

_NAMES = frozenset(
    [
        "authorization", "proxy-authorization", "x-api-key", "api-key", "apikey", "x-auth-token",
        "x-access-token", "x-goog-api-key", "x-functions-key", "ocp-apim-subscription-key",
    ]
)  # fmt: skip
"""Headers that hold a key, whoever the provider is."""


class Keys:
    """Registers each key once."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._known: set[str] = set()

    def learn(self, headers: Headers, provider: str = "", names: Iterable[str] = ()) -> None:
        """Those of one request; `names`: where the provider's contract says that keys stand."""
        wanted = {name.lower() for name in names}
        for name, value in headers:
            lowered = name.lower()
            if value in self._known or (lowered not in _NAMES and lowered not in wanted):
                continue
            if PLACEHOLDER.search(value):
                continue  # it was hidden before
            self._known.add(value)
            secret = value.rpartition(" ")[2]  # the scheme before it is no secret
            self._gate.register(secret, f"{provider}-api-key" if provider else "api-key")
