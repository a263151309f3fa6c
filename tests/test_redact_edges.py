"""Does the gate hold at its edges: odd names, odd shapes, full memories, what is already hidden?"""

import base64
import gzip
import io
import json
from pathlib import Path

import pytest
import yaml

from diagnostics.errors import UsageError
from diagnostics.redact import Gate
from diagnostics.redaction import values
from diagnostics.redaction.copies import clean_copies
from diagnostics.redaction.files import SIZE_MOST, clean_text
from diagnostics.redaction.ledger import Ledger
from diagnostics.redaction.names import Strength, Suspicion
from diagnostics.redaction.personal import this_machine
from diagnostics.redaction.placing import Wanted
from diagnostics.redaction.stream import GatedStream
from diagnostics.redaction.suspect import Familiar

KEY = "invented-akool-key-0001"
RANDOM = "Qz7inv3Nt3dKey9xWv2LpR4"
NOBODY = ("", "")


def gate() -> Gate:
    made = Gate(NOBODY)
    made.register(KEY, "akool-api-key")
    return made


def hidden(shown: str) -> bool:
    return RANDOM not in shown and "<secret:" in shown.replace("%3C", "<").replace("%3A", ":")


# --- what stands for a secret -----------------------------------------------------------------


def test_a_placeholder_of_an_earlier_run_is_kept_and_not_counted() -> None:
    ledger = Ledger()
    earlier = "<secret:akool-api-key#7>"
    assert ledger.hide(earlier, kind="token", rule="named-token", place="json") == earlier
    assert not ledger.removed


def test_removals_are_counted_in_full_though_their_order_is_remembered_only_so_far() -> None:
    ledger = Ledger()
    for _ in range(100_001):
        ledger.count("exact", "text")
    assert ledger.removed["exact", "text"] == 100_001
    assert len(ledger.recent) < 100_001


def test_of_many_secrets_met_by_chance_the_latest_are_looked_for_in_later_texts() -> None:
    ledger = Ledger()
    secrets = [f"invented-{number:03}-Kx7Qp2" for number in range(65)]
    for secret in secrets:
        ledger.hide(secret, kind="token", rule="named-token", place="json")
    assert ledger.exact(f"bad token {secrets[-1]}", "text") == "bad token <secret:token#65 len=19>"
    assert ledger.is_free(secrets[0])
    version = ledger.version
    ledger.hide(secrets[-1], kind="token", rule="named-token", place="json")
    assert ledger.version == version


def test_a_secret_that_is_a_word_of_the_placeholder_leaves_placeholders_whole() -> None:
    ledger = Ledger()
    ledger.register("akool-api", "akool-api-key")
    ours = "<secret:akool-api-key#1>"
    assert ledger.exact(f"{ours} and akool-api", "text") == f"{ours} and {ours}"
    assert ledger.removed["exact", "text"] == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("key inven***0001", "key <secret:akool-api-key#1 len=23 ends=01>"),
        ("key other***9999", None),
    ],
)
def test_only_a_masked_key_that_can_be_ours_is_ours(text: str, shown: str | None) -> None:
    ledger = Ledger()
    ledger.register(KEY, "akool-api-key")
    assert ledger.exact(text, "text") == (shown or text)


def test_a_secret_of_four_letters_is_hidden_as_it_stands() -> None:
    made = Gate(NOBODY)
    made.register("q7zx", "pin")
    assert made.text("the pin q7zx was refused") == "the pin <secret:pin#1> was refused"


def test_an_empty_secret_hides_nothing() -> None:
    made = Gate(NOBODY)
    made.register("", "akool-api-key")
    assert made.text("nothing here") == "nothing here"
    assert not made.removed


@pytest.mark.parametrize("value", ["9b2e4c1a-5d6f-4a7b-8c9d-0e1f2a3b4c5d", "0123456789abcdef" * 2])
def test_identifiers_are_not_taken_for_keys(value: str) -> None:
    assert not values.looks_random(value)
    assert values.looks_random(RANDOM)


def test_nothing_that_stands_for_a_secret_is_one() -> None:
    suspicion = Suspicion(kind="api-key", strength=Strength.SURE)
    assert not values.is_secret("${AKOOL_API_KEY}", suspicion)
    assert values.is_secret(RANDOM, suspicion)


def test_what_is_no_base64_is_no_heygen_key() -> None:
    assert not values.is_heygen_key("no base64!")
    assert values.is_heygen_key(base64.b64encode(b"0123456789abcdef" * 2).decode())


