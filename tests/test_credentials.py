"""Keys are read with their dirt, what is wrong with them is told, and they are never shown."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.credentials import inspect_key, read, read_dotenv
from diagnostics.errors import UsageError
from diagnostics.redact import Gate
from tests.drive_cases import akool

KEY = "invented-akool-key-0001"
CLIENT = "invented-client-id-0002"
SECRET = "invented-akool-key-0001"  # AKOOL's API key and client secret are one and the same
API_KEY, TOKEN = akool().schemes


def problems(value: str, **others: str) -> tuple[str, ...]:
    facts = inspect_key(value, name="AKOOL_API_KEY", contract=akool(), others=others)
    assert facts.length == len(value)
    return facts.problems


# --- facts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (KEY, ()),
        ("aB3+/dE4gH5iJ6kL7mN8oP==", ()),
        ("", ("blank",)),
        (" \t\r\n", ("blank",)),
        ('""', ("blank",)),
        ("\u200b\ufeff", ("blank",)),
        ("Bearer ", ("blank",)),
        (f"{KEY}\n", ("newline",)),
        (f"{KEY}\r\n", ("newline",)),
        (f"{KEY}\\n", ("newline", "unusual-shape")),
        (f'"{KEY}"', ("quotes",)),
        (f"“{KEY}”", ("quotes",)),
        (f"'{KEY}'\n", ("newline", "quotes")),
        ("invented akool key 0001", ("inner-space", "unusual-shape")),
        (f" {KEY}", ("edge-space",)),
        (f"{KEY}\t", ("edge-space",)),
        (f"{KEY}é", ("non-ascii", "unusual-shape")),
        ("invented-\u0430kool-key-0001", ("look-alike", "unusual-shape")),  # Cyrillic a
        ("invented-akool-key-\u039f001", ("look-alike", "unusual-shape")),  # Greek omicron
        (f"\u200b{KEY}", ("look-alike",)),
        (f"{KEY}\u00a0", ("look-alike",)),
        (f"{KEY}\x00", ("control-character", "unusual-shape")),
        (f"Bearer {KEY}", ("bearer-prefix",)),
        (f"bearer {KEY}", ("bearer-prefix",)),
        (f"x-api-key: {KEY}", ("bearer-prefix",)),
        (f"Authorization: Bearer {KEY}", ("bearer-prefix",)),
        (f"export AKOOL_API_KEY={KEY}", ("bearer-prefix",)),
        (f'AKOOL_API_KEY="{KEY}"', ("quotes", "bearer-prefix")),
        ("your_api_key", ("placeholder", "unusual-shape")),
        ("YOUR-AKOOL-KEY-HERE", ("placeholder",)),
        ("xxx", ("placeholder", "unusual-shape")),
        ("xxxxxxxxxxxxxxxxxxxx", ("placeholder",)),
        ("<API Key>", ("inner-space", "placeholder", "unusual-shape")),
        ("{{API Key}}", ("inner-space", "placeholder", "unusual-shape")),
        ("$AKOOL_API_KEY", ("placeholder", "unusual-shape")),
        ("${AKOOL_API_KEY}", ("placeholder", "unusual-shape")),
        ("%AKOOL_API_KEY%", ("placeholder", "unusual-shape")),
        ("changeme", ("placeholder", "unusual-shape")),
        ("a1b2c3", ("too-short", "unusual-shape")),
        ("invented-a...0001", ("cut",)),
        ("invented-a…0001xx", ("cut", "unusual-shape")),
        ("****************0001", ("cut", "unusual-shape")),
        ("r8_Invented0Invented0Invented0Invented0", ("other-provider:replicate",)),
        ("sk-proj-inventedInvented", ("other-provider:openai",)),
        ("sk_V2_hgu_kInvented01_Invented0Invented0Inv", ("other-provider:heygen",)),
        ("eyJpbnZlbnRlZA.eyJpbnZlbnRlZA.c2ln", ("token-shape",)),
        ("eyJpbnZlbnRlZA." + "x" * 80 + ".c2ln", ("token-shape",)),
        (KEY * 5, ("unusual-shape",)),
    ],
)
def test_what_is_wrong_with_a_key_is_told_in_words(value: str, expected: tuple[str, ...]) -> None:
    assert problems(value) == expected


def test_a_key_that_is_the_client_id_is_noticed_through_its_dirt() -> None:
    assert problems(f"{CLIENT}\n", AKOOL_CLIENT_ID=CLIENT) == ("newline", "same-as-client-id")
    assert problems(KEY, AKOOL_CLIENT_SECRET=KEY) == ()


def test_the_beginning_of_another_secret_is_a_cut_key() -> None:
    assert problems(KEY[:18], AKOOL_CLIENT_SECRET=KEY) == ("cut",)


def test_a_key_that_is_not_there_has_no_problems() -> None:
    facts = inspect_key(None, name="AKOOL_API_KEY", contract=akool(), others={})
    assert (facts.present, facts.length, facts.problems) == (False, 0, ())


def test_a_pattern_that_is_no_pattern_says_nothing_of_a_key() -> None:
    broken = replace(akool(), schemes=(replace(API_KEY, pattern="["),))
    facts = inspect_key(KEY, name="AKOOL_API_KEY", contract=broken, others={})
    assert facts.problems == ()


def test_an_id_need_not_look_like_a_key() -> None:
    facts = inspect_key("short+id=12", name="AKOOL_CLIENT_ID", contract=akool(), others={})
    assert facts.problems == ()


@given(value=st.text(max_size=60), other=st.text(max_size=20))
def test_any_text_gives_facts_and_none_of_them_holds_it(value: str, other: str) -> None:
    marked = f"zq{value}zq"
    facts = inspect_key(marked, name="AKOOL_API_KEY", contract=akool(), others={"X_ID": other})
    assert marked not in repr(facts)


@pytest.mark.parametrize("hostile", ["{" * 50_000, "your" * 20_000, "a " * 50_000, "x" * 100_000])
def test_a_huge_value_is_judged_at_once(hostile: str) -> None:
    assert problems(hostile)


# --- where keys come from ---------------------------------------------------------------------


def dotenv(folder: Path, content: str | bytes) -> Path:
    path = folder / ".env"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_the_environment_comes_first_and_the_file_fills_the_gaps(tmp_path: Path) -> None:
    path = dotenv(tmp_path, f"AKOOL_API_KEY=from-the-file-0000\nAKOOL_CLIENT_ID={CLIENT}\nOTHER=1")
    keys = read(akool(), {"AKOOL_API_KEY": KEY}, path)
    assert keys.values == {"AKOOL_API_KEY": KEY, "AKOOL_CLIENT_ID": CLIENT}
    origins = {f.name: (f.present, f.origin) for f in keys.facts}
    assert origins["AKOOL_API_KEY"] == (True, "environment")
    assert origins["AKOOL_CLIENT_ID"] == (True, ".env file")
    assert not origins["AKOOL_CLIENT_SECRET"][0]


def test_a_variable_set_to_nothing_counts_as_set(tmp_path: Path) -> None:
    keys = read(akool(), {"AKOOL_API_KEY": ""}, dotenv(tmp_path, f"AKOOL_API_KEY={KEY}"))
    assert keys.values == {"AKOOL_API_KEY": ""}
    assert keys.facts[0].problems == ("blank",)


def test_a_broken_file_does_not_matter_when_the_environment_has_everything(tmp_path: Path) -> None:
    names = ("AKOOL_API_KEY", "AKOOL_CLIENT_ID", "AKOOL_CLIENT_SECRET")
    keys = read(akool(), dict.fromkeys(names, KEY), dotenv(tmp_path, "nonsense"))
    assert len(keys.values) == 3


def test_no_key_at_all_is_fine(tmp_path: Path) -> None:
    for path in (None, tmp_path / "absent", tmp_path):
        keys = read(akool(), {}, path)
        assert (keys.values, keys.secrets()) == ({}, [])


def test_values_are_carried_as_they_are() -> None:
    keys = read(akool(), {"AKOOL_API_KEY": f"{KEY}\n", "AKOOL_CLIENT_ID": CLIENT}, None)
    assert keys.values == {"AKOOL_API_KEY": f"{KEY}\n", "AKOOL_CLIENT_ID": CLIENT}


# --- silence ----------------------------------------------------------------------------------


def test_no_repr_and_no_fact_holds_a_key() -> None:
    keys = read(akool(), {"AKOOL_API_KEY": f'"{KEY}"', "AKOOL_CLIENT_ID": CLIENT}, None)
    for shown in (repr(keys), str(keys), f"{keys}", repr(keys.facts)):
        assert KEY not in shown
        assert CLIENT not in shown
    assert "AKOOL_API_KEY=<25 characters>" in repr(keys)


def test_the_gate_learns_dirty_and_clean_forms_and_keeps_the_id_in_part() -> None:
    gate = Gate()
    keys = read(akool(), {"AKOOL_API_KEY": f'Bearer "{KEY}"\n', "AKOOL_CLIENT_ID": CLIENT}, None)
    keys.register(gate)
    assert {kind for _, kind in keys.secrets()} == {"akool-api-key"}
    assert (KEY, "akool-api-key") in keys.secrets()
    assert keys.identifiers() == [(CLIENT, "akool-client-id")]
    assert KEY not in gate.text(f"it said: {KEY} is bad")
    assert CLIENT not in gate.text(f"id {CLIENT}")


@pytest.mark.parametrize("value", ["", "xxx", "$AKOOL_API_KEY", "${AKOOL_API_KEY}", " %AKEY% "])
def test_what_is_no_secret_is_not_blotted_out_everywhere(value: str) -> None:
    keys = read(akool(), {"AKOOL_API_KEY": value}, None)
    assert [secret for secret, _ in keys.secrets() if secret.strip() == secret] == []


# --- the .env file ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("A=1", {"A": "1"}),
        ("A=1\nB=2\n", {"A": "1", "B": "2"}),
        ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        ("A=1\rB=2", {"A": "1", "B": "2"}),
        ("\ufeffA=1", {"A": "1"}),
        ("# comment\n\n  \nA=1", {"A": "1"}),
        ("export A=1", {"A": "1"}),
        ("  export\tA = 1  ", {"A": "1"}),
        ("A=1 # why", {"A": "1"}),
        ("A=1#no comment", {"A": "1#no comment"}),
        ("A=#all comment", {"A": ""}),
        ("A=", {"A": ""}),
        ("A= \nB=2", {"A": "", "B": "2"}),
        ('A="one two" # why', {"A": "one two"}),
        ("A='it#s'", {"A": "it#s"}),
        (r'A="a\nb\t\"c\""', {"A": 'a\nb\t"c"'}),
        (r"A='a\nb\'c'", {"A": r"a\nb'c"}),
        ('A="two\nlines"\nB=2', {"A": "two\nlines", "B": "2"}),
        ("A=\"'kept'\"", {"A": "'kept'"}),
        ("A=it's", {"A": "it's"}),
        ("A=$B\nC=${D}", {"A": "$B", "C": "${D}"}),
        ("A=x=y==", {"A": "x=y=="}),
        ("A=1\nA=2", {"A": "2"}),
        ("A.B=1", {"A.B": "1"}),
        ("", {}),
    ],
)
def test_a_dotenv_file_is_read_as_other_programs_read_it(
    tmp_path: Path, content: str, expected: dict[str, str]
) -> None:
    assert read_dotenv(dotenv(tmp_path, content)) == expected


@pytest.mark.parametrize(
    ("content", "line", "why"),
    [
        ("A=1\ninvented-akool-key-0001", 2, "not NAME=value"),
        ("A=1\r\n\r\n1A=invented-akool-key-0001", 3, "not NAME=value"),
        ('A="invented-akool-key-0001\nB=2', 1, "never closed"),
        ("B=1\nA='invented-akool-key-0001' tail", 2, "follows the closing quote"),
        (b"A=1\nB=\xff\xfe", 2, "not UTF-8"),
    ],
)
def test_a_broken_line_is_placed_and_never_quoted(
    tmp_path: Path, content: str | bytes, line: int, why: str
) -> None:
    with pytest.raises(UsageError) as caught:
        read_dotenv(dotenv(tmp_path, content))
    assert caught.value.place == f"{tmp_path / '.env'}:{line}"
    assert why in caught.value.message
    assert caught.value.hint
    assert "invented" not in repr(caught.value) + str(caught.value.hint)


def test_a_file_of_another_encoding_size_or_kind_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    cases = {
        dotenv(tmp_path, "A=1".encode("utf-16")): "UTF-16",
        tmp_path / "pipe": "not a regular file",
    }
    for path, why in cases.items():
        with pytest.raises(UsageError, match=why):
            read_dotenv(path)
    with pytest.raises(UsageError, match="1 MiB"):
        read_dotenv(dotenv(tmp_path, b"#" * (2**20 + 1)))
    with pytest.raises(UsageError, match="cannot read"):
        read_dotenv(Path("nul\0name"))


def test_a_file_within_the_limit_is_read_at_once_whatever_it_holds(tmp_path: Path) -> None:
    spaces = "A=" + " " * 400_000 + "b" + " " * 400_000 + "c"
    assert read_dotenv(dotenv(tmp_path, spaces))["A"].startswith("b")
    assert len(read_dotenv(dotenv(tmp_path, "A=\n" * 300_000))) == 1


@given(content=st.binary(max_size=120) | st.text(alphabet="A= '\"\\#\n\r$x", max_size=40))
def test_any_bytes_give_variables_or_an_error_with_a_place(
    tmp_path_factory: pytest.TempPathFactory, content: str | bytes
) -> None:
    path = dotenv(tmp_path_factory.getbasetemp(), content)
    place: str | None = str(path)
    try:
        read_dotenv(path)
    except UsageError as error:
        place = error.place
    assert place is not None
    assert place.startswith(str(path))
