"""The cassettes that ship: vcrpy plays them, each comes to its verdict, each can be made anew."""

import json
import re
from collections.abc import Iterator
from difflib import unified_diff
from itertools import islice
from pathlib import Path

import httpx
import pytest

from diagnostics import cassette
from diagnostics.cli.main import main
from diagnostics.model import Origin, Request, Verdict
from diagnostics.redact import Gate
from tests.cassette_cases import play
from tests.shipped_cassettes import FOLDER, SHIPPED, Shipped, record

EACH = pytest.mark.parametrize("one", SHIPPED, ids=lambda one: one.name)
LINES_MOST = 80
BYTES_MOST = 1_500_000
EXITS = {Verdict.PASS: 0, Verdict.WARN: 0, Verdict.FAIL: 1}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as one:
        yield one


@EACH
def test_stock_vcrpy_plays_every_interaction(one: Shipped, client: httpx.Client) -> None:
    recorded = cassette.read(FOLDER / one.name).exchanges

    def send(request: Request) -> tuple[int, bytes]:
        answer = client.request(request.method, request.url, content=request.body)
        return answer.status_code, answer.content

    assert play(FOLDER / one.name, send, recorded) == cassette.playable(recorded) > 10


@EACH
def test_played_again_it_comes_to_its_verdict(
    one: Shipped, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = main(["run", "--target", str(FOLDER / one.name), "--json", "--format", "json"])
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["blame"], told["code"]) == (one.verdict, one.blame, one.code)
    assert ended == EXITS[one.verdict]
    assert told["target"]["kind"] == "cassette"
    assert told["target"]["recorded"] == "2026-11-20"
    rules = {finding["rule"] for finding in told["findings"]}
    assert "recording-known" in rules
    assert "recording-unplayed" not in rules


@EACH
def test_asked_again_it_answers_everything(
    one: Shipped, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = main(["replay", str(FOLDER / one.name), "--json"])
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["blame"], told["code"]) == (one.verdict, one.blame, one.code)
    assert ended == EXITS[one.verdict]
    assert told["replay"]["alike"]
    assert told["replay"]["asked"] == told["replay"]["answered"] > 10


@EACH
def test_it_says_that_the_emulator_answered(
    one: Shipped, capsys: pytest.CaptureFixture[str]
) -> None:
    found = cassette.read(FOLDER / one.name)
    assert found.origin is Origin.EMULATED
    assert not found.broken
    assert found.case is not None
    assert found.case.target.version
    main(["run", "--target", str(FOLDER / one.name), "--format", "txt"])
    assert "says nothing about the provider itself" in capsys.readouterr().err


@EACH
def test_made_anew_it_is_the_same(
    one: Shipped, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(one, tmp_path / one.name)
    shipped = (FOLDER / one.name).read_text().splitlines()
    made = (tmp_path / one.name).read_text().splitlines()
    lines = unified_diff(shipped, made, f"cassettes/{one.name}", "made anew", n=1, lineterm="")
    difference = "\n".join(islice(lines, LINES_MOST))
    assert not difference, f"{difference}\n\nif that is meant: make cassettes"


@EACH
def test_nothing_in_it_is_a_secret_or_tells_of_this_machine(one: Shipped) -> None:
    text = (FOLDER / one.name).read_text()
    Gate().scan(text, one.name)
    assert not re.search(r"python: 3|Linux|site-packages|/home/|/root/", text)


def test_every_cassette_is_in_the_table_and_they_are_small() -> None:
    files = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.yaml")}
    assert files == {one.name for one in SHIPPED}
    shown = (FOLDER / "README.md").read_text()
    for one in SHIPPED:
        blame = "pass" if one.verdict is Verdict.PASS else one.blame
        assert re.search(rf"^\| `{re.escape(one.name)}` \|.*\| {blame} \|$", shown, re.MULTILINE)
    assert sum((FOLDER / name).stat().st_size for name in files) < BYTES_MOST
