"""How do tests use recordings, and how are scenarios run as tests? The plugin that pytest loads.

    @pytest.mark.cassette("cassettes/healthy.yaml")
    def test_a_video_is_made(tape):
        client = httpx.Client(transport=tape.transport())

    pytest scenarios --diagnostics-target emulator --junitxml=diagnostics.xml

Everybody's pytest loads this module, so it imports pytest alone; what it needs comes when a test
asks for it.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # loaded when the first test asks for the fixture
    from diagnostics.pytesting.tapes import Tape

_MARKER = (
    'cassette(path, record="none", pace=False, max_age=None, strict=False, provider="", '
    "repeat_last=False): play this recording to the clients of the fixture `tape`; record: none, "
    "once (if there is no recording yet), new (what is not in it yet), all (anew); max_age in days"
)
_RECORD = ("none", "once", "new", "all")
_UNPLAYED, _WARNING = "diagnostics-unplayed", "diagnostics-warning"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options, every one with our prefix."""
    group = parser.getgroup("diagnostics", "generative-video APIs: recordings and scenarios")
    add = group.addoption
    add(
        "--diagnostics-target",
        metavar="TARGET",
        help="run scenarios/ as tests against: emulator, live, a base URL, or a recording",
    )
    add("--diagnostics-provider", metavar="NAME", help="of which provider (several: A,B; or all)")
    add("--diagnostics-fault", metavar="NAME|FILE", help="what the emulator plays")
    add("--diagnostics-budget", metavar="N", help="credits that each live run may spend (none)")
    add("--diagnostics-lang", choices=("en", "ru"), help="language of what is told")
    add("--diagnostics-record", choices=_RECORD,
        help="how cassettes are recorded, whatever their markers say")  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker; take the order of a suite, if one is asked for."""
    config.addinivalue_line("markers", _MARKER)
    target = config.getoption("--diagnostics-target")
    if target:
        from diagnostics.pytesting.items import ORDERED  # noqa: PLC0415  # only for a suite
        from diagnostics.pytesting.runs import Ordered  # noqa: PLC0415  # see above

        config.stash[ORDERED] = Ordered(
            target=target,
            fault=config.getoption("--diagnostics-fault"),
            budget=config.getoption("--diagnostics-budget"),
            language=_language(config),
            folder=_session_folder(config),
            place=config.invocation_params.dir,
        )


def pytest_unconfigure(config: pytest.Config) -> None:
    """The runs of a session go with it; workers leave that to their controller."""
    if config.getoption("--diagnostics-target") and not hasattr(config, "workerinput"):
        from diagnostics.pytesting.items import ORDERED  # noqa: PLC0415  # only for a suite

        shutil.rmtree(config.stash[ORDERED].folder, ignore_errors=True)


def _session_folder(config: pytest.Config) -> Path:
    """One folder for all workers of a session; the controller makes it."""
    given = getattr(config, "workerinput", {}).get("diagnostics_folder")
    return Path(given or tempfile.mkdtemp(prefix="diagnostics-"))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Under xdist: tell a worker where the session keeps its runs."""
    if node.config.getoption("--diagnostics-target"):
        from diagnostics.pytesting.items import ORDERED  # noqa: PLC0415  # only for a suite

        node.workerinput["diagnostics_folder"] = str(node.config.stash[ORDERED].folder)


def _language(config: pytest.Config) -> str:
    named = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = "ru" if next(filter(None, named), "").lower().startswith("ru") else "en"
    return config.getoption("--diagnostics-lang") or locale


# --- scenarios as tests -------------------------------------------------------------------------


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A scenario is a test where a target is named; without one it is left alone."""
    if not parent.config.getoption("--diagnostics-target") or file_path.suffix != ".py":
        return None
    from diagnostics.pytesting.items import ScenarioFile, is_scenario  # noqa: PLC0415  # see above

    return ScenarioFile.from_parent(parent, path=file_path) if is_scenario(file_path) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Scenarios run in the order of the suite."""
    if config.getoption("--diagnostics-target"):
        from diagnostics.pytesting.items import in_order  # noqa: PLC0415  # see above

        items[:] = in_order(items)


# --- recordings in tests ------------------------------------------------------------------------


@pytest.fixture
def tape(request: pytest.FixtureRequest, tmp_path: Path) -> "Iterator[Tape]":
    """The recording that the test's marker names; without one, a new one that is not kept."""
    from diagnostics.pytesting.tapes import opened  # noqa: PLC0415  # only who asks for it

    language = _language(request.config)
    mode = request.config.getoption("--diagnostics-record")
    marker = request.node.get_closest_marker("cassette")
    made = opened(marker, request.node.path.parent, tmp_path, language=language, mode=mode)
    request.node.stash[_held()] = made
    yield made
    made.close(failed=bool(getattr(request.node, "diagnostics_failed", False)))


def _held() -> "pytest.StashKey[Tape]":
    from diagnostics.pytesting.tapes import HELD  # noqa: PLC0415  # only who asked for it

    return HELD


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """A request that nothing recorded answers fails its test, whoever caught the exception."""
    try:
        yield
    except BaseException:
        item.diagnostics_failed = True  # type: ignore[attr-defined]  # ours, read by the fixture
        raise
    if "tape" in getattr(item, "fixturenames", ()):
        made = item.stash.get(_held(), None)
        said = made.complaint() if made is not None else ""
        if said:
            item.diagnostics_failed = True  # type: ignore[attr-defined]  # see above
            pytest.fail(said, pytrace=False)
        unplayed = made.unplayed_told() if made is not None else ""
        if unplayed:
            item.user_properties.append((_UNPLAYED, unplayed))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """What passed, and is worth a look all the same."""
    told = [
        f"{report.nodeid}: {value}"
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name in {_UNPLAYED, _WARNING}
    ]
    if not config.getoption("--diagnostics-target") and _meant_scenarios(config):
        told.append("scenarios are tests only with --diagnostics-target emulator|live|URL|FILE")
    if told:
        terminalreporter.section("diagnostics")
        for line in told:
            terminalreporter.write_line(line)


def _meant_scenarios(config: pytest.Config) -> bool:
    """Was the folder of scenarios named, and that only?"""
    place = config.invocation_params.dir
    named = [Path(arg.partition("::")[0]) for arg in config.invocation_params.args if arg]
    ours = [one for one in named if "scenarios" in one.parts and (place / one).exists()]
    if not ours:
        return False
    from diagnostics.pytesting.items import home  # noqa: PLC0415  # see above

    return any(home() in {(place / one).resolve(), (place / one).resolve().parent} for one in ours)
