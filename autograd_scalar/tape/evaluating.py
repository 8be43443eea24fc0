"""A compiled function in any algebra: its tapes are run with other numbers than floats.

A tape holds for one way through the function. Its questions are asked again in the algebra:
where numbers answer otherwise another way is taken, which is traced at the floats nearest to
them if need be. Where an answer is an array or a condition, each way is computed, and the
result is chosen from them.
"""

from __future__ import annotations

import itertools
import linecache
import math
import numbers
import os
import types
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from fractions import Fraction
from functools import cached_property
from typing import Any

from ..engine.value import Value
from ..table.registry import TABLE
from ..transforms.csr import TracedSparse
from ..transforms.pytree import Path, children, keystr
from .algebras import (
    Algebra,
    Arrays,
    Balls,
    Floats,
    Jax,
    LackingFunctionError,
    Mpmath,
    Symbols,
    Truth,
    UndecidedError,
)
from .arguments import Arguments
from .packed import same
from .specialised import Specialisation, Specialisations
from .tape import GIVEN, OUTER, Guard, Tape

#: The primitives of a formula for which SymPy may take minutes; of so many it takes seconds.
_LONG = 1000


def evaluate(compiled: Any, args: Sequence[Any], given: Any, kwargs: Mapping[str, Any]) -> Any:
    """What `Compiled.evaluate` says."""
    algebra = given if isinstance(given, Algebra) else algebra_of(given)
    if not isinstance(args, tuple | list):
        raise TypeError(
            f"evaluate takes the arguments in a tuple, as in evaluate((x,), {algebra.title}), got "
            f"{type(args).__name__} {args!r:.60}"
        )
    if compiled._is_batch:
        raise TypeError(
            f"{compiled.__name__} runs over a batch; evaluate runs one example: compile the "
            "function without batch="
        )
    with _quietly(algebra):
        return _ready(compiled, args, kwargs, algebra).result()


def _ready(
    compiled: Any, args: Sequence[Any], kwargs: Mapping[str, Any], algebra: Algebra
) -> _Evaluation:
    """The call with each array taken for a container of numbers, or for one number.

    It is one number for each of its elements where a way has been compiled for that, or where
    the function does not take it as a container.
    """
    whole = itertools.repeat(not algebra.is_elementwise)
    natural = _Evaluation(compiled, args, kwargs, algebra, whole)
    arrays = len(natural.arrays) if algebra.is_elementwise else 0
    # Taking arrays apart takes long, and is of no use where none like them has been compiled.
    known = repr([*compiled._made]) if arrays else ""
    choices = [[True, False] if repr(each) in known else [False] for each in natural.arrays]
    for split in itertools.product(*choices[:10]) if arrays else ():
        evaluation = natural
        if any(split):
            rest = itertools.repeat(False)
            evaluation = _Evaluation(compiled, args, kwargs, algebra, itertools.chain(split, rest))
        if evaluation.is_compiled:
            return evaluation
    if not arrays and natural.is_compiled:
        return natural
    if arrays:
        natural = _Evaluation(compiled, args, kwargs, algebra, [])
    try:
        natural.trace_first()
    except Exception:
        for split in _others(arrays):
            try:
                evaluation = _Evaluation(compiled, args, kwargs, algebra, split)
                evaluation.trace_first()
            except Exception:
                continue
            return evaluation
        raise
    return natural


def _others(arrays: int) -> list[tuple[bool, ...]]:
    """How so many arrays may be taken, but all for containers: as few as can be are."""
    count = min(arrays, _FEW)
    found = itertools.product([True, False], repeat=count)
    rest = (False,) * (arrays - count)
    return sorted([(*split, *rest) for split in found if not all(split + rest)], key=sum)


#: Arrays that are tried in all combinations.
_FEW = 4


