//! What is handed out: the files of the Debian package and of the tarball. Building the package itself needs cargo-deb,
//! which takes minutes to install: `deploy/package.py deb` and `deploy/check_package.py --deb` do it before a release.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::support::program::binary;
use crate::world::repository;

fn folder() -> TempDir {
    TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder")
}

/// Runs a command that must succeed; what it prints.
#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.output().expect("a command");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{command:?}: {said}");
    said
}

/// `deploy/package.py` for a script that starts the program: an archive of it is made in no time.
fn package(folder: &Path, args: &[&str]) -> Command {
    let program = folder.join("monitor");
    let text = format!("#!/bin/sh\nexec {} \"$@\"\n", Path::new(&binary()).display());
    fs::write(&program, text).expect("a script");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("permissions");
    let mut command = Command::new("python3");
    command.arg(repository("deploy/package.py")).args(args).arg("--binary").arg(program);
    command.arg("--staging").arg(folder.join("staging")).arg("--out").arg(folder.join("out"));
    command.env("SOURCE_DATE_EPOCH", "1764500000");
    command
}

/// The metadata that cargo-deb reads.
fn metadata() -> toml::Table {
    let manifest = fs::read_to_string(repository("Cargo.toml")).expect("Cargo.toml");
    let manifest: toml::Table = manifest.parse().expect("TOML");
    manifest["package"]["metadata"]["deb"].as_table().expect("a table").clone()
}

fn copy(source: &Path, dest: &Path, mode: u32) {
    fs::create_dir_all(dest.parent().expect("a folder")).expect("a folder");
    fs::copy(source, dest).unwrap_or_else(|error| panic!("{}: {error}", source.display()));
    fs::set_permissions(dest, fs::Permissions::from_mode(mode)).expect("permissions");
}

/// The files of an asset: one, or those that `FOLDER/*.END` names.
fn files(source: &Path) -> Vec<PathBuf> {
    let Some(end) = source.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix("*.")) else {
        return vec![source.to_owned()];
    };
    let entries = fs::read_dir(source.parent().expect("a folder"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path());
    entries.filter(|path| path.extension().is_some_and(|found| found == end)).collect()
}

/// Installs what the metadata names; where each file came from.
fn install(staging: &Path, root: &Path) -> BTreeMap<String, PathBuf> {
    let metadata = metadata();
    let mut installed = BTreeMap::new();
    for asset in metadata["assets"].as_array().expect("assets") {
        let asset: Vec<&str> = asset.as_array().expect("an asset").iter().filter_map(toml::Value::as_str).collect();
        let (source, dest, mode) = (asset[0], asset[1], u32::from_str_radix(asset[2], 8).expect("a mode"));
        let source = match (source.strip_prefix("target/release/"), source.strip_prefix("target/package/")) {
            (Some("monitor"), _) => PathBuf::from(binary()),
            (_, Some(staged)) => staging.join(staged),
            _ => repository(source),
        };
        for file in files(&source) {
            let dest = match dest.ends_with('/') {
                true => format!("{dest}{}", file.file_name().expect("a name").display()),
                false => dest.to_owned(),
            };
            copy(&file, &root.join(&dest), mode);
            installed.insert(dest, file);
        }
    }
    let units = metadata["systemd-units"]["unit-scripts"].as_str().expect("a folder");
    let unit = repository(units).join("monitor.service");
    copy(&unit, &root.join("usr/lib/systemd/system/monitor.service"), 0o644);
    installed
}

