"""The results as Markdown: fragments that are put between markers of a document."""

import re

from .measure import OK
from .ours import FAST, SMALL, SMALL_MEMORY
from .results import LARGE, MIB, geometric_mean

NOTHING = "–"


def fragments(results, checks):
  """Each fragment under its name. A run that took sizes from earlier ones has no tables of costs."""
  tables = {"sizes": _sizes(results), "small": _small(results), "formats": _formats(results)}
  if not results.document["run"]["is_sizes_only"]:
    tables |= {
      "create": _create(results), "memory": _memory(results), "apply": _apply(results),
      "exchanges": _exchanges(results), "targets": _targets(checks), "machine": _machine(results),
    }
  return tables


def put_into(path, tables):
  """Puts each fragment between `<!-- bench-delta NAME -->` and `<!-- end bench-delta NAME -->`.

  Raises ValueError for a document without the markers of a fragment.
  """
  with open(path, encoding="utf-8") as file:
    text = file.read()
  for name, table in tables.items():
    begin, end = f"<!-- bench-delta {name} -->", f"<!-- end bench-delta {name} -->"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if len(pattern.findall(text)) != 1:
      raise ValueError(f"{path} must have one place between {begin} and {end}")
    text = pattern.sub(lambda _: f"{begin}\n{table}{end}", text)
  with open(path, "w", encoding="utf-8") as file:
    file.write(text)


def table(head, rows):
  """A Markdown table; all columns but the first are numbers, and stand to the right."""
  lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
  return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _count(value):
  return NOTHING if value is None else f"{value:,}"


def _ratio(value, places=2):
  return NOTHING if value is None else f"{value:.{places}f}"


def _mean(values):
  return _ratio(geometric_mean([value for value in values if value is not None]), 3)


def _short(name):
  """The name of a tool within the column of its project."""
  return name.removeprefix("ota ")


def _sizes(results):
  groups = results.groups
  own = results.headline
  fast = [FAST] if FAST in results.tools else []
  head = ["pair", "new image", *groups, "best peer", *(_short(name) for name in fast), _short(own or "ours"), "ratio"]
  rows, ratios = [], []
  for pair in results.pairs:
    name = pair["name"]
    bests = [results.best_of(name, results.peers(group)) for group in groups]
    best = results.best_of(name, results.peers())
    ratios.append(results.ratio(name))
    rows.append([
      name, _count(pair["new_size"]), *(_count(one[1] if one else None) for one in bests),
      f"{best[0]}: {best[1]:,}" if best else NOTHING,
      *(_count(results.bytes_of(name, one)) for one in fast),
      f"**{_count(results.bytes_of(name, own))}**", _ratio(ratios[-1])
    ])
  rows.append(["**geometric mean**"] + [""] * (len(head) - 2) + [f"**{_mean(ratios)}**"])
  note = "The column of a project has the smallest patch of its settings; the column best peer says which one it is.\n"
  return table(head, rows) + "\n" + note + _missing(results)


def _missing(results):
  missing = results.document["run"]["missing"]
  return f"\nNot in this run: {', '.join(missing)}.\n" if missing else ""


def _small(results):
  shown = [
    tool for tool in results.document["tools"]
    if not tool["is_ours"] and (tool["is_small"] or (tool["decoder_memory"] or MIB) <= SMALL_MEMORY)
    and not tool["is_in_place"]
  ]
  pairs = results.small_pairs
  head = ["tool", "decoder RAM", *(pair["name"] for pair in pairs)]

  def row(name, memory, mark=""):
    return [name + mark, memory, *(_count(results.bytes_of(pair["name"], name)) for pair in pairs)]

  rows = []
  for tool in shown:
    counts = tool["name"] in results.small_peers()
    rows.append(row(tool["name"], _count(tool["decoder_memory"]), "" if counts else " (not counted)"))
  bests = [results.best_of(pair["name"], results.small_peers()) for pair in pairs]
  rows.append(["**best peer**", "", *(f"**{one[1]:,}**" if one else NOTHING for one in bests)])
  rows.append(row(SMALL, f"{SMALL_MEMORY:,}"))
  rows.append(["**ratio**", "", *(f"**{_ratio(results.small_ratio(pair['name']))}**" for pair in pairs)])
  notes = "".join(f"- {tool['name']}: {tool['note']}.\n" for tool in shown if tool["note"])
  return table(head, rows) + "\n" + notes


def _formats(results):
  columns = ["bsdiff", "ota bsdiff40", "ota bsdiff43", "xdelta3", "ota vcdiff", "zstd", "ota zstd"]
  columns = [name for name in columns if name in results.tools]
  rows = [[pair["name"], *(_count(results.bytes_of(pair["name"], name)) for name in columns)]
          for pair in results.pairs]
  return table(["pair", *columns], rows)


def _cost_columns(results):
  """One tool of each project for the tables of costs, and ours."""
  wanted = ["bsdiff", "bsdiff4", "xdelta3", "zstd", "detools lzma", "detools lzma, data format", "hdiffpatch lzma2",
            "hdiffpatch bzip2", results.headline, FAST]
  return [name for name in dict.fromkeys(wanted) if name in results.tools]


