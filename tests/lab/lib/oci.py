#!/usr/bin/env python3
"""Write container images as an OCI layout: oci.py OUT TABLE BASE LAYERS IMAGES

Every line of TABLE becomes one image: the layer of the folder BASE, then one of LAYERS/HASH (what the packages changed,
as an overlayfs upper folder; HASH is that of the column), then one for each of its folders below IMAGES. A tag is an
index with one manifest, as those of real images are. The same input gives the same bytes: sorted names, one time stamp,
no compressor.
"""
import csv
import hashlib
import io
import json
import os
import stat
import struct
import sys
import tarfile

MTIME = 1700000000
CREATED = "2023-11-14T22:13:20Z"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
OCI = "application/vnd.oci.image."
CAPABILITIES = {"cap_chown": 0, "cap_setgid": 6, "cap_setuid": 7, "cap_net_bind_service": 10}

# Not part of a running service. Packages need some of it while they are installed, so it goes only here.
DROPPED = (
    "dev", "proc", "sys", "run", "tmp", "boot", "media", "mnt",
    "etc/apt", "etc/.pwd.lock", "etc/machine-id", "etc/hostname", "etc/resolv.conf", "etc/ld.so.cache~",
    "usr/bin/apt", "usr/bin/apt-get", "usr/bin/apt-cache", "usr/bin/apt-mark", "usr/bin/apt-config",
    "usr/bin/apt-cdrom", "usr/bin/apt-key", "usr/bin/perl", "usr/bin/perl5.40.1", "usr/bin/sqv", "usr/lib/apt",
    "usr/lib/dpkg", "usr/lib/init", "usr/lib/systemd", "usr/lib/udev", "usr/lib/tmpfiles.d",
    "usr/lib/x86_64-linux-gnu/perl-base", "usr/lib/x86_64-linux-gnu/gconv", "usr/lib/x86_64-linux-gnu/e2fsprogs",
    "usr/sbin/policy-rc.d", "usr/share/bash-completion", "usr/share/debconf", "usr/share/doc", "usr/share/dpkg",
    "usr/share/icons", "usr/share/info", "usr/share/keyrings", "usr/share/lintian", "usr/share/locale", "usr/share/man",
    "usr/share/perl5", "usr/share/pixmaps", "usr/share/common-licenses",
    # Many small files cost a guest under TCG more than their bytes: one bundle of certificates and UTC are enough.
    "etc/ca-certificates", "etc/pam.d", "etc/security", "etc/systemd", "usr/lib/terminfo", "usr/share/ca-certificates",
    "usr/share/tabset", "usr/share/terminfo", "usr/share/zoneinfo", "usr/lib/x86_64-linux-gnu/security",
    "usr/bin/openssl", "usr/bin/certutil", "usr/bin/modutil", "usr/bin/signtool", "usr/lib/x86_64-linux-gnu/libdb-5.3.so",
    "usr/lib/postgresql/17/lib/bitcode", "usr/lib/postgresql/17/lib/llvmjit.so",  # its compiler is larger than the rest
    "var/backups", "var/cache", "var/lib/apt", "var/lib/dpkg", "var/lib/systemd", "var/log",
)
# Of the base only: who needs C++ or a locale brings it.
DROPPED_BASE = ("usr/lib/x86_64-linux-gnu/libapt-", "usr/lib/x86_64-linux-gnu/libstdc++", "usr/lib/locale")
EMPTY_FOLDERS = {"dev": 0o755, "proc": 0o555, "sys": 0o555, "run": 0o755, "tmp": 0o1777, "var/log": 0o755, "var/cache": 0o755}


def capability(name):
    """The value of security.capability: version 2, effective, one permitted bit."""
    return struct.pack("<5I", 0x02000001, 1 << CAPABILITIES[name], 0, 0, 0)


def dropped(path, base):
    if path.startswith("etc/ssl/certs/"):
        return not path.endswith("/ca-certificates.crt")
    return base and path.startswith(DROPPED_BASE) or any(path == d or path.startswith(d + "/") for d in DROPPED)


def walk(folder):
    """Relative paths, parents first, sorted; what is dropped is not entered."""
    names = sorted(os.listdir(folder))
    for name in names:
        full = os.path.join(folder, name)
        yield name, full
        if os.path.isdir(full) and not os.path.islink(full):
            for sub, subfull in walk(full):
                yield name + "/" + sub, subfull


def empty_folder(path, mode, uid=0, gid=0):
    info = tarfile.TarInfo(path)
    info.type, info.mode, info.mtime, info.uid, info.gid = tarfile.DIRTYPE, mode, MTIME, uid, gid
    return info


def folders(table):
    """Folders with modes and owners, which a checkout cannot have: lines of MODE UID:GID PATH."""
    if os.path.exists(table):
        with open(table) as f:
            for mode, owner, path in (line.split() for line in f):
                yield empty_folder(path, int(mode, 8), *map(int, owner.split(":")))


