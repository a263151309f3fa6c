"""How does a test talk to the emulator? In-process in virtual time, with the example's calls."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx

from diagnostics.contract_load import load
from diagnostics.drive.clock import VirtualClock, run
from diagnostics.drive.inprocess import AsgiTransport
from diagnostics.emulator.app import Emulator
from diagnostics.emulator.faults import FaultPlan, load_plan

START_S = 1_795_000_000.0
BALANCE = "/api/open/v3/faceswap/quota/info"
CREATE = "/api/open/v3/content/video/createbytalkingphoto"
STATUS = "/api/open/v3/content/video/infobymodelid"
TOKEN = "/api/open/v3/getToken"

Result = TypeVar("Result")


class Talk:
    """A client of one emulator, with the accepted key unless told otherwise."""

    def __init__(self, client: httpx.AsyncClient, emulator: Emulator) -> None:
        self.client, self.emulator = client, emulator
        self.key = {"x-api-key": emulator.key}

    def body(self, **changed: Any) -> dict[str, Any]:
        """A create that is right."""
        base = self.emulator.media_base
        right = {"talking_photo_url": f"{base}/face.jpg", "audio_url": f"{base}/speech.mp3"}
        return {**right, "resolution": "720", **changed}

    async def get(self, url: str, **given: Any) -> httpx.Response:
        return await self.client.get(url, **{"headers": self.key, **given})

    async def post(self, url: str, body: Any, **given: Any) -> httpx.Response:
        return await self.client.post(url, json=body, **{"headers": self.key, **given})

    async def create(self, **changed: Any) -> dict[str, Any]:
        answer: dict[str, Any] = (await self.post(CREATE, self.body(**changed))).json()
        return answer

    async def started(self, **changed: Any) -> str:
        """The id of an accepted create."""
        answer = await self.create(**changed)
        assert answer["code"] == 1000, answer
        return str(answer["data"]["_id"])

    async def status(self, job: str) -> dict[str, Any]:
        data: dict[str, Any] = (await self.get(STATUS, params={"video_model_id": job})).json()
        return data

    async def balance(self) -> float:
        return float((await self.get(BALANCE)).json()["data"]["credit"])


def play(
    work: Callable[[Talk], Awaitable[Result]], faults: FaultPlan | str | None = None, **knobs: Any
) -> Result:
    """Run a conversation with a fresh emulator, in virtual time."""
    clock = VirtualClock(START_S)
    plan = load_plan(faults) if isinstance(faults, str) else faults
    emulator = Emulator(load("akool"), clock=clock, faults=plan, **knobs)

    async def talk() -> Result:
        async with httpx.AsyncClient(
            transport=AsgiTransport(emulator), base_url=emulator.base_url
        ) as client:
            return await work(Talk(client, emulator))

    return run(talk(), clock)


def plan_of(folder: Path, *rules: dict[str, Any], **more: Any) -> FaultPlan:
    """A plan of these rules, through the same file reader as everybody's."""
    path = folder / "plan.json"
    path.write_text(json.dumps({"rules": list(rules), **more}))
    return load_plan(str(path))
