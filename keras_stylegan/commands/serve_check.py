"""`keras-stylegan serve-check`: whether a server of an exported network does all that it should."""


def add_arguments(parser):
    parser.add_argument("url", metavar="URL", help="http://HOST:8501 for REST, grpc://HOST:8500 for gRPC")
    parser.add_argument("--model", default="multistyle", metavar="NAME", help="as the server calls it (multistyle)")
    parser.add_argument("--version", type=int, metavar="N", help="by default the one that the server prefers")
    parser.add_argument("--timeout", type=float, default=60.0, metavar="S", help="seconds for a request (default 60)")
    parser.add_argument("--json", action="store_true", help="print a JSON list of objects with name, passed and detail")


def run(arguments) -> int:
    from keras_stylegan import serving
    from keras_stylegan.commands.silence import silence

    if not 0 < arguments.timeout < float("inf"):
        raise ValueError(f"`--timeout` must be positive. Received: {arguments.timeout}")
    steps = []
    # gRPC's messages load TensorFlow, which announces itself.
    with silence(), serving.Client(arguments.url, arguments.model, arguments.version, arguments.timeout) as client:
        for step in serving.check_server(client):
            steps.append(step)
            if not arguments.json:
                print(f"{'ok' if step.passed else 'FAILED':<6}  {step.name}: {step.detail}", flush=True)
    if arguments.json:
        import dataclasses
        import json

        print(json.dumps([dataclasses.asdict(step) for step in steps], indent=2, ensure_ascii=False))
    return 0 if all(step.passed for step in steps) else 1
