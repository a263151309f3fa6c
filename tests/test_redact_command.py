"""Does `diagnostics redact` make copies that can be shared, and leave the originals alone?"""

import argparse
import base64
import io
import json
import os
import re
from pathlib import Path

import pytest
import yaml

from diagnostics.cli import redact
from diagnostics.cli.main import main
from diagnostics.cli.redact_words import said_size
from diagnostics.cli.screen import Screen
from diagnostics.errors import Exit, UsageError
from diagnostics.model import Json
from diagnostics.redact import Gate
from diagnostics.redaction.preview import hits

KEY = "inv3nted-akool-key-0001"
HAR = {
    "log": {
        "entries": [
            {
                "request": {
                    "url": f"https://api.test/v1?token={KEY}",
                    "headers": [{"name": "x-api-key", "value": KEY}],
                    "cookies": [{"name": "sid", "value": "inv3nted-cookie"}],
                },
                "response": {"content": {"mimeType": "text/plain", "text": f"no key {KEY}"}},
            }
        ]
    }
}
CASSETTE = f"""\
interactions:
- request:
    body: '{{"clientSecret": "{KEY}"}}'
    headers:
      X-API-Key: [{KEY}]
    method: POST
    uri: https://openapi.akool.com/api/open/v3/getToken
  response:
    body: {{string: '{{"code": 1000, "token": "inv3nted-token-0001"}}'}}
    headers:
      Set-Cookie: [__cf_bm=inv3nted; path=/]
    status: {{code: 200, message: OK}}
version: 1
"""


def play(*words: str, as_json: bool = False) -> tuple[Exit, str]:
    parser = argparse.ArgumentParser()
    redact.arguments(parser)
    out = io.StringIO()
    gate = Gate(("invented-user", "invented-host-01"))
    screen = Screen(as_json=as_json, gate=gate, streams=(out, io.StringIO()))
    return redact.main(parser.parse_args(list(words)), screen), out.getvalue()


def test_a_har_is_copied_clean_and_stays_json(tmp_path: Path) -> None:
    source = tmp_path / "capture.har"
    source.write_text(json.dumps(HAR))
    code, told = play(str(source))
    shown = (tmp_path / "capture.redacted.har").read_text()
    assert code is Exit.OK
    assert "inv3nted" not in shown
    assert json.loads(shown)["log"]["entries"][0]["request"]["headers"][0]["name"] == "x-api-key"
    assert json.loads(source.read_text()) == HAR
    assert "named-cookie (cookie)" in told
    assert "inv3nted" not in told


def test_a_cassette_stays_loadable(tmp_path: Path) -> None:
    (tmp_path / "case.yaml").write_text(CASSETTE)
    play(str(tmp_path / "case.yaml"), "--out", str(tmp_path / "clean"))
    shown = (tmp_path / "clean" / "case.yaml").read_text()
    assert "inv3nted" not in shown
    made = yaml.safe_load(shown)["interactions"][0]
    assert made["request"]["uri"] == "https://openapi.akool.com/api/open/v3/getToken"
    assert json.loads(made["response"]["body"]["string"])["code"] == 1000
    assert made["response"]["headers"]["Set-Cookie"] == ["__cf_bm=<secret:cookie#1>; path=/"]


