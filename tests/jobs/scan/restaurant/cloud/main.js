// The cloud code of an app as it was written for the hosted service. Nothing here is real.
var _ = require('underscore');
var moment = require('moment');
var Image = require('parse-image');
var mail = require('cloud/lib/mail.js');
var Stars = require('cloud/lib/stars');
require('cloud/app.js');

var Review = Parse.Object.extend('Review');

Parse.Cloud.define('averageStars', function (request, response) {
  var query = new Parse.Query('Review');
  query.equalTo('movie', request.params.movie);
  query.find({
    success: function (results) {
      response.success(Stars.average(results));
    },
    error: function () {
      response.error('movie lookup failed');
    },
  });
});

Parse.Cloud.define('publish', Stars.publish);

Parse.Cloud.beforeSave(Review, function (request, response) {
  if (request.object.get('stars') < 1) {
    return response.error('you cannot give less than one star');
  }
  response.success();
});

Parse.Cloud.afterSave('Comment', function (request) {
  Parse.Cloud.useMasterKey();
  var post = request.object.get('post');
  post.increment('comments');
  post.save();
});

Parse.Cloud.beforeDelete(Parse.User, mail.farewell);

Parse.Cloud.job('userMigration', function (request, status) {
  Parse.Cloud.useMasterKey();
  var counter = 0;
  new Parse.Query(Parse.User).each(function (user) {
    status.message(++counter + ' users');
    return user.save();
  }).then(function () {
    status.success('done');
  }, function (error) {
    status.error(error.message);
  });
});

Parse.Cloud.define('thumbnail', function (request, response) {
  Parse.Cloud.httpRequest({ url: request.params.url }).then(function (reply) {
    var image = new Image();
    return image.setData(reply.buffer);
  }).then(response.success, response.error);
});

// A modern one: nothing to find.
Parse.Cloud.define('modern', async ({ params, user }) => {
  const query = new Parse.Query('Review').equalTo('owner', user);
  const found = await query.find({ sessionToken: user.getSessionToken() });
  return _.pluck(found, params.field);
});
