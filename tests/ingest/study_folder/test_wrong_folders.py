"""Folders that are wrong in one way each: the check names file, line, column, value and rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from roentgene.ingest.planning.study_check import check_study
from roentgene.ingest.study_folder.findings import Message

from .conftest import StudyMaker
