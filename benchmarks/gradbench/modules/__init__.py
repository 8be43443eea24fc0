"""The programs of the evals, as a user writes them: one file each, with the suite's functions."""
