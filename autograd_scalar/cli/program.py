"""Programs: text such as `a = w*x; a**2`, checked, and computed on recorded Values.

Steps are separated by `;` or new lines; the last one is the result.  What an expression
may contain is the language of `expressions`, less its comparisons and choices: a reader's
formula is one smooth piece, and `where`, `maximum` and `minimum` say the rest.
"""

from __future__ import annotations

import ast
import difflib
import keyword
import re
import string
import unicodedata
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..engine.functions import FUNCTIONS
from ..engine.value import Value
from ..notation.labels import read_label
from ..table.floats import CONSTANTS
from ..table.language import ExpressionError, check, evaluate

#: Longer and deeper programs are refused, so that the same ones work on every Python.
LONGEST = 100_000
DEEPEST = 1_000

_CHOICE = (
    "comparisons and choices are not part of an expression; "
    "use maximum, minimum, abs or where(condition, x, y)"
)
_CHOOSING = ("and", "else", "if", "in", "is", "not", "or")
_TOO_LARGE = "this number is too large for a float"
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

    labels       names that get a value and may be labels such as h_1^(3); names of steps may too
    free         the names that need a value, in the order of their first use
    assignments  the steps, `name = expression` each

    Raises `ProgramError` for anything outside the language.
    """

    def __init__(self, text: str, labels: Iterable[str] = ()) -> None:
        # Indentation has no meaning here, and Python's grammar would object to it.
        self._lines = [line.strip() for line in text.splitlines()] or [""]
        steps = re.findall(r"(?:^|;)([^;=]+)=(?!=)", "\n".join(self._lines), re.MULTILINE)
        declared = {*labels, *(step.strip() for step in steps)}
        self._spelled = _as_identifiers({each for each in declared if _is_label(each)}, text)
        self.free: dict[str, ast.Name] = {}
        self.assignments: list[Assignment] = []
        self._targets: set[str] = set()
        body = self._parsed().body
        if not body:
            raise ProgramError("the expression is empty")
        for statement in body:
            step = self._assignment(statement, last=statement is body[-1])
            self._check(step.tree)
            if step.name:
                self._check_target(step)
                self._targets.add(step.name)
            self.assignments.append(step)

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
                f"no value for {', '.join(missing)}: add {wanted}", self.free[missing[0]]
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

    def _parsed(self) -> ast.Module:
        source = "\n".join(self._lines)
        if len(source) > LONGEST:
            raise ProgramError(
                f"the expression has {len(source):,} characters, the limit is {LONGEST:,}"
            )
        for line in self._lines:
            stray = re.search("[\0\ud800-\udfff]", line)
            if stray:
                raise ProgramError(
                    f"an expression can't contain the character {stray[0]!a}", line, stray.start()
                )
        try:
            with warnings.catch_warnings():
                # Python warns of `1if x` and the like, which are refused here anyway.
                warnings.simplefilter("ignore")
                tree = ast.parse(self._in_identifiers(source))
        except SyntaxError as error:
            raise self._syntax_error(error) from None
        except (MemoryError, RecursionError):
            raise ProgramError(_TOO_DEEP) from None
        labels = {unicodedata.normalize("NFKC", each): of for of, each in self._spelled.items()}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                node.id = labels.get(node.id, node.id)
        return tree

    def _in_identifiers(self, source: str) -> str:
        """The program with identifiers as long as the labels in their places."""
        if not self._spelled:
            return source
        longest_first = sorted(self._spelled, key=len, reverse=True)
        label = re.compile(rf"(?<![\w\\])(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")
        return label.sub(lambda match: self._spelled[match[0]], source)

    def _syntax_error(self, error: SyntaxError) -> ProgramError:
        line = self._lines[min(max(error.lineno or 1, 1), len(self._lines)) - 1]
        column = min(max((error.offset or 1) - 1, 0), len(line))
        # Python's advice, which follows the first sentence, is about Python.
        message = error.msg.partition(". ")[0]
        if "integer string conversion" in message:
            # Python says that there is such a number, and not where.
            numbers = (each for line in self._lines for each in re.finditer(r"[\d_]+", line))
            longest = max(numbers, key=lambda each: len(each[0]))
            return ProgramError(_TOO_LARGE, longest.string, longest.start())
        if message == "invalid decimal literal":
            message += "; to multiply, write *"
        # No keyword is part of the language, and Python reports many of them late.
        for word in re.finditer(r"[^\W\d]\w*", line.partition("#")[0]):
            if word[0] in _CHOOSING:
                return ProgramError(_CHOICE, line, word.start())
            if keyword.iskeyword(word[0]):
                return ProgramError(_keyword_message(word[0]), line, word.start())
        return ProgramError(message, line, column)

    def _assignment(self, statement: ast.stmt, last: bool) -> Assignment:
        match statement:
            case ast.Expr(value=tree):
                if not last:
                    raise self._error("only the last step can do without name =", tree)
                return Assignment("", tree, tree)
            case ast.Assign(targets=[ast.Name(id=name) as target], value=tree):
                return Assignment(name, tree, target)
        raise self._error("steps are written name = expression", statement)

    def _check_target(self, step: Assignment) -> None:
        try:
            check_name(step.name)
        except ValueError as error:
            raise self._error(str(error), step.at) from None
        if step.name in self.free:
            raise self._error(f"{step.name} is used before it is assigned", self.free[step.name])
        if step.name in self._targets:
            raise self._error(f"{step.name} is assigned already; each name has one value", step.at)

    def _check(self, tree: ast.expr) -> None:
        names: dict[str, ast.Name] = {}
        pending = [(tree, 1)]
        while pending:
            node, depth = pending.pop()
            if depth > DEEPEST:
                raise ProgramError(_TOO_DEEP)
            self._advise(node)
            if isinstance(node, ast.Name):
                names.setdefault(node.id, node)
            pending += [(each, depth + 1) for each in reversed(_operands(node))]
        try:
            check(tree, names, FUNCTIONS)
        except ExpressionError as error:
            line = self._lines[error.line - 1]
            raise ProgramError(str(error), line, _characters(line, error.column)) from None
        for name, node in names.items():
            if name in FUNCTIONS:
                raise self._error(f"{name} is a function: write {name}(...)", node)
            if name not in self._targets and name not in CONSTANTS:
                self.free.setdefault(name, node)

    def _advise(self, node: ast.expr) -> None:
        """Refuse what people are likely to write, with what to write instead."""
        match node:
            case ast.BinOp(op=ast.BitXor()):
                label = re.search(r"\^[({\[]", self._lines[node.lineno - 1])
                hint = "; a name such as a^(2) needs a value" if label else ""
                raise self._error(f"^ is not a power here: write **{hint}", node)
            case ast.Compare() | ast.BoolOp() | ast.IfExp() | ast.UnaryOp(op=ast.Not()):
                raise self._error(_CHOICE, node)
            case ast.Call(func=ast.Name(id=name)) if name not in FUNCTIONS:
                known = difflib.get_close_matches(name, FUNCTIONS) or sorted(FUNCTIONS)
                raise self._error(
                    f"unknown function {name!r} (to multiply, write *); "
                    f"there is {', '.join(known)}",
                    node,
                )
            case ast.Call(func=ast.Attribute(attr=name)) if name in FUNCTIONS:
                raise self._error(f"functions have no prefix: write {name}(...)", node)
            case ast.Call(func=func) if not isinstance(func, ast.Name):
                raise self._error("only functions can be called; to multiply, write *", node)
            case ast.Call(keywords=[_, *_]):
                raise self._error("the arguments of a function have no names here", node)

    def _compute(self, tree: ast.expr, names: Mapping[str, Value]) -> Value:
        """`evaluate`, one operation at a time: at any depth, and an error has its place."""
        done: dict[ast.expr, Value] = {}
        stack = [tree]
        while stack:
            node = stack[-1]
            operands = _operands(node)
            waiting = [each for each in operands if each not in done]
            if waiting:
                stack += reversed(waiting)
                continue
            stack.pop()
            if isinstance(node, ast.Name):
                done[node] = names[node.id]
                continue
            try:
                done[node] = _operation(node, [done[each] for each in operands])
            except (ArithmeticError, TypeError, ValueError) as error:
                raise self._error(str(error), node) from None
        return done[tree]

    def _error(self, message: str, node: ast.expr | ast.stmt) -> ProgramError:
        """The error at a node: at its operator, where that stands between operands."""
        line = self._lines[node.lineno - 1]
        column = node.col_offset
        beside = _beside_operator(node)
        if beside and beside[0].end_lineno == beside[1].lineno == node.lineno:
            end = beside[0].end_col_offset or 0
            between = line.encode()[end : beside[1].col_offset]
            column = end + len(between) - len(between.lstrip(b" \t)"))
        return ProgramError(message, line, _characters(line, column))


def is_name(text: str) -> bool:
    """Whether a text can name a value: an identifier, or a label such as `h_1^(3)`.

    >>> is_name("h_1"), is_name("h_1^(3)"), is_name("h + 1")
    (True, True, False)
    """
    return text.isidentifier() or _is_label(text)


def _is_label(text: str) -> bool:
    return not text.isidentifier() and not read_label(text).plain


def _as_identifiers(labels: Iterable[str], text: str) -> dict[str, str]:
    """An identifier for each label, as long as it and nowhere in the text."""
    found: dict[str, str] = {}
    for label in sorted(labels):
        spelled = re.sub(r"\W", "_", label)
        for letter in string.ascii_letters:
            if spelled not in text and spelled not in found.values():
                break
            spelled = re.sub(r"\W", letter, label)
        found[label] = spelled
    return found


def check_name(name: str) -> None:
    """Raise `ValueError` for what can't be the name of a variable or a step.

    >>> check_name("lambda")
    Traceback (most recent call last):
    ValueError: lambda is a reserved word: take another name, such as lambda_
    """
    if keyword.iskeyword(name):
        raise ValueError(_keyword_message(name))
    if name in CONSTANTS:
        raise ValueError(f"{name} is a constant here: take another name")
    if name in FUNCTIONS:
        raise ValueError(f"{name} is a function here: take another name")
    if unicodedata.normalize("NFKC", name) != name or not is_name(name):
        raise ValueError(f"{name!r} is not a name")


def _keyword_message(name: str) -> str:
    return f"{name} is a reserved word: take another name, such as {name}_"


def _constant(number: float, label: str = "") -> Value:
    return Value(number, label).detach()


def _operands(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.Call):
        return node.args
    return [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr)]


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


def _beside_operator(node: ast.AST) -> tuple[ast.expr, ast.expr] | None:
    match node:
        case ast.BinOp(left=before, right=after) | ast.BoolOp(values=[before, after, *_]):
            return before, after
        case ast.Compare(left=before, comparators=[after, *_]):
            return before, after
        case ast.IfExp(body=before, test=after):
            return before, after
    return None


def _characters(line: str, octets: int) -> int:
    """Syntax trees count columns in bytes of UTF-8."""
    return len(line.encode()[:octets].decode(errors="ignore"))


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
