"""How did the caller behave around its jobs: on any tape, whoever made it, in one pass?

Polls after the end, too fast, or without a bound; repeats of a paid create; no pause after a 429.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise
from statistics import median

from diagnostics import answers
from diagnostics.contract import Contract
from diagnostics.drive.policy import ambiguous, asked_to_wait_s
from diagnostics.finding import Finding, Rule
from diagnostics.jobs import Poll, Story
from diagnostics.model import (
    Blame,
    Exchange,
    Fault,
    Purpose,
    Request,
    Retry,
    Severity,
    Tape,
    TargetKind,
    Unsent,
)
from diagnostics.promise import Operation
from scenarios._job_behaviour_rules import (
    POLLS_FAST,
    POLLS_ON,
    POLLS_THROTTLED,
    POLLS_UNBOUND,
    REPEATS_PAID,
    STORM,
)

FAST_S = 1.0
"""Faster than this is fast, where nobody advises an interval (our estimate)."""
FAST_SHARE = 0.75
READS_MIN = 4
CHAIN_S = 120.0
"""A read that comes later than this after the one before it is a look, and no loop."""
LOOP_MIN = 3
"""So many reads after the end are a loop; fewer may be another window."""
BOUND_SHARE = 1.5
SAME_MOST = 300
SOON_S = 1.0
STORM_MIN = 3
FINDINGS_MOST = 20
"""Of one kind on one tape: the twenty-first stuck loop says nothing new."""
_GONE = frozenset({404, 410})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """One read of a job's state, whatever it brought."""

    exchange: Exchange
    poll: Poll | None = None

    @property
    def started_s(self) -> float:
        return self.exchange.started_s

    @property
    def ended_s(self) -> float:
        return self.exchange.started_s + self.exchange.duration_s


def findings(contract: Contract, tape: Tape, stories: Sequence[Story]) -> Iterator[Finding]:
    """What the caller did that no provider can mend."""
    reads = [(story, _reads(story)) for story in stories]
    timed = _timed(tape)
    for judged in (_after_end, _pace, _bound) if timed else (_after_end, _bound):
        told = (judged(contract, story, read) for story, read in reads if read)
        yield from islice((found for found in told if found is not None), FINDINGS_MOST)
    yield from islice(_repeats(contract, tape), FINDINGS_MOST)
    if timed:
        yield from islice(_storms(contract, tape), FINDINGS_MOST)


def _timed(tape: Tape) -> bool:
    """A text that quotes answers tells no times: of what has none, no pace is known."""
    imported = tape.case.target.kind is TargetKind.IMPORTED
    return not imported or all(exchange.started_s for exchange in tape)


def _reads(story: Story) -> list[_Read]:
    told = [_Read(exchange=poll.exchange, poll=poll) for poll in story.polls]
    told += [_Read(exchange=exchange) for exchange in story.failed_reads]
    sent = [read for read in told if not isinstance(read.exchange.answer, Unsent)]
    return sorted(sent, key=lambda read: (read.started_s, read.exchange.position))


# --- polls ------------------------------------------------------------------------------------


def _after_end(contract: Contract, story: Story, reads: Sequence[_Read]) -> Finding | None:
    """A loop that did not notice the end. One late look, for a fresh link say, is none."""
    at = next((n for n, read in enumerate(reads) if _is_end(contract, story, read)), None)
    if at is None:
        return None
    after: list[_Read] = []
    for before, read in pairwise(reads[at:]):
        if read.started_s - before.started_s > CHAIN_S:
            break
        if read.started_s >= reads[at].ended_s:  # one that was under way knew nothing of the end
            after.append(read)
    end = reads[at]
    done = end.poll is not None and end.poll.done
    if len(after) < (LOOP_MIN if done else 1):
        return None
    name = end.poll.value if end.poll else _status(end.exchange)
    found = _about(POLLS_ON, story.id, [end, *after], end=name, count=len(after))
    return replace(found, severity=Severity.FAIL) if len(after) >= LOOP_MIN else found


