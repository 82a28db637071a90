"""Augmentation: a plan makes variants of labelled texts as Proposals; a person accepts or rejects them.

- `plan`: what a run makes; `sources`: from which utterances, and how many of each; `published`: what is held out
- `making`: variants of a source, guarded, with the label check of the run in use (`check`)
- `llm`: the variants of a language model, with `prompts` and `examples`
- `run`: preview, job and its report; `batches`: the report of each run; `deciding`: accept, reject, undo, statistics
- `voice`: changed copies of voices as recordings, from the clips of `voice_sources`
"""
