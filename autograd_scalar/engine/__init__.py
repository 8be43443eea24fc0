"""Recording and sweeping: what is done to a number, and the chain rule over it.

Knows the table's kernels; no derivative, no container of numbers, and nobody above.
"""
