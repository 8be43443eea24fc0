"""The page that plays a recorded graph: the graph as data, and an interpreter of it in JavaScript.

Knows the table, the engine, the tape, pictures and explanations; the engine knows nothing of it,
and what the page computes it computes by itself: no request, no server, no library.
"""
