use super::*;

fn filled(dir: &Path) -> Journal {
    let mut journal = Journal::open(&dir.join("journal")).unwrap();
    for step in &Step::ORDER[..5] {
        journal.write(1, *step, Event::Begin, "").unwrap();
        journal.write(2, *step, Event::End, "").unwrap();
    }
    journal
}

#[test]
fn what_was_written_is_read_again_and_a_torn_end_is_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    let journal = filled(dir.path());
    let path = dir.path().join("journal");
    let whole = std::fs::read(&path).unwrap();
    for cut in 1..80 {
        std::fs::write(&path, &whole[..whole.len() - cut]).unwrap();
        let again = Journal::open(&path).unwrap();
        assert_eq!(again.lines(), &journal.lines()[..9]);
        assert_eq!(again.standing(), Standing::Untouched(Step::Save));
    }
    let mut again = Journal::open(&path).unwrap();
    again.write(2, Step::Save, Event::End, "").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), whole);
    // Blocks that were never written are zeros.
    std::fs::write(&path, [&whole[..], &[0; 300]].concat()).unwrap();
    assert_eq!(Journal::open(&path).unwrap().last(), journal.last());
}

#[test]
fn a_line_that_was_changed_or_taken_out_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let path = dir.path().join("journal");
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, whole.replacen("\"time\":1", "\"time\":7", 1)).unwrap();
    assert!(matches!(Journal::open(&path), Err(JournalError::Damaged { line: 2, .. })));
    let without: String = whole.split_inclusive('\n').skip(1).collect();
    std::fs::write(&path, without).unwrap();
    assert!(matches!(Journal::open(&path), Err(JournalError::Damaged { line: 1, .. })));
}

#[test]
fn a_transaction_that_was_begun_leads_back_to_the_savepoint_and_then_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = filled(dir.path());
    assert_eq!(journal.standing(), Standing::Saved(Step::Keys));
    for step in [Step::Keys, Step::Modules] {
        journal.write(3, step, Event::Begin, "").unwrap();
        journal.write(3, step, Event::End, "").unwrap();
    }
    journal.write(4, Step::Transaction, Event::Begin, "").unwrap();
    assert_eq!(journal.standing(), Standing::Broken);
    journal.write(5, Step::Save, Event::Note, PUT_BACK).unwrap();
    assert_eq!(journal.standing(), Standing::Saved(Step::Keys));
    journal.write(6, Step::Rollback, Event::Begin, "").unwrap();
    assert_eq!(journal.standing(), Standing::GoingBack);
    journal.write(7, Step::Rollback, Event::End, "").unwrap();
    assert_eq!(journal.standing(), Standing::RolledBack);
}
