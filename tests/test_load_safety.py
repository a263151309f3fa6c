"""Is anybody loaded who was not named, without a budget, or faster than he allows?"""

import dataclasses
import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics import contract_load
from diagnostics.contract import Contract
from diagnostics.jobs import output_request
from diagnostics.loading import reading, safety
from diagnostics.loading.forecast import Forecast, Line, built, forecast, of_mix
from diagnostics.loading.hosts import Fence, everywhere, here, host_of
from diagnostics.loading.profile import Arrival, Model, Profile, Share, Stage
from diagnostics.model import Ask, Purpose, Request, Text, Together, Unsent, UnsentReason
from tests.load_cases import Ear, answering, engine, one, run
from tests.wire import http

AKOOL = contract_load.load("akool")
HEYGEN = contract_load.load("heygen")
REPLICATE = contract_load.load("replicate")
CREATE = AKOOL.request("createTalkingPhoto", body={})
LIVE = "https://api.replicate.com"
NAMED = ["api.replicate.com"]


def at_home(name: str) -> Sequence[str]:
    return ["127.0.0.1", "::1"] if name.startswith("localhost") else ["192.0.2.7"]


def abroad(name: str) -> Sequence[str]:
    return ["127.0.0.1", "192.0.2.7"]


def nobody(name: str) -> Sequence[str]:
    return []


def load(rate: float = 0.1, *, scenario: str = "job", **more: object) -> Profile:
    made = dataclasses.replace(
        reading.load("average"),
        stages=(Stage(duration_s=0, level=rate), Stage(duration_s=60, level=rate)),
        mix=(Share(scenario=scenario, poll_interval_s=5, max_polls=60),),
        arrival=Arrival.CONSTANT,
    )
    return dataclasses.replace(made, **more)  # type: ignore[arg-type]  # fields of a profile, by name


def said(  # what is refused, in English
    profile: Profile,
    host: str = LIVE,
    *,
    allowed: Sequence[str] = (),
    budget: float | None = None,
    contract: Contract = REPLICATE,
) -> list[str]:
    found = safety.refusal(profile, host, allowed, budget, contract, resolve=at_home)
    return found.en.splitlines() if found else []


# --- whose machine ----------------------------------------------------------------------------

OURS = [
    "http://127.0.0.1:8080",
    "127.0.0.1",
    "127.8.9.1:80",
    "http://[::1]:8080/openai",
    "::1",
    "http://[::ffff:127.0.0.1]/",
    "localhost:8080",
    "http://LOCALHOST",
    "http://localhost./",
    "http://user:word@127.0.0.1/",
]
THEIRS = [
    "http://127.0.0.1.evil.test",
    "http://localhost.evil.test",
    "http://127.0.0.1@evil.test/",
    "http://evil.test#@127.0.0.1/",
    "http://evil.test?127.0.0.1",
    "https://api.replicate.com",
    "http://10.0.0.1",
    "http://[2001:db8::1]",
    "http://[::ffff:192.0.2.7]/",
    "http://0x7f.1",
    "http://2130706433",
    "http://127.1",
    "http://127.0.0.1./",
    "http://１２７.0.0.1",
    "http://my-own-name.test",
]
NOBODYS = ["", "http://", "http://[::1", "http://127.0.0.1\\@evil.test/", "http://a b", "//x:99999"]


@pytest.mark.parametrize("url", OURS)
def test_this_machine_is_known_by_its_own_addresses(url: str) -> None:
    assert here(host_of(url), at_home)
    assert said(reading.load("stress"), url) == []


@pytest.mark.parametrize("url", THEIRS)
def test_what_only_looks_like_this_machine_is_somebody_else(url: str) -> None:
    assert not here(host_of(url), at_home)
    assert "is not this machine" in said(load(), url)[0]


@pytest.mark.parametrize("url", NOBODYS)
def test_what_names_no_host_gets_nothing(url: str) -> None:
    assert len(said(load(), url, allowed=[url], budget=5)) == 1
    assert "names no host" in said(load(), url, allowed=[url], budget=5)[0]
    assert not Fence([url], at_home).admits(url)


def test_a_localhost_that_resolves_to_elsewhere_is_somebody_else() -> None:
    assert here("localhost", at_home)
    assert not here("localhost", abroad)
    assert not here("localhost", nobody)


def test_this_machine_resolves_its_own_name_to_itself() -> None:
    assert here("localhost")


