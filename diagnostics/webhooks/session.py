"""What are several callbacks worth together? Doubles, ids used twice, states that go backwards."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace

from diagnostics.finding import Finding, Rule
from diagnostics.promise import StateKind
from diagnostics.webhooks import rules
from diagnostics.webhooks.judge import Checked

_REMEMBERED_MAX = 10_000
_FINAL = frozenset({StateKind.DONE, StateKind.FAILED, StateKind.CLOSED})


class Session:
    """Remembers what was delivered: as many callbacks as a receiver has to, and no more."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], Checked] = OrderedDict()
        self._over: OrderedDict[tuple[str, str], Checked] = OrderedDict()

    def take(self, checked: Checked) -> Checked:
        """The callback, with what earlier ones say about it; a forged one counts for nothing."""
        if checked.verified is False:
            return checked
        found = tuple(self._compared(checked))
        _keep(self._seen, (checked.provider, checked.id), checked)
        if checked.kind in _FINAL and checked.job:
            _keep(self._over, (checked.provider, checked.job), checked)
        return replace(checked, findings=(*checked.findings, *found))

    def _compared(self, checked: Checked) -> Iterator[Finding]:
        earlier = self._seen.get((checked.provider, checked.id)) if checked.id else None
        if earlier is not None:
            rule = rules.DOUBLED if _alike(earlier, checked) else rules.ID_REUSED
            facts = {"id": checked.id, "first": earlier.delivery.place}
            yield _finding(rule, checked, facts)
        ended = self._over.get((checked.provider, checked.job)) if checked.job else None
        if ended is not None and earlier is None and checked.kind not in _FINAL:
            facts = {
                "job": checked.job,
                "state": checked.state,
                "ended": ended.state,
                "first": ended.delivery.place,
            }
            yield _finding(rules.OUT_OF_ORDER, checked, facts)


def _alike(one: Checked, other: Checked) -> bool:
    """The same message: an encrypted one is compared in the clear."""
    if one.payload is not None:
        return bool(one.payload == other.payload)
    return one.delivery.body == other.delivery.body


def _finding(rule: Rule, checked: Checked, facts: dict[str, str]) -> Finding:
    return Finding(rule=rule, subject=checked.delivery.place, facts=facts, certainty=0.99)


def _keep(
    memory: OrderedDict[tuple[str, str], Checked], key: tuple[str, str], checked: Checked
) -> None:
    if key not in memory:
        memory[key] = checked
    while len(memory) > _REMEMBERED_MAX:
        memory.popitem(last=False)
