"""A graph as a page that plays the backward pass, and follows when its numbers are moved.

Knows the engine, the explanations and the drawings; no page fetches anything, and nobody knows it but the command line.
"""
