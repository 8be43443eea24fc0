"""Functions that are traced once and replayed."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import MethodType
from typing import Any

from ..engine import context
from ..engine.context import open_blocks
from ..engine.numpy_needed import numpy_for
from ..engine.value import Value
from ..transforms.operators import name_taken
from ..transforms.pytree import all_floats
from .arguments import Arguments, Key
from .files import SETTINGS, Stored, read, write
from .listing import Cost, Listing, cost
from .specialised import (
    Missing,
    Specialisation,
    Specialisations,
    TooManyWaysError,
    accumulate,
    plain,
)
from .tracing import check_one_value
from .travelling import ByName, can_be_pickled, carried

Function = Callable[..., Any]
BatchAxes = int | None | Sequence[int | None]

#: For each kind of arguments, and for whether gradients are wanted: the ways, and the Values whose
#: gradients they give.
Gone = dict[tuple[Key, bool], tuple[list[Specialisation], list[Value]]]

_SIMPLE = {float, list}
# How many kinds of arguments there may be, for each way that there may be of one kind.
_KINDS = 16


def compile(
    fun: Function,
    batch: BatchAxes = None,
    reduce: str | None = None,
    errors: str = "raise",
    fast: bool = False,
    threads: int | None = None,
    progress: bool = False,
    limit: int = 64,
) -> Compiled:
    """The same function, traced when it is first called and from then on replayed natively.

    fun      a function of numbers, in any containers: also a derivative, as in
             `compile(grad(f))`
    batch    for each argument, None if all examples share it, or 0 if its first axis runs over
             the examples; one number for all arguments
    reduce   "sum" or "mean" for the sum or mean of each result over the examples
    errors   "raise" what the function raises; "ignore" it, for the numbers of IEEE 754; or
             "report" it: then the result is a pair of the results, NaN for examples that
             failed, and a list of (index, exception)
    fast     whether the numbers of a batch may be up to 4 units in the last place off in each
             primitive, and sums in another order, where that is quicker
    threads  how many work on a batch; by default as many as there are processors
    progress whether a bar shows how far a batch is, with tqdm
    limit    how many ways through the function are compiled

    The results are those of `fun` itself, to the last bit. Floats, and all numbers in containers
    and arrays, may be others in every call; an int, a string, a truth value or a function as an
    argument by itself is part of the program, and another one is another program. Values
    that exist before (the parameters of a model) are read in each call.

    A comparison of what depends on the arguments is asked again in each call: where it comes
    out differently, the function is traced again, and both ways are kept. What would freeze a
    number (`.data`, `float`, `int`, `round`) is a `TypeError` that names a way out. Randomness
    and other side effects happen only while the function is traced.

    >>> from autograd_scalar import exp, grad
    >>> slope = compile(grad(lambda x: 1 / (1 + exp(-x))))
    >>> slope(0.0)
    0.25
    >>> many = compile(lambda w, x: w * x, batch=(None, 0), reduce="mean")
    >>> many(2.0, [1.0, 2.0, 3.0])
    4.0
    """
    if not callable(fun):
        raise TypeError(f"a function is needed, got {type(fun).__name__} {fun!r:.60}")
    if reduce not in (None, "sum", "mean"):
        raise ValueError(f'reduce is None, "sum" or "mean", got {reduce!r}')
    if errors not in ("raise", "ignore", "report"):
        raise ValueError(f'errors is "raise", "ignore" or "report", got {errors!r}')
    axes = batch if isinstance(batch, tuple | list) else (batch,)
    if any(axis not in (None, 0) or isinstance(axis, bool) for axis in axes):
        raise ValueError(f"batch is None or 0 for each argument, got {batch!r}")
    if all(axis is None for axis in axes) and (reduce is not None or errors == "report"):
        raise ValueError(
            "without a batch there is nothing to reduce or report; give batch=0 for an argument "
            "whose first axis runs over the examples"
        )
    for name, count in (("threads", 1 if threads is None else threads), ("limit", limit)):
        if type(count) is not int or count < 1:
            raise ValueError(f"{name} must be an int, 1 or more, got {count!r}")
    return Compiled(fun, batch, reduce, errors, fast, threads, progress, limit)


def load(
    path: str | os.PathLike[str], *, types: Iterable[type] = (), fun: Function | None = None
) -> Compiled:
    """The compiled function that `save` wrote to a file; no code of the file's is run.

    path   the file
    types  the named tuples and dataclasses that its arguments and results are made of, found by
           their names
    fun    the function it was made of, for calls that go a way which the file has not; without
           it such a call is an error

    It answers what it answered where it was saved, to the last bit, and compiles nothing. Its
    parameters are Values of its own, see `Compiled.parameters`. What was added to the table with
    `primitive` or `custom` must be there: import the module that does so first.

    Raises `TapeFileError` for a file that is none of a compiled function, is damaged or of a later
    version, or needs what is not here; it says what, where, and what to do. Raises `OSError` where
    there is no file, and `ValueError` for `fun` with a file that has parameters: they would not
    be those of `fun`.

    >>> import os, tempfile
    >>> square = compile(lambda x: x * x)
    >>> square(3.0)
    9.0
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     square.save(os.path.join(folder, "square.tape"))
    ...     loaded = load(os.path.join(folder, "square.tape"))
    >>> loaded(5.0)
    25.0
    """

    def is_batch(settings: dict[str, Any]) -> bool:
        return compile(missing, **settings)._is_batch

    missing = Missing(
        "it was loaded from a file, without it: load(path, fun=…) takes it, or save the compiled "
        "function after a call that goes this way"
    )
    stored = read(path, types, is_batch)
    settings = tuple([stored.settings[name] for name in SETTINGS])
    loaded = _restored(missing if fun is None else fun, settings, stored.name, stored.made)
    if fun is not None and loaded.parameters():
        raise ValueError(
            f"{os.fspath(path)} has {len(loaded.parameters())} parameters, which are not the "
            "Values that fun uses: load it without fun, or compile fun here"
        )
    return loaded


class Compiled:
    """A function made by `compile`, called like the one it was made of."""

    def __init__(
        self,
        fun: Function,
        batch: BatchAxes,
        reduce: str | None,
        errors: str,
        fast: bool,
        threads: int | None,
        progress: bool,
        limit: int,
    ) -> None:
        self.fun = fun
        self.batch = batch
        self.reduce = reduce
        self.errors = errors
        self.fast = fast
        self.progress = progress
        self.threads = threads
        self.limit = limit
        # The way of the latest call with nothing but floats and lists of floats.
        self._latest: tuple[list[type], list[int] | None, Specialisation] | None = None
        self._made: dict[tuple[Key, bool], Specialisations] = {}
        #: Calls on batches, without and with `backward`, that may be made again.
        self.again: dict[bool, Callable[[Sequence[Any]], tuple[Any, ...]]] = {}
        named = getattr(fun, "__name__", type(fun).__name__)
        self.__name__ = self.__qualname__ = f"compile({named})"
        self.__doc__ = f"`{named}`, compiled."
        self.__wrapped__ = fun

    def __repr__(self) -> str:
        return f"<{self.__name__}>"

    def __set_name__(self, owner: type, name: str) -> None:
        """As a method it has its name there, by which pickle finds it."""
        self.__name__ = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Like a function, a method of the class it is written in."""
        return self if instance is None else MethodType(self, instance)

    def __copy__(self) -> Compiled:
        """Itself, like a function."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Compiled:
        """A copy of the function, which shares what a copy of it shares, compiled anew."""
        if name_taken(self):
            return self
        # What came without its function has nothing else.
        made = self._gone() if isinstance(self.fun, Missing) else {}
        fun, made = copy.deepcopy((self.fun, made), memo)
        return _restored(fun, self._settings, self.__name__, made)

    def __reduce__(self) -> str | tuple[Any, ...]:
        made = {key: gone for key, gone in self._gone().items() if can_be_pickled(key)}
        outer = {*_read_by(made)}
        name = name_taken(self)
        # What it reads from its module it finds there, too.
        if name and (outer or not made):
            return name
        fun: Any = self.fun
        if name:
            fun = ByName(self.__module__, name)
        elif made:
            fun = carried(fun, outer)
        return _restored, (fun, self._settings, self.__name__, made)

    @property
    def tapes(self) -> list[Listing]:
        """The tapes of all ways through the function that were gone, those gone last first."""
        ways = [way for each in self._made.values() for way in each.made]
        return [
            Listing(
                way.tape,
                way.recorded,
                way.treedef.unflatten if self._is_batch else way.arranged,
            )
            for way in ways
        ]

    @property
    def tape(self) -> Listing:
        """The tape that was replayed last: print it, or `draw` or `explain` its `graph(*args)`.

        Raises `ValueError` before the first call.
        """
        if not self.tapes:
            raise ValueError(f"{self.__name__} has not been called yet, and has no tape")
        return self.tapes[0]

    @property
    def cost(self) -> Cost:
        """What one replay of `tape` takes for one example, estimated."""
        tape = self.tape.tape
        ways = [way for each in self._made.values() for way in each.made]

        def measured() -> float:
            from .timing import seconds_per_example  # it needs NumPy

            return seconds_per_example(ways[0], self.reduce is not None)

        return cost(tape, measured)

    def parameters(self) -> list[Value]:
        """The Values from outside that it reads at each call, such as those of a model.

        Each is there once, in the order in which the tapes have them. Where it was loaded from a
        file they are leaves with the numbers and the labels that they had when it was saved.

        >>> w = Value.parameter(3.0, "w")
        >>> line = compile(lambda x: w * x)
        >>> line(2.0), line.parameters()
        (6.0, [Value(3.0, label='w')])
        """
        return [*dict.fromkeys(_read_by(self._gone()))]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write its tapes and programs to a file, which `load` reads.

        path  the file; one that is there is replaced when the new one is complete

        The file has the ways that were gone, the settings, and the numbers of the Values that are
        read from outside; not the function. Equal calls before make equal files. Arguments and
        results may be made of lists, tuples, dicts, named tuples, dataclasses and arrays.

        Raises `ValueError` before the first call, `TypeError` for arguments or results that can't
        be stored, such as a function that is part of the program, and `OSError`.
        """
        from .. import __version__

        made = self._gone()
        if not made:
            raise ValueError(
                f"{self.__name__} has not been called yet, and has nothing to save: call it once"
            )
        settings = dict(zip(SETTINGS, self._settings, strict=True))
        write(path, Stored(self.__name__, settings, made), __version__)

    def _gone(self) -> Gone:
        made = [(pair, each.gone()) for pair, each in [*self._made.items()]]
        return {pair: gone for pair, gone in made if gone[0]}

    @property
    def _settings(self) -> tuple[Any, ...]:
        settings = (self.batch, self.reduce, self.errors, self.fast)
        return (*settings, self.threads, self.progress, self.limit)

    @property
    def _is_batch(self) -> bool:
        axes = self.batch if isinstance(self.batch, tuple | list) else (self.batch,)
        return any(axis is not None for axis in axes)

    def specialisations(self, key: Key, backward: bool) -> Specialisations:
        found = self._made.get((key, backward))
        if found is None:
            if len(self._made) >= _KINDS * self.limit:
                raise TooManyWaysError(
                    f"{self.__name__} has been compiled for {len(self._made)} kinds of arguments. "
                    "An int, a string or an object by itself is part of the program, and another "
                    "one makes another program: give a number that changes as a float. Lists of "
                    "another length make another one, too"
                )
            check = self.errors != "ignore"
            found = Specialisations(
                self.fun, self.limit, backward, self._is_batch, check, self.fast
            )
            self._made[key, backward] = found
        return found

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._latest is not None and not kwargs and not open_blocks.get():
            # Most calls are like the one before, with floats and lists of floats.
            kinds, lengths, way = self._latest
            if [*map(type, args)] == kinds:
                try:
                    found = way.replay(_joined(args, lengths) if lengths else [*args])
                except TypeError:
                    pass  # not all of them are floats, or not as many
                else:
                    if type(found) is list:
                        return way.arranged(found)
        if self._is_batch:
            return self._run_batch(args, kwargs, False)
        if context.tracer() is not None:
            return self.fun(*args, **kwargs)
        arguments = Arguments(args, kwargs)
        if arguments.has_values:
            return self.fun(*args, **kwargs)
        if context.watcher() is not None:
            return plain(self.fun(*args, **kwargs))
        replayed = self.specialisations(arguments.key, False).replay(arguments, args, kwargs)
        if replayed is None:
            return plain(self.fun(*args, **kwargs))
        way, numbers = replayed
        kinds = [*map(type, args)]
        if (
            not kwargs
            and {*kinds} <= _SIMPLE
            and all(type(each) is float or all_floats(each) for each in args)
        ):
            lengths = [len(each) if type(each) is list else -1 for each in args]
            self._latest = kinds, lengths if list in kinds else None, way
        return way.arranged(numbers)

    def evaluate(self, args: Sequence[Any], algebra: Any, /, **kwargs: Any) -> Any:
        """The function in another algebra than that of floats.

        args     the arguments, in any containers as in a call, with numbers of the algebra
        algebra  a namespace of functions: `math`, `numpy`, `mpmath.mp`, `sympy`, `jax.numpy`,
                 `flint.arb` or one of your own; or several, of which the first that has a
                 function gives it
        kwargs   arguments by name

        So a compiled derivative has as many digits as mpmath's context, is a formula of SymPy's,
        or a ball of python-flint's that encloses the exact number. Constants of the program are
        the very floats that they are in it. Where the function decides by its numbers, it does
        so in the algebra; of arrays and symbols the result is chosen from the ways that have
        been compiled, and NaN where another one would be gone.

        Sparse results are the named tuple `transforms.csr.Entries`, but for `math`. SymPy's
        warning comes above 1,000 primitives, as it takes minutes for a few thousand.

        Raises `TypeError` for what is no algebra, for arguments that are no numbers there, and
        where ways to choose from return what is arranged otherwise;
        `tape.algebras.LackingFunctionError` where the algebra has no function that the tape
        needs, with the instruction and the line that recorded it; and
        `tape.algebras.UndecidedError` where a question of the function has no answer there.

        >>> import mpmath
        >>> from autograd_scalar import grad, tanh
        >>> slope = compile(grad(tanh))
        >>> with mpmath.workdps(30):
        ...     print(slope.evaluate((mpmath.mpf(1),), mpmath))
        0.419974341614026069394496739042
        """
        from .evaluating import evaluate

        return evaluate(self, args, algebra, kwargs)

    def to_jax(self) -> Callable[..., Any]:
        """The function on JAX's arrays and tracers, for `jax.jit`, `jax.vmap` and `jax.grad`.

        It is computed in JAX's precision: for float64, set `jax_enable_x64`. Where the function
        decides by its numbers, the result under `jit` is chosen from the ways that have been
        compiled, and NaN where another one would be gone. Parameters from outside are read when
        JAX traces it. Raises `ImportError` without JAX.
        """
        from .evaluating import to_jax

        return to_jax(self)

    def backward(self, *args: Any, **kwargs: Any) -> Any:
        """Call it, and add its derivatives to `grad` of the Values that it uses from outside.

        Those are the parameters of a model, say. Returns what a call returns, which must be one
        number: of a batch, its "sum" or "mean".
        """
        if self._is_batch:
            return self._run_batch(args, kwargs, True)
        arguments = Arguments(args, kwargs)
        made = self.specialisations(arguments.key, True)
        replayed = None
        if not arguments.has_values and context.tracer() is None and context.watcher() is None:
            replayed = made.replay(arguments, args, kwargs)
        if replayed is None:
            out = self.fun(*args, **kwargs)
            check_one_value(out)
            out.backward()
            return float(out.data)
        value, *gradients = replayed[1]
        if gradients:
            accumulate(made.outside, gradients)
        return value

    def map(self, *args: Any, **kwargs: Any) -> Any:
        """A batch over data of any size: what a call gives, but sums are rounded once.

        Sums and means over the examples are exact sums, rounded at the end, so they are the same
        bits however the data is parted. Where a `dask.array` is among the arguments that run over
        examples, the results are such arrays, with the chunks of the rows, and nothing is
        computed yet; docs/scale.md tells more.

        Raises `ValueError` without a batch, and what a call raises.

        >>> total = compile(lambda x: 2.0 * x, batch=0, reduce="sum")
        >>> total.map([5e15, 0.5, 0.5]), total([5e15, 0.5, 0.5])
        (1.0000000000000002e+16, 1e+16)
        """
        if not self._is_batch:
            raise ValueError(
                f"{self.__name__} has no argument that runs over examples: compile with batch=0, "
                "or with None or 0 for each argument"
            )
        from . import parts

        if any(map(parts.is_chunked, [*args, *kwargs.values()])):
            from . import chunked

            return chunked.map_chunks(self, args, kwargs)
        return parts.map_parts(self, args, kwargs)

    def _run_batch(self, args: tuple[Any, ...], kwargs: dict[str, Any], backward: bool) -> Any:
        again = self.again.get(backward)
        if again is not None and not kwargs and not open_blocks.get():
            found = again(args)
            if found:
                return found[0]
        numpy_for("a batch")  # one example does without
        from . import batch

        return batch.run(self, args, kwargs, backward)


