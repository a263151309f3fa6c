"""`diagnostics validate OPERATION [FILE|-]`: is this request right, before it is sent?"""

import argparse
import os
import select
import stat
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO

from diagnostics import contract_load, request_file
from diagnostics.cli.address import called, of_address, of_headers, path_values
from diagnostics.cli.screen import Screen
from diagnostics.cli.which import Clues, owners, provider
from diagnostics.contract import Contract
from diagnostics.errors import Exit, UsageError
from diagnostics.finding import Finding
from diagnostics.model import (
    Blame,
    Case,
    Exchange,
    Json,
    Plan,
    Severity,
    Tape,
    Target,
    TargetKind,
    Text,
    Unsent,
    UnsentReason,
    Verdict,
)
from diagnostics.promise import Operation
from diagnostics.request_file import RequestFile
from diagnostics.request_files.bytes import of_stream
from scenarios.parameters import SCENARIO

_EXITS = {
    Verdict.PASS: Exit.OK,
    Verdict.WARN: Exit.OK,
    Verdict.FAIL: Exit.FINDINGS,
    Verdict.INCONCLUSIVE: Exit.INCONCLUSIVE,
}
_HEADS = (
    Text(en="", ru=""),
    Text(en="parameter", ru="параметр"),
    Text(en="what is wrong", ru="что не так"),
    Text(en="what to do", ru="что делать"),
    Text(en="code", ru="код"),
    Text(en="documented in", ru="где описано"),
)
_SEVERITIES = {
    Severity.FAIL: Text(en="fail", ru="ошибка"),
    Severity.WARN: Text(en="warn", ru="внимание"),
}
_VERDICTS = {
    Verdict.PASS: Text(
        en="pass: {operation} ({address}) keeps to the documentation",
        ru="пройдено: {operation} ({address}) соответствует документации",
    ),
    Verdict.WARN: Text(
        en="warn: {operation} ({address}) breaks no documented rule; to look at: {warns}",
        ru="внимание: {operation} ({address}) правил не нарушает; посмотрите: {warns}",
    ),
    Verdict.FAIL: Text(
        en="fail: {operation} ({address}) is not as documented; to mend: {fails}",
        ru="ошибка: {operation} ({address}) не по документации; нужно исправить: {fails}",
    ),
    Verdict.INCONCLUSIVE: Text(
        en="inconclusive: {operation} ({address}) could not be judged",
        ru="не определено: {operation} ({address}) проверить не удалось",
    ),
}
_UNSENT = Text(
    en="Nothing was sent. Whether the files can be fetched is another question: diagnostics media.",
    ru="Ничего не отправлено. Доступны ли сами файлы, проверяет другая команда: diagnostics media.",
)
_EXAMPLE = Text(
    en="no file was given: this is the documentation's own example of {operation}",
    ru="файл не указан: проверен пример {operation} из самой документации",
)


_WAITING = Text(
    en="waiting for the body on standard input (Ctrl-C ends it; or name a FILE)",
    ru="жду тело запроса на стандартном вводе (прервать: Ctrl-C; или укажите FILE)",
)
_PATIENCE_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The call to be checked, and what is to be said of how it was read."""

    operation: Operation
    plan: Plan
    doubts: tuple[Finding, ...] = ()
    """About its address and headers, which no tape of ours carries."""
    notes: tuple[Text, ...] = ()


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `validate` takes."""
    parser.add_argument("operation", metavar="OPERATION", help='operationId, or "POST /path"')
    parser.add_argument(
        "file",
        nargs="?",
        metavar="FILE|-",
        help="a JSON body, or an object with method, url, headers, query, body; - reads "
        "standard input (default: the documentation's example)",
    )
    parser.add_argument(
        "--query", action="append", default=[], metavar="K=V", help="a query parameter (repeatable)"
    )
    parser.add_argument(
        "--path", action="append", default=[], metavar="K=V", help="a path parameter (repeatable)"
    )


def main(options: argparse.Namespace, screen: Screen) -> Exit:
    """Build the call, judge it, say what is wrong. Nothing is sent."""
    contract = contract_load.load(_provider(options))
    asked = _asked(options, contract, screen)
    findings = [*asked.doubts, *SCENARIO.judge(contract, _dry(contract, asked.plan))]
    findings.sort(key=lambda found: found.severity is not Severity.FAIL)
    verdict, blame = verdict_of(findings)
    told = [f for f in findings if f.severity is not Severity.INFO]
    if screen.as_json:
        screen.emit("validate", _object(asked, told, verdict, blame, screen.language))
    else:
        _show(asked, told, verdict, screen)
    return _EXITS[verdict]


# --- which call -------------------------------------------------------------------------------


def _provider(options: argparse.Namespace) -> str:
    """Whose operation it is; the address in the file decides where several have one."""
    clues = Clues(provider=options.provider, operation=options.operation.partition("?")[0])
    if options.provider or options.file in {None, "-"} or len(owners(clues.operation or "")) == 1:
        return provider(clues)
    return provider(replace(clues, address=request_file.read(options.file).operation))


