"""The fit of every torch network, by Hugging Face's Trainer.

It adds to the Trainer: rows by way of `Network.collate`, batches of like length, the loss of several Targets, our
learning rates, and what the engine is told after each epoch. The Trainer itself brings accumulation, clipping, bf16,
checkpoints with optimizer and schedule, exact resume, and several GPUs: under `accelerate launch` the same code runs in
one process for each. A subclass names its network and its Config:

    class ConvBilstmFit(NetworkFit):
        network = Backend("core.models.voice.conv_bilstm:ConvBilstm")
        Config = ConvBilstmSettings
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from transformers import Trainer, TrainingArguments
from transformers.trainer_callback import PrinterCallback

from core.errors import JobFailed
from core.models.pretrained.encoders import quiet
from core.plugins import Backend
from core.schemes.target import Target
from core.speech.precision import fast_bf16
from core.training.fits import Fitting, Rows
from core.training.trainer import checkpoints, layer_rates
from core.training.trainer.averaging import Average
from core.training.trainer.config import TrainingConfig
from core.training.trainer.length_batches import Collator, LengthSampler, RowNumbers
from core.training.trainer.losses import Loss
from core.training.trainer.reproducible import reproducible
from core.training.trainer.watch import Watch, WatchedLoss

_NO_MEMORY = ("can't allocate memory", "out of memory", "not enough memory", "DefaultCPUAllocator")


class NetworkFit:
    """A `Fit`. `threads` of torch on a CPU: 1 gives the same bits on every machine, 0 takes what torch was given."""

    network: ClassVar[Backend]
    Config: type[Any] = TrainingConfig
    threads: ClassVar[int] = 1

    def __call__(self, rows: Rows, targets: Sequence[Target], encoder: str, config: Any, job: Fitting) -> None:
        """See `Fit`. `config` is a `TrainingConfig` with the fields of the network."""
        folder = job.folder / checkpoints.FOLDER
        last, stop = checkpoints.last_complete(folder), checkpoints.stopped_after(job.folder)
        if stop is not None and checkpoints.epoch_of(last) >= stop:
            return
        with reproducible(job.seed, self.threads), _enough_memory():
            loss = WatchedLoss(Loss(targets, rows.answers, config, rows.weights))
            network = self.network.load().create(targets, encoder, asdict(config), rows.values)
            self._train(network, rows, loss, config, job, folder, last)

    def _train(
        self, network: Any, rows: Rows, loss: WatchedLoss, config: Any, job: Fitting, folder: Path, last: Path | None
    ) -> None:
        average = Average(config.average, last) if config.average else None
        watch = Watch(job, rows.values, loss, average)
        trainer = FitTrainer(network, rows, config, _arguments(folder, config, job.seed), loss, watch)
        with quiet():
            trainer.train(resume_from_checkpoint=str(last) if last else None)


class Wrapped(nn.Module):
    """The network as the Trainer sees it: a module without a `config`, which the Trainer would take for its own."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, **batch: Tensor) -> dict[str, Tensor]:
        logits: dict[str, Tensor] = self.network(**batch)
        return logits


class FitTrainer(Trainer):
    """The Trainer with our order of rows, our learning rates, and checkpoints without a pickled object."""

    def __init__(
        self,
        network: nn.Module,
        rows: Rows,
        config: TrainingConfig,
        arguments: TrainingArguments,
        loss: Any,
        watch: Watch,
    ) -> None:
        self.settings, self.watch = config, watch
        self.row_lengths: Any = network.lengths(rows.values)  # type: ignore[operator]
        self.row_classes = next((column for column in rows.answers.values() if column.ndim == 1), None)
        with quiet():
            super().__init__(
                model=Wrapped(network),
                args=arguments,
                data_collator=Collator(network, rows.values, rows.answers, rows.weights),
                train_dataset=RowNumbers(len(self.row_lengths)),
                compute_loss_func=loss,
                callbacks=[watch] if watch.average is None else [watch.average, watch],
            )
        self.remove_callback(PrinterCallback)
        self.model_accepts_loss_kwargs = False  # `forward` takes the batch and nothing else
        self.loss_is_scaled_for_ga = False  # the loss is a mean over one batch

    def _get_train_sampler(self, train_dataset: Any = None) -> LengthSampler:
        return LengthSampler(self.row_lengths, self.settings.batch_size, self.args.seed, self.row_classes)

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        if self.optimizer is None and self.settings.layer_decay < 1:
            network: Any = self.model
            made, options = self.get_optimizer_cls_and_kwargs(self.args, network)
            decayed = self.get_decay_parameter_names(network)
            self.optimizer = made(layer_rates.groups(network, decayed, self.settings), **options)
        optimizer: torch.optim.Optimizer = super().create_optimizer(model)
        return optimizer

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        if self.lr_scheduler is None:
            steps, made = num_training_steps, self.optimizer if optimizer is None else optimizer
            assert made is not None
            self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(
                made, lambda step: self.settings.rate_factor(step, steps)
            )
            self._created_lr_scheduler = True
        return self.lr_scheduler

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        """Weights only: the Trainer's own method adds its arguments as a pickled object."""
        from safetensors.torch import save_file

        folder = Path(output_dir or str(self.args.output_dir))
        folder.mkdir(parents=True, exist_ok=True)
        tensors = state_dict or self.accelerator.unwrap_model(self.model).state_dict()
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / "model.safetensors")
        if self.watch.average is not None:
            self.watch.average.save(folder)
        if self.watch.stop_after is not None:
            checkpoints.note_stop(self.watch.job.folder, self.watch.stop_after)


def _arguments(folder: Path, config: TrainingConfig, seed: int) -> TrainingArguments:
    gpu = torch.cuda.is_available()
    arguments = TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=config.epochs,
        per_device_train_batch_size=config.batch_size,
        gradient_accumulation_steps=config.accumulation,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        max_grad_norm=config.clip,
        bf16=uses_bf16(config.bf16),
        use_cpu=not gpu,
        seed=seed % 2**32,
        save_strategy="epoch",
        save_total_limit=2,
        eval_strategy="no",
        logging_strategy="no",
        logging_nan_inf_filter=False,
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=gpu,
    )
    arguments._n_gpu = min(1, arguments.n_gpu)  # several GPUs only in several processes
    return arguments


def uses_bf16(setting: str) -> bool:
    """Whether training runs in bf16: `auto` where a GPU has it, or a CPU that multiplies it in hardware (AMX)."""
    return fast_bf16() if setting == "auto" else setting == "on"


@contextmanager
def _enough_memory() -> Iterator[None]:
    """Turn the errors of too little memory into `JobFailed`, which says what to lower."""
    try:
        yield
    except MemoryError as error:
        raise _too_large() from error
    except RuntimeError as error:  # torch raises it, on a GPU as OutOfMemoryError
        if not any(words in str(error) for words in _NO_MEMORY):
            raise
        raise _too_large() from error


def _too_large() -> JobFailed:
    return JobFailed(
        "too little memory for this training: lower batch_size (and raise accumulation by as much), or max_len. The "
        "checkpoints of earlier epochs are kept"
    )