def _costs(results, what, value, columns, ratios=(), *, start):
  """A table of one figure for each pair and tool, and some ratios; the start of each program is a row of its own."""
  rows = []
  for pair in results.pairs:
    costs = [results.cost_of(pair["name"], name, what) for name in columns]
    rows.append([
      pair["name"], *(NOTHING if cost is None else value(cost, pair) for cost in costs),
      *(_ratio(ratio(pair["name"])) for _, ratio in ratios)
    ])
  rows.append(["the start alone", *(start(results.tools[name]["idle"]) for name in columns), *("" for _ in ratios)])
  return table(["pair", *columns, *(title for title, _ in ratios)], rows)


def _create(results):
  def seconds(cost, pair=None):
    return f"{cost['cpu']:.3f}"

  own = results.headline or "ours"
  ratios = [
    (f"{own} / bsdiff", results.cost_ratio("create", own, ["bsdiff"])),
    (f"{FAST} / hdiffpatch", results.cost_ratio("create", FAST, results.quick_peers())),
  ]
  return _costs(results, "create", seconds, _cost_columns(results), ratios, start=seconds) + (
    "\nThe ratios are less the start of each program; that to hdiffpatch is to the cheapest of its settings.\n")


def _memory(results):
  def share(cost, pair):
    return f"{cost['rss'] / MIB:,.0f} ({cost['rss'] / (pair['old_size'] + pair['new_size']):.1f})"

  floor = results.document["run"]["memory_floor"] / MIB
  return _costs(
    results, "create", share, _cost_columns(results), start=lambda cost: f"{cost['rss'] / MIB:,.0f}") + (
      f"\nWhat takes less than {floor:.0f} MiB cannot be told apart: the smallest program shows as that.\n")


def _apply(results):
  large = [pair for pair in results.pairs if pair["new_size"] > LARGE]
  names = list(dict.fromkeys(_cost_columns(results) + [name for name, tool in results.tools.items()
                                                       if tool["is_ours"] and name != SMALL]))
  rows = []
  for name in names:
    right = [pair for pair in large if results.cost_of(pair["name"], name, "apply")]
    rates = results.throughput(name, right) or (None, None)
    peaks = [results.cost_of(pair["name"], name, "apply")["rss"] for pair in right]
    rows.append([
      name, f"{len(right)} of {len(large)}", *(f"{rate / 1e6:,.1f}" if rate else NOTHING for rate in rates),
      f"{results.tools[name]['idle']['cpu'] * 1e3:.1f}", f"{max(peaks) / MIB:,.0f}" if peaks else NOTHING
    ])
  return table(["tool", "pairs over 1 MB", "MB/s", "MB/s less the start", "start, ms", "peak, MiB"], rows)


def _exchanges(results):
  rows, failures = [], []
  kinds = dict.fromkeys((record["maker"], record["applier"]) for record in results.document["exchanges"])
  for maker, applier in kinds:
    records = [record for record in results.document["exchanges"]
               if (record["maker"], record["applier"]) == (maker, applier)]
    good = [record for record in records if record["outcome"] == OK]
    rows.append([maker, applier, f"{len(good)} of {len(records)}"])
    failures += [f"- {applier} on what {maker} made of {record['pair']}: {record['outcome']}\n"
                 for record in records if record["outcome"] != OK]
  if not rows:
    return "No format of this build is one that an installed tool reads.\n"
  return table(["made by", "applied by", "right images"], rows) + ("\n" + "".join(failures) if failures else "")


def _targets(checks):
  rows = [[check.name.replace("<=", "≤").replace(">=", "≥"), check.figure, check.verdict] for check in checks]
  # All three columns are text, so `table` does not fit.
  return "".join("| " + " | ".join(line) + " |\n" for line in [["target", "measured", ""], ["---"] * 3, *rows])


def _machine(results):
  machine, run = results.document["machine"], results.document["run"]
  versions = ", ".join(dict.fromkeys(f"{tool['group']} {tool['version']}" for tool in results.document["tools"]))
  kinds = [
    (record["tool"], record["pair"], record["outcome"]) for record in results.document["records"]
    if record["outcome"] != OK
  ]
  failures = "".join(f"- {tool} on {pair}: {outcome}.\n" for tool, pair, outcome in kinds)
  return (
    f"One run, {run['id']}, one program at a time, on {machine['cores']} cores of {machine['cpu']}, "
    f"{machine['memory'] / (1 << 30):.0f} GiB, {machine['system']}, Linux {machine['kernel']}, Python "
    f"{machine['python']}. Tools: {versions}.\n"
    + (f"\nWithout a right result, and left out above (at most {run['timeout']:.0f} s a run):\n\n{failures}"
       if failures else ""))


def all_sizes(results):
  """Every tool on every pair, for people who look for a setting; not part of the document."""
  head = ["tool", *(pair["name"] for pair in results.pairs)]
  rows = [[name, *(_count(results.bytes_of(pair["name"], name)) for pair in results.pairs)] for name in results.tools]
  return table(head, rows)
