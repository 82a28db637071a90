"""What waits for a judgement: recordings in a bounded queue, sentences that are judged together, batches."""
