"""What does a load say to its reader, before, meanwhile and after? Sentences in both languages."""

from collections.abc import Iterator, Mapping

from diagnostics.cli.load_order import LoadOrder
from diagnostics.loading.deciding import level_told
from diagnostics.loading.forecast import Forecast
from diagnostics.loading.profile import Model
from diagnostics.loading.result import Ending, Load
from diagnostics.loading.tally import Tally
from diagnostics.model import TargetKind, Text, Verdict

_WHERE: Mapping[TargetKind, Text] = {
    TargetKind.EMULATOR: Text(
        en="the emulator of {title} (not the provider itself)",
        ru="эмулятор {title} (это не сам провайдер)",
    ),
    TargetKind.LIVE: Text(en="{title}, live", ru="{title}, настоящий сервис"),
}
_HEAD = Text(
    en="load {name}: {title} Up to {peak} for {duration}, against {where} at {url}",
    ru="нагрузка {name}: {title} До {peak} в течение {duration}, цель — {where}, {url}",
)
_SEED = Text(
    en="seed {seed}, client {client}, workers {workers}",
    ru="seed {seed}, клиент {client}, рабочих процессов {workers}",
)
VERDICTS: Mapping[Verdict, Text] = {
    Verdict.PASS: Text(en="pass", ru="исправно"),
    Verdict.WARN: Text(en="warn", ru="с замечаниями"),
    Verdict.FAIL: Text(en="fail", ru="сбой"),
    Verdict.INCONCLUSIVE: Text(en="inconclusive", ru="не решено"),
}
_ENDINGS: Mapping[Ending, Text] = {
    Ending.COMPLETED: Text(en="the whole profile was run", ru="профиль выполнен целиком"),
    Ending.OBJECTIVE: Text(
        en="stopped at the first objective that failed",
        ru="остановлено на первом невыдержанном показателе",
    ),
    Ending.LIMIT: Text(en="stopped at the limit", ru="остановлено на ограничении"),
    Ending.BUDGET: Text(en="stopped by the budget", ru="остановлено: бюджет исчерпан"),
    Ending.UNREACHABLE: Text(en="stopped: nobody answers", ru="остановлено: никто не отвечает"),
    Ending.WORKERS: Text(en="stopped: no worker is left", ru="остановлено: нет рабочих процессов"),
    Ending.INTERRUPTED: Text(en="interrupted", ru="прервано"),
}
_RESULT = Text(
    en="{verdict}: {requests} requests in {duration}, {rate} a second, {failed} failed",
    ru="{verdict}: запросов {requests} за {duration}, {rate} в секунду, неудачных {failed}",
)
_JOBS = Text(
    en="jobs: {created} created, {refused} refused, {done} done, {failed} failed, {lost} lost,"
    " {doubled} doubled, {stuck} stuck, {ambiguous} ambiguous",
    ru="задания: создано {created}, отклонено {refused}, готово {done}, неудачно {failed},"
    " потеряно {lost}, удвоено {doubled}, застряло {stuck}, неясно {ambiguous}",
)
_CREDITS = Text(en="credits spent: {credits:g}", ru="потрачено кредитов: {credits:g}")
_LATE = Text(
    en="the generator itself was late by {late} (p99)",
    ru="сам генератор опаздывал на {late} (p99)",
)
_UNDER_WAY = Text(en="jobs still under way: {ids}", ru="незавершённые задания: {ids}")
_REPORT = Text(en="report: {path}", ru="отчёт: {path}")

_WOULD = Text(
    en="{name} would send, at worst, in {duration}:",
    ru="{name} отправит в худшем случае за {duration}:",
)
_TOTAL = Text(
    en="in all: {requests} requests, {per_s} a second at the peak, {credits} credits",
    ru="всего: запросов {requests}, на пике {per_s} в секунду, кредитов {credits}",
)
_UNPRICED = Text(
    en="the price of {names} is not documented: only --budget bounds what they cost",
    ru="цена {names} не документирована: расход ограничивает только --budget",
)
_NOTHING_SENT = Text(en="nothing was sent", ru="ничего не отправлено")
_PLAY = Text(
    en="against the embedded emulator: its credits are play money",
    ru="цель — встроенный эмулятор: его кредиты игрушечные",
)
UNKNOWN = Text(en="unknown", ru="неизвестно")
HEADS = {
    "en": ("operation", "scenario", "host", "requests", "a second", "credits"),
    "ru": ("операция", "сценарий", "хост", "запросов", "в секунду", "кредитов"),
}
TABLE = {
    "en": ("name", "requests", "failed", "p50", "p90", "p99", "max"),
    "ru": ("имя", "запросов", "неудачно", "p50", "p90", "p99", "макс."),
}
OBJECTIVES = {"en": ("objective", "measured", ""), "ru": ("показатель", "получено", "")}


