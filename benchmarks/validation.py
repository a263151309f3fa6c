"""How many requests does one core check against the contract in a second?"""

import time
from collections.abc import Iterator

from benchmarks.table import Row
from diagnostics.check import check
from diagnostics.contract_load import load

WHAT = "validate of a talking-photo body, in process"


def rows(rounds: int = 7, checks: int = 5_000) -> Iterator[Row]:
    """The documented example, whole; the best of some rounds."""
    contract = load("akool")
    operation = contract.operations["createTalkingPhoto"]
    body = next(iter(operation.examples.values()))

    def once() -> float:
        before = time.process_time()
        for _ in range(checks):
            check(contract, operation, body=body)
        return time.process_time() - before

    once()
    rate = checks / min(once() for _ in range(rounds))
    yield Row(
        what=WHAT,
        measured=f"{rate:,.0f} a second a core",
        reach="≥ 20,000 a second",
        reached=rate >= 20_000,
    )
