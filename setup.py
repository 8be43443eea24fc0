"""Compiles the engine where that can be done; `pyproject.toml` says everything else.

The plain Python files are complete. Where nothing can be compiled, or with
AUTOGRAD_SCALAR_PURE=1 in the environment, they are all that is installed, and no step fails;
`autograd-scalar --version` tells which build is loaded.
"""

import os
import sys
import sysconfig
import tempfile
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

PACKAGE = Path("autograd_scalar")

# The modules of the package that are compiled. Each has a `.pxd` beside it, or is a `.pyx`.
COMPILED = [
    "engine/calls",
    "engine/context",
    "engine/functions",
    "engine/numbers",
    "engine/sweep",
    "engine/value",
    "tape/code",
    "tape/native",
    "transforms/arithmetic",
    "transforms/recorded",
]

BUILDING = {"bdist_wheel", "build", "build_ext", "editable_wheel", "install"} & {*sys.argv}
# These leave the extensions beside the sources, where they are imported in their place.
IN_PLACE = {"--inplace", "-i", "develop", "editable_wheel"} & {*sys.argv}

# Results are to be Python's to the last bit: no fused multiply-add, and no function of C's
# library that the compiler works out by itself.
FLAGS = {"msvc": ["/O2", "/fp:strict"]}
GCC_AND_CLANG = ["-O3", "-ffp-contract=off", "-fno-builtin"]
# Nobody reads errno or floating-point flags of the loops over lanes: both branches of a choice
# may be computed, which changes no result.
MACHINE = ["-fno-math-errno", "-fno-trapping-math"]

NO_COMPILER = """
#include <Python.h>
"""
# 32-bit x86 without SSE2 computes with 80 bits and rounds twice (C11 5.2.4.2.2).
WIDER_THAN_DOUBLE = """
#include <float.h>
#if FLT_EVAL_METHOD != 0
#error "intermediate results are wider than a double"
#endif
"""


class Build(build_ext):
    def build_extensions(self):
        for extension in self.extensions:
            flags = FLAGS.get(self.compiler.compiler_type)
            more = MACHINE if extension.name.endswith("tape.native") else []
            extension.extra_compile_args = flags or GCC_AND_CLANG + more
            if more and sys.platform == "linux":
                # glibc's functions of vectors come with those of numbers.
                extension.libraries = ["m"]
        super().build_extensions()


def source_of(module):
    plain = PACKAGE / f"{module}.py"
    return plain if plain.exists() else plain.with_suffix(".pyx")


def obstacle():
    """What keeps the engine from being compiled here, or None."""
    if sys.implementation.name != "cpython" or sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "the compiled engine is made for CPython with its global lock"
    return cython_obstacle() or compiler_obstacle()


def cython_obstacle():
    """What is wrong with Cython, which pip provides unless asked for --no-build-isolation."""
    try:
        from Cython import __version__ as version
    except ImportError:
        return "Cython is not installed, and --no-build-isolation keeps pip from providing it"
    if not (3, 1) <= tuple(map(int, version.split(".")[:2])) < (3, 3):
        return f"Cython 3.1 or 3.2 is needed, and {version} is installed; pyproject.toml says why"
    return None


def compiler_obstacle():
    """What is wrong with the C compiler."""
    from distutils.ccompiler import new_compiler
    from distutils.errors import CCompilerError, DistutilsError
    from distutils.sysconfig import customize_compiler

    headers = sysconfig.get_path("include")
    if not Path(headers, "Python.h").exists():
        return f"Python's headers are missing: there is no {Path(headers, 'Python.h')}"
    compiler = new_compiler()

    def error_of(program):
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "probe.c")
            source.write_text(program)
            try:
                customize_compiler(compiler)
                compiler.compile([str(source)], output_dir=folder, include_dirs=[headers])
            except (CCompilerError, DistutilsError, OSError) as error:
                return error
        return None

    error = error_of(NO_COMPILER)
    if error is not None:
        name = " ".join(getattr(compiler, "compiler_so", None) or ["Microsoft Visual C++"])
        return (
            f"no working C compiler was found ({name.split()[0]}: {error}); with gcc, clang "
            "or Microsoft's Build Tools, install it again for the compiled engine"
        )
    if error_of(WIDER_THAN_DOUBLE) is not None:
        return "C's doubles are computed with more than 64 bits here, and would round differently"
    return None


def remove_extensions():
    """Those of an earlier `pip install -e .` would still be loaded. Other builds leave them."""
    for module in COMPILED if IN_PLACE else []:
        for suffix in EXTENSION_SUFFIXES:
            extension = PACKAGE / (module + suffix)
            if extension.exists():
                extension.unlink()
                print(f"removed {extension}, which would be loaded", file=sys.stderr)


def extensions():
    if not BUILDING:
        return []
    if os.environ.get("AUTOGRAD_SCALAR_PURE", "0") not in ("", "0"):
        remove_extensions()
        return []
    reason = obstacle()
    if reason is not None:
        remove_extensions()
        print(
            "WARNING: autograd_scalar is installed as plain Python, which gives the same results "
            f"ten times slower: {reason}.",
            file=sys.stderr,
        )
        return []
    from Cython.Build import cythonize

    headers = sorted(map(str, PACKAGE.rglob("*.h")))
    declarations = sorted(map(str, PACKAGE.rglob("*.pxd")))
    return cythonize(
        [
            Extension(
                f"{PACKAGE}.{module.replace('/', '.')}",
                [str(source_of(module))],
                depends=[*headers, *declarations],
                include_dirs=sorted({os.path.dirname(header) for header in headers}),
                # Value is then a class like those of Python: it can get methods after it was made.
                define_macros=[("CYTHON_USE_TYPE_SPECS", "1")],
            )
            for module in COMPILED
        ],
        build_dir="build",
        compiler_directives={"language_level": "3", "autotestdict": False},
    )


setup(ext_modules=extensions(), cmdclass={"build_ext": Build})
