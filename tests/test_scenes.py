"""Is a film made from end to end, is each stage judged on its own, and can any tape be judged?"""

import asyncio
import errno
import threading
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.drive.clock import RealClock
from diagnostics.drive.driver import Slot
from diagnostics.drive.dry import Dry
from diagnostics.drive.wire import SocketTransport
from diagnostics.emulator.faults import FaultPlan, FaultRule
from diagnostics.film.asking import CLIP, DOWNLOAD, FILM, clip_request, join_request, script_request
from diagnostics.film.fetch import Fetcher
from diagnostics.film.order import Film, film_of, written
from diagnostics.film.stages import stages
from diagnostics.film.studio import Studio
from diagnostics.judge import judge
from diagnostics.media import inspect_file
from diagnostics.model import (
    Answer,
    Blame,
    Case,
    Exchange,
    Fault,
    FaultKind,
    MediaFacts,
    Purpose,
    Request,
    Response,
    Tape,
    Target,
    TargetKind,
    Together,
    Unsent,
    UnsentReason,
    Verdict,
)
from diagnostics.promise import Price
from diagnostics.redact import Gate
from diagnostics.tape import TapeFile, read
from scenarios.scenes import SCENARIO, ask, offered
from tests.film_cases import FILM as ORDERED
from tests.film_cases import both, clips, pen, play, said, script


def plan(target: str, calls: tuple[tuple[int, float], ...] = (), **do: Any) -> FaultPlan:
    return FaultPlan(name="made-up", rules=(FaultRule(target=(target,), calls=calls, do=do),))


# --- a healthy film ---------------------------------------------------------------------------


def test_a_prompt_becomes_a_film_as_it_was_ordered(tmp_path: Path) -> None:
    played = play(tmp_path)
    film = inspect_file(tmp_path / "final.mp4")
    assert (film.duration_s, film.fps, film.width, film.height) == (14.0, 30.0, 320, 180)
    assert film.has_audio
    assert played.report.judgement.verdict is Verdict.PASS
    assert {stage.verdict for stage in played.stages.values()} == {Verdict.PASS}
    names = [
        "script",
        *(f"{kind}:{n}" for kind in ("scene", "download") for n in (1, 2, 3)),
        "film",
    ]
    assert list(played.stages) == names
    files = {path.name for path in tmp_path.iterdir()}
    assert {"scene_1.mp4", "scene_2.mp4", "scene_3.mp4", "final.mp4"} <= files
    assert not [name for name in files if name.endswith(".part")]


def test_the_clips_are_generated_at_once(tmp_path: Path) -> None:
    played = play(tmp_path)
    creates = [e for e in played.report.tape if e.request.label.startswith(CLIP)]
    assert len({e.started_s for e in creates}) == 1
    spans = [played.stages[f"scene:{n}"].seconds or 0.0 for n in (1, 2, 3)]
    end = max(e.started_s for e in played.report.tape if e.request.label.startswith(DOWNLOAD))
    assert end - creates[0].started_s <= max(spans) + 1
    assert sum(spans) > 100


@pytest.mark.parametrize(
    ("film", "length"),
    [
        (replace(ORDERED, scenes=2, duration_s=3.0, fps=24, width=180, height=320), 5.5),
        (replace(ORDERED, scenes=1, duration_s=1.0), 1.0),
        (replace(ORDERED, scenes=4, duration_s=1.5), 4.5),
    ],
)
def test_other_films_come_out_as_ordered_too(film: Film, length: float, tmp_path: Path) -> None:
    writes = replace(pen(), operations=_saying(script(film.scenes)))
    played = play(tmp_path, film=film, contract=replace(clips(), partners={"pen": writes}))
    made = inspect_file(tmp_path / "final.mp4")
    assert played.report.judgement.verdict is Verdict.PASS
    assert made.duration_s == pytest.approx(length, abs=0.05)
    assert (made.fps, made.width, made.height) == (film.fps, film.width, film.height)


def _saying(content: str) -> dict[str, Any]:
    operations = pen().operations
    return {name: replace(op, answer=said(content)) for name, op in operations.items()}


def test_whoever_reads_the_tape_later_comes_to_the_same_findings(tmp_path: Path) -> None:
    played = play(tmp_path / "run", "scenes-mixed-clips")
    file = TapeFile(tmp_path / "again", Gate())
    file.begin(played.report.tape.case)
    for exchange in played.report.tape:
        file.append(exchange)
    file.close()
    again = judge(both(), read(tmp_path / "again"), [SCENARIO])
    assert [f.message() for f in again.findings] == [f.message() for f in played.report.findings]
    assert again.judgement == played.report.judgement


# --- what goes wrong beyond the named plans ---------------------------------------------------


