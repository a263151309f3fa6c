"""Which reports do the tests render? Made by hand: rich, hostile, long, healthy, never sent."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

from diagnostics.contract import Contract
from diagnostics.finding import (
    Ambiguous,
    Excluded,
    Finding,
    Judgement,
    Outcome,
    Report,
    Rule,
    Spending,
)
from diagnostics.model import (
    Answer,
    Blame,
    Case,
    Environment,
    Exchange,
    Fault,
    FaultKind,
    Json,
    KeyFacts,
    MediaFacts,
    Plan,
    Purpose,
    Request,
    Response,
    Retry,
    Severity,
    Tape,
    Target,
    TargetKind,
    Text,
    Unsent,
    UnsentReason,
    Verdict,
    Wire,
)
from diagnostics.promise import (
    Envelope,
    ErrorCode,
    Job,
    Meaning,
    Operation,
    Price,
    Scheme,
    Source,
    State,
    StateKind,
)

BEGAN_S = 1_795_222_923.456
HOST = "https://openapi.akool.com"
EMULATOR = "http://akool.emulator.test"
CREATE = "/api/open/v3/content/video/createbytalkingphoto"
READ = "/api/open/v3/content/video/infobymodelid"
BODY = {
    "talking_photo_url": "https://files.example.com/face.jpg",
    "audio_url": "https://files.example.com/it's $HOME.mp3",
}

_STATES = {
    "1": State(value="1", name="queueing", kind=StateKind.PENDING),
    "2": State(value="2", name="processing", kind=StateKind.RUNNING),
    "3": State(value="3", name="completed", kind=StateKind.DONE),
    "4": State(value="4", name="failed", kind=StateKind.FAILED),
}
_JOB = Job(
    family="video",
    id=("data._id",),
    read="getVideo",
    read_in="query",
    read_name="video_model_id",
    status=("data.video_status",),
    states=_STATES,
    output=("data.video",),
)
_PAGE = Source(page="talking-photo.md")


def contract() -> Contract:
    """As much of AKOOL as a report looks at."""
    operations = (
        Operation(
            id="createTalkingPhoto",
            method="POST",
            host=HOST,
            path=CREATE,
            title="Talking photo",
            source=_PAGE,
            job=_JOB,
            price=Price(amount=10.0),
        ),
        Operation(
            id="getVideo",
            method="GET",
            host=HOST,
            path=READ,
            title="Video info",
            source=_PAGE,
            price=Price(free=True),
        ),
        Operation(
            id="getCredit",
            method="GET",
            host=HOST,
            path="/api/open/v3/faceswap/quota/info",
            title="Balance",
            source=_PAGE,
            price=Price(free=True),
        ),
    )
    overloaded = ErrorCode(
        code="1015",
        meanings=(
            Meaning(text="create video error, please try again later"),
            Meaning(text="Create video error"),
        ),
        blame=Blame.PROVIDER,
        retry=Retry.BACKOFF,
        remedy=Text(
            en="Try again in some minutes, with growing pauses.",
            ru="Повторите через несколько минут, увеличивая паузы.",
        ),
        source=_PAGE,
    )
    return Contract(
        name="akool",
        title="AKOOL",
        host=HOST,
        hosts=("openapi.akool.com",),
        support={"email": "support@akool.com"},
        envelopes={
            "default": Envelope(name="default", code="code", success=(1000,), message="msg")
        },
        schemes=(
            Scheme(name="key", header="x-api-key", variables=("AKOOL_API_KEY",)),
            Scheme(
                name="token",
                header="Authorization",
                prefix="Bearer ",
                variables=("AKOOL_CLIENT_ID", "AKOOL_CLIENT_SECRET"),
                token_operation="getToken",
            ),
        ),
        operations={operation.id: operation for operation in operations},
        errors={"1015": overloaded},
        limits={},
        roles={"balance": "getCredit", "example": "createTalkingPhoto"},
        identifiers={"request": ("x-request-id",), "job": ("data._id",)},
        version="2026-01-27",
    )


ANSWER_1015 = Rule(
    code="answer-business-code",
    severity=Severity.FAIL,
    blame=Blame.PROVIDER,
    says=Text(
        en="{subject} answered {code} {times} times in a row",
        ru="{subject}: ответ {code}, подряд раз: {times}",
    ),
    remedy=Text(
        en="Try again in some minutes, with growing pauses.",
        ru="Повторите через несколько минут, увеличивая паузы.",
    ),
)
MEDIA_GONE = Rule(
    code="media-unreachable",
    severity=Severity.FAIL,
    blame=Blame.MEDIA,
    says=Text(
        en="{subject}: nobody can fetch {url} (HTTP {status})",
        ru="{subject}: файл {url} недоступен (HTTP {status})",
    ),
    remedy=Text(
        en="Put the file where anybody may fetch it without a login, then call again.",
        ru="Выложите файл туда, откуда его можно скачать без авторизации, и повторите вызов.",
    ),
)
ANSWER_LOST = Rule(
    code="answer-lost",
    severity=Severity.FAIL,
    blame=Blame.NETWORK,
    says=Text(
        en="{subject}: the connection broke off before the answer came",
        ru="{subject}: соединение оборвалось, ответ не пришёл",
    ),
    remedy=Text(
        en="Look for the job at the provider before you call again.",
        ru="Прежде чем повторять вызов, поищите задание у провайдера.",
    ),
)
SLOW_POLLS = Rule(
    code="job-slow",
    severity=Severity.WARN,
    blame=Blame.PROVIDER,
    says=Text(
        en="the job stayed in state 2 for 4 minutes", ru="задание 4 минуты оставалось в состоянии 2"
    ),
    remedy=Text(
        en="Allow at least ten minutes for a job.", ru="Отводите заданию не меньше десяти минут."
    ),
)
KEY_LENGTH = Rule(
    code="key-length",
    severity=Severity.INFO,
    blame=Blame.CREDENTIALS,
    says=Text(
        en="AKOOL_API_KEY has 22 characters and no oddities",
        ru="AKOOL_API_KEY: 22 символа, странностей нет",
    ),
    remedy=Text(en="", ru=""),
)


def case(kind: TargetKind = TargetKind.LIVE, **changes: Json) -> Case:
    """A case of a run against `kind`."""
    emulated = kind is TargetKind.EMULATOR
    made = Case(
        run_id="20261121-010203-abcd",
        target=Target(
            kind=kind,
            provider="akool",
            base_url=EMULATOR if emulated else HOST,
            recorded="2025-09-13" if kind is TargetKind.CASSETTE else None,
        ),
        plan=Plan(operation="createTalkingPhoto", body=BODY, file="call.json"),
        keys=(
            KeyFacts(name="AKOOL_API_KEY", present=True, length=22),
            KeyFacts(name="AKOOL_CLIENT_ID", present=False),
        ),
        auth_headers=("x-api-key",),
        environment=Environment(
            harness="0.1.0",
            python="3.11.7",
            system="Linux 6.1 x86_64",
            libraries={"httpx": "0.28.1", "h11": "0.16.0"},
            proxy=None,
            timezone="+03:00",
        ),
        started_s=BEGAN_S,
        virtual_time=emulated,
        budget=None if emulated else 50.0,
        scenarios=("parameters", "credentials", "media", "job"),
    )
    return replace(made, **changes)


def answered(body: Json, status: int = 200, **headers: str) -> Response:
    """A JSON answer."""
    return Response(
        status=status,
        reason="OK" if status < 400 else "Not Found",
        headers=(
            ("Content-Type", "application/json"),
            ("Date", "Sat, 21 Nov 2026 01:02:04 GMT"),
            *((name.replace("_", "-"), value) for name, value in headers.items()),
        ),
        body=json.dumps(body, ensure_ascii=False).encode(),
    )


def call(base: str = HOST, body: Mapping[str, Json] = BODY, wait_s: float = 0.0) -> Request:
    """The planned call."""
    return Request(
        method="POST",
        url=base + CREATE,
        headers=(("Content-Type", "application/json"),),
        body=json.dumps(body, ensure_ascii=False).encode(),
        operation="createTalkingPhoto",
        spends=True,
        credits=10.0,
        wait_s=wait_s,
    )


def poll(base: str = HOST, wait_s: float = 5.0) -> Request:
    """One look at the job."""
    return Request(
        method="GET",
        url=f"{base}{READ}?video_model_id=64f1a2b3c4d5",
        operation="getVideo",
        wait_s=wait_s,
    )


def fetch(url: str, label: str) -> Request:
    """An input file, fetched as the provider would."""
    return Request(method="GET", url=url, purpose=Purpose.MEDIA, authenticated=False, label=label)


def tape(this: Case, steps: Iterable[tuple[str, Request, Answer, float]]) -> Tape:
    """Exchanges one after the other; each step: scenario, request, answer, how long it took."""
    exchanges: list[Exchange] = []
    now_s = this.started_s
    attempts: dict[str | int | None, int] = {}
    for position, (scenario, request, answer, duration_s) in enumerate(steps):
        now_s += request.wait_s
        key = request.operation if request.spends else position
        attempts[key] = attempts.get(key, 0) + 1
        exchanges.append(
            Exchange(
                request=request,
                answer=answer,
                started_s=now_s,
                duration_s=duration_s,
                attempt=attempts[key],
                scenario=scenario,
                position=position,
                wire=_WIRE if this.target.kind is TargetKind.LIVE and position == 0 else None,
            )
        )
        now_s += duration_s
    return Tape(case=this, exchanges=exchanges)


_WIRE = Wire(
    dns_s=0.0121,
    connect_s=0.0384,
    tls_s=0.0712,
    first_byte_s=0.2031,
    body_s=0.0009,
    address="203.0.113.7:443",
    tls_version="TLSv1.3",
    certificate_expires="2027-02-01",
)
_FACE = MediaFacts(container="jpeg", size_bytes=48_213, sha256="ab" * 32, width=1024, height=1024)


def job(state: int, **more: Json) -> Json:
    """The body of a poll."""
    return {
        "code": 1000,
        "msg": "OK",
        "data": {"_id": "64f1a2b3c4d5", "video_status": state, **more},
    }


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
            Response(status=200, media=_FACE, size_bytes=48_213),
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
