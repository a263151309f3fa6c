"""Which reports try to break the reader? One hostile in every place, one without end."""

import json

from diagnostics.finding import (
    Finding,
    Judgement,
    Outcome,
    Report,
    Spending,
)
from diagnostics.model import (
    Answer,
    Blame,
    Environment,
    Exchange,
    Fault,
    FaultKind,
    Request,
    Response,
    Tape,
    Target,
    TargetKind,
    Verdict,
)
from tests.sample_tape import (
    BEGAN_S,
    MEDIA_GONE,
    SLOW_POLLS,
    answered,
    case,
    job,
    poll,
    tape,
)

HOSTILE = "<script>alert(1)</script>\"'`|\n\x1b[31m\u202egnp.exe\0</style>{{ 7*7 }}```````\ud800"


def hostile() -> Report:
    """Every place a stranger's text can reach holds something nasty, and the body is 1 MB."""
    this = case(
        TargetKind.CASSETTE,
        run_id=HOSTILE,
        target=Target(
            kind=TargetKind.CASSETTE, provider=HOSTILE, base_url=HOSTILE, recorded=HOSTILE
        ),
        environment=Environment(system=HOSTILE, libraries={HOSTILE: HOSTILE}, proxy=HOSTILE),
        started_s=float("nan"),
    )
    request = Request(
        method=HOSTILE,
        url=HOSTILE,
        headers=((HOSTILE, HOSTILE),),
        body=HOSTILE.encode("utf-8", "replace"),
        operation=HOSTILE,
        label=HOSTILE,
    )
    answer = Response(
        status=999,
        reason=HOSTILE,
        headers=((HOSTILE, HOSTILE), ("x-request-id", HOSTILE), ("Date", "never")),
        body=json.dumps(
            {"code": HOSTILE, "msg": HOSTILE * 20_000, "data": {"_id": HOSTILE}}
        ).encode(),
    )
    found = Finding(
        rule=MEDIA_GONE,
        subject=HOSTILE,
        facts={"url": HOSTILE, "status": HOSTILE},
        evidence=(0, 7, -1, 10**9),
        certainty=float("nan"),
        code=HOSTILE,
    )
    lost = Fault(kind=FaultKind.CUT_BODY, message=HOSTILE, body=b"\xff\xfe" * 500)
    steps: list[tuple[str, Request, Answer, float]] = [
        (HOSTILE, request, answer, float("inf")),
        (HOSTILE, request, lost, -5.0),
    ]
    return Report(
        tape=tape(this, steps),
        judgement=Judgement(
            verdict=Verdict.INCONCLUSIVE,
            blame=Blame.UNDECIDED,
            certainty=0.3,
            because=(found,),
            code=HOSTILE,
        ),
        outcomes=(Outcome(scenario=HOSTILE, verdict=Verdict.FAIL, findings=(found,) * 3),),
        spending=Spending(credits_spent=float("inf")),
        running_jobs=(HOSTILE,),
    )


def long(exchanges: int) -> Report:
    """A run of that many polls, one in a thousand of them lost."""
    this = case(TargetKind.LIVE)
    fine, lost = answered(job(2)), Fault(kind=FaultKind.RESET, message="reset")
    made = [
        Exchange(
            request=poll(),
            answer=lost if n % 1000 == 999 else fine,
            started_s=BEGAN_S + 5.0 * n,
            duration_s=0.1,
            scenario="job",
            position=n,
        )
        for n in range(exchanges)
    ]
    found = Finding(rule=SLOW_POLLS, subject="job", evidence=(exchanges // 2,))
    return Report(
        tape=Tape(case=this, exchanges=made),
        judgement=Judgement(
            verdict=Verdict.FAIL, blame=Blame.PROVIDER, certainty=0.8, because=(found,)
        ),
        outcomes=(Outcome(scenario="job", verdict=Verdict.FAIL, findings=(found,)),),
        spending=Spending(requests=exchanges),
    )
