"""The training of one fold: steps, metrics every epoch, a checkpoint every epoch, a card at the end."""

import contextlib
import csv
import io
import math

import numpy as np
import torch
from torch import nn

from train.common import metrics
from train.common.distributed import Ranks, gather, join, leave, mean_over_ranks, must_agree, same_buffers
from train.common.errors import TrainingError
from train.common.files import digest_of, write_json, write_whole
from train.lesions import checkpoint
from train.lesions.card import run_card
from train.lesions.data import Batches, LesionData, open_data
from train.lesions.log import EpochLog
from train.lesions.model import LesionNet, digest_of_parameters, load_weights
from train.lesions.options import TrainOptions
from train.lesions.sampling import epoch_rows, share_of

#: Higher is better, or lower.
MEASURES = {"pauc": 1, "auc": 1, "log_loss": -1}


class Run:
    """The state of a run. `step` counts batches over all epochs."""

    def __init__(self, options: TrainOptions, ranks: Ranks, data: LesionData):
        self.options, self.ranks, self.data = options, ranks, data
        torch.manual_seed(options.seed)
        columns = 0 if data.table is None else data.table.values.shape[1]
        self.model = LesionNet(options.backbone, options.dropout, columns)
        self.left_as_drawn = []
        if options.weights is not None:
            self.left_as_drawn = load_weights(self.model, options.weights, options.weights_sha256)
        self.model.to(ranks.device)
        self.optimiser = torch.optim.Adam(self.model.parameters(), options.rate, weight_decay=options.weight_decay)
        rows = epoch_rows(data.labels, data.rows_outside(options.fold), options.negatives_per_positive, options.seed, 0)
        self.batch = max(1, options.batch // ranks.count)
        self.steps_per_epoch = -(-len(share_of(rows, 0, ranks.count)) // self.batch)
        self.epoch, self.step, self.history, self.best = 0, 0, [], None

    def identity(self) -> str:
        what = {**self.options.identity(), "images": self.data.crops.sha256, "folds": self.data.folds["digest"]}
        return digest_of({**what, "ranks": self.ranks.count})

    def set_rate(self) -> None:
        """Up to the full rate over the first fifth of all steps, then down to nothing along a cosine."""
        done = self.step / (self.options.epochs * self.steps_per_epoch)
        share = done / 0.2 if done < 0.2 else (1 + math.cos(math.pi * (done - 0.2) / 0.8)) / 2
        for group in self.optimiser.param_groups:
            group["lr"] = self.options.rate * max(share, 0.02)

    def state(self) -> dict:
        return {
            "identity": self.identity(),
            "epoch": self.epoch,
            "step": self.step,
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "history": self.history,
            "best": self.best,
            "options": self.options.as_text(),
            "table": None if self.data.table is None else self.data.table.description,
        }

    def take(self, state: dict) -> None:
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.epoch, self.step = state["epoch"], state["step"]
        self.history, self.best = state["history"], state["best"]


def _in_bf16(ranks: Ranks):
    """On a GPU the network runs in bfloat16, which needs no scaling of the loss; on the CPU in single precision."""
    if ranks.device.type == "cuda":
        return torch.autocast("cuda", dtype=torch.bfloat16)
    return contextlib.nullcontext()


def _to(device: torch.device, *tensors):
    return [None if one is None else one.to(device, non_blocking=True) for one in tensors]


def train_epoch(run: Run, model: nn.Module, batches: Batches, on_step) -> float:
    """The mean loss of the epoch. A loss that is not a number stops all ranks before it changes a weight."""
    o, ranks = run.options, run.ranks
    rows = epoch_rows(run.data.labels, run.data.rows_outside(o.fold), o.negatives_per_positive, o.seed, run.epoch)
    share = share_of(rows, ranks.rank, ranks.count)
    # Dropout depends on epoch and rank alone, so that a resumed run draws what the stopped one would have drawn.
    torch.manual_seed(o.seed * 1_000_003 + run.epoch * 1_009 + ranks.rank)
    model.train()
    loss_of, total, steps = nn.BCEWithLogitsLoss(), 0.0, 0
    for images, table, labels in batches.training(share, run.batch, o.seed, run.epoch):
        images, table, labels = _to(ranks.device, images, table, labels)
        with _in_bf16(ranks):
            logits = model(images, table)
        loss = loss_of(logits.float(), labels)
        on_step(run.step, loss)
        mean = mean_over_ranks(ranks, loss)
        if not math.isfinite(mean):
            raise TrainingError(
                "NAN_LOSS",
                f"the loss is {mean} at step {run.step} (epoch {run.epoch + 1}); the checkpoint of the last whole epoch is kept",
            )
        run.set_rate()
        run.optimiser.zero_grad()
        loss.backward()
        run.optimiser.step()
        run.step += 1
        total, steps = total + mean, steps + 1
    same_buffers(ranks, run.model)
    return total / steps


def predict(run: Run, batches: Batches, rows: np.ndarray) -> np.ndarray:
    """Probabilities of these rows; each rank computes its share, and every rank gets all of them."""
    run.model.eval()
    share, out = rows[run.ranks.rank :: run.ranks.count], []
    with torch.no_grad(), _in_bf16(run.ranks):
        for images, table, _ in batches.as_scored(share, run.options.batch):
            images, table = _to(run.ranks.device, images, table)
            out.append(torch.sigmoid(run.model(images, table).double()).cpu().numpy())
    whole = np.empty(len(rows))
    for rank, part in enumerate(gather(run.ranks, np.concatenate(out) if out else np.empty(0))):
        whole[rank :: run.ranks.count] = part
    return whole


def _predictions_csv(data: LesionData, rows: np.ndarray, scores: np.ndarray) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["isic_id", "target", "probability"])
    writer.writerows([data.names[row], data.labels[row], repr(float(score))] for row, score in zip(rows, scores))
    return text.getvalue().encode()


def end_epoch(run: Run, batches: Batches, loss: float, log: EpochLog) -> None:
    """Metrics on the fold that is not trained on, then the checkpoints; rank 0 writes."""
    o, rows = run.options, run.data.rows_in(run.options.fold)
    scores = predict(run, batches, rows)
    found = {"train_loss": loss, **metrics.all_metrics(scores, run.data.labels[rows])}
    run.epoch += 1
    run.history.append({"epoch": run.epoch, **found})
    sign = MEASURES[o.best_by]
    is_best = run.best is None or sign * found[o.best_by] > sign * run.best[o.best_by]
    if is_best:
        run.best = dict(run.history[-1])
    if not run.ranks.is_first:
        return
    if is_best:
        write_whole(o.out / "validation.csv", _predictions_csv(run.data, rows, scores))
        checkpoint.save(o.out / "best.pt", run.state())
    checkpoint.save(o.out / "last.pt", run.state())
    log.epoch(run.history)


def _run_fold(options: TrainOptions, ranks: Ranks, data: LesionData, on_step) -> dict:
    run = Run(options, ranks, data)
    must_agree(
        ranks,
        {
            "the digest of the folds": data.folds["digest"],
            "the digest of the images": data.crops.sha256,
            "the digest of the options": digest_of(options.identity()),
        },
    )
    last = options.out / "last.pt"
    there = gather(ranks, last.exists())
    # The folder may be shared or not. Where only rank 0 has the checkpoint, it tells the others.
    if there[0]:
        state = checkpoint.load(last, run.identity()) if ranks.is_first else None
        run.take(gather(ranks, state)[0])
    model = run.model
    if ranks.count > 1:
        model = nn.parallel.DistributedDataParallel(
            run.model, device_ids=[ranks.device.index] if ranks.device.type == "cuda" else None
        )
    batches = Batches(data, options.mean, options.std, options.readers)
    log = EpochLog(options.out, ranks.is_first)
    try:
        while run.epoch < options.epochs:
            end_epoch(run, batches, train_epoch(run, model, batches, on_step), log)
    finally:
        batches.close()
        log.close()
    digests = gather(ranks, digest_of_parameters(run.model))
    if len(set(digests)) > 1:
        raise TrainingError("RANKS_DIFFER", f"the ranks ended with different parameters: {digests}")
    card = run_card(run, digests)
    if ranks.is_first:
        write_json(options.out / "run.json", card)
    return card


def train(options: TrainOptions, on_step=lambda step, loss: None) -> dict:
    """Trains, or goes on where the checkpoint in `out` ends. Returns the run card. `on_step` sees each step and its loss."""
    if options.best_by not in MEASURES:
        raise TrainingError("OPTION_INVALID", f"best_by is {options.best_by}; it is one of {', '.join(MEASURES)}")
    if options.threads > 0:
        torch.set_num_threads(options.threads)
    ranks = join(options.device)
    try:
        if ranks.device.type == "cpu":
            torch.use_deterministic_algorithms(True)
        data = open_data(options)
        options.out.mkdir(parents=True, exist_ok=True)
        return _run_fold(options, ranks, data, on_step)
    finally:
        leave(ranks)
