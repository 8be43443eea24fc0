"""Explanations whose numbers the page fills in: `explain`'s texts with a place for each number.

A number in an explanation is a partial between two named values, an adjoint, or a product or sum
of those. Here they carry along how they came about (`Live`), through the code that writes the
explanation; what the page gets is the text, and for each number the way to compute it again.
"""

from __future__ import annotations

import ast
import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..algebra.trees import PRODUCT, is_quotient, names_in
from ..engine.modes import recording
from ..engine.value import Value, record
from ..explaining.chains import MOST_PATHS, Chains
from ..explaining.factors import Factor
from ..explaining.formulas import Formulas
from ..explaining.moved import moved
from ..explaining.short import account, meaning, moved_on, rules_of
from ..explaining.special_points import NO_SECOND, special_points
from ..notation.document import (
    Block,
    Equation,
    Heading,
    Lines,
    Listing,
    Paragraph,
    Row,
    Sentence,
)
from ..notation.labels import has_small_scripts
from ..notation.typeset import MathML, Typesetter
from ..table.floats import FLOAT_FUNCTIONS
from ..table.language import evaluate
from ..table.primitives import Primitive
from ..table.registry import OPCODES, TABLE
from .program import Program, typeset_name

_DIGITS = 6
# How much an explanation and all of them may take, in characters.
_LONGEST = 8_000
_ROOM = 200_000
_MOST_NODES = 400
# Operands at which the cases of a formula are looked for.
_SIDES = (-2.0, -1.0, 0.0, 1.0, 2.0)
_LETTERS = "pqrtuv"


class Live(float):
    """A number that knows how the page computes it again.

    recipe    ["f", u, v], the partial of node u by node v through nodes without a name;
              ["a", v], the adjoint of v; ["*", …], a product; ["-", x]
    vanishes  whether nothing is passed on along it here, whatever it is multiplied by
    """

    recipe: Any
    vanishes: bool

    def __new__(cls, number: float, recipe: Any, vanishes: bool = False) -> Live:
        made = super().__new__(cls, number)
        made.recipe = recipe
        made.vanishes = vanishes
        return made

    def is_integer(self) -> bool:
        """Never, for the explanation: a whole number is written by the page as any other."""
        return False

    def __neg__(self) -> Live:
        is_minus = isinstance(self.recipe, list) and self.recipe[0] == "-"
        return Live(-float(self), self.recipe[1] if is_minus else ["-", self.recipe])

    def __mul__(self, other: float) -> Live:
        return _product(self, other)

    def __rmul__(self, other: float) -> Live:
        return _product(other, self)

    def __getnewargs__(self) -> tuple[Any, ...]:
        return float(self), self.recipe


def _product(x: float, y: float) -> Live:
    factors: list[Any] = []
    for each in (x, y):
        recipe = each.recipe if isinstance(each, Live) else float(each)
        # 1.0 is what a product starts with.
        if recipe != 1.0:
            factors += recipe[1:] if isinstance(recipe, list) and recipe[0] == "*" else [recipe]
    vanishes = any(isinstance(each, Live) and each.vanishes for each in (x, y))
    number = 0.0 if vanishes else float(x) * float(y)
    return Live(number, factors[0] if len(factors) == 1 else ["*", *factors], vanishes)


class _LiveChains(Chains):
    """What lies between a value and the result, with numbers that the page computes again.

    known  links of other explanations, which take the time to be differentiated once
    """

    def __init__(self, program: Program, wrt: Value, known: dict[Any, Factor]) -> None:
        super().__init__(program.root, wrt)
        index = program.index
        self.adjoints = {v: Live(x, ["a", index[v]]) for v, x in self.adjoints.items()}
        self.value = self.adjoints.get(wrt, 0.0)
        for v, factors in self.links.items():
            for factor in factors:
                recipe = ["f", index[factor.of], index[factor.by]]
                factor.value = Live(factor.value, recipe, factor.vanishes)
                # With other numbers something may be passed on.
                factor.vanishes = False
            self.links[v] = [known.setdefault((v, each.by, each.names), each) for each in factors]


