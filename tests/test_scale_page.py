"""What docs/scale.md shows is what happens."""

import doctest
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "scale.md"


def test_the_examples_run_as_shown():
    found = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert found.attempted > 30
    assert found.failed == 0
