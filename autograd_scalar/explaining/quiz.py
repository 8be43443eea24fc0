"""Questions about a derivative, each with its answer: one for each step of the way there."""

from __future__ import annotations

import ast
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..algebra.trees import SUM, call, names_in, number, row_of
from ..engine.value import Value, toposort
from ..notation.document import Block, Document, Listing, Paragraph, Sentence
from ..notation.numerals import is_rounded
from ..notation.typeset import Typesetter, product
from .chain_rule import found_value
from .chains import MOST_PATHS, Chains
from .checking import asked_about, check, check_factor, check_number, check_steps, is_open
from .comparison import Check, textbook
from .derivation import Step, worked_out
from .factors import AdjointSum, Factor
from .short import route, rules_of
from .textbook import pending_derivative

_MOST_FACTORS = 12
_MOST_SUMS = 20


@dataclass(frozen=True)
class Question:
    """One question.

    prompt   what is asked, as a sentence of words and formulas
    formula  the answer as a formula
    value    the answer as a number; NaN where there are no numbers
    hint     the rules that give it
    """

    prompt: Sentence
    answer: ast.expr = field(repr=False)
    value: float
    hint: str
    _judge: Callable[[Any], Check] = field(repr=False, compare=False)

    @property
    def formula(self) -> str:
        return Typesetter()(self.answer)

    @property
    def text(self) -> str:
        """The prompt in Unicode."""
        set_ = Typesetter()
        return "".join(each if isinstance(each, str) else set_(each) for each in self.prompt)

    def _repr_mimebundle_(self, **wanted: Any) -> dict[str, str]:
        """What is asked, as notebooks show it."""
        return _Asked(self.prompt)._repr_mimebundle_(**wanted)

    def check(self, answer: Any) -> Check:
        """What is to be said to an answer; `...`, None and "" are none yet."""
        return self._judge(answer)


class Quiz(Document):
    """Questions in order, the last one for the derivative itself.

    questions  each with its answer and a hint
    answers    the same with the answers, to print or show
    """

    def __init__(self, questions: Sequence[Question], digits: int) -> None:
        self.questions = tuple(questions)
        self.digits = digits
        items = tuple((f"({i}) ", *each.prompt) for i, each in enumerate(questions, 1))
        self.blocks: tuple[Block, ...] = (Listing(items),)

    def __len__(self) -> int:
        return len(self.questions)

    def __getitem__(self, i: int) -> Question:
        """Question `i`, counted from 1 as they are printed.

        >>> quiz("x**2")[1].formula
        '2x'
        """
        if isinstance(i, bool) or not isinstance(i, int) or not 1 <= i <= len(self.questions):
            raise IndexError(f"the questions are 1 to {len(self.questions)}, got {i!r:.20}")
        return self.questions[i - 1]

    def __iter__(self) -> Iterator[Question]:
        return iter(self.questions)

    def check(self, i: int, answer: Any) -> Check:
        """What is to be said to an answer to question `i`."""
        return self[i].check(answer)

    @property
    def answers(self) -> Document:
        return _Answers(self.questions, self.digits)


class _Asked(Document):
    def __init__(self, prompt: Sentence) -> None:
        self.digits = 6
        self.blocks = (Paragraph(prompt),)


class _Answers(Document):
    def __init__(self, questions: Sequence[Question], digits: int) -> None:
        self.digits = digits
        self.blocks = tuple(
            block for i, each in enumerate(questions, 1) for block in _answered(i, each, digits)
        )


def _answered(i: int, question: Question, digits: int) -> list[Block]:
    pieces: list[str | ast.expr] = [f"({i}) ", *question.prompt, " "]
    if names_in(question.answer) or math.isnan(question.value):
        pieces += [question.answer]
    if not math.isnan(question.value):
        about = "≈" if is_rounded(question.value, digits) else "="
        if len(pieces) > len(question.prompt) + 2:
            pieces += [f" {about} "]
        pieces += [number(question.value)]
    hint = f" ({question.hint})" if question.hint else ""
    return [Listing(((*pieces, hint),))]


def quiz(source: str | Value, wrt: str | Value | None = None, *, digits: int = 6) -> Quiz:
    """Questions that lead to a derivative, whose answers check themselves.

    source  a Value, for a question for each factor of the chain rule, for each way, or for
            each value on the way back where there are many ways; or an expression in text,
            for a question for each inside; in both cases the derivative itself is the last
    wrt     what to differentiate with respect to: a name, a label or a Value
    digits  how many significant digits numbers are shown with

    The same for the same source. An answer is a number or text, as `check` takes them.
    Raises what `check` does for what can't be differentiated.

    >>> questions = quiz("(x**2 + 1)**3")
    >>> print(questions)
      (1) What is d/dx [x² + 1]?
      (2) What is d/dx [(x² + 1)³]?
    >>> print(questions.check(2, "3*(x**2 + 1)**2").rule)
    chain rule
    >>> questions[2].formula, questions[2].hint
    ('6x·(x² + 1)²', 'power rule, chain rule, sum rule, constant rule')
    """
    if isinstance(source, Value):
        return Quiz(_about_graph(source, wrt, digits), digits)
    return Quiz(_about_text(*asked_about("quiz", source, wrt), digits), digits)


