// What a person would see of the page, as data.
const width = document.documentElement.clientWidth;

function name(element) {
  return [element.localName, ...element.classList].join(".");
}

function leaves(box) {
  return box.width > 0 && (box.left < -0.5 || box.right > width + 0.5);
}

function texts() {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    const boxes = [...range.getClientRects()];
    if (walker.currentNode.data.trim() && boxes.length) {
      found.push({ element: walker.currentNode.parentElement, boxes });
    }
  }
  return found;
}

// Pixels are read from a copy: reading a canvas itself would change how it is drawn.
function colours(canvas) {
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  const counted = {};
  for (let place = 0; place < data.length; place += 4) {
    if (data[place + 3] === 255) {
      const told = [data[place], data[place + 1], data[place + 2]].map((part) => part.toString(16).padStart(2, "0"));
      counted[`#${told.join("")}`] = (counted[`#${told.join("")}`] ?? 0) + 1;
    }
  }
  return Object.fromEntries(Object.entries(counted).filter(([, count]) => count >= 5));
}

function plot(canvas) {
  const chart = Chart.getChart(canvas);
  const box = canvas.getBoundingClientRect();
  const frame = canvas.closest("figure").getBoundingClientRect();
  return {
    title: canvas.closest("figure").querySelector("figcaption").textContent,
    labels: chart.data.labels,
    series: chart.data.datasets.map((series, place) => ({
      label: series.label,
      values: series.data,
      colour: series.borderColor,
      dashed: series.borderDash.length > 0,
      marks: series.pointStyle.flatMap((style, at) => (style === "crossRot" ? [at] : [])),
      visible: chart.isDatasetVisible(place),
    })),
    legend: [...canvas.closest("figure").querySelectorAll(".legend button")].map((button) => button.textContent),
    font: Math.min(Chart.defaults.font.size, ...Object.values(chart.scales).map((scale) => scale.options.ticks.font?.size ?? 99)),
    inside: box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom,
    // Below this the lines would be there, but nobody could tell them apart.
    roomy: chart.chartArea.width >= 150 && chart.chartArea.height >= 80,
    sharp: Math.abs(canvas.width - box.width * devicePixelRatio) <= 2 && Math.abs(canvas.height - box.height * devicePixelRatio) <= 2,
    colours: colours(canvas),
  };
}

return {
  width,
  scrolls: document.documentElement.scrollWidth,
  outside: [
    ...[...document.body.querySelectorAll("*")].filter((element) => leaves(element.getBoundingClientRect())).map(name),
    ...texts().filter(({ boxes }) => boxes.some(leaves)).map(({ element }) => `text of ${name(element)}`),
  ],
  small: texts()
    .map(({ element }) => [name(element), parseFloat(getComputedStyle(element).fontSize)])
    .filter(([, size]) => size < 11),
  plots: [...document.querySelectorAll("canvas[data-chart]")].map((canvas) =>
    typeof Chart === "undefined" ? { title: "", broken: true } : plot(canvas),
  ),
};
