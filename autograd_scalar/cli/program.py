"""Programs: text such as `a = w*x; a**2`, checked, and computed on recorded Values.

Steps are separated by `;` or new lines; the last one is the result.  What an expression
may contain is the language of `expressions`, less its comparisons and choices: a reader's
formula is one smooth piece, and `where`, `maximum` and `minimum` say the rest.
"""

from __future__ import annotations

import ast
import keyword
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..algebra.trees import bottom_up, operands_of, put_in
from ..engine.functions import FUNCTIONS
from ..engine.value import Value
from ..notation.labels import read_label
from ..notation.reading import CHOICE, Statement, advice, read
from ..notation.scanning import LONGEST, ReadingError
from ..table.floats import CONSTANTS
from ..table.language import ExpressionError, check, evaluate

#: Deeper programs are refused, so that the same ones work on every Python.
DEEPEST = 1_000

_TOO_DEEP = f"operations are nested more than {DEEPEST:,} deep; write named steps"


class ProgramError(ValueError):
    """A program that can't be understood or computed: what is wrong, and where.

    source  the line of the program
    column  the index in it of the character at fault
    """

    def __init__(self, message: str, source: str = "", column: int = 0) -> None:
        super().__init__(message)
        self.source = source
        self.column = column


@dataclass(frozen=True)
class Assignment:
    """One step of a program, `name = expression`; the last one may do without a name."""

    name: str
    tree: ast.expr
    at: ast.expr


@dataclass(frozen=True)
class Computation:
    """What a program came to.

    result  the value of the last step
    named   the variables, as they were given, and then the named steps
    roots   the value of each step
    """

    result: Value
    named: dict[str, Value]
    roots: list[Value]

    def intermediates(self) -> dict[Value, str]:
        """What was recorded, in the order of evaluation, with a name for each value.

        A named step goes by its name, the others are v1, v2, … as far as those are free.
        """
        free = (name for name in _numbered("v") if name not in self.named)
        return {
            v: v.label or next(free) for v in _evaluation_order(self.roots) if v.kind == "interior"
        }


class Program:
    """A checked program.

    >>> program = Program("a = w*x; b = a + 1; b**2")
    >>> list(program.free)
    ['w', 'x']
    >>> computed = program.run({"w": 2.0, "x": 3.0})
    >>> computed.result.backward()
    >>> {name: v.grad for name, v in computed.named.items()}
    {'w': 42.0, 'x': 28.0, 'a': 14.0, 'b': 14.0}

    labels       names that get a value, which may be labels such as h_1^(3)
    free         the names that need a value, in the order of their first use
    assignments  the steps, `name = expression` each; the definitions of functions are put in

    Raises `ProgramError` for anything outside the language.
    """

    def __init__(self, text: str, labels: Iterable[str] = ()) -> None:
        # Indentation has no meaning here.
        self._lines = [line.strip() for line in text.splitlines()] or [""]
        self._labels = {*labels}
        self.free: dict[str, ast.Name] = {}
        self.assignments: list[Assignment] = []
        self._targets: dict[str, None] = {}
        self._functions: dict[str, tuple[Sequence[str], ast.expr]] = {}
        try:
            statements = read("\n".join(self._lines), FUNCTIONS, self._labels)
        except ReadingError as error:
            raise ProgramError(error.message, error.source, error.column) from None
        if not statements:
            raise ProgramError("the expression is empty")
        for statement in statements:
            self._add(statement, last=statement is statements[-1])

    def _add(self, statement: Statement, last: bool) -> None:
        name, arguments = statement.name, statement.arguments
        at = ast.Name(name, lineno=statement.line, col_offset=statement.column)
        if not (name or last):
            raise self._error("only the last step can do without name =", at)
        bound = arguments if arguments and not last else ()
        self._check(statement.tree, bound)
        if name:
            self._check_target(name, at)
        try:
            tree = put_in(statement.tree, self._functions, LONGEST)
        except ValueError as error:
            raise self._error(str(error), at) from None
        if _depth(tree) > DEEPEST:
            raise ProgramError(_TOO_DEEP)
        if arguments is not None and not last:
            self._functions[name] = (arguments, tree)
            return
        if name:
            self._targets[name] = None
        self.assignments.append(Assignment(name, tree, at))

    def run(self, values: Mapping[str, float]) -> Computation:
        """Compute the program, recording it, with `values` for its free names.

        Raises `ProgramError` for a value that is missing or that a step assigns, and where
        a primitive is undefined or overflows; `ValueError` for a name no variable can have.
        """
        for name in values:
            check_name(name)
        missing = [name for name in self.free if name not in values]
        if missing:
            wanted = " ".join(f"{name}=NUMBER" for name in missing)
            raise self._error(
                f"no value for {', '.join(missing)}: add {wanted}{self._meant(missing)}",
                self.free[missing[0]],
            )
        named = {name: Value(number, label=name) for name, number in values.items()}
        known = {name: _constant(number, name) for name, number in CONSTANTS.items()} | named
        roots = []
        for step in self.assignments:
            if step.name in values:
                raise self._error(f"{step.name} is given a value and assigned here too", step.at)
            value = self._compute(step.tree, known)
            if step.name:
                if value.kind == "constant":
                    value = Value(value.data)
                elif value.label:
                    # A second name is a value of its own, to be a link of the chain.
                    value = value - _constant(0.0)
                value.label = value.label or step.name
                named[step.name] = known[step.name] = value
            roots.append(value)
        return Computation(roots[-1], named, roots)

    def _meant(self, missing: Iterable[str]) -> str:
        known = {*self._labels, *self._targets, *self.free} - {*missing}
        meant = [advice(name, known, FUNCTIONS) for name in missing]
        return "".join(
            f"; for a product or a function write {each}" for each in [*filter(None, meant)][:1]
        )

    def _check_target(self, name: str, at: ast.expr) -> None:
        try:
            check_name(name)
        except ValueError as error:
            raise self._error(str(error), at) from None
        if name in self.free:
            raise self._error(f"{name} is used before it is assigned", self.free[name])
        if name in self._targets or name in self._functions:
            raise self._error(f"{name} is assigned already; each name has one value", at)

    def _check(self, tree: ast.expr, arguments: Collection[str]) -> None:
        if _depth(tree) > DEEPEST:
            raise ProgramError(_TOO_DEEP)
        names: dict[str, ast.Name] = {}
        pending = [tree]
        while pending:
            node = pending.pop()
            match node:
                case ast.Compare() | ast.BoolOp() | ast.IfExp() | ast.UnaryOp(op=ast.Not()):
                    raise self._error(CHOICE, node)
                case ast.Name(id=name):
                    names.setdefault(name, node)
                case ast.Call(func=ast.Name(id=name)) if not (
                    name in FUNCTIONS or name in self._functions
                ):
                    raise self._error(f"{name} is used before it is defined", node)
            pending += reversed(operands_of(node))
        try:
            check(tree, names, {*FUNCTIONS, *self._functions})
        except ExpressionError as error:
            raise ProgramError(str(error), self._lines[error.line - 1], error.column) from None
        constants = CONSTANTS.keys() - self._labels
        for name, node in names.items():
            if name not in self._targets and name not in constants and name not in arguments:
                self.free.setdefault(name, node)

    def _compute(self, tree: ast.expr, names: Mapping[str, Value]) -> Value:
        """`evaluate`, one operation at a time: at any depth, and an error has its place."""
        done: dict[ast.expr, Value] = {}
        for node in bottom_up(tree):
            if isinstance(node, ast.Name):
                done[node] = names[node.id]
                continue
            try:
                done[node] = _operation(node, [done[each] for each in operands_of(node)])
            except (ArithmeticError, TypeError, ValueError) as error:
                raise self._error(str(error), node) from None
        return done[tree]

    def _error(self, message: str, node: ast.expr) -> ProgramError:
        return ProgramError(message, self._lines[node.lineno - 1], node.col_offset)


