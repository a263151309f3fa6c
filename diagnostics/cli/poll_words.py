"""How does `poll` speak: a job's history, its record, what its state means and what to do?"""

import shlex
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from diagnostics.contract import Contract
from diagnostics.following.record import StatusRecord
from diagnostics.following.words import GOES_ON, Status
from diagnostics.model import Text
from diagnostics.promise import Job, Operation
from reports.words import words

MEANINGS: Mapping[Status, Text] = {
    Status.PENDING: Text(en="it waits for its turn", ru="ждёт своей очереди"),
    Status.PROCESSING: Text(en="it is being made", ru="выполняется"),
    Status.COMPLETED: Text(en="it is done", ru="готово"),
    Status.FAILED: Text(
        en="it failed; no later poll will say anything else",
        ru="провалилось; следующие опросы ничего не изменят",
    ),
    Status.NOT_FOUND: Text(
        en="the provider knows no such job; no later poll will find it",
        ru="у провайдера нет такого задания; следующие опросы его не найдут",
    ),
    Status.TIMEOUT: Text(
        en="no answer came in time: this says nothing of the job itself",
        ru="ответа не дождались: о самом задании это ничего не говорит",
    ),
    Status.CONNECTION_ERROR: Text(
        en="the provider was not reached: this says nothing of the job itself",
        ru="связаться с провайдером не удалось: о самом задании это ничего не говорит",
    ),
    Status.API_ERROR: Text(
        en="the provider answered with an error instead of a state",
        ru="вместо состояния провайдер ответил ошибкой",
    ),
    Status.UNKNOWN_ERROR: Text(
        en="the answer cannot be read as a state", ru="из ответа нельзя понять состояние"
    ),
    Status.CANCELED: Text(
        en="it was ended before it was done", ru="прекращено, не успев завершиться"
    ),
    Status.WAITING_FOR_INPUT: Text(
        en="it goes no further until a person acts", ru="не пойдёт дальше без участия человека"
    ),
    Status.UNKNOWN: Text(
        en="a state that nobody has documented; whether it is an end is not known",
        ru="состояние, которого нет в документации; окончательно ли оно, неизвестно",
    ),
}
HEADS = Text(en="FIELD VALUE", ru="ПОЛЕ ЗНАЧЕНИЕ")
LIVE_HEADS = Text(en="AT STATE MEANS FOR", ru="ВРЕМЯ СОСТОЯНИЕ ЗНАЧИТ ДЛИТСЯ")
_FAMILY = Text(
    en="{title}: job {job}, read as one of {family} ({read})",
    ru="{title}: задание {job}, вид — {family} ({read})",
)
_OTHERS = Text(
    en="if it is of another kind, say which call made it: --operation {others}",
    ru="если оно другого вида, укажите создавший его вызов: --operation {others}",
)
_NOW = Text(
    en="read {count}, elapsed {elapsed}, expected {expected}, remaining {remaining}{progress}, "
    "next poll {next}",
    ru="опрос {count}, прошло {elapsed}, обычно {expected}, осталось {remaining}{progress}, "
    "следующий опрос {next}",
)
_UNKNOWN = Text(en="unknown", ru="неизвестно")
_OVERDUE = Text(en="overdue", ru="пора бы")
_NONE = Text(en="none", ru="нет")
_MEANS = Text(en="{state}: {means}", ru="{state}: {means}")
_EXPIRES = Text(
    en="the result's address works for about {days:g} days: copy the file now",
    ru="адрес результата действует около {days:g} дн.: скопируйте файл сейчас",
)
_EXPIRES_UNKNOWN = Text(
    en="how long the result's address works is not documented: copy the file now",
    ru="сколько действует адрес результата, не документировано: скопируйте файл сейчас",
)
_FAULT = Text(en="whose fault: {blame}; {message}", ru="чья вина: {blame}; {message}")
_DO = Text(en="what to do: {remedy}", ru="что делать: {remedy}")
RESUME = Text(
    en="job {job} goes on without us; follow it again with: {command}",
    ru="задание {job} продолжает выполняться; следить дальше: {command}",
)
NO_CANCEL = Text(
    en="{title} has no call that cancels such a job: once begun it runs to its end and is paid for",
    ru="у {title} нет вызова, отменяющего такое задание: начатое идёт до конца и оплачивается",
)
CANCELED = Text(en="the provider took the cancel", ru="провайдер принял отмену")
NOT_CANCELED = Text(en="the cancel did not go through: {why}", ru="отменить не удалось: {why}")
FRESH = Text(
    en="the embedded emulator has just begun and knows no job: to follow one that is emulated, "
    "start `diagnostics emulate {name} --port 8080`, create it there, and give --target "
    "http://127.0.0.1:8080",
    ru="встроенный эмулятор только что запущен и не знает ни одного задания: чтобы следить за "
    "эмулируемым, запустите `diagnostics emulate {name} --port 8080`, создайте задание там и "
    "укажите --target http://127.0.0.1:8080",
)


