"""docs/methods.md is up to date, and says of every documented method which test calls it."""

from __future__ import annotations

import ast
from pathlib import Path

import methods_page
import pytest
from documented import face_class

from fastcil.catalog import CilError

COVERED = methods_page.load()
METHODS = [one for one in COVERED if one.rpartition(" ")[2] not in CilError.__members__]


def test_the_page_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert methods_page.main(["--check"]) == 0, capsys.readouterr().err


def test_a_stale_page_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(methods_page, "PAGE", tmp_path / "methods.md")
    assert methods_page.main(["--check"]) == 1
    assert "methods.md is stale" in capsys.readouterr().err
    assert methods_page.main([]) == 0
    assert methods_page.main(["--check"]) == 0


def test_every_row_is_of_a_method_that_is_there() -> None:
    rows = methods_page.rows()
    assert len(set(rows)) == len(rows)
    assert set(METHODS) <= {str(one) for one in rows}
    for one in rows:
        name = "__init__" if one.name == methods_page.CONSTRUCTOR else one.name
        assert hasattr(face_class(one.language, one.owner), name), one


def test_every_documented_method_is_called_by_a_test() -> None:
    missing = [
        str(one)
        for one in methods_page.rows()
        if str(one) not in COVERED and (one.owner, one.name) not in methods_page.IMPLEMENTED
    ]
    assert missing == []


def test_every_printed_code_is_given_in_a_test_or_cannot_be() -> None:
    printed = list(methods_page.printed_codes())
    assert len(printed) > 50
    missing = [
        str(one)
        for one in printed
        if str(one) not in COVERED and one.code not in methods_page.NEVER
    ]
    assert missing == []
    # What has a reason not to be given is given nowhere.
    assert not [str(one) for one in printed if str(one) in COVERED and one.code == "CIL_FAIL"]


def test_every_named_test_exists() -> None:
    tests: dict[str, set[str]] = {}
    for named in COVERED.values():
        file, _, test = named.partition("::")
        if file not in tests:
            tree = ast.parse((methods_page.ROOT / file).read_text("utf-8"))
            functions = (one for one in tree.body if isinstance(one, ast.FunctionDef))
            tests[file] = {one.name for one in functions}
        assert test in tests[file], named
