"""Parts of the Import page: what an import did, rows that differ from known items, suggestions of deliveries."""
