"""Which documented code, in which envelope, does a situation get? Reads it off the contract."""

import json
import re
from copy import deepcopy
from functools import cached_property

from diagnostics.contract import Contract, dig
from diagnostics.emulator.laying import lay
from diagnostics.model import Blame, Json, Retry
from diagnostics.promise import Envelope, ErrorCode, Operation

_UNAVAILABLE = 503
_EMPTY = re.compile(r"\b(empty|missing|required)\b", re.IGNORECASE)
_ABSENT = re.compile(r"not (exist|found)", re.IGNORECASE)


class Codes:
    """A provider's codes by what went wrong; an operation's own page is asked first."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._known: dict[tuple[Blame, str], list[str]] = {}

    @cached_property
    def _ok(self) -> frozenset[str]:
        return frozenset(
            str(good) for envelope in self._contract.envelopes.values() for good in envelope.success
        )

    def _of(self, blame: Blame, op: Operation | None) -> list[str]:
        key = (blame, op.id if op else "")
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._sought(blame, op)
        return found

    def _sought(self, blame: Blame, op: Operation | None) -> list[str]:
        known = self._contract.errors
        found = [c for c, e in known.items() if e.blame is blame and c not in self._ok]
        own = op.codes if op else {}
        return sorted(found, key=lambda code: (code not in own, found.index(code)))

    def credentials_missing(self, op: Operation) -> str | None:
        """No key, or an empty one."""
        found = self._of(Blame.CREDENTIALS, op)
        return next((c for c in found if _EMPTY.search(self._words(c))), None) or _first(found)

    def credentials_wrong(self, op: Operation) -> str | None:
        """A key that nobody issued, or a token that has expired."""
        found = self._of(Blame.CREDENTIALS, op)
        return next((c for c in found if not _EMPTY.search(self._words(c))), None) or _first(found)

    def parameter(self, op: Operation) -> str | None:
        """The request breaks the contract."""
        return _first(self._of(Blame.PARAMETERS, op))

    def not_found(self, op: Operation) -> str | None:
        """Nothing has that id."""
        known = self._contract.errors
        found = [
            c for c in known if _ABSENT.search(self._words(c)) and "account" not in self._words(c)
        ]
        return (
            next((c for c in found if c in op.codes), None) or _first(found) or self.parameter(op)
        )

    def quota(self, op: Operation) -> str | None:
        """Credits do not suffice."""
        return _first(self._of(Blame.QUOTA, op))

    def too_often(self, op: Operation) -> str | None:
        """More calls than the limit, which may name its own code."""
        rate = self._contract.limits.get("rate")
        named = rate.get("code") if isinstance(rate, dict) else None
        return str(named) if named else _first(self._of(Blame.RATE_LIMIT, op))

    def too_many(self, op: Operation) -> str | None:
        """More jobs at once than the account may have."""
        jobs = self._contract.limits.get("concurrent")
        named = jobs.get("code") if isinstance(jobs, dict) else None
        return str(named) if named else self.too_often(op)

    def overloaded(self, op: Operation) -> str | None:
        """The provider's own trouble: as a failed create is worded, else 503, else any other."""
        known = self._contract.errors
        found = [c for c in self._of(Blame.PROVIDER, op) if known[c].retry is Retry.BACKOFF]
        ways = (
            [code for code in found if known[code].inspect_inputs],
            [code for code in found if known[code].http == _UNAVAILABLE],
            found,
        )
        return next((way[0] for way in ways if way), None) or self.too_often(op)

    def media(self, op: Operation) -> str | None:
        """An input nobody can use, where its limits name no code."""
        known = self._contract.errors
        found = [c for c in self._of(Blame.PROVIDER, op) if known[c].inspect_inputs]
        return _first(found) or _first(self._of(Blame.MEDIA, op))

    def refusing(self, what: str, op: Operation) -> str | None:
        """The code of what a fault plan calls by its kind."""
        known = {
            "credentials": self.credentials_wrong,
            "no-credentials": self.credentials_missing,
            "media": self.media,
            "not-found": self.not_found,
            "rate-limit": self.too_often,
        }
        return known[what](op) if what in known else _first(self._of(Blame(what), op))

    def words(self, code: str | None, op: Operation | None) -> str:
        """What the provider says with a code: the operation's own page first."""
        own = op.codes.get(code or "") if op else None
        return own or self._words(code or "").partition("\n")[0]

    def _words(self, code: str) -> str:
        known = self._contract.errors.get(code)
        return "\n".join(meaning.text for meaning in known.meanings) if known else ""


def _first(found: list[str]) -> str | None:
    return found[0] if found else None


def refusal(envelope: Envelope, code: str, message: str, known: ErrorCode | None = None) -> bytes:
    """The body of a business error, in the words of its envelope."""
    body: Json = deepcopy(envelope.example) if isinstance(envelope.example, dict) else {}
    bare = code.rpartition("/")[2]
    if envelope.code:
        lay(body, envelope.code, _value(envelope, bare))
    if any(good is True for good in envelope.success) and envelope.codes[1:]:
        lay(body, envelope.codes[1], bare)
    shown = (path for path in envelope.messages if dig(body, path))
    lay(body, next(shown, envelope.message), message)
    for path, value in (known.also if known else {}).items():
        lay(body, path, deepcopy(value))
    return dump(body)


def _value(envelope: Envelope, code: str) -> Json:
    """A code as this envelope writes it: a number, a word, or false where success is true."""
    if any(good is True for good in envelope.success):
        return False
    return int(code) if code.isdecimal() and len(code) < 10 else code  # noqa: PLR2004  # a number's length


def dump(body: Json) -> bytes:
    """JSON as it goes on the wire; ASCII, so that a lone surrogate cannot break it."""
    return json.dumps(body, separators=(",", ":")).encode()
