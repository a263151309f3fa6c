"""Of 72 positions, how many are hidden? Of 40 look-alikes, how many survive? (redaction.md)"""

from collections import defaultdict

import pytest

from tests.redaction_lookalikes import looks, survives
from tests.redaction_set import Example, examples, shown
from tests.unpacking import holds

POSITIONS = 72
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