def to_jax(compiled: Any) -> Callable[..., Any]:
    """What `Compiled.to_jax` says."""
    try:
        import jax
    except ImportError as error:
        raise ImportError('this needs JAX: pip install "autograd-scalar[jax]"') from error
    algebra = algebra_of(jax.numpy)

    def function(*args: Any, **kwargs: Any) -> Any:
        return evaluate(compiled, args, algebra, kwargs)

    function.__name__ = function.__qualname__ = f"{compiled.__name__}.to_jax()"
    function.__doc__ = f"`{compiled.__name__}` on JAX's arrays."
    return function


def algebra_of(given: Any) -> Algebra:
    """The algebra of a namespace of functions, or of several that complete each other.

    Raises `TypeError` for what has none of the table's functions.
    """
    namespaces = [*given] if isinstance(given, tuple | list) else [given]
    if namespaces and isinstance(namespaces[0], types.ModuleType) and hasattr(namespaces[0], "arb"):
        namespaces[0] = namespaces[0].arb
    for each in namespaces or [given]:
        if not any(callable(getattr(each, row.name, None)) for row in TABLE if row.is_opaque):
            raise TypeError(
                f"{type(each).__name__} {each!r:.60} is no algebra: that is a namespace of "
                "functions such as math, numpy, mpmath.mp, sympy, jax.numpy or flint.arb"
            )
    first = namespaces[0]
    title = getattr(first, "__name__", "") or type(first).__name__
    library = (title if hasattr(first, "__name__") else type(first).__module__).partition(".")[0]
    if library == "jax":
        import jax.scipy.special

        namespaces.append(jax.scipy.special)
        return Jax(namespaces, title)
    if library == "mpmath" and hasattr(getattr(first, "mp", first), "workdps"):
        return Mpmath(namespaces, "mpmath")
    if library == "sympy":
        return Symbols(namespaces, title)
    if title == "math":
        return Floats(namespaces, title)
    if hasattr(first, "rel_accuracy_bits"):
        return Balls(namespaces, "flint.arb")
    return (Arrays if hasattr(first, "where") else Algebra)(namespaces, title)


def _quietly(algebra: Algebra) -> AbstractContextManager[Any]:
    """Both branches of a choice are computed in arrays, and one of them may not exist."""
    quiet = getattr(algebra.namespaces[0], "errstate", None)
    return quiet(all="ignore") if quiet is not None else nullcontext()


class _Leaves:
    """The numbers in the arguments of a call, and the arguments with floats in their place.

    split  for each array, one after the other, whether it is a container of numbers; else it is
           one number for each of its elements, and operations are for each element
    """

    def __init__(self, algebra: Algebra, split: Iterator[bool]) -> None:
        self.found: list[Any] = []
        self.floats: list[float | None] = []
        #: The kind and the shape of each array, once it is taken apart.
        self.arrays: list[tuple[type, tuple[int, ...]]] = []
        self._algebra = algebra
        self._split = split

    def argument(self, argument: Any, path: Path) -> Any:
        return argument if _is_part_of_the_program(argument) else self.taken(argument, path)

    def taken(self, tree: Any, path: Path) -> Any:
        if isinstance(tree, Value):
            raise TypeError(
                f"{keystr(path)} is {tree!r}, which is no number of {self._algebra.title}; on "
                "Values, call the function itself"
            )
        if getattr(tree, "shape", ()) and hasattr(tree, "reshape"):
            return self._array(tree, path)
        container = children(tree)
        if container is None:
            return self._number(tree, path)
        spell, keys, parts, rebuild = container
        return rebuild(
            [self.taken(part, (path, spell, key)) for key, part in zip(keys, parts, strict=True)]
        )

    def _array(self, tree: Any, path: Path) -> Any:
        import numpy

        is_object = tree.dtype == object
        if not is_object:
            self.arrays.append((numpy.ndarray, tree.shape))
        if not is_object and not next(self._split):
            return self._number(tree, path)
        made = [self._number(each, path) for each in tree.reshape(-1)]
        return numpy.array(made, dtype=numpy.float64).reshape(tree.shape)

    def _number(self, x: Any, path: Path) -> float:
        if not _is_number(x):
            raise TypeError(
                f"{keystr(path)} is {type(x).__name__} {x!r:.60}, but must be a real number of "
                f"{self._algebra.title}, or a list, tuple, dict, dataclass or array of such"
            )
        try:
            leaf = self._algebra.leaf(x)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"{keystr(path)} is {type(x).__name__} {x!r:.60}, which is no number of "
                f"{self._algebra.title}: {error}"
            ) from error
        self.found.append(leaf)
        self.floats.append(_nearest(x))
        # It only matters how numbers are arranged.
        return 0.5 if self.floats[-1] is None else self.floats[-1]


