"""Sentences and equations, written as text, Markdown, LaTeX or HTML.

A piece of a sentence is a string or an expression; whatever a string holds is shown, and
never read as markup.
"""

from __future__ import annotations

import ast
import html
import re
import shutil
import sys
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .notebook import Form, bundle
from .terminal import can_show, encoding_of, printable, shortened
from .terminal import width as width_of
from .typeset import Latex, MathML, Plain, Typesetter

Piece = str | ast.expr
Sentence = tuple[Piece, ...]

#: A space at which no line is broken.
UNBROKEN = "\u00a0"

# Formulas in a sentence are kept on one line up to this width.
_SHORT = 24

_TEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\^{}",
    "~": r"\~{}",
    "→": r"$\to$",
    "≥": r"$\ge$",
    "≤": r"$\le$",
}
_ASCII = {
    "·": "*",
    "−": "-",
    "→": "->",
    "′": "'",
    "≈": "~",
    "…": "...",
    "∂": "d",
    "≥": ">=",
    "≤": "<=",
    "≠": "!=",
    "½": "1/2",
    "–": "-",
    "“": '"',
    "”": '"',
}


def listed(trees: Sequence[ast.expr]) -> list[Piece]:
    """a, b and c; of many, the first few and how many more."""
    shown = list(trees) if len(trees) <= 6 else list(trees[:5])
    pieces: list[Piece] = []
    for i, tree in enumerate(shown):
        if i:
            last = i == len(shown) - 1 and len(shown) == len(trees)
            pieces.append(" and " if last else ", ")
        pieces.append(tree)
    if len(shown) < len(trees):
        pieces.append(f" and {len(trees) - len(shown):,} more")
    return pieces


@dataclass(frozen=True)
class Heading:
    """A line that names what follows."""

    sentence: Sentence


@dataclass(frozen=True)
class Paragraph:
    """Sentences."""

    sentence: Sentence


@dataclass(frozen=True)
class Row:
    """One more side of an equation, and the reasons for it.

    rounded   "≈" where the numbers in it were rounded
    listed    one term of the sum on each line
    reasons   the name of a rule and, where it is stated, what the rule says
    """

    side: ast.expr
    reasons: tuple[tuple[str, Sentence], ...] = ()
    rounded: bool = False
    listed: bool = False


@dataclass(frozen=True)
class Equation:
    """`left` = first side = second side = …, each on a line of its own or all on one."""

    left: ast.expr
    rows: tuple[Row, ...]
    on_one_line: bool = False


@dataclass(frozen=True)
class Lines:
    """Equations one below the other, each on one line, what is said of it beside it."""

    equations: tuple[Equation, ...]


@dataclass(frozen=True)
class Listing:
    """Sentences one below the other."""

    items: tuple[Sentence, ...]


Block = Heading | Paragraph | Equation | Lines | Listing


def wrapped(text: str, width: int, indent: int = 0, hang: int = 0) -> str:
    """`text` in lines of at most `width` columns; a word too long for one is cut.

    >>> print(wrapped("the chain rule", 12, 2, 2))
      the chain
        rule
    """
    first, others = max(width - indent, 8), max(width - indent - hang, 8)
    lines: list[str] = []
    line: list[str] = []
    used = 0
    for word in text.split(" "):
        taken = width_of(word)
        if line and used + 1 + taken > (others if lines else first):
            lines.append(" ".join(line))
            line, used = [], 0
        while taken > (room := others if lines else first):
            part = shortened(word, room)
            lines.append(part)
            word, taken = word[len(part) :], taken - width_of(part)
        if line or word:
            used += taken + (1 if line else 0)
            line.append(word)
    lines.append(" ".join(line))
    return "\n".join(
        " " * (indent + (hang if i else 0)) + each.rstrip() for i, each in enumerate(lines)
    ).replace(UNBROKEN, " ")


