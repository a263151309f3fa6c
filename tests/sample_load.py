"""Which loads do the tests report and compare? Made by hand, from a seed: figures of any shape."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from diagnostics.finding import Report
from diagnostics.loading import objectives, writing
from diagnostics.loading.counts import Counts
from diagnostics.loading.profile import Profile
from diagnostics.loading.reading import profile as read_profile
from diagnostics.loading.result import Break, Ending, Load, Sample, Worker
from diagnostics.loading.tally import Tally
from diagnostics.model import Target, TargetKind, Text, Verdict
from tests.sample_report import incident

BEGAN_S = 1_795_222_923.25
CREATE, READ = "createTalkingPhoto", "getVideo"
OBJECTIVES = (
    *("p99 of request < 900 ms", "code 1015 < 2 %", "p99 of job.total < 90 s"),
    *("duplicates = 0", "p50 of job.fetch < 3 s"),
)
DOCUMENT = {
    "title": {"en": "What does a sudden crowd do?", "ru": "Что сделает внезапный наплыв?"},
    "model": "open",
    "arrival": "poisson",
    "stages": [
        {"rate": "20 /s", "ramp": "5 s", "hold": "15 s"},
        {"rate": "80 /s", "hold": "15 s"},
        {"rate": "20 /s", "hold": "25 s"},
    ],
    "mix": [{"scenario": "job"}],
    "objectives": list(OBJECTIVES),
}


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What differs between two loads."""

    seed: int = 1
    slower: float = 1.0
    failing: float = 0.1
    seconds: int = 60
    level: float = 1.0
    requests_a_second: float = 4.0
    codes: Sequence[str] = ("1015", "1005", "HTTP 429")


def profile() -> Profile:
    """The profile that all of them ran."""
    return read_profile(DOCUMENT, name="spike")


def counts(shape: Shape) -> Counts:
    """What was counted: a crowd between the 20th and the 35th second, which is slower and fails."""
    drawn, asked = random.Random(shape.seed), profile()
    made = Counts()
    made.began_at, made.ended_at = BEGAN_S, BEGAN_S + shape.seconds
    for second in range(shape.seconds):
        level = asked.level(second + 0.5) * shape.level
        crowded = level > 40 * shape.level
        number = round(drawn.gauss(level, level**0.5) * shape.requests_a_second)
        for name, share in ((CREATE, 0.25), (READ, 0.75)):
            _second(made, name, second, round(number * share), drawn, shape, crowded=crowded)
        _jobs(made, second, round(number * 0.25), drawn, shape)
    made.lateness.due = made.lateness.begun = made.jobs.created
    return made


def _second(  # noqa: PLR0913, PLR0917  # a second of one operation
    made: Counts,
    name: str,
    second: int,
    number: int,
    drawn: random.Random,
    shape: Shape,
    *,
    crowded: bool,
) -> None:
    if number <= 0:
        return
    row, named = made.timeline.row(int(BEGAN_S) + second), made.named(name)
    middle = (0.05 if name == READ else 0.18) * shape.slower * (3.0 if crowded else 1.0)
    times = [drawn.lognormvariate(0, 0.5) * middle for _ in range(number)]
    row.latency.add(named.latency.extend(times))
    named.service.extend(times)
    row.late.add(made.lateness.late.extend([drawn.uniform(0, 0.0004) for _ in range(number)]))
    named.requests += number
    named.methods["POST" if name == CREATE else "GET"] = 1
    row.requests += number
    for _ in range(number):
        if crowded and drawn.random() < shape.failing:
            code = drawn.choice(shape.codes)
            for codes in (row.codes, named.codes):
                codes[code] = codes.get(code, 0) + 1
            row.failures += 1
            named.failures += 1


def _jobs(made: Counts, second: int, number: int, drawn: random.Random, shape: Shape) -> None:
    row, jobs = made.timeline.row(int(BEGAN_S) + second), made.jobs
    row.created += max(number, 0)
    done = min(jobs.created - jobs.over, round(25 * shape.level)) if second > 3 else 0
    row.over += done
    row.microcredits += done * 10_000_000
    made.microcredits += done * 10_000_000
    jobs.created += max(number, 0)
    jobs.over += done
    jobs.done += done
    jobs.fetched += done
    for _ in range(done):
        total_s = drawn.lognormvariate(0, 0.4) * 9 * shape.slower
        jobs.submit.record(0.2 * shape.slower)
        jobs.queue.record(total_s * 0.2)
        jobs.run.record(total_s * 0.75)
        jobs.fetch.record(0.3)
        jobs.total.record(total_s)


def load(shape: Shape = Shape(), kind: TargetKind = TargetKind.LIVE) -> Load:
    """A load that is over, judged by its own objectives."""
    asked, made = profile(), counts(shape)
    tally = Tally.from_json(made.to_json())
    judged = tuple(objectives.judge(one, tally) for one in asked.objectives)
    verdict = objectives.verdict(judged, tally.requests)
    failed = [one.objective.text for one in judged if one.ok is False]
    return Load(
        run_id=f"20261121-010203-{shape.seed:04d}",
        profile=writing.document(asked),
        name=asked.name,
        target=Target(kind=kind, provider="akool", base_url="http://127.0.0.1:4010"),
        verdict=verdict,
        because=tuple(Text(en=f"failed: {one}", ru=f"не выдержан: {one}") for one in failed),
        ending=Ending.COMPLETED,
        started_s=BEGAN_S,
        duration_s=float(shape.seconds),
        planned_s=60.0,
        tally=made.to_json(),
        objectives=judged,
        workers=(
            Worker(name="worker-1", requests=9_000, lateness_p99_s=0.0004, cpu_share=0.41),
            Worker(name="worker-2", requests=3_000, lost_after_s=27.0),
        ),
        samples=(
            Sample(
                why="slow",
                conversation=7,
                scenario="job",
                name=READ,
                started_s=21.5,
                duration_s=38.2,
                positions=tuple(range(6, 56)),
            ),
            Sample(
                why="code 1015",
                conversation=9,
                scenario="job",
                name=CREATE,
                code="1015",
                started_s=22.25,
                duration_s=0.41,
                positions=(2,),
            ),
        ),
        seed=7,
        notes=(Text(en="worker-2 was lost", ru="потерян worker-2"),) if shape.seed == 1 else (),
    )


def breaking() -> Load:
    """One that was run until it broke."""
    found = Break(
        level=52.0, unit="/s", at_s=22.0, objective=OBJECTIVES[0], value=1.4, held_level=40.0
    )
    return replace(load(Shape(seed=3)), breaking=found, ending=Ending.OBJECTIVE)


def silent() -> Load:
    """One that nobody answered."""
    return replace(
        load(),
        tally=Counts().to_json(),
        objectives=(),
        samples=(),
        workers=(),
        verdict=Verdict.FAIL,
        because=(Text(en="nobody answered", ru="никто не ответил"),),
        ending=Ending.UNREACHABLE,
        duration_s=0.0,
    )


def report() -> Report:
    """What was sampled of it."""
    return incident()
