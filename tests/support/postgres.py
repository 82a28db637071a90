"""A PostgreSQL server for the tests: started once a session, shared by all workers, gone at the end of the session.

It needs Debian's package `postgresql` (15 or newer) and no configuration: the cluster lies in the session's temporary
folder and listens on a socket there. PostgreSQL refuses to run as root, so then it runs as the user `postgres`.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

OLDEST = 15
SETTINGS = (
    "listen_addresses=", "fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300",
    "shared_buffers=64MB", "log_statement=none",
)  # fmt: skip


def programs() -> Path | None:
    """The folder of `initdb` and `pg_ctl`; None if no server of a known age is installed."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).resolve().parent)
    ages = {path: int(path.parent.name) for path in found if path.parent.name.isdigit()}
    known = [path for path in found if ages.get(path, OLDEST) >= OLDEST]
    return max(known, key=lambda path: ages.get(path, 0)) if known else None


class Server:
    """One cluster, shared by the processes that give the same `shared` folder.

    Whoever comes first starts it and whoever goes last stops it and removes its files. They lie in a short path of
    their own, because a socket's path may have only 107 bytes and pytest's folders are closed to other users.
    """

    def __init__(self, shared: Path) -> None:
        self._users = shared / "postgres.users"
        self._root = os.geteuid() == 0
        self.folder = Path()

    def start(self) -> None:
        """Make the cluster and start its server, if no other process has."""
        with _locked(self._users) as users:
            if users:
                self.folder = Path(users[0])
                users.append(str(os.getpid()))
                return
            self.folder = Path(tempfile.mkdtemp(prefix="gwidama-pg-"))
            if self._root:
                shutil.chown(self.folder, "postgres", "postgres")
            data = self.folder / "data"
            self._run("initdb", "-D", data, "-U", "tests", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
            options = " ".join(f"-c {setting}" for setting in (*SETTINGS, f"unix_socket_directories={self.folder}"))
            self._run("pg_ctl", "-D", data, "-l", data / "log", "-w", "-o", options, "start")
            users += [str(self.folder), str(os.getpid())]

    def stop(self) -> None:
        with _locked(self._users) as users:
            users.remove(str(os.getpid()))
            if len(users) == 1:
                self._run("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "stop")
                shutil.rmtree(self.folder, ignore_errors=True)
                users.clear()

    def restart(self) -> None:
        """End every connection, as a crash does, and start the server again."""
        data = self.folder / "data"
        self._run("pg_ctl", "-D", data, "-l", data / "log", "-m", "immediate", "-w", "restart")

    def url(self, database: str) -> str:
        """The URL of a database of the cluster, for SQLAlchemy."""
        return f"postgresql+psycopg://tests@/{database}?host={quote(str(self.folder))}"

    def create(self, database: str, template: str = "") -> str:
        """Create a database, a copy of `template` or one that sorts as Korean readers do; return its URL."""
        how = f'"{template}"' if template else "template0 LOCALE_PROVIDER icu ICU_LOCALE 'ko-KR'"
        self._admin(f'CREATE DATABASE "{database}" TEMPLATE {how}')
        return self.url(database)

    def drop(self, database: str) -> None:
        """Drop a database, also if connections to it are open."""
        self._admin(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def _admin(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(dbname="postgres", user="tests", host=str(self.folder), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _run(self, program: str, *arguments: object) -> None:
        folder = programs()
        assert folder is not None
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if self._root else []
        result = subprocess.run(
            [*as_user, str(folder / program), *map(str, arguments)], cwd="/", stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            env=os.environ | {"HOME": str(self.folder)},
        )  # fmt: skip
        if result.returncode:
            raise RuntimeError(f"{program} failed:\n{result.stdout[-2000:]}")


@contextmanager
def _locked(path: Path) -> Iterator[list[str]]:
    """The lines of a file, which other processes wait for; what they are at the end is written."""
    with path.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        lines = file.read().splitlines()
        yield lines
        file.truncate(0)
        file.write("\n".join(lines))
