"""Blocks belong to their context: threads, tasks, generators and Ctrl-C leave nothing open."""

import asyncio
import sys
import threading

import pytest

from autograd_scalar import Value, detect_anomaly, no_grad
from autograd_scalar.engine import context, modes
from autograd_scalar.engine.modes import recording
from benchmarks.peers.ours import plain_package

W = Value(2.0)


def kind():
    return (W * W).kind


@pytest.fixture(autouse=True)
def nothing_is_left_open():
    yield
    assert context.open_blocks.get() == ()
    assert kind() == "interior"


# Tasks and threads


def test_a_block_in_one_task_is_not_open_in_another():
    async def paused(inside, finish):
        with no_grad():
            inside.set()
            await finish.wait()
            return kind()

    async def both():
        inside, finish = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(paused(inside, finish))
        await inside.wait()
        meanwhile = kind()
        finish.set()
        return meanwhile, await task

    assert asyncio.run(both()) == ("interior", "constant")


def test_tasks_that_take_turns_keep_to_their_own_blocks():
    async def turns(block, expected):
        for _ in range(20):
            with block():
                await asyncio.sleep(0)
                assert kind() == expected
            await asyncio.sleep(0)
            assert kind() == "interior"

    async def together():
        await asyncio.gather(turns(no_grad, "constant"), turns(recording, "interior"))

    asyncio.run(together())


def test_a_task_started_inside_a_block_is_inside():
    async def child():
        await asyncio.sleep(0)
        return kind()

    async def parent():
        with no_grad():
            task = asyncio.create_task(child())
        return await task, kind()

    assert asyncio.run(parent()) == ("constant", "interior")


@pytest.mark.parametrize("block", [no_grad, detect_anomaly, recording])
def test_a_block_in_one_thread_is_not_open_in_another(block):
    inside, finish, found = threading.Event(), threading.Event(), []

    def other():
        with block():
            inside.set()
            finish.wait(10)
            found.append(len(context.open_blocks.get()))

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(10)
    assert context.open_blocks.get() == ()
    assert kind() == "interior"
    finish.set()
    thread.join()
    assert found == [1]


# Nesting


def test_the_innermost_block_that_decides_it_decides():
    found = [kind()]
    with no_grad():
        found.append(kind())
        with detect_anomaly():
            found.append(kind())
            with recording():
                found.append(kind())
                with no_grad():
                    found.append(kind())
                found.append(kind())
            found.append(kind())
    assert found == ["interior", *["constant"] * 2, "interior", "constant", "interior", "constant"]


def test_one_block_may_be_open_twice():
    block = no_grad()
    with block:
        with block:
            pass
        assert kind() == "constant"


# Generators


def paused_generator():
    with no_grad():
        yield kind()
        yield kind()


def test_generators_close_their_blocks_in_any_order():
    for order in ((0, 1, 2), (1, 0, 2), (2, 1, 0), (0, 2, 1)):
        generators = [paused_generator() for _ in range(3)]
        assert [next(generator) for generator in generators] == ["constant"] * 3
        for left, i in enumerate(order, start=1):
            generators[i].close()
            assert len(context.open_blocks.get()) == 3 - left
        assert kind() == "interior"


def decorations():
    return [pytest.param(no_grad, id="@no_grad"), pytest.param(no_grad(), id="@no_grad()")]


@pytest.mark.parametrize("decorate", decorations())
def test_a_decorated_function_is_inside_and_its_caller_is_not(decorate):
    @decorate
    def f(depth):
        """Says its name."""
        if depth:
            assert f(depth - 1) == "constant"
        return kind()

    assert f(3) == "constant"
    assert (f.__name__, f.__doc__) == ("f", "Says its name.")


@pytest.mark.parametrize("decorate", decorations())
def test_a_decorated_generator_is_inside_and_between_its_results_its_caller_is_not(decorate):
    seen = []

    @decorate
    def generator():
        try:
            seen.append(((yield kind()), kind()))
            try:
                yield kind()
            except KeyError:
                seen.append(("thrown", kind()))
            yield kind()
        finally:
            seen.append(("closed", kind()))

    g = generator()
    assert (next(g), kind()) == ("constant", "interior")
    assert (g.send("sent"), kind()) == ("constant", "interior")
    assert (g.throw(KeyError()), kind()) == ("constant", "interior")
    g.close()
    assert seen == [("sent", "constant"), ("thrown", "constant"), ("closed", "constant")]

    @decorate
    def returns():
        yield 1
        return kind()

    def delegates():
        return (yield from returns())

    g = delegates()
    next(g)
    with pytest.raises(StopIteration, match="constant"):
        next(g)


