"""Downloads a dataset from the Hugging Face Hub with the optional package `datasets`, into a folder that pyarrow reads.

It takes data files only. Versions of `datasets` before 4 are refused, because they can run a dataset's own script.
A request tells the hub the dataset's name and this machine's address, so it is sent only if a person named an id.
"""

from pathlib import Path

from core.errors import InputError, MissingBackend

OLDEST = 4


def fetch(dataset_id: str, config: str, folder: Path) -> Path:
    """Save the dataset `dataset_id` (its configuration `config`, "" for the default) under `folder`; return `folder`.

    `InputError` if the hub cannot be reached or has no such dataset.
    """
    import datasets

    if int(datasets.__version__.split(".")[0]) < OLDEST:
        raise MissingBackend(
            "datasets {version} may run scripts of a dataset; pip install datasets==5.2.0", version=datasets.__version__
        )
    try:
        splits = datasets.load_dataset(dataset_id, config or None)
        for split in splits.values():
            for name, feature in split.features.items():
                if isinstance(feature, datasets.Audio):  # keep the bytes: nothing has to decode them
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
