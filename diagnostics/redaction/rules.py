"""Which values are secrets by their shape alone? Rules are data, each with examples both ways."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from diagnostics.redaction.finder import Finder
from diagnostics.redaction.survey import found_at, found_within, survey
from diagnostics.redaction.values import is_heygen_key, is_real, mixed_case

_START = r"(?:(?<![A-Za-z0-9_\-])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt]))"
"""A shape begins where a word does: one run of letters is tried once, and time stays linear."""


def _is_keyed(value: str) -> bool:
    """Digits, or capitals as no name has them."""
    return any(map(str.isdigit, value)) or mixed_case(value)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One shape. `alternatives` are tried at the start of a word and followed by `tail`."""

    id: str
    kind: str
    alternatives: tuple[str, ...]
    tail: str
    needles: tuple[str, ...]
    """Literals, one of which stands in every match: looked for before the pattern is tried."""
    positive: tuple[str, ...]
    negative: tuple[str, ...]
    run: int = 18
    """So many letters and digits at least stand without a gap in every match; 0: any number."""
    heads: bool = True
    """Whether every match begins with one of the needles."""
    hard: bool = True
    """Whether a match in a finished artefact stops the write."""
    anchored: bool = True
    accepts: Callable[[str], bool] = field(default=bool)
    since: str = "0.1.0"
    changed: str = ""

    @cached_property
    def literals(self) -> tuple[bytes, ...]:
        """The needles as bytes."""
        return tuple(needle.encode() for needle in self.needles)

    def pattern_for(self, alternative: str) -> re.Pattern[str]:
        """The pattern with one alternative only: each is tested by itself."""
        return re.compile((_START if self.anchored else "") + alternative + self.tail, re.DOTALL)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The pattern with all alternatives."""
        return self.pattern_for(f"(?:{'|'.join(self.alternatives)})")


SHAPES: tuple[Rule, ...] = (
    Rule(
        id="pem-private-key",
        kind="private-key",
        alternatives=("-----BEGIN ", "---- BEGIN "),
        tail=r"(?=[A-Z0-9 ]{0,30}PRIVATE KEY)[A-Z0-9 ]{0,60}+"
        r"(?:-----|----)(?:(?!---- ?END|-----END).)*+"
        r"(?:-----END|---- ?END)?[A-Z0-9 ]{0,50}+-{0,5}",
        needles=("PRIVATE KEY",),
        run=0,
        anchored=False,
        positive=(
            "-----BEGIN RSA PRIVATE KEY-----\nInvented01\n-----END RSA PRIVATE KEY-----",
            "---- BEGIN SSH2 PRIVATE KEY ----\nInvented01\n---- END SSH2 PRIVATE KEY ----",
        ),
        negative=("-----BEGIN CERTIFICATE-----\nInvented\n-----END CERTIFICATE-----",),
    ),
    Rule(
        id="jwt",
        kind="jwt",
        alternatives=("eyJ", "ewog"),
        tail=r"[A-Za-z0-9_\-]{6,}+(?:\.[A-Za-z0-9_\-]*+){1,4}",
        needles=("eyJ", "ewog"),
        accepts=lambda value: len(value) >= 40,  # noqa: PLR2004  # header and claims need as much
        positive=(
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJpbnZlbnRlZCJ9.aW52ZW50ZWQtc2lnbmF0dXJl",
            "ewogImFsZyI6ICJIUzI1NiJ9.eyJzdWIiOiJpbnZlbnRlZCJ9.aW52ZW50ZWQtc2lnbmF0dXJl",
        ),
        negative=("eyJhbGciOiJIUzI1NiJ9", "eye.catching.example", "heyJude.mp3.example.com"),
    ),
    Rule(
        id="paseto",
        kind="token",
        alternatives=(r"v[1-4]\.local\.", r"v[1-4]\.public\."),
        tail=r"[A-Za-z0-9_\-.]{24,}",
        needles=tuple(f"v{n}.{use}." for n in range(1, 5) for use in ("local", "public")),
        positive=("v4.local.InventedInventedInvented01", "v2.public.InventedInventedInvented01"),
        negative=("v1.public.beta", "v2.local.dev"),
    ),
    Rule(
        id="openai-key",
        kind="openai-api-key",
        alternatives=("sk-proj-", "sk-svcacct-", "sk-admin-", "sk-ant-", "sk-or-", "sk-", "sess-"),
        tail=r"(?!your)[A-Za-z0-9_\-]{16,}",
        accepts=_is_keyed,
        needles=("sk-", "sess-"),
        positive=(
            "sk-proj-InventedInvented0001",
            "sk-svcacct-InventedInvented0001",
            "sk-admin-InventedInvented0001",
            "sk-ant-InventedInvented0001",
            "sk-or-InventedInvented0001",
            "sk-InventedInvented0001",
            "sess-InventedInvented0001",
        ),
        negative=("sk-...", "sk-your-key-goes-here", "task-00000000000000000001", "sk-proj-"),
    ),
    Rule(
        id="replicate-token",
        kind="replicate-api-token",
        alternatives=("r8_",),
        tail=r"[A-Za-z0-9]{16,}",
        needles=("r8_",),
        positive=("r8_InventedInventedInvented000000000001",),
        negative=("r8_...", "r8_short", "for8_aaaaaaaaaaaaaaaaaaaa"),
    ),
    Rule(
        id="webhook-secret",
        kind="webhook-secret",
        alternatives=("whsec_", "v1,whsec_"),
        tail=r"[A-Za-z0-9+/_\-]{12,}={0,2}",
        needles=("v1,whsec_", "whsec_"),
        positive=("whsec_SW52ZW50ZWQwMDAx", "v1,whsec_SW52ZW50ZWQwMDAx"),
        negative=("whsec_", "whsec_..."),
    ),
    Rule(
        id="aws-key-id",
        kind="aws-key-id",
        alternatives=("AKIA", "ASIA", "ABIA", "ACCA"),
        tail=r"[A-Z0-9]{16}(?![A-Za-z0-9])",
        needles=("AKIA", "ASIA", "ABIA", "ACCA"),
        positive=(
            "AKIAINVENTEDKEY00001",
            "ASIAINVENTEDKEY00001",
            "ABIAINVENTEDKEY00001",
            "ACCAINVENTEDKEY00001",
        ),
        negative=("AKIA", "MALAYASIAINVENTEDKEY00001X", "ASIA PACIFIC"),
    ),
    Rule(
        id="google-key",
        kind="google-key",
        alternatives=("AIza", r"ya29\.", "GOCSPX-", "1//0"),
        tail=r"[0-9A-Za-z_\-]{20,}",
        needles=("AIza", "ya29.", "GOCSPX-", "1//0"),
        positive=(
            "AIzaInventedInventedInvented00000000001",
            "ya29.InventedInventedInvented001",
            "GOCSPX-InventedInventedInvented01",
            "1//0InventedInventedInvented01",
        ),
        negative=("AIza", "ya29.com"),
    ),
    Rule(
        id="github-token",
        kind="github-token",
        alternatives=("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        tail=r"[A-Za-z0-9_]{20,}",
        needles=("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        positive=tuple(
            f"{head}InventedInventedInvented01"
            for head in ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_")
        ),
        negative=("ghp_", "github_pat_..."),
    ),
    Rule(
        id="vendor-token",
        kind="vendor-token",
        alternatives=(
            "xox[abeprs]-",
            "xapp-",
            "hf_",
            "fal_",
            "rk_live_",
            "sk_live_",
            "rk_test_",
            "sk_test_",
            "glpat-",
            "npm_",
            "pypi-",
            "dop_v1_",
            "shpat_",
            "SG\\.",
            "sk_",
            "lin_api_",
            "nvapi-",
            "gsk_",
            "pplx-",
            "xai-",
            "key_live_",
        ),
        tail=r"[A-Za-z0-9_\-]{18,}",
        accepts=_is_keyed,
        needles=(
            "xox",
            "xapp-",
            "hf_",
            "fal_",
            "rk_live_",
            "sk_live_",
            "rk_test_",
            "sk_test_",
            "key_live_",
            "glpat-",
            "npm_",
            "pypi-",
            "dop_v1_",
            "shpat_",
            "SG.",
            "sk_",
            "lin_api_",
            "nvapi-",
            "gsk_",
            "pplx-",
            "xai-",
        ),
        positive=tuple(
            f"{head}InventedInventedInvented01"
            for head in (
                "xoxb-",
                "xapp-",
                "hf_",
                "fal_",
                "rk_live_",
                "sk_live_",
                "rk_test_",
                "sk_test_",
                "glpat-",
                "npm_",
                "pypi-",
                "dop_v1_",
                "shpat_",
                "SG.",
                "sk_",
                "lin_api_",
                "nvapi-",
                "gsk_",
                "pplx-",
                "xai-",
                "key_live_",
            )
        ),
        negative=(
            "hf_hub_download",
            "task_id_0000000000000000001",
            "npm_config_registry",
            "risk_InventedInventedInvented01",
        ),
        hard=False,
    ),
    Rule(
        id="fal-key",
        kind="fal-key",
        alternatives=("(?=[0-9a-f]{8}-)",),
        tail=r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}:[0-9a-f]{32}(?![0-9a-f])",
        needles=(":",),
        run=32,
        heads=False,
        positive=("00000000-aaaa-4bbb-8ccc-000000000001:0123456789abcdef0123456789abcdef",),
        negative=("00000000-aaaa-4bbb-8ccc-000000000001",),
        hard=False,
    ),
    Rule(
        id="heygen-key",
        kind="heygen-api-key",
        alternatives=("(?=[MNOYZ])",),
        tail=r"[A-Za-z0-9+/]{42,90}={0,2}(?![A-Za-z0-9+/=])",
        needles=("M", "N", "O", "Y", "Z"),
        run=42,
        heads=False,
        accepts=is_heygen_key,
        positive=("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYtMTcwMDAwMDAwMA==",),
        negative=(
            "MDEyMzQ1Njc4OWFiY2RlZg==",
            "NotBase64OfAnythingInParticularAtAllButLongEnough01",
        ),
    ),
    Rule(
        id="password-hash",
        kind="password-hash",
        alternatives=(
            r"\$2[abxy]\$\d\d\$",
            r"\$argon2(?:id|i|d)\$",
            r"\$scrypt\$",
            r"\$[156]\$",
            r"pbkdf2[_:]sha\d{1,3}[$:]",
            r"scrypt:\d{3,7}:\d{1,3}:\d{1,3}\$",
        ),
        tail=r"[A-Za-z0-9./+=,$]{20,}",
        needles=(
            *("$2a$", "$2b$", "$2x$", "$2y$", "$argon2", "$scrypt$"),
            *("$1$", "$5$", "$6$", "pbkdf2", "scrypt:"),
        ),
        run=0,
        anchored=False,
        positive=(
            "$2b$12$InventedInventedInventedInvented01",
            "$argon2id$v=19$m=65536,t=3,p=4$SW52ZW50ZWQ",
            "$scrypt$ln=16,r=8,p=1$SW52ZW50ZWQ",
            "$6$invented$InventedInventedInvented",
            "pbkdf2_sha256$600000$invented$SW52ZW50ZWQ=",
            "scrypt:32768:8:1$invented$0123456789abcdef01234567",
        ),
        negative=("$250", "costs $5$ or $6"),
    ),
    Rule(
        id="der-private-key",
        kind="private-key",
        alternatives=(
            r"MI[IJ][A-Za-z0-9+/]{2,3}IBA[ADz]",
            r"MI[GH][A-Za-z0-9+/]{1,2}AgEAM",
            "MHcCAQEE",
            "MC4CAQAwBQYDK2V",
            "b3BlbnNzaC1rZXktdjE",
        ),
        tail=r"(?:[A-Za-z0-9+/]|\\?\r?(?:\n|\\n)[ \t]{0,16}){32,}={0,2}",
        needles=("MI", "MHcCAQEE", "MC4CAQAwBQYDK2V", "b3BlbnNzaC1rZXktdjE"),
        positive=tuple(
            head + "InventedInventedInventedInventedInvented"
            for head in (
                "MIIEvQIBAD",
                "MIGHAgEAM",
                "MHcCAQEE",
                "MC4CAQAwBQYDK2V",
                "b3BlbnNzaC1rZXktdjE",
            )
        ),
        negative=("MIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJRTES", "MIIE"),
        hard=False,
    ),
    Rule(
        id="masked-key",
        kind="masked-key",
        alternatives=("sk-", "r8_", "sk_", "whsec_"),
        tail=r"[A-Za-z0-9_\-]{2,40}+\*{2,}+[A-Za-z0-9_\-]{1,12}",
        needles=("**",),
        run=0,
        positive=("sk-ab***yz", "r8_ab*****yz", "sk_ab**yz", "whsec_ab****yz"),
        negative=("sk-***", "2 ** 3"),
        hard=False,
    ),
)


_NEAR_RUNS, _ANYWHERE = (
    Finder(n for rule in SHAPES if bool(rule.run) is runs for n in rule.literals if len(n) > 1)
    for runs in (True, False)
)


def matches(rule: Rule, text: str) -> Iterator[re.Match[str]]:
    """Every match of one shape in a text, looked for only where one can be."""
    seen = survey(text)
    if rule.run and not seen.runs:
        return iter(())
    needles = rule.literals
    if len(needles[0]) > 1:
        found = seen.standing(_NEAR_RUNS if rule.run else _ANYWHERE, near_runs=bool(rule.run))
        needles = tuple(needle for needle in needles if needle in found)
    else:
        needles = tuple(needle for needle in needles if needle in seen.near_runs)
    if not needles:
        return iter(())
    if not rule.run:
        return rule.pattern.finditer(text)
    if rule.heads:
        return found_at(rule.pattern, text, seen.stands(needles))
    return found_within(rule.pattern, text, seen.regions(rule.run))


def leaks(text: str) -> str | None:
    """The kind of a secret whose shape nobody can mistake, if one stands in the text."""
    for rule in SHAPES:
        for found in matches(rule, text) if rule.hard else ():
            if rule.accepts(found[0]) and is_real(found[0]):
                return rule.kind
    return None
