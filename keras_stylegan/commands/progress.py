"""Progress of one long piece of work, on standard error."""

import contextlib


@contextlib.contextmanager
def progress_bar(description: str, steps: int):
    """Gives a function that shows how many of the steps are done, on a terminal; a file gets mistakes only."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    progress = Progress(console=console, transient=True, disable=not console.is_terminal)
    task = progress.add_task(description, total=steps)

    def report(step):
        progress.start()  # with the first step, so that a mistake found before it is one line and no bar
        progress.update(task, completed=step)

    try:
        yield report
    finally:
        if progress.live.is_started:
            progress.stop()
