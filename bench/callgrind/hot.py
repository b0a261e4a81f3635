"""Runs one hot call n times and ends: what `bench/callgrind/count.py` runs under valgrind.

python bench/callgrind/hot.py call_begin read3 bytes 1000
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import ged188
from events import events
from rows import dispatch_row, our_code
from timing import Code


def main() -> None:
    name, work, variant, times = sys.argv[1:5]
    if name == ged188.NAME:
        code = next(row.ours for row in ged188.rows() if (row.work, row.variant) == (work, variant))
        run(code, int(times))
        return
    event = next(event for event in events() if event.name == name)
    if work == "dispatch":
        row = dispatch_row(event)
        if row is None:
            raise SystemExit("there is no dispatcher")
        code = row.ours
    else:
        code = our_code(event, work, variant)
    run(code, int(times))


def run(code: Code, times: int) -> None:
    loop = code.loop()
    gc.collect()
    gc.disable()
    loop(times)


if __name__ == "__main__":
    main()
