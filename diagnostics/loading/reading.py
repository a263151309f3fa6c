"""What does this profile say? Reads the YAML of a load, ours or the user's own copy.

    title: what it finds out            # or {en: …, ru: …}
    model: open                         # open: arrivals a second; closed: users who wait
    arrival: poisson                    # open only: constant, or poisson
    stages:                             # a straight line to the level, then stay there
      - {rate: 20 /s, ramp: 10 s, hold: 1 min}       # closed: {users: 50, …}
    mix:
      - {scenario: job, weight: 1, provider: akool, operation: createImageToVideo,
         request: call.json, think: 1 s to 3 s, poll: {every: 5 s, most: 60}}
    objectives: ['p99 of job.total < 90 s', 'failed jobs < 1 %']
    until_failure: true                 # stop at the first objective that fails, name the load
    seeks_limit: true                   # stop at the first answer that tells of a limit
    hosts: [api.example.test]           # beyond this machine: what its author allows to be loaded
    faults: overloaded                  # a fault plan for the embedded emulator
    emulator: {…}                       # its settings: see diagnostics emulate

A mistake is a `ContractError` with file, line, key and remedy.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from diagnostics.errors import ContractError, DiagnosticsError, UsageError
from diagnostics.loading import objectives, quantity
from diagnostics.loading.entry import Entry, short
from diagnostics.loading.profile import (
    SCENARIOS,
    Arrival,
    Model,
    Objective,
    Profile,
    Share,
    Stage,
)
from diagnostics.model import Json, Text

PROFILES = Path(__file__).parent / "profiles"
KEYS = (
    "title",
    "model",
    "arrival",
    "stages",
    "mix",
    "objectives",
    "until_failure",
    "seeks_limit",
    "hosts",
    "faults",
    "emulator",
)
SHARE_KEYS = ("scenario", "weight", "provider", "operation", "request", "body", "think", "poll")
_SIZE_MAX = 1_000_000
_LIST_MAX = 100
_DURATION_S_MAX = 7 * 86_400.0
RATE_MAX = 100_000.0
"""Arrivals a second; no loop on one machine sends more."""
USERS_MAX = 1_000_000.0
_WEIGHT_MAX = 1_000_000.0
_POLLS_MAX = 100_000.0
_HINT = "copy one that ships with us: diagnostics list profiles"


@cache
def names() -> tuple[str, ...]:
    """The profiles that ship with us."""
    return tuple(sorted(path.stem for path in PROFILES.glob("*.yaml")))


def load(name_or_path: str) -> Profile:
    """A shipped profile by name, or a file of the user's."""
    if name_or_path in names():
        return _read(PROFILES / f"{name_or_path}.yaml")
    path = Path(name_or_path)
    if path.suffix in {".yaml", ".yml", ".json"} or "/" in name_or_path:
        return _read(path)
    near = get_close_matches(name_or_path, names(), n=3, cutoff=0.4)
    raise UsageError(
        f"there is no load profile {name_or_path!r}",
        hint=f"nearest: {', '.join(near)}" if near else "see: diagnostics list profiles",
    )


def _read(path: Path) -> Profile:
    from diagnostics.document import doubled, read_yaml  # noqa: PLC0415  # YAML only when one is read

    try:
        regular, size_bytes = path.is_file(), path.stat().st_size
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot read the profile: {why}", place=str(path), hint=_HINT) from error
    if not regular:
        raise UsageError("the profile is no regular file", place=str(path), hint=_HINT)
    if size_bytes > _SIZE_MAX:
        raise ContractError(f"a profile of {size_bytes} bytes", place=str(path), hint=_HINT)
    document = read_yaml(path, hint=_HINT)
    twice = doubled(path)
    if twice is not None:
        key, line = twice
        raise ContractError(
            f"{short(key)} stands there twice", place=f"{path}:{line}", hint="keep one of the two"
        )
    return profile(document, name=path.stem, file=str(path))


def profile(document: Json, *, name: str, file: str = "") -> Profile:
    """The value of a document, from a file or from another process (`writing.document`)."""
    top = Entry(document, (), file)
    top.keys(KEYS, what="a profile")
    model = top.need("model", hint="open (arrivals a second) or closed (users)")
    kind = model.member(Model, "model")
    return Profile(
        name=name,
        title=_title(top.get("title"), name),
        model=kind,
        stages=_stages(top.need("stages", hint="- {rate: 20 /s, ramp: 10 s, hold: 1 min}"), kind),
        mix=_mix(top.need("mix", hint="- {scenario: job}")),
        arrival=_arrival(top.get("arrival"), kind),
        objectives=_objectives(top.need("objectives", hint="- failed jobs < 1 %")),
        until_failure=_truth(top.get("until_failure")),
        seeks_limit=_truth(top.get("seeks_limit")),
        hosts=_hosts(top.get("hosts")),
        faults=_faults(top.get("faults")),
        emulator=_settings(top.get("emulator")),
        file=file,
    )


def _title(entry: Entry | None, name: str) -> Text:
    if entry is None:
        return Text(en=name, ru=name)
    if isinstance(entry.value, str):
        return Text(en=entry.text(), ru=entry.text())
    entry.keys(("en", "ru"), what="a title")
    english = entry.need("en", hint="a title in English").text()
    russian = entry.get("ru")
    return Text(en=english, ru=russian.text() if russian else english)


def _truth(entry: Entry | None) -> bool:
    return entry is not None and entry.truth()


def _arrival(entry: Entry | None, model: Model) -> Arrival:
    if entry is None:
        return Arrival.CONSTANT
    if model is Model.CLOSED:
        entry.wrong("users wait for their answers: only arrivals arrive", "model: open")
    return entry.member(Arrival, "arrival")


