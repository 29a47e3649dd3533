use serde_json::json;

use super::*;
use crate::domain::actor::ActorKind;
use crate::domain::incident::MAX_NOTE;
use crate::domain::runbook::{self, Command, Risk, Step, StepKind};

fn anna() -> Actor {
    Actor::new(ActorKind::Person, "anna")
}

fn ben() -> Actor {
    Actor::new(ActorKind::Person, "ben")
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(second * 1000)
}

fn step(title: &str, command: &str) -> Step {
    Step {
        title: title.to_owned(),
        kind: StepKind::Command,
        detail: command.to_owned(),
        commands: vec![Command {
            name: None,
            risk: Risk::Read,
            language: "sh".to_owned(),
            text: command.to_owned(),
        }],
        good: Some("{{mount}} is below 85 percent".to_owned()),
        body: format!("```sh\n{command}\n```"),
        ..Step::default()
    }
}

fn runbook() -> runbook::Runbook {
    let steps = [
        step("Look at {{mount}}", "df -h {{mount}}"),
        step("Find what grew", "du -x {{mount}} | grep {{user_name}}"),
        step("Verify", "df -h"),
    ];
    serde_json::from_value(json!({
        "id": "rb-x", "title": "Free space", "summary": "", "tags": [], "steps": steps,
        "content_hash": "abc",
    }))
    .unwrap()
}

fn run() -> Run {
    let value = RunValue {
        name: "mount".to_owned(),
        value: "/srv".to_owned(),
        by: None,
        at: None,
    };
    Run::begin(&runbook(), (7, Some(3)), vec![value], &anna(), at(0))
}

fn mark(state: StepState, note: Option<&str>, revision: Option<u32>) -> NewMark {
    NewMark {
        state,
        note: note.map(str::to_owned),
        output: None,
        revision,
    }
}

#[test]
fn a_run_goes_from_step_to_step_and_ends_with_an_answer() {
    let mut run = run();
    assert_eq!((run.current(), run.head.progress.steps), (Some(1), 3));
    assert_eq!(run.steps[0].title, "Look at /srv");
    let done = mark(StepState::Done, Some(" 91 % "), Some(0));
    let kept = run.mark(1, done, &anna(), at(1)).unwrap().unwrap();
    assert_eq!((kept.revision, kept.note.as_deref()), (1, Some("91 %")));
    run.mark(2, mark(StepState::Failed, None, None), &ben(), at(2))
        .unwrap();
    assert_eq!(run.current(), Some(3));
    run.mark(3, mark(StepState::Skipped, None, None), &ben(), at(3))
        .unwrap();
    assert_eq!(run.current(), None);
    let progress = run.head.progress;
    assert_eq!(
        (progress.done, progress.failed, progress.skipped),
        (1, 1, 1)
    );

    let fix = Some("removed old logs");
    assert_eq!(run.finish(Outcome::Helped, fix, &ben(), at(4)), Ok(true));
    assert_eq!(run.head.finished_by, Some(ben()));
    // A form that was sent twice.
    assert_eq!(run.finish(Outcome::Helped, fix, &ben(), at(5)), Ok(false));
    assert_eq!(run.head.finished_at, Some(at(4)));
    let over = Refusal::Over(State::Finished);
    let again = run.finish(Outcome::DidNotHelp, None, &anna(), at(6));
    assert_eq!(again, Err(over.clone()));
    let late = run.mark(3, mark(StepState::Done, None, None), &anna(), at(6));
    assert_eq!(late, Err(over.clone()));
    assert_eq!(run.abandon(&anna(), at(6)), Err(over.clone()));
    let value = [("mount".to_owned(), "/".to_owned())];
    assert_eq!(run.set_values(&value, &anna(), at(6)), Err(over));
}

#[test]
fn a_run_that_was_given_up_has_no_outcome() {
    let mut run = run();
    assert_eq!(run.abandon(&ben(), at(1)), Ok(true));
    assert_eq!(run.abandon(&anna(), at(2)), Ok(false));
    assert_eq!((run.head.state, run.head.outcome), (State::Abandoned, None));
    let late = run.finish(Outcome::Helped, None, &anna(), at(3));
    assert_eq!(late, Err(Refusal::Over(State::Abandoned)));
}

