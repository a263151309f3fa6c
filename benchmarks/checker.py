"""BASE_URL KEY COUNT JUNIT: free checks of a server, live, judged, as JUnit.

A process of its own, started as a console script starts (`python -m` would cost 5 ms more).
"""

import gc
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.wiring import Server, conversations, free_read, live
from diagnostics.answers import findings
from diagnostics.contract import Contract
from diagnostics.drive.clock import RealClock, run
from diagnostics.model import Ask, Exchange, Together

_XML = str.maketrans({"&": "&amp;", "<": "&lt;", "'": "&#39;"})
VOICES = 4
"""Conversations at once, between the two and the eight that the scenario `endpoints` has."""


def main(base_url: str, key: str, count: int, junit: Path) -> int:
    """Ask, judge, write; exit code 1 when a check fails."""
    contract, exchanges = run(ask(Server(base_url=base_url, key=key), count), RealClock())
    failed = [_said(contract, exchange) for exchange in exchanges]
    junit.write_text(report(exchanges, failed), "utf-8")
    return 0 if len(exchanges) == count and not any(failed) else 1


async def ask(where: Server, count: int) -> tuple[Contract, Sequence[Exchange]]:
    """All checks, several conversations side by side; what came stands on the tape."""
    contract, driver, recording = live(where)

    def voice(start: int) -> Ask:
        for number in range(start, count, VOICES):
            yield free_read(contract, number)

    def everything() -> Ask:
        yield Together(asks=tuple(voice(start) for start in range(VOICES)))

    try:
        await conversations(contract, driver, recording).run(everything())
    finally:
        await driver.aclose()
    return contract, recording.exchanges


def _said(contract: Contract, exchange: Exchange) -> str:
    return "; ".join(finding.message("en") for finding in findings(contract, exchange))


def report(exchanges: Sequence[Exchange], failed: Sequence[str]) -> str:
    """JUnit's XML: one case a check."""
    cases = "".join(
        f"<testcase classname='checks' name='{exchange.request.label.translate(_XML)}' "
        f"time='{exchange.duration_s:.6f}'>"
        + (f"<failure message='{said.translate(_XML)}'/>" if said else "")
        + "</testcase>"
        for exchange, said in zip(exchanges, failed, strict=True)
    )
    bad = sum(map(bool, failed))
    return f"<testsuite name='checks' tests='{len(failed)}' failures='{bad}'>{cases}</testsuite>\n"


def entry() -> None:
    """What a console script would call; ends as `diagnostics` itself does."""
    code = main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
    gc.freeze()
    sys.exit(code)
