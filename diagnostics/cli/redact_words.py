"""How does `redact` speak: what was removed, what would be, what was left out and why?"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from diagnostics.cli.screen import Screen
from diagnostics.model import Json, Text
from diagnostics.redaction.outcome import WHY, Outcome, rows

WRITTEN = Text(
    en="{source} -> {target}: {count} removed", ru="{source} -> {target}: убрано {count}"
)
_WOULD = Text(
    en="{source} would become {target}: {count} to remove",
    ru="{source} станет {target}: будет убрано {count}",
)
_NOT_COPIED = Text(en="{source}: left out, {why}", ru="{source}: не скопировано, {why}")
_ROW = Text(en="  {count} x {rule} ({place})", ru="  {count} × {rule} ({place})")
_OUT = Text(en="  left out {lost} of {all} files inside:", ru="  не вошло файлов: {lost} из {all}:")
_LOST = Text(en="    {name}{size}: {why}", ru="    {name}{size}: {why}")
_MORE = Text(en="    … and {count} more (-v shows all)", ru="    … и ещё {count} (все: -v)")
_HIT = Text(en="  {where}\n      {shown}", ru="  {where}\n      {shown}")
_IN = Text(en="  in {name}: {count}", ru="  в {name}: {count}")
_NOTHING = Text(
    en="  nothing was recognised as secret; that does not prove there is nothing",
    ru="  ничего похожего на секрет не найдено; это не доказывает, что его там нет",
)
_CERTIFICATE = Text(en="Certificate: {path}", ru="Справка об очистке: {path}")
_KEPT_PERSONAL = Text(
    en="Personal data (addresses, e-mails, names of folders' owners) was kept, as you asked.",
    ru="Личные данные (адреса, почта, имена владельцев папок) оставлены, как вы просили.",
)
_DRY = Text(
    en="Nothing was written. To make the copies:\n  {command}",
    ru="Ничего не записано. Чтобы сделать копии:\n  {command}",
)
REVIEW = Text(
    en="This is a best effort: read the copies before you send them.",
    ru="Гарантии нет: просмотрите копии, прежде чем их отправлять.",
)
_LINES_WHERE = Text(en="line", ru="строка")
_OF_THE_COPY = Text(en=" of the copy", ru=" копии")
_LOST_MOST, _HITS_MOST, _FILES_MOST = 12, 12, 20
_UNITS = (("MB", "МБ", 1 << 20), ("KB", "КБ", 1 << 10), ("bytes", "Б", 1))


def show(screen: Screen, files: Mapping[Path, Outcome], *, preview: bool) -> None:
    """What became of everything that was named."""
    for source, outcome in files.items():
        _one(screen, source, outcome, preview=preview)


def _one(screen: Screen, source: Path, outcome: Outcome, *, preview: bool) -> None:
    language = screen.language
    if outcome.withheld is not None:
        facts = {"source": source, "why": WHY[outcome.withheld].in_language(language)}
        screen.show(_NOT_COPIED.fill(language, facts))
        _left_out(screen, outcome)
        return
    removed = outcome.removed_in_all
    facts = {"source": source, "target": outcome.copy, "count": removed.total()}
    screen.show((_WOULD if preview else WRITTEN).fill(language, facts))
    for row in rows(removed):
        screen.show(_ROW.fill(language, row))
    if not removed:
        screen.show(_NOTHING.in_language(language))
    _files(screen, outcome)
    if preview:
        _places(screen, outcome)
    _left_out(screen, outcome)


def _files(screen: Screen, outcome: Outcome) -> None:
    """Which files of a folder or archive lost something."""
    changed = [one for one in outcome.members if one.removed]
    most = len(changed) if screen.verbose else _FILES_MOST
    for one in changed[:most]:
        facts = {"name": one.name, "count": one.removed.total()}
        screen.show(_IN.fill(screen.language, facts))
    _more(screen, len(changed) - most)


def _places(screen: Screen, outcome: Outcome) -> None:
    most = 1_000_000 if screen.verbose else _HITS_MOST
    for one in outcome.all:
        if one.hits and one is not outcome:
            screen.show(f"  {one.name}")
        for hit in one.hits[:most]:
            facts = {"where": _where(hit.where, screen.language), "shown": hit.shown}
            screen.show(_HIT.fill(screen.language, facts))
        _more(screen, len(one.hits) - most)


def _where(where: str, language: str) -> str:
    if not where.startswith("line "):
        return where
    shown = where.replace("line", _LINES_WHERE.in_language(language), 1)
    return shown.replace(" of the copy", _OF_THE_COPY.in_language(language))


def _left_out(screen: Screen, outcome: Outcome) -> None:
    lost = [one for one in outcome.members if one.withheld is not None]
    if not lost:
        return
    facts = {"lost": len(lost), "all": len(outcome.members)}
    screen.show(_OUT.fill(screen.language, facts))
    most = len(lost) if screen.verbose else _LOST_MOST
    for one in lost[:most]:
        screen.show(_LOST.fill(screen.language, _lost(one, screen.language)))
    _more(screen, len(lost) - most)


def _lost(one: Outcome, language: str) -> dict[str, str]:
    size = f" ({said_size(one.size, language)})" if one.size is not None else ""
    why = WHY[one.withheld].in_language(language) if one.withheld else ""
    return {"name": one.name, "size": size, "why": why}


def said_size(size: int, language: str) -> str:
    """`12.3 MB`, in the reader's language."""
    english, russian, unit = next((u for u in _UNITS if size >= u[2]), _UNITS[-1])
    number = f"{size / unit:.1f}".removesuffix(".0")
    russian_number = number.replace(".", ",")
    return f"{russian_number} {russian}" if language == "ru" else f"{number} {english}"


