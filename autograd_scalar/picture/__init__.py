"""Graphs of Values as pictures.

Knows the engine and how labels are set; nothing of explanations.
"""
