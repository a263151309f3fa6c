"""How does the emulator misbehave on request? Reads fault plans: small YAML files of rules.

A plan says `title`, `story` (where the fault was seen), `expect` (what `run` has to conclude),
`aliases` (address sets that answer although they are stale), `operation` (the call that a run makes
instead of the provider's example), and `rules`. A rule says

- `target`: an operation id; `create`, `read` (job status), `balance`, `token`, `operations` (any of
  the contract); `media`, `output`, `webhook`; `*` (whatever is asked); or a glob on the path
  (`/api/*/content/video/*`). One, or a list.
- `calls`: which of the matching calls, counted from 1: `3`, `1-2`, `4-`, or a list of these.
- `probability`: of the rest, how many; drawn from the emulator's seed.
- `where`: predicates on the request: `{at: body.resolution, equals: "720"}`,
  `{at: header.x-api-key, matches: '^old'}`; also `query.NAME`, `method`, `path`, and
  `{at: valid, equals: true}`: the request breaks no rule of the contract (a probe does).
- `do`: what happens (`Effects` below). Several rules may meet; the later one wins, key by key.

The shape is checked by `faults.schema.yaml` beside this file; a broken plan is a `ContractError`
that names file and line.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from diagnostics.errors import ContractError, UsageError
from diagnostics.model import Json, Text

PLANS = Path(__file__).parent / "faults"
WORDS = ("create", "read", "balance", "token", "operations", "media", "output", "webhook", "*")
_SIZE_MAX = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFault:
    """How a job goes wrong. States are a state's value or its kind (`running`).

    `stuck`: never leaves that state. `polls`: what the first polls say, then the truth.
    """

    queue_s: float | None = None
    run_s: float | None = None
    ends: str = "done"
    reason: str = ""
    code: str = ""
    """What the failed job names as its error code."""
    stuck: str | None = None
    polls: tuple[str, ...] = ()
    output: str = ""
    output_late_s: float = 0.0
    lifetime_s: float | None = None
    """How long its output is kept; None: as the contract says."""
    clip: Mapping[str, Json] = field(default_factory=dict)
    """How a made clip differs: seconds, width, height, fps, sound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What happens to one request. Before the work: delay, hang, reset, status, code, refuse.

    `refuse` names what is refused (credentials, quota …) and leaves the code to the provider.

    `cut` breaks the connection after that share of the body, `truncate` ends the body there with
    the HTTP answer whole, `set` overwrites values of the answer by dotted path, `hang_s` ends
    with a reset, `credits` sets the balance, `clock_s` shifts the `Date` header.
    """

    code: str | None = None
    refuse: str = ""
    message: str | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    html: str | None = None
    delay_s: float = 0.0
    hang_s: float = 0.0
    reset: str = ""
    cut: float | None = None
    truncate: float | None = None
    malformed: bool = False
    set: Mapping[str, Json] = field(default_factory=dict)
    pace_bytes_s: float | None = None
    clock_s: float = 0.0
    credits: float | None = None
    tokens: str = ""
    job: JobFault | None = None
    webhook: tuple[str, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether it takes time, or more than an answer."""
        takes_time = self.delay_s or self.hang_s or self.pace_bytes_s
        return bool(takes_time or self.reset or self.cut is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicate:
    """A condition on the request."""

    at: str
    equals: Json = None
    matches: re.Pattern[str] | None = None

    def holds(self, value: Json) -> bool:
        """Whether a value found at `at` meets it."""
        if self.matches is None:
            return bool(type(value) is type(self.equals) and value == self.equals)
        return isinstance(value, str) and self.matches.search(value) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRule:
    """Which requests, which calls of them, and what happens (`do` as written)."""

    target: tuple[str, ...]
    calls: tuple[tuple[int, float], ...] = ()
    probability: float = 1.0
    where: tuple[Predicate, ...] = ()
    do: Mapping[str, Any] = field(default_factory=dict)

    def aims_at(self, words: frozenset[str], path: str) -> bool:
        """Whether a target with these names, at this path, is meant."""
        return any(
            one in words or (one.startswith("/") and fnmatchcase(path, one)) for one in self.target
        )

    def counts(self, call: int) -> bool:
        """Whether the n-th matching call is meant."""
        return not self.calls or any(low <= call <= high for low, high in self.calls)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlan:
    """A named way to misbehave, and what a run against it has to conclude."""

    name: str
    rules: tuple[FaultRule, ...]
    title: Text = field(default_factory=lambda: Text(en="", ru=""))
    story: str = ""
    expect: Mapping[str, str | None] = field(default_factory=dict)
    providers: tuple[str, ...] = ()
    """Who can play it; empty: anybody."""
    operation: str = ""
    """The call of which it tells; empty: the provider's example."""
    aliases: tuple[str, ...] = ()
    file: str = ""


@cache
def names() -> tuple[str, ...]:
    """The plans that ship with us."""
    return tuple(sorted(path.stem for path in PLANS.glob("*.yaml")))


def load_plan(name_or_path: str) -> FaultPlan:
    """A shipped plan by name, or a file of the user's."""
    if name_or_path in names():
        return _read(PLANS / f"{name_or_path}.yaml", name_or_path)
    path = Path(name_or_path)
    if path.suffix in {".yaml", ".yml", ".json"} or "/" in name_or_path:
        return _read(path, path.stem)
    near = get_close_matches(name_or_path, names(), n=3, cutoff=0.4)
    raise UsageError(
        f"there is no fault plan {name_or_path!r}",
        hint=f"nearest: {', '.join(near)}" if near else "see: diagnostics list faults",
    )


def check_targets(plan: FaultPlan, operations: Mapping[str, Any]) -> None:
    """Refuse a plan that aims at something this provider does not have."""
    for index, rule in enumerate(plan.rules):
        for target in rule.target:
            if target.startswith("/") or target in WORDS or target in operations:
                continue
            near = get_close_matches(target, [*operations, *WORDS], n=3, cutoff=0.5)
            raise ContractError(
                f"fault plan {plan.name}: nothing is called {target!r}",
                place=_place(Path(plan.file), ("rules", index, "target")) if plan.file else None,
                hint=f"nearest: {', '.join(near)}"
                if near
                else f"an operation id, a glob on the path, or one of {', '.join(WORDS)}",
            )


def _read(path: Path, name: str) -> FaultPlan:
    from diagnostics.document import read_yaml  # noqa: PLC0415  # YAML only when a plan is read

    hint = "see the plans that ship with us: diagnostics list faults"
    try:
        size_bytes = path.stat().st_size
    except OSError as error:
        raise UsageError(
            f"cannot read the fault plan: {error.strerror}", place=str(path), hint=hint
        ) from error
    if size_bytes > _SIZE_MAX:
        raise ContractError(f"fault plan of {size_bytes} bytes", place=str(path), hint=hint)
    document = read_yaml(path, hint=hint)
    _check(path, document, hint)
    return _plan(path, name, document)


def _check(path: Path, document: Json, hint: str) -> None:
    try:
        error = next(_validator().iter_errors(document), None)
    except ValueError as why:
        raise ContractError(
            f"not a fault plan: {why}",
            place=str(path),
            hint="YAML reads a bare on, off, yes or no as true or false: put it in quotes",
        ) from why
    if error is not None:
        raise ContractError(
            f"not a fault plan: {error.message}",
            place=_place(path, tuple(error.instance_path)),
            hint=hint,
        )


@cache
def _validator() -> Any:
    import jsonschema_rs  # noqa: PLC0415  # heavy, only when a plan is read

    from diagnostics.document import read_yaml  # noqa: PLC0415  # as above

    return jsonschema_rs.validator_for(read_yaml(PLANS.with_name("faults.schema.yaml")))


def _place(path: Path, steps: tuple[str | int, ...]) -> str:
    from diagnostics.document import line_of  # noqa: PLC0415  # YAML only when a plan is read

    line = line_of(path, steps)
    return f"{path}:{line}" if line else str(path)


def _plan(path: Path, name: str, document: dict[str, Json]) -> FaultPlan:
    title = document.get("title") or {"en": name, "ru": name}
    return FaultPlan(
        name=name,
        rules=tuple(_rule(path, i, rule) for i, rule in enumerate(document["rules"])),
        title=Text(en=title["en"], ru=title["ru"]),
        story=document.get("story", ""),
        expect={"code": None, **document.get("expect", {})} if document.get("expect") else {},
        providers=_several(document.get("provider", ())),
        operation=document.get("operation", ""),
        aliases=tuple(document.get("aliases", ())),
        file=str(path),
    )


def _rule(path: Path, index: int, rule: dict[str, Json]) -> FaultRule:
    predicates = enumerate(rule.get("where", ()))
    return FaultRule(
        target=_several(rule["target"]),
        calls=tuple(_calls(part) for part in _several(rule.get("calls", ()))),
        probability=float(rule.get("probability", 1)),
        where=tuple(_predicate(path, ("rules", index, "where", i), p) for i, p in predicates),
        do=rule["do"],
    )


def _several(value: Json) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _calls(written: int | str) -> tuple[int, float]:
    low, dash, high = str(written).partition("-")
    return int(low), (float(high) if high else float("inf") if dash else float(low))


def _predicate(path: Path, steps: tuple[str | int, ...], written: dict[str, Json]) -> Predicate:
    pattern = written.get("matches")
    try:
        matches = None if pattern is None else re.compile(pattern)
    except re.error as error:
        raise ContractError(
            f"not a regular expression: {error}",
            place=_place(path, (*steps, "matches")),
            hint="mend the expression, then run the command again",
        ) from error
    return Predicate(at=written["at"], equals=written.get("equals"), matches=matches)


def effects(written: Mapping[str, Any]) -> Effects:
    """The value of a rule's `do`."""
    given = dict(written)
    if "code" in given:
        given["code"] = str(given["code"])
    if "job" in given:
        job = {**given["job"], "polls": tuple(given["job"].get("polls", ()))}
        given["job"] = JobFault(**job)
    if "webhook" in given:
        given["webhook"] = tuple(given["webhook"])
    return Effects(**given)
