"""How does somebody else's Python program verify a callback? By one call."""

import time
from collections.abc import Iterable, Mapping, Sequence

from diagnostics.errors import UsageError
from diagnostics.webhooks.delivery import of_server
from diagnostics.webhooks.judge import Checked, Secrets, check
from diagnostics.webhooks.secrets import secrets_for
from diagnostics.webhooks.signing import Signing, signing


def verify(  # noqa: PLR0913  # what a server has at hand, and two things a test wants to say
    provider: str,
    headers: Mapping[str, str] | Iterable[tuple[str, str]],
    body: bytes | str,
    secrets: Mapping[str, str] | Sequence[str] | str,
    *,
    now_s: float | None = None,
    tolerance_s: float | None = None,
) -> Checked:
    """Check one callback: `.ok`, `.job`, `.state`, `.payload`, `.id`, `.findings`.

    `body` is the raw body. `secrets` is the secret, or several in the scheme's order (AKOOL: client
    id, client secret), or a mapping of environment variables such as `os.environ`. Without
    `tolerance_s` the provider's own limit holds, where it names one.
    """
    told = _signing(provider)
    now_s = time.time() if now_s is None else now_s
    delivery = of_server(headers, body, received_s=now_s)
    return check(told, delivery, _secrets(told, secrets), now_s=now_s, tolerance_s=tolerance_s)


def _signing(provider: str) -> Signing:
    from diagnostics import contract_load  # noqa: PLC0415  # reads a file: only when asked

    told = signing(contract_load.load(provider))
    if told is None:
        raise UsageError(f"{provider} sends no callbacks that we know of", hint="poll the job")
    return told


def _secrets(told: Signing, given: Mapping[str, str] | Sequence[str] | str) -> Secrets:
    if isinstance(given, str):
        given = (given,)
    if isinstance(given, Mapping):
        return secrets_for(told, {name: given[name] for name in told.variables if name in given})
    if len(given) != len(told.variables):
        names = ", ".join(told.variables)
        raise UsageError(f"{told.title} takes {len(told.variables)} secrets: {names}")
    return secrets_for(told, dict(zip(told.variables, given, strict=True)))
