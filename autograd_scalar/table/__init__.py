"""The table of primitives and its language: every formula of the project, each written once.

Knows nothing of the engine: a row is data, and whoever computes with it comes from above.
"""
