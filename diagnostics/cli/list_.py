"""`diagnostics list [WHAT]`: which names can be typed elsewhere?"""

import argparse
from collections.abc import Callable

from diagnostics import contract_load
from diagnostics.cli import discover
from diagnostics.cli.screen import Screen
from diagnostics.contract import Contract
from diagnostics.errors import Exit
from diagnostics.loading.profile import Model
from diagnostics.model import Json
from diagnostics.promise import Price

Row = dict[str, Json]


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `list` takes."""
    parser.add_argument("what", nargs="?", metavar="WHAT", help=", ".join(LISTS))


def main(options: argparse.Namespace, screen: Screen) -> Exit:
    """Print one list, or the sizes of all of them."""
    wanted = [discover.known(options.what, LISTS, "list")] if options.what else list(LISTS)
    found = {name: LISTS[name](options.provider, screen.language) for name in wanted}
    if screen.as_json:
        screen.emit("list", found)
    elif options.what:
        _table(found[options.what], screen)
    else:
        screen.table(("list", "entries", "such as"), [_summary(*item) for item in found.items()])
    return Exit.OK


def _table(rows: list[Row], screen: Screen) -> None:
    if rows:
        screen.table(tuple(rows[0]), [[_cell(value) for value in row.values()] for row in rows])


def _cell(value: Json) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _summary(name: str, rows: list[Row]) -> tuple[str, int, str]:
    some = ", ".join(str(next(iter(row.values()))) for row in rows[:4])
    return f"diagnostics list {name}", len(rows), some + (", …" if rows[4:] else "")


# --- the lists --------------------------------------------------------------------------------


def _contracts(provider: str | None) -> list[Contract]:
    names = (provider,) if provider else contract_load.providers()
    return [contract_load.load(name) for name in names]


def _scenarios(_provider: str | None, language: str) -> list[Row]:
    return [
        {
            "name": one.name,
            "title": one.title.in_language(language),
            "sends": "nothing" if one.dry else "requests",
            "runs": "when named" if one.on_request else "always",
            "rules": len(one.rules),
        }
        for one in discover.scenarios().values()
    ]


def _operations(provider: str | None, _language: str) -> list[Row]:
    return [
        {
            "id": op.id,
            "method": op.method,
            "path": op.path,
            "price": _price(op.price),
            "title": f"{op.title} (announced as retired on {op.retired})"
            if op.retired
            else op.title,
            "provider": contract.name,
        }
        for contract in _contracts(provider)
        for op in contract.operations.values()
    ]


def _price(price: Price) -> str:
    if price.free:
        return "free"
    if price.amount is not None:
        return f"{price.amount:g} credits"
    return "by its parameters" if price.values else "not documented"


def _faults(provider: str | None, language: str) -> list[Row]:
    from diagnostics.emulator.faults import load_plan  # noqa: PLC0415  # only for this list

    known = [load_plan(name) for name in discover.faults()]
    plans = [p for p in known if provider is None or not p.providers or provider in p.providers]
    return [
        {
            "name": plan.name,
            "verdict": plan.expect.get("verdict"),
            "blame": plan.expect.get("blame"),
            "code": plan.expect.get("code"),
            "provider": list(plan.providers) or "any",
            "title": plan.title.in_language(language),
        }
        for plan in plans
    ]


def _profiles(_provider: str | None, language: str) -> list[Row]:
    from diagnostics.loading import reading  # noqa: PLC0415  # only for this list

    return [
        {
            "name": one.name,
            "model": one.model.value,
            "peak": f"{one.peak:g} /s" if one.model is Model.OPEN else f"{one.peak:g} users",
            "duration": f"{one.duration_s:g} s",
            "title": one.title.in_language(language),
        }
        for one in map(reading.load, reading.names())
    ]


def _formats(_provider: str | None, _language: str) -> list[Row]:
    return [{"name": name} for name in discover.formats()]


def _codes(provider: str | None, _language: str) -> list[Row]:
    return [
        {
            "code": error.code,
            "meanings": [meaning.text for meaning in error.meanings],
            "blame": [error.blame.value, *(blame.value for blame in error.alternatives)],
            "retry": error.retry.value,
            "provider": contract.name,
        }
        for contract in _contracts(provider)
        for error in contract.errors.values()
    ]


def _rules(_provider: str | None, language: str) -> list[Row]:
    return [
        {
            "code": rule.code,
            "severity": rule.severity.value,
            "blame": rule.blame.value,
            "says": rule.says.in_language(language),
        }
        for rule in discover.rules().values()
    ]


def _providers(provider: str | None, _language: str) -> list[Row]:
    return [
        {
            "name": one.name,
            "title": one.title,
            "default": one.default,
            "variables": [" + ".join(names) for names in one.variables],
            "hosts": list(one.hosts),
            "file": str(contract_load.files()[one.name].name),
        }
        for one in contract_load.index()
        if provider in {None, one.name}
    ]


LISTS: dict[str, Callable[[str | None, str], list[Row]]] = {
    "providers": _providers,
    "scenarios": _scenarios,
    "operations": _operations,
    "faults": _faults,
    "profiles": _profiles,
    "formats": _formats,
    "codes": _codes,
    "rules": _rules,
}
