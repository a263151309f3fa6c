"""What does the report of a load say? The section `load` of its document, and its headline.

Everything is worked out again from `load.json`; the slowest conversations from the run's tape.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from diagnostics.contract import Contract
from diagnostics.errors import DiagnosticsError
from diagnostics.finding import Report
from diagnostics.loading import metrics, objectives
from diagnostics.loading.counts import Counts
from diagnostics.loading.histogram import Histogram
from diagnostics.loading.jobs import STAGES
from diagnostics.loading.objectives import Judged
from diagnostics.loading.profile import Profile
from diagnostics.loading.reading import profile as read_profile
from diagnostics.loading.result import Load, Sample, Worker
from diagnostics.model import Verdict
from reports import load_said
from reports.line import LineReader, as_json
from reports.load_columns import Column, columns
from reports.load_drawing import OTHER, TONES, Layout, charts
from reports.plain import clean
from reports.words import Words, words

SECONDS_MOST = 3_600
"""Rows of `load.csv` and of the JSON; a tally has 1800 at most."""
CODES_MOST = 40
NAMES_MOST = 60
SAMPLES_MOST = 20
LINES_MOST = 24
JOB_COUNTS = (
    *("created", "refused", "ambiguous", "done", "failed", "lost", "stuck", "doubled", "risked"),
    *("fetched", "undelivered"),
)
PERCENTILES = {"p50_s": 0.5, "p90_s": 0.9, "p95_s": 0.95, "p99_s": 0.99, "p999_s": 0.999}


def with_load(
    made: Mapping[str, Any], load: Load, report: Report, contract: Contract
) -> dict[str, Any]:
    """A report document that speaks of the whole load, and not only of what was sampled of it."""
    said, counts = words(made["language"]), Counts.from_json(load.tally)
    paid = _paid(counts, contract)
    told: dict[str, Any] = clean(section(load, counts, report, contract, said))
    sampled = {name: made[name] for name in ("verdict", "blame", "certainty", "code", "requests")}
    spent = told["figures"]["credits"]
    headline = {**made["headline"], "sentence": clean(load_said.sentence(load, said))}
    return {
        **made,
        "load": told | {"sampled": sampled},
        "verdict": str(load.verdict),
        "blame": "none" if load.verdict is Verdict.PASS else made["blame"],
        "symptom": "; ".join(told["because"][:2]) or made["symptom"],
        "headline": headline,
        "requests": metrics.requests(counts),
        "paid_requests": paid,
        "credits": {**made["credits"], "spent": spent},
        "credits_spent": spent,
        "budget": load.budget,
        "duration_s": load.duration_s,
        "interrupted": load.interrupted,
    }


def _paid(counts: Counts, contract: Contract) -> int:
    """Requests of operations that are not free."""
    known = contract.operations
    return sum(
        named.requests
        for name, named in counts.names.items()
        if name in known and not known[name].price.free
    )


# --- the section ------------------------------------------------------------------------------


def section(
    load: Load, counts: Counts, report: Report, contract: Contract, said: Words
) -> dict[str, Any]:
    """All facts of a load, as plain data in the reader's language."""
    asked = _profile(load)
    codes = _codes(counts, contract, said)
    seconds = _columns(load, counts, SECONDS_MOST)
    return {
        "run_id": load.run_id,
        "profile": _asked(load, asked, said),
        "verdict": str(load.verdict),
        "because": [one.in_language(said.language) for one in load.because],
        "notes": [one.in_language(said.language) for one in load.notes],
        "ending": str(load.ending),
        "ending_said": load_said.word(said, "ending", str(load.ending)),
        "found": load_said.found(load, said),
        "duration_s": load.duration_s,
        "planned_s": load.planned_s,
        "client": load.client,
        "client_said": load_said.word(said, "clients", load.client),
        "seed": load.seed,
        "figures": _figures(load, counts, said),
        "objectives": [_objective(one) for one in load.objectives],
        "series": _series(counts),
        "codes": codes,
        "drawn_codes": [
            {"code": one, "said": load_said.code(said, one)} for one in drawn_codes(codes)
        ],
        "jobs": {name: getattr(counts.jobs, name) for name in JOB_COUNTS},
        "stages": [_timed(name, getattr(counts.jobs, name)) for name in STAGES],
        "lateness": _lateness(counts),
        "workers": [_worker(one) for one in load.workers],
        "seconds": [_second(one) for one in seconds],
        "samples": _samples(load, report, contract, said),
        "samples_total": len(load.samples),
    }


