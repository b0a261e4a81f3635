"""`python -m fastcil`: the same as the command `fastcil`."""

from __future__ import annotations

from fastcil.cli import main

if __name__ == "__main__":
    main(prog_name="fastcil")
