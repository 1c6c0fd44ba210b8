"""Checked facts, one a line."""

import sys

from machine import Failed


class Report:
    def __init__(self):
        self.count = 0

    def chapter(self, title):
        print(f"\n{title}", flush=True)

    def check(self, what, holds=True):
        """States a fact; ends the run if it does not hold."""
        print(f"   {'ok' if holds else 'NO'}  {what}", flush=True)
        if not holds:
            raise Failed(what)
        self.count += 1

    def say(self, what):
        print(f"       {what}", flush=True)


def main(body):
    """Runs a story; the exit status is 1 if a check does not hold."""
    report = Report()
    try:
        body(report)
    except Failed as failure:
        print(f"FAILED: {failure}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
