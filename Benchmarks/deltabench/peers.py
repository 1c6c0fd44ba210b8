"""The tools of others that are installed on this machine."""

import os
import shutil
import subprocess

from .corpus import digest_of
from .tools import SEGMENT, Tool

CHILDREN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "children")

# The memory of the small decoders, from their sources. LZMA: 1984 + 768 << (lc + lp) probabilities of two bytes, and
# the window. Heatshrink: window and input. HPatchLite: dictionary, and a kibibyte of caches at least.
LZMA_SMALL = (1984 + 768) * 2 + 4096
LZMA_USUAL = (1984 + (768 << 3)) * 2 + 4096
HEATSHRINK = (1 << 8) + 512
HEATSHRINK_LARGE = (1 << 12) + 512
CRLE = 512
TINYUZ = 8192 + 1024
TAMP = 4096 + 1024


def peers(environment):
  """All tools that can be called, and what is missing, as two lists."""
  found, missing = [], []
  for name, tools_of in (("bsdiff", _bsdiff), ("xdelta3", _xdelta3), ("zstd", _zstd)):
    needed = [name, "bspatch"] if name == "bsdiff" else [name]
    if all(shutil.which(program) for program in needed):
      found += tools_of(_version_of_package(name))
    else:
      missing.append(f"{name} (on Debian: apt-get install {name})")
  python = os.path.join(environment, "bin", "python")
  versions = _versions_in(python) if os.path.exists(python) else {}
  for name, tools_of in (("detools", _detools), ("bsdiff4", _bsdiff4), ("hdiffpatch", _hdiffpatch)):
    if name in versions:
      found += tools_of(versions[name], os.path.abspath(python))
    else:
      missing.append(f"{name} (Benchmarks/make-peers installs it)")
  return found, missing


def _bsdiff(version):
  return [
    Tool(
      "bsdiff", "bsdiff", version, ("bsdiff", "{old}", "{new}", "{patch}"),
      ("bspatch", "{old}", "{out}", "{patch}"), idle=("bspatch",))
  ]


def _xdelta3(version):
  # -D: it would gunzip inputs, compress them again when it applies, and give other bytes than it was given.
  return [
    Tool(
      "xdelta3", "xdelta3", version, ("xdelta3", "-e", "-9", "-D", "-f", "-s", "{old}", "{new}", "{patch}"),
      ("xdelta3", "-d", "-D", "-R", "-f", "-s", "{old}", "{patch}", "{out}"), idle=("xdelta3", "-V"))
  ]


def _zstd(version):
  return [
    Tool(
      "zstd", "zstd", version,
      ("zstd", "-q", "-f", "-19", "--ultra", "--long=31", "--patch-from={old}", "{new}", "-o", "{patch}"),
      ("zstd", "-q", "-f", "-d", "--long=31", "--patch-from={old}", "{patch}", "-o", "{out}"),
      idle=("zstd", "-V"))
  ]


