"""Does a secret that the gate was told of survive anywhere, however it is written?"""

import base64
import gzip
import html
import json
import re
from collections.abc import Callable
from urllib.parse import quote, unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from diagnostics.errors import LeakError
from diagnostics.redact import Gate

NOBODY = ("invented-user", "invented-host-01")
KEY = "invented-akool-key-0001"
AWKWARD = 'inv/0001+a=b&"c\\d e<f>%é'


def gate(*secrets: str) -> Gate:
    made = Gate(NOBODY)
    for secret in secrets or (KEY,):
        made.register(secret, "akool-api-key")
    return made


def _wide(text: str) -> str:
    return "".join(f"\\u{ord(c):04X}" for c in text)


def _dashed(text: str) -> str:
    return quote(text, safe="").replace("%", "%25").replace("a", "%61")


ENCODINGS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "percent": lambda s: quote(s, safe=""),
    "percent-lower": lambda s: re.sub("%..", lambda m: m[0].lower(), quote(s, safe="")),
    "percent-everything": lambda s: "".join(f"%{b:02X}" for b in s.encode()),
    "percent-twice": lambda s: quote(quote(s, safe=""), safe=""),
    "json": lambda s: json.dumps(s)[1:-1],
    "json-slash": lambda s: json.dumps(s)[1:-1].replace("/", "\\/"),
    "unicode": _wide,
    "unicode-lower": lambda s: _wide(s).lower(),
    "json-in-json": lambda s: json.dumps(json.dumps(s)[1:-1])[1:-1],
    "hex": lambda s: s.encode().hex(),
    "hex-upper": lambda s: s.encode().hex().upper(),
    "entities": html.escape,
    "decimal-entities": lambda s: "".join(f"&#{ord(c)};" for c in s),
    "hexadecimal-entities": lambda s: "".join(f"&#x{ord(c):X};" for c in s),
    "base64-0": lambda s: base64.b64encode(s.encode()).decode(),
    "base64-1": lambda s: base64.b64encode(b"u" + s.encode() + b"zz").decode(),
    "base64-2": lambda s: base64.b64encode(b"u:" + s.encode() + b"z").decode(),
    "base64url": lambda s: base64.urlsafe_b64encode(b"?" + s.encode() + b"~~").decode(),
    "base64-percent": lambda s: quote(base64.b64encode(s.encode()).decode(), safe=""),
    "line-wrap": lambda s: s[:9] + "\n    " + s[9:],
    "line-continuation": lambda s: s[:9] + "\\\n" + s[9:],
    "concatenation": lambda s: s[:9] + '" + "' + s[9:],
    "colour": lambda s: s[:5] + "\x1b[1;31m" + s[5:] + "\x1b[0m",
}


def holds(text: str, secret: str) -> bool:
    """An oracle of its own: undo everything that anybody could undo, then look."""
    seen: set[str] = set()
    todo = [text]
    while todo and len(seen) < 60:
        one = todo.pop()
        if one in seen:
            continue
        seen.add(one)
        if secret in one:
            return True
        todo += [unquote(one), html.unescape(one), one.replace("\\/", "/").replace('\\"', '"')]
        todo.append(re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), one))
        todo.append(re.sub(r"\x1b\[[\d;]*m|\\?\n\s*|\" \+ \"", "", one))
        todo.append(one.replace("\\\\", "\\"))
        for run in re.findall(r"[A-Za-z0-9+/_\-]{8,}", one):
            for lead in range(4):
                cut = run[lead:].replace("-", "+").replace("_", "/")
                raw = base64.b64decode(cut + "A" * (-len(cut) % 4))
                if secret.encode() in raw:
                    return True
        for run in re.findall(r"[0-9a-fA-F]{12,}", one):
            if secret.encode().hex() in run.lower():
                return True
    return False


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_oracle_sees_a_secret_in_every_encoding(encoding: str) -> None:
    assert holds(f"before {ENCODINGS[encoding](KEY)} after", KEY)


@pytest.mark.parametrize("secret", [KEY, AWKWARD])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_registered_secret_is_hidden_in_every_encoding(encoding: str, secret: str) -> None:
    written = ENCODINGS[encoding](secret)
    shown = gate(secret).text(f"before {written} after")
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    assert "<secret:akool-api-key#1" in shown
    assert not holds(shown, secret)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_scan_stops_a_secret_in_every_encoding_and_never_repeats_it(encoding: str) -> None:
    written = ENCODINGS[encoding](KEY)
    with pytest.raises(LeakError) as caught:
        gate().scan(f"<p>{written}</p>", "report.html")
    told = f"{caught.value.message} {caught.value.place} {caught.value.hint}"
    assert "report.html" in told
    assert "akool-api-key" in told
    assert KEY not in told