def test_a_call_that_fails_outright_leaves_the_prompt_itself_as_script(tmp_path: Path) -> None:
    error = '{"error": {"message": "Incorrect API key", "code": "401"}}'
    wrong = plan("createChatCompletion", status=401, body=error)
    played = play(tmp_path, {"pen": wrong})
    assert {"answer-business-code", "scenes-script-fallback", "scenes-film-made"} <= played.codes()
    assert played.report.judgement.blame is Blame.CREDENTIALS
    assert (played.stages["script"].verdict, played.stages["film"].verdict) == ("fail", "pass")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "scenes-disk-full"),
        (MemoryError(), "scenes-memory-short"),
        (OSError(errno.EACCES, "Permission denied"), "scenes-local-failure"),
        (OSError(1094995529, "Invalid data found"), "scenes-join-failed"),
        (RuntimeError("avfilter"), "scenes-join-failed"),
    ],
)
def test_what_stops_the_join_is_told_apart(error: Exception, code: str, tmp_path: Path) -> None:
    def failing(*_: Any) -> None:
        raise error

    played = play(tmp_path, joined=failing)
    assert code in played.codes()
    blame = Blame.DELIVERY if code == "scenes-join-failed" else Blame.CLIENT
    assert played.report.judgement.blame is blame
    assert played.stages["film"].verdict is Verdict.FAIL
    assert played.stages["download:1"].verdict is Verdict.PASS
    assert not (tmp_path / "final.mp4").exists()


