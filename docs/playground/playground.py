"""The playground's Python: a formula and numbers become pieces of HTML, and programs run.

`worker.js` calls it in the browser, and `build.py` for what is there before Python is. All text
that a reader wrote is escaped here, or by the package; a formula is only ever read as mathematics.
"""

from __future__ import annotations

import ast
import html
import io
import json
import linecache
import re
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

from autograd_scalar import explain
from autograd_scalar.algebra.trees import name as name_of
from autograd_scalar.algebra.trees import number
from autograd_scalar.cli.program import Computation, Program, ProgramError
from autograd_scalar.engine.functions import FUNCTIONS
from autograd_scalar.engine.value import Value, toposort
from autograd_scalar.explaining.formulas import written
from autograd_scalar.exploring.explore import Page, explore
from autograd_scalar.notation.labels import mathml_label
from autograd_scalar.notation.reading import read
from autograd_scalar.notation.terminal import marked
from autograd_scalar.notation.typeset import MathML
from autograd_scalar.picture import graphviz
from autograd_scalar.picture.draw import draw

#: What a name is given that has no number yet.
NUMBER = 0.5
#: How small a picture may be drawn, of its own size.
LEGIBLE = 0.6
#: The most operations that are listed.
ROWS = 200
#: The most characters that a program may print.
PRINTED = 200_000

# Errors that are an answer; what else is raised is a fault of this page.
_TOLD = (ArithmeticError, ValueError, TypeError, RuntimeError, RecursionError, ImportError)


class Answer:
    """A formula at numbers, and the pieces of the page that show it.

    formula  an expression or steps, as the command line reads them
    numbers  by name; those that the formula does not need are left out

    Raises `ProgramError` for a formula that can't be read or computed.
    """

    def __init__(self, formula: str, numbers: Mapping[str, float]) -> None:
        self._formula = formula
        program = Program(formula, numbers)
        self.numbers = {name: float(numbers.get(name, NUMBER)) for name in program.free}
        self._names = [*numbers]
        self._computed: Computation = program.run(self.numbers)
        self.result = self._computed.result
        if self.result.kind != "constant":
            self.result.backward()

    def values(self) -> dict[str, Any]:
        """The result, the formula as it was read, each name's derivative, the operations."""
        named = self._computed.named
        return {
            "result": self._result(),
            "read": self._read(),
            "table": self._table(),
            "names": [
                {
                    "name": name,
                    "html": f"<math>{mathml_label(name)}</math>",
                    "number": value,
                    "derivative": _number(named[name].grad),
                }
                for name, value in self.numbers.items()
            ],
        }

    def picture(self, view: str, wrt: str) -> str:
        """The drawing as SVG, the ways from `wrt` marked in it."""
        named = self._computed.named
        reached = wrt in named and any(v is named[wrt] for v in toposort(self.result))
        try:
            svg = draw(self.result, view=view, wrt=named[wrt] if reached else None).svg
        except _TOLD as error:
            return _said(error)
        # A wide picture is moved rather than shrunk until nobody can read it.
        width = float(re.findall(r'width="([0-9.]+)pt"', svg)[0])
        return f'<div style="min-width: {LEGIBLE * width:.0f}pt">{svg}</div>'

    def explanation(self, wrt: str, detail: str) -> str:
        """How the derivative by the name `wrt` comes about."""
        if wrt not in self._computed.named:
            return "<p>There is no name in the formula to differentiate by.</p>"
        try:
            return explain(self.result, self._computed.named[wrt], detail=detail).html
        except _TOLD as error:
            return _said(error)

    def page(self) -> str:
        """What the page that plays the computation is made of, as JSON; "" for too much."""
        try:
            return json.dumps(explore(self.result).payload, allow_nan=False)
        except _TOLD:
            return ""

    def _result(self) -> str:
        marks = MathML(12)
        label = marks.label(self.result.label) + marks.equal if self.result.label else marks.equal
        return f"<math>{label}{marks.number(self.result.data)}</math>"

    def _read(self) -> str:
        marks = MathML()
        lines = []
        for step in read(self._formula, FUNCTIONS, self._names):
            left = ""
            if step.name:
                left = marks.label(step.name)
                if step.arguments is not None:
                    arguments = "<mo>,</mo>".join(map(marks.label, step.arguments))
                    left += marks.fence(arguments)
                left += marks.equal
            line = f'<math displaystyle="true">{left}{marks(step.tree)}</math>'
            lines.append(f"<div>{line}</div>")
        return "\n".join(lines)

    def _table(self) -> str:
        names = self._computed.intermediates()
        marks = MathML()
        rows = []
        for v, name in [*names.items()][:ROWS]:
            operands = [_operand(parent, names) for parent in v.parents]
            rows.append(
                [
                    f"<math>{marks.label(name)}</math>",
                    f'<math displaystyle="true">{marks.equal}{marks(written(v, operands))}</math>',
                    _number(v.data),
                    _number(v.grad),
                ]
            )
        if len(names) > ROWS:
            rows.append([f"… and {len(names) - ROWS:,} more", "", "", ""])
        return _table(["value", "operation", "number", "derivative"], rows)