def test_json_lines_environment_files_and_commands_are_cleaned(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(f'{{"a": 1}}\n{{"api_key": "{KEY}", "b": 2}}\n')
    (tmp_path / ".env").write_text(f"# mine\nAKOOL_API_KEY={KEY}\nDEBUG=1\n")
    (tmp_path / "call.sh").write_text(f"curl -u me:{KEY} -H 'x-api-key: {KEY}' https://h.test\n")
    code, _ = play(*map(str, tmp_path.iterdir()), "--out", str(tmp_path / "clean"))
    assert code is Exit.OK
    lines = (tmp_path / "clean" / "a.jsonl").read_text().splitlines()
    assert [json.loads(line)["b"] for line in lines[1:]] == [2]
    environment = (tmp_path / "clean" / ".env").read_text().splitlines()
    assert environment[0] == "# mine"
    assert environment[1].startswith("AKOOL_API_KEY=<secret:")
    assert environment[2] == "DEBUG=1"
    assert KEY not in (tmp_path / "clean" / "call.sh").read_text()


def test_a_secret_that_one_file_names_is_hidden_in_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(f"the answer mentions {KEY} without a name\n")
    (tmp_path / "b.env").write_text(f"AKOOL_API_KEY={KEY}\n")
    play(str(tmp_path / "a.log"), str(tmp_path / "b.env"))
    assert KEY not in (tmp_path / "a.redacted.log").read_text()


def test_secrets_of_the_environment_are_known_beforehand() -> None:
    gate = Gate(("", ""))
    values = {
        "AKOOL_API_KEY": "plainwordkey",
        "REPLICATE_API_TOKEN": "otherplainkey",
        "AKOOL_CLIENT_ID": "AKteINVENTED0001",
        "INVENTED_API_KEY": " thirdplainkey ",
        "TINY_API_KEY": "tiny",
        "PATH": "somewhere",
    }
    redact.register_environment(gate, values)
    shown = gate.text(" ".join(values.values()))
    assert shown == (
        "<secret:akool-api-key#1 len=12> <secret:replicate-api-token#1 len=13> "
        "<id:akool-client-id#1 starts=AKte>  <secret:invented-api-key#1 len=13>  tiny somewhere"
    )


def test_nothing_found_is_no_failure_and_the_copy_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "plain.txt").write_bytes("всё в порядке\r\n".encode("cp1251"))
    code, told = play(str(tmp_path / "plain.txt"))
    assert code is Exit.OK
    assert "does not prove" in told
    copy = tmp_path / "plain.redacted.txt"
    assert copy.read_bytes() == (tmp_path / "plain.txt").read_bytes()


def test_json_output_says_rule_place_and_count(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"api_key": KEY, "password": "inv3nted"}))
    _, told = play(str(tmp_path / "a.json"), as_json=True)
    shown = json.loads(told)
    assert shown["schema"] == "diagnostics.redact/1"
    assert shown["removed"] == 2
    assert {"rule": "named-password", "place": "json", "count": 1} in shown["files"][0]["removed"]
    assert "inv3nted" not in told


def test_an_existing_copy_is_kept_unless_forced(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("new")
    copy = tmp_path / "a.redacted.txt"
    copy.write_text("old")
    with pytest.raises(UsageError) as caught:
        play(str(tmp_path / "a.txt"))
    assert "--force" in str(caught.value.hint)
    assert copy.read_text() == "old"
    play(str(tmp_path / "a.txt"), "--force")
    assert copy.read_text() == "new"


def test_an_input_is_never_overwritten_even_when_forced(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"api_key={KEY}")
    with pytest.raises(UsageError):
        play(str(tmp_path / "a.txt"), "--out", str(tmp_path), "--force")
    assert (tmp_path / "a.txt").read_text() == f"api_key={KEY}"


def test_two_files_of_one_name_do_not_meet_in_one_folder(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text(folder)
    with pytest.raises(UsageError):
        play(str(tmp_path / "x/a.txt"), str(tmp_path / "y/a.txt"), "--out", str(tmp_path / "z"))
    assert not (tmp_path / "z").exists()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("image.png", b"\x89PNG\r\n\x1a\n\0\0", "picture"),
        ("broken.txt", b"\xff\xfea\0b", "binary"),
        ("rows.sqlite", b"SQLite format 3\0\x10\0\x01\x01", "binary"),
        ("clip.mp4", b"\0\0\0\x18ftypmp42\0\0\0\0", "--keep-media"),
        ("half.txt", b"\xff\xfe\x00\xd8", "damaged"),
        ("paper.pdf", b"%PDF-1.7\n%invented\n", "document"),
        ("torn.zip", b"PK\x03\x04 and nothing else", "damaged"),
    ],
)
def test_a_file_that_cannot_be_checked_is_left_out_and_named(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "a.log").write_text("fine")
    code, told = play(*map(str, tmp_path.iterdir()), "--out", str(tmp_path / "clean"))
    assert code is Exit.INCONCLUSIVE
    assert said in told
    assert not (tmp_path / "clean" / name).exists()
    assert (tmp_path / "clean" / "a.log").read_text() == "fine"
    proof = json.loads((tmp_path / "clean" / "certificate.json").read_text())
    assert [one["file"] for one in proof["withheld"]] == [name]


def test_audio_and_video_are_copied_only_when_asked_for(tmp_path: Path) -> None:
    clip = b"\0\0\0\x18ftypmp42\0\0\0\0isommp42"
    (tmp_path / "clip.mp4").write_bytes(clip)
    code, _ = play(str(tmp_path / "clip.mp4"), "--keep-media")
    assert code is Exit.OK
    assert (tmp_path / "clip.redacted.mp4").read_bytes() == clip


