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
import errno
import fnmatch
import functools
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from fetch_progress import Progress, say, size_text
from hub_cache import Cache, File, Repository, is_intact, size_of, total_size

RETRY, GIVE_UP = 1, 3
AT_ONCE = 4
"""Files of one model that are fetched side by side."""

CHUNK = 1 << 20
"""Bytes that the client collects before it writes them, the most that a broken line costs. It takes 10 MB."""

LONGEST_PAUSE = 60.0
# The hub's client refuses plain HTTP above this.
LARGEST_BY_HTTP = 50_000_000_000

# Weights in forms that vLLM does not load. PyTorch's only count where there is no safetensors file.
OTHER_FORMS = (
    *("original/*", "onnx/*", "coreml/*", "openvino/*"),
    *("*.onnx", "*.msgpack", "*.h5", "*.ot", "*.tflite"),
)
PICKLES = ("*.bin", "*.pth", "*.pt")
WEIGHTS = ("*.safetensors", "*.gguf", *PICKLES)


class Hopeless(Exception):
    """Only a person can mend it."""


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
        self._check_sizes(cache, files)
        say(f"{repository}: fetching {size_text(total_size(files))} in {len(files)} files")
        with Progress(repository, total_size(files), lambda: sum(map(cache.bytes_of, files))):
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

    def _check_sizes(self, cache: Cache, files: list[File]) -> None:
        for file in files:
            if file.size > LARGEST_BY_HTTP and not cache.fits(file):
                raise Hopeless(
                    f"{cache.repository}: {file.name} has {size_text(file.size)}, more than "
                    "the hub sends over plain HTTP. Let its engine fetch it: vllm_fetch_models: false."
                )
        missing = total_size(files) - sum(map(cache.bytes_of, files))
        free = shutil.disk_usage(cache.folder).free
        if missing + self._reserve > free:
            raise Hopeless(
                f"{cache.repository} needs {size_text(missing)} more, {size_text(self._reserve)} are to stay "
                f"free, and the cache's file system has {size_text(free)}. Make room, or move the cache."
            )

    def _file(self, cache: Cache, commit: str, file: File) -> None:
        """One file, fetched and verified; a second time where the bytes were wrong."""
        for _ in range(2):
            if cache.fits(file):
                if is_intact(cache.blob(file), file):
                    return
                cache.blob(file).unlink()
            if size_of(cache.partial(file)) > file.size:
                cache.partial(file).unlink()
            if size_of(cache.partial(file)) != file.size:
                self._patiently(
                    cache.repository,
                    lambda: _download(cache, commit, file),
                    measure=lambda: size_of(cache.partial(file)),
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
