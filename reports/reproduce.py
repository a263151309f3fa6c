"""How is the failing call made again, by hand and without a key in sight?"""

import re
import shlex
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from diagnostics.contract import Contract, decode
from diagnostics.finding import Report
from diagnostics.model import Case, Request, TargetKind
from diagnostics.promise import Scheme
from reports.digest import Digest
from reports.line import Line
from reports.plain import plain
from reports.words import Words

BODY_INLINE_MAX = 64_000
EMULATOR_PORT = 8471
EMULATOR_KEY = (
    f"curl -s --retry 9 --retry-connrefused http://127.0.0.1:{EMULATOR_PORT}/_emulator"
    """ | python3 -c "import json,sys; print(json.load(sys.stdin)['key'])\""""
)
"""Prints the key that the emulator invents, asked of it as soon as it listens."""
OURS = {"host", "content-length", "accept-encoding", "connection", "user-agent", "accept"}
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_GLOBBED = re.compile(r"[\[\]{}]")


def repeated(report: Report, line: Line | None, seen: Digest) -> Line | None:
    """The call to make again: an emulator that starts afresh knows no job, so the planned one."""
    case = report.tape.case
    tally = seen.operations.get(case.plan.operation) if case.plan else None
    planned = (tally.last_failed or tally.last_well) if tally else None
    return planned or line if in_process(case) else line


def reproduction(
    report: Report, contract: Contract, line: Line | None, words: Words
) -> Mapping[str, Any]:
    """A command that plays the run again, and the call itself as `curl`."""
    case = report.tape.case
    made: dict[str, Any] = {
        "command": command(case, contract),
        "curl": None,
        "notes": [],
        "spends": False,
    }
    if line is None:
        return made
    request = line.exchange.request
    notes = _notes(case, request, contract, words)
    if in_process(case):
        request = _on_port(request, case)
        notes.append(words.say("reproduce.port", port=EMULATOR_PORT))
        made["setup"] = _setup(case, contract, request)
    made |= {"curl": curl(request, contract, case), "notes": notes, "spends": request.spends}
    return made


def in_process(case: Case) -> bool:
    """The emulator stood inside the run: nothing listens at its address any more."""
    inside = (_host(case.target.base_url) or "").endswith(".test")
    return case.target.kind is TargetKind.EMULATOR and inside


def command(case: Case, contract: Contract) -> str:
    """The `diagnostics` command that makes this run again, or judges its tape again."""
    target = case.target
    if target.kind not in {TargetKind.EMULATOR, TargetKind.LIVE}:
        return shlex.join(["diagnostics", "report", case.run_id])
    words = ["diagnostics", "run", "--provider", target.provider]
    if target.kind is TargetKind.LIVE:
        own = _host(target.base_url) in contract.hosts
        words += ["--target", "live" if own else target.base_url]
    elif not in_process(case):
        words += ["--target", target.base_url]
    if target.fault:
        words += ["--fault", target.fault]
    if case.plan is not None and case.plan.file:
        words += ["--operation", case.plan.operation, "--request", case.plan.file]
    if case.budget is not None:
        words += ["--budget", f"{case.budget:g}"]
    if case.seed:
        words += ["--seed", str(case.seed)]
    return shlex.join(words)


def curl(request: Request, contract: Contract, case: Case) -> str:
    """One shell command; the key is read from the environment when it runs."""
    words = ["curl -sS"]
    if _GLOBBED.search(request.url):
        words[0] += " --globoff"
    words[0] += f" -X {shlex.quote(request.method)}"
    words.append(quoted(request.url))
    words.extend(_credentials(request, contract, case))
    given = ((name, value) for name, value in request.headers if name.lower() not in OURS)
    words.extend(f"-H {quoted(f'{name}: {value}')}" for name, value in given)
    if request.body:
        words.append(_body(request.body))
    return " \\\n  ".join(words)


def quoted(text: str) -> str:
    """One word for the shell, whatever is in it."""
    return "'" + text.replace("'", "'\\''") + "'"


def _credentials(request: Request, contract: Contract, case: Case) -> list[str]:
    if not request.authenticated or request.purpose == "media":
        return []
    return [
        f'-H "{scheme.header}: {scheme.prefix}${variable_of(scheme)}"'
        for scheme in schemes_used(contract, case)
    ]


def schemes_used(contract: Contract, case: Case) -> list[Scheme]:
    """The credentials that the run sent; the provider's first one when the tape names none."""
    sent = {name.lower() for name in case.auth_headers}
    used = [scheme for scheme in contract.schemes if scheme.header.lower() in sent]
    return used or list(contract.schemes[:1])


def variable_of(scheme: Scheme) -> str:
    """Where the shell finds the credential: a bought token has a name of its own."""
    name = scheme.variables[0] if scheme.variables else "API_KEY"
    if scheme.token_operation:
        name = name.partition("_")[0] + "_TOKEN"
    return name if _VARIABLE.fullmatch(name) else "API_KEY"


def _body(body: bytes) -> str:
    text = _inline(body)
    if text is None:
        return "--data-binary @request.body"
    option = "--data-raw" if text.startswith("@") else "--data-binary"
    return f"{option} {quoted(text)}"


def _inline(body: bytes) -> str | None:
    """The body as a shell word can hold it; None: it must come from a file."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    visible = text == plain(text, block=True) or decode(body) is not None
    return text if visible and len(body) <= BODY_INLINE_MAX else None


def _notes(case: Case, request: Request, contract: Contract, words: Words) -> list[str]:
    notes = []
    if request.spends and case.target.kind is not TargetKind.EMULATOR:
        price = words.number(request.credits) if request.credits else words.say("reproduce.price")
        notes.append(words.say("reproduce.spends", credits=price))
    for scheme in schemes_used(contract, case) if request.authenticated else ():
        if scheme.token_operation:
            variable = variable_of(scheme)
            notes.append(
                words.say("reproduce.token", variable=variable, operation=scheme.token_operation)
            )
    if request.body and _inline(request.body) is None:
        notes.append(words.say("reproduce.file", size=words.size(len(request.body))))
    if b"<secret:" in request.body or "<secret:" in request.url:
        notes.append(words.say("reproduce.placeholder"))
    return notes


def _on_port(request: Request, case: Case) -> Request:
    """The same call to an emulator that listens on this machine."""
    inside, outside = case.target.base_url.rstrip("/"), f"http://127.0.0.1:{EMULATOR_PORT}"
    try:
        parts = urlsplit(request.url)
    except ValueError:  # no address: it is shown as it was
        return request
    url = outside + (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Request(
        method=request.method,
        url=url,
        headers=request.headers,
        body=request.body.replace(inside.encode(), outside.encode()),
        operation=request.operation,
        purpose=request.purpose,
        authenticated=request.authenticated,
        spends=request.spends,
    )


def _setup(case: Case, contract: Contract, request: Request) -> str:
    start = emulator(case)
    if not request.authenticated or request.purpose == "media":
        return start
    return f'{start} &\nexport {variable_of(contract.schemes[0])}="$({EMULATOR_KEY})"'


def emulator(case: Case) -> str:
    """The command that starts the same emulator on a port."""
    words = ["diagnostics", "emulate", case.target.provider, "--port", str(EMULATOR_PORT)]
    if case.target.fault:
        words += ["--fault", case.target.fault]
    return shlex.join(words)


def body_beside(case: Case, request: Request) -> bytes | None:
    """What `@request.body` stands for in the `curl`; None: the command holds the body itself."""
    sent = _on_port(request, case) if in_process(case) else request
    return sent.body if sent.body and _inline(sent.body) is None else None


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