def _profile(load: Load) -> Profile | None:
    """The profile that was run; a file that somebody changed is no reason to show nothing."""
    try:
        return read_profile(dict(load.profile), name=load.name)
    except DiagnosticsError:
        return None


def _asked(load: Load, asked: Profile | None, said: Words) -> dict[str, Any]:
    if asked is None:
        return {"name": load.name, "title": load.name, "model": None, "arrival": None, "peak": None}
    return {
        "name": load.name,
        "title": asked.title.in_language(said.language),
        "model": str(asked.model),
        "arrival": str(asked.arrival),
        "peak": asked.peak,
    }


def _figures(load: Load, counts: Counts, said: Words) -> dict[str, Any]:
    sent, every = metrics.requests(counts), counts.latency()
    jobs = counts.jobs
    spent = None if counts.unpriced else counts.microcredits / 1e6
    return {
        "requests": sent,
        "failures": metrics.failures(counts),
        "failed_said": load_said.share(metrics.failures(counts) / sent if sent else None, said),
        "faults": metrics.faults(counts),
        "rate": sent / load.duration_s if load.duration_s > 0 else None,
        "jobs_done": jobs.done,
        "jobs_per_minute": jobs.done * 60 / load.duration_s if load.duration_s > 0 else None,
        "credits": spent,
        "credits_per_job": spent / jobs.done if spent is not None and jobs.done else None,
        "unpriced": counts.unpriced,
        "received_bytes": sum(named.received_bytes for named in counts.names.values()),
        **_percentiles(every),
    }


def _percentiles(times: Histogram) -> dict[str, Any]:
    found = times.percentiles(PERCENTILES.values())
    return {
        **dict(zip(PERCENTILES, found, strict=True)),
        "mean_s": times.mean_s,
        "max_s": times.most_s,
    }


def _timed(name: str, times: Histogram) -> dict[str, Any]:
    return {"name": name, "count": times.count, **_percentiles(times)}


def _series(counts: Counts) -> list[dict[str, Any]]:
    ordered = sorted(counts.names.items(), key=lambda one: (-one[1].requests, one[0]))
    return [
        {
            "name": name,
            "methods": sorted(named.methods),
            "count": named.requests,
            "failures": named.failures,
            "unsent": dict(named.unsent),
            **_percentiles(named.latency),
            "service_p99_s": named.service.percentile(0.99),
        }
        for name, named in ordered[:NAMES_MOST]
    ]


def _codes(counts: Counts, contract: Contract, said: Words) -> list[dict[str, Any]]:
    found: Counter[tuple[str, bool]] = Counter()
    for named in counts.names.values():
        found.update({(code, False): number for code, number in named.codes.items()})
        found.update({(kind, True): number for kind, number in named.faults.items()})
    sent = metrics.requests(counts) or 1
    ordered = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    return [
        {
            "code": code,
            "fault": fault,
            "said": load_said.code(said, code) if fault else code,
            "count": number,
            "share": number / sent,
            "share_said": load_said.share(number / sent, said),
            "meaning": None if fault else _meaning(contract, code),
        }
        for (code, fault), number in ordered[:CODES_MOST]
    ]


def _meaning(contract: Contract, code: str) -> str | None:
    known = contract.errors.get(code)
    return known.meanings[0].text if known and known.meanings else None


