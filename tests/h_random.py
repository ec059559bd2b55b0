"""Random calls on the kernel and on a virtual host, and where they differ.

usage: h_random.py PROGRAM KERNEL VIRTUAL FIRST COUNT ALLOWED

PROGRAM is h_conform_random; KERNEL and VIRTUAL are what it is run by, such as
"nsenter -t PID -n".  Of each kind of difference two are shown, with as few
steps as show it; if more than ALLOWED sequences differ, the exit status is 1.
Left aside is what the kernel does not do the same three times, and what is not
seen again, unless it is much: a busy machine may be late.
"""
import collections
import re
import shlex
import subprocess
import sys

BATCH = 25      # sequences that a process does
LIMIT = 1200    # s that a batch may take
STEPS = 60      # no sequence has more
SHOWN = 2       # of a kind
UNSURE = 20     # one of so many sequences may be left aside


class Side:
    """One of the two, with ports that nothing used before."""
    def __init__(self, program, words):
        self.command = shlex.split(words) + [program]
        self.port = 2000

    def run(self, seeds, steps=None):
        """What each of these sequences, or only these steps, printed."""
        command = self.command + ["-p", str(self.port)]
        if steps is not None:
            command += ["-s", ",".join(map(str, steps))]
        command += map(str, seeds)
        self.port += 8 * len(seeds)
        if self.port > 30000:
            self.port = 2000
        try:
            p = subprocess.run(command, stdout=subprocess.PIPE, check=True,
                               stdin=subprocess.DEVNULL, timeout=LIMIT,
                               text=True, errors="replace")
        except (OSError, subprocess.SubprocessError) as e:
            sys.exit(f"{self.command[0]}: {e}")
        found = collections.defaultdict(list)
        for line in p.stdout.splitlines():
            if m := re.match(r"seed-(\d+) (.*)", line):
                found[int(m[1])].append(m[2])
        for seed in seeds:
            if steps is None and not found[seed]:
                sys.exit(f"{shlex.join(self.command)}: seed {seed} "
                         "printed nothing")
        return found


class Comparison:
    """Of the same sequences, on both sides."""
    def __init__(self, program, kernel, virtual):
        self.kernel = Side(program, kernel)
        self.virtual = Side(program, virtual)
        self.kinds = collections.Counter()
        self.unsure = 0

    def differs(self, seed, steps):
        """Both sides' lines of it, or None if they are the same."""
        k = self.kernel.run([seed], steps)[seed]
        v = self.virtual.run([seed], steps)[seed]
        return (k, v) if k != v else None

    def shrink(self, seed):
        """As few steps as differ, and the lines; or None: not seen again."""
        steps = list(range(STEPS))
        lines = self.differs(seed, steps)
        n = STEPS // 2 if lines else 0
        while n:
            i = 0
            while i < len(steps):
                fewer = steps[:i] + steps[i + n:]
                if now := self.differs(seed, fewer):
                    steps, lines = fewer, now
                else:
                    i += n
            n //= 2
        # What is left must not be chance, either.
        return (steps, lines) if lines and \
            self.differs(seed, steps) == lines else None

    def look_at(self, seed, k, v):
        """A sequence that the kernel does the same each time."""
        kind = kind_of(*first_difference(k, v))
        if self.kinds[kind] >= SHOWN:
            self.kinds[kind] += 1
            return
        if less := self.shrink(seed):
            self.kinds[kind] += 1
            show(seed, *less)
            return
        self.unsure += 1
        print(f"seed {seed}: not seen again:", *first_difference(k, v),
              sep="\n    ", flush=True)

    def batch(self, seeds):
        """Compare these, and see which the kernel does the same each time."""
        k = self.kernel.run(seeds)
        v = self.virtual.run(seeds)
        bad = [seed for seed in seeds if k[seed] != v[seed]]
        if not bad:
            return
        again = [self.kernel.run(bad) for i in range(2)]
        for seed in bad:
            if all(k[seed] == a[seed] for a in again):
                self.look_at(seed, k[seed], v[seed])
            else:
                self.unsure += 1


def pairs(k, v):
    """The lines of both, side by side."""
    return [(k[i] if i < len(k) else "-", v[i] if i < len(v) else "-")
            for i in range(max(len(k), len(v)))]


def first_difference(k, v):
    """The first two lines that are not the same."""
    return next((a, b) for a, b in pairs(k, v) if a != b)


def kind_of(*lines):
    """A call and what it gave, on each side, without the arguments."""
    return tuple((re.sub(r"^(\d+|end) ", "", line).split(" ")[0],
                  line.rsplit(": ", 1)[-1]) for line in lines)


def show(seed, steps, lines):
    """A shrunk sequence; K is the kernel, V the virtual host."""
    print("== seed", seed, "steps", ",".join(map(str, steps)))
    for a, b in pairs(*lines):
        if a == b:
            print("   ", a)
        else:
            print("  K", a)
            print("  V", b)
    sys.stdout.flush()


def main():
    """Compare them all."""
    program, kernel, virtual = sys.argv[1:4]
    first, count, allowed = map(int, sys.argv[4:7])
    c = Comparison(program, kernel, virtual)
    end = first + count
    for at in range(first, end, BATCH):
        c.batch(range(at, min(at + BATCH, end)))
    different = sum(c.kinds.values())
    print(f"seeds {first} to {end - 1}: {different} differ, {c.unsure} unsure")
    sys.exit(1 if different > allowed or c.unsure * UNSURE > count else 0)


if __name__ == "__main__":
    main()
