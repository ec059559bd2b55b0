"""The commands of a CI file, one a line, but for those after a failure.

usage: h_ci.py FILE
"""
import sys

import yaml

with open(sys.argv[1], encoding="utf-8") as f:
    whole = yaml.safe_load(f)
if "jobs" in whole:
    job = whole["jobs"]["check"]
    image = job["container"]
    lines = [s["run"] for s in job["steps"] if "run" in s and "if" not in s]
else:
    job = whole["check"]
    image = job["image"]
    lines = job["before_script"] + job["script"]
print("#", image)
print("\n".join(lines))