def _objective(one: Judged) -> dict[str, Any]:
    wanted = one.objective
    return {
        "text": wanted.text,
        "subject": wanted.subject,
        "relation": wanted.relation,
        "bound": wanted.bound,
        "value": one.value,
        "shown": objectives.shown(wanted, one.value) if one.value is not None else None,
        "ok": one.ok,
    }


def _lateness(counts: Counts) -> dict[str, Any]:
    late = counts.lateness
    return {
        **_percentiles(late.late),
        "due": late.due,
        "begun": late.begun,
        "achieved": late.achieved,
        "busy_share": counts.busy_share,
    }


def _worker(one: Worker) -> dict[str, Any]:
    names = ("name", "requests", "lost_after_s", "lateness_p99_s", "cpu_share")
    return {name: getattr(one, name) for name in names}


def _second(one: Column) -> dict[str, Any]:
    return {
        "at_s": round(max(one.at_s, 0.0), 3),
        "width_s": round(one.covered_s, 3),
        "requests": one.requests,
        "failures": one.failures,
        "rate": round(one.rate, 4),
        "p50_s": one.percentile(0.5),
        "p90_s": one.percentile(0.9),
        "p99_s": one.percentile(0.99),
        "in_flight": one.in_flight,
        "credits": one.credits,
        "late_p99_s": one.late.percentile(0.99),
        "codes": dict(sorted(one.codes.items())),
    }


# --- conversations ------------------------------------------------------------------------------


def _samples(load: Load, report: Report, contract: Contract, said: Words) -> list[dict[str, Any]]:
    """The slowest first; each with its lines on the tape."""
    reader, exchanges = LineReader(contract), report.tape.exchanges
    kept = sorted(load.samples, key=lambda one: -one.duration_s)[:SAMPLES_MOST]

    def lines(sample: Sample) -> list[dict[str, Any]]:
        known = [at for at in sample.positions if 0 <= at < len(exchanges)]
        shown = known if len(known) <= LINES_MOST else _ends(known)
        began_s = exchanges[known[0]].started_s if known else 0.0
        return [dict(as_json(reader.read(exchanges[at]), began_s)) for at in shown]

    return [
        {
            "why": one.why,
            "why_said": load_said.why(one.why, said),
            "name": one.name,
            "scenario": one.scenario,
            "conversation": one.conversation,
            "started_s": one.started_s,
            "duration_s": one.duration_s,
            "exchanges": len(one.positions),
            "lines": lines(one),
        }
        for one in kept
    ]


def _ends(known: Sequence[int]) -> list[int]:
    half = LINES_MOST // 2
    return [*known[:half], *known[-half:]]


# --- over time ----------------------------------------------------------------------------------


def _columns(load: Load, counts: Counts, most: int) -> list[Column]:
    return columns(counts.timeline, most=most, began_at=load.started_s, lasted_s=load.duration_s)


def pictures(load: Load, contract: Contract, language: str) -> list[dict[str, Any]]:
    """The charts of a page: paths that no other format wants."""
    said, counts, asked = words(language), Counts.from_json(load.tally), _profile(load)
    codes = drawn_codes(_codes(counts, contract, said))

    def made(layout: Layout) -> list[Column]:
        return _columns(load, counts, layout.columns)

    stopped_s = min((one.at_s for one in (load.breaking, load.limit) if one), default=math.inf)

    def asked_level(at_s: float) -> float:
        return asked.level(at_s) if asked is not None and at_s < stopped_s else 0.0

    level = asked_level if asked is not None else None
    drawn: list[dict[str, Any]] = clean(
        charts(made, said, codes, level, load_said.instants(load, said))
    )
    return drawn


def drawn_codes(codes: Sequence[Mapping[str, Any]]) -> list[str]:
    """Those with a colour of their own; the rest has one colour together."""
    names = list(dict.fromkeys(one["code"] for one in codes))
    if len(names) > TONES:
        return [*names[: TONES - 1], OTHER]
    return names
