//! Cuts a JSON answer that arrives in pieces into its objects, so that an answer of any length is
//! read in the memory of one object. Knows where an object begins and ends, not what is in it.

/// What an answer is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One array of objects.
    List,
    /// One object after the other, white space between.
    Stream,
}

/// The answer is not of its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Garbage;

/// Where an answer's objects are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Before,
    Within,
    After,
}

/// Where the reading stands.
#[derive(Debug)]
pub(super) struct Cutter {
    form: Form,
    /// Longest object that is handed on, in bytes.
    longest: usize,
    object: Vec<u8>,
    depth: usize,
    in_text: bool,
    is_escaped: bool,
    place: Place,
    /// Objects that were too long to be handed on.
    pub(super) too_long: usize,
}

impl Cutter {
    pub(super) fn new(form: Form, longest: usize) -> Self {
        Self {
            form,
            longest,
            object: Vec::new(),
            depth: 0,
            in_text: false,
            is_escaped: false,
            place: match form {
                Form::List => Place::Before,
                Form::Stream => Place::Within,
            },
            too_long: 0,
        }
    }

    /// Takes the next piece and hands each object that is complete with it to `visit`.
    pub(super) fn feed(
        &mut self,
        piece: &[u8],
        visit: &mut dyn FnMut(&[u8]),
    ) -> Result<(), Garbage> {
        for &byte in piece {
            if self.depth == 0 {
                self.between(byte)?;
                continue;
            }
            self.keep(byte);
            if self.inside(byte) {
                if self.object.len() <= self.longest {
                    visit(&self.object);
                } else {
                    self.too_long += 1;
                }
                self.object.clear();
            }
        }
        Ok(())
    }

    /// Whether the answer ended where one of its form may.
    pub(super) fn is_whole(&self) -> bool {
        self.depth == 0 && (self.place == Place::After || self.form == Form::Stream)
    }

    fn between(&mut self, byte: u8) -> Result<(), Garbage> {
        match (self.place, byte) {
            (_, b' ' | b'\t' | b'\r' | b'\n') => {}
            (Place::Before, b'[') => self.place = Place::Within,
            (Place::Within, b',') if self.form == Form::List => {}
            (Place::Within, b']') if self.form == Form::List => self.place = Place::After,
            (Place::Within, b'{') => {
                self.depth = 1;
                self.object.push(byte);
            }
            _ => return Err(Garbage),
        }
        Ok(())
    }

    /// Keeps one byte more than is handed on, to know that it was too long.
    fn keep(&mut self, byte: u8) {
        if self.object.len() <= self.longest {
            self.object.push(byte);
        }
    }

    /// Answers whether the object ends here.
    fn inside(&mut self, byte: u8) -> bool {
        if self.in_text {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' => self.is_escaped = true,
                b'"' => self.in_text = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.in_text = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth -= 1,
            _ => {}
        }
        self.depth == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The objects of an answer that comes in pieces of `size`, and whether it was whole.
    fn cut(form: Form, text: &str, size: usize) -> Option<(Vec<String>, bool)> {
        let mut cutter = Cutter::new(form, 40);
        let mut found = Vec::new();
        for piece in text.as_bytes().chunks(size) {
            cutter
                .feed(piece, &mut |object| {
                    found.push(String::from_utf8(object.to_vec()).unwrap());
                })
                .ok()?;
        }
        Some((found, cutter.is_whole()))
    }

    #[test]
    fn objects_are_found_however_the_answer_is_cut() {
        let list = r#" [{"a": "}]\"{"}, {"b": [{"c": 1}]} ,{}] "#;
        let stream = "{\"a\": 1}\n{\"b\": {}}{\"c\": 2}\n";
        for size in 1..list.len() {
            let (found, whole) = cut(Form::List, list, size).unwrap();
            assert_eq!(
                found,
                [r#"{"a": "}]\"{"}"#, r#"{"b": [{"c": 1}]}"#, "{}"],
                "{size}"
            );
            assert!(whole);
            let (found, whole) = cut(Form::Stream, stream, size).unwrap();
            assert_eq!(found, [r#"{"a": 1}"#, r#"{"b": {}}"#, r#"{"c": 2}"#]);
            assert!(whole);
        }
    }

    #[test]
    fn what_is_cut_short_is_not_whole() {
        for text in ["", "[", "[{}", "[{},", r#"[{"a"#, r#"[{"a": "]"#] {
            assert!(!cut(Form::List, text, 3).unwrap().1, "{text}");
        }
        assert!(!cut(Form::Stream, r#"{"a": 1"#, 3).unwrap().1);
        assert!(cut(Form::List, "[]", 3).unwrap().1);
        assert!(cut(Form::Stream, "", 3).unwrap().1);
    }

    #[test]
    fn another_form_is_garbage() {
        for text in ["<html>", "{}", "null", "[1]", "[]]", "[] {}", "[\"a\"]"] {
            assert_eq!(cut(Form::List, text, 2), None, "{text}");
        }
        for text in ["[]", "7", "{}, {}", "garbage"] {
            assert_eq!(cut(Form::Stream, text, 2), None, "{text}");
        }
    }

    #[test]
    fn an_object_that_is_too_long_is_left_out_alone() {
        let long = format!(r#"[{{"a": "{}"}}, {{"b": 1}}]"#, "x".repeat(500));
        let mut cutter = Cutter::new(Form::List, 40);
        let mut found = 0;
        cutter
            .feed(long.as_bytes(), &mut |object| {
                assert_eq!(object, br#"{"b": 1}"#);
                found += 1;
            })
            .unwrap();
        assert_eq!((found, cutter.too_long), (1, 1));
        assert!(cutter.object.capacity() < 200, "and costs no memory");
    }
}
