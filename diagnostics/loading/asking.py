"""What does one user of a load ask? From the shares of a mix to asks, made again and again."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from diagnostics.contract import Contract
from diagnostics.errors import UsageError
from diagnostics.loading.profile import Profile, Share
from diagnostics.model import Ask, Case, Plan, PollPolicy, Request, RetryPolicy, Target, Together
from diagnostics.prepare import plan
from diagnostics.scenario import Scenario

READ = "read"
RUN_ID = "load"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One part of a mix, ready to be asked: `make` gives a new ask each time."""

    share: Share
    provider: str
    case: Case
    make: Callable[[], Ask]

    def think_s(self, random: Random) -> float:
        """How long a user waits before the next."""
        least, most = self.share.think_s
        return least if least >= most else random.uniform(least, most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """The contracts, targets and scenarios that the mix of a profile speaks of."""

    main: str
    """The provider of shares that name none."""
    contracts: Mapping[str, Contract]
    targets: Mapping[str, Target]
    scenarios: Mapping[str, Scenario]
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    budget: float | None = None
    seed: int = 0

    def turns(self, profile: Profile) -> tuple[Turn, ...]:
        """The mix in its order; an error names what cannot be asked."""
        return tuple(self._turn(share) for share in profile.mix)

    def _turn(self, share: Share) -> Turn:
        provider = share.provider or self.main
        contract, target = self.contracts[provider], self.targets[provider]
        case = self._case(share, contract, target)
        make = (
            self._reads(contract) if share.scenario == READ else self._asks(share, contract, case)
        )
        return Turn(share=share, provider=provider, case=case, make=make)

    def _reads(self, contract: Contract) -> Callable[[], Ask]:
        requests = tuple(contract.probing())
        if not requests:
            raise UsageError(
                f"{contract.name} has no free read to load", hint="give the mix another scenario"
            )
        return lambda: _each(requests)

    def _asks(self, share: Share, contract: Contract, case: Case) -> Callable[[], Ask]:
        scenario = self.scenarios[share.scenario]
        why = scenario.offered(contract, case)
        if why is not None:
            raise UsageError(
                f"scenario {share.scenario}: {why.en}", hint="name the operation in the mix"
            )
        return lambda: scenario.ask(contract, case)

    def _case(self, share: Share, contract: Contract, target: Target) -> Case:
        wanted = share.operation or contract.roles.get("example", "")
        planned: Plan | None = None
        if wanted:
            operation = contract.operation(wanted)
            given = Plan(operation=operation.id, body=share.body) if share.body else None
            planned = plan(operation, target, given)
        return Case(
            run_id=RUN_ID,
            target=target,
            plan=planned,
            poll=PollPolicy(interval_s=share.poll_interval_s, max_polls=share.max_polls),
            retry=self.retry,
            budget=self.budget,
            seed=self.seed,
            scenarios=(share.scenario,),
        )


def _each(requests: Iterable[Request]) -> Ask:
    for request in requests:
        _ = yield request  # the iterator itself could be sent nothing


def _for(provider: str, ask: Ask) -> Ask:
    """The same ask, each request telling whom it is for: its answers are read by that contract."""
    made: Any = None
    while True:
        try:
            wanted = ask.send(made)
        except StopIteration as end:
            return end.value
        if isinstance(wanted, Together):
            made = yield Together(asks=tuple(_for(provider, one) for one in wanted.asks))
        else:
            made = yield wanted if wanted.provider else replace(wanted, provider=provider)
