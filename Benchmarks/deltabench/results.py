"""All records of a run, and the questions that tables and targets ask of them."""

import math

from .measure import OK
from .ours import FAST, NATIVE, SMALL, SMALL_MEMORY


class Results:
  """What a run has found.

  `document` is what is written as JSON: `run`, `machine`, `tools`, `pairs`, `records`, `exchanges`.
  """

  def __init__(self, document):
    self.document = document
    self.pairs = document["pairs"]
    self.tools = {tool["name"]: tool for tool in document["tools"]}
    self.records = {(record["pair"], record["tool"]): record for record in document["records"]}

  @property
  def headline(self):
    """The format of ours that the comparison is about: native; in a build without it, the first of the others."""
    names = [tool["name"] for tool in self.document["tools"] if tool["is_ours"]]
    others = [name for name in names if name not in (FAST, SMALL)]
    return NATIVE if NATIVE in names else next(iter(others), None)

  def bytes_of(self, pair, tool):
    """The size of a patch that gave the right image; nothing if there is none."""
    record = self.records.get((pair, tool))
    return record["bytes"] if record and record["outcome"] == OK else None

  def cost_of(self, pair, tool, what):
    """CPU time and memory of `create` or `apply`, if it was measured in this run and worked.

    A run of sizes has none: what it does measure stands beside nothing.
    """
    record = self.records.get((pair, tool))
    run = self.document["run"]
    if run["is_sizes_only"] or not record or record["outcome"] != OK or record["run"] != run["id"]:
      return None
    return record[what]

  def best_of(self, pair, names):
    """The smallest patch of some tools, as name and bytes; nothing if none has one."""
    sizes = [(self.bytes_of(pair, name), name) for name in names]
    known = [(size, name) for size, name in sizes if size is not None]
    return min(known)[::-1] if known else None

  def peers(self, group=None):
    """Names of the tools of others that count; those of one project, if it is named."""
    return [
      name for name, tool in self.tools.items()
      if not tool["is_ours"] and not tool["is_small"] and group in (None, tool["group"])
    ]

  def small_peers(self):
    """Names of the tools of others whose decoder fits into the small memory."""
    return [
      name for name, tool in self.tools.items()
      if not tool["is_ours"] and (tool["decoder_memory"] or math.inf) <= SMALL_MEMORY
    ]

  @property
  def groups(self):
    """The projects of the peers, in the order of their first tool."""
    return list(dict.fromkeys(tool["group"] for tool in self.tools.values() if not tool["is_ours"]))

  def ratio(self, pair):
    """Ours to the best peer; nothing if one of them has no patch."""
    best, own = self.best_of(pair, self.peers()), self.bytes_of(pair, self.headline)
    return own / best[1] if best and own is not None else None

  def small_ratio(self, pair):
    best, own = self.best_of(pair, self.small_peers()), self.bytes_of(pair, SMALL)
    return own / best[1] if best and own is not None else None

  @property
  def small_pairs(self):
    return [pair for pair in self.pairs if pair["is_microcontroller"]]

  def quick_peers(self):
    """The settings of hdiffpatch that make patches as hdiffz does."""
    return [name for name in self.peers("hdiffpatch") if "lite" not in name]

  def net(self, cost, tool):
    """CPU time less the start of the program; nothing if next to all of it is the start, since both vary."""
    rest = cost["cpu"] - self.tools[tool]["idle"]["cpu"]
    return rest if rest > NOISE * cost["cpu"] else None

  def cost_ratio(self, what, tool, others):
    """A function from the name of a pair: CPU time of a tool to the cheapest of others, each less its start."""

    def net(pair, name):
      cost = self.cost_of(pair, name, what)
      return None if cost is None else self.net(cost, name)

    def ratio(pair):
      own = net(pair, tool)
      known = [value for value in (net(pair, name) for name in others) if value is not None]
      return own / min(known) if own is not None and known else None

    return ratio

  def throughput(self, tool, pairs):
    """Bytes of output a second of CPU time over some pairs, with and without the start of the program.

    Nothing if a pair has no figure of this run; the second is nothing if the start is next to all that was measured.
    """
    costs = [self.cost_of(pair["name"], tool, "apply") for pair in pairs]
    if not costs or None in costs:
      return None
    size = sum(pair["new_size"] for pair in pairs)
    time = sum(cost["cpu"] for cost in costs)
    rest = time - len(costs) * self.tools[tool]["idle"]["cpu"]
    return (size / time, size / rest if rest > NOISE * time else None) if time > 0 else None


def geometric_mean(values):
  return math.exp(sum(math.log(value) for value in values) / len(values)) if values else None


MIB = 1 << 20
# A pair is large from here on: below, the start of a program is much of what is measured.
LARGE = 1_000_000
# What is left after the start of a program was taken off must be more than this share, or it says nothing.
NOISE = 0.1
