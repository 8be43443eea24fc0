"""Compiles the engine where there is a C compiler; `pyproject.toml` says everything else.

The plain Python files are complete: without a compiler, or with AUTOGRAD_SCALAR_PURE=1 in
the environment, they are all that is installed, and no step fails.
"""

import contextlib
import os
import sys
import sysconfig
import tempfile
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

COMPILED = ["engine/sweep", "engine/value", "transforms/recorded"]

BUILDING = {"bdist_wheel", "build", "build_ext", "editable_wheel", "install"} & {*sys.argv}

# Results are to be Python's to the last bit: no fused multiply-add, and no function of C's
# library that the compiler works out by itself.
FLAGS = {"msvc": ["/O2", "/fp:strict"]}
GCC_AND_CLANG = ["-O3", "-ffp-contract=off", "-fno-builtin"]


class Build(build_ext):
    def build_extensions(self):
        for extension in self.extensions:
            extension.extra_compile_args = FLAGS.get(self.compiler.compiler_type, GCC_AND_CLANG)
        super().build_extensions()


def obstacle():
    """What keeps C from being compiled here, or None."""
    from distutils.ccompiler import new_compiler
    from distutils.errors import CCompilerError, DistutilsError
    from distutils.sysconfig import customize_compiler

    if sys.implementation.name != "cpython" or sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "the compiled engine is made for CPython with its global lock"
    headers = sysconfig.get_path("include")
    if not Path(headers, "Python.h").exists():
        return f"Python's headers are missing: there is no {Path(headers, 'Python.h')}"
    compiler = new_compiler()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "probe.c")
        source.write_text("#include <Python.h>\n")
        try:
            customize_compiler(compiler)
            compiler.compile([str(source)], output_dir=folder, include_dirs=[headers])
        except (CCompilerError, DistutilsError, OSError) as error:
            name = " ".join(getattr(compiler, "compiler_so", None) or ["Microsoft Visual C++"])
            return (
                f"no working C compiler was found ({name.split()[0]}: {error}); with gcc, clang "
                "or Microsoft's Build Tools, install it again for the compiled engine"
            )
    return None


def tell(message):
    """Say it where it is read: pip hides what a build that succeeds writes."""
    print(message, file=sys.stderr)
    if not sys.stderr.isatty():
        terminal = "CONOUT$" if sys.platform == "win32" else "/dev/tty"
        with contextlib.suppress(OSError), open(terminal, "w", encoding="utf-8") as screen:
            print(f"\n{message}", file=screen)


def remove_extensions():
    """Those of an earlier `pip install -e .` would still be loaded."""
    for module in COMPILED:
        for suffix in EXTENSION_SUFFIXES:
            Path("autograd_scalar", module + suffix).unlink(missing_ok=True)


def extensions():
    if not BUILDING:
        return []
    if os.environ.get("AUTOGRAD_SCALAR_PURE", "0") not in ("", "0"):
        remove_extensions()
        return []
    reason = obstacle()
    if reason is not None:
        remove_extensions()
        tell(
            "WARNING: autograd_scalar is installed as plain Python, which gives the same results "
            f"ten times slower: {reason}."
        )
        return []
    from Cython.Build import cythonize

    return cythonize(
        [
            Extension(
                f"autograd_scalar.{module.replace('/', '.')}",
                [f"autograd_scalar/{module}.py"],
                depends=["autograd_scalar/engine/nodes.h"],
                include_dirs=["autograd_scalar/engine"],
                # Value is then a class like those of Python: it can get methods after it was made.
                define_macros=[("CYTHON_USE_TYPE_SPECS", "1")],
            )
            for module in COMPILED
        ],
        build_dir="build",
        compiler_directives={"language_level": "3", "autotestdict": False},
    )


setup(ext_modules=extensions(), cmdclass={"build_ext": Build})
