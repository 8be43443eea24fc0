"""The command line: the value of an expression, every derivative, and the picture."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from .. import __version__, build
from ..engine.functions import FUNCTIONS
from ..engine.value import Value
from ..notation.numerals import aligned
from ..notation.scanning import ReadingError, name_in
from ..notation.terminal import can_show, columns, encoding_of, marked, printable, write
from ..table.registry import OPCODES, TABLE
from .program import Computation, Program, ProgramError, check_name, is_name

NAME = "autograd-scalar"

_DESCRIPTION = """\
The value of an expression, its derivative with respect to every name in it, and each operation
between.

EXPRESSION   as Python or as mathematics writes it: 3x^2 - 2x, e^-x, sin(x)/x, |x|, pi;
             "a = w*x; b = a + 1; b**2" goes in steps, "f(x) = x^2; f(3)" defines a function
NAME=NUMBER  the value of a name; --derive and --check need none"""
_EXAMPLES = (
    f'{NAME} "1/(1 + e^-x)" x=0.5',
    f'{NAME} --derive "x^2 sin 3x"',
    f'{NAME} "z = w*x + b; a = sigmoid(z); E = (a - y)^2/2" w=0.4 x=1 b=0.1 y=0 --explain w',
)
_WELCOME = "\n".join(
    [
        "The value of an expression, its derivatives, and why they are what they are:",
        "",
        *(f"  {example}" for example in _EXAMPLES),
        "",
        f"{NAME} --help lists the options.",
    ]
)


class _RequestError(Exception):
    """A request that can't be met, as one line for the person who made it."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _RequestError(message)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (by default the program's) and return its exit code.

    Without arguments it prints examples. 0 for success; 1 for an answer to check that is wrong;
    2, and one line on standard error, for a request that can't be met.

    >>> main(["x**2", "x=3"])
    9.0
    <BLANKLINE>
    name  value  derivative
    x     3.0    6.0
    <BLANKLINE>
    operation      value  primitive  local derivatives
    v1 = x ** 2.0  9.0    pow        ∂/∂x = 6.0
    0
    """
    try:
        try:
            return _run(sys.argv[1:] if argv is None else argv)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except ProgramError as error:
        if error.source:
            encoding = encoding_of(sys.stderr)
            write(sys.stderr, marked(error.source, error.column, encoding))
        return _refuse(str(error))
    except _RequestError as error:
        return _refuse(str(error))
    except OSError as error:
        # Only standard output is left to fail. Python's own last flush of it must not.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return 0  # its reader has all it wanted, as `head -1` does
        return _refuse(f"standard output: {error.strerror or error}")


def _refuse(message: str) -> int:
    if len(message) > 500:
        message = message[:500] + "..."
    write(sys.stderr, f"{NAME}: error: {printable(message)}")
    return 2


def _run(argv: Sequence[str]) -> int:
    if not argv:
        write(sys.stdout, _WELCOME)
        return 0
    parser = _parser()
    end = argv.index("--") if "--" in argv else len(argv)
    # A space keeps argparse from taking the expression `-x**2` for an option.
    guarded = [
        f" {each}" if each[:1] == "-" and each[:2] != "--" and each != "-h" else each
        for each in argv[:end]
    ]
    options, words = parser.parse_known_args(guarded)
    unknown = next((word for word in words if word.startswith("--")), None)
    if unknown is not None:
        parser.error(
            f"unknown option {unknown:.60}; put -- before an expression that starts with --"
        )
    _check_together(parser, options)
    text, values = _sort(words + list(argv[end + 1 :]))
    if options.derive:
        write(sys.stdout, _derivation(text, values, options))
        return 0
    if options.check is not None:
        return _check(text, values, options)
    program = Program(text, values)
    computed = program.run(values)
    if computed.result.kind != "constant":
        computed.result.backward()
    unused = [name for name in values if name not in program.free]
    if unused:
        write(sys.stderr, f"{NAME}: note: given, but not in the expression: {', '.join(unused)}")
    if options.explain:
        output = _explanation(computed, options)
    else:
        output = _as_json(text, computed) if options.json else _as_text(computed)
    # Nothing is written before all of it is known.
    _draw(computed.result, options)
    write(sys.stdout, output)
    return 0


def _parser() -> _Parser:
    parser = _Parser(
        prog=NAME,
        usage=f"{NAME} EXPRESSION [NAME=NUMBER ...] [options]",
        description=_DESCRIPTION,
        epilog=f"functions: {', '.join(sorted(FUNCTIONS))}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    for suffix in ("svg", "png", "dot"):
        parser.add_argument(
            f"--{suffix}",
            metavar="FILE",
            type=_file_name(f".{suffix}"),
            help=f"write the graph as a .{suffix} file",
        )
    parser.add_argument(
        "--html",
        metavar="FILE",
        type=_file_name(".html"),
        help="write a page in which the graph plays and its numbers can be moved",
    )
    parser.add_argument(
        "--view",
        choices=("operations", "network"),
        help="what the picture shows: every operation, or the neurons in columns",
    )
    parser.add_argument(
        "--partials", action="store_true", help="show local derivatives in the picture too"
    )
    parser.add_argument("--limit", metavar="N", type=int, help="the most values to draw")
    parser.add_argument(
        "--explain",
        metavar="NAME",
        help="print why the derivative with respect to NAME is what it is",
    )
    parser.add_argument(
        "--detail",
        metavar="WORD",
        choices=("short", "rules", "every step", "backward"),
        help='how much is explained: short (the default), rules, "every step" or backward',
    )
    parser.add_argument(
        "--words", action="store_true", help="tell the rules in words below the explanation"
    )
    parser.add_argument(
        "--derive", action="store_true", help="derive the expression line by line; needs no values"
    )
    parser.add_argument(
        "--check",
        metavar="ANSWER",
        help="tell whether ANSWER is the derivative of the expression, and else what went wrong; "
        "needs no values. The exit code is 0 if it is, and 1 if not",
    )
    parser.add_argument(
        "--wrt",
        metavar="NAME",
        help="the name that --derive and --check differentiate with respect to",
    )
    parser.add_argument("--latex", action="store_true", help="print the explanation as LaTeX")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--version", action="version", version=f"{NAME} {__version__} ({build})")
    return parser


def _file_name(suffix: str) -> Callable[[str], str]:
    def check(name: str) -> str:
        if name.startswith(" -"):
            raise argparse.ArgumentTypeError(f"a file name is needed, got {name[1:]!r}")
        if not name.lower().endswith(suffix):
            raise argparse.ArgumentTypeError(f"the file's name must end in {suffix}, got {name!r}")
        return name

    return check


def _sort(words: Sequence[str]) -> tuple[str, dict[str, float]]:
    """The expression among the words, and the values given to names."""
    expressions: list[str] = []
    values: dict[str, float] = {}
    for word in words:
        name, number = _assignment(word)
        if number is None:
            expressions.append(word)
            continue
        try:
            check_name(name)
        except ValueError as error:
            raise _RequestError(f"{word}: {error}") from None
        if name in values:
            raise _RequestError(f"{name} is given twice")
        values[name] = number
    if not expressions:
        raise _RequestError(f'no expression given; try {NAME} "1/(1+exp(-x))" x=0.5')
    if len(expressions) > 1:
        for word in expressions:
            if _assignment(word)[0]:
                raise _RequestError(f"{word:.60}: a value is a plain number such as -0.5 or 1e-3")
        raise _RequestError(f"more than one expression: {', '.join(expressions)}; put it in quotes")
    return expressions[0], values


def _assignment(word: str) -> tuple[str, float | None]:
    """`NAME=NUMBER` taken apart; no name, or no number, where it isn't that."""
    name, equals, text = word.partition("=")
    name = name.strip()
    if not (name.isascii() and is_name(name)):
        name = name_in(name)
    if not equals or not name:
        return "", None
    try:
        number = float(text)
    except ValueError:
        return name, None
    if math.isinf(number) and "inf" not in text.lower():
        raise _RequestError(f"{name}: the value is too large for a float")
    return name, number


