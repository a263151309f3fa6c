"""What has been seen of one job so far? Keeps each answer, and shows the newest."""

from dataclasses import dataclass, field, replace

from diagnostics import answers
from diagnostics.cli import poll_words as words
from diagnostics.cli.order import Order
from diagnostics.cli.screen import Live as LiveTable
from diagnostics.cli.screen import Screen
from diagnostics.contract import Contract
from diagnostics.drive.driver import Slot
from diagnostics.following.record import StatusRecord, record
from diagnostics.following.words import GOES_ON
from diagnostics.model import Exchange, PollPolicy, Request
from diagnostics.promise import Job, Operation


@dataclass(slots=True, kw_only=True)
class Watch:
    """One job under observation: the recorder of its conversation, and its live display."""

    order: Order
    operation: Operation
    job: Job
    id: str
    policy: PollPolicy
    once: bool
    cancel: bool
    deadline_s: float | None
    screen: Screen
    resume: str
    live: LiveTable | None = None
    interrupted: bool = False
    reads: list[tuple[Exchange, StatusRecord]] = field(default_factory=list)
    tape: list[Exchange] = field(default_factory=list)
    canceled: bool | None = None

    @property
    def contract(self) -> Contract:
        """The provider."""
        return self.order.contract

    @property
    def last(self) -> StatusRecord | None:
        """What is known now."""
        return self.reads[-1][1] if self.reads else None

    @property
    def elapsed_s(self) -> float:
        """Since the job was made, as far as the provider says when; else since the first look."""
        if not self.reads:
            return 0.0
        newest = self.reads[-1][0]
        now_s = newest.started_s + newest.duration_s
        made_s = words.created_s(self.reads[-1][1])
        begun_s = self.reads[0][0].started_s
        return now_s - (made_s if made_s is not None and made_s <= begun_s else begun_s)

    def record(self, exchange: Exchange) -> Exchange:
        """Keep an answer and show it."""
        kept = replace(exchange, position=len(self.tape))
        self.tape.append(kept)
        if exchange.request.operation == self.job.read:
            self.reads.append((kept, record(self.contract, self.job, kept, self.id)))
            self._show()
        elif exchange.request.operation == self.job.cancel:
            self.canceled = answers.succeeded(self.contract, kept)
        return kept

    def intend(self, request: Request, slot: Slot, started_s: float) -> None:
        """Nothing paid is ever sent from here."""

    def _show(self) -> None:
        if self.live is not None:
            self.live.update([*(row[:4] for row in history(self)), ("", "", self._now(), "")])

    def _now(self) -> str:
        newest, told = self.reads[-1]
        ended_s = newest.started_s + newest.duration_s
        more = told.status in GOES_ON and not self.once
        now = words.Now(
            elapsed_s=self.elapsed_s,
            count=len(self.reads),
            next_s=ended_s + self.policy.interval_s if more else None,
        )
        return words.now_line(self.job, told, now, self.screen.language)


def history(watch: Watch) -> list[tuple[str, str, str, str, float]]:
    """Each state with its time, its meaning and how long it has lasted."""
    rows: list[tuple[str, str, str, str, float]] = []
    begun_s, language = 0.0, watch.screen.language
    for exchange, told in watch.reads:
        at_s = exchange.started_s + exchange.duration_s
        name = told.word or told.status.value
        if not rows or rows[-1][1] != name:
            begun_s = at_s
            meaning = words.MEANINGS[told.status].in_language(language)
            rows.append((words.clock_time(at_s), name, meaning, "", begun_s))
        elif rows:
            lasting = words.span(at_s - begun_s, language)
            rows[-1] = (*rows[-1][:3], lasting, begun_s)
    return rows
