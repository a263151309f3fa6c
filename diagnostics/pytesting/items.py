"""How does a scenario become a test? A file, in it a provider, in it the scenario."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from diagnostics.errors import DiagnosticsError
from diagnostics.model import Text
from diagnostics.pytesting.runs import Ordered, Runs, chosen_providers
from diagnostics.pytesting.words import findings_of, lines

PACKAGE = "scenarios"
ORDERED = pytest.StashKey[Ordered]()
RUNS = pytest.StashKey[Runs]()
_ABSENT = Text(
    en="the run has no result for this scenario", ru="в прогоне нет итога этого сценария"
)


def home() -> Path | None:
    """The folder of the scenarios that came with us."""
    found = find_spec(PACKAGE)
    places = list(found.submodule_search_locations or ()) if found else []
    return Path(places[0]).resolve() if places else None


def is_scenario(path: Path) -> bool:
    """Is the file one of the scenarios?"""
    return path.suffix == ".py" and path.name[0] != "_" and path.parent.resolve() == home()


class ScenarioFile(pytest.File):
    """A module of `scenarios/`."""

    def collect(self) -> Iterator[pytest.Collector]:
        """The providers that the suite is about."""
        scenario = import_module(f"{PACKAGE}.{self.path.stem}").SCENARIO
        if scenario.on_request and not self._named():
            return
        order = self.config.stash[ORDERED]
        try:
            wanted = chosen_providers(
                self.config.getoption("--diagnostics-provider"), order.target, order.place
            )
        except DiagnosticsError as error:
            raise self.CollectError(told_of(error)) from error
        for provider in wanted:
            made = Provider.from_parent(self, name=provider)
            made.scenario, made.order = scenario.name, scenario.order
            yield made

    def _named(self) -> bool:
        named = (arg.partition("::")[0] for arg in self.config.args)
        place = self.config.invocation_params.dir
        return any((place / one).resolve() == self.path.resolve() for one in named)


class Provider(pytest.Collector):
    """One provider of a scenario."""

    scenario: str
    order: int

    def collect(self) -> Iterable["ScenarioItem"]:
        """The scenario itself."""
        item = ScenarioItem.from_parent(self, name=self.scenario)
        item.provider, item.order = self.name, self.order
        return [item]


class JudgedError(Exception):
    """What the judge found; its text is the failure."""


class ScenarioItem(pytest.Item):
    """A scenario against a provider: what its judge said in the session's run."""

    provider: str
    order: int

    def runtest(self) -> None:
        """Fails with the judge, skips where there is nothing to do; silence is no pass."""
        runs = _runs(self.session)
        order = runs.ordered
        told = runs.told(self.provider)
        scenario = next((one for one in told["scenarios"] if one["name"] == self.name), None)
        if scenario is None:
            raise JudgedError(_ABSENT.in_language(order.language))
        self._properties(told, scenario)
        verdict = scenario["verdict"]
        if verdict == "inconclusive" and _nothing_to_do(scenario, order.language):
            pytest.skip(str(scenario["note"]))
        said = "\n".join(lines(told, scenario, order.folder / self.provider, order.language))
        if verdict not in {"pass", "warn"}:
            raise JudgedError(said)
        if verdict == "warn":
            self.user_properties.append(("diagnostics-warning", said.replace("\n", " | ")))
            self.add_report_section("call", "diagnostics", said)

    def _properties(self, told: Mapping[str, Any], scenario: Mapping[str, Any]) -> None:
        """What JUnit's XML says of it beside its outcome."""
        found = findings_of(told, scenario["name"])
        worst: Mapping[str, Any] = found[0] if found else {}
        facts = {
            "verdict": scenario["verdict"],
            "blame": worst.get("blame", "undecided"),
            "certainty": worst.get("certainty", ""),
            "code": worst.get("code") or "",
            "target": told["target"]["kind"],
            "run-blame": told.get("blame", ""),
        }
        self.user_properties.extend((name, str(value)) for name, value in facts.items())

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The judge's own words; no traceback, for nothing of ours broke."""
        if isinstance(excinfo.value, JudgedError):
            return str(excinfo.value)
        if isinstance(excinfo.value, DiagnosticsError):
            return told_of(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """What stands above a failure."""
        return self.path, None, f"{self.name} ({self.provider})"


def _nothing_to_do(scenario: Mapping[str, Any], language: str) -> bool:
    """It had nothing to look at here; not that it was kept from looking."""
    from diagnostics.blame import NOT_RUN  # noqa: PLC0415  # only where nothing was run

    return bool(scenario.get("note")) and scenario["note"] != NOT_RUN.in_language(language)


def _runs(session: pytest.Session) -> Runs:
    """The session's runs; each provider's has all the scenarios that were selected."""
    stash = session.config.stash
    if RUNS not in stash:
        names: dict[str, list[str]] = {}
        for item in session.items:
            if isinstance(item, ScenarioItem):
                names.setdefault(item.provider, []).append(item.name)
        stash[RUNS] = Runs(ordered=stash[ORDERED], names=names)
    return stash[RUNS]


def in_order(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """A provider's scenarios stand together, in the order of the suite; other tests stay."""
    ours = [item for item in items if isinstance(item, ScenarioItem)]
    sorted_ = iter(sorted(ours, key=lambda item: (item.provider, item.order, item.name)))
    return [next(sorted_) if isinstance(item, ScenarioItem) else item for item in items]


def told_of(error: DiagnosticsError) -> str:
    """Our own error in lines: what, where, what to do. Gated."""
    from diagnostics.redact import Gate  # noqa: PLC0415  # only of an error

    said = [error.message]
    said += [f"  at: {error.place}"] if error.place else []
    said += [f"  hint: {error.hint}"] if error.hint else []
    return Gate().text("\n".join(said))
