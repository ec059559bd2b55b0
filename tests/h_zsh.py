#!/usr/bin/env python3
"""Type lines and a tab into zsh, and print what becomes of them.

usage: h_zsh.py DIRECTORY LINE...	(DIRECTORY has the function _shmif)
"""
import os
import pty
import select
import signal
import sys
import time

pid, tty = pty.fork()
if pid == 0:
    os.environ["TERM"] = "dumb"
    os.execlp("zsh", "zsh", "-f", "-i")


def until(*words):
    """What zsh writes, up to one of the words; all of it after 10 s."""
    text = ""
    end = time.monotonic() + 10
    while time.monotonic() < end and not any(w in text for w in words):
        if select.select([tty], [], [], 0.1)[0]:
            text += os.read(tty, 65536).decode(errors="replace")
    return text


# ^T shows the line as it is.
os.write(tty, f"""\
fpath=({sys.argv[1]} $fpath); autoload -Uz compinit; compinit -u -D
unsetopt zle_bracketed_paste; bindkey '^I' complete-word; PS1='> '
show() {{ print -r -- "[[$BUFFER]]"; BUFFER= }}
zle -N show; bindkey '^T' show; echo rea''dy
""".encode())
until("ready")
for line in sys.argv[2:]:
    os.write(tty, f"{line}\t\x14".encode())
    shown = until("]]")
    print(shown.partition("[[")[2].partition("]]")[0])
os.kill(pid, signal.SIGKILL)
