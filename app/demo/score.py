"""How much of the truth the warehouse found, and how much it found that is not true."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from roentgene.app.demo.truth import Truth, read_truth

#: A pair is a discovery below this q.
Q_LIMIT = 0.05
#: The feature that tells whether a tumour grew: the volume of the whole tumour.
VOLUME_FEATURE = "original_shape_MeshVolume"
VOLUME_REGION = "WT"

_PAIR = ("target_block", "target", "region", "feature")


@dataclass(frozen=True)
class BlockScore:
    """What was found in one block of targets.

    Parameters
    ----------
    found, missed : tuple of str
        Genes that depend on a trait, with and without a true discovery.
    false_genes : tuple of str
        Genes that depend on nothing but take part in a discovery.
    """

    found: tuple[str, ...]
    missed: tuple[str, ...]
    false_genes: tuple[str, ...]

    @property
    def recall(self) -> float:
        """Share of the dependent genes that were found."""
        return len(self.found) / (len(self.found) + len(self.missed))


@dataclass(frozen=True)
class ResponseScore:
    """Who responded, told by the volume of the whole tumour at the last visit there is.

    Parameters
    ----------
    recognised : int
        Responders whose tumour shrank, and others whose tumour grew.
    mistaken, without_delta : tuple of str
        Patients told wrong, and patients of whom no volume change is known.
    """

    recognised: int
    mistaken: tuple[str, ...]
    without_delta: tuple[str, ...]


@dataclass(frozen=True)
class DemoScore:
    """The score of one study.

    Parameters
    ----------
    seed : int
        Seed of the study.
    discoveries, false_discoveries : int
        Pairs of feature and gene with q below ``Q_LIMIT``, and those of them that are not true.
    expression, mutation : BlockScore
        The same by gene.
    response : ResponseScore or None
        None where no deltas were given.
    """

    seed: int
    discoveries: int
    false_discoveries: int
    expression: BlockScore
    mutation: BlockScore
    response: ResponseScore | None = None

    @property
    def false_discovery_proportion(self) -> float:
        """Share of the discoveries that are not true; 0 where there are none.

        Its expectation is the false discovery rate that q bounds: Benjamini and Hochberg 1995,
        Journal of the Royal Statistical Society B 57:289-300.
        """
        return self.false_discoveries / self.discoveries if self.discoveries else 0.0

    def lines(self) -> list[str]:
        """Say it in words, one line a finding."""
        told = [
            f"{self.discoveries} pairs of feature and gene with q < {Q_LIMIT:g}; "
            f"{self.false_discoveries} of them are not true "
            f"({self.false_discovery_proportion:.1%}, expected at most about {Q_LIMIT:.0%})",
            _told("expression", self.expression),
            _told("mutation", self.mutation),
        ]
        n_false = len(self.expression.false_genes) + len(self.mutation.false_genes)
        if n_false:
            told.append(
                f"{n_false} genes that depend on nothing stand in at least one pair: q holds for "
                f"the list of pairs, not for the list of genes"
            )
        if self.response is not None:
            told += _response_lines(self.response)
        return told


def score(truth: Path, associations: pa.Table, deltas: pa.Table | None = None) -> DemoScore:
    """Compare what the warehouse found with the truth.

    A discovery is true if its gene depends on a hidden trait, its region carries the traits, and
    its feature is not one of shape, for no trait changes the shape. A gene is found if it has one
    true discovery.

    Parameters
    ----------
    truth : Path
        File that the generator wrote.
    associations : pyarrow.Table
        Rows of ``mart.association`` of one run; ``target_block``, ``target`` (its last part is
        the gene), ``region``, ``feature`` and ``q_value`` are read.
    deltas : pyarrow.Table, optional
        Rows of ``mart.delta_radiomics``; ``patient_id``, ``region``, ``feature``,
        ``interval_days`` and ``delta_log_ratio`` are read.

    Raises
    ------
    KeyError
        If a column is missing.
    """
    known = read_truth(truth)
    pairs = _discoveries(associations)
    true_pairs = [pair for pair in pairs if _is_true(pair, known)]
    return DemoScore(
        seed=known.seed,
        discoveries=len(pairs),
        false_discoveries=len(pairs) - len(true_pairs),
        expression=_block(known, "expression", pairs, true_pairs),
        mutation=_block(known, "mutation", pairs, true_pairs),
        response=None if deltas is None else _response(known, deltas),
    )


def _discoveries(associations: pa.Table) -> list[dict[str, Any]]:
    # a pair that was not tested has no q, and a comparison with NULL keeps no row
    small = pc.less(associations["q_value"], Q_LIMIT)
    pairs: list[dict[str, Any]] = associations.select(_PAIR).filter(small).to_pylist()
    return pairs


def _gene(pair: Mapping[str, str]) -> str:
    return pair["target"].rsplit(":", 1)[-1]


def _dependent(known: Truth, block: str) -> set[str]:
    return set({"expression": known.expression, "mutation": known.mutation}.get(block, {}))


def _is_true(pair: Mapping[str, str], known: Truth) -> bool:
    is_shape = pair["feature"].split("_")[1].startswith("shape")
    carries = pair["region"] in known.carrying_regions
    return carries and not is_shape and _gene(pair) in _dependent(known, pair["target_block"])


def _block(
    known: Truth,
    block: str,
    pairs: Iterable[Mapping[str, str]],
    true_pairs: Iterable[Mapping[str, str]],
) -> BlockScore:
    dependent = _dependent(known, block)
    found = {_gene(pair) for pair in true_pairs if pair["target_block"] == block}
    named = {_gene(pair) for pair in pairs if pair["target_block"] == block}
    return BlockScore(
        found=tuple(sorted(found)),
        missed=tuple(sorted(dependent - found)),
        false_genes=tuple(sorted(named - dependent)),
    )


def _response(known: Truth, deltas: pa.Table) -> ResponseScore:
    change = _last_volume_change(deltas)
    told = {patient_id: value < 0 for patient_id, value in change.items()}
    responds = {
        **dict.fromkeys(known.responders, True),
        **dict.fromkeys(known.others, False),
    }
    wrong = {p for p, answer in responds.items() if p in told and told[p] != answer}
    unknown = responds.keys() - told.keys()
    return ResponseScore(
        recognised=len(responds) - len(wrong) - len(unknown),
        mistaken=tuple(sorted(wrong)),
        without_delta=tuple(sorted(unknown)),
    )


def _last_volume_change(deltas: pa.Table) -> dict[str, float]:
    """Log ratio of the volume to the baseline's at each patient's last visit that has one."""
    chosen = pc.and_(
        pc.and_(
            pc.equal(deltas["feature"], VOLUME_FEATURE), pc.equal(deltas["region"], VOLUME_REGION)
        ),
        pc.is_valid(deltas["delta_log_ratio"]),
    )
    columns = ["patient_id", "interval_days", "delta_log_ratio"]
    rows = deltas.select(columns).filter(chosen).to_pylist()
    rows.sort(key=lambda row: row["interval_days"])
    return {row["patient_id"]: row["delta_log_ratio"] for row in rows}


def _told(block: str, found: BlockScore) -> str:
    n = len(found.found) + len(found.missed)
    missed = f"; missed: {', '.join(found.missed)}" if found.missed else ""
    return f"{block}: {len(found.found)} of {n} genes that depend on texture were found{missed}"


def _response_lines(response: ResponseScore) -> list[str]:
    n = response.recognised + len(response.mistaken) + len(response.without_delta)
    told = [f"response: {response.recognised} of {n} patients told right by tumour volume"]
    if response.mistaken:
        told.append(f"told wrong: {', '.join(response.mistaken)}")
    if response.without_delta:
        told.append(f"without a volume change: {', '.join(response.without_delta)}")
    return told
