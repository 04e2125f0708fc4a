"""The contender's side of the benchmark protocol (bench/harness/protocol.ts) for programs in Python."""

import json
import resource
import sys
import time
import zlib


class Workload:
    """The --name=value arguments; numbers are converted where they are asked for."""

    def __init__(self, argv):
        self._values = dict(arg[2:].split("=", 1) for arg in argv)

    def text(self, name):
        return self._values[name]

    def number(self, name):
        return int(self._values[name])

    def grid(self):
        """Upper left corners of the tiles, row by row."""
        stride = self.number("stride")
        for row in range(self.number("rows")):
            for column in range(self.number("columns")):
                yield column * stride, row * stride


class TileDigest:
    """A line "x y crc32" for each tile; contenders here add row by row."""

    def __init__(self):
        self._lines = []
        self._means = []

    def add(self, x, y, data):
        self._lines.append(f"{x} {y} {zlib.crc32(data)}\n")
        self._means.extend(data.reshape(-1, 3).mean(axis=0).tolist())

    def answer(self):
        crc = zlib.crc32("".join(self._lines).encode())
        return {"tiles": len(self._lines), "digest": f"{crc:08x}", "means": self._means}


def serve(make):
    """`make(workload)` gives an object with version, verify() -> dict and run() -> number of tiles."""
    answers = sys.stdout
    # Libraries that print must not be taken for our answers.
    sys.stdout = sys.stderr

    def answer(value):
        answers.write(json.dumps(value) + "\n")
        answers.flush()

    try:
        contender = make(Workload(sys.argv[1:]))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the reason
        answer({"ready": False, "reason": f"{type(error).__name__}: {error}"})
        return
    answer({"ready": True, "version": contender.version})
    for line in sys.stdin:
        word = line.strip()
        if word == "verify":
            answer(contender.verify())
        elif word == "run":
            cpu, wall = _cpu(), time.perf_counter()
            tiles = contender.run()
            answer({"tiles": tiles, "wallMs": 1000 * (time.perf_counter() - wall), "cpuMs": 1000 * (_cpu() - cpu)})
        else:
            break
    answer({"peakRssKib": _peak_rss_kib()})


def _cpu():
    """Of this process and of the children that have ended."""
    total = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        total += usage.ru_utime + usage.ru_stime
    return total


def _peak_rss_kib():
    """Not ru_maxrss, which starts at the size of the process that started this one."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
