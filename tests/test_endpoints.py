"""Which addresses exist is read from answers; an outage is never taken for a move."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.contract import Contract
from diagnostics.finding import Finding
from diagnostics.model import (
    Answer,
    Blame,
    Case,
    Exchange,
    FaultKind,
    Plan,
    Purpose,
    Request,
    Severity,
    Tape,
    TargetKind,
)
from diagnostics.promise import Envelope, Operation
from scenarios._endpoints_addresses import State, state_of
from scenarios.endpoints import GROUPS_MAX, LIVE_REQUESTS_MAX, SCENARIO, probes
from tests.drive_cases import HTML, akool, answer, case, exchange
from tests.reach_cases import (
    UNSENT,
    codes,
    fault,
    findings_of,
    judged,
    only,
    replies,
    tapes,
    walk,
)

EXISTS = answer({"code": 1102, "msg": "Authorization cannot be empty"})
GONE = answer(HTML, 404)
LIVE = case(TargetKind.LIVE)
STATUS = "/api/open/v3/content/video/infobymodelid"
OLD_STATUS = "/api/open/v3/content/video/getvideostatus"

Rule = Callable[[Request], Answer]


def probed(about: Case, reply: Rule) -> list[Exchange]:
    """What the scenario's own probes come back with."""
    return [
        exchange(request, reply(request), n, scenario="endpoints")
        for n, request in enumerate(probes(akool(), about))
    ]


def documented(request: Request) -> bool:
    return request.label == "documentation"


# --- asking -----------------------------------------------------------------------------------


def test_no_probe_carries_credentials_spends_or_touches_what_it_could_destroy() -> None:
    sent = probes(akool(), case())
    for request in sent:
        assert not request.authenticated
        assert not request.spends
        assert request.purpose is Purpose.PROBE
        assert request.body == (b"" if request.method == "GET" else b"{}")
        assert not akool().operations[request.operation or ""].destructive
    assert "DELETE" not in {request.method for request in sent}


def test_the_emulator_is_asked_for_every_address_once_in_few_conversations() -> None:
    about = case()
    (together,) = list(SCENARIO.ask(akool(), about))
    assert len(together.asks) <= GROUPS_MAX  # type: ignore[union-attr]  # it is a Together
    sent = walk(SCENARIO.ask(akool(), about), lambda _: EXISTS)
    assert len({(r.method, r.url) for r in sent}) == len(sent)
    harmless = {op.id for op in akool().operations.values() if not op.destructive}
    assert {r.operation for r in sent if documented(r)} == harmless
    assert not any("{" in r.url for r in sent)


def test_a_live_provider_is_asked_for_the_family_of_the_call_and_no_more() -> None:
    sent = walk(SCENARIO.ask(akool(), LIVE), lambda _: EXISTS)
    family = {"createTalkingPhoto", "getVideo", "getCredit", "getToken"}
    assert {r.operation for r in sent} == family
    assert {"documentation", "scripts", "postman"} <= {r.label for r in sent}
    assert len(sent) <= LIVE_REQUESTS_MAX


def test_a_destructive_plan_is_not_probed_but_what_it_needs_is() -> None:
    about = case(TargetKind.LIVE, plan=Plan(operation="deleteVoices", body={}))
    assert "deleteVoices" not in {r.operation for r in probes(akool(), about)}
    table = only(judged(SCENARIO, about, *probed(about, lambda _: EXISTS)), "endpoint-table")
    (row,) = [r for r in table.facts["rows"] if r["operation"] == "deleteVoices"]
    assert (row["state"], table.facts["untouched"]) == ("untouched", 1)


def test_without_a_plan_the_example_of_the_contract_is_looked_for() -> None:
    assert "createTalkingPhoto" in {
        r.operation for r in probes(akool(), case(TargetKind.LIVE, plan=None))
    }


