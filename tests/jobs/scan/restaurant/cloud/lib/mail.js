var Mailgun = require('mailgun');
Mailgun.initialize('restaurant.example', 'key-0000000000000000');

exports.farewell = function (request, response) {
  Mailgun.sendEmail({
    to: request.object.get('email'),
    text: 'You used Parse.Cloud.useMasterKey() and response.success() to the last.',
  }, {
    success: function () { response.success(); },
    error: done(response),
  });
};

function done(answer) {
  return function (error) {
    answer.error(error);
  };
}
