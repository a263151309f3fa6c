"""One blame, chosen by evidence: causes before symptoms, and `undecided` where it stays open."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.answer_rules import BUSINESS_CODE, NO_SUCH_ADDRESS
from diagnostics.blame import CHAIN, NOT_RUN, blame
from diagnostics.finding import Finding, Judgement, Outcome, Rule
from diagnostics.model import (
    Blame,
    Exchange,
    Plan,
    Severity,
    Tape,
    Text,
    Unsent,
    UnsentReason,
    Verdict,
)
from scenarios._job_rules import FAILED
from tests.drive_cases import akool, answer, case, create

SENT = create(answer({"code": 1000}), 0)


def rule(severity: Severity, blamed: Blame) -> Rule:
    words = Text(en="x", ru="x")
    return Rule(code="r", severity=severity, blame=blamed, says=words, remedy=words)


def failing(
    blamed: Blame, certainty: float = 0.9, code: str | None = None, *explains: str
) -> Finding:
    return Finding(
        rule=rule(Severity.FAIL, blamed),
        certainty=certainty,
        code=code,
        explains=frozenset(explains),
    )


def error_1015(certainty: float = 0.45) -> Finding:
    facts = {"code": "1015"}
    return Finding(
        rule=BUSINESS_CODE, facts=facts, blame=Blame.PROVIDER, certainty=certainty, code="1015"
    )


def outcome(scenario: str, *findings: Finding) -> Outcome:
    severities = {finding.severity for finding in findings}
    worst = Verdict.FAIL if Severity.FAIL in severities else Verdict.PASS
    if Severity.FAIL not in severities and Severity.WARN in severities:
        worst = Verdict.WARN
    return Outcome(scenario=scenario, verdict=worst, findings=findings, requests=1)


def concluded(*outcomes: Outcome, sent: Exchange = SENT) -> Judgement:
    return blame(akool(), Tape(case=case(), exchanges=[sent]), outcomes)


def test_nothing_found_is_a_pass_with_blame_none() -> None:
    found = concluded(outcome("job"), outcome("media"))
    assert (found.verdict, found.blame) == (Verdict.PASS, Blame.NONE)


def test_on_1015_an_unfit_input_is_blamed_before_the_provider() -> None:
    media = failing(Blame.MEDIA, 0.9, None, "1015")
    found = concluded(outcome("media", media), outcome("job", error_1015()))
    assert (found.verdict, found.blame, found.code) == (Verdict.FAIL, Blame.MEDIA, "1015")


def test_on_1015_with_every_input_fit_the_provider_is_blamed() -> None:
    found = concluded(outcome("media"), outcome("job", error_1015()))
    assert (found.blame, found.code) == (Blame.PROVIDER, "1015")
    assert found.certainty == pytest.approx(0.7)
    assert "hardly your files" in found.because[0].remedy("en")
    assert Blame.MEDIA in {e.blame for e in found.excluded}


def test_on_1015_with_inputs_nobody_looked_at_nobody_is_blamed() -> None:
    found = concluded(outcome("job", error_1015()))
    assert (found.verdict, found.blame) == (Verdict.INCONCLUSIVE, Blame.UNDECIDED)
    assert found.code == "1015"


def test_1015_however_often_blames_nobody_while_the_inputs_were_not_looked_at() -> None:
    found = concluded(outcome("job", error_1015(0.6)))
    assert (found.verdict, found.blame) == (Verdict.INCONCLUSIVE, Blame.UNDECIDED)


def test_on_1015_an_input_that_may_be_unfit_leaves_it_undecided() -> None:
    odd = Finding(
        rule=rule(Severity.WARN, Blame.MEDIA), certainty=0.6, explains=frozenset({"1015"})
    )
    found = concluded(outcome("media", odd), outcome("job", error_1015()))
    assert (found.verdict, found.blame) == (Verdict.INCONCLUSIVE, Blame.UNDECIDED)


def test_a_code_that_was_only_predicted_is_not_taken_for_the_answer() -> None:
    photo = failing(Blame.MEDIA, 0.9, "1015", "1015")
    sound = failing(Blame.MEDIA, 0.9, "1201", "1201")
    answered = replace(error_1015(), code="1201", facts={"code": "1201"})
    found = concluded(outcome("media", photo, sound), outcome("job", answered))
    assert (found.blame, found.code) == (Blame.MEDIA, "1201")


def test_a_media_fault_that_does_not_explain_the_code_does_not_take_the_blame_from_the_key() -> (
    None
):
    media = failing(Blame.MEDIA, 0.9, None, "1015")
    key = failing(Blame.CREDENTIALS, 0.9, "1101")
    found = concluded(outcome("credentials", key), outcome("media", media))
    assert found.blame is Blame.CREDENTIALS


def test_of_two_sure_causes_the_one_met_first_is_blamed_and_both_are_told() -> None:
    network, provider = failing(Blame.NETWORK, 0.8), failing(Blame.PROVIDER, 0.95)
    found = concluded(outcome("job", provider), outcome("network", network))
    assert found.blame is Blame.NETWORK
    assert list(found.because) == [network, provider]


def test_a_weak_finding_does_not_outrank_a_sure_one_further_down() -> None:
    weak, sure = failing(Blame.NETWORK, 0.3), failing(Blame.DELIVERY, 0.9)
    assert concluded(outcome("job", weak, sure)).blame is Blame.DELIVERY


def test_warnings_alone_are_a_warning_with_the_heaviest_blame() -> None:
    light = Finding(rule=rule(Severity.WARN, Blame.CLIENT), certainty=0.9)
    heavy = Finding(rule=rule(Severity.WARN, Blame.PROVIDER), certainty=0.8, code="1015")
    found = concluded(outcome("job", light, heavy))
    assert (found.verdict, found.blame, found.code) == (Verdict.WARN, Blame.PROVIDER, "1015")


def test_silence_is_inconclusive() -> None:
    kept = replace(SENT, answer=Unsent(reason=UnsentReason.NOT_RECORDED))
    found = concluded(outcome("job"), sent=kept)
    assert (found.verdict, found.blame) == (Verdict.INCONCLUSIVE, Blame.UNDECIDED)


def test_a_run_that_broke_off_before_its_last_scenario_is_no_pass() -> None:
    missing = Outcome(scenario="job", verdict=Verdict.INCONCLUSIVE, note=NOT_RUN)
    assert concluded(outcome("network"), missing).verdict is Verdict.INCONCLUSIVE


def test_a_balance_that_cannot_be_read_is_a_warning_when_the_call_itself_ended_well() -> None:
    balance = replace(failing(Blame.ENDPOINT, 0.9, "404"), subject="getCredit")
    done = Finding(
        rule=replace(rule(Severity.INFO, Blame.NONE), code="job-finished"), subject="job1"
    )
    found = concluded(outcome("endpoints", balance), outcome("job", done))
    assert (found.verdict, found.blame) == (Verdict.WARN, Blame.ENDPOINT)
    assert concluded(outcome("endpoints", balance), outcome("job")).verdict is Verdict.FAIL


def test_what_failed_is_not_also_excluded() -> None:
    found = concluded(outcome("quota"), outcome("network", failing(Blame.NETWORK)))
    assert {e.blame for e in found.excluded} == {Blame.QUOTA}


def test_a_skipped_scenario_excludes_nothing() -> None:
    skipped = Outcome(scenario="media", verdict=Verdict.INCONCLUSIVE, note=Text(en="n", ru="n"))
    assert concluded(skipped, outcome("job")).excluded == ()


@given(
    found=st.lists(
        st.builds(
            failing,
            st.sampled_from(CHAIN),
            st.floats(0, 1),
            st.none() | st.sampled_from(["1015", "1101", "404"]),
            st.sampled_from(["1015", "1101"]),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_was_found_there_is_one_blame_out_of_the_list(found: list[Finding]) -> None:
    judgement = concluded(outcome("job", *found))
    assert judgement.blame in {*CHAIN, Blame.UNDECIDED}
    assert judgement.verdict in {Verdict.FAIL, Verdict.INCONCLUSIVE}
    assert (judgement.verdict is Verdict.INCONCLUSIVE) == (judgement.blame is Blame.UNDECIDED)
    assert 0 <= judgement.certainty <= 1
    assert len(judgement.because) == len(found)


def about(operation: str, blamed: Blame, code: str) -> Finding:
    return replace(failing(blamed, 0.9, code), subject=operation)


def test_a_balance_that_cannot_be_read_is_not_why_the_call_was_answered_with_a_code() -> None:
    gone = replace(about("getCredit", Blame.ENDPOINT, "404"), explains=frozenset({"404"}))
    failed = about("getCredit", Blame.RATE_LIMIT, "429")
    media = failing(Blame.MEDIA, 0.9, None, "1015")
    refused = replace(error_1015(), subject="createTalkingPhoto")
    found = concluded(
        outcome("endpoints", gone),
        outcome("quota", failed),
        outcome("media", media),
        outcome("job", refused),
    )
    assert (found.blame, found.code) == (Blame.MEDIA, "1015")
    assert gone in found.because


def test_a_key_that_another_call_took_is_blamed_less_surely() -> None:
    refused = failing(Blame.CREDENTIALS, 0.9, "1101")
    assert concluded(outcome("job", refused)).certainty == pytest.approx(0.9)
    doubted = concluded(outcome("credentials"), outcome("job", refused))
    assert doubted.blame is Blame.CREDENTIALS
    assert doubted.certainty == pytest.approx(0.6)


def test_a_balance_near_nothing_makes_the_provider_a_less_sure_culprit_of_1015() -> None:
    empty = Finding(rule=rule(Severity.WARN, Blame.QUOTA), certainty=0.8)
    found = concluded(outcome("quota", empty), outcome("media"), outcome("job", error_1015()))
    assert found.certainty == pytest.approx(0.5)


def job_failed() -> Finding:
    return Finding(rule=FAILED, subject="job1", certainty=0.75, code="4")


def test_a_job_that_failed_on_sound_inputs_is_the_provider_s_and_on_unseen_ones_undecided() -> None:
    assert concluded(outcome("media"), outcome("job", job_failed())).blame is Blame.PROVIDER
    assert concluded(outcome("job", job_failed())).blame is Blame.UNDECIDED


def test_a_job_that_failed_on_a_doubtful_input_is_undecided() -> None:
    odd = Finding(rule=rule(Severity.WARN, Blame.MEDIA), explains=frozenset({"1015"}))
    found = concluded(outcome("media", odd), outcome("job", job_failed()))
    assert (found.verdict, found.blame) == (Verdict.INCONCLUSIVE, Blame.UNDECIDED)


def test_on_1015_of_a_call_without_input_files_there_are_none_to_suspect() -> None:
    spoken = case(plan=Plan(operation="createSpeech", body={"input_text": "x"}))
    found = blame(akool(), Tape(case=spoken, exchanges=[SENT]), [outcome("job", error_1015())])
    assert (found.verdict, found.blame) == (Verdict.FAIL, Blame.PROVIDER)


def test_a_missing_balance_address_does_not_hide_an_input_that_dooms_the_call_kept_back() -> None:
    gone = Finding(rule=NO_SUCH_ADDRESS, subject="getCredit", certainty=0.9, code="404")
    media = failing(Blame.MEDIA, 0.9, None, "1015")
    found = concluded(outcome("credentials", gone), outcome("media", media))
    assert found.blame is Blame.MEDIA
    assert concluded(outcome("credentials", gone)).blame is Blame.ENDPOINT
