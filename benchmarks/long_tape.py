"""What does a report from a tape of 100,000 exchanges cost?"""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.children import diagnostics, spend
from benchmarks.table import Row
from diagnostics.contract import Contract
from diagnostics.contract_load import load
from diagnostics.jobs import read_request
from diagnostics.model import Answer, Case, Exchange, Plan, Request, Response, Target, TargetKind
from diagnostics.tape import NAME, SCHEMA
from diagnostics.tape_values import case_to, exchange_to

WHAT = "report from a tape of 100,000 exchanges"
EXCHANGES = 100_000
POLLS = 99
"""A job: one create and so many polls, the last of which says that it is done."""
_HEADERS = (
    ("content-type", "application/json"),
    ("date", "Sat, 21 Nov 2026 00:00:00 GMT"),
    ("x-request-id", "00c0ffee00c0ffee"),
)


def rows(exchanges: int = EXCHANGES, rounds: int = 2) -> Iterator[Row]:
    """`diagnostics report` with the default formats, as a process; the best of the rounds."""
    with tempfile.TemporaryDirectory() as folder:
        size_mb = write(Path(folder), exchanges) / 2**20
        taken = [spend(diagnostics("report", folder)) for _ in range(rounds)]
    best_s, rss_mb = min(t.seconds for t in taken), max(t.rss_mb for t in taken)
    yield Row(
        what=WHAT,
        measured=f"{best_s:.1f} s, {rss_mb:.0f} MB",
        baseline=f"tape.jsonl of {size_mb:.0f} MB",
        reach="≤ 10 s and ≤ 400 MB",
        reached=best_s <= 10 and rss_mb <= 400,
    )


def write(folder: Path, count: int) -> int:
    """A tape of jobs that went well, one after the other; gives its bytes."""
    contract, path = load("akool"), folder / NAME
    with path.open("w", encoding="utf-8") as file:
        file.write(_line({"schema": SCHEMA, "case": case_to(_case(contract))}))
        for position in range(count):
            file.write(_line(exchange_to(_exchange(contract, position))))
    return path.stat().st_size


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def _case(contract: Contract) -> Case:
    operation = contract.operations[contract.roles["example"]]
    body = next(iter(operation.examples.values()))
    return Case(
        run_id="benchmark",
        target=Target(
            kind=TargetKind.EMULATOR, provider="akool", base_url="http://akool.emulator.test"
        ),
        plan=Plan(operation=operation.id, body=body),
        started_s=1_790_000_000.0,
        virtual_time=True,
        scenarios=("job",),
    )


def _exchange(contract: Contract, position: int) -> Exchange:
    job, step = divmod(position, POLLS + 1)
    request, answer = (_created if step == 0 else _polled)(contract, f"{job:024x}", step)
    return Exchange(
        request=request,
        answer=answer,
        started_s=1_790_000_000.0 + position * 5.0,
        duration_s=0.02,
        conversation=job,
        scenario="job",
        position=position,
    )


def _created(contract: Contract, job_id: str, _step: int) -> tuple[Request, Answer]:
    operation = contract.operations[contract.roles["example"]]
    body = next(iter(operation.examples.values()))
    return contract.request(operation.id, body=body), _answer(job_id, 1)


def _polled(contract: Contract, job_id: str, step: int) -> tuple[Request, Answer]:
    operation = contract.operations[contract.roles["example"]]
    assert operation.job is not None
    request = read_request(contract, operation.job, job_id, wait_s=5.0)
    return request, _answer(job_id, 3 if step == POLLS else 2)


def _answer(job_id: str, state: int) -> Response:
    output = f"http://akool.emulator.test/_media/out/{job_id}.mp4" if state == 3 else ""
    data = {"_id": job_id, "video_status": state, "video": output, "resolution": "1080"}
    body = json.dumps({"code": 1000, "msg": "OK", "data": data}).encode()
    return replace(_PLAIN, body=body, size_bytes=len(body))


_PLAIN = Response(status=200, reason="OK", headers=_HEADERS)
