"""This library, in the build that is installed and in the plain Python of the same files."""

from __future__ import annotations

import importlib
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import (
    SOURCE_SUFFIXES,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
)
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import autograd_scalar

from .base import NotInstalledError, ValuePeer

_TWIN = "autograd_scalar_plain"


def build(package: ModuleType = autograd_scalar) -> str:
    """`"compiled"` or `"python"`: what the package says of itself, or what it was loaded from."""
    source = importlib.import_module(f"{package.__name__}.engine.value").__file__ or ""
    return getattr(package, "build", "python" if source.endswith(".py") else "compiled")


class _SourceOnly(MetaPathFinder):
    """Finds the twin's modules in our directory, and never an extension module."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name == _TWIN:
            directory = Path(autograd_scalar.__path__[0])
            return spec_from_file_location(
                name,
                directory / "__init__.py",
                loader=SourceFileLoader(name, str(directory / "__init__.py")),
                submodule_search_locations=[str(directory)],
            )
        if name.startswith(f"{_TWIN}."):
            return FileFinder(path[0], (SourceFileLoader, SOURCE_SUFFIXES)).find_spec(name)
        return None


def plain_package() -> ModuleType:
    """The package in plain Python: itself, or loaded again from its sources."""
    if build() == "python":
        return autograd_scalar
    if _TWIN not in sys.modules:
        sys.meta_path.insert(0, _SourceOnly())
        importlib.import_module(_TWIN)
    twin = sys.modules[_TWIN]
    if not (sys.modules[f"{_TWIN}.engine.value"].__file__ or "").endswith(".py"):
        raise ImportError(f"the plain twin was loaded from {twin.__path__[0]} as an extension")
    return twin


class Ours(ValuePeer):
    distribution = "autograd-scalar"

    def __init__(self, package: ModuleType) -> None:
        self.value_type = package.Value
        self.nn = importlib.import_module(f"{package.__name__}.nn")
        for function in ("exp", "log", "sqrt", "erf", "relu"):
            setattr(self, function, getattr(package, function))
        self.value_and_grad = getattr(package, "value_and_grad", None)
        self.hessian = getattr(package, "hessian", None)

    @property
    def version(self) -> str:
        return autograd_scalar.__version__


class Compiled(Ours):
    title = "autograd_scalar, compiled"

    def __init__(self) -> None:
        if build() != "compiled":
            raise NotInstalledError("this installation of autograd_scalar is the plain build")
        super().__init__(autograd_scalar)


class Plain(Ours):
    title = "autograd_scalar, plain Python"

    def __init__(self) -> None:
        super().__init__(plain_package())