class _Static:
    """Pieces of text that need no numbers, each kept once."""

    def __init__(self) -> None:
        self.pieces: dict[str, int] = {}

    def __call__(self, piece: list[Any]) -> int:
        key = json.dumps(piece, ensure_ascii=False)
        return self.pieces.setdefault(key, len(self.pieces))

    @property
    def listed(self) -> list[Any]:
        return [json.loads(key) for key in self.pieces]


class _Writer:
    """An explanation as lists for JSON.

    A tree is a number's recipe or a number; ["·", …] a product, ["+", …] a sum, ["…", n] terms
    left out; ["n", v] a name, ["∂", u, v] and ["D", u, v] derivatives of nodes; or ["s", k], the
    static piece k: its text, its MathML, and 1 if it has a name without small scripts.
    """

    def __init__(self, program: Program, chains: _LiveChains, static: _Static) -> None:
        self.chains = chains
        self.static = static
        self.place = {label: program.index[v] for label, v in chains.formulas.values.items()}
        self.typeset = Typesetter(_DIGITS), MathML(_DIGITS)

    def tree(self, tree: ast.expr, beside: Sequence[ast.expr]) -> Any:
        found = self._structured(tree)
        if found is not None:
            return found
        text, markup = self.typeset
        large = not all(map(has_small_scripts, names_in(tree)))
        return ["s", self.static([text(tree, *beside), markup(tree), *([1] if large else [])])]

    def _structured(self, tree: ast.expr) -> Any:
        match tree:
            case ast.Constant(value=Live() as number):
                return number.recipe
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=Live() as number)):
                # The constant is minus the number that is meant.
                return (-number).recipe
            case ast.Constant(value=int() | float() as number):
                return number
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                return -number
            case ast.UnaryOp(op=ast.USub(), operand=ast.Call(func=ast.Name(id=function))) if (
                function == PRODUCT
            ):
                # A sign in front of figures is the first one's.
                assert isinstance(tree.operand, ast.Call)
                first, *others = tree.operand.args
                return self._all("·", [ast.UnaryOp(ast.USub(), first), *others])
            case ast.Name(id=label) if label in self.place:
                return ["n", self.place[label]]
            case ast.Call(func=ast.Name(id=function), args=arguments):
                return self._call(function, arguments)
        return None

    def _call(self, function: str, arguments: list[ast.expr]) -> Any:
        match function, arguments:
            case "∂" | "D", [ast.Name(id=u), ast.Name(id=v)] if {u, v} <= self.place.keys():
                return [function, self.place[u], self.place[v]]
            case "more", [ast.Constant(value=count)]:
                return ["…", count]
            case "·", _:
                return self._all("·", arguments)
            case "Σ", _:
                return self._all("+", arguments)
        return None

    def _all(self, sign: str, trees: Sequence[ast.expr]) -> Any:
        found = [self._structured(each) for each in trees]
        return None if any(each is None for each in found) else [sign, *found]

    def sentence(self, sentence: Sentence) -> list[Any]:
        trees = [each for each in sentence if not isinstance(each, str)]
        return [each if isinstance(each, str) else self.tree(each, trees) for each in sentence]

    def equation(self, left: ast.expr, rows: Sequence[Row]) -> list[Any]:
        trees = [left, *(row.side for row in rows)]
        made = []
        for row in rows:
            says = ", ".join(rule for rule, _ in row.reasons)
            made.append([self.tree(row.side, trees), int(row.rounded), *([says] if says else [])])
        return [self.tree(left, trees), made]

    def block(self, block: Block) -> list[Any]:
        match block:
            case Heading(sentence) | Paragraph(sentence):
                return ["p", self.sentence(sentence)]
            case Listing(items):
                return ["l", [self.sentence(item) for item in items]]
            case Lines(equations):
                return ["m", [self.equation(each.left, each.rows) for each in equations]]
            case Equation(left, rows, _):
                return ["e", *self.equation(left, rows)]


