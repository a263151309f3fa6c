"""How does a case or an exchange look as JSON, and back? Absent means the default."""

import base64
import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from enum import StrEnum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from diagnostics.model import (
    Answer,
    Case,
    Environment,
    Exchange,
    Fault,
    FaultKind,
    Json,
    KeyFacts,
    MediaFacts,
    Origin,
    Plan,
    PollPolicy,
    Purpose,
    Request,
    Response,
    RetryPolicy,
    Target,
    TargetKind,
    Unsent,
    UnsentReason,
    Wire,
)


def exchange_to(exchange: Exchange) -> dict[str, Json]:
    """An exchange as plain JSON values."""
    line: dict[str, Json] = {
        "n": exchange.position,
        "scenario": exchange.scenario,
        "conversation": exchange.conversation,
        "attempt": exchange.attempt,
        "started_s": exchange.started_s,
        "duration_s": exchange.duration_s,
        "request": _request_to(exchange.request),
        "answer": _answer_to(exchange.answer),
    }
    if exchange.wire is not None:
        line["wire"] = plain(exchange.wire)
    if exchange.flow:
        line["flow"] = exchange.flow
    if exchange.source:
        line["source"] = exchange.source
    return line


def exchange_from(line: Mapping[str, Json], position: int | None = None) -> Exchange:
    """The exchange of a line. Raises KeyError, TypeError or ValueError for a wrong one."""
    wire = line.get("wire")
    return Exchange(
        request=_request_from(line["request"]),
        answer=_answer_from(line["answer"]),
        started_s=float(line["started_s"]),
        duration_s=float(line.get("duration_s", 0.0)),
        attempt=int(line.get("attempt", 1)),
        conversation=int(line.get("conversation", 0)),
        scenario=str(line.get("scenario", "")),
        position=int(line.get("n", 0)) if position is None else position,
        wire=None if wire is None else Wire(**wire),
        flow=str(line.get("flow", "")),
        source=str(line.get("source", "")),
    )


