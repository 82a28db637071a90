"""Pseudo-labels of many sentences by an encoder of KLUE-RoBERTa-base's size, beside the ways of the seed systems.

The network has 12 layers of width 768 and random weights, since speed does not depend on them; its vocabulary of 32,000
pieces is learnt here from ../shared/data/nsmc, and the sentences are those of ../shared/data/kote in the order of seed
0. The bias of the head is set so that every class comes first equally often on average: else one class would always
win, and the agreement of two types of number would mean nothing.

(a) the pipeline of transformers one sentence at a time, (b) in batches of 32, (c) a loop that pads every text to 256
tokens, in batches of 16, (d) the bulk judge. All of them in this process with the same threads, in turns. The rate of
(d) counts the multiplications that are needed (of the last layer only those of the first token), and is compared with
what one large product and the products of this network reach alone in the same type. The last part is a job over a
workspace: read, tokenise, predict, write parts and rows.
"""

import argparse
import csv
import gzip
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from bench import pool, results
from bench.corpus import REVIEWS, settings_of
from bench.process import in_own_process
from core.inference.bulk import precision
from core.inference.bulk.blocks import Block
from core.inference.bulk.judge import PROBS, Judge, JudgeMaker
from core.inference.bulk.packed import packed_like
from core.inference.bulk.products import Number, made, scaled
from core.models.pretrained.encoders import quiet
from core.models.text.encoder import TextEncoder
from core.records import NewUtterance, RunInfo, SnapshotInfo
from core.runs.card import MODEL_FOLDER, Calibration, Card, hashes, write_card, write_targets
from core.schemes import SCHEMES
from core.schemes.target import Target
from core.workflows.pseudo_labels import judge as judging
from core.workflows.workspace import now, open_workspace

TITLE, COMMAND = "Pseudo-labels of many sentences", "python -m bench.pseudo"
KOTE = REVIEWS.parents[1] / "kote"
TARGET = Target.of(SCHEMES["danger"])
WIDTH, WIDE, LAYERS, VOCABULARY, LONGEST = 768, 3072, 12, 32_000, 256
LEARNT, CENTRED = 40_000, 256  # reviews for the vocabulary, sentences for the head
SHAPES = ((WIDTH, 3 * WIDTH), (WIDTH, WIDTH), (WIDTH, WIDE), (WIDE, WIDTH))  # of the products of a layer
ONE, MANY, PADDED = 40, 128, 32  # sentences of (a), (b) and (c) in a round
GOALS = {"a": (60, 25), "b": (12, 12)}  # times, with AMX and without
NAMES = {
    "a": "pipeline one at a time",
    "b": "pipeline in batches of 32",
    "c": f"loop padded to {LONGEST}",
    "d": "the bulk judge",
}
CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}


