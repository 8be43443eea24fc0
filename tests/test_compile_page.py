"""What docs/compile.md shows is what happens."""

import doctest
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "compile.md"


@pytest.mark.usefixtures("scratch_table")
def test_the_examples_run_as_shown():
    found = doctest.testfile(
        str(PAGE), module_relative=False, encoding="utf-8", optionflags=doctest.ELLIPSIS
    )
    assert found.attempted > 50
    assert found.failed == 0