def _more(screen: Screen, count: int) -> None:
    if count > 0:
        screen.show(_MORE.fill(screen.language, {"count": count}))


def end(screen: Screen, certificate: Path | None, *, personal: bool) -> None:
    """The last lines of a run that wrote copies."""
    if certificate is not None:
        screen.show(_CERTIFICATE.fill(screen.language, {"path": certificate}))
    if personal:
        screen.show(_KEPT_PERSONAL.in_language(screen.language))
    screen.show(REVIEW.in_language(screen.language))


def end_preview(screen: Screen, words: Sequence[str]) -> None:
    """The last lines of a preview: how to do it."""
    screen.show(_DRY.fill(screen.language, {"command": shlex.join(words)}))


def as_rows(files: Mapping[Path, Outcome], language: str) -> list[dict[str, Json]]:
    """The same for `--json`."""
    made = []
    for source, outcome in files.items():
        row = {**_row(outcome, language), "file": str(source)}
        row["removed"] = rows(outcome.removed_in_all)
        if outcome.members:
            row["members"] = [_row(one, language) for one in outcome.members]
        made.append(row)
    return made


def _row(one: Outcome, language: str) -> dict[str, Json]:
    row: dict[str, Json] = {
        "file": one.name,
        "copy": one.copy or None,
        "format": one.format,
        "bytes": one.size,
        "removed": rows(one.removed),
    }
    if one.withheld is not None:
        row |= {"withheld": one.withheld.value, "why": WHY[one.withheld].in_language(language)}
    if one.hits:
        row["places"] = [{"where": hit.where, "shown": hit.shown} for hit in one.hits]
    return row


def rules() -> Iterator[tuple[str, str, str, str]]:
    """Every rule of the gate: its id, what kind of thing it hides, since when, and by what."""
    from diagnostics.redaction.pictures import RULES as PICTURE_RULES  # noqa: PLC0415  # only for the list
    from diagnostics.redaction.rulebook import FIRST, rulebook  # noqa: PLC0415  # see above

    for rule in rulebook():
        yield rule.id, rule.kind, rule.since, rule.marks
    for name, marks in PICTURE_RULES.items():
        yield name, "picture-metadata", FIRST, marks