#[test]
fn the_newest_mark_counts_and_the_earlier_ones_are_kept() {
    let mut run = run();
    run.mark(1, mark(StepState::Failed, Some("no"), None), &anna(), at(1))
        .unwrap();
    // What is not said again stays.
    run.mark(1, mark(StepState::Done, None, Some(1)), &ben(), at(2))
        .unwrap();
    let step = &run.steps[0];
    assert_eq!((step.state, step.revision), (StepState::Done, 2));
    assert_eq!((step.by.clone(), step.at), (Some(ben()), Some(at(2))));
    assert_eq!(step.note.as_deref(), Some("no"));
    assert_eq!(step.earlier.len(), 1);
    assert_eq!(step.earlier[0].by, anna());
    // An empty note takes it away, and a step can be pending again.
    run.mark(
        1,
        mark(StepState::Pending, Some(""), Some(2)),
        &ben(),
        at(3),
    )
    .unwrap();
    assert_eq!(run.steps[0].note, None);
    assert_eq!(run.current(), Some(1));
    for second in 4..60 {
        let note = second.to_string();
        run.mark(
            1,
            mark(StepState::Done, Some(&note), None),
            &ben(),
            at(second),
        )
        .unwrap();
    }
    assert_eq!(run.steps[0].earlier.len(), MAX_MARKS as usize - 1);
}

#[test]
fn of_two_who_mark_the_same_the_second_sees_the_first() {
    let mut run = run();
    let first = mark(StepState::Done, Some("mine"), Some(0));
    run.mark(1, first.clone(), &anna(), at(1)).unwrap();
    let second = mark(StepState::Failed, Some("yours"), Some(0));
    let refused = run.mark(1, second.clone(), &ben(), at(2));
    assert_eq!(refused, Err(Refusal::Stale(1)));
    assert_eq!(run.steps[0].by, Some(anna()));
    // The same again is no conflict; seen, the second may stand.
    assert_eq!(run.mark(1, first, &anna(), at(3)), Ok(None));
    let seen = NewMark {
        revision: Some(1),
        ..second
    };
    assert!(run.mark(1, seen, &ben(), at(4)).unwrap().is_some());
    assert_eq!(run.steps[0].earlier[0].note.as_deref(), Some("mine"));
}

#[test]
fn steps_that_are_not_there_are_refused() {
    for index in [0, 4, usize::MAX] {
        let refused = run().mark(index, mark(StepState::Done, None, None), &anna(), at(1));
        assert_eq!(refused, Err(Refusal::NoStep(index)));
    }
}

#[test]
fn texts_are_bounded() {
    let mut run = run();
    let longest = "ä".repeat(MAX_NOTE);
    run.mark(
        1,
        mark(StepState::Done, Some(&longest), None),
        &anna(),
        at(1),
    )
    .unwrap();
    let long = format!("{longest}x");
    let refused = run.mark(1, mark(StepState::Done, Some(&long), None), &anna(), at(2));
    assert_eq!(refused, Err(Refusal::TooLong("note", MAX_NOTE)));
    let refused = run.finish(Outcome::Helped, Some(&long), &anna(), at(2));
    assert_eq!(refused, Err(Refusal::TooLong("what_fixed_it", MAX_NOTE)));
    let value = [("mount".to_owned(), "x".repeat(MAX_VALUE + 1))];
    let refused = run.set_values(&value, &anna(), at(2));
    assert_eq!(refused, Err(Refusal::TooLong("a value", MAX_VALUE)));
}

#[test]
fn of_a_long_output_the_beginning_and_the_end_are_kept() {
    let mut run = run();
    for letter in ["x", "ä", "😀"] {
        let output = format!("first\n{}\nlast", letter.repeat(MAX_OUTPUT));
        let new = NewMark {
            output: Some(output),
            ..mark(StepState::Done, None, None)
        };
        run.mark(1, new, &anna(), at(1)).unwrap();
        let kept = run.steps[0].output.as_deref().unwrap();
        assert!(kept.len() <= MAX_OUTPUT, "{}", kept.len());
        assert!(kept.len() > MAX_OUTPUT - 1000, "{}", kept.len());
        assert!(kept.starts_with("first\n") && kept.ends_with("\nlast"));
        assert!(kept.contains(" bytes were left out here]"));
    }
}

