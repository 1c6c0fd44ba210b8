"""Tests of the benchmark itself, on small pairs that are made here, with tools that are a few lines of Python."""

import contextlib
import io
import json
import os
import random
import sys
import tempfile
import time
import unittest
from xml.etree import ElementTree

from deltabench import chart, document, main, measure, ours, process, report, targets
from deltabench.cache import Cache
from deltabench.corpus import pairs_in
from deltabench.results import Results, geometric_mean
from deltabench.tools import Tool

# A tool whose patch is the new image itself, and tools that do it wrong.
COPY = "import shutil, sys; shutil.copyfile(sys.argv[1], sys.argv[2])"
SPOILT = (
  "import sys; data = bytearray(open(sys.argv[1], 'rb').read()); data[-1] ^= 1; "
  "open(sys.argv[2], 'wb').write(data)")
CUT = "import sys; open(sys.argv[2], 'wb').write(open(sys.argv[1], 'rb').read()[:-1])"
NOTHING = "pass"
FAILS = "import sys; sys.exit('it does not work')"
HANGS = "import time; time.sleep(60)"


def python(program, *arguments):
  return (sys.executable, "-I", "-S", "-c", program, *arguments)


def fake(name="copy", create=COPY, apply=COPY, **more):
  settings = {"group": "fake", "version": "1"} | more
  return Tool(
    name=name, create=python(create, "{new}", "{patch}"), apply=python(apply, "{patch}", "{out}"),
    idle=python(NOTHING), **settings)


def corpus_in(folder, **sizes):
  """Pairs of random images; the seed is always the same, since no test depends on what is in them."""
  source = random.Random(4)
  for name, size in sizes.items():
    os.makedirs(os.path.join(folder, name))
    for file in ("old.bin", "new.bin"):
      with open(os.path.join(folder, name, file), "wb") as image:
        image.write(source.randbytes(size))


class Case(unittest.TestCase):
  def setUp(self):
    holder = tempfile.TemporaryDirectory()
    self.addCleanup(holder.cleanup)
    self.folder = holder.name
    self.corpus = os.path.join(self.folder, "corpus")
    os.makedirs(self.corpus)


