"""The command line.

Knows everything that is offered; nobody knows it.
"""
