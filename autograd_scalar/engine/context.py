"""Which blocks are open here: what `modes` opens, and what recording asks before each node.

Open blocks belong to the context (`contextvars`): a thread and an asyncio task have their
own. Nothing here knows what a Value is. Compiled or plain, this is the source.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Protocol

#: What `state` tells, added up.
PAUSED = 1
WATCHED = 2
TRACED = 4


class Block(Protocol):
    """paused: whether nothing is recorded inside, None where blocks around it decide;
    observer: who watches, or None; tracer: who writes down a program to be replayed, or None.
    """

    paused: bool | None
    observer: Any
    tracer: Any


open_blocks: ContextVar[tuple[Block, ...]] = ContextVar("open blocks", default=())

#: How often a block was opened or closed since the program started: 0 in most.
changes = 0


def enter(block: Block) -> None:
    """Open a block, as the innermost."""
    global changes
    changes += 1
    open_blocks.set((*open_blocks.get(), block))


def restore(blocks: tuple[Block, ...]) -> None:
    """Have these open, and no others."""
    global changes
    changes += 1
    open_blocks.set(blocks)


def leave(block: Block) -> None:
    """Close a block, wherever it stands: generators close theirs in any order."""
    blocks = open_blocks.get()
    for i in range(len(blocks) - 1, -1, -1):
        if blocks[i] is block:
            restore(blocks[:i] + blocks[i + 1 :])
            return


def state() -> int:
    """Whether recording is paused here, whether somebody watches, and whether one traces."""
    return (
        PAUSED * is_paused() + WATCHED * (watcher() is not None) + TRACED * (tracer() is not None)
    )


def is_paused() -> bool:
    """Whether the innermost block that decides it is a `no_grad`."""
    for block in reversed(open_blocks.get()):
        if block.paused is not None:
            return block.paused
    return False


def watcher() -> Any:
    """The innermost observer, or None."""
    for block in reversed(open_blocks.get()):
        if block.observer is not None:
            return block.observer
    return None


def tracer() -> Any:
    """The innermost tracer, or None."""
    for block in reversed(open_blocks.get()):
        if block.tracer is not None:
            return block.tracer
    return None
