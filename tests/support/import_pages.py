"""Drives the Import page in process: files arrive as an upload, and its queued jobs run here instead of in a worker."""

from threading import Event

from page_driver import ok
from page_driver import page as open_page
from streamlit.testing.v1 import AppTest

from core.errors import CoreError
from core.jobs import JobContext
from core.workflows.imports.deliveries import inbox
from core.workflows.imports.deliveries import job as importing
from core.workflows.jobs import LIVE
from core.workflows.workspace import Workspace, now, open_workspace


def receive(ws: Workspace, files: dict[str, bytes], delivery: str | None = None) -> str:
    """Put files into an upload, as the route does; return its id."""
    delivery = delivery or inbox.new_id()
    for name, data in files.items():
        incoming = inbox.begin(ws, delivery, name, len(data))
        incoming.write(data)
        incoming.keep()
    return delivery


def drop(files: dict[str, bytes]) -> AppTest:
    """Return the Import page after these files were uploaded."""
    return open_page("import_data", delivery=receive(open_workspace(), files))


def press(page: AppTest, key: str) -> AppTest:
    """Press the first button whose key begins so."""
    next(button for button in page.button if (button.key or "").startswith(key)).click()
    return ok(page.run())


def work(ws: Workspace) -> None:
    """Run the imports that are queued, as a worker does."""
    for job in reversed(importing.earlier(ws, 100)):
        if job.state in LIVE:
            ws.store.board.update(job.id, now(), state="running")
            context = JobContext(ws.store.board, job.id, lambda name, fn: fn(), Event())
            try:
                importing.run_job(dict(job.params), context)
            except CoreError as error:
                context.flush()
                ws.store.board.update(job.id, now(), state="failed", error=error.message)
            else:
                context.flush()
                ws.store.board.update(job.id, now(), state="done")


def imported(page: AppTest, key: str = "go-") -> AppTest:
    """Press the button that queues an import, let it run, and return the page with its report."""
    press(page, key)
    work(open_workspace())
    return ok(page.run())