def test_media_with_a_known_secret_in_it_is_never_copied(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"\0\0\0\x18ftypmp42\0" + KEY.encode())
    (tmp_path / ".env").write_text(f"AKOOL_API_KEY={KEY}")
    code, told = play(str(tmp_path / "clip.mp4"), str(tmp_path / ".env"), "--keep-media")
    assert code is Exit.INCONCLUSIVE
    assert "known secret" in told
    assert not (tmp_path / "clip.redacted.mp4").exists()


@pytest.mark.parametrize(("name", "said"), [("gone.txt", "cannot read"), (".", "inside")])
def test_what_cannot_be_read_or_placed_is_an_error_before_anything_is_written(
    tmp_path: Path, name: str, said: str
) -> None:
    (tmp_path / "a.log").write_text("fine")
    with pytest.raises(UsageError) as caught:
        play(str(tmp_path / "a.log"), str(tmp_path / name), "--out", str(tmp_path / "clean"))
    assert said in caught.value.message
    assert caught.value.place
    assert caught.value.hint
    assert not (tmp_path / "clean").exists()


def test_a_wide_text_file_is_written_back_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"api_key={KEY}\n", encoding="utf-16")
    play(str(tmp_path / "a.txt"))
    shown = (tmp_path / "a.redacted.txt").read_text(encoding="utf-16")
    assert shown == "api_key=<secret:api-key#1 len=23 ends=01>\n"


def test_yaml_that_unfolds_without_end_is_handled_as_text(tmp_path: Path) -> None:
    rows = ["a0: &a0 [x, x]"] + [
        f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 9) + "]" for n in range(1, 12)
    ]
    (tmp_path / "bomb.yaml").write_text("\n".join([*rows, f"api_key: {KEY}"]))
    play(str(tmp_path / "bomb.yaml"))
    assert KEY not in (tmp_path / "bomb.redacted.yaml").read_text()


def test_a_secret_in_a_file_name_is_not_in_the_name_of_the_copy(tmp_path: Path) -> None:
    source = tmp_path / ("sk-" + "proj-Qz7invent3dKey9xWv2Lp.txt")
    source.write_text("hello")
    play(str(source), "--out", str(tmp_path / "clean"))
    names = sorted(one.name for one in (tmp_path / "clean").iterdir())
    assert names == ["certificate.json", "secret-openai-api-key-1.txt"]


# --- preview, certificate, what is kept on purpose ----------------------------------------------


def test_a_preview_shows_where_what_would_go_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "capture.har").write_text(json.dumps(HAR))
    (tmp_path / "a.log").write_text(f"start\n2026-11-21 calling with api_key={KEY} now\n")
    before = sorted(tmp_path.iterdir())
    code, told = play(str(tmp_path / "capture.har"), str(tmp_path / "a.log"), "--preview")
    assert code is Exit.OK
    assert sorted(tmp_path.iterdir()) == before
    assert "inv3nted" not in told
    assert "log.entries[0].request.headers[0].value" in told
    assert "line 2\n      2026-11-21 calling with api_key=<secret:" in told
    assert f"diagnostics redact {tmp_path}/capture.har {tmp_path}/a.log" in told


def test_a_preview_counts_what_the_copy_then_loses(tmp_path: Path) -> None:
    (tmp_path / "capture.har").write_text(json.dumps(HAR))
    _, before = play(str(tmp_path / "capture.har"), "--preview", as_json=True)
    _, after = play(str(tmp_path / "capture.har"), as_json=True)
    shown, done = json.loads(before), json.loads(after)
    assert shown["preview"] is True
    assert shown["files"][0]["places"]
    assert shown["removed"] == done["removed"] > 0
    assert shown["certificate"] == done["certificate"]
    assert "inv3nted" not in before


