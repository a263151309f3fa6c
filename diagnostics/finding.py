"""What was found, and what does it come to? Rules, findings, verdicts, the report: plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from diagnostics.model import Blame, Severity, Tape, Text, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that can be wrong. Lives in the module of the judge that finds it.

    `says` and `remedy` may hold `{places}` for the finding's facts. `code` is lower-case with
    hyphens, unique in the project, never reused.
    """

    code: str
    severity: Severity
    blame: Blame
    says: Text
    remedy: Text
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule that was met. `certainty` is meant: 0.9 means nine in ten are right.

    `severity`/`blame` default to the rule's. `code` is the provider's code or HTTP status it is
    about (`"1015"`, `"404"`). `explains` lists provider codes that this finding would cause: a
    cause upstream of the symptom wins the blame (1015 with an unreachable input is `media`).
    """

    rule: Rule
    subject: str = ""
    """Dotted path of the parameter (`elements[1].voice_id`), an operation, a host or a file."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[int, ...] = ()
    certainty: float = 0.9
    severity: Severity = None  # type: ignore[assignment]  # filled from the rule below
    blame: Blame = None  # type: ignore[assignment]  # filled from the rule below
    code: str | None = None
    explains: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.severity is None:
            object.__setattr__(self, "severity", self.rule.severity)
        if self.blame is None:
            object.__setattr__(self, "blame", self.rule.blame)

    def message(self, language: str = "en") -> str:
        """What is wrong, in one or two sentences."""
        return self.rule.says.fill(language, {**self.facts, "subject": self.subject})

    def remedy(self, language: str = "en") -> str:
        """What to do about it."""
        return self.rule.remedy.fill(language, {**self.facts, "subject": self.subject})


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded:
    """A blame that was considered and ruled out, and why."""

    blame: Blame
    why: Text
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The verdict with its one blame, what decided it and what was excluded."""

    verdict: Verdict
    blame: Blame
    certainty: float
    because: tuple[Finding, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one scenario came to."""

    scenario: str
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    requests: int = 0
    duration_s: float = 0.0
    note: Text | None = None
    """Why it executed nothing (not offered, no planned call, nothing to look at)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What finding out cost. None: not known."""

    requests: int = 0
    paid_requests: int = 0
    credits_spent: float | None = 0.0
    credits_before: float | None = None
    credits_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguous:
    """A paid create whose outcome is unknown: it was not repeated."""

    operation: str
    position: int
    started_s: float
    why: str
    looked_up: str = ""
    """How it was looked up, and what came of it; empty: the provider has no list to look in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The outcomes of one run: plain data, formats nothing itself."""

    tape: Tape
    judgement: Judgement
    outcomes: tuple[Outcome, ...]
    spending: Spending
    ambiguous: tuple[Ambiguous, ...] = ()
    interrupted: bool = False
    running_jobs: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding of every scenario, in the order of the suite."""
        return tuple(finding for outcome in self.outcomes for finding in outcome.findings)
