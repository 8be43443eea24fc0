"""Tapes: a program as code over numbered registers, and the machine that replays it.

Knows the table, the engine, arrays and the transforms; nothing that is shown to a reader.
"""
