"""What does a load come to? From figures to one verdict, and the reasons in words.

Silence fails, and a generator that was itself the bottleneck decides nothing. Objectives are judged
over the whole load; what broke in a stretch of it counts as broken (`seeking.Breaking`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from diagnostics.loading.objectives import Judged, judge, shown
from diagnostics.loading.profile import Profile
from diagnostics.loading.result import Break, Ending, Limit, Worker
from diagnostics.loading.tally import Tally
from diagnostics.model import Text, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """Verdict, objectives, and why."""

    verdict: Verdict
    because: tuple[Text, ...]
    objectives: tuple[Judged, ...]
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A load that is over, as the verdict needs it."""

    profile: Profile
    tally: Tally
    ending: Ending
    broke: Judged | None = None
    breaking: Break | None = None
    limit: Limit | None = None
    workers: Sequence[Worker] = ()


def decide(ended: Ended) -> Decided:
    """One verdict, the deciding reason first."""
    objectives = tuple(_judged(ended))
    made = [
        *_silence(ended),
        *_bottleneck(ended),
        *_unmet(ended, objectives),
        *_unfinished(ended),
        *_unknown(ended, objectives),
    ]
    notes = tuple(_lost(ended.workers))
    if made:
        because = tuple(text for _, text in made)
        return Decided(verdict=made[0][0], because=because, objectives=objectives, notes=notes)
    verdict = Verdict.WARN if notes else Verdict.PASS
    because = (*notes, *_held(ended))
    return Decided(verdict=verdict, because=because, objectives=objectives, notes=notes)


Reason = tuple[Verdict, Text]


def _judged(ended: Ended) -> Iterator[Judged]:
    broke = ended.broke if ended.profile.until_failure else None
    served = _Served(ended.tally)
    for objective in ended.profile.objectives:
        found, without = judge(objective, ended.tally), judge(objective, served)
        if broke is not None and broke.objective == objective:
            yield broke
        elif without.ok is not None and found.ok is not without.ok:
            yield replace(found, ok=None)
        else:
            yield found


@dataclass(frozen=True, slots=True)
class _Served:
    """The same figures without the generator's own lateness: counted from when it sent."""

    tally: Tally

    def metric(self, subject: str) -> float | None:
        """As an objective asks."""
        return self.tally.served(subject)


def _silence(ended: Ended) -> Iterator[Reason]:
    if not ended.tally.requests:
        yield Verdict.FAIL, _SILENT


def _bottleneck(ended: Ended) -> Iterator[Reason]:
    told = ended.tally.bottleneck() if ended.tally.requests else None
    if told is not None and ended.ending is not Ending.UNREACHABLE:
        for lost in _lost(ended.workers):  # then what is missing was its share
            yield Verdict.INCONCLUSIVE, lost
        yield Verdict.INCONCLUSIVE, told


def _unmet(ended: Ended, objectives: Sequence[Judged]) -> Iterator[Reason]:
    if ended.ending is Ending.UNREACHABLE:
        yield Verdict.FAIL, _UNREACHABLE
    failed = [one for one in objectives if one.ok is False]
    if failed and ended.breaking is not None:
        yield Verdict.FAIL, _broke(ended.breaking)
    for one in failed:
        yield Verdict.FAIL, _failed(one, stretch=one is ended.broke)


def _unfinished(ended: Ended) -> Iterator[Reason]:
    if ended.ending is Ending.INTERRUPTED:
        yield Verdict.INCONCLUSIVE, _INTERRUPTED
    elif ended.ending is Ending.WORKERS:
        yield Verdict.INCONCLUSIVE, _NO_WORKER
    elif ended.ending is Ending.BUDGET:
        yield Verdict.INCONCLUSIVE, _BUDGET
    elif ended.profile.seeks_limit and ended.limit is None:
        yield Verdict.INCONCLUSIVE, _no_limit(ended.profile)


def _unknown(ended: Ended, objectives: Sequence[Judged]) -> Iterator[Reason]:
    for one in objectives:
        if one.ok is None and one.value is None:
            yield Verdict.INCONCLUSIVE, _unmeasured(one)
        elif one.ok is None:
            yield Verdict.INCONCLUSIVE, _late(one, ended.tally.served(one.objective.subject))


def _held(ended: Ended) -> Iterator[Text]:
    if ended.limit is not None:
        yield limit_told(ended.limit)
    yield _HELD if ended.profile.objectives else _NOTHING_ASKED


def _lost(workers: Sequence[Worker]) -> Iterator[Text]:
    for one in workers:
        if one.lost_after_s is not None:
            yield _worker_lost(one)


# --- the sentences ----------------------------------------------------------------------------

