"""Are scenarios tests, and recordings fixtures, in pytest runs of their own?"""

import socket
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

import diagnostics.pytesting.tapes  # noqa: F401  # else every run in this process loads it anew

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent
SCENARIOS = str(ROOT / "scenarios")
KEY = "invented-akool-key-0001"
PLUGIN = ("-p", "diagnostics.pytest_plugin", "-p", "no:cacheprovider")


@pytest.fixture(autouse=True)
def _only_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other installed plugins have no part in this, and take their time to load."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def run(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    """A pytest run of somebody else's tests."""
    return pytester.runpytest_inprocess(*PLUGIN, *words)


def several(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    """A pytest of its own, with workers."""
    return pytester.runpytest_subprocess(*PLUGIN, "-p", "xdist.plugin", *words, timeout=120)


def suite(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    start = several if "-n" in words else run
    return start(pytester, SCENARIOS, f"--rootdir={ROOT}", "-c", "/dev/null", *words)


# --- scenarios as tests -------------------------------------------------------------------------


def test_scenarios_are_tests_in_the_order_of_the_suite(pytester: pytest.Pytester) -> None:
    result = suite(pytester, "--diagnostics-target", "emulator", "-v", "--junitxml=told.xml")
    result.assert_outcomes(passed=8)
    names = [line.split("::")[-1].split()[0] for line in result.outlines if "::akool::" in line]
    assert names[:2] == ["parameters", "network"]
    assert names[-1] == "job"
    told = ET.parse(pytester.path / "told.xml").getroot()
    case = next(one for one in told.iter("testcase") if one.get("name") == "job")
    facts = {one.get("name"): one.get("value") for one in case.iter("property")}
    assert (facts["verdict"], facts["blame"], facts["target"]) == ("pass", "none", "emulator")


def test_a_failed_judge_prints_finding_blame_remedy_and_exchange(
    pytester: pytest.Pytester,
) -> None:
    result = suite(
        pytester,
        *("--diagnostics-target", "emulator", "--diagnostics-fault", "unreachable-media"),
        "--junitxml=told.xml",
    )
    result.assert_outcomes(passed=6, failed=2)
    result.stdout.fnmatch_lines(
        [
            "fail: akool media, blame media, certainty 0.95",
            "*media-unreachable: talking_photo_url:*404*",
            "*remedy: Open the link*",
            "*> GET http://akool.emulator.test/_media/face.jpg",
            "*< HTTP/1.1 404 Not Found",
            "*says nothing about the real AKOOL*",
            "fail: akool job, blame provider*",
            "*> POST http*createbytalkingphoto",
            '*< {"code":1015*',
            "the whole run: blame media, certainty 0.95: talking_photo_url*",
        ]
    )
    assert "Traceback" not in result.stdout.str()
    told = ET.parse(pytester.path / "told.xml").getroot()
    case = next(one for one in told.iter("testcase") if one.get("name") == "job")
    facts = {one.get("name"): one.get("value") for one in case.iter("property")}
    assert (facts["code"], facts["run-blame"]) == ("1015", "media")


def test_workers_of_xdist_share_one_run(pytester: pytest.Pytester) -> None:
    result = suite(
        pytester,
        *("--diagnostics-target", "emulator", "--diagnostics-provider", "akool,heygen"),
        *("--diagnostics-lang", "ru", "-n", "2", "--diagnostics-fault", "key-revoked"),
    )
    assert "2 workers" in result.stdout.str()
    assert result.ret in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
    outcomes = result.parseoutcomes()
    assert sum(outcomes.values()) == 16


def test_a_recording_answers_instead_of_a_provider(pytester: pytest.Pytester) -> None:
    cassette = ROOT / "cassettes" / "akool" / "quota.yaml"
    result = suite(pytester, "--diagnostics-target", str(cassette), "--diagnostics-lang", "ru")
    result.stdout.fnmatch_lines(
        ["fail: akool job, причина quota*", "*что делать:*", "обмен *", "*scenarios/quota*warn*"]
    )
    outcomes = result.parseoutcomes()
    assert outcomes == {"passed": 7, "failed": 1}


def test_only_the_selected_scenarios_are_run(pytester: pytest.Pytester) -> None:
    result = suite(pytester, "--diagnostics-target", "emulator", "-k", "network or credentials")
    result.assert_outcomes(passed=2, deselected=6)


def test_an_unknown_provider_is_told_in_two_lines(pytester: pytest.Pytester) -> None:
    result = suite(pytester, "--diagnostics-target", "emulator", "--diagnostics-provider", "nosuch")
    assert result.ret != 0
    text = result.stdout.str()
    assert "no provider is called 'nosuch'" in text
    assert "Traceback" not in text


def test_a_run_that_cannot_begin_fails_every_test_and_says_why(pytester: pytest.Pytester) -> None:
    result = suite(pytester, "--diagnostics-target", "live", "-k", "network")
    result.assert_outcomes(failed=1, deselected=7)
    result.stdout.fnmatch_lines(["*--target live needs a key*"])


def test_what_has_nothing_to_do_is_skipped_with_its_reason(pytester: pytest.Pytester) -> None:
    result = suite(
        pytester,
        *("--diagnostics-target", "emulator", "--diagnostics-provider", "replicate"),
        *("-k", "formats", "-rs"),
    )
    result.assert_outcomes(skipped=1, deselected=7)
    result.stdout.fnmatch_lines(["SKIPPED*the call takes no file format*"])


def test_silence_is_no_pass(pytester: pytest.Pytester, closed_port: int) -> None:
    result = suite(
        pytester,
        *("--diagnostics-target", f"http://127.0.0.1:{closed_port}"),
        *("-k", "network or endpoints"),
    )
    result.assert_outcomes(failed=2, deselected=6)
    result.stdout.fnmatch_lines(
        ["fail: akool network, blame network*", "inconclusive: akool endpoints*", "not run:*"]
    )


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that is held and never listened on: nobody answers, and nobody else is given it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_without_a_target_scenarios_are_no_tests_and_that_is_said(
    pytester: pytest.Pytester,
) -> None:
    result = suite(pytester)
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.fnmatch_lines(["*scenarios are tests only with --diagnostics-target*"])


def test_the_plugin_loads_nothing_heavy_into_other_peoples_pytest() -> None:
    code = (
        "import sys, diagnostics.pytest_plugin as p\n"
        "print([n for n in ('httpx','yaml','vcr','diagnostics.model','PIL') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, timeout=60, cwd=ROOT
    )
    assert done.stdout.strip() == b"[]"


# --- recordings as fixtures ---------------------------------------------------------------------


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    count = 0

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        type(self).count += 1
        body = b'{"code":1000,"data":{"credit":%d}}' % self.count
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815  # its name in http.server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name in http.server
        """Stay quiet."""


@pytest.fixture
def server() -> Iterator[str]:
    _Handler.count = 0
    made = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    thread.join()
    made.server_close()


def written(pytester: pytest.Pytester, marker: str, body: str) -> None:
    """A test of somebody's own client."""
    lines = "\n".join(f"        {line}" for line in body.strip().splitlines())
    pytester.makepyfile(
        test_mine=f"""
    import asyncio, httpx, pytest

    @pytest.mark.cassette({marker})
    def test_mine(tape):
{lines}
    """
    )


ASK = """
with httpx.Client(transport=tape.transport(), headers={"x-api-key": "KEY"}) as client:
    answer = client.get("SERVER/api/open/v3/faceswap/quota/info")
    assert answer.json()["data"]["credit"] == 1
"""


def asked(server: str, more: str = "") -> str:
    return ASK.replace("SERVER", server).replace("KEY", KEY) + more


@pytest.mark.parametrize("name", ["mine.yaml", "mine.json", "run"])
def test_what_is_absent_is_recorded_once_and_played_ever_after(
    pytester: pytest.Pytester, server: str, name: str
) -> None:
    written(pytester, f"{name!r}, record='once', provider='akool'", asked(server))
    run(pytester).assert_outcomes(passed=1)
    assert _Handler.count == 1
    kept = pytester.path / name
    text = (kept / "tape.jsonl" if kept.is_dir() else kept).read_text("utf-8")
    assert "quota/info" in text
    assert KEY not in text
    run(pytester).assert_outcomes(passed=1)
    assert _Handler.count == 1, "the second time nobody was asked"


def test_a_missing_recording_fails_and_says_how_to_make_it(pytester: pytest.Pytester) -> None:
    written(pytester, "'nothing.yaml'", "tape.transport()")
    result = run(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*there is no recording to play*", '*record="once"*'])


def test_a_request_that_matches_nothing_fails_naming_the_nearest(
    pytester: pytest.Pytester, server: str
) -> None:
    written(pytester, "'mine.yaml', record='once', provider='akool'", asked(server))
    run(pytester).assert_outcomes(passed=1)
    caught = asked(server).replace("quota/info", "quota/inf") + "\n"
    body = "try:\n" + "\n".join(f"    {line}" for line in caught.strip().splitlines())
    written(pytester, "'mine.yaml'", f"{body}\nexcept Exception:\n    pass")
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*quota/inf: the nearest recording is*quota/info*path*"])


@pytest.mark.parametrize("strict", [False, True])
def test_what_was_never_played_is_told_or_fails_when_strict(
    pytester: pytest.Pytester, server: str, *, strict: bool
) -> None:
    written(pytester, "'mine.yaml', record='once', provider='akool'", asked(server))
    run(pytester).assert_outcomes(passed=1)
    written(pytester, f"'mine.yaml', strict={strict}", "tape.transport()")
    result = run(pytester)
    result.assert_outcomes(**{"failed" if strict else "passed": 1})
    result.stdout.fnmatch_lines(["*1 recordings were never played: GET *quota/info*"])


def test_new_requests_join_the_recording_and_old_ones_are_played(
    pytester: pytest.Pytester, server: str
) -> None:
    written(pytester, "'mine.yaml', record='once', provider='akool'", asked(server))
    run(pytester).assert_outcomes(passed=1)
    more = f"    client.get('{server}/api/open/v3/faceswap/quota/other')\n"
    for _ in range(2):
        written(pytester, "'mine.yaml', record='new', provider='akool'", asked(server, more))
        run(pytester).assert_outcomes(passed=1)
    assert _Handler.count == 2, "each was sent once"


def test_a_failed_test_keeps_no_recording(pytester: pytest.Pytester, server: str) -> None:
    written(pytester, "'mine.yaml', record='once', provider='akool'", asked(server, "assert 0"))
    run(pytester).assert_outcomes(failed=1)
    assert not (pytester.path / "mine.yaml").exists()


def test_an_option_records_anew_whatever_the_marker_says(
    pytester: pytest.Pytester, server: str
) -> None:
    written(pytester, "'mine.yaml', provider='akool'", asked(server))
    run(pytester, "--diagnostics-record", "all").assert_outcomes(passed=1)
    several(pytester, "-n", "1").assert_outcomes(passed=1)
    assert _Handler.count == 1


def test_an_old_recording_fails_when_its_age_matters(pytester: pytest.Pytester) -> None:
    cassette = ROOT / "cassettes" / "akool" / "healthy.yaml"
    written(pytester, f"{str(cassette)!r}, max_age=0.0001", "tape.transport()")
    result = run(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*days old, more than 0.0001: record it anew*"])


def test_a_shipped_cassette_is_judged_in_a_test(pytester: pytest.Pytester) -> None:
    cassette = ROOT / "cassettes" / "akool" / "unreachable-media-1015.yaml"
    written(
        pytester,
        f"{str(cassette)!r}",
        "report = tape.judge()\nassert report.judgement.blame == 'media'\n"
        "assert report.judgement.code == '1015'\nassert len(tape.unplayed()) == "
        "len([e for e in tape.exchanges if type(e.answer).__name__ != 'Unsent'])",
    )
    run(pytester).assert_outcomes(passed=1)


def test_awaiting_clients_play_and_record_as_well(pytester: pytest.Pytester, server: str) -> None:
    body = f"""
async def ask():
    async with httpx.AsyncClient(transport=tape.async_transport()) as client:
        with tape.flow("scene 1"):
            return (await client.get("{server}/api/open/v3/faceswap/quota/info")).json()
assert asyncio.run(ask())["data"]["credit"] == 1
"""
    for mode in ("once", "none", "new"):
        written(pytester, f"'mine.yaml', record={mode!r}, provider='akool'", body)
        run(pytester).assert_outcomes(passed=1)
    assert _Handler.count == 1
    other = body.replace("quota/info", "quota/other").replace('["credit"] == 1', '["credit"] == 2')
    for _ in range(2):
        written(pytester, "'mine.yaml', record='new', provider='akool'", other)
        run(pytester).assert_outcomes(passed=1)
    assert _Handler.count == 2


def test_without_a_marker_a_tape_is_made_and_not_kept(
    pytester: pytest.Pytester, server: str
) -> None:
    written(pytester, "'x.yaml'", asked(server, "assert tape.recording and tape.exchanges"))
    file = pytester.path / "test_mine.py"
    lines = file.read_text("utf-8").splitlines(keepends=True)
    file.write_text("".join(line for line in lines if "pytest.mark" not in line), "utf-8")
    run(pytester).assert_outcomes(passed=1)
    assert not list(pytester.path.glob("**/*.yaml"))


@pytest.mark.parametrize("marker", ["'x.yaml', record='often'", "'x.yaml', nothing=1", ""])
def test_a_marker_that_means_nothing_is_told(pytester: pytest.Pytester, marker: str) -> None:
    written(pytester, marker, "tape.transport()")
    result = run(pytester)
    result.assert_outcomes(errors=1)
    assert "cassette" in result.stdout.str()
    assert "Traceback" not in result.stdout.str()
