"""What does an answer say? The documented example, with this job's facts laid over it."""

import math
import re
from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple
from urllib.parse import urlsplit

from diagnostics.contract import Contract, decode, dig, first
from diagnostics.emulator.codes import dump
from diagnostics.emulator.jobs import Jobs, Work
from diagnostics.emulator.laying import lay
from diagnostics.emulator.pattern import Pattern
from diagnostics.model import Json
from diagnostics.promise import Envelope, Operation, Paging

_URL = re.compile(r"https?://", re.IGNORECASE)
_KINDS = {
    "png": "face.png", "jpg": "face.jpg", "jpeg": "face.jpg", "webp": "face.webp",
    "mp3": "speech.mp3", "wav": "speech.wav", "m4a": "speech.m4a", "mp4": "clip.mp4",
}  # fmt: skip
_LISTED_MAX = 20
_EPOCH_S = range(1_400_000_000, 2_100_000_000)
_EPOCH_MS = range(1_400_000_000_000, 2_100_000_000_000)
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)")
"""Values that are a time in the examples: a new job is not three years old."""
_ENDS = re.compile(r"(?:completed|finished|ended)_?(?:at|time)?", re.IGNORECASE)
_STARTS = re.compile(r"started_?(?:at|time)?", re.IGNORECASE)
_ID_LENGTH_MIN = 6
"""A documented id shorter than that may stand in a text by chance."""
_NAME_MAX = 200


