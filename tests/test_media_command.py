"""Does `diagnostics media` tell a file or address for what it is, and end with the right code?"""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from diagnostics.cli.main import main
from diagnostics.cli.media import verdict_of
from diagnostics.emulator.samples import FOLDER, sample
from diagnostics.finding import Finding, Rule
from diagnostics.inspection import rules as media_rules
from tests.test_media import film

JPEG, CLIP, SILENT = (str(FOLDER / name) for name in ("face.jpg", "clip.mp4", "silent.mp4"))


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """The JSON object of a run, with its exit code as `exit`."""

    def run(*arguments: str) -> dict[str, Any]:
        code = main(["media", *arguments, "--json"])
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return {**found, "exit": code}

    return run


class Host(BaseHTTPRequestHandler):
    """A media host that redirects, serves, refuses and remembers who asked how."""

    protocol_version = "HTTP/1.1"
    heard: list[dict[str, str]]

    def do_GET(self) -> None:
        self.heard.append({name.lower(): value for name, value in self.headers.items()})
        status, headers, body = {
            "/face.jpg": (200, {"Content-Type": "image/jpeg"}, sample("face.jpg")),
            "/page": (200, {"Content-Type": "text/html"}, b"<html><body>Sign in</body></html>"),
            "/hop": (302, {"Location": "/face.jpg"}, b""),
            "/circle": (302, {"Location": "/circle2"}, b""),
            "/circle2": (302, {"Location": "/circle"}, b""),
        }.get(self.path, (404, {}, b"no"))
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silence."""


@pytest.fixture
def host() -> Iterator[ThreadingHTTPServer]:
    Host.heard = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Host) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def base(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_port}"


# --- files ------------------------------------------------------------------------------------


def test_a_file_is_told_in_one_row_and_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["media", JPEG, CLIP]) == 0
    out = capsys.readouterr().out
    assert "jpeg 512×512, 8.9 kB" in out
    assert "mp4 320×180, 25 fps, h264 + aac, 1 s" in out


def test_a_file_unfit_for_the_parameter_fails_in_both_languages(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wanted = ["media", SILENT, "--for", "createTranslation:url"]
    assert main(wanted) == 1
    assert "no sound track in it, and one is needed → 1203" in capsys.readouterr().out
    assert main([*wanted, "--lang", "ru"]) == 1
    assert "нет звуковой дорожки, а она нужна → 1203" in capsys.readouterr().out


def test_without_a_parameter_the_operations_it_would_break_are_listed(
    told: Callable[..., dict[str, Any]],
) -> None:
    found = told(SILENT)
    assert (found["verdict"], found["exit"]) == ("pass", 0)
    broken = {(b["operation"], b["parameter"]) for b in found["files"][0]["would_break"]}
    assert ("createTranslation", "url") in broken
    assert ("createLipSync", "video_url") in broken
    assert not any(parameter == "audio_url" for _, parameter in broken)


def test_the_object_holds_verdict_blame_findings_and_files(
    told: Callable[..., dict[str, Any]],
) -> None:
    found = told(JPEG, "--for", "createTalkingPhoto:audio_url")
    assert found["schema"] == "diagnostics.media/1"
    assert (found["verdict"], found["blame"], found["exit"]) == ("fail", "media", 1)
    assert [f["code"] for f in found["findings"]] == ["1201"]
    assert found["files"][0]["facts"]["container"] == "jpeg"
    assert found["files"][0]["breaches"][0]["kind"] == "format"


def test_an_index_in_the_parameter_means_any_element(told: Callable[..., dict[str, Any]]) -> None:
    assert told(JPEG, "--for", "createTalkingAvatar:elements[3].url")["exit"] == 0


def test_a_file_with_the_wrong_ending_warns(
    tmp_path: Path, told: Callable[..., dict[str, Any]]
) -> None:
    path = tmp_path / "photo #1.png"
    path.write_bytes(sample("face.jpg"))
    found = told(str(path))
    assert (found["verdict"], found["exit"]) == ("warn", 0)
    assert "media-name-mismatch" in {f["rule"] for f in found["findings"]}


def test_a_saved_error_page_is_recognised_in_a_file(
    tmp_path: Path, told: Callable[..., dict[str, Any]]
) -> None:
    path = tmp_path / "face.jpg"
    path.write_bytes(b"<!DOCTYPE html><title>403</title>")
    found = told(str(path), "--for", "createTalkingPhoto:talking_photo_url")
    assert [f["rule"] for f in found["findings"]] == ["media-web-page"]


def test_what_it_would_break_is_listed_in_words_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["media", SILENT, "http://127.0.0.1:1/x.jpg"]) == 1
    out = capsys.readouterr().out
    assert "silent.mp4 would break documented limits of:" in out
    assert "createTranslation:url  audio no sound track (a sound track) → 1203" in out
    assert "not known" in out


def test_what_is_only_advised_is_marked_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "fast.mov"
    path.write_bytes(film("mov", "mpeg4", frames=60, fps=50))
    main(["media", str(path)])
    assert "fps 50 (≤ 25) (advised)" in capsys.readouterr().out


def found(rule: Rule) -> Finding:
    return Finding(rule=rule)


def test_trouble_of_our_own_network_decides_nothing_about_a_file() -> None:
    assert verdict_of([found(media_rules.PROXY)]) == ("inconclusive", "network")
    assert verdict_of([found(media_rules.NOT_FETCHED)]) == ("inconclusive", "undecided")
    assert verdict_of([found(media_rules.PROXY), found(media_rules.CUT)]) == ("fail", "media")
    assert verdict_of([found(media_rules.SLOW)]) == ("warn", "media")
    assert verdict_of([]) == ("pass", "none")


# --- mistakes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nope.jpg"], ["nope.jpg", "No such file"]),
        (["."], ["not a file"]),
        ([JPEG, "--for", "createTalkingFoto:audio_url"], ["nearest: createTalkingPhoto"]),
        ([JPEG, "--for", "createTalkingPhoto:audio"], ["nearest: audio_url"]),
        ([JPEG, "--for", "createTalkingPhoto:zzz"], ["there are: talking_photo_url, audio_url"]),
        ([JPEG, "--for", "getCredit:url"], ["no media file at all"]),
        ([JPEG, "--for", "createTalkingPhoto"], ["OPERATION:PARAM"]),
        ([JPEG, "--for", ":url"], ["OPERATION:PARAM"]),
        ([], ["FILE|URL"]),
    ],
)
def test_a_mistake_is_named_with_its_remedy(
    arguments: list[str], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["media", *arguments]) == 2
    said = capsys.readouterr().err
    assert all(word in said for word in words)
    assert "Traceback" not in said


# --- addresses --------------------------------------------------------------------------------


def test_an_address_on_this_machine_is_read_but_fails_for_the_provider(
    host: ThreadingHTTPServer, told: Callable[..., dict[str, Any]]
) -> None:
    found = told(f"{base(host)}/face.jpg", "--for", "createTalkingPhoto:talking_photo_url")
    assert (found["verdict"], found["blame"], found["exit"]) == ("fail", "media", 1)
    assert [f["rule"] for f in found["findings"]] == ["media-private-host", "media-fine"]
    assert found["files"][0]["facts"]["width"] == 512


def test_a_redirect_into_our_own_network_is_not_followed_and_a_page_is_told(
    host: ThreadingHTTPServer, told: Callable[..., dict[str, Any]]
) -> None:
    found = told(f"{base(host)}/hop", f"{base(host)}/circle", f"{base(host)}/page")
    rules: dict[str, list[str]] = {"hop": [], "circle": [], "page": []}
    for finding in found["findings"]:
        rules[finding["subject"].rpartition("/")[2]].append(finding["rule"])
    assert rules == {
        "hop": ["media-private-host"],
        "circle": ["media-private-host"],
        "page": ["media-private-host", "media-web-page"],
    }
    assert len(Host.heard) == 3


def test_no_credential_ever_goes_to_a_media_host(
    host: ThreadingHTTPServer,
    told: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AKOOL_API_KEY", "invented-akool-key-0001")
    told(f"{base(host)}/hop")
    assert Host.heard
    assert "invented-akool-key-0001" not in str(Host.heard)
    assert not {"authorization", "x-api-key", "cookie"} & {n for head in Host.heard for n in head}


def test_a_dead_host_and_a_strange_scheme_are_findings_not_errors(
    told: Callable[..., dict[str, Any]],
) -> None:
    found = told("http://127.0.0.1:1/x.jpg", "ftp://cdn.somewhere.org/x.jpg", "file:///etc/passwd")
    assert found["exit"] == 1
    assert {f["rule"] for f in found["findings"]} == {"media-private-host", "media-not-an-address"}
    assert [one["facts"] for one in found["files"]] == [None, None, None]


def test_the_same_source_twice_is_looked_at_once(
    host: ThreadingHTTPServer, told: Callable[..., dict[str, Any]]
) -> None:
    url = f"{base(host)}/face.jpg"
    found = told(url, url, JPEG, JPEG)
    assert len(found["files"]) == 2
    assert len(Host.heard) == 1