def test_a_machine_whose_user_has_no_name_hides_only_its_host() -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 4242")

    assert this_machine(nameless)[0] == ""
    assert this_machine(lambda: "ivanova")[0] == "ivanova"


# --- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["accessTokens", "refresh_tokens", "db_pass", "old_access_key_id"])
def test_a_value_goes_by_the_last_two_words_of_its_name(name: str) -> None:
    shown = gate().json({name: "+15550100-Kx7Qp2", "other": "as it is"})
    assert shown[name].startswith("<")
    assert shown["other"] == "as it is"


def test_a_callers_address_in_a_proxys_header_is_hidden() -> None:
    shown = gate().headers((("X-Forwarded-For", "203.0.113.9"), ("X-Cache", "HIT")))
    assert shown == (("X-Forwarded-For", "<pii:client-address#1>"), ("X-Cache", "HIT"))


def test_a_signature_without_a_time_goes_whole_and_prose_in_a_header_stays() -> None:
    shown = gate().headers(
        (("X-Signature", RANDOM), ("Authorization", "no token was given"), ("X-Token", KEY))
    )
    assert [value for _, value in shown] == [
        "<secret:signature#1>",
        "no token was given",
        "<secret:akool-api-key#1 len=23 ends=01>",
    ]


# --- URLs and forms ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        f"/callback?token={RANDOM}",
        f"https://api.telegram.org/bot123456789:{RANDOM}AAH/sendMessage",
        f"https://media.example/watch;token={RANDOM}/clip.mp4",
        f"https://media.example/clip.mp4?hdnts=exp=1795000000~acl=*~hmac={RANDOM}",
        f"https://discord.com/api/webhooks/1234/{RANDOM}",
    ],
)
def test_a_secret_in_an_odd_place_of_a_url_goes_once_and_for_all(url: str) -> None:
    shown = gate().url(url)
    assert hidden(shown), shown
    assert gate().url(shown) == shown
    assert shown[:12] == url[:12]


def test_a_discord_page_that_is_no_webhook_is_shown() -> None:
    url = "https://discord.com/channels/guides/start"
    assert gate().url(url) == url
    hook = "https://discord.com/api/webhooks/%3Csecret%3Awebhook-path%231%3E"
    assert gate().url(hook) == hook


def test_a_form_in_a_text_keeps_its_names() -> None:
    shown = gate().text(f"grant_type=client&client_secret={RANDOM}")
    assert shown.startswith("grant_type=client&client_secret=")
    assert hidden(shown)


# --- bodies -----------------------------------------------------------------------------------


def test_every_leaf_under_a_secrets_name_goes_except_what_is_empty_or_a_switch() -> None:
    held = {"secret": {"pin": 12345678, "on": True, "none": None, "inner": {"v": RANDOM}}}
    shown = gate().json(held)["secret"]
    assert (shown["on"], shown["none"]) == (True, None)
    assert shown["pin"].startswith("<secret:")
    assert shown["inner"]["v"].startswith("<secret:")


def test_a_cookie_that_is_empty_or_hidden_already_stays() -> None:
    cookies = {"cookies": {"lang": RANDOM, "empty": "", "seen": "<secret:cookie#3>"}}
    shown = gate().json(cookies)["cookies"]
    assert shown == {"lang": "<secret:cookie#1>", "empty": "", "seen": "<secret:cookie#3>"}


def test_a_capture_whose_base64_is_broken_is_cleaned_as_text() -> None:
    content = {"encoding": "base64", "text": f"x {KEY}", "mimeType": "text/plain"}
    assert KEY not in json.dumps(gate().json(content))


def test_json_with_half_a_character_can_still_be_written() -> None:
    shown = gate().body(('{"я":"\\ud83d","token":"' + RANDOM + '"}').encode(), "application/json")
    told = json.loads(shown.decode("utf-8"))
    assert told["я"] == "\ud83d"
    assert told["token"].startswith("<secret:")


def test_json_that_is_no_utf_8_is_searched_too() -> None:
    shown = gate().body(b'["\xff ' + KEY.encode() + b'"]', "application/json")
    assert json.loads(shown) == ["\udcff <secret:akool-api-key#1 len=23 ends=01>"]


def test_this_machines_name_in_an_answer_is_hidden() -> None:
    shown = Gate(("", "build-7.example")).body(b'{"node":"build-7.example"}', "application/json")
    assert json.loads(shown) == {"node": "<host>"}


