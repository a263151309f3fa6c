"""Which effects does this request meet? Counts calls and draws lots for one emulator's plan."""

import random
from collections.abc import Callable, Mapping

from diagnostics.emulator.faults import Effects, FaultPlan, FaultRule, effects
from diagnostics.model import Json

Find = Callable[[str], list[Json]]
"""Every value of the request at a predicate's `at`."""


class Misbehaviour:
    """A fault plan at work: the rules, how often each was met, and its own dice."""

    def __init__(self, plan: FaultPlan, seed: int) -> None:
        self.plan = plan
        self._met = [0] * len(plan.rules)
        self._dice = [random.Random(f"{seed}:{index}") for index in range(len(plan.rules))]
        self._known: dict[tuple[int, ...], Effects] = {}

    def aimed(self, words: frozenset[str], path: str) -> tuple[int, ...]:
        """The rules that may concern a target; worked out once a route."""
        return tuple(i for i, r in enumerate(self.plan.rules) if r.aims_at(words, path))

    def meet(self, aimed: tuple[int, ...], find: Find) -> Effects | None:
        """What happens to this request; counts it."""
        rules = self.plan.rules
        hit = tuple(i for i in aimed if _holds(rules[i], find) and self._chosen(i, rules[i]))
        if not hit:
            return None
        found = self._known.get(hit)
        if found is None:
            merged: Mapping[str, Json] = {}
            for index in hit:
                merged = {**merged, **rules[index].do}
            found = self._known[hit] = effects(merged)
        return found

    def _chosen(self, index: int, rule: FaultRule) -> bool:
        self._met[index] += 1
        if not rule.counts(self._met[index]):
            return False
        return rule.probability >= 1 or self._dice[index].random() < rule.probability


def _holds(rule: FaultRule, find: Find) -> bool:
    return all(any(p.holds(value) for value in find(p.at)) for p in rule.where)
