"""What would this load send, and what could it cost at worst? Sends nothing.

Worst case means: every job is polled as often as it may be, every price is the dearest that the
contract names, every user asks again as soon as the think time allows. Repeats after a refusal are
not counted: what was refused was not charged. None: nobody can know it.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from diagnostics.contract import Contract, decode
from diagnostics.loading.arrivals import Curve
from diagnostics.loading.hosts import host_of
from diagnostics.loading.profile import Arrival, Model, Profile, Share
from diagnostics.model import Ask, Exchange, Json, Purpose, Request, Together, Unsent, UnsentReason
from diagnostics.promise import Operation, Price

Dry = Callable[[Share, Contract], Sequence[Request]]
"""What one ask of a share builds in a dry run, for scenarios whose requests nobody here knows."""

_OUTPUT = "output"
_BUILT_MOST = 1000
_KEPT = Unsent(reason=UnsentReason.DRY)
_NEARLY = 1e-9
_SPREAD = 5.0
"""A Poisson process exceeds its mean by five of its deviations once in three million runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One kind of request. `most`: so many at worst; `per_s`: at the peak."""

    provider: str
    operation: str
    scenario: str
    host: str
    paid: bool
    most: float | None
    per_s: float | None
    credits_each: float | None = 0.0

    @property
    def credits_most(self) -> float | None:
        """Of all of them; None: their number or their price is not known."""
        if not self.paid:
            return 0.0
        if self.most is None or self.credits_each is None:
            return None
        return self.most * self.credits_each


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a load comes to before it is sent."""

    lines: tuple[Line, ...]
    duration_s: float
    asks_most: float | None
    peak: float
    """Users, or arrivals a second."""

    @property
    def requests_most(self) -> float | None:
        """Of every kind."""
        return _sum(line.most for line in self.lines)

    @property
    def paid_most(self) -> float | None:
        """Of those that cost credits."""
        return _sum(line.most for line in self.lines if line.paid)

    @property
    def per_s_most(self) -> float | None:
        """Requests a second at the peak."""
        return _sum(line.per_s for line in self.lines)

    @property
    def credits_most(self) -> float | None:
        """None: a price or a number is not known; only the budget bounds it."""
        return _sum(line.credits_most for line in self.lines)

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Paid operations whose price the contract does not decide."""
        return tuple(
            line.operation for line in self.lines if line.paid and line.credits_each is None
        )

    def to_json(self) -> dict[str, Json]:
        """For `--dry-run --json`."""
        names = ("duration_s", "asks_most", "peak", "requests_most", "paid_most", "per_s_most")
        return {
            **{name: getattr(self, name) for name in names},
            "credits_most": self.credits_most,
            "unpriced": list(self.unpriced),
            "hosts": list(self.hosts),
            "lines": [{**asdict(line), "credits_most": line.credits_most} for line in self.lines],
        }

    @property
    def hosts(self) -> tuple[str, ...]:
        """Where requests go; results may lie on hosts that only the answers name."""
        return tuple(dict.fromkeys(line.host for line in self.lines if line.host))


def _sum(values: Iterable[float | None]) -> float | None:
    total = 0.0
    for value in values:
        if value is None:
            return None
        total += value
    return total


def forecast(  # noqa: PLR0913  # what, of whom, where, beside whom, played by whom
    profile: Profile,
    contract: Contract,
    *,
    base_url: str = "",
    main: bool = True,
    emulated: bool = False,
    dry: Dry | None = None,
) -> Forecast:
    """Count what the profile would send to one provider. `base_url` stands for its own hosts.

    `main`: it is asked as well where the mix names nobody. `emulated`: where the documents name no
    price, count what our emulator charges instead.
    """
    whole = sum(share.weight for share in profile.mix)
    asks = _asks(profile)
    lines: list[Line] = []
    for share in meant(profile, contract, main=main):
        coming = _Coming(
            share=share,
            contract=contract,
            base_url=base_url,
            emulated=emulated,
            counts=_counts(profile, asks, share.weight / whole),
        )
        lines += (coming.line(kind) for kind in _kinds(share, contract, dry))
    return Forecast(
        lines=_merged(lines), duration_s=profile.duration_s, asks_most=asks, peak=profile.peak
    )


def _merged(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Lines of the same kind as one."""
    found: dict[Line, Line] = {}
    for line in lines:
        kind = replace(line, most=0.0, per_s=0.0)
        held = found.get(kind, kind)
        most, per_s = _sum((held.most, line.most)), _sum((held.per_s, line.per_s))
        found[kind] = replace(kind, most=most, per_s=per_s)
    return tuple(found.values())


def of_mix(  # noqa: PLR0913  # as `forecast`, of several
    profile: Profile,
    contracts: Mapping[str, Contract],
    *,
    main: str,
    base_urls: Mapping[str, str] | None = None,
    emulated: bool = False,
    dry: Dry | None = None,
) -> Forecast:
    """The same for every provider of a mix; `main` is asked where the mix names nobody."""
    each = [
        forecast(
            profile,
            contract,
            base_url=(base_urls or {}).get(name, ""),
            main=name == main,
            emulated=emulated,
            dry=dry,
        )
        for name, contract in contracts.items()
    ]
    return replace(each[0], lines=tuple(line for one in each for line in one.lines))


def built(ask: Ask) -> list[Request]:
    """What an ask would send if nothing ever answered: for a `Dry`."""
    found: list[Request] = []
    waiting = [ask]
    while waiting and len(found) < _BUILT_MOST:
        found += _requests(waiting.pop(), waiting)
    return found


