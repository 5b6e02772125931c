"""Run every benchmark: ``make bench``."""

from __future__ import annotations

from benchmarks import capture, load, probes, replay, scan, seed, spawn, suites, verify

if __name__ == "__main__":
    spawn.main()
    suites.main()
    replay.main()
    capture.main()
    verify.main()
    scan.main()
    seed.main()
    load.main()
    probes.main()
