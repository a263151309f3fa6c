"""In what world do the tests run? No stray credentials, and nothing left out in silence."""

import os
import shutil

import pytest
from hypothesis import settings

OFF = {
    "live": "it talks to a provider: ask for it with --live",
    "spends": "it costs credits: ask for it with --spends",
}
_OURS = ("AKOOL_", "HEYGEN_", "REPLICATE_", "OPENAI_")
_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANGUAGE", "NO_COLOR", "FORCE_COLOR", "COLUMNS")
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

settings.register_profile("suite", deadline=None, database=None, print_blob=True)
settings.load_profile("suite")


def browser() -> str | None:
    """Path of a Chromium, if there is one."""
    return next(filter(None, map(shutil.which, _BROWSERS)), None)


def pytest_addoption(parser: pytest.Parser) -> None:
    for name in OFF:
        parser.addoption(f"--{name}", action="store_true", help=f"run tests marked {name}")


def pytest_configure(config: pytest.Config) -> None:
    """The developer's own keys, proxies and locale must not decide a test."""
    for name in list(os.environ):
        if name.startswith(_OURS) or name in _LOCALE or name.lower().endswith("_proxy"):
            del os.environ[name]
    os.environ["LANG"] = "C.UTF-8"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        for name, why in OFF.items():
            if item.get_closest_marker(name) and not config.getoption(name):
                item.add_marker(pytest.mark.skip(reason=why))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("browser") and browser() is None:
        if os.environ.get("CI"):
            pytest.fail("CI has no Chromium, and this test needs one", pytrace=False)
        pytest.skip("it needs Chromium: apt-get install chromium")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name every test that was left out, and why."""
    left_out = terminalreporter.stats.get("skipped", [])
    if left_out:
        terminalreporter.section("left out")
    for report in left_out:
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        terminalreporter.write_line(f"{report.nodeid}: {str(why).removeprefix('Skipped: ')}")


@pytest.fixture(scope="session")
def chromium() -> str:
    """A Chromium to start with `--headless --no-sandbox --disable-gpu`; mark the test `browser`."""
    found = browser()
    assert found, "mark the test with pytest.mark.browser"
    return found
