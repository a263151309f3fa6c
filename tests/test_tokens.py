"""Is a token kept for its life, and replaced when it is refused?"""

import base64
import json
import threading

from hypothesis import given
from hypothesis import strategies as st

from diagnostics import contract_load
from diagnostics.drive.authority import Authority
from diagnostics.drive.budget import Budget
from diagnostics.drive.clock import VirtualClock, run
from diagnostics.drive.driver import Slot
from diagnostics.drive.inprocess import AsgiTransport
from diagnostics.drive.live import Live
from diagnostics.emulator.app import Emulator
from diagnostics.emulator.faults import FaultPlan, FaultRule
from diagnostics.model import Exchange, Request, Target, TargetKind
from diagnostics.tokens import EARLY_S, LIFE_S, TokenCache, ends_s

NOW_S = 1_795_000_000.0


def jwt(**claims: object) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(claims)}.invented"


def test_a_token_ends_when_it_says_so_itself() -> None:
    assert ends_s(jwt(exp=NOW_S + 600), NOW_S) == NOW_S + 600
    assert ends_s(jwt(exp=NOW_S + 600), NOW_S, life_s=90.0) == NOW_S + 90
    assert ends_s(jwt(exp=NOW_S + 600), NOW_S, life_s=9000.0) == NOW_S + 600


def test_an_expiry_that_had_passed_at_purchase_says_nothing() -> None:
    assert ends_s(jwt(iat=NOW_S, exp=NOW_S + 1), NOW_S) == NOW_S + LIFE_S


@given(st.text(max_size=60) | st.binary(max_size=40).map(lambda raw: jwt(exp=raw.hex())))
def test_no_text_makes_the_end_of_a_token_unknown(text: str) -> None:
    assert NOW_S < ends_s(text, NOW_S, life_s=120.0) <= NOW_S + 120


def test_a_token_is_bought_once_and_again_a_minute_before_it_ends() -> None:
    moment = [NOW_S]
    bought: list[str] = []

    def buy() -> str:
        bought.append(f"invented-token-{len(bought)}")
        return bought[-1]

    cache = TokenCache(buy, life_s=600.0, now=lambda: moment[0])
    assert {cache.get() for _ in range(5)} == {"invented-token-0"}
    moment[0] += 600.0 - EARLY_S - 1
    assert cache.get() == "invented-token-0"
    moment[0] += 1
    assert cache.get() == "invented-token-1"
    assert len(bought) == 2


def test_a_refused_token_is_bought_anew_but_not_twice_by_two_threads() -> None:
    bought: list[str] = []

    def buy() -> str:
        bought.append(f"invented-token-{len(bought)}")
        return bought[-1]

    cache = TokenCache(buy, now=lambda: 0.0)
    old = cache.get()
    threads = [threading.Thread(target=cache.forget, args=(old,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    new = cache.get()
    cache.forget(old)
    assert cache.get() == new
    assert len(bought) == 2


def test_a_cache_does_not_show_its_token() -> None:
    cache = TokenCache(lambda: "invented-token-0001")
    cache.get()
    assert "invented" not in repr(cache)


# --- in the harness ---------------------------------------------------------------------------


class Kept:
    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []

    def record(self, exchange: Exchange) -> Exchange:
        self.exchanges.append(exchange)
        return exchange

    def intend(self, request: Request, slot: Slot, started_s: float) -> None:
        raise AssertionError("nothing paid is sent here")


def balances(gaps_s: list[float], faults: FaultPlan | None = None) -> tuple[list[str], list[str]]:
    """The balance asked once after each gap: what each answered, and every call on the wire."""
    contract, clock, kept = contract_load.load("akool"), VirtualClock(NOW_S), Kept()
    emulator = Emulator(contract, clock=clock, faults=faults)
    account = {
        "AKOOL_CLIENT_ID": emulator.client_id,
        "AKOOL_CLIENT_SECRET": emulator.client_secret,
    }
    driver = Live(
        contract=contract,
        target=Target(kind=TargetKind.EMULATOR, provider="akool", base_url=emulator.base_url),
        authority=Authority(
            contract=contract,
            values=account,
            register=lambda _value, _kind: None,
            hosts=frozenset({"akool.emulator.test"}),
            now=clock.now,
        ),
        budget=Budget(kind=TargetKind.EMULATOR),
        clock=clock,
        recorder=kept,
        local={"akool.emulator.test": AsgiTransport(emulator)},
    )

    async def work() -> list[str]:
        told = []
        for gap_s in gaps_s:
            await clock.sleep(gap_s)
            exchange = await driver.exchange(contract.request("getCredit"), Slot())
            assert exchange.response is not None
            told.append(str(contract.read(exchange.response, "getCredit").code))
        return told

    answers = run(work(), clock)
    return answers, [seen.path.rpartition("/")[2] for seen in emulator.seen]


def refusing(calls: str) -> FaultPlan:
    """The provider refuses these calls of the balance, and with them every token so far."""
    rule = FaultRule(
        target=("balance",), calls=_calls(calls), do={"tokens": "expired", "code": 1101}
    )
    return FaultPlan(name="made-up", rules=(rule,))


def _calls(text: str) -> tuple[tuple[int, float], ...]:
    return tuple((int(n), float(n)) for n in text.split(","))


def test_the_harness_keeps_a_token_for_its_life_and_buys_the_next_in_time() -> None:
    told, calls = balances([0, 10, 3600 - EARLY_S - 11, 2])
    assert told == ["1000"] * 4
    assert calls == ["getToken", "info", "info", "info", "getToken", "info"]


def test_a_token_that_worked_and_is_refused_is_replaced_and_the_call_made_again() -> None:
    told, calls = balances([0, 1, 1], refusing("2"))
    assert told == ["1000", "1000", "1000"]
    assert calls == ["getToken", "info", "info", "getToken", "info", "info"]


def test_a_token_that_never_worked_is_not_bought_over_and_over() -> None:
    told, calls = balances([0, 1], refusing("1,2,3,4"))
    assert told == ["1101", "1101"]
    assert calls == ["getToken", "info", "info"]