class Bodies:
    """Answers of one emulator. No URL in them leaves this machine."""

    def __init__(self, contract: Contract, jobs: Jobs, media_base: str, base_url: str = "") -> None:
        self._contract = contract
        self._jobs = jobs
        self._base_url = base_url
        self._spare = frozenset(_spare_names(contract))
        self._callbacks = frozenset(contract.webhook.get("parameters") or ())
        self._plain: dict[str, bytes] = {}
        self._patterns: dict[int, Pattern] = {}
        self.media_base = media_base

    def plain(self, op: Operation, arguments: Mapping[str, str] | None = None) -> bytes:
        """The documented answer of an operation that starts and follows nothing."""
        found = self._plain.get(op.id)
        if found is None:
            found = self._plain[op.id] = dump(self._shown(op, None))
        return _called(found, names_in(op, arguments or {}))

    def with_value(self, op: Operation, path: str, value: Json) -> bytes:
        """The documented answer with one value laid over it (a balance, a token)."""
        body = self._shown(op, None)
        lay(body, path, value)
        return dump(body)

    def accepted(self, work: Work, body: Json, now_s: float) -> bytes:
        """The answer to a create."""
        op, job = work.operation, work.job
        times = _Times(now_s, now_s + work.queue_s, work.ends_s)
        value = work.state(now_s)
        answer = self._shown(op, body, times, op.answers.get(value, op.answer))
        for path in _present(answer, job.status):
            lay(answer, path, _like(answer, path, value))
        for path in _present(answer, job.id):
            place, many, inside = path.rpartition("[]")
            if many:
                lay(answer, place, (_list(answer, place)[:1] or [{}]) if inside else [work.id])
            if inside or not many:
                lay(answer, path, work.id)
        _deadline(answer, work)
        self._spare_ids(answer, work)
        return _renamed(op, work, dump(answer))

    def _spare_ids(self, answer: Json, work: Work) -> None:
        parent, _, own = work.job.id[0].rpartition(".")
        found = dig(answer, parent) if parent else [answer]
        for holder in found:
            for name in self._spare & set(holder if isinstance(holder, dict) else ()):
                if name != own and isinstance(holder[name], str):
                    holder[name] = self._jobs.also(work)

    def status(self, op: Operation, work: Work, value: str, now_s: float) -> bytes:
        """The answer to a status call about one job; rendered once for each state."""
        key = (op.id, value, work.delivers(value, now_s), work.gone(value, now_s))
        found = work.answers.get(key)
        if found is None:
            found = _renamed(op, work, dump(self._about(op, work, value, now_s)))
            if len(work.answers) < len(work.job.states) * 2 + 2:
                work.answers[key] = found
        return found

    def statuses(self, op: Operation, works: list[tuple[Work, str]], now_s: float) -> bytes:
        """The same about several jobs, where the answer is a list."""
        answers = [self._about(op, work, value, now_s) for work, value in works]
        place = works[0][0].job.status[0].rpartition("[]")[0]
        if place:
            lay(answers[0], place, [item for a in answers for item in _list(a, place)])
        return dump(answers[0])

    def listed(self, op: Operation, now_s: float, asked: Mapping[str, Json] | None = None) -> bytes:
        """A list of recent jobs: where a create whose answer was lost can be looked up."""
        paging = op.paging
        size = paging.size if paging else _LISTED_MAX
        skip = _number((asked or {}).get(paging.cursor)) if paging else 0
        works = self._jobs.latest(op.id, size + 1, skip)
        if not works and paging is None:
            return self.plain(op)
        answer = self._shown(op, None)
        place = _list_place(answer, self._id_name(op))
        if place is None:
            return dump(answer)
        pattern = _list(answer, place)[0]
        lay(answer, place, [self._entry(pattern, work, now_s) for work in works[:size]])
        if paging:
            more = skip + size if len(works) > size else None
            lay(answer, paging.next, self._page(op, paging, more))
            if paging.previous:
                before = max(0, skip - size) if skip else None
                lay(answer, paging.previous, self._page(op, paging, before))
        return dump(answer)

    def _id_name(self, op: Operation) -> str:
        jobs = (one.job for one in self._contract.operations.values() if one.job)
        return next((_last(job.id[0]) for job in jobs if job.lookup == op.id), "")

    def _page(self, op: Operation, paging: Paging, start: int | None) -> str | None:
        return None if start is None else f"{self._base_url}{op.path}?{paging.cursor}={start}"

    def _entry(self, pattern: Json, work: Work, now_s: float) -> Json:
        value = work.state(now_s)
        if "." not in work.job.status[0]:  # a status answer is the job itself, and so is an entry
            return decode(self.status(self._contract.operations[work.job.read], work, value, now_s))
        entry = deepcopy(pattern)
        absent = "" if self._contract.envelopes[work.operation.envelope].success else None
        url = self._output(work) if work.delivers(value, now_s) else absent
        facts: dict[str, Json] = {_last(work.job.id[0]): work.id}
        facts |= dict.fromkeys((_last(path) for path in work.job.output), url)
        for path in work.job.status:
            facts[_last(path)] = _like(entry, _last(path), value)
        entry.update((name, fact) for name, fact in facts.items() if name in entry)
        return entry

    def _about(self, op: Operation, work: Work, value: str, now_s: float) -> Json:
        times = _Times(work.created_s, work.created_s + work.queue_s, work.ends_s)
        answer = self._shown(op, work.given, times, op.answers.get(value, op.answer))
        place = work.job.status[0].rpartition("[]")[0]
        if place:
            lay(answer, place, _list(answer, place)[:1] or [{}])
        self._fill(answer, work, value, now_s)
        return answer

    def _fill(self, answer: Json, work: Work, value: str, now_s: float) -> None:
        job = work.job
        _deadline(answer, work)
        places = _present(answer, job.status)
        prefix = places[0].rpartition(".")[0]
        own = [f"{prefix}.{_last(path)}".lstrip(".") for path in job.id]
        lay(answer, next((path for path in own if dig(answer, path)), own[0]), work.id)
        for path in places:
            lay(answer, path, _like(answer, path, value))
        url = self._output(work) if work.delivers(value, now_s) else None
        absent = "" if self._contract.envelopes[work.operation.envelope].success else None
        for path in _present(answer, job.output):
            if url or dig(answer, path.removesuffix("[]")):
                lay(answer, path, _output(answer, path, url, absent))
        reason = work.reason(value)
        for path in _present(answer, job.reason) if reason else job.reason:
            shown = dig(answer, path)
            if (reason and not shown) or (shown and isinstance(shown[0], str | None)):
                lay(answer, path, reason or absent)
        if reason and work.fault.code and job.code:
            lay(answer, _present(answer, job.code)[0], _like(answer, job.code[0], work.fault.code))
        for path, told in job.removed.items() if work.gone(value, now_s) else ():
            lay(answer, path, deepcopy(told))

    def _output(self, work: Work) -> str:
        return f"{self.media_base}/out/{work.id}.{work.suffix}"

    def _shown(
        self, op: Operation, body: Json, times: "_Times | None" = None, answer: Json = None
    ) -> Json:
        """A copy of the documented answer, with the request's own values and our own URLs."""
        answer = op.answer if answer is None else answer
        if not isinstance(answer, dict | list):
            return self._bare(self._contract.envelopes[op.envelope])
        given = body if isinstance(body, dict) else {}
        copied = self._pattern(answer).filled(given, times.like if times else None, _echo)
        for path in self._contract.envelopes[op.envelope].partial:
            if dig(copied, path):
                lay(copied, path, [])
        return copied

    def _bare(self, envelope: Envelope) -> dict[str, Json]:
        """A success that says nothing more."""
        if envelope.success:
            return {envelope.code: envelope.success[0], envelope.message: "OK"}
        return {envelope.data: {}} if envelope.data else {}

    def _pattern(self, answer: Json) -> Pattern:
        found = self._patterns.get(id(answer))
        if found is None:
            found = Pattern(answer, own=self._ours, is_time=_is_time, silent=self._callbacks)
            self._patterns[id(answer)] = found
        return found

    def _ours(self, text: str) -> str:
        return self._own(text) if _URL.match(text) else text

    def _own(self, url: str) -> str:
        """An address of ours in place of a documented one: a sample, or the same call here."""
        parts = urlsplit(url)
        if parts.hostname in self._contract.hosts and self._base_url:
            query = f"?{parts.query}" if parts.query else ""
            return f"{self._base_url}{parts.path}{query}"
        return f"{self.media_base}/{_sample_like(url)}"


