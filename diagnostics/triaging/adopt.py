"""How do anybody's captures become tapes of providers? Merged, owned, threaded, stripped, gated."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from diagnostics import __version__
from diagnostics.capture import Capture
from diagnostics.contract import Contract, decode
from diagnostics.jobs import Story, stories
from diagnostics.model import (
    Case,
    Environment,
    Exchange,
    Origin,
    Plan,
    Purpose,
    Tape,
    Target,
    TargetKind,
    Unsent,
)
from diagnostics.promise import StateKind
from diagnostics.redact import Gate
from diagnostics.triaging.addresses import Addresses, host_of
from diagnostics.triaging.keys import Keys
from diagnostics.triaging.threads import Threads, blind_reads
from diagnostics.triaging.whose import Owner, Whose

MARK = "x-diagnostics-emulator"
"""The header with which our emulator signs every answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """What the captures hold of one provider."""

    contract: Contract
    tape: Tape


@dataclass(slots=True, kw_only=True)
class Adoption:
    """One story out of several captures."""

    known: Addresses
    gate: Gate
    wanted: str = ""
    elsewhere: Counter[str] = field(default_factory=Counter)
    """By host: exchanges that belong to nobody we know."""

    def providers(self, captures: Sequence[Capture], run_id: str) -> list[Adopted]:
        """A tape for each provider, in the order in which they were first spoken to."""
        merged = in_order(captures)
        whose = Whose(known=self.known, wanted=self.wanted)
        owners = [whose.owner(one) for one in merged]
        names = list(dict.fromkeys(owner.provider for owner in owners if owner is not None))
        taken: set[int] = set()
        found = [self._adopted(name, merged, owners, taken, run_id) for name in names]
        for number, one in enumerate(merged):
            if number not in taken and owners[number] is None:
                self.elsewhere[host_of(one.request.url)] += 1
        return found

    def _adopted(  # one story's parts
        self,
        name: str,
        merged: Sequence[Exchange],
        owners: Sequence[Owner | None],
        taken: set[int],
        run_id: str,
    ) -> Adopted:
        contract = self.known.contracts[name]
        keys, threads = Keys(contract=contract, gate=self.gate), Threads(contract=contract)
        made: dict[int, Exchange] = {}
        for number, one in enumerate(merged):
            owner = owners[number]
            if owner is not None and owner.provider == name:
                made[number] = threads.call(keys.take(one), owner.operation, owner.job)
        for number, one in enumerate(merged):
            file = threads.file(one) if owners[number] is None else None
            if file is not None:
                made[number] = file
                taken.add(number)
        whole = [replace(made[n], position=p) for p, n in enumerate(sorted(made))]
        blind = blind_reads(contract, whole)
        kept = [one for one in whole if one.position not in blind]
        return self._taped(contract, keys, kept, run_id)

    def _taped(
        self, contract: Contract, keys: Keys, exchanges: Sequence[Exchange], run_id: str
    ) -> Adopted:
        plan = planned(contract, exchanges)
        told = [_placed(self.gate, one, number) for number, one in enumerate(exchanges)]
        case = Case(
            run_id=run_id,
            target=Target(
                kind=TargetKind.IMPORTED,
                provider=contract.name,
                base_url=_base(contract, exchanges),
                origin=Origin.EMULATED if _emulated(exchanges) else Origin.IMPORTED,
                version=contract.version,
            ),
            plan=plan,
            keys=tuple(keys.facts.values()),
            auth_headers=keys.headers,
            environment=Environment(harness=__version__),
            started_s=min((one.started_s for one in told if one.started_s), default=0.0),
        )
        return Adopted(contract=contract, tape=Tape(case=self.gate.case(case), exchanges=told))


def _placed(gate: Gate, one: Exchange, number: int) -> Exchange:
    gated = gate.exchange(one)
    return replace(gated, position=number, source=gate.text(one.source))


def in_order(captures: Iterable[Capture]) -> list[Exchange]:
    """All exchanges in order of time; one without a time stays behind the one before it.

    What two files tell of the same call at the same time is one call.
    """
    timed: list[tuple[float, int, Exchange]] = []
    for number, capture in enumerate(captures):
        latest = 0.0
        for one in capture.exchanges:
            latest = one.started_s or latest
            timed.append((latest, number, one))
    timed.sort(key=lambda row: row[0])
    return list(_once(timed))


SAME_S = 1.0
"""A log's time and a browser's of the same call differ by less."""


def _once(timed: Iterable[tuple[float, int, Exchange]]) -> Iterator[Exchange]:
    told: dict[tuple[object, ...], tuple[float, int]] = {}
    for _, number, one in timed:
        request, response = one.request, one.response
        said = (response.status, response.body) if response is not None else None
        key = (request.method, request.url, request.body, said)
        before_s, before = told.get(key, (-SAME_S, number))
        told[key] = (one.started_s, number)
        again = before != number and abs(one.started_s - before_s) < SAME_S
        if not (again and one.started_s):
            yield one


def _emulated(exchanges: Sequence[Exchange]) -> bool:
    """Our emulator signs its answers, so that none of them reads as the provider's."""
    return any(one.response is not None and one.response.header(MARK) for one in exchanges)


def _base(contract: Contract, exchanges: Sequence[Exchange]) -> str:
    """Where the calls went: the address that most of them share."""
    calls = [one.request.url for one in exchanges if one.request.purpose is Purpose.CALL]
    bases = Counter(base for url in calls if (base := _origin(url)))
    return bases.most_common(1)[0][0] if bases else contract.host


def _origin(url: str) -> str:
    scheme, mark, rest = url.partition("://")
    host = rest.partition("/")[0].partition("?")[0].rpartition("@")[2]
    return f"{scheme}://{host}" if mark and host else ""


# --- which call is it about -------------------------------------------------------------------


def planned(contract: Contract, exchanges: Sequence[Exchange]) -> Plan | None:
    """The call that the capture is about: the create that failed last, else the last one.

    Where nothing was created, a call that costs credits.
    """
    told = [story for story in stories(contract, exchanges) if story.creates]
    bad = [story for story in told if _failed(contract, story)]
    creates = [story.creates[-1] for story in (bad or told)]
    paid = [one for one in exchanges if one.request.spends]
    lost = [one for one in paid if _refused(contract, one)]
    call = next(reversed(creates or lost or paid), None)
    operation = call.request.operation if call is not None else None
    if call is None or operation is None:
        return None
    return Plan(operation=operation, body=decode(call.request.body))


def _refused(contract: Contract, one: Exchange) -> bool:
    if isinstance(one.answer, Unsent):
        return False
    return one.response is None or not contract.read(one.response, one.request.operation).ok


def _failed(contract: Contract, story: Story) -> bool:
    state = story.last.state if story.last else None
    ended = state is not None and state.kind is StateKind.FAILED
    return ended or _refused(contract, story.creates[-1])