class Document:
    """What an explanation is shown as: on a terminal, in a notebook, on a page.

    In Jupyter it is shown through Markdown, whose formulas are typeset; `html` is for a page
    of your own and needs no script.
    """

    blocks: tuple[Block, ...]
    digits: int
    unicode: bool | None = None

    def to_text(self, width: int = 80, unicode: bool = True) -> str:
        """The document in lines of at most `width` columns, in Unicode or in ASCII only."""
        typesetter = Typesetter(self.digits) if unicode else Plain(self.digits)
        text = "\n".join(_TextWriter(typesetter, width, unicode).write(self.blocks))
        if unicode:
            return text
        for character, spelling in _ASCII.items():
            text = text.replace(character, spelling)
        lines = text.encode("ascii", "backslashreplace").decode().split("\n")
        return "\n".join(
            wrapped(line.lstrip(" "), width, len(line) - len(line.lstrip(" ")), 2)
            if width_of(line) > width
            else line
            for line in lines
        )

    @property
    def text(self) -> str:
        """The document in lines of at most 80 columns."""
        return self.to_text(80, self.unicode is not False)

    @property
    def markdown(self) -> str:
        """Markdown with LaTeX between dollar signs, for notebooks and for the web."""
        return _MarkdownWriter(Latex(self.digits)).write(self.blocks)

    @property
    def latex(self) -> str:
        """LaTeX for a document of your own; it needs the package `amsmath`."""
        return _LatexWriter(Latex(self.digits)).write(self.blocks)

    @property
    def html(self) -> str:
        """A piece of HTML whose formulas are MathML."""
        return _HtmlWriter(MathML(self.digits)).write(self.blocks)

    def __str__(self) -> str:
        unicode = self.unicode
        if unicode is None:
            unicode = can_show("∂²′₃ₖ√≈", encoding_of(sys.stdout))
        return self.to_text(min(shutil.get_terminal_size().columns, 100), unicode)

    def __repr__(self) -> str:
        return str(self)

    def _repr_mimebundle_(
        self,
        include: Collection[str] | None = None,
        exclude: Collection[str] | None = None,
        **_: Any,
    ) -> dict[str, str]:
        """The document as notebooks show it: Markdown, and the formulas alone as LaTeX.

        HTML is there for front ends that ask for it. Others would take it before the Markdown,
        also those that show no MathML.
        """
        forms: dict[str, Form] = {
            "text/plain": lambda: str(self),
            "text/markdown": lambda: self.markdown,
            "text/latex": self._formulas,
        }
        if include and "text/html" in include:
            forms["text/html"] = lambda: self.html
        return bundle(forms, include, exclude)

    def _formulas(self) -> str | None:
        equations = [block for block in self.blocks if isinstance(block, Equation | Lines)]
        return _MarkdownWriter(Latex(self.digits)).write(equations, reasons=False) or None


