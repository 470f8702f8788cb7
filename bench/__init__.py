"""The quants' harness: workloads, the C++ reference, and one file per promise. `python3 run.py bench` runs it.

workloads  seeded flows of commands as rows, cached below build/bench
venue      an exchange made for a workload: the one place that sets up a Matching
reference  reference.cpp: compiled when needed, run on the same file
measure    rounds in turn, medians, ratios pair by pair, the machine
core       commands in memory → matching → events, beside the reference
replay     a journal read, verified and applied, beside the core alone
"""
