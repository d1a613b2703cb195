#!/usr/bin/python3
"""pathfix.py -i INTERPRETER [-p] [-n] [-k] [-a FLAGS] PATH...: python scripts under PATH get INTERPRETER in their first line.

-p keeps time stamps, -n makes no backup, -k keeps the flags that are there, -a adds flags.
"""
import getopt
import os
import re
import sys


def new_shebang(line, interpreter, keep, add):
    flags, rest = "", ""
    if keep:
        words = line[2:].split(b" -", 1)
        if len(words) > 1:
            tail = words[1].decode().split(None, 1)
            flags, rest = tail[0], " ".join(tail[1:])
    flags = "".join(f for f in add if f not in flags) + flags
    text = "#!" + interpreter + (" -" + flags if flags else "") + (" " + rest if rest else "")
    return text.encode()


def fix(path, interpreter, keep_times, backup, keep, add):
    with open(path, "rb") as script:
        first = script.readline()
        if not re.match(rb"#!.*python", first):
            return
        body = script.read()
    old = first.rstrip(b"\r\n")
    new = new_shebang(old, interpreter, keep, add)
    if new == old:
        return
    status = os.stat(path)
    if backup:
        os.replace(path, path + "~")
    with open(path, "wb") as script:
        script.write(new + b"\n" + body)
    os.chmod(path, status.st_mode & 0o7777)
    if keep_times:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    print(path + ": updating")


def main():
    options, paths = getopt.getopt(sys.argv[1:], "i:a:kpn")
    given = dict(options)
    if "-i" not in given or not paths:
        sys.exit(__doc__)
    rest = (given["-i"], "-p" in given, "-n" not in given, "-k" in given, given.get("-a", ""))
    for path in paths:
        if os.path.isdir(path):
            for folder, folders, files in os.walk(path):
                folders.sort()
                for name in sorted(files):
                    inner = os.path.join(folder, name)
                    if name.endswith(".py") and not os.path.islink(inner):
                        fix(inner, *rest)
        elif os.path.exists(path):
            fix(path, *rest)
        else:
            sys.exit(path + ": no such file")


main()
