"""Do the benchmarks measure every figure of the issue, and say when one is missed or broken?"""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import (
    __main__,
    hundred_checks,
    job_end,
    long_tape,
    many_jobs,
    one_exchange,
    servers,
    start,
    table,
    validation,
)
from benchmarks.checker import report
from benchmarks.children import BrokenError, environment, spend
from benchmarks.table import Row
from diagnostics.contract_load import load
from diagnostics.judge import spending
from diagnostics.tape import read_whole


def only(rows: Iterator[Row]) -> Row:
    (row,) = rows
    return row


# --- every figure has a row -------------------------------------------------------------------


def test_starting_is_measured_against_a_bare_interpreter() -> None:
    row = start.helped(1)
    assert (row.what, row.reach) == ("diagnostics --help", "≤ 4 ×")
    assert row.baseline.startswith("python -c pass")
    assert row.ratio.endswith("×")


def test_the_suite_is_measured_as_a_process() -> None:
    row = start.suite(start.SUITE, "akool", 1.5, 1)
    assert row.what == "whole AKOOL suite, start-up included"
    assert row.reach == "≤ 1.5 s"


def test_checks_are_measured_against_pytest_newman_and_curl() -> None:
    rows = list(hundred_checks.rows(count=2, rounds=1, with_newman=False))
    assert [row.what for row in rows] == [
        "100 free checks, start-up and JUnit included",
        "the same against newman",
        "the same against curl (nothing judged)",
    ]
    assert [row.reach for row in rows] == ["≤ 1.5 ×", "under it by 4 ×", ""]
    assert rows[1].baseline == "newman not installed: skipped"
    assert rows[1].reached is None


def test_without_npm_there_is_no_newman(tmp_path: Path) -> None:
    assert hundred_checks.newman(lambda _name: None, tmp_path) is None


def test_a_newman_that_is_installed_is_taken(tmp_path: Path) -> None:
    assert hundred_checks.newman(lambda name: f"/opt/{name}", tmp_path) == Path("/opt/newman")


def test_an_exchange_is_measured_against_bare_httpx() -> None:
    row = only(one_exchange.rows(rounds=1, exchanges=2))
    assert row.reach == "≤ 1.3 ×"
    assert row.baseline.startswith("httpx.AsyncClient")


def test_validation_is_measured_for_a_right_body_and_for_the_documented_one() -> None:
    rows = list(validation.rows(rounds=1, checks=2))
    assert [row.reach for row in rows] == ["≥ 20,000 a second"] * 2


def test_jobs_are_measured_in_sum_and_in_growth() -> None:
    rows = list(many_jobs.rows(few=1, many=2, rounds=1))
    assert [row.reach for row in rows] == ["≤ 15 s", "≤ 1.2 ×"]
    assert rows[0].baseline == "242 exchanges"


def test_a_job_of_ten_minutes_is_one_create_and_a_hundred_and_twenty_polls() -> None:
    assert many_jobs.jobs(1)[1] == 1 + 600 / 5


def test_the_failure_of_a_job_is_noticed_by_its_first_answer_and_asked_about_no_more() -> None:
    row = only(job_end.rows())
    assert row.measured == "at its first poll, 0 polls after it"
    assert row.baseline.endswith("of 4 providers")
    assert row.reached is True


def test_a_report_from_a_long_tape_is_measured_in_time_and_memory() -> None:
    row = only(long_tape.rows(exchanges=250, rounds=1))
    assert row.reach == "≤ 10 s and ≤ 400 MB"
    assert row.measured.endswith("MB")


def test_the_long_tape_is_a_tape_of_jobs_that_went_well(tmp_path: Path) -> None:
    long_tape.write(tmp_path, 250)
    reading = read_whole(tmp_path)
    assert (len(reading.tape), reading.torn, reading.pending) == (250, 0, 0)
    assert spending(load("akool"), reading.tape).paid_requests == 3


# --- the table --------------------------------------------------------------------------------


def test_a_figure_missed_is_printed_as_missed() -> None:
    row = Row(what="speed", measured="3 s", reach="≤ 2 s", reached=False)
    assert table.shown(row).split()[-1] == "NO"
    assert table.shown(replace(row, reached=True)).split()[-1] == "yes"


def test_a_row_without_a_promise_ends_without_a_verdict() -> None:
    assert table.shown(Row(what="speed", measured="1 s")).split() == ["speed", "1", "s"]


def test_rounds_are_taken_in_turn() -> None:
    order: list[str] = []

    def noted(name: str, seconds: float) -> table.Work:
        def work() -> float:
            order.append(name)
            return seconds

        return work

    taken = table.interleaved({"a": noted("a", 3.0), "b": noted("b", 2.0)}, 2)
    assert order == ["a", "b", "a", "b"]
    assert table.ratio_of(taken["a"], taken["b"]) == pytest.approx(1.5)


def test_an_unknown_benchmark_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["many_cats"]) == 2
    assert "many_jobs" in capsys.readouterr().err


def test_a_broken_benchmark_hides_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert not __main__.measured("none_of_that_name")
    assert "none_of_that_name is broken: ModuleNotFoundError" in capsys.readouterr().err


def test_every_module_that_has_rows_is_run() -> None:
    folder = Path(table.__file__).parent
    having = {path.stem for path in folder.glob("*.py") if "\ndef rows(" in path.read_text("utf-8")}
    assert having == set(__main__.NAMES)


# --- children ---------------------------------------------------------------------------------


def test_a_child_that_fails_breaks_the_benchmark_and_says_what_it_said() -> None:
    with pytest.raises(BrokenError, match="broken on purpose"):
        spend([sys.executable, "-c", "import sys; sys.exit('broken on purpose')"])


def test_a_child_that_hangs_is_ended() -> None:
    with pytest.raises(BrokenError, match="-9"):
        spend([sys.executable, "-c", "import time; time.sleep(60)"], limit_s=0.05)


def test_no_key_and_no_proxy_of_the_developer_reaches_a_child() -> None:
    names = ("AKOOL_API_KEY", "HTTP_PROXY", "all_proxy", "PYTHONDONTWRITEBYTECODE")
    ours = environment({"PATH": "/bin", **dict.fromkeys(names, "invented-0001")})
    assert ours == {"PATH": "/bin", "LC_ALL": "C.UTF-8"}


def test_a_server_is_gone_when_its_block_ends() -> None:
    import httpx  # noqa: PLC0415  # only this test asks it

    with servers.server("plain") as where:
        assert httpx.get(f"{where.base_url}/x", trust_env=False).json()["code"] == 1000
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{where.base_url}/x", trust_env=False)


def test_a_server_that_cannot_start_breaks_the_benchmark() -> None:
    with pytest.raises(BrokenError, match="did not start"), servers.server("--nothing") as where:
        assert where.base_url == "there is none"


def test_a_check_that_fails_stands_in_the_junit_file(tmp_path: Path) -> None:
    with servers.server("emulator") as where:
        junit = tmp_path / "checks.xml"
        command = [*hundred_checks.CHECKER, where.base_url, "wrong", "2"]
        done = subprocess.run([*command, str(junit)], check=False, env=environment())
    assert done.returncode == 1
    assert "failures='2'" in junit.read_text("utf-8")


def test_a_junit_file_without_checks_is_whole() -> None:
    assert report((), ()) == "<testsuite name='checks' tests='0' failures='0'></testsuite>\n"
