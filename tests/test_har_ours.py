"""Is a HAR of our own making the tape again, and anybody's HAR when it was tampered with?"""

from pathlib import Path

import pytest

from diagnostics import cassette, contract_load
from diagnostics.capture import Raw, read_raw
from diagnostics.cli.discover import scenarios
from diagnostics.film.cast import with_writers
from diagnostics.har import text_of
from diagnostics.judge import judge
from diagnostics.model import Case, Exchange, Tape
from diagnostics.redact import Gate
from reports.verdict import canonical

CASSETTES = sorted((Path(__file__).parent.parent / "cassettes").glob("*/*.yaml"))


def shipped(path: Path) -> Tape:
    held = cassette.read(path)
    assert held.case is not None
    return Tape(case=held.case, exchanges=held.exchanges)


def verdict(tape: Tape) -> bytes:
    contract = with_writers(contract_load.load(tape.case.target.provider))
    chosen = [one for name, one in scenarios().items() if name in tape.case.scenarios]
    return canonical(judge(contract, tape, chosen))


@pytest.mark.parametrize("path", CASSETTES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_run_that_became_a_har_comes_to_the_same_verdict_byte_for_byte(path: Path) -> None:
    tape = shipped(path)
    held = read_raw(Raw(name="capture.har", data=text_of(tape, Gate()).encode()))
    assert isinstance(held.case, Case)
    assert len(held.exchanges) == len(tape)
    assert verdict(Tape(case=held.case, exchanges=held.exchanges)) == verdict(tape)


def changed(old: str, new: str) -> tuple[Case | None, list[Exchange]]:
    text = text_of(shipped(CASSETTES[0]), Gate())
    assert old in text
    held = read_raw(Raw(name="capture.har", data=text.replace(old, new).encode()))
    return held.case, list(held.exchanges)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"diagnostics.har/1"', '"diagnostics.har/99"'),
        ('"name": "genvideo-diagnostics"', '"name": "another"'),
        ('"built": [', '"built": [7, '),
        ('"kind": "emulator"', '"kind": "toaster"'),
    ],
)
def test_what_is_not_ours_any_more_is_read_as_anybodys(old: str, new: str) -> None:
    case, exchanges = changed(old, new)
    assert case is None
    assert exchanges
    assert not any(one.scenario for one in exchanges)


def test_an_entry_that_was_tampered_with_is_read_as_it_stands() -> None:
    case, exchanges = changed('"purpose": "probe"', '"purpose": "pastime"')
    assert case is not None
    assert any(one.scenario == "" for one in exchanges)
    assert any(one.scenario for one in exchanges)
