"""Writes the golden vectors beside it: bytes, and what they mean or why they are refused.

    python tests/vectors/make_vectors.py           write what changed
    python tests/vectors/make_vectors.py --check   exit with 1 when a file is stale

Valid bytes come from the reference backend (valid.py); invalid ones are valid ones with a few bytes
changed (invalid.py). What is expected of either, content, reason and offset, is written there by
hand, never computed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from invalid import invalid_blocks, invalid_frames
from valid import filter_errors, filters, valid_blocks, valid_frames

HERE = Path(__file__).resolve().parent
FILES = {
    "blocks.json": valid_blocks,
    "blocks_invalid.json": invalid_blocks,
    "filters.json": filters,
    "filters_invalid.json": filter_errors,
    "frames.json": valid_frames,
    "frames_invalid.json": invalid_frames,
}


def text(vectors: list[dict[str, Any]]) -> str:
    """One vector on each line."""
    lines = ",\n".join(json.dumps(vector, ensure_ascii=True) for vector in vectors)
    return f"[\n{lines}\n]\n"


def main(arguments: list[str]) -> int:
    stale = []
    for name, make in FILES.items():
        path, wanted = HERE / name, text(make())
        if not path.exists() or path.read_text("utf-8") != wanted:
            stale.append(name)
            if "--check" not in arguments:
                path.write_text(wanted, "utf-8")
    print("\n".join(stale) or "all fresh")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