#[test]
fn secrets_are_not_kept() {
    let mut run = run();
    let secret = "postgres://app:hunter2secret@db/app";
    let new = NewMark {
        output: Some(format!("DATABASE_URL={secret}\r\nnext")),
        ..mark(StepState::Done, Some(secret), None)
    };
    run.mark(1, new, &anna(), at(1)).unwrap();
    let value = [("user_name".to_owned(), secret.to_owned())];
    run.set_values(&value, &anna(), at(1)).unwrap();
    run.finish(Outcome::Helped, Some(secret), &anna(), at(2))
        .unwrap();
    let kept = serde_json::to_string(&run).unwrap();
    assert!(!kept.contains("hunter2secret"), "{kept}");
    assert!(run.steps[0].output.as_deref().unwrap().ends_with("\nnext"));
    assert_eq!(
        guide::without_secret("password", "Tr0ub4dor&3"),
        "[redacted]"
    );
}

#[test]
fn commands_are_filled_with_inert_values() {
    let mut run = run();
    let guide = run.guide();
    assert_eq!(
        guide[1].commands[0].text,
        "du -x '/srv' | grep {{user_name}}"
    );
    assert_eq!(guide[1].commands[0].open, ["user_name"]);
    assert_eq!(guide[0].good.as_deref(), Some("/srv is below 85 percent"));
    assert_eq!(run.variables_of_step(2), ["mount", "user_name"]);
    assert_eq!(variables_of(&run.runbook), ["mount", "user_name"]);

    let given = [
        ("mount".to_owned(), "/; rm -rf /".to_owned()),
        ("user_name".to_owned(), "{{mount}}".to_owned()),
    ];
    assert_eq!(run.set_values(&given, &ben(), at(1)), Ok(true));
    assert_eq!(run.set_values(&given, &anna(), at(2)), Ok(false));
    assert_eq!(run.values[0].by, Some(ben()));
    let guide = run.guide();
    assert_eq!(
        guide[1].commands[0].text,
        "du -x '/; rm -rf /' | grep '{{mount}}'"
    );
    assert_eq!(run.steps[0].title, "Look at /; rm -rf /");
    // An empty value takes it back.
    let given = [("mount".to_owned(), " ".to_owned())];
    run.set_values(&given, &ben(), at(3)).unwrap();
    assert_eq!(run.guide()[0].commands[0].open, ["mount"]);

    let given = [
        ("mount".to_owned(), "/new".to_owned()),
        ("other".to_owned(), "x".to_owned()),
    ];
    let refused = run.set_values(&given, &ben(), at(4));
    assert_eq!(refused, Err(Refusal::NoVariable("other".to_owned())));
    assert_eq!(run.guide()[0].commands[0].open, ["mount"]);
}

#[test]
fn the_step_of_version_0_4_has_its_command() {
    let mut runbook = runbook();
    runbook.steps[0].commands.clear();
    runbook.steps[0].body.clear();
    let run = Run::begin(&runbook, (1, None), Vec::new(), &anna(), at(0));
    let guide = run.guide();
    assert_eq!(guide[0].commands[0].text, "df -h {{mount}}");
    assert_eq!(guide[0].body, "df -h {{mount}}");
}

#[test]
fn a_record_is_said_in_words() {
    let mut record = Record::default();
    assert_eq!(record.in_words(), None);
    record.helped = 1;
    record.median_minutes = Some(1);
    assert_eq!(
        record.in_words().unwrap(),
        "helped 1 of 1 time, median 1 minute"
    );
    record.median_minutes = Some(0);
    assert_eq!(
        record.in_words().unwrap(),
        "helped 1 of 1 time, median under a minute"
    );
    record.helped = 3;
    record.did_not_help = 1;
    record.median_minutes = Some(6);
    assert_eq!(
        record.in_words().unwrap(),
        "helped 3 of 4 times, median 6 minutes"
    );
}

#[test]
fn the_median_is_of_whole_minutes() {
    let minutes = |of: &[i64]| median(&mut of.iter().map(|m| m * 60_000).collect::<Vec<_>>());
    assert_eq!(minutes(&[]), None);
    assert_eq!(minutes(&[6]), Some(6));
    assert_eq!(minutes(&[9, 1, 6]), Some(6));
    assert_eq!(minutes(&[4, 8]), Some(6));
    assert_eq!(median(&mut [29_999]), Some(0));
    assert_eq!(median(&mut [-5]), Some(0));
}

#[test]
fn the_json_is_flat() {
    let value = serde_json::to_value(run()).unwrap();
    assert_eq!(value["runbook_id"], "rb-x");
    assert_eq!(value["state"], "active");
    assert_eq!(
        value["progress"],
        json!({"steps": 3, "done": 0, "skipped": 0, "failed": 0})
    );
    assert_eq!(value["steps"][0]["index"], 1);
    assert_eq!(value.get("runbook"), None);
}
