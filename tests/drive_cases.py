"""Small pieces that tests of drivers, tapes and judges share."""

import json
import random
from collections.abc import Sequence

from diagnostics.contract import Contract
from diagnostics.contract_load import load
from diagnostics.drive.driver import Slot
from diagnostics.drive.policy import Policy
from diagnostics.model import (
    Answer,
    Case,
    Exchange,
    Json,
    Plan,
    Request,
    Response,
    RetryPolicy,
    Target,
    TargetKind,
)

HTML = b"<!DOCTYPE html><html><body>Not Found</body></html>"


def akool() -> Contract:
    """The contract that ships."""
    return load("akool")


def case(kind: TargetKind = TargetKind.EMULATOR, **facts: Json) -> Case:
    """A case about a talking photo."""
    target = Target(kind=kind, provider="akool", base_url="http://akool.emulator.test")
    body = {"talking_photo_url": "http://h/f.jpg", "audio_url": "http://h/s.mp3"}
    known = {"run_id": "test", "plan": Plan(operation="createTalkingPhoto", body=body)}
    return Case(**{**known, "target": target, **facts})


def answer(body: Json, status: int = 200, **headers: str) -> Response:
    """A JSON answer (bytes are taken as they are)."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(status=status, body=raw, headers=named)


def create(reply: Answer, position: int = 0, attempt: int = 1, at_s: float = 0.0) -> Exchange:
    """A create of a talking photo."""
    request = akool().request("createTalkingPhoto", body={"resolution": "720"})
    return exchange(request, reply, position, attempt=attempt, at_s=at_s)


def poll(reply: Answer, position: int, at_s: float = 0.0, job: str = "job1") -> Exchange:
    """A status read of the job."""
    request = akool().request("getVideo", query={"video_model_id": job}, label=job)
    return exchange(request, reply, position, at_s=at_s)


def state(value: Json, **data: Json) -> Response:
    """A status answer."""
    return answer({"code": 1000, "msg": "OK", "data": {"video_status": value, **data}})


def exchange(  # noqa: PLR0913  # the fields a test may set
    request: Request,
    reply: Answer,
    position: int = 0,
    *,
    attempt: int = 1,
    at_s: float = 0.0,
    scenario: str = "job",
) -> Exchange:
    """An exchange at a place of the tape."""
    return Exchange(
        request=request,
        answer=reply,
        started_s=at_s,
        duration_s=0.1,
        attempt=attempt,
        position=position,
        scenario=scenario,
    )


def policy(**retry: float) -> Policy:
    """The seed's schedule without jitter."""
    schedule = RetryPolicy(**{"jitter": 0.0, **retry})  # type: ignore[arg-type]  # one int among floats
    return Policy(contract=akool(), retry=schedule, random=random.Random(0))


class Scripted:
    """A driver that gives prepared answers in order, then the last one for ever."""

    def __init__(self, answers: Sequence[Answer], now: object = None) -> None:
        self._answers = list(answers)
        self.sent: list[Request] = []

    async def exchange(self, request: Request, slot: Slot) -> Exchange:
        self.sent.append(request)
        reply = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return slot.exchange(request, reply, started_s=0.0)