# --- one answer -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        (EXISTS, State.ALIVE),
        (answer({"code": 1000, "data": {}}), State.ALIVE),
        (answer({"code": 1003, "msg": "no"}, 404), State.ALIVE),
        (answer({"code": 1003, "msg": "no"}, 500), State.ALIVE),
        (answer({"error": "unauthorized"}, 401), State.ALIVE),
        (answer([]), State.ALIVE),
        (GONE, State.MISSING),
        (answer(b"404 page not found", 404), State.MISSING),
        (answer(b"", 410), State.MISSING),
        (answer(b"404", 404), State.MISSING),
        (answer({"message": "no Route matched"}, 404), State.UNKNOWN),
        (answer({"code": 404, "message": "Not Found"}, 404), State.UNKNOWN),
        (answer(HTML, 405), State.METHOD),
        (answer(HTML, 401), State.UNKNOWN),
        (answer(HTML, 403), State.UNKNOWN),
        (answer(HTML, 301), State.UNKNOWN),
        (answer(HTML, 200), State.UNKNOWN),
        (answer(HTML, 502), State.UNKNOWN),
        (answer({"message": "upstream"}, 503), State.UNKNOWN),
        (answer(b'{"code":1102,"ms'), State.UNKNOWN),
        (fault(FaultKind.RESET), State.UNKNOWN),
    ],
)
def test_an_answer_says_of_its_address_only_what_it_proves(reply: Answer, state: State) -> None:
    (request, *_) = probes(akool(), LIVE)
    assert state_of(akool(), exchange(request, reply)) is state


# --- the table --------------------------------------------------------------------------------


def test_healthy_addresses_give_a_table_and_no_complaint() -> None:
    found = judged(SCENARIO, LIVE, *probed(LIVE, lambda r: EXISTS if documented(r) else GONE))
    assert {f.severity for f in found} == {Severity.INFO}
    table = only(found, "endpoint-table")
    assert table.facts["alive"] == 4
    row = next(r for r in table.facts["rows"] if r["path"] == OLD_STATUS or OLD_STATUS in r["path"])
    assert (row["set"], row["state"], row["status"]) == ("scripts", "missing", 404)
    said = {f.subject: f.message() for f in found if f.rule.code == "endpoint-set"}
    assert f"✓ GET {STATUS} 1102" in said["documentation"]
    assert "0 of 3 alive" in said["postman"]
    assert f"✗ GET {OLD_STATUS} 404" in said["scripts"]
    assert "✓ POST /api/open/v3/getToken 1102" in said["scripts"]


def test_the_emulator_s_table_says_how_many_destructive_operations_were_left_alone() -> None:
    table = only(judged(SCENARIO, case(), *probed(case(), lambda _: EXISTS)), "endpoint-table")
    spared = [op for op in akool().operations.values() if op.destructive]
    assert table.facts["untouched"] == len(spared) > 0
    assert f"{len(spared)} operations" in table.message()


@pytest.mark.parametrize("name", ["createTalkingPhoto", "getVideo", "getCredit"])
def test_a_needed_address_that_is_gone_while_others_answer_fails(name: str) -> None:
    replies_ = probed(LIVE, lambda r: GONE if r.operation == name or not documented(r) else EXISTS)
    found = [f for f in judged(SCENARIO, LIVE, *replies_) if f.severity is not Severity.INFO]
    (missing,) = found
    assert (missing.rule.code, missing.subject) == ("endpoint-missing", name)
    assert (missing.blame, missing.code) == (Blame.ENDPOINT, "404")
    assert missing.explains == {"404"}
    assert missing.severity is Severity.FAIL


def test_the_token_address_matters_only_to_who_buys_tokens() -> None:
    def without_token(request: Request) -> Answer:
        return GONE if request.operation == "getToken" else EXISTS

    keyed = case(TargetKind.LIVE, auth_headers=("x-api-key",))
    buying = case(TargetKind.LIVE, auth_headers=("Authorization",))
    assert "endpoint-gone" in codes(judged(SCENARIO, keyed, *probed(keyed, without_token)))
    assert "endpoint-missing" in codes(judged(SCENARIO, buying, *probed(buying, without_token)))