def _is_part_of_the_program(argument: Any) -> bool:
    """As in a call, see `arguments`, but that numbers of an algebra are numbers."""
    if isinstance(argument, bool | int | Fraction | str | bytes):
        return True
    if type(argument).__module__ == "numpy" and getattr(argument, "shape", None) == ():
        return isinstance(argument, numbers.Integral) or "bool" in type(argument).__name__
    return not hasattr(type(argument), "__mul__") and children(argument) is None


def _is_number(x: Any) -> bool:
    kind = type(x)
    is_complex = isinstance(x, numbers.Complex) and not isinstance(x, numbers.Real)
    return hasattr(kind, "__mul__") and hasattr(kind, "__sub__") and not is_complex


def _nearest(x: Any) -> float | None:
    """The float nearest to a number, or None where it is none, or not known."""
    if 0 in getattr(x, "shape", ()):
        return 0.5  # none of its elements goes another way
    try:
        return float(x.ravel()[0] if getattr(x, "shape", ()) else x)
    except Exception:  # each library has its own
        return None


class _Evaluation:
    """One call in an algebra."""

    def __init__(
        self,
        compiled: Any,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        algebra: Algebra,
        split: Iterable[bool],
    ) -> None:
        self._compiled = compiled
        self._algebra = algebra
        leaves = _Leaves(algebra, itertools.chain(split, itertools.repeat(True)))
        self._args = [leaves.argument(each, f"args[{i}]") for i, each in enumerate(args)]
        self._kwargs = {name: leaves.argument(each, name) for name, each in kwargs.items()}
        self._arguments = Arguments(self._args, self._kwargs)
        self._leaves = leaves
        #: The nearest floats, where all are known.
        self._known = [x for x in leaves.floats if x is not None]
        self._is_known = len(self._known) == len(leaves.floats)
        self.arrays = leaves.arrays
        # How the results of all ways are arranged.
        self._form: Any = None

    @property
    def is_compiled(self) -> bool:
        return bool(getattr(self._compiled._made.get((self._arguments.key, False)), "made", ()))

    @cached_property
    def _ways(self) -> Specialisations:
        found: Specialisations = self._compiled.specialisations(self._arguments.key, False)
        return found

    def trace_first(self) -> None:
        """Have a first way through the function."""
        if self._is_known:
            self._trace(self._known)
        else:
            self._trace_anywhere(self._leaves.floats)

    def result(self) -> Any:
        algebra = self._algebra
        #: What the results are under which conditions, and where one of them holds.
        cases: list[tuple[Truth, list[Any]]] = []
        covered: Truth = False
        done: list[Specialisation] = []
        # What one of them may raise here, unless the function expects it.
        error: Exception | None = None
        while True:
            for way in [each for each in self._ways.made if each not in done]:
                done.append(way)
                if isinstance(algebra, Symbols) and (count := way.tape.count()) > _LONG:
                    warnings.warn(
                        f"{self._compiled.__name__} computes {count:,} primitives; SymPy takes "
                        "minutes for the formula of a few thousand: take a smaller problem, or "
                        "another algebra",
                        stacklevel=4,
                    )
                ran = _run(way.tape, self._leaves.found, algebra, way.check)
                if isinstance(ran, Exception):
                    error = ran
                    continue
                if ran is None:
                    continue
                holds, outputs = ran
                if holds is True:
                    if isinstance(algebra, Floats) and way.check and any(map(math.isnan, outputs)):
                        # The engine knows more of what a result depends on.
                        return self._compiled(*self._args, **self._kwargs)
                    cases.append((True, self._leaves_of(way, outputs)))
                    return self._arranged(way, cases)
                cases.append((holds, self._leaves_of(way, outputs)))
                covered = holds if covered is False else algebra.either(covered, holds)
                if algebra.decided(covered):
                    return self._arranged(way, cases)
            beside = self._known if self._is_known else None
            if covered is not False:
                beside = algebra.where_not(covered, self._leaves.found)
            if beside is None and error is not None:
                raise error
            if beside is None:
                return self._arranged(done[-1], cases)
            if error is not None and isinstance(algebra, Floats):
                return self._compiled(*self._args, **self._kwargs)
            self._trace(beside, error)
            if error is not None and any(
                same(self._ways.made[0].packed, way.packed) for way in done
            ):
                # The function raises nothing there, and goes no other way.
                del self._ways.made[0]
                raise error
            if all(each in done for each in self._ways.made):
                raise error or UndecidedError(self._on_the_edge(done[-1]))

    def _trace_anywhere(self, floats: Sequence[float | None]) -> None:
        """Have the only way through a function that does not decide by its numbers."""
        count = len(floats)
        for start, step in ((0.5, 0.4 / count), (2.0, 1.0)):
            try:
                self._trace([start + i * step if x is None else x for i, x in enumerate(floats)])
                break
            except Exception as error:
                failed = error
        else:
            raise ValueError(
                f"{self._compiled.__name__} has not been called yet, and its numbers are not known "
                f"here; call it once with numbers ({failed})"
            ) from failed
        for way in [each for each in self._ways.made if each.tape.guards]:
            self._ways.made.remove(way)
            raise ValueError(
                f"{self._compiled.__name__} decides by its numbers, which are not known here: "
                f"{_question(way.tape.guards[0])}; call it once with numbers of each way that is "
                "to be there"
            )

    def _trace(self, floats: Sequence[float], error: Exception | None = None) -> None:
        """Have another way through the function, the one at these floats.

        error  what a way that is there may raise
        """
        arguments = self._arguments
        arguments.numbers = [*floats]
        args, kwargs = arguments.arranged(self._args, self._kwargs, floats)
        try:
            before = len(self._ways.made)
            found = None if error is not None else self._ways.replay(arguments, args, kwargs)
            if found is None and len(self._ways.made) == before:
                # What a way may raise there, the function raises, or goes another way.
                self._ways.add(arguments, args, kwargs)
        except Exception as error:
            error.add_note(f"while it was traced at the nearest floats, {arguments.numbers!r:.200}")
            raise

    def _on_the_edge(self, way: Specialisation) -> str:
        guards = way.tape.guards
        asked = f"; the last question is the one {_question(guards[-1])}" if guards else ""
        return (
            f"no way through {self._compiled.__name__} at the nearest floats is the one that these "
            f"numbers of {self._algebra.title} go: they are on the edge between two{asked}"
        )

    def _arranged(self, way: Specialisation, cases: list[tuple[Truth, list[Any]]]) -> Any:
        algebra = self._algebra
        chosen = cases[-1][1]
        if cases[-1][0] is not True and algebra.decided(self._all(cases)) is not True:
            chosen = [algebra.constant("nan")] * len(chosen)
            cases = [*cases, (True, chosen)]
        for holds, leaves in reversed(cases[:-1]):
            chosen = [_either(holds, a, b, algebra) for a, b in zip(leaves, chosen, strict=True)]
        chosen = algebra.spread(chosen, self._leaves.found)
        return _arranged(way.result, iter(chosen), algebra)

    def _leaves_of(self, way: Specialisation, outputs: list[Any]) -> list[Any]:
        """The numbers in a result, constants included.

        Raises `TypeError` where those of another way are arranged otherwise.
        """
        leaves: list[Any] = []
        form = _taken_apart(way.result, iter(outputs), leaves)
        if self._form not in (None, form):
            raise TypeError(
                f"the ways through {self._compiled.__name__} return what is not arranged alike, so "
                f"no result can be chosen from them; one of them returns {way.result!r:.100}"
            )
        self._form = form
        return leaves

    def _all(self, cases: list[tuple[Truth, list[Any]]]) -> Truth:
        covered = cases[0][0]
        for holds, _ in cases[1:]:
            covered = self._algebra.either(covered, holds)
        return covered


