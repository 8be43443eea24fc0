"""docs/iris.py, the README's example of a real run, learns what it says it does."""

import re
import runpy
from pathlib import Path

SCRIPT = Path(__file__).parent.parent / "docs" / "iris.py"


def test_iris_is_learnt(capsys):
    made = runpy.run_path(str(SCRIPT), run_name="__main__")
    *progress, last = capsys.readouterr().out.splitlines()

    losses = [float(re.search(r"loss ([0-9.]+)", line)[1]) for line in progress]
    assert losses[-1] < losses[0] / 2
    assert (len(made["train_set"]), len(made["test_set"])) == (105, 45)
    share = float(re.fullmatch(r"accuracy on 45 flowers held out: ([0-9.]+)", last)[1])
    assert share == round(made["accuracy"](made["model"], made["test_set"]), 3)
    assert share >= 0.93
