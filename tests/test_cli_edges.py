"""Do the commands hold at their edges: interrupts, full disks, closed streams, strange targets?"""

import argparse
import errno
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from diagnostics import contract_load, prepare
from diagnostics.cli import emulate, main, run_words
from diagnostics.cli.list_ import _price
from diagnostics.cli.screen import Screen
from diagnostics.emulator.serve import Served
from diagnostics.errors import Exit, UsageError
from diagnostics.model import Plan, Target, TargetKind
from diagnostics.prepare import _version
from diagnostics.promise import Price
from tests.drive_cases import akool

KEY = "invented-akool-key-0001"


class Interrupting(io.StringIO):
    """Standard output whose reader sends a signal as soon as it has read the last line."""

    def __init__(self, last: str, sent: signal.Signals) -> None:
        super().__init__()
        self.last, self.sent = last, sent

    def write(self, text: str) -> int:
        written = super().write(text)
        if self.last in text:
            os.kill(os.getpid(), self.sent)
        return written


class Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def options(**given: Any) -> argparse.Namespace:
    known = {
        "name": ["akool"],
        "own_ports": False,
        "provider": None,
        "host": "127.0.0.1",
        "port": 0,
        "fault": None,
        "webhook": None,
    }
    return argparse.Namespace(**{**known, "credits": 7.0, "speed": 2.0, "seed": 0, **given})


def emulated(out: io.StringIO, *, as_json: bool = False, **given: Any) -> tuple[Exit, str, str]:
    err = io.StringIO()
    screen = Screen(streams=(out, err), language="en", as_json=as_json)
    code = emulate.main(options(**given), screen)
    return code, out.getvalue(), err.getvalue()


# --- emulate ----------------------------------------------------------------------------------


def test_ctrl_c_ends_the_emulator_with_a_count_and_130() -> None:
    code, out, err = emulated(Interrupting("Ctrl-C", signal.SIGINT), fault="outage-1015")
    assert code == Exit.INTERRUPTED
    assert "stopped after 0 requests" in err
    assert "AKOOL emulator at http://127.0.0.1:" in out
    assert "plays outage-1015: " in out
    assert "invented-akool-key-0001 in x-api-key" in out
    assert 'curl -H "x-api-key: $AKOOL_API_KEY" http://127.0.0.1:' in out


def test_a_host_beyond_this_machine_is_warned_of_and_json_tells_the_address() -> None:
    out = Interrupting("}\n", signal.SIGINT)
    code, told, err = emulated(out, as_json=True, host="0.0.0.0")
    assert code == Exit.INTERRUPTED
    about = json.loads(told)
    assert about["base_url"].startswith("http://127.0.0.1:")
    assert about["about"] == f"{about['base_url']}/_emulator"
    assert (about["credits"], about["fault"]) == (7, None)
    assert "0.0.0.0 is not this machine alone" in err


def test_every_loopback_address_is_this_machine_alone() -> None:
    _, told, err = emulated(Interrupting("}\n", signal.SIGINT), as_json=True, host="127.0.0.2")
    assert json.loads(told)["base_url"].startswith("http://127.0.0.2:")
    assert "not this machine alone" not in err


@pytest.fixture
def _terminable() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("_terminable")
def test_an_emulator_that_is_told_to_end_ends_well() -> None:
    code, _, err = emulated(Interrupting("Ctrl-C", signal.SIGTERM))
    assert (code, err) == (Exit.OK, "")


@pytest.mark.parametrize("own_ports", [False, True])
def test_without_a_name_every_provider_is_served(*, own_ports: bool) -> None:
    out = Interrupting("}\n", signal.SIGINT)
    _, told, _ = emulated(out, as_json=True, name=[], own_ports=own_ports)
    here = json.loads(told)["emulators"]
    assert [one["provider"] for one in here] == list(contract_load.providers())
    assert len({one["base_url"] for one in here}) == len(here)


def test_a_speed_is_read_as_a_factor() -> None:
    parser = argparse.ArgumentParser()
    emulate.arguments(parser)
    assert parser.parse_args(["--speed", "2.5"]).speed == 2.5


