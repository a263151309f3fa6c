"""Can a prompt be made into a film: a script, a clip for each scene, all fetched and joined?

The pipeline of seed 002. A script that is no use is replaced by the prompt itself in parts; a
scene that fails does not lose the others. Every stage is on the tape, so every stage is judged.
"""

from collections.abc import Iterable, Sequence

from diagnostics.contract import Contract
from diagnostics.film.asking import (
    FILM,
    clip_request,
    download_request,
    join_request,
    script_request,
    writer,
)
from diagnostics.film.order import Film, film_of
from diagnostics.film.script import split
from diagnostics.film.stages import Stage, stages
from diagnostics.finding import Finding
from diagnostics.jobs import at_once, follow, identity
from diagnostics.model import (
    Ask,
    Case,
    Exchange,
    Fault,
    FaultKind,
    Severity,
    Tape,
    Text,
    Together,
    Unsent,
    Verdict,
)
from diagnostics.scenario import Scenario
from scenarios._scenes_clips import clips
from scenarios._scenes_files import files, moving
from scenarios._scenes_rules import NOT_STARTED, RULES, STAGES, STOPPED
from scenarios._scenes_script import scenes_of, script
from scenarios._scenes_script_rules import NOT_ASKED

WAITS_S = (0.0, 1.0, 4.0, 10.0)
"""Before each attempt to download a clip."""
_AGAIN = frozenset(
    {
        FaultKind.CUT_BODY,
        FaultKind.RESET,
        FaultKind.READ_TIMEOUT,
        FaultKind.CONNECT_TIMEOUT,
        FaultKind.PROTOCOL,
    }
)
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})


def ask(contract: Contract, case: Case) -> Ask:
    """Script, then every scene at once, then the join of those that are there."""
    film, pen = film_of(case.film), writer(contract)
    if film is None or pen is None or _unable(contract):
        return None
    told = yield script_request(pen, film)
    prompts = scenes_of(pen, told, film).scenes or split(film.prompt, film.scenes)
    asks = (_scene(contract, case, film, n, prompt) for n, prompt in enumerate(prompts, 1))
    done = yield Together(asks=tuple(asks))
    numbers = [number for number, here in enumerate(done, 1) if here]
    if numbers:
        yield join_request(film, numbers)
    return numbers


def _scene(contract: Contract, case: Case, film: Film, number: int, prompt: str) -> Ask:
    """One scene from its start to its file; tells whether the file is there."""
    operation = contract.operations[contract.roles["clip"]]
    made = yield clip_request(contract, film, number, prompt)
    job_id = identity(contract, operation, made)
    if job_id is None:
        return False
    ended = at_once(contract, operation, made)
    url = ended.output if ended else (yield from follow(contract, operation, job_id, case.poll))
    if not isinstance(url, str) or (ended and not ended.done):
        return False
    for wait_s in WAITS_S:
        got = yield download_request(number, url, wait_s=wait_s)
        if moving(got):
            return True
        if not _worth_another(got):
            break
    return False


def _worth_another(got: Exchange) -> bool:
    answer = got.answer
    if isinstance(answer, Fault):
        return answer.kind in _AGAIN
    return not isinstance(answer, Unsent) and answer.status in _LATER


def judge(contract: Contract, tape: Tape) -> Iterable[Finding]:
    """What each stage came to, in the order of the stages."""
    film = film_of(tape.case.film)
    if film is None:
        return
    found = [
        *script(contract, tape, film),
        *clips(contract, tape, film),
        *files(contract, tape, film),
    ]
    if found and _stopped(tape, found):
        found.append(Finding(rule=STOPPED, subject="scenes", certainty=0.4))
    yield from found
    if found:
        yield _stages(stages(contract, tape, film, found))


def _stopped(tape: Tape, found: Sequence[Finding]) -> bool:
    """No film, and nothing that tells why: silence is no success."""
    told = any(one.severity is Severity.FAIL or one.rule in _KEPT_BACK for one in found)
    return not told and not any(e.request.label == FILM for e in tape)


_KEPT_BACK = (NOT_STARTED, NOT_ASKED)


def _stages(passed: Sequence[Stage]) -> Finding:
    """All stages in one table, for the reports."""
    good = sum(1 for one in passed if one.verdict in {Verdict.PASS, Verdict.WARN})
    facts = {"passed": good, "count": len(passed), "rows": [_row(one) for one in passed]}
    return Finding(rule=STAGES, subject="scenes", facts=facts)


def _row(stage: Stage) -> dict[str, str]:
    name, _, number = stage.name.partition(":")
    return {
        "stage": name,
        "number": number,
        "verdict": stage.verdict.value,
        "blame": stage.blame.value if stage.verdict in {Verdict.WARN, Verdict.FAIL} else "",
        "seconds": "" if stage.seconds is None else f"{stage.seconds:.1f}",
    }


def _unable(contract: Contract) -> bool:
    made = contract.operations.get(contract.roles.get("clip", ""))
    return made is None or made.job is None


_NO_FILM = Text(
    en='no film was ordered: diagnostics scenes "PROMPT" orders one',
    ru='фильм не заказан: его заказывает команда diagnostics scenes "ПРОМПТ"',
)
_NO_CLIPS = Text(
    en="this provider's contract names no call that makes a clip",
    ru="контракт этого провайдера не называет вызова, создающего клип",
)
_NO_WRITER = Text(
    en="no contract at hand names a language model that could write the script",
    ru="ни один из контрактов не называет языковой модели, которая написала бы сценарий",
)


def offered(contract: Contract, case: Case) -> Text | None:
    """Why there is no film to make."""
    if film_of(case.film) is None:
        return _NO_FILM
    if _unable(contract):
        return _NO_CLIPS
    return _NO_WRITER if writer(contract) is None else None


SCENARIO = Scenario(
    name="scenes",
    title=Text(en="The film of scenes", ru="Фильм из сцен"),
    order=90,
    ask=ask,
    judge=judge,
    rules=RULES,
    offered=offered,
    on_request=True,
)
