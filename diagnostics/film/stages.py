"""How far did a film come, stage by stage: what each came to, whose fault, how long it took?"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from diagnostics.contract import Contract
from diagnostics.film.asking import CLIP, DOWNLOAD, FILM, SCRIPT
from diagnostics.film.order import Film
from diagnostics.finding import Finding
from diagnostics.jobs import Story, stories
from diagnostics.model import Blame, Exchange, Severity, Tape, Unsent, Verdict

DECIDES = 0.5
"""A finding that is less sure than this decides nothing."""
STAGE = "stage"
"""The fact of a finding that names its stage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage. `seconds` None: it was never begun."""

    name: str
    verdict: Verdict
    blame: Blame
    seconds: float | None


def scene(number: int) -> str:
    """The name of the stage in which a scene's clip is generated."""
    return f"{CLIP}{number}"


def download(number: int) -> str:
    """The name of the stage in which it is fetched."""
    return f"{DOWNLOAD}{number}"


def names(film: Film) -> Iterator[str]:
    """Every stage in the order in which the first scene meets them."""
    numbers = range(1, film.scenes + 1)
    yield SCRIPT
    yield from map(scene, numbers)
    yield from map(download, numbers)
    yield FILM


def stages(
    contract: Contract, tape: Tape, film: Film, findings: Iterable[Finding]
) -> tuple[Stage, ...]:
    """What every stage came to, from the tape and what the judge found on it."""
    found = list(findings)
    done = by_stage(contract, tape)
    return tuple(_stage(name, done.get(name, []), found) for name in names(film))


def by_stage(contract: Contract, tape: Tape) -> dict[str, list[Exchange]]:
    """The exchanges of each stage, what was never sent left out."""
    found: dict[str, list[Exchange]] = {}
    for exchange in tape:
        label = exchange.request.label
        if label in {SCRIPT, FILM} or label.startswith(DOWNLOAD):
            found.setdefault(label, []).append(exchange)
    for number, story in told(contract, tape):
        polls = [poll.exchange for poll in story.polls]
        found[scene(number)] = [*story.creates, *polls, *story.failed_reads]
    return {
        name: kept
        for name, exchanges in found.items()
        if (kept := [e for e in exchanges if not isinstance(e.answer, Unsent)])
    }


def told(contract: Contract, tape: Tape) -> Iterator[tuple[int, Story]]:
    """The story of each scene's job, by its number."""
    for story in stories(contract, tape):
        label = story.creates[0].request.label if story.creates else ""
        number = label.removeprefix(CLIP)
        if label.startswith(CLIP) and number.isascii() and number.isdigit() and len(number) < 4:  # noqa: PLR2004  # digits
            yield int(number), story


def seconds(exchanges: Sequence[Exchange]) -> float | None:
    """From the first start to the last end."""
    if not exchanges:
        return None
    begun = min(e.started_s for e in exchanges)
    return max(0.0, max(e.started_s + e.duration_s for e in exchanges) - begun)


def _stage(name: str, exchanges: Sequence[Exchange], found: Sequence[Finding]) -> Stage:
    own = [f for f in found if f.facts.get(STAGE) == name]
    for severity, verdict in _VERDICTS:
        worst = [f for f in own if f.severity is severity]
        if worst:
            surest = max(worst, key=lambda f: f.certainty)
            came = verdict if surest.certainty >= DECIDES else Verdict.INCONCLUSIVE
            return Stage(name=name, verdict=came, blame=surest.blame, seconds=seconds(exchanges))
    verdict = Verdict.PASS if exchanges else Verdict.INCONCLUSIVE
    blame = Blame.NONE if exchanges else Blame.UNDECIDED
    return Stage(name=name, verdict=verdict, blame=blame, seconds=seconds(exchanges))


_VERDICTS = ((Severity.FAIL, Verdict.FAIL), (Severity.WARN, Verdict.WARN))
