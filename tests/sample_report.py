"""Which reports do the tests render? Made by hand: rich, hostile, long, healthy, never sent."""

from diagnostics.finding import (
    Ambiguous,
    Excluded,
    Finding,
    Judgement,
    Outcome,
    Report,
    Spending,
)
from diagnostics.model import (
    Answer,
    Blame,
    Fault,
    FaultKind,
    MediaFacts,
    Plan,
    Request,
    Response,
    Tape,
    Target,
    TargetKind,
    Text,
    Unsent,
    UnsentReason,
    Verdict,
)
from tests.sample_hostile import HOSTILE, hostile, long
from tests.sample_tape import (
    ANSWER_1015,
    ANSWER_LOST,
    BEGAN_S,
    BODY,
    EMULATOR,
    FACE,
    HOST,
    KEY_LENGTH,
    MEDIA_GONE,
    SLOW_POLLS,
    answered,
    call,
    case,
    contract,
    fetch,
    job,
    poll,
    tape,
)

__all__ = [
    "ANSWER_1015",
    "ANSWER_LOST",
    "BEGAN_S",
    "BODY",
    "EMULATOR",
    "EVERY",
    "FACE",
    "HOST",
    "HOSTILE",
    "KEY_LENGTH",
    "MEDIA_GONE",
    "SLOW_POLLS",
    "answered",
    "call",
    "case",
    "contract",
    "empty",
    "fetch",
    "healthy",
    "hostile",
    "incident",
    "job",
    "long",
    "lost_answer",
    "media_incident",
    "never_sent",
    "poll",
    "tape",
]


def incident(kind: TargetKind = TargetKind.LIVE) -> Report:
    """Overloaded four times; then a lost answer, a job that is followed and fails."""
    this = case(kind)
    base = EMULATOR if kind is TargetKind.EMULATOR else HOST
    busy = {"code": 1015, "msg": "create video error, please try again later"}
    steps: list[tuple[str, Request, Answer, float]] = [
        (
            "credentials",
            Request(
                method="GET", url=f"{base}/api/open/v3/faceswap/quota/info", operation="getCredit"
            ),
            answered({"code": 1000, "msg": "OK", "data": {"credit": 120}}, x_request_id="req-00"),
            0.326,
        ),
        (
            "media",
            fetch(BODY["talking_photo_url"], "talking_photo_url"),
            Response(status=200, media=FACE, size_bytes=48_213),
            0.21,
        ),
    ]
    waits_s = (0.0, 2.13, 3.9, 8.4)
    steps += [
        ("job", call(base, wait_s=wait_s), answered(busy, x_request_id=f"req-0{n}"), 0.41)
        for n, wait_s in enumerate(waits_s, 1)
    ]
    lost = Fault(kind=FaultKind.RESET, message="connection reset by peer", may_have_arrived=True)
    steps.append(("job", call(base, wait_s=16.0), answered(job(1), x_request_id="req-05"), 0.6))
    steps += [
        ("job", poll(base), answered(job(1), x_request_id=f"req-1{n}"), 0.1) for n in range(3)
    ]
    steps += [
        ("job", poll(base), answered(job(2), x_request_id=f"req-2{n}"), 0.1) for n in range(40)
    ]
    steps.append(("job", poll(base), lost, 0.3))
    steps += [("job", poll(base), answered(job(2)), 0.1) for n in range(4)]
    steps.append(
        ("job", poll(base), answered(job(4, error="render failed"), x_request_id="req-99"), 0.1)
    )
    found = Finding(
        rule=ANSWER_1015,
        subject="createTalkingPhoto",
        facts={"code": "1015", "times": 4},
        evidence=(2, 3, 4, 5),
        certainty=0.9,
        code="1015",
    )
    return Report(
        tape=tape(this, steps),
        judgement=Judgement(
            verdict=Verdict.FAIL,
            blame=Blame.PROVIDER,
            certainty=0.9,
            because=(found,),
            code="1015",
            excluded=(
                Excluded(
                    blame=Blame.MEDIA,
                    why=Text(
                        en="both input files can be fetched and are within the limits",
                        ru="оба входных файла доступны и укладываются в ограничения",
                    ),
                    evidence=(1,),
                ),
                Excluded(
                    blame=Blame.CREDENTIALS,
                    why=Text(en="the same key reads the balance", ru="тот же ключ читает баланс"),
                    evidence=(0,),
                ),
            ),
        ),
        outcomes=(
            Outcome(scenario="parameters", verdict=Verdict.PASS, requests=0),
            Outcome(
                scenario="credentials",
                verdict=Verdict.PASS,
                requests=1,
                duration_s=0.33,
                findings=(Finding(rule=KEY_LENGTH, subject="AKOOL_API_KEY", certainty=1.0),),
            ),
            Outcome(scenario="media", verdict=Verdict.PASS, requests=1, duration_s=0.21),
            Outcome(
                scenario="quota",
                verdict=Verdict.INCONCLUSIVE,
                note=Text(en="the price is not documented", ru="цена в документации не указана"),
            ),
            Outcome(
                scenario="job",
                verdict=Verdict.FAIL,
                requests=len(steps) - 2,
                duration_s=280.0,
                findings=(found, Finding(rule=SLOW_POLLS, subject="64f1a2b3c4d5", evidence=(12,))),
            ),
        ),
        spending=Spending(
            requests=len(steps),
            paid_requests=5,
            credits_spent=10.0,
            credits_before=120.0,
            credits_after=110.0,
        ),
    )


