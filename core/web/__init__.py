"""HTTP besides pages: who is let in, review routes, audio, uploads, headers, time-outs, and `serve`."""