@pytest.mark.parametrize("host", ["0.0.0.0", "http://0.0.0.0:8080", "http://[::]:80", "::"])
def test_where_a_server_listens_is_no_address_to_send_to(host: str) -> None:
    assert everywhere(host_of(host))
    assert said(load(), host, allowed=[host_of(host)], budget=5) == [
        f"{host_of(host)} is where a server listens, and no address to send to: write 127.0.0.1"
    ]


@given(st.text(max_size=60))
def test_no_text_is_taken_for_this_machine_unless_it_is_one_of_its_addresses(text: str) -> None:
    if Fence((), at_home).admits(text):
        host = host_of(text)
        assert host.startswith("127.") or host.rstrip(".") == "localhost" or ":" in host


# --- what an answer may lead to ---------------------------------------------------------------


def test_an_answer_leads_to_no_host_that_nobody_named() -> None:
    fence = Fence(["api.example.test", "https://cdn.example.test:8443/x"], at_home)
    assert fence.admits("https://api.example.test/v1/jobs")
    assert fence.admits("https://API.example.test.:444/v1/jobs")
    assert fence.admits("http://cdn.example.test/clip.mp4")
    assert fence.admits("http://127.0.0.1:1/clip.mp4")
    assert not fence.admits("https://other.example.test/clip.mp4")
    assert not fence.admits("https://example.test/clip.mp4")
    assert not fence.admits("clip.mp4")


def test_a_host_is_resolved_once_and_then_remembered() -> None:
    asked: list[str] = []

    def resolve(name: str) -> Sequence[str]:
        asked.append(name)
        return ["127.0.0.1"]

    fence = Fence((), resolve)
    assert all(fence.admits("http://localhost/a") for _ in range(3))
    assert asked == ["localhost"]


def test_the_engine_asks_no_host_that_only_an_answer_named() -> None:
    with answering(lambda _: [http(b"{}")]) as wire:
        urls = (f"{wire.base_url}/clip.mp4", "http://cdn.evil.test/clip.mp4")
        admits = Fence((), at_home).admits
        asks = [one(output_request(url)) for url in urls]
        theirs, ours = run(engine(wire.base_url, Ear(), admits=admits), *asks)
    assert ours.response is not None
    assert theirs.answer == Unsent(
        reason=UnsentReason.FOREIGN_HOST,
        message="cdn.evil.test is not this machine, and nobody named it"
        " (--i-may-load cdn.evil.test)",
    )


# --- refusals ---------------------------------------------------------------------------------


def test_a_stranger_must_be_named_and_a_budget_set() -> None:
    first, second = said(load(), LIVE)
    assert "api.replicate.com is not this machine" in first
    assert "--i-may-load api.replicate.com" in first
    assert "--budget" in second
    assert said(load(), LIVE, allowed=NAMED) == [second]
    assert said(load(), LIVE, budget=5) == [first]
    assert said(load(), LIVE, allowed=NAMED, budget=5) == []
    assert said(load(), LIVE, allowed=NAMED, budget=0) == []


def test_a_profile_may_name_the_host_and_neither_names_a_part_of_it() -> None:
    assert said(load(hosts=("api.replicate.com",)), LIVE, budget=5) == []
    for other in ("replicate.com", "com", "*", "api.replicate.com.evil.test"):
        assert said(load(), LIVE, allowed=[other], budget=5)


@pytest.mark.parametrize(("rate", "refused"), [(10.0, False), (10.1, True)])
def test_the_rate_stays_within_what_the_provider_documents(rate: float, refused: bool) -> None:  # noqa: FBT001  # the two sides of a border
    calls = load(rate, mix=(Share(scenario="job", max_polls=1),))
    found = said(calls, LIVE, allowed=NAMED, budget=5)
    assert bool(found) is refused
    if refused:
        assert "allows 600 paid calls a minute; this would send 606" in found[0]


def test_polls_count_against_the_limit_of_reads() -> None:
    busy = load(5.0, mix=(Share(scenario="job", max_polls=60, poll_interval_s=1),))
    found = said(busy, LIVE, allowed=NAMED, budget=5)
    assert len(found) == 1
    assert "allows 3000 reads a minute" in found[0]
    calm = load(0.5, mix=(Share(scenario="job", max_polls=60, poll_interval_s=1),))
    assert said(calm, LIVE, allowed=NAMED, budget=5) == []


def test_where_no_limit_is_published_one_request_a_second_is_ours() -> None:
    host = AKOOL.host
    reads = load(1.0, scenario="read")
    assert said(reads, host, allowed=[host], budget=5, contract=AKOOL) == []
    found = said(reads.scaled(1.1), host, allowed=[host], budget=5, contract=AKOOL)
    assert "publishes no limit, so we stay at 60 requests a minute; this would send 66" in found[0]


