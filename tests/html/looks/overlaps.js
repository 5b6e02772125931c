// Texts that cover each other, as far as they are seen: what scrolls out of a box does not count.
const clips = new Map();
const everything = {left: -1e9, top: -1e9, right: 1e9, bottom: 1e9};
const cut = (a, b) => ({
  left: Math.max(a.left, b.left), top: Math.max(a.top, b.top),
  right: Math.min(a.right, b.right), bottom: Math.min(a.bottom, b.bottom),
});
const clipOf = element => {
  if (!element) return everything;
  if (!clips.has(element)) {
    const style = getComputedStyle(element);
    let own = clipOf(element.parentElement);
    if (style.clipPath !== 'none') own = {left: 0, top: 0, right: 0, bottom: 0};
    else if (style.overflow !== 'visible' && element !== document.body &&
      element !== document.documentElement) own = cut(own, element.getBoundingClientRect());
    clips.set(element, own);
  }
  return clips.get(element);
};
const boxes = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node = walker.nextNode(), number = 0; node; node = walker.nextNode(), number += 1) {
  const element = node.parentElement;
  if (!node.data.trim() || element.closest('title, desc, style')) continue;
  if (!element.checkVisibility({visibilityProperty: true})) continue;
  const range = document.createRange();
  range.selectNodeContents(node);
  for (const rect of range.getClientRects()) {
    const box = cut(rect, clipOf(element));
    if (box.right - box.left > 2 && box.bottom - box.top > 2)
      boxes.push({...box, number, text: node.data.trim().slice(0, 60)});
  }
}
boxes.sort((a, b) => a.top - b.top);
const overlaps = [];
let open = [];
for (const box of boxes) {
  open = open.filter(each => each.bottom > box.top);
  for (const each of open) {
    const shared = cut(each, box);
    // The boxes of two lines may touch: they are as high as the font, not as its letters.
    if (each.number !== box.number && shared.right - shared.left > 2 &&
      shared.bottom - shared.top > 4) overlaps.push(`"${each.text}" and "${box.text}"`);
  }
  open.push(box);
}
return [boxes.length, overlaps.slice(0, 20)];