def _joined(args: Sequence[Any], lengths: list[int]) -> list[Any]:
    """Floats and what is in lists, one after the other.

    Raises `TypeError` for lists of other lengths.
    """
    if len(args) == 1:
        if len(args[0]) != lengths[0]:
            raise TypeError
        return args[0]  # type: ignore[no-any-return]
    if [len(each) if type(each) is list else -1 for each in args] != lengths:
        raise TypeError
    numbers: list[Any] = []
    for each, length in zip(args, lengths, strict=True):
        if length < 0:
            numbers.append(each)
        else:
            numbers += each
    return numbers


def _read_by(made: Gone) -> Iterator[Value]:
    for ways, outside in made.values():
        for way in ways:
            yield from way.outer
        yield from outside


def _restored(
    fun: Any,
    settings: tuple[Any, ...],
    name: str,
    made: Gone,
) -> Compiled:
    """A compiled function with the ways that it had elsewhere."""
    if isinstance(fun, Compiled) and fun.__name__ == name:
        compiled = fun  # the module's own, of which it is a decorator
    else:
        compiled = Compiled(fun, *settings)
        compiled.__name__ = compiled.__qualname__ = name
    for (key, backward), (ways, outside) in made.items():
        compiled.specialisations(key, backward).take(ways, outside)
    return compiled
