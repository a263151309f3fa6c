"""What did a load come to? The values of `load.json`, in a run's folder beside its tape.

Plain data that formats nothing: the report, `--json` and `compare` read the same file. What was
counted stands in `tally`, as `tally.Tally.to_json` wrote it (histograms, seconds, jobs, lateness);
the profile as `writing.document` wrote it, so that the very same load can be run again.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from diagnostics.errors import UsageError
from diagnostics.loading.objectives import Judged
from diagnostics.loading.profile import Objective
from diagnostics.model import Json, Target, TargetKind, Text, Verdict

SCHEMA = "diagnostics.load/1"
NAME = "load.json"
_SIZE_MAX = 256 * 1024 * 1024
_T = TypeVar("_T")


class Ending(StrEnum):
    """Why no more was sent."""

    COMPLETED = "completed"
    """The profile's time was over."""
    OBJECTIVE = "objective"
    """An objective failed, and the profile was to run until one does (`breakpoint`)."""
    LIMIT = "limit"
    """The provider told of a limit, and the profile was looking for it (`quota`)."""
    BUDGET = "budget"
    """The next call would have exceeded the budget."""
    UNREACHABLE = "unreachable"
    """Nobody answered any more."""
    WORKERS = "workers"
    """No worker was left."""
    INTERRUPTED = "interrupted"
    """Ctrl-C."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One process that sent requests. `local`: the only one, the command itself or its child."""

    name: str
    requests: int = 0
    lost_after_s: float | None = None
    """When it died or fell silent, since the start; None: it ended as it should."""
    lateness_p99_s: float | None = None
    cpu_share: float | None = None
    """Of one core: near 1 the generator itself is what is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One conversation that was kept, and where it stands on the run's tape."""

    why: str
    """`code 1015`, `HTTP 503`, `reset`, `ambiguous`, `slow`, `healthy`, `unfinished`."""
    conversation: int
    scenario: str = ""
    name: str = ""
    """What Locust groups by, of the exchange it was kept for."""
    code: str | None = None
    started_s: float = 0.0
    """Since the start of the load."""
    duration_s: float = 0.0
    positions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """The load at which an objective first failed."""

    level: float
    unit: str
    """`users`, or `/s` (arrivals a second)."""
    at_s: float
    objective: str
    value: float | None = None
    held_level: float | None = None
    """The highest load at which everything held; None: there was none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A limit of the provider that was met, and its way of saying so."""

    name: str
    """The operation that was refused."""
    status: int
    code: str | None = None
    at_s: float = 0.0
    level: float = 0.0
    """What was planned then, in the profile's unit."""
    accepted: int = 0
    """Calls of that operation that were accepted in the `window_s` before."""
    window_s: float = 60.0
    rate_per_s: float | None = None
    """Accepted a second while it was being refused: what the limit lets through."""
    reset_s: float | None = None
    """How long it asked to be left alone; None: it did not say."""
    headers: tuple[tuple[str, str], ...] = ()
    """Those that tell of limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A load that is over."""

    run_id: str
    profile: Mapping[str, Json]
    name: str
    """Of the profile."""
    target: Target
    verdict: Verdict
    because: tuple[Text, ...]
    """Why that verdict, the deciding reason first."""
    ending: Ending
    started_s: float
    """Seconds since the epoch."""
    duration_s: float
    planned_s: float
    tally: Mapping[str, Json] = field(default_factory=dict)
    objectives: tuple[Judged, ...] = ()
    workers: tuple[Worker, ...] = ()
    samples: tuple[Sample, ...] = ()
    breaking: Break | None = None
    limit: Limit | None = None
    client: str = "engine"
    seed: int = 0
    budget: float | None = None
    notes: tuple[Text, ...] = ()
    """What the reader has to know beside: a worker that was lost, a tape cut short."""

    @property
    def interrupted(self) -> bool:
        """Whether it was cut short by Ctrl-C."""
        return self.ending is Ending.INTERRUPTED


# --- to JSON ----------------------------------------------------------------------------------


def to_json(load: Load) -> dict[str, Json]:
    """Everything, defaults included; no number that JSON lacks."""
    return {"schema": SCHEMA, **plain(load)}


