"""May this be loaded? This machine, yes; anybody else only by name, with a budget, within limits.

A host is this machine when it is an address of the loopback, or `localhost` that resolves to
nothing else. A name that looks like one (`127.0.0.1.evil.test`) is not; nor is one that resolves to
the loopback now, since it may resolve to something else for the next request.
"""

import socket
from collections.abc import Callable, Collection, Iterator, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from diagnostics.contract import Contract
from diagnostics.loading.forecast import Forecast, forecast
from diagnostics.loading.profile import Profile
from diagnostics.model import Json, Text

CAUTIOUS_PER_MINUTE = 60.0
"""Where a provider publishes no limit, so much is ours: one request a second hurts nobody."""
SEEKING_TIMES = 2.0
"""A profile that seeks the limit has to reach it; it stops at the first answer that tells of it."""

Resolve = Callable[[str], Sequence[str]]


def resolve(name: str) -> Sequence[str]:
    """The addresses of a name; none where it has none."""
    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(name, None)]
    except (OSError, UnicodeError):
        return []


def host_of(wanted: str) -> str:
    """The host of a URL or of `host[:port]`, in lower case; empty: it has none."""
    try:
        found = urlsplit(wanted if "://" in wanted else f"//{wanted}").hostname or ""
        _ = urlsplit(wanted if "://" in wanted else f"//{wanted}").port
    except ValueError:
        return ""
    return found.rstrip(".").lower()


def here(host: str, resolve: Resolve = resolve) -> bool:
    """Whether that host is this machine, and can be nothing else."""
    if host == "localhost":
        found = resolve(host)
        return bool(found) and all(_loopback(one) for one in found)
    return _loopback(host)


def _loopback(host: str) -> bool:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def may_load(url: str, allowed: Collection[str], resolve: Resolve = resolve) -> bool:
    """Whether a request may go there: also an answer can name an address (a result, a next page)."""
    host = host_of(url)
    return here(host, resolve) or (bool(host) and host in {host_of(one) for one in allowed})


def refusal(
    profile: Profile,
    host: str,
    allowed: Collection[str],
    budget: float | None,
    contract: Contract,
    *,
    resolve: Resolve = resolve,
) -> Text | None:
    """Why that host gets no load from this profile: every reason, each with its remedy."""
    found = list(_reasons(profile, host, allowed, budget, contract, resolve))
    if not found:
        return None
    return Text(en="\n".join(one.en for one in found), ru="\n".join(one.ru for one in found))


def _reasons(  # noqa: PLR0913, PLR0917  # as `refusal`
    profile: Profile,
    host: str,
    allowed: Collection[str],
    budget: float | None,
    contract: Contract,
    resolve: Resolve,
) -> Iterator[Text]:
    name = host_of(host)
    if not name:
        yield Text(en=f"{host!r} names no host", ru=f"{host!r} не называет хост")
        return
    if here(name, resolve):
        return
    if not may_load(host, [*allowed, *profile.hosts], resolve):
        yield Text(
            en=f"{name} is not this machine: add --i-may-load {name}",
            ru=f"{name} — не эта машина: добавьте --i-may-load {name}",
        )
    if budget is None:
        yield Text(en="no budget is set: add --budget N", ru="бюджет не задан: добавьте --budget N")
    _ = forecast(profile, contract)
