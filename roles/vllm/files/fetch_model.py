# SPDX-License-Identifier: Apache-2.0
"""Fetch models from the Hugging Face Hub into the cache, and verify each file.

Runs in the engine's own image with its huggingface_hub, as a Job and before an engine starts:
``python3 fetch_model.py REPOSITORY[@REVISION] …``. A model that is there and verified costs no request. What
was fetched stays, and a run that was cut goes on where it stopped. The client alone begins a file again
(huggingface_hub pull request 4228), so its ``http_get`` first completes each file beside its place.

Exit status: 0 all models are there; 1 try again; 3 a person has to do something, the last line says what.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import fcntl
import fnmatch
import functools
import hashlib
import os
import re
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlparse

RETRY, GIVE_UP = 1, 3
AT_ONCE = 4
"""Files of one model that are fetched side by side."""

CHUNK = 1 << 20
"""Bytes that the client collects before it writes them, the most that a broken line costs. It takes 10 MB."""

TELL_EVERY = 10.0
RATE_OVER = 30.0
LONGEST_PAUSE = 60.0
# The hub's client refuses plain HTTP above this; larger files go its own way.
LARGEST_BY_HTTP = 50_000_000_000

# Weights in forms that vLLM does not load. PyTorch's only count where there is no safetensors file.
OTHER_FORMS = (
    *("original/*", "onnx/*", "coreml/*", "openvino/*"),
    *("*.onnx", "*.msgpack", "*.h5", "*.ot", "*.tflite"),
)
PICKLES = ("*.bin", "*.pth", "*.pt")
WEIGHTS = ("*.safetensors", "*.gguf", *PICKLES)
_COMMIT = re.compile(r"^[0-9a-f]{40}$")


class Hopeless(Exception):
    """Only a person can mend it."""


class Repository(NamedTuple):
    name: str
    revision: str
    weights: bool = True

    @classmethod
    def parse(cls, text: str) -> Repository:
        name, _, revision = text.partition("@")
        return cls(name, revision or "main")

    @classmethod
    def parse_tokenizer(cls, text: str) -> Repository:
        return cls.parse(text)._replace(weights=False)

    def __str__(self) -> str:
        return self.name if self.revision == "main" else f"{self.name}@{self.revision[:12]}"


class File(NamedTuple):
    """A file of a repository. ``etag`` names its blob: a large one's SHA-256, a small one's Git SHA-1."""

    name: str
    size: int
    etag: str
    sha256: bool


class Cache:
    """The folder of one repository, in the form of the hub's own cache."""

    def __init__(self, hub: Path, repository: Repository) -> None:
        self.repository = repository
        self.folder = hub / ("models--" + repository.name.replace("/", "--"))
        self.blobs = self.folder / "blobs"

    def commit(self) -> str:
        """The commit that the revision means here; empty while nobody knows it."""
        if _COMMIT.match(self.repository.revision):
            return self.repository.revision
        with contextlib.suppress(OSError):
            return (self.folder / "refs" / self.repository.revision).read_text(encoding="ascii").strip()
        return ""

    def snapshot(self, commit: str) -> Path:
        return self.folder / "snapshots" / commit

    def has_snapshot(self) -> bool:
        """Whether somebody put a snapshot there, whole or not."""
        return bool(self.commit()) and self.snapshot(self.commit()).is_dir()

    def is_verified(self) -> bool:
        """Whether an earlier run verified the snapshot, and its files still have their sizes."""
        commit = self.commit()
        return any(self._agrees(commit, marker) for marker in self._markers(commit))

    def _markers(self, commit: str) -> list[Path]:
        """Where a snapshot is noted as verified; a whole one has the files of its tokenizer, too."""
        whole = self.folder / ".verified" / commit
        return [whole] if self.repository.weights else [whole.with_name(f"{commit}.tokenizer"), whole]

    def _agrees(self, commit: str, marker: Path) -> bool:
        try:
            lines = marker.read_text(encoding="utf-8").splitlines()
            return self.snapshot(commit).is_dir() and all(
                (self.snapshot(commit) / name).stat().st_size == int(size)
                for size, name in (line.split(" ", 1) for line in lines)
            )
        except (OSError, ValueError):
            return False

    def mark_verified(self, commit: str, files: Iterable[File]) -> None:
        marker = self._markers(commit)[0]
        marker.parent.mkdir(exist_ok=True)
        partial = marker.with_name(f".{commit}.{os.getpid()}")
        partial.write_text("".join(f"{file.size} {file.name}\n" for file in files), encoding="utf-8")
        partial.replace(marker)

    def blob(self, file: File) -> Path:
        return self.blobs / file.etag

    def partial(self, file: File) -> Path:
        return self.blobs / f"{file.etag}.incomplete"

    def bytes_of(self, file: File) -> int:
        """How much of a file is there."""
        return max(_size(self.blob(file)), _size(self.partial(file)), 0)

    def fits(self, file: File) -> bool:
        """Whether the file is there with its size."""
        return _size(self.blob(file)) == file.size

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Let one process at a time fill the folder: a Job and an engine may want the same model."""
        self.blobs.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".fetch.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say(f"{self.repository}: another process fetches it, waiting")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class Progress:
    """Tells how far one model is, from the bytes on the disk."""

    def __init__(self, cache: Cache, files: list[File]) -> None:
        self._cache, self._files = cache, files
        self._seen: list[tuple[float, int]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Progress:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(2.0 if not self._seen else TELL_EVERY):
            say(self.line(time.monotonic()))

    def line(self, now: float) -> str:
        done = sum(min(self._cache.bytes_of(file), file.size) for file in self._files)
        self._seen = [(at, had) for at, had in self._seen if now - at <= RATE_OVER] + [(now, done)]
        return f"{self._cache.repository}: {describe(done, total_size(self._files), self._seen)}"


def describe(done: int, total: int, seen: list[tuple[float, int]]) -> str:
    """Bytes, rate and time left. ``seen`` are pairs of a time in seconds and the bytes at that time."""
    words = [f"{size_text(done)} of {size_text(total)}"]
    (first, at_first), (last, at_last) = seen[0], seen[-1]
    if last > first:
        rate = (at_last - at_first) / (last - first)
        words.append(f"{size_text(int(rate))}/s")
        words.append(f"{time_text((total - done) / rate)} left" if rate > 0 else "nothing arrives")
    return ", ".join(words)


def size_text(count: int) -> str:
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} bytes"


def time_text(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def total_size(files: Iterable[File]) -> int:
    return sum(file.size for file in files)


def say(line: str) -> None:
    print(line, flush=True)


def wanted_files(siblings: Iterable[Any], weights: bool = True) -> list[File]:
    """The files that vLLM may read, of a model or only of a tokenizer."""
    files = [_file(sibling) for sibling in siblings]
    pickles = PICKLES if any(file.name.endswith(".safetensors") for file in files) else ()
    forms = (*OTHER_FORMS, *(pickles if weights else WEIGHTS))
    return [file for file in files if not any(fnmatch.fnmatch(file.name, form) for form in forms)]


def _file(sibling: Any) -> File:
    lfs = sibling.lfs
    if lfs:
        return File(sibling.rfilename, int(lfs["size"]), str(lfs["sha256"]), sha256=True)
    return File(sibling.rfilename, int(sibling.size or 0), str(sibling.blob_id), sha256=False)


def is_intact(path: Path, file: File) -> bool:
    """Whether the bytes are those that the hub names."""
    digest = hashlib.sha256() if file.sha256 else hashlib.sha1(b"blob %d\0" % file.size)
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 22):
            digest.update(chunk)
    return digest.hexdigest() == file.etag


class Fetcher:
    """Fetches repositories into one cache."""

    def __init__(self, hub: Path, reserve: int, patience: float) -> None:
        self._hub, self._reserve, self._patience = hub, reserve, patience

    def fetch(self, repository: Repository) -> None:
        cache = Cache(self._hub, repository)
        if cache.is_verified():
            say(f"{repository}: is there")
            return
        with cache.alone():
            self._ensure(cache)

    def _ensure(self, cache: Cache) -> None:
        if cache.is_verified():  # by the process that had the folder before
            say(f"{cache.repository}: is there")
            return
        if _is_set("HF_HUB_OFFLINE"):
            self._accept(cache, "HF_HUB_OFFLINE is set")
            return
        here = cache.has_snapshot()
        try:
            info = self._look_up(cache.repository, patience=0 if here else self._patience)
        except ConnectionError as error:
            if not here:
                raise
            self._accept(cache, f"the hub does not answer ({error})")
        else:
            self._complete(cache, str(info.sha), wanted_files(info.siblings or (), cache.repository.weights))

    def _look_up(self, repository: Repository, patience: float) -> Any:
        from huggingface_hub import HfApi

        ask = functools.partial(HfApi().model_info, repository.name, files_metadata=True)
        return self._patiently(repository, lambda: ask(revision=repository.revision), patience=patience)

    def _accept(self, cache: Cache, because: str) -> None:
        """Take a snapshot that somebody else put there, as nobody can be asked about it."""
        if not cache.has_snapshot():
            raise Hopeless(f"{cache.repository} is not in the cache, and {because}.")
        say(f"{cache.repository}: not verified: {because}")

    def _complete(self, cache: Cache, commit: str, files: list[File]) -> None:
        from huggingface_hub import snapshot_download

        repository = cache.repository
        self._check_space(cache, files)
        say(f"{repository}: fetching {size_text(total_size(files))} in {len(files)} files")
        with Progress(cache, files):
            pool = ThreadPoolExecutor(AT_ONCE)
            try:
                for one in [pool.submit(self._file, cache, commit, file) for file in _smallest_first(files)]:
                    one.result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
        # Every blob is there: the client only links them, and asks for nothing but its own index of files.
        self._patiently(
            repository,
            lambda: snapshot_download(
                repository.name,
                revision=repository.revision,
                cache_dir=str(self._hub),
                allow_patterns=[_literal(file.name) for file in files],
            ),
        )
        cache.mark_verified(commit, files)
        say(f"{repository}: complete and verified, {size_text(total_size(files))}")

    def _check_space(self, cache: Cache, files: list[File]) -> None:
        missing = sum(max(file.size - cache.bytes_of(file), 0) for file in files)
        free = shutil.disk_usage(cache.folder).free
        if missing + self._reserve > free:
            raise Hopeless(
                f"{cache.repository} needs {size_text(missing)} more, {size_text(self._reserve)} are to stay "
                f"free, and the cache's file system has {size_text(free)}. Make room, or move the cache."
            )

    def _file(self, cache: Cache, commit: str, file: File) -> None:
        """One file, fetched and verified; a second time where the bytes were wrong."""
        if file.size > LARGEST_BY_HTTP:
            return
        for _ in range(2):
            if cache.fits(file):
                if is_intact(cache.blob(file), file):
                    return
                cache.blob(file).unlink()
            if _size(cache.partial(file)) > file.size:
                cache.partial(file).unlink()
            if _size(cache.partial(file)) != file.size:
                self._patiently(
                    cache.repository,
                    lambda: _download(cache, commit, file),
                    measure=lambda: _size(cache.partial(file)),
                )
            if is_intact(cache.partial(file), file):
                cache.partial(file).replace(cache.blob(file))
                return
            say(f"{cache.repository}: {file.name} arrived with wrong content, once more")
            cache.partial(file).unlink()
        raise Hopeless(
            f"{cache.repository}: {file.name} arrives with another content than the hub names. "
            "Something between this host and the hub changes it (a proxy, a mirror)."
        )

    def _patiently(
        self,
        repository: Repository,
        action: Callable[[], Any],
        measure: Callable[[], int] = lambda: 0,
        patience: float | None = None,
    ) -> Any:
        """Repeat what a bad line interrupts, until nothing has arrived for too long."""
        patience = self._patience if patience is None else patience
        pause, had, since = 1.0, measure(), time.monotonic()
        while True:
            try:
                return action()
            except Exception as error:
                reason = advice(error, repository)
                if reason:
                    raise Hopeless(reason) from error
                # The query of an address may be a signature.
                told = re.sub(r"\?\S+", "", " ".join(str(error).split()))[:200] or type(error).__name__
                has = measure()
                if has > had:
                    pause, had, since = 1.0, has, time.monotonic()
                if time.monotonic() - since >= patience:
                    raise ConnectionError(told) from error
                say(f"{repository}: interrupted ({told}), going on in {pause:.0f} s")
                time.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)


def _download(cache: Cache, commit: str, file: File) -> None:
    """Append what is missing of a file."""
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers

    url = hf_hub_url(cache.repository.name, file.name, revision=commit)
    location = get_hf_file_metadata(url).location
    headers = build_hf_headers()
    if urlparse(location).netloc != urlparse(url).netloc:
        headers.pop("authorization", None)  # a signed address of somebody else's server
    constants.DOWNLOAD_CHUNK_SIZE = CHUNK
    with cache.partial(file).open("ab") as stream:
        http_get(location, stream, resume_size=stream.tell(), headers=headers, expected_size=file.size)


def advice(error: Exception, repository: Repository) -> str:
    """What a person has to do about an error; empty where time may mend it."""
    from huggingface_hub import utils as errors

    page = f"{os.environ.get('HF_ENDPOINT', 'https://huggingface.co').rstrip('/')}/{repository.name}"
    token = bool(os.environ.get("HF_TOKEN"))
    if isinstance(error, errors.GatedRepoError):
        who = "the account of vllm_hf_token" if token else "an account, and set vllm_hf_token to its token"
        return f"{repository} is gated. Accept its licence at {page} with {who}."
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{repository.name} has no revision {repository.revision}. See {page}."
    if isinstance(error, errors.RepositoryNotFoundError):
        may = "vllm_hf_token may not read it" if token else "it is private and needs vllm_hf_token"
        return f"The hub knows no {repository.name}: its name is wrong, or {may}. See {page}."
    status = getattr(getattr(error, "response", None), "status_code", 0)
    if status == 401:
        return f"The hub refuses the token. Set vllm_hf_token to a valid one, or leave it empty. See {page}."
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
        return f"The cache cannot take {repository}: {os.strerror(error.errno)}."
    return ""


def _smallest_first(files: list[File]) -> list[File]:
    return sorted(files, key=lambda file: file.size)


def _literal(name: str) -> str:
    """A pattern that matches this name alone."""
    return re.sub(r"([*?\[])", r"[\1]", name)


def _size(path: Path) -> int:
    """Bytes of a file; -1 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _is_set(name: str) -> bool:
    return os.environ.get(name, "").upper() in ("1", "ON", "YES", "TRUE")