def _draw(root: Value, options: argparse.Namespace) -> None:
    paths = [path for path in (options.svg, options.png, options.dot) if path]
    if not paths and not options.html:
        return
    # Those who don't draw need not wait for the drawing libraries.
    from ..engine.files import write_files
    from ..picture.draw import draw

    limit = {} if options.limit is None else {"limit": options.limit}
    pictures = {}
    for path in paths:
        try:
            drawing = draw(
                root, view=options.view or "operations", partials=options.partials, **limit
            )
            pictures[Path(path)] = drawing.pipe(path.lower().rpartition(".")[2])
        except (RuntimeError, ValueError) as error:
            raise _RequestError(f"{path}: {error}") from None
    if options.html:
        pictures[Path(options.html)] = _page(root, options).encode()
    try:
        write_files(pictures)
    except OSError as error:
        raise _RequestError(f"{error.filename}: {error.strerror or error}") from None


def _page(root: Value, options: argparse.Namespace) -> str:
    from ..exploring.explore import LIMIT, explore

    try:
        return explore(root, limit=LIMIT if options.limit is None else options.limit).html
    except (RuntimeError, ValueError) as error:
        raise _RequestError(f"{options.html}: {error}") from None


def _explanation(computed: Computation, options: argparse.Namespace) -> str:
    # Those who ask for no explanation need not wait for it.
    from ..explaining.chain_rule import explain

    named = computed.named
    asked = options.explain.strip()
    wrt = named.get(asked) or named.get(name_in(asked, named))
    if wrt is None:
        names = ", ".join(named) or "none"
        raise _RequestError(f"--explain {options.explain:.60}: the names are {names}")
    explanation = explain(
        computed.result, wrt, detail=options.detail or "short", words=options.words
    )
    return explanation.latex if options.latex else str(explanation)


