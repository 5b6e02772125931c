const done = arguments[arguments.length - 1];
const rules = {'color-contrast': {enabled: arguments[0]}};
axe.run(document, {resultTypes: ['violations'], rules}).then(
  found => done(found.violations
    .filter(each => ['serious', 'critical'].includes(each.impact))
    .map(each => `${each.id}: ${each.nodes.length} × ${each.nodes[0].html.slice(0, 120)}`)),
  error => done([`axe itself: ${error}`]));
