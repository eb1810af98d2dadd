"""``python -m proofs``: check every statement of the theory and print how each was established."""

import sys

from proofs import main

if __name__ == "__main__":
    sys.exit(main())