class _TextWriter:
    def __init__(self, typesetter: Typesetter, width: int, unicode: bool) -> None:
        self.set = typesetter
        self.width = width
        self.about = " ≈ " if unicode else " ~ "

    def sentence(self, sentence: Sentence, *beside: ast.expr) -> str:
        trees = [*(each for each in sentence if not isinstance(each, str)), *beside]
        return "".join(
            _visible(each) if isinstance(each, str) else _together(self.set(each, *trees))
            for each in sentence
        )

    def write(self, blocks: Iterable[Block]) -> list[str]:
        lines: list[str] = []
        previous: Block | None = None
        for block in blocks:
            if lines:
                lines.append("")
            match block:
                case Heading(sentence):
                    lines.append(wrapped(self.sentence(sentence), self.width))
                case Paragraph(sentence):
                    lines.append(wrapped(self.sentence(sentence), self.width, 2))
                case Listing(items):
                    lines += [wrapped(self.sentence(item), self.width, 2, 4) for item in items]
                case Lines(equations):
                    lines += self.lines(equations)
                case Equation(left, rows, on_one_line):
                    if on_one_line and isinstance(previous, Equation):
                        lines.pop()
                    lines += self.equation(left, rows, on_one_line)
            previous = block
        return lines

    def equation(self, left: ast.expr, rows: Sequence[Row], on_one_line: bool) -> list[str]:
        trees = [left, *(row.side for row in rows)]
        head = self.set(*trees)
        sides = [
            (self.about if row.rounded else " = ") + self.set(row.side, *trees) for row in rows
        ]
        if on_one_line:
            return [wrapped(head + "".join(sides), self.width, 2, 4)]
        reasoned = any(row.reasons for row in rows)
        beside = width_of(head) <= 16 and (not reasoned or len(rows) == 1)
        indent = 2 + (width_of(head) if beside else 1)
        lines = [] if beside else [wrapped(head, self.width, 2, 4)]
        for i, (row, side) in enumerate(zip(rows, sides, strict=True)):
            if row.listed and width_of(head + side) + 2 > self.width:
                start = side[:3] if i else head + side[:3]
                room = 2 + (0 if i == 0 else indent - 2) + width_of(start)
                first, *others = _terms_of(row.side)
                lines.append(
                    wrapped(start + self.set(first, *trees), self.width, room - width_of(start), 4)
                )
                lines += [
                    wrapped(f"+ {self.set(each, *trees)}", self.width, max(room - 2, 2), 4)
                    for each in others
                ]
            elif beside and i == 0:
                lines.append(wrapped(head + side, self.width, 2, width_of(head) + 3))
            else:
                lines.append(wrapped(side[1:], self.width, indent + 1, 2))
            lines += [
                wrapped(each, self.width, min(indent + 5, 8), 2)
                for each in self.reasons(row.reasons, trees)
            ]
        return lines

    def lines(self, equations: Sequence[Equation]) -> list[str]:
        """Each equation on one line, and the reasons in a column where there is room."""
        made: list[tuple[list[str], str]] = []
        for equation in equations:
            trees = [equation.left, *(row.side for row in equation.rows)]
            parts = [self.set(*trees)]
            for row in equation.rows:
                part = (self.about if row.rounded else " = ") + self.set(row.side, *trees)
                if width_of(parts[-1] + part) + 2 > self.width:
                    parts.append("   " + part)
                else:
                    parts[-1] += part
            named = [reason for row in equation.rows for reason in row.reasons]
            made.append((parts, ", ".join(self.reasons(named, trees))))
        ends = [width_of(parts[-1]) for parts, _ in made]
        column = max(ends) + 3
        lines: list[str] = []
        for (parts, says), end in zip(made, ends, strict=True):
            lines += [wrapped(part, self.width, 2, 4) for part in parts]
            # A long reason begins where it still fits.
            space = max(min(column, self.width - 2 - width_of(says)) - end, 3)
            if says and 2 + end + space + width_of(says) <= self.width:
                lines[-1] += " " * space + says
            elif says:
                lines.append(wrapped(says, self.width, 6, 2))
        return lines

    def reasons(
        self, reasons: Iterable[tuple[str, Sentence]], beside: Sequence[ast.expr]
    ) -> list[str]:
        named = [_visible(rule) for rule, says in reasons if not says]
        says = [
            f"{_visible(rule)}: {self.sentence(says, *beside)}" for rule, says in reasons if says
        ]
        return [*([", ".join(named)] if named else []), *says]


def _together(formula: str) -> str:
    """A formula that no line ends in, if it is short."""
    return formula.replace(" ", UNBROKEN) if width_of(formula) <= _SHORT else formula


def _terms_of(tree: ast.expr) -> list[ast.expr]:
    match tree:
        case ast.Call(func=ast.Name(id="Σ"), args=terms):
            return terms
    return [tree]


def _visible(words: str) -> str:
    """Words with an escape for what has no shape, other than the space we put there."""
    return UNBROKEN.join(map(printable, words.split(UNBROKEN)))


def _latex_words(text: str) -> str:
    return "".join(_TEX.get(c, c) for c in _visible(text))


_LONGEST_BESIDE = 40


