"""Makes and applies one patch, and notes what it cost."""

import filecmp
import os
import shutil
import tempfile

from .process import run
from .tools import memory_in_place

# Runs that take less than so many seconds of CPU time are made so many times, and the cheapest counts: what else the
# machine does shows in them.
REPEATS = ((0.1, 7), (1.0, 3))

OK, WRONG, CREATE_FAILED, APPLY_FAILED, TIMED_OUT = "ok", "wrong output", "create failed", "apply failed", "timed out"


class Bench:
  """One run of the benchmark: where it works, how long a program may take, and whose turn it is."""

  def __init__(self, timeout, locks=()):
    self.timeout = timeout
    self.locks = locks

  def idle(self, tool):
    """What it costs to start the tool."""
    with tempfile.TemporaryDirectory() as folder:
      # Some programs can only be started without arguments, and say by their status that these are missing.
      best = self._best(list(tool.idle), folder, is_failure_kept=False)
    return {"cpu": round(best.cpu, 4), "rss": best.rss}

  def measure(self, tool, pair):
    """Makes the patch of a pair, applies it, and compares; gives a record for the results."""
    with tempfile.TemporaryDirectory() as folder:
      patch, out = os.path.join(folder, "patch"), os.path.join(folder, "out")
      record = {"pair": pair.name, "tool": tool.name, "outcome": OK}
      create = self._best(tool.call(tool.create, pair, patch, out), folder)
      record["create"] = _cost_record(create)
      if not create.is_done or not os.path.isfile(patch):
        return record | {"outcome": TIMED_OUT if create.timed_out else CREATE_FAILED, "said": create.said}
      record["bytes"] = os.path.getsize(patch)
      return record | self.apply(tool, pair, patch, folder)

  def apply(self, tool, pair, patch, folder):
    """Applies a patch with a tool, and compares the result with the new image byte for byte."""
    out = os.path.join(folder, "out")

    def prepare():
      if os.path.exists(out):
        os.remove(out)
      if tool.is_in_place:
        shutil.copyfile(pair.old, out)
        os.truncate(out, memory_in_place(pair))

    apply = self._best(tool.call(tool.apply, pair, patch, out), folder, prepare)
    outcome = OK
    if not apply.is_done or not os.path.isfile(out):
      outcome = TIMED_OUT if apply.timed_out else APPLY_FAILED
    else:
      if tool.is_in_place:
        os.truncate(out, pair.new_size)
      if not filecmp.cmp(out, pair.new, shallow=False):
        outcome = WRONG
    result = {"apply": _cost_record(apply), "outcome": outcome}
    return result if outcome == OK else result | {"said": apply.said}

  def exchange(self, maker, applier, pair):
    """Lets one tool apply what another one made."""
    with tempfile.TemporaryDirectory() as folder:
      patch, out = os.path.join(folder, "patch"), os.path.join(folder, "out")
      create = run(maker.call(maker.create, pair, patch, out), folder, self.timeout, self.locks)
      record = {"pair": pair.name, "maker": maker.name, "applier": applier.name}
      if not create.is_done or not os.path.isfile(patch):
        return record | {"outcome": CREATE_FAILED, "said": create.said}
      return record | self.apply(applier, pair, patch, folder)

  def _best(self, arguments, folder, prepare=lambda: None, is_failure_kept=True):
    """The cheapest of some runs; the first one that fails, if one does and that matters."""
    prepare()
    best = run(arguments, folder, self.timeout, self.locks)
    for _ in range(1, next((count for limit, count in REPEATS if best.cpu < limit), 1)):
      if is_failure_kept and not best.is_done:
        break
      prepare()
      again = run(arguments, folder, self.timeout, self.locks)
      if again.cpu < best.cpu or is_failure_kept and not again.is_done:
        best = again
    return best


def _cost_record(cost):
  record = {"cpu": round(cost.cpu, 4), "rss": cost.rss, "wall": round(cost.wall, 3)}
  return record if cost.is_done else record | {"status": cost.status}
