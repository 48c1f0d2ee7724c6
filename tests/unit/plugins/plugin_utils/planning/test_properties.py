"""What holds for every site, not only for those that somebody thought of."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.plugins.plugin_utils.planning.sites import home_lab, plan

RANK = {"too_small": 0, "tight": 1, "fits": 2}
DNS_LABEL = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
MODELS = st.sampled_from(
    [
        *("qwen3-8b-awq", "deepseek-r1-distill-qwen-7b-awq", "llama-3-8b", "llama-3.1-70b", "qwen-qwq-32b"),
        *("mistral-7b", "gpt-oss-120b", "gpt-oss-20b", "gemma-3-4b"),
    ]
)
CONTEXTS = st.integers(1, 200_000)
SHARES = st.integers(10, 100).map(lambda percent: percent / 100)
DEGREES = st.sampled_from([1, 2, 4, 8])


def site(model: str, gib: int, count: int = 1, **entry: Any) -> dict[str, Any]:
    """One model on one host with cards of a size of our own, and a second model beside neither."""
    card = {"memory_gib": gib, "compute_capability": "9.0", "class": "datacenter"}
    return home_lab(
        models=[{"name": model, **entry}],
        vllm_version="0.11.0",
        catalog={"gpus": {"card": card}},
        hosts=[{"name": "worker", "gpus": [{"gpu": "card", "count": count}], "driver": "580.95.05"}],
    )


def row_of(wanted: dict[str, Any]) -> dict[str, Any] | None:
    """The memory of the only model, or None where the site is refused."""
    try:
        (row,) = plan(wanted)["memory"]
    except InvalidInput:
        return None
    return dict(row)


def outcome(wanted: dict[str, Any]) -> int:
    row = row_of(wanted)
    return RANK[row["verdict"]] if row else RANK["too_small"]


# --- Memory ---------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(MODELS, st.integers(1, 200), st.integers(0, 200), CONTEXTS, SHARES, DEGREES)
def test_more_memory_never_turns_a_fit_into_a_refusal(
    model: str, gib: int, more: int, context: int, share: float, degree: int
) -> None:
    entry = {"max_model_len": context, "gpu_memory_utilization": share, "gpus": degree}
    small, big = (site(model, size, degree, **entry) for size in (gib, gib + more))
    assert outcome(small) <= outcome(big)
    few, many = row_of(small), row_of(big)
    if few and many:
        assert few["kv_tokens"] <= many["kv_tokens"]
        assert few["longest_context"] <= many["longest_context"]


@settings(max_examples=60)
@given(MODELS, st.integers(1, 200), CONTEXTS, st.integers(0, 100_000), DEGREES)
def test_more_context_never_needs_less(model: str, gib: int, context: int, more: int, degree: int) -> None:
    sites = [
        site(model, gib, degree, max_model_len=length, gpus=degree) for length in (context, context + more)
    ]
    assert outcome(sites[0]) >= outcome(sites[1])
    short, long = (row_of(wanted) for wanted in sites)
    if short and long:
        for part in (
            "requested_bytes",
            "weights_bytes",
            "context_bytes",
            "activations_bytes",
            "graphs_bytes",
        ):
            assert short[part] <= long[part], part
        assert (
            short["max_model_len"] * short["kv_bytes_per_token"]
            <= long["max_model_len"] * long["kv_bytes_per_token"]
        )
        assert short["concurrency"] >= long["concurrency"]
        assert short["longest_context"] >= long["longest_context"]


@settings(max_examples=40)
@given(MODELS, st.integers(16, 200), CONTEXTS, st.integers(0, 100_000))
def test_more_context_never_takes_fewer_cards(model: str, gib: int, context: int, more: int) -> None:
    short, long = (
        row_of(site(model, gib, 8, max_model_len=length, gpus="auto")) for length in (context, context + more)
    )
    assert short or not long
    if short and long:
        assert short["gpus"] <= long["gpus"]


@settings(max_examples=40)
@given(MODELS, st.integers(16, 200), CONTEXTS)
def test_the_number_of_cards_is_the_smallest_that_fits(model: str, gib: int, context: int) -> None:
    chosen = row_of(site(model, gib, 8, max_model_len=context, gpus="auto"))
    fitting = [
        degree
        for degree in (1, 2, 4, 8)
        if outcome(site(model, gib, 8, max_model_len=context, gpus=degree)) > RANK["too_small"]
    ]
    assert (chosen["gpus"] if chosen else None) == (min(fitting) if fitting else None)


@settings(max_examples=40)
@given(MODELS.filter(lambda name: "r1" not in name), st.integers(200, 2000), DEGREES, DEGREES)
def test_more_cards_never_hold_more_each(model: str, gib: int, one: int, other: int) -> None:
    # The R1 distill is left out: its 28 heads cannot be cut into 8.
    few, many = (row_of(site(model, gib, 8, gpus=degree)) for degree in sorted((one, other)))
    assert few and many
    for part in ("weights_bytes", "kv_bytes_per_token"):
        assert few[part] >= many[part], part
    assert few["kv_tokens"] <= many["kv_tokens"]


@settings(max_examples=40)
@given(MODELS, st.integers(100, 2000), SHARES, SHARES)
def test_a_bigger_share_never_holds_less(model: str, gib: int, one: float, other: float) -> None:
    small, big = (row_of(site(model, gib, gpu_memory_utilization=share)) for share in sorted((one, other)))
    assert big or not small
    if small and big:
        assert small["kv_tokens"] <= big["kv_tokens"]


# --- The same again -------------------------------------------------------------------------------------

HOSTS = st.lists(
    st.tuples(
        st.sampled_from(["rtx-3060-12gb", "a100-80gb", "rtx-4090-24gb", "t4-16gb", "l40s-48gb"]),
        st.integers(1, 4),
        st.sampled_from([None, "570.195.03", "580.95.05", "535.183.01"]),
    ),
    max_size=4,
).map(
    lambda rows: [
        {
            "name": f"h{number}",
            "gpus": [{"gpu": gpu, "count": count}],
            **({"driver": driver} if driver else {}),
        }
        for number, (gpu, count, driver) in enumerate(rows)
    ]
)
VERSIONS = st.sampled_from(
    ["0.8.5.post1", "0.11.0", "0.13.0", "0.15.1", "0.19.0", "0.22.0", "0.27.0", "0.30.0"]
)


def told(wanted: dict[str, Any]) -> str:
    """The whole plan or the whole refusal, as text that can be compared."""
    try:
        return json.dumps(plan(wanted), sort_keys=True)
    except InvalidInput as error:
        return f"refused: {error}"


@settings(max_examples=40)
@given(st.lists(MODELS, min_size=1, max_size=3, unique=True), HOSTS, VERSIONS, st.booleans())
def test_planning_again_gives_the_same_and_alters_nothing(
    models: list[str], hosts: list[dict[str, Any]], version: str, allow: bool
) -> None:
    modes = ("ml", "b", "c")
    entries = [{"name": name, "mode": mode} for name, mode in zip(models, modes, strict=False)]
    wanted = home_lab(models=entries, hosts=hosts, vllm_version=version, allow_unknown=allow)
    before = copy.deepcopy(wanted)
    first = told(wanted)
    assert wanted == before
    assert told(wanted) == first
    assert told(json.loads(json.dumps(before))) == first


@settings(max_examples=40)
@given(MODELS, HOSTS, VERSIONS, st.randoms(use_true_random=False))
def test_the_order_of_hosts_changes_no_verdict(
    model: str, hosts: list[dict[str, Any]], version: str, random: Any
) -> None:
    turned = copy.deepcopy(hosts)
    random.shuffle(turned)
    results: list[Any] = []
    for listed in (hosts, turned):
        try:
            found = plan(home_lab(models=[model], hosts=listed, vllm_version=version, allow_unknown=True))
        except InvalidInput:
            results.append(None)
        else:
            memory = {(row["model"], row["gpu"], row["gpus"], row["verdict"]) for row in found["memory"]}
            verdicts = {row["name"]: (row["verdict"], tuple(row["reasons"])) for row in found["hosts"]}
            # A warning may list its GPUs in another order, but it says nothing more and nothing less.
            words = sorted(re.findall(r"[\w-]+", " ".join(found["warnings"])))
            results.append((memory, verdicts, words))
    assert results[0] == results[1]


# --- Names ----------------------------------------------------------------------------------------------

# Names of any letters, names of few letters whose slugs clash, and names that outgrow a label.
NAMES = (
    st.lists(st.text(st.characters(codec="utf-8"), max_size=70), min_size=1, max_size=3)
    | st.lists(st.from_regex(r"[aA1][/_.-]?[aA]", fullmatch=True), min_size=2, max_size=3, unique=True)
    | st.lists(st.from_regex(r"[a-z0-9-]{50,60}", fullmatch=True), min_size=1, max_size=3)
)


@settings(max_examples=80)
@given(NAMES)
def test_object_names_are_labels_and_unique_or_the_site_is_refused(names: list[str]) -> None:
    rows = {name: {"repository": f"example/model-{number}"} for number, name in enumerate(names)}
    wanted = home_lab(models=[{"name": name} for name in names], catalog={"models": rows}, hosts=[])
    try:
        found = plan(wanted)
    except InvalidInput:
        return
    for key in ("slug", "deployment", "service"):
        words = [identity[key] for identity in found["identities"]]
        assert len(set(words)) == len(words) == len(names)
        for word in words:
            assert len(word) <= 63 and DNS_LABEL.fullmatch(word), (key, word)
