"""The loader against packages that pretend to be torchaudio, each in its own interpreter."""

import subprocess
import sys

import pytest

PACKAGE = """
from . import _extension
from ._extension import _IS_TORCHAUDIO_EXT_AVAILABLE, fail_if_no_align
@fail_if_no_align
def align(): return 'aligned'
"""
HEALTHY = "_IS_TORCHAUDIO_EXT_AVAILABLE = True\ndef fail_if_no_align(function): return function\n"
BROKEN = "raise OSError('libcudart.so.13: cannot open shared object file')\n"


def run(code, *folders):
    path = ":".join(map(str, folders))
    return subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {path.split(':')!r}\n{code}"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(("extension", "available"), [(HEALTHY, True), (BROKEN, False)])
def test_torchaudio_is_imported_with_its_extension_or_without(tmp_path, extension, available, request):
    package = tmp_path / "torchaudio"
    package.mkdir()
    (package / "__init__.py").write_text(PACKAGE)
    (package / "_extension.py").write_text(extension)
    code = (
        "from fusionkit.representations.torchaudio_loader import load_torchaudio\n"
        "first = load_torchaudio()\n"
        "assert load_torchaudio() is first is sys.modules['torchaudio']\n"
        "print(first._IS_TORCHAUDIO_EXT_AVAILABLE, first.align())"
    )
    done = run(code, tmp_path, request.config.rootpath)
    assert (done.stdout.strip(), done.stderr) == (f"{available} aligned", "")


def test_importing_the_representations_imports_neither_torchaudio_nor_scipy_signal(request):
    code = (
        "import fusionkit.representations.mel, fusionkit.representations.stft, fusionkit.representations.scalogram\n"
        "print([name for name in ('torchaudio', 'scipy.signal') if name in sys.modules])"
    )
    assert run(code, request.config.rootpath).stdout.strip() == "[]"
