"""What a check says: repeats once, errors first, and nobody by name."""

from __future__ import annotations

from roentgene.ingest.study_folder.findings import Finding, collapse


def test_errors_come_first_and_repeats_are_one_message() -> None:
    found = [
        Finding("several_samples", "patients", "a.txt", None, "ID", ("P1", "P2")),
        Finding("not_a_number", "no number", "b.txt", 4, "AGE", ("x",)),
        Finding("not_a_number", "no number", "b.txt", 9, "AGE", ("x",)),
        Finding("not_a_number", "no number", "b.txt", 9, "SIZE", ("x",)),
    ]
    messages = collapse(found)
    assert [(one.severity, one.column, one.lines, one.count) for one in messages] == [
        ("error", "AGE", (4, 9), 2),
        ("error", "SIZE", (9,), 1),
        ("warning", "ID", (), 1),
    ]
    assert messages[0].values == ("x",)


def test_a_refusal_tells_place_values_and_their_hash() -> None:
    finding = Finding("id_characters", "an odd id", "a.txt", 6, "ID", ("P 1",))
    refusal = finding.refusal("study", quotes=True)
    assert (refusal.file_path, refusal.row_number, refusal.column_name) == ("study/a.txt", 6, "ID")
    assert refusal.detail == "an odd id: P 1"
    assert refusal.content_hash is not None
    other = Finding("id_characters", "an odd id", "a.txt", 6, "ID", ("P 2",))
    assert other.refusal("study", quotes=True).content_hash != refusal.content_hash


def test_hashed_ids_and_people_are_not_told() -> None:
    finding = Finding("id_characters", "an odd id", "a.txt", 6, "ID", ("P 1",))
    silent = finding.refusal("study", quotes=False)
    assert (silent.detail, silent.content_hash) == ("an odd id", None)
    person = Finding("id_characters", "an odd id", "a.txt", 6, "ID", ("Dr. Anna Meyer",))
    refusal = person.refusal("study", quotes=True)
    assert "Meyer" not in refusal.detail
    assert refusal.content_hash is None
    (message,) = collapse([person])
    assert message.values == ()
