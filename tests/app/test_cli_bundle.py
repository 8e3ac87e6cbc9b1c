"""``roentgene bundle``: what is needed, hashed, checked; and installed with the network cut off."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import Distribution, distributions, version
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from roentgene.app.bundling import making
from roentgene.app.bundling.checking import check_bundle
from roentgene.app.bundling.hash_file import content_hash, read_hashes, wheel_pin, write_hashes
from roentgene.app.bundling.making import make_bundle
from roentgene.app.bundling.needed import Pin, installed, needed
from roentgene.app.bundling.own_wheel import copied_source, editable_source, pack_installed
from roentgene.app.bundling.pip_process import Pip
from roentgene.app.bundling.place import Place
from roentgene.app.file_progress import OnFile
from roentgene.schemas.errors import BundleError, NoNetworkError

Run = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[2]
SH = "/bin/sh"
RECIPE = ROOT / "docs" / "examples" / "roentgene.def"
PAPERS = {"requirements.txt", "install.sh", "README.md"}
PINS = (Pin("alpha", "1.0"), Pin("beta", "2.0"), Pin("roentgene", "0.1.0"))


# --- what is needed


def test_requirements_are_followed_to_the_last_with_their_markers() -> None:
    pins = {pin.name: pin.version for pin in needed({"extract"})}
    assert pins["simpleitk"] == version("SimpleITK")
    assert pins["mdurl"] == version("mdurl")  # rich, markdown-it-py, mdurl
    assert ("pyradiomics" in pins) == (sys.version_info < (3, 12))
    assert not {"pysam", "pytest", "colorama"} & pins.keys()
    assert {"simpleitk", "numba"}.isdisjoint(pin.name for pin in needed(()))


def test_what_a_build_left_in_the_source_is_not_taken_for_the_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path / "source" / "tiny.egg-info"
    left.mkdir(parents=True)
    (left / "PKG-INFO").write_text("Name: tiny\nVersion: 0.9\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "source"))
    assert needed((), "tiny") == (Pin("tiny", "0.9"),)
    an_installation(tmp_path / "site")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "site")])
    found = installed("tiny")
    assert found is not None
    assert (found.version, needed((), "tiny")) == ("1.0", (Pin("tiny", "1.0"),))


def test_a_version_is_named_as_wheels_name_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    an_installed(tmp_path, "By_Month", "2026.01")
    assert needed((), "by-month") == (Pin("by-month", "2026.1"),)


def test_an_extra_of_an_extra_is_followed() -> None:
    assert {"highdicom", "numba"} <= {pin.name for pin in needed({"dicomseg"})}


def test_an_unknown_extra_is_refused() -> None:
    with pytest.raises(BundleError, match=r"no extra called nosuch\. It has .*dicomseg"):
        needed({"extract", "nosuch"})


def an_installed(folder: Path, name: str, release: str, *requires: str) -> None:
    about = folder / f"{name}-{release}.dist-info"
    about.mkdir(parents=True)
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {release}"]
    lines += [f"Requires-Dist: {line}" for line in requires]
    (about / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_what_is_missing_or_of_another_version_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    an_installed(tmp_path, "asks", "1.0", "absent-thing>=1", "never; python_version < '3'")
    with pytest.raises(BundleError, match="absent-thing, which asks needs, is not installed"):
        needed((), "asks")
    an_installed(tmp_path, "absent_thing", "0.9")
    with pytest.raises(BundleError, match=r"absent-thing 0\.9 is installed, asks needs"):
        needed((), "asks")


# --- made, taken up, checked


class FakePip:
    """Writes a wheel of any name; dies when it is told."""

    def __init__(self, dies_at: str = "") -> None:
        self.dies_at = dies_at
        self.fetched: list[str] = []

    def fetch(self, pins: Sequence[Pin], folder: Path) -> None:
        for pin in pins:
            if pin.name == self.dies_at:
                msg = "nobody answered"
                raise NoNetworkError(msg)
            self.fetched.append(pin.name)
            (folder / f"{pin.name}-{pin.version}-py3-none-any.whl").write_text(pin.name)


@pytest.fixture(autouse=True)
def three_wheels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has bundles of three small wheels, except where the real ones are wanted."""
    if request.node.get_closest_marker("extras") is not None:
        return

    def own(folder: Path, _: object) -> None:
        (folder / "roentgene-0.1.0-py3-none-any.whl").write_text("own")

    monkeypatch.setattr(making, "needed", lambda extras: PINS)
    monkeypatch.setattr(making, "make_own_wheel", own)
    monkeypatch.setattr(making, "_AT_ONCE", 1)


