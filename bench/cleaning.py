"""Cleaning: `python -m bench.cleaning [--rounds 5] [--allow-remote]`.

Runs every installed spacing and spelling backend, set as in the default plan, over tests/data/cleaning_gold.tsv and
sets what comes out against what is right, by the measures of bench/gold.py; each suggestion is accepted. Writes its
section of bench/RESULTS.md. A backend that sends text away runs only with `--allow-remote`. It tunes nothing.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

from bench import results
from bench.gold import Pair, Tally, bare, best, exact, lettering, mending, read, spacing
from core.cleaning import SPACERS, SPELLERS, Plan, default_plan, suggest_many
from core.plugins import Backend

Clean = Callable[[Sequence[str]], list[str]]
Rows = list[tuple[str, str]]


def backend(step: str, name: str) -> Plan:
    """The step as the default plan has it, by this backend alone."""
    plan = default_plan().only(step)
    return replace(plan, steps=tuple(replace(one, settings={**one.settings, "backend": name}) for one in plan.steps))


def accepting(plan: Plan, *, allow_remote: bool = False) -> Clean:
    """Texts as they are when each step's suggestion is accepted."""

    def clean(texts: Sequence[str]) -> list[str]:
        found = suggest_many(plan, texts, allow_remote=allow_remote)
        return [made[-1].after if made else text for text, made in zip(texts, found, strict=True)]

    return clean


def share(n: int, of: int) -> str:
    return f"{n} of {of} ({100 * n / of:.1f} %)" if of else "none to look at"


def told(tally: Tally) -> str:
    return f"{tally.f1:.4f}; precision {tally.precision:.4f}, recall {tally.recall:.4f}"


def summed(tallies: Iterable[Tally]) -> Tally:
    return sum(tallies, Tally())


def rate(clean: Clean, texts: Sequence[str], rounds: int) -> float:
    """Sentences a second, all of them in one call; the median of `rounds`, after whatever loading there was."""
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        clean(texts)
        seconds.append(time.perf_counter() - began)
    return len(texts) / results.quantile(seconds, 0.5)


def altered(pairs: Sequence[Pair], outputs: Sequence[str]) -> str:
    """How many of the right sentences came out as anything but themselves, even as another accepted reading."""
    right = [(pair, output) for pair, output in zip(pairs, outputs, strict=True) if pair.kind == "clean"]
    other = sum(output != pair.noisy for pair, output in right)
    wrong = sum(not exact(output, pair) for pair, output in right)
    return f"{share(other, len(right))}; into something not accepted: {share(wrong, len(right))}"


def matching(pairs: Sequence[Pair], outputs: Sequence[str], kinds: str) -> str:
    looked = [exact(output, pair) for pair, output in zip(pairs, outputs, strict=True) if pair.kind in kinds.split()]
    return share(sum(looked), len(looked))


def joined(pairs: Sequence[Pair]) -> dict[str, tuple[str, ...]]:
    """Every right sentence once, without white space -> its accepted readings."""
    return {bare(pair.clean): pair.accepted for pair in pairs}


def space_rows(what: str, space: Clean, pairs: Sequence[Pair], rounds: int) -> Rows:
    noisy = [pair.noisy for pair in pairs]
    outputs, unspaced = space(noisy), joined(pairs)
    field = [
        best(partial(spacing, output), accepted)
        for output, accepted in zip(space(list(unspaced)), unspaced.values(), strict=True)
    ]
    came = [best(partial(spacing, output), pair.accepted) for output, pair in zip(outputs, pairs, strict=True)]
    before = [best(partial(spacing, pair.noisy), pair.accepted) for pair in pairs]
    moved = sum(bare(output) != bare(text) for output, text in zip(outputs, noisy, strict=True))
    return [
        (f"{what}: F1 on {len(unspaced)} right sentences without any space", told(summed(field))),
        (f"{what}: F1 on all {len(pairs)} as written", told(summed(came))),
        (f"{what}: the same before anything is done", told(summed(before))),
        (f"{what}: exact match, of those with wrong spacing only", matching(pairs, outputs, "spacing")),
        (f"{what}: right sentences altered", altered(pairs, outputs)),
        (f"{what}: sentences whose letters changed", share(moved, len(pairs))),
        (f"{what}: sentences/s", f"{rate(space, noisy, rounds):,.0f}"),
    ]


