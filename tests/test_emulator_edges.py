"""Does the emulator hold at its edges: odd servers, odd bodies, odd contracts, full memories?"""

import asyncio
import json
from collections.abc import Iterable, MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from diagnostics.contract import Contract
from diagnostics.drive.clock import RealClock, VirtualClock, run
from diagnostics.emulator.app import Emulator
from diagnostics.emulator.bodies import Bodies
from diagnostics.emulator.call import parsed_query, read_body
from diagnostics.emulator.callbacks import Callbacks
from diagnostics.emulator.faults import FaultPlan, JobFault
from diagnostics.emulator.inputs import BYTES_MAX, Inputs
from diagnostics.emulator.jobs import Jobs, named_in
from diagnostics.emulator.laying import lay
from diagnostics.emulator.samples import sample
from diagnostics.emulator.serve import Served, base_url, bound
from diagnostics.errors import UsageError
from diagnostics.promise import Operation, Price, StateKind
from tests.drive_cases import akool
from tests.emulating import BALANCE, START_S, Talk, plan_of, play
from tests.wire import http, serving


def spoken(
    emulator: Emulator, scope: dict[str, Any], messages: Iterable[dict[str, Any]] = ()
) -> list[dict[str, Any]]:
    """What an ASGI server without our extension would be sent."""
    heard = iter(messages)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return next(heard)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(dict(message))

    asyncio.run(emulator(scope, receive, send))
    return sent


def request(emulator: Emulator, path: str, method: str = "GET") -> dict[str, Any]:
    headers = [(b"x-api-key", emulator.key.encode())]
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": headers,
        "extensions": {},
    }


def emulator_of(plan: FaultPlan | None = None, contract: Contract | None = None) -> Emulator:
    return Emulator(contract or akool(), clock=RealClock(), faults=plan)


# --- the server beneath -----------------------------------------------------------------------


def test_a_web_socket_is_not_answered() -> None:
    assert spoken(emulator_of(), {"type": "websocket", "path": "/"}) == []


@pytest.mark.parametrize(
    ("do", "says"), [({"reset": "after"}, "breaks the connection"), ({"cut": 0.5}, "cuts the body")]
)
def test_under_a_server_that_cannot_reset_a_broken_answer_is_an_exception_of_the_application(
    tmp_path: Path, do: dict[str, Any], says: str
) -> None:
    emulator = emulator_of(plan_of(tmp_path, {"target": "getCredit", "do": do}))
    with pytest.raises(ConnectionResetError, match=says):
        spoken(emulator, request(emulator, BALANCE))


def test_a_body_that_comes_in_parts_is_put_together() -> None:
    parts = iter(
        [
            {"type": "http.request", "body": b'{"a"', "more_body": True},
            {"type": "http.request", "body": b":1}", "more_body": False},
        ]
    )

    async def receive() -> dict[str, Any]:
        return next(parts)

    assert asyncio.run(read_body(receive)) == b'{"a":1}'


def test_a_name_that_stands_three_times_in_a_query_holds_three_values() -> None:
    assert parsed_query(b"id=1&id=2&id=3&x[]=4&y=5") == {
        "id": ["1", "2", "3"],
        "x[]": ["4"],
        "y": "5",
    }


@pytest.mark.parametrize("port", [-1, 65_536])
def test_there_is_no_port_beyond_65535(port: int) -> None:
    with pytest.raises(UsageError, match=f"no port {port}"):
        bound("127.0.0.1", port)


def test_an_address_of_six_parts_stands_in_brackets() -> None:
    try:
        listener = bound("::1", 0)
    except UsageError:
        pytest.skip("this machine has no IPv6")
    with listener:
        assert base_url(listener) == f"http://[::1]:{listener.getsockname()[1]}"


def test_a_server_is_gone_when_its_block_ends() -> None:
    with Served(akool()) as server:
        port = int(server.base_url.rpartition(":")[2])
    bound("127.0.0.1", port).close()


# --- jobs and their answers -------------------------------------------------------------------


def jobs(limit: int = 10, contract: Contract | None = None) -> Jobs:
    return Jobs(contract or akool(), seed=0, speed=1.0, limit=limit)


def photo() -> Operation:
    return akool().operations["createTalkingPhoto"]


def test_a_provider_whose_jobs_never_fail_ends_them_in_its_last_state() -> None:
    op = photo()
    assert op.job is not None
    kinds = {v: s for v, s in op.job.states.items() if s.kind is not StateKind.FAILED}
    unfailing = replace(op, job=replace(op.job, states=kinds))
    work = jobs().accept(unfailing, {}, 0.0, JobFault(ends="failed"))
    assert work.state(1e6) == list(kinds)[-1]


