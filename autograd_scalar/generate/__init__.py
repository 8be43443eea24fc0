"""What is made from the table and kept in the repository: kernels, stub, reference pages.

Knows the table and the engine; nobody knows it, and no program needs it to run.
"""
