"""The benchmarks: scripts by path (`python bench/run.py`) or modules (`python -m bench.run`)."""

import sys
from pathlib import Path

# Both ways find the modules beside this one by their bare names.
sys.path.insert(0, str(Path(__file__).parent))
