"""`diagnostics validate OPERATION [FILE|-]`: is this request right, before it is sent?"""

import argparse
import copy
import os
import re
import stat
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from diagnostics import contract_load, request_file
from diagnostics.cli.screen import Screen
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
from scenarios.parameters import SCENARIO

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
        en="warn: {operation} ({address}) is allowed, but look at this ({warns}):",
        ru="внимание: {operation} ({address}) допустим, но обратите внимание ({warns}):",
    ),
    Verdict.FAIL: Text(
        en="fail: {operation} ({address}) breaks the documentation ({fails}):",
        ru="ошибка: {operation} ({address}) нарушает документацию ({fails}):",
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The call to be checked, and what is to be said of how it was read."""

    operation: Operation
    plan: Plan
    notes: tuple[Text, ...] = ()


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `validate` takes."""
    parser.add_argument("operation", metavar="OPERATION", help='operationId, or "POST /path"')
    parser.add_argument(
        "file",
        nargs="?",
        metavar="FILE|-",
        help="JSON body, or an object with method, url, headers, query, body; "
        "default: the documentation's example",
    )
    parser.add_argument(
        "--query", action="append", default=[], metavar="K=V", help="a query parameter (repeatable)"
    )
    parser.add_argument(
        "--path", action="append", default=[], metavar="K=V", help="a path parameter (repeatable)"
    )


def main(options: argparse.Namespace, screen: Screen) -> Exit:
    """Build the call, judge it, say what is wrong. Nothing is sent."""
    contract = contract_load.load(options.provider or "akool")
    asked = _asked(options, contract, screen)
    findings = list(SCENARIO.judge(contract, _dry(contract, asked.plan)))
    verdict, blame = verdict_of(findings)
    told = [f for f in findings if f.severity is not Severity.INFO]
    if screen.as_json:
        screen.emit("validate", _object(asked, told, verdict, blame, screen.language))
    else:
        _show(asked, told, verdict, screen)
    return Exit.FINDINGS if verdict is Verdict.FAIL else Exit.OK


# --- which call -------------------------------------------------------------------------------


def _asked(options: argparse.Namespace, contract: Contract, screen: Screen) -> _Asked:
    address, query = request_file.split_query(options.operation, "OPERATION")
    operation = contract.operation(address)
    read = _file(options, operation)
    notes: tuple[Text, ...] = ()
    if read is None:
        examples = list(operation.examples.values())
        body = copy.deepcopy(examples[0]) if examples else None
        read = request_file.RequestFile(body=body)
        if body is not None:
            notes = (
                Text(
                    **{
                        language: _EXAMPLE.fill(language, {"operation": operation.id})
                        for language in ("en", "ru")
                    }
                ),
            )
    for _, value in read.headers:
        screen.gate.register(value, "request-header")
    return _Asked(
        operation=operation,
        plan=Plan(
            operation=operation.id,
            body=read.body,
            query={**read.query, **query, **_named(options.query, "--query")},
            path={
                **path_values(operation, (read.operation or "").partition(" ")[2]),
                **path_values(operation, address.partition(" ")[2]),
                **read.path,
                **_named(options.path, "--path"),
            },
            file=options.file,
        ),
        notes=(*notes, *read.notes),
    )


def _file(options: argparse.Namespace, operation: Operation) -> request_file.RequestFile | None:
    if options.file is not None:
        return request_file.read(options.file)
    if operation.body_schema is not None and _is_piped():
        return request_file.read("-")
    return None


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


def path_values(operation: Operation, address: str) -> dict[str, Json]:
    """The path parameters of a real address: `/voice/detail/abc` against `/voice/detail/{_id}`."""
    shape = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/?#]+)", re.escape(operation.path))
    found = re.search(f"{shape}$", address)
    values = found.groupdict() if found else {}
    return {name: unquote(value) for name, value in values.items() if value[0] not in "{:"}


def _dry(contract: Contract, plan: Plan) -> Tape:
    """The call as the dry driver would leave it: built, never sent."""
    target = Target(kind=TargetKind.DRY, provider=contract.name, base_url=contract.host)
    request = contract.request(plan.operation, body=plan.body, query=plan.query, path=plan.path)
    unsent = Unsent(reason=UnsentReason.DRY)
    exchange = Exchange(request=request, answer=unsent, started_s=0, scenario=SCENARIO.name)
    return Tape(case=Case(run_id="validate", target=target, plan=plan), exchanges=(exchange,))


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
        "severity": finding.severity,
        "message": finding.message(language),
        "remedy": finding.remedy(language),
        "blame": finding.blame,
        "code": finding.code,
        "source": finding.facts.get("source"),
        "certainty": finding.certainty,
    }
