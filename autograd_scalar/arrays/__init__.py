"""Arrays of Values: NumPy's functions on Values and plain numbers side by side.

Knows the table and the engine; no derivative, and nobody above.
"""
