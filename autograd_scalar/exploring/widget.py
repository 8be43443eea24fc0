"""A page as a widget: Python and the page in the notebook hold the same numbers.

anywidget is an optional companion: `pip install "autograd-scalar[jupyter]"`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from .page import script_of
from .program import spelled
from .sliders import Numbers

_SHEET = Path(__file__).parent / "page.css"
_ENTRY = """\
import { render } from "./widget.js";

export default { render };
"""
# What the page spells, for JSON has no such numbers, or JavaScript does not write them.
_SPELLED = {text: float(text) for text in ("inf", "-inf", "nan", "-0.0")}


def _to_json(values: Mapping[str, float], _: Any) -> dict[str, Any]:
    return {name: spelled(x) for name, x in values.items()}


def _from_json(values: Mapping[str, Any], _: Any) -> dict[str, Any]:
    return {name: _read(x) for name, x in values.items()}


def _read(number: Any) -> Any:
    """A number from the page; what is none is left for the check of `values`."""
    if isinstance(number, str):
        return _SPELLED.get(number, number)
    return float(number) if isinstance(number, int) else number


class PageWidget(anywidget.AnyWidget):
    """What notebooks show of a page where anywidget is installed.

    values  the numbers that the sliders hold, by the names of the inputs; can be observed
    """

    _esm = traitlets.Unicode().tag(sync=True)
    payload = traitlets.Unicode().tag(sync=True)
    sheet = traitlets.Unicode().tag(sync=True)
    values = traitlets.Dict().tag(sync=True, to_json=_to_json, from_json=_from_json)

    def __init__(self, payload: Mapping[str, Any], rows: str, numbers: Numbers) -> None:
        self._numbers = numbers
        super().__init__(
            _esm=script_of(_ENTRY, {"rows": rows}),
            payload=json.dumps(payload, allow_nan=False, separators=(",", ":")),
            sheet=_SHEET.read_text(encoding="utf-8"),
            values=dict(numbers),
        )
        self.observe(lambda _: numbers.hold(self.values), "values")
        numbers.tell = self._follow

    @traitlets.validate("values")
    def _completed(self, proposal: Mapping[str, Any]) -> dict[str, float]:
        try:
            return self._numbers.completed(proposal["value"])
        except (KeyError, TypeError) as error:
            raise traitlets.TraitError(error.args[0]) from None

    def _follow(self, numbers: dict[str, float]) -> None:
        is_same = self.values == numbers
        self.values = numbers
        if is_same:  # but for the sign of a zero, which traits don't see
            self.send_state("values")
