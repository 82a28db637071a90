"""The ancestry of derived utterances: from which utterance each was made, up to one that was imported.

A derived utterance stands in the group that its first source has now, whatever group was stored when it was made.
"""

from collections.abc import Iterator, Mapping

from core.records import Utterance
from core.snapshots.lineage import Lineage
from core.store import Parent, ScannedSample
from core.text.model_text import DEFAULT_PLAN, model_text
from core.workflows.workspace import Workspace


def is_derived(utterance: ScannedSample) -> bool:
    """Whether the utterance was made from another one."""
    return utterance.origin == "augmented" or utterance.parent_id is not None


def sources_of(parents: Mapping[int, Parent], made: ScannedSample | Utterance) -> Iterator[Parent]:
    """What `made` was made from, the nearest first; nothing for an utterance that was not derived.

    `parents` are all utterances that others were made from, by id.
    """
    seen = {made.id}
    source = parents.get(made.parent_id or 0)
    while source is not None and source.id not in seen:
        seen.add(source.id)
        yield source
        source = parents.get(source.parent_id or 0)


class Ancestry:
    """Reads the sources of all derived utterances once, also those that are skipped or out of the corpus."""

    def __init__(self, ws: Workspace) -> None:
        self._parents = ws.store.derivations.parents()
        self._before = ws.store.derivations.texts_before()
        self._shown = ws.store.derivations.examples()

    def ids(self, utterance: ScannedSample) -> list[int]:
        """The ids of its sources, the nearest first; none for an utterance that was not derived."""
        return [source.id for source in self.sources(utterance)]

    def group(self, utterance: ScannedSample) -> str:
        """The group of its first source, or its own."""
        groups = [utterance.group, *(source.group for source in self.sources(utterance))]
        return groups[-1]

    def lineage(self, utterance: ScannedSample) -> Lineage | None:
        """What it was made from; None for an utterance that was not derived.

        The text that it was made from counts beside the present text of the source, which may have been edited since.
        """
        if not is_derived(utterance):
            return None
        sources = list(self.sources(utterance))
        made_from = [self._before.get(number) for number in (utterance.id, *(source.id for source in sources))]
        texts = [model_text(DEFAULT_PLAN, text) for text in (*made_from, *(source.text for source in sources)) if text]
        shown = self._shown.get(utterance.id, ())
        return Lineage(tuple(source.key for source in sources), tuple(dict.fromkeys(filter(None, texts))), shown)

    def sources(self, utterance: ScannedSample) -> Iterator[Parent]:
        """What it was made from, the nearest first; nothing for an utterance that was not derived."""
        return sources_of(self._parents, utterance)