def layer(folder, capabilities=None, skeleton=False, checkout=False):
    """Uncompressed tar of the folder. A checkout's owner and umask are left out."""
    entries = {path: full for path, full in walk(folder) if not dropped(path, skeleton)}
    entries.update((info.name, info) for info in folders(folder + ".folders"))
    buffer, inodes = io.BytesIO(), {}
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        if skeleton:
            for path, mode in EMPTY_FOLDERS.items():
                parent = os.path.dirname(path)
                if not parent or parent in entries:
                    entries.setdefault(path, empty_folder(path, mode))
        for path in sorted(entries):
            full = entries[path]
            if isinstance(full, tarfile.TarInfo):
                tar.addfile(full)
                continue
            st = os.lstat(full)
            if stat.S_ISCHR(st.st_mode) and st.st_rdev == 0:
                # overlayfs marks a removed file by a device 0:0, an image layer by a name
                info = tarfile.TarInfo(os.path.join(os.path.dirname(path), ".wh." + os.path.basename(path)))
                info.mtime = MTIME
                tar.addfile(info)
                continue
            info = tar.gettarinfo(full, path)
            info.name, info.uname, info.gname, info.mtime = path, "", "", MTIME
            if checkout:
                info.uid = info.gid = 0
                info.mode = 0o755 if info.isdir() or info.mode & 0o100 else 0o644
            key = (st.st_dev, st.st_ino)
            if info.isreg() and st.st_nlink > 1 and key in inodes:
                info.type, info.linkname, info.size = tarfile.LNKTYPE, inodes[key], 0
            elif info.islnk():
                info.type, info.linkname, info.size = tarfile.REGTYPE, "", st.st_size
            inodes.setdefault(key, path)
            if path in (capabilities or {}):
                info.pax_headers["SCHILY.xattr.security.capability"] = capability(capabilities[path]).decode()
            if info.isreg():
                with open(full, "rb") as f:
                    tar.addfile(info, f)
            else:
                tar.addfile(info)
    return buffer.getvalue()


class Layout:
    def __init__(self, out):
        self.out, self.tags = out, []
        os.makedirs(os.path.join(out, "blobs", "sha256"))

    def blob(self, data, media_type):
        digest = hashlib.sha256(data).hexdigest()
        with open(os.path.join(self.out, "blobs", "sha256", digest), "wb") as f:
            f.write(data)
        return {"mediaType": OCI + media_type, "digest": "sha256:" + digest, "size": len(data)}

    def json(self, value, media_type):
        return self.blob(json.dumps(value, sort_keys=True).encode(), media_type)

    def layer(self, tar):
        """Store a layer; returns its descriptor and the digest of the tar, which the config names."""
        # Not compressed: under TCG a pull took 52 s as plain tar, 58-74 s as gzip and 68-104 s as zstd.
        blob = self.blob(tar, "layer.v1.tar")
        return blob, blob["digest"]

    def image(self, name, config, layers):
        platform = {"architecture": "amd64", "os": "linux"}
        config = self.json({**platform, "created": CREATED, "config": config,
                            "rootfs": {"type": "layers", "diff_ids": [diff for _, diff in layers]}}, "config.v1+json")
        manifest = self.json({"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json", "config": config,
                              "layers": [blob for blob, _ in layers]}, "manifest.v1+json")
        index = self.json({"schemaVersion": 2, "mediaType": OCI + "index.v1+json",
                           "manifests": [{**manifest, "platform": platform}]}, "index.v1+json")
        self.tags.append({**index, "annotations": {"org.opencontainers.image.ref.name": name}})
        return index["digest"]

    def close(self):
        with open(os.path.join(self.out, "index.json"), "w") as f:
            json.dump({"schemaVersion": 2, "manifests": self.tags}, f)
        with open(os.path.join(self.out, "oci-layout"), "w") as f:
            json.dump({"imageLayoutVersion": "1.0.0"}, f)


def main(out, table, base, layers, images):
    layout = Layout(out)
    stored = {}

    def once(key, *args, **how):
        """The layer, built once however many images have it."""
        if key not in stored:
            stored[key] = layout.layer(layer(*args, **how))
        return stored[key]

    with open(table, newline="") as f:
        rows = [r for r in csv.reader(f, delimiter="\t", quoting=csv.QUOTE_NONE) if r and not r[0].startswith("#")]
    for name, tag, packages, config, caps, folders, *_ in (r + [""] * 3 for r in rows):
        config = json.loads(config)
        if not any(e.startswith("PATH=") for e in config.get("Env", [])):
            config["Env"] = [PATH, *config.get("Env", [])]
        changed = os.path.join(layers, hashlib.sha256(packages.encode()).hexdigest()[:16])
        own = [once("", base, skeleton=True), once(packages + caps, changed, dict(c.split("=") for c in caps.split()))]
        own += [once("/" + f, os.path.join(images, f), checkout=True) for f in folders.split()]
        print(f"{name}:{tag}\t{layout.image(f'{name}:{tag}', config, own)}")
    layout.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