def cache_folder() -> Path:
    """Where the hub's client keeps its cache."""
    home = Path(os.environ.get("HF_HOME") or "~/.cache/huggingface").expanduser()
    return Path(os.environ.get("HF_HUB_CACHE") or home / "hub")


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", type=Repository.parse, metavar="REPOSITORY[@REVISION]")
    parser.add_argument(
        "--tokenizer",
        action="append",
        default=[],
        type=Repository.parse_tokenizer,
        metavar="REPOSITORY[@REVISION]",
        help="a repository of which only the tokenizer is needed",
    )
    parser.add_argument("--reserve-bytes", type=int, default=0, help="what stays free on the disk")
    parser.add_argument(
        "--patience", type=float, default=1800, help="seconds without a byte, then it gives up"
    )
    options = parser.parse_args(words)
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    os.environ["HF_HUB_DISABLE_XET"] = "1"  # its transfers begin again after a break (xet-core issue 358)
    os.environ["HF_HUB_VERBOSITY"] = "error"  # its warnings hold signed addresses
    os.environ.setdefault("HF_HUB_DOWNLOAD_TIMEOUT", "30")
    fetcher = Fetcher(cache_folder(), options.reserve_bytes, options.patience)
    try:
        for repository in (*options.models, *options.tokenizer):
            fetcher.fetch(repository)
    except Hopeless as error:
        say(f"error: {error}")
        return GIVE_UP
    except (ConnectionError, OSError) as error:
        say(f"error: {error}. What was fetched stays; the next try goes on.")
        return RETRY
    return 0


def _end(status: int) -> None:
    """Leave at once: what other threads fetch now is appended, so nothing is lost."""
    sys.stdout.flush()
    os._exit(status)


if __name__ == "__main__":
    # The first process of a container gets no default action for a signal.
    signal.signal(signal.SIGTERM, lambda *_: _end(RETRY))
    _end(main(sys.argv[1:]))