def _beside(rows: Sequence[Row]) -> list[tuple[str, bool]]:
    """What stands beside each row, and whether more is said below, under the same number.

    The names of its rules have room beside a row, or the first of them.
    """
    found = []
    numbered = 0
    for row in rows:
        named = list(dict.fromkeys(rule for rule, _ in row.reasons))
        shown = named[:1]
        while len(shown) < len(named) and len(", ".join([*shown, named[len(shown)]])) <= (
            _LONGEST_BESIDE
        ):
            shown.append(named[len(shown)])
        more = len(shown) < len(named) or any(says for _, says in row.reasons)
        text = ", ".join(shown) + (", …" if len(shown) < len(named) else "")
        if more:
            numbered += 1
            text = f"({numbered}) {text}"
        found.append((text, more))
    return found


def _below(rows: Sequence[Row]) -> Iterable[tuple[str, Sentence]]:
    """The reasons that stand below an equation, each with the number of its row."""
    for row, (text, more) in zip(rows, _beside(rows), strict=True):
        if more:
            number = text.partition(" ")[0]
            unsaid = [(rule, says) for rule, says in row.reasons if not says]
            if unsaid:
                yield f"{number} {_short(unsaid)}", ()
            yield from ((f"{number} {rule}", says) for rule, says in row.reasons if says)


def _short(reasons: Iterable[tuple[str, Sentence]]) -> str:
    return ", ".join(dict.fromkeys(rule for rule, _ in reasons))


class _LatexWriter:
    def __init__(self, typesetter: Latex) -> None:
        self.set = typesetter

    def words(self, text: str) -> str:
        return _latex_words(text)

    def sentence(self, sentence: Sentence) -> str:
        return "".join(
            self.words(each) if isinstance(each, str) else f"${self.set(each)}$"
            for each in sentence
        )

    def write(self, blocks: Iterable[Block]) -> str:
        parts = []
        for block in blocks:
            match block:
                case Heading(sentence):
                    parts.append(rf"\paragraph{{{self.sentence(sentence)}}}")
                case Paragraph(sentence):
                    parts.append(self.sentence(sentence))
                case Listing(items):
                    parts.append(self.listing(items))
                case Lines(equations):
                    parts.append(f"\\[\n{self.lines(equations)}\n\\]")
                case Equation(left, rows, _):
                    parts.append(f"\\[\n{self.aligned(left, rows)}\n\\]")
                    parts += self.reasons_below(rows)
        return "\n\n".join(parts)

    def aligned(self, left: ast.expr, rows: Sequence[Row], reasons: bool = True) -> str:
        lines = []
        for i, (row, (beside, _)) in enumerate(zip(rows, _beside(rows), strict=True)):
            head = self.set(left) if i == 0 else ""
            relation = r"\approx" if row.rounded else "="
            terms = _terms_of(row.side) if row.listed else [row.side]
            side = " \\\\\n&\\quad + ".join(self.set(each) for each in terms)
            line = f"{head} &{relation} {side}"
            if reasons and beside:
                line += rf" && \text{{{_math_words(beside)}}}"
            lines.append(line)
        body = " \\\\\n".join(lines)
        return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"

    def lines(self, equations: Sequence[Equation]) -> str:
        lines = []
        for equation in equations:
            sides = "".join(
                (r" \approx " if row.rounded else " = ") + self.set(row.side)
                for row in equation.rows
            )
            says = ", ".join(rule for row in equation.rows for rule, _ in row.reasons)
            line = f"{self.set(equation.left)} &{sides}"
            lines.append(line + (rf" && \text{{{_math_words(says)}}}" if says else ""))
        body = " \\\\\n".join(lines)
        return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"

    def reasons_below(self, rows: Sequence[Row]) -> list[str]:
        items = [rf"\item {self.reason(rule, says)}" for rule, says in _below(rows)]
        return ["\n".join([r"\begin{itemize}", *items, r"\end{itemize}"])] if items else []

    def reason(self, rule: str, says: Sentence) -> str:
        return f"{self.words(rule)}: {self.sentence(says)}" if says else self.words(rule)

    def listing(self, items: Sequence[Sentence]) -> str:
        lines = [rf"\item {self.sentence(item)}" for item in items]
        return "\n".join([r"\begin{itemize}", *lines, r"\end{itemize}"])


