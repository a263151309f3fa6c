"""`diagnostics compare RUN RUN`: what differs between two loads, and what of it is noise?"""

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from diagnostics.cli.screen import Screen
from diagnostics.errors import Exit
from diagnostics.model import Json, Text, Verdict

if TYPE_CHECKING:  # tallies and resampling are not for --help
    from diagnostics.loading.comparing import Comparison, Difference
    from diagnostics.loading.result import Load
    from reports.words import Words

OUT = Path("out")
_EXIT = {Verdict.FAIL: Exit.FINDINGS, Verdict.INCONCLUSIVE: Exit.INCONCLUSIVE}
_ALWAYS = frozenset({"p50 of request", "p99 of request", "rate", "failed requests"})
"""Shown whether or not they differ."""
_ORDER = ("worse", "better", "noise", "same", "unknown")
_WORDS: Mapping[str, Text] = {
    "worse": Text(en="worse", ru="хуже"),
    "better": Text(en="better", ru="лучше"),
    "noise": Text(en="noise", ru="шум"),
    "same": Text(en="same", ru="без изменений"),
    "unknown": Text(en="too little data", ru="мало данных"),
}
_HEADS = (
    Text(en="metric", ru="показатель"),
    Text(en="before", ru="было"),
    Text(en="after", ru="стало"),
    Text(en="change", ru="изменение"),
    Text(en="may be", ru="может быть"),
    Text(en="so it is", ru="вывод"),
)
_SIDES = (Text(en="before", ru="было"), Text(en="after", ru="стало"))
_WORSE = Text(en="Worse: {names}", ru="Стало хуже: {names}")
_BETTER = Text(en="Better: {names}", ru="Стало лучше: {names}")
_EVEN = Text(
    en="No difference that chance does not explain",
    ru="Разницы, которую не объяснить случайностью, нет",
)
_OPEN = Text(en="Nothing can be concluded", ru="Сделать вывод нельзя")
_NOTE = Text(en="Note: {text}", ru="Внимание: {text}")
_OTHERS = Text(
    en="not shown: {counts} (see them with --all)", ru="не показаны: {counts} (ключ --all)"
)
_METHOD = Text(
    en="Noise: in 99 of 100 cases the change lies between the bounds, judged by how each load "
    "varies within itself. What varies from run to run is not in it: repeat both to be sure.",
    ru="Шум: в 99 случаях из 100 изменение лежит в этих границах, если судить по разбросу внутри "
    "каждой нагрузки. Разброс от запуска к запуску сюда не входит: для уверенности повторите оба.",
)
NAMED_MOST = 6


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    for name, says in (("before", "the load to compare with"), ("after", "the load in question")):
        parser.add_argument(name, metavar="RUN", help=f"{says}: a run folder or its run id")
    parser.add_argument("--all", action="store_true", help="show every metric, noise included")


def main(options: argparse.Namespace, screen: Screen) -> Exit:
    """Compare two loads; exit 1 when anything that matters got worse."""
    from diagnostics.loading.comparing import compare  # noqa: PLC0415  # not for --help
    from reports.words import words  # noqa: PLC0415  # see above

    found = compare(_load(options.before), _load(options.after))
    said = words(screen.language)
    if screen.as_json:
        screen.emit("compare", as_json(found, screen.language))
    for line in _beside(found, screen.language):
        screen.show(line)
    shown = _shown(found, every=options.all)
    heads = [head.in_language(screen.language) for head in _HEADS]
    screen.table(heads, [_row(one, said) for one in shown])
    for line in _below(found, shown, screen.language):
        screen.show(line)
    return _EXIT.get(found.verdict, Exit.OK)


def _load(wanted: str) -> "Load":
    """The load of a run, however it was named."""
    from diagnostics.cli.report import found  # noqa: PLC0415  # not for --help
    from diagnostics.loading import result  # noqa: PLC0415  # see above

    for place in (Path(wanted), OUT / wanted):
        if (place / result.NAME).is_file() or (place.is_file() and place.name == result.NAME):
            return result.read(place)
    place = found(wanted, OUT)
    return result.read(place if place.is_dir() else place.parent)


# --- in words -----------------------------------------------------------------------------------