def test_a_certificate_lists_the_copies_by_name_only(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(f"api_key={KEY}\n")
    (tmp_path / "b.log").write_text("nothing\n")
    _, told = play(str(tmp_path / "a.log"), str(tmp_path / "b.log"))
    place = tmp_path / "a.redacted.log.certificate.json"
    assert str(place) in told
    proof = json.loads(place.read_text())
    assert proof["schema"] == "diagnostics.certificate/1"
    assert [one["copy"] for one in proof["files"]] == ["a.redacted.log", "b.redacted.log"]
    assert proof["removed_total"] == 1
    assert KEY not in place.read_text()
    assert str(tmp_path) not in place.read_text()


def test_a_folder_is_previewed_file_by_file(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "a.log").write_text(f"api_key={KEY}\n")
    (tmp_path / "run" / "b.bin").write_bytes(bytes(range(256)))
    _, told = play(str(tmp_path / "run"), "--preview")
    assert "  run/a.log\n  line 1\n      api_key=<secret:api-key#1 len=23 ends=01>" in told
    _, told = play(str(tmp_path / "run"), "--preview", as_json=True)
    (one,) = json.loads(told)["files"]
    assert [member["file"] for member in one["members"]] == ["run/a.log", "run/b.bin"]
    assert one["members"][1]["withheld"] == "binary"
    assert json.loads(told)["withheld"] == 1


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="neither a file nor a folder"):
        play(str(tmp_path / "pipe"))


def test_a_certificate_replaces_no_file_and_no_copy(tmp_path: Path) -> None:
    (tmp_path / "certificate.json").write_text('{"theirs": 1}')
    play(str(tmp_path / "certificate.json"), "--out", str(tmp_path / "clean"))
    play(str(tmp_path / "certificate.json"), "--out", str(tmp_path / "clean"), "--force")
    copy, proof = sorted((tmp_path / "clean").iterdir(), key=lambda one: len(one.name))
    assert json.loads(copy.read_text()) == {"theirs": 1}
    assert proof.name == "certificate-2.json"
    (tmp_path / "a.log").write_text("hello")
    play(str(tmp_path / "a.log"), "--out", str(tmp_path / "clean"))
    assert json.loads(copy.read_text()) == {"theirs": 1}
    assert (tmp_path / "clean" / "certificate-3.json").exists()


def test_personal_data_is_kept_when_asked_and_the_name_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(f"from jane.doe@corp.dev key api_key={KEY}\n")
    _, told = play(str(tmp_path / "a.log"), "--keep-personal", "--out", str(tmp_path / "clean"))
    assert "Personal data" in told
    shown = (tmp_path / "clean" / "a.with-personal.log").read_text()
    assert "jane.doe@corp.dev" in shown
    assert KEY not in shown
    proof = json.loads((tmp_path / "clean" / "certificate.json").read_text())
    assert proof["kept"] == ["content", "personal"]
    play(str(tmp_path / "a.log"), "--keep-personal")
    assert (tmp_path / "a.redacted.with-personal.log").exists()
    play(str(tmp_path / "a.log"))
    assert "jane.doe" not in (tmp_path / "a.redacted.log").read_text()


def test_prompts_go_when_asked(tmp_path: Path) -> None:
    asked = {"prompt": "A secret product of ours over the sea at dawn", "duration": 5}
    (tmp_path / "call.json").write_text(json.dumps(asked))
    play(str(tmp_path / "call.json"), "--hide-content")
    shown = (tmp_path / "call.redacted.json").read_text()
    assert "product" not in shown
    assert json.loads(shown)["duration"] == 5


def test_no_option_keeps_secrets() -> None:
    parser = argparse.ArgumentParser()
    redact.arguments(parser)
    told = parser.format_help()
    flags = {"--out", "--preview", "--force", "--hide-content", "--list-rules", "--help"}
    flags |= {"--keep-personal", "--keep-media"}
    assert set(re.findall(r"--[a-z-]+", told)) == flags


def test_the_rules_of_the_gate_are_listed() -> None:
    code, told = play("--list-rules")
    assert code is Exit.OK
    assert "jwt" in told
    assert "webhook-secret" in told
    _, told = play("--list-rules", as_json=True)
    assert {"id": "aws-key-id", "kind": "aws-key-id"}.items() <= json.loads(told)["rules"][
        [rule["id"] for rule in json.loads(told)["rules"]].index("aws-key-id")
    ].items()


