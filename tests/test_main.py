"""How does the program begin and end? Every way out is an exit code and a sentence."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from diagnostics import __version__
from diagnostics.cli import main
from diagnostics.errors import Exit, LeakError, TargetError, UsageError

INVENTED = "invented-akool-key-0001"
PROGRAM = [sys.executable, "-m", "diagnostics.cli.main"]


def program(
    *arguments: str, environment: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [*PROGRAM, *arguments],
        capture_output=True,
        env={**os.environ, **(environment or {})},
        timeout=60,
        check=False,
    )


def test_the_bare_program_asks_for_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main([]) == Exit.USAGE
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "error: name a command\n  hint: see: diagnostics --help\n"


def test_an_unknown_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["valdate"]) == Exit.USAGE
    assert "no command 'valdate'" in (shown := capsys.readouterr().err)
    assert "nearest: validate" in shown


def test_an_unlike_command_lists_all_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["zzz"]) == Exit.USAGE
    assert "commands: run, validate" in capsys.readouterr().err


def test_an_unknown_option_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["explain", "1015", "--operaton=x"]) == Exit.USAGE
    assert "nearest: --operation" in capsys.readouterr().err


def test_a_wrong_choice_is_our_own_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["explain", "1015", "--lang", "fr"]) == Exit.USAGE
    shown = capsys.readouterr().err
    assert shown.startswith("error: argument --lang: invalid choice: 'fr'")
    assert "hint: see: diagnostics explain --help" in shown


def test_an_unknown_provider_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["explain", "1015", "--provider", "akol"]) == Exit.USAGE
    assert "nearest: akool" in capsys.readouterr().err


def test_an_error_is_an_object_under_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["explainn", "--json"]) == Exit.USAGE
    shown = capsys.readouterr()
    assert json.loads(shown.out) == {
        "schema": "diagnostics.error/1",
        "error": "no command 'explainn'",
        "place": None,
        "hint": "nearest: explain",
        "exit": 2,
    }
    assert shown.err.startswith("error: no command 'explainn'")


@pytest.mark.parametrize("given", [["--json", "list", "faults"], ["list", "--json", "faults"]])
def test_common_options_stand_on_either_side_of_the_command(
    given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(given) == Exit.OK
    assert json.loads(capsys.readouterr().out)["schema"] == "diagnostics.list/1"


def test_verbosity_adds_up() -> None:
    _module, options = main.parse(["-v", "list", "-v"])
    assert options.verbose == 2


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LANG": "C", "LC_MESSAGES": "ru"}, "ru"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LC_ALL": "", "LANG": "ru"}, "ru"),
    ],
)
def test_the_locale_decides_the_language(environment: dict[str, str], language: str) -> None:
    assert main.language(environment) == language


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["--version"]) == Exit.OK
    assert capsys.readouterr().out == f"diagnostics {__version__}\n"


def test_the_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["--help"]) == Exit.OK
    shown = capsys.readouterr().out
    assert all(f"\n  {name} " in shown for name in main.COMMANDS)


@pytest.mark.parametrize("name", main.COMMANDS)
def test_every_command_has_help_with_an_example(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main([name, "--help"]) == Exit.OK
    shown = capsys.readouterr().out
    assert f"example:\n  diagnostics {name}" in shown
    for option in ("--json", "--lang", "--verbose", "--provider"):
        assert option in shown


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("no"), 2),
        (TargetError("no"), 3),
        (LeakError("no"), 3),
        (KeyboardInterrupt(), 130),
    ],
)
def test_every_error_has_its_exit_code(error: BaseException, code: int) -> None:
    def step() -> int:
        raise error

    assert main.Session([]).guarded(step) == code


def test_an_error_tells_place_and_hint(capsys: pytest.CaptureFixture[str]) -> None:
    def step() -> int:
        raise UsageError("a comma too many", place="call.json:3:7", hint="take it out")

    main.Session([]).guarded(step)
    assert capsys.readouterr().err == (
        "error: a comma too many\n  at: call.json:3:7\n  hint: take it out\n"
    )


def broken() -> int:
    raise KeyError(INVENTED)


def test_no_traceback_reaches_a_user(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.Session(["run"]).guarded(broken) == Exit.INCONCLUSIVE
    shown = capsys.readouterr().err
    assert shown.startswith("error: unforeseen KeyError")
    assert "please report it" in shown
    assert "Traceback" not in shown


def test_a_traceback_goes_to_a_file_through_the_gate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AKOOL_API_KEY", INVENTED)
    main.Session(["run", "-vv"]).guarded(broken)
    (written,) = (tmp_path / "out").iterdir()
    text = written.read_text("utf-8")
    assert "in broken" in text
    assert INVENTED not in text + capsys.readouterr().err


def test_where_no_traceback_can_be_written_the_error_is_still_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("a file stands where the folder should be")
    monkeypatch.chdir(tmp_path)
    assert main.Session(["run", "-vv"]).guarded(broken) == Exit.INCONCLUSIVE
    assert "the traceback could not be written" in capsys.readouterr().err


def test_help_fits_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    assert main.columns() == 50
    monkeypatch.setenv("COLUMNS", "no number")
    assert 40 <= main.columns() <= 100


def test_a_key_of_the_environment_is_in_no_message() -> None:
    ended = program("explain", INVENTED, environment={"AKOOL_API_KEY": INVENTED})
    assert ended.returncode == Exit.USAGE
    assert INVENTED.encode() not in ended.stdout + ended.stderr
    assert b"nothing is known about" in ended.stderr


def test_a_reader_that_leaves_is_no_error() -> None:
    with subprocess.Popen(
        [*PROGRAM, "list", "rules"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as started:
        assert started.stdout
        assert started.stderr
        started.stdout.close()
        said = started.stderr.read()
        assert started.wait(60) == Exit.OK
    assert said == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("asked", [["list", "codes"], ["--help"], ["list", "codes", "--json"]])
def test_a_full_disk_behind_stdout_is_told_once(asked: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [*PROGRAM, *asked], stdout=full, stderr=subprocess.PIPE, timeout=60, check=False
        )
    assert ended.returncode == Exit.USAGE
    assert ended.stderr == b"error: cannot write to standard output: No space left on device\n"


def test_russian_survives_a_terminal_that_knows_ascii_only() -> None:
    ascii_only = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}
    ended = program("explain", "1015", "--lang", "ru", environment=ascii_only)
    assert ended.returncode == Exit.OK
    assert ended.stderr == b""
    assert ended.stdout.isascii()


def test_json_loses_nothing_in_a_terminal_that_knows_ascii_only() -> None:
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    plain = program("explain", "1015", "--lang", "ru", "--json")
    escaped = program("explain", "1015", "--lang", "ru", "--json", environment=ascii_only)
    assert escaped.stdout.isascii()
    assert json.loads(escaped.stdout) == json.loads(plain.stdout)


def test_arguments_that_are_not_text_are_no_crash() -> None:
    ended = subprocess.run(
        [*PROGRAM, "explain", b"\xff\xfe zzqx"], capture_output=True, timeout=60, check=False
    )
    assert ended.returncode == Exit.USAGE
    assert b"nothing is known about" in ended.stderr
