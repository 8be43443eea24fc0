"""GradBench's evals: our tool, and the command that runs it beside the suite's own.

The suite sends programs that it wants differentiated, one message a line, and looks at the answers
with validators of its own.

    python -m benchmarks.gradbench PATH/TO/gradbench
"""