letters = st.text(alphabet="abcXYZ0189", min_size=2, max_size=8)
secrets = st.builds(lambda a, b: f"inv3nted{a}-{b}Key", letters, letters)
encodings = st.sampled_from([name for name in ENCODINGS if name not in {"line-wrap", "colour"}])
noise = st.text(max_size=30).filter(lambda s: "inv3nted" not in s)


@given(secret=secrets, encoding=encodings, before=noise, after=noise, data=st.data())
@settings(max_examples=60)
def test_planted_secrets_survive_in_no_output(
    secret: str, encoding: str, before: str, after: str, data: st.DataObject
) -> None:
    planted = f"{before} {ENCODINGS[encoding](secret)} {after}"
    made = gate(secret)
    wrapped = data.draw(
        st.recursive(
            st.just(planted),
            lambda inner: (
                st.lists(inner, min_size=1, max_size=2)
                | st.dictionaries(letters, inner, min_size=1, max_size=2)
                | inner.map(json.dumps)
            ),
            max_leaves=4,
        )
    )
    text = json.dumps(wrapped, ensure_ascii=data.draw(st.booleans()))
    shown = made.body(text.encode("utf-8", "surrogatepass"), "application/json")
    assert not holds(shown.decode("utf-8", "surrogateescape"), secret)
    assert made.body(shown, "application/json") == shown
    json.loads(shown.decode("utf-8", "surrogatepass"))
    made.scan(shown, "tape.jsonl")
    assert not holds(json.dumps(made.json(wrapped), ensure_ascii=False), secret)


@settings(max_examples=30)
@given(secret=secrets, name=st.sampled_from(["q", "callback", "api_key", "token", "x"]))
def test_a_secret_in_a_url_goes_however_often_it_was_escaped(secret: str, name: str) -> None:
    inner = f"https://b.test/{secret}?{name}={quote(secret)}"
    outer = f"https://a.test/r?u={quote(quote(inner, safe=''), safe='')}&n=1#access_token={secret}"
    made = gate(secret)
    shown = made.url(outer)
    assert not holds(shown, secret)
    assert shown.startswith("https://a.test/r?u=")
    assert "&n=1#access_token=" in shown
    assert "#1" not in shown.partition("#")[2].partition("#")[2]
    assert made.url(shown) == shown


@given(text=st.text(max_size=200))
@example("token=" * 20)
@example("<secret:akool-api-key#1>=<secret:akool-api-key#1>")
@example('{"api_key": "x", "api_key": null}')
@example("Authorization: Bearer inv3nted-0001, api_key=inv3nted; -u a:inv3nted")
@example("https://a:b@h/?token=abc&sig=%2")
def test_gating_twice_changes_nothing(text: str) -> None:
    once = gate().text(text)
    assert gate().text(once) == once


words = st.sampled_from(
    [
        "token",
        "key",
        "secret",
        "password",
        "api_key",
        "Bearer",
        "Basic",
        "Authorization:",
        "Cookie:",
        "x-api-key:",
        "=",
        ":",
        "?",
        "&",
        "#",
        "/",
        "https://",
        "curl",
        "-u",
        "-H",
        "{",
        "}",
        "[",
        "]",
        '"',
        "'",
        ",",
        "\\",
        "\\n",
        "%",
        "%3D",
        "<secret:token#1>",
        "inv3nted0001KeyAbc",
        "sk-",
        "eyJ",
        "-----BEGIN",
        "a@b.io",
        "/home/ada",
        "sig=",
        "name",
        "value",
        "user:pass@",
        "\n",
        "1015",
        "null",
        "data:image/png;base64,",
    ]
)


@given(parts=st.lists(words, max_size=14), glue=st.sampled_from(["", " "]))
@settings(max_examples=300)
def test_gating_twice_changes_nothing_in_texts_full_of_triggers(
    parts: list[str], glue: str
) -> None:
    once = gate().text(glue.join(parts))
    assert gate().text(once) == once


