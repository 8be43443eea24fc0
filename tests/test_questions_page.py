"""docs/questions.md answers each question by a call, and shows what the call prints."""

import re
from pathlib import Path

import pytest
from transcript import rewritten

PAGE = Path(__file__).parents[1] / "docs" / "questions.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_shows_what_its_code_prints():
    assert rewritten(TEXT) == TEXT


def test_every_question_is_answered_by_a_call_or_the_one_above():
    _, *questions = re.split(r"^### ", TEXT, flags=re.MULTILINE)
    without = [each.splitlines()[0] for each in questions if "```text" not in each]
    assert len(questions) >= 25
    assert without == ["And the actual change of the weight: do I just multiply all of it?"]


@pytest.mark.parametrize(
    "answer",
    [
        "a·(1 − a)",
        "e^(−net)/(1 + e^(−net))²",
        "∂E/∂wⱼₖ = ∂E/∂aₖ · ∂aₖ/∂netₖ · ∂netₖ/∂wⱼₖ",
        "∂J/∂w₁₂⁽²⁾ = ∂J/∂h₁⁽³⁾ · ∂h₁⁽³⁾/∂z₁⁽²⁾ · ∂z₁⁽²⁾/∂w₁₂⁽²⁾",
        "f₁(x(t), y(t))·x′(t) + f₂(x(t), y(t))·y′(t)",
        "= a − y",
        "in 6 ways",
        "1/(x·ln(a))",
        "{0 if z < 0; else 1}",
    ],
)
def test_the_documents_equations_come_out(answer):
    assert answer in " ".join(TEXT.split())
