"use strict";
(() => {
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const drawn = [];

  function colours() {
    const style = getComputedStyle(document.documentElement);
    const read = (name) => style.getPropertyValue(name).trim();
    return { ink: read("--ink"), line: read("--line"), bad: read("--bad"), series: read("--series").split(/\s+/) };
  }

  function dataset(series, colour, bad) {
    const marked = new Set(series.marks);
    return {
      label: series.label,
      data: series.values,
      borderColor: colour,
      backgroundColor: colour,
      borderWidth: series.dashed ? 1 : 2,
      borderDash: series.dashed ? [4, 4] : [],
      spanGaps: true,
      tension: 0,
      pointStyle: series.values.map((_, place) => (marked.has(place) ? "crossRot" : "circle")),
      pointRadius: series.values.map((_, place) => (marked.has(place) ? 8 : series.dashed ? 0 : 3)),
      pointBorderColor: series.values.map((_, place) => (marked.has(place) ? bad : colour)),
      pointBorderWidth: series.values.map((_, place) => (marked.has(place) ? 3 : 1)),
    };
  }

  function datasets(chart, palette) {
    let place = -1;
    // A dashed line belongs to the one before it.
    return chart.series.map((series) => {
      place += series.dashed ? 0 : 1;
      return dataset(series, palette.series[place % palette.series.length], palette.bad);
    });
  }

  function axis(text, palette, more) {
    return {
      title: { display: true, text, color: palette.ink },
      ticks: { color: palette.ink, maxRotation: 45, ...more.ticks },
      grid: { color: palette.line },
      ...more.scale,
    };
  }

  function draw(canvas) {
    const chart = charts[Number(canvas.dataset.chart)];
    const palette = colours();
    return new Chart(canvas, {
      type: "line",
      data: { labels: chart.labels, datasets: datasets(chart, palette) },
      options: {
        responsive: true,
        maintainAspectRatio: false,
        // Paper does not wait for a line to grow.
        animation: false,
        interaction: { mode: "index", intersect: false },
        scales: {
          x: axis(chart.x, palette, { ticks: { autoSkip: true } }),
          y: axis(chart.y, palette, { ticks: {}, scale: { beginAtZero: true } }),
        },
        plugins: { legend: { display: false } },
      },
    });
  }

  // A list below the plot: unlike the library's legend, it wraps long names.
  function legend(chart, figure) {
    figure.querySelector(".legend")?.remove();
    const list = document.createElement("ul");
    list.className = "legend";
    chart.data.datasets.forEach((series, place) => {
      if (series.borderDash.length) {
        return;
      }
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = series.label;
      button.setAttribute("aria-pressed", "true");
      button.style.setProperty("--swatch", series.borderColor);
      button.addEventListener("click", () => {
        const shown = !chart.isDatasetVisible(place);
        // Its dashed line goes and comes with it.
        const last = chart.data.datasets[place + 1]?.borderDash.length ? place + 1 : place;
        for (let each = place; each <= last; each += 1) {
          chart.setDatasetVisibility(each, shown);
        }
        button.setAttribute("aria-pressed", String(shown));
        chart.update();
      });
      list.appendChild(document.createElement("li")).appendChild(button);
    });
    figure.appendChild(list);
  }

  function drawAll() {
    drawn.splice(0).forEach((chart) => chart.destroy());
    document.querySelectorAll("canvas[data-chart]").forEach((canvas) => {
      const chart = draw(canvas);
      drawn.push(chart);
      legend(chart, canvas.closest("figure"));
    });
  }

  drawAll();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  // Paper is white and has other widths.
  matchMedia("print").addEventListener("change", drawAll);
  addEventListener("beforeprint", () => drawn.forEach((chart) => chart.resize()));
})();
