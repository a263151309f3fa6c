"""How does each tool write a HAR? The same story in the style of nine of them, all invented."""

import base64
import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

HOME = "https://openapi.akool.com"
CREATE = f"{HOME}/api/open/v3/content/video/createbytalkingphoto"
STATUS = f"{HOME}/api/open/v3/content/video/infobymodelid"
KEY = "invented-akool-key-0001"
JOB = "6560invented0000000000001"
FACE = "https://files.invented-studio.net/face.jpg"
SPEECH = "https://files.invented-studio.net/speech.mp3"
FILM = "https://results.invented-cdn.net/film.mp4"
BEGAN_S = 1_795_000_000.0
SAMPLES = Path(__file__).parents[1] / "diagnostics" / "emulator" / "sample_files"
BODY = {"talking_photo_url": FACE, "audio_url": SPEECH, "resolution": "720"}


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call as it happened, before any tool wrote it down."""

    url: str
    method: str = "GET"
    body: Any = None
    status: int = 200
    answer: Any = None
    kind: str = "application/json"
    at_s: float = 0.0
    took_s: float = 0.2
    keyed: bool = True
    failure: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def came(self) -> bytes:
        if isinstance(self.answer, bytes):
            return self.answer
        return b"" if self.answer is None else json.dumps(self.answer).encode()

    @property
    def sent(self) -> str:
        return "" if self.body is None else json.dumps(self.body)

    @property
    def headers(self) -> list[tuple[str, str]]:
        own = [("Content-Type", "application/json")] if self.body is not None else []
        return [*own, *([("x-api-key", KEY)] if self.keyed else []), ("Accept", "*/*")]


def told(state: int, url: str = "") -> dict[str, Any]:
    data = {"_id": JOB, "video_status": state, "video": url}
    return {"code": 1000, "msg": "OK", "data": data}


def noise(count: int) -> list[Call]:
    return [
        Call(url=f"https://www.invented-shop.example/{n}.js", answer=b"let a={};", kind="text/js",
             keyed=False, at_s=n / 10)
        for n in range(count)
    ]  # fmt: skip


def healthy() -> list[Call]:
    """A film that was made: inputs, create, three polls, result; and a browser's noise."""
    face, film = (SAMPLES / "face.jpg").read_bytes(), (SAMPLES / "clip.mp4").read_bytes()
    speech = (SAMPLES / "speech.mp3").read_bytes()
    poll = f"{STATUS}?video_model_id={JOB}"
    return [
        *noise(5),
        Call(url=FACE, answer=face, kind="image/jpeg", at_s=1, keyed=False),
        Call(url=SPEECH, answer=speech, kind="audio/mpeg", at_s=2, keyed=False),
        Call(url=CREATE, method="POST", body=BODY, answer=told(1), at_s=10),
        Call(url=poll, answer=told(1), at_s=20),
        Call(url=poll, answer=told(2), at_s=30),
        Call(url=poll, answer=told(3, FILM), at_s=40),
        Call(url=FILM, answer=film, kind="video/mp4", at_s=50, keyed=False),
    ]


def refused(code: int = 1015, message: str = "create video error") -> list[Call]:
    """A create that was refused, tried twice."""
    answer = {"code": code, "msg": message}
    create = Call(url=CREATE, method="POST", body=BODY, answer=answer)
    return [
        *noise(4),
        Call(**{**vars(create), "at_s": 10.0}),
        Call(**{**vars(create), "at_s": 20.0}),
    ]


# --- each tool ----------------------------------------------------------------------------------

Entry = dict[str, Any]


def stamp(call: Call, zone: timezone = UTC) -> str:
    moment = datetime.fromtimestamp(BEGAN_S, UTC) + timedelta(seconds=call.at_s)
    return moment.astimezone(zone).isoformat(timespec="milliseconds")


def pairs(headers: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def text_of(data: bytes) -> dict[str, Any]:
    """As most tools hold a body: text as it is, anything else in base64."""
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(data).decode(), "encoding": "base64"}