def plain(value: object) -> Json:
    """A value of this module, as JSON."""
    if is_dataclass(value) and not isinstance(value, type):
        return {part.name: plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


# --- from JSON --------------------------------------------------------------------------------


def read(folder: Path) -> Load:
    """The load of a run folder (or of a `load.json`). A wrong file is a `UsageError`."""
    path = folder / NAME if folder.is_dir() else folder
    hint = "give the folder of a load run: diagnostics load PROFILE makes one"
    try:
        if not path.is_file() or path.stat().st_size > _SIZE_MAX:
            raise UsageError("no load was recorded there", place=str(path), hint=hint)
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(
            f"cannot read the load: {error.strerror}", place=str(path), hint=hint
        ) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"that is no JSON: {error}", place=str(path), hint=hint) from error
    return from_json(document, place=str(path))


def from_json(document: Json, *, place: str | None = None) -> Load:
    """The value that `to_json` wrote; what a newer harness added is left out."""
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise UsageError(f"that is no {SCHEMA}", place=place, hint="see: diagnostics load --help")
    try:
        return _load(document)
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise UsageError(
            f"the load cannot be read: {type(error).__name__}: {error}",
            place=place,
            hint="it was changed or torn; run the profile again",
        ) from error


def _load(document: Mapping[str, Json]) -> Load:
    found = _known(Load, document)
    found["target"] = _target(document["target"])
    found["verdict"], found["ending"] = Verdict(document["verdict"]), Ending(document["ending"])
    found["because"] = tuple(map(_text, document["because"]))
    found["notes"] = tuple(map(_text, document.get("notes", ())))
    found["objectives"] = tuple(map(_judged, document.get("objectives", ())))
    found["workers"] = tuple(_made(Worker, one) for one in document.get("workers", ()))
    found["samples"] = tuple(map(sample_from, document.get("samples", ())))
    found["breaking"] = _maybe(lambda one: _made(Break, one), document.get("breaking"))
    found["limit"] = _maybe(_limit, document.get("limit"))
    for name in ("profile", "tally"):
        found[name] = dict(document[name])
    return Load(**found)


def _known(kind: Any, value: Mapping[str, Json]) -> dict[str, Json]:
    """The fields that we know; those of a plain type have it, or the file is refused."""
    types = {part.name: part.type for part in fields(kind)}
    return {
        str(name): _typed(types[name], value[name], name) for name in dict(value) if name in types
    }


def _typed(wanted: Any, value: Json, name: str) -> Json:
    """JSON writes 1.0 as 1; `True` is no number."""
    plain = _PLAIN_TYPES.get(wanted)
    if plain is None:
        return value
    if isinstance(value, bool) and bool not in plain:
        raise TypeError(f"{name}: {value!r}")
    if float in plain and isinstance(value, int):
        return float(value)
    if not isinstance(value, plain):
        raise TypeError(f"{name}: a {type(value).__name__}")
    return value


_NONE = type(None)
_PLAIN_TYPES: dict[Any, tuple[type, ...]] = {
    str: (str,),
    int: (int,),
    float: (float, int),
    str | None: (str, _NONE),
    float | None: (float, int, _NONE),
}


def _made(kind: type[_T], value: Mapping[str, Json]) -> _T:
    return kind(**_known(kind, value))


def _maybe(how: Callable[[Any], _T], value: Json) -> _T | None:
    return None if value is None else how(value)


def _text(value: Mapping[str, Json]) -> Text:
    return Text(en=str(value["en"]), ru=str(value["ru"]))


def _target(value: Mapping[str, Json]) -> Target:
    return Target(**{**_known(Target, value), "kind": TargetKind(value["kind"]), "origin": None})


def _judged(value: Mapping[str, Json]) -> Judged:
    ok = value["ok"]
    if ok is not None and not isinstance(ok, bool):
        raise TypeError("ok")
    measured = _typed(float | None, value["value"], "value")
    return Judged(objective=_made(Objective, value["objective"]), value=measured, ok=ok)


def sample_from(value: Mapping[str, Json]) -> Sample:
    """One that `plain` wrote."""
    positions: Sequence[int] = [int(one) for one in value.get("positions", ())]
    return Sample(**{**_known(Sample, value), "positions": tuple(positions)})


def _limit(value: Mapping[str, Json]) -> Limit:
    headers = tuple((str(name), str(told)) for name, told in value.get("headers", ()))
    return Limit(**{**_known(Limit, value), "headers": headers})