def test_a_needed_address_whose_alias_answers_has_moved_and_the_remedy_says_where() -> None:
    def moved(request: Request) -> Answer:
        return GONE if request.operation == "getVideo" and documented(request) else EXISTS

    found = only(judged(SCENARIO, LIVE, *probed(LIVE, moved)), "endpoint-moved")
    assert (found.subject, found.code, found.severity) == ("getVideo", "404", Severity.FAIL)
    assert OLD_STATUS in found.remedy()


def test_an_alias_that_differs_by_its_scheme_alone_is_no_new_address() -> None:
    assert not any(r.url.startswith("http://") for r in probes(akool(), case()))


def test_everything_gone_means_the_wrong_host() -> None:
    found = judged(SCENARIO, LIVE, *probed(LIVE, lambda _: GONE))
    wrong = only(found, "endpoint-wrong-host")
    assert (wrong.blame, wrong.code, wrong.severity) == (Blame.ENDPOINT, "404", Severity.FAIL)
    assert akool().host in wrong.remedy()


def test_a_documented_address_this_call_does_not_need_is_a_warning() -> None:
    about = case()
    found = judged(
        SCENARIO,
        about,
        *probed(
            about,
            lambda r: GONE if r.operation in {"replaceBackground", "listEffects"} else EXISTS,
        ),
    )
    gone = only(found, "endpoint-gone")
    assert (gone.severity, gone.subject) == (Severity.WARN, "replaceBackground, listEffects")


@pytest.mark.parametrize(
    "reply", [answer(HTML, 502), fault(FaultKind.RESET), answer(HTML, 403), answer(b"{", 200)]
)
def test_an_outage_is_neither_a_move_nor_health(reply: Answer) -> None:
    (found,) = judged(SCENARIO, LIVE, *probed(LIVE, lambda _: reply))
    assert (found.rule.code, found.blame) == ("endpoint-nothing-told", Blame.UNDECIDED)
    assert found.severity is Severity.WARN


def test_during_half_an_outage_a_404_is_not_believed_outright() -> None:
    def half(request: Request) -> Answer:
        return GONE if request.operation == "getVideo" else answer(HTML, 502)

    found = judged(SCENARIO, LIVE, *probed(LIVE, half))
    assert only(found, "endpoint-missing").severity is Severity.WARN
    assert "endpoint-unclear" in codes(found)


def test_a_needed_address_that_wants_another_method_is_a_warning() -> None:
    def other(request: Request) -> Answer:
        return answer(HTML, 405) if request.operation == "createTalkingPhoto" else EXISTS

    found = only(judged(SCENARIO, LIVE, *probed(LIVE, other)), "endpoint-other-method")
    assert found.severity is Severity.WARN
    assert "POST" in found.message()


# --- what the caller itself did ---------------------------------------------------------------


def called(url: str, reply: Answer, method: str = "GET", position: int = 0) -> Exchange:
    request = Request(method=method, url=f"https://openapi.akool.com{url}")
    return exchange(request, reply, position, scenario="")


def test_a_caller_s_stale_address_is_told_with_the_documented_one() -> None:
    found = judged(SCENARIO, case(TargetKind.IMPORTED), called(f"{OLD_STATUS}?task_id=1", GONE))
    stale = only(found, "endpoint-stale-address")
    assert (stale.severity, stale.code) == (Severity.FAIL, "404")
    assert STATUS in stale.remedy()


def test_a_caller_s_templated_alias_is_recognised() -> None:
    found = judged(SCENARIO, case(TargetKind.IMPORTED), called("/video/status/job77", GONE))
    assert "endpoint-stale-address" in codes(found)


