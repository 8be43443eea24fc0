"""What docs/tape-format.md shows is what happens, and it names all there is."""

import doctest
import json
import zipfile
from pathlib import Path

from autograd_scalar import (
    compile,  # noqa: A004 (Python's own is not called here)
)
from autograd_scalar.tape.packed import PROGRAM_WORDS, TAPE_WORDS

PAGE = Path(__file__).parent.parent / "docs" / "tape-format.md"


def test_the_examples_run_as_shown():
    found = doctest.testfile(
        str(PAGE), module_relative=False, encoding="utf-8", optionflags=doctest.ELLIPSIS
    )
    assert found.attempted > 10
    assert found.failed == 0


def names_in(thing):
    """The names in a header, but for those of arrangements."""
    if isinstance(thing, list):
        return {*()}.union(*map(names_in, thing))
    if not isinstance(thing, dict):
        return {*()}
    inner = [names_in(each) for name, each in thing.items() if name not in ("arguments", "result")]
    return {*thing}.union(*inner)


def test_the_page_names_all_there_is(tmp_path):
    compiled = compile(lambda x: x * x, batch=0)
    compiled([1.0])
    compiled.save(tmp_path / "f.tape")
    header = json.loads(zipfile.ZipFile(tmp_path / "f.tape").read("program.json"))
    page = PAGE.read_text(encoding="utf-8")
    for name in (*names_in(header), *TAPE_WORDS, *PROGRAM_WORDS):
        assert f"`{name}`" in page, name
