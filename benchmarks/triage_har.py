"""What does it cost to judge a support ticket's HAR of 50 MB, from start to exit code?"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.children import diagnostics, spend
from benchmarks.table import Row

SIZE_BYTES = 50_000_000
NOISE = "triage of a 50 MB HAR, three entries matter"
POLLS = "the same, every entry is a call"
SECONDS_MOST, MB_MOST = 10.0, 500.0
_HOME = "https://openapi.akool.com/api/open/v3/content/video"
_BEGAN = "2026-11-20T10:{:02}:{:02}.{:03}Z"


def rows(size_bytes: int = SIZE_BYTES) -> Iterator[Row]:
    """A browser's capture, and the log of a program that polls: each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "capture.har"
        for what, polls in ((NOISE, False), (POLLS, True)):
            entries = write(place, size_bytes, polls=polls)
            spent = spend(diagnostics("triage", str(place), "--json"), codes=(0, 1, 3))
            yield Row(
                what=what,
                measured=f"{spent.seconds:.1f} s, {spent.rss_mb:.0f} MB",
                baseline=f"{entries:,} entries",
                reach="≤ 10 s and ≤ 500 MB",
                reached=spent.seconds <= SECONDS_MOST and spent.rss_mb <= MB_MOST,
            )


def write(path: Path, size_bytes: int, *, polls: bool) -> int:
    """A HAR as a browser saves it, of about that size; gives the number of its entries."""
    count = written = 0
    with path.open("w", encoding="utf-8") as file:
        file.write('{"log": {"version": "1.2", "creator": {"name": "WebInspector"}, "entries": [\n')
        for entry in _story():
            file.write(json.dumps(entry) + ",\n")
            count += 1
        while written < size_bytes:
            entry = _poll(count) if polls else _asset(count)
            written += file.write(json.dumps(entry, ensure_ascii=False, indent=1) + ",\n")
            count += 1
        file.write(json.dumps(_asset(count)) + "]}}")
    return count + 1


def _story() -> Iterator[dict[str, Any]]:
    """A create, and its job's end."""
    body = {
        "talking_photo_url": "https://files.test/a.jpg",
        "audio_url": "https://files.test/a.mp3",
    }
    made = {"code": 1000, "msg": "OK", "data": {"_id": "job-0", "video_status": 1}}
    yield _entry("POST", f"{_HOME}/createbytalkingphoto", json.dumps(made), 0, json.dumps(body))
    for state in (2, 4):
        told = {"code": 1000, "msg": "OK", "data": {"_id": "job-0", "video_status": state}}
        yield _entry("GET", f"{_HOME}/infobymodelid?video_model_id=job-0", json.dumps(told), state)


def _poll(number: int) -> dict[str, Any]:
    """One of a thousand jobs."""
    job = f"job-{number % 1000}"
    told = {"code": 1000, "msg": "OK", "data": {"_id": job, "video_status": 2}}
    return _entry("GET", f"{_HOME}/infobymodelid?video_model_id={job}", json.dumps(told), number)


def _asset(number: int) -> dict[str, Any]:
    """A script of a page, some in another alphabet, as long as such scripts are."""
    text = "function f(a) { return 'x' + a; }\n" * (200 + number % 7 * 100) + "Привет, мир. " * 20
    url = f"https://cdn{number % 9}.shop.test/assets/{number}.js?v={number}"
    return _entry("GET", url, text, number, kind="text/javascript")


def _entry(  # noqa: PLR0913, PLR0917  # the parts of a call
    method: str, url: str, text: str, number: int, posted: str = "", kind: str = "application/json"
) -> dict[str, Any]:
    headers = [{"name": f"x-header-{n}", "value": "some value of it"} for n in range(15)]
    request: dict[str, Any] = {"method": method, "url": url, "headers": headers, "cookies": []}
    if posted:
        request["postData"] = {"mimeType": "application/json", "text": posted}
    content = {"size": len(text), "mimeType": kind, "text": text}
    answer = {"status": 200, "statusText": "OK", "headers": headers, "content": content}
    minutes, rest = divmod(number * 5, 60_000)
    began = _BEGAN.format(minutes % 60, rest // 1000, rest % 1000)
    timings = {"blocked": 1, "dns": -1, "connect": -1, "send": 0, "wait": 40, "receive": 1}
    return {
        "_initiator": {"type": "script", "stack": {"callFrames": [{"url": url}] * 5}},
        "startedDateTime": began, "time": 42, "request": request, "response": answer,
        "cache": {}, "timings": timings,
    }  # fmt: skip
