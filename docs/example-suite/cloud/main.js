// Parse Server before 3.0 passes (request, response); later versions take what is returned.
Parse.Cloud.define('parityTopScore', function (request, response) {
  const query = new Parse.Query(request.params.board);
  query.descending('score');
  const answer = query.first().then(row => (row ? row.get('score') : null));
  return response ? answer.then(response.success, response.error) : answer;
});