class _Times(NamedTuple):
    """When a job was made, begins and ends, to be told as the documents write a time."""

    made_s: float
    begins_s: float
    ends_s: float

    def like(self, name: str, shown: Json) -> Json:
        """The moment in the form of a documented one; what is no time stays."""
        began_s = self.begins_s if _STARTS.match(name) else self.made_s
        at_s = self.ends_s if _ENDS.match(name) else began_s
        if type(shown) is int and shown in _EPOCH_MS:
            return int(at_s * 1000)
        if type(shown) is int and shown in _EPOCH_S:
            return int(at_s)
        if isinstance(shown, str) and _ISO.fullmatch(shown):
            return _iso(at_s)
        return shown


def _is_time(shown: Json) -> bool:
    if isinstance(shown, str):
        return _ISO.fullmatch(shown) is not None
    return type(shown) is int and (shown in _EPOCH_MS or shown in _EPOCH_S)


def _iso(at_s: float) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def _deadline(answer: Json, work: Work) -> None:
    """When the provider will end it, where its create asked for that."""
    told = work.job.deadline
    if told and told.field and work.deadline_s is not None:
        lay(answer, told.field, _iso(work.deadline_s))


def _renamed(op: Operation, work: Work, told: bytes) -> bytes:
    """The documented id gives way to the job's own, in addresses as well."""
    told = _called(told, work.names)
    shown = first(op.answer, work.job.id)
    if isinstance(shown, str) and len(shown) >= _ID_LENGTH_MIN:
        return told.replace(shown.encode(), work.id.encode())
    return told


Names = tuple[tuple[bytes, bytes], ...]


def names_in(op: Operation, arguments: Mapping[str, str]) -> Names:
    """What the documents call the parts of an address, and what this call called them."""
    found = []
    for parameter in op.parameters:
        shown, given = parameter.schema.get("example"), arguments.get(parameter.name)
        if given and isinstance(shown, str) and len(shown) >= _ID_LENGTH_MIN and given != shown:
            found.append((dump(shown)[1:-1], dump(given[:_NAME_MAX])[1:-1]))
    return tuple(found)


def _called(told: bytes, names: Names) -> bytes:
    for shown, given in names:
        told = told.replace(shown, given)
    return told


def _number(written: Json) -> int:
    """Where a page begins, as the address of the page before told it."""
    text = written if isinstance(written, str) else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _ID_LENGTH_MIN else 0


@cache
def _sample_like(url: str) -> str:
    ending = url.partition("?")[0].rpartition(".")[2].lower()
    return _KINDS.get(ending, "clip.mp4")


def sample_for(suffix: str) -> str:
    """The sample that stands in for an output of that file type."""
    return _KINDS.get(suffix, "clip.mp4")


def _echo(shown: Json, given: Json) -> Json:
    """The request's own value, where it is plain and of the documented type."""
    if not isinstance(given, str | int | float) or (
        isinstance(given, float) and not math.isfinite(given)
    ):
        return shown
    return given if shown is None or isinstance(given, type(shown)) else shown


def _spare_names(contract: Contract) -> set[str]:
    """Ids by which something can be deleted or cancelled: `job_ids` takes a `job_id`."""
    names: set[str] = set()
    for op in contract.operations.values():
        if op.destructive and op.body_schema:
            names.update(op.body_schema.get("properties", ()))
    return {n.removesuffix("s") for n in names if n.endswith(("id", "ids"))}


def _last(path: str) -> str:
    return path.rpartition(".")[2].removesuffix("[]")


def _present(answer: Json, paths: tuple[str, ...]) -> tuple[str, ...]:
    """The paths that the documented answer has; the first of all when it has none."""
    return tuple(path for path in paths if dig(answer, path.removesuffix("[]"))) or paths[:1]


def _like(answer: Json, path: str, value: str) -> Json:
    """A state as the documents write it: a number unless they show text."""
    shown = dig(answer, path)
    written_as_text = bool(shown) and isinstance(shown[0], str)
    return int(value) if value.isdecimal() and not written_as_text else value


def _output(answer: Json, path: str, url: str | None, absent: str | None) -> Json:
    """The output as the documents write it: a URL, a list of them, or something else they show."""
    shown = first(answer, (path.removesuffix("[]"),))
    if isinstance(shown, list):
        return [url] if url else []
    if isinstance(shown, str) and not _URL.match(shown):
        return shown if url else None
    if isinstance(shown, dict):
        return shown if url else {}
    return url or absent


def _list(answer: Json, place: str) -> list[Json]:
    found = dig(answer, place)
    return found[0] if found and isinstance(found[0], list) else []


def _list_place(answer: Json, name: str, place: str = "") -> str | None:
    """Where the answer keeps a list of entries that have a field of that name."""
    if not isinstance(answer, dict):
        return None
    for key, value in answer.items():
        here = f"{place}.{key}".lstrip(".")
        if isinstance(value, list) and value and isinstance(value[0], dict) and name in value[0]:
            return here
        found = _list_place(value, name, here)
        if found:
            return found
    return None