# --- run: targets, requests, formats ----------------------------------------------------------


def test_an_emulator_on_a_port_is_recognised_and_asked_for_its_own_keys() -> None:
    with Served(akool()) as server:
        found = prepare.target(server.base_url + "/", akool(), None)
        assert found.kind is TargetKind.EMULATOR
        assert found.base_url == server.base_url
        assert found.media_base == f"{server.base_url}/_media"
        assert prepare.emulator_keys(server.base_url)["key"] == server.emulator.key


def test_an_address_with_an_impossible_port_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="--target is not a URL"):
        prepare.target("https://host.example:99999", akool(), None)


def test_inputs_in_lists_and_objects_are_replaced_by_samples_and_other_values_are_not() -> None:
    photo = akool().operations["createTalkingPhoto"]
    face, speech = photo.media["talking_photo_url"], photo.media["audio_url"]
    media = {
        "faces[].path": face,
        "more.urls[]": face,
        "audio_url": speech,
        "absent": face,
        "odd": replace(face, role="hologram"),
    }
    address = "https://h.example/in"
    body = {
        "faces": [{"path": address}, {"path": "data:,"}],
        "more": {"urls": [address, 5]},
        "audio_url": address,
        "odd": address,
    }
    prepare.with_samples(body, replace(photo, media=media), "http://e")
    face_url, speech_url = "http://e/face.jpg", "http://e/speech.mp3"
    assert body == {
        "faces": [{"path": face_url}, {"path": "data:,"}],
        "more": {"urls": [face_url, 5]},
        "audio_url": speech_url,
        "odd": address,
    }


def test_the_example_call_gives_each_required_parameter_that_has_an_example() -> None:
    status = akool().operations["getVideo"]
    (known,) = (p for p in status.parameters if p.name == "video_model_id")
    documented = replace(known, schema={**known.schema, "example": "65a1"}, required=True)
    optional = replace(documented, name="page", required=False)
    where = Target(kind=TargetKind.EMULATOR, provider="akool", base_url="http://e")
    planned = prepare.plan(replace(status, parameters=(documented, optional)), where, None)
    assert planned.query == {"video_model_id": "65a1"}


def test_a_library_that_is_not_installed_has_no_version() -> None:
    assert _version("no-such-library-4711") is None
    assert _version("httpx") == httpx.__version__


def test_a_price_is_listed_in_credits() -> None:
    assert _price(Price(amount=2.5)) == "2.5 credits"
    assert _price(Price(free=True)) == "free"


def test_help_on_a_full_disk_is_an_error() -> None:
    with pytest.raises(UsageError, match="No space left"):
        main.Parser().print_help(Full())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_through_a_port_the_run_uses_the_emulators_key_and_shows_it_nowhere(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Served(akool()) as server:
        code = main.main(["run", "credentials", "--target", server.base_url, "--json"])
        kept = b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())
        assert server.emulator.key.encode() not in kept
    told = json.loads(capsys.readouterr().out)
    assert (code, told["target"]["kind"]) == (0, "emulator")


def test_an_unknown_report_format_is_named_with_those_there_are(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["run", "parameters", "--format", "txt,pdf"]) == Exit.USAGE
    assert "pdf" in capsys.readouterr().err
    assert not (folder / "out").exists()


def test_a_paid_example_is_not_sent_to_a_live_host(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / ".env").write_text(f"AKOOL_API_KEY={KEY}-never-real\n")
    given = ["run", "--target", "https://host.example", "--operation", "createTalkingPhoto"]
    assert main.main(given) == Exit.USAGE
    shown = capsys.readouterr().err
    assert "createTalkingPhoto needs your own request" in shown
    assert "--request FILE" in shown


def test_a_request_whose_operation_nobody_named_asks_for_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "call.json").write_text('{"resolution": "720"}')
    assert main.main(["run", "--request", "call.json"]) == Exit.USAGE
    assert "--request needs --operation" in capsys.readouterr().err