@pytest.mark.parametrize(
    ("before", "after", "format_", "shown"),
    [
        ("same", "same", "text", []),
        ("a\nb K\n", "a\nb <secret:jwt#1>\n", "text", [("line 2", "b <secret:jwt#1>")]),
        ("a\nK\nK\nb\n", "a\n<secret:x#1>\nb\n", "text", [("line 2 of the copy", "<secret:x#1>")]),
        ('{"a b":[0,"K"]}', '{"a b":[0,"<user>"]}', "json", [("['a b'][1]", "<user>")]),
        ('"K"', '"<user>"', "json", [(".", "<user>")]),
        ('{"torn": K', '{"torn": <user>', "har", [("line 1", '{"torn": <user>')]),
        ('{"a":"K"}', '{"a":7}', "json", [("a", "7")]),
        ("K" * 99, "x" * 99, "text", [("line 1", "x" * 64 + "…")]),
        (
            "K " + "y" * 99 + " K",
            "<user> " + "y" * 99 + " <host>",
            "text",
            [("line 1", "<user> " + "y" * 31 + "…"), ("line 1", "…" + "y" * 31 + " <host>")],
        ),
        (
            "K" + "y" * 40 + "K" + "z" * 99,
            "<user>" + "y" * 40 + "<host>" + "z" * 99,
            "text",
            [("line 1", "<user>" + "y" * 40 + "<host>" + "z" * 32 + "…")],
        ),
        ("K K K", "<user> <host> <user>", "text", [("line 1", "<user> <host> <user>")]),
    ],
)
def test_a_preview_shows_the_surroundings_of_each_place(
    before: str, after: str, format_: str, shown: list[tuple[str, str]]
) -> None:
    assert [(hit.where, hit.shown) for hit in hits(before, after, format_)] == shown


def test_a_preview_says_how_many_places_it_does_not_show(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(f"api_key={KEY}\n" * 40)
    _, told = play(str(tmp_path / "a.log"), "--preview")
    assert "… and 28 more (-v shows all)" in told
    assert told.count("line ") == 12


def test_it_speaks_russian(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.log").write_text(f"api_key={KEY}\n")
    (tmp_path / "clip.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(3 << 20))
    words = ["redact", str(tmp_path / "a.log"), str(tmp_path / "clip.mp4"), "--lang", "ru"]
    assert main([*words, "--preview"]) == Exit.INCONCLUSIVE
    told = capsys.readouterr().out
    assert "станет" in told
    assert "строка 1" in told
    assert "Ничего не записано" in told
    assert main(words) == Exit.INCONCLUSIVE
    told = capsys.readouterr().out
    assert "убрано 1" in told
    assert "не скопировано, звук или видео" in told
    assert said_size(3 << 20, "ru") == "3 МБ"
    assert said_size(1300, "ru") == "1,3 КБ"
    assert said_size(0, "en") == "0 bytes"


def test_without_a_file_there_is_nothing_to_do() -> None:
    with pytest.raises(UsageError, match="name a file"):
        play()


def test_a_tape_is_cleaned_by_its_parts_and_stays_a_tape(tmp_path: Path) -> None:
    answer = {"status": 200, "headers": [["Set-Cookie", "sid=inv3nted-cookie"]]}
    packed = base64.b64encode(b"\xff" + f'{{"api_key":"{KEY}"}}'.encode()).decode()
    lines = [
        {"schema": "diagnostics.tape/1", "case": {"target": {"kind": "live"}}},
        {
            "n": 0,
            "request": {
                "method": "GET",
                "url": "https://api.test/a",
                "headers": [["X-Api-Key", "inv3nted-key-0002"]],
                "body64": packed,
            },
            "answer": answer,
        },
        {"intent": {"request": {"method": "GET", "url": "https://h.test/"}, "answer": answer}},
    ]
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    odd: dict[str, Json] = {"request": {"headers": {"a": "b"}, "body64": f"{KEY}AA"}}
    odd["answer"] = {"body": json.dumps({"clientSecret": KEY, "ok": 1}), "headers": []}
    text += json.dumps(odd) + "\n"
    (tmp_path / "tape.jsonl").write_text(text + '{"n": 2, "torn')
    play(str(tmp_path / "tape.jsonl"))
    shown = (tmp_path / "tape.redacted.jsonl").read_text()
    made = [json.loads(line) for line in shown.splitlines()[:3]]
    assert "inv3nted" not in shown
    assert made[0] == lines[0]
    assert made[1]["request"]["headers"] == [["X-Api-Key", "<secret:api-key#1 len=17>"]]
    assert KEY.encode() not in base64.b64decode(made[1]["request"]["body64"])
    assert made[2]["intent"]["answer"]["headers"][0][1].startswith("sid=<secret:cookie")
    assert json.loads(json.loads(shown.splitlines()[3])["answer"]["body"])["ok"] == 1
    assert shown.endswith('{"n": 2, "torn')
