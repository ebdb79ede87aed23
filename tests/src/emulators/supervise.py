"""Runs one emulator and ends it, with all it started, when standard input closes.

The parent holds the other end of that pipe, so its death, of whatever kind, is the end of the
emulator too. Arguments: a working directory, then the command. The directory is removed
afterwards, and with the last of its siblings the folder that they are in.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading


def main():
    workdir, command = sys.argv[1], sys.argv[2:]
    # Ctrl-C reaches the whole terminal group; only the parent decides when this ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # A session of its own: its process group holds the emulator's own children as well.
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, cwd=workdir, start_new_session=True)

    def end(*_):
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def watch():
        while os.read(0, 4096):
            pass
        end()

    signal.signal(signal.SIGTERM, end)
    threading.Thread(target=watch, daemon=True).start()
    code = child.wait()
    end()
    shutil.rmtree(workdir, ignore_errors=True)
    folder = os.path.dirname(workdir)
    if os.path.isdir(folder) and not any(entry.is_dir() for entry in os.scandir(folder)):
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(code if code >= 0 else 128 - code)


main()
