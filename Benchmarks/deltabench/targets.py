"""The numbers to reach, and whether a run has reached them."""

from dataclasses import dataclass

from .measure import OK
from .ours import FAST, NATIVE, SMALL_MEMORY
from .results import LARGE, geometric_mean

# The pairs on which the size for a small decoder has a target.
SMALL_TARGETS = ("m4-mpy-pyboard-patch", "m4-lua-insert", "m4-greatfet", "esp32-tasmota-patch")
# A patch that is at most this share of its image is one of matched data.
MATCHED = 0.01
TOO_SHORT = "next to all of the time is the start of a program"


@dataclass(frozen=True)
class Check:
  name: str
  figure: str
  # Nothing if the run could not tell.
  is_reached: bool | None

  @property
  def verdict(self):
    return {True: "reached", False: "missed", None: "not measured"}[self.is_reached]

  @property
  def line(self):
    return f"{self.verdict:<13} {self.name}: {self.figure}"

  @property
  def record(self):
    return {"name": self.name, "figure": self.figure, "verdict": self.verdict}


def check(results):
  large = [pair for pair in results.pairs if pair["new_size"] > LARGE]
  return [
    *_sizes(results), _small(results), _create(results, large), _fast(results, large), _memory(results),
    _apply_fast(results, large), _apply_coder(results),
    _as_quick(results, large, "zstd", "ota zstd", "zstd"), _as_quick(results, large, "vcdiff", "ota vcdiff", "xdelta3"),
  ]


def _not_measured(name, why):
  return Check(name, why, None)


def _worst(name, limit, ratios, of):
  """A check that no ratio is over a limit; the ratios by the names of their pairs."""
  if not ratios:
    return _not_measured(name, f"no figures of {of}")
  pair = max(ratios, key=ratios.get)
  mean = geometric_mean(list(ratios.values()))
  return Check(
    name, f"at most {ratios[pair]:.2f} ({pair}), geometric mean {mean:.2f}", round(ratios[pair], 4) <= limit)


def _ratios(names, ratio):
  """What `ratio` gives for each name, without those for which it gives nothing."""
  values = {name: ratio(name) for name in names}
  return {name: value for name, value in values.items() if value is not None}


def _sizes(results):
  name = f"Size: {results.headline or 'ours'} / best peer, geometric mean over the corpus <= 0.50"
  ratios = _ratios((pair["name"] for pair in results.pairs), results.ratio)
  missing = len(results.pairs) - len(ratios)
  each = _worst(f"Size: {results.headline or 'ours'} / best peer on each pair <= 1.00", 1, ratios, "ours")
  if not ratios:
    return [_not_measured(name, "no figures of ours"), each]
  mean = geometric_mean(list(ratios.values()))
  # A pair without a patch would make the mean better.
  without = f", {missing} pairs without a figure" if missing else ""
  return [Check(name, f"{mean:.3f}{without}", round(mean, 4) <= 0.5 and not missing), each]


def _small(results):
  ratios = _ratios(SMALL_TARGETS, results.small_ratio)
  name = f"Size with a decoder of {SMALL_MEMORY:,} bytes / best peer within it on {len(SMALL_TARGETS)} pairs <= 0.35"
  return _worst(name, 0.35, ratios, "ours")


def _create(results, large):
  ratio = results.cost_ratio("create", results.headline, ["bsdiff"])
  ratios = _ratios((pair["name"] for pair in large), ratio)
  return _worst("Create: CPU time / bsdiff's on each pair over 1 MB <= 1.00", 1, ratios, "both in this run")


def _fast(results, large):
  ratio = results.cost_ratio("create", FAST, results.quick_peers())
  ratios = _ratios((pair["name"] for pair in large), ratio)
  name = "Create with --fast: CPU time / the cheapest of hdiffpatch on each pair over 1 MB <= 1.50"
  return _worst(name, 1.5, ratios, "both in this run")


def _memory(results):
  def ratio(name):
    cost = results.cost_of(name, results.headline, "create")
    if cost is None:
      return None
    pair = next(pair for pair in results.pairs if pair["name"] == name)
    taken = max(cost["rss"] - results.tools[results.headline]["idle"]["rss"], 0)
    # A ratio of nothing has no logarithm.
    return max(taken / (pair["old_size"] + pair["new_size"]), 0.01)

  ratios = _ratios((pair["name"] for pair in results.pairs), ratio)
  return _worst("Create: peak memory less the start / (old + new) on each pair <= 8", 8, ratios, "ours in this run")


def _apply_fast(results, large):
  name = "Apply: throughput of native --fast / bspatch's over the pairs over 1 MB >= 3"
  own, other = results.throughput(FAST, large), results.throughput("bsdiff", large)
  if not own or not other:
    return _not_measured(name, "no figures of both in this run")
  if not own[1] or not other[1]:
    return _not_measured(name, TOO_SHORT)
  return Check(
    name, f"{own[1] / other[1]:.2f}: {own[1] / 1e6:,.0f} MB/s and {other[1] / 1e6:,.0f} MB/s, less the start of the "
    f"programs ({own[0] / 1e6:,.0f} and {other[0] / 1e6:,.0f} with it)", own[1] >= 3 * other[1])


def _apply_coder(results):
  name = "Apply: output of native on matched data (patch of at most 1 % of the image) >= 20 MB/s"
  matched = [
    pair for pair in results.pairs if pair["new_size"] > LARGE
    and (results.bytes_of(pair["name"], NATIVE) or pair["new_size"]) <= MATCHED * pair["new_size"]
  ]
  rate = results.throughput(NATIVE, matched)
  if not rate:
    return _not_measured(name, "no figures of a pair over 1 MB with a patch of at most 1 % in this run")
  if not rate[1]:
    return _not_measured(name, TOO_SHORT)
  return Check(
    name, f"{rate[1] / 1e6:,.1f} MB/s over {', '.join(pair['name'] for pair in matched)}, less the start of "
    f"the program ({rate[0] / 1e6:,.1f} with it)", rate[1] >= 20e6)


def _as_quick(results, large, format, own, other):
  """CPU time of applying the very same patches, those that the other tool has made."""
  name = f"Apply: CPU time for {format} / {other}'s on its own patches, over the pairs over 1 MB <= 1.10"
  exchanged = {
    record["pair"]: record for record in results.document["exchanges"]
    if record["maker"] == other and record["applier"] == own and record["outcome"] == OK
  }
  own_time = other_time = 0
  for pair in large:
    cost = results.cost_of(pair["name"], other, "apply")
    if cost is None or pair["name"] not in exchanged:
      return _not_measured(name, "no figures of both in this run")
    own_rest, other_rest = results.net(exchanged[pair["name"]]["apply"], own), results.net(cost, other)
    if own_rest is None or other_rest is None:
      return _not_measured(name, TOO_SHORT)
    own_time += own_rest
    other_time += other_rest
  if not large:
    return _not_measured(name, "no pair over 1 MB")
  return Check(
    name, f"{own_time / other_time:.2f}: {own_time:.3f} s and {other_time:.3f} s, less the start of the programs",
    own_time <= 1.1 * other_time)
