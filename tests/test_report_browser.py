"""What does a real browser make of the page?"""

import subprocess
from pathlib import Path

import pytest
from PIL import Image

from reports.render import render
from tests import sample_report as sample

pytestmark = pytest.mark.browser

COMPLAINTS = ("CONSOLE", "Content Security Policy", "Refused to")


class Browser:
    """One headless Chromium a call, with a profile of its own."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program, self.folder = program, folder

    def page(self, name: str, language: str) -> str:
        file = self.folder / "report.html"
        text = render(sample.EVERY[name](), sample.contract(), format="html", language=language)
        file.write_text(text, "utf-8")
        return file.as_uri()

    def open(self, address: str, *options: str) -> str:
        """Everything the browser had to say."""
        done = subprocess.run(
            [
                self.program,
                *("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                *("--enable-logging=stderr", "--v=0", "--disable-background-networking"),
                f"--user-data-dir={self.folder / 'profile'}",
                *options,
                address,
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stderr + done.stdout

    def picture(self, address: str, *options: str) -> tuple[str, Image.Image]:
        file = self.folder / "shot.png"
        said = self.open(address, "--window-size=1180,1500", f"--screenshot={file}", *options)
        return said, Image.open(file).convert("RGB")


@pytest.fixture
def browser(chromium: str, tmp_path: Path) -> Browser:
    return Browser(chromium, tmp_path)


def _colours(image: Image.Image) -> int:
    return len(set(image.get_flattened_data()))


def _brightness(image: Image.Image) -> float:
    values = image.convert("L").resize((1, 1)).getpixel((0, 0))
    assert isinstance(values, int)
    return values / 255


def test_the_page_opens_without_a_complaint_and_shows_something(browser: Browser) -> None:
    said, shot = browser.picture(browser.page("incident", "ru"))

    assert not [word for word in COMPLAINTS if word in said], said
    assert _colours(shot) > 100
    assert _brightness(shot) > 0.85


def test_the_page_turns_dark_where_the_reader_likes_it(browser: Browser) -> None:
    dark = ("--force-dark-mode", "--blink-settings=preferredColorScheme=0")
    said, shot = browser.picture(browser.page("hostile", "en"), *dark)

    assert not [word for word in COMPLAINTS if word in said], said
    assert _colours(shot) > 100
    assert _brightness(shot) < 0.25


def test_a_style_from_elsewhere_would_be_noticed(browser: Browser) -> None:
    address = browser.page("healthy", "en")
    file = browser.folder / "report.html"
    file.write_text(file.read_text("utf-8").replace("<h1>", '<h1 style="color:red">'), "utf-8")

    assert "Content Security Policy" in browser.open(address, "--dump-dom")


def test_the_page_prints(browser: Browser) -> None:
    file = browser.folder / "report.pdf"
    said = browser.open(browser.page("media", "ru"), f"--print-to-pdf={file}")

    assert not [word for word in COMPLAINTS if word in said], said
    assert file.read_bytes().startswith(b"%PDF")
    assert file.stat().st_size > 20_000
