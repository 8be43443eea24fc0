"""Mathematics as people write it, read as the syntax tree of the expression it means.

Whatever is an expression of Python keeps its meaning. Beside it there is what books, students
and this package's own output write: `2x`, `x²`, `e^-x`, `|x|`, `sin² x`, `√(x + 1)`, `σ(z)`,
`1,5`, `w₁₁⁽¹⁾` and LaTeX. What has two readings is refused, with both of them.
"""

from __future__ import annotations

import ast
import difflib
import keyword
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from ..algebra.trees import is_quotient
from ..algebra.trees import name as name_of
from ..table.registry import OPCODES, TABLE
from .labels import GREEK, read_label
from .scanning import Names, ReadingError, Scanner, Token, key_of, name_in

#: How many brackets, signs and exponents may be open inside one another.
DEEPEST = 100

CHOICE = (
    "comparisons and choices are not part of an expression; "
    "use maximum, minimum, abs or where(condition, x, y)"
)
_TOO_DEEP = f"brackets, signs and powers are nested more than {DEEPEST} deep; write named steps"

# What mathematics calls the functions of the table.
_ALIASES = {
    **{shown: row.name for row in TABLE for shown in (row.symbol, row.alias) if shown},
    "log_2": "log2",
    "log_10": "log10",
    "lb": "log2",
    "max": "maximum",
    "min": "minimum",
    "arsinh": "asinh",
    "arcosh": "acosh",
    "artanh": "atanh",
    "ReLU": "relu",
    "Relu": "relu",
}
# Letters that are functions before a bracket only.
_LETTERS = {
    "σ": "sigmoid",
    "sigma": "sigmoid",
    **{GREEK[row.latex[1:]]: row.name for row in TABLE if row.latex[1:] in GREEK},
}
_CONSTANTS = {"π": "pi", "pi": "pi", "inf": "inf", "nan": "nan", "NaN": "nan"}
_UNKNOWN = {
    "cot": "1/tan(x)",
    "sec": "1/cos(x)",
    "csc": "1/sin(x)",
    "tg": "tan(x)",
    "sgn": "x/abs(x)",
    "sign": "x/abs(x)",
    "lg": "log10(x) or log2(x), which are both called so",
    "ld": "log2(x)",
}
# What to say of signs in the wrong place.
_POWERLESS = "a power needs something before it; the cube root is cbrt(x)"
_SAYS = {
    "=": "steps are written name = expression",
    ",": "a comma separates the arguments of a function; one and a half is 1.5",
    "'": "′ is a derivative, which is to be found first, or a quotation mark",
    "∂": "∂ stands for what is still to be worked out; write the expression",
    "∑": "∑ stands for a sum: write its terms",
    "…": "… stands for terms that are left out; write them all",
    "≈": "≈ is a number in few digits; write one side of it",
    "@": "@ is no operation on numbers; to multiply, write *",
    "&": "& separates columns in LaTeX, and is no operation here",
    "^": _POWERLESS,
    "**": _POWERLESS,
}
_CHOOSING = ("and", "or", "not", "in", "is", "if", "else")
_RUN_TOGETHER = re.compile(r"(?:sin|cos|tan|ln|log|exp|sqrt)[xyz]|π[^\W\d_]+")
_COMPARE: dict[str, type[ast.cmpop]] = {"<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE}
_PRODUCTS: dict[str, type[ast.operator]] = {
    "*": ast.Mult,
    "·": ast.Mult,
    "/": ast.Div,
    "//": ast.FloorDiv,
    "%": ast.Mod,
}
_CLOSED_BY = {"(": ")", "[": "]", "{": "}", "⌊": "⌋", "⌈": "⌉"}


_Expression = TypeVar("_Expression", bound=ast.expr)


@dataclass(frozen=True)
class Statement:
    """One step of a text: `expression`, `name = expression` or `name(arguments) = expression`.

    name       "" for an expression alone
    arguments  those of a function that it defines, otherwise None
    tree       the expression; the place of an operation is that of its operator
    line, column  where the statement begins
    """

    name: str
    arguments: tuple[str, ...] | None
    tree: ast.expr
    line: int
    column: int


def read(text: str, functions: Collection[str], names: Collection[str] = ()) -> list[Statement]:
    """The statements of a text, which `;` and ends of lines separate.

    functions  what may be called, besides the functions that the text defines
    names      names that have a value already, which may be any labels; what is typeset as one
               of them is read as it, and `e`, `pi` and `σ` are then no more than names

    Numbers too large for a float are left for the language's `check` to refuse. Raises
    `ReadingError` for what can't be read, or has two readings.

    >>> [statement] = read("f(x) = 3x² + e^-|x|", {"abs", "exp"})
    >>> statement.name, statement.arguments, ast.unparse(statement.tree)
    ('f', ('x',), '3 * x ** 2 + exp(-abs(x))')
    """
    reader = _Reader(text, functions, names)
    try:
        return reader.statements()
    except RecursionError:
        raise reader.error(_TOO_DEEP, 0) from None


def advice(unknown: str, names: Iterable[str], functions: Collection[str]) -> str:
    """What may have been meant by a name that has no value: `x*y` for `xy`, or nothing.

    >>> advice("xy", ["x", "y"], []), advice("sinx", ["x"], ["sin"]), advice("z", ["x"], [])
    ('x*y', 'sin(x)', '')
    """
    known = {*names, *_CONSTANTS, "e"}
    for i in range(1, min(len(unknown), 12)):
        head, tail = unknown[:i], unknown[i:]
        called = head in functions or head in _ALIASES
        if called or head in known:
            number = called and tail.isdigit()
            rest = tail if number or tail in known else advice(tail, names, functions)
            if rest:
                return f"{head}({rest})" if called else f"{head}*{rest}"
    return ""


class _Reader:
    """A recursive-descent parser, one method for each level of what holds how tightly.

    With a factor comes its kind, by which it may have another one beside it: "number",
    "constant", "e", "name", "call", "prefix" for sin x, "bracket", "bars", "root", and of a power
    "raised" for x², "typed" for x^2, and "power" for x^(2).
    """

    def __init__(self, text: str, functions: Collection[str], names: Collection[str]) -> None:
        targets, self._defined = _targets(text)
        self._functions = functions
        self._known = {*names, *targets}
        scanner = Scanner(text, Names(self._known))
        self._text, self._places, self._tokens = text, scanner.places, scanner.tokens
        self._i = 0
        self._inside: list[str] = []  # the brackets that are open; "call" for a function's
        self._deep = 0
        self._digits = ""  # the number that was read last
        self._arguments: tuple[str, ...] = ()
        self._arities = {
            **{row.name: len(row.arguments) for row in TABLE if row.name != "log"},
            "sigmoid": 1,
            "softplus": 1,
        }

    # Statements

    def statements(self) -> list[Statement]:
        found: list[Statement] = []
        while True:
            while self._token.kind in (";", "\n"):
                self._i += 1
            if self._token.kind == "end":
                return found
            found.append(self._statement())
            if self._token.kind not in (";", "\n", "end"):
                self._unexpected(self._token)

    def _statement(self) -> Statement:
        first = self._token
        name, arguments = "", None
        if first.kind == "name" and self._tokens[self._i + 1].kind == "=":
            name = first.text
            self._i += 2
        elif first.kind == "name":
            arguments = self._definition()
            name = first.text if arguments is not None else ""
        self._arguments = arguments or ()
        tree = self._expression()
        self._arguments = ()
        if self._token.kind == "=":
            raise self.error("steps are written name = expression", first.start)
        if arguments is not None:
            self._arities[name] = len(arguments)
        line, column = self._places.at(first.start)
        return Statement(name, arguments, tree, line, column)

    def _definition(self) -> tuple[str, ...] | None:
        """The arguments, where `f(x, y) =` stands here, which is then passed."""
        i, found = self._i + 1, []
        if self._tokens[i].text != "(":
            return None
        while True:
            argument, after = self._tokens[i + 1], self._tokens[min(i + 2, len(self._tokens) - 1)]
            if argument.kind != "name" or after.text not in (",", ")"):
                return None
            found.append(argument.text)
            i += 2
            if after.text == ")":
                break
        if self._tokens[i + 1].kind != "=":
            return None
        self._i = i + 2
        return tuple(found)

    # Tokens

    @property
    def _token(self) -> Token:
        while self._inside and self._tokens[self._i].kind == "\n":
            self._i += 1
        return self._tokens[self._i]

    def _take(self) -> Token:
        token = self._token
        self._i += token.kind != "end"
        return token

    def error(self, message: str, offset: int) -> ReadingError:
        return self._places.error(message, offset)

    def _source(self, start: int) -> str:
        """What was read since `start`, for messages."""
        return self._text[start : self._tokens[self._i - 1].end].strip()

    def _placed(self, node: _Expression, token: Token) -> _Expression:
        node.lineno, node.col_offset = self._places.at(token.start)
        return node

    def _unexpected(self, token: Token) -> NoReturn:
        kind, text = token.kind, token.text
        before = self._tokens[self._i - 1].text if self._i else ""
        if kind == "name" and text in _CHOOSING:
            message = CHOICE
        elif kind == "close":
            message = f"unmatched {text}: nothing that it closes is open here"
        elif kind in _SAYS:
            message = _SAYS[kind]
        elif kind in ("==", "!="):
            message = f"comparisons with {text} are not part of an expression"
        elif kind == "text":
            message = f"{text!r} is text, and no part of an expression"
        elif kind in ("end", "\n", ";"):
            message = f"invalid syntax: something is missing after {before}"
            if before in ("", ";", "\n"):
                message = "the expression is empty"
        else:
            message = f"invalid syntax: something is missing before {text}"
        raise self.error(message, token.start)

    def _deeper(self, token: Token, bracket: str) -> None:
        self._inside.append(bracket)
        self._nest(token)

    def _nest(self, token: Token) -> None:
        self._deep += 1
        if self._deep > DEEPEST:
            raise self.error(_TOO_DEEP, token.start)

    def _close(self, opened: Token, closer: str) -> None:
        token = self._token
        if token.text == ";" and self._inside[-1] == "call":
            raise self.error(
                "arguments are separated by a comma, and 1,5 is written 1.5", token.start
            )
        if token.kind in ("end", ";", "\n"):
            raise self.error(f"{opened.text} was never closed: {closer} is missing", opened.start)
        if token.text != closer:
            if token.kind == "close":
                raise self.error(
                    f"{opened.text} is closed by {closer}, not by {token.text}", token.start
                )
            self._unexpected(token)
        self._inside.pop()
        self._deep -= 1
        self._i += 1

    # Expressions, from what holds loosest to what holds tightest

    def _expression(self, condition: bool = False) -> ast.expr:
        token = self._token
        if token.kind == "name" and token.text == "not":
            self._i += 1
            self._nest(token)
            operand = self._expression(True)
            self._deep -= 1
            return self._placed(ast.UnaryOp(ast.Not(), operand), token)
        tree = self._sum()
        token = self._token
        if condition and token.kind in ("=", "==", "!="):
            self._i += 1
            zero = self._take()
            if zero.text != "0":
                raise self.error(
                    f"{token.kind} is for 0 alone here; compare by < or >", token.start
                )
            if token.kind != "!=":
                tree = self._placed(ast.UnaryOp(ast.Not(), tree), token)
        elif token.kind in _COMPARE:
            ops, others = [], []
            first = token
            while self._token.kind in _COMPARE:
                ops.append(_COMPARE[self._take().kind]())
                others.append(self._sum())
            tree = self._placed(ast.Compare(tree, ops, others), first)
        elif token.kind in ("==", "!="):
            self._unexpected(token)
        token = self._token
        if token.kind == "name" and token.text == "if" and not condition:
            self._i += 1
            test = self._expression(True)
            if self._token.text == ";" and self._inside[-1:] == ["{"]:
                self._i += 1
                if self._token.text == "else":
                    self._i += 1
            elif self._token.text == "else":
                self._i += 1
            else:
                self._unexpected(self._token if self._token.kind != "end" else token)
            self._nest(token)
            other = self._expression()
            self._deep -= 1
            return self._placed(ast.IfExp(test, tree, other), token)
        return tree

    def _sum(self) -> ast.expr:
        tree = self._product()
        while self._token.kind in ("+", "-"):
            token = self._take()
            op = ast.Add() if token.kind == "+" else ast.Sub()
            tree = self._placed(ast.BinOp(tree, op, self._product()), token)
        return tree

    def _product(self) -> ast.expr:
        """Factors from left to right; ` · ` with room around it holds a little looser."""
        whole: tuple[ast.expr, Token] | None = None
        start = below = self._token.start
        tree, kind = self._power()
        tree = self._scientific(tree, kind)
        divided = remainder = ""
        several = False
        while True:
            token = self._token
            spelled = "mod" if self._is_mod(token) else token.kind
            wide = token.kind == "·" and token.spaced and self._tokens[self._i + 1].spaced
            follows = wide or spelled == "mod" or spelled in _PRODUCTS
            if (follows and "mod" in (spelled, remainder) and (several or remainder)) or (
                (wide and remainder) or (whole and spelled in ("//", "%"))
            ):
                raise self.error(
                    f"{remainder or spelled} beside another product: write brackets", token.start
                )
            if wide:
                self._i += 1
                if whole:
                    tree = self._placed(ast.BinOp(whole[0], ast.Mult(), tree), whole[1])
                whole = (tree, token)
                start = self._token.start
                tree, kind = self._power()
                tree = self._scientific(tree, kind)
                divided = ""
            elif follows:
                self._i += 1
                op = ast.Mod if spelled == "mod" else _PRODUCTS[spelled]
                below = self._token.start
                right, kind = self._power()
                if op is ast.Mult:
                    right = self._scientific(right, kind)
                tree = self._placed(ast.BinOp(tree, op(), right), token)
                divided = "" if op is ast.Mult else token.text
                if op in (ast.Mod, ast.FloorDiv):
                    remainder = spelled
                self._check_derivative(tree, token)
            elif self._goes_on(token, kind):
                if divided:
                    self._two_readings(start, below, divided, token)
                right, kind = self._power()
                tree = self._placed(ast.BinOp(tree, ast.Mult(), right), token)
            else:
                break
            several = True
        if whole:
            tree = self._placed(ast.BinOp(whole[0], ast.Mult(), tree), whole[1])
        return tree

    def _is_mod(self, token: Token) -> bool:
        return token.kind == "name" and token.text == "mod" and "mod" not in self._known

    def _two_readings(self, start: int, below: int, divided: str, token: Token) -> NoReturn:
        """Refuse 1/2x."""
        above = self._text[start:below].strip().removesuffix(divided).strip()
        under = self._source(below)
        factor = self._following()
        raise self.error(
            f"this can be ({above}{divided}{under})*{factor} or "
            f"{above}{divided}({under}*{factor}): write one of them",
            token.start,
        )

    def _scientific(self, tree: ast.expr, kind: str) -> ast.expr:
        """A number before ·10⁻⁹ together with it, as one number to the last bit."""
        pattern = (("·",), ("10",), ("^",), ("(", "{"))
        following = [each.text for each in self._tokens[self._i : self._i + 7]]
        number = tree.operand if isinstance(tree, ast.UnaryOp) else tree
        if kind != "number" or not isinstance(number, ast.Constant):
            return tree
        if any(text not in wanted for text, wanted in zip(following, pattern, strict=False)):
            return tree
        sign = "-" * (following[4:5] == ["-"])
        digits = "".join(following[4 + len(sign) : 5 + len(sign)])
        if not digits.isdigit() or len(digits) > 4:
            return tree
        mantissa = self._digits
        if not re.fullmatch(r"[0-9]{1,400}(\.[0-9]*)?", mantissa):
            return tree
        self._i += 6 + len(sign)
        shifted = ast.Constant(float(f"{mantissa}e{sign}{digits}"))
        ast.copy_location(shifted, number)
        return ast.UnaryOp(tree.op, shifted) if isinstance(tree, ast.UnaryOp) else shifted

    def _check_derivative(self, tree: ast.expr, token: Token) -> None:
        match tree:
            case ast.BinOp(left=ast.Name(above), op=ast.Div(), right=ast.Name(below)):
                written = re.fullmatch(r"d[^\W\d_]?/d[^\W\d_]", f"{above}/{below}")
                if written and not {above, below} & self._known:
                    raise self.error(
                        f"{above}/{below} is a derivative that is still to be found: write the "
                        "expression alone",
                        token.start,
                    )

    def _goes_on(self, token: Token, kind: str) -> bool:
        """Whether a factor follows without a sign; refuses what can be read in two ways."""
        bar = token.kind == "|" and self._inside[-1:] != ["|"]
        word = token.kind == "name" and (keyword.iskeyword(token.text) or self._is_mod(token))
        starts = token.kind in ("number", "fraction", "name", "open", "√", "∛", "frac", "sqrt")
        if word or not (starts or bar):
            return False
        before = self._tokens[self._i - 1]
        shown = before.text
        if kind == "number" and token.kind == "fraction":
            raise self.error(
                f"this can be {shown} + {token.text} or {shown}*({token.text}): write one of them",
                token.start,
            )
        if kind == "number" and token.kind == "number":
            raise self.error(
                f"invalid syntax: two numbers side by side; one number is written without a gap, "
                f"a product {shown}*{token.text}",
                token.start,
            )
        if token.kind in ("number", "fraction"):
            raise self.error(
                f"invalid syntax: a number after {shown}: write *{token.text} for a product, "
                f"^{token.text} for a power",
                token.start,
            )
        if kind == "name" and token.kind == "open" and token.text in "([{":
            raise self.error(
                f"{before.text} is a name, and no function: to multiply, write {before.text}*"
                f"{token.text}…{_CLOSED_BY[token.text]}; for a function of your own, "
                "f(x) = … first",
                before.start,
            )
        shown = shown if before.kind in ("number", "name") else "…"
        if kind == "root":
            factor = self._following()
            raise self.error(
                f"√ reaches how far? Write √({shown})*{factor} or √({shown}*{factor})",
                token.start,
            )
        if kind == "typed" and not token.spaced:
            factor = self._following()
            raise self.error(
                f"does {factor} belong to the exponent? Write ^({shown}*{factor}) or "
                f"^{shown}*{factor}",
                token.start,
            )
        if kind == "bars":
            raise self.error(
                f"bars that open and close look alike: write *{self._following()}, or abs(x) "
                "for |x|",
                token.start,
            )
        return True

    def _following(self) -> str:
        """The factor that stands here, as it is written."""
        start = self._token.start
        self._power()
        return self._source(start)

    def _power(self) -> tuple[ast.expr, str]:
        """Signs, what they stand before, and what it is raised to; with what kind it is."""
        if self._token.kind in ("+", "-"):
            sign = self._take()
            self._nest(sign)
            operand, kind = self._power()
            self._deep -= 1
            op = ast.USub() if sign.kind == "-" else ast.UAdd()
            return self._placed(ast.UnaryOp(op, operand), sign), kind
        start = self._token.start
        base, kind = self._atom()
        while self._token.kind in ("^", "**"):
            token = self._take()
            if kind in ("root", "raised" if not token.raised else "root"):
                raise self.error(
                    f"a power of what? {self._source(start)} has two readings: write brackets",
                    token.start,
                )
            self._nest(token)
            if token.raised:
                exponent, _ = self._atom()
            else:
                exponent, _ = self._power()
            self._deep -= 1
            if kind == "e":
                base = self._placed(ast.Call(name_of("exp"), [exponent], []), token)
            else:
                base = self._placed(ast.BinOp(base, ast.Pow(), exponent), token)
            bare = self._tokens[self._i - 1].kind not in ("close", "|")
            kind = "raised" if token.raised else "typed" if bare else "power"
            one = isinstance(exponent, ast.Constant) and exponent.value == 1
            if one and token.text == "^" and bare and self._token.kind == "/":
                self._i += 1
                below = self._take().text
                shown = self._text[start : token.start].strip()
                raise self.error(
                    f"{shown}^1/{below} is {shown}/{below}: write that, or "
                    f"{shown}^(1/{below}) for a root",
                    token.start,
                )
        return base, kind

    def _atom(self) -> tuple[ast.expr, str]:
        token = self._take()
        match token.kind:
            case "number":
                return self._number(token), "number"
            case "fraction":
                parts = [
                    self._placed(ast.Constant(int(each)), token) for each in token.text.split("/")
                ]
                return self._placed(ast.BinOp(parts[0], ast.Div(), parts[1]), token), "number"
            case "name":
                return self._named(token)
            case "open":
                return self._bracket(token)
            case "|":
                self._deeper(token, "|")
                inner = self._expression()
                self._close(token, "|")
                return self._placed(ast.Call(name_of("abs"), [inner], []), token), "bars"
            case "√" | "∛":
                self._nest(token)
                inner, _ = self._atom()
                self._deep -= 1
                function = "sqrt" if token.kind == "√" else "cbrt"
                return self._placed(ast.Call(name_of(function), [inner], []), token), "root"
            case "frac":
                above, below = self._argument(token), self._argument(token)
                tree = self._placed(ast.BinOp(above, ast.Div(), below), token)
                self._check_derivative(tree, token)
                return tree, "bracket"
            case "sqrt":
                return self._latex_root(token), "bracket"
            case "\\begin":
                return self._cases(token), "bracket"
        self._i -= token.kind != "end"
        self._unexpected(token)

    def _number(self, token: Token) -> ast.expr:
        text = token.text
        comma, after = (
            self._tokens[self._i : self._i + 2]
            if self._i + 1 < len(self._tokens)
            else (token, token)
        )
        decimal = (
            self._inside[-1:] != ["call"]
            and comma.kind == ","
            and after.kind == "number"
            and not (comma.spaced or after.spaced)
            and text.isdigit()
        )
        if decimal:
            if len(after.text) == 3 and len(text) <= 3 and text[0] != "0":
                raise self.error(
                    f"{text},{after.text} is {text}.{after.text} or {text}{after.text}: "
                    "write one of them",
                    token.start,
                )
            self._i += 2
            text = f"{text}.{after.text}"
            if self._token.kind == "," or "." in after.text:
                raise self.error(f"{text} with two commas or points is no number", token.start)
        self._digits = text
        try:
            whole = text.replace("_", "")
            value = (
                int(whole, 0 if whole[1:2].isalpha() else 10)
                if not re.search(r"[.eE]", whole) or whole[:2].lower() == "0x"
                else float(whole)
            )
        except ValueError:
            raise self.error("this number is too large for a float", token.start) from None
        return self._placed(ast.Constant(value), token)

    def _bracket(self, token: Token) -> tuple[ast.expr, str]:
        self._deeper(token, token.text)
        inner = self._expression()
        self._close(token, _CLOSED_BY[token.text])
        if token.text == "⌊" and is_quotient(inner) and not self._all_in_brackets(token):
            divided = ast.BinOp(inner.left, ast.FloorDiv(), inner.right)
            return self._placed(divided, token), "bracket"
        if token.text in "⌊⌈":
            function = "floor" if token.text == "⌊" else "ceil"
            return self._placed(ast.Call(name_of(function), [inner], []), token), "bracket"
        return inner, "bracket"

    def _all_in_brackets(self, opened: Token) -> bool:
        """Whether what stands in the brackets that were closed just now is one bracket."""
        i = self._i - 2
        depth = 0
        while self._tokens[i].kind in ("close", "open") or depth:
            depth += {"close": 1, "open": -1}.get(self._tokens[i].kind, 0)
            if depth == 0:
                return self._tokens[i - 1] is opened
            i -= 1
        return False

    def _argument(self, token: Token) -> ast.expr:
        opened = self._take()
        if opened.text != "{":
            raise self.error(f"{token.text} needs braces: write {token.text}{{…}}", opened.start)
        return self._bracket(opened)[0]

    def _latex_root(self, token: Token) -> ast.expr:
        degree: ast.expr = self._placed(ast.Constant(2), token)
        if self._token.text == "[":
            degree = self._bracket(self._take())[0]
        inner = self._argument(token)
        match degree:
            case ast.Constant(value=2):
                return self._placed(ast.Call(name_of("sqrt"), [inner], []), token)
            case ast.Constant(value=3):
                return self._placed(ast.Call(name_of("cbrt"), [inner], []), token)
        exponent = self._placed(
            ast.BinOp(self._placed(ast.Constant(1), token), ast.Div(), degree), token
        )
        return self._placed(ast.BinOp(inner, ast.Pow(), exponent), token)

    def _cases(self, token: Token) -> ast.expr:
        self._deeper(token, "cases")
        rows: list[tuple[ast.expr, ast.expr | None]] = []
        while self._token.kind != "\\end":
            tree = self._expression()
            for wanted in ("&", "name"):
                if self._take().kind != wanted:
                    self._i -= 1
                    raise self.error(
                        r"a case is written: value & \text{for } condition", self._token.start
                    )
            otherwise = self._tokens[self._i - 1].text == "otherwise"
            rows.append((tree, None if otherwise else self._expression(True)))
            if self._token.kind == "\\\\":
                self._i += 1
        self._i += 1
        self._inside.pop()
        self._deep -= 1
        *before, (last, condition) = rows or [(ast.Constant(0), None)]
        if not rows or condition is not None or any(test is None for _, test in before):
            raise self.error(r"cases end in one with \text{otherwise}", token.start)
        for tree, test in reversed(before):
            assert test is not None
            last = self._placed(ast.IfExp(test, tree, last), token)
        return last

    # Names and functions

    def _named(self, token: Token) -> tuple[ast.expr, str]:
        label = token.text
        following = self._token
        opens = following.kind == "open" and following.text in "([{"
        is_variable = label in self._known or label in self._arguments
        function = "" if label in self._arguments else self._function(label, opens)
        if function and is_variable and label not in self._functions:
            if opens:
                raise self.error(
                    f"{label} has a value here, and is a function too: write {label}*(…) or "
                    f"{function}(…)",
                    token.start,
                )
            function = ""
        if function:
            return self._call(token, function)
        base = self._base_of(token) if opens or label.startswith("log_") else None
        if base is not None:
            return self._call(token, "log", base)
        if keyword.iskeyword(label):
            if label in _CHOOSING:
                self._i -= 1
                self._unexpected(token)
            raise self.error(
                f"{label} is a reserved word: take another name, such as {label}_", token.start
            )
        if not is_variable:
            constant = _CONSTANTS.get(label)
            if constant:
                return self._placed(ast.Name(constant), token), "constant"
            if label == "e" and "exp" in self._functions:
                one = self._placed(ast.Constant(1), token)
                return self._placed(ast.Call(name_of("exp"), [one], []), token), "e"
            if label == "Σ" or label.startswith("Σ_"):
                raise self.error("Σ stands for a sum: write its terms", token.start)
            if _RUN_TOGETHER.fullmatch(label):
                meant = advice(
                    label, [re.sub("^(π|sin|cos|tan|ln|log|exp|sqrt)", "", label)], self._functions
                )
                raise self.error(f"{label} is one name: write {meant}", token.start)
        if following.kind == "open" and following.text == "(" and not is_variable:
            self._unknown_function(token)
        return self._placed(ast.Name(label), token), "name"

    def _base_of(self, token: Token) -> ast.expr | None:
        """The 3 of log_3."""
        found = re.fullmatch(r"log_(?:([0-9]{1,9})|\{?([^\W\d]\w*)\}?)", token.text)
        if not found or token.text in self._known or "log" not in self._functions:
            return None
        if found[1]:
            return self._placed(ast.Constant(int(found[1])), token)
        return self._placed(ast.Name(found[2]), token)

    def _function(self, label: str, opens: bool) -> str:
        defined = self._defined.get(key_of(label))
        if defined is not None:
            return defined
        if label in self._functions:
            return label
        alias = _ALIASES.get(label) or (_LETTERS.get(label) if opens else None)
        return alias if alias and alias in self._functions else ""

    def _unknown_function(self, token: Token) -> NoReturn:
        label = token.text
        hint = ""
        if label in _UNKNOWN:
            hint = f"; write {_UNKNOWN[label]}"
        else:
            listed = [*self._functions, *_ALIASES]
            close = difflib.get_close_matches(label, listed)
            hint = f"; one of your own is defined first, {label}(x) = …"
            if close:
                hint = f"; there is {', '.join(close)}"
        raise self.error(
            f"unknown function {label!r} (to multiply, write {label}*(…)){hint}", token.start
        )

    def _call(self, token: Token, function: str, *beside: ast.expr) -> tuple[ast.expr, str]:
        exponent: ast.expr | None = None
        if self._token.kind in ("^", "**"):
            exponent = self._exponent_of(token, function)
        following = self._token
        if following.kind == "open" and following.text in "([{":
            arguments, kind = self._arguments_of(token, function), "call"
        elif self._is_operand(following) and self._arities.get(function, 1) == 1:
            arguments, kind = [self._without_bracket(token, function)], "prefix"
        else:
            raise self.error(f"{token.text} is a function: write {token.text}(...)", token.start)
        callee = self._placed(ast.Name(function), token)
        tree: ast.expr = self._placed(ast.Call(callee, [*arguments, *beside], []), token)
        if exponent is not None:
            tree = self._placed(ast.BinOp(tree, ast.Pow(), exponent), token)
            kind = "raised" if kind == "call" else kind
        return tree, kind

    def _is_operand(self, token: Token) -> bool:
        if token.kind == "name":
            return not keyword.iskeyword(token.text)
        return token.kind in ("number", "fraction", "√", "∛", "frac", "sqrt") or (
            token.kind == "|" and self._inside[-1:] != ["|"]
        )

    def _exponent_of(self, token: Token, function: str) -> ast.expr:
        """The 2 of sin² x."""
        power = self._take()
        sign = self._take() if self._token.kind == "-" else None
        if self._token.kind == "name":
            raise self.error(f"write the power behind: ({token.text}(…))^…", power.start)
        exponent, _ = self._atom()
        if isinstance(exponent, ast.UnaryOp) and isinstance(exponent.op, ast.USub):
            sign, exponent = power, exponent.operand
        name = token.text
        if function not in OPCODES:
            raise self.error(
                f"{name} to a power is a power of its value, or {name} of {name}: write "
                f"({name}(…))^… or {name}({name}(…))",
                power.start,
            )
        if sign is not None:
            inverse = f"arc{function}(x) or " if f"a{function}" in self._functions else ""
            raise self.error(
                f"{name}⁻¹ is the inverse function or one over {name}: write {inverse}1/{name}(x)",
                power.start,
            )
        if not isinstance(exponent, ast.Constant) or not isinstance(exponent.value, int):
            raise self.error(f"write the power behind: ({name}(…))^…", power.start)
        return exponent

    def _arguments_of(self, token: Token, function: str) -> list[ast.expr]:
        opened = self._take()
        self._deeper(opened, "call")
        found: list[ast.expr] = []
        commas: list[int] = []
        while self._token.text != _CLOSED_BY[opened.text]:
            if self._token.kind == "*":
                self._unexpected(self._token)
            found.append(self._expression())
            if self._token.kind == "=":
                raise self.error("the arguments of a function have no names here", token.start)
            if self._token.kind != ",":
                break
            commas.append(self._i)
            self._i += 1
        self._close(opened, _CLOSED_BY[opened.text])
        if len(commas) == 1 and (self._arities.get(function) == 1 or function == "log"):
            around = self._tokens[commas[0] - 1 : commas[0] + 2]
            if [each.text.isdigit() for each in around] == [True, False, True]:
                a, comma, b = around
                if not (comma.spaced or b.spaced):
                    two = f", or {token.text}({a.text}, {b.text})" if function == "log" else ""
                    raise self.error(
                        f"a comma separates arguments: write {token.text}({a.text}.{b.text}){two}",
                        comma.start,
                    )
        return found

    def _without_bracket(self, token: Token, function: str) -> ast.expr:
        """The argument of `sin 2x`: a number, constants, and at most one thing more."""
        start = self._token.start
        tree: ast.expr | None = None
        while True:
            first = self._token
            factor, kind = self._power()
            if tree is None:
                tree = factor
            else:
                tree = self._placed(ast.BinOp(tree, ast.Mult(), factor), first)
            if self._token.kind == "name" and self._function(self._token.text, False):
                break
            if kind not in ("number", "constant", "e") or not self._goes_on(self._token, kind):
                break
        after = self._token
        operator = after.kind in _PRODUCTS
        beyond = self._tokens[self._i + operator] if after.kind != "end" else after
        by_function = beyond.kind == "name" and self._function(beyond.text, True)
        # sin x cos x can only be a product of both; sin x · y could be either.
        if (operator or self._is_operand(after) or after.kind == "open") and not by_function:
            argument = self._source(start)
            rest = f"{after.text if operator else '*'}{beyond.text if operator else after.text}"
            raise self.error(
                f"{token.text} of how much? Write {token.text}({argument}){rest} or "
                f"{token.text}({argument}{rest})",
                after.start,
            )
        return tree


_STEP = re.compile(r"(?:^|;)([^;=\n]+)=(?!=)", re.MULTILINE)
_DEFINED = re.compile(r"([^\W\d]\w*|\\[A-Za-z]+)\s*\(")


def _targets(text: str) -> tuple[Sequence[str], dict[str, str]]:
    """The names of steps, and those of functions by what they are typeset as."""
    names: list[str] = []
    functions: dict[str, str] = {}
    for match in _STEP.finditer(text):
        target = match[1].rstrip(": ").strip()
        if len(target) > 100:
            continue
        definition = _DEFINED.match(target)
        if definition and target.endswith(")") and read_label(target).plain:
            functions[key_of(definition[1])] = definition[1]
        elif not target.isascii() and name_in(target):
            names.append(name_in(target))
        elif target.isidentifier() or not read_label(target).plain:
            names.append(target)
    return names, functions
