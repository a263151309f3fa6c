"""What does the provider do with a call? Admits, checks, charges, starts and follows jobs."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from diagnostics.contract import Contract, decode
from diagnostics.drive.clock import Clock
from diagnostics.drive.policy import in_seconds
from diagnostics.emulator.account import Account
from diagnostics.emulator.bodies import Bodies, names_in
from diagnostics.emulator.call import Call
from diagnostics.emulator.callbacks import Callbacks
from diagnostics.emulator.codes import Codes, dump, refusal
from diagnostics.emulator.faults import Effects, JobFault
from diagnostics.emulator.inputs import Inputs, Unfit
from diagnostics.emulator.jobs import Jobs, Work, named_in
from diagnostics.emulator.reply import Reply
from diagnostics.model import Json
from diagnostics.promise import Envelope, Operation, Scheme

_ASKED_MAX = 4096
_WITHIN_S_MAX = 1e7
_WITHIN_LENGTH_MAX = 40
_IDS_MAX = 200


_PLAIN = "application/json"
_ACCEPTED = 202
"""HTTP: taken on and not yet over."""


_EVENTS = b"text/event-stream; charset=utf-8"


def _composer(contract: Contract, name: str = "compose") -> Callable[[str, Json, Json], Any] | None:
    """What of this provider's answers no example can say, from its own module.

    `compose` makes an answer of its own, `events` the same as a stream, where that was asked for.
    """
    module = f"diagnostics.providers.{contract.name}"
    return getattr(import_module(module), name, None) if find_spec(module) else None


def _begun_only(op: Operation, body: Json) -> bool:
    """Whether a create is answered before its job is over, as most are."""
    asked = op.job.background if op.job else {}
    given = body if isinstance(body, dict) else {}
    return all(given.get(name) == value for name, value in asked.items())


def _within_s(call: Call, op: Operation) -> float | str | None:
    """How long a create gives its job; a sentence where the header says it wrongly."""
    deadline = op.job.deadline if op.job else None
    given = call.header(deadline.header.lower().encode()) if deadline else None
    if deadline is None or given is None:
        return None
    told = given.decode("latin-1") if len(given) <= _WITHIN_LENGTH_MAX else ""
    within_s = in_seconds(told, "duration", 0.0)
    if within_s is not None and deadline.least_s <= within_s <= _WITHIN_S_MAX:
        return within_s
    return f"{deadline.header}: a duration such as 1h30m45s, {deadline.least_s:g}s at least"


class Service:
    """The provider behind the addresses. Every refusal is one of its codes, in its own envelope."""

    def __init__(  # noqa: PLR0913  # the parts of one provider, put together in one place
        self,
        contract: Contract,
        *,
        account: Account,
        jobs: Jobs,
        bodies: Bodies,
        callbacks: Callbacks,
        clock: Clock,
        inputs: Inputs,
    ) -> None:
        self._contract, self._clock = contract, clock
        self.account, self.jobs, self.callbacks = account, jobs, callbacks
        self._bodies = bodies
        self._codes = Codes(contract)
        self._inputs = inputs
        self._reads = {
            op.job.read: (op.job.read_in, op.job.read_name)
            for op in contract.operations.values()
            if op.job
        }
        self._cancels = {op.job.cancel for op in contract.operations.values() if op.job} - {""}
        self._compose, self._events = _composer(contract), _composer(contract, "events")
        self._lookups = {op.job.lookup for op in contract.operations.values() if op.job}
        self._tokens = {s.token_operation: s for s in contract.schemes if s.token_operation}
        self._asked: dict[tuple[str, bytes], str] = {}

    def waits(self, call: Call, op: Operation) -> bool:
        """Whether the answer may have to wait: for a job's end, or for an input on this machine."""
        hold = op.job.wait if op.job else None
        if hold is not None and call.header(hold.header.lower().encode()) is not None:
            return True
        return bool(op.media) and self._inputs.reaches_out(op, call.json)

    async def answer(self, call: Call, op: Operation, effects: Effects | None) -> Reply:
        """The answer to a call of one operation, with the headers that tell about limits."""
        reply = await self._answered(call, op, effects)
        headers = self.account.rate_headers(op, self._clock.now())
        if reply.code is not None and reply.code == self._codes.too_often(op):
            headers += self.account.retry_headers(self._clock.now())
            reply = replace(reply, body=self.account.retry_told(reply.body, self._clock.now()))
        return replace(reply, headers=(*reply.headers, *headers)) if headers else reply

    async def _answered(self, call: Call, op: Operation, effects: Effects | None) -> Reply:
        if effects:
            self._bend(effects)
            code = effects.code
            if effects.refuse:
                code = self._codes.refusing(effects.refuse, op)
            if code is not None:
                return self.refuse(op, code, effects.message)
        if op.authenticated:
            admitted = self.account.admits(call.headers)
            if not admitted:
                ask = (
                    self._codes.credentials_missing
                    if admitted is None
                    else self._codes.credentials_wrong
                )
                return self.refuse(op, ask(op))
        wrong = self.wrong(call, op)
        if wrong:
            return self.refuse(op, self._codes.parameter(op), wrong)
        if not op.spends and op.authenticated and self.account.reads_hurry(self._clock.now()):
            return self.refuse(op, self._codes.too_often(op))
        return await self._work(call, op, effects)

    def refuse(self, op: Operation, code: str | None, message: str | None = None) -> Reply:
        """A business error."""
        code = code or "error"
        text = message or self._codes.words(code, op) or "error"
        return self._refusal(self._contract.envelopes[op.envelope], code, text)

    def _refusal(self, envelope: Envelope, code: str, text: str) -> Reply:
        known = self._contract.errors.get(code)
        reply = Reply(body=refusal(envelope, code, text, known), code=code)
        if known is None or (known.http is None and envelope.media_type == _PLAIN):
            return reply
        media_type = envelope.media_type.encode()
        return replace(reply, status=known.http or reply.status, media_type=media_type)

    def unknown(self, call: Call) -> Reply | None:
        """What an address that nobody knows answers; None: a page, as a web server would."""
        code = self._contract.unknown_path
        if not code:
            return None
        text = f"{self._codes.words(code, None)} ({call.method[:20]} {call.path[:200]})"
        return self._refusal(self._contract.envelopes["default"], code, text)

    def _bend(self, effects: Effects) -> None:
        if effects.credits is not None:
            self.account.credits = effects.credits
        if effects.tokens == "expired":
            self.account.expire()

    # --- is it right? -------------------------------------------------------------------------

    def wrong(self, call: Call, op: Operation) -> str:
        """What is wrong with the request, naming the parameter; empty when nothing is."""
        if op.method == "GET":
            return "" if call.route.alias else self._asked_wrongly(call, op)
        if op.body_schema is None:
            return ""
        if call.json is ...:
            return "Parameter error: the body is not JSON"
        return self._violation(op, call.json, call)

    def _asked_wrongly(self, call: Call, op: Operation) -> str:
        """The same of a read; polls repeat their question, so the answer is kept."""
        if not op.parameters and not call.query_string:
            return ""
        key = (call.path, call.query_string)
        found = self._asked.get(key)
        if found is None:
            if len(self._asked) >= _ASKED_MAX:
                self._asked.clear()
            found = self._asked[key] = self._violation(op, None, call)
        return found

    def _violation(self, op: Operation, body: Json, call: Call) -> str:
        from diagnostics.check import REACH, check  # noqa: PLC0415  # compiles schemas

        try:
            found = check(
                self._contract,
                op,
                body=body,
                query=call.query,
                path=call.route.arguments,
                local=True,
            )
        except (ValueError, RecursionError, OverflowError) as error:
            return f"Parameter error: {type(error).__name__}"
        worst = next((v for v in found if v.fails and v.kind not in REACH), None)
        if worst is None:
            return ""
        return f"Parameter error: {worst.parameter or 'body'}: {worst.says.en}"

    # --- the work -----------------------------------------------------------------------------

    async def _work(self, call: Call, op: Operation, effects: Effects | None) -> Reply:
        if op.job:
            return await self._create(call, op, effects)
        names = self._read_ids(call, op) if op.id in self._reads else []
        if names:
            return self._status(op, names)
        if op.id in self._tokens:
            return self._token(op, self._tokens[op.id], call.json)
        if op.destructive:
            ended = self._end(call, op)
            if op.id in self._cancels:
                return self._cancelled(op, ended)
        refused = await self._refused(op, call.json) if op.spends or op.media else None
        if isinstance(refused, Reply):
            return refused
        shown = self._shown(call, op)
        self.callbacks.heed(op, call.json, shown, effects)
        return self._told(op, call.json, shown)

    def _told(self, op: Operation, body: Json, shown: bytes) -> Reply:
        """A success, as a stream where the caller wants one and this provider has them."""
        streamed = self._events(op.id, body, decode(shown)) if self._events else None
        if streamed is not None:
            return Reply(status=op.success_status, body=streamed, media_type=_EVENTS)
        return Reply(status=op.success_status, body=shown)

    def _composed(self, op: Operation, body: Json, shown: bytes) -> bytes:
        """The answer to or about a create, where its own words shape it."""
        found = self._compose(op.id, body, decode(shown)) if self._compose else None
        return shown if found is None else dump(found)

    def _cancelled(self, op: Operation, ended: list[Work]) -> Reply:
        """A cancelled job is shown as its status call would show it."""
        if not ended:
            return self.refuse(op, self._codes.not_found(op))
        now_s = self._clock.now()
        body = self._bodies.status(op, ended[0], ended[0].state(now_s), now_s)
        return Reply(status=op.success_status, body=body)

    def _shown(self, call: Call, op: Operation) -> bytes:
        """The answer of an operation that starts and follows nothing."""
        composed = self._compose(op.id, call.json, op.answer) if self._compose else None
        if composed is not None:
            return dump(composed)
        if op.id == self._contract.roles.get("balance") and op.answer is not None:
            field = self._contract.roles["balance_field"]
            return self._bodies.with_value(op, field, self._balance())
        if self.callbacks.hands_out(op):
            return self._bodies.with_value(op, self.callbacks.secret_field, self.callbacks.secret)
        if op.id in self._lookups:
            return self._bodies.listed(op, self._clock.now(), call.query)
        return self._bodies.plain(op, call.route.arguments)

    async def _create(self, call: Call, op: Operation, effects: Effects | None) -> Reply:
        body, now_s = call.json, self._clock.now()
        within_s = _within_s(call, op)
        if isinstance(within_s, str):
            return self.refuse(op, self._codes.parameter(op), within_s)
        refused = await self._refused(op, body)
        if isinstance(refused, Reply):
            return refused
        fault = effects.job if effects and effects.job else refused
        at_once = not _begun_only(op, body)
        work = self.jobs.accept(op, body, now_s, fault, within_s=within_s, at_once=at_once)
        work.names = names_in(op, call.route.arguments)
        if self._compose:
            work.request = body
        url = self.callbacks.url_in(body)
        if url:
            self.callbacks.expect(work, url, effects, body)
        if await self._held(call, work):
            now_s = self._clock.now()
            value = work.state(now_s)
            over = value in work.job.states and work.job.states[value].final
            told = self._bodies.status(op, work, value, now_s)
            return Reply(status=op.success_status if over else _ACCEPTED, body=told)
        told = self._bodies.accepted(work, body, now_s)
        return self._told(op, body, self._composed(op, body, told))

    async def _held(self, call: Call, work: Work) -> bool:
        """Keep the answer back as asked: until the job is over, or as long as allowed."""
        hold = work.job.wait
        given = call.header(hold.header.lower().encode()) if hold else None
        found = re.search(hold.pattern, given.decode("latin-1")) if hold and given else None
        if hold is None or found is None:
            return False
        asked = found[1] if found.groups() else None
        most_s = min(hold.max_s, float(asked[:6]) if asked else hold.max_s)
        await asyncio.sleep(min(most_s, max(0.0, work.ends_s - self._clock.now())))
        return True

    async def _refused(self, op: Operation, body: Json) -> Reply | JobFault | None:
        """Too often, too poor, or with unfit inputs; else the call is charged.

        Some providers look at the inputs only when the job runs: then it is the job that fails.
        """
        price = self.account.price(op, body)
        if op.spends and self.account.hurries(self._clock.now()):
            return self.refuse(op, self._codes.too_often(op))
        refused = self._beyond(op, price)
        if refused is not None:
            return refused
        unfit = await self._inputs.unfit(op, body) if op.media else None
        doomed = self._doomed(op, unfit) if unfit else None
        if unfit and doomed is None:
            return self.refuse(op, unfit.code or self._codes.media(op))
        refused = self._beyond(op, price)  # somebody else came while we looked at the inputs
        if refused is not None:
            return refused
        if op.spends:
            self.account.charge(op, price)
        return doomed

    def _beyond(self, op: Operation, price: float) -> Reply | None:
        """The refusal of a call that nobody can pay, or of one job too many."""
        if price > self.account.credits:
            return self.refuse(op, self._codes.quota(op))
        why = self.jobs.floor.turns_away(self._clock.now()) if op.job else ""
        if not why:
            return None
        code = self._codes.too_many(op) if why == "concurrent" else self._codes.overloaded(op)
        return self.refuse(op, code)

    def _doomed(self, op: Operation, unfit: Unfit) -> JobFault | None:
        """How the job will fail, where only a failed job quotes the code of an unfit input."""
        code = unfit.code or self._codes.media(op) or ""
        known = self._contract.errors.get(code)
        if known is None or not known.pattern or op.job is None:
            return None
        text = f"{self._codes.words(code, op)}: {unfit.parameter} ({code})"
        return JobFault(ends="failed", reason=text, code=code)

    def _read_ids(self, call: Call, op: Operation) -> list[str]:
        """The jobs that a status call names; none: it is asked as a plain list."""
        place, name = self._reads[op.id]
        given: Json = None
        if place == "body":
            given = call.json.get(name) if isinstance(call.json, dict) else None
        elif place == "query":
            given = call.query.get(name)
        if given is None:  # an alias may carry the id elsewhere
            given = list(call.route.arguments.values()) or list(call.query.values())[:1]
        return [named for named in named_in(given) if named][:_IDS_MAX]

    def _status(self, op: Operation, names: list[str]) -> Reply:
        now_s = self._clock.now()
        works = [work for name in names if (work := self.jobs.get(name)) and work.job.read == op.id]
        if not works:
            return self.refuse(op, self._codes.not_found(op))
        if len(works) == 1:
            work = works[0]
            again = work.repeated(op.id, now_s)
            if again is not None:
                return again
            body = self._bodies.status(op, work, work.poll(now_s), now_s)
            reply = Reply(body=self._composed(op, work.request, body))
            work.keep(op.id, now_s, reply)
            return reply
        return Reply(body=self._bodies.statuses(op, [(w, w.poll(now_s)) for w in works], now_s))

    def _token(self, op: Operation, scheme: Scheme, body: Json) -> Reply:
        if not self.account.owns(scheme, body):
            return self.refuse(op, self._codes.credentials_wrong(op))
        return Reply(body=self._bodies.with_value(op, scheme.token, self.account.issue()))

    def _balance(self) -> float:
        left = round(self.account.credits, 4)
        return int(left) if left == int(left) else left

    def _end(self, call: Call, op: Operation) -> list[Work]:
        """Delete, cancel or close the jobs that a call names; one that is over stays as it is."""
        deletes = op.id.startswith("delete")
        given = (call.json, dict(call.query), dict(call.route.arguments))
        ended = []
        for named in {name for value in given for name in named_in(value)}:
            work = self.jobs.get(named)
            if work is not None and deletes:
                self.jobs.forget(named, self._clock.now())
            elif work is not None and not op.id.startswith("update"):
                over = op.id in self._cancels and self._clock.now() >= work.ends_s
                if not over:
                    self.jobs.close(work, self._clock.now())
                work.answers.clear()
                work.told = None
                ended.append(work)
        return ended