def _about_text(steps: Sequence[Step], variable: str, digits: int) -> list[Question]:
    last = steps[-1]
    several = len(names_in(last.tree)) > 1
    found: dict[str, ast.expr] = {}
    for inside in _insides(last.tree, variable):
        found.setdefault(ast.dump(inside), inside)
    made = []
    for tree in [*found.values(), last.tree]:
        asked = [*steps[:-1], Step(tree, last.heading if tree is last.tree else None)]
        work, *_ = worked_out(asked, variable, {})
        pending = pending_derivative(tree, variable, several)

        def judge(answer: Any, asked: Sequence[Step] = asked) -> Check:
            if is_open(answer):
                return check(answer, "")
            return check_steps(answer, asked, variable, digits)

        rules = [rule for line in work.lines if line.is_rule for rule in line.rules]
        hint = ", ".join(dict.fromkeys(rules))
        prompt: Sentence = ("What is ", pending, "?")
        made.append(Question(prompt, textbook(asked, variable), math.nan, hint, judge))
    return made


def _insides(tree: ast.expr, variable: str) -> Iterator[ast.expr]:
    """What stands inside functions, and the parts of products and quotients; innermost first."""
    located = row_of(tree)
    if located is None or variable not in names_in(tree):
        return
    row, operands = located
    for operand in operands:
        yield from _insides(operand, variable)
        moves = variable in names_in(operand) and not isinstance(operand, ast.Name)
        if moves and row.name not in ("add", "sub", "neg"):
            yield operand


def _about_graph(y: Value, wrt: str | Value | None, digits: int) -> list[Question]:
    order = toposort(y)
    if wrt is None:
        leaves = [v for v in order if v.kind in ("leaf", "parameter")]
        if len(leaves) != 1:
            raise ValueError("say which value to differentiate with respect to: wrt=…")
        wrt = leaves[0]
    x = found_value(wrt, order)
    chains = Chains(y, x)

    def judge(answer: Any) -> Check:
        return check(answer, y, x, digits=digits)

    if x not in chains.moving or x is y:
        known = number(chains.value) if x in chains.moving else number(0)
        name = chains.formulas.names
        prompt: Sentence = ("What is the derivative of ", ast.Name(name[y]), " with respect to ")
        label = ast.Name(name.get(x, x.label or "x"))
        value = 1.0 if x is y else 0.0
        return [Question((*prompt, label, "?"), known, value, "", judge)]
    if chains.count <= MOST_PATHS and len(chains.factors) <= _MOST_FACTORS:
        made = [_about_factor(factor, digits) for factor in chains.factors]
        products = [
            product([factor.formula_tree for factor in path.factors]) for path in chains.paths
        ]
        if len(chains.paths) > 1:
            for path, tree in zip(chains.paths, products, strict=True):
                prompt = ("What arrives along the way ", *route(chains, path), "?")
                made.append(Question(prompt, tree, path.value, "chain rule", _number(path.value)))
        if len(chains.factors) > 1:
            hint = "chain rule" if len(chains.paths) == 1 else "total derivative"
            asked: Sentence = ("What is ", chains.left, "?")
            made.append(Question(asked, chains.formula, chains.value, hint, judge))
        return made
    *before, last = chains.recursion
    sums = itertools.islice(before, _MOST_SUMS)
    return [
        *(_about_sum(chains, each) for each in sums),
        Question(
            ("What is ", chains.symbol(x), "?"),
            _sum(chains, last),
            chains.value,
            "total derivative",
            judge,
        ),
    ]


def _number(right: float) -> Callable[[Any], Check]:
    def judge(answer: Any) -> Check:
        if is_open(answer):
            return check(answer, "")
        text = answer if isinstance(answer, str) else repr(float(answer))
        return check_number(text, right, 6)

    return judge


def _about_factor(factor: Factor, digits: int) -> Question:
    of = ast.Name(factor.names[0])
    return Question(
        (of, " = ", factor.definition_tree, ". What is ", factor.symbol, "?"),
        factor.formula_tree,
        factor.value,
        rules_of(factor),
        lambda answer: check_factor(answer, factor, digits),
    )


def _sum(chains: Chains, adjoint: AdjointSum) -> ast.expr:
    terms = []
    for term in adjoint.terms:
        symbols = [factor.symbol for factor in reversed(term.factors)]
        if term.onto is not chains.y:
            symbols.append(chains.symbol(term.onto))
        terms.append(product(symbols))
    return call(SUM, *terms)


def _about_sum(chains: Chains, adjoint: AdjointSum) -> Question:
    return Question(
        ("What is ", chains.symbol(adjoint.node), "?"),
        _sum(chains, adjoint),
        adjoint.value,
        "total derivative" if len(adjoint.terms) > 1 else "chain rule",
        _number(adjoint.value),
    )
