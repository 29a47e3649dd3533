//! Fenced blocks of a runbook's Markdown: commands, texts that are taken as they are, and what is
//! wrong with either.

use std::ops::Range;

use pulldown_cmark::CodeBlockKind;

use super::Reader;
use crate::domain::runbook::front::is_made_of;
use crate::domain::runbook::{Command, Lint, Risk};
use crate::domain::shell;

/// Languages of a fenced block that make it a command even without attributes.
const SHELLS: [&str; 12] = [
    "sh",
    "bash",
    "zsh",
    "shell",
    "console",
    "fish",
    "powershell",
    "pwsh",
    "ps1",
    "cmd",
    "bat",
    "batch",
];

impl Reader<'_> {
    /// A fence that is never closed takes the rest of the file for itself.
    pub(super) fn check_fence(&mut self, kind: &CodeBlockKind<'_>, range: &Range<usize>) {
        if matches!(kind, CodeBlockKind::Indented) {
            return;
        }
        let block = self.source.body[range.clone()].trim_end();
        let fence = block.chars().next().unwrap_or('`');
        let marks = |line: &str| line.chars().take_while(|c| *c == fence).count();
        let opening = marks(block);
        let last = block.lines().skip(1).last().map(|line| {
            line.trim_matches(|c: char| c.is_whitespace() || c == '>')
                .to_owned()
        });
        let closed = last.is_some_and(|last| marks(&last) >= opening && marks(&last) == last.len());
        if !closed {
            let fence: String = std::iter::repeat_n(fence, opening).collect();
            self.complain(
                range.start,
                format!("this block is never closed: end it with a line of {fence}"),
            );
        }
    }

    pub(super) fn code_block(
        &mut self,
        kind: &CodeBlockKind<'_>,
        text: &str,
        range: &Range<usize>,
    ) {
        let info = match kind {
            CodeBlockKind::Fenced(info) => info.trim(),
            CodeBlockKind::Indented => "",
        };
        let (language, attributes) = match info.split_once('{') {
            Some((language, rest)) => (language.trim(), Some(rest.trim_end_matches('}'))),
            None => (info, None),
        };
        if attributes.is_none() && !SHELLS.contains(&language) {
            if let Some(slot) = shell::slots(text).first() {
                self.complain(
                    range.start,
                    format!("{{{{{}}}}} stands in a block of no shell, where no value can be quoted for it: begin the block with ```sh, or write the variable into the text", slot.name),
                );
            }
            self.prose(text);
            return;
        }
        let attributes: Vec<(&str, &str)> = attributes
            .unwrap_or_default()
            .split_whitespace()
            .map(|attribute| attribute.split_once('=').unwrap_or((attribute, "")))
            .map(|(key, value)| (key, value.trim_matches(['"', '\'', ','])))
            .collect();
        if let Some((_, part)) = attributes.iter().find(|(key, _)| *key == "as") {
            self.verbatim(part, text, range);
            return;
        }
        if self.open.is_none() {
            self.complain(
                range.start,
                "a command outside a step: put a ## heading before it",
            );
            return;
        }
        if !SHELLS.contains(&language) {
            self.complain(
                range.start,
                match language {
                    "" => "a command without its shell: begin the block with ```sh".to_owned(),
                    other => format!("{other:?} is no shell known here, so no value could be quoted for it: say sh, or leave the braces away"),
                },
            );
            return;
        }
        let mut command = Command {
            name: None,
            risk: Risk::Change,
            language: language.to_owned(),
            text: text.trim_end().to_owned(),
        };
        for (key, value) in attributes {
            match key {
                "name" => self.name_command(&mut command, value, range),
                "risk" => match Risk::parse(value) {
                    Some(risk) => command.risk = risk,
                    None => self.complain(
                        range.start,
                        format!("unknown risk {value:?}: say read, change or danger"),
                    ),
                },
                // Runme knows others (cwd, interactive, ...); they do no harm here.
                _ => {}
            }
        }
        if command.text.trim().is_empty() {
            self.complain(range.start, "an empty command");
        }
        self.check_variables(text, range.start);
        if let Some(open) = &mut self.open {
            open.step.commands.push(command);
        }
    }

    /// A text that is taken as it is: what the Markdown of a paragraph cannot hold, such as an
    /// empty line of version 0.4's `detail`.
    fn verbatim(&mut self, part: &str, text: &str, range: &Range<usize>) {
        let text = text.strip_suffix('\n').unwrap_or(text).to_owned();
        let Some(open) = &mut self.open else {
            self.complain(
                range.start,
                "a text outside a step: put a ## heading before it",
            );
            return;
        };
        let taken = match part {
            "detail" => open.detail.replace(text).is_some(),
            "ask" => open.step.prompt.replace(text).is_some(),
            _ => {
                self.complain(range.start, format!("unknown as={part}: say detail or ask"));
                return;
            }
        };
        if taken {
            self.complain(range.start, format!("a second {part} in one step"));
        }
    }

    fn name_command(&mut self, command: &mut Command, name: &str, range: &Range<usize>) {
        if !is_made_of(name, b"_-") {
            self.complain(
                range.start,
                format!("command name {name:?} may hold only a-z, 0-9, _ and -"),
            );
        } else if !self.command_names.insert(name.to_owned()) {
            self.complain(range.start, format!("a second command named {name:?}"));
        }
        command.name = Some(name.to_owned());
    }

    /// Variables that could not be filled safely. `fence_start` is where the opening fence stands;
    /// the text begins on the next line.
    fn check_variables(&mut self, text: &str, fence_start: usize) {
        let first_line = self.line(fence_start) + 1;
        for slot in shell::slots(text) {
            let before = &text[..slot.range.start];
            let reason = match slot.place.objection() {
                None if shell::is_command_word(before) => {
                    Some("as the command itself; a value is an argument, so say what to run")
                }
                reason => reason,
            };
            if let Some(reason) = reason {
                let line = first_line + before.matches('\n').count();
                let column = before.rsplit('\n').next().unwrap_or_default();
                let column = column.chars().count() + 1;
                let message = format!("{{{{{}}}}} stands {reason}", slot.name);
                self.lints.push(Lint::at(line, column, message));
            }
        }
    }
}
