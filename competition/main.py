"""Starts the program of microtome in the container of the challenge, with the Node.js that lies beside this file.

The working directory has the folder data/ and gets submission.csv. Only lines of LINE are printed. Node.js gets a small
environment of its own. A signal is passed on. The exit code is that of Node.js, or 128 and the signal that ended it. After its
last line Node.js has a moment to end: a read that hangs would hold it for ever.
"""
import os
import re
import signal
import subprocess
import sys
import time

# A clock that a change of the date does not move. Node.js reads the same one.
STARTED = time.monotonic()
# Seconds.
END_WAIT = 10
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "microtome")
NODE = os.path.join(HERE, "node", "bin", "node")
PROGRAM = os.path.join(HERE, "package", "node_modules", "microtome", "dist", "competition", "box", "main.js")

# The grammar of lib/competition/box/log-lines.ts; a test compares the two.
TIME = r"[0-9]{1,3}:[0-5][0-9]:[0-5][0-9]"
FAILURES = (
    r"FILE_NOT_FOUND|FILE_UNREADABLE|NOT_A_SLIDE|IMAGES_INVALID|DRIVER_MISSING|SLIDE_INCOMPLETE|SLIDE_CHANGED|"
    r"UNSUPPORTED_COMPRESSION|UNSUPPORTED_PIXELS|TRUNCATED|"
    r"CORRUPT_TILE|LIMIT_EXCEEDED|LEVEL_OUT_OF_RANGE|MPP_UNKNOWN|NO_TISSUE|MODEL_INVALID|MODEL_MISMATCH|"
    r"OUTPUT_NOT_FINITE|OUTPUT_OUT_OF_RANGE|OUTPUT_SHAPE|CLINICAL_MISSING|CLINICAL_INVALID|CLINICAL_UNKNOWN|"
    r"RUNTIME_MISSING|DEVICE_UNAVAILABLE|DEVICE_LOST|OUT_OF_MEMORY|UNSUPPORTED_PLATFORM|INVALID_OPTION|CSV_INVALID|"
    r"ROWS_MISMATCH|OUTPUT_EXISTS|OUTPUT_LOCKED|RESUME_REFUSED|SHARD_CONFLICT|SHARD_MISSING|DISK_FULL|NETWORK|"
    r"PIPELINE_INVALID|STEP_FAILED|CLUSTER_REFUSED|JOB_FAILED|CANCELLED|DEADLINE|INTERNAL|"
    r"INTERRUPTED|NODE_NOT_STARTED|NODE_DIED"
)
LINE = "|".join([
    r"microtome [0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z.]+)?",
    r"device (?:cpu|cuda|tensorrt|other)",
    r"stage (?:start|load|restart|score|write) " + TIME,
    r"progress (?:5|[1-9][05]|100)% " + TIME,
    r"deadline " + TIME,
    r"done " + TIME,
    r"failed (?:" + FAILURES + r") " + TIME,
])


def say(line):
    """Not by print: where nobody reads any more, the run goes on and its exit code stays."""
    try:
        os.write(1, (line + "\n").encode("ascii"))
    except OSError:
        pass


def fail(code):
    seconds = min(int(time.monotonic() - STARTED), 999 * 3600 + 3599)
    say("failed %s %d:%02d:%02d" % (code, seconds // 3600, seconds // 60 % 60, seconds % 60))
    return 1


def environment():
    """Nothing that changes how Node.js or a library works comes in from outside."""
    passed = ("MICROTOME_BOX_DEADLINE", "CUDA_VISIBLE_DEVICES")
    own = {name: os.environ[name] for name in passed if name in os.environ}
    own.update(PATH=os.defpath, LANG="C.UTF-8", MICROTOME_BOX_STARTED=str(int(STARTED * 1000)))
    return own


def start():
    """Standard input stays open and empty: it tells Node.js that this process lives."""
    if not os.access(NODE, os.X_OK):
        # Some programs that unpack archives lose the permission.
        os.chmod(NODE, 0o755)
    command = [NODE, "--no-warnings", PROGRAM, HERE]
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, env=environment(), start_new_session=True, **streams)


def relay(stream):
    """Prints the lines of the grammar up to the ending; returns the last one. A line that is too long comes in pieces."""
    last, is_begin = "", True
    for piece in iter(lambda: stream.readline(256), b""):
        line, is_end = piece.rstrip(b"\n").decode("ascii", "replace"), piece.endswith(b"\n")
        if is_begin and is_end and re.fullmatch(LINE, line):
            say(line)
            last = line
            if is_ending(line):
                break
        is_begin = is_end
    return last


def is_ending(line):
    return line.startswith(("done ", "failed "))


def code_of(node, last):
    try:
        status = node.wait(END_WAIT if is_ending(last) else None)
        return status if status >= 0 else 128 - status
    except subprocess.TimeoutExpired:  # It holds on to something. Its last line says how it ended.
        node.kill()
        return 0 if last.startswith("done ") else 130 if last.startswith("failed INTERRUPTED ") else 1


def main():
    signals, node = [], []

    def pass_on(number, _):
        signals.append(number)
        if node:
            node[0].send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, pass_on)
    try:
        node.append(start())
    except OSError:
        return fail("NODE_NOT_STARTED")
    if signals:  # They came before there was anybody to pass them on to.
        node[0].send_signal(signals[0])
    with node[0].stdin, node[0].stdout as lines:
        last = relay(lines)
        code = code_of(node[0], last)
    if not is_ending(last):
        code = max(code, fail("INTERRUPTED" if signals else "NODE_DIED"))
    return code


if __name__ == "__main__":
    try:
        CODE = main()
    except Exception:  # A traceback would name files.
        CODE = fail("INTERNAL")
    sys.exit(CODE)
