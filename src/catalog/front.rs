//! The front matter's YAML, read strictly: unknown and doubled keys, wrong types, anchors and
//! aliases are reported together, each with its place in the file.

use crate::domain::runbook::{self, FrontMatter, KEYS, Lint};
use crate::yaml::{self, Node, Step};

/// What stands for a required field whose own problem was reported already.
const UNREAD: &str = "unread";

/// Reads the text between the `---` lines. Where lints come with it, required fields that could
/// not be read have a value that passes, so that nothing is said twice.
pub(super) fn read(front: &str) -> (FrontMatter, Vec<Lint>) {
    if let Some((line, column)) = runbook::find_reference(front) {
        let message = "anchors and aliases (&name, *name) are refused; write the value out, or put it in quotes where it is meant as text";
        return (stand_in(), vec![Lint::at(line + 1, column, message)]);
    }
    let entries = match yaml::parse(front) {
        Ok(Node::Map(entries)) => entries,
        Ok(Node::Null) => Vec::new(),
        Ok(other) => {
            let message = format!(
                "front matter: expected fields such as id: rb-example, found {}",
                other.type_name()
            );
            return (stand_in(), vec![Lint::new(2, message)]);
        }
        Err(error) => {
            let (line, column) = error.place.map_or((1, 1), |at| (at.line, at.column));
            let message = format!("front matter: {}", error.message);
            return (stand_in(), vec![Lint::at(line + 1, column, message)]);
        }
    };
    let mut reader = Reader {
        text: front,
        lints: Vec::new(),
    };
    let mut fields = FrontMatter::default();
    let mut seen: Vec<String> = Vec::new();
    for (key, node) in entries {
        let occurrence = seen.iter().filter(|known| **known == key).count();
        let path = vec![Step::Key(key.clone(), occurrence)];
        seen.push(key.clone());
        if occurrence > 0 {
            reader.complain(&path, format!("{key} stands twice; keep one of the two"));
        } else {
            reader.field(&mut fields, &key, node, path);
        }
    }
    (fields, reader.lints)
}

fn stand_in() -> FrontMatter {
    FrontMatter {
        id: Some(UNREAD.to_owned()),
        title: Some(UNREAD.to_owned()),
        summary: Some(UNREAD.to_owned()),
        ..FrontMatter::default()
    }
}

struct Reader<'a> {
    text: &'a str,
    lints: Vec<Lint>,
}

impl Reader<'_> {
    fn complain(&mut self, path: &[Step], message: String) {
        let (line, column) =
            yaml::locate(self.text, path).map_or((1, 1), |place| (place.line, place.column));
        // The front matter begins on the file's second line.
        self.lints.push(Lint::at(line + 1, column, message));
    }

    fn field(&mut self, fields: &mut FrontMatter, key: &str, node: Node, path: Vec<Step>) {
        match key {
            "id" => fields.id = Some(self.text(key, node, &path)),
            "title" => fields.title = Some(self.text(key, node, &path)),
            "summary" => fields.summary = Some(self.text(key, node, &path)),
            "kinds" => fields.kinds = self.words(key, node, path),
            "tags" => fields.tags = self.words(key, node, path),
            "owner" => fields.owner = self.optional(key, node, &path),
            "reviewed_at" => fields.reviewed_at = self.optional(key, node, &path),
            "prompt_template" => fields.prompt_template = self.optional(key, node, &path),
            _ => {
                let nearest = KEYS
                    .into_iter()
                    .map(|known| (strsim::jaro_winkler(key, known), known))
                    .filter(|(likeness, _)| *likeness > 0.7)
                    .max_by(|a, b| a.0.total_cmp(&b.0));
                let advice = match nearest {
                    Some((_, nearest)) => format!("did you mean {nearest}?"),
                    None => format!("known are {}", KEYS.join(", ")),
                };
                self.complain(&path, format!("unknown field {key:?}; {advice}"));
            }
        }
    }

    /// Text that has to be there; nothing at all is the rules' to report.
    fn text(&mut self, key: &str, node: Node, path: &[Step]) -> String {
        match node {
            Node::Text(text) => text,
            Node::Null => String::new(),
            other => {
                self.expected(key, "text", &other, path);
                UNREAD.to_owned()
            }
        }
    }

    fn optional(&mut self, key: &str, node: Node, path: &[Step]) -> Option<String> {
        match node {
            Node::Text(text) => Some(text),
            Node::Null => None,
            other => {
                self.expected(key, "text", &other, path);
                None
            }
        }
    }

    fn words(&mut self, key: &str, node: Node, mut path: Vec<Step>) -> Vec<String> {
        let items = match node {
            Node::List(items) => items,
            Node::Null => Vec::new(),
            other => {
                self.expected(key, "a list such as [disk, mount]", &other, &path);
                Vec::new()
            }
        };
        let mut words = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            match item {
                Node::Text(text) => words.push(text),
                other => {
                    path.push(Step::Item(index));
                    self.expected(key, "a list of words", &other, &path);
                    path.pop();
                }
            }
        }
        words
    }

    fn expected(&mut self, key: &str, expected: &str, found: &Node, path: &[Step]) {
        let found = found.type_name();
        let advice = match found {
            "a number" | "a boolean" => "; put it in quotes",
            _ => "",
        };
        self.complain(
            path,
            format!("{key}: expected {expected}, found {found}{advice}"),
        );
    }
}
