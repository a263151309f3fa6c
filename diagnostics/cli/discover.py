"""What is there to run? Lists the folders: scenarios, faults, formats, rules."""

import pkgutil
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from types import ModuleType

import scenarios as folder
from diagnostics.errors import ContractError, UsageError
from diagnostics.finding import Rule
from diagnostics.scenario import Scenario


def scenario_names() -> tuple[str, ...]:
    """Names of the modules in `scenarios/`, none imported."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(folder.__path__) if m.name[0] != "_"))


def scenario(name: str) -> Scenario:
    """One scenario, and only its module imported."""
    known(name, scenario_names(), "scenario")
    return _bound(name)


@cache
def scenarios() -> dict[str, Scenario]:
    """Every scenario in the order of the suite."""
    found = [_bound(name) for name in scenario_names()]
    return {s.name: s for s in sorted(found, key=lambda s: (s.order, s.name))}


def _bound(name: str) -> Scenario:
    return bound(import_module(f"{folder.__name__}.{name}"), name)


def bound(module: ModuleType, name: str) -> Scenario:
    """The scenario that a module of the folder binds; an error says what it lacks."""
    found = getattr(module, "SCENARIO", None)
    if not isinstance(found, Scenario) or found.name != name:
        raise ContractError(
            f"scenarios/{name}.py binds no SCENARIO named {name!r}",
            place=getattr(module, "__file__", None),
            hint=f'bind SCENARIO = Scenario(name="{name}", …) at the end of the module',
        )
    return found


def rules() -> dict[str, Rule]:
    """Every rule a finding may cite, by its code."""
    from diagnostics import answers  # noqa: PLC0415  # listing scenarios needs no answers
    from diagnostics.webhooks.rules import RULES  # noqa: PLC0415  # as above

    every = [*answers.RULES, *RULES, *(rule for s in scenarios().values() for rule in s.rules)]
    return {rule.code: rule for rule in every}


def faults() -> tuple[str, ...]:
    """Named fault plans of the emulator."""
    from diagnostics.emulator.faults import names  # noqa: PLC0415  # only the emulator needs them

    return names()


def formats() -> tuple[str, ...]:
    """Report formats."""
    from reports.files import formats as known_formats  # noqa: PLC0415  # brings Jinja

    return known_formats()


def known(name: str, names: Iterable[str], what: str) -> str:
    """`name` if it is one of `names`; else an error that tells the nearest."""
    from difflib import get_close_matches  # noqa: PLC0415  # only on the way to an error

    every = list(names)
    if name in every:
        return name
    near = get_close_matches(name, every, n=3, cutoff=0.4)
    hint = f"nearest: {', '.join(near)}" if near else f"there are: {', '.join(every)}"
    raise UsageError(f"no {what} {name!r}", hint=hint)
