"""Does a certificate say what was removed, withheld and kept, and never a value or its hash?"""

import hashlib
import json
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from diagnostics.redact import Gate
from diagnostics.redaction.certificate import certificate, kind_of, rules_version
from diagnostics.redaction.outcome import WHY, Outcome, Reason

KEY = "invented-heygen-key-0001"


def gate() -> Gate:
    made = Gate(("", ""))
    made.register(KEY, "heygen-api-key")
    return made


def test_a_run_is_certified_by_what_its_gate_removed() -> None:
    used = gate()
    used.json({"password": "inv3nted-pass", "note": f"the key is {KEY}"})
    made = certificate(used)
    assert made["schema"] == "diagnostics.certificate/1"
    assert {"rule": "named-password", "place": "json", "count": 1, "kind": "password"} in made[
        "removed"
    ]
    assert made["removed_total"] == sum(row["count"] for row in made["removed"])
    assert made["kept"] == ["content"]
    assert "review before sending" in made["note"]
    assert "files" not in made


def test_files_are_certified_one_by_one() -> None:
    files = [
        Outcome(name="a.log", copy="a.redacted.log", removed=Counter({("email", "text"): 2})),
        Outcome(name="b.har", copy="b.redacted.har", removed=Counter({("email", "text"): 1})),
        Outcome(name="clip.mp4", withheld=Reason.MEDIA, size=17),
    ]
    made = certificate(gate(), files=files, kept=("personal",))
    assert made["removed"] == [{"rule": "email", "place": "text", "count": 3, "kind": "email"}]
    assert [one["file"] for one in made["files"]] == ["a.log", "b.har"]
    (withheld,) = made["withheld"]
    assert (withheld["file"], withheld["reason"], withheld["bytes"]) == ("clip.mp4", "media", 17)
    assert "--keep-media" in withheld["why"]
    assert made["kept"] == ["personal"]


def test_a_certificate_speaks_russian_when_it_is_told_to() -> None:
    files = [Outcome(name="clip.mp4", withheld=Reason.MEDIA)]
    made = certificate(gate(), files=files, language="ru")
    assert "отправлять" in made["note"]
    assert "видео" in made["withheld"][0]["why"]


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=8, max_size=40))
def test_neither_a_value_nor_a_plain_hash_of_it_stands_in_a_certificate(secret: str) -> None:
    used = Gate(("", ""))
    planted = f"Zq{secret}"
    used.register(planted, "invented-key")
    used.text(f"before {planted} after")
    shown = json.dumps(certificate(used))
    assert used.removed
    assert planted not in shown
    for algorithm in ("md5", "sha1", "sha256"):
        assert hashlib.new(algorithm, planted.encode()).hexdigest()[:12] not in shown


def test_every_reason_is_said_in_both_languages() -> None:
    assert set(WHY) == set(Reason)
    assert all(text.en and text.ru and text.en != text.ru for text in WHY.values())


def test_the_rules_have_one_version_and_each_its_kind() -> None:
    assert rules_version() == rules_version()
    assert len(rules_version()) == 12
    assert kind_of("named-password") == "password"
    assert kind_of("aws-key-id") == "aws-key-id"
    assert kind_of("replicate-token") == "replicate-api-token"