def media_incident() -> Report:
    """The founding story, on the emulator: 1015, because nobody can fetch the picture."""
    this = case(
        TargetKind.EMULATOR,
        target=Target(
            kind=TargetKind.EMULATOR,
            provider="akool",
            base_url=EMULATOR,
            media_base=f"{EMULATOR}/_media",
            fault="unreachable-media",
        ),
        plan=Plan(operation="createTalkingPhoto", body=BODY),
    )
    body = {
        "talking_photo_url": f"{EMULATOR}/_media/gone.jpg",
        "audio_url": f"{EMULATOR}/_media/speech.mp3",
    }
    gone = Response(
        status=404,
        reason="Not Found",
        media=MediaFacts(container="html", size_bytes=162, problem="it is an HTML page"),
    )
    busy = answered({"code": 1015, "msg": "create video error, please try again later"})
    found = Finding(
        rule=MEDIA_GONE,
        subject="talking_photo_url",
        facts={"url": body["talking_photo_url"], "status": 404},
        evidence=(0,),
        certainty=0.95,
        explains=frozenset({"1015"}),
    )
    steps: list[tuple[str, Request, Answer, float]] = [
        ("media", fetch(body["talking_photo_url"], "talking_photo_url"), gone, 0.02),
        *(
            ("job", call(EMULATOR, body, wait_s=wait_s), busy, 0.05)
            for wait_s in (0.0, 2.0, 4.0, 8.0, 16.0)
        ),
    ]
    return Report(
        tape=tape(this, steps),
        judgement=Judgement(
            verdict=Verdict.FAIL, blame=Blame.MEDIA, certainty=0.95, because=(found,), code="1015"
        ),
        outcomes=(
            Outcome(scenario="media", verdict=Verdict.FAIL, requests=1, findings=(found,)),
            Outcome(scenario="job", verdict=Verdict.FAIL, requests=5, duration_s=30.3),
        ),
        spending=Spending(requests=6, paid_requests=5, credits_before=1000, credits_after=1000),
    )


def lost_answer() -> Report:
    """A paid call whose answer was lost: sent once, never repeated."""
    this = case(TargetKind.LIVE)
    lost = Fault(kind=FaultKind.RESET, message="connection reset by peer", may_have_arrived=True)
    found = Finding(rule=ANSWER_LOST, subject="createTalkingPhoto", evidence=(0,), certainty=0.85)
    return Report(
        tape=tape(this, [("job", call(), lost, 1.2)]),
        judgement=Judgement(
            verdict=Verdict.FAIL, blame=Blame.NETWORK, certainty=0.85, because=(found,)
        ),
        outcomes=(Outcome(scenario="job", verdict=Verdict.FAIL, requests=1, findings=(found,)),),
        spending=Spending(requests=1, paid_requests=1, credits_spent=None, credits_before=120.0),
        ambiguous=(
            Ambiguous(
                operation="createTalkingPhoto",
                position=0,
                started_s=BEGAN_S,
                why="the connection was reset after the request was sent",
            ),
        ),
    )


def healthy() -> Report:
    """Nothing to complain about, on the emulator."""
    this = case(TargetKind.EMULATOR, plan=Plan(operation="createTalkingPhoto", body=BODY))
    steps: list[tuple[str, Request, Answer, float]] = [
        ("job", call(EMULATOR), answered(job(1)), 0.05),
        ("job", poll(EMULATOR), answered(job(2)), 0.01),
        ("job", poll(EMULATOR), answered(job(3, video="https://x.test/v.mp4")), 0.01),
    ]
    return Report(
        tape=tape(this, steps),
        judgement=Judgement(verdict=Verdict.PASS, blame=Blame.NONE, certainty=0.97),
        outcomes=(Outcome(scenario="job", verdict=Verdict.PASS, requests=3, duration_s=10.1),),
        spending=Spending(requests=3, paid_requests=1, credits_spent=10.0),
    )


def never_sent() -> Report:
    """A request that breaks the contract: only built."""
    this = case(TargetKind.DRY)
    found = Finding(rule=MEDIA_GONE, subject="talking_photo_url", evidence=(0,))
    steps: list[tuple[str, Request, Answer, float]] = [
        ("parameters", call(), Unsent(reason=UnsentReason.DRY), 0.0)
    ]
    return Report(
        tape=tape(this, steps),
        judgement=Judgement(
            verdict=Verdict.FAIL, blame=Blame.PARAMETERS, certainty=1.0, because=(found,)
        ),
        outcomes=(Outcome(scenario="parameters", verdict=Verdict.FAIL, findings=(found,)),),
        spending=Spending(),
    )


def empty() -> Report:
    """A run that executed nothing."""
    return Report(
        tape=Tape(case=case(TargetKind.IMPORTED, plan=None, auth_headers=(), keys=())),
        judgement=Judgement(verdict=Verdict.INCONCLUSIVE, blame=Blame.UNDECIDED, certainty=0.0),
        outcomes=(),
        spending=Spending(credits_spent=None),
        interrupted=True,
        running_jobs=("64f1a2b3c4d5",),
    )


EVERY = {
    "incident": incident,
    "media": media_incident,
    "lost-answer": lost_answer,
    "healthy": healthy,
    "never-sent": never_sent,
    "empty": empty,
    "hostile": hostile,
}
"""Sample reports by name."""
