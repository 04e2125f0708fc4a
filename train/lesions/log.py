"""What a run says each epoch: name=value for Katib and people, lines of JSON for programs, TensorBoard where it is installed."""

import json
from pathlib import Path

from train.common.files import write_whole


def _tensorboard(folder: Path):
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder))


class EpochLog:
    """Writes on rank 0 alone."""

    def __init__(self, out: Path, writes: bool):
        self._file = Path(out) / "metrics.jsonl"
        self._board = _tensorboard(Path(out) / "tensorboard") if writes else None

    def epoch(self, history: list[dict]) -> None:
        last = history[-1]
        print(" ".join(f"{name}={value:.6g}" for name, value in last.items()), flush=True)
        # Whole each time: a run that goes on from a checkpoint leaves no epoch out and has none twice.
        write_whole(self._file, "".join(json.dumps(one) + "\n" for one in history).encode())
        if self._board is not None:
            for name, value in last.items():
                self._board.add_scalar(name, value, last["epoch"])

    def close(self) -> None:
        if self._board is not None:
            self._board.close()
