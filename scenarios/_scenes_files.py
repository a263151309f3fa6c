"""Are the clips here and is the film what was ordered? The last stages of `scenes.py`."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from diagnostics.contract import Contract, decode
from diagnostics.film.asking import DOWNLOAD, FILM, FINAL, clip_name
from diagnostics.film.order import Film, length_s
from diagnostics.film.stages import STAGE, download, seconds
from diagnostics.finding import Finding, Rule
from diagnostics.media import megabytes
from diagnostics.model import Exchange, Fault, FaultKind, MediaFacts, Tape, Unsent
from scenarios._scenes_rules import (
    CUT,
    DISK_FULL,
    DOWNLOADED,
    EXPIRED,
    FILM_MADE,
    FILM_UNFIT,
    HOST_REFUSED,
    JOIN_FAILED,
    LOCAL,
    MEMORY_SHORT,
    MIXED,
    NOT_VIDEO,
    OTHER_LENGTH,
    PARTIAL,
    RESUMED,
    SILENT,
    UNREACHABLE,
)

LENGTH_SLACK_S = 0.15
"""A film may differ by the last sound frame and a picture or two."""
RATE_SLACK = 0.05
_GONE = frozenset({403, 404, 410})
_FAR = frozenset(
    {
        FaultKind.DNS,
        FaultKind.REFUSED,
        FaultKind.CONNECT,
        FaultKind.CONNECT_TIMEOUT,
        FaultKind.TLS,
        FaultKind.PROXY,
        FaultKind.BAD_REQUEST,
    }
)


def files(contract: Contract, tape: Tape, film: Film) -> Iterator[Finding]:
    """What each download came to, how the clips compare, what the film is."""
    fetched: dict[int, list[Exchange]] = defaultdict(list)
    for exchange in tape:
        _, _, named = exchange.request.label.partition(DOWNLOAD)
        if named.isascii() and named.isdigit():
            fetched[int(named[:3])].append(exchange)
    whole: dict[int, MediaFacts] = {}
    for number, attempts in sorted(fetched.items()):
        media = moving(attempts[-1])
        if media is None:
            yield _missing(contract, number, attempts)
        else:
            whole[number] = media
            yield from _here(number, attempts, media, film)
    yield from _compared(whole, film)
    yield from _joined(tape, film, whole)


def moving(got: Exchange) -> MediaFacts | None:
    """The facts of a whole file with a picture that moves; None for anything else."""
    media = got.response.media if got.response else None
    fit = media is not None and media.width and media.video_codec and media.complete
    return media if fit and media and not media.problem else None


# --- downloads --------------------------------------------------------------------------------


def _here(
    number: int, attempts: list[Exchange], media: MediaFacts, film: Film
) -> Iterator[Finding]:
    if len(attempts) > 1:
        yield _about(RESUMED, download(number), attempts, number=number, count=len(attempts) - 1)
    size = megabytes(media.size_bytes)
    yield _about(
        DOWNLOADED, download(number), attempts, number=number, size=size, seconds=seconds(attempts)
    )
    length = media.duration_s
    if length is not None and abs(length - film.duration_s) > 2 * LENGTH_SLACK_S:
        facts = {"number": number, "found": length, "wanted": film.duration_s}
        yield _about(OTHER_LENGTH, download(number), attempts, **facts)


def _missing(contract: Contract, number: int, attempts: list[Exchange]) -> Finding:
    last, stage = attempts[-1], download(number)
    answer = last.answer
    facts: dict[str, object] = {"number": number, "count": len(attempts)}
    if isinstance(answer, Unsent):
        return _about(CUT, stage, attempts, detail=answer.message or answer.reason.value, **facts)
    if isinstance(answer, Fault):
        if answer.kind is FaultKind.LOCAL:
            return _local(stage, attempts, answer, clip_name(number))
        rule = UNREACHABLE if answer.kind in _FAR else CUT
        host = _host(last.request.url)
        return _about(rule, stage, attempts, detail=answer.message, host=host, **facts)
    if answer.media is not None:
        detail = answer.media.problem or answer.media.container
        return _about(NOT_VIDEO, stage, attempts, detail=detail, **facts)
    rule = EXPIRED if answer.status in _GONE else HOST_REFUSED
    facts |= {"code": str(answer.status), **_lifetime(contract)}
    return replace(_about(rule, stage, attempts, **facts), code=str(answer.status))


def _local(stage: str, attempts: list[Exchange], fault: Fault, file: str) -> Finding:
    """The fault's message begins with the name of the error number."""
    code = fault.message.partition(":")[0]
    rule = {"ENOSPC": DISK_FULL, "EDQUOT": DISK_FULL, "ENOMEM": MEMORY_SHORT}.get(code, LOCAL)
    return _about(rule, stage, attempts, file=file, detail=fault.message)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "?"
    except ValueError:
        return "?"