def _either(holds: Truth, a: Any, b: Any, algebra: Algebra) -> Any:
    if _is_constant(a) and repr(a) == repr(b):  # a zero has a sign, and NaN is NaN
        return b
    a, b = (algebra.number(float(x)) if _is_constant(x) else x for x in (a, b))
    return algebra.chosen(holds, lambda: a, lambda: b)


def _is_constant(x: Any) -> bool:
    return isinstance(x, float | int) and not isinstance(x, bool)


def _taken_apart(result: Any, outputs: Iterator[Any], leaves: list[Any]) -> Any:
    """How a result is arranged; its numbers are added to `leaves`, each Value's from `outputs`."""
    if type(result) is Value or _is_constant(result):
        leaves.append(next(outputs) if type(result) is Value else result)
        return float
    kind = type(result)
    if kind is TracedSparse:
        leaves += [next(outputs) for _ in result.data]
        return kind, result.structure.width, tuple(map(tuple, result.structure.rows))
    if hasattr(result, "dtype"):
        for each in result.reshape(-1).tolist():
            leaves.append(next(outputs) if type(each) is Value else each)
        return kind, result.shape
    container = children(result)
    if container is None:
        return kind, result
    _, keys, parts, _ = container
    return kind, tuple(keys), tuple([_taken_apart(each, outputs, leaves) for each in parts])


