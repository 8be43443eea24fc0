"""The shape of the package: which file may know what."""

import ast
import importlib
from pathlib import Path

import pytest

import autograd_scalar
from autograd_scalar.primitives import TABLE

PACKAGE = Path(__file__).parent.parent / "autograd_scalar"
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py"))
# Each may know only those before it; what is not listed builds on all of these.
CORE = ["expressions", "primitives", "kernels", "value", "functions"]
NN = PACKAGE.parent / "nn.py"


def source(module):
    return ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))


def imports(module):
    """The modules of the package that this one imports, anywhere in its text."""
    found = set()
    for node in ast.walk(source(module)):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            found |= {node.module} if node.module else {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("autograd_scalar"):
            _, _, inner = node.module.partition(".")
            found |= {inner} if inner else {name.name for name in node.names}
        elif isinstance(node, ast.Import):
            found |= {
                name.name.partition(".")[2]
                for name in node.names
                if name.name.startswith("autograd_scalar")
            }
    return found & {*MODULES} - {"__init__"}


@pytest.mark.parametrize("module", CORE)
def test_the_core_knows_only_what_comes_before_it(module):
    assert imports(module) <= {*CORE[: CORE.index(module)]}


def test_imports_make_no_circle():
    waiting = {module: imports(module) for module in MODULES}
    while waiting:
        free = [module for module, needed in waiting.items() if not needed & {*waiting}]
        assert free, f"these import each other: {waiting}"
        for module in free:
            del waiting[module]


def test_nobody_imports_the_command_line():
    assert not [module for module in MODULES if "__main__" in imports(module)]


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
    protocol = {"math.floor", "math.ceil", "math.trunc"}
    functions = {row.name for row in TABLE if not row.operator}
    named = {word for word in words(source("value")) if word.rpartition(".")[2] in functions}
    assert named <= protocol


@pytest.mark.parametrize("name", ["backward", "_sweep", "_sweep_dependent", "toposort"])
def test_the_sweep_knows_no_operation(name):
    (function,) = (
        node
        for node in ast.walk(source("value"))
        if isinstance(node, ast.FunctionDef) and node.name == name
    )
    operations = {f"_{row.name.upper()}" for row in TABLE} | {row.name for row in TABLE}
    assert not {*words(function)} & (operations | {"math", "kernels", "OPCODES"})


def test_the_engine_calls_no_function_of_floats():
    calls = {
        ast.unparse(node.func)
        for node in ast.walk(source("value"))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("math.")
    }
    assert calls <= {"math.copysign", "math.floor", "math.ceil", "math.trunc"}


def test_the_package_lists_all_that_it_offers():
    public = {
        name
        for name, thing in vars(autograd_scalar).items()
        if not name.startswith("_") and not (name in MODULES and type(thing).__name__ == "module")
    }
    assert public == {name for name in autograd_scalar.__all__ if not name.startswith("_")}
    assert len(autograd_scalar.__all__) == len({*autograd_scalar.__all__})
    star = {}
    exec("from autograd_scalar import *", star)
    assert {*autograd_scalar.__all__} <= star.keys()


def test_a_star_import_hides_no_builtin_but_those_the_table_means():
    import builtins

    assert not {*autograd_scalar.__all__} & {*vars(builtins)}


@pytest.mark.parametrize("module", [each for each in MODULES if each != "__main__"])
def test_every_file_says_first_what_it_is(module):
    name = "autograd_scalar" if module == "__init__" else f"autograd_scalar.{module}"
    assert importlib.import_module(name).__doc__


def test_networks_are_built_on_public_names_only():
    for node in ast.walk(ast.parse(NN.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("autograd_scalar"):
            assert node.module == "autograd_scalar"
            assert {name.name for name in node.names} <= {*autograd_scalar.__all__}
        elif isinstance(node, ast.Import):
            assert not any(name.name.startswith("autograd_scalar.") for name in node.names)
        elif isinstance(node, ast.Attribute) and not node.attr.startswith("__"):
            own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            assert own or not node.attr.startswith("_")