def _is_end(contract: Contract, story: Story, read: _Read) -> bool:
    if read.poll is not None:
        return read.poll.settled and not read.poll.older_s
    response = read.exchange.response
    if response is None:
        return False
    reading = contract.read(response, story.job.read)
    known = contract.errors.get(reading.code or "")
    if known is not None:
        return known.retry in {Retry.NEVER, Retry.AFTER_FIX}
    return response.status in _GONE


def _status(exchange: Exchange) -> str:
    return f"HTTP {exchange.response.status}" if exchange.response else "no answer"


def _pace(contract: Contract, story: Story, reads: Sequence[_Read]) -> Finding | None:
    """Faster than advised: advice; and throttled for it: a fault."""
    first = [read for read in reads if read.exchange.attempt == 1]
    if len(first) < READS_MIN:
        return None
    seconds = median(later.started_s - sooner.started_s for sooner, later in pairwise(first))
    advised = story.job.advised_interval_s or FAST_S
    if seconds >= advised * FAST_SHARE:
        return None
    limited = [read for read in reads if read.poll is None and _throttled(contract, read.exchange)]
    facts = {"seconds": seconds, "count": len(first), "advised": advised, "limited": len(limited)}
    return _about(POLLS_THROTTLED if limited else POLLS_FAST, story.id, limited or first, **facts)


def _bound(_contract: Contract, story: Story, reads: Sequence[_Read]) -> Finding | None:
    """Polled on past any time that a job can take, or hundreds of times without a change."""
    last = story.last
    if last is not None and last.final:
        return None
    begun_s = story.creates[-1].started_s if story.creates else reads[0].started_s
    seconds, most_s = reads[-1].started_s - begun_s, story.job.most_s
    said = _said(reads[-1])
    same = next((n for n, read in enumerate(reversed(reads)) if _said(read) != said), len(reads))
    overdue = most_s is not None and seconds > most_s * BOUND_SHARE and len(reads) >= READS_MIN
    if not overdue and same < SAME_MOST:
        return None
    most = f"{most_s:g}" if most_s else ""
    facts = {
        "seconds": seconds,
        "count": len(reads),
        "same": same,
        "state": said,
        "most_en": f", though no job takes longer than {most} s" if most else "",
        "most_ru": f", хотя дольше {most} с задание не длится" if most else "",
    }
    found = _about(POLLS_UNBOUND, story.id, [reads[0], reads[-1]], **facts)
    return replace(found, certainty=0.7)


def _said(read: _Read) -> str:
    return str(read.poll.value) if read.poll is not None else _status(read.exchange)


# --- repeats ----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Chain:
    """The same request again and again."""

    last: Exchange
    soon: list[Exchange] = field(default_factory=list)
    gap: float = 0.0
    asked: float | None = None


def _sent(tape: Tape) -> Iterator[Exchange]:
    for exchange in tape:
        if exchange.request.purpose is Purpose.CALL and not isinstance(exchange.answer, Unsent):
            yield exchange


def _key(request: Request) -> tuple[str, str, str, bytes]:
    return request.provider, request.method, request.url, request.body


def _repeats(contract: Contract, tape: Tape) -> Iterator[Finding]:
    """A paid call that may have been carried out, and was sent again without a look."""
    unsure: dict[tuple[str, str, str, bytes], _Chain] = {}
    looked_s = float("-inf")
    lookups = {op.job.lookup for op in contract.operations.values() if op.job} - {""}
    for exchange in _sent(tape):
        operation = _meant(contract, exchange.request)
        if operation is None:
            continue
        if operation.id in lookups and answers.succeeded(contract, exchange):
            looked_s = max(looked_s, exchange.started_s)
        if not operation.spends:
            continue
        key = _key(exchange.request)
        chain = unsure.get(key)
        if chain is not None and _blindly(chain.last, exchange, looked_s):
            chain.gap = chain.gap or exchange.started_s - chain.last.started_s
            chain.soon.append(exchange)
        paid = replace(exchange, request=replace(exchange.request, spends=True))
        if chain is None and ambiguous(contract, paid):
            unsure[key] = _Chain(exchange)
    for chain in unsure.values():
        if chain.soon:
            yield _repeated(contract, chain)


