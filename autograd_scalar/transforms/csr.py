"""Sparse matrices of derivatives: SciPy's `csr_array`, and what stands for it in a trace."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, chain, pairwise
from typing import Any, NamedTuple, NoReturn


class Entries(NamedTuple):
    """The entries, row by row, of a sparse matrix whose numbers are no floats.

    shape    how many rows and columns it has
    rows     the row of each entry
    columns  the column of each entry
    values   their numbers
    """

    shape: tuple[int, int]
    rows: Any
    columns: Any
    values: Any


class Structure:
    """Where the entries of a sparse matrix are.

    rows   of each row, the columns of its entries, in order
    width  how many columns there are
    """

    __slots__ = ("_indices", "_indptr", "_shape")

    def __init__(self, rows: Sequence[Sequence[int]], width: int) -> None:
        import numpy

        self._shape = (len(rows), width)
        self._indptr = numpy.array([0, *accumulate(map(len, rows))], numpy.int32)
        self._indices = numpy.fromiter(chain.from_iterable(rows), numpy.int32)

    @property
    def rows(self) -> list[list[int]]:
        """Of each row, the columns of its entries."""
        places, indices = self._indptr.tolist(), self._indices.tolist()
        return [indices[start:end] for start, end in pairwise(places)]

    @property
    def width(self) -> int:
        """How many columns there are."""
        return self._shape[1]

    def of(self, numbers: Sequence[float]) -> Any:
        """The matrix with these entries, row by row."""
        import numpy
        from scipy.sparse import csr_array  # type: ignore[import-untyped]

        # The arrays are its owner's, who may change them.
        data = numpy.array(numbers, numpy.float64)
        return csr_array((data, self._indices.copy(), self._indptr.copy()), shape=self._shape)

    def entries(self, values: Any) -> Entries:
        """The same of values that are no floats."""
        import numpy

        rows = numpy.repeat(numpy.arange(self._shape[0]), numpy.diff(self._indptr))
        return Entries(self._shape, rows, self._indices.copy(), values)


class TracedSparse:
    """A sparse matrix in a function that is being compiled: it can be returned, and no more.

    structure  where its entries are
    data       the entries, Values, row by row
    """

    def __init__(self, structure: Structure, data: list[Any]) -> None:
        self.structure = structure
        self.data = data

    def __repr__(self) -> str:
        return f"<sparse matrix of {len(self.data)} Values>"

    def _refuse(self, *_: Any) -> NoReturn:
        raise TypeError(
            "a function that is being compiled can return a sparse matrix, but not compute with "
            "it; leave out sparse=True inside, or compute with what the compiled function returns"
        )

    def __getattr__(self, name: str) -> Any:
        # Copying and pickling ask for what may not be there.
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse()

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = _refuse
    __matmul__ = __rmatmul__ = __neg__ = __getitem__ = __len__ = __iter__ = _refuse
    # NumPy asks it what an array times it is.
    __array_ufunc__ = None


def require_scipy() -> None:
    """Raise `ImportError` with what to install where SciPy is missing."""
    try:
        import scipy.sparse  # type: ignore[import-untyped]  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "sparse derivatives are arrays of SciPy, which is not installed: "
            "pip install 'autograd-scalar[sparse]'"
        ) from error
