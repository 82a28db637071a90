"""Speech models: whose weights are data, never code. `weights` finds them, `whisper` runs the encoder of Whisper.

Transcribers join this room later; they load the same weights.
"""
