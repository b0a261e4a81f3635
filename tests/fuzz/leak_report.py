"""Reads LeakSanitizer's reports and fails when a leak has a frame of ours in its stack.

    leak_report.py REPORT...

CPython does not free everything at exit, so a run of the interpreter always reports some leaks;
those without a frame of the extension module are not ours and are only counted. A report of another
kind fails at once.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

OURS = re.compile(r"_cilwire|ext/cilwire/|cw_[a-z]+")


def leaks(report: str) -> list[str]:
    """The leak records of one report, each with its stack."""
    records = re.split(r"\n\s*\n", report)
    return [
        text.strip() for text in records if re.search(r"^(Direct|Indirect) leak of", text, re.M)
    ]


def main(paths: list[str]) -> int:
    others = 0
    failed = False
    for path in paths:
        if not Path(path).exists():  # the shell's pattern, when nothing was reported
            continue
        report = Path(path).read_text(encoding="utf-8", errors="replace")
        if "ERROR: AddressSanitizer" in report or "runtime error:" in report:
            print(report)
            failed = True
        for record in leaks(report):
            if OURS.search(record):
                print(record, end="\n\n")
                failed = True
            else:
                others += 1
    print(f"{others} leaks of CPython itself, {'and some of ours' if failed else 'none of ours'}")
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
