"""Speech to text for a person: which transcriber is there, texts for a corpus, and how often its letters are wrong."""