def test_placeholders_are_numbered_by_registration_and_stay() -> None:
    made = Gate(NOBODY)
    made.register("invented-key-a", "akool-api-key")
    made.register("invented-key-b", "akool-api-key")
    made.register("invented-key-a", "akool-api-key")
    shown = made.text("invented-key-b invented-key-a invented-key-b")
    assert shown == (
        "<secret:akool-api-key#2 len=14> <secret:akool-api-key#1 len=14>"
        " <secret:akool-api-key#2 len=14>"
    )


def test_an_identifier_keeps_its_first_four_characters() -> None:
    made = Gate(NOBODY)
    made.register("AKteINVENTED0001client", "akool-client-id", keep=True)
    assert made.text("id AKteINVENTED0001client") == "id <id:akool-client-id#1 starts=AKte>"
    assert made.json({"clientId": "ABcdInventedOther001"}) == {
        "clientId": "<id:client-id#1 starts=ABcd>"
    }


def test_a_key_with_quotes_blanks_or_scheme_is_hidden_without_them_too() -> None:
    made = gate(f'"Bearer {KEY}"\n')
    assert made.text(f"sent {KEY}.") == "sent <secret:akool-api-key#1 len=23 ends=01>."


def test_a_short_secret_is_hidden_where_it_stands_alone_but_not_inside_words() -> None:
    made = gate("abc")
    assert made.json({"note": "abcdef", "x": "abc"})["note"] == "abcdef"
    assert "abc" not in made.json({"x": "abc"})["x"]


def test_a_longer_secret_wins_over_one_inside_it() -> None:
    made = gate("invented-key", "invented-key-longer")
    assert made.text("invented-key-longer") == "<secret:akool-api-key#2 len=19>"


def test_a_secret_registered_later_is_hidden_in_what_was_clean_before() -> None:
    made = gate()
    body = b'{"note":"invented-late-secret-01"}'
    assert made.body(body, "application/json") == body
    assert made.text("invented-late-secret-01") == "invented-late-secret-01"
    made.register("invented-late-secret-01", "akool-token")
    assert b"late" not in made.body(body, "application/json")
    assert made.text("invented-late-secret-01") == "<secret:akool-token#1 len=23 ends=01>"


def test_a_secret_found_by_its_place_is_hidden_where_it_is_repeated() -> None:
    made = Gate(NOBODY)
    made.headers((("x-api-key", "inv3nted-learned-0001"),))
    assert "learned" not in made.text("the value inv3nted-learned-0001 is not known")


def test_a_partly_masked_key_that_we_hold_goes_as_a_whole() -> None:
    assert (
        gate().text("key invent***0001 is wrong")
        == "key <secret:akool-api-key#1 len=23 ends=01> is wrong"
    )


def test_a_secret_inside_a_compressed_body_is_hidden() -> None:
    raw = gzip.compress(json.dumps({"echo": KEY}).encode())
    shown = gate().body(raw, "application/json")
    assert json.loads(gzip.decompress(shown)) == {"echo": "<secret:akool-api-key#1 len=23 ends=01>"}


def test_media_is_left_alone_unless_a_secret_stands_in_it() -> None:
    media = b"\x89PNG\r\n\0\0token=api_key" + bytes(range(256))
    assert gate().body(media, "image/png") == media
    shown = gate().body(media + KEY.encode(), "image/png")
    assert shown == f"<withheld:data#1 {len(media) + len(KEY)} bytes: akool api key>".encode()
    wide = gate().body(b"\0" + KEY.encode("utf-16-le"), None)
    assert wide == f"<withheld:data#1 {1 + 2 * len(KEY)} bytes: akool api key>".encode()


def test_a_key_that_stands_twice_in_an_object_hides_nothing_from_us() -> None:
    shown = gate().text('{"api_key": "inv3nted-first-01", "api_key": null}')
    assert "first" not in shown


def test_a_numeric_secret_is_hidden_as_a_json_number() -> None:
    shown = gate("90210048151623").body(b'{"pin_of_the_day":90210048151623}', "application/json")
    assert json.loads(shown) == {"pin_of_the_day": "<secret:akool-api-key#1 len=14>"}


def test_home_folders_without_a_gap_between_them_lose_every_owner() -> None:
    glued = "ada@lovelace.io" + "/home/ada" * 6 + "/Users/ada"
    once = gate().text(glued)
    assert "ada" not in once
    assert gate().text(once) == once
