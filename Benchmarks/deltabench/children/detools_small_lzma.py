"""Makes a patch of detools with an LZMA window of 4 KiB. Runs in the virtual environment of the peers.

The command line of detools always takes the window of the default preset, 8 MiB. So its patch is made without
compression, and what follows the header is compressed here as detools would, but for window and effort. The result is a patch
of detools, and detools applies it.
"""

import argparse
import lzma

import detools

WINDOW = 4096
# The lower four bits of the first byte say the compression; these are the numbers of detools.
COMPRESSION_MASK = 0x0F
COMPRESSION_LZMA = 1


def header_size(patch):
  """The type, and the size of the new image in bytes of seven bits; the top bit says that another one follows."""
  end = 1
  while patch[end] & 0x80:
    end += 1
  return end + 1


def main():
  parser = argparse.ArgumentParser()
  parser.add_argument("--lc", type=int, required=True)
  parser.add_argument("--data-format")
  parser.add_argument("old")
  parser.add_argument("new")
  parser.add_argument("patch")
  options = parser.parse_args()
  detools.create_patch_filenames(
    options.old, options.new, options.patch, compression="none", data_format=options.data_format)
  with open(options.patch, "rb") as file:
    plain = file.read()
  end = header_size(plain)

  def compressed(pb):
    # The strongest search: with the preset of detools, patches are up to a sixth larger.
    settings = {
      "id": lzma.FILTER_LZMA1, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": WINDOW, "lc": options.lc, "lp": 0,
      "pb": pb
    }
    return lzma.compress(plain[end:], format=lzma.FORMAT_ALONE, filters=[settings])

  body = min((compressed(pb) for pb in (0, 2)), key=len)
  with open(options.patch, "wb") as file:
    file.write(bytes([plain[0] & ~COMPRESSION_MASK | COMPRESSION_LZMA]) + plain[1:end] + body)


main()
