"""docs/explanations.md quotes calls, and their output as it is."""

from pathlib import Path

from transcript import rewritten

PAGE = Path(__file__).parents[1] / "docs" / "explanations.md"


def test_the_page_shows_what_its_code_prints():
    page = PAGE.read_text(encoding="utf-8")
    assert rewritten(page) == page


def test_a_page_that_is_behind_is_noticed():
    page = "```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n"
    assert rewritten(page) == page.replace("3", "2")