#[test]
fn what_the_debian_package_installs_is_there_and_works() {
    let folder = folder();
    let said = run(&mut package(folder.path(), &["stage"]));
    assert!(said.contains("3 completions, licences of "), "{said}");
    let root = folder.path().join("root");
    let installed = install(&folder.path().join("staging"), &root);
    assert!(installed.len() >= 12, "{installed:?}");
    assert!(installed.keys().all(|path| path.starts_with("usr/")), "no file of the administrator: {installed:?}");
    let said = run(Command::new("python3").arg(repository("deploy/check_package.py")).arg("--root").arg(&root));
    assert!(said.contains("the example is a valid configuration") && said.contains("bash completes"), "{said}");

    let licences = fs::read_to_string(folder.path().join("staging/third-party-licenses.txt")).expect("licences");
    for crates in ["aws-lc-sys ", "rusqlite ", "tokio ", "Permission is hereby granted"] {
        assert!(licences.contains(crates), "{crates}");
    }
    let changelog = fs::read_to_string(folder.path().join("staging/changelog")).expect("a changelog");
    assert!(changelog.ends_with("  Sun, 30 Nov 2025 10:53:20 -0000\n"), "{changelog}");
}

#[test]
fn the_unit_names_what_the_package_and_init_write() {
    let unit = fs::read_to_string(repository("deploy/monitor.service")).expect("a unit");
    for line in [
        "Type=notify",
        "ExecStart=monitor run --config /etc/monitor/alerts.toml",
        // `monitor init` writes the secrets to a file of this name.
        "EnvironmentFile=-/etc/monitor/monitor.env",
        "DynamicUser=yes",
        "StateDirectory=monitor",
        "RestartPreventExitStatus=64 78",
    ] {
        assert!(unit.lines().any(|found| found == line), "{line}");
    }
    let metadata = metadata();
    assert!(metadata["assets"].to_string().contains("\"usr/bin/monitor\""), "systemd looks there");
    for key in ["enable", "start"] {
        assert_eq!(metadata["systemd-units"][key].as_bool(), Some(false), "there is no configuration yet: {key}");
    }
    for script in ["postinst", "postrm"] {
        let path = repository("deploy/deb").join(script);
        run(Command::new("sh").arg("-n").arg(&path));
        assert!(fs::read_to_string(&path).expect("a script").contains("\n#DEBHELPER#\n"), "{script}");
    }
}

#[test]
fn the_tarball_is_the_same_each_time_and_has_the_sums_of_its_files() {
    let made = |folder: &Path| {
        run(&mut package(folder, &["tarball"]));
        let out = folder.join("out");
        run(Command::new("sha256sum").args(["--check", "SHA256SUMS"]).current_dir(&out));
        let sums = fs::read_to_string(out.join("SHA256SUMS")).expect("sums");
        let name = sums.trim().rsplit("  ").next().and_then(|name| name.strip_suffix(".tar.gz")).expect("one tarball");
        (fs::read(out.join(format!("{name}.tar.gz"))).expect("a tarball"), name.to_owned())
    };
    let folder = folder();
    let (first, name) = made(folder.path());
    assert!(name.starts_with(&format!("monitor-{}-", env!("CARGO_PKG_VERSION"))), "{name}");
    assert!(made(folder.path()).0 == first, "the same program, another archive");

    run(Command::new("tar").arg("-xzf").arg(format!("out/{name}.tar.gz")).current_dir(folder.path()));
    let unpacked = folder.path().join(&name);
    assert!(run(Command::new(unpacked.join("monitor")).arg("--version")).starts_with("monitor "));
    for file in [
        "LICENSE",
        "README.md",
        "docs/install.md",
        "examples/alerts.toml",
        "completions/_monitor",
        "completions/monitor.bash",
        "completions/monitor.fish",
        "monitor.service",
        "third-party-licenses.txt",
    ] {
        assert!(fs::metadata(unpacked.join(file)).is_ok_and(|found| found.len() > 0), "{file}");
    }
}

#[test]
fn a_program_of_another_version_and_none_at_all_are_refused() {
    let folder = folder();
    let mut command = package(folder.path(), &["tarball"]);
    fs::write(folder.path().join("monitor"), "#!/bin/sh\necho monitor 0.0.1\n").expect("a script");
    let refused = |command: &mut Command, reason: &str| {
        let output = command.output().expect("a command");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && said.contains(reason), "{said}");
    };
    refused(&mut command, "says `monitor 0.0.1`, and Cargo.toml has version");
    fs::remove_file(folder.path().join("monitor")).expect("removed");
    refused(&mut command, "does not exist: build it first");
}
