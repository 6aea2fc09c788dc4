//! The file of secrets: NAME=value lines that systemd, Docker and a shell read alike.

use model::secret::Secret;

/// What the file of secrets holds.
///
/// # Errors
/// A sentence that names the variable, never the value, if systemd, Docker and a shell would read it differently.
pub fn env_file(secrets: &[(String, Secret)]) -> Result<Secret, String> {
    let mut text = String::from("# Secrets of monitor; alerts.toml names them. Keep this file private (mode 0600).\n");
    for (name, value) in secrets {
        let value = value.reveal();
        if !value.chars().all(is_plain) || value.is_empty() {
            return Err(format!(
                "the value of {name} has characters that systemd, Docker and a shell read differently in a file of \
                variables; set {name} in the \
                 environment of the service, or write {{ file = \"PATH\" }} in alerts.toml"
            ));
        }
        text.push_str(&format!("{name}={value}\n"));
    }
    Ok(Secret::new(text))
}

/// Whether a character means itself everywhere, without quotes.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c)
}

/// Whether a variable can have this name.
pub fn is_variable_name(name: &str) -> bool {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_readers_of_the_file_would_read_differently_is_refused_without_its_value() {
        let file = |value: &str| env_file(&[("HOOK".to_owned(), Secret::new(value))]);
        let written = file("https://hooks.slack.com/services/T0/B0/abc-DEF_1").unwrap();
        assert!(written.reveal().ends_with("\nHOOK=https://hooks.slack.com/services/T0/B0/abc-DEF_1\n"));
        for value in ["", "two words", "a\nB=c", "p$w", "p'w", "p\"w", "p#w", "p\\w", "가", "a;b", "`x`"] {
            let why = file(value).unwrap_err();
            assert!(why.contains("HOOK") && (value.is_empty() || !why.contains(value)), "{why}");
        }
        for (name, valid) in [("HOOK", true), ("_a1", true), ("1A", false), ("A-B", false), ("", false), ("A B", false)]
        {
            assert_eq!(is_variable_name(name), valid, "{name}");
        }
    }
}
