"""Does each rule find its positive examples, alternative by alternative, and spare the others?"""

# ruff: noqa: SLF001  # the tables of names are tested entry by entry

import time
from contextlib import suppress

import pytest

from diagnostics.errors import LeakError
from diagnostics.redact import Gate
from diagnostics.redaction import names, url
from diagnostics.redaction.names import Place, Strength, suspect, words
from diagnostics.redaction.rules import SHAPES, Rule
from diagnostics.redaction.text_rules import TEXT_RULES, TextRule

NOBODY = ("invented-user", "invented-host-01")


@pytest.mark.parametrize("rule", SHAPES, ids=lambda rule: rule.id)
def test_a_shape_has_examples_both_ways_and_one_for_each_alternative(rule: Rule) -> None:
    assert rule.negative
    for alternative in rule.alternatives:
        pattern = rule.pattern_for(alternative)
        assert any(pattern.search(one) for one in rule.positive), alternative
    for one in rule.positive:
        assert any(needle in one for needle in rule.needles), one
        shown = Gate(NOBODY).text(f"see {one} there")
        assert one not in shown
        assert "see <secret:" in shown


@pytest.mark.parametrize("rule", SHAPES, ids=lambda rule: rule.id)
def test_a_shape_spares_its_negative_examples(rule: Rule) -> None:
    for one in rule.negative:
        assert Gate(NOBODY).text(f"see {one} there") == f"see {one} there"


@pytest.mark.parametrize("rule", TEXT_RULES, ids=lambda rule: rule.id)
def test_a_text_rule_hides_its_positive_examples_only(rule: TextRule) -> None:
    assert rule.positive
    assert rule.negative
    for text, secret in rule.positive:
        assert secret in text
        assert secret not in Gate(NOBODY).text(text)
    for text in rule.negative:
        assert Gate(NOBODY).text(text) == text


def test_rule_ids_are_unique() -> None:
    ids = [rule.id for rule in SHAPES] + [rule.id for rule in TEXT_RULES]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    "name",
    ["api_key", "apiKey", "X-Api-Key", "APIKEY", "my.api.key", "AKOOL_API_KEY", "api key"],
)
def test_a_name_is_split_into_words_in_any_convention(name: str) -> None:
    assert words(name)[-2:] == ("api", "key")
    suspicion = suspect(name)
    assert suspicion is not None
    assert suspicion.strength is Strength.SURE


@pytest.mark.parametrize(
    "name",
    [
        "max_tokens", "total_tokens", "token_count", "author", "authority", "keyframe", "monkey",
        "hotkey", "session_id", "primary_key", "tokenizer", "next_page_token", "design",
        "assigned", "passport_photo", "keyboard", "key_frame", "signed_at", "authorized",
        "x-ratelimit-limit-tokens", "access-control-allow-credentials",
    ],
)  # fmt: skip
def test_an_innocent_name_is_not_suspected_anywhere(name: str) -> None:
    assert suspect(name, Place.JSON) is None
    assert suspect(name, Place.HEADER) is None
    assert suspect(name, Place.QUERY) is None


HOSTILE = [
    "a", "eyJ", "sk-", "sk-a", "-----BEGIN PRIVATE KEY-----", "-----BEGIN ", "$6$", "token=",
    "https://", "%25", "\\", "\\u0041", "&amp;", "<input ", "<a>", "{", "[", '"', "a@", "api_key:",
    "Bearer ", "a:b@", "//a?token=", "-u a:", 'form-data; name="a"\r\n', "inv", "/home/", "=", "a-",
    "data:image/png;base64,", "xoxb-", "**", "a.", "1:", "\n", "Cookie: ", "<secret:token#1>", "'",
]  # fmt: skip


@pytest.mark.parametrize("seed", HOSTILE)
def test_no_repeated_text_makes_the_gate_slow(seed: str) -> None:
    made = Gate(NOBODY)
    made.register("invented-akool-key-0001", "akool-api-key")
    small, large = (seed * (size // len(seed)) for size in (20_000, 160_000))
    spent = []
    for text in (small, large):
        begin = time.process_time()
        made.text(text)
        with suppress(LeakError):
            made.scan(text, "x")
        spent.append(time.process_time() - begin)
    assert spent[1] < max(spent[0] * 24, 0.4), "more than linear"


VALUE = "Qz7Invent3dKey9xWv2Lp"


@pytest.mark.parametrize("word", sorted(names._SURE_ANYWHERE))
def test_each_word_that_is_sure_hides_what_stands_under_it(word: str) -> None:
    assert VALUE not in str(Gate(NOBODY).json({f"my_{word}": VALUE}))
    assert VALUE not in str(Gate(NOBODY).headers(((f"X-My-{word}", VALUE),)))


@pytest.mark.parametrize("word", sorted(names._QUALIFIES_KEY))
def test_each_word_before_key_makes_it_a_secret(word: str) -> None:
    assert VALUE not in str(Gate(NOBODY).json({f"{word}_key": VALUE}))
    assert VALUE not in Gate(NOBODY).text(f"{word.upper()}_KEY={VALUE}")


@pytest.mark.parametrize("name", sorted(names._RUN_TOGETHER))
def test_each_name_that_is_run_together_hides_what_stands_under_it(name: str) -> None:
    if names.suspect(name) is not None:
        assert VALUE not in str(Gate(NOBODY).json({name: VALUE}))
    else:
        assert VALUE in str(Gate(NOBODY).json({name: VALUE}))


@pytest.mark.parametrize("name", sorted(names._SAFE))
def test_each_safe_name_lets_its_value_stand(name: str) -> None:
    value = "resolution-720p"
    assert Gate(NOBODY).json({name.replace(" ", "_"): value}) == {name.replace(" ", "_"): value}


@pytest.mark.parametrize("name", sorted({*names._QUERY_SURE, *names._QUERY_LIKELY}))
def test_each_name_of_a_query_hides_its_value(name: str) -> None:
    address = f"https://cdn.lumen.io/v.mp4?{name.replace(' ', '-')}={VALUE}"
    assert VALUE not in Gate(NOBODY).url(address)


@pytest.mark.parametrize("name", sorted(names._QUERY_MAYBE))
def test_each_name_that_may_be_a_secret_hides_random_values_only(name: str) -> None:
    address = "https://cdn.lumen.io/v?" + name.replace("md 5", "md5").replace(" ", "-")
    assert VALUE not in Gate(NOBODY).url(f"{address}={VALUE}")
    assert Gate(NOBODY).url(f"{address}=720p") == f"{address}=720p"


@pytest.mark.parametrize("word", sorted(url.AFTER_WORD))
def test_each_word_of_a_path_hides_a_random_segment_after_it(word: str) -> None:
    assert VALUE not in Gate(NOBODY).url(f"https://a.lumen.io/{word}/{VALUE}")
    plain = f"https://a.lumen.io/{word}/2026/clip.mp4"
    assert Gate(NOBODY).url(plain) == plain


@pytest.mark.parametrize("host", sorted(url._WEBHOOK_HOSTS))
def test_each_webhook_host_keeps_its_name_and_nothing_secret(host: str) -> None:
    shown = Gate(NOBODY).url(f"https://{host}/api/webhooks/{VALUE}/{VALUE}")
    assert VALUE not in shown
    assert host in shown