def _beside(found: "Comparison", language: str) -> Iterator[str]:
    """Which two loads, what came of them, and what has to be known."""
    for side, load in zip(_SIDES, (found.before, found.after), strict=True):
        target = f"{load.target.provider} {load.target.kind} {load.target.base_url}"
        yield f"{side.in_language(language)}: {load.run_id}, {load.name}, {target}"
    for remark in found.remarks:
        yield _NOTE.fill(language, {"text": remark.in_language(language)})
    yield from _conclusion(found, language)


def _conclusion(found: "Comparison", language: str) -> Iterator[str]:
    if found.verdict is Verdict.INCONCLUSIVE:
        yield _OPEN.in_language(language)
        return
    told = False
    for effect, text in (("worse", _WORSE), ("better", _BETTER)):
        names = [one.subject for one in found.differences if one.effect == effect]
        if names:
            told = True
            more = f" +{len(names) - NAMED_MOST}" if len(names) > NAMED_MOST else ""
            yield text.fill(language, {"names": ", ".join(names[:NAMED_MOST]) + more})
    if not told:
        yield _EVEN.in_language(language)


def _shown(found: "Comparison", *, every: bool) -> "list[Difference]":
    kept = [
        one
        for one in found.differences
        if every or one.subject in _ALWAYS or one.effect in {"worse", "better"}
    ]
    return sorted(kept, key=lambda one: _ORDER.index(one.effect))


def _below(found: "Comparison", shown: "Sequence[Difference]", language: str) -> Iterator[str]:
    left = Counter(str(one.effect) for one in found.differences if one not in shown)
    if left:
        counts = ", ".join(
            f"{_WORDS[name].in_language(language)} {left[name]}" for name in _ORDER if left[name]
        )
        yield _OTHERS.fill(language, {"counts": counts})
    yield _METHOD.in_language(language)


def _row(one: "Difference", said: "Words") -> list[str]:
    bounds = [_change(one, value, said) for value in (one.low, one.high)]
    return [
        one.subject,
        _value(one, one.before, said),
        _value(one, one.after, said),
        _change(one, one.change, said),
        f"{bounds[0]} … {bounds[1]}" if all(bounds) else "",
        _WORDS[one.effect].in_language(said.language),
    ]


def _value(one: "Difference", value: float | None, said: "Words") -> str:
    from reports.load_said import share  # noqa: PLC0415  # not for --help

    if value is None:
        return "–"
    if one.kind == "time":
        return said.duration(value)
    return share(value, said) if one.kind == "share" else said.number(round(value, 2))


def _change(one: "Difference", value: float | None, said: "Words") -> str:
    """`+12.5%`; of shares, points of a percent."""
    if value is None:
        return ""
    sign = "+" if value > 0 else ""
    gap = "\N{NO-BREAK SPACE}" if said.language == "ru" else ""
    unit = {"en": " pp", "ru": " п. п."}[said.language] if one.kind == "share" else f"{gap}%"
    return f"{sign}{said.number(round(value * 100, 2 if one.kind == 'share' else 1))}{unit}"


# --- for programs -------------------------------------------------------------------------------


def as_json(found: "Comparison", language: str) -> dict[str, Json]:
    """The whole comparison, noise included."""
    from diagnostics.loading.comparing import MATTERS, SHARE_MATTERS  # noqa: PLC0415  # see main
    from diagnostics.loading.resampling import SURE  # noqa: PLC0415  # see main

    return {
        "verdict": str(found.verdict),
        "comparable": found.comparable,
        "before": _run(found.before),
        "after": _run(found.after),
        "remarks": [remark.in_language(language) for remark in found.remarks],
        "sure": SURE,
        "matters": {"ratio": MATTERS, "share": SHARE_MATTERS},
        "differences": [
            {
                "subject": one.subject,
                "kind": str(one.kind),
                "before": one.before,
                "after": one.after,
                "change": one.change,
                "low": one.low,
                "high": one.high,
                "effect": str(one.effect),
            }
            for one in found.differences
        ],
    }


def _run(load: "Load") -> dict[str, Json]:
    return {
        "run_id": load.run_id,
        "profile": load.name,
        "verdict": str(load.verdict),
        "target": {
            "kind": str(load.target.kind),
            "provider": load.target.provider,
            "base_url": load.target.base_url,
        },
    }
