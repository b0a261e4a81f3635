"""Runs one hot call n times and ends: what `bench/callgrind/count.py` runs under valgrind.

python bench/callgrind/hot.py call_begin read3 bytes 1000
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from events import events
from rows import dispatch_row, our_code


def main() -> None:
    name, work, variant, times = sys.argv[1:5]
    event = next(event for event in events() if event.name == name)
    if work == "dispatch":
        row = dispatch_row(event)
        if row is None:
            raise SystemExit("there is no dispatcher")
        code = row.ours
    else:
        code = our_code(event, work, variant)
    loop = code.loop()
    gc.collect()
    gc.disable()
    loop(int(times))


if __name__ == "__main__":
    main()
