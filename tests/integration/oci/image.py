"""An image archive made of a root folder, for who has no import of his own."""
import hashlib
import io
import json
import os
import tarfile


def add(archive, name, data):
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))
    return name


def write_archive(path, layer_path, name, command):
    """As `docker save` writes it, with one layer."""
    with open(layer_path, "rb") as file:
        layer = file.read()
    config = json.dumps({"architecture": {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine], "os": "linux",
                         "config": {"Env": ["PATH=/bin"], "Cmd": command},
                         "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}}).encode()
    with tarfile.open(path, "w") as archive:
        names = add(archive, hashlib.sha256(config).hexdigest() + ".json", config), add(archive, "layer.tar", layer)
        add(archive, "manifest.json", json.dumps([{"Config": names[0], "RepoTags": [name], "Layers": [names[1]]}]).encode())
    return path
