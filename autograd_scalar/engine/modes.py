"""Blocks of code that change what recording means: `no_grad`, and observers that watch.

Nothing here knows what a Value is.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, overload

from . import context

Function = TypeVar("Function", bound=Callable[..., Any])


class Block:
    """A block in which recording is paused or goes on, or is watched.

    paused    whether nothing is recorded inside; None where the blocks around it decide
    observer  who watches, or None
    tracer    who writes down what is computed, to replay it on other numbers, or None

    Use it with `with`, or as a decorator; of a generator, async or not, the block is open
    while its own code runs, and closed where it has given a result to its caller.
    """

    __slots__ = ("observer", "paused", "tracer")

    def __init__(
        self, paused: bool | None = None, observer: Any = None, tracer: Any = None
    ) -> None:
        self.paused = paused
        self.observer = observer
        self.tracer = tracer

    def __enter__(self) -> None:
        before = context.open_blocks.get()
        try:
            context.enter(self)
        except BaseException:
            # Ctrl-C may come when the block is open already, and nobody would leave it.
            context.restore(before)
            raise

    def __exit__(self, *_: object) -> None:
        before = context.open_blocks.get()
        try:
            context.leave(self)
        except BaseException:
            # The same block may be open twice: once more only if it came before this one left.
            if context.open_blocks.get() is before:
                context.leave(self)
            raise

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.isasyncgenfunction(function):
            made: Any = _between_async_yields(self, function)
        elif inspect.isgeneratorfunction(function):
            made = _between_yields(self, function)
        elif inspect.iscoroutinefunction(function):
            made = _awaited(self, function)
        else:
            made = _called(self, function)
        return functools.wraps(function)(made)


def _called(block: Block, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        with block:
            return function(*args, **kwargs)

    return call


def _awaited(block: Block, function: Callable[..., Any]) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        with block:
            return await function(*args, **kwargs)

    return call


def _between_yields(block: Block, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        generator = function(*args, **kwargs)
        resume: Callable[[Any], Any] = generator.send
        given: Any = None
        while True:
            with block:
                try:
                    produced = resume(given)
                except StopIteration as end:
                    return end.value
            try:
                given = yield produced
                resume = generator.send
            except GeneratorExit:
                with block:
                    generator.close()
                raise
            except BaseException as error:
                given = error
                resume = generator.throw

    return call


def _between_async_yields(block: Block, function: Callable[..., Any]) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        generator = function(*args, **kwargs)
        resume: Callable[[Any], Any] = generator.asend
        given: Any = None
        while True:
            with block:
                try:
                    produced = await resume(given)
                except StopAsyncIteration:
                    return
            try:
                given = yield produced
                resume = generator.asend
            except GeneratorExit:
                with block:
                    await generator.aclose()
                raise
            except BaseException as error:
                given = error
                resume = generator.athrow

    return call


@overload
def no_grad() -> Block: ...
@overload
def no_grad(function: Function) -> Function: ...
def no_grad(function: Any = None) -> Any:
    """Compute without recording: inside, results are constants.

    A block, `with no_grad():`, or a decorator, `@no_grad` or `@no_grad()`. It holds in the
    thread or asyncio task that opens it, and in tasks started inside. A generator that is
    suspended inside a `with` block leaves it open for its caller, as a context manager made
    of one must; decorated, it does not. Raises `TypeError` for what is no function.

    >>> from autograd_scalar import Value
    >>> w = Value(2.0)
    >>> with no_grad():
    ...     y = w * w
    >>> y.kind
    'constant'
    """
    block = Block(paused=True)
    if function is None:
        return block
    if not callable(function):
        raise TypeError(
            f"no_grad takes a function to decorate, got {type(function).__name__} "
            f"{function!r:.60}; for a block write `with no_grad():`"
        )
    return block(function)


def recording() -> Block:
    """Record again, inside `no_grad`: what is differentiated within must be recorded."""
    return Block(paused=False)


def watch(observer: Any) -> Block:
    """Show `observer` what happens inside.

    It gets `recorded(v, row, operands)` after each node, `sweeping(root, seed)` before
    each `backward()`, and `flowed(v, i, adjoint, partial, total)` where an operator's sweep
    adds to the adjoint of v's operand i; what it raises goes through.
    """
    return Block(observer=observer)


def trace(tracer: Any) -> Block:
    """Have `tracer` write down what is computed inside, `no_grad` or not.

    It gets `created(v)` for each new leaf, `recorded(v, parents)` after each node, and
    `failed(opcode, operands)` where a primitive raises. It makes `constant(opcode, operands)` of a
    comparison and `detached(v)`, is `asked(v, outcome)` where the program decides by a value,
    which it answers, and told of `reading(v, how)` where a number is taken out, which it may
    refuse. Operators say `sweep(begins)` around what their sweeps record, `check(v)` of a
    partial that must be finite, `variable(v)` and `plain(v)` of a Value that is to them a Value
    or a number, and ask `is_plain(v)`.
    """
    return Block(paused=False, tracer=tracer)