def _repeated(contract: Contract, chain: _Chain) -> Finding:
    answer, operation = chain.last.answer, _meant(contract, chain.last.request)
    return _about(
        REPEATS_PAID,
        operation.id if operation else chain.last.request.url.partition("?")[0],
        [_Read(exchange=one) for one in (chain.last, *chain.soon)],
        seconds=chain.gap,
        count=len(chain.soon),
        detail=answer.message if isinstance(answer, Fault) else _status(chain.last),
    )


def _meant(contract: Contract, request: Request) -> Operation | None:
    contract = contract.of(request.provider)
    if request.operation is not None:
        return contract.operations.get(request.operation)
    return contract.match(request.method, request.url)


def _blindly(before: Exchange, again: Exchange, looked_s: float) -> bool:
    """Nobody had looked the first one up, nor could the provider tell the second from it."""
    return looked_s < before.started_s and not _idempotent(before, again)


def _idempotent(one: Exchange, other: Exchange) -> bool:
    """Both carry the same idempotency key: the provider can tell the repeat."""
    keys = [_idempotency(exchange.request) for exchange in (one, other)]
    return bool(keys[0]) and keys[0] == keys[1]


def _idempotency(request: Request) -> str:
    named = (value for name, value in request.headers if name.lower() == "idempotency-key")
    return next(named, "")


def _storms(contract: Contract, tape: Tape) -> Iterator[Finding]:
    """Sent again at once after a 429, or sooner than the answer asked."""
    chains: dict[tuple[str, str, str, bytes], _Chain] = {}
    for exchange in _sent(tape):
        key = _key(exchange.request)
        chain = chains.setdefault(key, _Chain(exchange))
        if chain.last is not exchange and _throttled(contract, chain.last):
            _too_soon(contract, chain, exchange)
        chain.last = exchange
    for chain in chains.values():
        if len(chain.soon) >= STORM_MIN or (chain.soon and chain.asked):
            yield _storm(chain)


def _too_soon(contract: Contract, chain: _Chain, exchange: Exchange) -> None:
    before = chain.last
    ended_s = before.started_s + before.duration_s
    gap = max(0.0, exchange.started_s - ended_s)
    known = contract.of(before.request.provider)
    asked = asked_to_wait_s(known, before.answer, ended_s)
    disobeyed = asked is not None and gap < asked - SOON_S
    if gap < SOON_S or disobeyed:
        chain.gap = min(chain.gap, gap) if chain.soon else gap
        chain.asked = asked if disobeyed else chain.asked
        chain.soon.append(exchange)


def _storm(chain: _Chain) -> Finding:
    asked = f"{chain.asked:g}" if chain.asked else ""
    facts = {
        "count": len(chain.soon),
        "gap": chain.gap,
        "asked_en": f"; it had asked for {asked} s" if asked else "",
        "asked_ru": f"; просили подождать {asked} с" if asked else "",
    }
    reads = [_Read(exchange=one) for one in chain.soon]
    found = _about(STORM, answers.subject(chain.last), reads, **facts)
    few = len(chain.soon) < STORM_MIN
    return replace(found, severity=Severity.WARN) if few else found


def _throttled(contract: Contract, exchange: Exchange) -> bool:
    response = exchange.response
    if response is None:
        return False
    if response.status == 429:  # noqa: PLR2004  # HTTP: too many requests
        return True
    known = contract.of(exchange.request.provider)
    reading = known.read(response, exchange.request.operation)
    code = known.errors.get(reading.code or "") if not reading.ok else None
    return code is not None and code.blame is Blame.RATE_LIMIT


def _about(rule: Rule, subject: str | None, reads: Iterable[_Read], **facts: object) -> Finding:
    evidence = tuple(read.exchange.position for read in islice(reads, FINDINGS_MOST))
    return Finding(
        rule=rule, subject=subject or "?", facts=facts, evidence=evidence, certainty=0.85
    )
