"""Every request goes to the engine by its documented name, and its code comes back."""

from __future__ import annotations

from typing import Any

import pytest
from documented import FACES, face_class, requests

from fastcil.catalog import CilError
from fastcil.cil import Pending

CASES = [
    pytest.param(language, owner, name, id=f"{language}-{owner}.{name}")
    for language in FACES
    for owner, name in requests()
]


@pytest.mark.parametrize(("language", "owner", "name"), CASES)
def test_request(language: str, owner: str, name: str) -> None:
    asked: list[tuple[str, Any]] = []
    code = CilError.E_CTIOS_INVALID_SESSION

    class Recording(face_class(language, owner)):  # type: ignore[misc]
        def perform(self, method: str, arguments: Any = None) -> Pending:
            asked.append((method, arguments))
            return Pending(method, code)

    arguments = FACES[language].Arguments({"PeripheralID": 5000})
    ask = getattr(Recording(), name)
    assert ask(arguments) is code
    assert asked == [(name, arguments._native())]
    if name != "RequestDesktopSettings":
        assert ask() is code
        assert asked[1:] == [(name, None)]
