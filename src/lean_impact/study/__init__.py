"""Studies: a file that says what is asked, and a run that answers it. Here names become objects."""

from lean_impact.study.file import DataBlock, Study, load_study
from lean_impact.study.folders import copy_study, tidy_folder
from lean_impact.study.inputs import StudyInputs, read_inputs
from lean_impact.study.plugins import default_plugins, describe_plugins
from lean_impact.study.run import StudyOutcome, check_study, open_study, run_study

__all__ = [
    "DataBlock",
    "Study",
    "StudyInputs",
    "StudyOutcome",
    "check_study",
    "copy_study",
    "default_plugins",
    "describe_plugins",
    "load_study",
    "open_study",
    "read_inputs",
    "run_study",
    "tidy_folder",
]
