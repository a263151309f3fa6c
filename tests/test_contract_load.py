"""Does a contract load quickly, and does a broken one say where?"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics import contract_cache
from diagnostics.contract_load import FOLDER, load, providers, read
from diagnostics.errors import ContractError, UsageError

AKOOL = FOLDER / "akool.yaml"
Change = Callable[[Any], object]

SMALL: Any = {
    "openapi": "3.1.0",
    "info": {"title": "Small", "version": "1"},
    "servers": [{"url": "https://api.small.test"}],
    "x-source": "a page",
    "x-provider": {
        "name": "small",
        "title": "Small",
        "host": "https://api.small.test",
        "hosts": ["api.small.test"],
        "support": {},
        "envelopes": {"default": {"code": "code", "success": [0], "message": "text"}},
        "credentials": [{"name": "key", "header": "x-key", "variables": ["SMALL_KEY"]}],
        "roles": {"balance": "getBalance", "balance_field": "left", "example": "getBalance"},
        "identifiers": {},
    },
    "x-errors": {
        "9": {
            "meanings": [{"text": "no", "pages": ["a page"]}],
            "blame": "provider",
            "retry": "never",
            "remedy": {"en": "Wait.", "ru": "Подождите."},
        }
    },
    "paths": {
        "/balance": {
            "get": {
                "operationId": "getBalance",
                "summary": "Balance",
                "x-source": "a page",
                "x-credits": {"free": True},
                "responses": {"200": {"description": "all"}},
            }
        }
    },
}


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def written(folder: Path, document: Any, name: str = "small.yaml") -> Path:
    path = folder / name
    path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), "utf-8")
    return path


def small() -> Any:
    return json.loads(json.dumps(SMALL))


# --- finding ----------------------------------------------------------------------------------


def test_every_yaml_file_beside_the_meta_schema_is_a_provider() -> None:
    assert "akool" in providers()
    assert "extensions.schema" not in providers()


def test_a_contract_is_read_once_a_process() -> None:
    assert load("akool") is load("akool")


def test_an_unknown_provider_names_the_nearest_and_the_list() -> None:
    with pytest.raises(UsageError) as caught:
        load("akol")
    assert "akol" in caught.value.message
    assert caught.value.hint is not None
    assert "nearest: akool" in caught.value.hint
    for name in providers():
        assert name in caught.value.hint


def test_a_name_like_nothing_still_gets_the_list() -> None:
    with pytest.raises(UsageError) as caught:
        load("../../etc/passwd")
    assert "akool" in (caught.value.hint or "")


# --- the cache --------------------------------------------------------------------------------


def test_the_second_reading_says_the_same_as_the_first(cache: Path) -> None:
    first, second = read(AKOOL, cache_folder=cache), read(AKOOL, cache_folder=cache)
    assert (cache / "akool.json").is_file()
    assert dict(first.operations) == dict(second.operations)
    assert first.errors == second.errors
    assert first.envelopes == second.envelopes


def test_a_changed_contract_is_read_anew(tmp_path: Path, cache: Path) -> None:
    document = small()
    assert read(written(tmp_path, document), cache_folder=cache).title == "Small"
    document["x-provider"]["title"] = "Smaller"
    assert read(written(tmp_path, document), cache_folder=cache).title == "Smaller"


@given(rubbish=st.one_of(st.binary(max_size=200), st.just(b"\x00" * 10), st.just(b"{}")))
@settings(max_examples=25)
def test_a_corrupt_cache_counts_as_none(
    tmp_path_factory: pytest.TempPathFactory, rubbish: bytes
) -> None:
    folder = tmp_path_factory.mktemp("cache")
    path = written(folder, SMALL)
    key = contract_cache.key_of(path)
    head = f"{key} {'0' * 64}\n".encode()
    for bytes_of_cache in (rubbish, head + rubbish):
        (folder / "small.json").write_bytes(bytes_of_cache)
        assert contract_cache.fetch(folder, "small", key) is None
        assert read(path, cache_folder=folder).title == "Small"


def test_a_cache_cut_short_is_not_believed(tmp_path: Path, cache: Path) -> None:
    path = written(tmp_path, SMALL)
    read(path, cache_folder=cache)
    kept = cache / "small.json"
    kept.write_bytes(kept.read_bytes()[:-5])
    assert read(path, cache_folder=cache).title == "Small"
    assert json.loads(kept.read_bytes().partition(b"\n")[2])["version"] == "1"


def test_where_no_cache_can_be_written_the_contract_is_read_all_the_same(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("no folder")
    assert read(written(tmp_path, SMALL), cache_folder=in_the_way / "cache").title == "Small"
    assert in_the_way.read_text() == "no folder"


def test_keeping_leaves_no_draft_behind(tmp_path: Path, cache: Path) -> None:
    read(written(tmp_path, SMALL), cache_folder=cache)
    assert [path.name for path in cache.iterdir()] == ["small.json"]


def test_a_draft_that_cannot_become_the_cache_is_taken_away(tmp_path: Path, cache: Path) -> None:
    (cache / "small.json" / "full").mkdir(parents=True)
    assert read(written(tmp_path, SMALL), cache_folder=cache).title == "Small"
    assert [path.name for path in cache.iterdir()] == ["small.json"]


def test_without_a_cache_folder_nothing_is_kept() -> None:
    contract_cache.keep(None, "small", "key", {})
    assert contract_cache.fetch(None, "small", "key") is None


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"XDG_CACHE_HOME": "/var/invented", "HOME": "/home/x"}, "/var/invented"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/home/x"}, "/home/x/.cache"),
        ({"XDG_CACHE_HOME": "", "HOME": "/home/x"}, "/home/x/.cache"),
        ({"HOME": "relative"}, None),
        ({}, None),
    ],
)
def test_the_cache_stands_where_caches_belong(environ: dict[str, str], folder: str | None) -> None:
    wanted = None if folder is None else Path(folder) / "genvideo-diagnostics"
    assert contract_cache.default_folder(environ) == wanted


def test_a_warm_load_takes_less_than_thirty_milliseconds(cache: Path) -> None:
    read(AKOOL, cache_folder=cache)
    best_s = 1.0
    for _ in range(5):
        started = time.perf_counter()
        found = read(AKOOL, cache_folder=cache)
        assert len(list(found.operations.values())) == 58
        best_s = min(best_s, time.perf_counter() - started)
    assert best_s <= 0.03


def test_a_warm_load_reads_no_yaml_and_checks_no_schema(cache: Path) -> None:
    read(AKOOL, cache_folder=cache / "genvideo-diagnostics")
    code = (
        "import sys; from diagnostics.contract_load import load; load('akool');"
        "print([m for m in ('yaml', 'jsonschema_rs', 'asyncio', 'tempfile') if m in sys.modules])"
    )
    environ = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


# --- broken contracts -------------------------------------------------------------------------


def broken(folder: Path, change: Change) -> ContractError:
    document = small()
    change(document)
    with pytest.raises(ContractError) as caught:
        read(written(folder, document), cache_folder=folder / "cache")
    return caught.value


def line(error: ContractError) -> str:
    """The line of the file that the error points at."""
    assert error.place is not None
    path, number, column = error.place.rsplit(":", 2)
    assert int(column) >= 1
    return Path(path).read_text("utf-8").splitlines()[int(number) - 1]


def test_bad_yaml_names_file_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text("openapi: 3.1.0\ninfo: {title: x\nservers: [\n")
    with pytest.raises(ContractError) as caught:
        read(path, cache_folder=tmp_path / "cache")
    assert (caught.value.place or "").startswith(f"{path}:")
    assert (caught.value.place or "").count(":") == 2


def operation(document: Any) -> Any:
    return document["paths"]["/balance"]["get"]


def _second(document: Any) -> None:
    document["paths"]["/again"] = {"get": dict(operation(document))}


def _circle(document: Any) -> None:
    schemas = {"Egg": {"$ref": "#/components/schemas/Hen"}}
    schemas["Hen"] = {"properties": {"egg": {"$ref": "#/components/schemas/Egg"}}}  # type: ignore[dict-item]  # schemas nest
    document["components"] = {"schemas": schemas}


def _job(document: Any) -> None:
    operation(document)["x-job"] = {
        "family": "x",
        "id": ["id"],
        "read": "getNothing",
        "read_in": "query",
        "read_name": "id",
        "status": ["status"],
        "states": {"1": {"name": "done", "kind": "done"}},
        "output": ["url"],
    }


@pytest.mark.parametrize(
    ("change", "says", "at"),
    [
        (lambda d: d["x-errors"]["9"].update(blame="nobody"), "x-errors.9.blame", "nobody"),
        (lambda d: d["x-errors"]["9"].pop("remedy"), "x-errors.9", "meanings"),
        (lambda d: d["x-errors"]["9"]["remedy"].update(ru="Wait."), "remedy.ru", "Wait."),
        (lambda d: d.pop("x-source"), "x-source", "openapi"),
        (lambda d: d.update({"x-odd": 1}), "x-odd", "openapi"),
        (lambda d: operation(d).pop("x-credits"), "x-credits", "operationId"),
        (lambda d: operation(d).update({"x-credits": {}}), "x-credits", "x-credits"),
        (lambda d: operation(d).update({"x-odd": 1}), "x-odd", "x-odd"),
        (lambda d: operation(d).update({"x-envelope": "odd"}), "no envelope", "x-envelope"),
        (lambda d: operation(d).update({"x-codes": {"8": "eh"}}), "does not explain 8", "8"),
        (lambda d: operation(d).update({"x-job": {"$ref": "#/nowhere"}}), "names nothing", "$ref"),
        (lambda d: operation(d).update({"x-job": {"$ref": "other.yaml"}}), "other.yaml", "$ref"),
        (lambda d: d["x-provider"]["roles"].update(token="getTokn"), "getTokn", "getTokn"),
        (lambda d: d["info"].update(version=1.5), "info.version", "1.5"),
        (_job, "getNothing", "family"),
        (_second, "stands twice", "getBalance"),
        (_circle, "too deep", "$ref"),
    ],
)
def test_a_broken_contract_points_at_the_line(
    tmp_path: Path, change: Change, says: str, at: str
) -> None:
    error = broken(tmp_path, change)
    assert says in error.message
    assert at in line(error)
    assert "extensions.schema.yaml" in (error.hint or "")


def test_a_date_without_quotes_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, SMALL)
    path.write_text(path.read_text("utf-8").replace("version: '1'", "version: 2026-01-27"), "utf-8")
    with pytest.raises(ContractError, match="put it in quotes") as caught:
        read(path, cache_folder=tmp_path / "cache")
    assert "version" in line(caught.value)


def test_a_file_that_multiplies_itself_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    path.write_text("\n".join(rows))
    with pytest.raises(ContractError, match="once all is inlined"):
        read(path, cache_folder=tmp_path / "cache")


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"just words", b"\xff\xfe\x00", b"a: .nan", b"- " * 9000]
)
def test_what_is_no_contract_is_an_error_not_a_crash(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "small.yaml"
    path.write_bytes(data)
    with pytest.raises(ContractError):
        read(path, cache_folder=tmp_path / "cache")


def test_a_contract_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"cannot read gone\.yaml"):
        read(tmp_path / "gone.yaml", cache_folder=tmp_path / "cache")


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(data=st.data())
@settings(max_examples=60)
def test_whatever_stands_anywhere_a_contract_loads_or_names_the_place(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    document = small()
    spot: Any = document
    for _ in range(data.draw(st.integers(0, 6))):
        inner = [key for key, value in spot.items() if isinstance(value, dict) and value]
        if not inner:
            break
        spot = spot[data.draw(st.sampled_from(sorted(inner)))]
    spot[data.draw(st.sampled_from(sorted(spot)))] = data.draw(ANY_JSON)
    folder = tmp_path_factory.mktemp("contract")
    assert place_of_error(written(folder, document), folder).startswith(str(folder))


def place_of_error(path: Path, folder: Path) -> str:
    """Where the error points; the file itself when all its operations can be built."""
    try:
        found = read(path, cache_folder=folder)
    except ContractError as error:
        return error.place or "nowhere"
    return found.file if all(list(found.operations.values())) else "nothing"