def sentences() -> list[str]:
    """The sentences of kote, mixed by seed 0."""
    texts = [
        line.split("\t")[1]
        for name in ("test", "val")
        for line in (KOTE / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    ]
    random.Random(0).shuffle(texts)
    return texts


def build(folder: Path, texts: Sequence[str]) -> Path:
    """The folder of a run with such a network; transformers' pipeline loads its `model`."""
    encoder = _encoder(folder / "encoder")
    model = TextEncoder.create((TARGET,), str(encoder), {"max_len": LONGEST}, texts).eval()
    run = folder / "runs" / "teacher"
    (run / MODEL_FOLDER).mkdir(parents=True)
    _set_head(model, texts[:CENTRED])
    model.save(run / MODEL_FOLDER)
    write_targets(run / MODEL_FOLDER, (TARGET,))
    write_card(run, _card(hashes(run), str(encoder)))
    return run


def _set_head(model: TextEncoder, texts: Sequence[str]) -> None:
    """Let the classes stand for the corners of a simplex in the directions in which `texts` differ most."""
    head, encoder = model.model.classifier, packed_like(model.model.roberta, "float32", True, model.tokenizer)
    assert encoder is not None
    directions = len(TARGET.codes) - 1
    with torch.inference_mode():
        batches = [model.collate(list(texts[at : at + 16])) for at in range(0, len(texts), 16)]
        states = torch.cat([torch.tanh(head.dense(encoder(**batch).last_hidden_state[:, 0])) for batch in batches])
        mean = states.mean(dim=0)
        _, spread, axes = torch.linalg.svd(states - mean, full_matrices=False)
        corners = torch.linalg.svd(torch.eye(directions + 1) - 1 / (directions + 1))[0][:, :directions]
        weight = corners / spread[:directions] * len(texts) ** 0.5 @ axes[:directions]
    with torch.no_grad():
        head.out_proj.weight.copy_(weight)
        head.out_proj.bias.copy_(-weight @ mean)


def _encoder(folder: Path) -> Path:
    from tokenizers import BertWordPieceTokenizer
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast, RobertaConfig, RobertaModel

    with gzip.open(REVIEWS, "rt", encoding="utf-8", newline="") as lines:
        reviews = [row[1] for row in islice(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE), LEARNT)]
    pieces = BertWordPieceTokenizer(strip_accents=False, lowercase=False)
    pieces.train_from_iterator(reviews, vocab_size=VOCABULARY, show_progress=False)
    ends = [(name, int(pieces.token_to_id(name) or 0)) for name in ("[CLS]", "[SEP]")]
    pieces.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=pieces._tokenizer, model_max_length=512, unk_token="[UNK]", pad_token="[PAD]",
        cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]",
    )  # fmt: skip
    config = RobertaConfig(
        vocab_size=VOCABULARY, hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=12,
        intermediate_size=WIDE, max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5,
        pad_token_id=tokenizer.pad_token_id, bos_token_id=tokenizer.cls_token_id, eos_token_id=tokenizer.sep_token_id,
    )  # fmt: skip
    torch.manual_seed(0)
    with quiet():
        RobertaModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _card(files: dict[str, str], encoder: str) -> Card:
    return Card(
        run_id="teacher", recipe="danger-text", architecture="text-encoder", encoder=encoder, modality="text",
        targets=(TARGET,), cleaning=("nfc", "strip-controls", "collapse-space"), config={"max_len": LONGEST},
        snapshot="s", snapshot_sha256="", files=files, scores={}, code_version="bench", created_at=now(),
        calibrations={TARGET.name: Calibration("temperature", 1.0, "validation", 0, 0, 0)},
    )  # fmt: skip


def work(lengths: NDArray[np.int64]) -> float:
    """The floating-point operations that texts of so many tokens need."""
    tokens, n = float(lengths.sum()), len(lengths)
    whole = 4 * WIDTH * WIDTH + 2 * WIDTH * WIDE  # weights of a layer
    last = 2 * WIDTH * WIDTH * tokens + (whole - 2 * WIDTH * WIDTH) * n
    attention = 2 * WIDTH * ((LAYERS - 1) * float((lengths**2).sum()) + tokens)
    return 2 * ((LAYERS - 1) * whole * tokens + last + attention)


def rate(number: Number, rows: int, wide: int, high: int, clock: Callable[[], float], repeats: int = 5) -> float:
    """The best seconds of one product (`rows`, `wide`) x (`wide`, `high`) in a type."""
    product, inputs = made([nn.Linear(wide, high)], number), torch.randn(rows, wide)
    given: Any = scaled(inputs) if number == "int8" else inputs.bfloat16() if number == "bf16" else inputs
    best = float("inf")
    with torch.inference_mode():
        for _ in range(repeats):
            began = clock()
            product(given)
            best = min(best, clock() - began)
    return best


def attainable(number: Number, rows: int, clock: Callable[[], float]) -> tuple[float, float]:
    """Operations a second of one large product, and of the products of a layer."""
    large = 4096
    alone = 2 * large**3 / rate(number, large, large, large, clock, 3)
    spent = sum(rate(number, rows, wide, high, clock) for wide, high in SHAPES)
    return alone, sum(2 * rows * wide * high for wide, high in SHAPES) / spent


