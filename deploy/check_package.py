"""Installs the Debian package into a scratch folder and tries what came with it.

    sudo python3 deploy/check_package.py --deb target/dist/monitor_0.1.0-1_amd64.deb    # installs, upgrades, purges
    python3 deploy/check_package.py --root FOLDER                                       # tries what is in there

Nothing outside the scratch folder changes. The program runs on this machine, the unit is read by `systemd-analyze`, the
completions by those of bash, zsh and fish that are here. It prints what it tried and what it left out. Exit codes:
0 all is well; 1 something is not.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

UNIT = "usr/lib/systemd/system/monitor.service"
EXAMPLE = "usr/share/doc/monitor/examples/alerts.toml"
BASH = "usr/share/bash-completion/completions/monitor"
ZSH = "usr/share/zsh/vendor-completions/_monitor"
FISH = "usr/share/fish/vendor_completions.d/monitor.fish"
# Files of the administrator, which no upgrade, removal or purge may touch.
OWN = {"etc/monitor/alerts.toml": "own = true\n", "etc/monitor/monitor.env": "SECRET=x\n"}
# systemd's measure of what a service could do, from 0 to 10; the unit has 1.1 in systemd 252.
EXPOSURE_LIMIT = 2.0
tried = 0


class Wrong(Exception):
    """What is wrong, as a sentence."""


def must(holds, sentence):
    if not holds:
        raise Wrong(sentence)


def done(what):
    global tried
    tried += 1
    print(f"ok: {what}", flush=True)


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, **more)
    shown = " ".join(map(str, command))
    must(done.returncode == 0, f"`{shown}` ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def program(root):
    monitor = root / "usr/bin/monitor"
    with tempfile.TemporaryDirectory() as home:
        environment = {"PATH": os.environ["PATH"], "HOME": home}
        said = run(monitor, "--version", env=environment, cwd=home)
        must(said.startswith("monitor "), f"--version says {said}")
        done(said.strip())
        run(monitor, "check", "--config", root / EXAMPLE, env=environment, cwd=home)
        done("the example is a valid configuration")


def unit(root):
    if not shutil.which("systemd-analyze"):
        print("left out: the unit; systemd-analyze is not here (on Debian: apt install systemd)")
        return
    with tempfile.TemporaryDirectory() as folder:
        # The unit waits for units of systemd, so these have to be there too, and its program where it is looked for.
        whole = pathlib.Path(folder)
        units = whole / "usr/lib/systemd/system"
        shutil.copytree("/usr/lib/systemd/system", units, symlinks=True)
        (units / "monitor.service").unlink(missing_ok=True)
        shutil.copy(root / UNIT, units / "monitor.service")
        (whole / "usr/bin").mkdir(parents=True)
        if os.access(root / "usr/bin/monitor", os.X_OK):
            shutil.copy("/bin/true", whole / "usr/bin/monitor")
        said = run("systemd-analyze", "verify", f"--root={whole}", "monitor.service")
        about = [line for line in said.splitlines() if "monitor" in line]
        must(not about, "systemd-analyze verify: " + "\n".join(about))
        done("systemd-analyze verify has nothing to say about the unit")
        said = run("systemd-analyze", "security", "--offline=true", "--no-pager", f"--root={whole}", "monitor.service")
        level = float(said.split("Overall exposure level for monitor.service: ")[1].split()[0])
        must(level <= EXPOSURE_LIMIT, f"systemd-analyze security: {level}, at most {EXPOSURE_LIMIT} is wanted")
        done(f"systemd-analyze security: exposure {level}")


def completions(root):
    # What a shell does at the Tab key, for two places of a command line.
    for words, wanted in [(["monitor", "rep"], "report"), (["monitor", "report", "--mon"], "--month")]:
        script = (
            'source "$1"; shift; complete -p monitor >/dev/null; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
            '_monitor monitor "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"; '
            'printf "%s\\n" "${COMPREPLY[@]}"'
        )
        said = run("bash", "-euc", script, "bash", root / BASH, *words)
        must(wanted in said.split(), f"bash completes {words} to {said.split()}, without {wanted}")
    done("bash completes a command and a flag")
    for shell, path in [("zsh", ZSH), ("fish", FISH)]:
        must((root / path).stat().st_size > 1000, f"{path} is almost empty")
        if shutil.which(shell):
            run(shell, "-n", root / path)
            done(f"{shell} reads its completions")
        else:
            print(f"left out: {shell} is not here")


def dpkg(root, *args):
    """dpkg in the scratch folder. Its scripts run here, and are told where by DPKG_ROOT."""
    return run("dpkg", f"--root={root}", "--force-script-chrootless", "--force-depends", *args)


def owned(root):
    return {path: (root / path).read_text() for path in OWN if (root / path).exists()}


def life(root, deb):
    """Installs, upgrades, removes and purges, beside the files of the administrator."""
    for folder in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers"):
        (root / folder).mkdir(parents=True)
    for file in ("status", "available"):
        (root / "var/lib/dpkg" / file).touch()
    dpkg(root, "--install", deb)
    must((root / "etc/monitor").is_dir(), "the package did not make /etc/monitor")
    must(not owned(root), "the package wrote a configuration")
    wants = [path for path in root.rglob("monitor.service") if path.is_symlink()]
    must(not wants, f"the package enabled its unit: {wants}")
    done("installed; nothing is configured or enabled")
    for path, text in OWN.items():
        (root / path).write_text(text)
    dpkg(root, "--install", deb)
    must(owned(root) == OWN, "an upgrade changed the configuration")
    done("an upgrade leaves the configuration as it is, and asks nothing")
    return lambda: remove(root)


def remove(root):
    dpkg(root, "--remove", "monitor")
    must(not (root / "usr/bin/monitor").exists(), "the program is still there after a removal")
    dpkg(root, "--purge", "monitor")
    must(owned(root) == OWN, "a purge took the configuration")
    left = [
        str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() and "var/lib/dpkg" not in str(path)
    ]
    must(sorted(left) == sorted(OWN), f"a purge left {left}")
    done("a purge leaves the administrator's files and nothing else")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--deb", type=pathlib.Path, help="a package")
    what.add_argument("--root", type=pathlib.Path, help="a folder that a package was unpacked into")
    given = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            root, at_the_end = given.root or pathlib.Path(scratch), lambda: None
            if given.deb and os.geteuid() == 0:
                at_the_end = life(root, given.deb)
            elif given.deb:
                run("dpkg-deb", "-x", given.deb, root)
                print("left out: installing, upgrading and purging, which only root can")
            program(root)
            unit(root)
            completions(root)
            at_the_end()
    except (Wrong, OSError) as wrong:
        print(f"wrong: {wrong}", file=sys.stderr)
        return 1
    print(f"{tried} checks")
    return 0


if __name__ == "__main__":
    sys.exit(main())