def test_a_disk_that_is_full_for_one_scene_loses_that_one_only(tmp_path: Path) -> None:
    def opener(path: Path, mode: str) -> BinaryIO:
        if path.name.startswith("scene_2"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return path.open(mode)  # type: ignore[return-value]  # "wb" and "ab" give bytes

    played = play(tmp_path, opener=opener)
    assert {"scenes-disk-full", "scenes-film-partial", "scenes-film-made"} <= played.codes()
    assert played.report.judgement.blame is Blame.CLIENT
    assert [e.attempt for e in played.report.tape if e.request.label == "download:2"] == [1]
    film = inspect_file(tmp_path / "final.mp4")
    assert film.duration_s == pytest.approx(9.5, abs=0.05)


@pytest.mark.parametrize(
    ("do", "code", "blame"),
    [
        ({"status": 403, "html": "Forbidden"}, "scenes-download-expired", Blame.DELIVERY),
        ({"status": 410, "html": "Gone"}, "scenes-download-expired", Blame.DELIVERY),
        ({"status": 500, "html": "Oops"}, "scenes-download-refused", Blame.DELIVERY),
        ({"html": "Your link has expired"}, "scenes-download-not-video", Blame.DELIVERY),
        ({"cut": 0.1}, "scenes-download-cut", Blame.DELIVERY),
        ({"truncate": 0.5}, "scenes-download-not-video", Blame.DELIVERY),
    ],
)
def test_downloads_fail_each_in_its_own_way(
    do: dict[str, Any], code: str, blame: Blame, tmp_path: Path
) -> None:
    played = play(tmp_path, {"clips": plan("output", **do)})
    assert code in played.codes()
    assert played.report.judgement.blame is blame
    assert {played.stages[f"scene:{n}"].verdict for n in (1, 2, 3)} == {Verdict.PASS}
    assert played.stages["film"].verdict is Verdict.INCONCLUSIVE


def test_a_host_that_cannot_be_reached_is_the_networks_fault(tmp_path: Path) -> None:
    gone = plan("read", set={"output": "http://127.0.0.1:9/out.mp4"})
    played = play(tmp_path, {"clips": gone})
    assert "scenes-download-unreachable" in played.codes()
    assert played.report.judgement.blame is Blame.NETWORK


@pytest.mark.parametrize(
    ("job", "code", "blame"),
    [
        ({"stuck": "processing"}, "scenes-clip-unfinished", Blame.PROVIDER),
        ({"output": "missing"}, "scenes-clip-without-file", Blame.DELIVERY),
        ({"ends": "failed", "reason": "NSFW content"}, "scenes-clip-moderated",
         Blame.CONTENT_POLICY),
        ({"ends": "failed", "reason": "CUDA out of memory"}, "scenes-clip-out-of-memory",
         Blame.PARAMETERS),
    ],
)  # fmt: skip
def test_jobs_fail_each_in_its_own_way(
    job: dict[str, Any], code: str, blame: Blame, tmp_path: Path
) -> None:
    played = play(tmp_path, {"clips": plan("create", ((3, 3),), job=job)})
    assert code in played.codes()
    assert played.report.judgement.blame is blame
    assert played.stages["scene:3"].verdict is Verdict.FAIL
    assert "scenes-film-made" in played.codes()


def test_a_clip_that_is_ready_with_the_answer_to_its_start_is_not_polled(tmp_path: Path) -> None:
    url = "http://clips.emulator.test/_media/clip.mp4"
    ready = plan("create", set={"status": "succeeded", "output": url})
    played = play(tmp_path, {"clips": ready})
    assert not [e for e in played.report.tape if e.request.operation == "getClip"]
    assert {played.stages[f"scene:{n}"].verdict for n in (1, 2, 3)} == {Verdict.PASS}
    assert "scenes-film-made" in played.codes()
    broken = plan("create", set={"status": "failed", "error": "bad luck", "output": url})
    played = play(tmp_path / "broken", {"clips": broken})
    assert not [e for e in played.report.tape if e.request.operation == "getClip"]
    assert {played.stages[f"scene:{n}"].verdict for n in (1, 2, 3)} == {Verdict.FAIL}
    assert "scenes-film-made" not in played.codes()


def test_a_start_whose_answer_was_lost_is_not_repeated(tmp_path: Path) -> None:
    played = play(tmp_path, {"clips": plan("create", ((2, 2),), reset="after")})
    assert "scenes-start-unknown" in played.codes()
    assert len([e for e in played.report.tape if e.request.label == "scene:2"]) == 1
    assert played.report.ambiguous


def test_a_clip_of_another_length_is_told_and_the_film_is_as_long_as_its_clips(
    tmp_path: Path,
) -> None:
    short = plan("create", ((1, 1),), job={"clip": {"seconds": 2.0}})
    played = play(tmp_path, {"clips": short})
    assert "scenes-clip-other-length" in played.codes()
    assert "scenes-film-unfit" not in played.codes()
    film = inspect_file(tmp_path / "final.mp4")
    assert film.duration_s == pytest.approx(11.0, abs=0.05)


# --- the judge alone --------------------------------------------------------------------------

GOOD = MediaFacts(
    container="mp4", size_bytes=1, width=320, height=180, duration_s=5.0, fps=30.0,
    video_codec="h264", audio_codec="aac", has_audio=True,
)  # fmt: skip


def case(**facts: Any) -> Case:
    target = Target(kind=TargetKind.EMULATOR, provider="clips", base_url="http://c.test")
    known = {"run_id": "r", "target": target, "film": written(ORDERED), **facts}
    return Case(**known)


def tape(*pairs: tuple[Request, Answer]) -> Tape:
    made = [
        Exchange(request=r, answer=a, started_s=float(n), position=n, scenario="scenes")
        for n, (r, a) in enumerate(pairs)
    ]
    return Tape(case=case(), exchanges=made)


def media(facts: MediaFacts, status: int = 200) -> Response:
    return Response(status=status, media=facts)


def download(number: int) -> Request:
    url = "http://h/out.mp4"
    return Request(method="GET", url=url, purpose=Purpose.MEDIA, label=f"{DOWNLOAD}{number}")


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"duration_s": 15.0}, "length"),
        ({"fps": 24.0}, "frame rate"),
        ({"width": 640}, "size"),
        ({"has_audio": False}, "sound"),
    ],
)
def test_a_film_that_is_not_as_ordered_is_told_by_what_differs(
    wrong: dict[str, Any], what: str
) -> None:
    film = replace(GOOD, duration_s=14.0)
    pairs = [(download(n), media(GOOD)) for n in (1, 2, 3)]
    join = join_request(ORDERED, (1, 2, 3))

    def unfit(made: MediaFacts) -> list[object]:
        found = SCENARIO.judge(both(), tape(*pairs, (join, media(made))))
        return [f.facts["what_en"] for f in found if f.rule.code == "scenes-film-unfit"]

    assert unfit(film) == []
    assert unfit(replace(film, **wrong)) == [what]


def test_a_stage_that_was_never_begun_is_no_pass() -> None:
    found = stages(both(), tape(), ORDERED, [])
    assert {stage.verdict for stage in found} == {Verdict.INCONCLUSIVE}
    assert {stage.seconds for stage in found} == {None}


ANSWERS = st.sampled_from(
    [
        media(GOOD),
        media(replace(GOOD, container="html", video_codec=None, width=None)),
        Response(status=200, body=b"{}"),
        Response(status=201, body=b'{"id": "abc", "status": "starting"}'),
        Response(status=200, body=b'{"id": "abc", "status": "failed", "error": "E1001"}'),
        Response(status=429, body=b'{"detail": "throttled", "error": {"code": "429"}}'),
        Response(status=404, body=b"<html>"),
        Fault(kind=FaultKind.LOCAL, message="ENOSPC: full"),
        Fault(kind=FaultKind.LOCAL, message=""),
        Fault(kind=FaultKind.DNS, message="name", may_have_arrived=True),
        Unsent(reason=UnsentReason.NO_BUDGET),
    ]
)
REQUESTS = st.sampled_from(
    [
        script_request(pen(), ORDERED),
        clip_request(clips(), ORDERED, 1, "a"),
        clip_request(clips(), ORDERED, 2, "b"),
        clips().request("getClip", path={"id": "abc"}, label="abc"),
        download(1),
        download(2),
        replace(download(1), label=f"{DOWNLOAD}²"),
        replace(download(1), label=f"{CLIP}x"),
        join_request(ORDERED, (1, 2)),
        replace(join_request(ORDERED, (1,)), body=b'{"clips": 7}'),
    ]
)


