"""openstackclient's own shell, unmodified, for many commands: one JSON list of arguments per line in, one JSON answer per line out.

The arguments of the process are the shell's global options. A command line of its own would take a second or two for each call.
"""
import contextlib
import io
import json
import os
import sys

from openstackclient import shell

ANSWERS = os.fdopen(os.dup(1), "w")


def run(work):
    """What a call wrote, what it complained about, and how it ended."""
    out, err = io.StringIO(), io.StringIO()
    app.stdout, app.stderr = out, err
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        handlers = [h for h in app_handlers() if getattr(h, "stream", None) is not None]
        before = [h.stream for h in handlers]
        for handler in handlers:
            handler.stream = err
        try:
            code = work()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException as error:  # what the console command would die of
            code = 1
            print(f"{type(error).__name__}: {error}", file=err)
        finally:
            for handler, stream in zip(handlers, before):
                handler.stream = stream
    return {"code": code or 0, "stdout": out.getvalue(), "stderr": err.getvalue()}


def app_handlers():
    import logging

    return logging.getLogger("").handlers


app = shell.OpenStackShell()
first = True
for line in sys.stdin:
    arguments = json.loads(line)
    if first:
        answer = run(lambda: app.run([*sys.argv[1:], *arguments]))
        first = False
    else:
        answer = run(lambda: app.run_subcommand(arguments))
    print(json.dumps(answer), file=ANSWERS, flush=True)
