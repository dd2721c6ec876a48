"""The program: ``python -m securekey check``."""

import os
import sys

from ._check import check

if __name__ == "__main__":
    printed, complained, code = check(sys.argv[1:], os.environ)
    sys.stdout.write(printed)
    sys.stderr.write(complained)
    sys.exit(code)
