"""The packaged list of markers: every name and word means one thing, every gene is one of HGNC."""

from __future__ import annotations

from collections import Counter

from roentgene.schemas.genes import hgnc_genes
from roentgene.schemas.markers import fold_name, fold_word, marker_names, result_words


def test_a_name_tells_one_marker_and_a_word_one_result() -> None:
    names = Counter(name.equivalent for name in marker_names())
    words = Counter((word.tells, word.word) for word in result_words())
    assert [name for name, n in names.items() if n > 1] == []
    assert [word for word, n in words.items() if n > 1] == []
    assert "" not in names
    assert "" not in {word for _, word in words}


def test_genes_have_their_approved_symbols() -> None:
    symbols = {gene for name in marker_names() for gene in name.hugo_symbols}
    assert symbols
    assert symbols <= set(hgnc_genes()["hugo_symbol"])


def test_what_a_marker_tells_has_results() -> None:
    told = {name.tells for name in marker_names()} - {"age"}
    assert told == {word.tells for word in result_words()}


def test_names_and_words_as_files_write_them() -> None:
    names = {name.equivalent: name.marker for name in marker_names()}
    given = ("IDH1.Status", "1p/19q", "X1p_19q_codeletion", "MGMT promoter status", "BRAF_V600E")
    found = [names.get(fold_name(name)) for name in given]
    assert found == ["IDH1", "1p/19q", "1p/19q", "MGMT", "BRAF V600E"]
    words = {(word.tells, word.word): word.result for word in result_words()}
    assert words["mutation", fold_word("Wild-type")] == "WT"
    assert words["mutation", fold_word("NOS/NEC")] == "undecided"
    assert words["codeletion", fold_word("non-codel")] == "intact"
    assert words["expression", fold_word("HER2-")] == "negative"
