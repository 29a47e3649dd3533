//! Markdown of a runbook as HTML that is safe to place in a page.
//!
//! Variables are filled after parsing, so that a value can never become markup. Raw HTML is shown
//! as text, images as their alternative text, and links lead to http, https and mailto alone.
//! Nothing here writes an attribute from outside but the target of such a link.

use std::fmt;
use std::ops::Range;

use pulldown_cmark::{
    CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, TextMergeStream, html,
};
use serde_json::{Map, Value};

use crate::domain::runbook::Step;
use crate::domain::text::shown;
use crate::domain::variables::{self, Piece};

/// HTML made here. Templates place it unescaped, and nothing else can make one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Html(String);

impl fmt::Display for Html {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Html {}

impl Html {
    /// A command with its values and open variables marked.
    pub(super) fn command(pieces: &[Piece]) -> Self {
        let mut out = String::new();
        html::push_html(&mut out, marked(pieces).into_iter());
        Self(out)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A part of a step, in the order of its source.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Words.
    Prose(Html),
    /// The command of this position.
    Command(usize),
}

/// Renders one runbook for one signal.
pub(super) struct Renderer<'a> {
    /// What variables are filled from.
    pub(super) values: &'a Map<String, Value>,
    /// The page of a runbook that is mentioned by its id, if there is such a runbook.
    pub(super) page_of: &'a dyn Fn(&str) -> Option<String>,
}

type Events<'s> = Vec<(Event<'s>, Range<usize>)>;

impl Renderer<'_> {
    /// Paragraphs, lists, tables.
    pub(super) fn blocks(&self, source: &str) -> Html {
        self.html(parse(source).map(|(event, _)| event))
    }

    /// One line of text, without a paragraph around it.
    pub(super) fn line(&self, source: &str) -> Html {
        let events = parse(source).map(|(event, _)| event);
        self.html(events.filter(|event| {
            !matches!(
                event,
                Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph)
            )
        }))
    }

    /// Words and commands of a step as they follow each other; its labelled paragraphs (good,
    /// otherwise, ask) are left out.
    pub(super) fn step(&self, step: &Step) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut prose: Events<'_> = Vec::new();
        let mut commands = step.commands.iter().enumerate().peekable();
        for block in top_level(&step.body) {
            if let Some((position, _)) = commands.next_if(|(_, command)| {
                code_of(&block).is_some_and(|code| code.trim_end() == command.text)
            }) {
                self.flush(&mut prose, &mut parts);
                parts.push(Part::Command(position));
            } else if !is_labelled(&block, step) {
                prose.extend(block);
            }
        }
        self.flush(&mut prose, &mut parts);
        // A runbook of version 0.4 has no body: its commands are all there is.
        parts.extend(commands.map(|(position, _)| Part::Command(position)));
        parts
    }

    fn flush(&self, prose: &mut Events<'_>, parts: &mut Vec<Part>) {
        if !prose.is_empty() {
            let events = std::mem::take(prose).into_iter().map(|(event, _)| event);
            parts.push(Part::Prose(self.html(events)));
        }
    }

    fn html<'e>(&self, events: impl Iterator<Item = Event<'e>>) -> Html {
        let mut safe = Vec::new();
        let mut links = Links::default();
        let mut in_code = false;
        for event in TextMergeStream::new(events) {
            match links.pass(event) {
                Some(Event::Text(text)) => {
                    let pieces = variables::text_pieces(&text, self.values);
                    if links.open.is_empty() && !in_code {
                        self.mention(&pieces, &mut safe);
                    } else {
                        safe.extend(marked(&pieces));
                    }
                }
                Some(Event::Code(code)) => {
                    // It will be copied into a shell, as a command is: values are quoted.
                    safe.push(tag("<code>"));
                    safe.extend(marked(&variables::command_pieces(&code, self.values)));
                    safe.push(tag("</code>"));
                }
                // Alignment would be an inline style.
                Some(Event::Start(Tag::Table(_))) => {
                    safe.push(Event::Start(Tag::Table(Vec::new())));
                }
                Some(Event::Html(source) | Event::InlineHtml(source)) => {
                    safe.push(Event::Text(shown(&source).into()));
                }
                Some(Event::Start(Tag::HtmlBlock)) => safe.push(Event::Start(Tag::Paragraph)),
                Some(Event::End(TagEnd::HtmlBlock)) => safe.push(Event::End(TagEnd::Paragraph)),
                Some(event) => {
                    match event {
                        Event::Start(Tag::CodeBlock(_)) => in_code = true,
                        Event::End(TagEnd::CodeBlock) => in_code = false,
                        _ => {}
                    }
                    safe.push(event);
                }
                None => {}
            }
        }
        let mut out = String::new();
        html::push_html(&mut out, safe.into_iter());
        Html(out.trim().to_owned())
    }

    /// Text in which runbooks that are mentioned by their id become links to them.
    fn mention(&self, pieces: &[Piece], safe: &mut Vec<Event<'_>>) {
        for piece in pieces {
            let Piece::Text(text) = piece else {
                safe.extend(marked(std::slice::from_ref(piece)));
                continue;
            };
            for word in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
                let id = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
                match id.starts_with("rb-").then(|| (self.page_of)(id)).flatten() {
                    Some(page) => {
                        safe.push(Event::Start(Tag::Link {
                            link_type: LinkType::Inline,
                            dest_url: page.into(),
                            title: CowStr::Borrowed(""),
                            id: CowStr::Borrowed(""),
                        }));
                        safe.push(Event::Text(id.to_owned().into()));
                        safe.push(Event::End(TagEnd::Link));
                        safe.push(Event::Text(shown(&word[id.len()..]).into()));
                    }
                    None => safe.push(Event::Text(shown(word).into())),
                }
            }
        }
    }
}

