"""How is a load carried out and kept? Generator, view, samples on the tape, load.json, report."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from time import monotonic

from diagnostics.cli import discover
from diagnostics.cli.load_order import LoadOrder, case
from diagnostics.cli.load_view import View, figures
from diagnostics.cli.load_words import conclusion, report_at, under_way
from diagnostics.cli.screen import Screen
from diagnostics.errors import TargetError, UsageError
from diagnostics.finding import Report
from diagnostics.judge import judge, running_jobs
from diagnostics.loading.deciding import Ended, decide
from diagnostics.loading.result import NAME, Ending, Load, Sample, Worker, sample_from, to_json
from diagnostics.loading.runner import Child, Running, carry_out
from diagnostics.loading.seeking import Breaking
from diagnostics.loading.sharing import Order
from diagnostics.loading.writing import document
from diagnostics.model import Exchange, Json, Tape, Text
from diagnostics.scenario import Scenario
from diagnostics.tape import NAME as TAPE
from diagnostics.tape import TapeFile
from diagnostics.tape_values import exchange_from

_START_S = 30.0
SAVE_S = 5.0
"""Between two writings of `load.json`: what a killed load leaves."""


class LoadRun:
    """One load, its folder, and what is known of it."""

    def __init__(self, order: LoadOrder, screen: Screen) -> None:
        self._order, self._screen = order, screen
        self.folder = order.folder / order.run_id
        every = discover.scenarios()
        names = dict.fromkeys(share.scenario for share in order.profile.mix)
        self._scenarios: list[Scenario] = [every[name] for name in names if name in every]
        self._file = TapeFile(self.folder, screen.gate)
        self._case = case(order, [one.name for one in self._scenarios])
        self._exchanges: list[Exchange] = []
        self._samples: list[Sample] = []
        self._notes: list[Text] = []
        self._saved_s = monotonic()
        self._started_s = time.time()
        profile = order.profile
        self.running = Running(profile=profile, breaking=Breaking(profile=profile))

    # --- while it runs ------------------------------------------------------------------------

    def carry_out(self, command: Sequence[str]) -> Load:
        """Until it is over, whatever ends it."""
        self._file.begin(self._case)
        try:
            with ExitStack() as stack:
                child = stack.enter_context(Child((*command, "generator")))
                child.tell(**self._ordered())
                for one in self._workers(child, command):
                    stack.enter_context(one)
                live = stack.enter_context(self._screen.live())
                view = View(live, self._screen, piped=type(live).__name__ == "_Lines")
                carry_out(child, self.running, kept=self._keep, look=lambda r: self._look(view, r))
        finally:
            self._file.close()
        return self._load()

    def _workers(self, master: Child, command: Sequence[str]) -> Iterator[Child]:
        """The processes that a master shares the load out to."""
        if self._order.workers == 1:
            return
        told = master.document(_START_S) or {}
        if told.get("kind") != "listening":
            raise TargetError(
                f"the master did not start: {told.get('message') or master.last_words}"
            )
        for _ in range(self._order.workers):
            child = Child((*command, "worker", str(told["port"])))
            child.tell(**self._ordered())
            self._screen.detail(f"worker: process {child.pid}")
            yield child

    def _ordered(self) -> dict[str, Json]:
        order = self._order
        made = Order(
            profile=order.profile,
            main=order.main,
            targets=order.targets,
            budget=order.budget,
            seed=order.seed,
            retry=order.retry,
            stock=order.client == "stock",
            allowed=order.allowed,
        )
        return {"order": made.to_data(), "workers": order.workers}

    def _look(self, view: View, running: Running) -> None:
        view.look(running)
        if monotonic() - self._saved_s >= SAVE_S:
            self._saved_s = monotonic()
            self._save(self._load())

    def _keep(self, told: Mapping[str, Json]) -> None:
        """A conversation for the tape, under a number of its own."""
        number = len(self._samples)
        positions = []
        for line in told["exchanges"]:
            exchange = exchange_from(line, len(self._exchanges))
            kept = self._file.append(replace(exchange, conversation=number))
            positions.append(len(self._exchanges))
            self._exchanges.append(kept)
        sample = sample_from(told["sample"])
        began_at = self.running.began_at or self._started_s
        self._samples.append(
            replace(
                sample,
                conversation=number,
                started_s=max(0.0, sample.started_s - began_at),
                positions=tuple(positions),
            )
        )

    # --- when it is over ----------------------------------------------------------------------

    def _load(self) -> Load:
        order, running = self._order, self.running
        ending = running.ending or Ending.INTERRUPTED
        workers = running.workers or (Worker(name="local", requests=running.tally.requests),)
        decided = decide(
            Ended(
                profile=order.profile,
                tally=running.tally,
                ending=ending,
                broke=running.breaking.judged,
                breaking=running.breaking.found,
                limit=running.limit,
                workers=workers,
            )
        )
        return Load(
            run_id=order.run_id,
            profile=document(order.profile),
            name=order.profile.name,
            target=order.target,
            verdict=decided.verdict,
            because=decided.because,
            ending=ending,
            started_s=running.began_at or self._started_s,
            duration_s=running.elapsed_s,
            planned_s=order.profile.duration_s,
            tally=running.tally.to_json(),
            objectives=decided.objectives,
            workers=workers,
            samples=tuple(self._samples),
            breaking=running.breaking.found,
            limit=running.limit,
            client=order.client,
            seed=order.seed,
            budget=order.budget,
            notes=(*decided.notes, *self._notes),
        )

    def _save(self, load: Load) -> None:
        path = self.folder / NAME
        gate = self._screen.gate
        text = json.dumps(gate.json(to_json(load)), ensure_ascii=False, indent=1)
        try:
            gate.write(path, text)
        except OSError as error:
            raise UsageError(
                f"cannot write {NAME}: {error.strerror}",
                place=str(path),
                hint="free some space, or give another folder with --out",
            ) from error

    def present(self, load: Load) -> Mapping[str, Json]:
        """Write everything, and say it in a screenful."""
        screen, order = self._screen, self._order
        self._save(load)
        if not screen.as_json:
            figures(screen, load, self.running.tally)
            for line in conclusion(load, self.running.tally, screen.language):
                screen.show(line)
        told = to_json(load)
        tape = Tape(case=self._case, exchanges=self._exchanges)
        report = judge(order.contract, tape, self._scenarios)
        written = self._report(replace(report, interrupted=load.interrupted), load)
        if load.interrupted:
            for line in under_way(running_jobs(order.contract, tape), screen.language):
                screen.say(line)
        for path in () if screen.as_json else list(written.values())[:1]:
            screen.show(report_at(path, screen.language))
        return told | {"report": written, "sampled": _sampled(report)}

    def _report(self, report: Report, load: Load) -> Mapping[str, str]:
        from reports import files  # noqa: PLC0415  # brings Jinja and the report's words

        wanted = tuple(dict.fromkeys((*self._order.formats, "json")))  # always, as for `run`
        paths = files.paths(self.folder, wanted)
        made = files.write(
            report,
            self._order.contract,
            files=paths,
            language=self._screen.language,
            gate=self._screen.gate,
            tape=self.folder / TAPE,
            load=load,
        )
        written: dict[str, str] = made["report"]
        return written


def _sampled(report: Report) -> Mapping[str, Json]:
    """What the scenarios' own judges say of the conversations that were kept."""
    judgement = report.judgement
    return {
        "verdict": judgement.verdict.value,
        "blame": judgement.blame.value,
        "code": judgement.code,
        "findings": [
            {"rule": one.rule.code, "severity": one.severity.value, "code": one.code}
            for one in report.findings
        ],
    }