def test_whoever_seeks_the_limit_may_reach_it_but_not_go_far_beyond() -> None:
    mix = (Share(scenario="job", max_polls=1),)
    seeking = load(20.0, mix=mix, seeks_limit=True)
    assert said(seeking, LIVE, allowed=NAMED, budget=5) == []
    found = said(seeking.scaled(1.05), LIVE, allowed=NAMED, budget=5)
    assert "2 times as much is allowed" in found[0]


def test_jobs_at_once_stay_within_what_the_provider_documents() -> None:
    host, mix = HEYGEN.host, (Share(scenario="job", think_s=(60, 60), poll_interval_s=60),)
    users = load(10, model=Model.CLOSED, mix=mix)
    assert said(users, host, allowed=[host], budget=5, contract=HEYGEN) == []
    found = said(users.scaled(1.1), host, allowed=[host], budget=5, contract=HEYGEN)
    assert "allows 10 jobs at once; this could have 11 under way" in found[0]
    arrivals = load(0.05, mix=(Share(scenario="job", poll_interval_s=10, max_polls=30),))
    found = said(arrivals, host, allowed=[host], budget=5, contract=HEYGEN)
    assert "this could have 15 under way" in found[0]


def test_users_who_never_think_have_no_bound_and_load_nobody_else() -> None:
    eager = load(2, model=Model.CLOSED, mix=(Share(scenario="read"),))
    assert "have no bound" in " ".join(said(eager, LIVE, allowed=NAMED, budget=5)).replace(
        "their rate has no bound", "have no bound"
    )
    assert said(eager, "http://127.0.0.1:8080") == []


def test_a_refusal_speaks_both_languages_about_the_same() -> None:
    found = safety.refusal(
        reading.load("stress"), LIVE, (), None, REPLICATE, resolve=at_home
    ) or Text(en="", ru="")
    assert len(found.en.splitlines()) == len(found.ru.splitlines()) == 4
    assert "api.replicate.com — не эта машина" in found.ru
    assert "--budget" in found.ru


# --- forecast ---------------------------------------------------------------------------------


def lines(coming: Forecast) -> dict[str, Line]:
    return {line.operation: line for line in coming.lines}


def test_a_job_is_foreseen_with_its_polls_its_result_and_the_balance_after() -> None:
    coming = forecast(load(2.0), AKOOL, base_url="http://127.0.0.1:8080/akool")
    found = lines(coming)
    assert {name: line.most for name, line in found.items()} == {
        "createTalkingPhoto": 120,
        "getVideo": 120 * 60,
        "output": 120,
        "getCredit": 120,
    }
    assert [name for name, line in found.items() if line.paid] == ["createTalkingPhoto"]
    assert coming.hosts == ("127.0.0.1",)
    assert (coming.asks_most, coming.paid_most, coming.requests_most) == (120, 120, 63 * 120)
    assert found["createTalkingPhoto"].per_s == 2
    assert found["getVideo"].per_s == 120 / 5, "120 jobs, each asked every 5 s"


def test_a_price_that_nobody_documents_is_said_to_be_unknown() -> None:
    coming = forecast(load(2.0), AKOOL)
    assert coming.credits_most is None
    assert coming.unpriced == ("createTalkingPhoto",)
    assert coming.hosts == ("openapi.akool.com",)
    played = forecast(load(2.0), AKOOL, emulated=True)
    assert (played.credits_most, played.unpriced) == (1200, ())


def test_a_known_price_is_counted_and_of_a_table_the_dearest() -> None:
    swap = Share(scenario="job", operation="createCharacterSwap")
    price = AKOOL.operations["createCharacterSwap"].price
    body = {"resolution": "480p", "duration": 10}
    known = forecast(load(1.0, mix=(dataclasses.replace(swap, body=body),)), AKOOL)
    assert known.credits_most == 60 * (price.of(body) or math.nan)


def test_users_who_think_ask_at_most_so_often() -> None:
    smoke = reading.load("smoke")
    coming = forecast(smoke, AKOOL, emulated=True)
    assert coming.asks_most == 2 * 10 / 1 + 2
    assert lines(coming)["getVideo"].per_s == 2 / 0.5, "two users, one job each"
    assert coming.credits_most == 220


def test_what_users_without_think_time_send_is_not_known() -> None:
    eager = load(2, model=Model.CLOSED)
    coming = forecast(eager, AKOOL, emulated=True)
    assert coming.asks_most is None
    assert coming.credits_most is None
    assert coming.to_json()["requests_most"] is None


