"""Packs a built `monitor`: a tarball for any Linux, or a Debian package.

    cargo build --release --locked
    python3 deploy/package.py tarball        # target/dist/monitor-VERSION-TARGET.tar.gz
    python3 deploy/package.py deb            # target/dist/monitor_VERSION-1_ARCHITECTURE.deb

`deb` needs cargo-deb and dpkg-dev. The completions come from the program itself, so it must run on this machine; for
another target, name one that does with --runs-here. The same commit and the same program give the same bytes: files are
sorted, and their time is that of the commit, or SOURCE_DATE_EPOCH. target/dist/SHA256SUMS has the sums of all that lies
there.
"""

import argparse
import email.utils
import gzip
import hashlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

TOP = pathlib.Path(__file__).resolve().parent.parent
COMPLETIONS = {"bash": "monitor.bash", "zsh": "_monitor", "fish": "monitor.fish"}
# Files that say under which terms a crate may be passed on.
TERMS = ("LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE")


class Stop(Exception):
    """Why nothing is packed, as a sentence."""


def said_by(*command):
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True)
    if done.returncode != 0:
        raise Stop(f"`{' '.join(map(str, command))}` failed: {done.stderr.strip()[-2000:]}")
    return done.stdout


def time_of_the_commit():
    given = os.environ.get("SOURCE_DATE_EPOCH")
    return int(given or said_by("git", "log", "-1", "--format=%ct"))


def host():
    return next(line.split()[1] for line in said_by("rustc", "-vV").splitlines() if line.startswith("host:"))


def terms(files):
    return sorted(file for file in files if file.is_file() and file.name.upper().startswith(TERMS))


class Tree:
    """The crates, as cargo resolves them for a target."""

    def __init__(self, target):
        found = json.loads(
            said_by("cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", target)
        )
        self.packages = {package["id"]: package for package in found["packages"]}
        self.nodes = {node["id"]: node for node in found["resolve"]["nodes"]}
        self.monitor = next(one for one in found["packages"] if one["name"] == "monitor" and one["source"] is None)
        self.version = self.monitor["version"]


def third_party(tree):
    """The licences of all crates that are linked into the program, each text once, under the crates that have it."""
    packages, nodes, start = tree.packages, tree.nodes, tree.monitor["id"]
    linked, waiting = set(), [start]
    while waiting:
        id = waiting.pop()
        if id in linked:
            continue
        linked.add(id)
        for dependency in nodes[id]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                waiting.append(dependency["pkg"])
    texts, silent = {}, []
    foreign = sorted((packages[id]["name"], packages[id]["version"], id) for id in linked if packages[id]["source"])
    for name, number, id in foreign:
        folder = pathlib.Path(packages[id]["manifest_path"]).parent
        # Some have it in other folders and under other names, such as the fonts.
        files = terms(folder.iterdir()) or sorted(folder.rglob("*.txt"))
        for file in files:
            text = file.read_text(errors="replace").replace("\r\n", "\n").strip()
            texts.setdefault(text, []).append(f"{name} {number} ({packages[id]['license']})")
        if not files:
            silent.append(f"{name} {number}: {packages[id]['license']}")
    parts = ["The program contains these crates, under their licences."]
    if silent:
        parts.append("Crates that come without the text of their licence:\n" + "\n".join(silent))
    for text, crates in texts.items():
        parts.append("\n".join(dict.fromkeys(crates)) + "\n\n" + text)
    return len(foreign), ("\n\n" + "-" * 72 + "\n\n").join(parts) + "\n"


def stage(given, tree):
    """Writes what is not in the repository: completions, licences of others, Debian's changelog."""
    folder, version = given.staging, tree.version
    runs_here = given.runs_here or given.binary
    if not given.binary.is_file():
        raise Stop(f"{given.binary} does not exist: build it first, or name it with --binary")
    answered = said_by(runs_here.resolve(), "--version").strip()
    if answered != f"monitor {version}":
        raise Stop(f"{runs_here} says `{answered}`, and Cargo.toml has version {version}: build it anew")
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "completions").mkdir(parents=True)
    for shell, name in COMPLETIONS.items():
        (folder / "completions" / name).write_text(said_by(runs_here.resolve(), "completions", shell))
    crates, licences = third_party(tree)
    (folder / "third-party-licenses.txt").write_text(licences)
    date = email.utils.formatdate(time_of_the_commit())
    maintainer = tree.monitor["metadata"]["deb"]["maintainer"]
    (folder / "changelog").write_text(
        f"monitor ({version}-1) unstable; urgency=medium\n\n"
        f"  * What changed is in /usr/share/doc/monitor/changelog.gz.\n\n"
        f" -- {maintainer}  {date}\n"
    )
    print(f"{len(COMPLETIONS)} completions, licences of {crates} crates")