# --- stages -----------------------------------------------------------------------------------


def _stages(entry: Entry, model: Model) -> tuple[Stage, ...]:
    found = tuple(stage for one in entry.each(_LIST_MAX) for stage in _stage(one, model))
    total_s = sum(stage.duration_s for stage in found)
    if not 0 < total_s <= _DURATION_S_MAX:
        entry.wrong(f"they last {total_s:g} s", "more than nothing, and 7 d at most")
    if not any(stage.level for stage in found):
        entry.wrong("nothing is ever sent", "give one of them a level above 0")
    return found


def _stage(entry: Entry, model: Model) -> Iterator[Stage]:
    level = "rate" if model is Model.OPEN else "users"
    entry.keys((level, "ramp", "hold"), what=f"a stage of the {model.value} model")
    there = entry.need(level, hint="rate: 20 /s" if model is Model.OPEN else "users: 50")
    height = (
        there.amount(quantity.rate, 0, RATE_MAX)
        if model is Model.OPEN
        else there.number(0, USERS_MAX)
    )
    yield Stage(duration_s=_duration(entry.get("ramp"), 0.0), level=height)
    if entry.get("hold"):
        yield Stage(duration_s=_duration(entry.get("hold"), 0.0), level=height)


def _duration(entry: Entry | None, otherwise_s: float) -> float:
    if entry is None:
        return otherwise_s
    return entry.amount(quantity.duration, 0, _DURATION_S_MAX)


# --- mix --------------------------------------------------------------------------------------


def _mix(entry: Entry) -> tuple[Share, ...]:
    found = tuple(_share(one) for one in entry.each(_LIST_MAX))
    if not found:
        entry.wrong("nothing is asked", "- {scenario: job}")
    return found


def _share(entry: Entry) -> Share:
    entry.keys(SHARE_KEYS, what="a part of the mix")
    scenario = entry.need("scenario", hint=f"one of {', '.join(SCENARIOS)}")
    weight, poll = entry.get("weight"), entry.get("poll")
    if poll is not None:
        poll.keys(("every", "most"), what="poll")
    most = poll.get("most") if poll else None
    return Share(
        scenario=scenario.one_of(SCENARIOS, "scenario"),
        weight=weight.number(1e-6, _WEIGHT_MAX) if weight else 1.0,
        provider=_provider(entry.get("provider")),
        operation=_text(entry.get("operation")),
        request=_text(entry.get("request")),
        body=_body(entry),
        think_s=_think(entry.get("think")),
        poll_interval_s=_duration(poll.get("every") if poll else None, 5.0),
        max_polls=int(most.number(1, _POLLS_MAX)) if most else 60,
    )


def _text(entry: Entry | None) -> str:
    return entry.text() if entry else ""


def _provider(entry: Entry | None) -> str:
    from diagnostics import contract_load  # noqa: PLC0415  # only where one is named

    return entry.one_of(contract_load.providers(), "provider") if entry else ""


def _body(entry: Entry) -> Json:
    """What is sent: written out in the profile, or in a file beside it."""
    held, named = entry.get("body"), entry.get("request")
    if held is not None:
        return held.value
    if named is None:
        return None
    from diagnostics import request_file  # noqa: PLC0415  # only where one is named

    try:
        return request_file.read(str(Path(entry.file).parent / named.text())).body
    except DiagnosticsError as error:
        return named.wrong(error.message, f"{error.place}: {error.hint}")


def _think(entry: Entry | None) -> tuple[float, float]:
    if entry is None:
        return (0.0, 0.0)
    least, between, most = str(entry.value).partition(" to ")
    parts = [Entry(text, entry.steps, entry.file) for text in (least, most if between else least)]
    low_s, high_s = (_duration(part, 0.0) for part in parts)
    if low_s > high_s:
        entry.wrong("the first is longer than the second", "think: 1 s to 3 s")
    return (low_s, high_s)


# --- the rest ---------------------------------------------------------------------------------


def _objectives(entry: Entry) -> tuple[Objective, ...]:
    found = tuple(_objective(one) for one in entry.each(_LIST_MAX))
    if not found:
        entry.wrong("without an objective nothing is judged", "- failed jobs < 1 %")
    return found


def _objective(entry: Entry) -> Objective:
    try:
        return objectives.parse(entry.text())
    except UsageError as error:
        return entry.wrong(error.message, error.hint or _HINT)


def _hosts(entry: Entry | None) -> tuple[str, ...]:
    return tuple(one.text() for one in entry.each(_LIST_MAX)) if entry else ()


def _faults(entry: Entry | None) -> str:
    if entry is None:
        return ""
    from diagnostics.emulator import faults  # noqa: PLC0415  # only where a plan is named

    wanted = entry.text()
    if "/" in wanted or wanted.endswith((".yaml", ".yml", ".json")):
        return str((Path(entry.file).parent / wanted).absolute())
    return entry.one_of(faults.names(), "fault plan")


def _settings(entry: Entry | None) -> Mapping[str, Json]:
    """As written, once the emulator has understood each of them."""
    if entry is None:
        return {}
    from diagnostics.emulator import overload  # noqa: PLC0415  # only where there are settings

    entry.keys(tuple(overload.SETTINGS), what="`emulator`")
    for key in entry.value:
        held = entry.need(key, hint="say a value, or leave it out")
        try:
            overload.setting(key, held.plain())
        except UsageError as error:
            held.wrong(error.message, error.hint or _HINT)
    return dict(entry.value)
