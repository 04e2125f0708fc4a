"""The processes that train together. Under PyTorchJob each pod has MASTER_ADDR, MASTER_PORT, WORLD_SIZE and RANK; under TrainJob it
has PET_* variables, which torchrun reads and turns into the same four and LOCAL_RANK. Without any of them, one process trains."""

import os
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist

from train.common.errors import TrainingError

NEEDED = ("MASTER_ADDR", "MASTER_PORT", "WORLD_SIZE", "RANK")


@dataclass(frozen=True)
class Ranks:
    rank: int
    count: int
    device: torch.device
    backend: str

    @property
    def is_first(self) -> bool:
        return self.rank == 0


def variables(environment) -> dict[str, int] | None:
    """Rank, number of ranks, and rank on this machine; None where one process trains alone."""
    given = [name for name in NEEDED if environment.get(name, "") != ""]
    if not given:
        if any(name.startswith("PET_") and name not in ("PET_REDIRECTS", "PET_TEE") for name in environment):
            raise TrainingError("RANK_UNKNOWN", "there are PET_* variables but no RANK: start the training with torchrun")
        return None
    if len(given) < len(NEEDED):
        missing = [name for name in NEEDED if name not in given]
        raise TrainingError("RANK_UNKNOWN", f"{given[0]} is set but {missing[0]} is not; all of {', '.join(NEEDED)} are needed")
    try:
        rank, count = int(environment["RANK"]), int(environment["WORLD_SIZE"])
        # PyTorchJob does not set it: a pod of a replica has one process, which takes the pod's first device.
        local = int(environment.get("LOCAL_RANK", "0"))
    except ValueError as error:
        raise TrainingError("RANK_UNKNOWN", f"RANK, WORLD_SIZE and LOCAL_RANK are whole numbers: {error}") from error
    if not 0 <= rank < count:
        raise TrainingError("RANK_UNKNOWN", f"RANK is {rank}; with WORLD_SIZE {count} it is 0 to {count - 1}")
    return {"rank": rank, "count": count, "local": local}


def join(device: str, timeout_s: int = 600) -> Ranks:
    """Joins the other ranks, if there are any. `device`: cpu, cuda or auto."""
    found = variables(os.environ)
    on_gpu = torch.cuda.is_available() if device == "auto" else device == "cuda"
    if on_gpu and not torch.cuda.is_available():
        raise TrainingError("DEVICE_MISSING", "no GPU can be used by this PyTorch")
    where = torch.device("cpu")
    if on_gpu:
        where = torch.device("cuda", 0 if found is None else found["local"])
        torch.cuda.set_device(where)
    if found is None:
        return Ranks(0, 1, where, "none")
    backend = "nccl" if on_gpu else "gloo"
    dist.init_process_group(backend, init_method="env://", timeout=timedelta(seconds=timeout_s))
    return Ranks(found["rank"], found["count"], where, backend)


def leave(ranks: Ranks) -> None:
    if ranks.count > 1:
        dist.destroy_process_group()


def gather(ranks: Ranks, value: object) -> list:
    """The value of each rank, on every rank."""
    if ranks.count == 1:
        return [value]
    values: list = [None] * ranks.count
    dist.all_gather_object(values, value)
    return values


def must_agree(ranks: Ranks, what: dict[str, str]) -> None:
    """Refuses ranks that do not train on the same thing. Every rank raises, so that none waits for another."""
    everyone = gather(ranks, what)
    for name in what:
        for rank, others in enumerate(everyone):
            if others[name] != everyone[0][name]:
                raise TrainingError(
                    "RANKS_DIFFER", f"{name} of rank {rank} is {others[name]}, of rank 0 {everyone[0][name]}"
                )


def mean_over_ranks(ranks: Ranks, value: torch.Tensor) -> float:
    total = value.detach().double().clone()
    if ranks.count > 1:
        dist.all_reduce(total)
    return float(total) / ranks.count


def same_buffers(ranks: Ranks, model: torch.nn.Module) -> None:
    """Running means of normalisation are of each rank alone; those of rank 0 become everyone's."""
    if ranks.count > 1:
        for buffer in model.buffers():
            dist.broadcast(buffer, 0)