/// Lets links to safe places through; of the others, and of images, only the text.
#[derive(Default)]
struct Links {
    /// Whether each link that is open was let through.
    open: Vec<bool>,
}

impl Links {
    fn pass<'e>(&mut self, event: Event<'e>) -> Option<Event<'e>> {
        match event {
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                ..
            }) => {
                let safe = link_type == LinkType::Email || leads_out_safely(&dest_url);
                self.open.push(safe);
                safe.then_some(Event::Start(Tag::Link {
                    link_type,
                    dest_url,
                    title: CowStr::Borrowed(""),
                    id: CowStr::Borrowed(""),
                }))
            }
            Event::End(TagEnd::Link) => {
                let safe = self.open.pop().unwrap_or(false);
                safe.then_some(Event::End(TagEnd::Link))
            }
            Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
            event => Some(event),
        }
    }
}

fn leads_out_safely(url: &str) -> bool {
    url.split_once(':').is_some_and(|(scheme, _)| {
        ["http", "https", "mailto"]
            .iter()
            .any(|safe| scheme.eq_ignore_ascii_case(safe))
    })
}

fn parse(source: &str) -> impl Iterator<Item = (Event<'_>, Range<usize>)> {
    Parser::new_ext(source, Options::ENABLE_TABLES).into_offset_iter()
}

/// The blocks of a source, each with all its events.
fn top_level(source: &str) -> Vec<Events<'_>> {
    let mut blocks: Vec<Events<'_>> = Vec::new();
    let mut depth = 0_usize;
    for (event, range) in parse(source) {
        if depth == 0 {
            blocks.push(Vec::new());
        }
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if let Some(block) = blocks.last_mut() {
            block.push((event, range));
        }
    }
    blocks
}

/// The text of a code block.
fn code_of(block: &Events<'_>) -> Option<String> {
    matches!(block.first(), Some((Event::Start(Tag::CodeBlock(_)), _))).then(|| text_of(block))
}

/// Whether it is the paragraph that a labelled text of the step was taken from.
fn is_labelled(block: &Events<'_>, step: &Step) -> bool {
    let mut events = block.iter().map(|(event, _)| event);
    let begins = matches!(events.next(), Some(Event::Start(Tag::Paragraph)))
        && matches!(events.next(), Some(Event::Start(Tag::Strong)));
    let label = match events.next() {
        Some(Event::Text(text)) if begins => text.trim_end_matches(':').to_owned(),
        _ => return false,
    };
    [
        ("Good", &step.good),
        ("Otherwise", &step.otherwise),
        ("Ask", &step.prompt),
    ]
    .iter()
    .any(|(name, text)| *name == label && text.is_some())
}

fn text_of(block: &Events<'_>) -> String {
    block
        .iter()
        .filter_map(|(event, _)| match event {
            Event::Text(text) => Some(text.as_ref()),
            _ => None,
        })
        .collect()
}

/// Pieces as events: only their text is from outside, and it is escaped when it is written.
fn marked(pieces: &[Piece]) -> Vec<Event<'static>> {
    let mut events = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => events.push(Event::Text(text.clone().into())),
            Piece::Value { put, .. } => {
                events.push(tag("<mark>"));
                events.push(Event::Text(shown(put).into()));
                events.push(tag("</mark>"));
            }
            Piece::Open(name) => {
                events.push(tag("<mark class=\"open\">"));
                events.push(Event::Text(variables::slot(name).into()));
                events.push(tag("</mark>"));
            }
        }
    }
    events
}

/// Markup of our own.
fn tag(markup: &'static str) -> Event<'static> {
    Event::InlineHtml(CowStr::Borrowed(markup))
}

#[cfg(test)]
mod tests;
