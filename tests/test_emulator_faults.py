"""Does each named fault do on the wire what it says, in-process and through a real socket?"""

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from diagnostics.contract_load import load
from diagnostics.emulator.faults import FaultPlan, FaultRule, load_plan, names
from diagnostics.emulator.serve import Served
from diagnostics.errors import ContractError, DiagnosticsError, UsageError
from tests.emulating import BALANCE, CREATE, START_S, STATUS, Talk, plan_of, play

CONTRACT = load("akool")
ALL = {"balance": "1000", "creates": ["1000"] * 3, "status": "1000", "states": [1, 2, 3]}
WELL = {**ALL, "output": "200", "face": "200", "charged": 3}


def everywhere(code: str) -> dict[str, Any]:
    return {"balance": code, "creates": [code] * 3, "charged": 0, "face": "200"}


def creates(code: str) -> dict[str, Any]:
    return {"balance": "1000", "creates": [code] * 3, "charged": 0, "jobs": 0}


# AKOOL's plans of the first issue; tests/test_run_faults.py plays every plan.
EXPECTED: Mapping[str, dict[str, Any]] = {
    "overload-1015": {"creates": ["1015", "1015", "1000"], "states": [1, 2, 3], "charged": 1},
    "outage-1015": {**creates("1015"), "face": "200"},
    "unreachable-media": {**creates("1015"), "face": "404"},
    "wrong-media-type": {**creates("1015"), "face": "200 text/html"},
    "bad-key": everywhere("1101"),
    "empty-key": everywhere("1102"),
    "banned": everywhere("1200"),
    "unpaid": creates("1103"),
    "account-not-found-1109": everywhere("1109"),
    "quota-exhausted": {**creates("1006"), "credits": 0},
    "throttled": creates("1005"),
    "rejected-parameters": creates("1003"),
    "moved-endpoints": {"balance": "1000", "creates": ["404 text/html"] * 3, "jobs": 0},
    "status-404": {"creates": ["1000"] * 3, "status": "404 text/html", "charged": 3},
    "job-fails": {"status": "1000", "states": [1, 2, 4], "output": None},
    "job-stuck": {"status": "1000", "states": [1, 2], "output": None},
    "job-backwards": {"states": [1, 2, 1, 2, 3], "output": "200"},
    "unknown-state": {"states": [1, 9], "output": None},
    "done-without-url": {"states": [1, 2, 3], "output": None},
    "late-output": {"states": [1, 2, 3]},
    "expired-output": {"states": [1, 2, 3], "output": "403 application/xml"},
    "cut-download": {"states": [1, 2, 3], "output": "cut"},
    "slow-download": {"states": [1, 2, 3], "output": "200"},
    "html-502": everywhere("502 text/html"),
    "unavailable-503": {**creates("503 application/json"), "retry_after": "7"},
    "connection-reset": everywhere("reset"),
    "lost-answer": {"creates": ["reset"] * 3, "charged": 3, "jobs": 3, "states": [1, 2, 3]},
    "truncated-json": {"creates": ["1000"] * 3, "balance": "not json", "status": "not json"},
    "malformed-json": {"creates": ["1000"] * 3, "balance": "not json", "status": "not json"},
    "wrong-typed-body": {"creates": ["1000"] * 3, "status": "1000", "data": []},
    "cut-body": {"creates": ["1000"] * 3, "balance": "1000", "status": "cut"},
    "slow": {**WELL, "states": [2, 3]},
    "hang": everywhere("timeout"),
    "clock-skew": {**WELL, "skew_s": 900},
    "token-expired": {"balance": "1101", "creates": ["1101"] * 3},
    **dict.fromkeys([name for name in names() if name.startswith("webhook-")], WELL),
}
LONG = {"slow", "slow-download", "late-output"}
"""Whose real seconds a test does not wait for; their mechanism is tested with shorter figures."""


async def observe(talk: Talk, pause_s: float) -> dict[str, Any]:
    """A whole visit: balance, three creates, one job followed, its output and an input fetched."""
    seen: dict[str, Any] = {"balance": (await ask(talk, "GET", BALANCE))[0], "creates": []}
    for _ in range(3):
        told, answer = await ask(talk, "POST", CREATE, json=talk.body())
        seen["creates"].append(told)
    if answer is not None:
        dated = parsedate_to_datetime(answer.headers["date"]).timestamp()
        seen["skew_s"] = round((dated - talk.emulator.clock.now()) / 10) * 10
        seen["retry_after"] = answer.headers.get("retry-after")
    jobs = list(talk.emulator.jobs)
    if jobs:
        await follow(talk, jobs[0].id, pause_s, seen)
    seen |= {"jobs": len(jobs), "charged": len(talk.emulator.charged)}
    seen["credits"] = talk.emulator.account.credits
    seen["face"] = (await ask(talk, "GET", f"{talk.emulator.media_base}/face.jpg"))[0]
    return seen