def _asked(options: argparse.Namespace, contract: Contract, screen: Screen) -> _Asked:
    address, query = request_file.split_query(options.operation, "OPERATION")
    operation, doubts = called(contract, address)
    given = _file(options, operation, screen)
    read, notes = (given, ()) if given is not None else _example(contract, operation)
    for _, value in read.headers:
        screen.gate.register(value, "request-header")
    if read.operation is not None:
        doubts += of_address(contract, operation, read.operation)
    plan = Plan(
        operation=operation.id,
        body=read.body,
        query={**read.query, **query, **_named(options.query, "--query")},
        path={
            **path_values(operation, read.operation or ""),
            **path_values(operation, address),
            **read.path,
            **_named(options.path, "--path"),
        },
        file=options.file,
    )
    doubts += of_headers(contract, read.header_names)
    return _Asked(operation=operation, plan=plan, doubts=tuple(doubts), notes=(*notes, *read.notes))


def _example(contract: Contract, operation: Operation) -> tuple[RequestFile, tuple[Text, ...]]:
    """The documentation's own call; nothing to show where it takes no parameters."""
    from diagnostics.prepare import plan  # noqa: PLC0415  # only without a file

    made = plan(operation, _target(contract), None)
    if made.body is None and not made.query and not made.path:
        return RequestFile(), ()
    facts = {"operation": operation.id}
    note = Text(en=_EXAMPLE.fill("en", facts), ru=_EXAMPLE.fill("ru", facts))
    return RequestFile(body=made.body, query=made.query, path=made.path), (note,)


def _file(options: argparse.Namespace, operation: Operation, screen: Screen) -> RequestFile | None:
    """The user's call, if there is one: a pipe that holds nothing is none."""
    if options.file is not None:
        return request_file.read(options.file)
    if operation.body_schema is None or not _is_piped():
        return None
    if not select.select([sys.stdin.buffer], [], [], _PATIENCE_S)[0]:
        screen.say(_WAITING.in_language(screen.language))
    data = of_stream(sys.stdin.buffer, "standard input")
    return request_file.read("-", stdin=BytesIO(data)) if data.strip() else None


def _is_piped() -> bool:
    """Whether somebody feeds us: a pipe or a file stands before standard input."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)


def _named(given: Sequence[str], option: str) -> dict[str, Json]:
    """`K=V` options; a name given twice becomes a list."""
    for one in given:
        if not one.partition("=")[0] or "=" not in one:
            raise UsageError(f"{option} takes K=V, not {one!r}", hint=f"{option} page=2")
    return request_file.gathered([(k, v) for k, _, v in (one.partition("=") for one in given)])


def _target(contract: Contract) -> Target:
    return Target(kind=TargetKind.DRY, provider=contract.name, base_url=contract.host)


def _dry(contract: Contract, plan: Plan) -> Tape:
    """The call as the dry driver would leave it: built, never sent."""
    request = contract.request(plan.operation, body=plan.body, query=plan.query, path=plan.path)
    unsent = Unsent(reason=UnsentReason.DRY)
    exchange = Exchange(request=request, answer=unsent, started_s=0, scenario=SCENARIO.name)
    return Tape(
        case=Case(run_id="validate", target=_target(contract), plan=plan), exchanges=(exchange,)
    )


# --- saying -----------------------------------------------------------------------------------


def verdict_of(findings: Sequence[Finding]) -> tuple[Verdict, Blame]:
    """What the findings come to; no finding at all would be silence, never a pass."""
    for severity, verdict in ((Severity.FAIL, Verdict.FAIL), (Severity.WARN, Verdict.WARN)):
        blames = [f.blame for f in findings if f.severity is severity]
        if blames:
            return verdict, Blame.PARAMETERS if Blame.PARAMETERS in blames else blames[0]
    return Verdict.PASS if findings else Verdict.INCONCLUSIVE, Blame.NONE


def _show(asked: _Asked, found: Sequence[Finding], verdict: Verdict, screen: Screen) -> None:
    language, operation = screen.language, asked.operation
    facts = {
        "operation": operation.id,
        "address": f"{operation.method} {operation.path}",
        "fails": sum(f.severity is Severity.FAIL for f in found),
        "warns": sum(f.severity is Severity.WARN for f in found),
    }
    screen.show(_VERDICTS[verdict].fill(language, facts))
    if found:
        heads = [head.in_language(language) for head in _HEADS]
        screen.table(heads, [_row(f, language) for f in found])
    for note in asked.notes:
        screen.show(note.in_language(language))
    screen.show(_UNSENT.in_language(language))


def _row(finding: Finding, language: str) -> tuple[str, ...]:
    return (
        _SEVERITIES[finding.severity].in_language(language),
        finding.subject,
        finding.message(language),
        finding.remedy(language),
        finding.code or "",
        str(finding.facts.get("source", "")),
    )


def _object(
    asked: _Asked, found: Sequence[Finding], verdict: Verdict, blame: Blame, language: str
) -> Mapping[str, Json]:
    return {
        "verdict": verdict,
        "blame": blame,
        "operation": asked.operation.id,
        "method": asked.operation.method,
        "path": asked.operation.path,
        "file": asked.plan.file,
        "findings": [_finding(f, language) for f in found],
        "notes": [note.in_language(language) for note in asked.notes],
    }


def _finding(finding: Finding, language: str) -> dict[str, Json]:
    return {
        "rule": finding.rule.code,
        "subject": finding.subject,
        "place": finding.facts.get("place"),
        "severity": finding.severity,
        "message": finding.message(language),
        "remedy": finding.remedy(language),
        "blame": finding.blame,
        "code": finding.code,
        "source": finding.facts.get("source"),
        "certainty": finding.certainty,
    }
