"""Files of compiled functions: a JSON text and two arrays in a ZIP archive; no code runs.

`docs/tape-format.md` tells what is in them.
"""

from __future__ import annotations

import io
import json
import os
import sys
import zipfile
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..engine.files import write_files
from ..engine.value import Value
from ..transforms.pytree import flatten
from .arguments import Key
from .packed import (
    PROGRAM_WORDS,
    TAPE_WORDS,
    PackedBatch,
    PackedProgram,
    PackedTape,
    Row,
    check_tape,
    numbering,
    renumber,
)
from .specialised import Kind, Specialisation
from .structures import Reading, as_json, count_numbers

#: What `version` says; files of later ones are refused.
VERSION = 1
FORMAT = "autograd_scalar compiled function"
HEADER, WORDS, NUMBERS = MEMBERS = ("program.json", "words.i32", "numbers.f64")

#: The settings of a compiled function, as `compile` takes them.
SETTINGS = ("batch", "reduce", "errors", "fast", "threads", "progress", "limit")
#: More threads than any machine has.
_MOST_THREADS = 4096


class TapeFileError(ValueError):
    """A file that is not one of a compiled function, is damaged, or needs what is not here."""


@dataclass(slots=True)
class Stored:
    """A compiled function without its function.

    made  for each kind of arguments, and for whether gradients are wanted: the ways, and the
          Values whose gradients they give
    """

    name: str
    settings: dict[str, Any]
    made: dict[tuple[Key, bool], tuple[list[Specialisation], list[Value]]]


def write(path: str | os.PathLike[str], stored: Stored, version: str) -> None:
    """Write a file; what was there stays until the new one is complete.

    version  of this package

    Raises `TypeError` for what can't be stored, and `OSError`.
    """
    write_files({Path(path): _Writer().archive(stored, version)})


class _Writer:
    def __init__(self) -> None:
        self._words = array("i")
        self._numbers = array("d")
        self._rows: dict[Row, None] = {}
        self._parameters: dict[Value, int] = {}
        self._classes: dict[str, type] = {}

    def archive(self, stored: Stored, version: str) -> bytes:
        for ways, outside in stored.made.values():
            for v in (*(v for way in ways for v in way.outer), *outside):
                self._parameters.setdefault(v, len(self._parameters))
        self._numbers.extend([v._data for v in self._parameters])
        header = {
            "format": FORMAT,
            "version": VERSION,
            "written_by": version,
            "name": stored.name,
            "settings": stored.settings,
            "parameters": [v.label for v in self._parameters],
            "leaves": [i for v, i in self._parameters.items() if v.kind != "parameter"],
            "kinds": [
                {
                    "arguments": as_json(key, self._classes, "an argument"),
                    "backward": backward,
                    "gradients": [self._parameters[v] for v in outside],
                    "ways": [self._way(way) for way in ways],
                }
                for (key, backward), (ways, outside) in stored.made.items()
            ],
        }
        header["rows"] = [
            [opcode, name, [*given], value] for opcode, name, given, value in self._rows
        ]
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            text = json.dumps(header, separators=(",", ":")).encode("ascii")
            contents = (text, _little_endian(self._words), _little_endian(self._numbers))
            for name, content in zip(MEMBERS, contents, strict=True):
                # A date of their own makes equal files of equal functions.
                archive.writestr(zipfile.ZipInfo(name), content)
        return file.getvalue()

    def _way(self, way: Specialisation) -> dict[str, Any]:
        tape = way.packed
        self._rows.update(dict.fromkeys(tape.rows))
        return {
            "recorded": way.recorded,
            "fails": tape.fails,
            "result": as_json(way.result, self._classes, "a result"),
            "lines": tape.lines,
            "labels": tape.labels,
            "outer": [self._parameters[v] for v in tape.leaves],
            "words": self._put(tape, TAPE_WORDS),
            "numbers": self._put_numbers(tape.numbers),
            "program": way.packed_program and self._program(way.packed_program),
            "batches": [
                {
                    "batched": [*batched],
                    "reduced": reduced,
                    "registers": made.registers,
                    "words": self._put(made, ("code",)),
                    "shared": self._program(made.shared),
                }
                for (batched, reduced), made in way.packed_batches.items()
            ],
        }

    def _program(self, program: PackedProgram) -> dict[str, Any]:
        return {
            "words": self._put(program, PROGRAM_WORDS),
            "numbers": self._put_numbers(program.bank),
        }

    def _put(self, holder: Any, names: Sequence[str]) -> list[int]:
        """Write arrays one after the other; how long they are."""
        found = [getattr(holder, name) for name in names]
        for each in found:
            self._words.extend(each if each.typecode == "i" else array("i", each))
        return [len(each) for each in found]

    def _put_numbers(self, numbers: array[float]) -> int:
        self._numbers.extend(numbers)
        return len(numbers)


