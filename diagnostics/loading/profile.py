"""What is a load? A profile: shape, arrival, mix, think times, objectives. Values only.

Read from a small YAML file (`diagnostics/loading/profiles/<name>.yaml`, or the user's own copy).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from diagnostics.model import Json, Text

SCENARIOS = ("job", "read", "quota", "endpoints")
"""What a mix may hold: `read` is the contract's probe, the others are scenarios of ours."""


class Model(StrEnum):
    """Who decides when the next request leaves."""

    CLOSED = "closed"
    """Users: each waits for its answer, so a slow server is asked less."""
    OPEN = "open"
    """Arrivals a second: they come whether or not the server keeps up."""


class Arrival(StrEnum):
    """How arrivals of the open model are spread."""

    CONSTANT = "constant"
    POISSON = "poisson"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stretch of the shape: a straight line from the level before it to `level`.

    `level` is users (closed) or arrivals a second (open); `duration_s` 0 is a step.
    """

    duration_s: float
    level: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One part of the mix: what is asked, of whom, how often beside the others."""

    scenario: str
    """One of `SCENARIOS`: `job` (create, follow, fetch), `quota`, `endpoints`, `read` (probe)."""
    weight: float = 1.0
    provider: str = ""
    """Empty: the provider of the run."""
    operation: str = ""
    """Of a `job`; empty: the contract's example."""
    request: str = ""
    """The file with the body, as the profile names it; empty: the contract's example."""
    body: Json = None
    """What stands in that file: read with the profile, since a worker may not have the file."""
    think_s: tuple[float, float] = (0.0, 0.0)
    """A user waits this long between two asks (least, most); closed model only."""
    poll_interval_s: float = 5.0
    max_polls: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """One thing that must hold: `p99 of job.total < 90 s`. `text` is as the user wrote it.

    `bound` is in the base unit of its metric, as `tally.Tally.metric` answers it: seconds, a share
    between 0 and 1, credits, per second (`jobs per minute`: per minute), or a count. `unit` is the
    one the user wrote; `objectives.shown` writes a value in it.
    """

    text: str
    subject: str
    """A metric's name, as `tally.Tally.metric` knows it: `p99 of job.total`, `failed jobs` …"""
    relation: str  # < <= > >= = !=
    bound: float
    unit: str = ""  # µs, ms, s, min, h, %, credits, /s, /min, or none


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A load, decided."""

    name: str
    title: Text
    model: Model
    stages: Sequence[Stage]
    mix: Sequence[Share]
    arrival: Arrival = Arrival.CONSTANT
    objectives: Sequence[Objective] = ()
    until_failure: bool = False
    """Breakpoint: stop at the first objective that fails, and name the load."""
    seeks_limit: bool = False
    """Quota: stop at the first answer that tells of a limit, and name it and its way."""
    hosts: Sequence[str] = ()
    """Hosts beyond this machine that the profile's author allows to be loaded."""
    faults: str = ""
    """A fault plan for the embedded emulator, so that the profile has something to find."""
    emulator: Mapping[str, Json] = field(default_factory=dict)
    """Settings of the embedded emulator: limits, render times, overload (see emulator/overload)."""
    file: str = ""

    @property
    def duration_s(self) -> float:
        """Of all stages."""
        return sum(stage.duration_s for stage in self.stages)

    def level(self, at_s: float) -> float:
        """Users, or arrivals a second, that long after the start; 0 when it is over."""
        before = 0.0
        for stage in self.stages:
            if at_s < stage.duration_s:
                return before + (stage.level - before) * at_s / stage.duration_s
            at_s -= stage.duration_s
            before = stage.level
        return 0.0

    @property
    def peak(self) -> float:
        """The highest level of all stages."""
        return max((stage.level for stage in self.stages), default=0.0)

    def scaled(self, factor: float) -> "Profile":
        """The same shape, that many times as high."""
        return self._shaped([replace(s, level=s.level * factor) for s in self.stages])

    def lasting(self, duration_s: float) -> "Profile":
        """The same shape, stretched or pressed into that time."""
        factor = duration_s / self.duration_s
        return self._shaped([replace(s, duration_s=s.duration_s * factor) for s in self.stages])

    def _shaped(self, stages: Sequence[Stage]) -> "Profile":
        return replace(self, stages=tuple(stages))
