"""Of 72 positions, how many are hidden? Of 40 look-alikes, how many survive? (redaction.md)"""

from collections import defaultdict
from dataclasses import replace

import pytest

from diagnostics.redact import Gate
from tests.redaction_lookalikes import looks, survives
from tests.redaction_second import second
from tests.redaction_set import Example, examples, shown
from tests.unpacking import holds

POSITIONS = 72
PERSONAL = range(70, 73)
LOOK_ALIKES = 40


def leaked(example: Example) -> list[str]:
    """What can still be read, and what should have stayed and did not."""
    out = shown(example)
    text = out.decode("utf-8", "replace")
    return [s for s in example.secrets if holds(out, s)] + [
        f"lost: {kept}" for kept in example.kept if kept not in text
    ]


def by_number() -> dict[int, list[Example]]:
    """The examples of each position."""
    found: dict[int, list[Example]] = defaultdict(list)
    for example in examples():
        found[example.number].append(example)
    return found


EXAMPLES = by_number()
LOOKS: dict[int, list[tuple[str, str]]] = defaultdict(list)
for _number, _text, _value in looks():
    LOOKS[_number].append((_text, _value))


def test_the_set_has_every_position_and_every_look_alike() -> None:
    assert sorted(EXAMPLES) == list(range(1, POSITIONS + 1))
    assert sorted(LOOKS) == list(range(1, LOOK_ALIKES + 1))
    assert min(map(len, EXAMPLES.values())) >= 2
    assert min(map(len, LOOKS.values())) >= 3


@pytest.mark.parametrize("number", range(1, POSITIONS + 1))
def test_nothing_secret_survives_at_this_position(number: int) -> None:
    for example in EXAMPLES[number]:
        assert leaked(example) == [], (example.how, example.given)


@pytest.mark.parametrize("number", range(1, LOOK_ALIKES + 1))
def test_this_look_alike_survives(number: int) -> None:
    for text, value in LOOKS[number]:
        assert survives(text, value), text


@pytest.mark.parametrize("example", second(), ids=lambda example: f"{example.number}-{example.how}")
def test_nothing_secret_survives_of_the_second_set(example: Example) -> None:
    assert leaked(example) == [], example.given


@pytest.mark.parametrize(
    ("text", "personal"),
    [
        ("mail from anna.petrova@studio-lumen.ru", "anna.petrova@studio-lumen.ru"),
        ("from 10.20.30.40 via 93.184.215.14", "93.184.215.14"),
        ('File "/home/mkovalev/run.py"', "mkovalev"),
        ("call +44 20 7946 0958", "7946 0958"),
        ("x-forwarded-for: 93.184.215.15", "93.184.215.15"),
    ],
)
def test_personal_data_is_hidden_unless_it_is_to_be_kept(text: str, personal: str) -> None:
    assert personal not in Gate(("", "")).text(text)
    assert Gate(("", ""), keep_personal=True).text(text) == text


def test_no_switch_brings_a_secret_back() -> None:
    for example in (*examples(), *second()):
        if example.number < min(PERSONAL) and "filename" not in str(example.given):
            kept = replace(example, options={"keep_personal": True}, kept=())
            assert leaked(kept) == [], example.given


def test_prompts_stay_unless_content_is_to_be_hidden() -> None:
    value = {"prompt": "a quay in Tver at dawn"}
    assert Gate(("", "")).json(value) == value
    assert Gate(("", ""), hide_content=True).json(value) == {"prompt": "<pii:content#1>"}