async def follow(talk: Talk, job: str, pause_s: float, seen: dict[str, Any]) -> None:
    """Poll to the end; twenty times at most."""
    states: list[Any] = []
    seen["output"] = None
    for _ in range(20):
        told, answer = await ask(talk, "GET", STATUS, params={"video_model_id": job})
        seen["status"] = told
        if answer is None or told == "not json" or not told.isdecimal():
            return
        data = seen["data"] = answer.json()["data"]
        if not isinstance(data, dict):
            return
        states.append(data["video_status"])
        if data["video"]:
            seen["output"] = (await ask(talk, "GET", data["video"]))[0]
            break
        await asyncio.sleep(pause_s)
    seen["states"] = [s for i, s in enumerate(states) if i == 0 or states[i - 1] != s]


async def ask(talk: Talk, method: str, url: str, **given: Any) -> tuple[str, httpx.Response | None]:
    """An answer in one word: its code, its status, or how it failed."""
    plan = talk.emulator.plan
    hangs = plan is not None and plan.name == "hang" and not talk.emulator.clock.virtual
    try:
        async with asyncio.timeout(0.3 if hangs else 60):
            answer = await talk.client.request(method, url, headers=talk.key, **given)
    except TimeoutError:
        return "timeout", None
    except Exception as error:  # noqa: BLE001  # the two transports raise their own kinds
        words = str(error)
        return ("cut" if "body" in words else "reset"), None
    return in_a_word(answer), answer


def in_a_word(answer: httpx.Response) -> str:
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if answer.status_code != 200 or kind == "text/html":
        plain = answer.request.url.path.startswith("/_media/face") and answer.status_code == 404
        return str(answer.status_code) if plain else f"{answer.status_code} {kind}"
    if kind != "application/json":
        return "200"
    try:
        return str(answer.json()["code"])
    except ValueError:
        return "not json"


def on_a_port(name: str) -> dict[str, Any]:
    with Served(CONTRACT, faults=load_plan(name), speed=400) as server:

        async def visit() -> dict[str, Any]:
            async with httpx.AsyncClient(base_url=server.base_url, trust_env=False) as client:
                return await observe(Talk(client, server.emulator), 0.02)

        return asyncio.run(visit())


@pytest.fixture(scope="module")
def through_sockets() -> dict[str, dict[str, Any]]:
    """Every plan once on a real port, several at a time."""
    short = [name for name in EXPECTED if name not in LONG]
    with ThreadPoolExecutor(8) as pool:
        return dict(zip(short, pool.map(on_a_port, short), strict=True))


@pytest.mark.parametrize("name", EXPECTED)
def test_a_named_fault_does_in_process_what_it_says(name: str) -> None:
    seen = play(lambda talk: observe(talk, 5.0), name)
    assert {key: seen.get(key) for key in EXPECTED[name]} == EXPECTED[name]


@pytest.mark.parametrize("name", [name for name in EXPECTED if name not in LONG])
def test_a_named_fault_does_on_a_port_what_it_says(
    name: str, through_sockets: dict[str, dict[str, Any]]
) -> None:
    seen, expected = through_sockets[name], dict(EXPECTED[name])
    states = expected.pop("states", None)
    assert {key: seen.get(key) for key in expected} == expected
    if states:  # a busy machine may miss a state between two polls, never see them out of order
        rest = iter(states)
        assert all(state in rest for state in seen["states"])
        assert seen["states"][-1] == states[-1]


def test_without_a_fault_all_is_well() -> None:
    assert play(lambda talk: observe(talk, 5.0)) | WELL == play(lambda talk: observe(talk, 5.0))


@pytest.mark.parametrize("name", names())
def test_a_shipped_plan_tells_its_story_in_both_languages_and_what_it_must_come_to(
    name: str,
) -> None:
    plan = load_plan(name)
    assert plan.title.en
    assert plan.story
    assert any("а" <= letter <= "я" for letter in plan.title.ru.lower())
    assert set(plan.expect) == {"verdict", "blame", "code"}


