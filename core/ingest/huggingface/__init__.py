"""Reader of Hugging Face datasets, from a folder or by the id of a dataset on the hub."""
