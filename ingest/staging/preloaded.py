"""What staging a case loads, seconds of it. Importing this module loads it.

A pool imports it in the process that its workers are forked off, so that it is loaded once and not
by each worker. Nothing here may start a thread that workers would miss, or compute anything.
"""

from __future__ import annotations

import gc
from contextlib import suppress
from importlib import import_module

_MODULES = (
    "roentgene.ingest.staging.case",
    "roentgene.ingest.extract.engines.pyradiomics",
    "roentgene.ingest.extract.fast.measuring",
    "pandas",  # pyarrow loads it when it makes an array of a list
)

gc.disable()  # nothing of it ever becomes garbage
for _module in _MODULES:
    # what is not installed or cannot be loaded is told by the worker that needs it
    with suppress(Exception):
        import_module(_module)
gc.freeze()  # nor do workers look at it, which would copy their shared memory
gc.enable()