def _explanation(
    program: Program, wrt: Value, static: _Static, known: dict[Any, Factor]
) -> dict[str, Any]:
    """What `explain(root, wrt)` says, for the page to fill in.

    blocks  what comes before the closing sentences; "q" are those that hold for the recorded
            numbers only
    paths   every way as [of, by] of its links, where there are few
    rate    the letter of the learning rate; none where `wrt` is computed
    zero    why the derivative is 0, at the recorded numbers
    flat    whether nothing is said of the sign, at the recorded numbers
    move    how `wrt` is moved, at the recorded numbers: "smooth", "hidden" or "kink", and where to
    names   what nodes are called here, where that differs
    """
    chains = _LiveChains(program, wrt, known)
    write = _Writer(program, chains, static)
    moves = moved(chains.order, wrt, chains.moving, float(chains.value))
    meant = meaning(chains, moves)
    blocks = account(chains, [*meant, *moved_on(chains, moves, _DIGITS)], _DIGITS)
    here = [write.block(each) for each in _at_this_point(chains)]
    written = [write.block(each) for each in blocks]
    found: dict[str, Any] = {
        "blocks": [["q", *each[1:]] if each in here else each for each in written]
    }
    if chains.count <= MOST_PATHS:
        found["paths"] = [
            [[program.index[factor.of], program.index[factor.by]] for factor in path.factors]
            for path in chains.paths
        ]
    if not meant:
        found["flat"] = 1
    elif not chains.value:
        (said,) = meant
        found["zero"] = write.block(said)[1]
    if wrt.kind in ("leaf", "parameter"):
        taken = chains.formulas.values
        found["rate"] = next(each for each in ("η", "ε", "step") if each not in taken)
    sides = [move.end for move in (moves.up, moves.down) if move]
    if moves.is_smooth:
        found["move"] = ["smooth", *sides[:1]]
    elif moves.hidden:
        found["move"] = ["hidden"]
    elif sides:
        found["move"] = ["kink", *sides]
    names = {
        program.index[v]: typeset_name(label)
        for label, v in chains.formulas.values.items()
        if label != program.names[v]
    }
    return {**found, "names": names} if names else found


def _at_this_point(chains: Chains) -> list[Block]:
    """The paragraphs that hold for the recorded numbers only."""
    if chains.count > MOST_PATHS:
        return []
    said = itertools.chain.from_iterable(map(special_points, chains.factors))
    return [
        Paragraph(tuple(piece for piece in sentence if piece is not NO_SECOND))
        for sentence in itertools.islice(said, 20)
    ]


# One operation, differentiated by one of its operands.


class _Places(Typesetter):
    """Unicode in which names are numbered places."""

    places: dict[str, str]

    def label(self, label: str) -> str:
        return self.places[label]


class _PlacesInMathML(MathML):
    """MathML in which names are numbered places."""

    places: dict[str, str]

    def label(self, label: str) -> str:
        return self.places[label]


class EdgeLines:
    """The line that tells a local derivative, once for each kind of operation.

    names  of the values
    kinds  for each kind of operation its formula and that in MathML, and for each operand its
           partial's line, or lines by the case that the formula is in, None for a constant: a
           line is [formula, its MathML, its rules, when it is shown]; "#0;" stands for the name
           of the first operand, the last number for that of the value itself. Shown is 0 never,
           as the number says all, 1 always, 2 where the number is rounded
    """

    def __init__(self, names: Mapping[Value, str]) -> None:
        self.names = names
        self.kinds: list[list[Any]] = []
        self._known: dict[tuple[Any, ...], int] = {}

    def kind(self, v: Value) -> int:
        """Which kind of operation made a value."""
        row = TABLE[OPCODES[v.op]]
        operands = tuple(
            each.data if each.kind == "constant" and not each.label else self._is_letter(each)
            for each in v.parents
        )
        # True is equal to 1.0.
        key = row.name, *(f"{each}" for each in operands), self._is_letter(v)
        if key not in self._known:
            self._known[key] = len(self.kinds)
            operation = _Operation(row, operands, self._is_letter(v))
            recorded = [each.data for each in v.parents]
            self.kinds.append(
                [
                    operation.formula(recorded),
                    *(
                        None if type(each) is float else operation.lines(recorded, k)
                        for k, each in enumerate(operands)
                    ),
                ]
            )
        return self._known[key]

    def _is_letter(self, v: Value) -> bool:
        """Whether a factor in front of the name needs no dot: 2x."""
        return len(self.names[v].rstrip("0123456789'_")) == 1