def family(contract: Contract, operation: Operation, job: Job, job_id: str, language: str) -> str:
    """What kind of job it is taken for."""
    facts = {"title": contract.title, "job": job_id, "family": job.family, "read": job.read}
    return _FAMILY.fill(language, {**facts, "operation": operation.id})


def others(contract: Contract, job: Job, language: str) -> str:
    """The creates of the other kinds of jobs; empty: there are none."""
    kinds: dict[str, str] = {}
    for one in contract.operations.values():
        if one.job is not None and one.job.read != job.read:
            kinds.setdefault(one.job.read, one.id)
    return _OTHERS.fill(language, {"others": " | ".join(kinds.values())}) if kinds else ""


def resume(provider: str, job_id: str, operation: str, target: str | None) -> str:
    """The command that follows the same job again."""
    words = ["diagnostics", "poll", provider, job_id, "--operation", operation]
    return shlex.join([*words, *(["--target", target] if target else [])])


def clock_time(seconds: float) -> str:
    """Of the day, here."""
    return time.strftime("%H:%M:%S", time.localtime(seconds))


def span(seconds: float | None, language: str) -> str:
    """`75` as 1:15."""
    if seconds is None:
        return _UNKNOWN.in_language(language)
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes = f"{rest // 60:02d}" if hours else str(rest // 60)
    return f"{hours}:{minutes}:{rest % 60:02d}" if hours else f"{minutes}:{rest % 60:02d}"


def created_s(record: StatusRecord) -> float | None:
    """When the job was made, as the provider writes it: seconds, milliseconds or ISO 8601."""
    told = record.created_at
    if isinstance(told, str):
        try:
            return datetime.fromisoformat(told).timestamp()
        except (ValueError, OverflowError, OSError):
            return None
    if told is None or told < _EPOCH_S_MIN:
        return None
    return told / 1000 if told > _EPOCH_MS_MIN else float(told)


_EPOCH_S_MIN, _EPOCH_MS_MIN = 1e9, 1e11


def remaining_s(job: Job, record: StatusRecord, elapsed_s: float) -> float | None:
    """The provider's own estimate, else by progress, else by what is usual. Negative: overdue."""
    told, progress = record.estimated_time, record.progress
    if record.status not in GOES_ON:
        return None
    if isinstance(told, int | float):
        return float(told)
    if isinstance(progress, int | float) and 1 <= progress < _WHOLE and elapsed_s > 0:
        return elapsed_s * (_WHOLE - progress) / progress
    return None if job.expected_s is None else job.expected_s - elapsed_s


_WHOLE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """Where the watching stands. `next_s` None: there will be no other look."""

    elapsed_s: float
    count: int
    next_s: float | None


_OVER = Text(en="read {count}, elapsed {elapsed}", ru="опрос {count}, прошло {elapsed}")


def now_line(job: Job, record: StatusRecord, now: Now, language: str) -> str:
    """How far it is, and when it is asked about next."""
    left = remaining_s(job, record, now.elapsed_s)
    late = left is not None and left < 0
    facts = {
        "count": now.count,
        "elapsed": span(now.elapsed_s, language),
        "expected": span(job.expected_s, language),
        "remaining": _OVERDUE.in_language(language) if late else span(left, language),
        "progress": "" if record.progress is None else f" ({str(record.progress).rstrip('%')}%)",
        "next": _NONE.in_language(language) if now.next_s is None else clock_time(now.next_s),
    }
    return (_OVER if record.status not in GOES_ON else _NOW).fill(language, facts)


def means(record: StatusRecord, language: str) -> str:
    """What the state amounts to, beside the provider's own word."""
    word = record.word if record.word is not None else record.error_code or "?"
    state = (
        record.status.value if record.status.value == word else f"{record.status.value} ({word})"
    )
    facts = {"state": state, "means": MEANINGS[record.status].in_language(language)}
    return _MEANS.fill(language, facts)


def expiry(job: Job, language: str) -> str:
    """How long the result can be fetched."""
    if job.lifetime_days is None:
        return _EXPIRES_UNKNOWN.in_language(language)
    return _EXPIRES.fill(language, {"days": job.lifetime_days})


def verdict(findings: list[dict[str, str]], language: str) -> Iterator[str]:
    """Whose fault, and what to do."""
    for one in findings:
        blame = words(language).name("blame", one["blame"])
        yield _FAULT.fill(language, {**one, "blame": blame})
        yield _DO.fill(language, one)
