"""Test settings: repeatable hypothesis runs, and a table that tests may add rows to."""

import sys
from pathlib import Path

import pytest
from hypothesis import settings

from autograd_scalar import functions, primitives

# The benchmarks are not installed. What is goes first, or it would not be what is tested.
sys.path.append(str(Path(__file__).parent.parent))

settings.register_profile(
    "repeatable", derandomize=True, database=None, deadline=None, max_examples=50
)
# For a long look by hand: pytest --hypothesis-profile=explore
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile("repeatable")


@pytest.fixture
def scratch_table():
    """Forget the primitives a test registers, apart from the method each leaves on Value."""
    tables = [
        primitives.TABLE,
        primitives.KERNELS,
        primitives.OPCODES,
        primitives.ALIASES,
        primitives.FLOAT_FUNCTIONS,
        primitives._SCOPE,
        functions.FUNCTIONS,
    ]
    before = [table.copy() for table in tables]
    yield
    for table, rows in zip(tables, before, strict=True):
        table.clear()
        (table.update if isinstance(table, dict) else table.extend)(rows)
