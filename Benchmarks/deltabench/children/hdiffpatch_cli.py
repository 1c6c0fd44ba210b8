"""A command line for the module hdiffpatch, which has none. Runs in the virtual environment of the peers."""

import sys

import hdiffpatch

# The strongest settings of each compressor, one thread as everybody else; the lite ones fit a decoder of 10 KiB where
# their name says a size.
COMPRESSIONS = {
  "lzma2": lambda: hdiffpatch.Lzma2Config(level=9, window=25, threads=1),
  "zstd": lambda: hdiffpatch.ZStdConfig(level=22, window=27, threads=1),
  "bzip2": lambda: "bzip2",
  "tuz": lambda: hdiffpatch.TuzConfig(dict_size=8192, literal_line=True),
  "tamp": lambda: hdiffpatch.TampConfig(window=12),
}


def read(path):
  with open(path, "rb") as file:
    return file.read()


def main(arguments):
  if arguments == ["idle"]:
    return
  verb, kind, first, second, result = arguments
  is_lite = kind.startswith("lite-")
  if verb == "diff":
    make = hdiffpatch.diff_lite if is_lite else hdiffpatch.diff
    # It applies its patch to be sure, as hdiffz does by default.
    made = make(read(first), read(second), compression=COMPRESSIONS[kind.removeprefix("lite-")]())
  else:
    apply = hdiffpatch.apply_lite if is_lite else hdiffpatch.apply
    made = apply(read(first), read(second))
  with open(result, "wb") as file:
    file.write(made)


main(sys.argv[1:])
