//! Filling, proved by a real shell: whatever a value holds, it arrives as one inert argument.

use std::process::Command as Process;

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn values(value: Value) -> Map<String, Value> {
    let Value::Object(values) = value else {
        panic!("an object")
    };
    values
}

#[test]
fn scalars_are_filled_and_the_rest_stays_open() {
    let filled = fill_command(
        "df -h {{mount}} {{pct}} {{flag}} {{list}} {{nothing}} {{empty}} {{mount}} '{{.Names}}'",
        &values(json!({"mount": "/srv", "pct": 91, "flag": true, "list": ["a"], "empty": " "})),
    );
    assert_eq!(
        filled.text,
        "df -h '/srv' '91' 'true' {{list}} {{nothing}} {{empty}} '/srv' '{{.Names}}'"
    );
    assert_eq!(filled.filled.len(), 3);
    assert_eq!(filled.open, ["list", "nothing", "empty"]);
}

#[test]
fn a_value_that_looks_like_a_variable_is_not_filled_again() {
    let values = values(json!({"a": "{{b}}", "b": "secret"}));
    assert_eq!(fill_text("{{a}} {{{b}}}", &values).text, "{{b}} {secret}");
    assert_eq!(fill_command("echo {{a}}", &values).text, "echo '{{b}}'");
}

#[test]
fn where_quoting_cannot_protect_the_variable_stays_open() {
    let values = values(json!({"x": "'; rm -rf / #"}));
    for command in [
        "echo '{{x}}'",
        "echo \"{{x}}\"",
        "echo `{{x}}`",
        "eval {{x}}",
    ] {
        let filled = fill_command(command, &values);
        assert_eq!(filled.text, command);
        assert_eq!(filled.open, ["x"]);
    }
}

#[test]
fn other_shells_are_not_filled() {
    let command = Command {
        name: None,
        risk: crate::domain::runbook::Risk::Read,
        language: "PowerShell".into(),
        text: "Get-Item {{x}}".into(),
    };
    assert_eq!(fill_block(&command, &values(json!({"x": "a"}))).open, ["x"]);
}

/// Runs `command` in a real shell; what it printed.
fn run(command: &str) -> String {
    let answer = Process::new("sh").args(["-c", command]).output().unwrap();
    assert!(answer.status.success(), "{command}: {answer:?}");
    String::from_utf8(answer.stdout).unwrap()
}

/// What must arrive: the value without the control characters that are left out.
fn inert(value: &str) -> String {
    value
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect()
}

fn arrives_as_one_argument(value: &str) {
    let values = values(json!({ "x": value }));
    let filled = fill_command("printf '%s|' {{x}} end a={{x}}; printf done", &values);
    let expected = inert(value);
    assert_eq!(
        run(&filled.text),
        format!("{expected}|end|a={expected}|done"),
        "{value:?}"
    );
}

#[test]
fn known_attacks_arrive_as_one_inert_argument() {
    for value in [
        "x; touch /tmp/owned",
        "'",
        "''",
        "'; id; '",
        "\"; id; \"",
        "$(id)",
        "`id`",
        "${IFS}",
        "a\nid\n",
        "a\r\nid",
        "\\",
        "\\'",
        "'\\''; id #",
        "-rf",
        "--help",
        "*",
        "~",
        "!!",
        "a && id",
        "| id",
        "> /tmp/owned",
        "{{x}}",
        "# not a comment",
        "\u{0}id",
        "\u{1b}[201~\nid\n",
        "%s%n",
        "ü'ö",
    ] {
        arrives_as_one_argument(value);
    }
}

/// Commands, and the arguments that `count` must see in each for the values `x` and `y`.
fn positions(x: &str, y: &str) -> Vec<(&'static str, Vec<String>)> {
    let one = |text: String| vec![text];
    vec![
        ("count {{x}}", one(x.to_owned())),
        ("count --name={{x}}", one(format!("--name={x}"))),
        ("count {{x}}{{y}}", one(format!("{x}{y}"))),
        ("count {{x}} {{y}}", vec![x.to_owned(), y.to_owned()]),
        (
            "count a \\\n  {{x}} \\\n  b",
            vec!["a".to_owned(), x.to_owned(), "b".to_owned()],
        ),
        ("count \"in \"{{x}}' quotes'", one(format!("in {x} quotes"))),
        (
            "true && count -- {{x}} | cat",
            vec!["--".to_owned(), x.to_owned()],
        ),
        ("if true; then count {{x}}; fi # done", one(x.to_owned())),
        ("(cd / && count {{x}})", one(x.to_owned())),
        (
            "for one in {{x}} {{y}}; do count \"$one\"; break; done",
            one(x.to_owned()),
        ),
    ]
}

