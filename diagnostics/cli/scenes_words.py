"""How does a film speak on the screen? Its first line, its stages as they go, its last lines."""

from collections.abc import Iterator, Mapping, Sequence

from diagnostics.cli.run_words import VERDICTS, conclusion
from diagnostics.cli.screen import Bar, Live
from diagnostics.contract import Contract
from diagnostics.film.asking import CLIP, DOWNLOAD, FILM, SCRIPT, clip_name
from diagnostics.film.order import Film
from diagnostics.film.stages import Stage, names
from diagnostics.following.words import word
from diagnostics.jobs import identity, poll_of
from diagnostics.media import megabytes
from diagnostics.model import (
    Case,
    Exchange,
    Fault,
    Json,
    TargetKind,
    Text,
    Unsent,
    Verdict,
)
from reports.words import words

_PLAYED = Text(
    en="{title} and {partners}: the embedded emulators answer, in virtual time; the film is real, "
    "but says nothing about the providers{fault}",
    ru="{title} и {partners}: отвечают встроенные эмуляторы в виртуальном времени; фильм "
    "настоящий, но о самих провайдерах ничего не говорит{fault}",
)
_EMULATED = Text(
    en="{title} and {partners}: emulators answer at {base}, not the providers{fault}",
    ru="{title} и {partners}: отвечают эмуляторы {base}, а не провайдеры{fault}",
)
_LIVE = Text(
    en="{title} and {partners}: the live hosts are asked; budget {budget}",
    ru="{title} и {partners}: запросы идут на настоящие хосты; бюджет {budget}",
)
_FAULT = Text(en="; they play {fault}", ru="; они разыгрывают {fault}")
_NONE = Text(en="none, so nothing paid is sent", ru="не задан, платное не отправляется")

STAGES = {
    SCRIPT: Text(en="script", ru="сценарий"),
    CLIP: Text(en="scene {number}", ru="сцена {number}"),
    DOWNLOAD: Text(en="download {number}", ru="скачивание {number}"),
    FILM: Text(en="film", ru="фильм"),
}
_SECONDS = Text(en="{seconds:.1f} s", ru="{seconds:.1f} с")
_NEVER = Text(en="not reached", ru="не дошло")
_RUNNING = Text(en="running", ru="идёт")
_JOB = Text(en="job {job}", ru="задание {job}")
_FILM = Text(
    en="Film: {path} ({duration_s:.1f} s, {fps:g} fps, {width}x{height})",
    ru="Фильм: {path} ({duration_s:.1f} с, {fps:g} кадр/с, {width}x{height})",
)


def headline(case: Case, contract: Contract, fault: str | None, language: str) -> str:
    """Who answers, before anything is asked."""
    partners = ", ".join(one.title for one in contract.partners.values())
    facts: dict[str, Json] = {"title": contract.title, "partners": partners}
    facts |= {"base": case.target.base_url, "fault": ""}
    if fault:
        facts["fault"] = _FAULT.fill(language, {"fault": fault})
    if case.target.kind is TargetKind.EMULATOR:
        return (_PLAYED if case.virtual_time else _EMULATED).fill(language, facts)
    facts["budget"] = _NONE.in_language(language) if case.budget is None else f"{case.budget:g}"
    return _LIVE.fill(language, facts)


def stage_name(name: str, language: str) -> str:
    """A stage in words: `scene:2` is scene 2."""
    kind, colon, number = name.partition(":")
    return STAGES[f"{kind}{colon}"].fill(language, {"number": number})


def film_lines(
    told: Mapping[str, Json],
    passed: Sequence[Stage],
    made: Mapping[str, Json] | None,
    language: str,
) -> Iterator[str]:
    """The stages, the film, then what every run says at its end."""
    yield ""
    for stage in passed:
        verdict = VERDICTS[stage.verdict].in_language(language)
        if stage.seconds is None:
            verdict, spent = _NEVER.in_language(language), ""
        else:
            spent = _SECONDS.fill(language, {"seconds": stage.seconds})
        blamed = ""
        if stage.verdict is not Verdict.PASS and spent:
            blamed = words(language).name("blame", stage.blame.value)
        cells = f"  {stage_name(stage.name, language):<14}{verdict:<16}{spent:>10}  {blamed}"
        yield cells.rstrip()
    if made is not None:
        yield _FILM.fill(language, made)
    yield from conclusion(told, language)


class Shown:
    """A row for each stage that has begun."""

    def __init__(self, contract: Contract, film: Film, live: Live, language: str) -> None:
        self._contract, self._live, self._language = contract, live, language
        self._rows: dict[str, tuple[str, str, str, str | Bar]] = {}
        self._order = list(names(film))
        self._scenes: dict[str, str] = {}
        """Stage of a job by its id."""

    def heard(self, exchange: Exchange) -> None:
        """An answer came."""
        label = exchange.request.label
        if label in {SCRIPT, FILM} or label.startswith(DOWNLOAD):
            self._show(label, self._ended(exchange), "")
        elif label.startswith(CLIP):
            operation = self._contract.operations[self._contract.roles["clip"]]
            job = identity(self._contract, operation, exchange)
            if job is not None:
                self._scenes[job] = label
            said = _JOB.fill(self._language, {"job": job}) if job else _outcome(exchange)
            self._show(label, _RUNNING.in_language(self._language), said)
        elif label in self._scenes:
            self._polled(self._scenes[label], exchange)

    def _polled(self, stage: str, exchange: Exchange) -> None:
        job = self._contract.operations[self._contract.roles["clip"]].job
        poll = poll_of(self._contract, job, exchange) if job else None
        if poll is not None:
            said = word(poll.state) if poll.state else str(poll.value)
            stands = _RUNNING
            if poll.final:
                stands = VERDICTS[Verdict.PASS if poll.done else Verdict.FAIL]
            self._show(stage, stands.in_language(self._language), said)

    def downloading(self, name: str, done: int, total: int | None) -> None:
        """More bytes of a clip came."""
        number = next((s for s in self._order if s.startswith(DOWNLOAD) and _file(s) == name), "")
        if number:
            self._show(number, _RUNNING.in_language(self._language), bar(done, total))

    def _ended(self, exchange: Exchange) -> str:
        fine = exchange.response is not None and exchange.response.status < 300  # noqa: PLR2004  # HTTP's border of success
        return VERDICTS[Verdict.PASS if fine else Verdict.FAIL].in_language(self._language)

    def _show(self, stage: str, state: str, said: str | Bar) -> None:
        row = (stage_name(stage, self._language), state, "", said)
        if self._rows.get(stage) != row:
            self._rows[stage] = row
            self._live.update([self._rows[name] for name in self._order if name in self._rows])


def _file(stage: str) -> str:
    return clip_name(int(stage.removeprefix(DOWNLOAD)))


def _outcome(exchange: Exchange) -> str:
    answer = exchange.answer
    if isinstance(answer, Fault | Unsent):
        return answer.message
    return f"HTTP {answer.status}"


def bar(done: int, total: int | None) -> Bar | str:
    """`━━━━━━────── 40 % / 1.2 MB`; only the bytes where the end is not known."""
    return Bar(done, total, megabytes(total)) if total else megabytes(done)
