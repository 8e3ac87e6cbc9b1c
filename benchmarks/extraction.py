"""Extraction against PyRadiomics itself, side by side, on real images; prints a Markdown table.

Run ``uv run python benchmarks/extraction.py --pairs 9`` on a machine that does nothing else; name
cases to run only those. Each pair starts both ways in turn in fresh processes, so that a drift of
the machine's speed meets both; ratios are medians over the pairs. Images lie below
``$ROENTGENE_TEST_DATA``, by default ``../shared/data``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whole_deliveries import (
    FILTERS,
    GLIOMA,
    NOT_RESAMPLED,
    SARCOMA,
    STANDARD,
    Cost,
    Way,
    batch_command,
    cold,
    glioma_cohort,
    glioma_rows,
    ingest_command,
    sarcoma_cohort,
    sarcoma_rows,
    script,
    timed,
    warmed,
)


@dataclass(frozen=True)
class Work:
    """Work that PyRadiomics and roentgene both do, roentgene in one way or several.

    Parameters
    ----------
    name : str
        How it is asked for.
    unit : str
        What is counted.
    stock : callable
        PyRadiomics.
    ours : tuple of (str, str, callable)
        What is done, the ratio that is asked for, and roentgene.
    """

    name: str
    unit: str
    stock: Way
    ours: tuple[tuple[str, str, Way], ...]


# --- one process, one extraction: CPU seconds after a first, uncounted one ---------------------


def in_process(case: str, path: str) -> Callable[[Path], Cost]:
    """Time an extraction in a process of its own."""

    def run(_: Path) -> Cost:
        command = [sys.executable, __file__, "--child", case, path]
        done = subprocess.run(  # noqa: S603 our own file
            command, check=True, capture_output=True, text=True, env=_one_thread()
        )
        return Cost(**json.loads(done.stdout.splitlines()[-1]))

    return run


def child(case: str, path: str) -> Cost:
    """Carry an extraction out twice; the first loads libraries and machine code."""
    import logging

    logging.disable(logging.CRITICAL)
    extract = _EXTRACTIONS[case](path)
    extract()
    before = time.process_time()
    extract()
    seconds = time.process_time() - before
    return Cost(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _region(path: str, image: Any, masks: Sequence[Any], settings: dict[str, Any]) -> Any:
    """Make a call that measures masks on an image, as the engine or as PyRadiomics alone."""
    import SimpleITK as sitk

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    if path == "stock":
        from radiomics.featureextractor import RadiomicsFeatureExtractor

        parameters = {"imageType": FILTERS, "setting": {**settings, "additionalInfo": False}}
        extractor = RadiomicsFeatureExtractor(parameters)
        return lambda: [extractor.execute(image, mask) for mask in masks]
    from roentgene.ingest.block import cut_out
    from roentgene.ingest.extract.engines import AskedRegion, engine
    from roentgene.ingest.extract.extraction import make_extraction
    from roentgene.schemas.study import Profile

    kind = "stock" if settings.get("resampledPixelSpacing") else "whole-image"
    asked = make_extraction("p", Profile(image_types=FILTERS, settings=settings, kind=kind))
    regions = [AskedRegion(cut_out(sitk.GetArrayFromImage(mask) == 1), True) for mask in masks]
    return lambda: list(engine("pyradiomics").extract(image, regions, asked, "fast"))


def nested_regions(path: str) -> Any:
    """Three nested regions of 80,000, 33,000 and 7,000 voxels on 240 x 240 x 155."""
    import numpy as np
    import SimpleITK as sitk

    image = sitk.ReadImage(str(GLIOMA / "raw_bet" / "TCGA-DU-7294_fla_bet.nii.gz"))
    z, y, x = np.indices(image.GetSize()[::-1])
    away = (z - 80) ** 2 + (y - 120) ** 2 + (x - 100) ** 2
    masks = []
    for n_voxels in (80_000, 33_000, 7_000):
        radius = (n_voxels * 3 / (4 * np.pi)) ** (1 / 3)
        mask = sitk.GetImageFromArray((away <= radius**2).astype(np.uint8))
        mask.CopyInformation(image)
        masks.append(mask)
    return _region(path, image, masks, NOT_RESAMPLED)


def sarcoma_region(patient: str) -> Callable[[str], Any]:
    """One sarcoma on its MR, resampled to 1 mm around the region."""

    def make(path: str) -> Any:
        import SimpleITK as sitk

        image = sitk.ReadImage(str(SARCOMA / patient / "MR_T1_image.nii.gz"))
        mask = sitk.ReadImage(str(SARCOMA / patient / "MR_T1_mask.nii.gz"))
        return _region(path, image, [sitk.Cast(mask == 1, sitk.sitkUInt8)], STANDARD)

    return make


def laplacian(path: str) -> Any:
    """LoG of sigma 3 in the box around the largest of the nested regions."""
    import numpy as np
    import SimpleITK as sitk

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    image = sitk.ReadImage(str(GLIOMA / "raw_bet" / "TCGA-DU-7294_fla_bet.nii.gz"))
    image = sitk.Normalize(image) * 100.0
    whole = sitk.LaplacianRecursiveGaussianImageFilter()
    whole.SetNormalizeAcrossScale(True)
    whole.SetSigma(3.0)
    if path == "stock":
        return lambda: whole.Execute(image)
    from roentgene.ingest.extract.fast.laplacian import laplacian_of_gaussian

    box = (slice(53, 107), slice(93, 147), slice(73, 127))
    voxels = sitk.GetArrayViewFromImage(image)
    found = laplacian_of_gaussian(voxels, image.GetSpacing(), 3.0, box)
    if not np.array_equal(found, sitk.GetArrayFromImage(whole.Execute(image))[box]):
        msg = "LoG is not SimpleITK's to the last bit"
        raise SystemExit(msg)
    return lambda: laplacian_of_gaussian(voxels, image.GetSpacing(), 3.0, box)


_EXTRACTIONS: dict[str, Callable[[str], Any]] = {
    "nested": nested_regions,
    "STS_006": sarcoma_region("STS_006"),
    "STS_012": sarcoma_region("STS_012"),
    "LoG": laplacian,
}


def _one_thread() -> dict[str, str]:
    return {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


# --- everything that is compared ----------------------------------------------------------------


def works() -> list[Work]:
    """Everything that is compared."""
    single = {
        "nested": ("3 nested regions of 240 x 240 x 155, whole-image profile", "12"),
        "STS_006": ("STS_006 MR, 259,000 voxels, stock profile", "5"),
        "STS_012": ("STS_012 MR, 80,000 voxels, stock profile", "4"),
        "LoG": ("LoG of sigma 3 in a box of it, equal to the last bit", "8"),
    }
    glioma = ingest_command(glioma_cohort(), NOT_RESAMPLED)
    sarcoma = ingest_command(sarcoma_cohort(), STANDARD)
    alone = ingest_command(sarcoma_cohort(), STANDARD, "extract")
    return [
        *(
            Work(
                name,
                "CPU s",
                in_process(name, "stock"),
                ((what, asked, in_process(name, "fast")),),
            )
            for name, (what, asked) in single.items()
        ),
        Work(
            "glioma",
            "s",
            warmed(
                batch_command(glioma_rows(), NOT_RESAMPLED),
                batch_command(glioma_rows()[:1], NOT_RESAMPLED),
            ),
            (
                ("4 sequences x 5 raters x 2 labels, `ingest run`", "25", warmed(glioma, glioma)),
                ("the same, no machine code yet", "6", cold(glioma)),
            ),
        ),
        Work(
            "sarcoma",
            "s",
            warmed(
                batch_command(sarcoma_rows(), STANDARD),
                batch_command(sarcoma_rows()[:1], STANDARD),
            ),
            (
                ("42 sarcoma images, `ingest run`", "", warmed(sarcoma, sarcoma)),
                ("the same, no machine code yet", "5", cold(sarcoma)),
                ("the same, `ingest extract` alone", "8", alone),
            ),
        ),
        Work(
            "workers",
            "s",
            pool_of(1),
            (("126 sarcoma images, 1 worker against 2", "1.9", pool_of(2)),),
        ),
    ]


def pool_of(workers: int) -> Callable[[Path], Cost]:
    """Time a pool in a process of its own."""

    def run(folder: Path) -> Cost:
        file = folder / "cohort.yaml"
        file.write_text(sarcoma_cohort().replace("[bench]", "[standard]"))
        timed([script("roentgene"), "init", folder / "warehouse"], folder)
        command = [sys.executable, __file__, "--pool", str(workers), str(folder)]
        done = subprocess.run(  # noqa: S603 our own file
            command, check=True, capture_output=True, text=True
        )
        return Cost(**json.loads(done.stdout.splitlines()[-1]))

    return run


def run_pool(workers: int, folder: Path) -> Cost:
    """Stage every sarcoma case three times, so that starting workers weighs little."""
    from dataclasses import replace
    from functools import partial

    from roentgene.ingest.extract.executors.local_pool import LocalPool
    from roentgene.ingest.planning.plan import make_plan
    from roentgene.ingest.staging.case import stage_case
    from roentgene.warehouse.opening import open_warehouse

    with open_warehouse(folder / "warehouse") as reader:
        cases = make_plan(reader, folder / "cohort.yaml").imaging.cases
    thrice = [replace(case, case_key=f"{case.case_key}-{n}") for case in cases for n in range(3)]
    begun = time.monotonic()
    outcomes = list(LocalPool(workers).run(partial(stage_case, folder=folder / "staged"), thrice))
    seconds = time.monotonic() - begun
    if any(outcome.error for outcome in outcomes) or len(outcomes) != 3 * len(cases):
        msg = "not every case was staged"
        raise SystemExit(msg)
    return Cost(seconds)


def compare(work: Work, pairs: int) -> Iterator[str]:
    """Run all ways in turn, again and again; give the rows of the table."""
    ways = [work.stock, *(way for _, _, way in work.ours)]
    costs: list[list[Cost]] = [[] for _ in ways]
    for _ in range(pairs):
        for way, found in zip(ways, costs, strict=True):
            with tempfile.TemporaryDirectory(prefix="extraction") as folder:
                found.append(way(Path(folder)))
        last = ", ".join(f"{found[-1].seconds:.2f}" for found in costs)
        print(f"{work.name}: {last}", file=sys.stderr)  # noqa: T201
    stock, *ours = costs
    for (what, asked, _), found in zip(work.ours, ours, strict=True):
        yield row(what, asked, work.unit, stock, found)


def row(what: str, asked: str, unit: str, stock: Sequence[Cost], ours: Sequence[Cost]) -> str:
    """Make a row of the table, of medians."""
    ratio = statistics.median(a.seconds / b.seconds for a, b in zip(stock, ours, strict=True))
    peaks = [statistics.median(cost.peak_mb for cost in way) for way in (stock, ours)]
    cells = (
        what,
        *(f"{statistics.median(cost.seconds for cost in way):.2f}" for way in (stock, ours)),
        unit,
        f"**{ratio:.1f}**",
        asked,
        f"{peaks[0]:.0f} / {peaks[1]:.0f}" if all(peaks) else "",
        str(len(stock)),
    )
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", help="names of rows; all if none is given")
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--pool", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        print(json.dumps(vars(child(*asked.child))))  # noqa: T201
        return
    if asked.pool:
        print(json.dumps(vars(run_pool(int(asked.pool[0]), Path(asked.pool[1])))))  # noqa: T201
        return
    chosen = [work for work in works() if not asked.cases or work.name in asked.cases]
    print("| work | PyRadiomics | roentgene | unit | ratio | asked | peak MB | pairs |")  # noqa: T201
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")  # noqa: T201
    for work in chosen:
        for line in compare(work, asked.pairs):
            print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
