"""Differential operators: functions of numbers become functions that give derivatives.

Knows the engine and the algebra; nothing that is shown to a reader.
"""