class ProcessTests(Case):
  def test_a_run_reports_status_time_and_memory(self):
    cost = process.run(python("x = bytes(range(256)) * 400000; import sys; sys.exit(3)"), self.folder, 30)
    self.assertEqual(cost.status, 3)
    self.assertFalse(cost.is_done)
    self.assertGreater(cost.rss, 100_000_000)
    self.assertGreater(cost.cpu, 0)

  def test_memory_of_this_process_does_not_show_in_that_of_a_small_one(self):
    large = bytearray(os.urandom(1 << 20) * 80)
    self.assertLess(process.floor(self.folder), 40 << 20)
    self.assertEqual(len(large), 80 << 20)

  def test_what_runs_too_long_is_ended_with_its_children(self):
    marker = os.path.join(self.folder, "late")
    child = f"import time; time.sleep(2); open({marker!r}, 'w')"
    start = time.monotonic()
    cost = process.run(
      python(f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"), self.folder, 0.5)
    self.assertTrue(cost.timed_out)
    self.assertFalse(cost.is_done)
    self.assertLess(time.monotonic() - start, 2)
    time.sleep(2.2)
    self.assertFalse(os.path.exists(marker))

  def test_a_program_that_is_not_there_fails_and_says_so(self):
    cost = process.run(["no-such-program"], self.folder, 30)
    self.assertEqual(cost.status, 127)
    self.assertIn("no-such-program", cost.said)

  def test_a_signal_is_a_failure(self):
    cost = process.run(python("import os; os.kill(os.getpid(), 9)"), self.folder, 30)
    self.assertEqual(cost.status, 128 + 9)


class MeasureTests(Case):
  def setUp(self):
    super().setUp()
    corpus_in(self.corpus, **{"m4-one": 3000})
    self.pair = pairs_in(self.corpus)[0]
    self.bench = measure.Bench(timeout=30)

  def outcome(self, **programs):
    return self.bench.measure(fake(**programs), self.pair)

  def test_a_right_image_is_ok_with_all_figures(self):
    record = self.outcome()
    self.assertEqual(record["outcome"], measure.OK)
    self.assertEqual(record["bytes"], 3000)
    for part in ("create", "apply"):
      self.assertGreater(record[part]["rss"], 0)

  def test_a_wrong_byte_is_wrong_output(self):
    self.assertEqual(self.outcome(apply=SPOILT)["outcome"], measure.WRONG)

  def test_a_missing_byte_is_wrong_output(self):
    self.assertEqual(self.outcome(apply=CUT)["outcome"], measure.WRONG)

  def test_no_output_is_a_failure(self):
    self.assertEqual(self.outcome(apply=NOTHING)["outcome"], measure.APPLY_FAILED)
    self.assertEqual(self.outcome(create=NOTHING)["outcome"], measure.CREATE_FAILED)

  def test_an_exit_status_is_a_failure_and_its_words_are_kept(self):
    record = self.outcome(create=FAILS)
    self.assertEqual(record["outcome"], measure.CREATE_FAILED)
    self.assertIn("it does not work", record["said"])
    self.assertNotIn("bytes", record)

  def test_what_hangs_is_timed_out(self):
    record = measure.Bench(timeout=0.5).measure(fake(create=HANGS), self.pair)
    self.assertEqual(record["outcome"], measure.TIMED_OUT)

  def test_in_place_begins_with_the_old_image_and_counts_only_the_new_one(self):
    apply = (
      "import sys; memory = open(sys.argv[2], 'r+b'); old = open(sys.argv[3], 'rb').read()\n"
      "assert memory.read(len(old)) == old\nmemory.seek(0); memory.write(open(sys.argv[1], 'rb').read())")
    tool = Tool(
      "in place", "fake", "1", python(COPY, "{new}", "{patch}"), python(apply, "{patch}", "{out}", "{old}"),
      python(NOTHING), is_in_place=True)
    self.assertEqual(self.bench.measure(tool, self.pair)["outcome"], measure.OK)

  def test_an_exchange_says_who_made_and_who_applied(self):
    record = self.bench.exchange(fake("one"), fake("two", apply=SPOILT), self.pair)
    self.assertEqual((record["maker"], record["applier"]), ("one", "two"))
    self.assertEqual(record["outcome"], measure.WRONG)


class CacheTests(Case):
  def setUp(self):
    super().setUp()
    corpus_in(self.corpus, **{"m4-one": 100, "m4-two": 100})
    self.one, self.two = pairs_in(self.corpus)
    self.cache = Cache(os.path.join(self.folder, "cache"), is_fresh=False)
    self.cache.put(fake(), self.one, {"bytes": 1})

  def test_it_knows_what_was_put_there(self):
    self.assertEqual(self.cache.get(fake(), self.one), {"bytes": 1})

  def test_another_version_call_or_pair_is_not_known(self):
    self.assertIsNone(self.cache.get(fake(version="2"), self.one))
    self.assertIsNone(self.cache.get(fake(create=CUT), self.one))
    self.assertIsNone(self.cache.get(fake(), self.two))

  def test_another_image_is_not_known(self):
    with open(self.one.new, "ab") as file:
      file.write(b"x")
    self.assertIsNone(self.cache.get(fake(), pairs_in(self.corpus)[0]))

  def test_a_fresh_run_takes_nothing(self):
    self.assertIsNone(Cache(self.cache.folder, is_fresh=True).get(fake(), self.one))


def results_of(sizes, *, small=None, costs=None, run="now"):
  """Results as if they had been measured: bytes by tool and pair."""
  tools = []
  for name in sizes:
    tool = fake(name, is_ours=name.startswith("ota"), group=name.split()[0], decoder_memory=(small or {}).get(name))
    tools.append(document.tool(tool, {"cpu": 0.0, "rss": 0}))
  names = list(dict.fromkeys(pair for row in sizes.values() for pair in row))
  pairs = [
    {
      "name": name, "old_size": 2_000_000, "new_size": 2_000_000,
      "is_microcontroller": name.startswith(("m4-", "esp32")),
    } for name in names
  ]
  records = []
  for tool, row in sizes.items():
    for pair, size in row.items():
      cost = (costs or {}).get(tool, 0.1)
      records.append({
        "pair": pair, "tool": tool, "run": run, "bytes": size or 0, "outcome": measure.OK if size else measure.WRONG,
        "create": {"cpu": cost, "rss": 1 << 20, "wall": cost}, "apply": {"cpu": cost, "rss": 1 << 20, "wall": cost},
      })
  machine = {"cpu": "a", "cores": 1, "memory": 1 << 30, "system": "s", "kernel": "k", "python": "p"}
  return Results({
    "run": {"id": "now", "is_sizes_only": False, "timeout": 1, "missing": [], "memory_floor": 0}, "machine": machine,
    "tools": tools, "pairs": pairs, "records": records, "exchanges": [],
  })


class ResultsTests(unittest.TestCase):
  def test_the_best_peer_is_the_smallest_right_one(self):
    results = results_of({"bsdiff": {"a": 200}, "zstd": {"a": None}, "xdelta3": {"a": 150}, "ota native": {"a": 75}})
    self.assertEqual(results.best_of("a", results.peers()), ("xdelta3", 150))
    self.assertEqual(results.ratio("a"), 0.5)

  def test_a_wrong_patch_of_ours_has_no_ratio(self):
    results = results_of({"bsdiff": {"a": 200}, "ota native": {"a": None}})
    self.assertIsNone(results.ratio("a"))

  def test_costs_of_another_run_are_not_given(self):
    results = results_of({"bsdiff": {"a": 200}}, run="before")
    self.assertEqual(results.bytes_of("a", "bsdiff"), 200)
    self.assertIsNone(results.cost_of("a", "bsdiff", "create"))
    results = results_of({"bsdiff": {"a": 200}})
    self.assertIsNotNone(results.cost_of("a", "bsdiff", "create"))
    results.document["run"]["is_sizes_only"] = True
    self.assertIsNone(results.cost_of("a", "bsdiff", "create"))

  def test_a_geometric_mean_of_nothing_is_nothing(self):
    self.assertIsNone(geometric_mean([]))
    self.assertAlmostEqual(geometric_mean([1, 4]), 2)


class TargetTests(unittest.TestCase):
  def check(self, results, begin):
    return next(check for check in targets.check(results) if check.name.startswith(begin))

  def test_sizes_are_reached_or_missed(self):
    good = results_of({"bsdiff": {"a": 100, "b": 100}, "ota native": {"a": 50, "b": 50}})
    self.assertIs(self.check(good, "Size: ota native / best peer, geo").is_reached, True)
    bad = results_of({"bsdiff": {"a": 100, "b": 100}, "ota native": {"a": 10, "b": 101}})
    self.assertIs(self.check(bad, "Size: ota native / best peer, geo").is_reached, True)
    self.assertIs(self.check(bad, "Size: ota native / best peer on each").is_reached, False)

  def test_a_pair_that_ours_cannot_do_is_not_left_out_in_silence(self):
    results = results_of({"bsdiff": {"a": 100, "b": 100}, "ota native": {"a": 10, "b": None}})
    check = self.check(results, "Size: ota native / best peer, geo")
    self.assertIs(check.is_reached, False)
    self.assertIn("1 pairs without", check.figure)

  def test_only_small_decoders_count_for_the_small_one(self):
    sizes = {"bsdiff": {"m4-greatfet": 10}, "detools": {"m4-greatfet": 100}, ours.SMALL: {"m4-greatfet": 30}}
    check = self.check(results_of(sizes, small={"detools": 600, ours.SMALL: 10240}), "Size with")
    self.assertIs(check.is_reached, True)
    self.assertIn("0.30", check.figure)

  def test_create_is_held_against_bsdiff(self):
    sizes = {"bsdiff": {"a": 100}, "ota native": {"a": 50}}
    quick = results_of(sizes, costs={"bsdiff": 1.0, "ota native": 0.9})
    self.assertIs(self.check(quick, "Create: CPU").is_reached, True)
    slow = results_of(sizes, costs={"bsdiff": 1.0, "ota native": 1.1})
    self.assertIs(self.check(slow, "Create: CPU").is_reached, False)
    self.assertIsNone(self.check(results_of(sizes, run="before"), "Create: CPU").is_reached)

  def test_a_run_that_is_all_start_reaches_nothing(self):
    sizes = {"bsdiff": {"a": 100}, ours.FAST: {"a": 50}}
    results = results_of(sizes, costs={"bsdiff": 0.9, ours.FAST: 0.3})
    self.assertIs(self.check(results, "Apply: throughput").is_reached, True)
    results.tools[ours.FAST]["idle"]["cpu"] = 0.29
    self.assertIsNone(self.check(results, "Apply: throughput").is_reached)

  def test_what_ours_applies_of_others_is_held_against_them(self):
    sizes = {"zstd": {"a": 100}, "ota zstd": {"a": 100}}
    for cost, is_reached in ((0.1, True), (0.12, False)):
      results = results_of(sizes)
      results.document["exchanges"] = [
        {"pair": "a", "maker": "zstd", "applier": "ota zstd", "outcome": measure.OK, "apply": {"cpu": cost}}
      ]
      self.assertIs(self.check(results, "Apply: CPU time for zstd").is_reached, is_reached)

  def test_without_ours_nothing_is_claimed(self):
    for check in targets.check(results_of({"bsdiff": {"a": 100}})):
      self.assertIsNone(check.is_reached, check.name)


class ReportTests(unittest.TestCase):
  def setUp(self):
    self.results = results_of({
      "bsdiff": {"m4-a": 2000, "b": 1000}, "detools lzma": {"m4-a": 1500, "b": None},
      "ota native": {"m4-a": 750, "b": 900}
    })

  def test_the_table_of_sizes_has_best_peer_ratio_and_mean(self):
    table = report.fragments(self.results, [])["sizes"]
    self.assertIn("| m4-a | 2,000,000 | 2,000 | 1,500 | detools lzma: 1,500 | **750** | 0.50 |", table)
    self.assertIn("| b | 2,000,000 | 1,000 | – | bsdiff: 1,000 | **900** | 0.90 |", table)
    self.assertIn("**0.671**", table)

  def test_a_run_of_sizes_has_no_tables_of_costs(self):
    self.results.document["run"]["is_sizes_only"] = True
    self.assertEqual(set(report.fragments(self.results, [])), {"sizes", "small", "formats"})

  def test_the_table_of_creating_has_ratios_less_the_start(self):
    for tool, start in (("bsdiff", 0.02), ("ota native", 0.06)):
      self.results.tools[tool]["idle"]["cpu"] = start
    # (0.1 - 0.06) / (0.1 - 0.02)
    table = report.fragments(self.results, [])["create"]
    self.assertIn("| m4-a | 0.100 | 0.100 | 0.100 | 0.50 | – |", table)
    self.assertIn("| the start alone | 0.020 | 0.000 | 0.060 |  |  |", table)

  def test_fragments_go_between_their_markers_and_nowhere_else(self):
    with tempfile.TemporaryDirectory() as folder:
      path = os.path.join(folder, "page.md")
      page = "before\n<!-- bench-delta one -->\nold\n<!-- end bench-delta one -->\nafter\n"
      with open(path, "w", encoding="utf-8") as file:
        file.write(page)
      report.put_into(path, {"one": "new\\1\n"})
      with open(path, encoding="utf-8") as file:
        self.assertEqual(file.read(), page.replace("old", "new\\1"))
      with self.assertRaises(ValueError):
        report.put_into(path, {"two": "new\n"})

  def test_the_chart_is_well_formed_and_has_a_bar_for_each_pair(self):
    drawing = chart.draw(self.results)
    rectangles = ElementTree.fromstring(drawing).iter("{http://www.w3.org/2000/svg}rect")
    bars = [one for one in rectangles if one.get("class") == "all"]
    # Of each pair, of the mean, and of the legend.
    self.assertEqual(len(bars), 4)
    self.assertIn("prefers-color-scheme: dark", drawing)

  def test_the_document_of_the_project_has_every_marker(self):
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    with open(os.path.join(root, "Docs", "Benchmarks.md"), encoding="utf-8") as file:
      page = file.read()
    for name in report.fragments(self.results, []):
      self.assertEqual(page.count(f"<!-- bench-delta {name} -->"), 1, name)
      self.assertEqual(page.count(f"<!-- end bench-delta {name} -->"), 1, name)


# An `ota` that has one format: its patch is the new image. Everything else is a usage error.
OTA = """#!{python} -IS
import shutil, sys
arguments = sys.argv[1:]
if arguments[:2] == ["delta", "make"]:
  if arguments[5:] != ["--format", "{format}"]: sys.exit(64)
  shutil.copyfile(arguments[3], arguments[4])
elif arguments[:2] == ["delta", "apply"]:
  shutil.copyfile(arguments[3], arguments[4])
  if {is_broken}: open(arguments[4], "ab").write(b"x")
"""


class MainTests(Case):
  def run_main(self, *arguments, format="native", is_broken=False):
    ota = os.path.join(self.folder, "ota")
    with open(ota, "w", encoding="utf-8") as file:
      file.write(OTA.format(python=sys.executable, format=format, is_broken=is_broken))
    os.chmod(ota, 0o755)
    build = os.path.join(self.folder, "build")
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
      status = main.main(["--corpus", self.corpus, "--ota", ota, "--build", build, "--tool", "ota", *arguments])
    results = os.path.join(build, "bench-delta", "results.json")
    found = None
    if os.path.exists(results):
      with open(results, encoding="utf-8") as file:
        found = json.load(file)
    return status, said.getvalue(), found

  def test_without_a_pair_it_says_so(self):
    status, said, _ = self.run_main()
    self.assertEqual(status, main.UNAVAILABLE)
    self.assertIn("no pairs in", said)

  def test_formats_that_the_build_lacks_are_shown_as_absent(self):
    corpus_in(self.corpus, one=500)
    status, _, found = self.run_main(format="bsdiff43")
    self.assertEqual(status, 0)
    self.assertEqual([tool["name"] for tool in found["tools"]], ["ota bsdiff43"])
    self.assertIn("ota native (not in this build)", found["run"]["missing"])

  def test_a_wrong_image_of_ours_is_said_and_fails_the_gate(self):
    corpus_in(self.corpus, one=500)
    status, said, found = self.run_main(is_broken=True)
    self.assertEqual(status, 0)
    self.assertEqual(found["records"][0]["outcome"], measure.WRONG)
    self.assertIn("WRONG OUTPUT", said)
    self.assertEqual(self.run_main("--gate", is_broken=True)[0], 1)

  def test_a_run_of_sizes_takes_what_is_known_and_a_full_one_does_not(self):
    corpus_in(self.corpus, one=500)
    first = self.run_main("--sizes-only")
    self.assertNotIn("as before", first[1])
    self.assertIn("as before", self.run_main("--sizes-only")[1])
    self.assertNotIn("as before", self.run_main("--sizes-only", "--fresh")[1])
    self.assertNotIn("as before", self.run_main()[1])

  def test_no_path_of_this_machine_is_in_the_results(self):
    corpus_in(self.corpus, one=500)
    _, _, found = self.run_main()
    self.assertNotIn(self.folder, json.dumps(found))


if __name__ == "__main__":
  unittest.main()
