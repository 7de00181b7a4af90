// What a person could not read on the console; each function returns a list of texts.
"use strict";

function overflows() { // elements that are wider than what shows them, or that reach beyond the page
  const shown = [document.documentElement, ...document.querySelectorAll("body *")].filter((element) => element.checkVisibility());
  const isWide = (element) => !element.closest("svg") && element.clientWidth && element.scrollWidth > element.clientWidth + 1;
  const isBeyond = (element) => element.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5;
  return shown.filter((element) => isWide(element) || isBeyond(element))
    .map((element) => `${element.tagName} ${element.id} ${element.textContent.slice(0, 60)}`);
}

function overlaps() { // labels of the drawing, those of its time axis too, that overlap each other, or leave it or their bars
  const found = [];
  const isBeyond = (inner, outer) => inner.left < outer.left - 1 || inner.right > outer.right + 1 || inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1;
  const meet = (one, other) => one.left < other.right && other.left < one.right && one.top + 1 < other.bottom && other.top + 1 < one.bottom;
  for (const id of ["names", "lanes"]) {
    const drawing = document.getElementById(id).getBoundingClientRect();
    const labels = [...document.querySelectorAll(`#${id} text`)]
      .map((element) => ({ text: element.textContent, box: element.getBoundingClientRect(), bar: element.parentElement.querySelector(".bar") }))
      .filter(({ box }) => box.width);
    labels.forEach(({ text, box, bar }, i) => {
      for (const other of labels.slice(i + 1)) if (meet(box, other.box)) found.push(`'${text}' and '${other.text}'`);
      if (isBeyond(box, drawing)) found.push(`'${text}' leaves the drawing`);
      if (bar && isBeyond(box, bar.getBoundingClientRect())) found.push(`'${text}' leaves its bar`);
    });
    if (!labels.length) found.push(`no label in ${id}`);
    if (id === "lanes" && !labels.some(({ text }) => /^\d+ s$|^\d+:\d\d$/.test(text))) found.push("no label of the time axis");
  }
  return found;
}

// Texts whose contrast with what is behind them is below 4.5, the limit of WCAG 2.2 for texts of this size (1.4.3).
function faint() {
  const parse = (color) => { const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number); return { rgb: [r, g, b], a }; };
  const over = (color, opacity, below) => color.map((part, i) => part * opacity + below[i] * (1 - opacity));
  const linear = (c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const luminance = (rgb) => rgb.reduce((sum, part, i) => sum + linear(part / 255) * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    const { rgb, a } = parse(getComputedStyle(element).backgroundColor);
    return a === 1 || !element.parentElement ? rgb : over(rgb, a, behind(element.parentElement));
  };
  const found = [];
  let texts = 0;
  const check = (text, ink, back) => {
    const [dark, bright] = [luminance(ink), luminance(back)].sort((a, b) => a - b), contrast = (bright + 0.05) / (dark + 0.05);
    texts++;
    if (contrast < 4.5) found.push(`${text.slice(0, 60)}: ${contrast.toFixed(2)}`);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility() || element.closest("svg, script")) continue;
    check(node.data, parse(getComputedStyle(element).color).rgb, behind(element));
  }
  for (const element of document.querySelectorAll("#names text, #lanes text")) {
    if (!element.getBoundingClientRect().width) continue;
    const bar = element.parentElement.querySelector(".bar"), panel = behind(element.closest("section"));
    const look = bar && getComputedStyle(bar), isFilled = look && look.fill !== "none";
    check(element.textContent, parse(getComputedStyle(element).fill).rgb, isFilled ? over(parse(look.fill).rgb, Number(look.fillOpacity), panel) : panel);
  }
  if (texts < 40) found.push(`only ${texts} texts`);
  return found;
}
