"""Does stock Locust run our scenarios: to this machine only, counted exactly, and does it end?"""

import csv
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from diagnostics import contract_load
from diagnostics.emulator.faults import load_plan
from diagnostics.emulator.overload import Pressure
from diagnostics.emulator.pressing.spread import spread
from diagnostics.emulator.serve import Served, ServedTown

ROOT = Path(__file__).parent.parent
LOCUSTFILE = ROOT / "locustfile.py"

PROFILE = """
title: a small load
model: {model}
stages:
  - {{{level}, hold: 2 s}}
mix:
  - {{scenario: job, weight: 2, poll: {{every: 100 ms, most: 60}}}}
  - {{scenario: read, weight: 1}}
objectives: ['duplicates = 0']
"""
CLOSED = PROFILE.format(model="closed", level="users: 6")
OPEN = PROFILE.format(model="open", level="rate: 30 /s")


def locust(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """In a process of its own: Locust replaces half of the standard library."""
    return subprocess.run(
        [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
    )


def rows(output: str) -> dict[str, dict[str, Any]]:
    """Locust's `--json`, by name."""
    return {row["name"]: row for row in json.loads(output)}


@pytest.fixture(scope="module")
def quick() -> Iterator[Served]:
    """An emulator whose jobs take a quarter of a second."""
    pressure = Pressure(queue_s=spread(0.05), render_s=spread(0.2))
    with Served(contract_load.load("akool"), credits=1e6, pressure=pressure) as served:
        yield served


@pytest.fixture(scope="module")
def closed(quick: Served, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path | str]:
    """One run of a closed profile with everything that Locust writes."""
    folder = tmp_path_factory.mktemp("closed")
    profile = folder / "closed.yaml"
    profile.write_text(CLOSED)
    listening = folder / "listening.py"
    listening.write_text(LISTENING)
    ended = locust(
        "-f", f"{LOCUSTFILE},{listening}", "--host", quick.base_url, "--profile", str(profile),
        "--csv", str(folder / "c"), "--html", str(folder / "r.html"), "--json",
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return {"folder": folder, "out": ended.stdout, "told": ended.stderr}


LISTENING = dedent(
    """
    import json, sys
    from collections import Counter
    from locust import events

    heard = Counter()
    times = Counter()

    @events.request.add_listener
    def hear(request_type, name, response_time, exception, response, **others):
        heard[f"{request_type} {name}"] += 1
        times[f"{request_type} {name}"] += response_time
        if request_type != "JOB":
            assert response.status_code in (200, 206)

    @events.quit.add_listener
    def tell(**others):
        print("heard:" + json.dumps([heard, times]), file=sys.stderr)
    """
)


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("https://openapi.akool.com", "this machine"),
        ("http://127.0.0.1.evil.test:80", "no provider is named"),
        ("http://127.0.0.1:1", "no emulator answers"),
    ],
)
def test_any_other_host_is_refused_before_anything_is_sent(host: str, told: str) -> None:
    ended = locust("--host", host)
    assert ended.returncode == 1
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_profile_nobody_knows_is_refused_with_the_nearest() -> None:
    ended = locust("--host", "http://127.0.0.1:1", "--profile", "smok")
    assert ended.returncode == 1
    assert "smoke" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_locusts_own_options_decide_where_no_profile_does(quick: Served) -> None:
    ended = locust("--host", quick.base_url, "--users", "2", "--run-time", "2s", "--json")
    assert ended.returncode == 0, ended.stderr
    found = rows(ended.stdout)
    assert found["getVideo"]["num_requests"] > 0
    assert not any(row["num_failures"] for row in found.values())


def test_requests_and_stages_of_jobs_stand_in_the_statistics(
    closed: Mapping[str, Path | str],
) -> None:
    found = rows(str(closed["out"]))
    jobs = found["job.total"]["num_requests"]
    assert found["createTalkingPhoto"]["num_requests"] == jobs > 6
    assert 240 < found["job.total"]["total_response_time"] / jobs < 1500
    for stage in ("submit", "queue", "run", "fetch"):
        assert found[f"job.{stage}"]["method"] == "JOB"
        assert found[f"job.{stage}"]["num_requests"] == jobs


def test_a_listener_hears_every_event_and_their_sums_are_the_statistics(
    closed: Mapping[str, Path | str],
) -> None:
    line = next(x for x in str(closed["told"]).splitlines() if x.startswith("heard:"))
    heard, times = json.loads(line.removeprefix("heard:"))
    found = rows(str(closed["out"]))
    assert {f"{r['method']} {n}": r["num_requests"] for n, r in found.items()} == heard
    assert {f"{r['method']} {n}": r["total_response_time"] for n, r in found.items()} == times


def test_csv_and_html_hold_what_the_statistics_do(closed: Mapping[str, Path | str]) -> None:
    folder = Path(closed["folder"])
    with (folder / "c_stats.csv").open() as file:
        told = {row["Name"]: row for row in csv.DictReader(file)}
    found = rows(str(closed["out"]))
    assert int(told["job.total"]["Request Count"]) == found["job.total"]["num_requests"]
    sent = sum(row["num_requests"] for row in found.values() if row["method"] != "JOB")
    assert int(told["Aggregated"]["Request Count"]) == sent
    assert "createTalkingPhoto" in (folder / "r.html").read_text()


def test_arrivals_come_at_the_rate_of_the_profile(quick: Served, tmp_path: Path) -> None:
    profile = tmp_path / "open.yaml"
    profile.write_text(OPEN)
    ended = locust("--host", quick.base_url, "--profile", str(profile), "--json")
    assert ended.returncode == 0, ended.stderr
    found = rows(ended.stdout)
    arrived = found["createTalkingPhoto"]["num_requests"] + found["getCredit"]["num_requests"]
    balances_after_jobs = found["createTalkingPhoto"]["num_requests"]
    assert arrived - balances_after_jobs == pytest.approx(60, abs=1)


def test_locusts_own_client_runs_the_same_profile(quick: Served, tmp_path: Path) -> None:
    profile = tmp_path / "closed.yaml"
    profile.write_text(CLOSED)
    ended = locust(
        "--host", quick.base_url, "--profile", str(profile), "--client", "stock", "--json"
    )
    assert ended.returncode == 0, ended.stderr
    found = rows(ended.stdout)
    jobs = found["job.total"]["num_requests"]
    assert found["createTalkingPhoto"]["num_requests"] == jobs > 6
    assert not any(row["num_failures"] for row in found.values())


@pytest.mark.parametrize("client", ["engine", "stock"])
def test_a_business_error_inside_http_200_is_a_failure_by_its_code(
    client: str, tmp_path: Path
) -> None:
    profile = tmp_path / "closed.yaml"
    profile.write_text(CLOSED.replace("weight: 2", "weight: 1"))
    with Served(contract_load.load("akool"), faults=load_plan("unpaid")) as served:
        ended = locust(
            "--host", served.base_url, "--profile", str(profile), "--client", client, "--json"
        )
    assert ended.returncode == 1, ended.stderr
    found = rows(ended.stdout)
    create = found["createTalkingPhoto"]
    assert create["num_failures"] == create["num_requests"] > 0
    assert "code 1103" in ended.stderr
    assert "FINDING" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_of_several_emulators_on_a_port_one_has_to_be_named_and_is_loaded_under_its_prefix() -> (
    None
):
    contracts = [contract_load.load("akool"), contract_load.load("heygen")]
    with ServedTown(contracts) as town:
        refused = locust("--host", town.base_url)
        ended = locust("--host", town.url("heygen"), "--users", "1", "--run-time", "1s", "--json")
    assert refused.returncode == 1
    assert "name one" in refused.stderr
    found = rows(ended.stdout)
    assert found
    assert not any(row["num_failures"] for row in found.values())


def test_ctrl_c_ends_at_once_with_what_was_counted_and_blames_nobody(
    quick: Served, tmp_path: Path
) -> None:
    profile = tmp_path / "open.yaml"
    profile.write_text(OPEN.replace("hold: 2 s", "hold: 60 s"))
    begun = len(quick.emulator.account.charged)
    running = subprocess.Popen(
        [
            sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--json",
            "--host", quick.base_url, "--profile", str(profile),
        ],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    while len(quick.emulator.account.charged) < begun + 20:
        with suppress(subprocess.TimeoutExpired):
            raise AssertionError(f"it ended with {running.wait(timeout=0.05)}")
    running.send_signal(signal.SIGINT)
    out, told = running.communicate(timeout=30)
    assert running.returncode == 0, told
    assert rows(out)["createTalkingPhoto"]["num_requests"] >= 19
    assert "Traceback" not in told
    assert "FINDING" not in told


EXACT = dedent(
    """
    from locust.env import Environment
    from locust.stats import RequestStats
    from diagnostics.loading.statistics import Statistics, milliseconds
    from diagnostics.model import Exchange, Fault, FaultKind, Request, Response
    import random

    dice = random.Random(5)
    batched, told = Environment(), Environment()
    batched.create_local_runner(), told.create_local_runner()
    now = [1000.0]
    mine = Statistics(batched, now=lambda: now[0])
    yours = Statistics(told, now=lambda: now[0])
    for _ in range(3000):
        now[0] += dice.random() / 100
        took = dice.lognormvariate(-4, 2)
        method, name = dice.choice([("GET", "a"), ("POST", "a"), ("GET", "b")])
        good = dice.random() < 0.9
        answer = Response(status=200, body=b"x" * dice.randrange(300))
        if dice.random() < 0.1:
            good, answer = False, Fault(kind=FaultKind.RESET, message="")
        exchange = Exchange(
            request=Request(method=method, url="http://127.0.0.1/"),
            answer=answer, started_s=now[0] - took, duration_s=took,
        )
        code = None if good else dice.choice(["1005", "1015"])
        mine.answered(exchange, due_s=now[0] - took, sent_s=0.0, name=name, code=code, ok=good)
        error = "reset" if type(answer) is Fault else f"code {code}"
        told.events.request.fire(
            request_type=method, name=name, response_time=milliseconds(took),
            response_length=0 if type(answer) is Fault else len(answer.body),
            exception=None if good else yours._failure(error),
        )
        if dice.random() < 0.01:
            mine.merge()
    mine.merge()
    def seen(stats):
        every = [*stats.entries.values(), stats.total]
        return {
            (e.name, e.method): (
                e.num_requests, e.num_failures, e.total_response_time, e.min_response_time,
                e.max_response_time, dict(e.response_times), e.total_content_length,
                sum(e.num_reqs_per_sec.values()), sum(e.num_fail_per_sec.values()),
            )
            for e in every
        }, {key: (e.to_name(), e.occurrences) for key, e in stats.errors.items()}
    assert seen(batched.stats) == seen(told.stats), (seen(batched.stats), seen(told.stats))
    assert batched.stats.num_requests == 3000
    entry = batched.stats.total
    assert len(entry.num_reqs_per_sec) > 10
    assert 0 < max(entry.num_reqs_per_sec.values()) < 400
    print("exact")
    """
)


def test_batches_give_exactly_what_an_event_for_each_answer_would_have_given() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", EXACT],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
    )
    assert ended.stdout == "exact\n", ended.stderr
