"""How is what a load came to put into words?"""

from collections.abc import Mapping

from diagnostics.loading.result import Break, Limit, Load
from diagnostics.model import Verdict
from reports.load_drawing import OTHER
from reports.words import Words


def sentence(load: Load, said: Words) -> str:
    """The headline."""
    failed = sum(one.ok is False for one in load.objectives)
    facts = {"name": load.name, "failed": failed, "of": len(load.objectives)}
    kind = str(load.verdict)
    if load.verdict is Verdict.FAIL and not failed:
        kind = "fail_silent"
    return said.say(f"load.sentence.{kind}", **facts)


def share(part: float | None, said: Words) -> str:
    """`0.4 %`: finer than a whole percent, since one request in a thousand may matter."""
    if part is None:
        return said.number(None)
    digits = 2 if part < 0.1 else 1  # noqa: PLR2004  # three digits that say something
    gap = "\N{NO-BREAK SPACE}" if said.language == "ru" else ""
    return f"{said.number(round(part * 100, digits))}{gap}%"


def word(said: Words, table: str, name: str) -> str:
    """The word for a value that a newer harness may have added to."""
    known: Mapping[str, str] = said.table["load"][table]
    return known.get(name, name)


def code(said: Words, name: str) -> str:
    """`1015`; a fault in words; `all other codes`."""
    if name == OTHER:
        return said.say("load.legend.other")
    known = said.name("fault", name)
    return name if known == name else f"{known} ({name})"


def found(load: Load, said: Words) -> list[str]:
    """The load that breaks it, or the limit of the provider: a sentence each."""
    told = []
    if load.breaking is not None:
        told += _broke(load.breaking, said)
    if load.limit is not None:
        told += _limited(load.limit, said)
    return told


def _level(level: float, unit: str, said: Words) -> str:
    return f"{said.number(round(level, 2))} {said.name('load_unit', unit)}".rstrip()


def _broke(broken: Break, said: Words) -> list[str]:
    level, at = _level(broken.level, broken.unit, said), said.duration(broken.at_s)
    told = [said.say("load.broke", level=level, at=at, objective=broken.objective)]
    if broken.held_level is not None:
        held = _level(broken.held_level, broken.unit, said)
        told.append(said.say("load.held", level=held))
    return told


def _limited(limit: Limit, said: Words) -> list[str]:
    code = f", {limit.code}" if limit.code else ""
    at = said.duration(limit.at_s)
    told = [said.say("load.limited", name=limit.name, status=limit.status, code=code, at=at)]
    window = said.duration(limit.window_s)
    told.append(said.say("load.accepted", count=said.number(limit.accepted), window=window))
    if limit.rate_per_s is not None:
        told.append(said.say("load.lets", rate=said.number(round(limit.rate_per_s, 2))))
    if limit.reset_s is None:
        told.append(said.say("load.no_reset"))
    else:
        told.append(said.say("load.reset", reset=said.duration(limit.reset_s)))
    return told + [f"{name}: {value}" for name, value in limit.headers[:10]]


def why(reason: str, said: Words) -> str:
    """Why a conversation was kept."""
    known = word(said, "why", reason)
    return said.name("fault", reason.removeprefix("fault ")) if known == reason else known


def instants(load: Load, said: Words) -> list[tuple[float, str]]:
    """What happened at one moment, for every chart."""
    told = [
        (one.lost_after_s, said.say("load.mark.lost", name=one.name))
        for one in load.workers
        if one.lost_after_s is not None
    ]
    if load.breaking is not None:
        level = _level(load.breaking.level, load.breaking.unit, said)
        told.append((load.breaking.at_s, said.say("load.mark.broke", level=level)))
    if load.limit is not None:
        told.append((load.limit.at_s, said.say("load.mark.limit")))
    return told[:10]
