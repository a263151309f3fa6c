"""Is every format readable, complete and inert?"""

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from diagnostics.errors import UsageError
from diagnostics.model import LANGUAGES
from reports.document import document
from reports.markdown import fenced, md
from reports.render import formats, render, rendered
from tests import sample_report as sample

CONTRACT = sample.contract()
GOLDEN = Path(__file__).with_name("golden")
SEED_TITLES = [
    "=== ОТЧЕТ ОБ ОШИБКЕ AKOOL API ===",
    "=== ПАРАМЕТРЫ ЗАПРОСА ===",
    "=== ОТВЕТ API ===",
    "=== СИСТЕМНАЯ ИНФОРМАЦИЯ ===",
    "=== РЕКОМЕНДАЦИИ ===",
]
SEED_FIELDS = [
    "Время: ",
    "Код ошибки: ",
    "Сообщение: ",
    "Client ID: ",
    "Base URL: ",
    "Endpoint: ",
    "Python версия: ",
    "OS: ",
    "1. ",
]


def page(name: str, language: str = "en") -> str:
    return render(sample.EVERY[name](), CONTRACT, format="html", language=language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sample.EVERY)
@pytest.mark.parametrize("format_name", formats())
def test_every_format_renders_every_sample_with_no_undefined_name(
    format_name: str, name: str, language: str
) -> None:
    text = render(sample.EVERY[name](), CONTRACT, format=format_name, language=language)

    assert text.endswith("\n")
    assert "\x1b" not in text
    assert text.encode()


def test_a_format_is_one_template_file(tmp_path: Path) -> None:
    (tmp_path / "report.csv.jinja").touch()

    assert formats(tmp_path) == ("csv", "json")
    assert formats() == ("html", "json", "md", "txt")


def test_an_unknown_format_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="'pdf'") as error:
        render(sample.healthy(), CONTRACT, format="pdf", language="en")

    assert error.value.hint == "formats: html, json, md, txt"


# --- text -------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["incident", "media"])
def test_the_text_report_reads_as_it_was_approved(name: str, language: str) -> None:
    text = render(sample.EVERY[name](), CONTRACT, format="txt", language=language)

    assert text == (GOLDEN / f"report.{name}.{language}.txt").read_text("utf-8")


