"""PostgreSQL refuses to run as root, so root starts it as another system account that may reach its files."""

import os
import pwd
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from core.errors import Unavailable

_NAME = "pgserver"


class Account(NamedTuple):
    """A system account to start a process as."""

    uid: int
    gid: int


def unprivileged(existing: Path) -> Account | None:
    """Return the account for PostgreSQL: None for a normal user; for root the owner of `existing` files, else `pgserver`.

    Raises:
        Unavailable: root cannot create the account.
    """
    if os.geteuid() != 0:
        return None
    if existing.exists() and (owner := existing.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    try:
        entry = pwd.getpwnam(_NAME)
    except KeyError:
        try:
            command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _NAME]
            subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL, start_new_session=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise Unavailable(
                f"PostgreSQL does not run as root and the account {_NAME} cannot be created; start Storehand as a normal user",
                code="embedded_server_failed",
            ) from error
        entry = pwd.getpwnam(_NAME)
    return Account(entry.pw_uid, entry.pw_gid)


def let_pass(path: Path, account: Account, progress: Callable[[str], None]) -> None:
    """Let `account` pass through the folders above `path`: the search bit only, neither listing nor reading."""
    for folder in path.parents:
        status = folder.stat()
        needed = stat.S_IXUSR if status.st_uid == account.uid else stat.S_IXOTH
        if not status.st_mode & needed:
            folder.chmod(stat.S_IMODE(status.st_mode) | needed)
            progress(f"Let other accounts pass through {folder}: PostgreSQL does not run as root and has to reach {path}")
