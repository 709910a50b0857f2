"""Starts one command many times, as bench/sandbox.ts asks: under bare bubblewrap, or as a plain subprocess with a timeout.

In: one JSON object a line {"kind": "bwrap"|"subprocess", "argv", "stdin", "runs", "at_once"}. Out: {"seconds", "median_ms"}.
Output is read, as whoever judges must.
"""

import json
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

BWRAP = [
    *("bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/usr", "/usr"),
    *("--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64"),
    *("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"),
]


def main():
    for line in sys.stdin:
        asked = json.loads(line)
        argv = asked["argv"]
        if asked["kind"] == "bwrap":
            folder = asked["folder"]
            argv = [*BWRAP, "--ro-bind", folder, folder, *argv]

        def once(_):
            started = time.perf_counter()
            done = subprocess.run(
                argv, input=asked["stdin"].encode(), capture_output=True, timeout=60, check=False
            )
            if done.returncode != 0:
                raise SystemExit(f"{argv}: {done.returncode} {done.stderr!r}")
            return (time.perf_counter() - started) * 1000

        started = time.perf_counter()
        with ThreadPoolExecutor(asked["at_once"]) as pool:
            times = list(pool.map(once, range(asked["runs"])))
        answer = {"seconds": time.perf_counter() - started, "median_ms": statistics.median(times)}
        print(json.dumps(answer), flush=True)


main()
