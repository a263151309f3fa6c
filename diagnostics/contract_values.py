"""How does a compiled contract become values? Operations are built when asked for."""

from collections.abc import Iterator, Mapping
from typing import Any

from diagnostics.contract import Contract
from diagnostics.model import Blame, Certainty, Json, Retry, Text
from diagnostics.promise import (
    Alias,
    CrossRule,
    Deadline,
    Envelope,
    ErrorCode,
    Hold,
    Job,
    Meaning,
    MediaLimits,
    Operation,
    Paging,
    Parameter,
    Pitfall,
    Price,
    Scheme,
    Source,
    State,
    StateKind,
)


def contract(compiled: Mapping[str, Json], *, file: str) -> Contract:
    """The values of one compiled document."""
    provider = compiled["provider"]
    return Contract(
        name=provider["name"],
        title=provider["title"],
        host=provider["host"],
        hosts=tuple(provider["hosts"]),
        support=provider["support"],
        envelopes={name: _envelope(name, fact) for name, fact in provider["envelopes"].items()},
        schemes=tuple(_scheme(fact) for fact in provider["credentials"]),
        operations=Operations(compiled["operations"]),
        errors={code: _error(code, fact) for code, fact in compiled["errors"].items()},
        limits=compiled["limits"],
        roles=provider["roles"],
        identifiers={kind: tuple(names) for kind, names in provider["identifiers"].items()},
        pitfalls=tuple(_pitfall(fact) for fact in compiled["pitfalls"]),
        webhook=provider.get("webhook", {}),
        version=compiled["version"],
        file=file,
        default=provider.get("default", False),
        unknown_path=provider.get("unknown_path", ""),
        sdk=tuple(_own(fact) for fact in provider.get("sdk", ())),
    )


class Operations(Mapping[str, Operation]):
    """Operations by id, each built the first time somebody asks for it."""

    def __init__(self, compiled: Mapping[str, Json]) -> None:
        self._compiled = compiled
        self._built: dict[str, Operation] = {}

    def __getitem__(self, name: str) -> Operation:
        found = self._built.get(name)
        if found is None:
            found = self._built[name] = _operation(self._compiled[name])
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._compiled)

    def __len__(self) -> int:
        return len(self._compiled)


def _operation(fact: Mapping[str, Json]) -> Operation:
    job = fact["job"]
    return Operation(
        **_only(fact, "id", "method", "host", "path", "title", "authenticated", "destructive"),
        **_only(
            fact,
            "body_schema",
            "envelope",
            "codes",
            "examples",
            "answer",
            "answers",
            "success_status",
            "retired",
            "catches",
        ),
        source=_source(fact["source"]),
        price=_with(Price, fact["price"], by=tuple(fact["price"].get("by", ()))),
        parameters=tuple(Parameter(**parameter) for parameter in fact["parameters"]),
        job=None if job is None else _job(job),
        media={place: _media(limits) for place, limits in fact["media"].items()},
        aliases=tuple(_with(Alias, alias) for alias in fact["aliases"]),
        pitfalls=tuple(_pitfall(pitfall) for pitfall in fact["pitfalls"]),
        rules=tuple(_rule(rule) for rule in fact["rules"]),
        paging=Paging(**fact["paging"]) if fact["paging"] else None,
    )


def _only(fact: Mapping[str, Json], *names: str) -> dict[str, Any]:
    return {name: fact[name] for name in names}


def _with(kind: Any, fact: Mapping[str, Json], **better: Json) -> Any:
    """A value whose fields are those of the fact; `better` replaces what JSON cannot say."""
    return kind(**{**fact, "source": _source(fact["source"]), **better})


def _source(fact: Mapping[str, Json]) -> Source:
    return Source(
        page=fact["page"],
        certainty=Certainty(fact.get("certainty", "documented")),
        note=fact.get("note", ""),
    )


def _text(fact: Mapping[str, str]) -> Text:
    return Text(en=fact["en"], ru=fact["ru"])


def _error(code: str, fact: Mapping[str, Json]) -> ErrorCode:
    error: ErrorCode = _with(
        ErrorCode,
        fact,
        code=code,
        meanings=tuple(
            Meaning(
                text=meaning["text"],
                pages=tuple(meaning.get("pages", ())),
                pattern=meaning.get("pattern", ""),
                blame=Blame(meaning["blame"]) if "blame" in meaning else None,
            )
            for meaning in fact["meanings"]
        ),
        blame=Blame(fact["blame"]),
        retry=Retry(fact["retry"]),
        remedy=_text(fact["remedy"]),
        alternatives=tuple(Blame(blame) for blame in fact.get("alternatives", ())),
    )
    return error


def _job(fact: Mapping[str, Json]) -> Job:
    states = {
        value: State(value=value, name=state["name"], kind=StateKind(state["kind"]))
        for value, state in fact["states"].items()
    }
    hold, deadline = fact.get("wait"), fact.get("deadline")
    job: Job = _with(
        Job,
        fact,
        states=states,
        **{name: tuple(fact.get(name, ())) for name in _JOB_PATHS},
        record={name: tuple(paths) for name, paths in fact.get("record", {}).items()},
        wait=Hold(**_own(hold)) if hold else None,
        deadline=Deadline(**_own(deadline)) if deadline else None,
    )
    return job


_JOB_PATHS = ("id", "status", "output", "reason", "code", "details")


_MEDIA_LISTS = ("formats", "video_codecs", "audio_codecs")


def _media(fact: Mapping[str, Json]) -> MediaLimits:
    lists = {name: tuple(fact.get(name, ())) for name in _MEDIA_LISTS}
    limits: MediaLimits = _with(MediaLimits, fact, **lists)
    return limits


def _pitfall(fact: Mapping[str, Json]) -> Pitfall:
    pitfall: Pitfall = _with(Pitfall, fact, says=_text(fact["says"]))
    return pitfall


def _rule(fact: Mapping[str, Json]) -> CrossRule:
    rule: CrossRule = _with(
        CrossRule, fact, says=_text(fact["says"]), parameters=tuple(fact["parameters"])
    )
    return rule


def _envelope(name: str, fact: Mapping[str, Json]) -> Envelope:
    lists: dict[str, Any] = {w: tuple(fact.get(w, ())) for w in ("success", "partial", "failure")}
    codes, messages = _several(fact.get("code")), _several(fact.get("message"))
    lists |= {"code": (*codes, "")[0], "codes": codes, "message": (*messages, "")[0]}
    return Envelope(**{**_own(fact), "name": name, **lists, "messages": messages})


def _several(paths: Json) -> tuple[str, ...]:
    """One path, or several in order."""
    return tuple(paths) if isinstance(paths, list) else (paths,) if paths else ()


def _scheme(fact: Mapping[str, Json]) -> Scheme:
    lists = {"variables": tuple(fact["variables"]), "length": tuple(fact.get("length", ()))}
    return Scheme(**{**_own(fact), **lists})


def _own(fact: Mapping[str, Json]) -> dict[str, Any]:
    return {key: value for key, value in fact.items() if not key.startswith("x-")}
