"""Makes the data repository of the demo as a person would: git, DVC, a remote, two versions under two tags.

It happens in a pod of the trainer image, which has git and DVC, on the volume that the training reads. The files come in
through `kubectl exec`, so any cluster will do.
"""

import json

from demo.data import GENERATED_ROWS, SUFFIXES, Reviews
from demo.installation import NAMESPACE, RELEASE
from demo.target import Target
from local_cluster.console import ClusterError, say, step

POD = "reviews-repository"
CLAIM = "reviews"
FIRST_VERSION_ROWS = 10_000
RECORD = "made-from.json"
"""Lies in the repository's .git, so that it is there exactly when the repository is."""

CONVERT = r"""
import csv, sys, tarfile
from pathlib import Path

source, target = Path(sys.argv[1]), Path(sys.argv[2])

def rows():
    if source.name.endswith(".parquet"):
        import pyarrow.parquet as parquet
        table = parquet.read_table(source, columns=["review", "sentiment"]).to_pydict()
        yield from zip(table["review"], table["sentiment"], strict=True)
    elif source.name.endswith(".tar.gz"):
        with tarfile.open(source) as archive:
            for member in archive:
                parts = member.name.split("/")
                if len(parts) == 4 and parts[2] in ("pos", "neg") and member.isfile():
                    yield archive.extractfile(member).read().decode(), int(parts[2] == "pos")
    else:
        with source.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield row["review"], row["sentiment"]

everything = list(rows())
count = int(sys.argv[3]) or len(everything)
# The files are sorted by sentiment: a part of them is taken evenly.
chosen = [everything[i * len(everything) // count] for i in range(min(count, len(everything)))]
with target.open("w", encoding="utf-8", newline="") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["review", "sentiment"])
    writer.writerows(chosen)
print(len(chosen))
"""

SCRIPT = f"""set -e
export HOME=/tmp DVC_SITE_CACHE_DIR=/tmp/site DVC_GLOBAL_CONFIG_DIR=/tmp/global DVC_SYSTEM_CONFIG_DIR=/tmp/system
export GIT_AUTHOR_NAME=demo GIT_AUTHOR_EMAIL=demo@example.com GIT_COMMITTER_NAME=demo GIT_COMMITTER_EMAIL=demo@example.com
source=$(ls /data/upload/reviews.*)
rm -rf /data/making /data/dvc-remote; mkdir -p /data/making/data; cd /data/making
git init -q -b main . ; dvc init -q; dvc remote add -q -d storage /data/dvc-remote
for version in v1 v2; do
  if [ $version = v1 ]; then rows={FIRST_VERSION_ROWS}; else rows=0; fi
  python3 /data/upload/convert.py "$source" data/reviews.csv $rows
  dvc add -q data/reviews.csv; dvc push -q
  git add . ; git commit -q -m "Reviews $version"; git tag $version
done
mv /data/upload/{RECORD} .git/{RECORD}
rm -rf .dvc/cache .dvc/tmp data/reviews.csv /data/upload
mv /data/making /data/reviews.git
"""


def make(target: Target, namespace: str, reviews: Reviews) -> str:
    """Make it, unless it stands there already. Says which reviews it holds."""
    # What an earlier call left may still write to the volume.
    target.kubectl("-n", namespace, "delete", "pod", POD, "--ignore-not-found", "--grace-period=1", "--timeout=60s")
    target.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(_manifests(_trainer_image(target))))
    wait = ("wait", "--for=condition=Ready", f"pod/{POD}", "--timeout=120s")
    target.kubectl("-n", namespace, *wait)
    used = _described(target, namespace, reviews) if _exists(target, namespace) else _made(target, namespace, reviews)
    target.kubectl("-n", namespace, "delete", "pod", POD, "--grace-period=0", "--force", "--wait=false")
    return used


def _exists(target: Target, namespace: str) -> bool:
    return "reviews.git" in _in_pod(target, namespace, "ls", "/data").split()


