"""The machine, as far as figures depend on it; nothing that names it."""

import os
import platform


def describe():
  return {
    "cpu": _first("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
    "cores": os.cpu_count(),
    "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
    "system": _first("/etc/os-release", "PRETTY_NAME", "=") or platform.system(),
    "kernel": platform.release(),
    "python": platform.python_version(),
  }


def _first(path, name, separator=":"):
  try:
    with open(path, encoding="utf-8") as file:
      for line in file:
        key, _, value = line.partition(separator)
        if key.strip() == name:
          return value.strip().strip('"')
  except OSError:
    pass
  return None