def _arranged(result: Any, leaves: Iterator[Any], algebra: Algebra) -> Any:
    """A result like the function's, with these numbers."""
    if type(result) is Value or _is_constant(result):
        return next(leaves)
    if type(result) is TracedSparse:
        found = [next(leaves) for _ in result.data]
        structure = result.structure
        if isinstance(algebra, Floats):
            return structure.of(found)
        return structure.entries(algebra.array(found, (len(found),)))
    if hasattr(result, "dtype"):
        found = [next(leaves) for _ in result.flat]
        if result.dtype != object and all(type(each) in _PLAIN for each in found):
            return result
        found = [algebra.leaf(each) if type(each) in _PLAIN else each for each in found]
        return algebra.array(found, result.shape)
    container = children(result)
    if container is None:
        return result
    _, _, parts, rebuild = container
    return rebuild([_arranged(each, leaves, algebra) for each in parts])


_PLAIN = (float, int, bool)


def _run(
    tape: Tape, leaves: Sequence[Any], algebra: Algebra, check: bool
) -> tuple[Truth, list[Any]] | Exception | None:
    """The results and whether they hold, which is True, or a condition in the algebra.

    None where the tape is another way than the numbers', and what it may raise where `check`
    says that errors are looked for.
    """
    functions = _functions(tape, algebra)
    given = dict(zip(tape.inputs, leaves, strict=True))
    values: list[Any] = [None] * len(tape)
    needed = _last_uses(tape)
    holds: Truth = True
    guards = iter(sorted(tape.guards, key=lambda each: each.before))
    guard = next(guards, None)
    for entry, opcode in enumerate(tape.opcodes):
        while guard is not None and guard.before <= entry:
            holds = _asked(guard, values, holds, algebra)
            if holds is False:
                return None
            guard = next(guards, None)
        if opcode < 0:
            values[entry] = _leaf(tape, entry, given, algebra)
            continue
        operands = [values[each] for each in tape.operands[entry]]
        try:
            if entry in tape.alike:
                values[entry] = algebra.alike(functions[opcode], operands, tape.alike[entry])
            else:
                values[entry] = functions[opcode](*operands)
        except Exception as error:
            error.add_note(f"{algebra.title}: in {instruction(tape, entry)}")
            raise
        if check and entry in tape.checked:
            failed = algebra.error(TABLE[opcode], operands, values[entry])
            if failed is not None:
                failed.add_note(f"{algebra.title}: in {instruction(tape, entry)}")
                return failed
        for each in tape.operands[entry]:
            if needed[each] == entry:
                values[each] = None
    while guard is not None:
        holds = _asked(guard, values, holds, algebra)
        if holds is False:
            return None
        guard = next(guards, None)
    return holds, [values[entry] for entry in tape.outputs]