def test_the_russian_text_keeps_the_layout_of_the_notes() -> None:
    lines = render(sample.media_incident(), CONTRACT, format="txt", language="ru").splitlines()
    titles = [line for line in lines if line.startswith("===")]
    places = [next(n for n, line in enumerate(lines) if line.startswith(f)) for f in SEED_FIELDS]

    assert [title for title in titles if title in SEED_TITLES] == SEED_TITLES
    assert places == sorted(places)
    assert [line.partition(":")[0] for line in lines[1:4]] == ["Время", "Код ошибки", "Сообщение"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_symptom_blame_target_and_question_are_among_the_first_lines(language: str) -> None:
    made = document(sample.media_incident(), CONTRACT, language=language)
    for name, lines in (("txt", 11), ("md", 8)):
        head = "\n".join(rendered(made, format=name).splitlines()[:lines]).replace("\\", "")

        assert made["symptom"] in head
        assert made["headline"]["odds"] in head
        assert made["headline"]["answered"] in head
        assert made["question"] in head


def test_the_english_text_is_seven_bit_when_the_data_are() -> None:
    assert render(sample.incident(), CONTRACT, format="txt", language="en").isascii()


# --- the page ---------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a browser would make of the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.mark.parametrize("name", sample.EVERY)
def test_the_page_has_no_script_no_inline_style_and_no_outside_address(name: str) -> None:
    seen = Page(page(name))
    attributes = [(tag, key, value) for tag, attrs in seen.tags for key, value in attrs.items()]

    assert not {tag for tag, _ in seen.tags} & {"script", "img", "iframe", "object", "link", "base"}
    assert not [one for one in attributes if one[1].startswith("on") or one[1] in {"style", "src"}]
    assert all(value.startswith("#") for _, key, value in attributes if key == "href" and value)


def test_a_strangers_text_makes_no_element_of_its_own() -> None:
    hostile, healthy = Page(page("hostile")), Page(page("incident"))
    known = {tag for tag, _ in healthy.tags} | {"b"}

    assert {tag for tag, _ in hostile.tags} <= known
    assert "<script>alert(1)</script>" in "".join(hostile.text)


def test_the_policy_allows_exactly_the_style_sheet_inside() -> None:
    text = page("incident")
    style = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    assert policy
    digest = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()

    assert len(style) == 1
    assert policy[1].startswith(f"default-src 'none'; style-src 'sha256-{digest}'")
    assert text.index(policy[0]) < text.index("<style>")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_names_its_language_and_what_it_is_about(language: str) -> None:
    text = page("media", language)
    made = document(sample.media_incident(), CONTRACT, language=language)

    assert f'<html lang="{language}">' in text
    assert f"<title>AKOOL: {made['headline']['sentence']}</title>" in text


def test_verdict_comes_first_then_what_to_do_then_the_timeline() -> None:
    text = page("incident")
    marks = ["<h1>", "What to do", "<svg class=", "The request", "Findings", "Reproduction"]
    places = [text.index(mark, text.index("<body")) for mark in marks]

    assert places == sorted(places)


def test_the_picture_tells_its_story_without_colour() -> None:
    seen = Page(page("incident"))
    pictures = [attrs for tag, attrs in seen.tags if attrs.get("role") == "img"]
    text = "".join(seen.text)

    assert [one["aria-labelledby"] for one in pictures] == [
        "wide-title wide-desc",
        "narrow-title narrow-desc",
    ]
    assert {"wide-title", "wide-desc"} <= {attrs.get("id") for _, attrs in seen.tags}
    for words in ("attempt 4", "poll ×40", "2 processing", "connection was reset", "4 failed"):
        assert words in text


def test_every_link_leads_to_a_line_of_the_page() -> None:
    for name in sample.EVERY:
        seen = Page(page(name))
        ids = {attrs["id"] for _, attrs in seen.tags if "id" in attrs}
        links = {attrs["href"] for tag, attrs in seen.tags if tag == "a"}

        assert {f"#{one}" for one in ids} >= links


# --- Markdown ---------------------------------------------------------------------------------


def test_a_strangers_text_marks_nothing_up_in_an_issue() -> None:
    text = render(sample.hostile(), CONTRACT, format="md", language="en")
    blocks = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    inline = [token for block in blocks for token in (block.children or [])]

    kinds = {token.type for token in (*blocks, *inline)}
    assert not kinds & {"html_block", "html_inline", "link_open", "image"}
    assert sum(token.type == "fence" for token in blocks) == 6


def test_a_body_cannot_close_its_own_code_block() -> None:
    text = fenced("```\n# forged\n````")
    blocks = MarkdownIt("commonmark").parse(text)

    assert [token.type for token in blocks] == ["fence"]
    assert blocks[0].content == "```\n# forged\n````\n"


def test_nobody_is_mentioned_and_no_issue_is_linked_by_accident() -> None:
    text = md("@octocat saw #12, GH-3 and https://x.test, mail a@b.test")

    assert not re.search(r"(?<!\w)@\w|#\d|GH-\d|https://", text)
    assert "a@b.test" in text


def test_every_row_of_the_table_has_five_cells() -> None:
    for name in ("incident", "hostile"):
        text = render(sample.EVERY[name](), CONTRACT, format="md", language="ru")
        blocks = MarkdownIt("commonmark").enable("table").parse(text)
        rows = sum(token.type == "tr_open" for token in blocks)
        cells = sum(token.type in {"td_open", "th_open"} for token in blocks)

        assert rows > 2
        assert cells == 5 * rows


def test_the_markdown_has_no_two_empty_lines_in_a_row() -> None:
    text = render(sample.incident(), CONTRACT, format="md", language="en")

    assert "\n\n\n" not in text
