use super::*;

fn thousand() -> Digest {
    let mut stories: Vec<Story> = (1..=1000)
        .map(|id| Story::opens(id, "2026-11-20T10:00:00Z"))
        .collect();
    for story in &mut stories {
        story.incident.summary = format!(
            "\u{1b}[31m<b>{}\u{202e}\r\n\u{0}{}\u{2028}~! {}",
            story.incident.id,
            "x".repeat(500),
            "漢".repeat(400)
        );
    }
    stories[998].incident.severity = Severity::Critical;
    digest_of(&stories, "2026-11-20", "UTC")
}

#[test]
fn lists_are_bounded_worst_first_and_say_what_they_leave_out() {
    let digest = thousand();
    assert_eq!(digest.headline.still_open, 1000);
    assert_eq!(
        (digest.headline.critical, digest.headline.warning),
        (1, 999)
    );
    assert_eq!(
        (digest.still_open.len(), digest.left_out.still_open),
        (LIMIT, 900)
    );
    assert_eq!((digest.opened.len(), digest.left_out.opened), (LIMIT, 900));
    assert_eq!(digest.still_open[0].problem.id, 999);
    assert!(digest.still_open[0].problem.summary.chars().count() <= MAX_TEXT);
    let text = serde_json::to_string(&digest).unwrap();
    assert_eq!(serde_json::from_str::<Digest>(&text).unwrap(), digest);
}

fn board(digest: Digest) -> Board {
    let open = digest
        .still_open
        .iter()
        .map(|incident| OpenIncident {
            incident: incident.clone(),
            runbook: Some(Offer {
                id: "rb-disk-full".to_owned(),
                title: "Free space on a pool".to_owned(),
                reason: "kind is disk_full".to_owned(),
            }),
        })
        .collect();
    Board { digest, open }
}

#[test]
fn hostile_text_stays_on_its_line_and_within_80_columns() {
    let text = text::render(&board(thousand()), &TimeZone::UTC, false);
    for line in text.lines() {
        assert!(wrap::columns(line) <= wrap::WIDTH, "{line}");
        let rest = line.trim_start();
        assert!(
            !rest.starts_with('~') || rest.starts_with("~ WARNING "),
            "{line}"
        );
    }
    let odd = |c: char| (c.is_control() && c != '\n') || "\u{202e}\u{2028}".contains(c);
    assert!(!text.contains(odd));
    assert!(
        text.contains("OPEN (1000)\n! CRITICAL #999 disk_full"),
        "{text}"
    );
    assert!(text.contains("... and 950 more"));
    assert!(text.lines().count() < 1500, "{}", text.lines().count());
    let painted = text::render(&board(thousand()), &TimeZone::UTC, true);
    assert!(painted.contains("\u{1b}[1;31m! CRITICAL\u{1b}[0m #999"));
}

#[test]
fn the_text_form_reads_as_a_letter() {
    let stories = [
        Story::opens(1, "2026-11-22T04:31:00Z").acknowledged("2026-11-22T05:10:00Z"),
        Story::opens(2, "2026-11-21T10:00:00Z").resolved("2026-11-22T10:30:00Z"),
    ];
    let zone = zone::named("Europe/Berlin").unwrap();
    let digest = digest_of(&stories, "2026-11-22", "Europe/Berlin");
    let text = text::render(&board(digest), &zone, false);
    let expected = "\
Atlas Ops - Sun 22 Nov (2026-11-22), as it stood at the end of the day,
  Europe/Berlin
1 warning open (1 acknowledged, 0 snoozed) - no agent known
On that day: 1 opened, 1 resolved, backup never

OPEN (1)
~ WARNING #1 disk_full at site-homelab, since Sun 22 Nov, 05:31 (18 h)
    nas:/tank at 97 %
    > Free space on a pool (rb-disk-full): kind is disk_full
    acknowledged by anna, Sun 22 Nov, 06:10, \"on it\"

ON THAT DAY: OPENED (1)
~ WARNING #1 disk_full at site-homelab, Sun 22 Nov, 05:31, acknowledged:
    nas:/tank at 97 %

ON THAT DAY: RESOLVED (1)
  #2 disk_full at site-homelab, Sun 22 Nov, 11:30 after 24 h, resolved by its
    source (atlas-ops): nas:/tank at 97 %

AGENTS (0)
  No agent has reported: nobody knows how the hosts are.

BACKUP never (make one: atlas-ops db backup --to PATH)
";
    assert_eq!(text, expected, "{text}");
    assert!(text.is_ascii());
}
