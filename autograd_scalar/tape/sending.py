"""A compiled function that goes to where the rows are.

What travels are tapes and numbers, and the function itself, if it can be pickled. Where an
example goes a way there is no tape for, the process that made the arrays traces it, once for all.
"""

from __future__ import annotations

import dataclasses
import pickle
import threading
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import cloudpickle  # type: ignore[import-untyped]

from ..engine.value import Value
from ..transforms.pytree import flatten
from .arguments import Arguments
from .asking import NobodyAnswersError, ask, listen
from .batch import ArrangementError
from .code import SUSPECT
from .examples import Examples, containers
from .specialised import MissingFunctionError, Specialisation, Specialisations


class Source:
    """The function itself, with the arguments of a call.

    settings  what `Specialisations` takes
    template  the arguments, with one row in place of those of all examples
    axes      which run over examples, as in `compile`
    kwargs    the arguments by name
    ways      the ways there are so far, to which new ones are added
    like      a way that tells how all results are arranged
    outside   Values from outside with the numbers that they have had since `map` was called
    """

    def __init__(
        self,
        settings: tuple[Any, ...],
        template: Sequence[Any],
        axes: Sequence[int | None],
        kwargs: dict[str, Any],
        outside: Iterable[tuple[Value, float]] = (),
        ways: Specialisations | None = None,
        like: Specialisation | None = None,
    ) -> None:
        self._made_of = (settings, template, axes, kwargs)
        self._ways = ways or Specialisations(*settings)
        self._like = like
        # Each is read once.
        self._outside: dict[Value, float] = dict(outside)
        if like is not None:
            self.frozen(like)

    def trace(self, rows: Sequence[Any]) -> Specialisation:
        """A new way through the function."""
        args, kwargs = self._args(rows), self._made_of[3]
        return self.frozen(self._ways.add(Arguments(args, kwargs), args, kwargs))

    def call(self, rows: Sequence[Any]) -> list[float]:
        """The numbers of the result by the function itself."""
        (fun, *_), _, _, kwargs = self._made_of
        result = fun(*self._args(rows), **kwargs)
        return [v.data if type(v) is Value else v for v in flatten(result, "result")[0]]

    def frozen(self, way: Specialisation) -> Specialisation:
        """The same way, with only numbers as its results, and with Values as they are now."""
        if self._like is not None and way.arrangement != self._like.arrangement:
            raise ArrangementError.of(way, self._like)
        outer = {
            entry: Value(self._outside.setdefault(v, v.data)) for entry, v in way.tape.outer.items()
        }
        tape = dataclasses.replace(way.tape, outer=outer)
        results = [Value(0.0) for _ in tape.outputs]
        return Specialisation(tape, way.recorded, results, way.check, way.fast)

    def packed(self) -> bytes | None:
        """As bytes, without ways; None where something can't be pickled."""
        try:
            return bytes(cloudpickle.dumps((*self._made_of, [*self._outside.items()])))
        except Exception:
            return None

    def _args(self, rows: Sequence[Any]) -> list[Any]:
        remaining = iter(rows)
        _, template, axes, _ = self._made_of
        pairs = zip(template, axes, strict=True)
        return [each if axis is None else _filled(each, remaining) for each, axis in pairs]


def _filled(tree: Any, rows: Iterator[Any]) -> Any:
    container = containers(tree)
    if container is not None:
        *_, parts, rebuild = container
        return rebuild([_filled(part, rows) for part in parts])
    row = next(rows)
    # The function gets lists where lists were given.
    return row.tolist() if isinstance(tree, list | tuple) and hasattr(row, "tolist") else row


