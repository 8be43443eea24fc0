"""The usual slips in differentiating, each as the wrong derivative it leads to.

A slip is made at one operation of an expression; everything around it is differentiated
right, by the table's partials. Nothing is written twice: a slip leaves out, swaps or changes
the sign of what the chain rule puts together.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ..algebra.intervals import proven
from ..algebra.simplify import tidy
from ..algebra.trees import call, name, names_in, number, row_of, substituted
from ..notation.document import UNBROKEN, Piece, Sentence
from ..table.language import is_zero
from ..table.primitives import Primitive
from .rules import CHAIN, CONSTANT_FACTOR, SUM_RULE, occurring

_LINEAR = ("add", "sub", "neg")


@dataclass(frozen=True)
class Slip:
    """A wrong derivative, and what went wrong.

    rule   the rule that would have helped
    tree   what comes out
    says   what to say to someone who gave it
    order  the usual ones first
    """

    rule: str
    tree: ast.expr
    says: Sentence
    order: int


def _times(*factors: ast.expr) -> ast.expr:
    result = factors[0]
    for factor in factors[1:]:
        result = ast.BinOp(result, ast.Mult(), factor)
    return result


def _minus(a: ast.expr, b: ast.expr) -> ast.expr:
    return ast.BinOp(a, ast.Sub(), b)


def _plus(a: ast.expr, b: ast.expr) -> ast.expr:
    return ast.BinOp(a, ast.Add(), b)


def _over(a: ast.expr, b: ast.expr) -> ast.expr:
    return ast.BinOp(a, ast.Div(), b)


def _power(a: ast.expr, b: ast.expr) -> ast.expr:
    return ast.BinOp(a, ast.Pow(), b)


def _where(**letters: ast.expr) -> list[Piece]:
    pieces: list[Piece] = []
    for letter, tree in letters.items():
        pieces += [", with " if not pieces else ", ", name(letter), f"{UNBROKEN}={UNBROKEN}", tree]
    return pieces


class Slips:
    """All slips of one expression, differentiated with respect to one name.

    in_full  gives the derivative of a part of it, as the rules do
    """

    def __init__(
        self, tree: ast.expr, variable: str, in_full: Callable[[ast.expr], ast.expr]
    ) -> None:
        self.tree = tree
        self.variable = variable
        self._in_full = in_full
        # By identity; the tree is kept so that its identity stays its own.
        self._known: dict[int, tuple[ast.expr, ast.expr]] = {}

    def __iter__(self) -> Iterator[Slip]:
        yield from sorted(self._everywhere(), key=lambda each: each.order)

    def _everywhere(self) -> Iterator[Slip]:
        yield Slip(
            CHAIN,
            self._outside_only(self.tree),
            ("Missing: the derivatives of all insides (", CHAIN, ")."),
            1,
        )
        yield from self._within(self.tree)

    def slope(self, tree: ast.expr) -> ast.expr:
        """The derivative, as it should be."""
        found = self._known.get(id(tree))
        if found is None:
            found = (tree, self._in_full(tree))
            self._known[id(tree)] = found
        return found[1]

    def moves(self, tree: ast.expr) -> bool:
        return self.variable in names_in(tree)

    def is_inside(self, tree: ast.expr) -> bool:
        """Whether an operand has a derivative that can be forgotten."""
        return self.moves(tree) and not isinstance(tree, ast.Name)

    def partials(self, row: Primitive, operands: list[ast.expr], tree: ast.expr) -> list[ast.expr]:
        letters = {**dict(zip(row.arguments, operands, strict=True)), "out": tree}
        return [substituted(occurring(each, letters, proven), letters) for each in row.shown_trees]

    def _outside_only(self, tree: ast.expr) -> ast.expr:
        """The derivative without any inside's."""
        match tree:
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return ast.IfExp(test, self._outside_only(body), self._outside_only(orelse))
        found = row_of(tree)
        if found is None or not self.moves(tree):
            return self.slope(tree)
        row, operands = found
        partials = self.partials(row, operands, tree)
        terms = []
        for partial, operand in zip(partials, operands, strict=True):
            if self.moves(operand):
                goes_on = row.name in (*_LINEAR, "mul", "div")
                inner = self._outside_only(operand) if goes_on else number(1)
                terms.append(_times(partial, inner))
        result = terms[0]
        for term in terms[1:]:
            result = _plus(result, term)
        return result

    def _within(self, tree: ast.expr) -> Iterator[Slip]:
        """Slips at this operation, or at one inside it."""
        if isinstance(tree, ast.IfExp):
            for slip in self._within(tree.body):
                other = self.slope(tree.orelse)
                yield replace(slip, tree=ast.IfExp(tree.test, slip.tree, other))
            for slip in self._within(tree.orelse):
                yield replace(slip, tree=ast.IfExp(tree.test, self.slope(tree.body), slip.tree))
            return
        found = row_of(tree)
        if found is None or not self.moves(tree):
            return
        row, operands = found
        yield from self._at(row, operands, tree)
        partials = self.partials(row, operands, tree)
        right = [
            _times(partial, self.slope(operand))
            for partial, operand in zip(partials, operands, strict=True)
        ]
        for i, operand in enumerate(operands):
            others = [
                each
                for j, each in enumerate(right)
                if j != i and self.moves(operands[j]) and not is_zero(partials[j])
            ]
            for slip in self._within(operand):
                total = _times(partials[i], slip.tree)
                for each in others:
                    total = _plus(total, each)
                yield replace(slip, tree=total)

    def _at(self, row: Primitive, operands: list[ast.expr], tree: ast.expr) -> Iterator[Slip]:
        moving = [i for i, each in enumerate(operands) if self.moves(each)]
        special = getattr(self, f"_{row.name}", None)
        if special is not None:
            yield from special(*operands)
        if len(moving) == 1:
            (i,) = moving
            yield from self._of_one(row, operands, tree, i)

    def _of_one(
        self, row: Primitive, operands: list[ast.expr], tree: ast.expr, i: int
    ) -> Iterator[Slip]:
        """Slips of a function of one thing that moves."""
        partial = self.partials(row, operands, tree)[i]
        inside, slope = operands[i], self.slope(operands[i])
        if self.is_inside(inside) and row.name not in _LINEAR:
            says: Sentence = (
                "Missing: the inside’s derivative ",
                tidy(slope),
                f" ({CHAIN}). The inside is ",
                inside,
                ".",
            )
            if row.name in ("mul", "div") and not self.moves(partial):
                says = (
                    "Missing: the derivative ",
                    tidy(slope),
                    " of ",
                    inside,
                    f": a constant that multiplies stays, and so does what it multiplies "
                    f"({CONSTANT_FACTOR}).",
                )
            yield Slip(CHAIN, partial, says, 0)
            if self.moves(partial) and row.name not in ("mul", "div"):
                letters = dict(zip(row.arguments, operands, strict=True))
                letters[row.arguments[i]] = slope
                out = substituted(row.value_tree, letters)
                letters["out"] = out
                at_slope = substituted(occurring(row.shown_trees[i], letters, proven), letters)
                yield Slip(
                    CHAIN,
                    at_slope,
                    (
                        "The outside’s derivative is taken at the inside, ",
                        inside,
                        ", and then multiplied by the inside’s derivative ",
                        tidy(slope),
                        f" ({CHAIN}); it does not go into it.",
                    ),
                    5,
                )
                yield Slip(
                    CHAIN,
                    out,
                    (
                        "The outside is differentiated too: the derivative is that of the "
                        "outside, with ",
                        inside,
                        " left in it, times the inside’s derivative ",
                        tidy(slope),
                        f" ({CHAIN}).",
                    ),
                    6,
                )
        if row.name not in (*_LINEAR, "mul", "div", "pow"):
            shown = tidy(substituted(row.shown_trees[i], {row.arguments[i]: name("u")}))
            written = call(row.name, *map(name, row.arguments))
            letter = {each: name("u") for each in row.arguments}
            shown = substituted(shown, {"out": substituted(written, letter)})
            rule = row.rules[i]
            if row.name != "exp" and len(row.arguments) == 1:
                statement: Sentence = (
                    call("′", call(row.name, name("u"))),
                    " = ",
                    _times(shown, name("u'")),
                )
                yield Slip(
                    rule,
                    _times(ast.UnaryOp(ast.USub(), partial), slope),
                    ("The sign: ", *statement, f" ({rule})", *_where(u=inside), "."),
                    7,
                )
                yield Slip(
                    rule,
                    _times(tree, slope),
                    ("The outside stays as it was: ", *statement, f" ({rule})."),
                    8,
                )
            if row.name == "sqrt":
                yield Slip(
                    rule,
                    _times(number(2), partial, slope),
                    (
                        "A factor ½ is missing: the root is a power with the exponent ½, which "
                        f"comes down as a factor ({rule}).",
                    ),
                    3,
                )

    # Slips of single operations, by the name of the row.

    def _mul(self, u: ast.expr, v: ast.expr) -> Iterator[Slip]:
        du, dv = self.slope(u), self.slope(v)
        rule = "product rule"
        if self.moves(u) and self.moves(v):
            right: Sentence = ("it is ", *_statement("u' * v + u * v'"), *_where(u=u, v=v))
            yield Slip(
                rule,
                _times(du, dv),
                (
                    "The derivative of a product is not the product of the derivatives; ",
                    *right,
                    f" ({rule}).",
                ),
                1,
            )
            for kept, lost, term in ((_times(du, v), v, "u * v'"), (_times(u, dv), u, "u' * v")):
                says: Sentence = (
                    "One term of the product rule is missing: ",
                    *_statement(term),
                    ". When ",
                    lost,
                    " moves, the product moves too; ",
                    *right,
                    ".",
                )
                yield Slip(rule, kept, says, 2)
            yield Slip(
                rule,
                _minus(_times(du, v), _times(u, dv)),
                ("The sign: the terms of the product rule are added; ", *right, "."),
                3,
            )
            return
        c, x = (u, v) if self.moves(v) else (v, u)
        yield from self._constant_factor(c, x, _times(u, v))

    def _constant_factor(self, c: ast.expr, x: ast.expr, both: ast.expr) -> Iterator[Slip]:
        slope = self.slope(x)
        stays: Sentence = (
            c,
            " multiplies, so it stays: the derivative of ",
            both,
            " is ",
            tidy(_times(c, slope)),
            f". Only a constant that is added drops out ({CONSTANT_FACTOR}).",
        )
        yield Slip(CONSTANT_FACTOR, number(0), stays, 2)
        yield Slip(CONSTANT_FACTOR, slope, stays, 3)
        yield Slip(
            CONSTANT_FACTOR,
            x,
            (x, " moves, and its derivative is taken; ", *stays),
            4,
        )
        yield Slip(CONSTANT_FACTOR, _plus(c, slope), stays, 4)
        if isinstance(c, ast.UnaryOp):
            yield Slip(CONSTANT_FACTOR, _times(c.operand, slope), ("The minus sign: ", *stays), 3)

    def _div(self, u: ast.expr, v: ast.expr) -> Iterator[Slip]:
        du, dv = self.slope(u), self.slope(v)
        rule = "quotient rule"
        if not self.moves(v):
            stays: Sentence = (
                "Dividing by ",
                v,
                " is a constant factor, which stays: ",
                tidy(_over(du, v)),
                f" ({CONSTANT_FACTOR}).",
            )
            yield Slip(CONSTANT_FACTOR, du, stays, 3)
            yield Slip(CONSTANT_FACTOR, number(0), stays, 3)
            return
        squared = _power(v, number(2))
        right: Sentence = (
            "it is ",
            *_statement("(u' * v - u * v') / v ** 2"),
            *_where(u=u, v=v),
            f" ({rule}).",
        )
        first, second = _times(du, v), _times(u, dv)
        if self.moves(u):
            yield Slip(
                rule,
                _over(du, dv),
                ("The derivative of a quotient is not the quotient of the derivatives; ", *right),
                1,
            )
        yield Slip(
            rule,
            _over(_minus(second, first), squared),
            (
                "The sign: the top’s derivative comes first, and what has ",
                name("v'"),
                " is taken away; ",
                *right,
            ),
            2,
        )
        if self.moves(u):
            yield Slip(
                rule,
                _over(_plus(first, second), squared),
                ("The sign: in the numerator is a minus; ", *right),
                2,
            )
            yield Slip(
                rule,
                _over(du, v),
                ("Below the line something moves too; ", *right),
                4,
            )
        yield Slip(
            rule,
            _minus(first, second),
            ("Missing: the denominator, squared; ", *right),
            3,
        )
        yield Slip(
            rule,
            _over(_minus(first, second), v),
            ("The denominator is squared; ", *right),
            3,
        )
        if not self.moves(u):
            yield Slip(rule, number(0), (v, " moves, so the quotient does too; ", *right), 4)
            yield Slip(
                rule,
                _over(u, dv),
                ("The derivative of a quotient is not the quotient of the derivatives; ", *right),
                4,
            )

    def _pow(self, u: ast.expr, n: ast.expr) -> Iterator[Slip]:
        if not self.moves(n):
            yield from self._fixed_exponent(u, n)
            return
        if self.moves(u):
            return
        rule = "exponential rule"
        dn = self.slope(n)
        right: Sentence = (
            "here the exponent moves, not what is raised, so the power rule has no place: the "
            "derivative is ",
            _times(_power(u, n), call("log", u), name("u'")),
            *_where(u=n),
            f" ({rule}).",
        )
        lowered = _times(n, _power(u, _minus(n, number(1))))
        yield Slip(rule, _times(lowered, dn), ("The exponent stays: ", *right), 1)
        yield Slip(rule, lowered, ("The exponent stays: ", *right), 1)
        yield Slip(
            rule,
            _times(_power(u, n), dn),
            ("Missing: a factor ", call("log", u), f" ({rule})."),
            2,
        )

    def _fixed_exponent(self, u: ast.expr, n: ast.expr) -> Iterator[Slip]:
        du = self.slope(u)
        rule = "power rule"
        less = _power(u, _minus(n, number(1)))
        right: Sentence = (
            "it comes down as a factor, and one less stays: ",
            tidy(_times(n, less)),
            *((", times ", tidy(du)) if self.is_inside(u) else ()),
            f" ({rule}).",
        )
        kept: Sentence = ("The exponent is not lowered: ", *right)
        yield Slip(rule, _times(n, _power(u, n), du), kept, 1)
        yield Slip(rule, _times(n, _power(u, n)), kept, 2)
        yield Slip(rule, _times(less, du), ("The exponent is missing as a factor: ", *right), 1)
        yield Slip(rule, less, ("The exponent is missing as a factor: ", *right), 2)
        more = _power(u, _plus(n, number(1)))
        yield Slip(
            rule,
            _times(n, more, du),
            ("One less than ", n, " is ", tidy(_minus(n, number(1))), "; ", *right),
            2,
        )
        yield Slip(
            rule,
            _over(more, _plus(n, number(1))),
            ("That is an integral, the way back: ", *right),
            5,
        )
        yield Slip(rule, _times(n, u), ("An exponent is left: ", *right), 6)

    def _exp(self, u: ast.expr) -> Iterator[Slip]:
        du = self.slope(u)
        rule = "exponential rule"
        says: Sentence = (
            "e to a power keeps its exponent; lowering it is the power rule, for a variable that "
            "is raised to a number. It is ",
            tidy(_times(call("exp", u), du)),
            f" ({rule}).",
        )
        one_less = call("exp", _minus(u, number(1)))
        for wrong in (
            _times(u, one_less),
            one_less,
            call("exp", _minus(u, name(self.variable))),
        ):
            yield Slip(rule, _times(wrong, du), says, 1)
            yield Slip(rule, wrong, says, 1)

    def _log(self, u: ast.expr) -> Iterator[Slip]:
        rule = "logarithm rule"
        yield Slip(
            rule,
            _over(number(1), self.slope(u)),
            ("1 is divided by what stands inside, ", u, f", not by its derivative ({rule})."),
            4,
        )

    def _add(self, u: ast.expr, v: ast.expr, sign: int = 1) -> Iterator[Slip]:
        du, dv = self.slope(u), self.slope(v)
        signed_v = v if sign > 0 else ast.UnaryOp(ast.USub(), v)
        signed_dv = dv if sign > 0 else ast.UnaryOp(ast.USub(), dv)
        if self.moves(u) and self.moves(v):
            for kept, lost, its in ((du, signed_v, signed_dv), (signed_dv, u, du)):
                says: Sentence = (
                    "A term is missing: ",
                    tidy(its),
                    ", the derivative of ",
                    lost,
                    f" ({SUM_RULE}).",
                )
                yield Slip(SUM_RULE, kept, says, 2)
            return
        slope, still = (signed_dv, u) if self.moves(v) else (du, signed_v)
        says = (still, " is added and does not change: its derivative is 0 (constant rule).")
        yield Slip("constant rule", _plus(slope, still), says, 2)
        yield Slip("constant rule", _plus(slope, number(1)), says, 3)

    def _sub(self, u: ast.expr, v: ast.expr) -> Iterator[Slip]:
        yield from self._add(u, v, sign=-1)
        if self.moves(v):
            rule = "difference rule"
            says: Sentence = (
                "The minus sign: ",
                v,
                " is taken away, and so is its derivative ",
                tidy(self.slope(v)),
                f" ({rule}).",
            )
            yield Slip(rule, _plus(self.slope(u), self.slope(v)), says, 3)

    def _neg(self, u: ast.expr) -> Iterator[Slip]:
        says: Sentence = (
            "The minus sign: the derivative of ",
            ast.UnaryOp(ast.USub(), u),
            " is ",
            tidy(ast.UnaryOp(ast.USub(), self.slope(u))),
            f" ({CONSTANT_FACTOR}).",
        )
        yield Slip(CONSTANT_FACTOR, self.slope(u), says, 3)


def _statement(text: str) -> Sentence:
    """A rule in its letters: primes are written after a name."""
    letters = {"u": name("u"), "v": name("v"), "du": name("u'"), "dv": name("v'")}
    tree = ast.parse(text.replace("u'", "du").replace("v'", "dv"), mode="eval").body
    return (substituted(tree, letters),)
