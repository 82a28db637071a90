"""Moves the database of this workspace to PostgreSQL. Files (audio, runs, snapshots) stay in the workspace's folder."""

from core.store import moving
from core.workflows.workspace import Workspace


def move_to(ws: Workspace, url: str, report: moving.Report = lambda *_: None) -> dict[str, int]:
    """Copy every row of the workspace's SQLite file to the PostgreSQL database `url`; return the rows by table.

    The caller then sets `GWIDAMA_DATABASE_URL`. Jobs that wait are queued there by the next worker. Errors: see
    `core.store.moving.move`.
    """
    return moving.move(ws.settings.database_url, url, report)
