"""Does every contract keep what any contract has to? One sentence for all providers there are."""

import json
import re
import string
from typing import Any

import jsonschema_rs
import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

from diagnostics.check import check
from diagnostics.contract import Contract, first
from diagnostics.contract_load import FOLDER, load, providers
from diagnostics.model import Response, Retry
from diagnostics.promise import Operation, StateKind
from tests.contract_cases import parameters, sources, texts

CONTRACTS = [pytest.param(load(name), id=name) for name in providers()]
EACH = pytest.mark.parametrize("contract", CONTRACTS)
CALLS = [
    pytest.param(load(name), op, id=f"{name}-{op.id}")
    for name in providers()
    for op in load(name).operations.values()
]
JOBS = [
    pytest.param(load(name), op, id=f"{name}-{op.id}")
    for name in providers()
    for op in load(name).operations.values()
    if op.job
]


@EACH
def test_it_is_valid_openapi(contract: Contract) -> None:
    document: Any = yaml.load(
        (FOLDER / f"{contract.name}.yaml").read_bytes(), Loader=yaml.CSafeLoader
    )
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


@EACH
def test_every_fact_names_its_source(contract: Contract) -> None:
    facts = list(sources(contract))
    assert len(facts) > 20
    assert all(fact.page for fact in facts)


@EACH
def test_every_sentence_is_in_both_languages_with_the_same_places(contract: Contract) -> None:
    said = list(texts((*contract.operations.values(), *contract.errors.values())))
    said += list(texts(contract.pitfalls))
    assert len(said) > 10
    for text in said:
        assert re.search("[а-яё]", text.ru), text.ru
        assert not re.search("[а-яё]", text.en), text.en
        places = [
            {name for _, name, _, _ in string.Formatter().parse(t) if name}
            for t in (text.en, text.ru)
        ]
        assert places[0] == places[1], text.en


@EACH
def test_every_code_has_meanings_with_pages_and_one_blame(contract: Contract) -> None:
    for error in contract.errors.values():
        assert error.meanings
        assert all(meaning.text and meaning.pages for meaning in error.meanings)
        assert error.blame not in error.alternatives


@EACH
def test_codes_that_stand_on_a_page_or_a_limit_are_explained(contract: Contract) -> None:
    for op in contract.operations.values():
        limits = (code for one in op.media.values() for code in one.codes.values())
        named = {*op.codes, *limits, *(rule.code for rule in op.rules if rule.code)}
        assert named <= set(contract.errors), op.id


@EACH
def test_a_pattern_finds_its_own_code_and_no_other(contract: Contract) -> None:
    quoting = [error for error in contract.errors.values() if error.pattern]
    for error in quoting:
        quoted = f"it failed: the model said so ({error.code})"
        assert [e.code for e in quoting if re.search(e.pattern, quoted)] == [error.code]


@EACH
def test_rules_have_names_of_their_own(contract: Contract) -> None:
    names = [rule.id for op in contract.operations.values() for rule in op.rules]
    assert len(names) == len(set(names))


@EACH
def test_a_key_can_be_tried_for_nothing(contract: Contract) -> None:
    probe = contract.operations[contract.probe]
    assert probe.authenticated
    assert not probe.spends


@EACH
def test_the_invented_keys_of_other_providers_do_not_bear_its_mark(contract: Contract) -> None:
    for scheme in contract.schemes:
        assert not (scheme.mark and re.match(scheme.mark, "invented-provider-key-0001"))


@pytest.mark.parametrize(("contract", "op"), CALLS)
def test_the_examples_of_a_call_are_right(contract: Contract, op: Operation) -> None:
    for body in op.examples.values():
        errors = jsonschema_rs.validator_for(dict(op.body_schema or {})).iter_errors(body)
        assert [str(error) for error in errors] == []
        places = {
            p.name: p.schema.get("example", "6863") for p in op.parameters if p.place == "path"
        }
        assert [v.says.en for v in check(contract, op, body=body, path=places) if v.fails] == []


@pytest.mark.parametrize(("contract", "op"), CALLS)
def test_the_documented_answer_reads_as_a_success(contract: Contract, op: Operation) -> None:
    for answer in (op.answer, *op.answers.values()):
        if answer is not None:
            told = Response(status=op.success_status, body=json.dumps(answer).encode())
            assert contract.read(told, op.id).ok


@pytest.mark.parametrize(("contract", "op"), CALLS)
def test_each_call_is_found_by_its_address(contract: Contract, op: Operation) -> None:
    address = re.sub(r"\{[^}]+\}", "6863", op.url)
    found = contract.match(op.method, address)
    assert found is not None
    assert contract.wider(found.id) == contract.wider(op.id)


@pytest.mark.parametrize(("contract", "op"), JOBS)
def test_a_job_can_be_followed_from_create_to_end(contract: Contract, op: Operation) -> None:
    job = op.job
    assert job is not None
    read = contract.operations[job.read]
    assert isinstance(first(op.answer, job.id), str)
    assert job.read_name in parameters(read)
    assert not read.spends
    kinds = {state.kind for state in job.states.values()}
    assert {StateKind.DONE, StateKind.READY} & kinds
    assert StateKind.FAILED in kinds
    shown = [read.answer, *read.answers.values()]
    assert {str(first(answer, job.status)) for answer in shown} <= set(job.states)


@EACH
def test_what_no_repeat_can_mend_is_not_repeated(contract: Contract) -> None:
    hopeless = {"credentials", "quota", "account", "content-policy"}
    for error in contract.errors.values():
        if error.blame in hopeless:
            assert error.retry is not Retry.BACKOFF, error.code
