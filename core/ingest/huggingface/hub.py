"""A dataset from the Hugging Face Hub, through the optional package `datasets`, saved to a folder that pyarrow reads.

Data files only: versions before 4, which could run a dataset's own script, are refused, and nothing here asks for one.
Asking a hub tells it the dataset's name and this machine's address, so it happens only when a person named an id.
"""

from pathlib import Path

from core.errors import InputError, MissingBackend

OLDEST = 4


def fetch(dataset_id: str, config: str, folder: Path) -> Path:
    """Save dataset `dataset_id` (its configuration `config`, "" for the default) under `folder`; returns `folder`.

    `InputError` when the hub cannot be reached or has no such dataset.
    """
    import datasets

    if int(datasets.__version__.split(".")[0]) < OLDEST:
        raise MissingBackend(
            "datasets {version} may run scripts of a dataset; pip install datasets==5.2.0", version=datasets.__version__
        )
    try:
        found = datasets.load_dataset(dataset_id, config or None)
        for split in found.values():
            for name, feature in split.features.items():
                if isinstance(feature, datasets.Audio):  # bytes as they are: nothing needs to decode them
                    split = split.cast_column(name, datasets.Audio(sampling_rate=feature.sampling_rate, decode=False))
            split.save_to_disk(str(folder / str(split.split)))
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise InputError(
            "dataset {dataset_id} cannot be fetched: {reason}. Where no hub is reachable, save it "
            "with save_to_disk elsewhere and give the folder",
            dataset_id=dataset_id,
            reason=reason,
        ) from error
    return folder