_SILENT = Text(
    en="no request was made: nothing was tested",
    ru="не отправлено ни одного запроса: ничего не проверено",
)
_UNREACHABLE = Text(
    en="for seconds on end nobody took a connection: the target has gone, and no more was sent",
    ru="несколько секунд подряд никто не принимал соединений: цель недоступна, отправка прекращена",
)
_INTERRUPTED = Text(
    en="interrupted before the profile was over",
    ru="прервано до окончания профиля",
)
_NO_WORKER = Text(
    en="no worker was left before the profile was over",
    ru="рабочих процессов не осталось до окончания профиля",
)
_BUDGET = Text(
    en="the budget was used up before the profile was over",
    ru="бюджет исчерпан до окончания профиля",
)
_HELD = Text(en="every objective held", ru="все показатели выдержаны")
_NOTHING_ASKED = Text(
    en="requests were answered; the profile asks for nothing more",
    ru="ответы получены; других показателей в профиле нет",
)


def _failed(one: Judged, *, stretch: bool) -> Text:
    """`stretch`: the figure is of the seconds in which it broke, not of the whole run."""
    value = shown(one.objective, one.value)
    return Text(
        en=f"{one.objective.text}: it was {value}" + " in the seconds when it broke" * stretch,
        ru=f"{one.objective.text}: получено {value}" + " за секунды срыва" * stretch,
    )


def _unmeasured(one: Judged) -> Text:
    return Text(
        en=f"{one.objective.text}: nothing was measured that it speaks of",
        ru=f"{one.objective.text}: для этого показателя ничего не измерено",
    )


def _late(one: Judged, served: float | None) -> Text:
    value, without = shown(one.objective, one.value), shown(one.objective, served)
    return Text(
        en=f"{one.objective.text}: it was {value}, but {without} without the time by which the"
        " generator itself was late: nobody knows whether it holds",
        ru=f"{one.objective.text}: получено {value}, а без опоздания самого генератора — {without}:"
        " выдержан ли показатель, неизвестно",
    )


def level_told(level: float, unit: str) -> Text:
    """`12.5 a second`, `40 users`; a load of any has one at least."""
    if unit == "users":
        users = max(round(level), 1 if level > 0 else 0)
        return Text(en=f"{users} user{'' if users == 1 else 's'}", ru=f"{users} польз.")
    return Text(en=f"{level:.3g} arrivals a second", ru=f"{level:.3g} обращений в секунду")


def _broke(found: Break) -> Text:
    at, held = level_told(found.level, found.unit), found.held_level
    if held is None or held >= found.level:
        return Text(
            en=f"it broke at {at.en}, {found.at_s:.0f} s after the start: {found.objective}",
            ru=f"сломалось при {at.ru}, через {found.at_s:.0f} с после начала: {found.objective}",
        )
    last = level_told(held, found.unit)
    return Text(
        en=f"it broke at {at.en}, {found.at_s:.0f} s after the start: {found.objective};"
        f" at {last.en} everything still held",
        ru=f"сломалось при {at.ru}, через {found.at_s:.0f} с после начала: {found.objective};"
        f" при {last.ru} всё ещё держалось",
    )


def limit_told(limit: Limit) -> Text:
    """Where the limit is, and its way of saying so."""
    way = f"HTTP {limit.status}" + (f", code {limit.code}" if limit.code else "")
    way_ru = f"HTTP {limit.status}" + (f", код {limit.code}" if limit.code else "")
    if limit.reset_s is None:
        told = Text(en="it does not say for how long", ru="сколько ждать, не сообщается")
    else:
        told = Text(
            en=f"it asks to wait {limit.reset_s:g} s", ru=f"просит ждать {limit.reset_s:g} с"
        )
    if limit.rate_per_s is not None:
        return Text(
            en=f"the limit of {limit.name} lets {limit.rate_per_s:.3g} calls a second through;"
            f" beyond, it answers {way}, and {told.en}",
            ru=f"ограничение {limit.name} пропускает {limit.rate_per_s:.3g} вызовов в секунду;"
            f" сверх того ответ {way_ru}, {told.ru}",
        )
    return Text(
        en=f"after {limit.accepted} calls in {limit.window_s:.0f} s {limit.name} let nothing more"
        f" through: it answers {way}, and {told.en}",
        ru=f"после {limit.accepted} вызовов за {limit.window_s:.0f} с {limit.name} больше ничего"
        f" не пропускает: ответ {way_ru}, {told.ru}",
    )


def _no_limit(profile: Profile) -> Text:
    peak = level_told(profile.peak, "/s" if profile.model.value == "open" else "users")
    return Text(
        en=f"no answer told of a limit, up to {peak.en}: it is higher, or there is none",
        ru=f"ни один ответ не сообщил об ограничении вплоть до {peak.ru}: оно выше или его нет",
    )


def _worker_lost(one: Worker) -> Text:
    return Text(
        en=f"{one.name} was lost after {one.lost_after_s:.0f} s and {one.requests} requests:"
        " what it had under way is not counted",
        ru=f"рабочий процесс {one.name} потерян через {one.lost_after_s:.0f} с,"
        f" запросов от него: {one.requests}; то, что он не успел завершить, не учтено",
    )