def _detools(version, python):
  program = (python, "-m", "detools")
  apply = (*program, "apply_patch", "{old}", "{patch}", "{out}")
  idle = (*program, "--version")

  def sequential(name, *options, memory=None):
    return Tool(
      f"detools {name}", "detools", version, (*program, "create_patch", *options, "{old}", "{new}", "{patch}"),
      apply, idle, decoder_memory=memory)

  def small_lzma(name, *options, memory, note):
    child = (python, os.path.join(CHILDREN, "detools_small_lzma.py"))
    return Tool(
      f"detools {name}", "detools", version, (*child, *options, "{old}", "{new}", "{patch}"), apply, idle,
      decoder_memory=memory, is_small=True, note=note)

  in_place = (*program, "create_patch_in_place", "--memory-size", "{memory}", "--segment-size", str(SEGMENT))
  data = ("--data-format", "{data_format}")
  large_window = ("-c", "heatshrink", "--heatshrink-window-sz2", "12")
  return [
    sequential("lzma", "-c", "lzma"),
    sequential("bz2", "-c", "bz2"),
    sequential("heatshrink", "-c", "heatshrink", memory=HEATSHRINK),
    sequential("heatshrink 4 KiB", *large_window, memory=HEATSHRINK_LARGE),
    sequential("crle", "-c", "crle", memory=CRLE),
    *(
      # The default is 6; less is better where releases are far apart.
      sequential(f"hdiffpatch lzma, score {score}", "-c", "lzma", "-t", "hdiffpatch", "-a", "hdiffpatch",
                 "--match-score", str(score)) for score in (0, 1, 6)
    ),
    sequential("lzma, data format", "-c", "lzma", *data),
    sequential("heatshrink, data format", "-c", "heatshrink", *data),
    sequential("crle, data format", "-c", "crle", *data),
    Tool(
      "detools in-place lzma", "detools", version, (*in_place, "-c", "lzma", "{old}", "{new}", "{patch}"),
      (*program, "apply_patch_in_place", "{out}", "{patch}"), idle, is_in_place=True),
    Tool(
      "detools in-place heatshrink", "detools", version,
      (*in_place, "-c", "heatshrink", "{old}", "{new}", "{patch}"),
      (*program, "apply_patch_in_place", "{out}", "{patch}"), idle, is_in_place=True, decoder_memory=HEATSHRINK),
    small_lzma(
      "lzma 4 KiB, lc=0", "--lc", "0", memory=LZMA_SMALL,
      note="written by the harness: detools cannot be told the window; applied by detools"),
    small_lzma(
      "lzma 4 KiB, lc=3", "--lc", "3", memory=LZMA_USUAL,
      note="the same with the usual literal contexts, for comparison: too large for 10 KiB"),
    small_lzma(
      "lzma 4 KiB, data format", "--lc", "0", *data, memory=None,
      note="for comparison: a data format needs tables of the whole image to decode"),
  ]


def _bsdiff4(version, python):
  folder = os.path.dirname(python)
  return [
    Tool(
      "bsdiff4", "bsdiff4", version, (os.path.join(folder, "bsdiff4"), "{old}", "{new}", "{patch}"),
      (os.path.join(folder, "bspatch4"), "{old}", "{out}", "{patch}"), (os.path.join(folder, "bsdiff4"), "--version"))
  ]


def _hdiffpatch(version, python):
  child = (python, os.path.join(CHILDREN, "hdiffpatch_cli.py"))

  def tool(name, kind, memory=None):
    return Tool(
      f"hdiffpatch {name}", "hdiffpatch", version, (*child, "diff", kind, "{old}", "{new}", "{patch}"),
      (*child, "apply", kind, "{old}", "{patch}", "{out}"), (*child, "idle"), decoder_memory=memory)

  return [
    tool("lzma2", "lzma2"),
    tool("zstd", "zstd"),
    tool("bzip2", "bzip2"),
    tool("lite lzma2", "lite-lzma2"),
    tool("lite bzip2", "lite-bzip2"),
    tool("lite tinyuz 8 KiB", "lite-tuz", memory=TINYUZ),
    tool("lite tamp 4 KiB", "lite-tamp", memory=TAMP),
  ]


def _version_of_package(name):
  """The version that Debian knows, else the first digits of the digest: it only has to change with the program."""
  try:
    shown = subprocess.run(
      ["dpkg-query", "--show", "--showformat=${Version}", name], capture_output=True, text=True, check=True)
    return shown.stdout.strip()
  except (OSError, subprocess.CalledProcessError):
    return "sha256:" + digest_of(shutil.which(name))[:12]


def _versions_in(python):
  program = "import importlib.metadata as m\nfor d in m.distributions(): print(d.metadata['Name'].lower(), d.version)"
  shown = subprocess.run([python, "-c", program], capture_output=True, text=True, check=False)
  return dict(line.split(" ", 1) for line in shown.stdout.splitlines() if " " in line)