def is_name(text: str) -> bool:
    """Whether a text can name a value: an identifier, or a label such as `h_1^(3)`.

    >>> is_name("h_1"), is_name("h_1^(3)"), is_name("h + 1")
    (True, True, False)
    """
    return text.isidentifier() or not read_label(text).plain


def check_name(name: str) -> None:
    """Raise `ValueError` for what can't be the name of a variable or a step.

    >>> check_name("lambda")
    Traceback (most recent call last):
    ValueError: lambda is a reserved word: take another name, such as lambda_
    """
    if keyword.iskeyword(name):
        raise ValueError(_keyword_message(name))
    if name in CONSTANTS and name != "pi":
        raise ValueError(f"{name} is a constant here: take another name")
    if name in FUNCTIONS:
        raise ValueError(f"{name} is a function here: take another name")
    if unicodedata.normalize("NFKC", name) != name or not is_name(name):
        raise ValueError(f"{name!r} is not a name")


def _keyword_message(name: str) -> str:
    return f"{name} is a reserved word: take another name, such as {name}_"


def _constant(number: float, label: str = "") -> Value:
    return Value(number, label).detach()


def _depth(tree: ast.expr) -> int:
    depth: dict[ast.expr, int] = {}
    for node in bottom_up(tree):
        depth[node] = 1 + max((depth[each] for each in operands_of(node)), default=0)
    return depth[tree]


def _operation(node: ast.expr, operands: list[Value]) -> Value:
    """One operation on operands that are computed already.

    Numbers become constants first, so that all arithmetic is the table's: the domain is
    checked, the size of a power bounded, and every intermediate recorded.
    """
    names = dict(zip(map(str, range(len(operands))), operands, strict=True))
    arguments: list[ast.expr] = [ast.Name(name) for name in names]
    shallow: ast.expr
    match node:
        case ast.Constant(value=int() | float() as number):
            return _constant(number)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant()):
            return _constant(-operands[0].data)
        case ast.BinOp(op=op):
            shallow = ast.BinOp(arguments[0], op, arguments[1])
        case ast.UnaryOp(op=sign):
            shallow = ast.UnaryOp(sign, arguments[0])
        case ast.Call(func=func):
            shallow = ast.Call(func, arguments, [])
        case _:
            raise TypeError(f"unchecked syntax: {ast.dump(node)}")
    value: Value = evaluate(shallow, names, FUNCTIONS)
    return value


def _evaluation_order(roots: Iterable[Value]) -> list[Value]:
    """`toposort` for several roots, one after the other, in one pass."""
    order: dict[Value, None] = {}
    for root in roots:
        stack = [root]
        while stack:
            v = stack[-1]
            waiting = [parent for parent in v.parents if parent not in order]
            if waiting:
                stack += reversed(waiting)
            else:
                order[stack.pop()] = None
    return list(order)


def _numbered(prefix: str) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"{prefix}{number}"
