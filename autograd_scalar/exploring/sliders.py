"""What the sliders of a page hold: a number for each input, by its name or by the Value itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..engine.numbers import to_float
from ..engine.value import Value
from ..notation.labels import unicode_label
from .program import Program

_INPUTS = ("leaf", "parameter")
_SHOWN_NAMES = 8


class Numbers(Mapping[str, float]):
    """The numbers that the sliders of a page hold, by the names of the inputs and parameters.

    A name is the label. Inputs that share one are told apart as x#1, x#2 in the order they were
    used, and those without a label have the names v1, v2, … that `steps` gives. An input can also
    be meant by its Value. The Values keep their own numbers.

    >>> from autograd_scalar import explore
    >>> x, w = Value(0.5, "x"), Value.parameter(2.0, "w")
    >>> numbers = explore(w * x).values
    >>> numbers[w] = 3
    >>> numbers
    {'w': 3.0, 'x': 0.5}
    """

    def __init__(self, program: Program) -> None:
        self._inputs = {program.names[v]: v for v in program.nodes if v.kind in _INPUTS}
        self._recorded = {name: v.data for name, v in self._inputs.items()}
        self._held = dict(self._recorded)
        #: Called with all numbers when some were set here.
        self.tell: Callable[[dict[str, float]], None] | None = None

    def __getitem__(self, key: str | Value) -> float:
        return self._held[self._name(key)]

    def __setitem__(self, key: str | Value, number: float) -> None:
        self.update({key: number})

    def __contains__(self, key: object) -> bool:
        try:
            self._name(key)
        except (KeyError, TypeError):
            return False
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def update(self, given: Mapping[Any, Any]) -> None:
        """Set several numbers, all of them or, where one is wrong, none.

        Raises `KeyError` for what is no input of the graph or fits several, and `TypeError` for
        what is no real number.
        """
        self.hold(self.completed(given))
        if self.tell is not None:
            self.tell(dict(self._held))

    def hold(self, numbers: dict[str, float]) -> None:
        """Take over numbers that are set already."""
        self._held = dict(numbers)

    def completed(self, given: Any) -> dict[str, float]:
        """All numbers, those of `given` among them, as `update` checks them."""
        if not isinstance(given, Mapping):
            raise TypeError(
                "the numbers of the sliders are a mapping such as {'x': 0.5}, got "
                f"{type(given).__name__} {given!r:.60}"
            )
        numbers = dict(self._held)
        for key, number in given.items():
            name = self._name(key)
            try:
                numbers[name] = to_float(number)
            except TypeError as error:
                raise TypeError(f"{name}: {error}") from None
        return numbers

    @property
    def moved(self) -> dict[str, float]:
        """Those that are not as they were recorded."""
        # As texts, NaN is NaN and −0 is not 0.
        return {n: x for n, x in self._held.items() if repr(x) != repr(self._recorded[n])}

    def _name(self, key: Any) -> str:
        if isinstance(key, Value):
            found = [name for name, v in self._inputs.items() if v is key]
        elif isinstance(key, str):
            found = [key] if key in self._inputs else self._labelled(key)
        else:
            raise TypeError(
                f"an input is meant by its label or its Value, got {type(key).__name__} {key!r:.60}"
            )
        if len(found) == 1:
            return found[0]
        if found:
            raise KeyError(f"{key!r} fits {_listed(found)}: take one of these, or the Value")
        raise KeyError(
            f"no slider moves {key!r:.60}: it is no input or parameter of this graph, which has "
            f"{_listed([*self._inputs]) or 'none'}"
        )

    def _labelled(self, label: str) -> list[str]:
        """Inputs with this label, or with one that looks like it."""
        labels = {name: v.label for name, v in self._inputs.items() if v.label}
        exact = [name for name, each in labels.items() if each == label]
        looks = unicode_label(label)
        return exact or [name for name, each in labels.items() if unicode_label(each) == looks]

    def __repr__(self) -> str:
        return repr(self._held)


def _listed(names: list[str]) -> str:
    left_out = len(names) - _SHOWN_NAMES
    more = [f"{left_out} more"] if left_out > 0 else []
    return ", ".join([*names[:_SHOWN_NAMES], *more])
