//! A first draft of a runbook for a kind that none fits: a skeleton that passes the lint and finds
//! its signal. Nothing that a signal says stands in it but words that were spelled anew, since a
//! signal comes from outside: its values come in later, as variables.

use super::FrontMatter;

/// The signal a draft is made for, taken apart by whoever knows how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// The words of its kind, lower case.
    pub kind: Vec<String>,
    /// Words of its summary that tell something, for a kind that no runbook can name.
    pub words: Vec<String>,
    /// The keys of its detail.
    pub keys: Vec<String>,
    /// Ids that are taken.
    pub taken: Vec<String>,
}

/// Keys of a detail, and what is looked at first where a signal has one. The commands only look.
const LOOKS: [(&str, &str); 12] = [
    (
        "container",
        "docker ps -a --filter name={{container}}\ndocker logs --tail 80 -- {{container}}",
    ),
    (
        "unit",
        "systemctl status --no-pager -- {{unit}}\njournalctl --no-pager -n 80 -u {{unit}}",
    ),
    ("mount", "df -h -- {{mount}}\ndf -i -- {{mount}}"),
    ("device", "lsblk -- {{device}}"),
    ("url", "curl -sSIL -m 10 -- {{url}}"),
    ("interface", "ip -s link show dev {{interface}}"),
    ("host", "ping -c 3 -- {{host}}"),
    ("hostname", "ping -c 3 -- {{hostname}}"),
    ("node", "ping -c 3 -- {{node}}"),
    ("address", "ping -c 3 -- {{address}}"),
    ("gateway", "ping -c 3 -- {{gateway}}"),
    ("instance", "ping -c 3 -- {{instance}}"),
];
/// Most keys that are offered as variables.
const MAX_KEYS: usize = 20;
/// Most words that become tags.
const MAX_TAGS: usize = 8;

/// The front matter and the body of a draft.
pub fn draft(about: &Draft) -> (FrontMatter, String) {
    let spelled = |word: &&String| super::front::is_made_of(word, b"");
    let kind: Vec<&String> = about.kind.iter().filter(spelled).collect();
    // A kind with a letter that no runbook may have in its kinds is found by words instead.
    let whole = kind.len() == about.kind.len() && !kind.is_empty();
    let name = |glue: &str| {
        let words: Vec<&str> = kind.iter().map(|word| word.as_str()).collect();
        words.join(glue)
    };
    let mut tags: Vec<String> = Vec::new();
    let told = about.words.iter().filter(spelled);
    let found_by = kind.iter().copied().chain(told.filter(|_| !whole));
    for word in found_by {
        if !tags.contains(word) && tags.len() < MAX_TAGS {
            tags.push(word.clone());
        }
    }
    let called = if kind.is_empty() {
        "a new kind of problem".to_owned()
    } else {
        format!("\"{}\"", name(" "))
    };
    let front = FrontMatter {
        id: Some(free_id(&name("-"), &about.taken)),
        title: Some(format!("Deal with {called}")),
        kinds: if whole { vec![name("_")] } else { Vec::new() },
        tags,
        summary: Some(format!(
            "What to look at, and what to do, when {called} is reported."
        )),
        prompt_template: Some(question(&called, &variables(about))),
        ..FrontMatter::default()
    };
    (front, body(about))
}

fn free_id(name: &str, taken: &[String]) -> String {
    let name: String = name.chars().take(60).collect();
    let name = name.trim_matches('-');
    let first = format!("rb-{}", if name.is_empty() { "draft" } else { name });
    let is_free = |id: &String| !taken.contains(id);
    std::iter::once(first.clone())
        .chain((2..=taken.len() + 2).map(|n| format!("{first}-{n}")))
        .find(is_free)
        .unwrap_or(first)
}

/// The keys that can be variables.
fn variables(about: &Draft) -> Vec<&str> {
    let can_be = |key: &&str| {
        crate::domain::shell::variable_at(&crate::domain::variables::slot(key)) == Some(*key)
    };
    let keys = about.keys.iter().map(String::as_str);
    keys.filter(can_be).take(MAX_KEYS).collect()
}

fn question(called: &str, variables: &[&str]) -> String {
    let known: Vec<String> = variables
        .iter()
        .map(|key| format!("{key}: {}", crate::domain::variables::slot(key)))
        .collect();
    let known = if known.is_empty() {
        String::new()
    } else {
        format!(" Known: {}.", known.join(", "))
    };
    format!("Explain what most likely causes {called}, and what to look at first.{known}")
}

fn body(about: &Draft) -> String {
    let variables = variables(about);
    let mut body = String::from(
        "This is a draft. Say in two or three sentences when it applies, how urgent it is and who may act.\n",
    );
    if !variables.is_empty() {
        body.push_str("\nEach signal of this kind fills in:\n\n");
        for key in &variables {
            let slot = crate::domain::variables::slot(key);
            body.push_str(&["- `", key, "`: ", &slot, "\n"].concat());
        }
    }
    body.push_str(
        "\n## Confirm that it is real\nLook at the thing itself before you change anything.\n",
    );
    let looks: Vec<&str> = LOOKS
        .iter()
        .filter(|(key, _)| variables.contains(key))
        .map(|(_, command)| *command)
        .take(3)
        .collect();
    if !looks.is_empty() {
        let looks = looks.join("\n");
        body.push_str(&["\n```sh {name=look risk=read}\n", &looks, "\n```\n"].concat());
    }
    body.push_str(
        "\n**Good:** say what it looks like when nothing is wrong.\n\n\
         **Otherwise:** say what else it can look like, and what that means.\n\n\
         ## Find the cause\nName the two or three usual causes, the likeliest first, and how to tell them apart.\n\n\
         **Ask:** What changed shortly before it began?\n\n\
         ## Fix it\nSay what to do for each cause, what it interrupts, and how to undo it.\n\n\
         ## Verify, and prevent\nSay how to see that it is over, and what keeps it from coming back.\n",
    );
    body
}