@pytest.mark.parametrize(("written", "told"), [("2", "2"), ("running", "2"), ("77", "77")])
def test_a_plan_names_a_state_by_value_or_kind_or_makes_one_up(written: str, told: str) -> None:
    assert jobs().accept(photo(), {}, 0.0, JobFault(stuck=written)).state(1e6) == told


def test_the_oldest_further_id_of_a_job_is_forgotten_first() -> None:
    kept = jobs(limit=2)
    work = kept.accept(photo(), {}, 0.0)
    first, second, third = (kept.also(work) for _ in range(3))
    assert kept.get(first) is None
    assert kept.get(second) is kept.get(third) is work


def test_deleting_a_job_that_nobody_knows_deletes_none() -> None:
    kept = jobs()
    work = kept.accept(photo(), {}, 0.0)
    kept.forget("unheard-of")
    assert list(kept) == [work]


def test_only_strings_name_jobs() -> None:
    assert list(named_in({"ids": ["a, b", 5, None, {"more": "c"}]})) == ["a", "b", "c"]


def test_a_call_without_a_documented_answer_gets_the_bare_envelope() -> None:
    contract = akool()
    op = replace(contract.operations["getCredit"], answer=None)
    bodies = Bodies(contract, jobs(), "http://e/_media")
    assert bodies.plain(op) == b'{"code":1000,"msg":"OK"}'


def test_a_list_of_jobs_that_holds_none_is_the_documented_one() -> None:
    contract = akool()
    bodies = Bodies(contract, jobs(), "http://e/_media")
    op = contract.operations["listVoices"]
    assert bodies.listed(op, 0.0) == bodies.plain(op)


@pytest.mark.parametrize("given", [None, ["a"], {"a": 1}, float("nan"), True])
def test_a_value_of_another_type_is_not_echoed(given: Any) -> None:
    work = jobs().accept(photo(), {}, 0.0)
    bodies = Bodies(akool(), jobs(), "http://e/_media")
    told = bodies.accepted(work, {"resolution": given, "_id": given}, START_S)
    assert b"NaN" not in told
    assert work.id.encode() in told


def test_a_list_of_outputs_is_answered_as_a_list() -> None:
    contract = akool()
    shown = {"code": 1000, "data": {"image_status": 3, "upscaled_urls": ["https://h/a.png"]}}
    op = replace(contract.operations["getImage"], answer=shown)
    kept = jobs()
    work = kept.accept(contract.operations["createImage"], {}, 0.0)
    told = json.loads(Bodies(contract, kept, "http://e/_media").status(op, work, "3", 1e6))
    assert told["data"]["upscaled_urls"] == [f"http://e/_media/out/{work.id}.{work.suffix}"]


def test_several_jobs_where_the_answer_is_no_list_are_answered_by_the_first() -> None:
    async def work(talk: Talk) -> tuple[list[str], dict[str, Any]]:
        made = [await talk.started(), await talk.started()]
        return made, await talk.status(",".join(made))

    made, told = play(work)
    assert told["data"]["_id"] == made[0]


def test_an_answer_without_the_list_of_failed_parts_is_shown_as_it_is() -> None:
    contract = akool()
    op = contract.operations["getCredit"]
    envelope = replace(contract.envelopes[op.envelope], partial=("data.failed",))
    strict = replace(contract, envelopes={**contract.envelopes, op.envelope: envelope})
    told = Bodies(strict, jobs(), "http://e/_media").plain(op)
    assert told == Bodies(contract, jobs(), "http://e/_media").plain(op)


def test_no_file_but_a_sample_is_one() -> None:
    with pytest.raises(KeyError):
        sample("../app.py")


def test_a_value_can_be_laid_over_what_is_missing_but_not_into_a_number() -> None:
    body: dict[str, Any] = {"data": 3, "list": [1, {"v": 0}]}
    lay(body, "data.credit", 5)
    lay(body, "list[].v", 7)
    lay(body, "list[].deep.v", 7)
    lay(body, "made.new", 9)
    assert body == {
        "data": {"credit": 5},
        "list": [1, {"v": 7, "deep": {"v": 7}}],
        "made": {"new": 9},
    }


def test_a_job_of_more_states_than_are_documented_is_answered_each_time() -> None:
    work = jobs().accept(photo(), {}, 0.0)
    bodies = Bodies(akool(), jobs(), "http://e/_media")
    op = akool().operations["getVideo"]
    for _ in range(2):
        for number in range(100, 140):
            assert f'"video_status":{number}'.encode() in bodies.status(op, work, str(number), 0.0)
    assert len(work.answers) < 40


