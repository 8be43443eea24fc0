"""Mathematics and prose as text, LaTeX, MathML and Markdown, and what a terminal can show.

Knows expressions as trees; not Values, nor what is said about them.
"""