def _check_together(parser: _Parser, options: argparse.Namespace) -> None:
    """Refuse options that say nothing beside one another."""
    checks = options.check is not None
    if options.derive and checks:
        parser.error("--derive and --check can't be combined")
    if options.derive or checks:
        alone = "--derive" if options.derive else "--check"
        for option in ("json", "explain", "svg", "png", "dot", "html", "view", "partials", "limit"):
            if getattr(options, option):
                parser.error(f"--{option} is for a computation with numbers: leave out {alone}")
    if options.latex and not (options.explain or options.derive):
        parser.error("--latex is for explanations: add --explain NAME or --derive")
    for option in ("detail", "words"):
        if getattr(options, option) and not options.explain:
            parser.error(f"--{option} is for explanations: add --explain NAME")
    if options.wrt and not (options.derive or checks):
        parser.error("--wrt is for derivations and answers: add --derive or --check ANSWER")
    if options.json and options.explain:
        parser.error("--json and --explain can't be combined")


def _derivation(text: str, values: dict[str, float], options: argparse.Namespace) -> str:
    from ..explaining.derivation import derive

    for constant in ("e", "pi", "π"):
        if constant in values:
            raise _RequestError(f"{constant} is a constant to --derive: take another name")
    with _told():
        derivation = derive(text, options.wrt and options.wrt.strip())
        output = derivation.latex if options.latex else str(derivation)
        if values:
            point = ", ".join(f"{name} = {number!r}" for name, number in values.items())
            output += f"\n\nAt {point} it is {derivation.at(**values)!r}."
    return output


def _check(text: str, values: dict[str, float], options: argparse.Namespace) -> int:
    # Those who check nothing need not wait for it.
    from ..explaining.checking import check

    if values:
        raise _RequestError(
            f"--check compares formulas, at points of its own: leave out {', '.join(values)}"
        )
    with _told():
        # A space guards a minus sign in front.
        found = check(options.check.strip(), text.strip(), options.wrt and options.wrt.strip())
    write(sys.stdout, str(found))
    return 0 if found else 1


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Errors of the explanations, as this program tells them."""
    try:
        yield
    except ReadingError as error:
        raise ProgramError(error.message, error.source, error.column) from None
    except ValueError as error:
        message = re.sub(r"wrt='(.*)' for example", r"--wrt \1 for example", str(error))
        raise _RequestError(message) from None


def _as_text(computed: Computation) -> str:
    encoding = encoding_of(sys.stdout)
    lines = [repr(computed.result.data)]
    named = computed.named
    if named:
        numbers = aligned([v.data for v in named.values()])
        slopes = aligned([v.grad for v in named.values()])
        rows = [("name", "value", "derivative"), *zip(named, numbers, slopes, strict=True)]
        lines += ["", *columns(rows, encoding)]
    names = computed.intermediates()
    if names:
        numbers = aligned([v.data for v in names])
        operations = [["operation", "value", "primitive", "local derivatives"]]
        for v, number in zip(names, numbers, strict=True):
            spelled = f"{names[v]} = {_spelled(v, names)}"
            operations.append([spelled, number, v.op, *_local_derivatives(v, names, encoding)])
        lines += ["", *columns(operations, encoding)]
    return "\n".join(lines)


def _spelled(v: Value, names: dict[Value, str]) -> str:
    """The operation as it is written in an expression, on the names of its operands."""
    operands = [names.get(parent) or parent.label or repr(parent.data) for parent in v.parents]
    if v.op == "sub" and v.parents[1].kind == "constant" and not v.parents[1].data:
        return operands[0]
    symbol = TABLE[OPCODES[v.op]].operator
    if symbol.isidentifier() or not symbol:
        return f"{v.op}({', '.join(operands)})"
    operands = [f"({each})" if each.startswith("-") else each for each in operands]
    return f" {symbol} ".join(operands) if len(operands) > 1 else symbol + operands[0]


def _local_derivatives(v: Value, names: dict[Value, str], encoding: str) -> list[str]:
    d = "∂" if can_show("∂", encoding) else "d"
    return [
        f"{d}/{d}{names.get(parent) or parent.label} = {partial!r}"
        for parent, partial in zip(v.parents, v.partials, strict=True)
        if parent.kind != "constant"
    ]


def _as_json(text: str, computed: Computation) -> str:
    operations = computed.intermediates()
    names = {v: v.label for v in computed.named.values()} | operations
    document = {
        "expression": text,
        "value": _number(computed.result.data),
        "values": {name: _number(v.data) for name, v in computed.named.items()},
        "gradients": {name: _number(v.grad) for name, v in computed.named.items()},
        "operations": [
            {
                "name": name,
                "primitive": v.op,
                "operands": [
                    {
                        "name": names.get(parent),
                        "value": _number(parent.data),
                        "partial": _number(partial),
                    }
                    for parent, partial in zip(v.parents, v.partials, strict=True)
                ],
                "value": _number(v.data),
                "gradient": _number(v.grad),
            }
            for v, name in operations.items()
        ],
    }
    return json.dumps(document, indent=2, allow_nan=False)


def _number(number: float) -> float | str:
    """JSON has no infinities and no NaN; these strings are what both float() and JavaScript's
    Number() take for them.
    """
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return number
