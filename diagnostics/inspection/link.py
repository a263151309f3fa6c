"""What does an input's address say by itself: where it stands in a call, how long it lives?"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit

from diagnostics.checking.url import REACH, judged
from diagnostics.model import Case, Exchange, Json, Response, TargetKind
from diagnostics.promise import MediaLimits, Operation

INPUTS_MAX = 50
"""A call with more input files is judged by its first ones."""
REDIRECTS_MAX = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SHARES = {
    "drive.google.com": "Google Drive",
    "docs.google.com": "Google Docs",
    "photos.app.goo.gl": "Google Photos",
    "photos.google.com": "Google Photos",
    "dropbox.com": "Dropbox",
    "1drv.ms": "OneDrive",
    "onedrive.live.com": "OneDrive",
    "sharepoint.com": "SharePoint",
    "icloud.com": "iCloud",
    "disk.yandex.ru": "Яндекс Диск",
    "disk.yandex.com": "Yandex Disk",
    "yadi.sk": "Яндекс Диск",
    "cloud.mail.ru": "Облако Mail.ru",
    "wetransfer.com": "WeTransfer",
    "mega.nz": "MEGA",
    "youtube.com": "YouTube",
    "youtu.be": "YouTube",
    "vimeo.com": "Vimeo",
    "imgur.com": "Imgur",
    "github.com": "GitHub",
}
_SIGNATURES = frozenset(
    {
        "signature",
        "awsaccesskeyid",
        "ossaccesskeyid",
        "key-pair-id",
        "googleaccessid",
        "sig",
        "sign",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One media address of a call, and what is documented about it."""

    parameter: str
    url: str
    limits: MediaLimits | None = None


# --- where they stand -------------------------------------------------------------------------


def inputs(operation: Operation | None, body: Json) -> tuple[Input, ...]:
    """Every media address that a body gives, by its dotted path (`elements[1].url`)."""
    found = [
        Input(parameter=parameter, url=url, limits=limits)
        for path, limits in (operation.media if operation else {}).items()
        for parameter, url in _places(body, path.split("."), "")
    ]
    return tuple(found[:INPUTS_MAX])


def _places(value: Json, steps: list[str], parameter: str) -> Iterator[tuple[str, str]]:
    if not steps:
        if isinstance(value, str) and value.strip():
            yield parameter, value
        return
    name, _, each = steps[0].partition("[")
    if not isinstance(value, dict) or name not in value:
        return
    below, path = value[name], f"{parameter}.{name}" if parameter else name
    if not each:
        yield from _places(below, steps[1:], path)
    elif isinstance(below, list):
        for index, item in enumerate(below):
            yield from _places(item, steps[1:], f"{path}[{index}]")


# --- what it says -----------------------------------------------------------------------------


def trouble(url: str, *, local: bool) -> str | None:
    """What the spelling alone shows (a kind of `check_url`), or None."""
    return next((violation.kind for violation in judged(url, "", local=local)), None)


def fetchable(url: str) -> bool:
    """An http(s) address with a host: all that may be asked for."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def near(case: Case) -> bool:
    """Does the target stand on this machine, so that it can reach private hosts?"""
    if case.target.emulated or case.target.kind is TargetKind.DRY:
        return True
    return trouble(case.target.base_url, local=False) in REACH


def host(url: str) -> str:
    """The host name, or the start of what stands in its place."""
    try:
        return urlsplit(url).hostname or url[:40]
    except ValueError:
        return url[:40]


def ending(url: str) -> str:
    """The file ending of the path, lower-case, without its dot; empty if there is none."""
    try:
        return PurePosixPath(unquote(urlsplit(url).path)).suffix[1:].lower()
    except ValueError:
        return ""


def service(url: str) -> str | None:
    """The file-sharing service whose pages stand at that host."""
    name = host(url).lower()
    fits = (title for end, title in _SHARES.items() if name == end or name.endswith(f".{end}"))
    return next(fits, None)


def onward(exchange: Exchange) -> str | None:
    """Where a redirect leads; None for any other answer and for an address nobody can fetch."""
    answer = exchange.answer
    if not isinstance(answer, Response) or answer.status not in _REDIRECTS:
        return None
    try:
        url = urljoin(exchange.request.url, (answer.header("location") or "").strip())
    except ValueError:
        return None
    return url if url != exchange.request.url and fetchable(url) else None


def redirects(exchange: Exchange) -> bool:
    """Does it answer with a redirect, whether or not that leads anywhere?"""
    answer = exchange.answer
    return isinstance(answer, Response) and answer.status in _REDIRECTS


# --- signed links -----------------------------------------------------------------------------


def ends_s(url: str) -> float | None:
    """When a signed link stops working, in seconds since the epoch; None: it does not say.

    S3 and its kin (`X-Amz-Date` with `X-Amz-Expires`, Google's `X-Goog-…`), CloudFront, OSS and
    old S3 (`Expires` as a time beside a signature), Azure (`se`).
    """
    try:
        query = {k.lower(): v for k, v in parse_qsl(urlsplit(url).query, max_num_fields=100)}
    except ValueError:
        return None
    for vendor in ("x-amz", "x-goog"):
        if f"{vendor}-date" in query:
            return _after(query[f"{vendor}-date"], query.get(f"{vendor}-expires", ""))
    if "expires" in query and _SIGNATURES & set(query):
        return _epoch(query["expires"])
    return _moment(query["se"]) if "se" in query and "sig" in query else None


def _after(date: str, expires: str) -> float | None:
    lives = _epoch(expires)
    if lives is None or not re.fullmatch(r"\d{8}T\d{6}Z", date, re.ASCII):
        return None
    try:
        signed = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return (signed + timedelta(seconds=lives)).timestamp()
    except (ValueError, OverflowError):
        return None


def _epoch(number: str) -> float | None:
    return float(number) if re.fullmatch(r"\d{1,11}", number, re.ASCII) else None


def _moment(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