def _math_words(text: str) -> str:
    """Words inside `\\text{…}`, of which MathJax reads little."""
    return re.sub(r"[\\{}$&#%_^~<>`]", " ", _visible(text)).replace("|", r"$\vert$")


class _MarkdownWriter(_LatexWriter):
    def words(self, text: str) -> str:
        escaped = re.sub(r"([\\`*_{}\[\]#|~$])", r"\\\1", _visible(text))
        return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    def listing(self, items: Sequence[Sentence]) -> str:
        return "\n".join(f"- {self.sentence(item)}" for item in items)

    def write(self, blocks: Iterable[Block], *, reasons: bool = True) -> str:
        parts = []
        for block in blocks:
            match block:
                case Heading(sentence):
                    parts.append(f"**{self.sentence(sentence)}**")
                case Paragraph(sentence):
                    parts.append(self.sentence(sentence))
                case Listing(items):
                    parts.append(self.listing(items))
                case Lines(equations):
                    parts.append(f"$$\n{self.lines(equations)}\n$$")
                case Equation(left, rows, _):
                    parts.append(f"$$\n{self.aligned(left, rows, reasons)}\n$$")
                    parts += self.reasons_below(rows) if reasons else []
        return "\n\n".join(parts)

    def reasons_below(self, rows: Sequence[Row]) -> list[str]:
        items = [f"- {self.reason(rule, says)}" for rule, says in _below(rows)]
        return ["\n".join(items)] if items else []


def _html_words(text: str) -> str:
    return html.escape(_visible(text))


class _HtmlWriter:
    def __init__(self, typesetter: MathML) -> None:
        self.set = typesetter

    def math(self, tree: ast.expr) -> str:
        # Fractions in a line of text are as large as in an equation.
        return f'<math displaystyle="true">{self.set(tree)}</math>'

    def sentence(self, sentence: Sentence) -> str:
        return "".join(
            _html_words(each) if isinstance(each, str) else self.math(each) for each in sentence
        )

    def write(self, blocks: Iterable[Block]) -> str:
        parts = []
        for block in blocks:
            match block:
                case Heading(sentence):
                    parts.append(f"<p><b>{self.sentence(sentence)}</b></p>")
                case Paragraph(sentence):
                    parts.append(f"<p>{self.sentence(sentence)}</p>")
                case Listing(items):
                    lines = "".join(f"<li>{self.sentence(item)}</li>" for item in items)
                    parts.append(f"<ul>{lines}</ul>")
                case Lines(equations):
                    parts.append(self.lines(equations))
                case Equation(left, rows, _):
                    parts.append(self.equation(left, rows))
        return "\n".join(parts)

    def equation(self, left: ast.expr, rows: Sequence[Row]) -> str:
        # A browser does not break an equation; one that is too long is moved in its own frame.
        lines = ['<div style="max-width: 100%; overflow-x: auto">', "<table>"]
        for i, row in enumerate(rows):
            head = self.math(left) if i == 0 else ""
            reasons = "<br>".join(
                _html_words(rule) + (f": {self.sentence(says)}" if says else "")
                for rule, says in row.reasons
            )
            relation = "≈" if row.rounded else "="
            first, *others = _terms_of(row.side) if row.listed else [row.side]
            cells = (head, relation, self.math(first))
            lines.append(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
            for each in others:
                lines.append(f"<tr><td></td><td>+</td><td>{self.math(each)}</td></tr>")
            if reasons:
                lines.append(f"<tr><td></td><td></td><td><small>{reasons}</small></td></tr>")
        return "\n".join([*lines, "</table>", "</div>"])

    def lines(self, equations: Sequence[Equation]) -> str:
        lines = ['<div style="max-width: 100%; overflow-x: auto">', "<table>"]
        for equation in equations:
            sides = "".join(
                ("≈ " if row.rounded else "= ") + self.math(row.side) + " " for row in equation.rows
            )
            says = ", ".join(rule for row in equation.rows for rule, _ in row.reasons)
            cells = (self.math(equation.left), sides, f"<small>{_html_words(says)}</small>")
            lines.append(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
        return "\n".join([*lines, "</table>", "</div>"])
