"""The keras-stylegan program: a table of commands, each in a module of its own, loaded when it is named.

A command module has `add_arguments(parser)` and `run(arguments) -> int` (the exit code). `add_arguments` imports
nothing heavy, so that `--help` answers at once.
"""

import argparse
import importlib
import os
import re
import sys

from keras_stylegan import __version__
from keras_stylegan.commands.mistakes import describe, standard_output

_SUMMARY = "Paint photographs in named styles; train, use and export networks that make or change pictures."
COMMANDS = {
    "stylize": "paint photographs or a video in one style or a mixture",
    "sheet": "one photograph in every style, on one picture",
    "styles": "list the packaged styles",
    "add-style": "learn the style of pictures of your own",
    "live": "paint what a camera sees, or a video while one looks on",
    "demo": "stylise the packaged sample photographs in every style",
    "fuse": "put a picture, or a part of it, into another in its light",
    "gatys": "stylise one photograph by optimisation (slow, the quality reference)",
    "restore": "remove noise, fill holes or enlarge four times, without a trained network",
    "upscale": "enlarge a picture four times with a trained network",
    "scene": "paint photographs and make natural scenes of the paintings",
    "generate": "generate pictures with a trained GAN, by seeds",
    "interpolate": "an animation from one seed's picture to the next",
    "mix": "a grid of pictures with the styles of two sets of seeds mixed",
    "project": "find the styles with which a GAN makes a photograph",
    "directions": "strips along the directions in which a GAN's pictures change most",
    "translate": "turn pictures into others with a trained translator",
    "train": "train a system from a preset",
    "runs": "list runs with their state, progress and best value",
    "evaluate": "score generated, painted or fused pictures",
    "export": "write a trained network for servers and devices",
    "serve-check": "ask a server of an exported network whether all is well",
    "presets": "list what can be trained",
    "pack": "pack pictures into a few files that training reads fast",
    "provenance": "tell how pictures were made, as they say themselves",
    "check-data": "name unreadable, tiny, odd and repeated pictures",
}
# Exit codes of a shell for a program that a signal ended.
_INTERRUPTED, _PIPE_CLOSED = 128 + 2, 128 + 13


class _Parser(argparse.ArgumentParser):
    """Answers a mistake in the call with one line, as every other mistake; `-20,5` is a value, as -20 is."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        # argparse, until Python 3.14, takes what begins with a minus for an option unless it is one whole number.
        self._negative_number_matcher = re.compile(r"-\.?\d")

    def parse_known_args(self, args=None, namespace=None):
        # Of a command argparse would hand these to the program, whose help does not know the command's options.
        parsed, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return parsed, unknown

    def error(self, message):
        self.exit(2, f"keras-stylegan: {' '.join(message.split())} (see {self.prog} --help)\n")


def main(arguments=None):
    """Runs the program and returns its exit code: 0 done, 1 some files of a batch failed, 2 a mistake in the call."""
    _prepare_streams()
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    parser = _Parser(
        prog="keras-stylegan", description=_SUMMARY, epilog="keras-stylegan COMMAND --help: the arguments of a command"
    )
    parser.add_argument("--version", action="version", version=f"keras-stylegan {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    named = arguments[0] if arguments and arguments[0] in COMMANDS else None
    for name, summary in COMMANDS.items():
        subparser = commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        if name == named:
            _module(name).add_arguments(subparser)
    parsed = parser.parse_args(arguments)
    # TensorFlow announces its devices on standard error, where this program writes mistakes only.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        code = _module(parsed.command).run(parsed)
        with standard_output():
            sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever read the output has gone (`| head`). Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _PIPE_CLOSED
    except KeyboardInterrupt:
        return _INTERRUPTED
    except ModuleNotFoundError as error:  # stylising needs three of the dependencies, and may have been given no more
        missing = (error.name or "keras_stylegan").partition(".")[0]
        if missing == "keras_stylegan":
            raise
        print(f"keras-stylegan: `{parsed.command}` needs the package {missing}: not installed", file=sys.stderr)
        return 2
    except (ValueError, OSError) as error:
        print(f"keras-stylegan: {describe(error)}", file=sys.stderr)
        return 2
    except Exception as error:
        if not _is_out_of_memory(error):
            raise
        print(
            f"keras-stylegan: `{parsed.command}` needs more memory than there is: {_first_line(error)}", file=sys.stderr
        )
        return 2


def _is_out_of_memory(error):
    # The backends' own, by their names: they may not be installed.
    named = type(error).__name__ in ("ResourceExhaustedError", "OutOfMemoryError")
    return isinstance(error, MemoryError) or named or "RESOURCE_EXHAUSTED" in str(error)


def _first_line(error):
    return (str(error).splitlines() or ["no word of how much"])[0]


def _module(command):
    return importlib.import_module(f"keras_stylegan.commands.{command.replace('-', '_')}")


def _prepare_streams():
    # Where the caller has closed a stream (`>&-`), Python has None for it, and the next file opened takes its number.
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))
    # Names of files may be bytes that are no text, or text that the terminal does not know: escaped, not an error.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
