"""Speech models: whose weights are data, never code. `weights` finds them, `whisper` runs the encoder of Whisper,
`wav2vec2` that of wav2vec2 and its kin, with its `convolutions` in the fastest `precision` that keeps the vectors.
`silero` finds who speaks when, with weights that `onnx_weights` reads.

`transcribers` turn speech into text with the same weights.
"""