def test_arrivals_by_chance_may_be_more_than_their_mean() -> None:
    constant = forecast(load(10.0), AKOOL).asks_most or 0
    poisson = forecast(load(10.0, arrival=Arrival.POISSON), AKOOL).asks_most or 0
    assert constant == 600
    assert 600 + 4 * math.sqrt(600) < poisson < 600 + 6 * math.sqrt(600)


def test_the_parts_of_a_mix_are_foreseen_by_their_weight() -> None:
    mix = (Share(scenario="job", weight=3), Share(scenario="read", weight=1))
    coming = forecast(load(100.0, mix=mix), AKOOL)
    created = lines(coming)["createTalkingPhoto"]
    assert 4500 <= (created.most or 0) <= 4500 + 5 * math.sqrt(6000 * 0.75 * 0.25) + 1
    assert created.per_s == 75


def test_a_scenario_that_only_its_own_ask_knows_is_counted_by_a_dry_run() -> None:
    plan = load(1.0, scenario="endpoints")
    probes = tuple(AKOOL.probing()) * 3
    unknown = forecast(plan, AKOOL)
    assert (unknown.requests_most, unknown.hosts) == (None, ("openapi.akool.com",))
    coming = forecast(plan, AKOOL, dry=lambda _share, _contract: probes)
    assert [(line.most, line.per_s, line.paid) for line in coming.lines] == [(180, 3, False)]
    probed = [dataclasses.replace(one, purpose=Purpose.PROBE) for one in (CREATE, CREATE)]
    mixed = forecast(plan, AKOOL, dry=lambda _share, _contract: [*probed, CREATE], emulated=True)
    assert [(line.most, line.paid) for line in mixed.lines] == [(120, False), (60, True)]
    assert mixed.credits_most == 600, "a probe breaks the contract, and is not charged"
    assert coming.to_json()["lines"][0]["operation"] == "getCredit"


def test_a_scenario_that_nobody_foresees_loads_nobody_else() -> None:
    plan = load(0.1, scenario="endpoints")
    found = said(plan, LIVE, allowed=NAMED, budget=5)
    assert len(found) == 1
    assert "loads this machine alone" in found[0]
    assert said(plan, "http://127.0.0.1:8080") == []


def test_a_dry_run_of_an_ask_tells_what_it_sends_though_nothing_answers() -> None:
    first, second, third = (AKOOL.request("getCredit", label=label) for label in "123")
    told: list[object] = []

    def part(request: Request) -> Ask:
        told.append((yield request).answer)

    def whole() -> Ask:
        told.append((yield first).answer)
        told.append((yield Together(asks=(part(second), part(third)))))

    assert {one.label for one in built(whole())} == {"1", "2", "3"}
    assert [None, None] in told

    def endless() -> Ask:
        while True:
            yield first

    assert len(built(endless())) == 1000


def test_each_provider_of_a_mix_is_foreseen_and_refused_for_itself() -> None:
    mixed = load(
        1.0,
        mix=(
            Share(scenario="read"),
            Share(scenario="job", provider="heygen", operation="createVideo"),
        ),
    )
    mine = forecast(mixed, AKOOL, base_url="http://127.0.0.1:8080")
    other = forecast(mixed, HEYGEN, base_url="http://127.0.0.1:8080/heygen", main=False)
    assert [line.operation for line in mine.lines] == ["getCredit"]
    assert [line.provider for line in other.lines] == ["heygen"] * 4
    both = of_mix(
        mixed,
        {"akool": AKOOL, "heygen": HEYGEN},
        main="akool",
        base_urls={"akool": "http://127.0.0.1:8080", "heygen": "http://127.0.0.1:8080/heygen"},
    )
    assert both.lines == mine.lines + other.lines
    assert lines(mine)["getCredit"].per_s == 0.5
    host = HEYGEN.host
    found = safety.refusal(mixed, host, [host], 5, HEYGEN, main=False, resolve=at_home)
    assert found is not None
    assert "HeyGen" in found.en


@pytest.mark.parametrize("name", reading.names())
@pytest.mark.parametrize("provider", contract_load.providers())
def test_every_shipped_profile_can_be_foreseen_for_every_provider(name: str, provider: str) -> None:
    coming = forecast(reading.load(name), contract_load.load(provider), emulated=True)
    assert coming.credits_most is not None
    assert (coming.requests_most or 0) > (coming.paid_most or 0) > 0 or provider == "openai"
