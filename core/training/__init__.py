"""From a Snapshot folder to a Run folder: `engine` drives, `snapshot` and `run` are formats, `recipes` the choices."""