class Ways:
    """The four ways; each gives the class of every text."""

    def __init__(self, run: Path, maker: JudgeMaker) -> None:
        from transformers import pipeline

        self.judge = maker()
        self.pipeline: Any = pipeline("text-classification", model=str(run / MODEL_FOLDER), device="cpu")
        self.place = {code: k for k, code in enumerate(TARGET.codes)}

    def a(self, texts: Sequence[str]) -> list[int]:
        return [self.place[self.pipeline(text)[0]["label"]] for text in texts]

    def b(self, texts: Sequence[str]) -> list[int]:
        return [self.place[answer["label"]] for answer in self.pipeline(list(texts), batch_size=32)]

    def c(self, texts: Sequence[str]) -> list[int]:
        answers: list[int] = []
        for at in range(0, len(texts), 16):
            batch = self.pipeline.tokenizer(
                list(texts[at : at + 16]), padding="max_length", max_length=LONGEST, truncation=True,
                return_tensors="pt", return_token_type_ids=False,
            )  # fmt: skip
            with torch.no_grad():
                answers += self.pipeline.model(**batch).logits.argmax(dim=1).tolist()
        return answers

    def d(self, texts: Sequence[str]) -> list[int]:
        return classes(self.judge, texts)


def classes(judge: Judge, texts: Sequence[str]) -> list[int]:
    """The class of every text."""
    column = judge(Block(np.arange(len(texts)), texts)).column(PROBS + TARGET.name)
    answers: list[int] = np.asarray(column.flatten()).reshape(len(texts), -1).argmax(axis=1).tolist()
    return answers


@contextmanager
def counted(kind: Any, name: str, clock: Callable[[], float]) -> Iterator[list[tuple[float, float]]]:
    """When each call of a method inside the block began, and its seconds."""
    plain, spent = getattr(kind, name), list[tuple[float, float]]()

    def call(*given: Any, **named: Any) -> Any:
        began = clock()
        try:
            return plain(*given, **named)
        finally:
            spent.append((began, clock() - began))

    setattr(kind, name, call)
    try:
        yield spent
    finally:
        setattr(kind, name, plain)


def job(run: Path, texts: Sequence[str], wanted: str, clock: Callable[[], float]) -> tuple[float, float, float]:
    """Seconds of a whole job without loading, of the network alone, and of loading."""
    ws = open_workspace(settings_of(run.parents[1]))
    source = ws.store.corpus.add_source("kote", "bench", "MIT", "0", now())
    ws.store.corpus.add_sentences(source, [NewUtterance(f"k{n}", text, f"k{n}") for n, text in enumerate(texts)], now())
    ws.store.ledger.add_snapshot(SnapshotInfo("s", TARGET.name, "", now(), {}))
    ws.store.ledger.put_run(RunInfo("teacher", "danger-text", "e", TARGET.name, "text", "s", "done", now(), {}))
    plan = judging.JudgePlan("teacher", precision=wanted)
    with counted(JudgeMaker, "__call__", clock) as loading, counted(TextEncoder, "forward", clock) as network:
        began = clock()
        done = judging.run(ws, plan)
        spent = clock() - began
    assert done.judged == len(texts), done
    loaded = sum(loading[0])  # the network is tried while the run is loaded
    inside = sum(seconds for at, seconds in network if at >= loaded)
    return spent - loading[0][1], inside, loading[0][1]


def compared(
    run: Path, texts: Sequence[str], rounds: int, wanted: str, clock: Callable[[], float]
) -> list[tuple[str, str]]:
    """The four ways in turns, and how often (d) answers as float32 does."""
    ways = Ways(run, JudgeMaker(str(run), wanted))
    number, rates = ways.judge.number, dict[str, list[float]]()
    ways.d(texts[:64]), ways.a(texts[:2])  # the first calls load libraries
    for _ in range(rounds):
        for name, n in (("a", ONE), ("b", MANY), ("c", PADDED), ("d", len(texts))):
            began = clock()
            getattr(ways, name)(texts[:n])
            rates.setdefault(name, []).append(n / (clock() - began))
    again = ways.judge.judged_again / (len(texts) * rounds)
    lengths = np.asarray(ways.judge.predictor.model.lengths(list(texts)))  # type: ignore[attr-defined]
    reached = work(lengths) * median(rates["d"]) / len(texts)
    alone, shapes = attainable(number, ways.judge.budget, clock)
    plain = attainable("float32", ways.judge.budget, clock)[0]
    exact = np.array(classes(JudgeMaker(str(run), "float32")(), texts))
    answers = np.array(ways.d(texts))
    agreement = float((answers == exact).mean())
    assert ways.a(texts[:ONE]) == exact[:ONE].tolist()
    share = np.bincount(exact, minlength=len(TARGET.codes)) / len(exact)
    return [
        (
            "tokens of a sentence: mean; 95 of 100 have at most",
            f"{lengths.mean():.1f}; {np.quantile(lengths, 0.95):.0f}",
        ),
        *[(f"({name}) {what}, sentences a second", f"{median(rates[name]):.1f}") for name, what in NAMES.items()],
        ("(d) the type that was chosen", number if wanted == "auto" else f"{number} (asked for)"),
        *[(f"(d) is so many times ({name})", _verdict(name, rates)) for name in "abc"],
        (
            "(d) multiplies, GFLOP/s; share of one large product in that type; of the products of this network",
            f"{reached / 1e9:.0f}; {reached / alone:.0%} of {alone / 1e9:.0f} (goal 70%: "
            f"{'met' if reached >= 0.7 * alone else 'MISSED'}); {reached / shapes:.0%} of {shapes / 1e9:.0f}",
        ),
        ("one large product in float32, GFLOP/s", f"{plain / 1e9:.0f}"),
        (
            f"the same answer as float32, of {len(texts):,} sentences",
            f"{agreement:.2%} (goal 99.90%: {'met' if agreement >= 0.999 else 'MISSED'})",
        ),
        ("of these judged a second time in float32, because two classes were too close", f"{again:.1%}"),
        ("share of the most and of the least frequent answer", f"{share.max():.0%} and {share.min():.0%}"),
    ]


