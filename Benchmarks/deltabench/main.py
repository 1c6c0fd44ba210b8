"""The command line of the benchmark."""

import argparse
import json
import os
import sys
import time

from . import chart, document, report, targets
from .cache import Cache
from .corpus import pairs_in
from .machine import describe
from .measure import OK, Bench
from .ours import ours
from .peers import peers
from .process import floor
from .results import Results

UNAVAILABLE = 69
# Which tool may apply the patches of which other one, both ways.
EXCHANGES = (("ota bsdiff40", "bsdiff"), ("ota bsdiff40", "bsdiff4"), ("ota vcdiff", "xdelta3"), ("ota zstd", "zstd"))


def parse(arguments):
  parser = argparse.ArgumentParser(
    prog="bench-delta", description="Compares ota delta with every other delta tool that is installed.")
  parser.add_argument("--corpus", required=True, help="the folder with the pairs: folders with old.bin and new.bin")
  parser.add_argument("--ota", help="the program ota; without it, only the peers run")
  parser.add_argument("--build", default=".build", help="the folder for results, cache and the peers from PyPI")
  parser.add_argument("--sizes-only", action="store_true", help="take what earlier runs measured; no tables of times")
  parser.add_argument("--fresh", action="store_true", help="with --sizes-only: take nothing from earlier runs")
  parser.add_argument("--pair", action="append", default=[], help="only this pair; can be repeated")
  parser.add_argument("--tool", action="append", default=[], help="only tools whose names begin so; can be repeated")
  parser.add_argument("--timeout", type=float, default=300, help="seconds that one run may take (300)")
  parser.add_argument("--lock", action="append", default=[], help="a file to lock during each run; can be repeated")
  parser.add_argument("--docs", help="put the tables between the markers of this Markdown file")
  parser.add_argument("--chart", help="write the chart to this file too")
  parser.add_argument("--json", help="write the results to this file too")
  parser.add_argument(
    "--gate", action="store_true", help="exit with 1 if a target is missed, or an image of ours is wrong")
  return parser.parse_args(arguments)


def say(text):
  print(text, flush=True)


def find_tools(options):
  """Everything that can be run, and the names of what cannot, with the reason."""
  tools, missing = peers(os.path.join(options.build, "bench-peers"))
  if options.ota:
    own, absent = ours(os.path.abspath(options.ota))
    tools += own
    missing += [f"{name} (not in this build)" for name in absent]
  if options.tool:
    tools = [tool for tool in tools if tool.name.startswith(tuple(options.tool))]
  return tools, missing


def measure_all(bench, cache, tools, pairs, run):
  """Each tool on each pair that it fits, one after the other; what is known of earlier runs is not run again."""
  records = []
  for pair in pairs:
    say(f"{pair.name}, {pair.new_size:,} bytes")
    for tool in tools:
      if not tool.fits(pair):
        continue
      record = cache.get(tool, pair)
      is_known = record is not None
      if not is_known:
        record = bench.measure(tool, pair) | {"run": run}
        cache.put(tool, pair, record)
      records.append(record)
      size = f"{record['bytes']:>12,}" if "bytes" in record else " " * 12
      costs = "".join(f"{record[part]['cpu']:>9.3f} s" for part in ("create", "apply") if part in record)
      outcome = "" if record["outcome"] == OK else "  " + record["outcome"].upper()
      say(f"  {tool.name:<32}{size}{costs}{'  as before' if is_known else ''}{outcome}")
  return records


def exchange_all(bench, tools, pairs):
  """Patches of ours applied by others, and the other way round."""
  by_name = {tool.name: tool for tool in tools}
  exchanges = []
  for own, other in EXCHANGES:
    if own in by_name and other in by_name:
      for maker, applier in ((own, other), (other, own)):
        for pair in pairs:
          exchanges.append(bench.exchange(by_name[maker], by_name[applier], pair))
          if exchanges[-1]["outcome"] != OK:
            say(f"{applier} on what {maker} made of {pair.name}: {exchanges[-1]['outcome'].upper()}")
  return exchanges


def main(arguments):
  options = parse(arguments)
  pairs = pairs_in(options.corpus, options.pair)
  if not pairs:
    say(f"bench-delta: no pairs in {options.corpus}: it has no folders with old.bin and new.bin. "
        "Say CORPUS=FOLDER to take another one.")
    return UNAVAILABLE
  tools, missing = find_tools(options)
  for name in missing:
    say(f"not there: {name}")
  if not tools:
    say("bench-delta: no tool to run")
    return UNAVAILABLE

  output = os.path.join(options.build, "bench-delta")
  os.makedirs(output, exist_ok=True)
  bench = Bench(options.timeout, tuple(options.lock))
  cache = Cache(os.path.join(output, "cache"), is_fresh=options.fresh or not options.sizes_only)
  run = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
  found = {
    "run": {
      "id": run, "is_sizes_only": options.sizes_only, "timeout": options.timeout, "missing": missing,
      "memory_floor": floor(output),
    },
    "machine": describe(),
    "tools": [document.tool(tool, bench.idle(tool)) for tool in tools],
    "pairs": [document.pair(pair) for pair in pairs],
    "records": measure_all(bench, cache, tools, pairs, run),
    "exchanges": [] if options.sizes_only else exchange_all(bench, tools, pairs),
  }
  results = Results(found)
  checks = targets.check(results)
  found["targets"] = [check.record for check in checks]

  text = document.as_json(found)
  drawing = chart.draw(results)
  for name, content in ((os.path.join(output, "results.json"), text), (options.json, text),
                        (os.path.join(output, "sizes.svg"), drawing), (options.chart, drawing)):
    if name:
      os.makedirs(os.path.dirname(os.path.abspath(name)), exist_ok=True)
      with open(name, "w", encoding="utf-8") as file:
        file.write(content)
  fragments = report.fragments(results, checks)
  for name, fragment in fragments.items():
    with open(os.path.join(output, name + ".md"), "w", encoding="utf-8") as file:
      file.write(fragment)
  with open(os.path.join(output, "all-sizes.md"), "w", encoding="utf-8") as file:
    file.write(report.all_sizes(results))
  if options.docs:
    report.put_into(options.docs, fragments)

  say("")
  for check in checks:
    say(check.line)
  wrong = [record for record in found["records"] if record["outcome"] != OK and
           results.tools[record["tool"]]["is_ours"]]
  for record in wrong:
    say(f"{record['tool']} on {record['pair']}: {record['outcome'].upper()}: {record.get('said', '')}")
  say(f"results: {output}")
  failed = (
    wrong or any(check.is_reached is False for check in checks)
    or any(exchange["outcome"] != OK for exchange in found["exchanges"]))
  return 1 if options.gate and failed else 0


if __name__ == "__main__":
  sys.exit(main(sys.argv[1:]))