def make(folder: Path, pip: FakePip, on_file: OnFile = lambda *_: None) -> making.BundleReport:
    return make_bundle(folder, (), on_file, lambda _: pip)  # type: ignore[arg-type,return-value]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    make(tmp_path / "bundle", FakePip())
    return tmp_path / "bundle"


def test_a_bundle_is_whole_and_says_so(roentgene: Run, bundle: Path) -> None:
    assert {path.name for path in bundle.iterdir()} == PAPERS | {"wheels"}
    answer = roentgene("bundle", "--check", bundle)
    assert (answer.exit_code, "is whole: 3 wheels" in answer.out) == (0, True)
    told = roentgene("bundle", bundle, "--check", "--json").json
    assert (told["whole"], told["faults"]) == (True, [])
    assert told["requirements_hash"] == content_hash(bundle / "requirements.txt")


def test_the_hashes_file_is_what_pip_requires(bundle: Path) -> None:
    lines = (bundle / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line.partition(" ")[0] for line in lines] == [str(pin) for pin in PINS]
    wheels = [next((bundle / "wheels").glob(f"{pin.name}-*")) for pin in PINS]
    assert lines == [
        f"{pin} --hash=sha256:{content_hash(wheel)}"
        for pin, wheel in zip(PINS, wheels, strict=True)
    ]


def test_no_text_of_it_names_an_address_and_the_script_parses(bundle: Path) -> None:
    for name in PAPERS:
        text = (bundle / name).read_text(encoding="utf-8")
        assert "://" not in text
        assert "@{" not in text
    assert subprocess.run([SH, "-n", bundle / "install.sh"], check=False).returncode == 0


