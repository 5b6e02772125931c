// What can be used, in the order of the page; and a record of what gets the focus from now on.
const wanted = [...document.querySelectorAll(
  'a[href], button, input, select, textarea, summary, [tabindex], [role=button], [role=link]')]
  .filter(each => each.checkVisibility({visibilityProperty: true}));
const name = each => `${each.tagName.toLowerCase()} ${(each.textContent || '').trim().slice(0, 40)}`;
window.focused = [];
document.addEventListener('focusin', event => {
  const style = getComputedStyle(event.target);
  const box = event.target.getBoundingClientRect();
  window.focused.push({
    place: wanted.indexOf(event.target),
    name: name(event.target),
    seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1,
    inside: box.width > 0 && box.height > 0 && box.right > 0,
  });
});
document.activeElement.blur();
return wanted.map(name);
