"""What does whoever watches a load see? Rate, errors, percentiles, jobs, credits, objectives.

In a terminal a table that is redrawn; in a pipe a plain line every few seconds.
"""

from collections.abc import Sequence
from time import monotonic

from diagnostics.cli.load_words import OBJECTIVES, TABLE, UNKNOWN, decimal, seconds
from diagnostics.cli.screen import Bar, Cells, Live, Screen
from diagnostics.loading.deciding import level_told
from diagnostics.loading.objectives import Judged, judge, shown
from diagnostics.loading.profile import Model
from diagnostics.loading.result import Load
from diagnostics.loading.runner import Running
from diagnostics.loading.tally import Tally
from diagnostics.model import Text

LINE_S = 5.0
"""Between two lines in a pipe."""
DRAW_S = 0.5
_RECENT_S = 5
_CODES_MOST = 6

_RATE = Text(en="rate", ru="частота")
_REQUESTS = Text(en="requests", ru="запросы")
_ERRORS = Text(en="errors", ru="ошибки")
_JOBS = Text(en="jobs", ru="задания")
_CREDITS = Text(en="credits", ru="кредиты")
_TIME = Text(en="time", ru="время")
_FLIGHT = Text(en="{flying} in flight, {done} done", ru="в работе {flying}, готово {done}")
_A_SECOND = Text(en="{rate} a second, planned {planned}", ru="{rate} в секунду, по плану {planned}")
_LINE = Text(
    en="{at}: {rate}/s, {requests} requests, {failed} failed, p50 {p50}, p99 {p99},"
    " jobs in flight {flying}, credits {credits:g}",
    ru="{at}: {rate}/с, запросов {requests}, неудачно {failed}, p50 {p50}, p99 {p99},"
    " заданий в работе {flying}, кредитов {credits:g}",
)
_MARKS = {True: "pass", False: "fail", None: "running"}
_MARKS_RU = {True: "исправно", False: "сбой", None: "идёт"}


class View:
    """The load on the screen. `piped`: nothing can be redrawn."""

    def __init__(self, live: Live, screen: Screen, *, piped: bool) -> None:
        self._live, self._screen, self._piped = live, screen, piped
        self._shown_s = monotonic()

    def look(self, running: Running) -> None:
        """Show how it stands, if it is time."""
        now = monotonic()
        if now - self._shown_s < (LINE_S if self._piped else DRAW_S):
            return
        self._shown_s = now
        if self._piped:
            self._screen.say(_line(running, self._screen.language))
        else:
            self._live.update(rows(running, self._screen.language))


def recent_rate(tally: Tally, seconds_most: int = _RECENT_S) -> float:
    """Answers a second, of the latest whole seconds."""
    timeline = tally.timeline
    latest = sorted(timeline.rows)[-seconds_most - 1 : -1]
    if not latest:
        return 0.0
    return sum(timeline.rows[one].requests for one in latest) / (len(latest) * timeline.width_s)


def _recently(tally: Tally, language: str) -> str:
    return decimal(f"{recent_rate(tally):.1f}", language)


def _line(running: Running, language: str) -> str:
    tally = running.tally
    return _LINE.fill(
        language,
        {
            "at": seconds(running.elapsed_s, language),
            "rate": _recently(tally, language),
            "requests": tally.requests,
            "failed": tally.failures,
            "p50": seconds(tally.metric("p50 of request"), language),
            "p99": seconds(tally.metric("p99 of request"), language),
            "flying": tally.jobs.in_flight,
            "credits": tally.credits,
        },
    )


def rows(running: Running, language: str) -> list[Cells]:
    """The live table."""
    tally, profile = running.tally, running.profile
    unit = "/s" if profile.model is Model.OPEN else "users"
    planned = level_told(profile.level(running.elapsed_s), unit).in_language(language)
    rate = _A_SECOND.fill(language, {"rate": _recently(tally, language), "planned": planned})
    jobs = tally.jobs
    flight = _FLIGHT.fill(language, {"flying": jobs.in_flight, "done": jobs.done})
    total = seconds(profile.duration_s, language)
    return [
        (_TIME.in_language(language), Bar(running.elapsed_s, profile.duration_s, total)),
        (_RATE.in_language(language), rate),
        (
            _REQUESTS.in_language(language),
            f"{tally.requests}  {_percentiles(tally, 'request', language)}",
        ),
        (_ERRORS.in_language(language), _errors(tally)),
        (_JOBS.in_language(language), f"{flight}  {_percentiles(tally, 'job.total', language)}"),
        (_CREDITS.in_language(language), f"{tally.credits:g}"),
        *[_objective(judge(one, tally), language) for one in profile.objectives],
    ]


def _percentiles(tally: Tally, series: str, language: str) -> str:
    return "  ".join(
        f"{name} {seconds(tally.metric(f'{name} of {series}'), language)}"
        for name in ("p50", "p90", "p99")
    )


def _errors(tally: Tally) -> str:
    codes: dict[str, int] = {}
    for named in tally.names.values():
        for code, count in (*named.codes.items(), *named.faults.items()):
            codes[code] = codes.get(code, 0) + count
    most = sorted(codes.items(), key=lambda one: (-one[1], one[0]))[:_CODES_MOST]
    return ", ".join(f"{code}: {count}" for code, count in most) or "0"


def _objective(judged: Judged, language: str) -> Cells:
    marks = _MARKS_RU if language == "ru" else _MARKS
    return (judged.objective.text, marks[judged.ok], shown(judged.objective, judged.value))


# --- at the end -------------------------------------------------------------------------------


def figures(screen: Screen, load: Load, tally: Tally) -> None:
    """The tables of a load that is over."""
    language = screen.language
    screen.table(TABLE[language], [_figures(tally, name, language) for name in sorted(tally.names)])
    jobs = [one for one in ("submit", "queue", "run", "fetch", "total") if _has(tally, one)]
    if jobs:
        screen.table(TABLE[language], [_stage(tally, one, language) for one in jobs])
    if load.objectives:
        screen.table(OBJECTIVES[language], [_judged(one, language) for one in load.objectives])


def _has(tally: Tally, stage: str) -> bool:
    return tally.metric(f"max of job.{stage}") is not None


def _figures(tally: Tally, name: str, language: str) -> Sequence[str]:
    named = tally.names[name]
    return (name, str(named.requests), str(named.failures), *_times(tally, name, language))


def _stage(tally: Tally, stage: str, language: str) -> Sequence[str]:
    count = getattr(tally.jobs, stage).count
    return (f"job.{stage}", str(count), "", *_times(tally, f"job.{stage}", language))


def _times(tally: Tally, series: str, language: str) -> list[str]:
    names = ("p50", "p90", "p99", "max")
    return [seconds(tally.metric(f"{one} of {series}"), language) for one in names]


def _judged(judged: Judged, language: str) -> Cells:
    marks = _MARKS_RU if language == "ru" else _MARKS
    mark = UNKNOWN.in_language(language) if judged.ok is None else marks[judged.ok]
    return (judged.objective.text, shown(judged.objective, judged.value), mark)
