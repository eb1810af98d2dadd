"""``python -m geomnn`` is the ``geomnn`` command."""

import sys

from geomnn.cli import main

if __name__ == "__main__":
    sys.exit(main())