class Program:
    """The ways through a compiled function, as `batch` takes them.

    token    tells it from others
    numbers  for each argument the numbers that all examples share, or how many arrays run over them
    made     the ways, in the order in which they were traced; pickled until they are needed
    source   the function, where it is here
    topic    where the process that made the arrays can be asked
    packed   the function, which may not be pickled again
    """

    reduce = None
    progress = False
    __name__ = "the compiled function"

    def __init__(
        self,
        token: str,
        numbers: Sequence[list[float] | int],
        errors: str,
        threads: int,
        made: list[Specialisation] | bytes,
        source: Source | None,
        topic: str | None = None,
        packed: bytes | None = None,
    ) -> None:
        self.token = token
        self.errors = errors
        self.threads = threads
        self.outside: list[Value] = []
        self.batch = [0 if isinstance(each, int) else None for each in numbers]
        self._numbers = numbers
        self._sent = made if isinstance(made, bytes) else None
        self._made = None if isinstance(made, bytes) else made
        self._source = source
        self._topic = topic
        self._packed = packed
        self._adding = threading.RLock()
        self._loading = threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        # It waits for nobody: a worker sends it on in the thread in which it hears answers.
        made, topic, packed = self._sent, self._topic, self._packed
        if made is None:
            made = pickle.dumps([*self.made])
            if self._source is not None:
                topic, packed = listen(self.token, self), self._source.packed()
        settings = (self.token, self._numbers, self.errors, self.threads)
        return Program, (*settings, made, None, topic, packed)

    @property
    def made(self) -> list[Specialisation]:
        with self._loading:
            if self._made is None:
                self._made = pickle.loads(self._sent or b"")
            return self._made

    def examples(self, blocks: Sequence[Any]) -> Examples:
        """The examples in a chunk of rows of each array."""
        return Examples(self, tuple(self._args(blocks)), {})

    def answer(self, about: str, rows: Sequence[Any], known: int) -> Any:
        """What a worker asks: the results of an example, or the ways that it doesn't know."""
        args = self._args(rows)
        if about == "results":
            return self.fun(*args)
        self.add(Arguments(args, {}), args, {})
        return self.made[known:]

    # What `batch` takes from a compiled function, and from its ways.

    def specialisations(self, key: Any, backward: bool) -> Program:
        return self

    def fun(self, *args: Any) -> list[float]:
        """The numbers of the result by the function itself, wherever it is."""
        if self._topic is not None and self._here() is None:
            return list(ask(self._topic, self.token, "results", _rows(args), 0))
        return self._needed().call(_rows(args))

    def add(
        self, arguments: Arguments, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> Specialisation:
        """The way that an example goes, traced if nobody has yet."""
        with self._adding:
            if (way := self._way(arguments.numbers)) is not None:
                return way
            made, rows = self.made, _rows(args)
            if self._topic is not None:
                try:
                    made += ask(self._topic, self.token, "ways", rows, len(made))
                except NobodyAnswersError:
                    self._topic = None
            if self._topic is None:
                made.append(self._needed().trace(rows))
            return self._way(arguments.numbers) or made[-1]

    def _way(self, numbers: list[float]) -> Specialisation | None:
        for each in self.made:
            found = each.replay(numbers)
            if type(found) is list or found == SUSPECT:
                return each
        return None

    def _needed(self) -> Source:
        source = self._here()
        if source is None:
            raise MissingFunctionError(
                "an example goes a way that has not been compiled, the function can't be pickled, "
                "and there is no client of Dask's to ask: keep the client open until all is "
                "computed, or define the function in a module"
            )
        return source

    def _here(self) -> Source | None:
        if self._source is None and self._packed is not None:
            try:
                self._source = Source(*cloudpickle.loads(self._packed))
            except Exception:
                # A module is missing here, say.
                self._packed = None
        return self._source

    def _args(self, parts: Sequence[Any]) -> list[Any]:
        given = iter(parts)
        return [
            {i: next(given) for i in range(each)} if isinstance(each, int) else each
            for each in self._numbers
        ]


def _rows(args: Sequence[Any]) -> list[Any]:
    return [row for each in args if isinstance(each, dict) for row in each.values()]


def program(
    compiled: Any, template: Sequence[Any], kwargs: dict[str, Any]
) -> tuple[Program, Specialisation]:
    """A compiled function ready to travel, and a way that tells how its results are arranged.

    template  the arguments, with one row in place of those of all examples
    """
    calls = Examples(compiled, tuple(template), kwargs)
    if calls.has_values:
        raise TypeError(
            "there are Values among the arguments, which do not travel to where the rows are: "
            "give numbers"
        )
    ways = compiled.specialisations(calls.first.key, False)
    if ways.made:
        like = ways.made[0]
    else:
        blank = ways.blank()
        try:
            like = blank.add(calls.first, calls.args(0), kwargs)
        except Exception as error:
            error.add_note(
                "with ones for a row, which tell how the results are arranged where nothing has "
                "been compiled yet: call the compiled function on a few rows first"
            )
            raise
    axes = compiled.batch
    axes = [*axes] if isinstance(axes, list | tuple) else [axes] * len(template)
    checks = compiled.errors != "ignore"
    settings = (compiled.fun, compiled.limit, False, True, checks, compiled.fast)
    source = Source(settings, template, axes, kwargs, ways=ways, like=like)
    made = [source.frozen(way) for way in reversed(ways.made)]
    numbers: list[list[float] | int] = []
    for argument, axis in zip(
        [*template, *kwargs.values()], [*axes, *[None] * len(kwargs)], strict=True
    ):
        numbers.append([*Arguments([argument], {}).numbers] if axis is None else _arrays(argument))
    here = Program(uuid.uuid4().hex, numbers, compiled.errors, compiled.threads or 1, made, source)
    return here, like


def _arrays(tree: Any) -> int:
    container = containers(tree)
    return 1 if container is None else sum(map(_arrays, container[2]))