def _little_endian(words: array[Any]) -> bytes:
    if sys.byteorder == "big":
        words = words[:]
        words.byteswap()
    return words.tobytes()


def read(
    path: str | os.PathLike[str],
    types: Iterable[type],
    is_batch: Callable[[dict[str, Any]], bool],
) -> Stored:
    """What a file holds, checked.

    types     the named tuples and dataclasses that arguments and results are made of
    is_batch  whether settings are those of a batch; it raises `ValueError` for wrong ones

    Raises `TapeFileError`, which says what is wrong, where, and what to do; `OSError` where there
    is no file, or none that may be read.
    """
    place = Path(path)
    if place.exists() and not place.is_file():
        raise TapeFileError(f"{place} is no file; give the path of one that save(…) wrote")
    try:
        return _Reader(_members(place.read_bytes()), types, is_batch).stored()
    except ValueError as error:
        raise TapeFileError(f"{place}: {error}") from None


def _members(content: bytes) -> list[bytes]:
    """The three members of the archive."""
    if not content:
        raise ValueError("the file is empty; save the compiled function again")
    if not content.startswith(b"PK"):
        raise ValueError(
            "this is no file of a compiled function; those are written by save(…) of one"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found = archive.infolist()
            names = [each.filename for each in found]
            if names != [*MEMBERS]:
                raise ValueError(f"it holds {names!s:.80} and not {', '.join(MEMBERS)}")
            for each in found:
                # What is not compressed is no longer than the file.
                if each.compress_type != zipfile.ZIP_STORED or each.file_size > len(content):
                    raise ValueError(f"{each.filename} is compressed, or longer than the file")
            return [archive.read(each) for each in found]
    except Exception as error:
        raise _damaged(error) from None


def _damaged(problem: object) -> ValueError:
    return ValueError(
        f"the file is damaged, cut short or none of a compiled function ({problem}); copy it "
        "again, or save the compiled function again"
    )


class _Reader:
    def __init__(
        self,
        members: Sequence[bytes],
        types: Iterable[type],
        is_batch: Callable[[dict[str, Any]], bool],
    ) -> None:
        header, words, numbers = members
        try:
            self._header = json.loads(header.decode("utf-8"))
            self._words = _array("i", words)
            self._numbers = _array("d", numbers)
        except (ValueError, RecursionError) as error:
            raise _damaged(f"{type(error).__name__}: {error}") from None
        self._word = self._number = 0
        self._types = [*types]
        self._parameters: list[Value] = []
        self._rows: tuple[Row, ...] = ()
        self._opcodes: dict[int, int] = {}
        self._settings: dict[str, Any] = {}
        self._is_batch_of = is_batch
        self._is_batch = False

    def stored(self) -> Stored:
        header = self._header
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            raise ValueError(f'{HEADER} does not say "format": "{FORMAT}"')
        version = _get(header, "version", int, HEADER)
        if version > VERSION:
            raise ValueError(
                f"the file has version {version} of the format, and this autograd_scalar knows "
                f"those up to {VERSION}; update it to the {header.get('written_by')!r:.20} that "
                "wrote the file, or a later one"
            )
        if version < 1:
            raise ValueError(f"{HEADER}: there is no version {version} of the format")
        self._settings = self._checked_settings(_get(header, "settings", dict, HEADER))
        self._read_rows(_get(header, "rows", list, HEADER))
        self._read_parameters(_get(header, "parameters", list, HEADER))
        made: dict[tuple[Key, bool], tuple[list[Specialisation], list[Value]]] = {}
        for i, told in enumerate(_get(header, "kinds", list, HEADER)):
            where = f"kinds[{i}]"
            key = Reading(self._types, 0)(
                _get(told, "arguments", dict, where), f"{where}.arguments"
            )
            pair = key, _get(told, "backward", bool, where)
            try:
                count, double = count_numbers(key), pair in made
            except (TypeError, ValueError, IndexError) as error:
                raise ValueError(
                    f"{where}.arguments: they are no kind of arguments ({error}); are the types "
                    "those it was saved with?"
                ) from None
            if double:
                raise ValueError(f"{where}.arguments: there are two of this kind")
            outside = self._chosen(told, "gradients", where)
            ways = [
                self._way(each, count, len(outside), f"{where}.ways[{k}]")
                for k, each in enumerate(_get(told, "ways", list, where))
            ]
            if not ways:
                raise ValueError(f"{where}.ways: there are none")
            made[pair] = ways, outside
        for name, at, all_ in (
            (WORDS, self._word, self._words),
            (NUMBERS, self._number, self._numbers),
        ):
            if at != len(all_):
                raise ValueError(f"{name}: {len(all_) - at} of {len(all_)} belong to nothing")
        return Stored(_get(header, "name", str, HEADER), self._settings, made)

    def _checked_settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        if [*settings] != [*SETTINGS]:
            raise ValueError(f"settings: {', '.join(SETTINGS)} are needed, got {[*settings]!r:.80}")
        threads = settings["threads"]
        if type(settings["fast"]) is not bool or type(settings["progress"]) is not bool:
            raise ValueError("settings: fast and progress are true or false")
        if type(threads) is int and threads > _MOST_THREADS:
            raise ValueError(f"settings: {threads} threads are more than {_MOST_THREADS}")
        if isinstance(settings["batch"], list):
            settings["batch"] = tuple(settings["batch"])
        try:
            self._is_batch = self._is_batch_of(settings)
        except ValueError as error:
            raise ValueError(f"settings: {error}") from None
        return settings

    def _read_rows(self, told: list[Any]) -> None:
        rows = []
        for i, each in enumerate(told):
            match each:
                case [int(opcode), str(name), [*arguments], str(value)] if (
                    opcode >= 0
                    and type(opcode) is int
                    and all(type(argument) is str for argument in arguments)
                ):
                    rows.append((opcode, name, tuple(arguments), value))
                case _:
                    raise ValueError(f"rows[{i}]: {each!r:.80} is no row")
        if len({row[0] for row in rows}) != len(rows):
            raise ValueError("rows: two have the same opcode")
        self._rows = tuple(rows)
        self._opcodes = numbering(rows)

    def _read_parameters(self, labels: list[Any]) -> None:
        numbers = self._take_numbers(len(labels), "parameters")
        leaves = {*map(repr, _get(self._header, "leaves", list, HEADER))}
        for i, (label, number) in enumerate(zip(labels, numbers, strict=True)):
            if type(label) is not str:
                raise ValueError(f"parameters[{i}]: {label!r:.80} is no label")
            v = Value(number) if repr(i) in leaves else Value.parameter(number)
            v.label = label
            self._parameters.append(v)

    def _chosen(self, told: Any, name: str, where: str) -> list[Value]:
        """Those parameters."""
        found = []
        for each in _get(told, name, list, where):
            if type(each) is not int or not 0 <= each < len(self._parameters):
                raise ValueError(
                    f"{where}.{name}: {each!r:.20} is not one of {len(self._parameters)} parameters"
                )
            found.append(self._parameters[each])
        if len({*found}) != len(found):
            raise ValueError(f"{where}.{name}: there is a parameter twice")
        return found

    def _way(self, told: Any, inputs: int, gradients: int, where: str) -> Specialisation:
        arrays = self._take(told, TAPE_WORDS, where)
        labels = _get(told, "labels", list, where)
        if not all(type(label) is str for label in labels):
            raise ValueError(f"{where}.labels: they are texts")
        lines = []
        for i, line in enumerate(_get(told, "lines", list, where)):
            match line:
                case [str(file), int(number), str(function)]:
                    lines.append((file, number, function))
                case _:
                    raise ValueError(f"{where}.lines[{i}]: {line!r:.80} is no line")
        count = _get(told, "numbers", int, where)
        tape = PackedTape(
            **arrays,
            numbers=self._take_numbers(count, where),
            lines=lines,
            labels=labels,
            leaves=self._chosen(told, "outer", where),
            rows=self._rows,
            fails=_get(told, "fails", bool, where),
        )
        program = told.get("program")
        if program is not None:
            program = self._program(program, f"{where}.program")
        batches: dict[Kind, PackedBatch] = {}
        for i, each in enumerate(_get(told, "batches", list, where)):
            place = f"{where}.batches[{i}]"
            batched = tuple(_get(each, "batched", list, place))
            if len(batched) != inputs or not all(type(flag) is bool for flag in batched):
                raise ValueError(f"{place}.batched: true or false is needed for {inputs} numbers")
            code = self._take(each, ("code",), place)["code"]
            registers = _get(each, "registers", int, place)
            shared = self._program(each.get("shared"), f"{place}.shared")
            if len(shared.inputs) != batched.count(False):
                raise ValueError(f"{place}.shared: it has other inputs than the kind of batch")
            reduced = _get(each, "reduced", bool, place)
            batches[batched, reduced] = PackedBatch(code, registers, shared)
        made_of = [] if program is None else [program]
        try:
            renumber(self._opcodes, tape, [*made_of, *batches.values()])
            check_tape(tape)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
        outputs = len(tape.outputs)
        if len(tape.inputs) != inputs or outputs < gradients:
            raise ValueError(
                f"{where}: the tape has {len(tape.inputs)} inputs and {outputs} outputs, for "
                f"{inputs} numbers in the arguments and {gradients} gradients"
            )
        if program is not None and (len(program.inputs), len(program.outputs)) != (inputs, outputs):
            raise ValueError(f"{where}.program: it has other inputs or outputs than the tape")
        result = self._result(told, outputs - gradients, where)
        recorded = _get(told, "recorded", int, where)
        check, fast = self._settings["errors"] != "ignore", self._settings["fast"]
        way = Specialisation(tape, recorded, result, check, fast, program, batches)
        try:
            if program is not None:
                _ = way.program
            for (batched, reduced), made in batches.items():
                columns = made.columns()
                wanted = (0, outputs) if reduced else (outputs, 0)
                if columns[0] > batched.count(True) or columns[1:] != wanted:
                    raise ValueError(f"a batch has {columns} columns of inputs, outputs and sums")
                way.batch(batched, reduced)
        except ValueError as error:
            raise ValueError(f"{where}: the code can't be run: {error}") from None
        return way

    def _result(self, told: Any, count: int, where: str) -> Any:
        """What the function returns, which must have so many numbers."""
        where = f"{where}.result"
        if not isinstance(told, dict) or "result" not in told:
            raise ValueError(f"{where} is missing")
        reading = Reading(self._types, count)
        result = reading(told["result"], where)
        left = reading.values
        if self._is_batch:
            # There, plain numbers are results too.
            try:
                left = count - len(flatten(result, "result")[0])
            except TypeError as error:
                raise ValueError(f"{where}: {error}") from None
        if left:
            raise ValueError(f"{where}: it has {count - left} numbers, and the tape {count}")
        return result

    def _program(self, told: Any, where: str) -> PackedProgram:
        arrays = self._take(told, PROGRAM_WORDS, where)
        count = _get(told, "numbers", int, where)
        program = PackedProgram(**arrays, bank=self._take_numbers(count, where))
        if len(program.leaves) != len(program.outer):
            raise ValueError(f"{where}: as many leaves as registers of them are needed")
        return program

    def _take(self, told: Any, names: Sequence[str], where: str) -> dict[str, Any]:
        """The next arrays of words by name, as long as `told` tells."""
        counts = _get(told, "words", list, where)
        if len(counts) != len(names):
            raise ValueError(f"{where}.words: the lengths of {', '.join(names)} are needed")
        found = {}
        for name, count in zip(names, counts, strict=True):
            end = self._end(self._word, count, len(self._words), f"{where}.words, {name}")
            found[name] = self._words[self._word : end]
            self._word = end
        return found

    def _take_numbers(self, count: int, where: str) -> array[float]:
        end = self._end(self._number, count, len(self._numbers), f"{where}.numbers")
        found = self._numbers[self._number : end]
        self._number = end
        return found

    def _end(self, begin: int, count: Any, size: int, where: str) -> int:
        if type(count) is not int or not 0 <= count <= size - begin:
            raise ValueError(f"{where}: {count!r:.20} is no count, or more than the file has left")
        return begin + count


def _array(typecode: str, content: bytes) -> array[Any]:
    words = array(typecode)
    words.frombytes(content)
    if sys.byteorder == "big":
        words.byteswap()
    return words


def _get(told: Any, name: str, kind: type, where: str) -> Any:
    found = told.get(name) if isinstance(told, Mapping) else None
    if type(found) is not kind:
        raise ValueError(f"{where}: {name} must be of type {kind.__name__}, got {found!r:.40}")
    return found
