"""What does a callback say, and how is it sealed? By the contract's words; bent by a plan's."""

import base64
import json
from collections.abc import Mapping, Sequence

from diagnostics.contract import Contract, decode, first
from diagnostics.emulator.account import Account
from diagnostics.emulator.bodies import Bodies
from diagnostics.emulator.codes import dump
from diagnostics.emulator.jobs import Work
from diagnostics.model import Headers, Json
from diagnostics.promise import StateKind
from diagnostics.webhooks.scheme import Stamp
from diagnostics.webhooks.signing import MILLISECONDS, Signing, scheme, signing

_AWRY_S = 600.0
_DONE = "done"
_DEPTH_MAX = 20


class Sealing:
    """The sender's half of one provider's callbacks."""

    def __init__(
        self, contract: Contract, account: Account, answers: Bodies | None, media_base: str
    ) -> None:
        words = contract.webhook
        self._told = signing(contract)
        self._operations = contract.operations
        self._types: Mapping[str, str] = words.get("types") or {}
        self._payload: Json = words.get("payload") or {}
        self._account, self._answers, self._media_base = account, answers, media_base
        secret = words.get("secret") or {}
        self.secret_place: tuple[str, str] = (secret.get("operation", ""), secret.get("field", ""))
        names = self._told.variables if self._told else ()
        self.secrets = {name: _secret(self._told, name, account) for name in names}

    @property
    def known(self) -> bool:
        """Whether we know how this provider signs, and what it says."""
        return self._told is not None and bool(self._payload)

    def speaks_of(self, kind: StateKind | None) -> bool:
        """Whether this provider calls back about a job in such a state."""
        if not isinstance(self._payload, dict):
            return True
        return "any" in self._payload or (kind is not None and kind.value in self._payload)

    def about_job(self, work: Work, state: str, event: str, now_s: float) -> Json:
        """What a callback says of a job in that state."""
        read = self._operations.get(work.job.read)
        if self._payload == "answer" and self._answers is not None and read is not None:
            return decode(self._answers.status(read, work, state, now_s))
        url = f"{self._media_base}/out/{work.id}.{work.suffix}"
        facts: dict[str, Json] = {
            "id": work.id,
            "status": int(state) if state.isdecimal() else state,
            "type": self._types.get(work.operation.id),
            "url": url if work.delivers(state, now_s) else None,
            "reason": work.reason(state) or None,
            "event": event,
            "at_s": int(now_s),
        }
        kind = work.kind(state)
        return self._filled(kind.value if kind else "", facts)

    def about_answer(self, answer: Json, event: str, now_s: float) -> Json:
        """What a callback says of a call that was over at once."""
        if self._payload == "answer":
            return answer
        named = first(answer, ("id",))
        return self._filled(_DONE, {"id": named, "event": event, "at_s": int(now_s)})

    def _filled(self, kind: str, facts: Mapping[str, Json]) -> Json:
        shapes = self._payload if isinstance(self._payload, dict) else {}
        return _fill(shapes.get(kind, shapes.get("any", {})), facts, 0)

    def sealed(
        self, payload: Json, named: str, now_s: float, nonce: str, faults: Sequence[str]
    ) -> tuple[Headers, bytes]:
        """Headers and body as the plan has them."""
        told = self._told
        assert told is not None  # noqa: S101  # nothing is promised where it is
        stamp = Stamp(
            id=named,
            at_s=_moment(told, now_s, faults),
            nonce=nonce,
            variant=next((v.name for v in told.variants if v.name in faults), ""),
            honest="mis-signed" not in faults,
        )
        secrets = list(self.secrets.values())
        if "other-secret" in faults:
            secrets = secrets[::-1] if len(secrets) > 1 else [self._account.key]
        headers, body = scheme(told.scheme).seal(told, dump(payload), secrets, stamp)
        if "unsigned" in faults:
            headers, body = _unsigned(told, headers, body)
        return headers, _rewritten(body) if "reserialised" in faults else body


def _secret(told: Signing | None, variable: str, account: Account) -> str:
    """The account's own credential of that name, else an invented secret."""
    known = {
        "CLIENT_ID": account.client_id,
        "CLIENT_SECRET": account.client_secret,
        "API_KEY": account.key,
    }
    for ending, value in known.items():
        if variable.endswith(ending):
            return value
    name = told.provider if told else "provider"
    plain = f"invented-{name}-webhook-secret-0001"
    if told is None or told.scheme != "standard":
        return plain
    return "whsec_" + base64.b64encode(plain.encode()).decode()


def _moment(told: Signing, now_s: float, faults: Sequence[str]) -> float:
    at_s = now_s - _AWRY_S * ("stale" in faults) + _AWRY_S * ("future" in faults)
    if "milliseconds" in faults:
        return at_s / 1000 if told.unit == MILLISECONDS else at_s * 1000
    return at_s


def _unsigned(told: Signing, headers: Headers, body: bytes) -> tuple[Headers, bytes]:
    """Without anything that is called a signature, or is one."""
    names = {variant.signature.lower() for variant in told.variants} | {"webhook-signature"}
    kept = tuple(pair for pair in headers if pair[0].lower() not in names)
    value = decode(body)
    if isinstance(value, dict) and not headers:
        value.pop("signature", None)
        return kept, dump(value)
    return kept, body


def _rewritten(body: bytes) -> bytes:
    """As a middleware writes a body that it has parsed."""
    return json.dumps(json.loads(body), indent=2).encode()


def _fill(shape: Json, facts: Mapping[str, Json], depth: int) -> Json:
    """The facts in their places; what nobody knows falls away."""
    if isinstance(shape, dict) and depth < _DEPTH_MAX:
        filled = {name: _fill(inner, facts, depth + 1) for name, inner in shape.items()}
        return {name: value for name, value in filled.items() if value is not None}
    if isinstance(shape, str) and shape.startswith("{") and shape.endswith("}"):
        return facts.get(shape[1:-1])
    return shape
