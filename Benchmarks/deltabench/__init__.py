"""Compares `ota delta` with other delta tools on pairs of images; Benchmarks/README.md says how."""
