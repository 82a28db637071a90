"""A guard for child processes of tests: no name is looked up and nothing is sent beyond this machine.

Python runs this file at its start where its folder is on PYTHONPATH. Each attempt is refused, and written to the file
that `OUTBOUND_LOG` names; without it nothing is guarded. Children of the child inherit the guard.
"""

import ipaddress
import os
import sys
import traceback

LOG = os.environ.get("OUTBOUND_LOG", "")
LOOKUPS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
SENDING = {"socket.connect", "socket.sendto", "socket.sendmsg"}


def is_inside(host: object) -> bool:
    """Return whether a host is this machine; None and "" mean every address of it."""
    name = host.decode("latin-1") if isinstance(host, bytes) else host
    if name is None or name in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(name)).is_loopback or str(name) in ("0.0.0.0", "::")
    except ValueError:
        return False


def guard(event: str, arguments: tuple[object, ...]) -> None:
    if event in LOOKUPS:
        host = arguments[0]
    elif event in SENDING and len(arguments) > 1 and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    if not is_inside(host):
        with open(LOG, "a", encoding="utf-8") as log:
            log.write(f"{event} {arguments[1:] if event in SENDING else arguments}\n")
            log.writelines(traceback.format_stack(limit=6))
        raise OSError(f"{event} of {host!r}: tests allow nothing beyond this machine")


if LOG:
    sys.addaudithook(guard)