@pytest.mark.parametrize("decorate", decorations())
def test_a_decorated_async_function_is_inside_and_others_are_not(decorate):
    @decorate
    async def f():
        await asyncio.sleep(0)
        return kind()

    async def other():
        await asyncio.sleep(0)
        return kind()

    async def together():
        return await asyncio.gather(f(), other(), f())

    assert asyncio.run(together()) == ["constant", "interior", "constant"]


@pytest.mark.parametrize("decorate", decorations())
def test_a_decorated_async_generator_is_inside_and_between_its_results_its_caller_is_not(decorate):
    seen = []

    @decorate
    async def generator():
        try:
            await asyncio.sleep(0)
            seen.append(((yield kind()), kind()))
            try:
                yield kind()
            except KeyError:
                seen.append(("thrown", kind()))
            yield kind()
        finally:
            await asyncio.sleep(0)
            seen.append(("closed", kind()))

    async def caller():
        g = generator()
        assert (await anext(g), kind()) == ("constant", "interior")
        assert (await g.asend("sent"), kind()) == ("constant", "interior")
        assert (await g.athrow(KeyError()), kind()) == ("constant", "interior")
        await g.aclose()
        assert kind() == "interior"
        assert [each async for each in generator()] == ["constant"] * 3
        assert kind() == "interior"

    asyncio.run(caller())
    assert seen[:3] == [("sent", "constant"), ("thrown", "constant"), ("closed", "constant")]


@pytest.mark.parametrize("wrong", [1, "f", W], ids=["int", "str", "Value"])
def test_what_is_no_function_can_not_be_decorated(wrong):
    with pytest.raises(TypeError, match="with no_grad"):
        no_grad(wrong)


# Ctrl-C


def interrupted_at_every_line(package, work):
    """Call `work` again and again, each time interrupted one line later in the blocks' code."""
    files = {package.engine.modes.__file__, package.engine.context.__file__}
    for line in range(1000):
        lines = 0

        def trace(frame, event, _, line=line):
            nonlocal lines
            if frame.f_code.co_filename not in files or frame.f_code.co_name == "__exit__":
                return None
            if event == "line":
                if lines == line:
                    lines += 1
                    raise KeyboardInterrupt
                lines += 1
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            work()
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)
        yield
        if lines <= line:
            assert line > 2
            return
    raise AssertionError("the code has no end")


@pytest.mark.parametrize("build", ["installed", "plain"])
@pytest.mark.parametrize("outer", [False, True], ids=["alone", "inside another"])
def test_ctrl_c_while_a_block_opens_leaves_it_closed(build, outer):
    import autograd_scalar

    package = autograd_scalar if build == "installed" else plain_package()
    blocks, w = package.engine.context.open_blocks, package.Value(2.0)
    no_grad, recording = package.no_grad, package.engine.modes.recording

    def work():
        with no_grad():
            pass

    def check():
        for _ in interrupted_at_every_line(package, work):
            assert len(blocks.get()) == 2 * outer
            assert (w * w).kind == "interior"

    if outer:
        with no_grad(), recording():
            check()
    else:
        check()
    assert blocks.get() == ()


class Interrupted:
    """`context`, where the first `leave` is interrupted before or after it left."""

    open_blocks = context.open_blocks

    def __init__(self, moment):
        self.moment = moment

    def leave(self, block):
        moment, self.moment = self.moment, None
        if moment == "before":
            raise KeyboardInterrupt
        context.leave(block)
        if moment == "after":
            raise KeyboardInterrupt


@pytest.mark.parametrize("moment", ["before", "after"])
def test_ctrl_c_while_a_block_that_is_open_twice_closes_closes_it_once(moment):
    block = no_grad()
    with block:
        block.__enter__()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(modes, "context", Interrupted(moment))
            with pytest.raises(KeyboardInterrupt):
                block.__exit__(None, None, None)
        assert len(context.open_blocks.get()) == 1
