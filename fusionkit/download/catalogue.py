"""The public data sets that can be fetched: where they are, and under which terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

from fusionkit.errors import UsageError, did_you_mean

_PHYSIONET = "https://physionet.org"
_ODC_BY = "ODC-By 1.0"  # Open Data Commons Attribution License


@dataclass(frozen=True)
class PublicFile:
    """One file of a public data set.

    Parameters
    ----------
    url : str
        Where it is downloaded; the page to visit where ``by_hand`` is true.
    sha256 : str, optional
        In hexadecimal, where one is published.
    into : str
        Folder, inside that of the data set, that takes the content.
    by_hand : str
        Name of the file where a browser and an account are needed; empty: it can be downloaded.
    """

    url: str
    sha256: str | None = None
    into: str = ""
    by_hand: str = ""

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.by_hand or PurePosixPath(unquote(urlsplit(self.url).path)).name


@dataclass(frozen=True)
class PublicDataset:
    """A public data set.

    Parameters
    ----------
    name, title, version : str
        The name is that of its adapter.
    files : tuple of PublicFile
        What is downloaded.
    holds : str
        A file that the unpacked folder must hold.
    size : int
        About how many MB are downloaded.
    licence, citation : str
        Terms of use, and what to cite.
    """

    name: str
    title: str
    version: str
    files: tuple[PublicFile, ...]
    holds: str
    size: int
    licence: str
    citation: str


_DATASETS = (
    PublicDataset(
        name="physionet2016",
        title="PhysioNet/CinC Challenge 2016: heart sounds",
        version="1.0.0",
        files=(
            PublicFile(f"{_PHYSIONET}/files/challenge-2016/1.0.0/training.zip"),
            PublicFile(f"{_PHYSIONET}/files/challenge-2016/1.0.0/validation.zip", into="validation"),
        ),
        holds="training-a/REFERENCE.csv",
        size=200,
        licence=_ODC_BY,
        citation="Liu et al. (2016), Physiological Measurement 37(12), doi:10.1088/0967-3334/37/12/2181",
    ),
    PublicDataset(
        name="pascal",
        title="PASCAL Classifying Heart Sounds Challenge 2011",
        version="as published on Kaggle",
        files=(PublicFile("https://www.kaggle.com/datasets/kinguistics/heartbeat-sounds", by_hand="archive.zip"),),
        holds="set_b.csv",
        size=110,
        licence="for research, as the challenge states",
        citation="Bentley et al. (2011), http://www.peterjbentley.com/heartchallenge",
    ),
    PublicDataset(
        name="mitbih",
        title="MIT-BIH Arrhythmia Database",
        version="1.0.0",
        files=(PublicFile(f"{_PHYSIONET}/static/published-projects/mitdb/mit-bih-arrhythmia-database-1.0.0.zip"),),
        holds="100.hea",
        size=77,
        licence=_ODC_BY,
        citation="Moody and Mark (2001), IEEE Eng. Med. Biol. 20(3), doi:10.1109/51.932724",
    ),
    PublicDataset(
        name="ptb",
        title="PTB Diagnostic ECG Database",
        version="1.0.0",
        files=(PublicFile(f"{_PHYSIONET}/static/published-projects/ptbdb/ptb-diagnostic-ecg-database-1.0.0.zip"),),
        holds="patient001",
        size=1700,
        licence=_ODC_BY,
        citation="Bousseljot et al. (1995), Biomedizinische Technik 40(s1), doi:10.1515/bmte.1995.40.s1.317",
    ),
    PublicDataset(
        name="ptbxl",
        title="PTB-XL: 12-lead electrocardiograms",
        version="1.0.3",
        files=(
            PublicFile(
                f"{_PHYSIONET}/static/published-projects/ptb-xl/"
                "ptb-xl-a-large-publicly-available-electrocardiography-dataset-1.0.3.zip"
            ),
        ),
        holds="ptbxl_database.csv",
        size=1800,
        licence="Creative Commons Attribution 4.0",
        citation="Wagner et al. (2020), Scientific Data 7:154, doi:10.1038/s41597-020-0495-6",
    ),
    PublicDataset(
        name="cinc2017",
        title="PhysioNet/CinC Challenge 2017: atrial fibrillation in short ECGs",
        version="1.0.0",
        files=(
            PublicFile(f"{_PHYSIONET}/files/challenge-2017/1.0.0/training2017.zip"),
            PublicFile(f"{_PHYSIONET}/files/challenge-2017/1.0.0/REFERENCE-v3.csv"),
        ),
        holds="REFERENCE.csv",
        size=99,
        licence=_ODC_BY,
        citation="Clifford et al. (2017), Computing in Cardiology 44, doi:10.22489/CinC.2017.065-469",
    ),
    PublicDataset(
        name="circor2022",
        title="CirCor DigiScope: heart sounds of children",
        version="1.0.3",
        files=(
            PublicFile(
                f"{_PHYSIONET}/static/published-projects/circor-heart-sound/"
                "the-circor-digiscope-phonocardiogram-dataset-1.0.3.zip"
            ),
        ),
        holds="training_data.csv",
        size=560,
        licence=_ODC_BY,
        citation="Oliveira et al. (2022), IEEE J. Biomed. Health Inform. 26(6), doi:10.1109/JBHI.2021.3137048",
    ),
)
CATALOGUE: Mapping[str, PublicDataset] = MappingProxyType({dataset.name: dataset for dataset in _DATASETS})


def find(name: str) -> PublicDataset:
    """Return the public data set of a name.

    Raises
    ------
    UsageError
        If there is none.
    """
    plain = name.strip().replace("-", "_").lower()
    if plain not in CATALOGUE:
        raise UsageError(f"there is no public data set {name!r} to fetch; {did_you_mean(plain, CATALOGUE)}")
    return CATALOGUE[plain]