def plain(call: Call) -> Entry:
    """What the format itself asks for."""
    query = [{"name": n, "value": v} for n, v in parse_qsl(urlsplit(call.url).query)]
    request: Entry = {
        "method": call.method, "url": call.url, "httpVersion": "HTTP/1.1", "cookies": [],
        "headers": pairs(call.headers), "queryString": query, "headersSize": -1, "bodySize": -1,
    }  # fmt: skip
    if call.body is not None:
        request["postData"] = {"mimeType": "application/json", "text": call.sent}
    answer = [("Content-Type", call.kind), ("Content-Length", str(len(call.came)))]
    content = {"size": len(call.came), "mimeType": call.kind, **text_of(call.came)}
    ms = call.took_s * 1000
    return {
        "startedDateTime": stamp(call), "time": ms, "request": request,
        "response": {
            "status": call.status, "statusText": "OK" if call.status == 200 else "",
            "headers": pairs([*answer, *call.extra.items()]), "httpVersion": "HTTP/1.1",
            "cookies": [],
            "content": content, "redirectURL": "", "headersSize": -1, "bodySize": len(call.came),
        },
        "cache": {},
        "timings": {"blocked": 1, "dns": -1, "connect": -1, "send": 0, "wait": ms - 1},
    }  # fmt: skip


def lower(entry: Entry, *pseudo: tuple[str, str]) -> Entry:
    """Names as HTTP/2 carries them, its own fields in front."""
    for part in ("request", "response"):
        headers = entry[part]["headers"]
        entry[part]["headers"] = [{**one, "name": one["name"].lower()} for one in headers]
    entry["request"]["headers"] = [*pairs(pseudo), *entry["request"]["headers"]]
    return entry


def chrome(call: Call) -> Entry:
    """Header kept though the body is decoded, `_error`, odd names in front."""
    entry = lower(plain(call), (":authority", "x"), (":method", call.method), (":path", "/"))
    entry["request"]["httpVersion"] = entry["response"]["httpVersion"] = "h3"
    entry["response"]["headers"].append({"name": "content-encoding", "value": "br"})
    entry["response"]["_error"] = call.failure or None
    if call.failure:
        entry["response"] |= {"status": 0, "content": {"size": 0, "mimeType": "x-unknown"}}
    front = {"_connectionId": "7", "_initiator": {"type": "script", "url": call.url}}
    return {**front, "_priority": "High", "_resourceType": "fetch", "connection": "443", **entry}


def firefox(call: Call) -> Entry:
    """A local time zone, empty `cache`, nothing for what failed."""
    entry = plain(call)
    entry["startedDateTime"] = stamp(call, timezone(timedelta(hours=3)))
    entry["_securityState"] = "secure"
    if call.failure:
        entry["response"] = {"status": 0, "statusText": "", "httpVersion": "", "headers": [],
                             "cookies": [], "content": {"mimeType": "", "size": 0},
                             "redirectURL": "", "headersSize": -1, "bodySize": -1}  # fmt: skip
        entry["comment"] = call.failure
    return {"pageref": "page_1", **entry}


def safari(call: Call) -> Entry:
    """Few fields: no time-outs, no cookies, statuses of -1."""
    entry = plain(call)
    del entry["timings"], entry["request"]["cookies"], entry["request"]["queryString"]
    entry["_fetchType"] = "Network Load"
    if call.failure:
        entry["response"] = {"status": -1, "_error": call.failure, "content": {}}
    return entry


def charles(call: Call) -> Entry:
    """Bodies as they travelled: compressed, in base64."""
    entry = lower(plain(call))
    packed = base64.b64encode(gzip.compress(call.came)).decode()
    entry["response"]["headers"].append({"name": "content-encoding", "value": "gzip"})
    entry["response"]["content"] |= {"text": packed, "encoding": "base64"}
    entry["_charlesStatus"] = "FAILED" if call.failure else "COMPLETE"
    if call.failure:
        entry["response"] = {"status": None, "statusText": call.failure}
    return entry


