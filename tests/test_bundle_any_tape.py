"""Any tape whatever becomes a bundle that replays to the same verdict; nothing is too odd."""

import json
import tempfile
import zipfile
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from diagnostics.cli.main import main
from diagnostics.model import (
    Answer,
    Case,
    Exchange,
    Fault,
    FaultKind,
    Plan,
    Purpose,
    Request,
    Response,
    Target,
    TargetKind,
    Unsent,
    UnsentReason,
)
from diagnostics.redact import Gate
from diagnostics.tape import TapeFile
from tests.sample_hostile import HOSTILE

SCENARIOS = ("parameters", "network", "credentials", "endpoints", "quota", "media", "job")
OPERATIONS = ("createTalkingPhoto", "getVideo", "getCredit", "getToken", "of-nobody", None)
TEXTS = st.sampled_from(["", "x", HOSTILE, "<secret:akool-api-key#1>"]) | st.text(max_size=12)
HOSTS = ("https://openapi.akool.com", "http://akool.emulator.test", "https://[", "", "file:///etc")
URLS = st.builds(lambda host, rest: f"{host}/{rest}", st.sampled_from(HOSTS), TEXTS)
PAIRS = st.lists(st.tuples(TEXTS, TEXTS), max_size=3).map(tuple)
BODIES = st.binary(max_size=40) | st.sampled_from(
    [
        b'{"code": 1000, "data": {"_id": "1", "video_status": 3, "video": "https://a.b/c.mp4"}}',
        b'{"code": 1015, "msg": "Create video error"}',
        b"[" * 200,
        b'{"code": 1e999}',
        b"\xff" * 700,
    ]
)
TIMES = st.floats() | st.sampled_from([0.0, 1_795_000_000.0, -1e300])
ANSWERS: st.SearchStrategy[Answer] = st.one_of(
    st.builds(
        Response,
        status=st.sampled_from([200, 201, 302, 401, 404, 429, 502, 0, 999]),
        headers=PAIRS,
        body=BODIES,
        reason=TEXTS,
    ),
    st.builds(Fault, kind=st.sampled_from(FaultKind), message=TEXTS, body=BODIES),
    st.builds(Unsent, reason=st.sampled_from(UnsentReason), message=TEXTS),
)
EXCHANGES = st.builds(
    Exchange,
    request=st.builds(
        Request,
        method=st.sampled_from(["GET", "POST", "", HOSTILE]),
        url=URLS,
        headers=PAIRS,
        body=BODIES,
        operation=st.sampled_from(OPERATIONS),
        purpose=st.sampled_from(Purpose),
        spends=st.booleans(),
        label=TEXTS,
    ),
    answer=ANSWERS,
    started_s=TIMES,
    duration_s=TIMES,
    attempt=st.integers(0, 9),
    conversation=st.integers(0, 3),
    scenario=st.sampled_from((*SCENARIOS, "", "of-the-future", HOSTILE)),
    flow=TEXTS,
)
CASES = st.builds(
    Case,
    run_id=TEXTS,
    target=st.builds(
        Target,
        kind=st.sampled_from(TargetKind),
        provider=st.just("akool"),
        base_url=st.sampled_from(HOSTS),
        fault=st.none() | TEXTS,
    ),
    plan=st.none() | st.builds(Plan, operation=st.just("createTalkingPhoto"), file=TEXTS),
    started_s=TIMES,
    scenarios=st.just(SCENARIOS),
)


@settings(max_examples=40, phases=[Phase.explicit, Phase.generate])  # shrinking takes minutes
@given(case=CASES, exchanges=st.lists(EXCHANGES, max_size=8))
def test_any_tape_replays_to_the_same_verdict(case: Case, exchanges: list[Exchange]) -> None:
    packed_and_replayed(case, exchanges)


def told(kind: TargetKind, base_url: str) -> Case:
    target = Target(kind=kind, provider="akool", base_url=base_url)
    planned = Plan(operation="createTalkingPhoto")
    return Case(run_id="x", target=target, plan=planned, scenarios=SCENARIOS)


def asked(url: str, answer: Answer) -> Exchange:
    request = Request(method="POST", url=url, operation="createTalkingPhoto", spends=True)
    return Exchange(request=request, answer=answer, started_s=1.0, scenario="job")


def test_an_address_that_is_none_is_bundled_too() -> None:
    failed = asked("https://[/x", Fault(kind=FaultKind.BAD_REQUEST, message="not an address"))
    packed_and_replayed(told(TargetKind.EMULATOR, "http://akool.emulator.test"), [failed])


def test_a_live_run_with_an_answer_nobody_recorded_is_bundled_too() -> None:
    url = "https://openapi.akool.com/api/open/v3/content/video/createbytalkingphoto"
    unknown = asked(url, Unsent(reason=UnsentReason.NOT_RECORDED))
    packed_and_replayed(told(TargetKind.LIVE, "https://openapi.akool.com"), [unknown])


def packed_and_replayed(case: Case, exchanges: list[Exchange]) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "run"
        file = TapeFile(folder, Gate())
        file.begin(case)
        for one in exchanges:
            file.append(one)
        file.close()
        code, said, _ = called("report", str(folder), "--format", "zip")
        assert code == 0, said
        bundle = folder / "bundle.zip"
        assert zipfile.ZipFile(bundle).testzip() is None
        code, said, told = called("replay", str(bundle), "--json")
        assert code in {0, 1, 3}, said
        replay = json.loads(told)["replay"]
        assert replay["bundle"]["same"], replay["bundle"]["difference"]


def called(*arguments: str) -> tuple[int, str, str]:
    """What a command ends with and says, on either stream."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(arguments)
    return code, err.getvalue(), out.getvalue()
