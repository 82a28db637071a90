"""Cleaning: `python -m bench.cleaning [--rounds 5] [--allow-remote]`.

Runs every installed spacing and spelling backend, with the settings of the default plan, over
tests/data/cleaning_gold.tsv. Each suggestion is accepted, and the result is compared with the right text by the
measures of bench/gold.py. It writes its section of bench/RESULTS.md. A backend that sends text to a third
party runs only with `--allow-remote`. It tunes nothing.
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
    """The default plan with this step only, run by the backend `name`."""
    plan = default_plan().only(step)
    return replace(
        plan,
        steps=tuple(replace(plan_step, settings={**plan_step.settings, "backend": name}) for plan_step in plan.steps),
    )


def accept_all(plan: Plan, *, allow_remote: bool = False) -> Clean:
    """A function that gives texts as they are after every suggestion of `plan` is accepted."""

    def clean(texts: Sequence[str]) -> list[str]:
        suggestions = suggest_many(plan, texts, allow_remote=allow_remote)
        return [steps[-1].after if steps else text for text, steps in zip(texts, suggestions, strict=True)]

    return clean


def share(n: int, of: int) -> str:
    return f"{n} of {of} ({100 * n / of:.1f}%)" if of else "none to look at"


def describe(tally: Tally) -> str:
    return f"{tally.f1:.4f}; precision {tally.precision:.4f}, recall {tally.recall:.4f}"


def add_up(tallies: Iterable[Tally]) -> Tally:
    return sum(tallies, Tally())


def rate(clean: Callable[[Sequence[str]], object], texts: Sequence[str], rounds: int) -> float:
    """Sentences per second, all of them in one call; the median of `rounds`. The model is loaded before."""
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        clean(texts)
        seconds.append(time.perf_counter() - began)
    return len(texts) / results.quantile(seconds, 0.5)


def count_altered(pairs: Sequence[Pair], outputs: Sequence[str]) -> str:
    """How many right sentences were changed at all, and how many into a text that is not accepted."""
    right = [(pair, output) for pair, output in zip(pairs, outputs, strict=True) if pair.kind == "clean"]
    changed = sum(output != pair.noisy for pair, output in right)
    wrong = sum(not exact(output, pair) for pair, output in right)
    return f"{share(changed, len(right))}; into something not accepted: {share(wrong, len(right))}"


def count_exact(pairs: Sequence[Pair], outputs: Sequence[str], kinds: str) -> str:
    matches = [exact(output, pair) for pair, output in zip(pairs, outputs, strict=True) if pair.kind in kinds.split()]
    return share(sum(matches), len(matches))


def without_spaces(pairs: Sequence[Pair]) -> dict[str, tuple[str, ...]]:
    """Each right sentence without white space -> its accepted readings."""
    return {bare(pair.clean): pair.accepted for pair in pairs}


def space_rows(what: str, space: Clean, pairs: Sequence[Pair], rounds: int) -> Rows:
    noisy = [pair.noisy for pair in pairs]
    outputs, unspaced = space(noisy), without_spaces(pairs)
    from_unspaced = [
        best(partial(spacing, output), accepted)
        for output, accepted in zip(space(list(unspaced)), unspaced.values(), strict=True)
    ]
    from_noisy = [best(partial(spacing, output), pair.accepted) for output, pair in zip(outputs, pairs, strict=True)]
    before = [best(partial(spacing, pair.noisy), pair.accepted) for pair in pairs]
    changed_letters = sum(bare(output) != bare(text) for output, text in zip(outputs, noisy, strict=True))
    return [
        (f"{what}: F1 on {len(unspaced)} right sentences without any space", describe(add_up(from_unspaced))),
        (f"{what}: F1 on all {len(pairs)} as written", describe(add_up(from_noisy))),
        (f"{what}: the same before anything is done", describe(add_up(before))),
        (f"{what}: exact match, of those with wrong spacing only", count_exact(pairs, outputs, "spacing")),
        (f"{what}: right sentences altered", count_altered(pairs, outputs)),
        (f"{what}: sentences whose letters changed", share(changed_letters, len(pairs))),
        (f"{what}: sentences/s", f"{rate(space, noisy, rounds):,.0f}"),
    ]


def tally_mended(pairs: Sequence[Pair], outputs: Sequence[str], kinds: str) -> tuple[Tally, Tally]:
    """The tallies of letters and of words, over the sentences of `kinds`."""
    chosen = [(pair, out) for pair, out in zip(pairs, outputs, strict=True) if pair.kind in kinds.split()]
    letters = add_up(best(partial(lettering, pair.noisy, out), pair.accepted) for pair, out in chosen)
    return letters, add_up(best(partial(mending, pair.noisy, out), pair.accepted) for pair, out in chosen)


def spell_rows(what: str, spell: Clean, pairs: Sequence[Pair], rounds: int) -> Rows:
    noisy = [pair.noisy for pair in pairs]
    outputs = spell(noisy)
    rows = []
    for kinds, of in (("spelling both", "all"), ("spelling", "with right spacing"), ("both", "with wrong spacing too")):
        words = tally_mended(pairs, outputs, kinds)[1]
        rows.append((f"{what}: errors fixed by the first suggestion, {of}", share(words.right, words.wanted)))
    letters, words = tally_mended(pairs, outputs, "clean spacing spelling both")
    return [
        *rows,
        (f"{what}: letter F1", describe(letters)),
        (f"{what}: words put right, of those put right or broken", share(words.right, words.done)),
        (f"{what}: exact match, of those with wrong spelling only", count_exact(pairs, outputs, "spelling")),
        (f"{what}: exact match, all sentences", count_exact(pairs, outputs, "clean spacing spelling both")),
        (f"{what}: right sentences altered", count_altered(pairs, outputs)),
        (f"{what}: sentences/s", f"{rate(spell, noisy, rounds):,.0f}"),
    ]


def absent_rows(what: str, row: Backend) -> Rows:
    return [(what, f"not installed: `{row.install}`")]


def backends(pairs: Sequence[Pair], rounds: int, allow_remote: bool) -> Rows:
    rows: Rows = []
    for name, spacer in SPACERS.items():
        what = f"spacing by {name}"
        ready = spacer.installed()
        rows += (
            space_rows(what, accept_all(backend("spacing", name)), pairs, rounds)
            if ready
            else absent_rows(what, spacer)
        )
    for name, speller in SPELLERS.items():
        what, plan = f"spelling by {name}", backend("spelling", name)
        if not speller.installed():
            rows += absent_rows(what, speller)
        elif plan.remote and not allow_remote:
            rows.append((what, "not run: it sends every sentence to a third party; `--allow-remote` runs it"))
        else:
            rows += spell_rows(what, accept_all(plan, allow_remote=allow_remote), pairs, rounds)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--allow-remote", action="store_true", help="also run what sends the sentences away")
    options = parser.parse_args()
    pairs = read()
    rows = backends(pairs, options.rounds, options.allow_remote)
    plan = default_plan().only("spacing", "spelling")
    order = ", then ".join(step.name for step in plan.steps)
    rows += spell_rows(f"{order}, as the default plan", accept_all(plan), pairs, options.rounds)
    kinds = ", ".join(f"{n} {kind}" for kind, n in Counter(pair.kind for pair in pairs).items())
    results.write(
        "Cleaning: spacing and spelling",
        f"python -m bench.cleaning --rounds {options.rounds}{' --allow-remote' * options.allow_remote}",
        rows,
        f"{len(pairs)} sentences of tests/data/cleaning_gold.tsv ({kinds}), written by us without a look at the rules, "
        "frozen, never tuned on. Every suggestion is accepted. Spacing F1: over the places between letters that carry "
        "a space. Letter F1: over single letter edits. Speed: all of them in one call, the model loaded, median of "
        f"{options.rounds} rounds.",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