def test_a_call_that_was_answered_outweighs_a_probe_that_was_not() -> None:
    made = probed(LIVE, lambda r: GONE if r.operation == "getVideo" else EXISTS)
    alive = exchange(akool().request("getVideo", query={"video_model_id": "1"}), EXISTS, len(made))
    assert "endpoint-missing" in codes(judged(SCENARIO, LIVE, *made))
    assert "endpoint-missing" not in codes(judged(SCENARIO, LIVE, *made, alive))


def test_a_key_sent_over_plain_http_is_a_warning() -> None:
    sent = replace(
        called(STATUS, EXISTS),
        request=Request(method="GET", url=f"http://openapi.akool.com{STATUS}"),
    )
    found = only(judged(SCENARIO, case(TargetKind.IMPORTED), sent), "endpoint-plain-http")
    assert found.evidence == (0,)
    plain = replace(LIVE, target=replace(LIVE.target, base_url="http://openapi.akool.com"))
    assert "endpoint-plain-http" in codes(judged(SCENARIO, plain))


def test_addresses_nobody_knows_and_other_scenarios_probes_are_passed_over() -> None:
    made = probed(LIVE, lambda _: GONE)
    foreign = [replace(e, scenario="network") for e in made]
    assert judged(SCENARIO, LIVE, *foreign, called("/nobody/knows", GONE)) == []
    assert judged(SCENARIO, LIVE, *[replace(e, answer=UNSENT) for e in made]) == []


def test_a_call_repeated_for_ever_keeps_a_bounded_evidence() -> None:
    request = akool().request("getVideo", query={"video_model_id": "1"})
    made = [exchange(request, GONE, n, scenario="") for n in range(30)]
    found = judged(SCENARIO, LIVE, *probed(LIVE, lambda _: EXISTS)[:1], *made)
    assert len(only(found, "endpoint-missing").evidence) == 10


def test_an_address_that_answered_once_is_not_called_missing_for_a_later_404() -> None:
    request = akool().request("getVideo", query={"video_model_id": "1"})
    made = [exchange(request, reply, n, scenario="") for n, reply in enumerate([EXISTS, GONE])]
    assert "endpoint-missing" not in codes(judged(SCENARIO, LIVE, *made))


def test_a_set_of_which_this_call_needs_nothing_gets_no_line() -> None:
    made = [e for e in probed(case(), lambda _: EXISTS) if e.request.operation == "listEffects"]
    assert codes(judged(SCENARIO, case(), *made)) == ["endpoint-table"]


def test_a_contract_without_operations_asks_nothing() -> None:
    assert list(SCENARIO.ask(replace(akool(), operations={}), case())) == []


@given(data=st.data(), kind=st.sampled_from(TargetKind))
def test_no_answer_changes_how_much_is_asked(data: st.DataObject, kind: TargetKind) -> None:
    about = case(kind)
    reply = data.draw(replies)
    assert len(walk(SCENARIO.ask(akool(), about), lambda _: reply)) == len(probes(akool(), about))


@given(tape=tapes)
def test_no_tape_makes_the_judge_raise_or_change_its_mind(tape: Tape) -> None:
    assert findings_of(SCENARIO, tape) == findings_of(SCENARIO, tape)


# --- announced ends ---------------------------------------------------------------------------

DAY = "2026-09-24"


def ending(*names: str) -> Contract:
    """AKOOL's contract with some operations announced to end."""
    known = akool().operations
    return replace(
        akool(),
        operations={
            name: replace(one, retired=DAY) if name in names else one for name, one in known.items()
        },
    )


def asked_of(contract: Contract, about: Case, reply: Rule) -> list[Finding]:
    sent = probes(contract, about)
    tape = [exchange(r, reply(r), n, scenario="endpoints") for n, r in enumerate(sent)]
    return list(SCENARIO.judge(contract, Tape(case=about, exchanges=tape)))


