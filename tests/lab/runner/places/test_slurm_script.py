"""The Slurm script, replayed on one machine: ``srun`` runs its command here, ``scontrol`` knows two
nodes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from clusters import eventually

SCRIPT = Path(__file__).parents[4] / "examples" / "slurm" / "population.sbatch"

STAND_INS = {
    "scontrol": """#!/bin/bash
[ "$*" = "show hostnames nodes[1-2]" ] && printf 'localhost\\nlocalhost\\n'
""",
    "srun": """#!/bin/bash
echo "srun $*" >> "$TRACE"
while [[ $1 == -* ]]; do
    [ "$1" = -w ] && shift
    shift
done
exec "$@"
""",
    "undertow": f"""#!/bin/bash
echo "undertow $*" >> "$TRACE"
exec {sys.executable} "$TRAIN" "$@"
""",
}

TRAIN = """
import sys
import time
from pathlib import Path

import ray

from blobs import Blobs
from clusters import Paced, made, work_of
from undertow.lab.population import Population
from undertow.lab.runner.checkpoint import Stopped
from undertow.lab.runner.places.cluster import RayCluster
from undertow.lab.runner.places.here import Here
from undertow.lab.recipe import Recipe
from undertow.stopping import Stopping

if __name__ == "__main__":
    folder, epochs = Path(sys.argv[2]), int(sys.argv[3])
    recipe = Recipe(epochs=epochs, batch=16, lr=0.05)
    population = Population("paced", Blobs(), Paced(0.02, str(folder)), recipe, members=4)
    work = work_of(population, folder, ((0,), (1,), (2,), (3,)))
    with Stopping(print) as asked:
        place = RayCluster("auto", 1, 1, asked=asked)
        place._connect()
        until = time.monotonic() + 60
        while len(ray.nodes()) < 2 and time.monotonic() < until:
            time.sleep(0.2)
        print(f"{len(ray.nodes())} nodes", flush=True)
        try:
            print("equal" if made(place, work) == made(Here(), work) else "other", flush=True)
        except Stopped:
            print("stopped", flush=True)
            sys.exit(130)
        finally:
            place.close()
"""


@contextmanager
def batch_job(tmp_path, *arguments):
    """The script as Slurm would start it."""
    bin = tmp_path / "bin"
    bin.mkdir()
    for name, text in STAND_INS.items():
        (bin / name).write_text(text)
        (bin / name).chmod(0o755)
    (tmp_path / "train.py").write_text(TRAIN)
    tests = str(Path(__file__).parents[3])
    environment = os.environ | {
        "PATH": os.pathsep.join([str(bin), str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join([tests, os.environ.get("PYTHONPATH", "")]),
        "TRACE": str(tmp_path / "trace"),
        "TRAIN": str(tmp_path / "train.py"),
        "SLURM_JOB_NODELIST": "nodes[1-2]",
        "SLURM_JOB_ID": str(os.getpid()),
        "SLURM_CPUS_PER_TASK": "1",
    }
    with (tmp_path / "out").open("w") as out:
        command = ["bash", str(SCRIPT), *map(str, arguments)]
        process = subprocess.Popen(
            command, env=environment, stdout=out, stderr=out, start_new_session=True
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)


def processes_of(tmp_path):
    """The processes that the replayed job started: its trace is in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"TRACE={tmp_path}/trace".encode() in path.read_bytes():
                found.append(
                    (path.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode()[:200]
                )
        except OSError:
            continue
    return found


def test_the_script_is_bash():
    subprocess.run(["bash", "-n", str(SCRIPT)], check=True)


@pytest.mark.slow
def test_the_script_trains_on_two_nodes_and_ends_them(tmp_path):
    with batch_job(tmp_path, tmp_path, 3) as job:
        code = job.wait(180)
    said = (tmp_path / "out").read_text()
    assert code == 0, said
    assert "2 nodes\nequal\n" in said
    port = 20000 + os.getpid() % 10000
    step = "srun --nodes=1 --ntasks=1"
    assert sorted((tmp_path / "trace").read_text().splitlines()) == sorted(
        [
            f"{step} -w localhost getent ahostsv4 localhost",
            f"{step} --cpus-per-task=1 -w localhost ray start --head --node-ip-address=127.0.0.1 "
            f"--port={port} --include-dashboard=false --num-cpus=1 --block",
            f"{step} --cpus-per-task=1 -w localhost ray start --address 127.0.0.1:{port} "
            "--num-cpus=1 --block",
            f"undertow run {tmp_path} 3 --runner ray --address auto",
        ]
    )
    assert eventually(lambda: not processes_of(tmp_path), 30), processes_of(tmp_path)


@pytest.mark.slow
def test_at_the_time_limit_the_script_keeps_checkpoints(tmp_path):
    with batch_job(tmp_path, tmp_path, 500) as job:
        until = time.monotonic() + 120
        while not list(tmp_path.glob("built-*")) and time.monotonic() < until:
            time.sleep(0.2)
        time.sleep(2)
        job.send_signal(signal.SIGTERM)
        code = job.wait(60)
    said = (tmp_path / "out").read_text()
    assert code == 130, said
    assert "stopped\n" in said
    assert list((tmp_path / "unfinished").iterdir())
    assert eventually(lambda: not processes_of(tmp_path), 30), processes_of(tmp_path)
