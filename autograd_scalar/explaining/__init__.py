"""Why a derivative is what it is, in the reader's names and by the table's rules.

Knows the engine, the algebra and notation; no operator on functions and no picture.
"""
