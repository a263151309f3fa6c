"""Which ids will the provider's support look the call up by, and where did each come from?"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from diagnostics.contract import Contract, dig
from diagnostics.model import Json
from reports.line import Line

KEPT_FIRST, KEPT_LAST = 40, 20
LENGTH_MAX = 200

USUAL: Mapping[str, tuple[str, ...]] = {
    "request": ("x-request-id", "request-id", "x-amzn-requestid"),
    "trace": ("traceparent", "x-trace-id", "x-amzn-trace-id", "eagleeye-traceid"),
    "edge": ("cf-ray", "x-amz-cf-id"),
}
"""Header names that HTTP servers use whoever the provider is; a contract adds its own."""

_IN_WORDS = re.compile(r"request[ _-]?id[\"':=\s]+([A-Za-z0-9_-]{6,80})", re.IGNORECASE)
"""Ids are given in the message text too, and lost by clients that look at headers only."""


@dataclass(slots=True, kw_only=True)
class Identifiers:
    """Collects ids in the order of the tape: of failures, the first, the last of a long tape."""

    contract: Contract
    failed: list[dict[str, Any]] = field(default_factory=list)
    first: list[dict[str, Any]] = field(default_factory=list)
    last: list[dict[str, Any]] = field(default_factory=list)
    seen: set[tuple[str, str]] = field(default_factory=set)
    more: int = 0
    wanted: list[tuple[str, str]] = field(default_factory=list)
    """Kind and lower-case header name or body path."""

    def __post_init__(self) -> None:
        kinds = {**dict.fromkeys(self.contract.identifiers, ()), **dict.fromkeys(USUAL, ())}
        for kind in kinds:
            names = (*self.contract.identifiers.get(kind, ()), *USUAL.get(kind, ()))
            self.wanted.extend(dict.fromkeys((kind, name) for name in names))

    def look(self, line: Line) -> None:
        """Note what one exchange names."""
        elsewhere = line.exchange.request.provider in self.contract.partners
        fields = getattr(line.exchange.answer, "headers", ())
        headers = {name.lower(): value for name, value in fields}
        for kind, name in self.wanted:
            if name.lower() in headers:
                self._note(kind, headers[name.lower()], f"header {name}", line)
            elif line.body is not None and not elsewhere and (kind != "job" or _tells_job(line)):
                for value in dig(line.body, name):
                    self._note(kind, value, f"body {name}", line)
        for value in _IN_WORDS.findall(line.message) if "equest" in line.message else ():
            self._note("request", value, "message", line)

    def _note(self, kind: str, value: Json, where: str, line: Line) -> None:
        if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
            return
        text = str(value)[:LENGTH_MAX]
        if (kind, text) in self.seen:
            return
        found = {
            "kind": kind,
            "value": text,
            "where": where,
            "position": line.exchange.position,
            "failed": line.ok is False,
        }
        kept = self.failed if found["failed"] else self.first
        if len(kept) < KEPT_FIRST:
            kept.append(found)
            self.seen.add((kind, text))
            return
        self.last.append(found)
        if len(self.last) > KEPT_LAST:
            self.last.pop(0)
            self.more += 1

    def found(self, decisive: frozenset[int] = frozenset()) -> list[dict[str, Any]]:
        """Those of failed exchanges first, then those of the evidence: they are to be quoted."""
        kept = {(one["kind"], one["value"]): one for one in (*self.failed, *self.first, *self.last)}
        return sorted(
            kept.values(), key=lambda one: (not one["failed"], one["position"] not in decisive)
        )


def _tells_job(line: Line) -> bool:
    """Lists of models and avatars have ids as well, and no job of those names."""
    return line.kind not in {"call", "probe"}
