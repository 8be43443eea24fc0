"""What is made from the table and kept in the repository: kernels, stub, reference pages.

Knows the table, the engine and the page's JavaScript; nobody knows it, and no program needs it
to run.
"""