def insomnia(call: Call) -> Entry:
    """No headers that it adds itself, `time` null, timings of -1."""
    entry = plain(call)
    entry["time"] = None
    entry["timings"] = dict.fromkeys(("blocked", "dns", "connect", "send", "wait", "receive"), -1)
    if call.failure:
        entry["response"] = {"status": 0, "statusText": call.failure}
    return entry


def fiddler(call: Call) -> Entry:
    """Seven digits after the second, a query told apart, numbers as text."""
    entry = plain(call)
    entry["startedDateTime"] = entry["startedDateTime"].replace("+00:00", "0000-00:00")
    entry["request"]["url"] = call.url.partition("?")[0]
    entry["response"]["status"] = str(call.status)
    entry["comment"] = "[#17]"
    if call.failure:
        entry["response"] = {"status": "0", "statusText": "", "comment": call.failure}
    return entry


def mitmproxy(call: Call) -> Entry:
    """A response of zeros with `_error` for what failed."""
    entry = lower(plain(call))
    entry["request"]["httpVersion"] = "HTTP/2.0"
    if call.failure:
        entry["response"] = {
            "status": 0, "statusText": "", "httpVersion": "", "headers": [], "cookies": [],
            "content": {}, "redirectURL": "", "headersSize": -1, "bodySize": -1,
            "_transferSize": 0, "_error": call.failure,
        }  # fmt: skip
    return entry


def playwright(call: Call) -> Entry:
    """Sizes of -1 and `_failureText`."""
    entry = plain(call)
    entry |= {"_frameref": "frame@1", "_monotonicTime": 12.5, "_serverPort": 443}
    entry["response"]["content"]["size"] = -1
    if call.failure:
        entry["response"] |= {"status": -1, "content": {"size": -1, "mimeType": "x-unknown"}}
        entry["response"]["_failureText"] = call.failure
    return entry


def polly(call: Call) -> Entry:
    """`_fromType`, compressed bodies as a list of pieces within a text."""
    entry = plain(call)
    for one in entry["response"]["headers"]:
        one["_fromType"] = "array"
    packed = base64.b64encode(gzip.compress(call.came)).decode()
    half = len(packed) // 8 * 4
    pieces = json.dumps([piece for piece in (packed[:half], packed[half:]) if piece])
    entry["response"]["headers"].append({"name": "content-encoding", "value": "gzip"})
    entry["response"]["content"] |= {"text": pieces, "encoding": "base64", "_isBinary": True}
    if call.failure:
        entry["response"] = {"status": 0, "_error": {"message": call.failure}}
    return {"_id": "f00d", "_order": 0, **entry}


Style = Callable[[Call], Entry]
TOOLS: Mapping[str, tuple[Style, str, str]] = {
    "chrome": (chrome, "WebInspector", "537.36"),
    "firefox": (firefox, "Firefox", "133.0"),
    "safari": (safari, "WebKit Web Inspector", "1.0"),
    "charles": (charles, "Charles Proxy", "5.0"),
    "insomnia": (insomnia, "Insomnia REST Client", "insomnia.desktop.app:v10"),
    "fiddler": (fiddler, "Fiddler", "5.0"),
    "mitmproxy": (mitmproxy, "mitmproxy", "11.0.2"),
    "playwright": (playwright, "Playwright", "1.65.0"),
    "polly": (polly, "Polly.JS", "6.0.6"),
}


def har(calls: Sequence[Call], tool: str = "chrome", version: str = "1.2") -> dict[str, Any]:
    """A whole HAR as that tool would have saved it."""
    style, name, number = TOOLS[tool]
    creator = {"name": name, "version": number}
    log = {"version": version, "creator": creator, "pages": [], "entries": list(map(style, calls))}
    if tool == "polly":
        log = {"_recordingName": "film", **{key: log[key] for key in reversed(log)}}
    return {"log": log}


def bytes_of(calls: Sequence[Call], tool: str = "chrome") -> bytes:
    """The file itself, laid out and marked as that tool does it."""
    text = json.dumps(har(calls, tool), indent=None if tool == "insomnia" else 2)
    mark = b"\xef\xbb\xbf" if tool in {"fiddler", "charles"} else b""
    return mark + text.encode()