def _leaf(tape: Tape, entry: int, given: Mapping[int, Any], algebra: Algebra) -> Any:
    opcode = tape.opcodes[entry]
    if opcode == GIVEN:
        return given[entry]
    if opcode == OUTER:
        return algebra.number(tape.outer[entry]._data)
    if entry in tape.formulas:
        return algebra.formula(tape.formulas[entry], tape.numbers[entry])
    return algebra.number(tape.numbers[entry])


def _asked(guard: Guard, values: list[Any], holds: Truth, algebra: Algebra) -> Truth:
    """Whether the tape holds when one more question has been asked."""
    answer = algebra.truth(values[guard.entry])
    if answer is None:
        raise UndecidedError(
            f"{_question(guard)}: these numbers of {algebra.title} don't tell; give more exact ones"
        )
    agreed = answer if guard.outcome else algebra.opposite(answer)
    decided = algebra.decided(agreed)
    if decided is not None:
        return holds if decided else False
    return agreed if holds is True else algebra.both(holds, agreed)


def _last_uses(tape: Tape) -> list[int]:
    """The entry that is the last to read each entry, or -1 where it is needed to the end."""
    last = [-1] * len(tape)
    for entry, operands in enumerate(tape.operands):
        for each in operands:
            last[each] = entry
    for entry in (*tape.outputs, *[guard.entry for guard in tape.guards]):
        last[entry] = -1
    return last


def _functions(tape: Tape, algebra: Algebra) -> dict[int, Callable[..., Any]]:
    """What computes each primitive of the tape.

    Raises `LackingFunctionError` for the first instruction that there is nothing for.
    """
    functions: dict[int, Callable[..., Any]] = {}
    for entry, opcode in enumerate(tape.opcodes):
        if opcode < 0 or opcode in functions:
            continue
        try:
            functions[opcode] = algebra.row(TABLE[opcode])
        except LackingFunctionError as error:
            raise LackingFunctionError(
                f"{error}, which {instruction(tape, entry)} needs; give a namespace that has it as "
                f"well, as in evaluate(…, ({algebra.title}, …))"
            ) from None
    return functions


def instruction(tape: Tape, entry: int) -> str:
    """An instruction and the line that recorded it: `%17 = erf %12`, in f, line 3 of …"""
    operands = ", ".join(map(tape.name, tape.operands[entry]))
    text = f"`%{entry} = {tape.kind(entry)} {operands}`"
    if tape.places[entry] is not None:
        return f"{text}, {_spelled(tape.places[entry])},"
    before = next((place for place in tape.places[entry::-1] if place is not None), None)
    after = f", after {_spelled(before)}," if before is not None else ""
    return f"{text} of a derivative{after}"


def _question(guard: Guard) -> str:
    return f"asked {_spelled(guard.place)}"


def _spelled(place: Any) -> str:
    file, line, name = place
    if file.startswith("<partial of "):
        return f"in the {file.strip('<>')}"
    source = linecache.getline(file, line).strip()
    return f"in {name}, line {line} of {os.path.basename(file)}: `{source}`"