def _verdict(name: str, rates: dict[str, list[float]]) -> str:
    """The median of the ratios of one round each, and whether it meets the goal."""
    times = median(d / other for d, other in zip(rates["d"], rates[name], strict=True))
    if name not in GOALS:
        return f"{times:.1f}"
    goal = GOALS[name][0 if torch.cpu._is_amx_tile_supported() else 1]
    return f"{times:.1f} (goal {goal}: {'met' if times >= goal else 'MISSED'})"


def kinds() -> str:
    """What the processor multiplies in hardware."""
    known = {
        "AMX": torch.cpu._is_amx_tile_supported(), "avx512_bf16": torch.cpu._is_avx512_bf16_supported(),
        "VNNI": torch.cpu._is_vnni_supported(),
    }  # fmt: skip
    return ", ".join(f"{name} {'yes' if has else 'no'}" for name, has in known.items())


def grown(sizes: Sequence[int]) -> list[tuple[str, str]]:
    """The memory of a job by a small run, as `bench.pool` measures it."""
    peaks = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            run = in_own_process(pool.build, Path(folder), size)
            peaks.append(in_own_process(pool.judged, Path(folder), run, "inline"))
    listed = " / ".join(f"{size:,}" for size in sizes)
    return [
        (
            f"a small run (n-grams) over {listed} sentences: MB at most",
            " / ".join(f"{p['peak_mb']:.0f}" for p in peaks),
        ),
        ("the same: judged a second", " / ".join(f"{p['per_second']:,.0f}" for p in peaks)),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", choices=precision.PRECISIONS, default="auto")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu: with one thread, on a busy machine")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--sizes", default="10000,100000", help="sentences for the memory of a small run, or nothing")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    clock, texts = CLOCKS[given.clock], sentences()[: given.sentences]
    with tempfile.TemporaryDirectory(prefix="gwidama-pseudo-") as folder:
        run = build(Path(folder), texts)
        rows = compared(run, texts, given.rounds, given.precision, clock)
        whole, inside, loading = job(run, texts, given.precision, clock)
    over = whole / inside - 1
    rows += [
        (
            "a job over these sentences takes more than the network alone: read, tokenise, predict, write",
            f"{over:.1%} (goal 15%: {'met' if over <= 0.15 else 'MISSED'}), {len(texts) / whole:.1f} a second",
        ),
        ("loading the run and trying the type, once a worker", f"{loading:.1f} s"),
        *(grown([int(size) for size in given.sizes.split(",")]) if given.sizes else []),
    ]
    note = (
        f"Processor: {kinds()}; {given.threads} threads, {given.clock} time, medians of {given.rounds} rounds in "
        f"turns. 12 layers of width 768, random weights, {VOCABULARY:,} pieces; sentences of kote. The agreement is "
        f"that of this head of {len(TARGET.codes)} classes only: another head has ties of its own, and `auto` tries "
        "each run."
    )
    results.write(TITLE, COMMAND, rows, note)


if __name__ == "__main__":
    main()