def test_the_faults_of_the_issue_all_ship() -> None:
    issue = """overload-1015 outage-1015 unreachable-media wrong-media-type bad-key empty-key banned
    unpaid quota-exhausted throttled rejected-parameters moved-endpoints status-404 job-fails
    job-stuck job-backwards unknown-state done-without-url expired-output html-502 connection-reset
    lost-answer truncated-json slow hang clock-skew account-not-found-1109"""
    assert set(issue.split()) <= set(names())


def test_moved_endpoints_leave_a_postman_address_alive() -> None:
    async def work(talk: Talk) -> list[tuple[int, str]]:
        alive = [a for a in CONTRACT.aliases if a.set == "postman" and a.operation == "getVideo"]
        found = []
        for alias in alive:
            path = httpx.URL(alias.url.replace("{task_id}", "0" * 24)).path
            answer = await talk.client.request(alias.method, path, headers=talk.key)
            found.append((answer.status_code, answer.headers["content-type"][:16]))
        return found

    if not CONTRACT.aliases:
        pytest.skip("the contract has no aliases yet")
    assert play(work, "moved-endpoints") == [(200, "application/json")]
    assert play(work) == [(404, "text/html; chars")]


def test_slow_answers_take_eight_seconds_of_the_clock() -> None:
    async def work(talk: Talk) -> float:
        before_s = talk.emulator.clock.now()
        await talk.get(BALANCE)
        return talk.emulator.clock.now() - before_s

    assert play(work, "slow") == pytest.approx(8)


def test_a_hung_call_ends_in_a_reset_when_nobody_gives_up() -> None:
    async def work(talk: Talk) -> float:
        with pytest.raises(Exception, match="reset"):
            await talk.get(BALANCE)
        return talk.emulator.clock.now()

    assert play(work, "hang") == pytest.approx(START_S + 3600)


# --- plans of one's own -----------------------------------------------------------------------


def codes_of_creates(plan: FaultPlan, count: int = 6, **knobs: Any) -> list[int]:
    async def work(talk: Talk) -> list[int]:
        return [(await talk.create())["code"] for _ in range(count)]

    return play(work, plan, **knobs)


@pytest.mark.parametrize(
    ("calls", "hit"),
    [(2, {2}), ("2-3", {2, 3}), ("4-", {4, 5, 6}), ([1, "5-"], {1, 5, 6}), ("6-2", set())],
)
def test_a_rule_meets_the_calls_it_names(tmp_path: Path, calls: Any, hit: set[int]) -> None:
    plan = plan_of(tmp_path, {"target": "create", "calls": calls, "do": {"code": 1015}})
    codes = codes_of_creates(plan)
    assert {i for i, code in enumerate(codes, 1) if code == 1015} == hit


def test_a_probability_is_drawn_from_the_seed(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, {"target": "create", "probability": 0.5, "do": {"code": 1015}})
    once = codes_of_creates(plan, 40, seed=1)
    assert once == codes_of_creates(plan, 40, seed=1)
    assert once != codes_of_creates(plan, 40, seed=2)
    assert 5 < once.count(1015) < 35


@pytest.mark.parametrize(
    ("where", "hit"),
    [
        ({"at": "body.resolution", "equals": "720"}, True),
        ({"at": "body.resolution", "equals": 720}, False),
        ({"at": "body.audio_url", "matches": r"\.mp3$"}, True),
        ({"at": "header.x-api-key", "matches": "^invented"}, True),
        ({"at": "query.page", "equals": "2"}, True),
        ({"at": "query.page", "equals": "3"}, False),
        ({"at": "method", "equals": "GET"}, False),
        ({"at": "path", "matches": "talkingphoto$"}, True),
        ({"at": "body.nothing", "matches": "."}, False),
        ({"at": "valid", "equals": True}, True),
        ({"at": "valid", "equals": False}, False),
    ],
)
def test_a_predicate_decides_on_the_request(
    tmp_path: Path, where: dict[str, Any], *, hit: bool
) -> None:
    plan = plan_of(tmp_path, {"target": "create", "where": [where], "do": {"code": 1200}})

    async def work(talk: Talk) -> int:
        return int((await talk.post(f"{CREATE}?page=2", talk.body())).json()["code"])

    assert play(work, plan) == (1200 if hit else 1000)


