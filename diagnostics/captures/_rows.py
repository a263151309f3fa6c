"""Which exchange does this object tell of? Logs call the same things by many names.

Names are compared without case, `_` and `-`; a name fits where it ends an object's path, so that
`attributes.http.request.method`, `req.method` and `fields.request_method` are all a method.
"""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from diagnostics.captures._draft import Draft, encoded, header_list
from diagnostics.captures._faults import fault_in
from diagnostics.captures._objects import decoded
from diagnostics.captures._times import moment
from diagnostics.model import Json

LEAVES_MOST = 3000
DEPTH_MOST = 7
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_STATUS = range(100, 600)

METHOD = (
    *("method", "httpmethod", "verb", "requestmethod", "http.request.method", "http.method"),
    *("httprequest.requestmethod",),
)
URL = (
    *("url.full", "http.url", "requesturl", "requesturi", "fullurl", "config.url", "req.url"),
    *("request.url", "url.original", "httprequest.requesturl", "url", "uri", "req.originalurl"),
    *("http.target", "url.path", "http.path", "requestpath", "endpoint", "path", "href", "target"),
)
HOST = ("server.address", "http.host", "url.domain", "req.hostname", "net.peer.name", "host")
BASE = ("baseurl", "config.baseurl")
QUERY = ("url.query", "config.params", "req.query", "request.query", "query")
STATUS = (
    *("statuscode", "httpstatus", "httpstatuscode", "httpcode", "responsestatus", "responsecode"),
    *("res.status", "response.status", "http.response.statuscode", "http.statuscode"),
    *("httprequest.status", "status"),
)
SENT = (
    *("requestbody", "request.body", "req.body", "http.request.body.content", "http.request.body"),
    *("requestpayload", "requestdata", "request.data", "request.json", "request.content"),
    *(
        "config.data",
        "jsondata",
        "req.data",
        "request.payload",
        "requestjson",
        "payload",
        "request.params",
    ),
)
CAME = (
    *("responsebody", "response.body", "res.body", "http.response.body.content"),
    *("http.response.body", "response.data", "res.data", "responsedata", "response.json"),
    *("responsetext", "response.text", "response.content", "responsejson", "res.text"),
    *("responsepayload", "response.payload"),
)
TIME = (
    *("@timestamp", "timestamp", "time", "ts", "datetime", "starttime", "startedat", "date"),
    *("asctime", "eventtime", "starteddatetime", "createdat", "t", "observedtimestamp"),
)
LABEL = ("requestid", "reqid", "req.id", "correlationid", "traceid", "trace.id", "spanid")
SECONDS: tuple[tuple[str, float], ...] = (
    ("durationms", 1e-3),
    ("elapsedms", 1e-3),
    ("latencyms", 1e-3),
    ("responsetime", 1e-3),
    ("responsetimems", 1e-3),
    ("durations", 1.0),
    ("durationseconds", 1.0),
    ("elapseds", 1.0),
    ("elapsed", 1.0),
    ("event.duration", 1e-9),
    ("durationns", 1e-9),
)
TEXT = ("message", "msg", "event", "log", "textpayload", "body", "text", "line")
TROUBLE = (
    *("error.code", "err.code", "cause.code", "error.message", "err.message", "exception.type"),
    *("exception.message", "error.type", "err.type", "exception", "excinfo", "error", "err"),
    *("code", "errno", "stack", "error.stacktrace", "exception.stacktrace", "cause", "reason"),
    *("error.name", "err.name", "name", "errorcode", "errormessage", "failure"),
)
_SENT_WHOLE = ("request", "req", "params", "json", "input", "sent", "data")
_CAME_WHOLE = ("response", "res", "result", "answer", "reply", "error", "err", "detail", "output")
_BODIES = frozenset(
    name.rpartition(".")[2] for name in (*SENT, *CAME) if name != "http.request.body"
) - {"content"}
_WRAPS = frozenset(
    {"status", "statuscode", "headers", "body", "method", "url", "uri", "config", "requestbody"}
)
_HOLDS = frozenset({"content", "bytes", "text"})
"""A body that is an object of these holds the body."""
_CUT = re.compile(r"[_\-\s]")
ANSWERS = frozenset(
    {
        *("code", "msg", "message", "error", "errors", "detail", "title", "errorcode", "data"),
        *("errormessage", "statuscode", "failurecode", "failuremessage", "status", "id"),
    }
)


