"""The table of jobs that people see: state and progress. The worker of a job writes it; it runs nothing itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Engine, insert, select, update

from core.errors import NotFound
from core.messages import message_entry, restore_message
from core.records import Job, JobState
from core.store.engine import reading, writing
from core.store.schema import job

SETTLED = "settled"  # the key of `progress` under which a failed job says who has dealt with it, and how


class Board:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, job_id: str, kind: str, title: str, params: Mapping[str, Any], at: str) -> None:
        """Add a job in state queued. Idempotent: a known `job_id` changes nothing."""
        with writing(self._engine) as connection:
            if connection.scalar(select(job.c.id).where(job.c.id == job_id)) is None:
                connection.execute(
                    insert(job).values(
                        id=job_id, kind=kind, title=title, params=dict(params), state="queued", progress={},
                        created_at=at, updated_at=at, cancel_requested=False,
                    )
                )  # fmt: skip

    def update(
        self,
        job_id: str,
        at: str,
        *,
        state: JobState | None = None,
        progress: Mapping[str, Any] | None = None,
        error: str | None = None,
    ) -> bool:
        """Write the given fields; return whether somebody asked to cancel the job."""
        values: dict[str, Any] = {"updated_at": at}
        if state is not None:
            values |= {"state": state, "error": None if error is None else str(error)}
        if progress is not None:
            values["progress"] = dict(progress)
        with writing(self._engine) as connection:
            if more := message_entry(error or ""):
                stored = connection.scalar(select(job.c.progress).where(job.c.id == job_id))
                values["progress"] = dict(values.get("progress", stored or {})) | more
            connection.execute(update(job).where(job.c.id == job_id).values(values))
            return bool(connection.scalar(select(job.c.cancel_requested).where(job.c.id == job_id)))

    def cancel(self, job_id: str, at: str) -> None:
        """Ask a running job to stop; a job that is still queued is cancelled at once."""
        with writing(self._engine) as connection:
            connection.execute(update(job).where(job.c.id == job_id).values(cancel_requested=True, updated_at=at))
            connection.execute(update(job).where(job.c.id == job_id, job.c.state == "queued").values(state="cancelled"))

    def get(self, job_id: str) -> Job:
        """Return the job; `NotFound` if there is none."""
        with reading(self._engine) as connection:
            row = connection.execute(select(job).where(job.c.id == job_id)).mappings().one_or_none()
        if row is None:
            raise NotFound("no job {job_id!r}", job_id=job_id)
        return _record(row)

    def failed(self, *, settled: bool = False) -> Sequence[Job]:
        """Return the failed jobs that nobody has settled, or those that somebody has, the newest first."""
        query = select(job).where(job.c.state == "failed").order_by(job.c.created_at.desc())
        with reading(self._engine) as connection:
            jobs = [_record(row) for row in connection.execute(query).mappings()]
        return [entry for entry in jobs if (SETTLED in entry.progress) is settled]

    def settle(self, job_id: str, at: str, **how: str) -> None:
        """Note with a failed job that a person has dealt with it, and how; `NotFound` if there is no such job."""
        with writing(self._engine) as connection:
            stored = connection.scalar(select(job.c.progress).where(job.c.id == job_id, job.c.state == "failed"))
            if stored is None:
                raise NotFound("no failed job {job_id!r}", job_id=job_id)
            noted = {**stored, SETTLED: {"at": at, **how}}
            connection.execute(update(job).where(job.c.id == job_id).values(progress=noted))

    def unsettle(self, job_id: str) -> None:
        """Take back `settle`; a job that is not settled stays as it is. `NotFound` if there is no such failed job."""
        with writing(self._engine) as connection:
            stored = connection.scalar(select(job.c.progress).where(job.c.id == job_id, job.c.state == "failed"))
            if stored is None:
                raise NotFound("no failed job {job_id!r}", job_id=job_id)
            rest = {name: value for name, value in stored.items() if name != SETTLED}
            connection.execute(update(job).where(job.c.id == job_id).values(progress=rest))

    def list(self, limit: int = 20) -> list[Job]:
        """Return the last `limit` jobs, newest first."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(job).order_by(job.c.created_at.desc()).limit(limit)).mappings()
            return [_record(row) for row in rows]


def _record(row: Mapping[Any, Any]) -> Job:
    """Return the job. Its error becomes a translatable message again; the message is stored in `progress`."""
    values = dict(row)
    progress = values["progress"]
    if error := values["error"]:
        values["error"] = restore_message(error, progress)
    return Job(**values | {"progress": {name: value for name, value in progress.items() if name != "message"}})
