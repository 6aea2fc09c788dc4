//! Mistakes on the command line, and commands before a daemon has run.

use std::fs;

use tempfile::TempDir;

use super::{CONFIG, Desk, schema_of};
use crate::support::program::monitor;
use crate::support::schema;

#[tokio::test]
async fn mistakes_on_the_command_line_are_told_with_what_was_probably_meant() {
    let mut desk = Desk::new();
    desk.run(30, &[(1, 5), (10, 15), (20, 99)]).await;
    let add = |more: &[&'static str]| [&["silence", "add", "--author", "jin", "--reason", "r"], more].concat();
    let table: Vec<(Vec<&str>, i32, &str)> = vec![
        (
            vec!["incidents", "--since", "yesterday"],
            64,
            "`yesterday` is neither a length of time, such as 7d, nor a date",
        ),
        (vec!["incidents", "--since", "2999-01-01"], 64, "2999-01-01 is in the future"),
        (vec!["incidents", "--subject", "shop"], 64, "did you mean function:shop?"),
        (vec!["incidents", "zzz"], 64, "no incident has an id that begins with `zzz`; open incidents:"),
        (vec!["incidents", "zzz", "--open"], 64, "cannot be used with"),
        (
            vec!["ack", "zzz", "--author", "jin"],
            64,
            "no open incident has an id that begins with `zzz`; open incidents:",
        ),
        (vec!["incidents", ""], 64, "3 incidents have an id that begins with ``; type more characters:"),
        (vec!["ack", "", "--undo"], 1, "so there is nothing to undo"),
        (vec!["ack", "", "--undo", "--note", "x"], 64, "cannot be used with"),
        (vec!["ack", ""], 64, "neither USER nor LOGNAME is set"),
        (vec!["ack", "", "--author", "\u{1b}"], 64, "--author: the text must not be empty"),
        (vec!["outbox", "--receiver", "taem"], 64, "did you mean `team`?"),
        (vec!["outbox", "--all", "--since", "7d"], 64, "cannot be used with"),
        (vec!["silence"], 64, "Usage:"),
        (vec!["silence", "end", "7"], 64, "there is no silence 7; no silence is active or planned"),
        (vec!["silence", "end", "first"], 64, "invalid value"),
        (add(&["--all"]), 64, "required"),
        (add(&["--for", "2h"]), 64, "required"),
        (add(&["--all", "--rule", "blind", "--for", "2h"]), 64, "cannot be used with"),
        (add(&["--all", "--for", "2h", "--until", "2999-01-01T00:00"]), 64, "cannot be used with"),
        (vec!["silence", "add", "--all", "--for", "2h", "--author", "jin"], 64, "--reason"),
        (
            vec!["silence", "add", "--all", "--for", "2h", "--author", "jin", "--reason", " "],
            64,
            "the text must not be empty",
        ),
        (vec!["silence", "add", "--all", "--for", "2h", "--reason", "r"], 64, "set it with --author"),
        (add(&["--all", "--for", "2"]), 64, "a length of time such as"),
        (add(&["--all", "--for", "400d"]), 64, "is more than a year ahead"),
        (add(&["--all", "--until", "2999-01-01T00:00"]), 64, "is more than a year ahead"),
        (
            add(&["--all", "--until", "2024-12-24T08:00"]),
            64,
            "--until 2024-12-24 08:00:00 KST is in the past; it must be in the future",
        ),
        (add(&["--all", "--until", "tomorrow"]), 64, "`tomorrow` is not a time; write it as"),
        (
            add(&["--all", "--from", "2024-12-24T08:00:00Z", "--for", "2h"]),
            64,
            "--from 2024-12-24 17:00:00 KST is in the past",
        ),
        (add(&["--subject", "shop", "--for", "2h"]), 64, "did you mean function:shop?"),
        (add(&["--subject", "fnction:shop", "--for", "2h"]), 64, "did you mean `function`?"),
        (add(&["--rule", "[a", "--for", "2h"]), 64, "not a valid pattern"),
        // These are not, but may be.
        (
            add(&["--rule", "blnd", "--for", "2h"]),
            0,
            "no rule and no open incident matches `blnd`; did you mean `blind`?",
        ),
        (
            add(&["--subject", "source:watch.shpo", "--for", "2h"]),
            0,
            "no subject seen so far matches `source:watch.shpo`; nearest: source:watch.shop",
        ),
        (add(&["--rule", "blind", "--subject", "source:watch.shop", "--for", "2h"]), 0, ""),
        (vec!["silence", "end", "1"], 0, ""),
        (vec!["silence", "end", "1"], 1, "silence 1 has ended already"),
    ];
    for (args, code, words) in table {
        let output = desk.try_monitor(&args);
        assert_eq!(output.code, Some(code), "{args:?}: {}", output.stderr);
        let fits = if words.is_empty() { output.stderr.is_empty() } else { output.stderr.contains(words) };
        assert!(fits, "{args:?}: `{words}` is not what was said:\n{}", output.stderr);
        assert_eq!(output.stdout.is_empty(), code != 0, "{args:?}: {}", output.stdout);
    }
}

#[test]
fn without_a_store_there_is_nothing_to_show_and_nothing_to_write_to() {
    let folder = TempDir::new().expect("a folder");
    let tables =
        format!("{CONFIG}[receiver.chat]\nvia.slack = {{ webhook = {{ env = \"A_SECRET_THAT_IS_NOT_SET\" }} }}");
    fs::write(folder.path().join("alerts.toml"), tables).expect("the configuration");
    for (args, code) in [
        (vec!["incidents", "--format", "json"], 0),
        (vec!["silence", "list", "--format", "json"], 0),
        (vec!["outbox", "--format", "json"], 0),
        (vec!["outbox", "--receiver", "chat"], 0),
        (vec!["incidents", "676d"], 1),
        (vec!["ack", "676d"], 1),
        (vec!["silence", "add", "--all", "--for", "2h", "--reason", "r"], 1),
        (vec!["silence", "end", "1"], 1),
    ] {
        let output = monitor(folder.path()).args(&args).env("LOGNAME", "jin").run();
        assert_eq!(output.code, Some(code), "{args:?}: {}", output.stderr);
        assert!(
            output.stderr.contains("does not exist yet") && output.stderr.contains("`monitor run` creates it"),
            "{args:?}: {}",
            output.stderr
        );
        if args.contains(&"json") {
            schema::holds(&schema_of(args[0]), &serde_json::from_str(&output.stdout).expect("JSON"));
        }
        assert!(!folder.path().join("monitor.db").exists(), "{args:?} makes no store");
    }
}