def mended(pairs: Sequence[Pair], outputs: Sequence[str], kinds: str) -> tuple[Tally, Tally]:
    """Letters and words, of the sentences of `kinds`."""
    chosen = [(pair, out) for pair, out in zip(pairs, outputs, strict=True) if pair.kind in kinds.split()]
    letters = summed(best(partial(lettering, pair.noisy, out), pair.accepted) for pair, out in chosen)
    return letters, summed(best(partial(mending, pair.noisy, out), pair.accepted) for pair, out in chosen)


def spell_rows(what: str, spell: Clean, pairs: Sequence[Pair], rounds: int) -> Rows:
    noisy = [pair.noisy for pair in pairs]
    outputs = spell(noisy)
    rows = []
    for kinds, of in (("spelling both", "all"), ("spelling", "with right spacing"), ("both", "with wrong spacing too")):
        words = mended(pairs, outputs, kinds)[1]
        rows.append((f"{what}: errors fixed by the first suggestion, {of}", share(words.right, words.wanted)))
    letters, words = mended(pairs, outputs, "clean spacing spelling both")
    return [
        *rows,
        (f"{what}: letter F1", told(letters)),
        (f"{what}: words put right, of those put right or broken", share(words.right, words.done)),
        (f"{what}: exact match, of those with wrong spelling only", matching(pairs, outputs, "spelling")),
        (f"{what}: exact match, all sentences", matching(pairs, outputs, "clean spacing spelling both")),
        (f"{what}: right sentences altered", altered(pairs, outputs)),
        (f"{what}: sentences/s", f"{rate(spell, noisy, rounds):,.0f}"),
    ]


def absent(what: str, row: Backend) -> Rows:
    return [(what, f"not installed: `{row.install}`")]


def backends(pairs: Sequence[Pair], rounds: int, allow_remote: bool) -> Rows:
    rows: Rows = []
    for name, spacer in SPACERS.items():
        what = f"spacing by {name}"
        ready = spacer.installed()
        rows += space_rows(what, accepting(backend("spacing", name)), pairs, rounds) if ready else absent(what, spacer)
    for name, speller in SPELLERS.items():
        what, plan = f"spelling by {name}", backend("spelling", name)
        if not speller.installed():
            rows += absent(what, speller)
        elif plan.remote and not allow_remote:
            rows.append((what, "not run: it sends every sentence to a third party; `--allow-remote` runs it"))
        else:
            rows += spell_rows(what, accepting(plan, allow_remote=allow_remote), pairs, rounds)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--allow-remote", action="store_true", help="also run what sends the sentences away")
    asked = parser.parse_args()
    pairs = read()
    rows = backends(pairs, asked.rounds, asked.allow_remote)
    plan = default_plan().only("spacing", "spelling")
    order = ", then ".join(step.name for step in plan.steps)
    rows += spell_rows(f"{order}, as the default plan", accepting(plan), pairs, asked.rounds)
    kinds = ", ".join(f"{n} {kind}" for kind, n in Counter(pair.kind for pair in pairs).items())
    results.write(
        "Cleaning: spacing and spelling",
        f"python -m bench.cleaning --rounds {asked.rounds}{' --allow-remote' * asked.allow_remote}",
        rows,
        f"{len(pairs)} sentences of tests/data/cleaning_gold.tsv ({kinds}), written by us without a look at the rules, "
        "frozen, never tuned on. Every suggestion is accepted. Spacing F1: over the places between letters that carry "
        "a space. Letter F1: over single letter edits. Speed: all of them in one call, the model loaded, median of "
        f"{asked.rounds} rounds.",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
