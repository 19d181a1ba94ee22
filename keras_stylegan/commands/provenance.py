"""`keras-stylegan provenance`: how pictures were made, as they say themselves.

The counterpart of what every command writes into its pictures. Exit codes are those of `stylize`: of several files the
good ones are told, and the code is 1 if there were bad ones.
"""

import sys


def add_arguments(parser):
    parser.add_argument("files", nargs="+", metavar="FILE", help="JPEG, PNG, WebP, TIFF, GIF, MP4 or AVI files")
    parser.add_argument("--json", action="store_true", help="print a JSON object for each file")


def run(arguments) -> int:
    from keras_stylegan.commands.mistakes import describe, printable, standard_output
    from keras_stylegan.commands.silence import silence
    from keras_stylegan.provenance import read_provenance
    from keras_stylegan.xmp_files import read_xmp

    failures = 0
    for path in arguments.files:
        try:
            with silence():
                found = read_provenance(read_xmp(path))
        except (ValueError, OSError) as error:
            if len(arguments.files) == 1:
                raise
            failures += 1
            print(f"keras-stylegan: {describe(error)}", file=sys.stderr)
            continue
        with standard_output():
            if arguments.json:
                import json

                print(json.dumps({"file": path, **found._asdict()}, ensure_ascii=False))
            else:
                kind = (found.source_type or "says nothing of its source").rpartition("/")[2]
                print("  ".join([printable(path), kind, *filter(None, (found.software, found.settings))]))
    return 1 if failures else 0