class Facts:
    """An object's leaves and branches by the ends of their paths; the shallowest wins."""

    def __init__(self, row: dict[str, Json]) -> None:
        self._by_end: dict[str, tuple[int, Json]] = {}
        self._count = 0
        self._walk(row, (), 0)

    def _walk(self, value: dict[str, Json], path: tuple[str, ...], depth: int) -> None:
        for key, held in value.items():
            self._count += 1
            if self._count > LEAVES_MOST:
                return
            here = (*path, *_named(key))
            self._note(here, held, depth)
            opened = _opened(held, here[-1])
            if opened is not None and depth < DEPTH_MOST:
                self._walk(opened, here, depth + 1)

    def _note(self, path: tuple[str, ...], value: Json, depth: int) -> None:
        for length in range(1, min(len(path), 4) + 1):
            end = ".".join(path[-length:])
            known = self._by_end.get(end)
            if known is None or known[0] > depth:
                self._by_end[end] = (depth, value)

    def get(self, names: tuple[str, ...], fits: Any = None) -> Json:
        """The first of the names that is there and fits."""
        for name in names:
            known = self._by_end.get(name)
            if known is None or known[1] is None:
                continue
            if fits is None or fits(known[1]):
                return known[1]
        return None

    def texts(self, names: tuple[str, ...]) -> Iterator[str]:
        """Every text that stands under one of the names."""
        for name in names:
            known = self._by_end.get(name)
            if known is not None and isinstance(known[1], str):
                yield known[1]


def _named(key: str) -> tuple[str, ...]:
    return tuple(_CUT.sub("", part).lower() for part in str(key)[:200].split("."))


def _opened(value: Json, name: str) -> dict[str, Json] | None:
    """What of a branch is looked into: everything but bodies, whose names are not the log's."""
    if name in {"responsebody", "requestbody"}:
        return None
    value = decoded(value) if isinstance(value, str) and value[:1] == "{" else value
    if isinstance(value, list) and name == "attributes":
        value = _attributes(value)
    if not isinstance(value, dict):
        return None
    if name in _BODIES or name in _CAME_WHOLE or name in _SENT_WHOLE:
        if breaks(value) or set(value) <= _HOLDS:
            return value
        names = {part for key in value for part in _named(key)[:1]}
        return value if names & _WRAPS and _wraps(value) else None
    return value


def _attributes(items: list[Json]) -> dict[str, Json]:
    """OpenTelemetry writes its attributes as a list of `key` and typed `value`."""
    return {
        one["key"]: next(iter(one["value"].values()))
        for one in items
        if isinstance(one, dict)
        and isinstance(one.get("key"), str)
        and isinstance(one.get("value"), dict)
        and one["value"]
    }


def breaks(value: dict[str, Json]) -> bool:
    """Is it an exception of the caller's own language, and no answer?"""
    if any(name in value for name in ("stack", "syscall", "errno", "stacktrace", "traceback")):
        return True
    code = value.get("code")
    return isinstance(code, str) and code.isupper() and fault_in(code) is not None


def _wraps(value: dict[str, Json]) -> bool:
    """Is it what HTTP says of a message, or the message itself? A status is a number there."""
    plain = {_named(key)[-1]: held for key, held in value.items()}
    if isinstance(plain.get("headers"), dict | list) or "config" in plain:
        return True
    status = plain.get("statuscode", plain.get("status"))
    if _is_status(status) and not {"detail", "title"} & set(plain):
        return True
    return _is_method(plain.get("method"))


def _is_status(value: Json) -> bool:
    return _status(value) is not None


def _status(value: Json) -> int | None:
    if isinstance(value, str) and value[:3].isdecimal() and value[3:4] in {"", " "}:
        value = int(value[:3])
    good = isinstance(value, int) and not isinstance(value, bool) and value in _STATUS
    return value if good else None


def _is_method(value: Json) -> bool:
    return isinstance(value, str) and value.upper() in _METHODS


def _is_address(value: Json) -> bool:
    return isinstance(value, str) and value[:8].lower().startswith(("http://", "https://", "/"))


def draft_of(row: dict[str, Json], line: int = 0) -> Draft | None:
    """The exchange that a row tells of; None when it tells of none."""
    facts = Facts(row)
    method, status = facts.get(METHOD, _is_method), _status(facts.get(STATUS, _is_status))
    url = _url(facts)
    answer = _answer(facts, status)
    draft = Draft(
        line=line,
        last=line,
        method=method.upper() if method else "",
        url=url,
        status=status,
        reason=_reason(facts),
        headers=_headers(facts, ("request.headers", "req.headers", "requestheaders", "headers")),
        body=_sent(facts, answered=answer is not None or status is not None),
        answer_headers=_headers(facts, ("response.headers", "res.headers", "responseheaders")),
        answer_body=answer,
        started_s=_when(facts),
        duration_s=_lasted(facts),
    )
    if status is not None and not (url or method):  # an error that carries its answer
        draft.answer_headers, draft.headers = draft.answer_headers or draft.headers, ()
    if status is None and answer is None:
        draft.fault = _fault(facts)
    told = status is not None or answer is not None or draft.fault is not None
    if url and (method or told):
        return draft
    apart = draft.answer_headers or facts.get(("body", "responsebody", "response.body"))
    return draft if draft.answered and (method or apart) else None