def _lifetime(contract: Contract) -> dict[str, str]:
    made = contract.operations.get(contract.roles.get("clip", ""))
    days = made.job.lifetime_days if made and made.job else None
    if days is None:
        return {"lifetime_en": "", "lifetime_ru": ""}
    if days < 1:
        return {
            "lifetime_en": f"; this provider keeps results {days * 24:g} h",
            "lifetime_ru": f"; провайдер хранит результаты {days * 24:g} ч",
        }
    return {
        "lifetime_en": f"; this provider keeps results {days:g} days",
        "lifetime_ru": f"; провайдер хранит результаты {days:g} дн.",
    }


# --- the film ---------------------------------------------------------------------------------


def _compared(whole: dict[int, MediaFacts], film: Film) -> Iterator[Finding]:
    kinds = {f"{m.width}x{m.height}, {m.fps or 0:g} fps" for m in whole.values()}
    if len(kinds) > 1:
        size = f"{film.width}x{film.height}"
        yield _about(MIXED, FILM, [], detail="; ".join(sorted(kinds)), size=size, fps=film.fps)
    if any(media.has_audio for media in whole.values()):
        for number, media in whole.items():
            if not media.has_audio:
                yield _about(SILENT, FILM, [], number=number)


def _joined(tape: Tape, film: Film, whole: dict[int, MediaFacts]) -> Iterator[Finding]:
    joins = [e for e in tape if e.request.label == FILM]
    if not joins:
        return
    answer = joins[-1].answer
    if isinstance(answer, Fault):
        if answer.kind is FaultKind.LOCAL:
            yield _local(FILM, joins, answer, FINAL)
        else:
            yield _about(JOIN_FAILED, FILM, joins, detail=answer.message)
        return
    made = moving(joins[-1])
    if isinstance(answer, Unsent) or made is None:
        yield _about(JOIN_FAILED, FILM, joins, detail=getattr(answer, "message", "no picture"))
        return
    used = _used(joins[-1], whole)
    yield from _unfit(joins, film, made, used)
    yield from _partial(joins, film, used)
    yield _made(joins, made)


def _used(joined: Exchange, whole: dict[int, MediaFacts]) -> dict[int, MediaFacts]:
    """The clips that the film was asked to be made of."""
    told = decode(joined.request.body)
    names = told.get("clips") if isinstance(told, dict) else None
    listed = names if isinstance(names, list) else []
    return {number: media for number, media in whole.items() if clip_name(number) in listed}


def _unfit(
    joins: list[Exchange], film: Film, made: MediaFacts, used: dict[int, MediaFacts]
) -> Iterator[Finding]:
    lengths = tuple(media.duration_s or 0.0 for media in used.values())
    wanted_s = length_s(lengths, film.cross_fade_s)
    found_s, rate = made.duration_s or 0.0, made.fps or 0.0
    size, wanted = f"{made.width}x{made.height}", f"{film.width}x{film.height}"
    slack_s = LENGTH_SLACK_S + 0.03 * len(lengths)  # containers count a last frame of sound
    loud = any(media.has_audio for media in used.values())
    checks = (
        (lengths and abs(found_s - wanted_s) > slack_s, "length", "длина",
         f"{found_s:.2f} s", f"{wanted_s:.2f} s"),
        (abs(rate - film.fps) > RATE_SLACK, "frame rate", "частота кадров",
         f"{rate:g}", f"{film.fps:g}"),
        (size != wanted, "size", "размер", size, wanted),
        (loud and not made.has_audio, "sound", "звук", "0", "1"),
    )  # fmt: skip
    for wrong, en, ru, found, due in checks:
        if wrong:
            facts = {"what_en": en, "what_ru": ru, "found": found, "wanted": due}
            yield _about(FILM_UNFIT, FILM, joins, **facts)


def _partial(joins: list[Exchange], film: Film, used: dict[int, MediaFacts]) -> Iterator[Finding]:
    missing = [str(n) for n in range(1, film.scenes + 1) if n not in used]
    if missing:
        facts = {"have": len(used), "count": film.scenes, "missing": ", ".join(missing)}
        yield _about(PARTIAL, FILM, joins, **facts)


def _made(joins: list[Exchange], made: MediaFacts) -> Finding:
    return _about(
        FILM_MADE,
        FILM,
        joins,
        length=made.duration_s or 0.0,
        fps=made.fps or 0.0,
        size=f"{made.width}x{made.height}",
        sound_en="yes" if made.has_audio else "no",
        sound_ru="есть" if made.has_audio else "нет",
        seconds=seconds(joins),
    )


def _about(rule: Rule, stage: str, exchanges: list[Exchange], **facts: object) -> Finding:
    return Finding(
        rule=rule,
        subject=stage,
        facts={STAGE: stage, **facts},
        evidence=tuple(exchange.position for exchange in exchanges[-5:]),
    )
