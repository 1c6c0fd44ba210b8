"""`ota delta` in its formats, as far as a build has them."""

import os
import tempfile

from .corpus import digest_of
from .process import run
from .tools import Tool

# The exit status of `ota` for options and formats that it does not have.
USAGE = 64

# The memory that a decoder may take in the comparison of small decoders.
SMALL_MEMORY = 10240

NATIVE, FAST, SMALL = "ota native", "ota native --fast", f"ota native --memory {SMALL_MEMORY}"

# Our name for it, the options of `ota delta make`.
VARIANTS = {
  NATIVE: ("--format", "native"),
  FAST: ("--format", "native", "--fast"),
  SMALL: ("--format", "native", "--memory", str(SMALL_MEMORY)),
  "ota bsdiff40": ("--format", "bsdiff40"),
  "ota bsdiff43": ("--format", "bsdiff43"),
  "ota vcdiff": ("--format", "vcdiff"),
  "ota zstd": ("--format", "zstd"),
}


def ours(ota):
  """The variants that this build has, and the names of those that it lacks, as two lists."""
  version = "sha256:" + digest_of(ota)[:12]
  tools = [_tool(ota, version, name, options) for name, options in VARIANTS.items()]
  found = [tool for tool in tools if _is_known(ota, tool)]
  return found, [tool.name for tool in tools if tool not in found]


def _tool(ota, version, name, options):
  is_small = name == SMALL
  return Tool(
    name, "ota", version, (ota, "delta", "make", "{old}", "{new}", "{patch}", *options),
    (ota, "delta", "apply", "{old}", "{patch}", "{out}", *(options[2:4] if is_small else ())),
    (ota, "--version"), decoder_memory=SMALL_MEMORY if is_small else None, is_ours=True, is_small=is_small)


def _is_known(ota, tool):
  """Whether the build has the format and the options: it says so by its exit status, whatever the images are."""
  with tempfile.TemporaryDirectory() as folder:
    paths = {name: os.path.join(folder, name) for name in ("old", "new", "patch", "out")}
    for name, repeats in (("old", 64), ("new", 65)):
      with open(paths[name], "wb") as file:
        file.write(bytes(range(64)) * repeats)
    arguments = [part.format_map(paths) for part in tool.create]
    return run(arguments, folder, 60).status != USAGE
