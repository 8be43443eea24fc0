"""Expressions as trees: taking them apart, differentiating and simplifying them.

Knows the table; not Values, and not how an expression is shown.
"""
