"""What a Russian reads is Russian, and what a passed probe tells is no trouble."""

import json
from pathlib import Path

import pytest

from diagnostics.cli.main import main


def told(tmp_path: Path, capsys: pytest.CaptureFixture[str], *given: str) -> tuple[str, str]:
    """The lines on the screen, and the page."""
    assert main(["run", *given, "--out", str(tmp_path), "--format", "html"]) == 0
    page = next(tmp_path.glob("*/report.html")).read_text("utf-8")
    return capsys.readouterr().out, page


def test_the_timeline_names_calls_by_operation_not_by_our_own_labels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, page = told(tmp_path, capsys, "--lang", "ru")
    assert "вызов getCredit" in page
    assert "вызов after" not in page
    assert "медиафайл output" not in page


def test_a_passed_probe_is_told_by_what_was_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown, _ = told(tmp_path, capsys, "endpoints", "--lang", "en")
    assert "53 of 70 addresses answer" in shown.strip().splitlines()[0]


def test_a_price_nobody_documents_is_told_without_english_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["run", "quota", "--lang", "ru", "--json", "--out", str(tmp_path)]
    assert main(arguments) == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    (price,) = (f["message"] for f in findings if f["rule"] == "quota-price-unknown")
    assert "не указана" in price
    assert "no page" not in price
