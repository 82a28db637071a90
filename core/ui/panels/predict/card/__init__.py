"""The card of one recording: verdict, waveform, utterances, curve, reasons, downloads."""