def _operand(v: Value, names: Mapping[Value, str]) -> ast.expr:
    label = names.get(v) or v.label
    return name_of(label) if label else number(v.data)


def _number(value: float) -> str:
    return f"<math>{MathML(6).number(value).replace('-', '−')}</math>"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [f"<tr>{''.join(f'<th scope=col>{each}</th>' for each in head)}</tr>"]
    lines += [f"<tr>{''.join(f'<td>{each}</td>' for each in row)}</tr>" for row in rows]
    return "\n".join(["<table>", *lines, "</table>"])


def _said(error: BaseException) -> str:
    return f'<p class="said">{html.escape(str(error) or type(error).__name__)}</p>'


def ask(request: str) -> str:
    """Begin to answer a request, JSON both: the values, or what is wrong with the formula.

    `formula` and `numbers` are those of an `Answer`, whose other pieces `piece` gives.
    """
    global _answer
    _answer = None
    asked = json.loads(request)
    try:
        _answer = Answer(asked["formula"], asked["numbers"])
        return json.dumps(_answer.values())
    except ProgramError as error:
        place = marked(error.source, error.column) if error.source else ""
        return json.dumps({"error": str(error), "place": place})
    except _TOLD as error:
        return json.dumps({"error": str(error) or type(error).__name__, "place": ""})


def piece(name: str, *options: str) -> str:
    """Another piece of the answer that was begun: "picture", "explanation" or "page"."""
    if _answer is None:
        return ""
    pieces = {"picture": _answer.picture, "explanation": _answer.explanation, "page": _answer.page}
    return pieces[name](*options)


_answer: Answer | None = None


def connect(render: Callable[[str], Any]) -> None:
    """Have pictures drawn by a function of JavaScript's that makes an SVG file of DOT source."""
    graphviz.draw_with(lambda source: bytes(render(source).to_bytes()))


# Programs


class TooMuchPrintedError(RuntimeError):
    """A program has printed more than a page can show."""


class _Printed(io.TextIOBase):
    """Passes on what is printed, in pieces that are neither many nor late."""

    def __init__(self, show: Callable[[str, str], None]) -> None:
        self._show = show
        self._waiting: list[str] = []
        self._sent = time.monotonic()
        self._room = PRINTED

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._waiting.append(text[: self._room])
        self._room -= len(text)
        if self._room < 0:
            self._room = PRINTED
            raise TooMuchPrintedError(f"more than {PRINTED:,} characters were printed")
        if time.monotonic() - self._sent > 0.1:
            self.flush()
        return len(text)

    def flush(self) -> None:
        if self._waiting:
            self._show("text", "".join(self._waiting))
        self._waiting = []
        self._sent = time.monotonic()


def run(code: str, show: Callable[[str, str], None]) -> None:
    """Run a program and show what it prints, its last expression, and how it failed.

    show  is given a kind, "text", "error", "html", "svg" or "page", and what to show
    """
    printed = _Printed(show)

    def display(*things: Any) -> None:
        """Show objects as notebooks do."""
        for thing in things:
            printed.flush()
            show(*_shown(thing))

    name = "program.py"
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    scope: dict[str, Any] = {"__name__": "__main__", "display": display}
    with redirect_stdout(printed), redirect_stderr(printed):
        try:
            tree = ast.parse(code, name)
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, name, "exec"), scope)
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), name, "eval"), scope)
                if value is not None:
                    display(value)
        except BaseException as error:
            printed.flush()
            show("error", _told(error, name))
    printed.flush()


def _shown(thing: Any) -> tuple[str, str]:
    """The best form of an object for a page."""
    if isinstance(thing, Page):
        return "page", json.dumps(thing.payload, allow_nan=False)
    bundle: dict[str, Any] = {}
    if hasattr(thing, "_repr_mimebundle_"):
        wanted = ["text/html", "image/svg+xml", "text/plain"]
        bundle = thing._repr_mimebundle_(include=wanted) or {}
    elif hasattr(thing, "_repr_html_"):
        bundle = {"text/html": thing._repr_html_()}
    elif hasattr(thing, "_repr_svg_"):
        bundle = {"image/svg+xml": thing._repr_svg_()}
    for kind, shown in (("image/svg+xml", "svg"), ("text/html", "html")):
        if isinstance(bundle.get(kind), str):
            return shown, bundle[kind]
    return "text", f"{thing!r}\n"


def _told(error: BaseException, name: str) -> str:
    """The traceback from the program's own first line on."""
    frame = error.__traceback__
    while frame is not None and frame.tb_frame.f_code.co_filename != name:
        frame = frame.tb_next
    text = "".join(traceback.format_exception(type(error), error, frame))
    return text if len(text) < 6000 else f"{text[:3000]}\n  …\n{text[-3000:]}"
