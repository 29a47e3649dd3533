//! Where the matcher looks, one place after another. What each find is worth is `found`'s; the rules
//! in one table are the parent's.

use serde_json::{Map, Value};

use super::found::Found;
use super::words::{each_word, folded};
use super::{BROAD, GENERIC, Matcher};

/// How names of systemd's units end that stand in a summary with them.
const UNITS: [&str; 3] = [".service", ".socket", ".timer"];

/// Most entries of a detail that are looked at, and longest value in bytes.
const MAX_DETAIL: (usize, usize) = (100, 64);

/// Most words of a summary that are looked at for tags of several words.
const MAX_SUMMARY: usize = 200;

impl Matcher {
    pub(super) fn tagged(&self, word: &str) -> &[usize] {
        self.by_tag.get(word).map_or(&[], Vec::as_slice)
    }

    /// As [`Matcher::tagged`]; `sectors` is tagged `sector` too.
    fn tagged_in_words(&self, word: &str) -> &[usize] {
        let tagged = self.tagged(word);
        match word.strip_suffix('s') {
            Some(one) if tagged.is_empty() && one.len() > 3 => self.tagged(one),
            _ => tagged,
        }
    }

    /// Tags of several words that are in the kind, in any order.
    pub(super) fn look_for_phrases_of_kind(&self, words: &[String], found: &mut Found) {
        if words.len() < 2 {
            return;
        }
        for phrase in words
            .iter()
            .filter_map(|word| self.by_phrase.get(word))
            .flatten()
        {
            let held = phrase.words.iter().all(|word| words.contains(word));
            if held && !found.evidence[phrase.index].kind_equal {
                let text = found.text(format!("kind says {}", phrase.words.join(" ")));
                found.evidence[phrase.index].kind_phrase(text);
            }
        }
    }

    /// Tags of several words that are in the summary, as they stand.
    pub(super) fn look_for_phrases(&self, summary: &[String], found: &mut Found) {
        for (at, word) in summary.iter().enumerate() {
            let Some(phrases) = self.by_phrase.get(word) else {
                continue;
            };
            for phrase in phrases
                .iter()
                .filter(|one| summary[at..].starts_with(&one.words))
            {
                let text = found.text(format!("summary says \"{}\"", phrase.words.join(" ")));
                found.evidence[phrase.index].phrase(text);
            }
        }
    }

    /// `docker_container_down` holds `container_down`.
    pub(super) fn look_for_held_kinds(&self, words: &[String], found: &mut Found) {
        if words.len() < 2 {
            return;
        }
        let candidates = words.iter().filter_map(|word| self.by_kind_word.get(word));
        for &index in candidates.flatten() {
            if found.evidence[index].kind_held.is_some() {
                continue;
            }
            let held = self.runbooks[index].kinds.iter().find(|own| {
                own.len() > 1 && own.as_slice() != words && own.iter().all(|w| words.contains(w))
            });
            if let Some(own) = held {
                let text = found.text(format!("kind holds {}", own.join("_")));
                found.evidence[index].kind_held = Some(text);
            }
        }
    }

    pub(super) fn look_at_kind(&self, words: &[String], found: &mut Found) {
        let whole = words.join("_");
        if let Some(equal) = self.by_kind.get(&whole) {
            let text = found.text(format!("kind is {whole}"));
            for &index in equal {
                found.evidence[index].kind_equal = true;
                found.evidence[index].reason(100, 0, text);
            }
        }
        let text = found.text(format!("tag {whole} is the kind"));
        for &index in self.tagged(&whole) {
            // A tag of several words is looked for word by word.
            if !found.evidence[index].kind_equal && words.len() < 2 {
                if GENERIC.contains(&whole.as_str()) {
                    found.evidence[index].reason(20, 1, text);
                } else {
                    found.evidence[index].kind_tag(text);
                }
            }
        }
        let mut seen: Vec<&str> = vec![&whole];
        for word in words.iter().map(String::as_str) {
            let tagged = self.tagged_in_words(word);
            if tagged.is_empty() || seen.contains(&word) || GENERIC.contains(&word) {
                continue;
            }
            seen.push(word);
            let text = found.text(format!("tag {word} is part of the kind"));
            for &index in tagged {
                if BROAD.contains(&word) {
                    found.evidence[index].broad_kind_tag(text);
                } else {
                    found.evidence[index].kind_tag(text);
                }
            }
        }
        for word in words {
            if let Some(Some(index)) = self.by_name.get(word.as_str()) {
                let text = found.text(format!("its name has {word}, as the kind has"));
                let evidence = &mut found.evidence[*index];
                if !evidence.kind_equal && evidence.kind_tags == 0 && !evidence.named {
                    evidence.named = true;
                    evidence.reason(20, 2, text);
                }
            }
        }
    }

    pub(super) fn look_at_detail(&self, detail: &Map<String, Value>, found: &mut Found) {
        let mut seen = Vec::new();
        for (key, value) in detail.iter().take(MAX_DETAIL.0) {
            let mut look_at = |word: String, more: &[usize], text: &dyn Fn() -> String| {
                let mut tagged = self.tagged(&word).to_vec();
                tagged.extend(
                    more.iter()
                        .filter(|more| !self.tagged(&word).contains(more)),
                );
                if tagged.is_empty() || seen.contains(&word) || GENERIC.contains(&word.as_str()) {
                    return;
                }
                let text = found.text(text());
                for index in tagged {
                    found.evidence[index].detail(text);
                }
                seen.push(word);
            };
            if key.len() <= MAX_DETAIL.1 {
                let key_word = folded(key);
                let named = self.by_kind_word.get(&key_word);
                look_at(key_word, named.map_or(&[], Vec::as_slice), &|| {
                    format!("detail has {key}")
                });
            }
            if let Value::String(text) = value
                && text.len() <= MAX_DETAIL.1
            {
                look_at(folded(text.trim()), &[], &|| format!("{key} is {text}"));
            }
        }
    }

    pub(super) fn look_at_summary(&self, summary: &str, found: &mut Found) {
        let mut seen: Vec<String> = Vec::new();
        let mut words: Vec<String> = Vec::new();
        each_word(summary, |word| {
            // A compound is looked for word by word.
            if word.contains('_') {
                return;
            }
            if words.len() < MAX_SUMMARY {
                words.push(word.to_owned());
            }
            let tagged = self.tagged_in_words(word);
            let known = seen.iter().any(|known| known == word);
            if tagged.is_empty() || known || GENERIC.contains(&word) {
                return;
            }
            seen.push(word.to_owned());
            let text = found.text(format!("summary says {word}"));
            for &index in tagged {
                found.evidence[index].summary(text);
            }
        });
        self.look_for_phrases(&words, found);
        let unit = summary
            .split_whitespace()
            .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
            .find(|word| {
                UNITS
                    .iter()
                    .any(|end| word.len() > end.len() && word.ends_with(end))
            });
        if let Some(unit) = unit {
            let text = found.text(format!("summary names {unit}"));
            for &index in self.tagged("systemd") {
                found.evidence[index].reason(30, 4, text);
            }
        }
    }
}
