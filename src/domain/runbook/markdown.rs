//! From Markdown to a [`Runbook`], strictly: everything wrong is reported together, each with its
//! line. Does not render, and does not fill variables. Fenced blocks are [`code`]'s.

mod code;

use std::collections::HashSet;
use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::front::{self, FrontMatter, Source};
use super::{Lint, MAX_STEPS, Origin, Runbook, Step, StepKind};
use crate::domain::hash;
use crate::domain::order;

/// Most that is said about one file: a line of nothing but tags would fill a screen otherwise.
const MAX_LINTS: usize = 200;

/// Reads a runbook.
///
/// # Errors
/// Everything wrong with the file, in the order of its lines.
pub fn parse(
    front: FrontMatter,
    source: &Source<'_>,
    origin: Origin,
) -> Result<Runbook, Vec<Lint>> {
    let mut reader = Reader::new(source);
    front::check(&front, source, &mut reader.lints);
    reader.read();
    reader.finish_step(source.body.len());
    let intro = reader.intro();
    let (steps, mut lints) = (reader.steps, reader.lints);
    if steps.is_empty() {
        lints.push(Lint::new(
            source.body_line,
            "there is no step: begin each with a heading such as \"## Look at the log\"",
        ));
    }
    if steps.len() > MAX_STEPS {
        lints.push(Lint::new(
            source.body_line,
            format!("{} steps; more than {MAX_STEPS} are refused", steps.len()),
        ));
    }
    if !lints.is_empty() {
        order::sort(&mut lints);
        lints.dedup();
        return Err(lints);
    }
    Ok(Runbook {
        id: front.id.unwrap_or_default(),
        title: front.title.unwrap_or_default().trim().to_owned(),
        summary: front.summary.unwrap_or_default().trim().to_owned(),
        tags: front.tags,
        kinds: front.kinds,
        steps,
        prompt_template: front.prompt_template.map(|text| text.trim().to_owned()),
        intro,
        owner: front.owner,
        reviewed_at: front.reviewed_at,
        origin,
        overrides_builtin: false,
        content_hash: hash::name_of(&[source.text]),
        markdown: source.text.to_owned(),
    })
}

/// A step that is being read.
struct OpenStep {
    step: Step,
    line: usize,
    /// Offset of the first byte under the heading.
    body_start: usize,
    prose: String,
    /// The text of a block that says `as=detail`.
    detail: Option<String>,
}

/// Walks the events of the body. Fields named `*_start` are offsets in the body.
struct Reader<'a> {
    source: &'a Source<'a>,
    lints: Vec<Lint>,
    steps: Vec<Step>,
    open: Option<OpenStep>,
    intro_end: usize,
    titles: HashSet<String>,
    command_names: HashSet<String>,
    /// Offsets of the line starts, to find a line by halving.
    line_starts: Vec<usize>,
}

