"""What `import gradscribe` costs beyond NumPy's own import, in fresh processes.

    python benchmarks/imports.py

In time of these processes, whatever others take. The first one, which is not counted, leaves byte
code behind, as any installation does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

REPEATS = 12
ALLOWED = 150  # milliseconds

PROGRAM = """
import time
start = time.process_time()
import numpy
middle = time.process_time()
import gradscribe
print(middle - start, time.process_time() - middle)
"""


def measure(environment: dict[str, str]) -> tuple[float, float]:
    """The milliseconds that the two imports take in a fresh process."""
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    numpy, gradscribe = (float(part) * 1e3 for part in done.stdout.split())
    return numpy, gradscribe


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as directory:
        environment = dict(os.environ, PYTHONPYCACHEPREFIX=directory)
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        _, without = measure(environment)
        numpy, gradscribe = map(
            min, zip(*(measure(environment) for _ in range(REPEATS)), strict=True)
        )
    print(f"{'milliseconds':38} {'import':>8} {'allowed':>8}")
    print(f"{'numpy':38} {numpy:8.1f}")
    print(f"{'gradscribe beyond numpy':38} {gradscribe:8.1f} {ALLOWED:8}")
    print(f"{'… compiling its own byte code first':38} {without:8.1f}")


if __name__ == "__main__":
    main()
