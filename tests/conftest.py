"""One thread per test process: tests run side by side, and threads of small sums only wait for each other."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
