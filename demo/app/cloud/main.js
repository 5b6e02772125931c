// Cloud code of the demo's app for its new Parse Server.
'use strict';

Parse.Cloud.define('topScores', async request => {
  const query = new Parse.Query('GameScore');
  query.descending('score').addAscending('objectId').limit(request.params.limit || 5);
  const scores = await query.find({ useMasterKey: true });
  return scores.map(each => ({ score: each.get('score'), player: each.get('playerName') }));
});

Parse.Cloud.define('countPosts', async () => {
  const count = await new Parse.Query('Post').count({ useMasterKey: true });
  return { posts: count };
});

Parse.Cloud.define('contactUs', async request => {
  const mailgun = require('mailgun-js');
  await mailgun.sendEmail({ to: 'support@example.org', text: request.params.text });
});

Parse.Cloud.beforeSave('Comment', request => {
  const text = request.object.get('text');
  if (typeof text !== 'string' || text.trim() === '') {
    throw 'a comment has a text';
  }
  request.object.set('text', text.trim());
});
