"""Where the local stack keeps its files, and as whom its servers run.

Invariants: Postgres refuses to run as root, so under root the servers run as an unprivileged user; what that user
must reach (data, sockets, binaries) lies in folders that it can pass through. A socket's path stays below the
107 bytes that the kernel allows.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from .errors import DevstackError

PROJECT = Path(__file__).resolve().parent.parent.parent
LONGEST_SOCKET_NAME = "/.s.PGSQL.5432.lock"
LONGEST_SOCKET_PATH = 104  # 107 on Linux, 103 and a NUL on macOS
LOWEST_FREE_BYTES = 400 * 1024 * 1024


@dataclass(frozen=True)
class ServerUser:
    """As whom the servers run: None for whoever started us."""

    uid: int | None = None
    gid: int | None = None

    def popen_arguments(self) -> dict[str, object]:
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def pick_server_user() -> ServerUser:
    """Ourselves, or under root an unprivileged user. Raises DevstackError where the machine has none."""
    if os.geteuid() != 0:
        return ServerUser()
    for name in ("nobody", "daemon", "postgres"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return ServerUser(entry.pw_uid, entry.pw_gid)
    raise DevstackError(
        "You are root and this machine has no user called nobody, so Postgres, which refuses root, cannot start. "
        "Run the command as an ordinary user."
    )


def is_reachable(path: Path, user: ServerUser) -> bool:
    """Whether the servers' user can pass through every folder above `path` and read `path` itself."""
    if user.uid is None:
        return True
    resolved = path.resolve()
    for folder in resolved.parents:
        if not _may(folder, user, stat.S_IXUSR, stat.S_IXOTH):
            return False
    return _may(resolved, user, stat.S_IRUSR | stat.S_IXUSR, stat.S_IROTH | stat.S_IXOTH)


def _may(path: Path, user: ServerUser, as_owner: int, as_other: int) -> bool:
    try:
        facts = path.stat()
    except OSError:
        return False
    needed = as_owner if facts.st_uid == user.uid else as_other
    return facts.st_mode & needed == needed


@dataclass(frozen=True)
class Home:
    """One stack's folders: `link` is .devstack/<name> in the project, `data` where the servers' files really are."""

    link: Path
    data: Path
    sockets: Path
    user: ServerUser


def open_home(folder: Path, *, user: ServerUser | None = None) -> Home:
    """Make (or find again) the folders of the stack that lives at `folder`.

    Where the servers' user cannot reach `folder` — a clone under /root, say — the data lives in /var/tmp and
    `folder` links to it. Sockets move to a short path when the folder's own is too long. Raises DevstackError.
    """
    user = user or pick_server_user()
    folder = folder.absolute()
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if folder.is_symlink():
            data = Path(os.readlink(folder))
            _claim_folder(data, user)
        elif is_reachable(folder.parent, user):
            data = folder
            _claim_folder(data, user)
        else:
            data = Path("/var/tmp") / f"engagehub-{digest}"
            _claim_folder(data, user)
            folder.symlink_to(data)
        sockets = data / "s"
        if len(str(sockets) + LONGEST_SOCKET_NAME) > LONGEST_SOCKET_PATH:
            sockets = _short_folder() / f"engagehub-{os.geteuid()}-{digest}"
        _claim_folder(sockets, user)
    except OSError as error:
        raise DevstackError(
            f"The folder {folder} cannot be made: {error.strerror}. Check its permissions and the disk."
        ) from error
    check_disk(data)
    return Home(link=folder, data=data, sockets=sockets, user=user)


def _short_folder() -> Path:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.geteuid() != 0 and runtime and len(runtime) < 40 and os.access(runtime, os.W_OK):
        return Path(runtime)
    return Path("/tmp")


def _claim_folder(folder: Path, user: ServerUser) -> None:
    """Make `folder` private to the servers' user. A folder of somebody else is refused: /tmp is everybody's."""
    owner = os.geteuid() if user.uid is None else user.uid
    folder.mkdir(mode=0o700, exist_ok=True)
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid not in {owner, os.geteuid()}:
        raise DevstackError(
            f"{folder} belongs to somebody else, so the servers cannot keep their files there. Remove it."
        )
    if user.uid is not None and user.gid is not None:
        os.chown(folder, user.uid, user.gid)
    folder.chmod(0o700)


def check_disk(folder: Path) -> None:
    """Raises DevstackError when the disk of `folder` is as good as full."""
    free = shutil.disk_usage(folder).free
    if free < LOWEST_FREE_BYTES:
        raise DevstackError(
            f"The disk that holds {folder} has {free // 2**20} MB left and the databases need "
            f"{LOWEST_FREE_BYTES // 2**20} MB. Free some space and start again."
        )


def remove_home(folder: Path) -> None:
    """Delete a stack's folders, the linked ones too. Nothing of it may be running."""
    digest = hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:12]
    short = _short_folder() / f"engagehub-{os.geteuid()}-{digest}"
    if folder.is_symlink():
        shutil.rmtree(os.readlink(folder), ignore_errors=True)
        folder.unlink()
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(short, ignore_errors=True)