def plain(value: object) -> Json:
    """A value of the model as JSON, defaults left out."""
    if isinstance(value, StrEnum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {
            part.name: plain(getattr(value, part.name))
            for part in fields(value)
            if getattr(value, part.name) != part.default
        }
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    return value


def case_to(case: Case) -> dict[str, Json]:
    """A case as plain JSON values."""
    found: dict[str, Json] = plain(case)
    return found


def case_from(value: Mapping[str, Json]) -> Case:
    """The case of a tape's first line."""
    known = _known(Case, value)
    known["target"] = Target(
        **{**_known(Target, value["target"]), "kind": TargetKind(value["target"]["kind"])}
    )
    if known["target"].origin is not None:
        known["target"] = replace(known["target"], origin=Origin(known["target"].origin))
    known["keys"] = tuple(
        KeyFacts(**{**_known(KeyFacts, key), "problems": tuple(key.get("problems", ()))})
        for key in value.get("keys", ())
    )
    for name, kind in _PARTS.items():
        if value.get(name) is not None:
            known[name] = kind(**_known(kind, value[name]))
    for name in ("auth_headers", "scenarios"):
        known[name] = tuple(value.get(name, ()))
    return Case(**known)


_PARTS: dict[str, Any] = {
    "plan": Plan,
    "poll": PollPolicy,
    "retry": RetryPolicy,
    "environment": Environment,
}


def _known(kind: Any, value: Mapping[str, Json]) -> dict[str, Json]:
    """Only the fields we know: a newer harness may have written more."""
    names = {part.name for part in fields(kind)}
    required = {p.name for p in fields(kind) if p.default is p.default_factory is MISSING}
    if missing := required - set(value):
        raise KeyError(f"{kind.__name__}: {', '.join(sorted(missing))}")
    known = {name: value[name] for name in value if name in names}
    for name, found in known.items():
        if not _fits(_hints(kind)[name], found):
            raise TypeError(f"{kind.__name__}.{name} is no {_hints(kind)[name]}")
    return known


def strange(line: Mapping[str, Json]) -> Exchange:
    """As `exchange_from`, of a line that anybody may have edited: every type is looked at."""
    json.dumps(line)  # nothing but JSON stands in it
    answer, wire = line["answer"], line.get("wire")
    if wire is not None:
        _known(Wire, wire)
    if answer.get("media") is not None:
        _known(MediaFacts, answer["media"])
    if not _fits(str | None, line["request"].get("operation")):
        raise TypeError("request.operation is no word")
    return exchange_from(line)


@lru_cache(maxsize=16)
def _hints(kind: Any) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _fits(hint: Any, value: Json) -> bool:
    """Whether a stranger's value may stand in a field of that type."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is UnionType:
        return any(_fits(one, value) for one in inner)
    if origin is tuple:
        return isinstance(value, list | tuple) and all(_fits(inner[0], one) for one in value)
    if origin is Mapping:
        return isinstance(value, dict) and all(_fits(inner[1], one) for one in value.values())
    if hint in _PLAIN:
        return isinstance(value, _PLAIN[hint]) and (hint is bool or not isinstance(value, bool))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return isinstance(value, str)
    return not is_dataclass(hint) or isinstance(value, dict)


_PLAIN: dict[Any, Any] = {
    str: str,
    int: int,
    float: (int, float),
    bool: bool,
    NoneType: NoneType,
}


def _request_to(request: Request) -> dict[str, Json]:
    line: dict[str, Json] = {"method": request.method, "url": request.url}
    if request.headers:
        line["headers"] = [list(pair) for pair in request.headers]
    if request.operation is not None:
        line["operation"] = request.operation
    if request.purpose is not Purpose.CALL:
        line["purpose"] = request.purpose.value
    if not request.authenticated:
        line["authenticated"] = False
    if request.spends:
        line["spends"] = True
    for name in ("credits", "wait_s", "label", "provider"):
        if value := getattr(request, name):
            line[name] = value
    return line | _body_to(request.body)


def _request_from(line: Mapping[str, Json]) -> Request:
    credits = line.get("credits")  # noqa: A001  # the field's own word
    return Request(
        method=str(line["method"]),
        url=str(line["url"]),
        headers=headers_from(line),
        body=body_from(line),
        operation=line.get("operation"),
        purpose=Purpose(line.get("purpose", "call")),
        authenticated=bool(line.get("authenticated", True)),
        spends=bool(line.get("spends", False)),
        credits=None if credits is None else float(credits),
        wait_s=float(line.get("wait_s", 0.0)),
        label=str(line.get("label", "")),
        provider=str(line.get("provider", "")),
    )


def _answer_to(answer: Answer) -> dict[str, Json]:
    if isinstance(answer, Unsent):
        return {"unsent": answer.reason.value, "message": answer.message}
    headers = {"headers": [list(pair) for pair in answer.headers]} if answer.headers else {}
    if isinstance(answer, Fault):
        line: dict[str, Json] = {"fault": answer.kind.value, "message": answer.message}
        line |= {"may_have_arrived": answer.may_have_arrived, "status": answer.status}
        return line | headers | _body_to(answer.body)
    line = {"status": answer.status, "reason": answer.reason, "http": answer.http_version}
    line["size_bytes"] = answer.size_bytes
    if answer.media is not None:
        line["media"] = plain(answer.media)
    if answer.truncated:
        line["truncated"] = True
    if answer.chunks:
        line["chunks"] = [list(chunk) for chunk in answer.chunks]
    return line | headers | _body_to(answer.body)


def _answer_from(line: Mapping[str, Json]) -> Answer:
    if "unsent" in line:
        return Unsent(reason=UnsentReason(line["unsent"]), message=str(line.get("message", "")))
    if "fault" in line:
        return fault_from(line)
    media = line.get("media")
    return Response(
        status=int(line["status"]),
        reason=str(line.get("reason", "")),
        headers=headers_from(line),
        body=body_from(line),
        http_version=str(line.get("http", "HTTP/1.1")),
        media=None if media is None else MediaFacts(**media),
        size_bytes=int(line.get("size_bytes", 0)),
        truncated=bool(line.get("truncated", False)),
        chunks=chunks_from(line),
    )


def fault_from(line: Mapping[str, Json]) -> Fault:
    """The failure of an answer's line."""
    return Fault(
        kind=FaultKind(line["fault"]),
        message=str(line.get("message", "")),
        may_have_arrived=bool(line.get("may_have_arrived", False)),
        status=line.get("status"),
        headers=headers_from(line),
        body=body_from(line),
    )


def chunks_from(line: Mapping[str, Json]) -> tuple[tuple[float, int], ...]:
    """When each part of a stream came, and its size."""
    return tuple((float(at_s), int(size)) for at_s, size in line.get("chunks", ()))


def headers_from(line: Mapping[str, Json]) -> tuple[tuple[str, str], ...]:
    """Header fields in their order and case."""
    given = line.get("headers")
    return tuple([_pair(str(key), str(value)) for key, value in given]) if given else ()


@lru_cache(maxsize=4096)
def _pair(key: str, value: str) -> tuple[str, str]:
    """The same pair for the same words: exchanges repeat most of their headers."""
    return key, value


def _body_to(body: bytes) -> dict[str, Json]:
    if not body:
        return {}
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body64": base64.b64encode(body).decode()}


def body_from(line: Mapping[str, Json]) -> bytes:
    """The body where it stands on the line itself."""
    if "body64" in line:
        return base64.b64decode(line["body64"])
    return str(line.get("body", "")).encode("utf-8", "surrogatepass")
