"""What was removed, what was withheld, what was kept on purpose, and by which rules?

Nothing in a certificate is a value, a part of one or a hash of one: a plain hash of a short or
guessable secret can be looked up.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from functools import cache

from diagnostics import __version__
from diagnostics.model import Json, Text
from diagnostics.redact import Gate
from diagnostics.redaction.outcome import WHY, Outcome, Reason, rows
from diagnostics.redaction.pictures import RULES as PICTURE_RULES
from diagnostics.redaction.rulebook import lines
from diagnostics.redaction.rules import SHAPES

SCHEMA = "diagnostics.certificate/1"
NAME = "certificate.json"
BEST_EFFORT = Text(
    en="This is a best effort: review before sending.",
    ru="Гарантии нет: просмотрите, прежде чем отправлять.",
)
_NAMED = "named-"
_KNOWN = {"exact": "known-secret", "exact-masked": "known-secret"}
"""Rules that look for what is known already: they have no kind of their own."""


def certificate(
    gate: Gate,
    *,
    files: Sequence[Outcome] = (),
    kept: Sequence[str] = ("content",),
    language: str = "en",
) -> dict[str, Json]:
    """The certificate of a run (what its gate removed) or of a set of copies (`files`).

    `kept` names the classes that were kept on purpose: `content` (prompts and scripts),
    `personal` (e-mail addresses, names of folders' owners, addresses), `media`.
    """
    found = [each for one in files for each in one.all]
    removed = sum((one.removed for one in found), Counter[tuple[str, str]]())
    if not files:
        removed = Counter(gate.removed)
    withheld = [one for one in found if one.withheld is not None]
    made: dict[str, Json] = {
        "schema": SCHEMA,
        "harness": f"diagnostics {__version__}",
        "rules": {"count": len(lines()), "version": rules_version()},
        "removed": [{**row, "kind": kind_of(str(row["rule"]))} for row in rows(removed)],
        "removed_total": removed.total(),
        "withheld": [_withheld(one, language) for one in withheld],
        "withheld_total": len(withheld),
        "kept": sorted(kept),
        "note": BEST_EFFORT.in_language(language),
    }
    if files:
        made["files"] = [_file(one) for one in found if one.withheld is None]
    return made


def _withheld(one: Outcome, language: str) -> dict[str, Json]:
    reason = one.withheld or Reason.UNREADABLE
    return {
        "file": one.name,
        "reason": reason.value,
        "why": WHY[reason].in_language(language),
        "bytes": one.size,
    }


def _file(one: Outcome) -> dict[str, Json]:
    return {"file": one.name, "copy": one.copy, "format": one.format, "removed": rows(one.removed)}


@cache
def _kinds() -> dict[str, str]:
    return {rule.id: rule.kind for rule in SHAPES}


def kind_of(rule: str) -> str:
    """What kind of thing a rule removes: `jwt`, `password`, `email`."""
    if rule in PICTURE_RULES:
        return "picture-metadata"
    return _KNOWN.get(rule) or _kinds().get(rule) or rule.removeprefix(_NAMED)


def rules_version() -> str:
    """Changes whenever a rule is added, taken away or changed."""
    return hashlib.sha256("\n".join((__version__, *lines())).encode()).hexdigest()[:12]