def _requests(ask: Ask, others: list[Ask]) -> Iterator[Request]:
    answer: object = None
    for _ in range(_BUILT_MOST):
        try:
            wanted = ask.send(answer)
        except StopIteration:
            return
        if isinstance(wanted, Together):
            others += wanted.asks
            answer = [None for _ in wanted.asks]
        else:
            yield wanted
            answer = Exchange(request=wanted, answer=_KEPT, started_s=0.0)


def meant(profile: Profile, contract: Contract, *, main: bool = True) -> list[Share]:
    """The parts of the mix that speak to this provider."""
    names = {contract.name, ""} if main else {contract.name}
    return [share for share in profile.mix if share.provider in names]


def _asks(profile: Profile) -> float | None:
    """How many asks begin."""
    total = Curve(profile.stages).total
    if profile.model is Model.CLOSED:
        think_s = min(share.think_s[0] for share in profile.mix)
        return math.ceil(total / think_s + profile.peak) if think_s > 0 else None
    spread = _SPREAD * math.sqrt(total) if profile.arrival is Arrival.POISSON else 0.0
    return math.ceil(total + spread - _NEARLY)


def _peak(profile: Profile) -> float | None:
    """Asks a second at the highest level."""
    if profile.model is Model.OPEN:
        return profile.peak
    think_s = min(share.think_s[0] for share in profile.mix)
    return profile.peak / think_s if think_s > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counts:
    """Of one share: how many asks, how many a second at the peak, and how many at once."""

    asks: float | None
    per_s: float | None
    users: float | None  # None: arrivals, of which any number may be under way


def _counts(profile: Profile, asks: float | None, part: float) -> _Counts:
    peak_per_s = _peak(profile)
    return _Counts(
        asks=None if asks is None else _at_most(asks, part),
        per_s=None if peak_per_s is None else peak_per_s * part,
        users=profile.peak if profile.model is Model.CLOSED else None,
    )


def _at_most(asks: float, part: float) -> float:
    """Streams that mix for themselves may chance upon the same share; never more than all."""
    spread = _SPREAD * math.sqrt(asks * part * (1 - part))
    return min(asks, math.ceil(asks * part + spread - _NEARLY))


# --- what one ask sends -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Kind:
    """One operation of an ask, how often at most, and how far apart (0: nothing keeps it).

    Without an operation it is a result file, or (`times` is None) whatever else a scenario asks.
    """

    operation: Operation | None
    times: float | None = 1.0
    body: Json = None
    apart_s: float = 0.0
    url: str = ""
    probe: bool = False

    @property
    def name(self) -> str:
        """Of what is no operation."""
        return "?" if self.times is None else "probe" if self.url else _OUTPUT


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coming:
    """What a share of the mix will send to whom."""

    share: Share
    contract: Contract
    base_url: str
    emulated: bool
    counts: _Counts

    def line(self, kind: _Kind) -> Line:
        known, asks = kind.operation, self.counts.asks
        return Line(
            provider=self.contract.name,
            operation=known.id if known else kind.name,
            scenario=self.share.scenario,
            host=self._host(kind),
            paid=known is not None and known.spends and not kind.probe,
            most=None if asks is None or kind.times is None else asks * kind.times,
            per_s=self._per_s(kind),
            credits_each=self._price(known, kind.body) if known and not kind.probe else 0.0,
        )

    def _host(self, kind: _Kind) -> str:
        """Of a result file only its answer tells."""
        if kind.name == _OUTPUT and kind.operation is None:
            return ""
        known = kind.operation.host if kind.operation else self.contract.host
        own = host_of(kind.url or known)
        return host_of(self.base_url) or own if own in self.contract.hosts else own

    def _per_s(self, kind: _Kind) -> float | None:
        """Polls keep their distance: so many a second as there are jobs, divided by it."""
        counts = self.counts
        if kind.times is None:
            return None
        bounds = [counts.per_s * kind.times] if counts.per_s is not None else []
        if kind.apart_s:
            at_once = [n for n in (counts.asks, counts.users) if n is not None]
            bounds += [jobs / kind.apart_s for jobs in at_once]
        return min(bounds, default=None)

    def _price(self, known: Operation, body: Json) -> float | None:
        price = _dearest(known.price, body)
        return known.price.emulated if price is None and self.emulated else price


def _dearest(price: Price, body: Json) -> float | None:
    """What such a call costs; where only a table is known, its dearest row."""
    known = price.of(body)
    if known is None and price.values and not (price.per_s or price.per_chars):
        return max(price.values.values())
    return known


def _kinds(share: Share, contract: Contract, dry: Dry | None) -> Iterator[_Kind]:
    if share.scenario == "job":
        yield from _job(share, contract)
    elif share.scenario in {"read", "quota"}:
        if contract.probe:
            yield _Kind(contract.operations[contract.probe])
    elif dry is None:
        yield _Kind(None, times=None)
    else:
        for request in dry(share, contract):
            known = contract.operations.get(request.operation or "")
            probe = request.purpose is not Purpose.CALL
            yield _Kind(known, body=decode(request.body), url=request.url, probe=probe)


def _job(share: Share, contract: Contract) -> Iterator[_Kind]:
    """Create, polls, the result, and the balance after what was paid for."""
    operation = contract.operation(share.operation or contract.roles.get("example", ""))
    examples = list(operation.examples.values())
    body = share.body if share.body is not None else (examples[0] if examples else None)
    yield _Kind(operation, body=body)
    if operation.job is not None:
        read = contract.operations[operation.job.read]
        yield _Kind(read, share.max_polls, apart_s=share.poll_interval_s)
        yield _Kind(None)
    balance = contract.operations.get(contract.roles.get("balance", ""))
    if operation.spends and balance is not None:
        yield _Kind(balance)
