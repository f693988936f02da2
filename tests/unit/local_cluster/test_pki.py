import base64
import json
from pathlib import Path

from local_cluster import pki


def test_a_kubeconfig_holds_its_keys_so_that_whoever_may_read_it_can_use_it(tmp_path: Path) -> None:
    (tmp_path / "pki").mkdir()
    for name in ("ca.crt", "admin.crt", "admin.key"):
        (tmp_path / "pki" / name).write_text(name)
    pki._kubeconfig(tmp_path, "admin", "https://node:6443", "demo")
    text = (tmp_path / "admin.kubeconfig").read_text()
    (user,), (cluster,) = json.loads(text)["users"], json.loads(text)["clusters"]
    held = [*user["user"].values(), cluster["cluster"]["certificate-authority-data"]]
    assert sorted(base64.b64decode(value).decode() for value in held) == ["admin.crt", "admin.key", "ca.crt"]
    assert str(tmp_path) not in text