/// Runs commands in one shell, in an empty folder, and answers what `count` saw in each.
fn counted(commands: &[String]) -> Vec<Vec<String>> {
    use std::io::{Read, Write};
    let folder = tempfile::tempdir().unwrap();
    let mut script = String::from("count() { printf '%s\\0' \"$#\" \"$@\"; }\n");
    for command in commands {
        script.push_str(command);
        script.push('\n');
    }
    // Through standard input: an argument of the shell's own could not be a megabyte.
    let mut shell = Process::new("/bin/sh")
        .current_dir(folder.path())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = shell.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(script.as_bytes()));
    let mut out = Vec::new();
    shell.stdout.take().unwrap().read_to_end(&mut out).unwrap();
    let ended = shell.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(
        ended.status.success() && ended.stderr.is_empty(),
        "{ended:?}"
    );
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "something was written"
    );
    let text = String::from_utf8(out).unwrap();
    let mut words = text.split_terminator('\0');
    let mut seen = Vec::new();
    while let Some(count) = words.next() {
        let arguments = words.by_ref().take(count.parse().unwrap());
        seen.push(arguments.map(str::to_owned).collect());
    }
    seen
}

/// Every position with every pair of neighbours, in one shell.
fn arrive_as_one_argument_everywhere(hostile: &[String]) {
    let (mut commands, mut expected) = (Vec::new(), Vec::new());
    for (index, x) in hostile.iter().enumerate() {
        let y = &hostile[(index + 1) % hostile.len()];
        let known = values(json!({"x": x, "y": y}));
        for (template, arguments) in positions(&inert(x), &inert(y)) {
            let filled = fill_command(template, &known);
            assert_eq!(filled.open, Vec::<String>::new(), "{template}");
            commands.push(filled.text);
            expected.push(arguments);
        }
    }
    assert_eq!(counted(&commands), expected);
}

#[test]
fn a_megabyte_arrives_as_one_argument() {
    let large = "a'b$(id)`\n\"\\".repeat(100_000);
    arrive_as_one_argument_everywhere(&[large]);
}

#[test]
fn where_quotes_cannot_protect_it_a_value_is_left_for_a_person() {
    let known = values(json!({"x": "'; touch owned; \"$(touch owned)"}));
    for template in [
        "echo '{{x}}'",
        "echo \"{{x}}\"",
        "echo \"$(echo \"{{x}}\")\"",
        "echo `echo {{x}}`",
        "echo a # {{x}}",
        "# {{x}}",
        "cat <<EOF\n{{x}}\nEOF",
        "cat <<'EOF'\n{{x}}\nEOF",
        "cat <<-EOF\n\t{{x}}\n\tEOF",
        "echo $'{{x}}'",
        "echo ${a:-{{x}}}",
        "echo $(( {{x}} ))",
        "sh -c {{x}}",
        "eval {{x}}",
        "ssh host {{x}}",
    ] {
        let filled = fill_command(template, &known);
        assert_eq!(filled.text, template);
        assert_eq!(filled.open, ["x"], "{template}");
    }
}

proptest! {
    // Each case starts a shell.
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_value_arrives_as_one_inert_argument(
        value in "([ -~]|[\\n\\t'\"\\\\$`;&|(){}<>*?!#~]|\\PC){1,40}"
    ) {
        prop_assume!(!value.trim().is_empty());
        arrives_as_one_argument(&value);
    }

    #[test]
    fn any_values_arrive_as_one_argument_each_in_every_position(
        hostile in proptest::collection::vec("([ -~]|[\\n\\t'\"\\\\$`;&|(){}<>*?!#~\\x00-]|\\PC|-[a-z]|\\$\\(id\\)|`id`|~/|\\r\\n){1,60}", 6)
    ) {
        prop_assume!(hostile.iter().all(|value| !inert(value).trim().is_empty()));
        arrive_as_one_argument_everywhere(&hostile);
    }

    #[test]
    fn any_template_is_walked_without_panic(template in "([a-z{}'\"\\\\$`()#<\\n ü]|\\{\\{x\\}\\}){0,40}") {
        let filled = fill_command(&template, &values(json!({"x": "v"})));
        prop_assert!(filled.text.len() >= template.len() - 2 * template.matches("{{x}}").count());
    }
}
