"""Test settings: the build that is tested, repeatable hypothesis runs, a table to add rows to."""

import importlib
import os
import re
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import autograd_scalar
from autograd_scalar.engine import value

# The benchmarks are not installed. What is goes first, or it would not be what is tested.
ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT))


def pytest_report_header():
    return f"autograd_scalar: {autograd_scalar.build} build, {value.__file__}"


def pytest_sessionstart():
    """No tests of another engine than is claimed."""
    expected = os.environ.get("AUTOGRAD_SCALAR_EXPECT_BUILD", autograd_scalar.build)
    if autograd_scalar.build != expected:
        pytest.exit(f"the {expected} build is to be tested, but {value.__file__} is loaded", 4)


# A busy machine is slow, and that is no failure.
settings.register_profile(
    "repeatable",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
# For a long look by hand: pytest --hypothesis-profile=explore
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile("repeatable")


@contextmanager
def table_kept(package=autograd_scalar):
    """Forget the primitives registered inside."""
    registry, floats, functions, value = (
        importlib.import_module(f"{package.__name__}.{name}")
        for name in ("table.registry", "table.floats", "engine.functions", "engine.value")
    )
    tables = [
        registry.TABLE,
        registry.KERNELS,
        registry.OPCODES,
        floats.FLOAT_FUNCTIONS,
        floats.SCOPE,
        functions.FUNCTIONS,
    ]
    before = [table.copy() for table in tables]
    methods = {*vars(value.Value)}
    try:
        yield
    finally:
        for name in {*vars(value.Value)} - methods:
            delattr(value.Value, name)
        for table, rows in zip(tables, before, strict=True):
            table.clear()
            (table.update if isinstance(table, dict) else table.extend)(rows)


@pytest.fixture
def scratch_table():
    """Forget the primitives a test registers."""
    with table_kept():
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop():
    """Those of examples in docstrings too: a second run in one process is like the first."""
    with table_kept():
        return (yield)


def pytest_collection_modifyitems(items):
    """An id with an address is another one in each process, and no run can ask for it."""
    addressed = [item.nodeid for item in items if re.search("0x[0-9a-f]{6}", item.nodeid)]
    assert not addressed, addressed
