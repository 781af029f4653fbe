"""Throughput against directory size as a picture: one small diagram for each operation, a line for each server."""

from pathlib import Path

from benchmarks.scim_report import OPERATIONS, Results

CONCURRENCY = 8
COLOURS = ("#0b62a4", "#b35a00")


def throughput(results: Results, file: Path) -> None:
    """Write the picture at ``CONCURRENCY`` clients."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    servers = list(dict.fromkeys(server for server, *_ in results.loads))
    figure, axes = plt.subplots(1, len(OPERATIONS), figsize=(12, 3.4), layout="constrained")
    for axis, name in zip(axes, OPERATIONS, strict=True):
        for server, colour, marker in zip(servers, COLOURS, "os", strict=True):
            rates = [results.loads[server, name, size, CONCURRENCY].per_second for size in results.sizes]
            axis.plot(results.sizes, rates, marker=marker, color=colour, label=server)
        axis.set_title(name)
        axis.set_xscale("log")
        axis.set_xticks(results.sizes, [f"{size // 1000}k" for size in results.sizes], minor=False)
        axis.minorticks_off()
        axis.set_ylim(bottom=0, top=1.1 * axis.get_ylim()[1])
        axis.grid(axis="y", alpha=0.3)
        axis.set_xlabel("people in the directory")
    axes[0].set_ylabel(f"requests per second, {CONCURRENCY} clients")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False)
    figure.savefig(file, dpi=110, metadata={"Software": None})
    plt.close(figure)
