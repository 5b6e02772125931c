// Cloud code of the demo's app as it ran on the hosted service: callbacks, no promises of its own.
'use strict';

Parse.Cloud.define('topScores', function (request, response) {
  var query = new Parse.Query('GameScore');
  query.descending('score').addAscending('objectId').limit(request.params.limit || 5);
  query.find({ useMasterKey: true }).then(function (scores) {
    response.success(scores.map(function (each) {
      return { score: each.get('score'), player: each.get('playerName') };
    }));
  }, response.error);
});

Parse.Cloud.define('countPosts', function (request, response) {
  var query = new Parse.Query('Post');
  query.count({ useMasterKey: true }).then(function (count) {
    response.success({ posts: count });
  }, response.error);
});

Parse.Cloud.beforeSave('Comment', function (request, response) {
  var text = request.object.get('text');
  if (typeof text !== 'string' || text.trim() === '') {
    response.error('a comment has a text');
    return;
  }
  request.object.set('text', text.trim());
  response.success();
});
