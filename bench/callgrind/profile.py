"""Where the instructions of a hot call go: the first thing to look at when a row falls short.

python bench/callgrind/profile.py call_begin read3 bytes
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
from pathlib import Path

from count import process

LINE = re.compile(r"^\s*([\d,]+) \(\s*[\d.]+%\)\s+(.*?)(?: \[.*)?$")


def functions(arguments: list[str], rounds: int, folder: str) -> dict[str, int]:
    """Instructions of each function in one process."""
    output = f"{folder}/{rounds}"
    process(arguments, rounds, ["valgrind", "--tool=callgrind", f"--callgrind-out-file={output}"])
    text = subprocess.run(
        ["callgrind_annotate", "--threshold=100", "--auto=no", "--tree=none", output],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found: dict[str, int] = {}
    for line in text.splitlines():
        match = LINE.match(line)
        if match and match.group(2) != "PROGRAM TOTALS":
            file, _, name = match.group(2).rpartition(":")
            short = f"{Path(file).name}:{re.sub(chr(39) + '.*', '', name)}"
            found[short] = found.get(short, 0) + int(match.group(1).replace(",", ""))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("event", choices=["call_begin", "call_held"])
    parser.add_argument("work")
    parser.add_argument("variant", nargs="?", default="")
    parser.add_argument("--rounds", type=int, nargs=2, default=(200, 1200), metavar=("FEW", "MANY"))
    parser.add_argument("--lines", type=int, default=25)
    given = parser.parse_args()
    arguments = [given.event, given.work, given.variant]
    few, many = given.rounds
    with tempfile.TemporaryDirectory() as folder:
        before, after = (functions(arguments, rounds, folder) for rounds in (few, many))
    each = {name: (total - before.get(name, 0)) / (many - few) for name, total in after.items()}
    print(f"{sum(each.values()):10,.0f}  instructions per call")
    for name in sorted(each, key=lambda key: -each[key])[: given.lines]:
        print(f"{each[name]:10,.0f}  {name}")


if __name__ == "__main__":
    main()
