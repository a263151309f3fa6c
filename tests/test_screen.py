"""Does every byte on the screen pass the gate, and does piped output stay plain?"""

import json
from io import StringIO
from typing import Any

import pytest

from diagnostics.cli.screen import Bar, Screen

INVENTED = "invented-akool-key-0001-which-is-long-enough-to-be-wrapped-by-a-table"


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


class Gone(StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def screen(out: StringIO | None = None, err: StringIO | None = None, **how: Any) -> Screen:
    made = Screen(streams=(out or StringIO(), err or StringIO()), **how)
    made.gate.register(INVENTED, "akool-api-key")
    return made


@pytest.fixture
def out() -> StringIO:
    return StringIO()


def test_progress_goes_to_stderr_and_results_to_stdout(out: StringIO) -> None:
    err = StringIO()
    talking = screen(out, err)
    talking.say("working")
    talking.show("done")
    assert (out.getvalue(), err.getvalue()) == ("done\n", "working\n")


def test_detail_is_shown_only_when_asked_for() -> None:
    quiet, loud = StringIO(), StringIO()
    screen(err=quiet).detail("more")
    screen(err=loud, verbose=1).detail("more")
    assert (quiet.getvalue(), loud.getvalue()) == ("", "more\n")


def test_under_json_stdout_holds_one_object_and_nothing_else(out: StringIO) -> None:
    talking = screen(out, as_json=True)
    talking.show("a sentence")
    talking.table(("name",), [("row",)])
    talking.emit("run", {"verdict": "pass"})
    assert json.loads(out.getvalue()) == {"schema": "diagnostics.run/1", "verdict": "pass"}


@pytest.mark.parametrize("terminal", [False, True])
def test_no_way_to_the_screen_goes_past_the_gate(*, terminal: bool) -> None:
    out, err = (Terminal(), Terminal()) if terminal else (StringIO(), StringIO())
    talking = screen(out, err)
    talking.say(INVENTED)
    talking.show(INVENTED)
    talking.table(("key",), [(INVENTED,)])
    with talking.live(("key",)) as live:
        live.update([(INVENTED, "running")])
    talking.emit("run", {"key": INVENTED, INVENTED: [INVENTED]})
    everything = (out.getvalue() + err.getvalue()).replace("\n", "")
    for start in range(0, len(INVENTED) - 20, 10):
        assert INVENTED[start : start + 20] not in everything


@pytest.mark.parametrize("hostile", ["\x1b[2J", "\x07", "\x9b31m", "\x7f", "\u202e", "\r"])
def test_a_strangers_bytes_do_not_steer_the_terminal(hostile: str) -> None:
    out, err = Terminal(), Terminal()
    talking = screen(out, err)
    talking.say(f"message: {hostile}")
    talking.show(f"message: {hostile}")
    talking.emit("run", {"message": hostile})
    assert hostile not in out.getvalue() + err.getvalue()


def test_json_keeps_what_the_screen_escapes(out: StringIO) -> None:
    hostile = "\x1b[2J\x9b\u202e \u2066привет\n"
    screen(out, as_json=True).emit("run", {"message": hostile})
    assert json.loads(out.getvalue())["message"] == hostile


def test_a_piped_table_is_aligned_and_never_wrapped(out: StringIO) -> None:
    long = "x" * 300
    screen(out).table(("name", "says"), [("a", long), ("long-name", "two\nlines")])
    assert out.getvalue() == f"name       says\na          {long}\nlong-name  two lines\n"


def test_a_terminal_gets_the_same_table_framed() -> None:
    out = Terminal()
    screen(out).table(("name",), [("job",), ("media",)])
    assert "job" in out.getvalue()
    assert "\x1b[" in out.getvalue()


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    out = Terminal()
    screen(out).table(("name",), [("fail",)])
    assert "\x1b[31" not in out.getvalue()
    assert "\x1b[1;31" not in out.getvalue()


def test_without_a_terminal_a_live_display_says_each_change_once() -> None:
    err = StringIO()
    with screen(err=err).live() as live:
        live.update([("network", "running")])
        live.update([("network", "running"), ("job", "")])
        live.update([("network", "pass", "12 requests"), ("job", "")])
    assert err.getvalue().splitlines() == [
        "network  running",
        "job",
        "network  pass  12 requests",
    ]


def test_a_terminal_gets_a_live_table() -> None:
    err = Terminal()
    with screen(err=err).live(("scenario", "state")) as live:
        live.update([("network", "running")])
    assert "network" in err.getvalue()


def test_a_reader_that_has_gone_does_not_stop_the_work() -> None:
    err = StringIO()
    talking = screen(Gone(), err)
    talking.show("one")
    talking.show("two")
    talking.say("still at work")
    assert err.getvalue() == "still at work\n"


def test_a_bar_is_drawn_by_rich_in_a_terminal_and_its_words_pass_the_gate() -> None:
    err = Terminal()
    with screen(err=err).live() as live:
        live.update([("download 1", "running", Bar(45, 100, f"1.2 MB of {INVENTED[:80]}"))])

    drawn = err.getvalue()
    assert "━" in drawn
    assert "45% / 1.2 MB" in drawn  # to the hundredth; in a pipe a line for each tenth
    assert INVENTED[:24] not in drawn


def test_a_bar_in_a_pipe_is_a_line_for_each_tenth() -> None:
    err = StringIO()
    with screen(err=err).live() as live:
        for done in range(40, 50):
            live.update([("download 1", "running", Bar(done, 100, "1.2 MB"))])

    told = err.getvalue().splitlines()
    assert len(told) == 2  # twenty marks: two to a tenth
    assert all(line.endswith("40 % / 1.2 MB") for line in told)
