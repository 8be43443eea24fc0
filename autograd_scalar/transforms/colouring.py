"""Colourings of sparse matrices: which columns are computed together, in one sweep.

A pattern is a list of rows, each the sorted indices of the columns that may be non-zero in it.
A sweep computes the sum of some columns; an entry can be read from it where no other of them is
non-zero in its row. A colouring gives each column its sweep, -1 to those that are empty.

The colourings are greedy. Sets of colours are ints, a bit for each. `star` is the star colouring
of Gebremedhin, Manne and Pothen, "What Color Is Your Jacobian?" (2005), with which a symmetric
matrix can be read from either triangle.
"""

from __future__ import annotations

from collections.abc import Sequence

Pattern = Sequence[Sequence[int]]


def transposed(rows: Pattern, width: int) -> list[list[int]]:
    """The pattern of the transposed matrix, for a matrix of so many columns.

    >>> transposed([[0, 2], [2]], 3)
    [[0], [], [0, 1]]
    """
    columns: list[list[int]] = [[] for _ in range(width)]
    for i, row in enumerate(rows):
        for j in row:
            columns[j].append(i)
    return columns


def columns(rows: Pattern, width: int) -> list[int]:
    """A colouring in which columns of one colour share no row.

    >>> columns([[0, 1], [1, 2], [2, 3]], 4)
    [0, 1, 0, 1]
    """
    held = transposed(rows, width)
    found = _columns(held, len(rows), range(width))
    # In a row, all have different colours: there can't be fewer.
    if count(found) > max(map(len, rows), default=0):
        by_size = sorted(range(width), key=lambda j: -len(held[j]))
        other = _columns(held, len(rows), by_size)
        if count(other) < count(found):
            return other
    return found


def _columns(held: Pattern, height: int, order: Sequence[int]) -> list[int]:
    colours = [-1] * len(held)
    taken = [0] * height
    for j in order:
        if held[j]:
            forbidden = 0
            for i in held[j]:
                forbidden |= taken[i]
            bit = ~forbidden & (forbidden + 1)
            colours[j] = bit.bit_length() - 1
            for i in held[j]:
                taken[i] |= bit
    return colours


def star(rows: Pattern) -> list[int]:
    """A star colouring of a symmetric pattern: entry (i, j) can be read from the sweep of column i,
    in row j, or from that of column j, in row i.

    Neighbours have different colours, and a path through four has three.

    >>> star([[0, 1, 2, 3], [0, 1], [0, 2], [0, 3]])
    [0, 1, 1, 1]
    """
    colours = [-1] * len(rows)
    # Of each column: the colours next to it, those it would make a path of two colours with, and
    # the first of each colour that is next to it.
    near, paths = [0] * len(rows), [0] * len(rows)
    first: list[dict[int, int]] = [{} for _ in rows]
    for v in sorted(range(len(rows)), key=lambda v: -len(rows[v])):
        if not rows[v]:
            continue
        forbidden = 0
        for w in rows[v]:
            if w != v:
                forbidden |= near[w] if colours[w] < 0 else paths[w] | 1 << colours[w]
        bit = ~forbidden & (forbidden + 1)
        colour = colours[v] = bit.bit_length() - 1
        for x in rows[v]:
            if x != v:
                near[x] |= bit
                w = first[x].setdefault(colour, v)
                if w != v:
                    # x is the centre of a star, and v and w are two of its ends.
                    paths[v] |= 1 << colours[x]
                    paths[w] |= 1 << colours[x]
    return colours


def count(colours: Sequence[int]) -> int:
    """How many colours there are."""
    return max(colours, default=-1) + 1