def test_a_retired_address_that_the_call_needs_fails_as_announced() -> None:
    contract = ending("createTalkingPhoto")
    found = asked_of(
        contract, LIVE, lambda r: GONE if r.operation == "createTalkingPhoto" else EXISTS
    )
    retired = only(found, "endpoint-retired")
    assert (retired.severity, retired.blame, retired.code) == (Severity.FAIL, Blame.ENDPOINT, "404")
    assert DAY in retired.message("ru")
    assert "endpoint-missing" not in codes(found)


def test_a_retired_address_that_still_answers_is_probed_and_warned_of() -> None:
    found = asked_of(ending("createTalkingPhoto"), LIVE, lambda _: EXISTS)
    assert only(found, "endpoint-retiring").severity is Severity.WARN
    emulated = asked_of(ending("createTalkingPhoto"), case(), lambda _: EXISTS)
    assert only(emulated, "endpoint-retiring").severity is Severity.INFO


def test_retired_addresses_that_nobody_needs_are_counted_and_no_warning() -> None:
    contract = ending("getImage", "listModels")
    found = asked_of(contract, case(), lambda r: GONE if r.operation == "listModels" else EXISTS)
    others = only(found, "endpoint-retired-others")
    assert (others.facts["alive"], others.facts["gone"]) == (1, 1)
    assert "endpoint-gone" not in codes(found)


# --- unknown addresses in JSON ----------------------------------------------------------------


def speaking(code: str = "404") -> Contract:
    """A provider that answers unknown addresses in JSON, with a code that ids share."""
    known = akool().errors["1003"]
    errors = {**akool().errors, code: replace(known, code=code, http=404)}
    envelope = Envelope(name="default", messages=("detail",))
    return replace(akool(), errors=errors, unknown_path=code, envelopes={"default": envelope})


def about(request: Request) -> dict[str, str]:
    return {"detail": f"no such address ({request.method} {request.url})"}


def test_what_answers_like_an_address_that_cannot_exist_is_not_there() -> None:
    def reply(request: Request) -> Answer:
        if request.label == "control" or request.operation == "getVideo":
            return answer(about(request), 404)
        return answer({"detail": "no token"}, 401)

    contract = replace(speaking(), operations=plain(akool()))
    found = asked_of(contract, LIVE, reply)
    assert only(found, "endpoint-missing").subject == "getVideo"


def test_a_gate_before_every_address_tells_nothing_and_is_no_warning() -> None:
    contract = replace(speaking(), operations=plain(akool()))
    found = asked_of(contract, LIVE, lambda _: answer({"detail": "no token"}, 401))
    assert codes(found) == ["endpoint-guarded"]
    assert only(found, "endpoint-guarded").severity is Severity.INFO


def test_an_unknown_id_is_no_unknown_address() -> None:
    contract = replace(speaking(), operations=plain(akool()))

    def reply(request: Request) -> Answer:
        words = about(request) if request.label == "control" else {"detail": "no such job"}
        return answer(words, 404 if request.operation in {None, "getVideo"} else 401)

    found = asked_of(contract, LIVE, reply)
    assert "endpoint-missing" not in codes(found)


def plain(contract: Contract) -> dict[str, Operation]:
    """Its operations, all in the one envelope."""
    return {n: replace(one, envelope="default") for n, one in contract.operations.items()}


def test_a_code_that_says_the_address_is_gone_is_believed() -> None:
    contract = replace(speaking(), operations=plain(akool()))
    ended = replace(contract.errors["404"], code="410", blame=Blame.ENDPOINT, alternatives=())
    contract = replace(contract, errors={**contract.errors, "410": ended})

    def reply(request: Request) -> Answer:
        if request.operation == "getVideo":
            return answer({"detail": "this version has ended"}, 410)
        return answer(about(request), 404) if request.label == "control" else answer({}, 401)

    assert only(asked_of(contract, LIVE, reply), "endpoint-missing").subject == "getVideo"
