"""Which signs of an exchange stand in one line of text? Methods, addresses, statuses, hosts."""

import re
from dataclasses import dataclass
from http import HTTPStatus

from diagnostics.model import Headers

_VERB = r"(?P<verb>GET|POST|PUT|PATCH|DELETE|HEAD)"
_WEB = r"https?://[^\s\"'<>`|\\)\]},]+"
_LONGEST = 4000
CALLED = re.compile(
    rf"\b{_VERB}[\s:\"'`(]+(?P<url>{_WEB}|/[\w./%-]{{2,300}}(?:\?[^\s\"'<>]{{1,500}})?)"
)
_POOLED = re.compile(rf"(?P<host>https?://[\w.-]+(?::\d+)?) \"{_VERB} (?P<path>/[^\s\"]*) HTTP/")
_VERBED = re.compile(rf"(?i)\b(?:http_)?(?:method|verb)[\"']?\s*[=:]\s*[\"']?{_VERB}\b")
_FOR_URL = re.compile(rf"(?i)\b(?:request to|url)(?:['\"]?\s*[:=]|\s)\s*['\"`]?(?P<url>{_WEB})")
_WITH_URL = re.compile(r"host='(?P<host>[\w.-]{1,253})', port=(?P<port>\d+).*?url: (?P<path>/\S*)")
_LOST = re.compile(
    r"(?:ENOTFOUND |EAI_AGAIN |resolve host:? |[Ff]ailed to connect to |no such host:? "
    r"|Pool\(host='|attempted address(?:es)?: )"
    r"(?P<host>[\w-]{1,63}(?:\.[\w-]{1,63}){1,6})"
)
_CALLS = re.compile(
    rf"(?:requests|httpx|client|session|axios|fetch|got)(?:\.(?P<call>get|post|put|patch|delete))?"
    rf"\(\s*[fF]?['\"`](?P<url>{_WEB})"
)
_PHRASES = "|".join(re.escape(one.phrase) for one in HTTPStatus if one.value >= 400)  # noqa: PLR2004  # where errors begin
_STATUS = re.compile(
    r"HTTP/[\d.]+[\"']?\s+[\"']?(?P<a>[1-5]\d\d)\b"
    r"|(?i:status[ _-]?(?:code)?|error code|http(?: error| status)?|response code|код ответа|"
    r"статус|returned|response|answer|ответ(?:ил)?|got|код)[\"']?\s*(?:is|was|of)?\s*[:=]?\s*[\"'\[(]?(?P<b>[1-5]\d\d)\b(?![.\d])"
    r"|\b(?P<c>[45]\d\d) (?:Client|Server) Error\b"
    rf"|\b(?P<d>[45]\d\d)\s+(?:{_PHRASES})"
    r"|<Response \[(?P<e>[1-5]\d\d)[ \]]"
    r"|(?:->|=>|→|[—-])\s*(?P<f>[1-5]\d\d)\b(?![.\d])"
)
_AFTER = re.compile(r"[\s\"')]+(?P<g>[1-5]\d\d)\b(?![.\d])")
_PORT = re.compile(r"^(https://[^/:?#]+):443(?=[/?#]|$)")
STATUS_LINE = re.compile(
    r"\s*HTTP/(?P<version>[\d.]+)\s+(?P<status>[1-5]\d\d)\b[ \t]*(?P<reason>[^\r\n]*)"
)
REQUEST_LINE = re.compile(rf"\s*{_VERB}\s+(?P<url>\S+)\s+HTTP/(?P<version>[\d.]+)\s*")
HEADER = re.compile(r"\s*(?P<name>:?[A-Za-z][\w-]{1,60}):\s?(?P<value>[^\r\n]*)")
_QUICK = (
    *("http", "status", "code", "error", "response", "returned", "got", "url", "/", "ответ"),
    *("код", "статус", "enot", "eai_", "resolve", "connect", "->", "=>", "→", "40", "50", "42"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What one line says of an exchange."""

    method: str = ""
    url: str = ""
    status: int | None = None
    pair: bool = False
    """Method and address together: a line about one call."""


def signs(line: str) -> Signs | None:
    """The signs in a line; None when there are none."""
    text = line[:_LONGEST]
    lowered = text.lower()
    if not any(word in lowered for word in _QUICK):
        return None
    method, url, rest = _where(text)
    status = _status(text, rest if method and url else None)
    if not url and status is None:
        return None
    return Signs(method=method, url=url, status=status, pair=bool(method and url))


def _where(text: str) -> tuple[str, str, int]:
    found = _POOLED.search(text)
    if found:
        return found["verb"], trimmed(found["host"] + found["path"]), found.end()
    found = CALLED.search(text)
    if found:
        return found["verb"], trimmed(found["url"]), found.end()
    found = _WITH_URL.search(text)
    if found:
        return "", f"https://{found['host']}{found['path']}", found.end()
    found = _CALLS.search(text)
    if found:
        return (found["call"] or "").upper(), trimmed(found["url"]), found.end()
    found = _FOR_URL.search(text)
    if found:
        verb = _VERBED.search(text)
        return verb["verb"].upper() if verb else "", trimmed(found["url"]), found.end()
    found = _LOST.search(text)
    return ("", f"https://{found['host']}", found.end()) if found else ("", "", 0)


def _status(text: str, after: int | None) -> int | None:
    found = _STATUS.search(text)
    if found is None and after is not None:
        found = _AFTER.match(text, after)
    return int(next(filter(None, found.groups()))) if found else None


def trimmed(url: str) -> str:
    """An address without the full stop of its sentence, and without the port it has anyway."""
    plain = url.rstrip(".,;:!?'\"»”")
    return _PORT.sub(r"\1", plain, count=1)


def header_of(line: str) -> tuple[str, str] | None:
    """The header that a line is."""
    found = HEADER.fullmatch(line.rstrip("\r\n")) if len(line) < _LONGEST else None
    return (found["name"], found["value"].strip()) if found else None


def addressed(path: str, headers: Headers) -> str:
    """A request line's target as an address, by its `Host`."""
    if "://" in path[:9]:
        return path
    host = next((value for name, value in headers if name.lower() in {"host", ":authority"}), "")
    return f"https://{host}{path}" if host else path