def test_the_script_refuses_another_python(bundle: Path, tmp_path: Path) -> None:
    other = tmp_path / "python"
    other.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    other.chmod(0o755)
    for python, said in ((other, "is not Python"), (tmp_path / "none", "there is no")):
        done = subprocess.run(
            [SH, bundle / "install.sh", tmp_path / "venv"],
            env={**os.environ, "PYTHON": str(python)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, said in done.stderr) == (2, True)


def test_a_changed_wheel_is_named(roentgene: Run, bundle: Path) -> None:
    changed = next((bundle / "wheels").glob("beta-*"))
    changed.write_text("worse")
    answer = roentgene("bundle", "--check", bundle)
    assert answer.exit_code == 3
    assert f"{changed.name} is not what was hashed" in answer.out
    assert "alpha" not in answer.out


def test_a_missing_a_foreign_and_a_second_wheel_are_named(bundle: Path) -> None:
    wheels = bundle / "wheels"
    (wheels / "alpha-1.0-py3-none-any.whl").unlink()
    (wheels / "gamma-1.0-py3-none-any.whl").write_text("gamma")
    shutil.copy(wheels / "beta-2.0-py3-none-any.whl", wheels / "beta-2.0-1-py3-none-any.whl")
    (bundle / "install.sh").unlink()
    assert sorted(check_bundle(bundle).faults) == [
        "alpha==1.0 has no wheel",
        "beta-2.0-py3-none-any.whl is another wheel of beta==2.0",
        "gamma-1.0-py3-none-any.whl is in no line of requirements.txt",
        "install.sh is not there",
    ]


def test_what_stopped_goes_on_with_the_wheels_that_are_as_they_were(tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    with pytest.raises(NoNetworkError):
        make(folder, FakePip(dies_at="beta"))
    with pytest.raises(BundleError, match="was not finished"):
        check_bundle(folder)
    again = FakePip()
    assert (make(folder, again).n_kept, again.fetched) == (1, ["beta"])
    (folder / "wheels" / "alpha-1.0-py3-none-any.whl").write_text("worse")
    (folder / "wheels" / "old-1.0-py3-none-any.whl").write_text("of an earlier version")
    again = FakePip()
    assert (make(folder, again).n_kept, again.fetched) == (1, ["alpha"])
    assert check_bundle(folder).faults == ()
    assert {path.name for path in folder.iterdir()} == PAPERS | {"wheels"}


def test_wheels_are_fetched_in_portions_and_each_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "_AT_ONCE", 2)
    told: list[tuple[int, int]] = []
    with pytest.raises(NoNetworkError):
        make(tmp_path, FakePip(dies_at="beta"))
    assert list((tmp_path / "wheels").iterdir()) == []
    make(tmp_path, FakePip(), lambda _, number, n_files: told.append((number, n_files)))
    assert told == [(0, 3), (2, 3), (3, 3)]


def test_a_wheel_for_another_machine_is_not_kept(bundle: Path) -> None:
    here = bundle / "wheels" / "beta-2.0-py3-none-any.whl"
    here.rename(here.with_name("beta-2.0-cp27-cp27m-win32.whl"))
    again = FakePip()
    assert (make(bundle, again).n_kept, again.fetched) == (1, ["beta"])
    assert [path.name for path in (bundle / "wheels").glob("beta-*")] == [here.name]


def test_a_wheel_of_another_name_is_refused(tmp_path: Path) -> None:
    class Other(FakePip):
        def fetch(self, pins: Sequence[Pin], folder: Path) -> None:
            super().fetch([Pin("other", pin.version) for pin in pins], folder)

    with pytest.raises(BundleError, match=r"alpha==1\.0 is missing, other-1\.0-.* came too"):
        make(tmp_path / "bundle", Other())


def test_a_second_wheel_of_one_is_refused(tmp_path: Path) -> None:
    class Twice(FakePip):
        def fetch(self, pins: Sequence[Pin], folder: Path) -> None:
            super().fetch(pins, folder)
            (folder / "alpha-1.0-1-py3-none-any.whl").write_text("alpha")

    with pytest.raises(BundleError, match=r"nothing is missing, alpha-1\.0-.* came too"):
        make(tmp_path / "bundle", Twice())


def test_a_folder_with_something_else_is_left_alone(roentgene: Run, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    answer = roentgene("bundle", tmp_path)
    assert (answer.exit_code, "thesis.tex is in it" in answer.err) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    assert "is no bundle" in roentgene("bundle", "--check", tmp_path).err


def test_hashes_of_another_form_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    write_hashes(file, {PINS[0]: "0" * 64})
    assert read_hashes(file) == {PINS[0]: "0" * 64}
    file.write_text("pandas>=3\n", encoding="utf-8")
    with pytest.raises(BundleError, match=r"requirements\.txt, line 1"):
        read_hashes(file)


# --- roentgene's own wheel


def an_installation(folder: Path) -> Distribution:
    """Install a small wheel as installers do."""
    package = folder / "tiny"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("VALUE = 1\n", encoding="utf-8")
    an_installed(folder, "tiny", "1.0")
    about = folder / "tiny-1.0.dist-info"
    (about / "WHEEL").write_text("Wheel-Version: 1.0\nTag: py3-none-any\n", encoding="utf-8")
    (about / "direct_url.json").write_text('{"url": "file:///somewhere"}', encoding="utf-8")
    record = "tiny/__init__.py,sha256=FeUF4O9IFTMcqzQVbTgAqyyi6qO5zLcmtJEJJuW0yAA,10\n"
    names = ("METADATA", "WHEEL", "direct_url.json", "RECORD")
    record += "".join(f"tiny-1.0.dist-info/{name},,\n" for name in names)
    (about / "RECORD").write_text(record + "../../bin/tiny,,\n", encoding="utf-8")
    (found,) = distributions(name="tiny", path=[str(folder)])
    return found


def test_an_installed_distribution_is_packed_as_it_came(tmp_path: Path) -> None:
    found = an_installation(tmp_path / "site")
    source = tmp_path / "site" / "tiny" / "__init__.py"
    record = tmp_path / "site" / "tiny-1.0.dist-info" / "RECORD"
    stem = record.read_text(encoding="utf-8")
    true_hash = _record_hash_by_hand(source.read_bytes())
    record.write_text(re.sub(r"sha256=\S+?,", f"sha256={true_hash},", stem), encoding="utf-8")
    assert editable_source(found) is None
    wheel = pack_installed(found, tmp_path)
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
        assert archive.read("tiny/__init__.py") == b"VALUE = 1\n"
    about = {f"tiny-1.0.dist-info/{name}" for name in ("METADATA", "WHEEL", "RECORD")}
    assert (wheel.name, names) == ("tiny-1.0-py3-none-any.whl", {"tiny/__init__.py", *about})
    first = wheel.read_bytes()
    assert pack_installed(found, tmp_path).read_bytes() == first
    source.write_text("VALUE = 2\n", encoding="utf-8")
    with pytest.raises(BundleError, match="is not what was installed"):
        pack_installed(found, tmp_path)


def _record_hash_by_hand(content: bytes) -> str:
    import base64
    import hashlib

    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")


def test_source_that_is_gone_is_told(tmp_path: Path) -> None:
    found = an_installation(tmp_path / "site")
    origin = tmp_path / "site" / "tiny-1.0.dist-info" / "direct_url.json"
    url = (tmp_path / "gone").as_uri()
    origin.write_text(f'{{"url": "{url}", "dir_info": {{"editable": true}}}}', encoding="utf-8")
    with pytest.raises(BundleError, match="is not there"):
        editable_source(found)


def test_source_is_copied_without_what_builds_left(tmp_path: Path) -> None:
    copied = copied_source(ROOT, tmp_path / "source")
    assert (copied / "app" / "bundling" / "templates" / "install.sh").is_file()
    assert {"build", "tests", "docs", ".venv"}.isdisjoint(path.name for path in copied.iterdir())
    assert not list(copied.rglob("__pycache__"))


# --- the recipe


def sections(recipe: str) -> dict[str, str]:
    parts = re.split(r"^%(\w+)$", recipe, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_recipe_of_apptainer_is_shell_and_calls_what_is_there() -> None:
    found = sections(RECIPE.read_text(encoding="utf-8"))
    for name in ("post", "environment", "runscript", "test"):
        done = subprocess.run([SH, "-n"], input=found[name], text=True, check=False)
        assert done.returncode == 0, name
    for line in found["post"].split("\n"):
        for word in shlex.split(line)[:1]:
            assert shutil.which(word), word
    source, target = found["files"].split()
    assert (source, f"{target}/install.sh" in found["post"]) == ("bundle", True)


# --- what pip is told, and what it says


class SaidPip(Pip):
    """Is told that pip has ended with some words, and keeps what it was told to do."""

    def __init__(self, stderr: str = "") -> None:
        self.stderr = stderr
        self.told: list[tuple[str, ...]] = []

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        self.told.append(words)
        return subprocess.CompletedProcess(words, bool(self.stderr), "", self.stderr)


RETRIED = "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError'\n"
NO_VERSION = "ERROR: No matching distribution found for alpha==1.0\n"


@pytest.mark.parametrize(
    ("stderr", "code", "said"),
    [
        (RETRIED + NO_VERSION, "no_network", "no index of Python packages answered"),
        (NO_VERSION, "bundle_wrong", "Install here a version that the index offers"),
        # the second try got an answer, and what came did not compile
        (RETRIED + "error: command 'gcc' failed", "bundle_wrong", "A compiler"),
    ],
)
def test_what_pip_says_is_told_with_its_cure(
    tmp_path: Path, stderr: str, code: str, said: str
) -> None:
    with pytest.raises(BundleError) as refused:
        SaidPip(stderr).fetch([PINS[0]], tmp_path)
    assert refused.value.code == code
    assert said in str(refused.value)
    assert "alpha==1.0" in str(refused.value)


def test_pyradiomics_is_compiled_against_the_numpy_of_here_whatever_pip_kept(
    tmp_path: Path,
) -> None:
    pip = SaidPip()
    pip.fetch([PINS[0], Pin("pyradiomics", "3.0.1")], tmp_path)
    plain, needs, compiled = pip.told
    assert (plain[-1], "--no-build-isolation" in plain) == ("alpha==1.0", False)
    assert f"numpy=={version('numpy')}" in needs
    assert compiled[-1] == "pyradiomics==3.0.1"
    assert {"--no-build-isolation", "--no-cache-dir"} <= set(compiled)


# --- real, and slow


def cut_off() -> list[str]:
    """Words before a command that leave it no network; skips where that is not allowed."""
    for words in (["unshare", "-rn"], ["unshare", "-n"]):
        if shutil.which("unshare") is not None:
            probe = subprocess.run([*words, "true"], capture_output=True, check=False)
            if probe.returncode == 0:
                return words
    pytest.skip("this machine does not let a process have a network of its own")


@pytest.fixture(scope="module")
def real_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("real") / "bundle"
    make_bundle(folder, (), lambda *_: None)
    return folder


@pytest.mark.extras
def test_a_machine_without_a_network_installs_and_passes_doctor(
    real_bundle: Path, tmp_path: Path
) -> None:
    words = cut_off()
    inside = subprocess.run(
        [*words, "cat", "/proc/net/dev"], capture_output=True, text=True, check=True
    )
    assert re.findall(r"^\s*(\w+):", inside.stdout, re.MULTILINE) == ["lo"]
    recipe = sections(RECIPE.read_text(encoding="utf-8"))
    shutil.copytree(real_bundle, tmp_path / "bundle")
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    for name in ("post", "test"):
        done = subprocess.run(
            [*words, "sh", "-ec", recipe[name].replace("/opt/", f"{tmp_path}/")],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "PYTHON": sys.executable},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        assert not re.search(r"^bad", done.stdout, re.MULTILINE)
        if python == "3.11":
            assert re.search(r"^ok +pyradiomics: 3\.0\.1", done.stdout, re.MULTILINE)
    assert not (tmp_path / "bundle").exists()


@pytest.mark.extras
def test_a_wheel_that_was_changed_is_not_installed(real_bundle: Path, tmp_path: Path) -> None:
    words = cut_off()
    shutil.copytree(real_bundle, tmp_path / "bundle")
    wheel = next((tmp_path / "bundle" / "wheels").glob("six-*"))
    with wheel.open("ab") as stream:
        stream.write(b"more")
    done = subprocess.run(
        [*words, "sh", tmp_path / "bundle" / "install.sh", tmp_path / "venv"],
        env={"PATH": os.environ["PATH"], "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert re.search(r"DO NOT MATCH THE HASHES.*six==", done.stderr, re.DOTALL)
    assert not (tmp_path / "venv" / "bin" / "roentgene").exists()


@pytest.mark.extras
def test_a_second_run_fetches_nothing(real_bundle: Path) -> None:
    class NoFetch(Pip):
        def fetch(self, pins: Sequence[Pin], folder: Path) -> None:
            pytest.fail(f"fetched again: {pins}")

    before = {path.name: path.stat().st_mtime_ns for path in (real_bundle / "wheels").iterdir()}
    made = make_bundle(real_bundle, (), lambda *_: None, NoFetch)
    after = {path.name: path.stat().st_mtime_ns for path in (real_bundle / "wheels").iterdir()}
    assert (made.n_wheels, made.n_kept) == (len(before), len(before) - 1)
    assert {name for name in before if before[name] != after[name]} == {
        f"roentgene-{version('roentgene')}-py3-none-any.whl"
    }


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port at which nobody answers, and that nobody else can take meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.mark.slow
def test_no_network_is_told_with_its_cure(
    closed_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{closed_port}/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(NoNetworkError, match="on a machine with a network"):
        Pip(tmp_path / "pip").fetch([Pin("six", "1.17.0")], tmp_path)
    assert wheel_pin(Place(tmp_path).hashes) is None
