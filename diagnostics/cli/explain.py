"""`diagnostics explain CODE|TEXT`: what does it mean, whose fault is it, what is to be done?"""

import argparse
import re
from collections.abc import Iterator
from textwrap import wrap

from diagnostics import contract_load
from diagnostics.cli import discover
from diagnostics.cli.screen import Screen
from diagnostics.errors import Exit
from diagnostics.explain import Entry, explain
from diagnostics.lookup.symptoms import Symptom
from diagnostics.model import Blame, Json, Retry, Text
from reports.words import words

_KINDS = {
    "code": Text(en="error code of {provider}", ru="код ошибки {provider}"),
    "state": Text(en="state of a job at {provider}", ru="состояние задачи {provider}"),
    "status": Text(en="HTTP status", ru="статус HTTP"),
    "rule": Text(en="finding of this program", ru="вывод этой программы"),
    "pitfall": Text(en="pitfall of {provider}", ru="подводный камень {provider}"),
    "symptom": Text(en="complaint known of: {provider}", ru="известная жалоба: {provider}"),
}
_RETRIES = {
    Retry.NEVER: Text(en="never", ru="никогда"),
    Retry.BACKOFF: Text(en="with growing pauses", ru="с растущими паузами"),
    Retry.AFTER_RESET: Text(en="after the limit is reset", ru="после сброса лимита"),
    Retry.AFTER_FIX: Text(
        en="only after the cause is mended", ru="только после устранения причины"
    ),
}
_LABELS = {
    "means": Text(en="means", ru="значит"),
    "seen": Text(en="seen", ru="видно"),
    "cause": Text(en="because", ru="почему"),
    "here": Text(en="here", ru="здесь"),
    "blame": Text(en="blame", ru="чья вина"),
    "also": Text(en="or", ru="или"),
    "retry": Text(en="retry", ru="повторять"),
    "do": Text(en="do", ru="что делать"),
    "listed": Text(en="listed by", ru="где указан"),
    "note": Text(en="note", ru="примечание"),
    "source": Text(en="source", ru="источник"),
    "shares": Text(en="see also", ru="см. также"),
    "play": Text(en="rehearse", ru="воспроизвести"),
    "found": Text(en="found by", ru="ловит"),
}
_LISTED = Text(
    en="the page of {operation} says: {words}", ru="страница {operation} говорит: {words}"
)
_UNLISTED = Text(
    en="the page of {operation} does not list it", ru="на странице {operation} его нет"
)
_SHARES = Text(
    en="has the text {text!r} too, so the text alone does not tell which it is",
    ru="тоже имеет текст {text!r}, поэтому по одному тексту их не различить",
)
_INPUTS = Text(
    en="look at the input files first: if one is unfit or out of reach, the blame is media",
    ru="сначала проверьте входные файлы: если файл недоступен или не годится, виноват он (media)",
)
_VENDORS = {
    "any": Text(en="any provider", ru="любой провайдер"),
    "stitching": Text(en="joining clips", ru="склейка клипов"),
    "language models": Text(en="language models", ru="языковые модели"),
    "own service": Text(en="your own service", ru="собственный сервис"),
    "relays": Text(en="relays", ru="посредники"),
    "webhooks": Text(en="webhooks", ru="вебхуки"),
}
_SYMPTOM = Text(en="symptom {id}", ru="симптом {id}")
_NOT_PLAYED = Text(en="no emulator can play it: {why}", ru="эмулятору это не сыграть: {why}")


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `explain` takes."""
    parser.add_argument("text", nargs="+", metavar="CODE|TEXT", help="1015, 404, a message, a rule")
    parser.add_argument("--operation", metavar="ID", help="what it means in this call")


def main(options: argparse.Namespace, screen: Screen) -> Exit:
    """Print every entry that is found; an error tells the nearest when none is."""
    named = options.provider
    contracts = [
        contract_load.load(name) for name in ([named] if named else contract_load.providers())
    ]
    wanted = " ".join(options.text)
    entries = explain(contracts, discover.rules(), wanted, options.operation)
    shown = [as_json(entry, screen.language) for entry in entries]
    if screen.as_json:
        screen.emit("explain", {"query": wanted, "provider": named, "entries": shown})
    for entry in entries:
        screen.show("\n".join(lines(entry, screen.language)) + "\n")
    return Exit.OK


def as_json(entry: Entry, language: str) -> dict[str, Json]:
    """One entry in the words of `--json`."""
    source = entry.source
    return {
        "kind": entry.kind,
        "code": entry.name,
        "says": entry.says.in_language(language) if entry.says else None,
        "meanings": [{"text": m.text, "pages": list(m.pages)} for m in entry.meanings],
        "blame": entry.blames[0].value if entry.blames else None,
        "blames": [blame.value for blame in entry.blames],
        "retry": entry.retry.value if entry.retry else None,
        "remedy": entry.remedy.in_language(language) if entry.remedy else None,
        "inspect_inputs": entry.inspect_inputs,
        "operations": dict(entry.operations or {}),
        "same_text": {text: list(codes) for text, codes in (entry.shares or {}).items()},
        "note": entry.note or None,
        "source": source.page if source else None,
        "certainty": source.certainty.value if source else None,
        "score": entry.score,
        "provider": entry.provider or None,
        **(_symptom(entry.symptom, language) if entry.symptom else {}),
    }


def _symptom(row: Symptom, language: str) -> dict[str, Json]:
    return {
        "vendors": list(row.vendors),
        "cause": row.cause.in_language(language),
        "fault": row.fault or None,
        "rehearse": _rehearsal(row) or None,
        "unplayable": row.unplayable.in_language(language) if row.unplayable else None,
        "findings": list(row.seen_by),
    }


def _rehearsal(row: Symptom) -> str:
    """The command that plays it: a suite, a film, or a provider that calls back."""
    if row.fault.startswith("scenes-"):
        return f'diagnostics scenes "PROMPT" --fault {row.fault}'
    if row.fault.startswith("webhook-"):
        return f"diagnostics emulate {row.provider} --fault {row.fault}"
    return f"diagnostics run --provider {row.provider} --fault {row.fault}" if row.fault else ""


def lines(entry: Entry, language: str) -> Iterator[str]:
    """One entry for people."""
    kind = _KINDS[entry.kind].fill(language, {"provider": _whose(entry, language)})
    row = entry.symptom
    name = _SYMPTOM.fill(language, {"id": row.id}) if row else entry.name
    yield f"{name}  ({kind})"
    width = max(len(label.in_language(language)) for label in _LABELS.values())
    for label, text in _facts(entry, language):
        head = _LABELS[label].in_language(language).ljust(width)
        blank = " " * (width + 4)
        yield from wrap(
            text,
            width=100,
            initial_indent=f"  {head}  ",
            subsequent_indent=blank,
            break_long_words=False,
            break_on_hyphens=False,
        )


def _whose(entry: Entry, language: str) -> str:
    vendors = entry.symptom.vendors if entry.symptom else ()
    named = (_VENDORS.get(one, Text(en=one, ru=one)).in_language(language) for one in vendors)
    return entry.provider or ", ".join(named)


def _blamed(blame: Blame, language: str) -> str:
    """In English the name by which programs know it reads well enough."""
    return blame.value if language == "en" else words(language).name("blame", blame.value)


def _facts(entry: Entry, language: str) -> Iterator[tuple[str, str]]:
    yield from _meanings(entry, language)
    if entry.symptom:
        yield "cause", entry.symptom.cause.in_language(language)
    if entry.blames:
        also = f" {_LABELS['also'].in_language(language)} "
        yield "blame", also.join(_blamed(blame, language) for blame in entry.blames)
    if entry.inspect_inputs:
        yield "do", _INPUTS.in_language(language)
    if entry.retry:
        yield "retry", _RETRIES[entry.retry].in_language(language)
    if entry.remedy and entry.remedy.en:
        yield "do", _said(entry, entry.remedy, language)
    if entry.symptom:
        yield from _played(entry.symptom, language)
    if entry.operations and not entry.asked:
        yield "listed", ", ".join(entry.operations)
    if entry.note:
        yield "note", entry.note
    if entry.source:
        note = f": {entry.source.note}" if entry.source.note else ""
        yield "source", f"{entry.source.page} ({entry.source.certainty.value}){note}"


def _played(row: Symptom, language: str) -> Iterator[tuple[str, str]]:
    if row.fault:
        yield "play", _rehearsal(row)
    elif row.unplayable:
        why = row.unplayable.in_language(language)
        yield "play", _NOT_PLAYED.fill(language, {"why": why})
    if row.seen_by:
        yield "found", ", ".join(row.seen_by)


def _meanings(entry: Entry, language: str) -> Iterator[tuple[str, str]]:
    if entry.kind == "code" and entry.asked:
        words = (entry.operations or {}).get(entry.asked)
        told = _LISTED if words else _UNLISTED
        yield "here", told.fill(language, {"operation": entry.asked, "words": words})
    for meaning in entry.meanings:
        pages = f"  [{', '.join(meaning.pages)}]" if meaning.pages else ""
        yield "means", f"{meaning.text}{pages}"
    if entry.says:
        label = "seen" if entry.symptom else "means"
        yield label, _said(entry, entry.says, language)
    for text, codes in (entry.shares or {}).items():
        yield "shares", f"{', '.join(codes)} {_SHARES.fill(language, {'text': text})}"


def _said(entry: Entry, text: Text, language: str) -> str:
    """A sentence of ours whose facts are not known yet; another's stays as it is."""
    said = text.in_language(language)
    return re.sub(r"\{\w+\}", "…", said) if entry.kind == "rule" else said
