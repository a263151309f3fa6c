"""What did vcrpy write before, what do betamax, Ruby's VCR and go-vcr write? In today's words."""

from collections.abc import Mapping
from typing import Any

from diagnostics.model import Json
from diagnostics.vcr.interaction import WrongInteractionError

_PARTS = ("protocol", "host", "port", "path")
_USUAL = {"http": 80, "https": 443}


def modern(value: Json) -> Json:
    """An interaction of any age as one of format 1; what is none stays what it is."""
    if not isinstance(value, dict):
        return value
    asked, told = value.get("request"), value.get("response")
    found = dict(value)
    if isinstance(asked, dict):
        found["request"] = _request(asked)
    if isinstance(told, dict) and "status_code" in told:
        found["response"] = _of_httpx(told)
    elif isinstance(told, dict) and "code" in told:
        found["response"] = _of_go(told)
    return found


def _request(asked: Mapping[str, Json]) -> dict[str, Json]:
    found = dict(asked)
    if "uri" not in asked and "url" in asked:
        found["uri"] = asked["url"]
    if "uri" not in asked and all(part in asked for part in _PARTS):
        found["uri"] = _address(asked)
    fields = asked.get("headers")
    if isinstance(fields, list) and len(fields) == 1 and _pairs(fields[0]):
        found["headers"] = fields[0]  # a frozen set was written as a list of its one argument
    return found


def _address(asked: Mapping[str, Any]) -> str:
    """Before version 1 the address stood in four parts."""
    protocol, host, port, path = (asked[part] for part in _PARTS)
    known = str(port) == str(_USUAL.get(str(protocol), ""))
    return f"{protocol}://{host}{'' if known else f':{port}'}{path}"


def _pairs(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(one, list) for one in value)


def _of_httpx(told: Mapping[str, Json]) -> dict[str, Json]:
    """As vcrpy's httpx stubs wrote until 5: `status_code` and `content`."""
    return {
        "status": {"code": told["status_code"], "message": None},
        "headers": told.get("headers"),
        "body": {"string": told.get("content")},
        "http_version": told.get("http_version"),
    }


def _of_go(told: Mapping[str, Json]) -> dict[str, Json]:
    """As go-vcr writes: `code: 200` beside `status: 200 OK`."""
    line = str(told.get("status", ""))
    reason = line.partition(" ")[2] if line[:3].isdigit() else line
    return {**told, "status": {"code": told["code"], "message": reason}} | {
        "http_version": told.get("proto")
    }


def entries(document: Json) -> list[Json]:
    """The interactions of a decoded JSON file, of any age."""
    if isinstance(document, dict):
        document = document.get("interactions", document.get("http_interactions"))
    if not isinstance(document, list):
        raise WrongInteractionError("it holds no list of interactions")
    return document
