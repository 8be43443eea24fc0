"""Benchmarks: this library and its peers, side by side in one run."""

import sys
from pathlib import Path

# `python -m` searches the current directory first, where the plain sources are. What is
# installed may be compiled, and is what is to be measured.
_root = Path(__file__).resolve().parent.parent
sys.path[:] = [each for each in sys.path if Path(each).resolve() != _root] + [str(_root)]