def test_a_body_that_unpacks_without_end_is_withheld() -> None:
    bomb = gzip.compress(bytes(33 * 2**20), 1)
    shown = gate().body(bomb, "application/json")
    assert shown.startswith(b"<withheld:data#1")


def test_pieces_and_words_beyond_the_memory_are_judged_like_the_first() -> None:
    ledger = Ledger()
    ledger.register(KEY, "akool-api-key")
    familiar = Familiar(ledger, NOBODY)
    for start in range(0, 56_000, 8_000):
        words = [f"w{number}" for number in range(start, start + 8_000)]
        assert familiar.is_clean(json.dumps(words, separators=(",", ":")).encode()[:65_536])
        assert familiar.is_clean_url("https://h.example/" + "/".join(words))
    assert familiar.is_clean(b'["w1"]')
    assert familiar.is_clean_url("https://h.example/w1")
    assert not familiar.is_clean(f'["{KEY}"]'.encode())
    assert not familiar.is_clean_url(f"https://h.example/{KEY}")


def test_more_headers_than_are_remembered_are_cleaned_all_the_same() -> None:
    made = gate()
    named = tuple((f"X-Number-{number}", f"v{number}") for number in range(4_100))
    assert made.headers(named) == named
    assert made.headers((("X-Api-Key", KEY),)) == (
        ("X-Api-Key", "<secret:akool-api-key#1 len=23 ends=01>"),
    )
    assert made.headers(named[:1]) == named[:1]


# --- streams and files ------------------------------------------------------------------------


def test_a_gated_stream_tells_what_the_one_beneath_is(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w", encoding="utf-8", errors="backslashreplace") as file:
        stream = GatedStream(file, gate().text)
        assert stream.writable()
        assert stream.fileno() == file.fileno()
        assert (stream.encoding, stream.errors) == ("utf-8", "backslashreplace")


def test_a_closed_stream_has_passed_on_everything_and_can_be_flushed_again() -> None:
    beneath = io.StringIO()
    stream = GatedStream(beneath, gate().text)
    stream.write(f"key {KEY}")
    stream.close()
    stream.flush()
    assert beneath.getvalue() == "key <secret:akool-api-key#1 len=23 ends=01>"


def test_a_file_too_large_to_read_is_refused_unread(tmp_path: Path) -> None:
    large = tmp_path / "large.log"
    with large.open("wb") as file:
        file.truncate(SIZE_MOST + 1)
    with pytest.raises(UsageError, match="256 MB"):
        clean_copies(gate(), [large], Wanted(out=tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_name_that_no_file_can_have_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="null"):
        clean_copies(gate(), [Path("a\0b.log")], Wanted(out=tmp_path))


def test_a_link_that_leads_to_itself_is_a_usage_error(tmp_path: Path) -> None:
    loop = tmp_path / "loop.log"
    loop.symlink_to(loop)
    with pytest.raises(UsageError, match=r"loop\.log"):
        clean_copies(gate(), [loop], Wanted(out=tmp_path / "out"))


@pytest.mark.parametrize("text", [f"only {KEY}", f"a: [\nkey {KEY}", f'{{1: "x{KEY}", ? [1] : 2}}'])
def test_yaml_that_is_no_cassette_is_cleaned_as_text(text: str) -> None:
    shown = clean_text(gate(), text, "yaml")
    assert KEY not in shown
    assert "<secret:akool-api-key#1 len=23 ends=01>" in shown


def test_a_binary_body_in_a_cassette_is_cleaned_and_stays_binary() -> None:
    text = yaml.safe_dump({"body": f'{{"key":"{KEY}"}}'.encode() + b"\xff", "status": 200})
    shown = yaml.safe_load(clean_text(gate(), text, "yaml"))
    assert shown["status"] == 200
    assert KEY.encode() not in shown["body"]
    assert shown["body"].endswith(b"\xff")


def test_a_secret_in_a_yaml_comment_is_not_written_again() -> None:
    shown = clean_text(gate(), f"# {KEY}\nstatus: 200\n", "yaml")
    assert KEY not in shown
    assert yaml.safe_load(shown) == {"status": 200}


@pytest.mark.parametrize("opened", ["[", "- ", "{a: "])
def test_yaml_nested_without_end_is_cleaned_as_text(opened: str) -> None:
    text = f"key: {KEY}\nvalue: {opened * 60_000}"
    assert KEY not in clean_text(gate(), text, "yaml")
