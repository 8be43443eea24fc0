"""`python -m autograd_scalar`: the command line."""

import sys

from .cli.command import main

if __name__ == "__main__":
    sys.exit(main())
