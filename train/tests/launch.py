"""Starts two ranks as the operators of Kubeflow do."""

import re
import socket
import subprocess
import sys

from train.tests.support import ROOT, clean_environment

MINUTES = 4 * 60
IN_USE = re.compile("address already in use|EADDRINUSE", re.IGNORECASE)


def free_port() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


def _wait(processes) -> list[tuple[int, str]]:
    try:
        return [(process.returncode, text) for process in processes for text in [process.communicate(timeout=MINUTES)[0]]]
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
                process.communicate()


def _start(words_of_rank, environment_of):
    """Again where another program took the port between the look and the use."""
    for _ in range(5):
        port = free_port()
        processes = [
            subprocess.Popen(
                words,
                cwd=ROOT,
                env={**clean_environment(), **environment_of(rank, port)},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for rank, words in enumerate(words_of_rank)
        ]
        ended = _wait(processes)
        if not any(code != 0 and IN_USE.search(text) for code, text in ended):
            return ended
    raise RuntimeError("no port was free in five tries")


def pytorchjob(words_of_rank) -> list[tuple[int, str]]:
    """MASTER_ADDR, MASTER_PORT, WORLD_SIZE, RANK, and no LOCAL_RANK: one plain process for each replica."""
    count = str(len(words_of_rank))

    def environment(rank, port):
        return {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": count, "RANK": str(rank)}

    return _start([[sys.executable, *words] for words in words_of_rank], environment)


def trainjob(words_of_rank) -> list[tuple[int, str]]:
    """PET_* alone, and torchrun on each node. PET_REDIRECTS and PET_TEE: torch 1.13 fails without them under Python 3.11."""

    def environment(rank, port):
        return {
            "PET_NNODES": str(len(words_of_rank)),
            "PET_NPROC_PER_NODE": "1",
            "PET_NODE_RANK": str(rank),
            "PET_MASTER_ADDR": "127.0.0.1",
            "PET_MASTER_PORT": port,
            "PET_REDIRECTS": "1",
            "PET_TEE": "1",
        }

    torchrun = [sys.executable, "-m", "torch.distributed.run"]
    return _start([[*torchrun, *words] for words in words_of_rank], environment)
