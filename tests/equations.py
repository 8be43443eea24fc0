"""Reads the equations of a document back: as expressions with numbers, and from the text."""

import ast
import math
import re
from decimal import Decimal
from xml.etree import ElementTree

from autograd_scalar.algebra.trees import rebuilt
from autograd_scalar.explaining.rules import number_at
from autograd_scalar.notation.document import Equation, Lines
from autograd_scalar.notation.labels import latex_label, mathml_label
from autograd_scalar.notation.typeset import EACH
from autograd_scalar.table.floats import FLOAT_FUNCTIONS
from autograd_scalar.table.language import evaluate


def equations(document):
    """The equations that are about values; a general one is about any, Σ over each u."""
    found = []
    for block in document.blocks:
        found += block.equations if isinstance(block, Lines) else [block]
    return [
        each
        for each in found
        if isinstance(each, Equation) and not any(_is_general(row.side) for row in each.rows)
    ]


def _is_general(tree):
    return isinstance(tree, ast.Call) and tree.func.id == EACH


def is_partial_view(tree):
    """Whether terms of the sum are left out."""
    return any(isinstance(node, ast.Name) and node.id == "more" for node in ast.walk(tree))


def derivatives(explanation):
    """The number of each ∂u/∂v and du/dv that an explanation speaks of, by its two names."""
    names = {v: label for label, v in explanation.named.items()}
    y = names[explanation.y]
    known = {("D", y, names.get(explanation.wrt, "x")): explanation.value}
    for step in explanation.adjoints:
        known["∂", y, names[step.node]] = step.value
        for term in step.terms:
            for factor in term.factors:
                known.setdefault(("∂", *factor.names), factor.value)
    for factor in explanation.factors:
        known["∂", *factor.names] = factor.value
    known.setdefault(("∂", y, names.get(explanation.wrt, "x")), explanation.value)
    return known


def value_of(tree, explanation):
    """The number of one side of an equation of an explanation."""
    known = derivatives(explanation)

    def settled(each):
        match each:
            case ast.Call(func=ast.Name(id=kind), args=[ast.Name(id=u), ast.Name(id=v)]) if (
                kind in ("∂", "D")
            ):
                return ast.Constant(known[kind, u, v])
        return rebuilt(each, settled)

    data = {label: v.data for label, v in explanation.named.items()}
    return number_at(settled(tree), data)


def sides(equation):
    return [equation.left, *(row.side for row in equation.rows)]


_ARITHMETIC = re.compile(r"(?:[-+*/^() .]|\d|e[-+]\d|inf|nan)+\Z")


def printed_runs(document):
    """The sides of the text's equations that are plain arithmetic, side by side, as numbers."""
    runs = [[]]
    for line in document.to_text(10**6, unicode=False).splitlines():
        if ":" in line or "," in line:  # a sentence, or what a rule says
            continue
        left, *rest = re.split(r" [=~] ", f" {line.strip()}")
        if left.strip():
            runs.append([])
        for side in rest:
            if _ARITHMETIC.match(side) and not side.endswith("."):
                tree = ast.parse(side.replace("^", "**"), mode="eval").body
                runs[-1].append(evaluate(tree, {}, FLOAT_FUNCTIONS))
    return [run for run in runs if run]


def close(a, b, scale=1.0, tolerance=1e-12):
    if math.isnan(a) or math.isinf(a):
        return a == b or (math.isnan(a) and math.isnan(b))
    return abs(a - b) <= tolerance * max(scale, abs(a), abs(b))


class UnreadableError(Exception):
    """A formula with a part that stands for no number: terms left out, a derivative to take."""


_SIGNS = {"·": "*", "−": "-", "+": "+", "(": "(", ")": ")", "[": "(", "]": ")", ",": ","}
_FUNCTIONS = {"ln": "log", "log₂": "log2", "log₁₀": "log10", "arcsin": "asin", "arccos": "acos"}


def _written(number):
    """A number without an exponent, whose letter would be read as a name."""
    if math.isnan(number):
        return f"({_written(math.inf)} - {_written(math.inf)})"
    if math.isinf(number):
        return f"({'-' * (number < 0)}1{'0' * 400}.0)"
    return f"({Decimal(number):f})" if number % 1 else f"({number:.1f})"


def _value(text):
    """The number of an expression in Python's spelling, products written without a sign too."""
    text = re.sub(r"(?<=[\d)])\s*(?=[(a-z])", "*", text)
    text = re.sub(r"\)\s*(?=\d)", ")*", text)
    try:
        return evaluate(ast.parse(text.strip(), mode="eval").body, {}, FLOAT_FUNCTIONS)
    except KeyError as unknown:
        raise UnreadableError(f"a function of the reader's, {unknown}") from None


