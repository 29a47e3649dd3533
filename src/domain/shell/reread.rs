//! Words of a command that are read again, as code: by a second shell, by another language, or by
//! bash itself where it computes. Quotes are gone by then, so that no value may stand there. Rather
//! too much counts as such a place than too little.

/// Shells by name.
const SHELLS: [&str; 6] = ["sh", "bash", "dash", "ash", "zsh", "ksh"];
/// What reads all its words again, or takes them for names that bash computes subscripts of.
const REREADS: [&str; 12] = [
    "eval", "watch", "trap", "source", ".", "let", "declare", "typeset", "local", "unset", "read",
    "mapfile",
];
/// Languages whose first plain word is a program.
const PROGRAM_FIRST: [&str; 7] = ["awk", "gawk", "mawk", "nawk", "sed", "gsed", "jq"];
/// What may stand before the command itself.
const BEFORE_THE_COMMAND: [&str; 15] = [
    "sudo", "doas", "exec", "command", "nohup", "time", "nice", "then", "do", "else", "if",
    "while", "until", "!", "{",
];

/// The words of the simple command that `before` ends in, and the beginning of the word that
/// follows them.
fn words_of(before: &str) -> (Vec<String>, String) {
    // A line that ends with a backslash goes on.
    let joined = before.replace("\\\n", " ");
    let command = joined.rsplit(['\n', ';', '|', '&', '(']).next();
    let command = command.unwrap_or_default();
    let complete = command
        .rfind(char::is_whitespace)
        .map_or(0, |space| space + 1);
    let words = command[..complete].split_whitespace();
    (
        words.map(str::to_owned).collect(),
        command[complete..].to_owned(),
    )
}

fn name_of(word: &str) -> &str {
    match word.rsplit('/').next() {
        Some(name) if !name.is_empty() => name,
        _ => word,
    }
}

/// Whether a variable behind `before` is the command itself, or a part of its name.
pub fn is_command_word(before: &str) -> bool {
    let (words, begun) = words_of(before);
    !begun.contains('=')
        && words
            .iter()
            .all(|word| BEFORE_THE_COMMAND.contains(&word.as_str()) || word.contains('='))
}

/// Whether what the command prints goes to a shell: `after` follows the variable.
pub(super) fn goes_to_a_shell(after: &str) -> bool {
    let line = after.replace("\\\n", " ");
    let line = line.split(['\n', ';', '&']).next().unwrap_or_default();
    line.split('|').skip(1).any(|command| {
        let mut words = command.split_whitespace().map(name_of);
        words.any(|word| SHELLS.contains(&word) || word == "ssh")
    })
}

/// Whether the simple command that `before` ends in reads its later words again.
pub(super) fn is_reparsed(before: &str) -> bool {
    let (words, begun) = words_of(before);
    // A subscript of an array: bash computes it.
    if begun.contains('[') && !begun.starts_with('[') {
        return true;
    }
    let names: Vec<&str> = words.iter().map(|word| name_of(word)).collect();
    let position = |wanted: &[&str]| names.iter().position(|name| wanted.contains(name));
    let option_behind = |place: usize, fits: &dyn Fn(&str) -> bool| {
        words[place..].iter().any(|word| fits(word.as_str()))
    };
    if position(&REREADS).is_some() || (names.contains(&"[[") && !names.contains(&"]]")) {
        return true;
    }
    let ends_in_c =
        |word: &str| word.starts_with('-') && !word.starts_with("--") && word.ends_with('c');
    let shells = [SHELLS.as_slice(), &["su", "runuser"]].concat();
    if position(&shells).is_some_and(|shell| option_behind(shell, &ends_in_c)) {
        return true;
    }
    let languages = ["python", "python3", "perl", "ruby", "node", "php"];
    let takes_code = |word: &str| matches!(word, "-c" | "-e" | "-r");
    if position(&languages).is_some_and(|place| option_behind(place, &takes_code)) {
        return true;
    }
    // `printf -v NAME`, `test -v NAME`: names of bash, with subscripts.
    let names_one = |word: &str| word == "-v";
    if position(&["printf", "test", "["]).is_some_and(|place| option_behind(place, &names_one)) {
        return true;
    }
    if let Some(place) = position(&PROGRAM_FIRST)
        && words[place + 1..].iter().all(|word| word.starts_with('-'))
    {
        return true;
    }
    position(&["ssh"]).is_some_and(|ssh| is_behind_the_host(&words[ssh + 1..]))
}

/// Whether the words behind `ssh` name a host already: what follows is read again over there.
fn is_behind_the_host(words: &[String]) -> bool {
    let mut takes_value = false;
    for word in words {
        if takes_value {
            takes_value = false;
        } else if let Some(option) = word.strip_prefix('-') {
            takes_value = option.len() == 1 && "bcDEeFIiJLlmOopRSWw".contains(option);
        } else {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use crate::domain::shell::{Place, slots};

    use super::is_command_word;

    fn place(command: &str) -> Place {
        slots(command)[0].place
    }

    #[test]
    fn what_bash_or_another_language_computes_takes_no_value() {
        for command in [
            "[[ {{host}} -gt 5 ]] && echo x",
            "let x={{host}}",
            "a[{{host}}]=1",
            "printf -v {{host}} x",
            "test -v {{host}}",
            "unset {{host}}",
            "awk {{host}} file",
            "awk -F: {{host}} file",
            "sed -n {{host}} file",
            ". {{host}}",
            "source {{host}}",
            "echo {{host}} | sh",
            "echo {{host}} | sudo bash",
            "echo {{host}} | grep x | ssh nas bash",
        ] {
            assert_eq!(place(command), Place::Reparsed, "{command}");
        }
    }

    #[test]
    fn what_only_looks_so_takes_one() {
        for command in [
            "[ {{count}} -gt 5 ]",
            "[[ -f x ]] ; ls {{host}}",
            "awk '{print $1}' {{file}}",
            "sed -n 5p {{file}}",
            "docker logs \\\n  {{container}}",
            "echo {{host}} | grep x",
            "printf '%s' {{host}}",
            "ls ./{{host}}",
        ] {
            assert_eq!(place(command), Place::Bare, "{command}");
        }
    }

    #[test]
    fn a_value_is_not_the_command() {
        for before in ["", "sudo ", "X=1 ", "if ", "/usr/bin/", "true; ", "ls | "] {
            assert!(is_command_word(before), "{before:?}");
        }
        for before in [
            "ls ",
            "X=",
            "for x in ",
            "case ",
            "docker logs \\\n ",
            "sudo ls ",
        ] {
            assert!(!is_command_word(before), "{before:?}");
        }
    }
}
