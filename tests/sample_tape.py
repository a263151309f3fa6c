"""Of what are the sample reports made? A small contract, a case, requests, answers, a tape."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

from diagnostics.contract import Contract
from diagnostics.finding import Rule
from diagnostics.model import (
    Answer,
    Blame,
    Case,
    Environment,
    Exchange,
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
                wire=WIRE if this.target.kind is TargetKind.LIVE and position == 0 else None,
            )
        )
        now_s += duration_s
    return Tape(case=this, exchanges=exchanges)


WIRE = Wire(
    dns_s=0.0121,
    connect_s=0.0384,
    tls_s=0.0712,
    first_byte_s=0.2031,
    body_s=0.0009,
    address="203.0.113.7:443",
    tls_version="TLSv1.3",
    certificate_expires="2027-02-01",
)
FACE = MediaFacts(container="jpeg", size_bytes=48_213, sha256="ab" * 32, width=1024, height=1024)


def job(state: int, **more: Json) -> Json:
    """The body of a poll."""
    return {
        "code": 1000,
        "msg": "OK",
        "data": {"_id": "64f1a2b3c4d5", "video_status": state, **more},
    }