def tarball(given, tree):
    folder = given.staging
    stage(given, tree)
    files = {
        "monitor": (given.binary, 0o755),
        "monitor.service": (TOP / "deploy" / "monitor.service", 0o644),
        "examples/alerts.toml": (TOP / "alerts.toml", 0o644),
        "third-party-licenses.txt": (folder / "third-party-licenses.txt", 0o644),
    }
    files |= {name: (TOP / name, 0o644) for name in ("LICENSE", "README.md", "CHANGELOG.md", "deploy/README.md")}
    files |= {f"docs/{path.name}": (path, 0o644) for path in (TOP / "docs").glob("*.md")}
    files |= {f"completions/{name}": (folder / "completions" / name, 0o644) for name in COMPLETIONS.values()}
    name, time = f"monitor-{tree.version}-{given.target}", time_of_the_commit()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, (source, mode) in sorted(files.items()):
            content = source.read_bytes()
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size, entry.mode, entry.mtime, entry.uname, entry.gname = len(content), mode, time, "root", "root"
            archive.addfile(entry, io.BytesIO(content))
    given.out.mkdir(parents=True, exist_ok=True)
    made = given.out / f"{name}.tar.gz"
    made.write_bytes(gzip.compress(packed.getvalue(), compresslevel=9, mtime=0))
    return made


def deb(given, tree):
    folder = given.staging
    stage(given, tree)
    # cargo-deb looks for `target/release/` in the target folder that it is told.
    (folder / "release").mkdir()
    shutil.copy2(given.binary, folder / "release" / "monitor")
    given.out.mkdir(parents=True, exist_ok=True)
    environment = {"CARGO_TARGET_DIR": str(folder), "SOURCE_DATE_EPOCH": str(time_of_the_commit())}
    tools = TOP / "target" / "tools" / "bin"
    environment["PATH"] = f"{tools}{os.pathsep}{os.environ['PATH']}"
    command = ["cargo", "deb", "--no-build", "--locked", "--offline", "--output", str(given.out.resolve()) + "/"]
    command += ["--target", given.target] if given.target != host() else []
    done = subprocess.run(command, cwd=TOP, env=os.environ | environment, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Stop("cargo-deb failed. Install it with: cargo install cargo-deb --locked --root target/tools")
    return pathlib.Path(done.stdout.split()[-1])


def sums(folder):
    lines = []
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name != "SHA256SUMS":
            lines.append(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n")
    (folder / "SHA256SUMS").write_text("".join(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "what", choices=["tarball", "deb", "stage"], help="stage: only what the two need and the repository has not"
    )
    parser.add_argument(
        "--binary", type=pathlib.Path, help="the program to pack (default: target/release/monitor, or that of --target)"
    )
    parser.add_argument(
        "--runs-here", type=pathlib.Path, help="a program of the same version that runs on this machine"
    )
    parser.add_argument("--target", default=None, help="its target (default: that of this machine)")
    parser.add_argument(
        "--out", type=pathlib.Path, default=TOP / "target" / "dist", help="where to (default: target/dist)"
    )
    parser.add_argument(
        "--staging",
        type=pathlib.Path,
        default=TOP / "target" / "package",
        help="for what is made on the way (default: target/package; deb takes it from there)",
    )
    given = parser.parse_args()
    if given.what == "deb" and given.staging != TOP / "target" / "package":
        parser.error("Cargo.toml names files in target/package: deb has no other --staging")
    folder = "target/release" if given.target is None else f"target/{given.target}/release"
    given.binary = given.binary or TOP / folder / "monitor"
    try:
        given.target = given.target or host()
        tree = Tree(given.target)
        if given.what == "stage":
            stage(given, tree)
            return 0
        made = tarball(given, tree) if given.what == "tarball" else deb(given, tree)
        sums(given.out)
    except Stop as stop:
        print(f"deploy/package.py: {stop}", file=sys.stderr)
        return 1
    print(f"{made}: {made.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
