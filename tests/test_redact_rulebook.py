"""Is every rule listed, with examples both ways that hold, alternative by alternative?"""

import pytest

from diagnostics.redact import Gate
from diagnostics.redaction.certificate import rules_version
from diagnostics.redaction.pictures import RULES as PICTURE_RULES
from diagnostics.redaction.rulebook import KNOWN, Listed, lines, rulebook
from tests.redaction_second import second
from tests.redaction_set import examples, gate_for, let_out

POSITIVE = [
    pytest.param(rule, text, gone, id=f"{rule.id}-{name}")
    for rule in rulebook()
    for name, text, gone in rule.positive
]
NEGATIVE = [(rule.id, text) for rule in rulebook() for text in rule.negative]
NOT_RULES = {"withheld"}
"""What cannot be looked into is no rule's find; it has a reason."""


def gate(*, hide_content: bool = False) -> Gate:
    made = Gate(("", ""), hide_content=hide_content)
    made.register(KNOWN, "akool-api-key")
    return made


@pytest.mark.parametrize("rule", rulebook(), ids=lambda rule: rule.id)
def test_a_rule_says_what_it_is_and_has_examples_both_ways(rule: Listed) -> None:
    assert rule.id
    assert rule.kind
    assert rule.since
    assert rule.negative
    assert rule.positive or rule.id == "content"


@pytest.mark.parametrize(("rule", "text", "gone"), POSITIVE)
def test_each_alternative_hides_its_example(rule: Listed, text: str, gone: str) -> None:
    assert gone in text
    made = gate()
    assert gone not in made.text(text)
    assert made.removed, rule.id


@pytest.mark.parametrize(("rule", "text"), NEGATIVE)
def test_what_only_looks_like_it_stays(rule: str, text: str) -> None:
    assert gate().text(text) == text, rule


def test_content_goes_when_that_is_asked_for() -> None:
    made = gate(hide_content=True)
    assert made.text('{"prompt": "a fox"}') == '{"prompt": "<pii:content#1>"}'
    assert set(made.removed) == {("content", "json")}


def test_no_rule_stands_there_twice_and_their_version_tells_each() -> None:
    assert len(set(lines())) == len(lines()) == len(rulebook()) + len(PICTURE_RULES)
    assert len(rules_version()) == 12


def test_whatever_is_removed_is_removed_by_a_rule_that_is_listed() -> None:
    listed = {rule.id for rule in rulebook()} | set(PICTURE_RULES) | NOT_RULES
    made = gate()
    for _, text, _ in (one for rule in rulebook() for one in rule.positive):
        made.text(text)
    removed = {rule for rule, _ in made.removed}
    for example in (*examples(), *second()):
        used = gate_for(example)
        let_out(example, used)
        removed |= {rule for rule, _ in used.removed}
    assert removed <= listed
