"""The shape of the package: which file may know what."""

import ast
import doctest
import importlib
from pathlib import Path
from types import ModuleType

import pytest

import autograd_scalar
from autograd_scalar.table.registry import TABLE

PACKAGE = Path(autograd_scalar.__file__).parent

# Each room may know these rooms, and itself.
MAY_KNOW = {
    "table": set(),
    "algebra": {"table"},
    "notation": {"table", "algebra"},
    "engine": {"table"},
    "arrays": {"table", "engine"},
    "transforms": {"table", "algebra", "engine", "arrays"},
    "tape": {"table", "engine", "arrays", "transforms"},
    "picture": {"table", "engine", "notation"},
    "explaining": {"table", "algebra", "engine", "notation"},
    "nn": {"engine"},
    "exploring": {"table", "algebra", "engine", "notation", "picture", "explaining", "tape"},
    "generate": {"table", "algebra", "engine", "exploring"},
    "cli": {"table", "algebra", "engine", "notation", "picture", "explaining", "exploring"},
}
PAGE = Path(__file__).parent.parent / "docs" / "architecture.md"
BEGIN, END = "<!-- the plan, by python tests/test_architecture.py -->", "<!-- end of the plan -->"
FILES = sorted(PACKAGE.rglob("*.py"))


def name_of(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = [name_of(path) for path in FILES if name_of(path)]


def source(module):
    (path,) = (path for path in FILES if name_of(path) == module)
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(module):
    """The modules of the package that this one imports, anywhere in its text."""
    is_room = (PACKAGE / module / "__init__.py").exists()
    here = module.split(".") if is_room else module.split(".")[:-1]
    found = set()
    for node in ast.walk(source(module)):
        if isinstance(node, ast.ImportFrom):
            named = node.module.split(".") if node.module else []
            if node.level:
                named = [*here[: len(here) + 1 - node.level], *named]
            elif named[:1] == ["autograd_scalar"]:
                named = named[1:]
            else:
                continue
            within = {".".join([*named, name.name]) for name in node.names}
            found |= within & {*MODULES} or {".".join(named)}
        elif isinstance(node, ast.Import):
            found |= {
                name.name.partition(".")[2]
                for name in node.names
                if name.name.startswith("autograd_scalar")
            }
    return found & {*MODULES}


def room(module):
    return module.partition(".")[0]


@pytest.mark.parametrize("module", MODULES)
def test_a_room_knows_only_the_rooms_it_may(module):
    known = {room(each) for each in imports(module)} - {room(module)}
    if module != "__main__":
        assert known <= MAY_KNOW[room(module)]


def test_every_room_is_in_the_plan_and_arrows_point_one_way():
    assert {room(module) for module in MODULES} - {"__main__"} == MAY_KNOW.keys()
    waiting = dict(MAY_KNOW)
    while waiting:
        free = [each for each, needed in waiting.items() if not needed & waiting.keys()]
        assert free, f"these know each other: {waiting}"
        for each in free:
            del waiting[each]


def test_imports_make_no_circle():
    waiting = {module: imports(module) - {module} for module in MODULES}
    while waiting:
        free = [module for module, needed in waiting.items() if not needed & {*waiting}]
        assert free, f"these import each other: {waiting}"
        for module in free:
            del waiting[module]


@pytest.mark.parametrize("module", sorted(MAY_KNOW.keys() - {"nn"}))
def test_a_room_says_first_what_it_is_and_what_it_may_not_know(module):
    text = importlib.import_module(f"autograd_scalar.{module}").__doc__
    assert "Knows" in text
    assert any(word in text for word in (" no ", "not ", "nothing", "nobody"))


def needed(room):
    """All that a room may know, and what those may know in turn."""
    return MAY_KNOW[room].union(*map(needed, MAY_KNOW[room]))


def plan():
    """The plan as the page shows it: arrows, but for those that others imply, and a table."""
    yield "```mermaid"
    yield "graph TD"
    for room, known in MAY_KNOW.items():
        implied = {*()}.union(*map(needed, known))
        yield from (f"    {room} --> {each}" for each in sorted(known - implied))
    yield "```"
    yield ""
    yield "| room | what it is | may know |"
    yield "|---|---|---|"
    for room, known in MAY_KNOW.items():
        says = importlib.import_module(f"autograd_scalar.{room}").__doc__.partition("\n")[0]
        rooms = ", ".join(f"`{each}`" for each in sorted(known)) or "none"
        yield f"| `{room}` | {says} | {rooms} |"


def with_plan(page):
    before, _, rest = page.partition(BEGIN)
    return "\n".join([before + BEGIN, *plan(), END + rest.partition(END)[2]])


def test_the_page_draws_the_plan():
    page = PAGE.read_text(encoding="utf-8")
    assert with_plan(page) == page, "run python tests/test_architecture.py"


def test_the_page_tells_of_a_multiplication_as_it_happens():
    found = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert found.attempted > 5
    assert found.failed == 0


def words(tree):
    """Every name, attribute and string of the code, docstrings apart."""
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and ast.get_docstring(node) is not None
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield ast.unparse(node)
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Constant) and id(node) not in documentation:
            yield str(node.value)


