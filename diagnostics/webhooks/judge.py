"""What is one callback worth? Signature, secret, age and payload, each with its own finding.

Pure: the moment of receipt is given, secrets are given, nothing is sent. What several callbacks
are worth together is in `session.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from diagnostics.contract import decode, first
from diagnostics.finding import Finding, Rule
from diagnostics.model import Blame, Json, Severity, Text, Verdict
from diagnostics.promise import StateKind
from diagnostics.webhooks import rules
from diagnostics.webhooks.delivery import Delivery
from diagnostics.webhooks.nearly import changed
from diagnostics.webhooks.scheme import Scheme, Seal, SecretProblem, Unopened
from diagnostics.webhooks.signing import MILLISECONDS, Signing, scheme
from diagnostics.webhooks.timing import signed_at_s, timing, units

_SHOWN_MAX = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """The values of the variables a provider's scheme takes, and what else might be meant."""

    own: tuple[str | None, ...] = field(default=(), repr=False)
    others: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Other known secrets, by variable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One callback and what was found. `verified` None: it could not be checked."""

    provider: str
    delivery: Delivery
    seal: Seal
    verified: bool | None = None
    payload: Json = None
    job: str = ""
    state: str = ""
    kind: StateKind | None = None
    signed_s: float | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        """Its signature is right, and nothing else speaks against it."""
        return self.verified is True and all(f.severity is not Severity.FAIL for f in self.findings)

    @property
    def id(self) -> str:
        """By what a repeated delivery is known: its own id, else job and state, else signature."""
        if self.seal.id:
            return self.seal.id
        named = f"{self.job} {self.state}".strip() if self.job else ""
        return named or next(iter(self.seal.signatures), "")

    @property
    def verdict(self) -> Verdict:
        """What its findings come to; unchecked is never a pass."""
        return verdict_of(self.findings, checked=self.verified is not None)


def verdict_of(findings: Sequence[Finding], *, checked: bool) -> Verdict:
    """What findings come to."""
    severities = {finding.severity for finding in findings}
    if Severity.FAIL in severities:
        return Verdict.FAIL
    if not checked:
        return Verdict.INCONCLUSIVE
    return Verdict.WARN if Severity.WARN in severities else Verdict.PASS


def deciding(findings: Sequence[Finding]) -> Finding | None:
    """The finding that the blame stands on: the worst, and of these the most telling."""
    rank = {Severity.FAIL: 0, Severity.WARN: 1}
    weighed = [f for f in findings if f.severity in rank]
    return min(weighed, key=lambda f: (rank[f.severity], _TELLING.index(f.rule)), default=None)


_TELLING = (
    rules.SAMPLE, rules.EMPTY, rules.OTHER_SCHEME, rules.SECRET_MALFORMED, rules.SECRET_FORM,
    rules.OTHER_SECRET, rules.RESERIALISED, rules.UNIT, rules.UNSIGNED, rules.INCOMPLETE,
    rules.WRONG_SIGNATURE, *rules.RULES,
)  # fmt: skip
"""Causes before what follows from them."""


# --- one delivery -----------------------------------------------------------------------------


def check(  # noqa: PLR0913  # contract, callback, secrets, and three circumstances
    signing: Signing,
    delivery: Delivery,
    secrets: Secrets,
    *,
    now_s: float,
    tolerance_s: float | None = None,
    known: Sequence[Signing] = (),
) -> Checked:
    """Everything that one callback shows. `known` are the other providers it may be from."""
    way = scheme(signing.scheme)
    seal = way.read(signing, delivery)
    about = _About(signing=signing, way=way, delivery=delivery, seal=seal, secrets=secrets)
    verified, found = _trusted(about, known)
    if tolerance_s is None:
        tolerance_s = signing.tolerance_s
    found += timing(signing, seal, _moment(delivery, now_s), tolerance_s, about.finding)
    payload, more = _payload(about)
    job, state = _named(payload, signing.job), _named(payload, signing.state)
    more += _meaning(about, payload, job, state)
    found += [] if any(f.rule in _TELLS_ALL for f in found) else more
    return Checked(
        provider=signing.provider,
        delivery=delivery,
        seal=seal,
        verified=verified,
        payload=payload,
        job=job,
        state=state,
        kind=signing.states.get(state),
        signed_s=signed_at_s(signing, seal),
        findings=tuple(found),
    )


_TELLS_ALL = (rules.EMPTY, rules.SAMPLE, rules.OTHER_SCHEME)
"""Beside these, what the payload lacks is no news."""


def _moment(delivery: Delivery, now_s: float) -> tuple[float, bool]:
    """When it was received, and whether anybody wrote that down."""
    return (now_s, False) if delivery.received_s is None else (delivery.received_s, True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _About:
    """One delivery, before the judge."""

    signing: Signing
    way: Scheme
    delivery: Delivery
    seal: Seal
    secrets: Secrets

    def finding(
        self, rule: Rule, *, certainty: float = 0.95, why: Text | None = None, **facts: Any
    ) -> Finding:
        """A finding about this delivery, with what every sentence may name."""
        told: dict[str, object] = {
            "title": self.signing.title,
            "variable": self.signing.variables[0],
            "variables": ", ".join(self.signing.variables),
            "page": self.signing.page,
            "missing": ", ".join(self.seal.missing),
        }
        if why is not None:
            told |= {"why_en": why.en, "why_ru": why.ru}
        return Finding(
            rule=rule,
            subject=self.delivery.place,
            facts={**told, **facts},
            certainty=certainty,
        )

    def fits(self, key: bytes) -> bool:
        """Whether the body as received is signed with that key."""
        return self.way.fits(self.seal, self.delivery.body, key)


# --- is it theirs? ----------------------------------------------------------------------------


def _trusted(about: _About, known: Sequence[Signing]) -> tuple[bool | None, list[Finding]]:
    """Whether the signature is right, and everything that was learned on the way."""
    seal, found = about.seal, []
    if about.delivery.parsed:
        found.append(about.finding(rules.RAW_LOST))
    if not about.delivery.body:
        return False, [*found, about.finding(rules.EMPTY)]
    if about.signing.sample and about.signing.sample in seal.signatures:
        return False, [*found, about.finding(rules.SAMPLE, certainty=0.99)]
    if seal.unsigned:
        return False, [*found, _unsigned(about, known)]
    if seal.missing:
        found.append(about.finding(rules.INCOMPLETE))
        if about.way.timed:  # without them nothing can be recomputed
            return False, found
    verified, more = _signature(about)
    return verified, [*found, *more, *_variant(about)]


def _unsigned(about: _About, known: Sequence[Signing]) -> Finding:
    others = [one for one in known if one.scheme != about.signing.scheme]
    fitting = [
        one.provider for one in others if not scheme(one.scheme).read(one, about.delivery).missing
    ]
    if fitting:
        return about.finding(rules.OTHER_SCHEME, others=" | ".join(fitting))
    return about.finding(rules.UNSIGNED)


def _signature(about: _About) -> tuple[bool | None, list[Finding]]:
    secret = about.secrets.own[0] if about.secrets.own else None
    if secret is None:
        return None, [_missing(about, _UNCHECKED)]
    if not secret.strip():
        return False, [about.finding(rules.SECRET_MALFORMED, why=_BLANK)]
    try:
        key = about.way.key(secret)
    except SecretProblem as problem:
        return False, [_malformed(about, secret, problem.why)]
    if about.fits(key):
        more = [about.finding(rules.VERIFIED, certainty=0.99)]
        return True, more if about.way.timed else [*more, about.finding(rules.UNTIMED)]
    return False, [_explained(about, secret, key)]


def _missing(about: _About, undone: Text) -> Finding:
    """A variable that nobody set, and what could not be done without it."""
    names = about.signing.variables
    lacking = [n for n, value in zip(names, about.secrets.own, strict=False) if not value]
    return about.finding(
        rules.SECRET_MISSING,
        variables=", ".join(lacking or names),
        undone_en=undone.en,
        undone_ru=undone.ru,
        **_where(about.signing),
    )


_UNCHECKED = Text(en="the signature could not be checked", ru="подпись проверить не удалось")
_UNREAD = Text(en="the payload stayed shut", ru="содержимое осталось закрытым")
_GARBLED = Text(
    en="what comes out is no JSON: the client id (it is the IV) is another account's, or "
    "dataEncrypt was changed",
    ru="получается не JSON: client id (это вектор инициализации) от другого аккаунта, или "
    "dataEncrypt изменён",
)
_BLANK = Text(en="it is blank", ru="переменная пуста")


def _malformed(about: _About, secret: str, why: Text) -> Finding:
    clean = dict(_readings(about.way, secret)).get(_DIRT)
    if clean is not None and about.fits(clean):
        return about.finding(rules.SECRET_FORM, why=_DIRT)
    return about.finding(rules.SECRET_MALFORMED, why=why)


def _explained(about: _About, secret: str, key: bytes) -> Finding:
    """Why a signature does not fit: the secret, the body, the time, or nothing that is known."""
    for why, other_key in _readings(about.way, secret):
        if about.fits(other_key):
            return about.finding(rules.SECRET_FORM, why=why)
    other = next(_others(about), None)
    if other is not None:
        return about.finding(rules.OTHER_SECRET, other=other)
    if about.way.over_body:
        done = changed(about.delivery.body, lambda body: about.way.fits(about.seal, body, key))
        if done is not None:
            return about.finding(rules.RESERIALISED, why=done, certainty=0.99)
    if any(_timed(about, stamp, key) for stamp in _stamps(about.seal.timestamp)):
        seen = "s" if about.signing.unit == MILLISECONDS else MILLISECONDS
        return about.finding(rules.UNIT, certainty=0.99, **units(about.signing.unit, seen))
    return about.finding(rules.WRONG_SIGNATURE, certainty=0.7)


def _readings(way: Scheme, secret: str) -> Iterator[tuple[Text, bytes]]:
    clean = secret.strip().strip("\"'`").strip()
    if clean != secret:
        with suppress(SecretProblem):
            yield _DIRT, way.key(clean)
    yield from way.other_keys(secret)


_DIRT = Text(
    en="white space or quotes stand around it",
    ru="вокруг него пробелы, перевод строки или кавычки",
)


def _others(about: _About) -> Iterator[str]:
    for name, value in about.secrets.others.items():
        if name == about.signing.variables[0]:
            continue
        try:
            fits = about.fits(about.way.key(value))
        except SecretProblem:
            continue
        if fits:
            yield name


def _stamps(timestamp: str) -> Iterator[str]:
    """The same moment in the other unit."""
    if timestamp.isdecimal() and timestamp.isascii():
        yield timestamp + "000"
        yield timestamp[:-3]


def _timed(about: _About, timestamp: str, key: bytes) -> bool:
    return about.way.fits(replace(about.seal, timestamp=timestamp), about.delivery.body, key)


def _where(signing: Signing) -> dict[str, Any]:
    if signing.secret_operation:
        asked = signing.secret_operation
        return {"where_en": f"in the answer of {asked}", "where_ru": f"в ответе {asked}"}
    return {
        "where_en": f"in your {signing.title} account",
        "where_ru": f"в кабинете {signing.title}",
    }


def _variant(about: _About) -> list[Finding]:
    signing, name = about.signing, about.seal.variant
    if len(signing.variants) < 2:  # noqa: PLR2004  # one way only is no news
        return []
    header = next((v.signature for v in signing.variants if v.name == name), "")
    count = len(signing.variants)
    return [about.finding(rules.VARIANT, variant=name, header=header, count=count)]


# --- what does it say? ------------------------------------------------------------------------


def _payload(about: _About) -> tuple[Json, list[Finding]]:
    """The payload, opened if it was shut; None when it stayed so."""
    body, secrets = about.delivery.body, about.secrets.own
    if about.way.over_body:
        return _object(body, about.finding(rules.NOT_JSON, size=len(body)))
    if not about.seal.content:  # what is missing was said before
        return None, _object(body, about.finding(rules.NOT_JSON, size=len(body)))[1]
    given = [value for value in secrets if value]
    if len(given) < len(about.signing.variables):
        return None, [_missing(about, _UNREAD)] if secrets and secrets[0] is not None else []
    try:
        plain = about.way.opened(about.seal, body, given)
    except (Unopened, SecretProblem) as problem:
        return None, [about.finding(rules.UNDECRYPTABLE, why=problem.why, certainty=0.9)]
    garbled = about.finding(rules.UNDECRYPTABLE, why=_GARBLED, certainty=0.9)
    return _object(plain, garbled)


def _object(plain: bytes, otherwise: Finding) -> tuple[Json, list[Finding]]:
    payload = decode(plain)
    return (payload, []) if isinstance(payload, dict) else (None, [otherwise])


def _named(payload: Json, paths: tuple[str, ...]) -> str:
    value = first(payload, paths)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value)[:_SHOWN_MAX]


def _meaning(about: _About, payload: Json, job: str, state: str) -> list[Finding]:
    if payload is None:
        return []
    found, signing = [], about.signing
    if not job:
        found.append(about.finding(rules.NO_JOB, fields=" / ".join(signing.job)))
    if state and state not in signing.states:
        finding = about.finding(rules.UNKNOWN_STATE, state=state)
        if signing.events:  # there are more of them than anybody lists
            finding = replace(finding, severity=Severity.INFO, blame=Blame.NONE)
        found.append(finding)
    return found
