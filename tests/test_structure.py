"""Does the tree keep the promises of ARCHITECTURE.md? Each failure names the offender."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from statistics import median
from string import Formatter

import pytest

from diagnostics import __version__
from diagnostics.cli import discover, main
from diagnostics.errors import LeakError
from diagnostics.finding import Rule
from diagnostics.redact import Gate
from tests import readme_help

ROOT = Path(__file__).parent.parent
OURS = ("diagnostics", "scenarios", "reports")
HEAVY = {
    "asyncio",
    "av",
    "cryptography",
    "dataclasses",
    "httpx",
    "jinja2",
    "jsonschema_rs",
    "locust",
    "PIL",
    "pytest",
    "rich",
    "uvicorn",
    "vcr",
    "yaml",
}
OUTSIDE = {
    "aiohttp",
    "asyncio",
    "ftplib",
    "http.client",
    "httpx",
    "requests",
    "socket",
    "ssl",
    "subprocess",
    "time",
    "urllib.request",
    "urllib3",
}
"""Network, clock and event loop: only drivers and the emulator may meet them."""
PURE = ("diagnostics.judge", "diagnostics.blame", "diagnostics.answers", "diagnostics.check")
BARRED_NAMES = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc"}
REGISTRIES = re.compile(
    "|".join(
        (
            r"pypi\.(org|python)",
            r"python" + r"hosted",
            r"npm" + r"js\.(org|com)",
            r"deb\.debian" + r"\.org",
            r"--(extra-)?index" + r"-url[ =]\S",
            r"--find" + r"-links[ =]\S",
            r"--trusted" + r"-host[ =]\S",
        )
    )
)


# --- reading the tree -------------------------------------------------------------------------


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of ours by its dotted name."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): ast.parse(
            path.read_text("utf-8"), str(path)
        )
        for folder in OURS
        for path in sorted((ROOT / folder).rglob("*.py"))
    }


def imports(name: str) -> set[str]:
    """Every module that a module names in an import, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(modules()[name]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{name} imports relatively"
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def inside(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def functions() -> Iterator[tuple[str, int]]:
    """Every function of ours and its length in lines."""
    for name, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno
                yield f"{name}.{node.name}", node.end_lineno - node.lineno + 1


@cache
def tracked() -> tuple[Path, ...]:
    """Every text file of the tree that belongs to it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False
    ).stdout.split(b"\0")
    paths = [ROOT / name.decode() for name in listed if name]
    return tuple(path for path in paths if path.is_file() and b"\0" not in path.read_bytes())


def loaded_by(code: str) -> set[str]:
    """Which modules a fresh interpreter holds after running some code."""
    told = f"import sys\n{code}\nprint('\\n'.join(sys.modules), file=sys.stderr)"
    ended = subprocess.run(
        [sys.executable, "-c", told], cwd=ROOT, capture_output=True, check=True, timeout=60
    )
    return set(ended.stderr.decode().split())


# --- arrows -----------------------------------------------------------------------------------


def test_the_nouns_import_nothing_of_ours() -> None:
    assert not [found for found in imports("diagnostics.model") if inside(found, *OURS)]


def test_the_library_imports_neither_scenarios_nor_reports_nor_the_command_line() -> None:
    barred = ("scenarios", "reports", "diagnostics.cli")
    offenders = {
        name: wrong
        for name in modules()
        if inside(name, "diagnostics") and not inside(name, "diagnostics.cli")
        if (wrong := {found for found in imports(name) if inside(found, *barred)})
    }
    assert not offenders


@pytest.mark.parametrize(("package", "other"), [("scenarios", "reports"), ("reports", "scenarios")])
def test_scenarios_and_reports_know_neither_each_other_nor_the_command_line(
    package: str, other: str
) -> None:
    offenders = {
        name: wrong
        for name in modules()
        if inside(name, package)
        if (wrong := {found for found in imports(name) if inside(found, other, "diagnostics.cli")})
    }
    assert not offenders


def test_scenarios_and_judges_meet_neither_network_nor_clock() -> None:
    offenders = {
        name: wrong
        for name in modules()
        if inside(name, "scenarios") or name.startswith(PURE)
        if (wrong := imports(name) & OUTSIDE)
    }
    assert not offenders


def test_scenarios_and_judges_reach_no_driver_through_others() -> None:
    names = [name for name in modules() if inside(name, "scenarios") or name in PURE]
    loaded = loaded_by("\n".join(f"import {name}" for name in names))
    values = {"diagnostics.drive", "diagnostics.drive.policy"}  # a policy is a value
    drivers = {name for name in loaded if inside(name, "diagnostics.drive", "diagnostics.emulator")}
    assert not drivers - values
    assert not loaded & {"httpx", "asyncio", "uvicorn"}


def test_scenarios_do_not_import_each_other() -> None:
    names = set(discover.scenario_names())
    offenders = {
        name: wrong
        for name in modules()
        if inside(name, "scenarios")
        if (wrong := {f for f in imports(name) if f.removeprefix("scenarios.") in names} - {name})
    }
    assert not offenders


# --- start-up ---------------------------------------------------------------------------------


def test_help_loads_nothing_heavy() -> None:
    loaded = loaded_by("from diagnostics.cli import main\nmain.main(['--help'])")
    assert "diagnostics.cli.main" in loaded
    assert not loaded & HEAVY


def test_a_list_of_codes_loads_neither_media_library_nor_client_nor_rich() -> None:
    loaded = loaded_by("from diagnostics.cli import main\nmain.main(['list', 'codes', '--json'])")
    assert not loaded & (HEAVY - {"dataclasses"} - {"yaml", "jsonschema_rs"})


# --- sizes, names, words ----------------------------------------------------------------------


def test_the_median_function_has_ten_lines_at_most() -> None:
    assert median(length for _name, length in functions()) <= 10


def test_no_function_has_more_than_fifty_lines() -> None:
    assert not {name: length for name, length in functions() if length > 50}


def test_no_module_has_more_than_four_hundred_lines() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for folder in (*OURS, "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
    }
    assert not {name: length for name, length in lengths.items() if length > 400}


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert not [name for name in modules() if BARRED_NAMES & set(re.split(r"[._]", name))]


def test_every_module_opens_with_a_docstring() -> None:
    paths = [path for path in tracked() if path.suffix == ".py"]
    assert paths
    assert not [
        str(path.relative_to(ROOT))
        for path in paths
        if not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]


def test_every_exception_to_the_linters_says_why() -> None:
    bare = re.compile(r"#\s*(noqa(:\s*[A-Z0-9, ]+)?|type:\s*ignore(\[[^\]]*\])?)\s*$")
    offenders = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked()
        if path.suffix == ".py"
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if bare.search(line)
    ]
    assert not offenders


# --- commands, rules, scenarios ---------------------------------------------------------------


@pytest.mark.parametrize("name", main.COMMANDS)
def test_every_command_binds_its_arguments_and_its_main(name: str) -> None:
    module = main.load(name)
    assert callable(module.arguments)
    assert callable(module.main)
    assert name in main.EXAMPLES


def patched(name: str) -> bool:
    """It brings Locust, which replaces half of the standard library of whoever imports it."""
    seen: set[str] = set()
    left = [name]
    while left:
        here = left.pop()
        if inside(here, "locust", "gevent"):
            return True
        if here in modules() and here not in seen:
            seen.add(here)
            left += top_imports(here)
    return False


@cache
def top_imports(name: str) -> frozenset[str]:
    """What importing a module imports at once."""
    found: set[str] = set()
    for node in modules()[name].body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


@cache
def every_rule() -> tuple[tuple[str, Rule], ...]:
    """Each `Rule` that any module binds, by itself or in a tuple or mapping, with its home."""
    found: dict[int, tuple[str, Rule]] = {}
    for name in modules():
        if inside(name, "diagnostics.cli.main", "diagnostics.emulator") or patched(name):
            continue
        for value in vars(import_module(name)).values():
            for rule in _rules_of(value):
                found.setdefault(id(rule), (name, rule))
    return tuple(found.values())


def _rules_of(value: object) -> list[Rule]:
    if isinstance(value, dict):
        value = tuple(value.values())
    if not isinstance(value, tuple | list):
        value = (value,)
    return [one for one in value if isinstance(one, Rule)]


def test_rule_codes_are_unique_lower_case_and_hyphened() -> None:
    homes: dict[str, list[str]] = {}
    for home, rule in every_rule():
        homes.setdefault(rule.code, []).append(home)
    assert not {code: names for code, names in homes.items() if len(names) > 1}
    assert not [code for code in homes if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", code)]


def test_every_rule_can_be_listed_and_explained() -> None:
    known = discover.rules()
    assert not {rule.code: home for home, rule in every_rule() if rule.code not in known}


def test_every_rule_speaks_both_languages_about_the_same_facts() -> None:
    offenders = []
    for home, rule in every_rule():
        for text in (rule.says, rule.remedy):
            places = [_places(text.en), _places(text.ru)]
            same = {p.removesuffix("_en") for p in places[0]} == {
                p.removesuffix("_ru") for p in places[1]
            }
            if not (text.en.strip() and text.ru.strip() and same):
                offenders.append(f"{home}: {rule.code}")
    assert not offenders


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_russian_sentences_are_russian() -> None:
    assert not [
        f"{home}: {rule.code}"
        for home, rule in every_rule()
        if not re.search(r"[а-яё]", _bare(rule.says.ru))
        and re.search(r"[a-z]", _bare(rule.says.ru))
    ]


def _bare(text: str) -> str:
    return re.sub(r"\{\w+\}", "", text)


# --- what is published ------------------------------------------------------------------------


def test_the_readme_shows_real_help_real_output_and_the_real_faults() -> None:
    text = readme_help.README.read_text("utf-8")
    assert readme_help.helped(text) == ["", *main.COMMANDS]
    assert readme_help.filled(text) == text, "run: make docs"


def test_the_changelog_opens_with_this_version() -> None:
    first = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert first
    assert first[1] == __version__


def test_every_test_that_the_architecture_page_names_exists() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    named = re.findall(r"`(tests/\w+\.py)(?:::(\w+))?`", page)
    assert len(named) > 5
    offenders = [
        f"{path}::{test}"
        for path, test in named
        if not (ROOT / path).is_file() or (test and f"def {test}(" not in (ROOT / path).read_text())
    ]
    assert not offenders


LOCKS = {
    "requirements.lock": ("", "dev"),
    "tests/recorders/recorders.lock": ("recorders",),
}
"""What each lock must hold: groups of pyproject.toml; empty: the dependencies and the back end."""


@pytest.mark.parametrize("name", LOCKS)
def test_the_lock_pins_everything_that_is_asked_for_with_hashes(name: str) -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups = asked["dependency-groups"] | {
        "": [*asked["project"]["dependencies"], *asked["build-system"]["requires"]]
    }
    wanted = [one for group in LOCKS[name] for one in groups[group]]
    lock = (ROOT / name).read_text("utf-8")
    pinned = re.findall(r"^([\w.-]+)==\S+ \\\n +--hash=sha256:", lock, re.MULTILINE)
    names = {re.split(r"[\[><=~! ]", one)[0].lower().replace("_", "-") for one in wanted}
    assert not names - {name.lower() for name in pinned}
    assert len(pinned) == lock.count("==")


def test_no_file_names_a_package_registry() -> None:
    offenders = {
        str(path.relative_to(ROOT)): found[0]
        for path in tracked()
        if (found := REGISTRIES.search(path.read_text("utf-8", "replace")))
    }
    assert not offenders


PLANTED = {
    "test_credentials.py",
    "test_redact_command.py",
    "test_redact_gate.py",
    "test_redact_places.py",
    "redaction_set.py",
    "test_redact_rules.py",
}
"""Tests that plant invented keys of real shapes: finding those is their subject."""


def test_no_file_holds_anything_that_looks_like_a_key() -> None:
    offenders = {}
    for path in tracked():
        if path.suffix == ".lock" or "redaction" in path.parts or path.name in PLANTED:
            continue  # hashes; the shapes themselves; what is planted to be found
        try:
            Gate().scan(path.read_bytes(), str(path.relative_to(ROOT)))
        except LeakError as error:
            offenders[str(path.relative_to(ROOT))] = error.message
    assert not offenders