def test_the_engine_names_no_primitive_that_is_not_an_operator():
    # math.floor and its like are Python's number protocol, not the table's rows.
    protocol = {"math.floor", "math.ceil", "math.trunc", "math.copysign"}
    functions = {row.name for row in TABLE if not row.operator}
    tree = source("engine.value")
    (value,) = (each for each in tree.body if getattr(each, "name", "") == "Value")
    # What type-checkers are told is made from the table, and nothing that runs.
    value.body = [each for each in value.body if not isinstance(each, ast.If)]
    named = {word for word in words(tree) if word.rpartition(".")[2] in functions}
    assert named <= protocol


@pytest.mark.parametrize("name", ["backward", "_sweep", "_sweep_dependent", "toposort"])
def test_the_sweep_knows_no_operation(name):
    (function,) = (
        node
        for node in ast.walk(source("engine.value"))
        if isinstance(node, ast.FunctionDef) and node.name == name
    )
    operations = {f"_{row.name.upper()}" for row in TABLE} | {row.name for row in TABLE}
    assert not {*words(function)} & (operations | {"math", "kernels", "OPCODES"})


def test_the_engine_calls_no_function_of_floats():
    calls = {
        ast.unparse(node.func)
        for node in ast.walk(source("engine.value"))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("math.")
    }
    assert calls <= {"math.copysign", "math.floor", "math.ceil", "math.trunc"}


def test_the_package_lists_all_that_it_offers():
    offered = {name for name in autograd_scalar.__all__ if not name.startswith("_")}
    star = {}
    exec("from autograd_scalar import *", star)
    assert {*autograd_scalar.__all__} <= star.keys()
    public = {
        name
        for name, thing in vars(autograd_scalar).items()
        if not name.startswith("_") and not (isinstance(thing, ModuleType) and name != "nn")
    }
    # With `compile` a star would hide Python's own.
    assert public - {"TYPE_CHECKING", "Any", "compile"} == offered <= {*dir(autograd_scalar)}
    assert len(autograd_scalar.__all__) == len({*autograd_scalar.__all__})


def test_names_that_are_loaded_later_say_so_when_there_are_none():
    with pytest.raises(AttributeError, match="no attribute 'gradd'"):
        autograd_scalar.gradd  # noqa: B018


def test_a_star_import_hides_no_builtin_but_those_the_table_means():
    import builtins

    assert not {*autograd_scalar.__all__} & {*vars(builtins)}


@pytest.mark.parametrize("module", [each for each in MODULES if each != "__main__"])
def test_every_file_says_first_what_it_is(module):
    assert importlib.import_module(f"autograd_scalar.{module}").__doc__


def test_networks_are_built_on_public_names_only():
    for node in ast.walk(source("nn")):
        if isinstance(node, ast.ImportFrom) and node.level:
            assert node.module is None
            assert {name.name for name in node.names} <= {*autograd_scalar.__all__}
        elif isinstance(node, ast.Attribute) and not node.attr.startswith("__"):
            own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            assert own or not node.attr.startswith("_")


def test_nn_beside_the_package_is_the_nn_inside():
    import nn
    from autograd_scalar import nn as inside

    assert nn.__all__ == inside.__all__
    assert all(getattr(nn, name) is getattr(inside, name) for name in nn.__all__)


if __name__ == "__main__":
    PAGE.write_text(with_plan(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
