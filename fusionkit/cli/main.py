"""The command ``fusionkit``: its commands are imported when they are called, so that ``--help`` needs no torch."""

from __future__ import annotations

import gc
import io
import os
import sys

import click

from fusionkit import __version__
from fusionkit.cli.lazy_group import LazyGroup
from fusionkit.errors import FusionkitError

COMMANDS = {
    "run": "Assemble, train and measure a model.",
    "evaluate": "Score a trained model on other recordings.",
    "attention": "Show what each branch weighs in each class, over one run or several.",
    "reproduce": "Repeat a table of a paper and print the published values beside it.",
    "list": "List the representations, encoders, fusers, data sets and presets.",
    "describe": "Show what a component is, its options and its source.",
    "plugins": "Show the installed plugins, and why a broken one is broken.",
    "data": "Fetch public data sets, and look at data before a run.",
    "cache": "Show what is kept on disk of earlier runs, and make room.",
    "doctor": "Check the installation and the machine.",
}


@click.group(
    cls=LazyGroup,
    known=COMMANDS,
    home="fusionkit.cli.{}_command",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="fusionkit")
@click.pass_context
def cli(context: click.Context) -> None:
    """Assemble, train, measure and compare classifiers of biomedical signals.

    A run takes one or more representations of a signal, an encoder for each, and a fuser:

    \b
      fusionkit run --repr mel,wave --encoder vit,cnn1d --fuser concat
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main() -> None:
    """Run the command line; an expected failure is one line on stderr and its exit code."""
    # Imports make half a million objects that stay: looking for garbage after every 700 takes a tenth of the start of a
    # run. Training with this needs no more memory.
    gc.set_threshold(10_000)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character must not end a run that is done.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if os.environ.get("WORLD_SIZE", "1") != "1":
        os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # a hint of DDP on speed, by every process of a team
    try:
        sys.exit(cli.main(standalone_mode=False, prog_name="fusionkit") or 0)
    except FusionkitError as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.UsageError as error:
        _say(error.format_message())
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        _say("stopped by the user")
        sys.exit(130)
    except MemoryError:
        _say("out of memory; use fewer or shorter windows, or a smaller --batch-size")
        sys.exit(6)
    except BrokenPipeError:
        # The reader of a pipe has gone, for example `| head`: nothing is left to say to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        _say(f"{error.filename or 'the output'} cannot be read or written: {error.strerror}")
        sys.exit(6)


def _say(message: str) -> None:
    click.echo(f"fusionkit: {message}", err=True)