# --- money and tokens -------------------------------------------------------------------------


def test_the_oldest_of_very_many_tokens_stops_working() -> None:
    emulator = emulator_of()
    account = emulator.account
    tokens = [account.issue() for _ in range(10_001)]
    bearer = next(s for s in akool().schemes if s.token_operation)
    admitted = [
        account.admits([(bearer.header.lower().encode(), f"{bearer.prefix}{token}".encode())])
        for token in (tokens[0], tokens[-1])
    ]
    assert admitted == [False, True]


class Broken(Price):
    """A price whose formula the request breaks."""

    def of(self, body: Any) -> float | None:
        raise ZeroDivisionError


def test_a_price_that_cannot_be_worked_out_is_the_emulators_own() -> None:
    op = replace(photo(), price=Broken(emulated=4.5))
    assert emulator_of().account.price(op, {}) == 4.5


# --- inputs -----------------------------------------------------------------------------------


class Nobody:
    """An emulator that owns no address."""

    def __call__(self, url: str) -> None:
        return None


@pytest.mark.parametrize(
    ("body", "breach"),
    [
        ({"talking_photo_url": "http://[broken/face.jpg"}, "unreachable"),
        ({"talking_photo_url": "data:image/png;base64,AA=="}, None),
        ({"talking_photo_url": ["", 5]}, None),
    ],
)
def test_only_addresses_are_looked_at(body: Any, breach: str | None) -> None:
    clock = VirtualClock(START_S)
    unfit = run(Inputs(clock, Nobody(), 1.0).unfit(photo(), body), clock)
    assert (unfit.breach if unfit else None) == breach


@pytest.mark.parametrize("url", ["http://[broken/face.jpg", "http://h:port/face.jpg"])
def test_an_input_at_an_address_that_is_none_is_refused(url: str) -> None:
    answer = play(lambda talk: talk.create(talking_photo_url=url))
    assert answer["code"] != 1000


def test_an_input_larger_than_anybody_takes_is_not_read_to_its_end() -> None:
    async def work(talk: Talk) -> dict[str, Any]:
        large = http(bytes(BYTES_MAX + 1))
        async with serving(lambda _heard: [large]) as wire:
            return await talk.create(talking_photo_url=f"{wire.base_url}/face.jpg")

    assert play(work)["code"] != 1000


# --- callbacks --------------------------------------------------------------------------------


def callbacks(contract: Contract, clock: VirtualClock) -> Callbacks:
    account = Emulator(contract, clock=clock).account
    return Callbacks(contract, account, clock, seed=0, media_base="http://e/_media")


def test_a_body_that_is_no_object_names_no_callback() -> None:
    told = callbacks(akool(), VirtualClock(START_S))
    assert told.url_in(["http://127.0.0.1:9/hook"]) is None
    assert told.url_in({"webhookUrl": "http://127.0.0.1:9/hook"}) == "http://127.0.0.1:9/hook"


def test_a_callback_whose_loop_has_gone_is_sent_when_somebody_asks_again() -> None:
    clock = VirtualClock(START_S)
    told = callbacks(akool(), clock)
    work = jobs().accept(photo(), {}, START_S)

    async def promise(url: str) -> None:
        told.expect(work, url, None)

    async def ask_again() -> list[bytes]:
        async with serving(lambda _heard: [http(b"ok")]) as wire:
            told.expect(replace(work, created_s=START_S - 900), f"{wire.base_url}/hook", None)
            told.touch()
            await asyncio.gather(*told._tasks)  # noqa: SLF001  # nobody else knows when it is sent
            return wire.heard

    run(promise("http://127.0.0.1:9/first"), clock)
    assert len(run(ask_again(), clock)) == 1


def test_closing_sends_what_is_due_and_drops_what_is_not() -> None:
    clock = VirtualClock(START_S)
    told = callbacks(akool(), clock)
    work = jobs().accept(photo(), {}, START_S)

    async def talk() -> None:
        told.expect(work, "http://127.0.0.1:9/hook", None)
        await told.close()
        await asyncio.sleep(3600)

    run(talk(), clock)
    assert told.delivered == []


def test_a_create_without_a_documented_type_is_told_without_one() -> None:
    contract = replace(akool(), webhook={**akool().webhook, "types": {}})

    async def work() -> bytes:
        async with serving(lambda _heard: [http(b"ok")]) as wire:
            told = callbacks(contract, clock)
            told.expect(jobs().accept(photo(), {}, START_S), f"{wire.base_url}/hook", None)
            await asyncio.sleep(200)
            return wire.heard[0]

    clock = VirtualClock(START_S)
    assert b"dataEncrypt" in run(work(), clock)