def read_mathml(text, explanation):
    """The number of a formula in MathML, from nothing but its elements."""
    numbers = {mathml_label(label): v.data for label, v in explanation.named.items()}
    slopes = {
        ({"D": "d"}.get(kind, kind), mathml_label(u), mathml_label(v)): slope
        for (kind, u, v), slope in derivatives(explanation).items()
    }
    return _value(_from_mathml(ElementTree.fromstring(f"<math>{text}</math>"), numbers, slopes))


def _inside(element):
    return "".join(ElementTree.tostring(each, encoding="unicode") for each in element)


def _from_mathml(element, numbers, slopes):
    def read(each):
        return _from_mathml(each, numbers, slopes)

    whole = ElementTree.tostring(element, encoding="unicode")
    if whole in numbers:
        return _written(numbers[whole])
    parts = list(element)
    match element.tag:
        case "math":
            return "".join(map(read, parts))
        case "mrow":
            if len(parts) > 1 and parts[0].text == "|":
                return f"(abs({''.join(map(read, parts[1:-1]))}))"
            if len(parts) == 2 and parts[0].tag == "mi" and parts[1].tag == "mrow":
                return f"({_FUNCTIONS.get(parts[0].text, parts[0].text)}{read(parts[1])})"
            return "".join(map(read, parts))
        case "mn":
            return f"({element.text})"
        case "mo" if element.text in _SIGNS:
            return _SIGNS[element.text]
        case "mfrac":
            if parts[0].find("mo") is not None and parts[0].find("mo").text in "∂d":
                names = ("".join(_inside(each).partition("</mo>")[2:]) for each in parts)
                return _written(slopes[parts[0].find("mo").text, *names])
            return f"(({read(parts[0])})/({read(parts[1])}))"
        case "msup" if parts[0].text == "e":
            return f"(exp({read(parts[1])}))"
        case "msup":
            return f"(({read(parts[0])})**({read(parts[1])}))"
        case "msqrt":
            return f"(sqrt({''.join(map(read, parts))}))"
        case "mi" if element.text in ("∞", "NaN"):
            return _written({"∞": math.inf, "NaN": math.nan}[element.text])
    raise UnreadableError(whole)


def read_latex(text, explanation):
    """The number of a formula in LaTeX, from nothing but its characters."""
    numbers = {latex_label(label): v.data for label, v in explanation.named.items()}
    for (kind, u, v), slope in derivatives(explanation).items():
        d = r"\partial " if kind == "∂" else "d"
        numbers[rf"\frac{{{d}{latex_label(u)}}}{{{d}{latex_label(v)}}}"] = slope
    return _value(_from_latex(text, sorted(numbers.items(), key=lambda item: -len(item[0]))))


_LATEX_WORDS = [
    (r"\cdot", "*"),
    (r"\left\vert", "(abs("),
    (r"\right\vert", "))"),
    (r"\left(", "("),
    (r"\right)", ")"),
    (r"\left[", "("),
    (r"\right]", ")"),
    (r"\infty", _written(math.inf)),
    (r"\ln", "log"),
    (r"\sin", "sin"),
    (r"\cos", "cos"),
    (r"\tanh", "tanh"),
]


def _group(text, start):
    """What stands between the brace at `start` and the one that closes it, and where it ends."""
    depth = 0
    for i in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[i], 0)
        if not depth:
            return text[start + 1 : i], i + 1
    raise AssertionError(text)


def _from_latex(text, numbers):
    out, i = "", 0
    while i < len(text):
        rest = text[i:]
        label = next((each for each in numbers if rest.startswith(each[0])), None)
        word = next((each for each in _LATEX_WORDS if rest.startswith(each[0])), None)
        number = re.match(r"\d+(\.\d+)?", rest)
        called = re.match(r"\\mathrm\{([a-z]+)\}(?=\\left\()", rest)
        if label:
            out, i = out + _written(label[1]), i + len(label[0])
        elif word:
            out, i = out + word[1], i + len(word[0])
        elif number:
            out, i = f"{out}({number[0]})", i + number.end()
        elif called:
            out, i = out + called[1], i + called.end()
        elif rest.startswith(r"\frac{"):
            above, i = _group(text, i + 5)
            below, i = _group(text, i)
            out += f"(({_from_latex(above, numbers)})/({_from_latex(below, numbers)}))"
        elif rest.startswith(r"\sqrt{"):
            inner, i = _group(text, i + 5)
            out += f"(sqrt({_from_latex(inner, numbers)}))"
        elif rest.startswith("e^{"):
            inner, i = _group(text, i + 2)
            out += f"(exp({_from_latex(inner, numbers)}))"
        elif rest.startswith("^{"):
            inner, i = _group(text, i + 1)
            out += f"**({_from_latex(inner, numbers)})"
        elif rest[0] in " +-":
            out, i = out + rest[0], i + 1
        else:
            raise UnreadableError(rest)
    return out
