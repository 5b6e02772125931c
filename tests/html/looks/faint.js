// Contrast of what is seen with what is behind it, by the formula of WCAG 2: 4.5 for text, 3 for
// the lines of a drawing. Returns how many texts were looked at, and what is too faint.
const channels = colour => colour.match(/[\d.]+/g).map(Number);
const light = colour => {
  const [r, g, b] = channels(colour).slice(0, 3).map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = element => {
  for (let each = element; each; each = each.parentElement) {
    const colour = getComputedStyle(each).backgroundColor;
    const alpha = channels(colour)[3];
    if (alpha === undefined || alpha === 1) return colour;
  }
  return 'rgb(255, 255, 255)';
};
const contrast = (colour, element) => {
  const [a, b] = [light(colour), light(behind(element))];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
};
const faint = [];
let seen = 0;
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
  if (element.closest('title, desc')) continue;
  seen += 1;
  const style = getComputedStyle(element);
  const found = contrast(element.closest('svg') ? style.fill : style.color, element);
  if (found < 4.5) faint.push(`${found.toFixed(2)}: ${walker.currentNode.data.trim()}`);
}
for (const each of document.querySelectorAll('svg path, svg circle, svg rect')) {
  if (!each.checkVisibility() || each.closest('[aria-hidden]')) continue;
  // Rules behind a drawing are meant to be faint: the numbers beside them say the same.
  if (each.classList.contains('rule')) continue;
  const style = getComputedStyle(each);
  const colour = style.fill !== 'none' ? style.fill : style.stroke;
  const found = contrast(colour, each);
  if (found < 3) faint.push(`${found.toFixed(2)}: a line of the class ${each.className.baseVal}`);
}
return [seen, faint];
