"""Use-cases of live prediction: sentences and recordings judged, with reasons, or "cannot tell" and why."""