def _url(facts: Facts) -> str:
    found = facts.get(URL, _is_address) or facts.get(("config.url", "url", "path"), _is_relative)
    if not found:
        return ""
    url = str(found)
    base = facts.get(BASE, _is_address)
    host = facts.get(HOST, _is_host)
    if "://" not in url[:9] and base:
        url = f"{str(base).rstrip('/')}/{url.lstrip('/')}"
    elif "://" not in url[:9] and host:
        url = f"https://{host}/{url.lstrip('/')}"
    query = facts.get(QUERY)
    if query and "?" not in url:
        url += _query(query)
    return url


def _is_relative(value: Json) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[\w./-]{1,300}", value) is not None


def _is_host(value: Json) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[\w-]+(\.[\w-]+)+(:\d+)?", value) is not None


def _query(query: Json) -> str:
    if isinstance(query, dict):
        flat = {k: v for k, v in query.items() if isinstance(v, str | int | float)}
        return f"?{urlencode(flat, errors='replace')}" if flat else ""
    return f"?{query.lstrip('?')}" if isinstance(query, str) and "=" in query else ""


def _reason(facts: Facts) -> str:
    found = facts.get(("statustext", "reasonphrase", "response.statustext"))
    return found if isinstance(found, str) else ""


def _headers(facts: Facts, names: tuple[str, ...]) -> Any:
    return header_list(facts.get(names, lambda value: isinstance(value, dict | list)))


def _sent(facts: Facts, *, answered: bool) -> bytes | None:
    names = (*SENT, *_SENT_WHOLE) if answered else (*SENT, *_SENT_WHOLE, "body")
    return _body(facts, names)


def _answer(facts: Facts, status: int | None) -> bytes | None:
    found = _body(facts, CAME)
    if found is None:
        found = _body(facts, _CAME_WHOLE)
    if found is None and status is not None:
        found = _body(facts, ("body", "data", "content", "text"))
    return found


def _body(facts: Facts, names: tuple[str, ...]) -> bytes | None:
    for name in names:
        value = facts.get((name,))
        if isinstance(value, str):
            plain = decoded(value)
            if isinstance(plain, dict | list):
                return value.encode("utf-8", "surrogatepass") if _is_json(value) else encoded(plain)
            if name in CAME and value:
                return encoded(value)
        elif isinstance(value, list) and value:
            return encoded(value)
        elif isinstance(value, dict) and not set(value) <= _HOLDS and not _told_elsewhere(value):
            return encoded(_enveloped(value) if name in {"error", "err"} else value)
    return None


def _told_elsewhere(value: dict[str, Json]) -> bool:
    return _wraps(value) or breaks(value) or "locked" in value  # a stream, printed by Node


def _enveloped(value: dict[str, Json]) -> Json:
    """An error that was logged without the envelope it came in."""
    bare = {"msg", "error", "errors"} & set(value) or isinstance(value.get("code"), int)
    return value if bare else {"error": value}


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _when(facts: Facts) -> float | None:
    for name in TIME:
        found = moment(facts.get((name,)))
        if found is not None:
            return found
    return None


def _lasted(facts: Facts) -> float:
    for name, scale in SECONDS:
        value = facts.get((name,))
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e15:  # noqa: PLR2004  # a duration, in whatever unit
            return value * scale
    return 0.0


def _fault(facts: Facts) -> Any:
    for text in facts.texts((*TROUBLE, *TEXT)):
        found = fault_in(text)
        if found is not None:
            return found
    return None


def message_of(row: dict[str, Json]) -> tuple[str, float | None]:
    """What a row says in words, and when."""
    facts = Facts(row)
    words = [*facts.texts(TEXT), *facts.texts(("exception", "excinfo", "stack", "err.stack"))]
    return "\n".join(dict.fromkeys(words)), _when(facts)


def label_of(row: dict[str, Json]) -> str:
    """What a log calls the call, where request and answer are rows of their own."""
    found = Facts(row).get(LABEL, lambda value: isinstance(value, str | int))
    return "" if found is None else str(found)


def answers(value: Json) -> bool:
    """Does it look like what a provider answers?"""
    if isinstance(value, list):
        return bool(value) and all(isinstance(one, dict) and answers(one) for one in value[:20])
    return isinstance(value, dict) and any(_named(key)[0] in ANSWERS for key in value)