def test_a_request_that_breaks_the_contract_neither_meets_nor_uses_up_an_overload() -> None:
    async def work(talk: Talk) -> list[int]:
        probed = [(await talk.post(CREATE, {})).json()["code"] for _ in range(4)]
        return [*probed, *[(await talk.create())["code"] for _ in range(3)]]

    assert play(work, "overload-1015") == [1003] * 4 + [1015, 1015, 1000]


def test_several_rules_meet_and_the_later_wins_key_by_key(tmp_path: Path) -> None:
    plan = plan_of(
        tmp_path,
        {"target": "operations", "do": {"code": 1200, "delay_s": 3}},
        {"target": "createTalkingPhoto", "do": {"code": 1015, "message": "mine"}},
    )

    async def work(talk: Talk) -> tuple[dict[str, Any], float]:
        return await talk.create(), talk.emulator.clock.now() - START_S

    answer, took_s = play(work, plan)
    assert answer == {"code": 1015, "msg": "mine"}
    assert took_s == pytest.approx(3)


def test_a_slow_body_and_a_short_one_arrive_as_such_over_a_socket(tmp_path: Path) -> None:
    plan = plan_of(
        tmp_path,
        {"target": "media", "do": {"pace_bytes_s": 40_000}},
        {"target": "balance", "do": {"delay_s": 0.3}},
    )
    with (
        Served(CONTRACT, faults=plan) as server,
        httpx.Client(base_url=server.base_url, trust_env=False) as client,
    ):
        started_s = time.perf_counter()
        media = client.get("/_media/speech.mp3")
        expected_s = len(media.content) / 40_000
        assert time.perf_counter() - started_s > expected_s * 0.8
        assert len(media.content) == int(media.headers["content-length"])
        started_s = time.perf_counter()
        client.get(BALANCE)
        assert time.perf_counter() - started_s > 0.29


# --- broken plans -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "named"),
    [
        ("rules: [", 2, "YAML"),
        ("rules:\n  - target: create\n    do: {kode: 1}\n", 3, "kode"),
        ("rules:\n  - target: create\n    do: {code: 1}\n    calls: 0\n", 4, "0"),
        ("rules:\n  - do: {code: 1}\n", 2, "target"),
        ("title: {en: a}\nrules: []\n", 1, "ru"),
        (
            "rules:\n - target: create\n   where:\n   - {at: path, matches: '('}\n   do: {code: 1}",
            4,
            "regular expression",
        ),
        ("[]", 1, "object"),
        ("\x00", None, "YAML"),
        ("rules:\n  - on: create\n    do: {code: 1}\n", None, "bool"),
    ],
)
def test_a_broken_plan_is_an_error_with_file_and_line(
    tmp_path: Path, text: str, line: int | None, named: str
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ContractError) as caught:
        load_plan(str(path))
    assert caught.value.place
    assert caught.value.place.startswith(f"{path}:{line}" if line else str(path))
    assert named in caught.value.message
    assert caught.value.hint


def test_a_plan_that_aims_at_nothing_names_the_nearest(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, {"target": "createTalkingFoto", "do": {"code": 1}})
    with pytest.raises(ContractError, match="createTalkingFoto") as caught:
        play(lambda talk: talk.balance(), plan)
    assert "createTalkingPhoto" in str(caught.value.hint)


def test_an_unknown_name_or_file_is_a_usage_error_with_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        load_plan("overlaod-1015")
    assert "overload-1015" in str(caught.value.hint)
    with pytest.raises(UsageError, match="cannot read"):
        load_plan("./nowhere/plan.yaml")


def test_bytes_of_any_kind_in_a_plan_are_an_error_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    for data in (b"\xff\xfe\x00", b"a: &a [*a]", b"rules: {a: 1}", b"- " * 5000, b"!!python/x 1"):
        path.write_bytes(data)
        with pytest.raises(DiagnosticsError):
            load_plan(str(path))
    path.write_bytes(b"rules: []  # " + b"x" * 1_100_000)
    with pytest.raises(ContractError, match="bytes"):
        load_plan(str(path))


def test_a_rule_without_aim_costs_a_request_nothing() -> None:
    plan = FaultPlan(name="mine", rules=(FaultRule(target=("/elsewhere/*",), do={"code": 1}),))
    seen = play(lambda talk: talk.balance(), plan)
    assert seen == 1000
