"""One supervised child process: start, wait until its ports answer, stop gently then hard, never outlive its parent.

Also the two small things that every local service needs: free ports, and the folder ``.local`` where all of the
sandbox's files live.
"""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal, Self

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".local"
LOOPBACK = "127.0.0.1"

# The kernel signals a child when the *thread* that forked it ends. All children are forked by this one thread, which
# lives as long as the process, so that a service may be started from any short-lived thread.
_forker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="forker")

# Runs in the child before the service's own program: asks the kernel for a signal at the parent's death (prctl option
# 1, PR_SET_PDEATHSIG), and goes on only if the parent had not died before that. No shell: it would drop environment
# variables with dots in their names. Python ignores SIGPIPE and SIGXFSZ, and the program would inherit that.
_TIE = """
import ctypes, os, signal, sys
parent, number, *command = sys.argv[1:]
ctypes.CDLL(None).prctl(1, int(number))
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
if os.getppid() == int(parent):
    os.execvp(command[0], command)
"""


class ServiceFailed(RuntimeError):
    """A local service could not be started. The message says which, why, and what to do about it."""


def free_ports(count: int) -> list[int]:
    """Return ``count`` different TCP ports that are free on the loopback address now.

    They lie below the kernel's ephemeral range: no outgoing connection takes one before the service binds it.
    """
    found: list[int] = []
    with contextlib.ExitStack() as taken:
        while len(found) < count:
            port = random.randint(20_000, 32_000)  # noqa: S311 - a port number is no secret
            probe = taken.enter_context(socket.socket())
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            found.append(port)
    return found


def answers(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether something accepts TCP connections on the port."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


@dataclass
class Service:
    """A child process of the sandbox.

    ``ports`` are the TCP ports that must answer on ``host`` before the service counts as ready. ``log`` receives
    standard output and error, appended. ``env`` is added to the environment of this process. ``orphan_signal`` is
    what the kernel sends to the child when this process dies by whatever means: KILL, or TERM for a server that
    saves its data on it.
    """

    name: str
    command: Sequence[str]
    log: Path
    ports: Sequence[int] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    host: str = LOOPBACK
    orphan_signal: Literal["KILL", "TERM"] = "KILL"
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    def start(self, timeout: float = 30) -> Self:
        """Start the process and wait until it is ready. Raises ``ServiceFailed``, with the end of its log."""
        taken = [port for port in self.ports if answers(port, self.host)]
        if taken:
            raise ServiceFailed(f"{self.name}: port {taken[0]} is in use by another program. Choose another port.")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        number = signal.Signals[f"SIG{self.orphan_signal}"].value
        command = [sys.executable, "-I", "-S", "-c", _TIE, str(os.getpid()), str(number), *self.command]
        with self.log.open("ab") as log:
            self._process = _forker.submit(self._spawn, command, log).result()
        try:
            self.wait_ready(timeout)
        except BaseException:
            self.kill()
            raise
        return self

    def _spawn(self, command: Sequence[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C reaches the supervisor alone, which stops the services in their order.
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **self.env},
            cwd=self.cwd,
            start_new_session=True,
        )

    def wait_ready(self, timeout: float) -> None:
        """Wait up to ``timeout`` seconds until all ports answer. Raises ``ServiceFailed``."""
        deadline = time.monotonic() + timeout
        while not all(answers(port, self.host) for port in self.ports):
            if not self.alive:
                raise ServiceFailed(f"{self.name} ended while starting ({self._ending()}).{self._log_end()}")
            if time.monotonic() > deadline:
                raise ServiceFailed(f"{self.name} was not ready after {timeout:.0f} s.{self._log_end()}")
            time.sleep(0.02)

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process id; also its process group and session."""
        if self._process is None:
            raise ServiceFailed(f"{self.name} has not been started")
        return self._process.pid

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the process to end; return its exit code (negative: the signal). Raises ``TimeoutExpired``."""
        if self._process is None:
            raise ServiceFailed(f"{self.name} has not been started")
        return self._process.wait(timeout)

    def stop(self, grace: float = 10) -> None:
        """Ask the process to end (SIGTERM), and after ``grace`` seconds kill it with all that it started."""
        if self._process is None:
            return
        if self.alive:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(grace)
        self.kill()

    def kill(self) -> None:
        """Kill the process and its process group (SIGKILL). Nothing happens when it is gone already."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def __enter__(self) -> Self:
        return self if self.alive else self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _ending(self) -> str:
        code = self._process.poll() if self._process else None
        return f"signal {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit code {code}"

    def _log_end(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-12:] if self.log.exists() else []
        return "\n".join([f" The end of {self.log}:", *(f"    {line}" for line in lines)])
