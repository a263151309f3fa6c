"""What do the judges find in a load? They are shown the conversations that were kept, one by one.

What they find stands in Locust's statistics as errors of type FINDING, under the code of its rule.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from diagnostics import contract_load
from diagnostics.finding import Finding
from diagnostics.loading.sampling import Kept, Sampling
from diagnostics.loading.statistics import FINDING
from diagnostics.model import Case, Exchange, Severity, Tape
from diagnostics.scenario import Scenario

if TYPE_CHECKING:  # brings Locust
    from diagnostics.loading.under_locust import Load


SLOW = "slow"
"""Of those kept at the end, the ones whose ask had ended."""


class Findings:
    """A listener of a load. Keeps few conversations, and has them judged at the end."""

    def __init__(self, scenarios: Mapping[str, Scenario]) -> None:
        self._scenarios = scenarios
        self._kept: list[Kept] = []
        self._sampling: Sampling | None = None
        self.load: Load | None = None

    def answered(self, exchange: Exchange, **told: Any) -> None:
        """The engine's listener."""
        if self._sampling is None:
            assert self.load is not None  # noqa: S101  # whoever listens was told to whom
            assert self.load.order is not None  # noqa: S101  # nothing is sent without one
            contract = contract_load.load(self.load.order.main)
            self._sampling = Sampling(contract=contract, keep=self._kept.append)
        self._sampling.answered(exchange, **told)

    def ended(self, conversation: int) -> None:
        """An ask is over."""
        if self._sampling is not None:
            self._sampling.ended(conversation)

    def concluded(self, load: "Load") -> None:
        """The load is over: judge, and tell each rule once with how often it was met."""
        if self._sampling is None or load.statistics is None:
            return
        ended = len(self._kept)
        self._sampling.finish()
        slow = [one for one in self._kept[ended:] if one.sample.why == SLOW]
        found: dict[str, list[Finding]] = {}
        for kept in (*self._kept[:ended], *slow):  # what we cut off says nothing
            for one in self._judged(kept, load.cases.get(kept.sample.scenario)):
                found.setdefault(one.rule.code, []).append(one)
        for code, findings in found.items():
            load.statistics.error(FINDING, code, findings[0].message(), len(findings))
        self._kept.clear()
        self._sampling = None

    def _judged(self, kept: Kept, case: Case | None) -> list[Finding]:
        scenario = self._scenarios.get(kept.sample.scenario)
        if scenario is None or case is None:
            return []
        contract = contract_load.load(case.target.provider)
        tape = Tape(
            case=case, exchanges=[replace(e, position=n) for n, e in enumerate(kept.exchanges)]
        )
        return [f for f in scenario.judge(contract, tape) if f.severity is Severity.FAIL]
