"""How is one fact of the document put into words, the same in every format?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reports.runs import runs
from reports.words import Words

Part = Mapping[str, Any]
PHASES = ("dns_s", "connect_s", "tls_s", "first_byte_s", "body_s")
WEIGHTS = ("fail", "warn", "info")
EVEN_S = 1.0
MESSAGE_CHARACTERS = 58


def clipped(text: str, characters: int) -> str:
    """Cut with an ellipsis, never in silence."""
    return text if len(text) <= characters else text[: characters - 3].rstrip() + "..."


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """Sentences over parts of a report document."""

    words: Words

    def runs(self, timeline: Iterable[Part]) -> list[dict[str, Any]]:
        """The timeline with repeated lines joined."""
        return runs(timeline)

    def heavy_first(self, findings: Iterable[Part]) -> list[Part]:
        """Failures before warnings before notes; otherwise in the order of the suite."""
        return sorted(findings, key=lambda one: WEIGHTS.index(one["severity"]))

    def positions(self, timeline: Iterable[Part]) -> frozenset[int]:
        """Lines that a link can lead to."""
        return frozenset(row["position"] for row in timeline if not row["elided"])

    def ids(self, report: Part, each: int) -> list[dict[str, Any]]:
        """Ids by kind and where they came from; those of failed calls stand first."""
        groups: dict[tuple[str, str], dict[str, Any]] = {}
        for one in report["identifiers"]:
            empty = {"kind": one["kind"], "where": one["where"], "ids": [], "more": 0}
            group = groups.setdefault((one["kind"], one["where"]), empty)
            if len(group["ids"]) < each:
                group["ids"].append(one)
            else:
                group["more"] += 1
        return list(groups.values())

    def header_lines(self, headers: Iterable[Part]) -> str:
        """Headers as they travelled."""
        return "\n".join(f"{one['name']}: {one['value']}" for one in headers)

    def message(self, report: Part) -> str:
        """What the answer said, else why there was none, else what the code means."""
        answer = report["answer"] or {}
        said = answer.get("message") or report["code_meaning"]
        if answer.get("fault"):
            said = self.words.name("fault", answer["fault"])
        return said or self.words.say("label.no_code")

    def client_id(self, environment: Part) -> str:
        """Whether a client id was given, never which."""
        for key in environment["keys"]:
            if key["name"].endswith("CLIENT_ID"):
                return self.key(key) if key["present"] else self.words.say("label.not_used")
        return self.words.say("label.not_used")

    def key(self, key: Part) -> str:
        """What may be said of a credential."""
        if not key["present"]:
            return self.words.say("label.not_set")
        count = self.words.count("character", key["length"])
        origin = self.words.name("origin", key["origin"])
        said = self.words.say("label.set", count=count, origin=origin)
        if not key["problems"]:
            return said
        problems = ", ".join(self.words.name("key_problem", one) for one in key["problems"])
        return f"{said}; {self.words.say('label.key_problems', problems=problems)}"

    def endpoint(self, report: Part) -> str:
        """The address without the base that stands on the line above."""
        url: str = report["request"]["url"]
        return url.removeprefix(report["target"]["base_url"].rstrip("/")) or "/"

    def clock(self, offset_s: float | None) -> str:
        """Whose clock is ahead, by how much; a header tells whole seconds only."""
        if offset_s is None:
            return self.words.say("label.not_known")
        if abs(offset_s) <= EVEN_S:
            return self.words.say("label.clock_even")
        name = "clock_ahead" if offset_s > 0 else "clock_behind"
        return self.words.say(f"label.{name}", gap=self.words.duration(abs(offset_s)))

    def policy(self, environment: Part) -> str:
        """How the run retried and polled."""
        retry, poll = environment["retry"], environment["poll"]
        return self.words.say(
            "label.policy",
            attempts=retry["max_retries"],
            base=self.words.duration(retry["base_delay_s"]),
            cap=self.words.duration(retry["cap_s"]),
            interval=self.words.duration(poll["interval_s"]),
            polls=poll["max_polls"],
        )

    def frequency(self, frequency: Part) -> str:
        """N of N."""
        times = self.words.count("request", frequency["of"])
        return self.words.say("label.frequency_of", failed=frequency["failed"], times=times)

    def outcome(self, row: Part) -> str:
        """What one line of the timeline came to."""
        if row["fault"]:
            status = f"HTTP {row['status']}, " if row["status"] else ""
            return status + self.words.name("fault", row["fault"])
        if row["state"] is not None and row["kind"] == "poll":
            name = row["state_name"] or self.words.say("state.unknown")
            return " ".join(dict.fromkeys((row["state"], name)))
        if row["code"] is not None:
            return f"{row['code']} {clipped(row['message'], MESSAGE_CHARACTERS)}".strip()
        if row["garbled"]:
            return f"HTTP {self.status(row['status'])}, {self.words.say('symptom.not_json')}"
        return f"HTTP {self.status(row['status'])} {row['message'][:80]}".strip()

    def status(self, status: int) -> str:
        """An HTTP status; a quoted answer often stands without it."""
        return str(status) if status else self.words.say("cell.unknown")

    def known(self, value: float | None) -> str:
        """A number, or that nobody knows it."""
        return self.words.say("label.not_known") if value is None else self.words.number(value)

    def peer(self, wire: Part) -> str:
        """Who was at the other end."""
        certificate = wire["certificate_expires"]
        parts = [wire["address"], wire["tls_version"]]
        if certificate:
            parts.append(self.words.say("label.certificate", date=certificate))
        if wire["proxy"]:
            parts.append(f"{self.words.say('label.proxy').lower()} {wire['proxy']}")
        return ", ".join(one for one in parts if one) or "?"

    def phases(self, wire: Part) -> str:
        """Time per phase; what was not measured is left out."""
        return ", ".join(
            f"{self.words.say(f'label.{name}')} {self.words.duration(wire[name])}"
            for name in PHASES
            if wire[name] is not None
        )

    def media(self, one: Part) -> str:
        """What a file really is."""
        if one["fault"]:
            return self.words.name("fault", one["fault"])
        status = f"HTTP {self.status(one['status'])}"
        facts = one["facts"]
        if not facts:
            return status
        parts = [status, facts["container"], self.words.size(facts["size_bytes"])]
        if facts["width"]:
            parts.append(f"{facts['width']}x{facts['height']}")
        if facts["duration_s"] is not None:
            parts.append(self.words.duration(facts["duration_s"]))
        if facts["fps"]:
            parts.append(f"{self.words.number(facts['fps'])} fps")
        parts += [facts["video_codec"], facts["audio_codec"], facts["problem"]]
        if facts["sha256"]:
            parts.append(f"sha256 {facts['sha256'][:16]}...")
        return ", ".join(part for part in parts if part)