def seconds(value: float | None, language: str) -> str:
    """`1.2 ms`, `3.4 s`, `8 min`; `1,2 мс`."""
    if value is None:
        return "–"
    ms, s, minutes = _UNITS[language]
    if value < 1:
        return decimal(f"{value * 1e3:.3g} {ms}", language)
    many = value >= _MINUTES_FROM_S
    return decimal(f"{value / 60:.3g} {minutes}" if many else f"{value:.3g} {s}", language)


def decimal(written: str, language: str) -> str:
    """Russian writes 0,5."""
    return written.replace(".", ",") if language == "ru" else written


_UNITS = {"en": ("ms", "s", "min"), "ru": ("мс", "с", "мин")}


_MINUTES_FROM_S = 600.0


def headline(order: LoadOrder, language: str) -> str:
    """What begins now."""
    profile, target = order.profile, order.target
    where = _WHERE.get(target.kind, _WHERE[TargetKind.LIVE])
    unit = "/s" if profile.model is Model.OPEN else "users"
    facts = {
        "name": profile.name,
        "title": profile.title.in_language(language),
        "peak": level_told(profile.peak, unit).in_language(language),
        "duration": seconds(profile.duration_s, language),
        "where": where.fill(language, {"title": order.contract.title}),
        "url": target.base_url,
    }
    how = {"seed": order.seed, "client": order.client, "workers": order.workers}
    return f"{_HEAD.fill(language, facts)}\n{_SEED.fill(language, how)}"


def would_send(name: str, coming: Forecast, language: str, *, embedded: bool) -> Iterator[str]:
    """The lines around the table of a dry run: before, then after it."""
    yield _WOULD.fill(language, {"name": name, "duration": seconds(coming.duration_s, language)})
    facts = {
        "requests": number(coming.requests_most, language),
        "per_s": number(coming.per_s_most, language),
        "credits": number(coming.credits_most, language),
    }
    lines = [_TOTAL.fill(language, facts)]
    if coming.unpriced:
        lines.append(_UNPRICED.fill(language, {"names": ", ".join(coming.unpriced)}))
    if embedded:
        lines.append(_PLAY.in_language(language))
    yield "\n".join([*lines, _NOTHING_SENT.in_language(language)])


def number(value: float | None, language: str) -> str:
    """What nobody can know is said to be unknown."""
    return UNKNOWN.in_language(language) if value is None else f"{value:,.6g}".replace(",", " ")


def conclusion(load: Load, tally: Tally, language: str) -> Iterator[str]:
    """What it came to, in a few lines."""
    jobs, failed = tally.jobs, tally.metric("failed requests") or 0.0
    facts: dict[str, object] = {
        "verdict": VERDICTS[load.verdict].in_language(language),
        "requests": tally.requests,
        "duration": seconds(load.duration_s, language),
        "rate": decimal(f"{tally.requests / (load.duration_s or 1.0):.1f}", language),
        "failed": decimal(f"{failed:.2%}", language),
    }
    yield _RESULT.fill(language, facts)
    yield from (f"  {reason.in_language(language)}" for reason in load.because)
    yield f"  {_ENDINGS[load.ending].in_language(language)}"
    if jobs.created or jobs.ended:
        names = ("created", "refused", "done", "failed", "lost", "doubled", "stuck", "ambiguous")
        yield _JOBS.fill(language, {name: getattr(jobs, name) for name in names})
    if tally.credits:
        yield _CREDITS.fill(language, {"credits": tally.credits})
    late_s = tally.metric("lateness")
    if late_s is not None:
        yield _LATE.fill(language, {"late": seconds(late_s, language)})
    others = (note for note in load.notes if note not in load.because)
    yield from (f"  {note.in_language(language)}" for note in others)


def under_way(jobs: tuple[str, ...], language: str) -> Iterator[str]:
    """Ctrl-C: the jobs that the provider goes on with."""
    if jobs:
        yield _UNDER_WAY.fill(language, {"ids": ", ".join(jobs)})


def report_at(path: str, language: str) -> str:
    """Where the report is."""
    return _REPORT.fill(language, {"path": path})
