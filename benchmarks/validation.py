"""How many requests does one core check against the contract in a second?"""

import time
from collections.abc import Iterator

from benchmarks.table import Row
from diagnostics.check import check
from diagnostics.contract import Contract
from diagnostics.contract_load import load
from diagnostics.model import Json
from diagnostics.promise import Operation

WHAT = "validate of a talking-photo body, in process"
EXAMPLE = "the same, the documents' example (it warns twice)"
_HOST = "https://files.studio-north.dev"


def rows(rounds: int = 7, checks: int = 5_000) -> Iterator[Row]:
    """A body that is right, and the documented one, whose addresses are placeholders."""
    contract = load("akool")
    operation = contract.operations["createTalkingPhoto"]
    example = next(iter(operation.examples.values()))
    right = {
        **example,
        "talking_photo_url": f"{_HOST}/photo.jpg",
        "audio_url": f"{_HOST}/audio.mp3",
    }
    for what, body in ((WHAT, right), (EXAMPLE, example)):
        rate = a_second(contract, operation, body, rounds, checks)
        yield Row(
            what=what,
            measured=f"{rate:,.0f} a second a core",
            reach="≥ 20,000 a second",
            reached=rate >= 20_000,
        )


def a_second(
    contract: Contract, operation: Operation, body: Json, rounds: int, checks: int
) -> float:
    """Checks a second of processor time; the best of the rounds, after one that warms up."""

    def once() -> float:
        before = time.process_time()
        for _ in range(checks):
            check(contract, operation, body=body)
        return time.process_time() - before

    once()
    return checks / min(once() for _ in range(rounds))
