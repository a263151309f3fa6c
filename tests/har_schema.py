"""What must stand in a HAR 1.2? The parts of the specification that are binding, as JSON Schema.

Source: the HAR 1.2 specification (W3C Web Performance draft; softwareishard.com/blog/har-12-spec).
"""

from typing import Any

TEXT = {"type": "string"}
COUNT = {"type": "integer", "minimum": -1}
MS = {"type": "number", "minimum": -1}
DATE = {
    "type": "string",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$",
}
OURS: dict[str, Any] = {"^_": {}}


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **optional, "comment": TEXT},
        "patternProperties": OURS,
        "additionalProperties": False,
    }


PAIR = _object({"name": TEXT, "value": TEXT})
PAIRS = {"type": "array", "items": PAIR}
COOKIE = _object(
    {"name": TEXT, "value": TEXT},
    path=TEXT,
    domain=TEXT,
    expires={**DATE, "type": ["string", "null"]},
    httpOnly={"type": "boolean"},
    secure={"type": "boolean"},
    sameSite=TEXT,
)
COOKIES = {"type": "array", "items": COOKIE}
REQUEST = _object(
    {
        "method": TEXT,
        "url": TEXT,
        "httpVersion": TEXT,
        "cookies": COOKIES,
        "headers": PAIRS,
        "queryString": PAIRS,
        "headersSize": COUNT,
        "bodySize": COUNT,
    },
    postData=_object({"mimeType": TEXT, "params": PAIRS, "text": TEXT}),
)
RESPONSE = _object(
    {
        "status": {"type": "integer"},
        "statusText": TEXT,
        "httpVersion": TEXT,
        "cookies": COOKIES,
        "headers": PAIRS,
        "content": _object({"size": COUNT, "mimeType": TEXT}, text=TEXT, encoding=TEXT),
        "redirectURL": TEXT,
        "headersSize": COUNT,
        "bodySize": COUNT,
    }
)
ENTRY = _object(
    {
        "startedDateTime": DATE,
        "time": {"type": "number", "minimum": 0},
        "request": REQUEST,
        "response": RESPONSE,
        "cache": {"type": "object"},
        "timings": _object(
            {"send": MS, "wait": MS, "receive": MS}, blocked=MS, dns=MS, connect=MS, ssl=MS
        ),
    },
    serverIPAddress=TEXT,
    connection=TEXT,
)
HAR = {
    "type": "object",
    "required": ["log"],
    "additionalProperties": False,
    "properties": {
        "log": _object(
            {
                "version": {"const": "1.2"},
                "creator": _object({"name": TEXT, "version": TEXT}),
                "entries": {"type": "array", "items": ENTRY},
            },
            pages={"type": "array"},
        )
    },
}
