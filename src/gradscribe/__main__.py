"""``python -m gradscribe``."""

import sys

from gradscribe.cli import main

if __name__ == "__main__":
    sys.exit(main())
