"""Runs one program, waits for it, and writes to a descriptor how it ended and what it cost.

A new process begins with the peak of memory of the one that it was copied from. This program is small, so that the
peaks of small programs can be seen; it imports nothing but what is built in.
"""

import os
import sys


def main():
  report = int(sys.argv[1])
  os.set_inheritable(report, False)
  child = os.fork()
  if child == 0:
    try:
      os.execvp(sys.argv[2], sys.argv[2:])
    except OSError as error:
      os.write(2, f"{sys.argv[2]}: {error.strerror}\n".encode())
      os._exit(127)
  _, status, usage = os.wait4(child, 0)
  figures = (os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
  os.write(report, " ".join(map(str, figures)).encode())


main()