def test_headers_of_a_pasted_request_are_secrets_of_the_run(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = {"url": "https://openapi.akool.com/api/open/v3/faceswap/quota/info", "method": "GET"}
    call |= {"headers": {"x-custom": "my own words 4711"}}  # type: ignore[dict-item]  # JSON
    (folder / "call.json").write_text(json.dumps(call))
    assert main.main(["run", "parameters", "--request", "call.json", "--max-polls", "3"]) in {0, 1}
    kept = b"".join(p.read_bytes() for p in folder.glob("out/**/*") if p.is_file())
    assert b"my own words 4711" not in kept
    assert "my own words 4711" not in "".join(capsys.readouterr())


def test_the_provider_may_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["list", "--provider", "akool", "operations"]) == Exit.OK
    assert "createTalkingPhoto" in capsys.readouterr().out


# --- run: last words --------------------------------------------------------------------------


def told(**given: Any) -> dict[str, Any]:
    known = {
        "headline": {"sentence": "who knows", "odds": "about 1 in 2"},
        "symptom": "no answer",
        "certainty": 0.5,
        "verdict": "fail",
        "because": [],
        "todo": [],
        "requests": 1,
        "paid_requests": 1,
        "credits_spent": None,
        "ambiguous_creates": [],
        "running_jobs": [],
        "report": {},
    }
    return {**known, **given}


def test_the_last_words_count_what_they_leave_out() -> None:
    because = [{"message": f"reason {number}"} for number in range(6)]
    lines = list(run_words.conclusion(told(because=because), "en"))
    assert "  - reason 3" in lines
    assert "  - reason 4" not in lines
    assert "  - and 2 more in the report" in lines


def test_the_last_words_name_unknown_outcomes_and_jobs_that_go_on() -> None:
    unknown = {"operation": "createTalkingPhoto", "started": "12:00:03 UTC"}
    lines = list(
        run_words.conclusion(told(ambiguous_creates=[unknown], running_jobs=["65a1"]), "en")
    )
    assert any("Outcome unknown: createTalkingPhoto at 12:00:03 UTC" in line for line in lines)
    assert "Still running: job 65a1" in lines


# --- the screen and the way out ---------------------------------------------------------------


def test_a_full_disk_under_standard_output_is_an_error_and_under_progress_is_none() -> None:
    with pytest.raises(UsageError, match="No space left"):
        Screen(streams=(Full(), io.StringIO())).show("a result")
    err = Full()
    quiet = Screen(streams=(io.StringIO(), err))
    quiet.say("progress")
    assert err.getvalue() == ""


def test_a_closed_stream_is_no_terminal() -> None:
    closed = io.StringIO()
    closed.close()
    screen = Screen(streams=(io.StringIO(), closed))
    with screen.live(["name"]) as live:
        live.update([])
    assert type(live).__name__ == "_Lines"


def test_an_error_that_was_never_raised_is_reported_without_a_place() -> None:
    err = io.StringIO()
    Screen(streams=(io.StringIO(), err)).unforeseen(RuntimeError("odd"))
    assert "unforeseen RuntimeError: odd" in err.getvalue()
    assert "  at:" not in err.getvalue()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is full")
@pytest.mark.parametrize("arguments", [["--help"], ["list", "operations"], ["--version"]])
def test_a_full_disk_behind_standard_output_is_told(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "diagnostics.cli.main", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            cwd=Path(__file__).parent.parent,
            timeout=60,
            check=False,
        )
    assert ended.returncode == Exit.USAGE
    assert b"cannot write to standard output: No space left on device" in ended.stderr


@pytest.mark.parametrize(("closed", "said"), [(">&-", b""), ("2>&-", b"overload-1015")])
def test_a_stream_that_was_closed_before_we_began_is_no_error(closed: str, said: bytes) -> None:
    ended = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -m diagnostics.cli.main list faults {closed}'],
        capture_output=True,
        cwd=Path(__file__).parent.parent,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert said in ended.stdout


def test_a_plan_that_is_given_is_the_plan() -> None:
    mine = Plan(operation="getCredit", body=None)
    where = Target(kind=TargetKind.LIVE, provider="akool", base_url="https://host.example")
    assert prepare.plan(akool().operations["getCredit"], where, mine) is mine
