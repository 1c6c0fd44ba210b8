"""Runs one program and says what it cost."""

import fcntl
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass

LAUNCHER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "children", "launch.py")


@dataclass(frozen=True)
class Cost:
  """What a finished program has cost, as the kernel counts it for the process and those that it waited for."""

  status: int  # of the exit; 128 + signal if a signal ended it, as a shell says it
  cpu: float  # seconds, user and system
  rss: int  # bytes, the most that were resident
  wall: float  # seconds
  timed_out: bool
  said: str  # the end of what it wrote to standard error

  @property
  def is_done(self):
    return self.status == 0 and not self.timed_out


@contextmanager
def lock_of(files):
  """Holds a lock on one of the files, whichever is free first; on nothing if there are none.

  For machines on which several people work: their builds and these runs take turns.
  """
  if not files:
    yield
    return
  while True:
    for path in files:
      with open(path, "a") as file:
        try:
          fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
          continue
        yield
        return
    time.sleep(0.2)


def run(arguments, folder, timeout, locks=()):
  """Runs a program in a folder, alone, and waits for it."""
  with lock_of(locks), tempfile.TemporaryFile() as errors:
    reader, writer = os.pipe()
    start = time.monotonic()
    try:
      # A session of its own: what runs too long is ended with all its children.
      launcher = subprocess.Popen(
        [sys.executable, "-I", "-S", LAUNCHER, str(writer), *arguments], cwd=folder, stdin=subprocess.DEVNULL,
        stdout=errors, stderr=errors, pass_fds=[writer], start_new_session=True)
    finally:
      os.close(writer)
    with open(reader, encoding="ascii") as report:
      timed_out = True
      try:
        # The report comes with the end of the program.
        timed_out = not select.select([report], [], [], timeout)[0]
      finally:
        # Also when somebody interrupts the benchmark.
        if timed_out:
          os.killpg(launcher.pid, signal.SIGKILL)
      figures = report.read().split()
      launcher.wait()
    wall = time.monotonic() - start
    errors.seek(max(0, errors.seek(0, os.SEEK_END) - 400))
    said = errors.read().decode("utf-8", "replace").strip()
  # There is no report of what ran too long, or took its launcher with it.
  code = int(figures[0]) if figures else -signal.SIGKILL
  return Cost(
    status=code if code >= 0 else 128 - code, cpu=float(figures[1]) if figures else wall,
    rss=int(figures[2]) * 1024 if figures else 0, wall=wall, timed_out=timed_out, said=said)


def floor(folder):
  """The peak of memory of a program that does nothing: less than this cannot be seen of any."""
  return run(["true"], folder, 60).rss
