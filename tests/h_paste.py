#!/usr/bin/env python3
"""Paste text into an interactive shell, all at once, as a reader would.

usage: h_paste.py LIMIT <TEXT

The shell is a plain bash on a terminal.  What it shows goes to stdout; the
file "statuses" gets a line for each prompt, the status of what ran before it
and the command.  Exit status 1 if not all was run within LIMIT seconds.
"""
import os
import pty
import select
import signal
import sys
import time

text = sys.stdin.read()
end = time.monotonic() + float(sys.argv[1])
here = os.getcwd()
mark = os.path.join(here, "pasted")

os.environ["PROMPT_COMMAND"] = (
    f"printf '%s %s\\n' $? \"$(history 1 | head -n 1)\" >>{here}/prompts")
os.environ["HISTFILE"] = os.path.join(here, "history")
pid, tty = pty.fork()
if pid == 0:
    os.execlp("bash", "bash", "--norc", "-i")

os.write(tty, f"{text.rstrip()}\n: >{mark}\n".encode())
while not os.path.exists(mark) and time.monotonic() < end:
    if select.select([tty], [], [], 0.1)[0]:
        try:
            sys.stdout.buffer.write(os.read(tty, 65536))
        except OSError:         # the shell has ended
            break
sys.stdout.flush()
done = os.path.exists(mark)
# What ends with the terminal is no failure.
os.rename("prompts", "statuses")
os.kill(pid, signal.SIGKILL)
os.waitpid(pid, 0)
sys.exit(not done)