def _made(target: Target, namespace: str, reviews: Reviews) -> str:
    with step("upload the reviews and make a git + DVC repository of them: tag v1 (10,000 rows) and v2 (all)"):
        _upload(target, namespace, reviews)
        _in_pod(target, namespace, "sh", "-s", stdin=SCRIPT)
    return reviews.description


def _described(target: Target, namespace: str, wanted: Reviews) -> str:
    """What the repository that is there was made from; told where it is not what was asked for."""
    folder = f"/data/reviews.git/.git/{RECORD}"
    record = _in_pod(target, namespace, "sh", "-c", f"if [ -e {folder} ]; then cat {folder}; fi")
    there: dict[str, str] = json.loads(record or "{}")
    used = there.get("description", "reviews of an earlier run, which kept no record of them")
    if there.get("fingerprint") != wanted.fingerprint():
        say(f"  the repository on the volume was made from {used}, not from {wanted.description}: it is used as it is")
        say(f"  Next, to begin anew: {target.make('down')}, then the same command")
    return used


def _upload(target: Target, namespace: str, reviews: Reviews) -> None:
    # A file of another suffix may lie there from an upload that was cut off.
    _in_pod(target, namespace, "sh", "-c", "rm -rf /data/upload && mkdir /data/upload")
    _put(target, namespace, "convert.py", CONVERT)
    record = {"description": reviews.description, "fingerprint": reviews.fingerprint()}
    _put(target, namespace, RECORD, json.dumps(record))
    if reviews.file is None:
        words = ("generate", "--rows", str(GENERATED_ROWS), "--seed", "1", "--output", "/data/upload/reviews.csv")
        _in_pod(target, namespace, "sentiment-train", *words)
        return
    suffix = next(suffix for suffix in SUFFIXES if reviews.file.name.endswith(suffix))
    receive = f"cat > /data/upload/partial && mv /data/upload/partial /data/upload/reviews{suffix}"
    target.stream(reviews.file, "-n", namespace, "exec", "-i", POD, "--", "sh", "-c", receive)


def _put(target: Target, namespace: str, name: str, content: str) -> None:
    _in_pod(target, namespace, "sh", "-c", f"cat > /data/upload/{name}", stdin=content)


def _in_pod(target: Target, namespace: str, *command: str, stdin: str | None = None) -> str:
    interactive = ("-i",) if stdin is not None else ()
    return target.kubectl("-n", namespace, "exec", *interactive, POD, "--", *command, stdin=stdin)


def _manifests(image: str) -> dict[str, object]:
    """A volume, and a pod that holds it writable for as long as the repository is made."""
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": CLAIM},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}},
    }
    security = {"runAsNonRoot": True, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532}
    container = {
        "name": "repository",
        "image": image,
        "command": ["sleep", "3600"],
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "2Gi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "data", "mountPath": "/data"}, {"name": "tmp", "mountPath": "/tmp"}],
    }
    spec: dict[str, object] = {
        "automountServiceAccountToken": False,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 0,
        "securityContext": {**security, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [
            {"name": "data", "persistentVolumeClaim": {"claimName": CLAIM}},
            {"name": "tmp", "emptyDir": {}},
        ],
    }
    pod: dict[str, object] = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": POD}, "spec": spec}
    return {"apiVersion": "v1", "kind": "List", "items": [claim, pod]}


def _trainer_image(target: Target) -> str:
    """The image that the installed operator trains with."""
    path = "jsonpath={.spec.template.spec.containers[0].env[?(@.name=='SENTIMENT_TRAINER_IMAGE')].value}"
    image = target.kubectl("-n", NAMESPACE, "get", "deploy", RELEASE, "-o", path)
    if not image:
        raise ClusterError(f"Deployment {NAMESPACE}/{RELEASE} names no trainer image. Next: repeat the same command")
    return image