impl<'a> Reader<'a> {
    fn new(source: &'a Source<'a>) -> Self {
        let newlines = source.body.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            source,
            lints: Vec::new(),
            steps: Vec::new(),
            open: None,
            intro_end: source.body.len(),
            titles: HashSet::new(),
            command_names: HashSet::new(),
            line_starts: std::iter::once(0).chain(newlines).collect(),
        }
    }

    fn line(&self, offset: usize) -> usize {
        self.source.body_line + self.line_starts.partition_point(|start| *start <= offset) - 1
    }

    fn complain(&mut self, offset: usize, message: impl Into<String>) {
        if self.lints.len() >= MAX_LINTS {
            return;
        }
        let line = self.line(offset);
        let start = self.line_starts[line - self.source.body_line];
        let column = self.source.body[start..offset].chars().count() + 1;
        self.lints.push(Lint::at(line, column, message));
    }

    fn intro(&self) -> Option<String> {
        let text = self.source.body[..self.intro_end].trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn read(&mut self) {
        let body = self.source.body;
        let mut events = Parser::new_ext(body, Options::ENABLE_TABLES).into_offset_iter();
        let mut depth = 0_usize;
        while let Some((event, range)) = events.next() {
            self.check_event(&event, &range);
            match event {
                Event::Start(Tag::Heading { level, .. }) if depth == 0 => {
                    let title =
                        self.text_until(&mut events, |end| matches!(end, TagEnd::Heading(_)));
                    self.heading(level, title.trim(), &range);
                }
                Event::Start(Tag::CodeBlock(kind)) if depth == 0 => {
                    let text = self.text_until(&mut events, |end| matches!(end, TagEnd::CodeBlock));
                    self.code_block(&kind, &text, &range);
                }
                Event::Start(Tag::Paragraph) if depth == 0 && self.labelled(&range) => {
                    // Its text is taken from the source, so only what is refused matters here.
                    for (event, range) in events.by_ref() {
                        self.check_event(&event, &range);
                        if matches!(event, Event::End(TagEnd::Paragraph)) {
                            break;
                        }
                    }
                }
                Event::Start(tag) => {
                    depth += 1;
                    if matches!(tag, Tag::Item) {
                        self.prose("- ");
                    }
                }
                Event::End(tag) => {
                    depth = depth.saturating_sub(1);
                    if !matches!(
                        tag,
                        TagEnd::Strong | TagEnd::Emphasis | TagEnd::Link | TagEnd::TableCell
                    ) {
                        self.prose("\n");
                    }
                }
                Event::Text(text) | Event::Code(text) => self.prose(&text),
                Event::SoftBreak => self.prose(" "),
                Event::HardBreak => self.prose("\n"),
                _ => {}
            }
        }
    }

    /// What is refused wherever it stands.
    fn check_event(&mut self, event: &Event<'_>, range: &Range<usize>) {
        match event {
            Event::Html(_) | Event::InlineHtml(_) => self.complain(
                range.start,
                "raw HTML is refused: write < as \\< or put it between backticks",
            ),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. })
                if !is_safe_link(dest_url) =>
            {
                self.complain(range.start, "links may only go to http, https or mailto");
            }
            Event::Start(Tag::CodeBlock(kind)) => self.check_fence(kind, range),
            _ => {}
        }
    }

    /// The text of a block, whose end `is_end` knows.
    fn text_until<'e>(
        &mut self,
        events: &mut impl Iterator<Item = (Event<'e>, Range<usize>)>,
        is_end: impl Fn(&TagEnd) -> bool,
    ) -> String {
        let mut text = String::new();
        for (event, range) in events {
            self.check_event(&event, &range);
            match event {
                Event::End(end) if is_end(&end) => break,
                Event::Text(part) | Event::Code(part) => text.push_str(&part),
                Event::SoftBreak => text.push(' '),
                _ => {}
            }
        }
        text
    }

    fn prose(&mut self, text: &str) {
        if let Some(open) = &mut self.open {
            open.prose.push_str(text);
        }
    }

    fn heading(&mut self, level: HeadingLevel, title: &str, range: &Range<usize>) {
        match level {
            HeadingLevel::H1 => self.complain(range.start, "use ## for steps; # is not used"),
            HeadingLevel::H2 => {
                self.finish_step(range.start);
                if self.steps.is_empty() && self.open.is_none() {
                    self.intro_end = self.intro_end.min(range.start);
                }
                if title.is_empty() {
                    self.complain(range.start, "a step needs a title");
                } else if !self.titles.insert(title.to_lowercase()) {
                    self.complain(range.start, format!("a second step named {title:?}"));
                }
                self.open = Some(OpenStep {
                    step: Step {
                        title: title.to_owned(),
                        ..Step::default()
                    },
                    line: self.line(range.start),
                    body_start: range.end,
                    prose: String::new(),
                    detail: None,
                });
            }
            _ => {
                self.prose(title);
                self.prose("\n");
            }
        }
    }

    /// Takes a paragraph that begins with `**Good:**` or the like. False for any other one.
    fn labelled(&mut self, range: &Range<usize>) -> bool {
        let source = &self.source.body[range.clone()];
        let Some((label, text)) = ["Good", "Otherwise", "Ask"].into_iter().find_map(|label| {
            let rest = source.strip_prefix("**")?.strip_prefix(label)?;
            let text = rest
                .strip_prefix(":**")
                .or_else(|| rest.strip_prefix("**:"))?;
            Some((label, text.split_whitespace().collect::<Vec<_>>().join(" ")))
        }) else {
            return false;
        };
        let Some(open) = &mut self.open else {
            return false;
        };
        let slot = match label {
            "Good" => &mut open.step.good,
            "Otherwise" => &mut open.step.otherwise,
            _ => &mut open.step.prompt,
        };
        if slot.is_some() {
            self.complain(range.start, format!("a second **{label}:** in one step"));
        } else if text.is_empty() {
            self.complain(range.start, format!("nothing follows **{label}:**"));
        } else {
            *slot = Some(text);
        }
        true
    }

    /// Closes the step that is being read; its body ends at `end`.
    fn finish_step(&mut self, end: usize) {
        let Some(mut open) = self.open.take() else {
            return;
        };
        let prose = tidy(&open.prose);
        let step = &mut open.step;
        self.source.body[open.body_start..end]
            .trim()
            .clone_into(&mut step.body);
        if step.commands.is_empty() {
            step.kind = StepKind::Manual;
            step.detail = open.detail.unwrap_or(prose);
        } else {
            step.kind = StepKind::Command;
            let texts: Vec<_> = step.commands.iter().map(|c| c.text.as_str()).collect();
            step.detail = texts.join("\n");
        }
        if step.detail.trim().is_empty() {
            self.lints.push(Lint::new(
                open.line,
                format!("step {:?} has neither text nor a command", step.title),
            ));
        }
        self.steps.push(open.step);
    }
}

fn is_safe_link(url: &str) -> bool {
    let scheme = url.split(['/', '?', '#']).next().unwrap_or_default();
    match scheme.split_once(':') {
        Some((scheme, _)) => ["http", "https", "mailto"]
            .iter()
            .any(|safe| scheme.eq_ignore_ascii_case(safe)),
        None => true,
    }
}

/// Without empty lines and trailing spaces.
fn tidy(prose: &str) -> String {
    let lines: Vec<_> = prose
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .collect();
    lines.join("\n")
}