def _case(row: Primitive, numbers: Sequence[float], k: int) -> int:
    """Which branch of the formula is taken, counted as `pieces` of `rows.js` are."""
    names = dict(zip(row.arguments, numbers, strict=True))
    names["out"] = evaluate(row.value_tree, names, FLOAT_FUNCTIONS)

    def count(tree: ast.expr) -> int:
        return count(tree.body) + count(tree.orelse) if isinstance(tree, ast.IfExp) else 1

    before, tree = 0, row.shown_trees[k]
    while isinstance(tree, ast.IfExp):
        if evaluate(tree.test, names, FLOAT_FUNCTIONS):
            tree = tree.body
        else:
            before += count(tree.body)
            tree = tree.orelse
    return before


class _Operation:
    """A row applied to operands: constants, or for others whether their names are letters."""

    def __init__(self, row: Primitive, operands: Sequence[float | bool], is_letter: bool) -> None:
        self.row = row
        self.operands = operands
        letters = iter(_LETTERS)
        self.labels = [
            "" if type(each) is float else next(letters) * (1 if each else 2) for each in operands
        ]
        self.result = "s" if is_letter else "ss"
        places = {label: f"#{i};" for i, label in enumerate([*self.labels, self.result]) if label}
        self.typeset = _Places(_DIGITS), _PlacesInMathML(_DIGITS)
        for each in self.typeset:
            each.places = places

    def _applied(self, numbers: Sequence[float]) -> Value:
        operands = [
            Value(number, label) if label else Value(number).detach()
            for number, label in zip(numbers, self.labels, strict=True)
        ]
        out = record(OPCODES[self.row.name], *operands)
        out.label = self.result
        return out

    def formula(self, numbers: Sequence[float]) -> list[str]:
        """What is computed, as text and in MathML."""
        out = self._applied(numbers)
        formula = Formulas(out).formula(out)
        return [each(formula) for each in self.typeset]

    def lines(self, recorded: Sequence[float], k: int) -> list[Any] | dict[int, list[Any]]:
        """The line for the partial by operand `k`, or lines by the case that its formula is in."""
        if not isinstance(self.row.shown_trees[k], ast.IfExp):
            return self._line(recorded, k)
        found: dict[int, list[Any]] = {}
        sides = [(each,) if type(each) is float else _SIDES for each in self.operands]
        for numbers in (recorded, *itertools.product(*sides)):
            try:
                case = _case(self.row, numbers, k)
                if case not in found:
                    found[case] = self._line(numbers, k)
            except (ArithmeticError, ValueError):
                continue
        return found

    def _line(self, numbers: Sequence[float], k: int) -> list[Any]:
        out = self._applied(numbers)
        (factor,) = Chains(out, out.parents[k]).links[out]
        formula = factor.formula_tree
        shown = 1 if names_in(formula) else 2 if is_quotient(formula) else 0
        texts = [each(formula) for each in self.typeset] if shown else ["", ""]
        return [*texts, rules_of(factor), shown]


@recording()
def words_of(program: Program, room: int = _ROOM) -> dict[str, Any]:
    """All words for a program: lines of its operations, and explanations as far as there is room.

    room       how many characters explanations may take

    kinds      lines of operations, see `EdgeLines`
    lines      for each node that is computed, in order, which kind it is
    static     pieces of text
    named      the nodes that have a name in explanations
    explained  explanations by their node
    """
    lines = EdgeLines(program.names)
    kinds = [
        lines.kind(v) for i, v in enumerate(program.nodes) if v.parents and i not in program.frozen
    ]
    found: dict[str, Any] = {"kinds": lines.kinds, "lines": kinds}
    if len(program.nodes) > _MOST_NODES:
        return found
    static = _Static()
    explained: dict[int, Any] = {}
    known: dict[Any, Factor] = {}
    formulas = Formulas(program.root)
    wanted = [v for v in program.nodes if v.label or v.kind in ("leaf", "parameter")]
    # Inputs and parameters first, which nobody can do without.
    for v in sorted(wanted, key=lambda each: each.kind == "interior"):
        if v.kind == "constant" or v is program.root:
            continue
        made = _explanation(program, v, static, known)
        size = len(json.dumps(made))
        if size > _LONGEST or size > room:
            continue
        room -= size
        explained[program.index[v]] = made
    found["named"] = [program.index[v] for v in formulas.values.values()]
    return {**found, "static": static.listed, "explained": explained}