@given(pairs=st.lists(st.tuples(REQUESTS, ANSWERS), max_size=12))
def test_no_tape_makes_the_judge_raise(pairs: list[tuple[Request, Answer]]) -> None:
    made = tape(*pairs)
    found = list(SCENARIO.judge(both(), made))
    for finding in found:
        assert "{" not in finding.message("en") + finding.message("ru") + finding.remedy("ru")
    assert len(stages(both(), made, ORDERED, found)) == 8


@given(answers=st.lists(ANSWERS, min_size=1, max_size=8))
def test_no_answer_makes_the_ask_raise_or_run_for_ever(answers: list[Answer]) -> None:
    def drive(talk: Generator[Any, Any, Any], seen: list[int]) -> Any:
        result: Any = None
        try:
            while True:
                wanted = talk.send(result)
                if isinstance(wanted, Together):
                    result = [drive(one, seen) for one in wanted.asks]
                    continue
                seen.append(1)
                assert len(seen) < 5_000
                answer = answers[len(seen) % len(answers)]
                result = Exchange(request=wanted, answer=answer, started_s=0.0)
        except StopIteration as end:
            return end.value

    drive(ask(both(), case()), [])


# --- being interrupted ------------------------------------------------------------------------


def test_a_join_that_is_interrupted_is_told_to_stop(tmp_path: Path) -> None:
    begun, ended = threading.Event(), threading.Event()

    def joined(clips: list[Path], to: Path, film: Film, stopped: Callable[[], bool]) -> None:
        begun.set()
        while not stopped():
            ended.wait(0.001)
        ended.set()

    studio = Studio(
        driver=Dry(0.0),
        fetcher=Fetcher(folder=tmp_path, clock=RealClock(), sockets=SocketTransport()),
        folder=tmp_path,
        film=ORDERED,
        clock=RealClock(),
        joined=joined,
    )

    async def whole() -> None:
        task = asyncio.create_task(studio.exchange(join_request(ORDERED, (1,)), Slot()))
        await asyncio.to_thread(begun.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(ended.wait, 10)

    asyncio.run(whole())


# --- money ------------------------------------------------------------------------------------


def test_a_clip_whose_price_nobody_knows_costs_what_the_user_says() -> None:
    assert clip_request(clips(), ORDERED, 1, "a").credits is None
    assert clip_request(clips(), replace(ORDERED, clip_price=0.35), 1, "a").credits == 0.35
    priced = clips().operations["createModelPrediction"]
    known = replace(clips(), operations={priced.id: replace(priced, price=Price(amount=2.0))})
    assert clip_request(known, replace(ORDERED, clip_price=0.35), 1, "a").credits == 2.0


def test_without_a_budget_nothing_is_started_and_no_film_is_claimed() -> None:
    unsent = Unsent(reason=UnsentReason.NO_BUDGET, message="no --budget was given")
    asked = [script_request(pen(), ORDERED)]
    asked += [clip_request(clips(), ORDERED, n, "a") for n in (1, 2, 3)]
    report = judge(both(), tape(*((request, unsent) for request in asked)), [SCENARIO])
    assert report.judgement.verdict is Verdict.INCONCLUSIVE
    codes = [finding.rule.code for finding in report.findings]
    assert codes.count("scenes-clip-not-started") == 3
    assert "scenes-script-not-asked" in codes


# --- when there is nothing to make ------------------------------------------------------------


def test_without_an_order_a_clip_maker_or_a_writer_there_is_no_film() -> None:
    assert offered(both(), case()) is None
    for contract, about in ((both(), case(film={})), (pen(), case()), (clips(), case())):
        assert offered(contract, about) is not None
        assert list(ask(contract, about)) == []


JSON = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)


@given(known=st.dictionaries(st.sampled_from([*written(ORDERED), "x"]), JSON))
def test_no_case_makes_reading_the_order_raise(known: dict[str, Any]) -> None:
    film = film_of(known)
    assert film is None or film.aspect


def test_an_order_comes_back_as_it_was_written() -> None:
    assert film_of(written(ORDERED)) == ORDERED
    assert film_of({**written(ORDERED), "scenes": True}) is None
    assert film_of({**written(ORDERED), "width": 5}) is None
    assert replace(ORDERED, width=300, height=300).aspect == "1:1"
    assert replace(ORDERED, width=720, height=1280).aspect == "9:16"
    assert FILM == "film"
