"""The virtual environment of CI's Python tools: .ci/requirements.txt, installed below target/.

It is made on first use, and again when that file changes. Honours CARGO_TARGET_DIR.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / ".ci/requirements.txt"
VENV = (ROOT / (os.environ.get("CARGO_TARGET_DIR") or "target")).resolve() / "venv-ci"


def tool(name: str) -> Path:
    """The path of an installed program, `python` included."""
    if sys.version_info < (3, 10):
        raise SystemExit("error: needs Python 3.10 or later")
    programs = VENV / ("Scripts" if os.name == "nt" else "bin")
    stamp = VENV / "requirements.sha256"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if not (stamp.exists() and stamp.read_text() == wanted):
        print(f"installing {REQUIREMENTS.relative_to(ROOT)} into {VENV}", file=sys.stderr)
        shutil.rmtree(VENV, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        pip = [programs / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        # Most modules are never imported: those that are compile then.
        subprocess.run([*pip, "--no-compile", "--requirement", REQUIREMENTS], check=True)
        # Last, so that an interrupted installation starts over.
        stamp.write_text(wanted)
    return programs / (f"{name}.exe" if os.name == "nt" else name)
