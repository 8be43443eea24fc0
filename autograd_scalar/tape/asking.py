"""What a worker of Dask asks the process that sent it there.

A question goes as an event through the scheduler, which a client listens to; the answer is a
function that the client has the worker run. Neither needs a worker's thread, so nobody waits for
somebody who waits.
"""

from __future__ import annotations

import asyncio
import queue
import sys
import uuid
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any
from weakref import WeakSet, WeakValueDictionary

import cloudpickle  # type: ignore[import-untyped]

#: How many seconds a worker waits for an answer.
PATIENCE = 600.0

_TOPIC = f"autograd_scalar-{uuid.uuid4().hex}"
# Those that can be asked, by their token: as long as there is an array that needs them, and the
# latest some time longer, as what is computed in the background needs no array.
_asked: WeakValueDictionary[str, Any] = WeakValueDictionary()
_latest: deque[Any] = deque(maxlen=32)
_listening: WeakSet[Any] = WeakSet()
_waiting: dict[str, queue.SimpleQueue[bytes]] = {}


class NobodyAnswersError(RuntimeError):
    """A question that nobody can be asked, or that nobody answered."""


def listen(token: str, one: Any) -> str | None:
    """Let workers ask `one`; where, or None where there is no client of Dask's."""
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return None
    try:
        client = distributed.get_client()
    except ValueError:
        return None
    _asked[token] = one
    if one not in _latest:
        _latest.append(one)
    if client not in _listening:
        _listening.add(client)
        tasks: set[Any] = set()

        def hear(event: tuple[float, dict[str, Any]]) -> None:
            task = asyncio.ensure_future(_answer(client, event[1]))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        client.subscribe_topic(_TOPIC, hear)
    return _TOPIC


async def _answer(client: Any, message: dict[str, Any]) -> None:
    loop = asyncio.get_running_loop()
    answer = await loop.run_in_executor(_thread(), _answered, message["question"])
    await client.run(
        _take, message["number"], answer, workers=[message["worker"]], on_error="ignore"
    )


@cache
def _thread() -> ThreadPoolExecutor:
    """One question is answered after the other: the next may have the same answer."""
    return ThreadPoolExecutor(1, "autograd_scalar answers")


def _answered(question: bytes) -> bytes:
    try:
        token, *asked = cloudpickle.loads(question)
        one = _asked.get(token)
        if one is None:
            raise NobodyAnswersError("the array this belongs to is gone")
        return bytes(cloudpickle.dumps((one.answer(*asked), None)))
    except Exception as error:
        return bytes(cloudpickle.dumps((None, sendable([error])[0])))


def _take(number: str, answer: bytes) -> None:
    if number in _waiting:
        _waiting[number].put(answer)


def ask(topic: str, token: str, *question: Any) -> Any:
    """The answer to a question; raises what the one who is asked raised."""
    from distributed import get_worker

    try:
        worker = get_worker()
    except ValueError as error:
        raise NobodyAnswersError("no worker of a cluster runs this") from error
    number = uuid.uuid4().hex
    _waiting[number] = queue.SimpleQueue()
    try:
        packed = cloudpickle.dumps((token, *question))
        message = {"worker": worker.address, "number": number, "question": packed}
        worker.log_event(topic, message)
        answer, raised = cloudpickle.loads(_waiting[number].get(timeout=PATIENCE))
    except queue.Empty:
        raise NobodyAnswersError(
            f"the client that sent this has not answered for {PATIENCE:.0f} s; keep it open "
            "until all is computed"
        ) from None
    finally:
        del _waiting[number]
    if raised is not None:
        raise raised
    return answer


def sendable(errors: list[Exception]) -> list[Exception]:
    """The same errors, or such that say the same in place of those that can't be sent."""
    try:
        cloudpickle.loads(cloudpickle.dumps(errors))
    except Exception as error:
        if len(errors) > 1:
            return [each for one in errors for each in sendable([one])]
        said = RuntimeError(f"{type(errors[0]).__name__}: {errors[0]}")
        said.__notes__ = [*getattr(errors[0], "__notes__", ()), f"it can't be pickled: {error}"]
        return [said]
    return errors
