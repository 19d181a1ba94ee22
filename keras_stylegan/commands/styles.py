"""`keras-stylegan styles`: lists the packaged styles."""

from keras_stylegan.commands.mistakes import standard_output
from keras_stylegan.commands.painting import add_bank_argument


def add_arguments(parser):
    add_bank_argument(parser)
    parser.add_argument("--json", action="store_true", help="a JSON list with name, title, artist and credit")


@standard_output()
def run(arguments) -> int:
    from keras_stylegan import pretrained

    entry = pretrained.network_entry("multistyle")
    styles = entry["styles"]
    if arguments.bank:
        from keras_stylegan.inference.banks import read_banks

        styles = [*styles, *({"name": name} for name in read_banks(arguments.bank, entry))]
    if arguments.json:
        import json

        print(json.dumps(styles, indent=2, ensure_ascii=False))
        return 0
    width = max(len(style["name"]) for style in styles)
    for style in styles:
        about = ", ".join(style[key] for key in ("title", "artist") if style.get(key))
        print(f"{style['name']:<{width}}  {about}".rstrip())
    return 0
