"""What does a real browser make of the page of a load?"""

from pathlib import Path

import pytest

from reports.document import document
from reports.load_document import pictures, with_load
from reports.render import rendered
from tests import sample_load as sample
from tests.sample_report import contract
from tests.test_report_browser import COMPLAINTS, Browser

pytestmark = pytest.mark.browser


@pytest.fixture
def browser(chromium: str, tmp_path: Path) -> Browser:
    return Browser(chromium, tmp_path)


def page(folder: Path, language: str) -> str:
    load, report = sample.breaking(), sample.report()
    made = with_load(document(report, contract(), language=language), load, report, contract())
    file = folder / "report.html"
    text = rendered(made, format="html", charts=pictures(load, contract(), language))
    file.write_text(text, "utf-8")
    return file.as_uri()


def test_the_page_of_a_load_opens_without_a_complaint_and_draws(browser: Browser) -> None:
    said, shot = browser.picture(page(browser.folder, "ru"))

    assert not [word for word in COMPLAINTS if word in said], said
    assert len(set(shot.get_flattened_data())) > 150


def test_the_charts_have_their_colours_in_the_dark_too(browser: Browser) -> None:
    dark = ("--force-dark-mode", "--blink-settings=preferredColorScheme=0")
    said, shot = browser.picture(page(browser.folder, "en"), "--window-size=1180,2600", *dark)
    drawn = set(shot.crop((120, 1100, 1100, 2600)).get_flattened_data())

    assert not [word for word in COMPLAINTS if word in said], said
    assert (255, 138, 126) in drawn  # failures, in the red of the dark page
    assert shot.getpixel((5, 2000)) == (15, 18, 23)


def test_the_page_of_a_load_prints(browser: Browser) -> None:
    file = browser.folder / "report.pdf"
    said = browser.open(page(browser.folder, "en"), f"--print-to-pdf={file}")

    assert not [word for word in COMPLAINTS if word in said], said
    assert file.stat().st_size > 50_000
